"""Runs of whole numbers, each from its first up to its stop: of bases, bins or rows.

Letters of shapes: U runs, V runs that are left, N numbers.
"""

import numpy as np


def expand(first: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """All numbers (N,) int64 of runs (U,) int64, one run after the other."""
    length = stop - first
    numbers = np.repeat(first - (np.cumsum(length) - length), length)
    numbers += np.arange(len(numbers))
    return numbers


def outside(number: int, *runs: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """What is left of the whole numbers from 0 to `number` outside of some runs.

    Parameters
    ----------
    runs
        Firsts and stops (U,), in any order; they may share numbers, or reach beyond.

    Returns
    -------
    start, before
        First number of each run that is left (V,), and how many numbers the runs before have
        (V + 1,), so that the last says how many are left.
    """
    first, stop = (np.clip(np.concatenate(side), 0, number) for side in zip(*runs, strict=True))
    order = np.argsort(first)
    start = np.append(0, np.maximum.accumulate(stop[order]))
    length = np.append(first[order], number) - start
    left = length > 0
    return start[left], np.append(0, np.cumsum(length[left]))


def place(left: tuple[np.ndarray, np.ndarray], rank: np.ndarray) -> np.ndarray:
    """The numbers (N,) of some ranks, counted from 0, in what `outside` leaves."""
    start, before = left
    run = np.searchsorted(before, rank, side="right") - 1
    return start[run] + rank - before[run]
