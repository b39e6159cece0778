"""Contributions along a few test peaks, base by base."""

from collections.abc import Sequence

import pandas as pd

from attprior.analyses.inputs import Sample, Tables, read_samples
from attprior.sequence import decode


def loci_table(samples: list[Sample], loci: int, seeds: int) -> pd.DataFrame:
    """DeepSHAP contributions of the first sampled peaks, in the first fold.

    The sample is drawn at random, so its first peaks are a random choice too, and the same in both
    arms.

    Parameters
    ----------
    samples
        Attributions of both arms in all folds.
    loci
        Peaks to take.
    seeds
        Seeds to take.

    Returns
    -------
    pandas.DataFrame
        Columns arm, fold, seed, locus (chrom:start-end of the input window, 0-based half-open),
        summit, position (genomic, 0-based), base, contribution. The whole input window.
    """
    tables = []
    for sample in (sample for sample in samples if sample.fold == samples[0].fold):
        contributions = sample.contributions("deepshap")
        for m in range(min(loci, len(sample.index))):
            start, end = sample.start[m], sample.start[m] + sample.codes.shape[1]
            bases = list(decode(sample.codes[m]))
            for s, seed in enumerate(sample.seeds[:seeds]):
                tables.append(
                    pd.DataFrame(
                        {
                            "arm": sample.arm,
                            "fold": sample.fold,
                            "seed": seed,
                            "locus": f"{sample.chrom[m]}:{start}-{end}",
                            "summit": sample.summit[m],
                            "position": range(start, end),
                            "base": bases,
                            "contribution": contributions[s, m],
                        }
                    )
                )
    return pd.concat(tables, ignore_index=True)


def tabulate(attributions: Sequence[str], arms: Sequence[str], loci: int, seeds: int) -> Tables:
    """Tables of this analysis; see `attprior.analyses`."""
    return {"table": loci_table(read_samples(attributions), loci, seeds)}
