"""The headline of every analysis, over all conditions, models and comparisons."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from attprior.statistics import STATISTICS, verdicts

COLUMNS = [
    *("comparison", "condition", "model", "analysis", "metric", "of", "better"),
    *STATISTICS,
    *("q_value", "verdict"),
]
# columns of tests that say what a row is of, beside its metric
PARTS = ("task", "set")


class Result(NamedTuple):
    """Tests of one analysis in one comparison, as the analysis wrote them."""

    condition: str
    model: str
    comparison: str
    analysis: str
    tests: pd.DataFrame


def summary_table(
    tested: Iterable[Result],
    arms: Mapping[str, Sequence[str]],
    headlines: Sequence[Mapping[str, Any]],
) -> pd.DataFrame:
    """Collect the headlines that there are.

    Parameters
    ----------
    tested
        Tests of all analyses in all comparisons.
    arms
        Comparison -> its two arms.
    headlines
        As `attprior.analyses.registry.headlines` gives them.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, in the order of comparisons, then of headlines. `of` is the task or set
        of bases, empty where there is no other; `better` is 1 where more is better and -1 where
        less is. Verdicts are of a comparison's headlines together, over conditions and models.
    """
    found = [
        rows
        for one in tested
        for number, headline in enumerate(headlines)
        if headline["analysis"] == one.analysis
        for rows in [_rows(one, headline, arms[one.comparison]).assign(order=number)]
        if len(rows)
    ]
    if not found:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(found, ignore_index=True)
    places = {name: place for place, name in enumerate(arms)}
    table["place"] = table.comparison.map(places)
    table = table.sort_values(["place", "order"], kind="stable")
    together = [verdicts(rows) for _, rows in table.groupby("comparison", sort=False)]
    return pd.concat(together, ignore_index=True)[COLUMNS]


def _rows(one: Result, headline: Mapping[str, Any], arms: Sequence[str]) -> pd.DataFrame:
    """Rows of a table of tests that are a headline, with the columns that say what they are of."""
    first, second = arms
    # beside the two arms, an analysis can test other pairs
    where = {"first": "{first}", **headline["where"], "second": second}
    where["first"] = where["first"].format(first=first)
    tests = one.tests
    for column, value in where.items():
        tests = tests[tests[column] == value]
    part = next((name for name in PARTS if name in tests), None)
    return tests.assign(
        comparison=one.comparison,
        condition=one.condition,
        model=one.model,
        analysis=one.analysis,
        metric=headline["metric"],
        of=tests[part] if part else "",
        better=headline["better"],
    )
