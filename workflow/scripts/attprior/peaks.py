"""Peaks: read, checked against the genome, and written as narrowPeak."""

import logging
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from attprior.bed import (
    keep,
    numbers,
    on_genome,
    overlaps,
    read_bed,
    read_fields,
    refuse,
    whole_intervals,
)
from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.genome import read_chrom_sizes, some

log = logging.getLogger(__name__)

# https://genome.ucsc.edu/FAQ/FAQformat.html#format12; `summit` is relative to `start`
COLUMNS = [
    "chrom", "start", "end", "name", "score", "strand", "signal", "p_value", "q_value", "summit",
]  # fmt: skip
# what the columns that a file lacks are filled with; -1 means unknown in narrowPeak
ABSENT = dict(zip(COLUMNS, ["", "", "", ".", "0", ".", "0", "-1", "-1", "-1"], strict=True))
# where each of these columns is, in formats that are told by their columns; the others are absent
LAYOUTS = {
    "narrowPeak": dict(enumerate(COLUMNS)),
    "broadPeak": dict(enumerate(COLUMNS[:9])),
    "gappedPeak": {**dict(enumerate(COLUMNS[:6])), 12: "signal", 13: "p_value", 14: "q_value"},
    "BED": dict(enumerate(COLUMNS[:6])),
}
BLOCKS = [9, 10, 11]  # columns of BED12: number of blocks, their sizes and their starts
STRANDS = ("+", "-", ".", "*", "")
# what ranks peaks where the signal does not, with its column: greater is better
INSTEAD = {"p_value": 8, "q_value": 9, "score": 5}
MOST_TIED = 0.1  # share of peaks of one signal from which on it is said not to rank them


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
        Keep so many of the best, see `best_first`; all if None.
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
    peaks = keep(peaks, peaks.chrom.isin(kept), "on chromosomes left out", source)
    left["on chromosomes left out"] = len(peaks)
    peaks = keep(peaks, ~repeated(peaks), "listed twice", source)
    left["listed twice"] = len(peaks)
    if blacklist is not None:
        blacklisted = overlaps(peaks, read_bed(blacklist, genome))
        peaks = keep(peaks, ~blacklisted, f"in the blacklist {blacklist}", source)
    left["in the blacklist"] = len(peaks)
    if peaks.empty:
        raise InputError(f"{source}: no peaks on the chromosomes used: {some(kept)}.")
    if best is not None:
        peaks = best_first(peaks, source).head(best)
    left["past the best"] = len(peaks)
    rank = peaks.chrom.map({chrom: number for number, chrom in enumerate(kept)})
    peaks = peaks.iloc[np.lexsort((peaks.summit, peaks.end, peaks.start, rank))]
    with atomic_write(target) as temporary:
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
    with atomic_write(target) as temporary:
        table.to_csv(temporary, sep="\t", index=False)


def repeated(peaks: pd.DataFrame) -> pd.Series:
    """Whether the same interval with the same summit stands elsewhere too, with a higher signal or
    the same and before."""
    best = peaks.sort_values("signal", ascending=False, kind="stable")
    return best.duplicated(["chrom", "start", "end", "summit"])[peaks.index]


def read_peaks(path: str | Path) -> pd.DataFrame:
    """Read peaks: narrowPeak, broadPeak, gappedPeak, or BED of three to twelve columns.

    Formats are told by their columns. Where there are no summits, centres stand for them; where
    there is no signal, the score does.

    Parameters
    ----------
    path
        Plain or gzip. Of lines with more than narrowPeak's ten columns (IDR's output), the first
        ten count.

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
    fields = read_fields(path)
    if fields.empty:
        raise InputError(f"{path}: no peaks in it.")
    width = int(fields.iloc[0].drop("line").notna().sum())
    uneven = fields.drop(columns="line").notna().sum(axis=1) != width
    refuse(
        fields,
        uneven,
        path,
        f"not as many columns as the {width} of line {fields.line[0]}. A narrowPeak file has 10 "
        "columns, separated by tabs",
    )
    layout = layout_of(fields, path)
    table = pd.DataFrame(
        {column: ABSENT[column] for column in COLUMNS} | {"line": fields.line}, index=fields.index
    )
    places = {column: place for place, column in LAYOUTS[layout].items()}
    for column, place in places.items():
        if place < width:
            table[column] = fields[place]
    table["score"] = table.score.replace(".", "0")
    # first, as a row of names has no numbers where strands may be
    table = whole_intervals(table, path)
    refuse(
        table, ~table.strand.isin(STRANDS), path, "the strand (column 6) is not one of + - and ."
    )
    for column in ("score", "signal", "p_value", "q_value", "summit"):
        table[column] = numbers(table, column, path, whole=column == "summit")
    if layout == "BED":
        table["signal"] = table.score
    if layout != "narrowPeak" and (table.end - table.start > 1).any():
        log.warning(
            "%s: %s of %d columns, not narrowPeak's 10: centres are taken for summits, and %s",
            *(path, layout, width),
            "all peaks for equally strong"
            if width < 5
            else "the score (column 5) for the signal"
            if layout == "BED"
            else f"column {places['signal'] + 1} for the signal",
        )
    outside = (table.summit < -1) | (table.summit >= table.end - table.start)
    refuse(table, outside, path, "the summit (column 10, relative to the start) is not inside")
    unknown = table.summit == -1
    if unknown.any() and layout == "narrowPeak":
        log.warning("%s: %d peaks without summit, centres are taken", path, unknown.sum())
    table.loc[unknown, "summit"] = (table.end - table.start)[unknown] // 2
    return table


def best_first(peaks: pd.DataFrame, path: str | Path, seed: int = 0) -> pd.DataFrame:
    """Sort peaks by their signal, the best first.

    Where more than `MOST_TIED` of the peaks have one signal, as all have in the output of
    bdgpeakcall, peaks of equal signal are sorted by the columns `INSTEAD`, and then at random. Else
    they stay in the order that they are in.

    Parameters
    ----------
    peaks
        As `read_peaks` gives them.
    path
        What a warning names.
    seed
        Of the random order.
    """
    keys = [peaks.signal]
    tied = peaks.signal.value_counts()
    if len(peaks) > 1 and tied.iloc[0] > max(1, MOST_TIED * len(peaks)):
        same = peaks[peaks.signal == tied.index[0]]
        varying = [column for column in INSTEAD if same[column].nunique() > 1]
        keys += [peaks[column] for column in varying]
        keys.append(np.random.default_rng(seed).random(len(peaks)))
        log.warning(
            "%s: %d of %d peaks have the signal (column 7) %g, which ranks them in no way; they are "
            "ranked %s",
            *(path, len(same), len(peaks), tied.index[0]),
            "".join(f"by {column} (column {INSTEAD[column]}), then " for column in varying)
            + f"at random (seed {seed})",
        )
    # the last key of lexsort counts first
    return peaks.iloc[np.lexsort([-np.asarray(key) for key in reversed(keys)])]


def layout_of(fields: pd.DataFrame, path: str | Path) -> str:
    """Which of `LAYOUTS` peaks have, by their columns.

    Raises
    ------
    InputError
        For blocks of BED12 or gappedPeak that are none, and for columns of neither.
    """
    width = fields.shape[1] - 1
    if width == 9:
        # BED9 has a thick part and a colour where broadPeak has numbers
        return "BED" if fields[8].map(_is_colour).all() and _is_thick(fields) else "broadPeak"
    if width < 10:
        return "BED"
    if width >= 12:
        rows = fields[[1, 2, *BLOCKS]].to_numpy().tolist()
        # no number of narrowPeak's further columns has commas
        lists = any("," in cell for row in rows for cell in row[3:])
        if lists or _has_blocks(*rows[0]):
            has_blocks = np.array([_has_blocks(*row) for row in rows])
            if lists:
                refuse(fields, ~has_blocks, path, "columns 10 to 12 are no blocks of BED12")
            if has_blocks.all():
                return "gappedPeak" if width == 15 else "BED"
    return "narrowPeak"


def _is_colour(text: str) -> bool:
    return text in ("0", ".") or text.count(",") == 2


def _is_thick(fields: pd.DataFrame) -> bool:
    """Whether columns 7 and 8 are a part of each interval, or nothing."""
    parts = fields[[1, 6, 7, 2]].apply(pd.to_numeric, errors="coerce")
    inside = (parts.diff(axis=1).iloc[:, 1:] >= 0).all(axis=1)
    return bool((inside | ((parts[6] == 0) & (parts[7] == 0))).all())


def _has_blocks(start: str, end: str, number: str, *lists: str) -> bool:
    """Whether blocks of a row of BED12 are as many as it says, and span its interval."""
    sizes, starts = (text.rstrip(",").split(",") for text in lists)
    if not all(
        text.isascii() and text.isdecimal() for text in (start, end, number, *sizes, *starts)
    ):
        return False
    return (
        int(number) == len(sizes) == len(starts)
        and int(starts[0]) == 0
        and int(starts[-1]) + int(sizes[-1]) == int(end) - int(start)
    )
