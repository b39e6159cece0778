"""Examples of profile models: peaks and random intervals, and what a model reads at them.

Letters of shapes: N examples, L input positions, T tasks, S strands, O profile positions,
C controls.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from attprior.dataset.store import Labels
from attprior.errors import InputError
from attprior.sequence import one_hot_codes, reverse_complement

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """Examples as arrays.

    Parameters
    ----------
    sequences
        (N, 4, L) float32, one-hot.
    profiles, control
        (N, T, S, O) and (N, C, S, O) float32, counts of 5' ends; C is 0 without controls.
    positive
        (N,) bool, whether the example is a peak.
    """

    sequences: np.ndarray
    profiles: np.ndarray
    control: np.ndarray
    positive: np.ndarray


@dataclass(frozen=True)
class Windows:
    """What a model reads and predicts, anywhere on the genome.

    Parameters
    ----------
    labels
        The condition's data.
    genome
        (G,) uint8, codes of all chromosomes end to end.
    input_length, profile_length
        L and O, bp.
    """

    labels: Labels
    genome: np.ndarray
    input_length: int
    profile_length: int

    def starts(self, centres: np.ndarray) -> np.ndarray:
        """First position of the input windows around centres."""
        return centres - self.input_length // 2

    def sequences(self, starts: np.ndarray) -> np.ndarray:
        """Codes (N, L) uint8 of the input windows."""
        return self.genome[starts[:, None] + np.arange(self.input_length)]

    def counts(self, starts: np.ndarray, control: bool = False) -> np.ndarray:
        """Counts (N, T, S, O) of the output windows in the middle of the input windows."""
        middle = starts + (self.input_length - self.profile_length) // 2
        return self.labels.windows(middle, self.profile_length, control)

    def holds_summit(self, starts: np.ndarray) -> np.ndarray:
        """Whether a peak's summit lies in the output window of each input window."""
        summits = np.sort(self.labels.regions.summit.to_numpy())
        middle = starts + (self.input_length - self.profile_length) // 2
        ends = np.searchsorted(summits, middle + self.profile_length)
        return ends > np.searchsorted(summits, middle)

    def batch(self, starts: np.ndarray, positive: np.ndarray, both_strands: bool) -> Batch:
        """Examples at input windows, followed by their reverse complements if wanted."""
        codes = self.sequences(starts)
        counts, control = self.counts(starts), self.counts(starts, control=True)
        if both_strands:
            codes = np.concatenate([codes, reverse_complement(codes)])
            # the other strand reads backwards, and what was plus is minus
            counts = np.concatenate([counts, counts[:, :, ::-1, ::-1]])
            control = np.concatenate([control, control[:, :, ::-1, ::-1]])
            positive = np.concatenate([positive, positive])
        return Batch(one_hot_codes(codes), counts, control, positive)


@dataclass(frozen=True)
class PeakSampler:
    """Peaks of some chromosomes, with random intervals of the same chromosomes as negatives.

    What an epoch holds depends on (seed, epoch) alone.

    Parameters
    ----------
    windows
        What is read.
    chromosomes
        Indices of the chromosomes to draw from.
    peaks
        Share (at most 1) or count of each task's best peaks, by signal.
    jitter
        Most base pairs that a peak is moved.
    negatives_per_peak
        Random intervals for each peak.
    """

    windows: Windows
    chromosomes: np.ndarray
    peaks: float = 1
    jitter: int = 0
    negatives_per_peak: float = 1

    def __post_init__(self) -> None:
        dropped = len(self._summits(whole=False)) - len(self._summits())
        if dropped:
            log.info("%d peaks too near a chromosome's end for the input are left out", dropped)

    def _summits(self, whole: bool = True) -> np.ndarray:
        regions = self.windows.labels.regions
        regions = regions[regions.chromosome.isin(self.chromosomes)]
        best = regions.groupby("task").signal.rank(ascending=False, method="first")
        size = regions.groupby("task").signal.transform("size")
        # a share of a whole number must not be rounded up past it
        most = np.ceil((self.peaks * size).round(6)) if self.peaks <= 1 else self.peaks
        regions = regions[best <= most]
        summits = regions.summit.to_numpy()
        starts, length = self.windows.starts(summits), self.windows.input_length
        return summits[self.windows.labels.coordinates.inside(starts, length)] if whole else summits

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

    def epoch(self, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """First positions (N,) of an epoch's input windows in random order, and which are peaks."""
        rng = np.random.default_rng([seed, epoch])
        summits = self._summits()
        if self.jitter:
            moved = summits + rng.integers(-self.jitter, self.jitter + 1, size=len(summits))
            starts, length = self.windows.starts(moved), self.windows.input_length
            coordinates = self.windows.labels.coordinates
            # a peak that its jitter moves over an end, or past it, stays where it is
            whole = coordinates.inside(starts, length)
            at_home = coordinates.chromosome(starts) == coordinates.chromosome(summits)
            summits = np.where(whole & at_home, moved, summits)
        negatives = self._random(round(self.negatives_per_peak * len(summits)), rng)
        starts = np.concatenate([self.windows.starts(summits), negatives])
        positive = np.arange(len(starts)) < len(summits)
        order = rng.permutation(len(starts))
        return starts[order], positive[order]

    def batches(
        self, seed: int, epoch: int, batch_size: int, both_strands: bool
    ) -> Iterator[Batch]:
        """Batches of an epoch; `batch_size` counts examples before reverse complements."""
        starts, positive = self.epoch(seed, epoch)
        for first in range(0, len(starts), batch_size):
            part = slice(first, first + batch_size)
            yield self.windows.batch(starts[part], positive[part], both_strands)


def sampler(windows: Windows, chromosomes: np.ndarray, settings: Mapping) -> PeakSampler:
    """Sampler of training examples by settings."""
    return PeakSampler(
        windows,
        chromosomes,
        peaks=settings["peaks"],
        jitter=settings["jitter"],
        negatives_per_peak=settings["negatives_per_peak"],
    )
