"""The hash of the library files that a script runs."""

import ast
import hashlib
import os

import pytest
from attprior import provenance

FILES = {
    "made/__init__.py": "",
    "made/direct.py": "from made.room.deep import value\n",
    "made/other.py": "import numpy\n",
    "made/lazy.py": "value = 1\n",
    "made/unrelated.py": "value = 1\n",
    "made/circle.py": "import made.direct\n",
    "made/room/__init__.py": "from made import circle\n",
    "made/room/deep.py": "value = 1\n",
    "script.py": (
        "from pathlib import Path\n\nfrom made.direct import value\nfrom made import other\n\n"
        "def late():\n    from made.lazy import value\n"
    ),
    "second.py": "import made.unrelated\n",
}
CACHED = ("_tree", "_code", "_imported", "library_files", "code_hash")


@pytest.fixture
def made(tmp_path, monkeypatch):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path / "made")
    forget()
    yield tmp_path
    forget()


def forget():
    for name in CACHED:
        getattr(provenance, name).cache_clear()


def fresh_hash(script):
    forget()
    return provenance.code_hash(script)


def test_imports_of_imports_are_followed(made):
    found = {str(p.relative_to(made)) for p in provenance.library_files(made / "script.py")}
    unused = {"made/unrelated.py", "script.py", "second.py"}
    # circles and imports inside functions as well
    assert found == set(FILES) - unused


@pytest.mark.parametrize(
    "name", ["direct", "room/deep", "other", "lazy", "circle", "room/__init__"]
)
def test_edit_of_an_imported_module_changes_the_hash(made, name):
    before = fresh_hash(made / "script.py")
    path = made / f"made/{name}.py"
    path.write_text(path.read_text() + "more = 1\n")
    assert fresh_hash(made / "script.py") != before


CODE = '''"""Words."""

LIMIT = 3
"""More words."""


class Thing:
    """Its words."""

    def value(self, text="a"):
        """And these."""
        return [LIMIT, text]  # why
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Words.", "Other words."),
        ('"""Words."""\n', ""),
        ("More words", "Fewer words"),
        ("Its words", "Better words"),
        ('        """And these."""\n', ""),
        ("why", "because"),
        ("  # why", ""),
        ("LIMIT = 3", "\n# the most\nLIMIT = (3)"),
        ("[LIMIT, text]", "[\n            LIMIT,\n            text,\n        ]"),
        ('"a"', "'a'"),
    ],
)
def test_edit_of_words_or_layout_leaves_the_hash(made, old, new):
    assert edited_hash(made, old, new) == edited_hash(made, "", "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ('"a"', '"b"'),
        ("LIMIT, text", "text, LIMIT"),
        ("        return", "    return"),
        ('"""And these."""', 'print("And these.")'),
    ],
)
def test_edit_of_code_changes_the_hash(made, old, new):
    assert edited_hash(made, old, new) != edited_hash(made, "", "")


def edited_hash(made, old, new):
    assert old in CODE
    text = CODE.replace(old, new, 1) if old else CODE
    (made / "made/other.py").write_text(text)
    return fresh_hash(made / "script.py")


def test_another_version_leaves_the_hash(made):
    before = fresh_hash(made / "script.py")
    (made / "made/__init__.py").write_text('__version__ = "2"\n')
    assert fresh_hash(made / "script.py") == before


def test_the_file_that_is_not_hashed_holds_what_no_result_depends_on():
    tree = ast.parse((provenance.PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    assigned = [ast.unparse(node.targets[0]) for node in tree.body if isinstance(node, ast.Assign)]
    assert assigned == ["__version__", "os.environ['HDF5_USE_FILE_LOCKING']"]
    assert {type(node) for node in tree.body} == {ast.Expr, ast.Import, ast.Assign}


def test_edit_of_an_unrelated_module_leaves_the_hash(made):
    before = fresh_hash(made / "script.py"), fresh_hash(made / "second.py")
    (made / "made/unrelated.py").write_text("value = 2\n")
    assert fresh_hash(made / "script.py") == before[0]
    assert fresh_hash(made / "second.py") != before[1]


def test_edit_of_a_module_loaded_by_name_or_of_its_imports_changes_the_hash(made):
    loaded = made / "made/unrelated.py"
    loaded.write_text("import made.late\n")
    (made / "made/late.py").write_text("value = 1\n")

    def hash_of():
        forget()
        return provenance.code_hash(made / "script.py", loaded)

    hashes = {fresh_hash(made / "script.py"), hash_of()}
    for name in ("unrelated", "late", "direct"):
        with open(made / f"made/{name}.py", "a", encoding="utf-8") as file:
            file.write("more = 1\n")
        hashes.add(hash_of())
    assert len(hashes) == 5


def test_touching_leaves_the_hash(made):
    before = fresh_hash(made / "script.py")
    for name in FILES:
        os.utime(made / name, (1, 1))
    assert fresh_hash(made / "script.py") == before


def test_hash_does_not_depend_on_where_the_library_lies(made, tmp_path, monkeypatch):
    before = fresh_hash(made / "script.py")
    elsewhere = tmp_path / "elsewhere"
    for name, text in FILES.items():
        (elsewhere / name).parent.mkdir(parents=True, exist_ok=True)
        (elsewhere / name).write_text(text)
    monkeypatch.setattr(provenance, "PACKAGE", elsewhere / "made")
    assert fresh_hash(elsewhere / "script.py") == before


def test_adapters_of_the_workflow_import_the_library():
    scripts = provenance.PACKAGE.parent
    files = provenance.library_files(scripts / "train.py")
    names = {str(path.relative_to(provenance.PACKAGE)) for path in files}
    assert {"training/loop.py", "priors.py", "models/__init__.py", "sequence.py"} <= names
    assert not {name for name in names if name.startswith(("plotting", "analysis", "portal"))}


def test_file_hash_is_sha256(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 5000)
    assert provenance.file_hash(path) == hashlib.sha256(path.read_bytes()).hexdigest()
