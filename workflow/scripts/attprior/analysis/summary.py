"""The headline of every analysis, over all conditions, models and comparisons."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from attprior.analysis.low_pass import CUT, filtered
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


class Headline(NamedTuple):
    """A row of tests that stands for an analysis."""

    analysis: str
    metric: str  # in words
    better: int  # 1 where more is better, -1 where less is
    where: Mapping[str, str]  # column -> value in the table of tests


def _of(kind: str, metric: str) -> dict[str, str]:
    return {"kind": kind, "metric": metric}


def _metric(name: str) -> dict[str, str]:
    return {"metric": name}


# evidence first, and last what a prior brings about by construction
HEADLINES = [
    Headline("performance", "Profile NLL", -1, _metric("profile_nll")),
    Headline("performance", "Profile JSD", -1, _metric("profile_jsd")),
    Headline("performance", "Counts, Pearson", 1, _metric("counts_pearson")),
    Headline("performance", "Peaks, auROC", 1, _metric("peaks_auroc")),
    Headline("performance", "Peaks, auROC, GC-matched", 1, _metric("peaks_auroc_gc")),
    Headline("performance", "Bins, auROC", 1, _metric("auroc")),
    Headline("performance", "Bins, auROC, GC-matched", 1, _metric("auroc_gc")),
    Headline("performance", "Bins, auPRC", 1, _metric("auprc")),
    Headline("performance", "Bins, auPRC, all negatives", 1, _metric("auprc_corrected")),
    Headline("performance", "Bins, accuracy", 1, _metric("accuracy")),
    Headline("truth", "Share in known sites, DeepSHAP", 1, _of("deepshap", "share_in_sites")),
    Headline("truth", "auPRC of known sites, DeepSHAP", 1, _of("deepshap", "auprc")),
    Headline("footprints", "Share in sets of bases, DeepSHAP", 1, _of("deepshap", "share")),
    Headline("footprints", "auPRC of sets of bases, DeepSHAP", 1, _of("deepshap", "auprc")),
    Headline("summits", "Distance to summit, DeepSHAP", -1, _of("deepshap", "spearman")),
    Headline("summits", "auPRC of peaks, DeepSHAP", 1, _of("deepshap", "auprc")),
    Headline("composition", "GC dependence, DeepSHAP", -1, _of("deepshap", "spearman_size")),
    Headline("low_pass", "Share in sites, against filtered", 1, _metric("share_in_sites")),
    Headline("low_pass", "auPRC of sites, against filtered", 1, _metric("auprc")),
    Headline("low_pass", "Jaccard of seeds, against filtered", 1, _metric("jaccard")),
    Headline("consistency", "Jaccard of seeds, gradient", 1, _of("gradient", "jaccard")),
    Headline("consistency", "Jaccard of seeds, DeepSHAP", 1, _of("deepshap", "jaccard")),
    Headline("spectrum", "High frequencies, gradient", -1, _of("gradient", "high_frequency_share")),
    Headline("spectrum", "High frequencies, DeepSHAP", -1, _of("deepshap", "high_frequency_share")),
    Headline("spectrum", "Entropy, DeepSHAP", -1, _of("deepshap", "entropy")),
]


def summary_table(tested: Iterable[Result], arms: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Collect the headlines that there are.

    Parameters
    ----------
    tested
        Tests of all analyses in all comparisons.
    arms
        Comparison -> its two arms.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, in the order of comparisons, then of `HEADLINES`. `of` is the task or set
        of bases, empty where there is no other; `better` is 1 where more is better and -1 where
        less is. Verdicts are of a comparison's headlines together, over conditions and models.
    """
    found = [
        rows
        for one in tested
        for number, headline in enumerate(HEADLINES)
        if headline.analysis == one.analysis
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


def _rows(one: Result, headline: Headline, arms: Sequence[str]) -> pd.DataFrame:
    """Rows of a table of tests that are a headline, with the columns that say what they are of."""
    first, second = arms
    # beside the two arms, the analysis of filters tests more pairs
    first = filtered(first, CUT) if headline.analysis == "low_pass" else first
    where = {**headline.where, "first": first, "second": second}
    tests = one.tests
    for column, value in where.items():
        tests = tests[tests[column] == value]
    part = next((name for name in PARTS if name in tests), None)
    return tests.assign(
        comparison=one.comparison,
        condition=one.condition,
        model=one.model,
        analysis=one.analysis,
        metric=headline.metric,
        of=tests[part] if part else "",
        better=headline.better,
    )
