"""Which library files a script runs, and what they and its inputs hold."""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


class _WithoutWords(ast.NodeTransformer):
    """Takes out docstrings and other strings that stand alone."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        words = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if words else node


@cache
def _tree(path: Path) -> ast.Module:
    """Syntax tree of a Python file without its docstrings; comments and layout are in none."""
    return _WithoutWords().visit(ast.parse(path.read_bytes()))


@cache
def _imported(path: Path) -> frozenset[Path]:
    """Library files that a Python file imports itself."""
    found = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            package, *parts = name.split(".")
            if package != PACKAGE.name:
                continue
            # a package's own file runs whenever one of its modules is imported
            for depth in range(len(parts) + 1):
                place = PACKAGE.joinpath(*parts[:depth])
                found |= {
                    f for f in (place / "__init__.py", place.with_suffix(".py")) if f.exists()
                }
    return frozenset(found)


@cache
def _code(path: Path) -> str:
    """Text of a Python file as its syntax tree has it."""
    return ast.unparse(_tree(path))


@cache
def library_files(script: Path) -> tuple[Path, ...]:
    """Library files that a script imports, directly or through others, in order."""
    seen: set[Path] = set()
    queue = list(_imported(script))
    while queue:
        path = queue.pop()
        if path not in seen:
            seen.add(path)
            queue += _imported(path)
    return tuple(sorted(seen))


@cache
def code_hash(script: Path, *modules: Path) -> str:
    """Hash of the code of the library files that a script runs (16 hex digits).

    It is of syntax trees without docstrings, so that an edit of words or of the layout reruns nothing.
    The package's own file, which holds its version and no code that results depend on, is left out: a
    release reruns nothing that it leaves as it is.

    Parameters
    ----------
    modules
        Library files that it imports by names that its text does not tell.
    """
    digest = hashlib.sha256()
    files = {*library_files(script), *modules}
    files = files.union(*(library_files(module) for module in modules))
    for path in sorted(files - {PACKAGE / "__init__.py"}):
        digest.update(f"{path.relative_to(PACKAGE)}\0{_code(path)}\0".encode())
    return digest.hexdigest()[:16]


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file's bytes (64 hex digits)."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
