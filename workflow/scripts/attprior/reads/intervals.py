"""5' ends of reads and fragments in text files: tagAlign or BED, and bedpe."""

import logging
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from attprior.errors import InputError
from attprior.text import Lines, lines, whole_number

log = logging.getLogger(__name__)

ROWS = 1_000_000  # read at once
Ends = tuple[np.ndarray, np.ndarray, np.ndarray]

# columns that are used of each layout: chromosome, start, end and strand of one interval or two
LAYOUTS = {
    "reads": ((0, 1, 2, 5),),
    "fragments": ((0, 1, 2),),
    "mates": ((0, 1, 2, 8), (3, 4, 5, 9)),
}


class Intervals(NamedTuple):
    """Intervals of reads or fragments: numbers of their chromosomes (-1 for one that is not used),
    starts and ends (bp), all (N,) int32, and whether they are on the minus strand, (N,) bool; None
    of a fragment, which has no strand."""

    chroms: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    minus: np.ndarray | None

    @property
    def five_prime(self) -> np.ndarray:
        """5' ends (bp) of reads, (N,) int32."""
        return np.where(self.minus, self.ends - 1, self.starts)


def ends_of_intervals(
    path: str | Path, file_format: str, chroms: Mapping[str, int]
) -> Iterator[Ends]:
    """Read the 5' ends of a BED or bedpe file, in chunks.

    A read of a BED file has one, on its strand. A fragment of a bedpe file has two: its first base
    on the plus strand and its last one on the minus strand. In the ten columns of bedtools, each
    mate has one on its own strand.

    Parameters
    ----------
    path, file_format, chroms
        As of `read_intervals`.

    Yields
    ------
    chroms : (P,) int32
        Number of each end's chromosome in `chroms`; -1 for one that is not used.
    positions : (P,) int32
        5' ends, 0-based (bp).
    minus : (P,) bool
        Whether the end is on the minus strand.

    Raises
    ------
    InputError
        As `read_intervals`.
    """
    for chunk in read_intervals(path, file_format, chroms):
        for intervals in chunk:
            if intervals.minus is None:
                number = len(intervals.chroms)
                yield intervals.chroms, intervals.starts, np.zeros(number, bool)
                yield intervals.chroms, intervals.ends - 1, np.ones(number, bool)
            else:
                yield intervals.chroms, intervals.five_prime, intervals.minus


def read_intervals(
    path: str | Path, file_format: str, chroms: Mapping[str, int]
) -> Iterator[tuple[Intervals, ...]]:
    """Read a BED or bedpe file, in chunks.

    Pairs of which a mate is unmapped (``.``) are left out.

    Parameters
    ----------
    path
        File, plain or gzip by its content, in any order.
    file_format
        ``bed`` or ``bedpe``.
    chroms
        Sizes of the chromosomes that are used, in bp.

    Yields
    ------
    tuple of Intervals
        Reads, fragments, or the two mates of each pair.

    Raises
    ------
    InputError
        For the first bad line, by its number; for a damaged file, and one that is no text.
    """
    path = Path(path)
    layout = layout_of(path, file_format)
    names = {name: number for number, name in enumerate(chroms)}
    sizes = np.array([*chroms.values(), np.iinfo(np.int32).max])
    places = LAYOUTS[layout]
    types = {
        # no "category", which makes the number 1 of chromosome 01
        column: np.int32 if place in (1, 2) else object
        for columns in places
        for place, column in enumerate(columns)
    }
    skipped = 0
    try:
        tables = pd.read_csv(
            Lines(path), sep="\t", header=None, usecols=sorted(types), dtype=types,
            chunksize=ROWS, quoting=3, na_filter=False,
        )  # fmt: skip
        for table in tables:
            if layout == "mates":
                unmapped = (table[0] == ".") | (table[3] == ".")
                skipped += int(unmapped.sum())
                table = table[~unmapped]
            yield tuple(_intervals(table, columns, names, sizes) for columns in places)
    except (ValueError, OverflowError) as error:  # pandas' ParserError is a ValueError
        check_lines(path, file_format, chroms)
        raise InputError(f"{path}: cannot be read ({error}).") from error
    if skipped:
        log.info("%s: %d pairs with an unmapped mate left out", path, skipped)


def _intervals(
    table: pd.DataFrame, columns: tuple[int, ...], names: Mapping[str, int], sizes: np.ndarray
) -> Intervals:
    """Take the intervals of some columns of a table."""
    chrom, first, last, *strand = columns
    codes, found = pd.factorize(table[chrom].to_numpy())
    chroms = np.array([names.get(name.strip(), -1) for name in found], np.int32)[codes]
    starts, ends = table[first].to_numpy(), table[last].to_numpy()
    if np.any((starts < 0) | (starts >= ends) | (ends > sizes[chroms])):
        raise ValueError("an interval that is none")
    if not strand:
        return Intervals(chroms, starts, ends, None)
    codes, found = pd.factorize(table[strand[0]].to_numpy())
    if not {name.strip() for name in found} <= {"+", "-"}:
        raise ValueError("a strand that is none")
    return Intervals(chroms, starts, ends, np.array([name.strip() == "-" for name in found])[codes])


def layout_of(path: str | Path, file_format: str) -> str:
    """Which of `LAYOUTS` a file has, by its first interval.

    Raises
    ------
    InputError
        If the columns of the first line are of no layout, or the file is empty.
    """
    first = next(lines(path), None)
    if first is None:
        raise InputError(f"{path}: no line with an interval. Copy or download it again.")
    number, line = first
    columns = len(line.split("\t"))
    where = f"{path}, line {number}: {columns} columns, separated by tabs"
    if file_format == "bed":
        if columns < 6:
            raise InputError(
                f"{where}; tagAlign and BED files of reads have 6 or more, the sixth being the "
                "strand. Name files of fragments .bedpe."
            )
        return "reads"
    if 3 <= columns <= 5:
        return "fragments"
    if columns >= 10:
        return "mates"
    raise InputError(
        f"{where}; fragments have 3 to 5 (chromosome, start, end), and mate pairs have 10 or more, "
        "as bedtools bamtobed -bedpe writes them."
    )


def check_lines(
    path: str | Path, file_format: str, chroms: Mapping[str, int], most: int | None = None
) -> set[str]:
    """Look at a file line by line.

    Parameters
    ----------
    path
        File, plain or gzip.
    file_format
        ``bed`` or ``bedpe``.
    chroms
        Sizes of chromosomes (bp); intervals must lie within those that are named here.
    most
        How many lines are looked at; all if None.

    Returns
    -------
    set of str
        Chromosomes found.

    Raises
    ------
    InputError
        For the first bad line, by its number; for a damaged file.
    """
    found = set()
    layout = layout_of(path, file_format)
    needed = 1 + max(map(max, LAYOUTS[layout]))
    for number, line in islice(lines(path), most):
        fields = [field.strip() for field in line.split("\t")]
        wrong = (
            f"{len(fields)} columns, but {needed} are needed"
            if len(fields) < needed
            else _wrong(fields, layout, chroms)
        )
        if wrong:
            raise InputError(
                f"{path}, line {number}: {wrong}. It reads {line[:80].rstrip()!r}. "
                "Correct the line or the file."
            )
        found.update(fields[place[0]] for place in LAYOUTS[layout])
    return found - {"."}


def _wrong(fields: list[str], layout: str, chroms: Mapping[str, int]) -> str:
    """Say what is wrong with a line; nothing if nothing is."""
    places = LAYOUTS[layout]
    if layout == "mates" and any(fields[place[0]] == "." for place in places):
        return ""  # an unmapped mate
    for chrom, first, last, *strand in places:
        start, end = whole_number(fields[first]), whole_number(fields[last])
        if start is None or end is None:
            return f"start and end are {fields[first]!r} and {fields[last]!r}, no whole numbers"
        if not 0 <= start < end:
            return f"start {start} and end {end} are no interval"
        if end > chroms.get(fields[chrom], end):
            return (
                f"it ends at {end}, but {fields[chrom]} has {chroms[fields[chrom]]} bp, so it is "
                "perhaps of another assembly"
            )
        if strand and fields[strand[0]] not in ("+", "-"):
            return f"strand is {fields[strand[0]]!r}, neither + nor -"
    return ""
