"""TF-MoDISco patterns of the two arms side by side."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

BASES = list("ACGT")
MAX_Q_VALUE = 0.05  # of a match that gives a pattern its name


def factor(name: str) -> str:
    """Factor that a motif's name begins with, in capitals: `Spi1(ETS)/…` and `SPI1` are one."""
    return re.split(r"[(/,]", name)[0].strip().upper()


def pair_patterns(best: pd.DataFrame, arms: Sequence[str]) -> pd.DataFrame:
    """Put patterns of both arms that match the same factor into the same row.

    Parameters
    ----------
    best
        A row per pattern: columns arm, pattern, seqlets, name (of its best match), matched.
    arms
        The two arms.

    Returns
    -------
    pandas.DataFrame
        `best` with a column `row` from 0, rows with most seqlets first. Of several patterns of
        one factor, the largest are paired with each other; patterns without match stand alone.
    """
    best = best.copy()
    best["factor"] = best.name.map(factor).where(best.matched == 1, "")
    best["size"] = best.seqlets.astype(int)
    best = best.sort_values("size", ascending=False, kind="stable")
    rank = best.groupby(["arm", "factor"]).cumcount().astype(str)
    alone = best.arm + "." + best.pattern
    best["pair"] = np.where(best.factor == "", alone, best.factor + "." + rank)
    # rows are sorted by size, so a pair's first appearance ranks it by its larger member
    best["row"] = pd.factorize(best["pair"])[0]
    order = best["arm"].map({arm: i for i, arm in enumerate(arms)})
    best = best.assign(order=order).sort_values(["row", "order"], kind="stable")
    return best.drop(columns=["factor", "size", "pair", "order"]).reset_index(drop=True)


def motifs_table(matches: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Matches of both arms' patterns, and which patterns of the arms belong together.

    Parameters
    ----------
    matches
        Arm -> its table of matches.

    Returns
    -------
    pandas.DataFrame
        Columns arm, row (patterns in one row are each other's counterparts), best (1 for a
        pattern's first match), matched (1 where the q value is at most `MAX_Q_VALUE`), then those
        of the tables. No rows without patterns.
    """
    tables = [table.assign(arm=arm) for arm, table in matches.items()]
    table = pd.concat(tables, ignore_index=True)
    columns = ["arm", "row", "best", "matched", *table.columns.drop("arm")]
    if table.empty:
        return table.reindex(columns=columns)
    text = ["motif", "name", "database", "consensus"]
    table[text] = table[text].astype(object).fillna("")
    # the first database comes first; a match there names the pattern
    named = (table.motif != "") & (table.q_value <= MAX_Q_VALUE)
    table["matched"] = named.astype(int)
    found = table.assign(unnamed=~named).sort_values(["unnamed", "rank"], kind="stable")
    best = found.drop_duplicates(["arm", "pattern"])
    table["best"] = table.index.isin(best.index).astype(int)
    rows = pair_patterns(best, list(matches))[["arm", "pattern", "row"]]
    table = table.merge(rows, on=["arm", "pattern"], validate="many_to_one")
    order = {arm: i for i, arm in enumerate(matches)}
    table = table.sort_values(
        ["row", "arm", "best"],
        ascending=[True, True, False],
        key=lambda c: c.map(order) if c.name == "arm" else c,
        kind="stable",
    )
    return table[columns].reset_index(drop=True)


def cwm_table(patterns: Mapping[str, Mapping[str, Mapping[str, NDArray]]]) -> pd.DataFrame:
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
