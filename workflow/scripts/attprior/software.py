"""What a run was made with: versions of software, and all parameters."""

import importlib.metadata
import json
import platform
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from attprior import __version__


def versions(used: Mapping[str, str], pinned: Sequence[str | Path]) -> pd.DataFrame:
    """Versions of packages.

    Parameters
    ----------
    used
        Name of each package, as it is installed, to what it was used for.
    pinned
        Files that pin versions (``name==version`` or ``name=version``), for packages that are not in
        the environment that asks.

    Returns
    -------
    pandas.DataFrame
        Columns software, version, source (`installed`, or the file that pins it) and used_for; the
        version is empty where none is known. attprior and Python come first.
    """
    rows = [
        ("attprior", __version__, "installed", "workflow and library"),
        ("Python", platform.python_version(), "installed", "all steps"),
    ]
    rows += [(name, *_version(name, pinned), purpose) for name, purpose in used.items()]
    return pd.DataFrame(rows, columns=["software", "version", "source", "used_for"])


def _version(name: str, pinned: Sequence[str | Path]) -> tuple[str, str]:
    """Version of a package, and where it is known from."""
    try:
        return importlib.metadata.version(name), "installed"
    except importlib.metadata.PackageNotFoundError:
        pass
    line = re.compile(rf"^[ -]*{re.escape(name)}={{1,2}}([\w.]+)", re.IGNORECASE | re.MULTILINE)
    for path in map(Path, pinned):
        if found := line.search(path.read_text(encoding="utf-8")):
            return found[1], path.name
    return "", ""


def parameters(settings: Mapping) -> pd.DataFrame:
    """All leaves of nested settings: columns parameter (`reads/min_mapq`) and value."""
    return pd.DataFrame(_leaves(settings, ()), columns=["parameter", "value"])


def _leaves(value: Any, place: Collection[str]) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key in value:
            yield from _leaves(value[key], (*place, key))
    else:
        plain = isinstance(value, list) and not any(isinstance(item, list | dict) for item in value)
        whole = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield "/".join(place), ", ".join(map(str, value)) if plain else whole
