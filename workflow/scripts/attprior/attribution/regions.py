"""Which peaks are attributed."""

import logging
from typing import NamedTuple

import numpy as np

from attprior.dataset.windows import Windows
from attprior.sequence import N_CODE

log = logging.getLogger(__name__)


class Regions(NamedTuple):
    """Summits to attribute.

    Parameters
    ----------
    summits
        (N,), on all chromosomes end to end.
    best
        How many of the first are the best peaks; the others are there for the sample alone.
    sampled
        Rows (M,) of the sampled peaks of the test chromosomes, in order.
    left_out_ends, left_out_n
        How many peaks were left out as their input leaves its chromosome (or is longer than it),
        and as it holds an N.
    """

    summits: np.ndarray
    best: int
    sampled: np.ndarray
    left_out_ends: int
    left_out_n: int


def choose_regions(
    windows: Windows, test: np.ndarray, peaks: int | None, sample: int, seed: int = 0
) -> Regions:
    """Summits to attribute: the best peaks, and a sample of test peaks.

    Peaks whose input leaves its chromosome or holds an N are left out and counted.

    Parameters
    ----------
    test
        Indices of the test chromosomes.
    peaks
        How many of the best peaks, by rank within their task; None for all.
    sample
        How many test peaks at random.
    """
    regions = windows.labels.regions.sort_values(["rank", "task"], kind="stable")
    regions = regions.drop_duplicates("summit")
    starts = windows.starts(regions.summit.to_numpy())
    whole = windows.inside(starts)
    known = whole.copy()
    if whole.any():  # else there may be no window at all in the genome
        known[whole] = (windows.sequences(starts[whole]) != N_CODE).all(axis=1)
    ends, with_n = int((~whole).sum()), int((whole & ~known).sum())
    if ends or with_n:
        log.info(
            "of %d peaks, %d at their chromosome's end and %d with N are left out",
            *(len(regions), ends, with_n),
        )
    regions = regions[known].reset_index(drop=True)
    of_test = np.flatnonzero(regions.chromosome.isin(test))
    drawn = np.sort(np.random.default_rng(seed).permutation(of_test)[:sample])
    best = min(len(regions), peaks or len(regions))
    rows = np.concatenate([np.arange(best), drawn[drawn >= best]])
    sampled = np.flatnonzero(np.isin(rows, drawn))
    return Regions(regions.summit.to_numpy()[rows], best, sampled, ends, with_n)
