"""Benchmarks and notebooks, which no test runs whole, import what the library has."""

import ast
from pathlib import Path

import pytest
from attprior.provenance import PACKAGE

WORKFLOW = Path(__file__).parents[2]
SCRIPTS = sorted(
    path for folder in ("benchmarks", "notebooks") for path in (WORKFLOW / folder).glob("*.py")
)


def module(dotted):
    """File of a module of the library."""
    base = PACKAGE.parent.joinpath(*dotted.split("."))
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)


def defined(path):
    """Names that a module's text defines or imports at its top level."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Assign(targets=targets):
                found |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found |= {alias.asname or alias.name for alias in names}
    return found


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_what_is_imported_of_the_library_is_there(script):
    lacking = []
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE.name):
            path = module(node.module)
            names = defined(path) if path else set()
            lacking += [
                f"{node.module}.{alias.name}"
                for alias in node.names
                if alias.name not in names and not module(f"{node.module}.{alias.name}")
            ]
    assert lacking == []
