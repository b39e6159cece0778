"""Finished attributions, filtered, against those of models that were trained with the prior.

Letters in shapes: Z seeds, M sampled examples, L input positions.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior import metrics
from attprior.analyses.inputs import Sample, Tables, read_samples
from attprior.analyses.sites import site_mask
from attprior.analyses.tracks import join, per_example
from attprior.bed import read_bed
from attprior.statistics import differences

COLUMNS = ["arm", "fold", "seed", "example", "metric", "value"]
CUT, WEIGHTED = "cut", "weighted"


def filtered(arm: str, name: str) -> str:
    """Name of an arm whose attributions went through a filter; no arm can have it."""
    return f"{arm}, {name}"


def pass_weights(length: int, freq_limit: int, softness: float | None) -> NDArray:
    """Weights of the frequencies 0 to length // 2 of a track, (length // 2 + 1,).

    Frequency k weighs 1 up to `freq_limit`, the constant too, and 1 / (1 + (k - freq_limit) **
    softness) past it, or 0 where `softness` is None: the weights of the Fourier prior.
    """
    past = np.arange(length // 2 + 1) - freq_limit
    if softness is None:
        return (past <= 0).astype(float)
    return np.where(past <= 0, 1.0, 1 / (1 + np.maximum(past, 1.0) ** softness))


def low_pass(track: NDArray, weights: NDArray) -> NDArray:
    """Weigh the frequencies of tracks (..., L) and transform them back."""
    return np.fft.irfft(np.fft.rfft(track, axis=-1) * weights, n=track.shape[-1], axis=-1)


def filters(length: int, freq_limit: int, softness: float | None) -> dict[str, NDArray]:
    """Weights by the filter's name: a cut at the limit, and the prior's own where they differ."""
    found = {CUT: pass_weights(length, freq_limit, None)}
    if softness is not None:
        found[WEIGHTED] = pass_weights(length, freq_limit, softness)
    return found


def low_pass_table(
    samples: list[Sample],
    arms: Sequence[str],
    freq_limit: int,
    softness: float | None,
    smooth_sigma: float,
    sites: pd.DataFrame,
) -> pd.DataFrame:
    """Measure DeepSHAP of both arms, and that of the first arm after each filter.

    What is filtered are contributions of the bases that are there, with their signs. For the
    agreement of seeds, hypothetical contributions of each base are filtered by themselves.

    Parameters
    ----------
    samples
        Attributions of both arms in all folds.
    arms
        The two arms.
    freq_limit
        Highest frequency that passes whole, in cycles over the input.
    softness
        Of the prior's weights past the limit; None where the prior cuts too.
    smooth_sigma
        Smoothing before the high-frequency share is measured (bp), as in the prior.
    sites
        Known sites or motif instances: columns chrom, start, end. Without any in an example, their
        metrics are left out.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; `arm` is an arm, or the first with its filter (`filtered`). Metrics:
        `high_frequency_share`, `entropy` (bits), `jaccard` (a mean over the other seeds; none with
        one seed), and at examples with a site `share_in_sites` and `auprc` of bases in sites.
    """
    tables = []
    for sample in samples:
        length = sample.codes.shape[1]
        variants = {sample.arm: None}
        if sample.arm == arms[0]:
            found = filters(length, freq_limit, softness)
            variants |= {filtered(sample.arm, name): found[name] for name in found}
        mask = site_mask(sites, sample.chrom, sample.start, length)
        contributions = sample.contributions("deepshap")
        hypothetical = sample.hypothetical["deepshap"]
        for name, weights in variants.items():
            track, bases = contributions, hypothetical
            if weights is not None:
                track, bases = low_pass(track, weights), low_pass(bases, weights)
            values = measures(track, freq_limit, smooth_sigma, mask)
            values |= agreement(bases)
            tables += [
                per_example(sample, value, arm=name, metric=metric).dropna()
                for metric, value in values.items()
            ]
    return join(tables, COLUMNS)


def measures(
    contributions: NDArray, freq_limit: int, smooth_sigma: float, mask: NDArray
) -> dict[str, NDArray]:
    """Metrics (Z, M) of contributions (Z, M, L); NaN where an example has no site."""
    size = np.abs(contributions)
    values = {
        "high_frequency_share": metrics.high_frequency_share(size, freq_limit, smooth_sigma),
        "entropy": metrics.attribution_entropy(size[..., None, :]),
    }
    if mask.any():
        total = np.where(mask.any(axis=1), size.sum(axis=-1), 0)
        inside = (size * mask).sum(axis=-1)
        values["share_in_sites"] = np.divide(
            inside, total, out=np.full_like(inside, np.nan), where=total > 0
        )
        values["auprc"] = metrics.row_auprc(np.broadcast_to(mask, size.shape), size)
    return values


def agreement(hypothetical: NDArray) -> dict[str, NDArray]:
    """Continuous Jaccard (Z, M) of each seed's attributions (Z, M, 4, L) with the other seeds'."""
    if len(hypothetical) < 2 or not hypothetical.shape[1]:
        return {}
    found = [
        metrics.with_others(metrics.pairwise_jaccard(hypothetical[:, m]))
        for m in range(hypothetical.shape[1])
    ]
    return {"jaccard": np.stack(found, axis=1)}


def low_pass_tests(table: pd.DataFrame, arms: Sequence[str]) -> pd.DataFrame:
    """Compare the arms, the second arm with each filter of the first, and filters with none.

    Returns
    -------
    pandas.DataFrame
        Columns metric, then `attprior.statistics.STATISTICS`.
    """
    first, second = arms
    filters_of_first = [name for name in dict.fromkeys(table.arm) if name not in arms]
    pairs = [(first, second)]
    pairs += [(name, second) for name in filters_of_first]
    pairs += [(first, name) for name in filters_of_first]
    between_seeds = table.metric == "jaccard"
    tests = [
        differences(table[chosen], pair, ["metric"], pairs=chosen is between_seeds)
        for pair in pairs
        for chosen in (~between_seeds, between_seeds)
    ]
    return pd.concat([test for test in tests if len(test)] or tests[:1], ignore_index=True)


def tabulate(
    attributions: Sequence[str],
    sites: Sequence[str],
    arms: Sequence[str],
    freq_limit: int,
    softness: float | None,
    smooth_sigma: float,
) -> Tables:
    """Tables of this analysis; see `attprior.analyses`."""
    samples, known = read_samples(attributions), pd.concat(map(read_bed, sites))
    table = low_pass_table(samples, arms, freq_limit, softness, smooth_sigma, known)
    return {"table": table, "tests": low_pass_tests(table, arms)}
