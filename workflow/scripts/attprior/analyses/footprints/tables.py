"""How much attribution lies in footprints, motif instances and peaks of other factors.

Letters in shapes: S seeds, M sampled examples, L input positions.
"""

import difflib
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior import metrics
from attprior.analyses.inputs import Sample, Tables, read_samples
from attprior.analyses.sites import share_inside, site_mask
from attprior.analyses.tracks import join, per_example, sized_tracks
from attprior.bed import read_bed
from attprior.errors import InputError
from attprior.genome import some
from attprior.motifs.database import read_motifs
from attprior.motifs.hits import sequence_sites
from attprior.sequence import one_hot_codes
from attprior.statistics import differences

log = logging.getLogger(__name__)

COLUMNS = ["arm", "fold", "seed", "set", "kind", "example", "metric", "value", "n"]
CURVE_COLUMNS = ["arm", "fold", "seed", "set", "kind", "top", "enrichment", "most", "n"]
# shares of the bases that are ranked highest, evenly spread over their logarithms
TOPS = np.geomspace(0.001, 1, 31)

Masks = dict[str, dict[str, NDArray]]  # fold -> set -> (M, L) whether a base is inside


def read_chosen(path: str | Path, chosen: Sequence[str]) -> dict[str, NDArray]:
    """Read the chosen motifs (4, W) of a MEME or HOMER file; all of them if none is chosen.

    Parameters
    ----------
    chosen
        Identifiers or names.

    Raises
    ------
    InputError
        If the file has no motifs, or lacks one that is chosen.
    """
    motifs = read_motifs(path)
    known = {name for names in motifs for name in names}
    for name in chosen:
        if name not in known:
            # JASPAR's identifiers end in a version
            versions = [other for other in known if other.split(".")[0] == name.split(".")[0]]
            near = versions or difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"it has {some(known)}"
            raise InputError(f"{path}: no motif '{name}' (config key 'footprints/motifs'); {hint}")
    if not motifs:
        raise InputError(f"{path}: no motifs in it; config key 'footprints/motifs' names it")
    return {
        " ".join(names): motif
        for names, motif in motifs.items()
        if not chosen or set(names) & set(chosen)
    }


def motif_mask(motifs: Mapping[str, NDArray], codes: NDArray, p_value: float) -> NDArray:
    """Positions of sequences that lie in an instance of a motif, on either strand, by FIMO.

    Parameters
    ----------
    motifs
        Name -> frequencies (4, W).
    codes
        (M, L), 0 to 3 for A C G T.
    p_value
        Greatest p value of an instance: one place on one strand, against equally frequent bases.

    Returns
    -------
    ndarray of bool
        (M, L).
    """
    mask = np.zeros(codes.shape, dtype=bool)
    found = sequence_sites(motifs, one_hot_codes(codes), p_value)
    for m, start, end in found[["peak", "start", "end"]].itertuples(index=False):
        mask[m, start:end] = True
    return mask


def set_masks(
    samples: Sequence[Sample],
    intervals: Mapping[str, pd.DataFrame],
    motifs: Mapping[str, Mapping[str, NDArray]],
    p_value: float,
) -> Masks:
    """Which bases of the sampled windows lie in each set, by fold.

    Motifs are looked for in the sequences that the models read, the same for both arms.

    Parameters
    ----------
    samples
        Attributions of both arms in all folds.
    intervals
        Set -> its intervals, columns chrom, start, end.
    motifs
        Set -> its motifs, by name (4, W).
    p_value
        Greatest p value of a motif's instance.
    """
    masks: Masks = {}
    for sample in samples:
        if sample.fold in masks:
            continue
        length = sample.codes.shape[1]
        found = {
            name: site_mask(table, sample.chrom, sample.start, length)
            for name, table in intervals.items()
        }
        for name, chosen in motifs.items():
            found[name] = motif_mask(chosen, sample.codes, p_value)
        masks[sample.fold] = found
        for name, mask in found.items():
            log.info(
                "%s, %s: %.2f %% of the bases, in %d of %d windows",
                *(sample.fold, name, 100 * mask.mean() if mask.size else 0),
                *(mask.any(axis=1).sum(), len(mask)),
            )
    return masks


def scored(mask: NDArray) -> NDArray:
    """Examples (M,) of a mask (M, L) that have bases inside and outside."""
    return mask.any(axis=1) & ~mask.all(axis=1)


def top_enrichment(track: NDArray, mask: NDArray, numbers: NDArray) -> NDArray:
    """How many times more of the highest bases lie inside than of all bases.

    Of bases that are equally high, each is taken to be as likely among the highest as the others.

    Parameters
    ----------
    track
        (L,) sizes of contributions.
    mask
        (L,) whether a base is inside; some are.
    numbers
        (K,) how many of the highest bases.

    Returns
    -------
    ndarray
        (K,); 1 at L, at most L over the number inside.
    """
    order = np.argsort(-track, kind="stable")
    found = np.cumsum(mask[order])
    # counts are known where a group of equal bases ends; within one they rise evenly
    ends = np.flatnonzero(np.append(np.diff(track[order]) != 0, True))
    hits = np.interp(numbers, np.append(0, ends + 1), np.append(0, found[ends]))
    return hits / numbers / mask.mean()


def footprints_table(
    samples: Sequence[Sample], masks: Masks, arms: Sequence[str], seed: int
) -> pd.DataFrame:
    """How well each example's attributions find the bases inside each set.

    Metrics of an example's L bases: `share` of |contribution| that lies inside; `enrichment`, how
    many times more of the k highest bases lie inside than of all, k being the number of bases
    inside; and `auprc`, average precision of the bases ranked by |contribution|. Examples that
    have no base inside, or none outside, are left out.

    Parameters
    ----------
    samples
        Attributions of both arms in all folds.
    masks
        As `set_masks` makes them.
    arms
        The two arms.
    seed
        Of the shuffles that make the rows of `attprior.analyses.tracks.BOUND`.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; `arm` is an arm or the bound, `example` the row among the fold's
        attributed peaks, `n` the number of bases inside.
    """
    tables = []
    for sample, arm, kind, track in sized_tracks(samples, arms[0], seed):
        for name, mask in masks[sample.fold].items():
            chosen = scored(mask)
            inside, tracks = mask[chosen], track[:, chosen]
            values = {
                "share": share_inside(tracks, inside),
                "enrichment": own_enrichment(tracks, inside),
                "auprc": metrics.row_auprc(np.broadcast_to(inside, tracks.shape), tracks),
            }
            part = sample._replace(index=sample.index[chosen])
            n = np.tile(inside.sum(axis=1), len(sample.seeds))
            tables += [
                per_example(part, value, arm=arm, set=name, kind=kind, metric=metric, n=n).dropna()
                for metric, value in values.items()
            ]
    return join(tables, COLUMNS)


def own_enrichment(tracks: NDArray, mask: NDArray) -> NDArray:
    """Enrichment (S, M) of tracks (S, M, L) among as many bases as the mask (M, L) has inside."""
    values = [
        [top_enrichment(row, inside, inside.sum()) for row, inside in zip(track, mask, strict=True)]
        for track in tracks
    ]
    return np.array(values, dtype=float).reshape(tracks.shape[:2])


def curve_table(
    samples: Sequence[Sample], masks: Masks, arms: Sequence[str], seed: int
) -> pd.DataFrame:
    """Enrichment among the highest bases of all examples together, ranked by |contribution|.

    Parameters
    ----------
    samples, masks, arms, seed
        As of `footprints_table`.

    Returns
    -------
    pandas.DataFrame
        Columns `CURVE_COLUMNS`: `top` is the share of the bases that is ranked highest,
        `most` the enrichment if all bases inside came first, `n` the number of all bases.
    """
    tables = []
    for sample, arm, kind, track in sized_tracks(samples, arms[0], seed):
        for name, mask in masks[sample.fold].items():
            chosen = scored(mask)
            inside = mask[chosen].ravel()
            if not len(inside):
                continue
            numbers = np.unique(np.maximum(1, np.rint(TOPS * len(inside)))).astype(int)
            tables += [
                pd.DataFrame(
                    {
                        "arm": arm,
                        "fold": sample.fold,
                        "seed": number,
                        "set": name,
                        "kind": kind,
                        "top": numbers / len(inside),
                        "enrichment": top_enrichment(own[chosen].ravel(), inside, numbers),
                        "most": np.minimum(numbers, inside.sum()) / numbers / inside.mean(),
                        "n": len(inside),
                    }
                )
                for number, own in zip(sample.seeds, track, strict=True)
            ]
    return join(tables, CURVE_COLUMNS)


def tabulate(
    attributions: Sequence[str],
    intervals: Sequence[str],
    motifs: Sequence[str],
    arms: Sequence[str],
    seed: int,
    interval_sets: Sequence[str],
    instance_sets: str,
    p_value: float,
) -> Tables:
    """Tables of this analysis; see `attprior.analyses`.

    Parameters
    ----------
    interval_sets
        Names of the sets that `intervals` hold.
    instance_sets
        Names of the sets of instances of `motifs`, and what each is of, as JSON.
    """
    samples = read_samples(attributions)
    given = {name: read_bed(path) for name, path in zip(interval_sets, intervals, strict=True)}
    instances = {
        name: read_chosen(path, chosen.get("names", []))
        for (name, chosen), path in zip(json.loads(instance_sets).items(), motifs, strict=True)
    }
    masks = set_masks(samples, given, instances, p_value)
    table = footprints_table(samples, masks, arms, seed)
    return {
        "table": table,
        "curve": curve_table(samples, masks, arms, seed),
        "tests": differences(table, arms, ["set", "kind", "metric"]),
    }
