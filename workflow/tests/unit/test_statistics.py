"""Intervals of differences hold for other seeds and other examples, and verdicts for many metrics."""

import numpy as np
import pandas as pd
import pytest
from attprior import statistics
from attprior.statistics import differences, interval, of_pairs, pseudovalues, verdicts
from scipy.stats import pearsonr, ttest_ind

ARMS = ["first", "second"]


def drawn(rng, seeds, examples, of_seeds, of_examples=0.3, rest=1.0, difference=0.0):
    """Values of two arms whose examples are shared and whose seeds are not."""
    shared = rng.normal(size=examples)
    return [
        shared
        + arm * difference
        + of_seeds * rng.normal(size=(seeds, 1))
        + of_examples * rng.normal(size=examples)
        + rest * rng.normal(size=(seeds, examples))
        for arm in (0, 1)
    ]


def long(first, second, fold="fold_1"):
    parts = [
        pd.DataFrame(values)
        .rename_axis("seed")
        .reset_index()
        .melt("seed", var_name="example")
        .assign(arm=arm, fold=fold, metric="m")
        for arm, values in zip(ARMS, (first, second), strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
@pytest.mark.parametrize("of_seeds", [0, 0.3, 2])
def test_interval_holds_for_other_seeds_and_examples(seeds, of_seeds, paired):
    rng = np.random.default_rng(seeds)
    found = [interval([drawn(rng, seeds, 40, of_seeds)], paired=paired) for _ in range(1500)]
    assert np.mean([one.p_value < 0.05 for one in found]) < 0.075
    assert np.mean([one.low > 0 or one.high < 0 for one in found]) < 0.075


def test_interval_is_no_wider_than_it_must_be():
    rng = np.random.default_rng(1)
    found = [interval([drawn(rng, 10, 40, 0.3)]) for _ in range(1500)]
    assert np.mean([one.p_value < 0.05 for one in found]) > 0.03


def test_unequal_spread_of_seeds_is_no_finding():
    rng = np.random.default_rng(2)
    rates = []
    for _ in range(1500):
        first, second = drawn(rng, 3, 40, 0.1)
        rates.append(interval([(first, second + 2 * rng.normal(size=(3, 1)))]).p_value < 0.05)
    assert np.mean(rates) < 0.07


def test_examples_that_vary_alike_leave_welchs_test_of_seeds():
    rng = np.random.default_rng(3)
    first, second = rng.normal(size=(4, 1)), rng.normal(1, 3, size=(6, 1))
    found = interval([(np.tile(first, 5), np.tile(second, 5))])
    expected = ttest_ind(second.ravel(), first.ravel(), equal_var=False)
    assert found.p_value == pytest.approx(expected.pvalue)
    bounds = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high))


def test_seeds_that_are_alike_in_both_arms_cancel():
    rng = np.random.default_rng(14)
    first, second = drawn(rng, 5, 40, 0.1, difference=0.5)
    alike = 10 * rng.normal(size=(5, 1))
    table = long(first + alike, second + alike)
    paired = differences(table, ARMS, ["metric"]).iloc[0]
    assert paired.low > 0
    other = table.assign(seed=table.seed + 100 * (table.arm == ARMS[1]))
    nested = differences(other, ARMS, ["metric"]).iloc[0]
    assert nested.low < 0 < nested.high
    assert nested.difference == pytest.approx(paired.difference)


def test_agreement_of_seeds_of_one_arm_is_rarely_a_finding():
    rng = np.random.default_rng(4)

    def own_means(seeds, examples):
        taste, rest = rng.normal(size=(seeds, 1)), rng.normal(size=(seeds, examples))
        values = taste + rest
        alike = -np.abs(values[:, None] - values)
        return (alike.sum(axis=1)) / (seeds - 1)

    for seeds in (3, 5):
        found = [
            interval([(own_means(seeds, 30), own_means(seeds, 30))], pairs=True).p_value < 0.05
            for _ in range(1000)
        ]
        assert np.mean(found) < 0.07


def test_pseudovalues_of_pairs_are_the_jackknifes():
    rng = np.random.default_rng(5)
    alike = rng.normal(size=(5, 5, 3))
    alike = alike + alike.transpose(1, 0, 2)
    mean = np.mean([alike[i, j] for i in range(5) for j in range(i)], axis=0)
    own = np.array([alike[s, np.arange(5) != s].mean(axis=0) for s in range(5)])
    found = of_pairs(own)
    for seed in range(5):
        kept = [s for s in range(5) if s != seed]
        left = np.mean([alike[i, j] for i in kept for j in kept if j < i], axis=0)
        np.testing.assert_allclose(found[seed], 5 * mean - 4 * left)


def test_pseudovalues_tell_the_error_of_a_correlation():
    rng = np.random.default_rng(6)
    groups = statistics.groups_of(400)
    assert len(np.unique(groups)) == statistics.GROUPS

    def measure(x, y):
        values = pseudovalues(lambda kept: {"r": pearsonr(x[kept], y[kept])[0]}, groups)["r"]
        assert values.mean() == pytest.approx(pearsonr(x, y)[0])
        return values.mean(), values.std(ddof=1) / np.sqrt(len(values))

    found = []
    for _ in range(150):
        x = rng.normal(size=400)
        found.append(measure(x, x + rng.normal(size=400)))
    errors = np.array(found)
    assert errors[:, 1].mean() == pytest.approx(errors[:, 0].std(), rel=0.2)


def test_folds_weigh_as_their_examples():
    rng = np.random.default_rng(7)
    small, large = drawn(rng, 3, 10, 0.2), drawn(rng, 3, 30, 0.2, difference=1)
    table = pd.concat([long(*small, fold="a"), long(*large, fold="b")])
    found = differences(table, ARMS, ["metric"]).iloc[0]
    each = [second.mean() - first.mean() for first, second in (small, large)]
    assert found.difference == pytest.approx(0.25 * each[0] + 0.75 * each[1])
    assert (found.folds, found.seeds, found.examples) == (2, 3, 40)
    assert found.low < found.difference < found.high


def test_order_of_rows_and_a_shift_of_an_example_change_nothing():
    rng = np.random.default_rng(8)
    first, second = drawn(rng, 4, 20, 0.5)
    shift = 10 * rng.normal(size=20)
    found = differences(long(first, second), ARMS, ["metric"])
    mixed = long(first + shift, second + shift).sample(frac=1, random_state=0)
    other = differences(mixed, ARMS, ["metric"])
    for column in ("difference", "low", "high", "p_value", "seeds_needed"):
        assert other[column].item() == pytest.approx(found[column].item())


def test_seeds_and_examples_without_values_are_left_out_and_counted():
    first, second = drawn(np.random.default_rng(9), 4, 20, 0.5)
    first[1] = np.nan
    second[2, 7] = np.nan
    found = differences(long(first, second).dropna(), ARMS, ["metric"]).iloc[0]
    kept = np.arange(20) != 7
    assert (found.seeds, found.examples) == (3, 19)
    expected = second[:, kept].mean() - np.delete(first, 1, axis=0)[:, kept].mean()
    assert found.difference == pytest.approx(expected)


@pytest.mark.parametrize(("seeds", "pairs"), [(1, False), (2, True)])
def test_too_few_seeds_have_a_difference_and_no_interval(seeds, pairs):
    table = long(*drawn(np.random.default_rng(10), seeds, 20, 0.5))
    found = differences(table, ARMS, ["metric"], pairs=pairs).iloc[0]
    assert np.isfinite(found.difference)
    assert found[["low", "high", "p_value", "seeds_needed"]].isna().all()
    assert verdicts(pd.DataFrame([found]).assign(better=1)).verdict.item() == "cannot tell"


def test_equal_arms_have_a_difference_of_zero():
    table = long(np.ones((3, 5)), np.ones((3, 5)))
    found = differences(table, ARMS, ["metric"]).iloc[0]
    assert (found.low, found.high, found.p_value) == (0, 0, 1)


def test_seeds_that_are_needed_find_the_difference():
    rng = np.random.default_rng(11)
    needed = [interval([drawn(rng, 10, 40, 0.5, difference=0.8)]).seeds_needed for _ in range(200)]
    number = int(np.median(needed))
    power = np.mean(
        [interval([drawn(rng, number, 40, 0.5, difference=0.8)]).p_value < 0.05 for _ in range(400)]
    )
    assert 0.6 < power < 0.95


def test_no_number_of_seeds_makes_up_for_few_examples():
    rng = np.random.default_rng(12)
    assert interval([drawn(rng, 5, 3, 0.01, of_examples=3)]).seeds_needed == np.inf


def test_of_many_metrics_without_a_difference_few_runs_name_one():
    rng = np.random.default_rng(13)
    runs = []
    for _ in range(200):
        p_values = [interval([drawn(rng, 3, 20, 0.3)]).p_value for _ in range(20)]
        table = pd.DataFrame({"p_value": p_values, "difference": 1.0, "better": 1})
        runs.append((verdicts(table).verdict != "cannot tell").any())
    assert np.mean(runs) < 0.08


def test_verdicts_know_which_side_is_better():
    table = pd.DataFrame(
        {
            "p_value": [0.001, 0.001, 0.9, np.nan],
            "difference": [1.0, 1.0, 1.0, 1.0],
            "better": [1, -1, 1, 1],
        }
    )
    assert list(verdicts(table).verdict) == ["better", "worse", "cannot tell", "cannot tell"]
