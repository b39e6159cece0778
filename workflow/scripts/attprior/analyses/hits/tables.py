"""How many peaks hold a motif instance."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior.analyses.inputs import Tables
from attprior.analyses.overlaps import ANY, Hits, within
from attprior.motifs.hits import read_callers, read_regions

BINS = 20
COLUMNS = ["arm", "caller", "name", "first", "last", "peaks", "with_hit", "share"]
BEST_COLUMNS = ["arm", "caller", "name", "peaks", "with_hit", "share", "hits"]


def by_name(hits: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Hits by the name of their pattern: first all of them, then those of most hits."""
    return {ANY: hits} | {
        name: hits[hits.name == name] for name in hits.name.value_counts().index if name
    }


def have_hit(regions: pd.DataFrame, hits: pd.DataFrame) -> NDArray:
    """Whether a hit lies wholly in a window: (N,) bool."""
    return np.isin(np.arange(len(regions)), within(hits, regions)[1])


def hits_table(hits: Hits, regions: pd.DataFrame, bins: int = BINS) -> pd.DataFrame:
    """Share of peaks with a hit, by rank.

    Parameters
    ----------
    regions
        Columns chrom, start, end: the windows that were searched, best peak first.
    bins
        Most rows for each name: as many peaks in each, but for the last.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`: name is `ANY`, or that of the matched motif; first and last are ranks of
        peaks, from 1.
    """
    size = max(1, -(-len(regions) // bins))
    rows = []
    for (arm, caller), table in hits.items():
        for name, chosen in by_name(table).items():
            has = have_hit(regions, chosen)
            for first in range(0, len(regions), size):
                part = has[first : first + size]
                place = (first + 1, first + len(part), len(part), int(part.sum()), part.mean())
                rows.append((arm, caller, name, *place))
    return pd.DataFrame(rows, columns=COLUMNS)


def best_table(hits: Hits, regions: pd.DataFrame, best: int) -> pd.DataFrame:
    """Share of the best peaks with a hit, by name: columns `BEST_COLUMNS`.

    Parameters
    ----------
    best
        How many peaks; all of them where there are fewer.
    """
    regions = regions.iloc[:best]
    rows = []
    for (arm, caller), table in hits.items():
        for name, chosen in by_name(table).items():
            has = have_hit(regions, chosen)
            number = len(np.unique(within(chosen, regions)[0]))
            share = has.mean() if len(has) else np.nan
            rows.append((arm, caller, name, len(has), int(has.sum()), share, number))
    return pd.DataFrame(rows, columns=BEST_COLUMNS)


def tabulate(
    averaged: Sequence[str],
    hits: Sequence[str],
    sequence_hits: Sequence[str],
    arms: Sequence[str],
    window: int,
    best: int,
) -> Tables:
    """Tables of this analysis; see `attprior.analyses`."""
    found = read_callers(arms, finemo=hits, fimo=sequence_hits)
    regions = read_regions(averaged[0], window)
    return {"table": hits_table(found, regions), "best": best_table(found, regions, best)}
