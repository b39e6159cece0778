"""Which peaks are attributed."""

import logging
from typing import NamedTuple

import numpy as np

from attprior.dataset.sampler import first_of_locus
from attprior.dataset.windows import Windows
from attprior.sequence import N_CODE, is_repeat

PART = 4096  # windows looked at together

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
    left_out_ends, left_out_n, left_out_repeats
        How many peaks were left out as their input leaves its chromosome (or is longer than it),
        as it holds an N, and as it is a repeat that has no other shuffle than itself.
    """

    summits: np.ndarray
    best: int
    sampled: np.ndarray
    left_out_ends: int
    left_out_n: int
    left_out_repeats: int


def choose_regions(
    windows: Windows, test: np.ndarray, peaks: int | None, sample: int, seed: int = 0
) -> Regions:
    """Summits to attribute: the best peaks, and a sample of test peaks.

    Peaks whose input leaves its chromosome, holds an N or is a repeat are left out and counted. The
    sample takes one peak of a locus, the best, as those of several experiments are one example.

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
    known, repeated = whole.copy(), np.zeros(len(whole), dtype=bool)
    # in parts, as all inputs together may be of gigabytes
    for rows in np.array_split(np.flatnonzero(whole), len(whole) // PART + 1):
        if len(rows):  # else there may be no window at all in the genome
            codes = windows.sequences(starts[rows])
            known[rows] = (codes != N_CODE).all(axis=1)
            repeated[rows] = known[rows] & is_repeat(codes)
    ends, with_n, repeats = map(int, ((~whole).sum(), (whole & ~known).sum(), repeated.sum()))
    if ends or with_n or repeats:
        log.info(
            "of %d peaks, %d at their chromosome's end, %d with N and %d that are a repeat of a few "
            "bases are left out",
            *(len(regions), ends, with_n, repeats),
        )
    regions = regions[known & ~repeated].reset_index(drop=True)
    of_test = np.flatnonzero(regions.chromosome.isin(test) & first_of_locus(regions))
    drawn = np.sort(np.random.default_rng(seed).permutation(of_test)[:sample])
    best = min(len(regions), peaks or len(regions))
    rows = np.concatenate([np.arange(best), drawn[drawn >= best]])
    sampled = np.flatnonzero(np.isin(rows, drawn))
    return Regions(regions.summit.to_numpy()[rows], best, sampled, ends, with_n, repeats)
