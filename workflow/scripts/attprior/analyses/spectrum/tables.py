"""How much of an attribution lies in high frequencies, and how evenly it is spread."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from attprior import metrics
from attprior.analyses.inputs import KINDS, Sample, Tables, read_samples
from attprior.analyses.tracks import join, per_example
from attprior.statistics import differences

COLUMNS = ["arm", "fold", "seed", "kind", "example", "metric", "value", "freq_limit"]


def spectrum_table(samples: list[Sample], freq_limit: int, smooth_sigma: float) -> pd.DataFrame:
    """High-frequency share and entropy of each sampled example.

    Parameters
    ----------
    samples
        Attributions of both arms in all folds.
    freq_limit
        Highest frequency that counts as low, in cycles over the input.
    smooth_sigma
        Standard deviation of the smoothing before the transform, in base pairs; 0 for none.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`. Metrics: `high_frequency_share` and `entropy`, both of contributions:
        attribution times input.
    """
    tables = []
    for sample in samples:
        for kind in KINDS:
            for seed, contributions in zip(sample.seeds, sample.contributions(kind), strict=True):
                own, keys = sample._replace(seeds=[seed]), {"arm": sample.arm, "kind": kind}
                values = {
                    "high_frequency_share": metrics.high_frequency_share(
                        np.abs(contributions), freq_limit, smooth_sigma
                    ),
                    "entropy": metrics.attribution_entropy(contributions[:, None]),
                }
                tables += [
                    per_example(own, value, **keys, metric=metric, freq_limit=freq_limit)
                    for metric, value in values.items()
                ]
    return join(tables, COLUMNS)


def curve_table(samples: list[Sample], smooth_sigma: float) -> pd.DataFrame:
    """Mean spectrum of an arm, over examples, seeds and folds.

    Parameters
    ----------
    samples
        Attributions of both arms in all folds.
    smooth_sigma
        Standard deviation of the smoothing before the transform, in base pairs; 0 for none.

    Returns
    -------
    pandas.DataFrame
        Columns arm, kind, frequency (cycles over the input), magnitude (share of the sum over all
        frequencies), n (tracks averaged).
    """
    tables = []
    for arm in dict.fromkeys(sample.arm for sample in samples):
        for kind in KINDS:
            shares = []
            for sample in samples:
                if sample.arm == arm:
                    track = np.abs(sample.contributions(kind)).reshape(-1, sample.codes.shape[-1])
                    shares.append(metrics.spectrum(track, smooth_sigma))
            shares = np.concatenate(shares)
            shares = shares[np.isfinite(shares).all(axis=1)]
            tables.append(
                pd.DataFrame(
                    {
                        "arm": arm,
                        "kind": kind,
                        "frequency": np.arange(1, shares.shape[1] + 1),
                        "magnitude": shares.mean(axis=0) if len(shares) else np.nan,
                        "n": len(shares),
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)


def tabulate(
    attributions: Sequence[str], arms: Sequence[str], freq_limit: int, smooth_sigma: float
) -> Tables:
    """Tables of this analysis; see `attprior.analyses`."""
    samples = read_samples(attributions)
    table = spectrum_table(samples, freq_limit, smooth_sigma)
    return {
        "table": table,
        "curve": curve_table(samples, smooth_sigma),
        "tests": differences(table, arms, ["kind", "metric"]),
    }
