"""Patterns and motif instances against motifs and sites that are known."""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior.analyses.overlaps import ANY, Hits, shared_bases, within
from attprior.dataset.folds import chromosomes_of_split
from attprior.motifs.matching import pair_p_values

MATCH_COLUMNS = ["arm", "pattern", "planted", "p_value"]
RECOVERY_COLUMNS = [
    "arm", "planted", "found", "pattern", "seqlets", "motif", "q_value", "patterns",
    "false_patterns",
]  # fmt: skip
HIT_COLUMNS = [
    "peaks", "n", "arm", "caller", "name", "hits", "sites", "found", "precision", "recall", "f1",
]  # fmt: skip


def planted_matches(
    patterns: Mapping[str, Mapping[str, NDArray]],
    planted: Mapping[str, NDArray],
    max_p_value: float = 0.001,
) -> pd.DataFrame:
    """Which planted motif each pattern matches: see `attprior.motifs.matching.pair_p_values`.

    Parameters
    ----------
    patterns
        Arm -> pattern -> PFM, (4, W).
    planted
        Motif -> PFM, (4, W).
    max_p_value
        Patterns whose best p value is higher match none.

    Returns
    -------
    pandas.DataFrame
        Columns `MATCH_COLUMNS`: the best planted motif ("" for none) and its p value.
    """
    names = [(arm, name) for arm, found in patterns.items() for name in found]
    if not names or not planted:
        return pd.DataFrame(columns=MATCH_COLUMNS)
    queries = [np.asarray(patterns[arm][name], dtype=np.float64) for arm, name in names]
    rows = []
    for (arm, name), p in zip(names, pair_p_values(queries, planted.values()), strict=True):
        best = int(np.argmin(p))
        found = list(planted)[best] if p[best] <= max_p_value else ""
        rows.append((arm, name, found, float(p[best])))
    return pd.DataFrame(rows, columns=MATCH_COLUMNS)


def factor(name: str) -> str:
    """Factor that a motif's name begins with, in capitals: `Spi1(ETS)/…` and `SPI1` are one."""
    return re.split(r"[(/,]", name)[0].strip().upper()


def recovery_table(
    found: pd.DataFrame, matches: Mapping[str, pd.DataFrame], planted: Collection[str]
) -> pd.DataFrame:
    """Which planted motifs each arm's patterns find, and how many patterns find none.

    Parameters
    ----------
    found
        As `planted_matches` makes it.
    matches
        Arm -> its patterns' matches in databases.
    planted
        Names of the motifs that have sites in the condition; a pattern that matches none of them
        is a false one.

    Returns
    -------
    pandas.DataFrame
        Columns `RECOVERY_COLUMNS`, a row per arm and planted motif: found (1 or 0), its pattern of
        most seqlets, and that pattern's best database match of the same name or JASPAR matrix with
        its q value (NaN if none is listed); patterns and false patterns are of the arm.
    """
    rows = []
    for arm, table in matches.items():
        own = found[found.arm == arm]
        false = int((~own.planted.isin(planted)).sum())
        for name in planted:
            row = {"arm": arm, "planted": name, "patterns": len(own), "false_patterns": false}
            listed = table[table.pattern.isin(own.pattern[own.planted == name])]
            row["found"] = int((own.planted == name).any())
            if len(listed):
                listed = listed[listed.pattern == listed.pattern[listed.seqlets.idxmax()]]
                matrix = listed.motif.astype(str).str.split(".").str[0]
                same = listed.name.astype(str).map(factor) == factor(name)
                same = listed[same | (matrix == name.split(".")[0])].sort_values("q_value")
                row |= listed.iloc[0][["pattern", "seqlets"]].to_dict()
                row |= same[["motif", "q_value"]].head(1).squeeze().to_dict()
            rows.append(row)
    return pd.DataFrame(rows, columns=RECOVERY_COLUMNS)


def factor_names(found: pd.DataFrame, arm: str, hits: pd.DataFrame) -> pd.DataFrame:
    """Hits named by factor: by the planted motif that their pattern matches, or else as they are.

    Parameters
    ----------
    found
        As `planted_matches` makes it.
    """
    own = found[(found.arm == arm) & (found.planted != "")]
    planted = dict(zip(own.pattern, own.planted, strict=True))
    names = [planted.get(hit.pattern, hit.name) for hit in hits[["pattern", "name"]].itertuples()]
    return hits.assign(name=[factor(name) for name in names])


def score_hits(hits: pd.DataFrame, sites: pd.DataFrame) -> dict[str, float]:
    """Precision and recall of hits.

    A hit and a site meet if they share at least half of the shorter one, on any strand.

    Parameters
    ----------
    hits, sites
        Columns chrom, start, end; of sites also searched, whether they count for recall.

    Returns
    -------
    dict
        hits; sites that count; found, those of them that meet a hit; precision, the share of hits
        that meet a site; recall, found of sites; f1, their harmonic mean. NaN without hits or sites.
    """
    i, j, shared = shared_bases(hits, sites)
    length = [(table.end - table.start).to_numpy() for table in (hits, sites)]
    meet = 2 * shared >= np.minimum(length[0][i], length[1][j])
    right = len(np.unique(i[meet]))
    searched = sites.searched.to_numpy(dtype=bool)
    found, number = int(searched[np.unique(j[meet])].sum()), int(searched.sum())
    precision = right / len(hits) if len(hits) else np.nan
    recall = found / number if number else np.nan
    total = precision + recall
    return {
        "hits": len(hits),
        "sites": number,
        "found": found,
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / total if total else total,
    }


def hits_table(
    hits: Hits,
    regions: pd.DataFrame,
    sites: pd.DataFrame,
    held_out: Collection[str],
) -> pd.DataFrame:
    """How well motif instances find the known sites.

    Parameters
    ----------
    hits
        (Arm, caller) -> its hits, columns chrom, start, end, name (of a factor, or "").
    regions
        Columns chrom, start, end: the windows that were searched.
    sites
        Columns chrom, start, end, name. Those that lie wholly in a window count for recall.
    held_out
        Chromosomes of the test peaks.

    Returns
    -------
    pandas.DataFrame
        Columns `HIT_COLUMNS`. Rows for all peaks and for test peaks, n of them; in each, for each
        arm and caller, one for `ANY` name, in which names are not compared, and one for each name
        that sites or hits have, in which hits and sites of that name alone are compared.
    """
    searched = np.isin(np.arange(len(sites)), within(sites, regions)[0])
    sites = sites.assign(name=sites.name.map(factor), searched=searched)
    every = {*regions.chrom, *sites.chrom}
    rows = []
    for peaks, chroms in {"all": every, "test": every & set(held_out)}.items():
        known = sites[sites.chrom.isin(chroms)]
        for (arm, caller), table in hits.items():
            called = table[table.chrom.isin(chroms)]
            for name in [ANY, *sorted({*sites.name, *called.name} - {""})]:
                alike = called, known
                if name != ANY:
                    alike = called[called.name == name], known[known.name == name]
                key = {"peaks": peaks, "n": int(regions.chrom.isin(chroms).sum())}
                key |= {"arm": arm, "caller": caller, "name": name}
                rows.append(key | score_hits(*alike))
    return pd.DataFrame(rows, columns=HIT_COLUMNS)


def held_out(folds: Iterable[str | Path]) -> set[str]:
    """Chromosomes that are for tests in every fold, so that no model has learned from them.

    Parameters
    ----------
    folds
        Tables of columns chrom and split.
    """
    return set.intersection(*(set(chromosomes_of_split(path, "test")) for path in folds))
