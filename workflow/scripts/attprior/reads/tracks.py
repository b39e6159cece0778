"""Counts of 5' ends, from alignments of any format to bigWigs."""

import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from attprior.assays import file_format
from attprior.bigwig import Runs, write_runs
from attprior.errors import InputError
from attprior.genome import read_chrom_sizes
from attprior.reads.bam import ends_of_bam
from attprior.reads.bigwig import Counts, counts_of_bigwigs
from attprior.reads.intervals import ends_of_intervals
from attprior.reads.select import flags_left_out

log = logging.getLogger(__name__)


def write_tracks(
    files: Sequence[str | Path],
    chrom_sizes: str | Path,
    targets: Mapping[str, str | Path],
    exclude_flags: int = 0,
    min_mapq: int = 0,
    keep_duplicates: bool = True,
    shift: tuple[int, int] = (0, 0),
    checked: str | Path | None = None,
) -> None:
    """Write the counts of an experiment's 5' ends as bigWigs.

    They equal ``samtools view -F exclude_flags -q min_mapq`` and ``bedtools genomecov -5 -bg
    -strand`` of the merged files at every base; without strands, the sum of both. Chromosomes
    without reads get one explicit zero, so that readers find them in the file.

    Parameters
    ----------
    files
        Alignments of all replicates, of any of `attprior.assays.FORMATS`; bigWigs stand alone, and
        are listed plus, minus, plus, minus where there are strands.
    chrom_sizes
        Sizes of the chromosomes to count on.
    targets
        bigWigs to write: ``plus`` and ``minus``, or ``unstranded``.
    exclude_flags, min_mapq, keep_duplicates
        Which reads of BAM and CRAM files count, see `attprior.reads.select.filter_reads`.
    shift
        Base pairs by which 5' ends move on the plus and on the minus strand. Those that leave their
        chromosome are dropped, and counted in the log. bigWigs stay as they are.
    checked
        Table that `attprior.reads.check.check_reads` wrote: files that were shifted before are moved
        by what is left of the shift, unless that is (0, 0), which moves none.

    Raises
    ------
    InputError
        If a file is damaged or holds what can't be counted, if duplicates are to be left out of
        files that do not mark them, or if nothing is counted.
    """
    sizes = read_chrom_sizes(chrom_sizes)
    formats = [file_format(str(file)) for file in files]
    sources = list(zip(map(str, files), formats, strict=True))
    unmarked = [file for file, name in sources if name not in ("bam", "cram")]
    if unmarked:
        if not keep_duplicates:
            raise InputError(
                f"{unmarked[0]}: duplicates are not marked in this format, but config key "
                "'reads/keep_duplicates' is false. Give BAM files, or set it to true."
            )
        log.info("%s: no flags and mapping qualities, so all is counted", ", ".join(unmarked))
    strands = list(targets)
    if "bigwig" in formats:
        counts = (
            counts_of_bigwigs(list(files)[n :: len(strands)], sizes, strand)
            for n, strand in enumerate(strands)
        )
    else:
        flags = flags_left_out(exclude_flags, keep_duplicates)
        shifts = _shifts_left(shift, len(sources), checked)
        chunks = _chunks(sources, sizes, flags, min_mapq, shifts)
        ends = _gather(chunks, sizes, len(strands))
        if not any(map(len, itertools.chain(*ends))):
            raise InputError(
                f"{', '.join(map(str, files))}: no read is counted. Lower reads/min_mapq or change "
                "reads/exclude_flags, and see which chromosomes genome/exclude leaves."
            )
        counts = (_counts_of_positions(ends, n, sizes) for n in range(len(strands)))
    for strand, of_chroms in zip(strands, counts, strict=True):
        runs = [
            (chrom, *runs_of_counts(bases, number))
            for chrom, (bases, number) in zip(sizes, of_chroms, strict=True)
        ]
        found = sum(
            int(((last - first) * number.astype(np.int64)).sum()) for _, first, last, number in runs
        )
        log.info("%s: %d 5' ends", strand, found)
        write_runs(targets[strand], sizes, [_with_zero(*columns) for columns in runs])


def _shifts_left(
    shift: tuple[int, int], number: int, checked: str | Path | None
) -> list[tuple[int, int]]:
    """By how much the ends of each file are still to be moved."""
    if checked is None or not any(shift):
        return [shift] * number
    made = pd.read_csv(checked, sep="\t")[["shifted_plus", "shifted_minus"]].to_numpy()
    return [(shift[0] - plus, shift[1] - minus) for plus, minus in made.tolist()]


def _chunks(
    sources: Sequence[tuple[str, str]],
    sizes: Mapping[str, int],
    exclude_flags: int,
    min_mapq: int,
    shifts: Sequence[tuple[int, int]],
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """5' ends of all files of reads, in chunks: number of the chromosome, position, minus strand.

    Positions are those after the shift of each file.
    """
    numbers = {chrom: number for number, chrom in enumerate(sizes)}
    for (path, name), shift in zip(sources, shifts, strict=True):
        if name in ("bam", "cram"):
            ends = ends_of_bam(path, numbers, exclude_flags, min_mapq)
        else:
            ends = ends_of_intervals(path, name, sizes)
        for chroms, positions, minus in ends:
            yield chroms, positions + np.where(minus, shift[1], shift[0]), minus


def _gather(
    chunks: Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]],
    sizes: Mapping[str, int],
    strands: int,
) -> list[list[np.ndarray]]:
    """Positions of 5' ends along all chromosomes laid end to end, by strand, in chunks of int64."""
    found: list[list[np.ndarray]] = [[] for _ in range(strands)]
    lengths = np.array(list(sizes.values()))
    offsets = np.cumsum(lengths) - lengths
    dropped = 0
    for chroms, positions, minus in chunks:
        used = chroms >= 0
        chroms, positions, minus = chroms[used], positions[used], minus[used]
        inside = (positions >= 0) & (positions < lengths[chroms])
        dropped += len(inside) - int(inside.sum())
        places = offsets[chroms] + positions
        chosen = (inside & ~minus, inside & minus) if strands == 2 else (inside,)
        for strand, mask in zip(found, chosen, strict=True):
            strand.append(places[mask])
    if dropped:
        log.warning("%d 5' ends lie outside their chromosome, and are dropped", dropped)
    return found


def _counts_of_positions(
    ends: list[list[np.ndarray]], strand: int, sizes: Mapping[str, int]
) -> Iterator[Counts]:
    """Count the positions of a strand on each chromosome; its chunks are given up."""
    places = np.concatenate([np.empty(0, np.int64), *ends[strand]])
    ends[strand].clear()
    places.sort(kind="stable")  # at little cost, as sorted files are nearly in order
    offset = 0
    for size in sizes.values():
        first, last = np.searchsorted(places, (offset, offset + size))
        yield counts_of_sorted((places[first:last] - offset).astype(np.int32))
        offset += size


def counts_of_sorted(positions: np.ndarray) -> Counts:
    """Count equal neighbours.

    Parameters
    ----------
    positions : (P,) int
        Positions in order.

    Returns
    -------
    bases, counts : (B,) int
        Each position once, and how often it was there.
    """
    new = np.flatnonzero(np.diff(positions, prepend=-1))
    return positions[new], np.diff(new, append=len(positions)).astype(np.int32)


def runs_of_counts(
    bases: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Join bases of equal counts.

    Parameters
    ----------
    bases : (B,) int
        Bases in order, each once.
    counts : (B,) int
        Their counts, above zero.

    Returns
    -------
    starts, ends, counts : (R,) int
        Half-open runs in order; neighbours differ in count or do not touch.
    """
    new = np.ones(len(bases), dtype=bool)
    new[1:] = (np.diff(bases) > 1) | (np.diff(counts) != 0)
    last = np.ones(len(bases), dtype=bool)
    last[:-1] = new[1:]
    return bases[new], bases[last] + 1, counts[new]


def _with_zero(chrom: str, *columns: np.ndarray) -> Runs:
    """Runs of a chromosome; where it has none, a zero by which readers find the chromosome."""
    return chrom, *(columns if len(columns[0]) else np.array([[0], [1], [0]]))
