"""Reads of BAM and CRAM files, as arrays."""

import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
import pysam

from attprior.assays import CRAM_FIELDS
from attprior.errors import InputError

REVERSE = 16  # SAM flag
CHUNK = 1 << 24  # bytes of records read at once
SMALLEST = 37  # bytes of the shortest record: its size, its fixed fields, an empty name

Read = Callable[[int], bytes]
Ends = tuple[np.ndarray, np.ndarray, np.ndarray]


class Reads(NamedTuple):
    """Reads, all (N,): numbers of their chromosomes (-1 for one that is not used), starts and ends
    (bp), SAM flags, lengths of their templates and of themselves (bp; 0 where there is no CIGAR)."""

    chroms: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    flags: np.ndarray
    templates: np.ndarray
    lengths: np.ndarray

    @property
    def minus(self) -> np.ndarray:
        """Whether reads are on the minus strand, (N,) bool."""
        return self.flags & REVERSE != 0

    @property
    def five_prime(self) -> np.ndarray:
        """5' ends (bp), (N,) int32: the first base of forward reads, the last one of reverse ones."""
        return np.where(self.minus, self.ends - 1, self.starts)


def ends_of_bam(
    path: str | Path, chroms: Mapping[str, int], exclude_flags: int, min_mapq: int
) -> Iterator[Ends]:
    """5' ends of `reads_of_bam`, as `attprior.reads.intervals.ends_of_intervals` yields them."""
    for reads in reads_of_bam(path, chroms, exclude_flags, min_mapq):
        yield reads.chroms, reads.five_prime, reads.minus


def reads_of_bam(
    path: str | Path, chroms: Mapping[str, int], exclude_flags: int = 0, min_mapq: int = 0
) -> Iterator[Reads]:
    """Read a BAM or CRAM file, in chunks.

    Records are decoded here, as no reader that makes an object of each is as fast. Offsets are
    those of the SAM specification, section 4.2.

    Parameters
    ----------
    path
        BAM file, or CRAM if its name ends so, which needs no genome here; in any order.
    chroms
        Number of each chromosome that is used.
    exclude_flags
        Reads with any of these SAM flags are left out (``samtools view -F``).
    min_mapq
        Reads of a lower mapping quality are left out (``samtools view -q``).

    Yields
    ------
    Reads
        Those that are not left out, in the order of the file.

    Raises
    ------
    InputError
        If the file cannot be read to its end.
    """
    try:
        with _records(Path(path)) as read:
            numbers = np.array([chroms.get(name, -1) for name in _header(read)] + [-1], np.int32)
            left = b""
            while content := read(CHUNK):
                content = left + content
                most = len(content) // SMALLEST + 1
                reads = [np.empty(most, np.int32) for _ in Reads._fields]
                used, number = _decode(
                    np.frombuffer(content, np.uint8), numbers, exclude_flags, min_mapq, *reads
                )
                left = content[used:]
                yield Reads(*(values[:number] for values in reads))
            if left:
                raise OSError("it ends within a read")
    except (OSError, ValueError, struct.error) as error:
        raise InputError(
            f"{path}: damaged ({error}). Copy or download it again; samtools quickcheck tells "
            "when it is whole."
        ) from error


@contextmanager
def _records(path: Path) -> Iterator[Read]:
    """Open a file as a stream of uncompressed BAM."""
    if path.suffix.lower() != ".cram":
        with pysam.BGZFile(str(path), "rb") as file:
            yield file.read
        return
    command = ["samtools", "view", "-u", "--input-fmt-option", CRAM_FIELDS, str(path)]
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints)
        try:
            with pysam.BGZFile(f"/dev/fd/{process.stdout.fileno()}", "rb") as file:
                yield file.read
        finally:
            process.stdout.close()
            failed = process.wait()
        if failed:
            complaints.seek(0)
            raise OSError(complaints.read().decode(errors="replace").strip())


def _header(read: Read) -> list[str]:
    """Names of the chromosomes, in a BAM stream that is at its start; leaves it at the reads."""
    magic, length = struct.unpack("<4si", read(8))
    if magic != b"BAM\1":
        raise ValueError("not a BAM file")
    read(length)
    names = []
    for _ in range(struct.unpack("<i", read(4))[0]):
        (length,) = struct.unpack("<i", read(4))
        names.append(read(length)[:-1].decode())
        read(4)  # the chromosome's length
    return names


@numba.njit(nogil=True, cache=True)
def _int32(content: np.ndarray, at: int) -> np.int32:
    """Number of four bytes, the lowest first."""
    number = np.uint32(content[at]) | np.uint32(content[at + 1]) << 8
    return np.int32(number | np.uint32(content[at + 2]) << 16 | np.uint32(content[at + 3]) << 24)


@numba.njit(nogil=True, cache=True)
def _decode(
    content: np.ndarray,
    numbers: np.ndarray,
    exclude_flags: int,
    min_mapq: int,
    chroms: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    flags: np.ndarray,
    templates: np.ndarray,
    lengths: np.ndarray,
) -> tuple[int, int]:
    """Decode the whole records at the start of some bytes.

    Parameters
    ----------
    content : (B,) uint8
    numbers : (C + 1,) int32
        Number of each chromosome of the file, then one for reads without a place.
    chroms, starts, ends, flags, templates, lengths
        Fields of `Reads`, filled from their start.

    Returns
    -------
    used, number : int
        Bytes decoded, and reads found.
    """
    at = number = 0
    while at + 4 <= len(content):
        following = at + 4 + _int32(content, at)
        if following > len(content):
            break
        flag = np.int32(content[at + 18]) | np.int32(content[at + 19]) << 8
        if flag & exclude_flags == 0 and content[at + 13] >= min_mapq:
            operation = at + 36 + np.int64(content[at + 12])  # past the read's name
            operations = np.int64(content[at + 16]) | np.int64(content[at + 17]) << 8
            covered = length = 0
            for _ in range(operations):
                kind = content[operation] & 15
                bases = np.uint32(_int32(content, operation)) >> 4
                # M, D, N, = and X are those that move along the genome; M, I, S, = and X, the read
                if kind == 0 or kind == 2 or kind == 3 or kind == 7 or kind == 8:
                    covered += bases
                if kind == 0 or kind == 1 or kind == 4 or kind == 7 or kind == 8:
                    length += bases
                operation += 4
            start = _int32(content, at + 8)
            chroms[number] = numbers[_int32(content, at + 4)]
            starts[number] = start
            ends[number] = start + max(covered, 1)
            flags[number] = flag
            templates[number] = _int32(content, at + 32)
            lengths[number] = length
            number += 1
        at = following
    return at, number
