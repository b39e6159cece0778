"""Whether attributions follow the composition of the sequence beside binding sites.

Letters in shapes: Z seeds, M sampled examples, L input positions.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from attprior import metrics
from attprior.analyses.inputs import KINDS, Sample, Tables, read_samples
from attprior.analyses.sites import site_mask
from attprior.analyses.tracks import join, per_example
from attprior.bed import read_bed
from attprior.sequence import N_CODE
from attprior.statistics import differences

COLUMNS = ["arm", "fold", "seed", "kind", "example", "metric", "value", "bases", "window"]
CORRELATIONS: Mapping = {"spearman": metrics.row_spearman, "pearson": metrics.row_pearson}
FEWEST_BASES = 10  # that a correlation is taken over


def gc_content(codes: NDArray, flank: int) -> NDArray:
    """Share of G and C among the known bases around each position.

    Parameters
    ----------
    codes
        (..., L), 0 to 3 for A C G T, others unknown.
    flank
        Bases on either side that count beside the position itself; fewer at the ends.

    Returns
    -------
    ndarray
        (..., L); NaN where no base around is known.
    """
    window = {"size": 2 * flank + 1, "axis": -1, "mode": "constant"}
    gc = uniform_filter1d(np.isin(codes, (1, 2)).astype(float), **window)
    known = uniform_filter1d((codes != N_CODE).astype(float), **window)
    # running sums leave a rest of about 1e-17 where there is nothing
    some = known > 0.5 / window["size"]
    share = np.divide(gc, known, out=np.full_like(gc, np.nan), where=some)
    # equal contents have to be equal numbers, or ranks would split them
    return np.round(share, 9)


def composition_table(samples: list[Sample], flank: int, sites: pd.DataFrame) -> pd.DataFrame:
    """Correlation of |contribution| with GC content over the bases of each example.

    Parameters
    ----------
    samples
        Attributions of both arms in all folds.
    flank
        Bases on either side of a position whose GC content is taken with its own.
    sites
        Sites whose bases are left out, of the GC content around them too: columns chrom, start, end.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`. Metrics: `spearman` and `pearson`, and their sizes, `spearman_size` and
        `pearson_size`. `bases` counts those that are correlated, `window` is that of the GC content
        (bp). NA where contributions or GC content are constant, or bases too few.
    """
    tables = []
    for sample in samples:
        inside = site_mask(sites, sample.chrom, sample.start, sample.codes.shape[1])
        outside = (sample.codes != N_CODE) & ~inside
        # a site's own bases are not the composition of what lies beside it
        content = gc_content(np.where(outside, sample.codes, N_CODE), flank)
        bases = np.tile(outside.sum(axis=1), len(sample.seeds))
        keys = {"arm": sample.arm, "bases": bases, "window": 2 * flank + 1}
        for kind in KINDS:
            size = np.abs(sample.contributions(kind))
            values = _correlations(size, content, outside)
            tables += [
                per_example(sample, value, **keys, kind=kind, metric=metric)
                for metric, value in values.items()
            ]
    return join(tables, COLUMNS)


def _correlations(size: NDArray, content: NDArray, outside: NDArray) -> dict[str, NDArray]:
    """Correlations (Z, M) of tracks (Z, M, L) with contents (M, L), over chosen bases (M, L)."""
    values = {name: np.full(size.shape[:2], np.nan) for name in CORRELATIONS}
    for m, chosen in enumerate(outside):
        if chosen.sum() < FEWEST_BASES:
            continue
        track = size[:, m, chosen].astype(np.float64)
        other = np.broadcast_to(content[m, chosen], track.shape)
        for name, correlation in CORRELATIONS.items():
            values[name][:, m] = correlation(track, other)
    return values | {f"{name}_size": np.abs(value) for name, value in values.items()}


def tabulate(
    attributions: Sequence[str], sites: Sequence[str], arms: Sequence[str], flank: int
) -> Tables:
    """Tables of this analysis; see `attprior.analyses`."""
    known = pd.concat(map(read_bed, sites))
    table = composition_table(read_samples(attributions), flank, known)
    return {"table": table, "tests": differences(table, arms, ["kind", "metric"])}
