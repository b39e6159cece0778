"""Bins of the whole genome, and which of them are positive, ambiguous or negative.

hg38 has 60 million bins, so labels are runs of bins; nothing is stored or computed for each bin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from attprior.runs import expand

POSITIVE, NEGATIVE, AMBIGUOUS = 1, 0, -1
NO_REGION, UNSURE = -1, -2  # in the place of a region, where bins are negative and ambiguous


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
