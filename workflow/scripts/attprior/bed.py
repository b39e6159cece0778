"""Intervals in BED files and their like, checked against the genome."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from attprior.errors import InputError
from attprior.genome import naming_hint, other_names, some
from attprior.locus import Locus
from attprior.text import LARGEST, NUMBER, lines, whole_number

log = logging.getLogger(__name__)

BED = ["chrom", "start", "end", "name"]
LISTED = 5  # lines named in a message


def read_fields(path: str | Path, least: int = 3) -> pd.DataFrame:
    """Read a file of intervals as text.

    Returns
    -------
    pandas.DataFrame
        A column for each of the widest line's, numbered from 0 and null past a line's end, and
        ``line``, the line's number.

    Raises
    ------
    InputError
        If there is no such file or it is no text, and for a line of fewer columns than `least`.
    """
    rows, numbers = [], []
    for number, line in lines(path):
        fields = line.split("\t")
        if len(fields) < least:
            raise InputError(
                f"{path}, line {number}: {line[:60].strip()!r} has {len(fields)} columns. "
                "BED has at least 3 and narrowPeak 10, separated by tabs."
            )
        rows.append([field.strip() for field in fields])
        numbers.append(number)
    width = max(map(len, rows), default=least)
    rows = [row + [None] * (width - len(row)) for row in rows]
    table = pd.DataFrame(rows, columns=range(width), dtype=object)
    return table.assign(line=np.array(numbers, dtype=int))


def feature_rows(path: str | Path, loci: Sequence[Locus]) -> Iterator[list[str]]:
    """Fields of the rows of a BED, whatever comes after its end columns, that touch a locus."""
    for number, line in lines(path):
        fields = line.split("\t")
        start, end = map(whole_number, [*fields, "", ""][1:3])
        if start is None or end is None:
            raise InputError(f"{path}, line {number}: {line[:60]!r} is no interval; correct it")
        if any(fields[0] == x.chrom and start < x.end and x.start < end for x in loci):
            yield [fields[0], str(start), str(end), *fields[3:]]


def read_bed(path: str | Path, genome: Mapping[str, int] | None = None) -> pd.DataFrame:
    """Read intervals of a BED file, or of another whose first three columns are its.

    Parameters
    ----------
    path
        Plain or gzip; it may hold no interval.
    genome
        Sizes of chromosomes (bp): intervals are checked against them, and those on others left out.

    Returns
    -------
    pandas.DataFrame
        Columns `BED`; name is "" where the file has none.

    Raises
    ------
    InputError
        If the file is missing or no text, for a line that is no interval, and as `on_genome`.
    """
    fields = read_fields(path)
    table = fields.rename(columns=dict(enumerate(BED)))[[*BED[:3], "line"]]
    table["name"] = fields[3].fillna("") if 3 in fields else ""
    table = whole_intervals(table, path, may_be_empty=True)
    table = keep(table, table.start < table.end, "without a base", path)
    if genome is not None and len(table):
        table = on_genome(table, path, genome)
    return table[BED]


def whole_intervals(
    table: pd.DataFrame, path: str | Path, may_be_empty: bool = False
) -> pd.DataFrame:
    """Make numbers of the start and end of intervals, which must be 0 <= start < end (or equal)."""
    for column in ("start", "end"):
        table[column] = numbers(table, column, path, whole=True)
    least = table.start + (0 if may_be_empty else 1)
    refuse(table, (table.start < 0) | (table.end < least), path, "not 0 <= start < end")
    return table


def numbers(table: pd.DataFrame, column: str, path: str | Path, whole: bool = False) -> pd.Series:
    """Numbers of a column of text, which must be finite.

    Raises
    ------
    InputError
        With the first lines that hold no number, or no whole one.
    """
    is_number = table[column].str.fullmatch(NUMBER, na=False)
    found = table[column].where(is_number, "nan").astype(float)
    wrong = ~np.isfinite(found)
    if whole:
        wrong |= (found % 1 != 0) | (found.abs() > LARGEST)
    refuse(table, wrong, path, f"{column} is not a {'whole ' * whole}number")
    return found.astype(int) if whole else found


def refuse(table: pd.DataFrame, wrong: pd.Series, path: str | Path, why: str) -> None:
    """Raise an error that names the first lines that are wrong."""
    if not wrong.any():
        return
    first = table[wrong].iloc[0]
    shown = "\t".join(str(cell) for cell in first.drop("line").dropna())
    raise InputError(
        f"{path}, line {some(map(str, table.line[wrong]), LISTED)}: {why}. Line {first.line}: "
        f"{shown[:120]!r}. Correct or remove it."
    )


def on_genome(table: pd.DataFrame, path: str | Path, genome: Mapping[str, int]) -> pd.DataFrame:
    """Keep the intervals on a genome's chromosomes, all of which must lie there.

    Peak callers extend reads over the ends of chromosomes, so an interval that overhangs is cut
    there if its summit is inside, or its start where it has no summit.

    Raises
    ------
    InputError
        If all chromosomes are unknown, if one is known by another name, or if an interval is
        outside its chromosome.
    """
    names = list(dict.fromkeys(table.chrom))
    unknown = [name for name in names if name not in genome]
    if len(unknown) == len(names):
        raise InputError(
            f"{path}: none of its chromosomes is the genome's. It has {some(names)}; "
            f"the genome has {some(genome)}. {naming_hint(names, genome)}"
        )
    if others := other_names(unknown, genome):
        shown = some(f"{theirs} (the genome's {own})" for theirs, own in others.items())
        refuse(table, table.chrom.isin(others), path, f"names of chromosomes differ: {shown}")
    sizes = table.chrom.map(genome)
    outside = table.start + (table.summit if "summit" in table else 0) >= sizes
    refuse(table, outside, path, "outside its chromosome, so perhaps of another assembly")
    known = keep(table, sizes.notna(), "on chromosomes that the genome lacks", path)
    overhanging = known.end > sizes[known.index]
    if overhanging.any():
        log.warning("%s: %d cut at the end of their chromosome", path, overhanging.sum())
    return known.assign(end=known.end.clip(upper=sizes[known.index]).astype(int))


def keep(table: pd.DataFrame, good: pd.Series, why: str, path: str | Path) -> pd.DataFrame:
    """Keep rows, and say how many are dropped and why."""
    if not good.all():
        names = some(dict.fromkeys(table.chrom[~good]))
        log.warning("%s: dropped %d of %d %s (%s)", path, (~good).sum(), len(table), why, names)
    return table[good]


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
