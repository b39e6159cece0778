"""Attributions against binding sites that are known."""

import logging
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior import metrics
from attprior.analyses.inputs import KINDS, Sample, Tables, read_samples, read_table
from attprior.analyses.sites import share_inside, site_mask
from attprior.analyses.tracks import join, per_example
from attprior.analyses.truth.recovery import (
    factor_names,
    held_out,
    hits_table,
    planted_matches,
    recovery_table,
)
from attprior.bed import read_bed
from attprior.motifs.database import read_meme
from attprior.motifs.hits import read_callers, read_regions
from attprior.statistics import differences, groups_of, pseudovalues

log = logging.getLogger(__name__)

COLUMNS = ["arm", "fold", "seed", "kind", "metric", "value", "n", "chance"]
VALUE_COLUMNS = ["arm", "fold", "seed", "kind", "metric", "example", "value"]


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


def tabulate(
    attributions: Sequence[str],
    averaged: Sequence[str],
    patterns: Sequence[str],
    matches: Sequence[str],
    hits: Sequence[str],
    sequence_hits: Sequence[str],
    folds: Sequence[str],
    sites: str,
    motifs: str | Sequence[str],
    arms: Sequence[str],
    window: int,
) -> Tables:
    """Tables of this analysis; see `attprior.analyses`.

    Parameters
    ----------
    motifs
        File of the planted motifs; an empty list where they are not known.
    """
    known, samples = read_bed(sites), read_samples(attributions)
    found = {arm: read_meme(path) for arm, path in zip(arms, patterns, strict=True)}
    matched = {arm: read_table(path) for arm, path in zip(arms, matches, strict=True)}
    planted = read_meme(motifs) if motifs else {}
    alike = planted_matches(found, planted)
    here = [name for name in planted if name in set(known.name)]
    called = read_callers(arms, finemo=hits, fimo=sequence_hits)
    named = {key: factor_names(alike, key[0], table) for key, table in called.items()}
    regions = read_regions(averaged[0], window)
    return {
        "table": truth_table(samples, known),
        "tests": differences(truth_values(samples, known), arms, ["kind", "metric"]),
        "motifs": alike,
        "recovery": recovery_table(alike, matched, here),
        "hits": hits_table(named, regions, known, held_out(folds)),
    }
