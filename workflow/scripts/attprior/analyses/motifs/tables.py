"""TF-MoDISco patterns of the two arms side by side."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior.analyses.inputs import Tables, read_table
from attprior.motifs.discovery import read_patterns, trim
from attprior.motifs.matching import names_pattern, pair_p_values

BASES = list("ACGT")
MAX_P_VALUE = 0.001  # of patterns of two arms that are taken for one
COLUMNS = [
    "family", "arms", "arm", "pattern", "seqlets", "consensus",
    "matched", "database", "motif", "name", "q_value",
]  # fmt: skip

Patterns = Mapping[str, Mapping[str, Mapping[str, NDArray]]]


def factor(name: str) -> str:
    """Factor that a motif's name begins with, in capitals: `Spi1(ETS)/…` and `SPI1` are one."""
    return re.split(r"[(/,]", name)[0].strip().upper()


def alike(patterns: Patterns) -> pd.DataFrame:
    """Patterns of the two arms that are alike: see `attprior.motifs.matching.pair_p_values`.

    Parameters
    ----------
    patterns
        Arm -> pattern -> `cwm` and `pfm`, (4, W).

    Returns
    -------
    pandas.DataFrame
        Columns first and second (patterns of the same sign), p_value (at most `MAX_P_VALUE`), the
        most alike first.
    """
    first, second = (
        {name: trim(pattern["pfm"], pattern["cwm"]) for name, pattern in found.items()}
        for found in patterns.values()
    )
    rows = []
    if first and second:
        p_values = pair_p_values(first.values(), second.values())
        rows = [
            (a, b, p)
            for a, of_first in zip(first, p_values, strict=True)
            for b, p in zip(second, of_first, strict=True)
            if p <= MAX_P_VALUE and sign(a) == sign(b)
        ]
    table = pd.DataFrame(rows, columns=["first", "second", "p_value"])
    return table.sort_values("p_value", kind="stable", ignore_index=True)


def sign(pattern: str) -> str:
    """Sign of a pattern's contributions: `pos_patterns` of `pos_patterns.pattern_0`."""
    return pattern.split(".")[0]


def families(patterns: Patterns) -> pd.DataFrame:
    """Which patterns of the two arms are one, and in which arms each is found.

    Parameters
    ----------
    patterns
        Arm -> pattern -> `cwm`, `pfm` and `seqlets`.

    Returns
    -------
    pandas.DataFrame
        Columns arm, pattern, family (from 0, that of the most seqlets first; at most one pattern
        of each arm, the most alike together) and arms: in which arms there is a pattern like it,
        joined by commas.
    """
    arms = list(patterns)
    pairs = alike(patterns)
    partner: dict[tuple[str, str], tuple[str, str]] = {}
    for pair in pairs.itertuples():
        one, other = (arms[0], pair.first), (arms[1], pair.second)
        if one not in partner and other not in partner:
            partner[one], partner[other] = other, one
    in_both = {(arms[0], name) for name in pairs["first"]}
    in_both |= {(arms[1], name) for name in pairs["second"]}
    table = pd.DataFrame(
        [
            (arm, name, int(pattern["seqlets"]))
            for arm, found in patterns.items()
            for name, pattern in found.items()
        ],
        columns=["arm", "pattern", "seqlets"],
    ).sort_values("seqlets", ascending=False, kind="stable")
    keys = list(zip(table.arm, table.pattern, strict=True))
    # rows are sorted by size, so a pair's first appearance ranks it by its larger member
    table["family"] = pd.factorize(
        np.array([str(min(key, partner.get(key, key))) for key in keys], dtype=object)
    )[0]
    table["arms"] = [",".join(arms) if key in in_both else key[0] for key in keys]
    return table[["arm", "pattern", "family", "arms"]].reset_index(drop=True)


def motifs_table(matches: Mapping[str, pd.DataFrame], patterns: Patterns) -> pd.DataFrame:
    """Patterns of both arms, what they match, and which of them are one.

    Parameters
    ----------
    matches
        Arm -> its table of matches.
    patterns
        Arm -> pattern -> `cwm`, `pfm` and `seqlets`.

    Returns
    -------
    pandas.DataFrame
        A row per pattern of an arm, of columns `COLUMNS`: family and arms of `families`; database,
        motif, name and q_value of the match that names the pattern, which is the best in the first
        database that has one; matched, 1 where it does. Then two for each database: the best match,
        as `NAME (MOTIF)`, and its q value. No rows without patterns.
    """
    tables = [table.assign(arm=arm) for arm, table in matches.items()]
    table = pd.concat(tables, ignore_index=True)
    if table.empty:
        return pd.DataFrame(columns=COLUMNS)
    text = ["motif", "name", "database", "consensus"]
    table[text] = table[text].astype(object).fillna("")
    # the first database comes first; a match there names the pattern
    named = (table.motif != "") & names_pattern(table)
    table["matched"] = named.astype(int)
    found = table.assign(unnamed=~named).sort_values(["unnamed", "rank"], kind="stable")
    key = ["arm", "pattern"]
    best = found.drop_duplicates(key).merge(families(patterns), on=key, validate="one_to_one")
    best = best[COLUMNS]
    for database in table.database[table.database != ""].unique():
        own = table[(table.database == database) & (table["rank"] == 1)].set_index(key)
        match = own.name.where(own.name == own.motif, own.name + " (" + own.motif + ")")
        columns = {database: match, f"{database}_q_value": own.q_value}
        best = best.join(pd.DataFrame(columns), on=key)
    order = {arm: i for i, arm in enumerate(matches)}
    return best.sort_values(
        ["family", "arm"], key=lambda c: c.map(order) if c.name == "arm" else c, kind="stable"
    ).reset_index(drop=True)


def cwm_table(patterns: Patterns) -> pd.DataFrame:
    """Contribution weights and base frequencies of each pattern, a row per position and base.

    Parameters
    ----------
    patterns
        Arm -> pattern -> `cwm` and `pfm`, (4, W).

    Returns
    -------
    pandas.DataFrame
        Columns arm, pattern, position, base, cwm, pfm.
    """
    tables = [
        pd.DataFrame(
            {
                "arm": arm,
                "pattern": name,
                "position": np.repeat(np.arange(matrices["cwm"].shape[1]), 4),
                "base": BASES * matrices["cwm"].shape[1],
                "cwm": matrices["cwm"].T.ravel(),
                "pfm": matrices["pfm"].T.ravel(),
            }
        )
        for arm, found in patterns.items()
        for name, matrices in found.items()
    ]
    empty = pd.DataFrame(columns=["arm", "pattern", "position", "base", "cwm", "pfm"])
    return pd.concat(tables, ignore_index=True) if tables else empty


def tabulate(matches: Sequence[str], modisco: Sequence[str], arms: Sequence[str]) -> Tables:
    """Tables of this analysis; see `attprior.analyses`."""
    patterns = {arm: read_patterns(path) for arm, path in zip(arms, modisco, strict=True)}
    found = {arm: read_table(path) for arm, path in zip(arms, matches, strict=True)}
    return {"table": motifs_table(found, patterns), "cwm": cwm_table(patterns)}
