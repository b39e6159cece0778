"""Strand cross-correlation: how far apart the two strands' 5' ends of fragments lie."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from attprior.runs import expand

LOWEST, HIGHEST = -500, 1500  # bp, the shifts that phantompeakqualtools looks at
SMOOTHED = 11  # shifts in the running mean
AROUND = 10  # bp around the read's length in which the phantom peak is looked for
NEAREST = 50  # bp below which ChIP-seq has no fragments
PAIRS = 5_000_000  # of 5' ends, looked at together: 120 MB

Ends = tuple[np.ndarray, np.ndarray]


def lag_counts(plus: np.ndarray, minus: np.ndarray, low: int, high: int) -> np.ndarray:
    """Count pairs of positions by their distance.

    Each position meets only those within reach, so that the cost grows with the number of pairs
    and not with the chromosome.

    Parameters
    ----------
    plus, minus : (P,), (M,) int
        Sorted positions.
    low, high
        Least and greatest distance, from plus to minus.

    Returns
    -------
    (high - low + 1,) int64
    """
    counts = np.zeros(high - low + 1, dtype=np.int64)
    first = np.searchsorted(minus, plus + low)
    pairs = np.searchsorted(minus, plus + high, side="right") - first
    edges = np.searchsorted(np.cumsum(pairs), np.arange(0, pairs.sum() + 1, PAIRS))
    for start, end in zip(edges, [*edges[1:], len(plus)], strict=True):
        some, n = plus[start:end], pairs[start:end]
        near = minus[expand(first[start:end], first[start:end] + n)]
        counts += np.bincount(near - np.repeat(some, n) - low, minlength=len(counts))
    return counts


def cross_correlation(strands: Mapping[str, Ends], sizes: Mapping[str, int]) -> pd.DataFrame:
    """Correlate the two strands at every shift.

    A base counts once however many 5' ends lie on it, as with duplicates removed. Pearson
    correlations of the chromosomes are averaged, weighted by their number of ends.

    Parameters
    ----------
    strands
        Sorted, distinct positions (bp) of 5' ends on the plus and the minus strand, by chromosome.
    sizes
        Length (bp) of each.

    Returns
    -------
    pandas.DataFrame
        Columns shift and correlation (running mean over `SMOOTHED` shifts). A shift of n bp is the
        length of the fragments whose two 5' ends it brings together, both included. Empty if no
        chromosome has ends on both strands.

    Notes
    -----
    Landt et al., Genome Research 2012, doi:10.1101/gr.136184.111; Kharchenko et al., Nature
    Biotechnology 2008, doi:10.1038/nbt.1508.
    """
    shifts = np.arange(LOWEST, HIGHEST + 1)
    total, weights = np.zeros(len(shifts)), 0
    for chrom, (plus, minus) in strands.items():
        size = sizes[chrom]
        if not len(plus) or not len(minus) or size <= HIGHEST:
            continue
        # the ends of a fragment of n bp are n - 1 bp apart
        both = lag_counts(plus, minus, LOWEST - 1, HIGHEST - 1) / (size - np.abs(shifts - 1))
        p, m = len(plus) / size, len(minus) / size
        scale = np.sqrt(p * (1 - p) * m * (1 - m))
        if scale > 0:
            weight = len(plus) + len(minus)
            total += weight * (both - p * m) / scale
            weights += weight
    if not weights:
        return pd.DataFrame({"shift": [], "correlation": []})
    window = np.ones(SMOOTHED)
    smooth = np.convolve(total / weights, window, "same") / np.convolve(
        np.ones(len(shifts)), window, "same"
    )
    return pd.DataFrame({"shift": shifts, "correlation": smooth})


def strand_metrics(
    curve: pd.DataFrame, read_length: float, exonuclease: bool = False
) -> dict[str, float]:
    """Fragment length, NSC and RSC of a curve.

    NSC is the correlation at the fragment length over the least; RSC is what it rises above the
    least over what the phantom peak, at the read's length, does.

    Parameters
    ----------
    curve
        What `cross_correlation` returns.
    read_length
        In bp; NaN if it is not known, and then there is no RSC.
    exonuclease
        Whether fragments were trimmed to where a protein stops the exonuclease (ChIP-exo and
        ChIP-nexus). Their peak lies below the read's length, and there is no RSC.

    Returns
    -------
    dict
        fragment_length (bp), phantom_length (bp, not for exonuclease), NSC, RSC; NaN where
        undefined, as NSC where the least correlation is not positive.
    """
    undefined = dict.fromkeys(["fragment_length", "phantom_length", "NSC", "RSC"], np.nan)
    if curve.empty:
        return undefined
    y = curve.set_index("shift").correlation
    # reads of one length make a peak there, through what can be mapped; it is not a fragment's
    nearest = 1 if exonuclease else int(max(np.nan_to_num(read_length) + AROUND + 1, NEAREST))
    least, length = y.min(), y.loc[nearest:].idxmax()
    found = undefined | {"fragment_length": length}
    if least > 0:
        found["NSC"] = y[length] / least
    if np.isfinite(read_length) and not exonuclease:
        near = y.loc[int(read_length) - AROUND : int(read_length) + AROUND]
        found["phantom_length"] = near.idxmax()
        if near.max() > least:
            found["RSC"] = (y[length] - least) / (near.max() - least)
    return found
