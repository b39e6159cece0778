"""Attributions against binding sites that are known."""

import logging
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior import metrics
from attprior.analysis.inputs import KINDS, Sample
from attprior.analysis.tracks import join, per_example
from attprior.statistics import groups_of, pseudovalues

log = logging.getLogger(__name__)

COLUMNS = ["arm", "fold", "seed", "kind", "metric", "value", "n", "chance"]
VALUE_COLUMNS = ["arm", "fold", "seed", "kind", "metric", "example", "value"]


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


def truth_table(samples: list[Sample], sites: pd.DataFrame) -> pd.DataFrame:
    """How well each seed's attributions find the known sites.

    Examples without a site count for nothing. Metrics: `share_in_sites` is the share of an
    example's |contribution| that lies in its sites, a mean over examples; `auprc` and `auroc` are
    of all bases of all examples, ranked by |contribution|.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; n counts examples with a site, `chance` is what contributions that know
        nothing would score: the share of bases in sites, or 0.5.
    """
    rows = []
    for sample in samples:
        mask = site_mask(sites, sample.chrom, sample.start, sample.codes.shape[1])
        has = mask.any(axis=1)
        mask = mask[has]
        chance = float(mask.mean()) if len(mask) else float("nan")
        for kind in KINDS:
            tracks = np.abs(sample.contributions(kind)[:, has])
            for seed, track in zip(sample.seeds, tracks, strict=True):
                share = share_inside(track, mask)
                share = share[np.isfinite(share)]
                scores = {"share_in_sites": share.mean() if len(share) else np.nan}
                scores |= _ranked(mask, track, slice(None))
                for metric, value in scores.items():
                    by_chance = 0.5 if metric == "auroc" else chance
                    key = (sample.arm, sample.fold, seed, kind, metric)
                    rows.append((*key, value, int(has.sum()), by_chance))
    return pd.DataFrame(rows, columns=COLUMNS)


def share_inside(track: NDArray, mask: NDArray) -> NDArray:
    """Share of tracks (..., L) of |contribution| that lies inside; NaN for a track of zeros."""
    total, inside = track.sum(axis=-1), (track * mask).sum(axis=-1)
    return np.divide(inside, total, out=np.full_like(total, np.nan), where=total > 0)


def _ranked(mask: NDArray, track: NDArray, chosen: NDArray | slice) -> dict[str, float]:
    """Metrics of all bases of chosen examples, of (M, L), ranked by |contribution|."""
    mask, track = mask[chosen], track[chosen]
    if not len(mask):
        return {"auprc": np.nan, "auroc": np.nan}
    return {"auprc": metrics.auprc(mask, track), "auroc": metrics.auroc(mask, track)}


def truth_values(samples: list[Sample], sites: pd.DataFrame) -> pd.DataFrame:
    """The metrics of `truth_table`, example by example.

    Returns
    -------
    pandas.DataFrame
        Columns `VALUE_COLUMNS`. Of `auprc` and `auroc`, which are of all examples together, an
        example is one group of some, and the value its jackknife pseudovalue.
    """
    tables = []
    for sample in samples:
        mask = site_mask(sites, sample.chrom, sample.start, sample.codes.shape[1])
        has = mask.any(axis=1)
        mask, groups = mask[has], groups_of(has.sum())
        examples = sample._replace(index=sample.index[has])
        parts = sample._replace(index=np.unique(groups))
        for kind in KINDS:
            tracks = np.abs(sample.contributions(kind)[:, has])
            keys = {"arm": sample.arm, "kind": kind}
            share = share_inside(tracks, mask)
            tables.append(per_example(examples, share, metric="share_in_sites", **keys))
            each = [pseudovalues(partial(_ranked, mask, own), groups) for own in tracks]
            for metric in each[0]:
                values = np.stack([values[metric] for values in each])
                tables.append(per_example(parts, values, metric=metric, **keys))
    return join(tables, VALUE_COLUMNS).dropna()
