"""Constants that a Python file declares, read from its text."""

import ast
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from attprior.errors import InputError


def constants(path: Path, names: Collection[str]) -> dict[str, Any]:
    """Values of top-level constants of a file, of those names that it has.

    Raises
    ------
    InputError
        If one is not written out as a plain value.
    """
    found = {}
    for name, node in _assignments(path).items():
        if name in names:
            try:
                found[name] = ast.literal_eval(node)
            except ValueError:
                raise InputError(
                    f"{path}, line {node.lineno}: {name} must be written out as plain values "
                    "(numbers, text, lists, dicts), since it is read without running the file"
                ) from None
    return found


@cache
def _assignments(path: Path) -> dict[str, ast.expr]:
    """What is assigned to single names at the top level of a file."""
    return {
        node.targets[0].id: node.value
        for node in ast.parse(path.read_bytes()).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
