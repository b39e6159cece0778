"""5' ends of reads and fragments in text files: tagAlign or BED, and bedpe."""

import gzip
import logging
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from attprior.errors import InputError

log = logging.getLogger(__name__)

ROWS = 1_000_000  # read at once
Ends = tuple[np.ndarray, np.ndarray, np.ndarray]
Damage = (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError)

# columns that are used of each layout: chromosome, start, end and strand of one interval or two
LAYOUTS = {
    "reads": ((0, 1, 2, 5),),
    "fragments": ((0, 1, 2),),
    "mates": ((0, 1, 2, 8), (3, 4, 5, 9)),
}


def ends_of_intervals(
    path: str | Path, file_format: str, chroms: Mapping[str, int]
) -> Iterator[Ends]:
    """Read the 5' ends of a BED or bedpe file, in chunks.

    A read of a BED file has one, on its strand. A fragment of a bedpe file has two: its first base
    on the plus strand and its last one on the minus strand. In the ten columns of bedtools, each
    mate has one on its own strand, and pairs of which a mate is unmapped (``.``) are left out.

    Parameters
    ----------
    path
        File, plain or gzip, in any order.
    file_format
        ``bed`` or ``bedpe``.
    chroms
        Sizes of the chromosomes that are used, in bp.

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
        For the first bad line, by its number; for a damaged file.
    """
    path = Path(path)
    layout, header = layout_of(path, file_format)
    names = {name: number for number, name in enumerate(chroms)}
    sizes = np.array([*chroms.values(), np.iinfo(np.int32).max])
    places = LAYOUTS[layout]
    types = {
        column: np.int32 if place in (1, 2) else "category"
        for columns in places
        for place, column in enumerate(columns)
    }
    skipped = 0
    try:
        tables = pd.read_csv(
            path, sep="\t", header=None, skiprows=header, usecols=sorted(types), dtype=types,
            chunksize=ROWS, quoting=3, na_filter=False, compression=_compression(path),
        )  # fmt: skip
        for table in tables:
            if layout == "mates":
                unmapped = (table[0] == ".") | (table[3] == ".")
                skipped += int(unmapped.sum())
                table = table[~unmapped]
            yield from _ends(table, places, names, sizes)
    except Damage as error:
        raise InputError(f"{path}: damaged ({error}). Copy or download it again.") from error
    except ValueError as error:  # pandas' ParserError is one
        check_lines(path, file_format, chroms)
        raise InputError(f"{path}: cannot be read ({error}).") from error
    if skipped:
        log.info("%s: %d pairs with an unmapped mate left out", path, skipped)


def _ends(
    table: pd.DataFrame,
    places: tuple[tuple[int, ...], ...],
    names: Mapping[str, int],
    sizes: np.ndarray,
) -> Iterator[Ends]:
    """Take the 5' ends of a table's intervals."""
    for chrom, first, last, *strand in places:
        categories = table[chrom].cat.categories
        numbers = np.array([names.get(name, -1) for name in categories], np.int32)
        chroms = numbers[table[chrom].cat.codes.to_numpy()]
        starts, ends = table[first].to_numpy(), table[last].to_numpy()
        if np.any((starts < 0) | (starts >= ends) | (ends > sizes[chroms])):
            raise ValueError("an interval that is none")
        if not strand:
            yield chroms, starts, np.zeros(len(table), bool)
            yield chroms, ends - 1, np.ones(len(table), bool)
            continue
        strands = table[strand[0]]
        if not set(strands.cat.remove_unused_categories().cat.categories) <= {"+", "-"}:
            raise ValueError("a strand that is none")
        minus = (strands == "-").to_numpy()
        yield chroms, np.where(minus, ends - 1, starts), minus


def _compression(path: Path) -> str | None:
    """Whether a file is gzip, by its first bytes."""
    with path.open("rb") as file:
        return "gzip" if file.read(2) == b"\x1f\x8b" else None


def _open(path: Path) -> TextIO:
    opened = gzip.open if _compression(path) else open
    return opened(path, "rt", encoding="utf-8")


def _is_header(line: str) -> bool:
    return not line.strip() or line.startswith(("#", "track", "browser"))


def layout_of(path: Path, file_format: str) -> tuple[str, int]:
    """Which of `LAYOUTS` a file has, and how many lines precede the first interval.

    Raises
    ------
    InputError
        If the columns of the first line are of no layout, or the file is empty.
    """
    with _open(path) as lines:
        first = next((item for item in enumerate(lines) if not _is_header(item[1])), None)
    if first is None:
        raise InputError(f"{path}: no line with an interval. Copy or download it again.")
    header, line = first
    columns = len(line.rstrip("\r\n").split("\t"))
    where = f"{path}, line {header + 1}: {columns} columns, separated by tabs"
    if file_format == "bed":
        if columns < 6:
            raise InputError(
                f"{where}; tagAlign and BED files of reads have 6 or more, the sixth being the "
                "strand. Name files of fragments .bedpe."
            )
        return "reads", header
    if 3 <= columns <= 5:
        return "fragments", header
    if columns >= 10:
        return "mates", header
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
    path, found = Path(path), set()
    try:
        layout, header = layout_of(path, file_format)
        needed = 1 + max(map(max, LAYOUTS[layout]))
        with _open(path) as lines:
            for number, line in enumerate(lines, start=1):
                if number <= header or not line.strip():
                    continue
                if most and number > most:
                    break
                fields = line.rstrip("\r\n").split("\t")
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
    except Damage as error:
        raise InputError(f"{path}: damaged ({error}). Copy or download it again.") from error
    return found - {"."}


def _wrong(fields: list[str], layout: str, chroms: Mapping[str, int]) -> str:
    """Say what is wrong with a line; nothing if nothing is."""
    places = LAYOUTS[layout]
    if layout == "mates" and any(fields[place[0]] == "." for place in places):
        return ""  # an unmapped mate
    for chrom, first, last, *strand in places:
        try:
            start, end = int(fields[first]), int(fields[last])
        except ValueError:
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
