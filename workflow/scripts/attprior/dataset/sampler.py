"""Which examples an epoch holds: peaks and random intervals, or positive and negative bins.

What an epoch holds, and in which order, depends on (seed, epoch) alone: not on what was drawn
before, on the batch that is asked for first, nor on the threads that make the batches.

Letters of shapes: N examples, T tasks, R peaks.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import pandas as pd

from attprior.dataset.windows import Batch, BinBatch, Windows
from attprior.errors import InputError

log = logging.getLogger(__name__)

GC_BINS = 100
CANDIDATES = 20  # windows looked at for each negative that has to match a GC content

Made = TypeVar("Made")


@dataclass(frozen=True)
class PeakSampler:
    """Peaks of some chromosomes, with random intervals of the same chromosomes as negatives.

    With neither jitter nor negatives it gives the peaks' summits, centred.

    Parameters
    ----------
    windows
        What is read.
    chromosomes
        Indices of the chromosomes to draw from.
    peaks
        Share (at most 1) or count of each task's best peaks, by signal.
    jitter
        Most base pairs that a window is moved.
    negatives_per_positive
        Random intervals for each window at a peak.
    tile_stride
        Distance (bp) of the windows whose centres tile a peak: its start, and every stride from
        there on before its end; the summit is among them by chance only. None for one window,
        centred on the summit.
    match_gc
        Whether negatives have the GC content of the positives, see `match_gc`; they then hold no
        peak's summit in their output window, where GC-rich intervals often would.
    """

    windows: Windows
    chromosomes: np.ndarray
    peaks: float = 1
    jitter: int = 0
    negatives_per_positive: float = 1
    tile_stride: int | None = None
    match_gc: bool = False

    def __post_init__(self) -> None:
        dropped = len(self._all_centres) - len(self._centres)
        if dropped:
            log.info(
                "%d of %d windows at peaks leave their chromosome and are left out",
                *(dropped, len(self._all_centres)),
            )

    @cached_property
    def _all_centres(self) -> np.ndarray:
        """Centres of the windows at peaks."""
        regions = self.windows.labels.regions
        regions = regions[best_peaks(regions, self.chromosomes, self.peaks)]
        if self.tile_stride is None:
            return regions.summit.to_numpy()
        return tiles(regions.start.to_numpy(), regions.end.to_numpy(), self.tile_stride)

    @cached_property
    def _centres(self) -> np.ndarray:
        """Those of windows that lie whole in their chromosome."""
        return self._all_centres[self.windows.inside(self.windows.starts(self._all_centres))]

    def _moved(self, rng: np.random.Generator) -> np.ndarray:
        """Centres after jitter."""
        centres = self._centres
        if not self.jitter:
            return centres
        moved = centres + rng.integers(-self.jitter, self.jitter + 1, size=len(centres))
        starts, coordinates = self.windows.starts(moved), self.windows.labels.coordinates
        # a window that its jitter moves over an end, or past it, stays where it is
        at_home = coordinates.chromosome(starts) == coordinates.chromosome(centres)
        return np.where(self.windows.inside(starts) & at_home, moved, centres)

    def _random(self, number: int, rng: np.random.Generator) -> np.ndarray:
        """First positions of random input windows, uniform over the chromosomes."""
        coordinates, length = self.windows.labels.coordinates, self.windows.input_length
        room = np.maximum(coordinates.lengths[self.chromosomes] - length + 1, 0)
        if number and not room.sum():
            raise InputError(
                f"input_length is {length}, but chromosomes "
                f"{', '.join(coordinates.names[c] for c in self.chromosomes)} are all shorter"
            )
        at = rng.integers(room.sum(), size=number)
        which = np.searchsorted(np.cumsum(room), at, side="right")
        before = np.concatenate([[0], np.cumsum(room)])[which]
        return coordinates.offsets[self.chromosomes][which] + at - before

    def _negatives(self, positives: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """First positions of the negatives' windows, for those of the positives."""
        number = round(self.negatives_per_positive * len(positives))
        if not self.match_gc:
            return self._random(number, rng)
        offered = self._random(CANDIDATES * number, rng)
        offered = offered[~self.windows.holds_summit(offered)]
        wanted = np.resize(rng.permutation(self.windows.gc_content(positives)), number)
        return offered[match_gc(wanted, self.windows.gc_content(offered))]

    def epoch(self, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """First positions (N,) of an epoch's input windows in random order, and which are peaks."""
        rng = np.random.default_rng([seed, epoch])
        positives = self.windows.starts(self._moved(rng))
        return shuffled(positives, self._negatives(positives, rng), rng)

    def batches(
        self,
        seed: int,
        epoch: int,
        batch_size: int,
        both_strands: bool,
        first: int = 0,
        workers: int = 0,
    ) -> Iterator[Batch]:
        """Batches of an epoch; `batch_size` counts examples before reverse complements.

        Parameters
        ----------
        first
            Number of the batch to begin with, from 0.
        workers
            Threads that make batches ahead; 0 to make each when it is asked for.
        """
        starts, positive = self.epoch(seed, epoch)

        def make(part: slice) -> Batch:
            return self.windows.batch(starts[part], positive[part], both_strands)

        yield from in_order(make, len(starts), batch_size, first, workers)


@dataclass(frozen=True)
class BinSampler:
    """Positive bins of some chromosomes, with random negative bins of the same chromosomes.

    A bin is positive if any task's label is, and negative only if all tasks' are: a bin that is
    ambiguous in some task and positive in none is neither, and so is one that only peaks outside
    the wanted subset make positive.

    Parameters
    ----------
    windows
        What is read, centred on the bins.
    chromosomes
        Indices of the chromosomes to draw from.
    peaks
        Share (at most 1) or count of each task's best peaks, by signal, whose bins are positive.
    negatives_per_positive
        Negative bins for each positive one, each at most once an epoch.
    match_gc
        Whether negatives have the GC content of the positives, see `match_gc`.
    """

    windows: Windows
    chromosomes: np.ndarray
    peaks: float = 1
    negatives_per_positive: float = 1
    match_gc: bool = False

    def __post_init__(self) -> None:
        dropped = len(self._all_positives) - len(self._positives)
        if dropped:
            log.info(
                "%d of %d positive bins have windows that leave their chromosome, and are left out",
                *(dropped, len(self._all_positives)),
            )
        wanted = round(self.negatives_per_positive * len(self._positives))
        available = self._negative_runs[1][-1]
        if available < wanted:
            log.warning("only %d negative bins for %d wanted", available, wanted)

    @cached_property
    def _all_positives(self) -> np.ndarray:
        """Indices of the bins that the wanted peaks make positive, sorted."""
        labels = self.windows.labels
        best = best_peaks(labels.regions, self.chromosomes, self.peaks)
        return labels.bins.positive(self.chromosomes, best)

    @cached_property
    def _positives(self) -> np.ndarray:
        """Those whose windows lie whole in their chromosome."""
        return self._all_positives[self.windows.inside(self._starts(self._all_positives))]

    @cached_property
    def _negative_runs(self) -> tuple[np.ndarray, np.ndarray]:
        """First bins of the runs of negative bins, and how many bins the runs before have."""
        bins = self.windows.labels.bins
        begins, ends = bins.offsets, np.append(bins.offsets[1:], bins.number)
        # at a chromosome's ends, bins whose windows may leave it
        beyond = max(self.windows.input_length - bins.width - 2 * bins.flank, 0)
        edge = -(-((beyond + 1) // 2) // bins.stride)
        other = np.setdiff1d(np.arange(len(begins)), self.chromosomes)
        # all that is not to be drawn: what is not negative, and where nothing is drawn
        first = [*(runs.first for runs in bins.runs), begins[other]]
        first += [begins, np.maximum(ends - edge, begins)]
        stop = [*(runs.stop for runs in bins.runs), ends[other]]
        stop += [np.minimum(begins + edge, ends), ends]
        first, stop = np.concatenate(first), np.concatenate(stop)
        order = np.argsort(first)
        start = np.append(0, np.maximum.accumulate(stop[order]))
        length = np.maximum(np.append(first[order], bins.number) - start, 0)
        return start[length > 0], np.append(0, np.cumsum(length[length > 0]))

    def _starts(self, index: np.ndarray) -> np.ndarray:
        """First positions of the input windows around bins."""
        bins = self.windows.labels.bins
        return self.windows.starts(bins.starts(index) + bins.width // 2)

    def _random(self, number: int, rng: np.random.Generator) -> np.ndarray:
        """Indices of random negative bins, each once; all of them if there are fewer."""
        start, before = self._negative_runs
        drawn = rng.choice(before[-1], size=min(number, before[-1]), replace=False)
        run = np.searchsorted(before, drawn, side="right") - 1
        return start[run] + drawn - before[run]

    def _negatives(self, positives: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Indices of the negative bins."""
        number = round(self.negatives_per_positive * len(positives))
        if not self.match_gc:
            return self._random(number, rng)
        offered = self._random(CANDIDATES * number, rng)
        content = self.windows.gc_content
        wanted = np.resize(rng.permutation(content(self._starts(positives))), number)
        return offered[match_gc(wanted, content(self._starts(offered)))]

    def bins(self, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Indices (N,) of an epoch's bins in random order, and which are positive."""
        rng = np.random.default_rng([seed, epoch])
        return shuffled(self._positives, self._negatives(self._positives, rng), rng)

    def epoch(self, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """First positions (N,) of an epoch's input windows, and which are of positive bins."""
        index, positive = self.bins(seed, epoch)
        return self._starts(index), positive

    def batches(
        self,
        seed: int,
        epoch: int,
        batch_size: int,
        both_strands: bool,
        first: int = 0,
        workers: int = 0,
    ) -> Iterator[BinBatch]:
        """Batches of an epoch, as those of `PeakSampler`, with the bins' labels."""
        index, positive = self.bins(seed, epoch)
        copies = 2 if both_strands else 1

        def make(part: slice) -> BinBatch:
            return BinBatch(
                self.windows.one_hot(self._starts(index[part]), both_strands),
                np.tile(self.windows.labels.bins.labels(index[part]), (copies, 1)),
                np.tile(positive[part], copies),
            )

        yield from in_order(make, len(index), batch_size, first, workers)


def best_peaks(regions: pd.DataFrame, chromosomes: np.ndarray, peaks: float) -> np.ndarray:
    """Which regions (R,) are among the best of their task on some chromosomes, by signal.

    Parameters
    ----------
    peaks
        How many of each task: a share if at most 1 (rounded up), else a count.
    """
    there = regions.chromosome.isin(chromosomes).to_numpy(copy=True)
    signal = regions[there].groupby("task").signal
    # a share of a whole number must not be rounded up past it
    share = peaks <= 1
    most = np.ceil((peaks * signal.transform("size")).round(6)) if share else peaks
    there[there] = signal.rank(ascending=False, method="first") <= most
    return there


def tiles(start: np.ndarray, end: np.ndarray, stride: int) -> np.ndarray:
    """Positions that tile intervals: each one's start, and every stride from there before its end."""
    number = -(-(end - start) // stride)
    return np.repeat(start, number) + stride * ranges(np.zeros_like(number), number)


def ranges(first: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Whole numbers from each `first` up to its `stop`, one range after the other."""
    length = stop - first
    return np.arange(length.sum()) + np.repeat(first - (np.cumsum(length) - length), length)


def match_gc(wanted: np.ndarray, offered: np.ndarray) -> np.ndarray:
    """Choose windows by their GC content.

    Contents are compared in bins of 1 %. Each window wanted gets one of its own bin; where those
    are used up, one of the nearest bin that has any left. With 20 windows offered for each one
    wanted, bins up to 20 times as frequent among those wanted as in the genome are met in full.

    Parameters
    ----------
    wanted
        GC contents (N,) to be matched.
    offered
        GC contents (M,) of the windows to choose from, in random order.

    Returns
    -------
    (N,) int64
        Rows of `offered`, each at most once; M of them if M is less than N.
    """
    demand, _ = _gc_histogram(wanted)
    supply, bins = _gc_histogram(offered)
    rows = np.argsort(bins, kind="stable")  # by bin, and as they were drawn within one
    first, taken = np.cumsum(supply) - supply, np.zeros(GC_BINS, dtype=np.int64)
    for distance in range(GC_BINS):
        for gc in np.flatnonzero(demand):
            for near in (gc - distance, gc + distance):
                if 0 <= near < GC_BINS:
                    number = min(demand[gc], supply[near] - taken[near])
                    demand[gc] -= number
                    taken[near] += number
        if distance == 0:
            log.info(
                "GC content: %d of %d negatives have that of a positive, to 1 %%; the others, the "
                "nearest to be had",
                *(len(wanted) - demand.sum(), len(wanted)),
            )
    return rows[ranges(first, first + taken)]


def _gc_histogram(content: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Windows (GC_BINS,) of each bin of GC content, and the bin of each window."""
    bins = np.minimum((content * GC_BINS).astype(np.int64), GC_BINS - 1)
    return np.bincount(bins, minlength=GC_BINS), bins


def shuffled(
    positives: np.ndarray, negatives: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Positives and negatives in random order (N,), and which are positives."""
    order = rng.permutation(len(positives) + len(negatives))
    return np.concatenate([positives, negatives])[order], order < len(positives)


def in_order(
    make: Callable[[slice], Made], number: int, batch_size: int, first: int, workers: int
) -> Iterator[Made]:
    """Make the batches of `number` examples from batch `first` on, by threads if any; in order."""
    parts = (slice(at, at + batch_size) for at in range(first * batch_size, number, batch_size))
    if not workers:
        yield from map(make, parts)
        return
    with ThreadPoolExecutor(workers) as pool:
        ahead = deque()
        for part in parts:
            ahead.append(pool.submit(make, part))
            if len(ahead) > 2 * workers:  # so that memory holds a few batches only
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def sampler(
    windows: Windows, chromosomes: np.ndarray, settings: Mapping, examples: str = "profiles"
) -> PeakSampler | BinSampler:
    """Sampler of training examples by settings; examples are `profiles` or `bins`."""
    common = {key: settings[key] for key in ("peaks", "negatives_per_positive", "match_gc")}
    if examples == "bins":
        return BinSampler(windows, chromosomes, **common)
    own = {key: settings[key] for key in ("jitter", "tile_stride")}
    return PeakSampler(windows, chromosomes, **common, **own)
