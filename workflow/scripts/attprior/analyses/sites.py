"""Where binding sites lie in windows, and how much of a track lies in them."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def site_mask(sites: pd.DataFrame, chrom: NDArray, start: NDArray, length: int) -> NDArray:
    """Positions of windows that lie in a site.

    Parameters
    ----------
    sites
        Columns chrom, start, end.
    chrom, start
        (M,) windows.
    length
        Of the windows, in base pairs.

    Returns
    -------
    ndarray of bool
        (M, length).
    """
    mask = np.zeros((len(chrom), length), dtype=bool)
    for name, group in sites.groupby("chrom"):
        begins, ends = group.start.to_numpy(), group.end.to_numpy()
        for m in np.flatnonzero(chrom == name):
            inside = (begins < start[m] + length) & (ends > start[m])
            for begin, end in zip(begins[inside], ends[inside], strict=True):
                mask[m, max(0, begin - start[m]) : end - start[m]] = True
    return mask


def share_inside(track: NDArray, mask: NDArray) -> NDArray:
    """Share of tracks (..., L) of |contribution| that lies inside; NaN for a track of zeros."""
    total, inside = track.sum(axis=-1), (track * mask).sum(axis=-1)
    return np.divide(inside, total, out=np.full_like(total, np.nan), where=total > 0)
