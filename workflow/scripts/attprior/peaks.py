"""Peaks: read, checked against the genome, and written as narrowPeak."""

import gzip
import logging
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from attprior.errors import InputError
from attprior.files import aside
from attprior.genome import naming_hint, read_chrom_sizes, some

log = logging.getLogger(__name__)

# https://genome.ucsc.edu/FAQ/FAQformat.html#format12; `summit` is relative to `start`
COLUMNS = [
    "chrom", "start", "end", "name", "score", "strand", "signal", "p_value", "q_value", "summit",
]  # fmt: skip
# what the columns that a BED file lacks are filled with; -1 means unknown in narrowPeak
ABSENT = ["", "", "", ".", "0", ".", "0", "-1", "-1", "-1"]
WHOLE, REAL = ["start", "end", "summit"], ["score", "signal", "p_value", "q_value"]
LISTED = 5  # lines named in a message


def prepare_peaks(
    source: str | Path,
    target: str | Path,
    chrom_sizes: str | Path,
    index: str | Path,
    blacklist: str | Path | None = None,
    best: int | None = None,
    dropped: str | Path | None = None,
) -> None:
    """Check peaks, drop those that cannot be used, sort the rest and write them.

    Parameters
    ----------
    source
        narrowPeak or BED file, plain or gzip.
    target
        narrowPeak file, plain, in the order of the genome.
    chrom_sizes
        Sizes of the chromosomes used; peaks on others are dropped and counted.
    index
        FASTA index of the whole genome.
    blacklist
        BED file; peaks that overlap it are dropped and counted.
    best
        Keep so many of the highest signal; all if None.
    dropped
        Table of how many peaks were read, how many were dropped and why, and how many are kept:
        columns ``what`` and ``peaks``. Not written if None.

    Raises
    ------
    InputError
        If the file is missing, malformed, of another genome, or without usable peaks.
    """
    peaks = read_peaks(source)
    genome, kept = read_chrom_sizes(index), read_chrom_sizes(chrom_sizes)
    left = {"read": len(peaks)}
    peaks = on_genome(peaks, source, genome)
    left["on chromosomes that the genome lacks"] = len(peaks)
    peaks = _keep(peaks, peaks.chrom.isin(kept), "on chromosomes left out")
    left["on chromosomes left out"] = len(peaks)
    if blacklist is not None:
        blacklisted = overlaps(peaks, read_bed(blacklist))
        peaks = _keep(peaks, ~blacklisted, f"in the blacklist {blacklist}")
    left["in the blacklist"] = len(peaks)
    if peaks.empty:
        raise InputError(f"{source}: no peaks on the chromosomes used: {some(kept)}.")
    if best is not None:
        peaks = peaks.sort_values("signal", ascending=False, kind="stable").head(best)
    left["past the best"] = len(peaks)
    rank = peaks.chrom.map({chrom: number for number, chrom in enumerate(kept)})
    peaks = peaks.iloc[np.lexsort((peaks.summit, peaks.end, peaks.start, rank))]
    with aside(target) as temporary:
        peaks.to_csv(temporary, sep="\t", header=False, index=False, columns=COLUMNS)
    log.info("%s: %d peaks", target, len(peaks))
    if dropped is not None:
        _write_dropped(left, dropped)


def _write_dropped(left: Mapping[str, int], target: str | Path) -> None:
    """Write how many peaks each step drops, from how many were left after it."""
    numbers = list(left.values())
    lost = [before - after for before, after in pairwise(numbers)]
    table = pd.DataFrame(
        {"what": [*left, "kept"], "peaks": [numbers[0], *lost, numbers[-1]]},
    )
    with aside(target) as temporary:
        table.to_csv(temporary, sep="\t", index=False)


def read_peaks(path: str | Path) -> pd.DataFrame:
    """Read a narrowPeak file, or a BED file whose centres then stand for summits.

    Parameters
    ----------
    path
        Plain or gzip. Of lines with more than ten columns (IDR's output), the first ten count.

    Returns
    -------
    pandas.DataFrame
        The columns ``COLUMNS`` and ``line``, the line's number. Intervals are half-open, summits
        relative to the start.

    Raises
    ------
    InputError
        If the file is missing or empty, or for a line that does not fit the format.
    """
    rows, lines = _fields(Path(path), least=3)
    width = len(rows[0])
    uneven = [line for row, line in zip(rows, lines, strict=True) if len(row) != width]
    if uneven:
        raise InputError(
            f"{path}, line {some(map(str, uneven), LISTED)}: not as many columns as the {width} of "
            f"line {lines[0]}. A narrowPeak file has 10 columns, separated by tabs."
        )
    # without all ten columns, those after the strand are of unknown meaning
    used = len(COLUMNS) if width >= len(COLUMNS) else min(width, 6)
    table = pd.DataFrame([row[:used] + ABSENT[used:] for row in rows], columns=COLUMNS)
    table["line"] = lines
    for column in WHOLE + REAL:
        numbers = pd.to_numeric(table[column], errors="coerce")
        wrong = ~np.isfinite(numbers)
        if column in WHOLE:
            wrong |= numbers % 1 != 0
        _refuse(table, wrong, path, f"{column} is not a {'whole ' * (column in WHOLE)}number")
        table[column] = numbers.astype(int) if column in WHOLE else numbers
    if used < len(COLUMNS):
        table["signal"] = table.score
        log.warning(
            "%s: %d columns, a narrowPeak file has 10: centres are taken for summits, and %s",
            path,
            width,
            "the score (column 5) for the signal" if width > 4 else "all peaks for equally strong",
        )
    _refuse(table, (table.start < 0) | (table.end <= table.start), path, "not 0 <= start < end")
    outside = (table.summit < -1) | (table.summit >= table.end - table.start)
    _refuse(table, outside, path, "the summit (column 10, relative to the start) is not inside")
    unknown = table.summit == -1
    if unknown.any() and used == len(COLUMNS):
        log.warning("%s: %d peaks without summit, centres are taken", path, unknown.sum())
    table.loc[unknown, "summit"] = (table.end - table.start)[unknown] // 2
    return table


def read_bed(path: str | Path) -> pd.DataFrame:
    """Read the first three columns of a BED file: chrom, start, end."""
    rows, lines = _fields(Path(path), least=3)
    table = pd.DataFrame([row[:3] for row in rows], columns=COLUMNS[:3])
    table["line"] = lines
    for column in ("start", "end"):
        _refuse(table, ~table[column].str.isdecimal(), path, f"{column} is not a whole number")
        table[column] = table[column].astype(int)
    return table


def _fields(path: Path, least: int) -> tuple[list[list[str]], list[int]]:
    """Fields of a BED file's lines and the lines' numbers, without comments and track lines."""
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    with path.open("rb") as file:
        opened = gzip.open if file.read(2) == b"\x1f\x8b" else open
    rows, numbers = [], []
    try:
        with opened(path, "rt") as lines:
            for number, line in enumerate(lines, start=1):
                fields = line.rstrip("\r\n").split("\t")
                if fields == [""] or line.startswith(("#", "track", "browser")):
                    continue
                if len(fields) < least:
                    raise InputError(
                        f"{path}, line {number}: {line.rstrip()[:60]!r} has {len(fields)} columns. "
                        "BED has at least 3 and narrowPeak 10, separated by tabs."
                    )
                rows.append(fields)
                numbers.append(number)
    except (EOFError, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}). Copy or download it again.") from error
    if not rows:
        raise InputError(f"{path}: no peaks in it.")
    return rows, numbers


def _refuse(table: pd.DataFrame, wrong: pd.Series, path: str | Path, why: str) -> None:
    """Raise an error that names the first lines that are wrong."""
    if not wrong.any():
        return
    first = table[wrong].iloc[0]
    shown = "\t".join(map(str, first[[c for c in COLUMNS if c in table]]))
    raise InputError(
        f"{path}, line {some(map(str, table.line[wrong]), LISTED)}: {why}. Line {first.line}: "
        f"{shown!r}. Correct or remove it."
    )


def on_genome(peaks: pd.DataFrame, path: str | Path, genome: Mapping[str, int]) -> pd.DataFrame:
    """Keep the peaks on a genome's chromosomes, all of which must lie there.

    Peak callers extend reads over the ends of chromosomes, so a peak that overhangs with its
    summit inside is cut to the chromosome.

    Raises
    ------
    InputError
        If all chromosomes are unknown, or if a peak's summit is outside its chromosome.
    """
    names = list(dict.fromkeys(peaks.chrom))
    if not any(name in genome for name in names):
        raise InputError(
            f"{path}: none of its chromosomes is the genome's. It has {some(names)}; "
            f"the genome has {some(genome)}. {naming_hint(names, genome)}"
        )
    sizes = peaks.chrom.map(genome)
    outside = peaks.start + peaks.summit >= sizes
    _refuse(peaks, outside, path, "outside its chromosome, so perhaps of another assembly")
    known = _keep(peaks, sizes.notna(), "on chromosomes that the genome lacks")
    overhanging = known.end > sizes[known.index]
    if overhanging.any():
        log.warning("%s: %d peaks cut at the end of their chromosome", path, overhanging.sum())
    return known.assign(end=known.end.clip(upper=sizes[known.index]).astype(int))


def _keep(peaks: pd.DataFrame, good: pd.Series, why: str) -> pd.DataFrame:
    """Keep rows, and say how many are dropped and why."""
    if not good.all():
        names = some(dict.fromkeys(peaks.chrom[~good]))
        log.warning("dropped %d of %d peaks %s (%s)", (~good).sum(), len(peaks), why, names)
    return peaks[good]


def overlaps(intervals: pd.DataFrame, others: pd.DataFrame) -> pd.Series:
    """Whether each interval shares a base with any of the others.

    Parameters
    ----------
    intervals, others
        Half-open intervals: chrom, start, end.

    Returns
    -------
    bool, indexed as `intervals`
    """
    found = pd.Series(False, index=intervals.index)
    by_chrom = dict(tuple(others.groupby("chrom")))
    for chrom, group in intervals.groupby("chrom"):
        if chrom in by_chrom:
            other = by_chrom[chrom].sort_values("start")
            # of those that start before the end, the one that reaches furthest decides
            before = np.searchsorted(other.start, group.end, side="left")
            furthest = np.maximum.accumulate(np.append(-1, other.end))
            found[group.index] = furthest[before] > group.start.to_numpy()
    return found
