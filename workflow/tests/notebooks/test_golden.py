"""Tracks whose loss is known: from plain NumPy, and from theory."""

import numpy as np
import pytest
import torch
from attprior.priors import fourier_losses

LENGTH = 1000
PUBLISHED = {"freq_limit": 150, "softness": 0.2, "sigma": 3}
CUT_OFF = {"freq_limit": 150, "softness": None, "sigma": 0}


def smoothing_kernel(sigma):
    at = np.arange(-sigma, sigma + 1)
    kernel = np.exp(-(at**2) / (2 * sigma**2)) if sigma else np.ones(1)
    return kernel / kernel.sum()


def fourier_by_numpy(attributions, freq_limit, softness, sigma):
    """Losses (N,) of attributions (N, 4, L), in plain NumPy, by the definition."""
    kernel = smoothing_kernel(sigma)
    tracks = np.abs(attributions).sum(axis=1)
    smoothed = np.stack([np.convolve(track, kernel, mode="same") for track in tracks])
    magnitudes = np.abs(np.fft.rfft(smoothed))
    shares = magnitudes / magnitudes.sum(axis=1, keepdims=True)
    return 1 - shares[:, 1:] @ weights(attributions.shape[2], freq_limit, softness)


def weights(length, freq_limit, softness):
    past = np.arange(1, length // 2 + 1) - freq_limit
    soft = 0 if softness is None else 1 / (1 + np.maximum(past, 1.0) ** softness)
    return np.where(past <= 0, 1, soft)


def formula(number=4, length=LENGTH):
    """Attributions that are the same everywhere: no random numbers."""
    n, base, at = np.ogrid[1 : number + 1, 0:4, 0:length]
    return np.sin(n + 2.0 * base + 0.37 * at + 0.0011 * n * at**2)


def of_track(track):
    """Attributions of one-hot sequences of A whose track is the given one, (1, 4, L)."""
    attributions = np.zeros((1, 4, len(track)))
    attributions[0, 0] = track
    return attributions


def loss(attributions, freq_limit, softness, sigma):
    return fourier_losses(torch.from_numpy(attributions), freq_limit, softness, sigma).numpy()


@pytest.mark.parametrize(
    ("constants", "golden"),
    [
        (PUBLISHED, [0.8322976, 0.7500360, 0.7397783, 0.7457586]),
        (CUT_OFF, [0.9143284, 0.8344188, 0.8133342, 0.8225587]),
    ],
)
def test_numpy_and_torch_agree_on_golden_values(constants, golden):
    """Keras is held to torch, on each backend, in `test_keras_prior.py`."""
    np.testing.assert_allclose(fourier_by_numpy(formula(), **constants), golden, atol=1e-6)
    np.testing.assert_allclose(loss(formula(), **constants), golden, atol=1e-6)


def test_flat_track_loses_one():
    assert loss(of_track(np.ones(LENGTH)), 150, 0.2, 0) == pytest.approx(1)


@pytest.mark.parametrize("limit", [60, 150])
def test_pure_low_frequency_track_loses_nearly_nothing(limit):
    """All frequencies up to the limit, falling linearly (Fejer's kernel): only the constant is lost,
    which is 1 of 1 + sum over k of (1 - k / (limit + 1)) = 1 + limit / 2 parts."""
    k, at = np.arange(1, limit + 1), np.arange(LENGTH)[:, None]
    parts = (1 - k / (limit + 1)) * np.cos(2 * np.pi * k * at / LENGTH)
    track = 1 + 2 * parts.sum(axis=1)
    assert track.min() > -1e-9
    found = loss(of_track(track), limit, None, 0)
    assert found == pytest.approx(2 / (limit + 2), abs=1e-6)
    assert found < 0.04


def white_noise_loss(mean, variance, length, freq_limit, softness, sigma):
    """Expected loss of tracks of independent values, to first order in 1 / sqrt(length).

    A track's component k, 0 < k < length / 2, is a sum of many independent values times phases: a
    complex normal number whose size is Rayleigh's, of mean c = sqrt(pi * length * variance) / 2;
    that of length / 2 is real, of mean sqrt(2 * length * variance / pi). The constant is
    length * mean. Smoothing multiplies component k by the kernel's response |H_k|, and takes from
    the constant what it moves beyond the ends: |j| * h_j * mean for each tap h_j. The loss is
    1 - sum(w_k * E|X_k|) / (E|X_0| + sum(E|X_k|)): the ratio of expectations, where numerator and
    denominator vary little as they are sums over hundreds of components.
    """
    kernel = smoothing_kernel(sigma)
    taps, k = np.arange(-sigma, sigma + 1), np.arange(1, length // 2 + 1)
    response = np.abs(np.cos(2 * np.pi * np.outer(k, taps) / length) @ kernel)
    sizes = np.full(len(k), np.sqrt(np.pi * length * variance) / 2)
    if length % 2 == 0:
        sizes[-1] = np.sqrt(2 * length * variance / np.pi)
    sizes *= response
    constant = mean * (length - (np.abs(taps) * kernel).sum())
    return 1 - (sizes * weights(length, freq_limit, softness)).sum() / (constant + sizes.sum())


@pytest.mark.parametrize("bases", [1, 4])
@pytest.mark.parametrize("constants", [PUBLISHED, CUT_OFF])
def test_white_noise_loses_what_theory_says(constants, bases):
    """Normal attributions: of one base, as gradient times input has, or of all four.

    Then the track is a sum of `bases` sizes, each of mean sqrt(2 / pi) and variance 1 - 2 / pi. The
    mean of 500 tracks is within 0.004 of `white_noise_loss`; one track's standard deviation is 0.01.
    """
    attributions = np.zeros((500, 4, LENGTH))
    attributions[:, :bases] = np.random.default_rng(0).normal(size=(500, bases, LENGTH))
    found = loss(attributions, **constants)
    mean, variance = bases * np.sqrt(2 / np.pi), bases * (1 - 2 / np.pi)
    expected = white_noise_loss(mean, variance, LENGTH, **constants)
    assert found.mean() == pytest.approx(expected, abs=0.004)


def test_white_noise_loses_what_the_page_says():
    found = white_noise_loss(np.sqrt(2 / np.pi), 1 - 2 / np.pi, LENGTH, 150, None, 0)
    assert found == pytest.approx(0.73, abs=0.005)


def test_smoothing_leaves_14_percent_of_periods_up_to_7_bp():
    frequency = 1 / np.linspace(2, 7, 500)
    response = np.cos(2 * np.pi * np.outer(frequency, np.arange(-3, 4))) @ smoothing_kernel(3)
    assert np.abs(response).max() == pytest.approx(0.14, abs=0.005)
