"""Files by which the processes of a user on a machine wait for each other."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path


def own_file(name: str) -> Path:
    """File of a user on a machine; every process must find the same one."""
    return Path(tempfile.gettempdir()) / f"attprior-{os.getuid()}-{name}"


def open_own(path: Path) -> int:
    """Open a file of `own_file` to be locked, read and written: its descriptor."""
    # never through a link that somebody else laid into a directory open to all
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Run a block in one process at a time; where files can't be locked, in all at once.

    A process that is killed meanwhile loses the lock with its life.
    """
    opened = None
    with suppress(OSError):
        opened = open_own(own_file(name))
        fcntl.flock(opened, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if opened is not None:
            os.close(opened)  # and unlocks


_begun: set[str] = set()


@contextmanager
def first_alone(name: str) -> Iterator[None]:
    """Run a block as `one_at_a_time` does when it is the first of its name in a process.

    What it compiles, one process compiles, and the others load from disk.
    """
    first = name not in _begun
    _begun.add(name)
    with one_at_a_time(name) if first else nullcontext():
        yield
