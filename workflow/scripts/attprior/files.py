"""Writing of files that are either whole or not there."""

import errno
import glob
import os
import shutil
import socket
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from threading import Event, Thread

from attprior.errors import DiskFullError

FULL = (errno.ENOSPC, errno.EDQUOT)
PROBE = 1 << 20  # bytes that a disk with room can take
WATCH = 0.1  # seconds between two looks at the room there is


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside a file, and rename it to the file if the block succeeds.

    The temporary name keeps the suffix, as many libraries take the format from it. What a job
    that was killed left of the same file is removed.

    Parameters
    ----------
    path
        The file to write; its folder is made.

    Yields
    ------
    Path
        The name to write to. It is removed if the block raises.

    Raises
    ------
    DiskFullError
        If the block fails and there is no room, whatever it raises.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = own_name(path)
    try:
        # asks the disk before the temporary file goes
        with full_disk_named(path):
            yield temporary
            _write_out(temporary)
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def own_name(path: Path) -> Path:
    """Name beside a file for this process alone; what killed ones left of the same file is removed."""
    own = f".{socket.gethostname()}."
    for left in path.parent.glob(f"{glob.escape(own)}*.{glob.escape(path.name)}"):
        process = left.name.removeprefix(own).removesuffix(f".{path.name}")
        if process.isdecimal() and not _is_running(int(process)):
            left.unlink(missing_ok=True)
    return path.with_name(f"{own}{os.getpid()}.{path.name}")


@contextmanager
def scratch(path: str | Path) -> Iterator[Path]:
    """Give an empty hidden folder beside a file, for what its making leaves, and remove it.

    What a job that was killed left there is removed first.
    """
    path = Path(path)
    folder = path.with_name(f".{path.name}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def full_disk_named(path: str | Path) -> Iterator[None]:
    """Say which file there is no room for, where a block fails for want of it.

    Most libraries pass on what the system says, but not of which file, and some say nothing of
    use: so the disk is asked too. Clean up outside of this, or there may be room again.

    Raises
    ------
    DiskFullError
    """
    path = Path(path)
    try:
        yield
    except DiskFullError:
        raise
    except Exception as error:
        if not (tells_full(error) or _is_full(path.parent)):
            raise
        places = dict.fromkeys([path.parent, Path(tempfile.gettempdir())])
        free = ", ".join(f"{shutil.disk_usage(place).free} bytes in {place}" for place in places)
        raise DiskFullError(
            f"{path}: the disk is full ({error}). Free: {free}. Make room and run again."
        ) from error


@contextmanager
def room_watched(path: str | Path) -> Iterator[None]:
    """Fail where the disk of a file was full for a moment, of which a program may not tell.

    Raises
    ------
    DiskFullError
        At the block's end.
    """
    folder, least, ended = Path(path).parent, [], Event()

    def watch() -> None:
        while not ended.wait(WATCH):
            least[:] = [min([*least, shutil.disk_usage(folder).free])]

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
    if _is_full(folder) or (least and least[0] < PROBE):
        raise DiskFullError(
            f"{path}: the disk was full meanwhile, {min([*least, PROBE])} bytes were free. "
            "Make room and run again."
        )


def identity(path: str | Path) -> tuple[int, int] | str:
    """What tells a file from all others, by whatever links and dots it is named."""
    try:
        found = os.stat(path)
    except OSError:  # not there
        return os.path.realpath(path)
    return found.st_dev, found.st_ino


def links_below(folders: Iterable[str | Path]) -> dict[Path, Path]:
    """Links in folders, at any depth, and where they lead; no link is followed."""
    found = {}
    tops = {Path(os.path.realpath(folder)) for folder in folders}
    for top in (top for top in tops if tops.isdisjoint(top.parents)):
        for folder, *entries in os.walk(top):
            for name in chain(*entries):
                path = Path(folder, name)
                if path.is_symlink():
                    found[path] = Path(os.path.realpath(path))
    return found


def names_of(path: str | Path, links: Mapping[Path, Path] | None = None) -> list[Path]:
    """Absolute names of a file: as it is written, resolved, and by links that lead to it."""
    # Path.resolve raises where links lead round
    written, real = Path(os.path.abspath(path)), Path(os.path.realpath(path))
    names = [written, Path(os.path.realpath(Path(path).parent)) / written.name, real]
    names += [
        link / real.relative_to(end)
        for link, end in (links or {}).items()
        if real.is_relative_to(end)
    ]
    return list(dict.fromkeys(names))


def tells_full(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, is that of a full disk or a spent quota."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            return True
        if any(os.strerror(number) in str(error) for number in FULL):
            return True
        error = error.__cause__ or error.__context__
    return False


def _is_full(folder: Path) -> bool:
    """Whether the disk of a folder can't take another megabyte."""
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            return file.write(bytes(PROBE)) < PROBE
    except OSError as error:
        return error.errno in FULL


def _write_out(path: Path) -> None:
    """Have the system write a file out: a disk elsewhere may report only now that it is full."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # of somebody else
        pass
    return True
