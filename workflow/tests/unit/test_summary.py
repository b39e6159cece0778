"""The summary holds what the analyses tested, once each, and says which side is better."""

import numpy as np
import pandas as pd
import pytest
from attprior.analyses import summary
from attprior.analyses.low_pass.tables import filtered
from attprior.analyses.registry import headlines
from attprior.analyses.summary import COLUMNS, Result
from attprior.plotting.summary import plot_summary
from attprior.statistics import differences
from matplotlib import pyplot as plt

ARMS = ["without_prior", "with_prior"]
COMPARISONS = {"prior": ARMS, "l2": ["without_prior", "l2"]}


def summary_table(tested, arms):
    return summary.summary_table(tested, arms, headlines())


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def made_tests(arms=ARMS, rise=1.0, **columns):
    """Tests of all combinations of columns; the second arm is higher by `rise`."""
    index = pd.MultiIndex.from_product([*columns.values(), arms, range(3), range(8)])
    table = index.to_frame(index=False, name=[*columns, "arm", "seed", "example"])
    noise = np.random.default_rng(0).normal(0, 0.1, len(table))
    table["value"] = rise * (table.arm == arms[1]) + noise
    return differences(table.assign(fold="fold_1"), arms, list(columns))


def spectrum(**made):
    kinds, metrics = ["gradient", "deepshap"], ["high_frequency_share", "entropy"]
    return made_tests(kind=kinds, metric=metrics, **made)


def test_headlines_are_the_rows_of_the_tests():
    tests = spectrum()
    table = summary_table([Result("SPI1", "profile", "prior", "spectrum", tests)], COMPARISONS)
    assert list(table) == COLUMNS
    row = table[table.metric == "High frequencies, DeepSHAP"].iloc[0]
    chosen = (tests.kind == "deepshap") & (tests.metric == "high_frequency_share")
    expected = tests[chosen].iloc[0]
    same = ["examples", "mean_first", "mean_second", "difference", "low", "high", "p_value"]
    pd.testing.assert_series_equal(row[same], expected[same], check_names=False)
    assert (row.condition, row.model, row.comparison) == ("SPI1", "profile", "prior")


def test_verdict_is_towards_the_better_side():
    found = [Result("A", "profile", "prior", "spectrum", spectrum(rise=1.0))]
    jaccard = made_tests(kind=["deepshap"], metric=["jaccard"])
    found.append(Result("A", "profile", "prior", "consistency", jaccard))
    verdict = summary_table(found, COMPARISONS).set_index("metric").verdict
    assert verdict["High frequencies, gradient"] == "worse"
    assert verdict["Jaccard of seeds, DeepSHAP"] == "better"


def test_performance_is_of_each_task():
    tests = made_tests(task=["one", "two"], metric=["profile_nll"])
    table = summary_table([Result("A", "profile", "prior", "performance", tests)], COMPARISONS)
    assert list(table.of) == ["one", "two"]
    np.testing.assert_array_equal(table.difference, tests.difference)


def test_filters_stand_against_the_second_arm_alone():
    cut = filtered(ARMS[0], "cut")
    pairs = [(cut, ARMS[1]), tuple(ARMS), (ARMS[0], cut)]
    tests = pd.concat([made_tests(arms=list(pair), metric=["jaccard"]) for pair in pairs])
    table = summary_table([Result("A", "profile", "prior", "low_pass", tests)], COMPARISONS)
    assert list(table["first"]) == [cut]
    assert list(table.second) == [ARMS[1]]


def test_order_is_that_of_comparisons_then_of_analyses():
    made = [
        Result("B", "profile", "l2", "spectrum", spectrum(arms=COMPARISONS["l2"])),
        Result(
            "A",
            "profile",
            "prior",
            "consistency",
            made_tests(kind=["deepshap"], metric=["jaccard"]),
        ),
        Result("A", "profile", "prior", "spectrum", spectrum()),
    ]
    table = summary_table(made, COMPARISONS)
    assert list(table.comparison) == ["prior"] * 4 + ["l2"] * 3
    assert list(table.analysis[:4]) == ["consistency"] + ["spectrum"] * 3
    names = [headline["metric"] for headline in headlines()]
    assert len(names) == len(set(names))


def test_nothing_tested_ends_in_an_empty_table_and_a_message():
    empty = spectrum().iloc[:0]
    for tested in ([], [Result("A", "profile", "prior", "spectrum", empty)]):
        table = summary_table(tested, COMPARISONS)
        assert list(table) == COLUMNS
        assert table.empty
    assert "Nothing" in plot_summary(table).texts[0].get_text()


def test_every_headline_of_every_comparison_is_drawn():
    conditions = [f"C{i}" for i in range(9)]
    made = [
        Result(condition, "profile", name, "spectrum", spectrum(arms=list(arms)))
        for condition in conditions
        for name, arms in COMPARISONS.items()
    ]
    figure = plot_summary(summary_table(made, COMPARISONS))
    for ax in figure.axes:
        # the seeds' dots, and that of their mean
        assert len(ax.collections) == 2 * 3 * len(conditions)
    assert [ax.get_title() for ax in figure.axes] == [
        "with prior\nagainst without prior",
        "l2\nagainst without prior",
    ]


def test_untested_metric_leaves_no_dot():
    tests = spectrum()
    tests["difference"] = np.nan
    table = summary_table([Result("A", "profile", "prior", "spectrum", tests)], COMPARISONS)
    assert "Nothing" in plot_summary(table).texts[0].get_text()


def test_better_is_drawn_to_the_right_whatever_the_metric():
    made = [Result("A", "profile", "prior", "spectrum", spectrum(rise=-1.0))]
    made.append(
        Result(
            "A",
            "profile",
            "prior",
            "consistency",
            made_tests(kind=["deepshap"], metric=["jaccard"]),
        )
    )
    figure = plot_summary(summary_table(made, COMPARISONS))
    middles = [c.get_offsets().mean(axis=0)[0] for c in figure.axes[0].collections]
    assert min(middles) > 0
    assert max(middles) < 1
