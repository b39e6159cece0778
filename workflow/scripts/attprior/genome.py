"""A genome: its chromosomes' sizes, and its sequence as arrays of base codes."""

import logging
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyfaidx

from attprior.errors import InputError
from attprior.files import atomic_write, identity
from attprior.sequence import CODES, encode
from attprior.text import lines

BLOCK = 1 << 20  # bytes read at once

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Genome:
    """An indexed FASTA file."""

    fasta: pyfaidx.Fasta

    @classmethod
    def open(cls, path: str | Path) -> "Genome":
        """Open a FASTA file for random access; an index beside it is used as it is."""
        return cls(pyfaidx.Fasta(str(path), as_raw=True, rebuild=False, strict_bounds=True))

    @classmethod
    def end_to_end(cls, path: str | Path, sizes: Mapping[str, int]) -> np.ndarray:
        """Read whole chromosomes into memory, one after the other, a byte a base.

        Parameters
        ----------
        path
            FASTA file, uncompressed.
        sizes
            Chromosomes wanted, and their sizes in bp.

        Returns
        -------
        (G,) uint8
            Codes 0 to 3 for A, C, G, T and 4 for all else.

        Raises
        ------
        InputError
            If the FASTA file lacks a chromosome, or has it in another size.
        """
        genome = cls.open(path)
        codes = np.empty(sum(sizes.values()), dtype=np.uint8)
        start = 0
        for chrom, size in sizes.items():
            found = genome.size(chrom)
            if found != size:
                raise InputError(
                    f"{path}: {chrom} has {found} bp, but {size} bp are expected. "
                    "Use one genome throughout."
                )
            genome.chromosome(chrom, out=codes[start : start + size])
            start += size
        return codes

    def size(self, chrom: str) -> int:
        """Size of a chromosome in bp."""
        if chrom not in self.fasta:
            raise InputError(
                f"{self.fasta.filename}: no chromosome {chrom!r}; "
                f"it has {some(self.fasta.keys())}. Use one genome throughout."
            )
        return len(self.fasta[chrom])

    def chromosome(self, chrom: str, out: np.ndarray | None = None) -> np.ndarray:
        """Codes of a whole chromosome, (L,) uint8, in `out` if it is given.

        Raises
        ------
        InputError
            If the FASTA file lacks the chromosome, or its index is not of this file.
        """
        size = self.size(chrom)
        codes = np.empty(size, dtype=np.uint8) if out is None else out
        index = self.fasta.faidx.index[chrom]
        # blocks that stay in the processor's cache: several times as fast as pyfaidx
        lines, rest = divmod(size, max(index.lenc, 1))
        left = lines * index.lenb + rest
        filled = 0
        with open(self.fasta.filename, "rb") as file:
            file.seek(index.offset)
            while block := file.read(min(left, BLOCK)):
                left -= len(block)
                part = np.frombuffer(block.translate(CODES, delete=b"\r\n"), dtype=np.uint8)
                codes[filled : filled + len(part)] = part[: size - filled]
                filled += len(part)
        if filled != size:
            raise InputError(
                f"{self.fasta.filename}: {chrom} has {filled} bp where the index says {size}; "
                "delete the .fai beside it, and run again"
            )
        return codes

    def fetch(self, chrom: str, start: int, end: int) -> np.ndarray:
        """Codes of an interval.

        Parameters
        ----------
        chrom, start, end
            0-based half-open interval inside the chromosome.

        Returns
        -------
        (end - start,) uint8
            Codes 0 to 3 for A, C, G, T and 4 for all else.

        Raises
        ------
        pyfaidx.FetchError
            If the interval leaves the chromosome.
        """
        return encode(self.fasta[chrom][start:end])


def some(names: Iterable[str], most: int = 6) -> str:
    """Names in one line, the first few of many."""
    names = list(names)
    rest = f", … ({len(names)} in all)" if len(names) > most else ""
    return (", ".join(names[:most]) + rest) or "none"


def read_chrom_sizes(path: str | Path) -> dict[str, int]:
    """Chromosome sizes in bp, in the file's order; a FASTA index (.fai) is read as well.

    Raises
    ------
    InputError
        If a line is not a name, a tab and a whole number, if a name is duplicated, or if there is
        no line.
    """
    sizes: dict[str, int] = {}
    for number, line in lines(path, skip=b""):
        name, size, *_ = [*line.split("\t"), ""]
        if not (name and size.isascii() and size.isdecimal()):
            raise InputError(
                f"{path}, line {number}: {line.rstrip()!r} is not a chromosome's name, "
                "a tab and its size in bp"
            )
        if name in sizes:
            raise InputError(f"{path}, line {number}: {name} is duplicated; keep one")
        sizes[name] = int(size)
    if not sizes:
        raise InputError(f"{path}: no chromosome in it; is the FASTA file empty?")
    return sizes


def write_chrom_sizes(
    index: str | Path, target: str | Path, exclude: Sequence[str] = ()
) -> dict[str, int]:
    """Write the sizes of the chromosomes to be used.

    Parameters
    ----------
    index
        FASTA index (.fai).
    target
        Two columns: chromosome, size in bp.
    exclude
        Shell patterns (``*_random``) of the chromosomes to leave out.

    Returns
    -------
    dict
        Sizes of the chromosomes kept.

    Raises
    ------
    InputError
        If none is left.
    """
    sizes = read_chrom_sizes(index)
    kept = {
        chrom: size
        for chrom, size in sizes.items()
        if not any(fnmatchcase(chrom, pattern) for pattern in exclude)
    }
    if not kept:
        raise InputError(
            f"{index}: genome/exclude ({', '.join(exclude)}) leaves none of the chromosomes "
            f"{some(sizes)}. Loosen its patterns."
        )
    left_out = [chrom for chrom in sizes if chrom not in kept]
    log.info("%d chromosomes kept, %d left out: %s", len(kept), len(left_out), some(left_out))
    with atomic_write(target) as temporary:
        text = "".join(f"{chrom}\t{size}\n" for chrom, size in kept.items())
        temporary.write_text(text, encoding="utf-8")
    return kept


def write_genome(source: str | Path, target: str | Path, index: str | Path) -> None:
    """Write a genome's FASTA file uncompressed, and its index.

    Parameters
    ----------
    source
        FASTA file, plain or gzip.
    target, index
        FASTA file and its index (.fai). A target that is the source is only indexed.

    Raises
    ------
    InputError
        If gzip or samtools cannot read it.
    """
    if identity(source) != identity(target):
        with atomic_write(target) as temporary, open(temporary, "wb") as out:
            # -f passes on what is not compressed
            _run(["gzip", "-dcf", str(source)], source, out)
    # after the renaming, as an index must not be older than its genome
    with atomic_write(index) as temporary:
        _run(["samtools", "faidx", "--fai-idx", str(temporary), str(target)], source)


def _run(command: Sequence[str], source: str | Path, out: BinaryIO | None = None) -> None:
    done = subprocess.run(
        command, stdout=out, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
    )
    if done.returncode:
        raise InputError(f"{source}: {' '.join(command[:2])} failed: {done.stderr.strip()}")


def other_names(names: Iterable[str], genome: Iterable[str]) -> dict[str, str]:
    """What a genome calls chromosomes whose names differ by the prefix ``chr`` or by case alone."""

    def bare(name: str) -> str:
        return name.lower().removeprefix("chr")

    genome = set(genome)
    own = {bare(name): name for name in genome}
    return {name: own[bare(name)] for name in names if name not in genome and bare(name) in own}


def naming_hint(theirs: Iterable[str], genome: Iterable[str]) -> str:
    """What to do about names that the genome lacks: ``1`` for ``chr1`` or the reverse."""
    theirs, genome = set(theirs), set(genome)
    if any(f"chr{name}" in genome for name in theirs):
        return "Its names lack the prefix 'chr': rename them, or use a genome with such names."
    if any(name.removeprefix("chr") in genome for name in theirs):
        return "Its names have a prefix 'chr' that the genome's lack: rename either."
    lower = {name.lower() for name in genome}
    if any(name.lower() in lower for name in theirs):
        return "Its names differ from the genome's in upper and lower case: rename either."
    return "Is it of another species or assembly? Check genome/fasta."
