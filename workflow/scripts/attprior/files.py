"""Writing of files that are either whole or not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def aside(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside a file, and rename it to the file if the block succeeds.

    The temporary name keeps the suffix, as many libraries take the format from it.

    Parameters
    ----------
    path
        The file to write; its folder is made.

    Yields
    ------
    Path
        The name to write to. It is removed if the block raises.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
