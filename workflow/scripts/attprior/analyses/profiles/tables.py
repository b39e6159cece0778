"""Predicted and observed profiles at a few test peaks.

Letters in shapes: Z seeds, M peaks, T tasks, S strands, O profile positions.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from attprior import metrics
from attprior.analyses.inputs import Tables
from attprior.analyses.predictions import Predictions, read_predictions
from attprior.assays import STRANDS

JSD_SIGMA = 3  # bp, as in the analysis of performance
TOTALS_COLUMNS = [
    *("arm", "fold", "seed", "locus", "task", "strand"),
    *("observed", "predicted", "jsd"),
]


def profiles_table(predictions: Sequence[Predictions], tasks: Sequence[str]) -> pd.DataFrame:
    """Expected and observed counts, base by base.

    Parameters
    ----------
    predictions
        Of both arms.
    tasks
        Names of the T tasks.

    Returns
    -------
    pandas.DataFrame
        Columns arm, fold, locus (chrom:start-end of the input window, 0-based half-open), summit,
        task, strand, position (genomic, 0-based), observed (counts), predicted (expected counts,
        mean over seeds), sd (over seeds; NA with one), seeds.
    """
    columns = [*("arm", "fold", "locus", "summit", "task", "strand", "position")]
    columns += ["observed", "predicted", "sd", "seeds"]
    tables = [pd.DataFrame(columns=columns)]
    for found in predictions:
        counts, number = found.counts, len(found.seeds)
        mean = counts.mean(axis=0)
        sd = counts.std(axis=0, ddof=1) if number > 1 else np.full_like(mean, np.nan)
        strands = STRANDS[mean.shape[2]]
        for m, t, s in np.ndindex(mean.shape[:3]):
            values = {
                "arm": found.arm,
                "fold": found.fold,
                "locus": found.locus[m],
                "summit": found.summit[m],
                "task": tasks[t],
                "strand": strands[s],
                "position": found.start[m] + np.arange(mean.shape[-1]),
                "observed": found.observed[m, t, s],
                "predicted": mean[m, t, s],
                "sd": sd[m, t, s],
                "seeds": number,
            }
            tables.append(pd.DataFrame(values))
    return pd.concat(tables[1:] or tables, ignore_index=True)


def totals_table(predictions: Sequence[Predictions], tasks: Sequence[str]) -> pd.DataFrame:
    """Counts of each seed's profile, and how far its shape is from what was observed.

    Returns
    -------
    pandas.DataFrame
        Columns `TOTALS_COLUMNS`: observed and predicted are counts in the profile's window, `jsd`
        is the Jensen-Shannon divergence (nats) of the profiles, smoothed by a Gaussian of
        `JSD_SIGMA` bp; NA where nothing was observed.
    """
    rows = []
    for found in predictions:
        observed = np.broadcast_to(found.observed, found.probabilities.shape)
        divergence = metrics.jensen_shannon_divergence(found.probabilities, observed, JSD_SIGMA)
        strands = STRANDS[observed.shape[3]]
        for z, m, t, s in np.ndindex(divergence.shape):
            key = (found.arm, found.fold, found.seeds[z], found.locus[m], tasks[t], strands[s])
            counts = (found.observed[m, t, s].sum(), found.totals[z, m, t, s])
            rows.append((*key, *counts, divergence[z, m, t, s]))
    return pd.DataFrame(rows, columns=TOTALS_COLUMNS)


def tabulate(
    attributions: Sequence[str], arms: Sequence[str], loci: int, tasks: Sequence[str]
) -> Tables:
    """Tables of this analysis; see `attprior.analyses`."""
    found = [read_predictions(path, loci) for path in attributions]
    return {"table": profiles_table(found, tasks), "totals": totals_table(found, tasks)}
