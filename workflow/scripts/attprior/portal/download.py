"""Files: brought here in pieces if need be, verified, and only then given their name."""

import fcntl
import hashlib
import logging
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import BinaryIO

import requests

from attprior.errors import DiskFullError, InputError
from attprior.files import FULL, own_name
from attprior.portal.web import DEFAULT, Policy, TransientError, get, is_remote, persist

log = logging.getLogger(__name__)

CHUNK = 1 << 20  # bytes
AHEAD = 8  # chunks that may be written before they are hashed
PROGRESS = 10  # seconds between two lines of the log


class DamagedError(InputError):
    """What has come is of no use."""


class Partial:
    """A file in the making, hashed by a second thread while it is written; close it to end that.

    Parameters
    ----------
    file
        Open for reading and appending, unbuffered; what it holds is hashed first.
    """

    def __init__(self, file: BinaryIO):
        self.file = file
        self.path = Path(file.name)
        self.size = os.fstat(file.fileno()).st_size
        self.md5 = hashlib.file_digest(file, _md5)
        # glibc returns the memory of chunks to the system each time, and takes it back page by page,
        # until it has seen a larger block come and go
        bytes(2 * AHEAD * CHUNK)
        self.chunks: SimpleQueue[bytes | None] = SimpleQueue()
        self.room = Semaphore(AHEAD)
        self.hasher = Thread(target=self._hash, daemon=True)
        self.hasher.start()

    def append(self, chunk: bytes) -> None:
        """Add bytes."""
        self.room.acquire()
        self.chunks.put(chunk)
        left = memoryview(chunk)
        while left:
            left = left[self.file.write(left) :]
        self.size += len(chunk)

    def clear(self) -> None:
        """Start again."""
        self._catch_up()
        self.file.truncate(0)
        self.size, self.md5 = 0, _md5()

    def md5sum(self) -> str:
        """MD5 of all that was written, in hexadecimal."""
        self._catch_up()
        return self.md5.hexdigest()

    def close(self) -> None:
        """End the second thread; the file stays open."""
        self.chunks.put(None)
        self.hasher.join()

    def _catch_up(self) -> None:
        """Wait until all chunks are hashed."""
        for _ in range(AHEAD):
            self.room.acquire()
        self.room.release(AHEAD)

    def _hash(self) -> None:
        """Hash chunks as they come."""
        while (chunk := self.chunks.get()) is not None:
            self.md5.update(chunk)
            self.room.release()


def _md5() -> "hashlib._Hash":
    """Make an MD5 that machines under FIPS allow too."""
    return hashlib.md5(usedforsecurity=False)


def download(
    source: str,
    target: str | Path,
    md5sum: str = "",
    file_size: int = 0,
    portal: str = "",
    policy: Policy = DEFAULT,
) -> None:
    """Bring a file here, and verify it before it gets its name.

    It grows as ``{target}.part``, which is locked: who else wants the same file waits for it. What
    a broken transfer left there is resumed, by this call and by later ones, if the MD5 or the
    server's word, kept in ``{target}.part.version``, can tell that it is of the same file. Where
    files can't be locked each call has a partial file of its own, which no other one resumes.

    Parameters
    ----------
    source
        URL or path.
    target
        Where to put the file.
    md5sum
        Expected MD5, in hexadecimal; not checked if empty.
    file_size
        Expected size in bytes; not checked if 0.
    portal
        URL of the portal, which alone is given the user's keys.
    policy
        Where requests may go.

    Raises
    ------
    InputError
        If there is no such file, if it may not be asked for, if it differs from what the portal
        says of it, or if the transfer keeps breaking. What has come is kept to be resumed, unless
        it is known to be damaged.
    DiskFullError
        If the disk has no room; what has come is kept.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.part")
    with _alone(partial) as (file, waited), closing(Partial(file)) as part:
        if waited and target.is_file():
            with target.open("rb") as there, closing(Partial(there)) as whole:
                _verify(whole, source, md5sum, file_size)
            log.info("%s: brought by another job meanwhile", target)
            return
        try:
            if file_size and part.size > file_size:
                part.clear()
            if is_remote(source):
                persist(
                    lambda: _continue(source, part, md5sum, file_size, portal, policy),
                    source,
                    lambda: part.size,
                )
            else:
                _copy(source, part)
            _verify(part, source, md5sum, file_size)
        except DamagedError:
            part.clear()
            raise
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise DiskFullError(
                f"{target}: the disk is full ({error.strerror}) after {part.size} bytes, "
                f"{_free(target)} bytes are free. Make room and run again"
                + (f": {partial} is resumed." if part.path == partial else ".")
            ) from None
        _version(part.path).unlink(missing_ok=True)
        os.replace(part.path, target)
        log.info("%s: %d bytes, MD5 %s", target, part.size, part.md5sum())


@contextmanager
def _alone(partial: Path) -> Iterator[tuple[BinaryIO, bool]]:
    """Open and lock a partial file, once nobody else has it; leave no empty one.

    Yields
    ------
    file, waited
        The file, open for reading and appending, and whether somebody else had it.
    """
    waited, shared = False, True
    while True:
        file = partial.open("a+b", buffering=0)
        try:
            waited |= shared and _lock(file)
        except OSError as error:
            log.warning(
                "%s: files can't be locked there (%s), so a later run can't resume this one",
                *(partial, error.strerror),
            )
            if not os.fstat(file.fileno()).st_size:
                partial.unlink()
            file.close()
            partial, shared = own_name(partial), False
            continue
        if _is_at(file, partial):
            break
        file.close()  # who had it has given it its final name, or removed it
    with file:
        try:
            file.seek(0)
            yield file, waited
        finally:
            if _is_at(file, partial) and not (shared and os.fstat(file.fileno()).st_size):
                _version(partial).unlink(missing_ok=True)
                partial.unlink()


def _lock(file: BinaryIO) -> bool:
    """Lock a file, once nobody else does, and tell whether somebody did."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log.info("%s: another job is at it; waiting", file.name)
        fcntl.flock(file, fcntl.LOCK_EX)
        return True
    return False


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether an open file is still what a path names."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _version(partial: Path) -> Path:
    """File that keeps what the server calls this version of the file."""
    return partial.with_name(f"{partial.name}.version")


def _continue(
    url: str, part: Partial, md5sum: str, file_size: int, portal: str, policy: Policy
) -> None:
    """Append what is missing to a partial file; a server without ranges sends it all again."""
    if file_size and part.size == file_size:
        return
    if file_size:
        _make_sure_of_room(part, file_size)
    version = (
        _version(part.path).read_text(encoding="utf-8") if _version(part.path).exists() else ""
    )
    if not (md5sum or version):
        part.clear()
    headers = {"Accept-Encoding": "identity"}
    if part.size:
        log.info("%s: resumed at byte %d", part.path, part.size)
        headers["Range"] = f"bytes={part.size}-"
        if version:
            headers["If-Range"] = version
    with get(url, portal, policy, headers) as response:
        if response.status_code == 404:
            raise InputError(f"{url}: there is no such file (HTTP 404). Is the address right?")
        start, total = _extent(response)
        if response.status_code == 416 and part.size == total:
            return
        if response.status_code == 416 or (start and start != part.size):
            part.clear()
            raise TransientError("the server sent other bytes than those asked for")
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise InputError(
                f"{url}: answered a web page, no file. Is the address right, and does this "
                "network let you through without signing in?"
            )
        if file_size and total not in (None, file_size):
            raise InputError(_differs(url, f"{total} bytes", str(file_size)))
        if not start:
            part.clear()
            _keep_version(part.path, response)
        if total:
            _make_sure_of_room(part, total)
        _stream(response, part, total)
    if file_size and part.size < file_size:
        raise TransientError(f"the connection ended at byte {part.size} of {file_size}")


def _extent(response: requests.Response) -> tuple[int, int | None]:
    """Where an answer starts in the file, and the size of the file, None if the server is silent."""
    given = response.headers.get("Content-Range", "")
    if response.status_code in (206, 416):
        found = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", given.strip())
        start, total = found.groups() if found else (None, "*")
        return int(start or -1), None if total == "*" else int(total)
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def _keep_version(partial: Path, response: requests.Response) -> None:
    """Keep what the server calls this version of the file, if that holds to the byte."""
    tag = response.headers.get("ETag", "W/")
    version = response.headers.get("Last-Modified") if tag.startswith("W/") else tag
    if version:
        _version(partial).write_text(version, encoding="utf-8")
    else:
        _version(partial).unlink(missing_ok=True)


def _stream(response: requests.Response, part: Partial, total: int | None) -> None:
    """Append an answer's body, with a line in the log now and then."""
    start, began = part.size, time.monotonic()
    due = began + PROGRESS
    while chunk := response.raw.read1(CHUNK, decode_content=False):
        part.append(chunk)
        if (now := time.monotonic()) >= due:
            due = now + PROGRESS
            log.info(
                "%s: %.1f%s MB, %.1f MB/s",
                part.path.stem,
                part.size / 1e6,
                f" of {total / 1e6:.1f}" if total else "",
                (part.size - start) / 1e6 / (now - began),
            )
        if total and part.size > total:
            break


def _copy(source: str, part: Partial) -> None:
    """Copy a local file."""
    if not Path(source).is_file():
        raise InputError(f"{source}: no such file, though the portal lists it.")
    part.clear()
    with open(source, "rb") as content:
        _make_sure_of_room(part, os.fstat(content.fileno()).st_size)
        while chunk := content.read(CHUNK):
            part.append(chunk)


def _free(path: Path) -> int:
    """Bytes free where a file lies."""
    return shutil.disk_usage(path.parent).free


def _make_sure_of_room(part: Partial, total: int) -> None:
    """Refuse to begin what the disk cannot hold."""
    needed, free = total - part.size, _free(part.path)
    if needed > free:
        raise DiskFullError(
            f"{part.path.parent}: {part.path.stem} needs {needed} bytes more, {free} bytes are "
            "free. Make room, or put the resources elsewhere."
        )


def _differs(source: str, found: str, expected: str) -> str:
    """Say that a file is not what the portal says."""
    return (
        f"{source}: {found} came, the portal says {expected}. Run again; if it stays so, the "
        "portal's file is damaged."
    )


def _verify(part: Partial, source: str, md5sum: str, file_size: int) -> None:
    """Compare a file with what is known of it."""
    found = part.md5sum()
    if file_size and part.size != file_size:
        raise DamagedError(_differs(source, f"{part.size} bytes", str(file_size)))
    if md5sum and found != md5sum:
        raise DamagedError(_differs(source, f"MD5 {found}", md5sum))
