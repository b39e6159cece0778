"""Which examples an epoch holds: peaks and random intervals, or positive and negative bins.

What an epoch holds, and in which order, depends on (seed, epoch) alone: not on what was drawn
before, on the batch that is asked for first, nor on the threads that make the batches.

Letters of shapes: N examples, T tasks, R peaks.
"""

import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from attprior.dataset.folds import chromosomes_of
from attprior.dataset.windows import Batch, BinBatch, Windows
from attprior.errors import InputError
from attprior.genome import some
from attprior.models.registry import declaration
from attprior.runs import expand, outside, place

log = logging.getLogger(__name__)

GC_BINS = 100
CANDIDATES = 20  # windows looked at for each negative that has to match a GC content

# settings of both kinds of samplers
SHARED = ("peaks", "negatives_per_positive", "match_gc", "max_unknown")
# what models are measured on is the same for all seeds and arms
HELD_OUT_SEED = 0
HELD_OUT = {
    "peaks": 1,
    "jitter": 0,
    "tile_stride": None,
    "negatives_per_positive": 1,
    "match_gc": False,
}

T = TypeVar("T")


@dataclass(frozen=True)
class Sampler(ABC):
    """Positive examples of some chromosomes, with random negative ones of the same chromosomes.

    Negatives keep out of the blacklist, by the whole of their input window. Examples are numbered:
    those at peaks by the first position of their input window, bins by their index.

    Parameters
    ----------
    windows
        What is read.
    chromosomes
        Indices of the chromosomes to draw from.
    peaks
        Share (at most 1) or count of each task's best peaks, by signal, that make positives.
    negatives_per_positive
        Negatives for each positive.
    match_gc
        Whether negatives have the GC content of the positives, see `match_gc`.
    max_unknown
        Largest share of unknown bases in the input window of a negative.
    only_negatives
        Whether the positives, which the negatives go by, are left out of an epoch.
    """

    windows: Windows
    chromosomes: np.ndarray
    peaks: float = 1
    negatives_per_positive: float = 1
    match_gc: bool = False
    max_unknown: float = 0
    only_negatives: bool = False

    @abstractmethod
    def _starts(self, examples: np.ndarray) -> np.ndarray:
        """First positions of the input windows of examples."""

    @abstractmethod
    def _drawn(self, rng: np.random.Generator) -> np.ndarray:
        """Positives of an epoch."""

    @abstractmethod
    def _outside(self, *barred: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Runs, as `outside` gives them, of negatives whose windows begin in none of some runs."""

    @abstractmethod
    def _ranks(self, number: int, total: int, rng: np.random.Generator) -> np.ndarray:
        """Which of all that negatives may be are drawn."""

    @abstractmethod
    def _batch(self, examples: np.ndarray, positive: np.ndarray, both_strands: bool) -> Any:
        """What models learn from: `Batch` or `BinBatch`."""

    @cached_property
    def _barred(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Runs of the first positions that negatives' windows may not have."""
        return [self.windows.leaving(self.chromosomes), self.windows.unfit(self.max_unknown)]

    @cached_property
    def _allowed(self) -> tuple[np.ndarray, np.ndarray]:
        """Runs of what negatives may be, as `outside` gives them."""
        return self._outside(*self._barred)

    @property
    def _names(self) -> str:
        """Names of the chromosomes, for messages."""
        names = self.windows.labels.coordinates.names
        return some(names[chromosome] for chromosome in self.chromosomes)

    def _tell_left_out(self) -> None:
        """Log how many possible negatives are left out."""
        if not self.negatives_per_positive:
            return
        possible = int(self._outside(self._barred[0])[1][-1])
        dropped = possible - int(self._allowed[1][-1])
        if dropped:
            log.info(
                "%s: %d of %d possible negatives have too many unknown bases or lie in the "
                "blacklist, and are left out",
                *(self._names, dropped, possible),
            )

    def _random(self, number: int, rng: np.random.Generator) -> np.ndarray:
        """Random negatives, uniform over all that they may be."""
        total = int(self._allowed[1][-1])
        if number and not total:
            raise InputError(
                f"no place for a negative on {self._names}: all windows of input_length "
                f"{self.windows.input_length} leave their chromosome, hold a larger share of "
                f"unknown bases than max_unknown ({self.max_unknown:g}), lie in the blacklist or "
                "at peaks; raise max_unknown, or move chromosomes between splits (training/folds)"
            )
        return place(self._allowed, self._ranks(number, total, rng))

    def _offered(self, number: int, rng: np.random.Generator) -> np.ndarray:
        """Random negatives that those of a GC content are chosen from."""
        return self._random(number, rng)

    def _negatives(self, positives: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Negatives of an epoch with some positives."""
        number = round(self.negatives_per_positive * len(positives))
        if not self.match_gc:
            return self._random(number, rng)
        offered = self._offered(CANDIDATES * number, rng)
        content = self.windows.gc_content
        wanted = np.resize(rng.permutation(content(self._starts(positives))), number)
        return offered[match_gc(wanted, content(self._starts(offered)))]

    def examples(self, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """An epoch's examples (N,) in random order, and which are positive."""
        rng = np.random.default_rng([seed, epoch])
        positives = self._drawn(rng)
        negatives = self._negatives(positives, rng)
        return shuffled(positives[: 0 if self.only_negatives else None], negatives, rng)

    def epoch(self, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """First positions (N,) of an epoch's input windows, and which are of positives."""
        examples, positive = self.examples(seed, epoch)
        return self._starts(examples), positive

    def batches(
        self,
        seed: int,
        epoch: int,
        batch_size: int,
        both_strands: bool,
        first: int = 0,
        workers: int = 0,
    ) -> Iterator[Any]:
        """Batches of an epoch; `batch_size` counts examples before reverse complements.

        Parameters
        ----------
        first
            Number of the batch to begin with, from 0.
        workers
            Threads that make batches ahead; 0 to make each when it is asked for.

        Yields
        ------
        Batch or BinBatch
            What the sampler's kind of models learns from.
        """
        examples, positive = self.examples(seed, epoch)

        def make(part: slice) -> Any:
            return self._batch(examples[part], positive[part], both_strands)

        yield from in_order(make, len(examples), batch_size, first, workers)


@dataclass(frozen=True)
class PeakSampler(Sampler):
    """Windows at peaks, and random intervals.

    With neither jitter nor negatives it gives the peaks' summits, centred. Negatives that are matched
    by GC content hold no peak's summit in their output window, where GC-rich intervals often would.

    Parameters
    ----------
    jitter
        Most base pairs that a window is moved.
    tile_stride
        Distance (bp) of the windows whose centres tile a peak: its start, and every stride from
        there on before its end; the summit is among them by chance only. None for one window,
        centred on the summit.
    """

    jitter: int = 0
    tile_stride: int | None = None

    def __post_init__(self) -> None:
        whole = self.windows.inside(self.windows.starts(self._all_centres))
        if not whole.all():
            log.info(
                "%d of %d windows at peaks leave their chromosome and are left out",
                *((~whole).sum(), len(whole)),
            )
        self._tell_left_out()

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
        """Those of windows that lie whole in their chromosome; without jitter each place once.

        An example is of all tasks, so a summit that several have would be measured twice.
        """
        centres = self._all_centres if self.jitter else pd.unique(self._all_centres)
        return centres[self.windows.inside(self.windows.starts(centres))]

    def _starts(self, examples: np.ndarray) -> np.ndarray:
        return examples

    def _drawn(self, rng: np.random.Generator) -> np.ndarray:
        centres = self._centres
        if not self.jitter:
            return self.windows.starts(centres)
        moved = centres + rng.integers(-self.jitter, self.jitter + 1, size=len(centres))
        starts, coordinates = self.windows.starts(moved), self.windows.labels.coordinates
        # a window that its jitter moves over an end, or past it, stays where it is
        same_chromosome = coordinates.chromosome(starts) == coordinates.chromosome(centres)
        stays = ~(self.windows.inside(starts) & same_chromosome)
        return np.where(stays, self.windows.starts(centres), starts)

    def _outside(self, *barred: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        return outside(len(self.windows.genome), *barred)

    def _ranks(self, number: int, total: int, rng: np.random.Generator) -> np.ndarray:
        return rng.integers(total, size=number) if number else np.arange(0)

    def _offered(self, number: int, rng: np.random.Generator) -> np.ndarray:
        offered = self._random(number, rng)
        return offered[~self.windows.holds_summit(offered)]

    def _batch(self, examples: np.ndarray, positive: np.ndarray, both_strands: bool) -> Batch:
        return self.windows.batch(examples, positive, both_strands)


@dataclass(frozen=True)
class BinSampler(Sampler):
    """Positive bins, and random negative ones, each at most once an epoch.

    A bin is positive if any task's label is, and negative only if all tasks' are: a bin that is
    ambiguous in some task and positive in none is neither, and so is one that only peaks outside
    the wanted subset make positive.
    """

    def __post_init__(self) -> None:
        dropped = len(self._all_positives) - len(self._positives)
        if dropped:
            log.info(
                "%d of %d positive bins have windows that leave their chromosome, and are left out",
                *(dropped, len(self._all_positives)),
            )
        self._tell_left_out()
        wanted = round(self.negatives_per_positive * len(self._positives))
        available = int(self._allowed[1][-1])
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

    def _starts(self, examples: np.ndarray) -> np.ndarray:
        bins = self.windows.labels.bins
        return self.windows.starts(bins.starts(examples) + bins.width // 2)

    def _drawn(self, rng: np.random.Generator) -> np.ndarray:
        return self._positives

    def _outside(
        self, *barred: tuple[np.ndarray, np.ndarray], task: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        # with a task, what is negative there and positive in no task
        bins = self.windows.labels.bins
        runs = [
            of if task in (None, number) else of.select(of.region >= 0)
            for number, of in enumerate(bins.runs)
        ]
        # from where a window begins to where its bin does
        shift = self.windows.input_length // 2 - bins.width // 2
        windows = [
            (bins.before(first + shift), bins.before(stop + shift)) for first, stop in barred
        ]
        return outside(bins.number, *((of.first, of.stop) for of in runs), *windows)

    def _ranks(self, number: int, total: int, rng: np.random.Generator) -> np.ndarray:
        return rng.choice(total, size=min(number, total), replace=False)

    def drawn_from(self) -> np.ndarray:
        """How many bins (T,) random ones stand for, by task: negative there, and positive in none.

        Bins that can't be negatives for their sequence are not among them.
        """
        tasks = range(len(self.windows.labels.tasks))
        return np.array([self._outside(*self._barred, task=task)[1][-1] for task in tasks])

    def _batch(self, examples: np.ndarray, positive: np.ndarray, both_strands: bool) -> BinBatch:
        copies = 2 if both_strands else 1
        return BinBatch(
            self.windows.one_hot(self._starts(examples), both_strands),
            np.tile(self.windows.labels.bins.labels(examples), (copies, 1)),
            np.tile(positive, copies),
        )


def best_peaks(regions: pd.DataFrame, chromosomes: np.ndarray, peaks: float) -> np.ndarray:
    """Which regions (R,) are among the best of their task on some chromosomes, by rank.

    Parameters
    ----------
    peaks
        How many of each task: a share if at most 1 (rounded up), else a count.
    """
    there = regions.chromosome.isin(chromosomes).to_numpy(copy=True)
    rank = regions[there].groupby("task")["rank"]
    # a share of a whole number must not be rounded up past it
    share = peaks <= 1
    most = np.ceil((peaks * rank.transform("size")).round(6)) if share else peaks
    there[there] = rank.rank(method="first") <= most
    return there


def first_of_locus(regions: pd.DataFrame) -> np.ndarray:
    """Which regions (R,) are the first in the table of those at their locus.

    Regions that overlap, of one task or several, are one locus, and so are those that others join.
    """
    start, end = (regions[side].to_numpy() for side in ("start", "end"))
    order = np.argsort(start, kind="stable")
    reached = np.maximum.accumulate(end[order])
    locus = np.empty(len(order), dtype=np.int64)
    locus[order] = np.cumsum(np.append(True, start[order][1:] >= reached[:-1])[: len(order)])
    return ~pd.Series(locus).duplicated().to_numpy()


def tiles(start: np.ndarray, end: np.ndarray, stride: int) -> np.ndarray:
    """Positions that tile intervals: each one's start, and every stride from there before its end."""
    number = -(-(end - start) // stride)
    return np.repeat(start, number) + stride * expand(np.zeros_like(number), number)


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
    return rows[expand(first, first + taken)]


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
    make: Callable[[slice], T], number: int, batch_size: int, first: int, workers: int
) -> Iterator[T]:
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


def sampler(windows: Windows, chromosomes: np.ndarray, settings: Mapping) -> Sampler:
    """Training examples, of the kind that the architecture of the settings learns from."""
    common = {key: settings[key] for key in SHARED}
    if declaration(settings["architecture"]).examples == "bins":
        return BinSampler(windows, chromosomes, **common)
    own = {key: settings[key] for key in ("jitter", "tile_stride")}
    return PeakSampler(windows, chromosomes, **common, **own)


def sampler_of(windows: Windows, fold: str | Path, split: str, settings: Mapping) -> Sampler:
    """Examples of a split; what is held out is sampled as `HELD_OUT` says."""
    settings = settings if split == "training" else {**settings, **HELD_OUT}
    return sampler(windows, chromosomes_of(windows.labels, fold, split), settings)
