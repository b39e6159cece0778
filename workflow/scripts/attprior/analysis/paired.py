"""Paired tests between the two arms of a comparison."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata, wilcoxon

TEST = "Wilcoxon signed-rank"
STATISTICS = [
    *("first", "second", "n", "mean_first", "sd_first", "mean_second", "sd_second"),
    *("difference", "effect", "test", "alternative", "statistic", "p_value"),
]


def rank_biserial(difference: np.ndarray) -> float:
    """Matched-pairs rank-biserial correlation, the effect size of the signed-rank test.

    1 where the second arm is higher in all pairs, -1 where it is lower in all, NaN where all
    pairs are equal. Source: Kerby 2014, the simple difference formula.
    """
    difference = difference[difference != 0]
    if not len(difference):
        return float("nan")
    ranks = rankdata(np.abs(difference))
    return float((ranks * np.sign(difference)).sum() / ranks.sum())


def paired_tests(
    table: pd.DataFrame,
    arms: Sequence[str],
    by: Sequence[str],
    pair_on: Sequence[str],
    alternative: str = "two-sided",
) -> pd.DataFrame:
    """Compare the second arm with the first in each group.

    Parameters
    ----------
    table
        Long table with columns `arm`, `value`, those of `by` and of `pair_on`.
    arms
        The two arms.
    by
        Columns whose values make the groups: a row of the result for each.
    pair_on
        Columns that name a pair's members alike in both arms. Rows that agree in them, such as
        seeds of one example, are averaged first.
    alternative
        `greater` asks whether the second arm's values are higher, `less` whether they are lower.

    Returns
    -------
    pandas.DataFrame
        Columns `by`, then `STATISTICS`; n counts pairs with a value in both arms, `difference` is
        the mean of second less first, `effect` the rank-biserial correlation. Statistic and p
        value are NaN where no pair differs.
    """
    first, second = arms
    rows = []
    for key, group in table[table.arm.isin(arms)].groupby(list(by), sort=False):
        pairs = group.pivot_table(index=list(pair_on), columns="arm", values="value")
        pairs = pairs.reindex(columns=list(arms)).dropna()
        a, b = pairs[first].to_numpy(), pairs[second].to_numpy()
        tested = len(pairs) > 0 and bool((a != b).any())
        result = wilcoxon(b, a, alternative=alternative) if tested else None
        rows.append(
            dict(zip(by, key, strict=True))
            | {
                "first": first,
                "second": second,
                "n": len(pairs),
                "mean_first": pairs[first].mean(),
                "sd_first": pairs[first].std(),
                "mean_second": pairs[second].mean(),
                "sd_second": pairs[second].std(),
                "difference": (pairs[second] - pairs[first]).mean(),
                "effect": rank_biserial(b - a),
                "test": TEST,
                "alternative": alternative,
                "statistic": result.statistic if result else float("nan"),
                "p_value": result.pvalue if result else float("nan"),
            }
        )
    return pd.DataFrame(rows, columns=[*by, *STATISTICS])
