"""What a model reads and predicts at windows of the genome.

Letters of shapes: N examples, L input positions, T tasks, S strands, O profile positions,
C controls, G positions of all chromosomes end to end, P positions that have counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numba import njit
from numpy.lib.stride_tricks import sliding_window_view

from attprior.dataset.store import Labels
from attprior.genome import Genome
from attprior.sequence import N_CODE

BLOCK = 1 << 24  # bases looked at together


@dataclass(frozen=True)
class Batch:
    """Examples of a profile model, as arrays.

    Parameters
    ----------
    sequences
        (N, 4, L) float32, one-hot.
    profiles, control
        (N, T, S, O) and (N, C, S, O) float32, counts of 5' ends; C is 0 without controls.
    positive
        (N,) bool, whether the example is of a peak.
    """

    sequences: np.ndarray
    profiles: np.ndarray
    control: np.ndarray
    positive: np.ndarray


@dataclass(frozen=True)
class BinBatch:
    """Examples of a binary model, as arrays.

    Parameters
    ----------
    sequences
        (N, 4, L) float32, one-hot.
    labels
        (N, T) int8: 1 positive, 0 negative, -1 ambiguous.
    positive
        (N,) bool, whether the bin is positive in any task.
    """

    sequences: np.ndarray
    labels: np.ndarray
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
        L and O, bp; binary models predict no profile, so their O is 0.
    """

    labels: Labels
    genome: np.ndarray
    input_length: int
    profile_length: int = 0

    def starts(self, centres: np.ndarray) -> np.ndarray:
        """First position of the input windows around centres."""
        return centres - self.input_length // 2

    def inside(self, starts: np.ndarray) -> np.ndarray:
        """Whether input windows lie whole in one chromosome."""
        return self.labels.coordinates.inside(starts, self.input_length)

    def sequences(self, starts: np.ndarray) -> np.ndarray:
        """Codes (N, L) uint8 of the input windows."""
        return sliding_window_view(self.genome, self.input_length)[starts]

    def one_hot(self, starts: np.ndarray, both_strands: bool = False) -> np.ndarray:
        """One-hot (N, 4, L) float32 of the input windows; their reverse complements follow."""
        starts = self._checked(starts, self.input_length)
        number = len(starts) * (2 if both_strands else 1)
        out = np.empty((number, 4, self.input_length), dtype=np.float32)
        _write_one_hot(self.genome, starts, out)
        return out

    def counts(
        self, starts: np.ndarray, control: bool = False, both_strands: bool = False
    ) -> np.ndarray:
        """Counts (N, T, S, O) float32 of the output windows, centred in the input windows.

        With `control` those of the controls, (N, C, S, O). On the other strand, what was plus is
        minus, and positions run backwards.
        """
        tracks = self.labels.control_tracks if control else self.labels.tracks
        middle = starts + (self.input_length - self.profile_length) // 2
        middle = self._checked(middle, self.profile_length)
        number = len(starts) * (2 if both_strands else 1)
        shape = (number, len(tracks), self.labels.strands, self.profile_length)
        out = np.empty(shape, dtype=np.float32)
        for task, strands in enumerate(tracks):
            for strand, track in enumerate(strands):
                _write_counts(track.position, track.count, middle, task, strand, out)
        return out

    def gc_content(self, starts: np.ndarray) -> np.ndarray:
        """Share of G and C among the known bases of the input windows, (N,); 0 if none is known."""
        starts = self._checked(starts, self.input_length)
        out = np.empty(len(starts))
        _write_gc_content(self.genome, starts, self.input_length, out)
        return out

    def holds_summit(self, starts: np.ndarray) -> np.ndarray:
        """Whether a peak's summit lies in the output window of each input window."""
        summits = np.sort(self.labels.regions.summit.to_numpy())
        middle = starts + (self.input_length - self.profile_length) // 2
        ends = np.searchsorted(summits, middle + self.profile_length)
        return ends > np.searchsorted(summits, middle)

    def leaving(self, chromosomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First positions of input windows that do not lie whole in one of some chromosomes.

        Returns
        -------
        first, stop
            (U,) int64, runs of such positions, from before the genome on.
        """
        coordinates = self.labels.coordinates
        ends = coordinates.offsets + coordinates.lengths
        first = np.maximum(ends - self.input_length + 1, coordinates.offsets)
        other = np.setdiff1d(np.arange(len(ends)), chromosomes)
        first[other] = coordinates.offsets[other]
        return np.append(-self.input_length, first), np.append(0, ends)

    def unfit(self, max_unknown: float) -> tuple[np.ndarray, np.ndarray]:
        """First positions of input windows that can't be negatives, whatever the peaks.

        They hold more than a share of unknown bases, or a base of the blacklist: anywhere in the
        input, as what a model reads there may not be sequence, and its counts no binding.

        Returns
        -------
        first, stop
            (U,) int64, runs of such positions; they may share some.
        """
        start, end = self.labels.blacklist.T
        first, stop = [start - self.input_length + 1], [end]
        # a share of a whole number must not be rounded down past it
        most = int(round(max_unknown * self.input_length, 6))
        if most < self.input_length:
            more = crowded(self._unknown, self.input_length, most)
            first.append(more[0])
            stop.append(more[1])
        return np.concatenate(first), np.concatenate(stop)

    @cached_property
    def _unknown(self) -> np.ndarray:
        """Where each run of unknown bases begins and ends, in turn."""
        edges, last = [], False
        for at in range(0, len(self.genome), BLOCK):
            unknown = self.genome[at : at + BLOCK] >= N_CODE
            edges.append(at + np.flatnonzero(np.diff(unknown, prepend=last)))
            last = unknown[-1]
        edges.append(np.full(int(last), len(self.genome)))
        return np.concatenate(edges)

    def batch(self, starts: np.ndarray, positive: np.ndarray, both_strands: bool) -> Batch:
        """Examples at input windows, followed by their reverse complements if wanted."""
        return Batch(
            self.one_hot(starts, both_strands),
            self.counts(starts, both_strands=both_strands),
            self.counts(starts, control=True, both_strands=both_strands),
            np.tile(positive, 2) if both_strands else positive,
        )

    def _checked(self, starts: np.ndarray, length: int) -> np.ndarray:
        """Starts as the kernels take them, which check no bounds themselves."""
        if len(starts) and (starts.min() < 0 or starts.max() + length > len(self.genome)):
            raise IndexError(f"windows of {length} bp leave the genome of {len(self.genome)} bp")
        return np.ascontiguousarray(starts, dtype=np.int64)


def open_windows(
    labels: str | Path, fasta: str | Path, settings: Mapping, counts: bool = True
) -> Windows:
    """What a model of these settings reads: a condition's labels, with counts or not, and its genome."""
    data = Labels.open(labels, counts)
    sizes = dict(zip(data.coordinates.names, data.coordinates.lengths.tolist(), strict=True))
    genome = Genome.end_to_end(fasta, sizes)
    return Windows(data, genome, settings["input_length"], settings.get("profile_length", 0))


def crowded(edges: np.ndarray, length: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """First positions of the windows of a length that have more than `most` bases in some runs.

    Parameters
    ----------
    edges
        (2R,) int64, where each run begins and ends, in turn; sorted, none touching another.

    Returns
    -------
    first, stop
        (U,) int64, runs of such positions.
    """
    if not len(edges):
        return edges, edges
    covered = np.cumsum(np.diff(edges, prepend=edges[0]) * (np.arange(len(edges)) % 2))
    # between these, the bases of a window that lie in runs grow by one, fall by one or stay
    knots = np.unique(np.concatenate([edges - length, edges]))
    inside = np.interp(knots + length, edges, covered) - np.interp(knots, edges, covered)
    inside = inside.astype(np.int64)
    begin, end, count = knots[:-1], knots[1:], inside[:-1]
    slope = np.diff(inside)
    first = np.where(slope > 0, np.maximum(begin, begin + most - count + 1), begin)
    stop = np.where(slope < 0, np.minimum(end, begin + count - most), end)
    found = (first < stop) & ((slope != 0) | (count > most))
    return first[found], stop[found]


# The kernels write each value once, where it stays: without them, most time goes into fresh memory
# for indices and copies. They hold no lock, so that threads run side by side.


@njit(nogil=True, cache=True)
def _write_one_hot(genome: np.ndarray, starts: np.ndarray, out: np.ndarray) -> None:
    """Write one-hot windows into `out` (N, 4, L), or (2N, 4, L) with reverse complements after."""
    number, length = len(starts), out.shape[2]
    for n in range(number):
        codes = genome[starts[n] : starts[n] + length]
        for base in range(4):
            row = out[n, base]
            for i in range(length):
                row[i] = codes[i] == base
        if len(out) > number:
            backwards = codes[::-1]
            for base in range(4):
                row = out[number + n, base]
                for i in range(length):
                    row[i] = backwards[i] == 3 - base


@njit(nogil=True, cache=True)
def _write_counts(
    position: np.ndarray,
    count: np.ndarray,
    starts: np.ndarray,
    task: int,
    strand: int,
    out: np.ndarray,
) -> None:
    """Write a track's sparse counts into its place in `out` (N, T, S, O), or twice as many."""
    number, length = len(starts), out.shape[3]
    other = out.shape[2] - 1 - strand
    for n in range(number):
        start = starts[n]
        row = out[n, task, strand]
        row[:] = 0
        first = np.searchsorted(position, start)
        last = first
        while last < len(position) and position[last] < start + length:
            row[position[last] - start] = count[last]
            last += 1
        if len(out) > number:
            row = out[number + n, task, other]
            row[:] = 0
            for entry in range(first, last):
                row[length - 1 - (position[entry] - start)] = count[entry]


@njit(nogil=True, cache=True)
def _write_gc_content(genome: np.ndarray, starts: np.ndarray, length: int, out: np.ndarray) -> None:
    """Write the share of codes 1 and 2 among those below 4 into `out` (N,)."""
    for n in range(len(starts)):
        codes = genome[starts[n] : starts[n] + length]
        gc = known = 0
        for i in range(length):
            gc += (codes[i] == 1) | (codes[i] == 2)
            known += codes[i] < 4
        out[n] = gc / max(known, 1)
