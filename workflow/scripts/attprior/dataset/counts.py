"""What there is to learn from in each split of a fold: 5' ends, peaks and bins."""

import logging
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from attprior.dataset.folds import FEWEST_PEAKS, SPLITS
from attprior.dataset.store import Labels
from attprior.errors import InputError
from attprior.genome import some
from attprior.hdf5 import open_hdf5

AROUND = 500  # bp on each side of a summit in which 5' ends are those of its peak
CHUNK = 1 << 22  # bases with counts that are read at a time
# warned of: fewer peaks of an experiment in a split, fewer 5' ends of a peak, a control of less than
# this share of an experiment's 5' ends, a split of more than this share of all 5' ends
FEW_PEAKS, FEW_ENDS, EMPTY_CONTROL, NEARLY_ALL = 30, 10, 0.01, 0.98
SUMS = ["ends", "ends_at_peaks", "peaks", "positive", "ambiguous", "negative"]

log = logging.getLogger(__name__)


def count_chromosomes(path: str | Path, splits: pd.DataFrame) -> pd.DataFrame:
    """Count 5' ends, peaks and bins of each chromosome.

    Parameters
    ----------
    path
        The labelled HDF5.
    splits
        As `attprior.dataset.folds.split_chromosomes` gives them.

    Returns
    -------
    pandas.DataFrame
        A row per experiment or control, track and chromosome: split, chrom, experiment, kind (task
        or control), track, ends (5' ends), ends_at_peaks (sum over peaks of those within `AROUND`
        bp of the summit), peaks, and bins by label: positive, ambiguous, negative. What controls
        don't have is 0.
    """
    labels = Labels.open(path, counts=False)
    at, chromosomes = labels.coordinates, len(labels.coordinates.names)
    tables = []
    with open_hdf5(path) as file:
        controls = [name for name in file["control_names"].asstr()[:] if name not in labels.tasks]
        for name in dict.fromkeys([*labels.tasks, *controls]):
            task = -1 if name in controls else labels.tasks.index(name)
            peaks = labels.regions[labels.regions.task == task]
            offsets = at.offsets[peaks.chromosome]
            around = (
                np.maximum(peaks.summit - AROUND, offsets),
                np.minimum(peaks.summit + AROUND + 1, offsets + at.lengths[peaks.chromosome]),
            )
            own = splits[["split", "chrom"]].assign(
                experiment=name,
                kind="control" if name in controls else "task",
                peaks=np.bincount(peaks.chromosome, minlength=chromosomes),
                **_bins(labels, task),
            )
            for track, group in file["tracks"][name].items():
                near = np.bincount(peaks.chromosome, _ends(group, *around), chromosomes)
                tables.append(
                    own.assign(
                        track=track,
                        ends=_ends(group, at.offsets, at.offsets + at.lengths),
                        ends_at_peaks=near.astype(np.int64),
                    )
                )
    return pd.concat(tables, ignore_index=True)


def _ends(track: h5py.Group, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """5' ends (N,) int64 of a track in each of N half-open intervals."""
    found = np.zeros(len(starts), dtype=np.int64)
    for first in range(0, len(track["position"]), CHUNK):
        position, count = (track[key][first : first + CHUNK] for key in ("position", "count"))
        before = np.append(0, np.cumsum(count, dtype=np.int64))
        found += before[np.searchsorted(position, stops)]
        found -= before[np.searchsorted(position, starts)]
    return found


def _bins(labels: Labels, task: int) -> dict[str, np.ndarray]:
    """Bins (C,) of each label and chromosome in a task, none of a control (-1)."""
    bins = labels.bins
    if task < 0:
        return dict.fromkeys(("positive", "ambiguous", "negative"), 0)
    runs = bins.runs[task]
    # a run of ambiguous bins may go on in the next chromosome, so each bin is looked at
    positive, ambiguous = (
        np.bincount(bins.chromosome(runs.select(chosen).bins()), minlength=len(bins.lengths))
        for chosen in (runs.region >= 0, runs.region < 0)
    )
    negative = bins.counts - positive - ambiguous
    return {"positive": positive, "ambiguous": ambiguous, "negative": negative}


def sum_splits(counts: pd.DataFrame) -> pd.DataFrame:
    """Sum counts of chromosomes by split, experiment or control, and track.

    Returns
    -------
    pandas.DataFrame
        Columns split, experiment, kind, track, ends, ends_per_peak (mean of a peak), peaks,
        positive, ambiguous, negative; what controls don't have is NA.
    """
    keys = ["split", "experiment", "kind", "track"]
    table = counts.groupby(keys, sort=False)[SUMS].sum().reset_index()
    order = pd.Categorical(table.split, SPLITS).argsort(kind="stable")
    table = table.iloc[order].reset_index(drop=True)
    table["ends_per_peak"] = (table.ends_at_peaks / table.peaks).round(2)
    table = table[[*keys, "ends", "ends_per_peak", *SUMS[2:]]].astype(
        dict.fromkeys(SUMS[2:], "Int64")
    )
    table.loc[table.kind == "control", SUMS[2:]] = pd.NA
    return table


def check_splits(counts: pd.DataFrame, fold: str, condition: str) -> None:
    """Log what is in each split, stop at counts that can't be, and warn of odd ones.

    Parameters
    ----------
    counts
        As `count_chromosomes` gives them.
    fold, condition
        Names for the messages.

    Raises
    ------
    InputError
        Where a split, or a chromosome with `FEWEST_PEAKS` peaks of an experiment, has none of the
        5' ends of an experiment or a control, or one strand has some elsewhere and none there; and
        where a split's peaks have none.
    """
    # there is no file of it where this stops
    log.info("fold %s:\n%s", fold, sum_splits(counts).to_string(index=False, na_rep=""))
    wrong, odd = [], []
    first = counts.drop_duplicates(["experiment", "chrom"])
    most_peaks = first.groupby("chrom").peaks.max()
    for name, own in counts.groupby("experiment", sort=False):
        chroms = own.drop_duplicates("chrom").set_index("chrom")
        is_control = own.kind.iloc[0] == "control"
        what = f"{'control' if is_control else 'experiment'} {name}"
        ends = own.pivot(index="chrom", columns="track", values="ends").loc[chroms.index]
        peaks = most_peaks[chroms.index] if is_control else chroms.peaks
        lacking = _without_ends(what, ends, peaks, chroms.split, odd)
        if not (lacking or is_control):
            chroms["ends_at_peaks"] = own.groupby("chrom").ends_at_peaks.sum()
            lacking = _at_peaks(what, chroms, odd)
        wrong += lacking
    _few_in_controls(counts, odd)
    for message in odd:
        log.warning("fold %s: %s", fold, message)
    if wrong:
        raise InputError(
            f"condition {condition}, fold {fold}: {'; '.join(wrong)}. Give alignments of the whole "
            "genome (in the sheet), leave out chromosomes (config key genome/exclude), or hold out "
            f"others (config key training/folds/{fold})"
        )


def _without_ends(
    what: str, ends: pd.DataFrame, peaks: pd.Series, split: pd.Series, odd: list[str]
) -> list[str]:
    """Say where tracks have no 5' ends, by chromosome; what is odd of them is added to a list."""
    wrong = []
    empty = ends.columns[ends.sum() == 0]
    if len(empty) < ends.shape[1]:  # reads of one strand may be all that there are
        odd += [f"{what} has no 5' ends at all on the {track} strand" for track in empty]
        ends = ends.drop(columns=empty)
    for name in SPLITS:
        chroms = split.index[split == name]
        here = f"the {name} chromosomes ({some(chroms)})"
        for track in ends:
            none = f"{what} has no 5' ends{_of_strand(track)}"
            own = ends[track]
            bare = [c for c in chroms if peaks[c] >= FEWEST_PEAKS and not own[c]]
            if not own[chroms].sum():
                wrong.append(f"{none} on {here}; it has some on {some(own.index[own > 0])}")
            elif bare:
                wrong.append(
                    f"{none} on {some(bare)} of the {name} chromosomes, where there are peaks"
                )
        share = ends.loc[chroms].sum().sum() / max(ends.sum().sum(), 1)
        if share > NEARLY_ALL:
            odd.append(f"{what} has {share:.1%} of its 5' ends on {here}")
    return wrong


def _of_strand(track: str) -> str:
    return "" if track == "unstranded" else f" of the {track} strand"


def _at_peaks(what: str, chroms: pd.DataFrame, odd: list[str]) -> list[str]:
    """Say in which splits an experiment's peaks have no 5' ends; what is odd is added to a list."""
    wrong = []
    for split in SPLITS:
        peaks, ends, positive = chroms.loc[
            chroms.split == split, ["peaks", "ends_at_peaks", "positive"]
        ].sum()
        here = f"on the {split} chromosomes"
        if peaks and not ends:
            wrong.append(
                f"{what} has no 5' ends within {AROUND} bp of any of its {peaks} peaks {here}"
            )
        elif peaks and ends < FEW_ENDS * peaks:
            odd.append(
                f"{what} has {ends / peaks:.2g} 5' ends within {AROUND} bp of a peak {here}, on "
                f"average; {FEW_ENDS} are few"
            )
        if peaks < FEW_PEAKS:
            odd.append(f"{what} has {peaks} peaks {here}; metrics of so few say little")
        elif not positive:
            odd.append(f"{what} has {peaks} peaks and no positive bin {here}")
    return wrong


def _few_in_controls(counts: pd.DataFrame, odd: list[str]) -> None:
    """Add to a list where a control is nearly empty beside each experiment of the condition."""
    ends = counts.groupby(["kind", "split", "experiment"]).ends.sum()
    for (kind, split, name), number in ends.items():
        least = ends["task", split].min()
        if kind == "control" and 0 < number < EMPTY_CONTROL * least:
            odd.append(
                f"control {name} has {number} 5' ends on the {split} chromosomes, where experiments "
                f"have {least} or more"
            )
