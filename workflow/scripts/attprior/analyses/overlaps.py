"""Which intervals, such as motif instances, share bases."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior.runs import expand

ANY = "any"  # stands for all names together
# (arm, caller: finemo or fimo) -> columns chrom, start, end, name
Hits = Mapping[tuple[str, str], pd.DataFrame]


def shared_bases(first: pd.DataFrame, second: pd.DataFrame) -> tuple[NDArray, NDArray, NDArray]:
    """Pairs of intervals, one of each table, that share bases.

    Parameters
    ----------
    first, second
        Columns chrom, start, end; 0-based half-open, none of them empty.

    Returns
    -------
    tuple
        Rows of the first table, rows of the second, and how many bases (bp) the two share.
    """
    pairs = [(np.zeros(0, dtype=np.int64),) * 3]
    rows_of_second = second.groupby("chrom").indices
    for chrom, rows in first.groupby("chrom").indices.items():
        others = rows_of_second.get(chrom, [])
        if not len(others):
            continue
        others = others[np.argsort(second.start.to_numpy()[others], kind="stable")]
        begin, stop = (first[c].to_numpy(dtype=np.int64)[rows] for c in ("start", "end"))
        begins, stops = (second[c].to_numpy(dtype=np.int64)[others] for c in ("start", "end"))
        # none that starts earlier than this can reach into the interval
        low = np.searchsorted(begins, begin - (stops - begins).max(), side="right")
        high = np.searchsorted(begins, stop, side="left")
        i, j = np.repeat(np.arange(len(rows)), high - low), expand(low, high)
        shared = np.minimum(stop[i], stops[j]) - np.maximum(begin[i], begins[j])
        some = shared > 0
        pairs.append((rows[i[some]], others[j[some]], shared[some]))
    return tuple(np.concatenate(parts) for parts in zip(*pairs, strict=True))


def within(first: pd.DataFrame, second: pd.DataFrame) -> tuple[NDArray, NDArray]:
    """Pairs, as rows of the two tables, in which the first interval lies wholly in the second."""
    i, j, shared = shared_bases(first, second)
    whole = shared == (first.end - first.start).to_numpy()[i]
    return i[whole], j[whole]
