"""Filters pass what is low and take the rest, and what is measured does not hang on scale or order."""

import numpy as np
import pandas as pd
import pytest
from attprior import metrics, priors
from attprior.analyses.consistency.tables import consistency_table
from attprior.analyses.inputs import KINDS, Sample
from attprior.analyses.low_pass import tables as low_pass
from attprior.analyses.low_pass.figure import plot as draw
from attprior.analyses.sites import site_mask
from attprior.analyses.spectrum.tables import spectrum_table
from matplotlib import pyplot as plt
from sklearn.metrics import average_precision_score

ARMS = ["without_prior", "with_prior"]
SEEDS, EXAMPLES, LENGTH, LIMIT, SIGMA = 3, 8, 90, 12, 3


def sample(arm, noise, seeds=SEEDS):
    rng = np.random.default_rng(4)
    codes = rng.integers(0, 4, (EXAMPLES, LENGTH)).astype(np.uint8)
    signal = np.zeros((EXAMPLES, 4, LENGTH))
    signal[:, :, 40:50] = 1
    drawn = signal + np.random.default_rng(5).normal(0, noise, (seeds, *signal.shape))
    starts = 1000 * np.arange(EXAMPLES)
    return Sample(
        arm=arm,
        fold="fold_1",
        seeds=list(range(1, seeds + 1)),
        index=np.arange(EXAMPLES),
        chrom=np.full(EXAMPLES, "chr1"),
        start=starts,
        summit=starts + LENGTH // 2,
        codes=codes,
        hypothetical=dict.fromkeys(KINDS, drawn.astype(np.float32)),
    )


@pytest.fixture
def samples():
    return [sample(ARMS[0], 0.6), sample(ARMS[1], 0.2)]


@pytest.fixture
def sites():
    starts = 1000 * np.arange(EXAMPLES - 1) + 40  # the last example has none
    return pd.DataFrame({"chrom": "chr1", "start": starts, "end": starts + 10})


NO_SITES = pd.DataFrame({"chrom": [], "start": [], "end": []})


def table_of(samples, sites=NO_SITES, softness=0.2):
    return low_pass.low_pass_table(samples, ARMS, LIMIT, softness, SIGMA, sites)


def values(table, arm, metric):
    chosen = table[(table.arm == arm) & (table.metric == metric)]
    return chosen.groupby("example").value.mean().to_numpy()


def test_weights_are_those_of_the_prior():
    for softness in (0.2, 1.5, None):
        weights = low_pass.pass_weights(LENGTH, LIMIT, softness)
        expected = priors.frequency_weights(LENGTH, LIMIT, softness)
        np.testing.assert_allclose(weights[1:], expected, rtol=1e-6)
        assert weights[0] == 1


@pytest.mark.parametrize("length", [90, 91])
def test_waves_pass_up_to_the_limit_and_no_further(length):
    positions = np.arange(length)
    weights = low_pass.pass_weights(length, LIMIT, None)
    for cycles, kept in [(0, 1), (3, 1), (LIMIT, 1), (LIMIT + 1, 0), (length // 2, 0)]:
        wave = np.cos(2 * np.pi * cycles * positions / length + 0.3)
        np.testing.assert_allclose(low_pass.low_pass(wave, weights), kept * wave, atol=1e-12)


def test_cut_equals_a_projection_by_hand():
    rng = np.random.default_rng(0)
    track = rng.normal(size=LENGTH)
    found = np.zeros(LENGTH)
    positions = np.arange(LENGTH)
    for cycles in range(LIMIT + 1):
        for wave in (np.cos, np.sin):
            basis = wave(2 * np.pi * cycles * positions / LENGTH)
            if basis @ basis > 1e-9:
                found += (track @ basis) / (basis @ basis) * basis
    weights = low_pass.pass_weights(LENGTH, LIMIT, None)
    filtered = low_pass.low_pass(track, weights)
    np.testing.assert_allclose(filtered, found, atol=1e-12)
    np.testing.assert_allclose(low_pass.low_pass(filtered, weights), filtered, atol=1e-12)


def test_metrics_without_a_filter_are_those_of_the_other_analyses(samples):
    table = table_of(samples)
    spectrum = spectrum_table(samples, LIMIT, SIGMA)
    spectrum = spectrum[spectrum.kind == "deepshap"].groupby(["arm", "metric", "example"]).value
    consistency = consistency_table(samples, ARMS, seed=0)
    consistency = consistency[consistency.kind == "deepshap"]
    for arm in ARMS:
        for metric in ("high_frequency_share", "entropy"):
            expected = spectrum.mean().loc[arm, metric]
            np.testing.assert_allclose(values(table, arm, metric), expected, rtol=1e-5)
        expected = values(consistency, arm, "jaccard")
        np.testing.assert_allclose(values(table, arm, "jaccard"), expected, rtol=1e-5)


def test_filtered_metrics_equal_those_by_hand(samples, sites):
    name = low_pass.filtered(ARMS[0], low_pass.CUT)
    table = table_of(samples, sites)
    weights = low_pass.pass_weights(LENGTH, LIMIT, None)
    mask = site_mask(sites, samples[0].chrom, samples[0].start, LENGTH)
    size = np.abs(low_pass.low_pass(samples[0].contributions("deepshap"), weights))
    shares = [[t[inside].sum() / t.sum() for t, inside in zip(s, mask, strict=True)] for s in size]
    np.testing.assert_allclose(
        values(table, name, "share_in_sites"), np.mean(shares, axis=0)[:-1], rtol=1e-5
    )
    auprc = np.mean([average_precision_score(mask[2], seed[2]) for seed in size])
    assert values(table, name, "auprc")[2] == pytest.approx(auprc)
    bases = low_pass.low_pass(samples[0].hypothetical["deepshap"][:, 1], weights)
    pairs = [(0, 1), (0, 2), (1, 2)]
    expected = np.mean([metrics.continuous_jaccard(bases[i], bases[j]) for i, j in pairs])
    assert values(table, name, "jaccard")[1] == pytest.approx(expected)


def test_scale_and_order_change_nothing_but_the_entropy(samples, sites):
    table = table_of(samples, sites)
    order = np.random.default_rng(1).permutation(EXAMPLES)
    changed = []
    for one in samples:
        by_peak = ("index", "chrom", "start", "summit", "codes")
        moved = {name: getattr(one, name)[order] for name in by_peak}
        scaled = {kind: 7 * value[:, order] for kind, value in one.hypothetical.items()}
        changed.append(one._replace(**moved, hypothetical=scaled))
    other = table_of(changed, sites)
    for arm in table.arm.unique():
        for metric in set(table.metric) - {"entropy"}:
            np.testing.assert_allclose(
                values(other, arm, metric), values(table, arm, metric), rtol=1e-4
            )


def test_cut_lowers_the_high_frequencies_of_noise(samples):
    table = table_of(samples)
    cut = values(table, low_pass.filtered(ARMS[0], low_pass.CUT), "high_frequency_share")
    weighted = values(table, low_pass.filtered(ARMS[0], low_pass.WEIGHTED), "high_frequency_share")
    plain = values(table, ARMS[0], "high_frequency_share")
    assert (cut < weighted).all()
    assert (weighted < plain).all()


def test_prior_that_cuts_has_one_filter_and_the_second_arm_none(samples):
    assert set(table_of(samples, softness=None).arm) == {*ARMS, f"{ARMS[0]}, cut"}
    assert set(table_of(samples).arm) == {*ARMS, f"{ARMS[0]}, cut", f"{ARMS[0]}, weighted"}


def test_tests_set_the_second_arm_against_each_filter(samples):
    table = table_of(samples)
    tests = low_pass.low_pass_tests(table, ARMS)
    assert len(tests) == 5 * 3
    name = low_pass.filtered(ARMS[0], low_pass.CUT)
    chosen = tests[(tests["first"] == name) & (tests.metric == "jaccard")]
    assert chosen.second.item() == ARMS[1]
    rise = values(table, ARMS[1], "jaccard").mean() - values(table, name, "jaccard").mean()
    assert chosen.difference.item() == pytest.approx(rise)
    assert chosen.examples.item() == EXAMPLES


def test_one_seed_and_no_site_leave_their_metrics_out(samples, sites):
    table = table_of([sample(arm, 0.5, seeds=1) for arm in ARMS], sites.iloc[:0])
    assert set(table.metric) == {"high_frequency_share", "entropy"}
    draw(table, low_pass.low_pass_tests(table, ARMS), ARMS)
    plt.close("all")


def test_no_examples_end_in_empty_tables_and_a_message(samples):
    empty = [
        one._replace(
            **{name: getattr(one, name)[:0] for name in ("index", "chrom", "start", "codes")},
            hypothetical={kind: value[:, :0] for kind, value in one.hypothetical.items()},
        )
        for one in samples
    ]
    table = table_of(empty)
    tests = low_pass.low_pass_tests(table, ARMS)
    assert table.empty
    assert tests.empty
    figure = draw(table, tests, ARMS)
    assert "No peaks" in figure.texts[0].get_text()
    plt.close("all")
