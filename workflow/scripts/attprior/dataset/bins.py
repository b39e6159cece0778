"""Bins of the whole genome, and which of them are positive, ambiguous or negative.

A bin is positive for a task where it shares at least ``round(0.5 * min(width, peak length))`` bp
with one of its peaks. The next bin on either side of such a run is ambiguous, unless another peak
makes it positive. So is every bin that shares as much with a relaxed peak that overlaps no peak of
the task, even if a peak makes it positive. All else is negative. After
`peak_percent_overlap_with_bin_classification` of seqdataloader 1.2; `label_bins` says where the
two differ.

hg38 has 60 million bins, so labels are runs of bins; nothing is stored or computed for each bin.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from attprior.bed import overlaps
from attprior.runs import expand

POSITIVE, NEGATIVE, AMBIGUOUS = 1, 0, -1
NO_REGION, UNSURE = -1, -2  # in the place of a region, where bins are negative and ambiguous

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Runs:
    """Runs of a task's bins that are not negative, in order, none touching another's bins.

    Parameters
    ----------
    first, stop
        (U,) int64, first bin of each run and the first past it.
    region
        (U,) int64, the region whose signal and rank the bins carry; -2 for ambiguous bins.
    """

    first: np.ndarray
    stop: np.ndarray
    region: np.ndarray

    def at(self, index: np.ndarray) -> np.ndarray:
        """Region (N,) of bins, -1 where they are negative, -2 where they are ambiguous."""
        if not len(self.first):
            return np.full(len(index), NO_REGION)
        run = np.searchsorted(self.first, index, side="right") - 1
        # before the first run, -1 takes the last, which doesn't hold the bin either
        inside = (index >= self.first[run]) & (index < self.stop[run])
        return np.where(inside, self.region[run], NO_REGION)

    def select(self, chosen: np.ndarray) -> "Runs":
        """Some of the runs."""
        return Runs(self.first[chosen], self.stop[chosen], self.region[chosen])

    def bins(self) -> np.ndarray:
        """Indices of all bins in the runs, in order."""
        return expand(self.first, self.stop)


@dataclass(frozen=True)
class Bins:
    """Bins, numbered over all chromosomes in order, and their labels.

    Bin b of a chromosome (from 0) starts at ``flank + stride * b``; the last ends at most at
    ``length - flank``, so that a model can read a bin and its flanks.

    Parameters
    ----------
    width, stride, flank
        bp.
    lengths
        (C,) int64, chromosomes' lengths in bp.
    runs
        T, what is not negative.
    regions
        Columns signal and rank of each peak.
    """

    width: int
    stride: int
    flank: int
    lengths: np.ndarray
    runs: Sequence[Runs]
    regions: pd.DataFrame

    @cached_property
    def counts(self) -> np.ndarray:
        """Bins of each chromosome, (C,) int64."""
        room = self.lengths - 2 * self.flank - self.width
        return np.where(room < 0, 0, room // self.stride + 1)

    @cached_property
    def offsets(self) -> np.ndarray:
        """First bin of each chromosome, (C,) int64."""
        return np.cumsum(self.counts) - self.counts

    @property
    def number(self) -> int:
        """Bins of all chromosomes."""
        return int(self.counts.sum())

    def chromosome(self, index: np.ndarray) -> np.ndarray:
        """Index (N,) of the chromosome of each bin."""
        # chromosomes too short for a bin share the offset of the next, which comes last
        return np.searchsorted(self.offsets, index, side="right") - 1

    def starts(self, index: np.ndarray) -> np.ndarray:
        """First base (N,) int64 of bins, on all chromosomes laid end to end."""
        chromosome = self.chromosome(index)
        base = np.cumsum(self.lengths) - self.lengths + self.flank
        return base[chromosome] + self.stride * (index - self.offsets[chromosome])

    def before(self, positions: np.ndarray) -> np.ndarray:
        """How many bins (N,) start before each position, on all chromosomes laid end to end."""
        begins = np.cumsum(self.lengths) - self.lengths
        chromosome = np.maximum(np.searchsorted(begins, positions, side="right") - 1, 0)
        # rounded up: a bin that starts at the position is not before it
        number = -((begins[chromosome] + self.flank - positions) // self.stride)
        return self.offsets[chromosome] + np.clip(number, 0, self.counts[chromosome])

    def labels(self, index: np.ndarray) -> np.ndarray:
        """Labels (N, T) int8 of bins: 1 positive, 0 negative, -1 ambiguous."""
        found = self._found(index)
        labels = np.where(found >= 0, POSITIVE, np.where(found == UNSURE, AMBIGUOUS, NEGATIVE))
        return labels.astype(np.int8)

    def region(self, index: np.ndarray) -> np.ndarray:
        """Region (N, T) int64 of each bin's best peak, -1 where it is not positive."""
        return np.maximum(self._found(index), NO_REGION)

    def signal(self, index: np.ndarray) -> np.ndarray:
        """Signal (N, T) float32 of each bin's best peak, NaN where it is not positive."""
        return self._carried(index, "signal", np.float32(np.nan))

    def rank(self, index: np.ndarray) -> np.ndarray:
        """Rank (N, T) int32 of each bin's best peak (0 is a task's best), -1 where there is none."""
        return self._carried(index, "rank", np.int32(-1))

    def positive(self, chromosomes: np.ndarray, regions: np.ndarray | None = None) -> np.ndarray:
        """Bins that are positive in any task.

        Parameters
        ----------
        chromosomes
            Indices of chromosomes.
        regions : (R,) bool, optional
            Which regions count; all if not given.

        Returns
        -------
        (N,) int64
            Their indices, sorted, each once.
        """
        chosen = [runs.select(runs.region >= 0) for runs in self.runs]
        if regions is not None:
            chosen = [runs.select(regions[runs.region]) for runs in chosen]
        first, stop = (
            np.concatenate([getattr(runs, side) for runs in chosen]) for side in ("first", "stop")
        )
        here = np.isin(self.chromosome(first), chromosomes)
        order = np.flatnonzero(here)[np.argsort(first[here], kind="stable")]
        first, stop = first[order], stop[order]
        # what the runs before reach is theirs
        reached = np.maximum.accumulate(np.append(0, stop))[:-1]
        rest = Runs(np.maximum(first, reached), stop, order)
        return rest.select(rest.first < rest.stop).bins()

    def _found(self, index: np.ndarray) -> np.ndarray:
        return np.stack([runs.at(index) for runs in self.runs], axis=1)

    def _carried(self, index: np.ndarray, column: str, absent: np.generic) -> np.ndarray:
        # the last value stands for no region, at index -1
        values = np.append(self.regions[column].to_numpy(), absent).astype(absent.dtype)
        return values[self.region(index)]


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
