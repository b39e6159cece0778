"""Which bins of the genome are positive, ambiguous or negative, by peaks.

A bin is positive for a task where it shares at least ``round(0.5 * min(width, peak length))`` bp
with one of its peaks. The next bin on either side of such a run is ambiguous, unless another peak
makes it positive. So is every bin that shares as much with a relaxed peak that overlaps no peak of
the task, even if a peak makes it positive. All else is negative. After
`peak_percent_overlap_with_bin_classification` of seqdataloader 1.2; `label_bins` says where the
two differ.
"""

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from attprior.bed import overlaps
from attprior.dataset.bins import NO_REGION, UNSURE, Bins, Runs

log = logging.getLogger(__name__)


def label_bins(
    lengths: np.ndarray,
    tasks: Sequence[str],
    regions: pd.DataFrame,
    relaxed: pd.DataFrame | None,
    width: int,
    stride: int,
    flank: int,
) -> Bins:
    """Label the bins of a genome.

    In seqdataloader, the ambiguous neighbour of a peak takes a bin from a peak that the file has
    before it; here the bin stays positive, and such bins are counted in the log. Near the ends of
    chromosomes, seqdataloader cuts peaks to what lies between the first bases of the first and of
    the last bin, and passes over positives of a peak that reaches back before the first bin; here
    peaks are whole everywhere.

    Parameters
    ----------
    lengths
        (C,) int64, chromosomes' lengths in bp.
    tasks
        Names of the tasks.
    regions
        Peaks of all tasks: task (index), start, end and summit (on all chromosomes laid end to
        end), signal, rank. Its index counts from 0.
    relaxed
        Relaxed peaks of the tasks that have some, with the same columns; None without any.
    width, stride, flank
        Of the bins, in bp.
    """
    bins = Bins(width, stride, flank, lengths, [], regions)
    for task, name in enumerate(tasks):
        peaks = regions[regions.task == task]
        weak = peaks[:0] if relaxed is None else relaxed[relaxed.task == task]
        weak = weak[~overlaps(weak.assign(chrom=0), peaks.assign(chrom=0))]
        runs, kept = _label_task(bins, peaks, weak)
        bins.runs.append(runs)
        sizes = runs.stop - runs.first
        positive, ambiguous = sizes[runs.region >= 0].sum(), sizes[runs.region < 0].sum()
        log.info(
            "%s: %d positive, %d ambiguous and %d negative bins; %d are positive that a later "
            "peak's ambiguous neighbour would have taken in seqdataloader",
            *(name, positive, ambiguous, bins.number - positive - ambiguous, kept),
        )
    return bins


def _label_task(bins: Bins, peaks: pd.DataFrame, weak: pd.DataFrame) -> tuple[Runs, int]:
    """Runs of a task, and how many bins are positive here and not in seqdataloader's order."""
    reach = _reach(bins, peaks)
    chromosome = bins.chromosome(reach.first)
    left = reach.first > bins.offsets[chromosome]
    right = reach.stop < (bins.offsets + bins.counts)[chromosome]
    beside = np.concatenate([reach.first[left] - 1, reach.stop[right]])
    neighbours = Runs(beside, beside + 1, np.full(len(beside), UNSURE))

    worst_first = np.argsort(-peaks["rank"].to_numpy()[reach.region])
    positive = reach.select(worst_first)
    rows = peaks.index.to_numpy(dtype=np.int64)[positive.region]
    unsure = _reach(bins, weak)
    unsure = Runs(unsure.first, unsure.stop, np.full(len(unsure.first), UNSURE))
    runs = _paint(neighbours, Runs(positive.first, positive.stop, rows), unsure)

    place = np.empty(len(peaks), dtype=np.int64)
    place[np.lexsort((peaks.summit, peaks.end, peaks.start))] = np.arange(len(peaks))
    place = place[reach.region]
    last = _paint(Runs(reach.first, reach.stop, place).select(np.argsort(place)))
    later = np.concatenate([place[left], place[right]]) > last.at(beside)
    return runs, len(np.unique(beside[later & (runs.at(beside) >= 0)]))


def _reach(bins: Bins, peaks: pd.DataFrame) -> Runs:
    """Bins that share enough with each of the peaks (their places in the table as regions).

    Peaks of one base share enough with bins that they touch, as half a base is rounded to none
    (half to even, as in Python and in seqdataloader).
    """
    offsets = np.cumsum(bins.lengths) - bins.lengths
    chromosome = np.searchsorted(offsets, peaks.start, side="right") - 1
    start, end = (peaks[side].to_numpy() - offsets[chromosome] for side in ("start", "end"))
    share = np.rint(0.5 * np.minimum(bins.width, end - start)).astype(np.int64)
    # rounded up: the first bin whose end lies so far inside the peak
    first = -((bins.flank + bins.width - share - start) // bins.stride)
    last = (end - share - bins.flank) // bins.stride
    first = np.maximum(first, 0)
    stop = np.minimum(last + 1, bins.counts[chromosome])
    offset = bins.offsets[chromosome]
    runs = Runs(first + offset, stop + offset, np.arange(len(peaks)))
    return runs.select(first < stop)


def _paint(*layers: Runs) -> Runs:
    """Lay runs over each other, later ones covering earlier ones, and join what is alike."""
    first, stop, region = (
        np.concatenate([getattr(layer, column) for layer in layers])
        for column in ("first", "stop", "region")
    )
    edges = np.unique(np.concatenate([first, stop]))
    painted = np.full(len(edges), NO_REGION)  # from each edge to the next
    begin, end = np.searchsorted(edges, first), np.searchsorted(edges, stop)
    for a, b, colour in zip(begin.tolist(), end.tolist(), region.tolist(), strict=True):
        painted[a:b] = colour
    changes = np.flatnonzero(np.diff(painted, prepend=NO_REGION))
    runs = Runs(edges[changes[:-1]], edges[changes[1:]], painted[changes[:-1]])
    return runs.select(runs.region != NO_REGION)
