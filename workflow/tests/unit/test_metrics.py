"""Metrics equal scipy's, scikit-learn's or a computation by hand."""

import numpy as np
import pytest
import torch
from attprior import metrics
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, pearsonr, spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

rng = np.random.default_rng(5)


@pytest.mark.parametrize("sigma", [0, 3])
def test_divergence_equals_scipy(sigma):
    p, q = rng.poisson(2, (3, 2, 50)).astype(float), rng.random((3, 2, 50))
    smoothed = [gaussian_filter1d(x, sigma, truncate=1) if sigma else x for x in (p, q)]
    expected = jensenshannon(*smoothed, axis=-1) ** 2
    np.testing.assert_allclose(metrics.jensen_shannon_divergence(p, q, sigma), expected)


def test_divergence_of_copies_is_zero_and_of_apart_ones_is_log_two():
    p, q = np.zeros(20), np.zeros(20)
    p[:5], q[-5:] = 1, 3
    assert metrics.jensen_shannon_divergence(p, p, 3) == pytest.approx(0)
    assert metrics.jensen_shannon_divergence(p, q, 3) == pytest.approx(np.log(2))


def test_divergence_of_an_empty_profile_is_nan():
    p = np.ones((2, 10))
    p[1] = 0
    np.testing.assert_array_equal(
        np.isnan(metrics.jensen_shannon_divergence(p, np.ones((2, 10)), 3)), [False, True]
    )


def test_tensors_and_arrays_give_the_same():
    p, q = rng.random((2, 30)), rng.random((2, 30))
    tensors = [torch.tensor(x, requires_grad=True) for x in (p, q)]
    np.testing.assert_array_equal(
        metrics.jensen_shannon_divergence(*tensors, 3), metrics.jensen_shannon_divergence(p, q, 3)
    )


def test_jaccard_by_hand():
    a = np.array([[1, 0, 3.0], [1, 0, 0], [0, 0, 0], [0, 0, -1]])
    b = np.array([[1, 2, 1.0], [0, 0, 0], [0, 0, 0], [-1, 0, 1]])
    # position 0: a = (.5, .5, 0, 0), b = (.5, 0, 0, -.5): overlap .5, union .5 + .5 + .5
    # position 1: a has nothing: 0
    # position 2: a = (.75, ..., -.25), b = (.5, ..., .5): overlap .5 - .25, union .75 + .5
    assert metrics.continuous_jaccard(a, b) == pytest.approx(0.5 / 1.5 + 0.25 / 1.25)


def test_jaccard_of_copies_counts_positions_and_ignores_scale():
    a, b = rng.normal(size=(4, 20)), rng.normal(size=(4, 20))
    assert metrics.continuous_jaccard(a, 7 * a) == pytest.approx(20)
    assert metrics.continuous_jaccard(a, -a) == pytest.approx(-20)
    assert metrics.continuous_jaccard(a, b) == pytest.approx(metrics.continuous_jaccard(b, 3 * a))


def test_pairwise_similarities_equal_single_ones():
    attributions = rng.normal(size=(4, 4, 15))
    jaccard, cosine = (f(attributions) for f in (metrics.pairwise_jaccard, metrics.pairwise_cosine))
    for i in range(4):
        for j in range(4):
            a, b = attributions[i], attributions[j]
            assert jaccard[i, j] == pytest.approx(metrics.continuous_jaccard(a, b))
            expected = (a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b)
            assert cosine[i, j] == pytest.approx(expected)


def test_cosine_with_zeros_is_zero():
    assert metrics.cosine_similarity(np.zeros((4, 3)), np.ones((4, 3))) == 0


def test_high_frequency_share_of_pure_waves():
    position = np.arange(100)
    waves = np.stack([1 + np.cos(2 * np.pi * k * position / 100) for k in (5, 10, 11, 40)])
    share = metrics.high_frequency_share(waves, freq_limit=10, smooth_sigma=0)
    np.testing.assert_allclose(share, [0, 0, 1, 1], atol=1e-10)


def test_high_frequency_share_ignores_scale_and_falls_with_smoothing():
    track = rng.random((3, 200))
    share = metrics.high_frequency_share(track, 30, 3)
    np.testing.assert_allclose(metrics.high_frequency_share(9 * track, 30, 3), share)
    assert (share < metrics.high_frequency_share(track, 30, 0)).all()


def test_entropy_equals_scipy_and_is_highest_when_even():
    attribution = rng.normal(size=(2, 4, 64))
    track = np.abs(attribution).sum(axis=1) + 0.001
    expected = entropy(track, base=2, axis=1)
    np.testing.assert_allclose(metrics.attribution_entropy(attribution), expected)
    assert metrics.attribution_entropy(np.ones((1, 4, 64)))[0] == pytest.approx(6)


def test_areas_equal_sklearn_and_need_two_classes():
    labels, scores = rng.integers(0, 2, 50), rng.random(50)
    assert metrics.auroc(labels, scores) == roc_auc_score(labels, scores)
    assert metrics.auprc(labels, scores) == average_precision_score(labels, scores)
    assert np.isnan(metrics.auroc(np.ones(50), scores))


def test_weights_stand_for_examples_that_were_not_sampled():
    labels, scores = rng.integers(0, 2, 60), rng.integers(0, 20, 60) / 20
    weights = np.where(labels == 1, 1, 7)
    whole = average_precision_score(np.repeat(labels, weights), np.repeat(scores, weights))
    assert metrics.auprc(labels, scores, weights) == pytest.approx(whole)
    assert whole < metrics.auprc(labels, scores)


@pytest.mark.parametrize("size", [1, 4, 10])
def test_bins_have_their_highest_value(size):
    values = rng.random((3, 2, 37))
    expected = [
        [[row[i : i + size].max() for i in range(0, 37, size)] for row in rows] for rows in values
    ]
    np.testing.assert_array_equal(metrics.bin_maxima(values, size), expected)


@pytest.mark.parametrize("ties", [False, True])
def test_correlations_of_rows_equal_scipy(ties):
    a, b = rng.random((5, 2, 30)), rng.random((5, 2, 30))
    if ties:
        a, b = np.round(a, 1), rng.poisson(0.5, b.shape)
    a[1, 1] = 3
    for ours, theirs in (
        (metrics.row_pearson, pearsonr),
        (metrics.row_spearman, spearmanr),
    ):
        found = ours(a, b)
        assert found.shape == (5, 2)
        for place in np.ndindex(5, 2):
            if place == (1, 1):
                assert np.isnan(found[place])
            else:
                assert found[place] == pytest.approx(theirs(a[place], b[place])[0])


@pytest.mark.parametrize("levels", [5, 1000])
def test_average_precision_of_rows_equals_sklearn(levels):
    labels = rng.integers(-1, 2, (8, 2, 50))
    labels[3, 0] = np.minimum(labels[3, 0], 0)
    scores = rng.integers(0, levels, labels.shape) / levels
    found = metrics.row_auprc(labels, scores)
    assert np.isnan(found[3, 0])
    for place in np.ndindex(8, 2):
        known = labels[place] >= 0
        if place != (3, 0):
            expected = average_precision_score(labels[place][known], scores[place][known])
            assert found[place] == pytest.approx(expected)
    assert np.isnan(metrics.row_auprc(np.zeros((2, 5)), rng.random((2, 5)))).all()


def test_correlations():
    a = rng.normal(size=30)
    assert metrics.pearson(a, 2 * a + 1) == pytest.approx(1)
    assert metrics.spearman(a, np.exp(a)) == pytest.approx(1)
    assert np.isnan(metrics.pearson(a, np.ones(30)))
