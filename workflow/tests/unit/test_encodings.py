"""Text is UTF-8 whatever the locale."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PLACES = ("scripts", "benchmarks", "notebooks")
FILES = [
    *sorted(path for place in PLACES for path in (ROOT / "workflow" / place).rglob("*.py")),
    *sorted((ROOT / ".ci").glob("*.py")),
]
RULES = sorted((ROOT / "workflow").glob("**/*.smk")) + [ROOT / "workflow/Snakefile"]
PAGES = ("headlines", "methods", "browser")
# what opens a file as text unless told otherwise
METHODS = {"read_text", "write_text", "FileHandler", "TextIOWrapper"}
OPENERS = {"open", "fdopen"}
TEMPORARY = {"NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile"}
# methods of this name that open no text file
OTHERS = {
    "pybigtools",
    "pyBigWig",
    "Labels",
    "Genome",
    "cls",
    "os",
    "webbrowser",
    "tarfile",
    "zipfile",
}


def name_of(call):
    """Name of what is called, and of what it is an attribute of."""
    called = call.func
    if isinstance(called, ast.Attribute):
        return called.attr, called.value.id if isinstance(called.value, ast.Name) else ""
    return (called.id if isinstance(called, ast.Name) else ""), ""


def is_unclear(call):
    """Whether a call reads or writes text by the encoding of the locale."""
    name, owner = name_of(call)
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if "encoding" in given or None in given:
        return False
    if any(key in given for key in ("text", "universal_newlines")):
        return True
    if name in METHODS:
        return True
    modes = [getattr(node, "value", "") for node in (*call.args, given.get("mode"))]
    modes = [mode for mode in map(str, modes) if re.fullmatch(r"[rwax+bt]+", mode)]
    if name in OPENERS and owner not in OTHERS:
        binary = any("b" in mode for mode in modes)
        return not binary and (owner not in ("gzip", "bz2", "lzma") or any("t" in m for m in modes))
    return name in TEMPORARY and any("b" not in mode for mode in modes)


def unclear(text):
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    return [node.lineno for node in calls if is_unclear(node)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_text_has_an_encoding(path):
    assert unclear(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_every_text_in_rules_has_an_encoding(path):
    uses = re.findall(
        r"(?:\bopen|read_text|write_text)\(.*|.*\btext=True.*", path.read_text("utf-8")
    )
    assert [use for use in uses if "encoding=" not in use] == []


def test_pages_are_the_same_in_a_locale_of_another_encoding(tmp_path):
    if not shutil.which("localedef"):
        pytest.skip("localedef is missing")
    name = "en_US.ISO-8859-1"
    command = ["localedef", "-i", "en_US", "-f", "ISO-8859-1", str(tmp_path / name)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no locale can be made here")
    suites = [ROOT / f"workflow/tests/unit/test_{page}.py" for page in PAGES]
    options = ["-q", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'base'}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *suites],
        env={**os.environ, "LOCPATH": str(tmp_path), "LC_ALL": name, "PYTHONUTF8": "0"},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    assert done.returncode == 0, done.stdout
