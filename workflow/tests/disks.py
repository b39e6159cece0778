"""Small disks to fill."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE = 4096  # bytes; what files take is counted in these


@contextmanager
def disk(folder: Path, pages: int) -> Iterator[None]:
    """Mount a disk of its own at a new folder; skip the test where that is not allowed."""
    folder.mkdir()
    # one page more and a file in it, as a size of 0 is no limit
    command = ["mount", "-t", "tmpfs", "-o", f"size={(pages + 1) * PAGE}", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        (folder / ".taken").write_bytes(bytes(PAGE))
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def enlarge(folder: Path, size: int = 1 << 29) -> None:
    """Give a disk a size in bytes."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)


@contextmanager
def read_only(folder: Path, place: Path) -> Iterator[None]:
    """Show a folder at a new place where nobody can write, root neither."""
    place.mkdir()
    try:
        for options in (["--bind"], ["-o", "remount,bind,ro"]):
            command = ["mount", *options, str(folder), str(place)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"no folder can be mounted read-only here: {done.stderr.strip()}")
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], capture_output=True)
