"""Attribution priors, against plain NumPy written from their definition."""

import numpy as np
import pytest
import torch
from attprior.priors import frequency_weights, prior_loss, smooth


def fourier_loss(x, positive, freq_limit, softness=0.2, smooth_sigma=3):
    constants = {"freq_limit": freq_limit, "softness": softness, "smooth_sigma": smooth_sigma}
    return prior_loss(x, positive, "fourier", **constants)


def smoothness_loss(x, positive):
    return prior_loss(x, positive, "smoothness")


def sparsity_loss(x, positive):
    return prior_loss(x, positive, "sparsity")


PRIORS = {
    "fourier": lambda x, positive: fourier_loss(x, positive, freq_limit=10),
    "smoothness": smoothness_loss,
    "sparsity": sparsity_loss,
}


@pytest.fixture(params=PRIORS)
def prior(request):
    return PRIORS[request.param]


def random(number=6, length=80, seed=0):
    rng = np.random.default_rng(seed)
    return torch.tensor(rng.normal(size=(number, 4, length)), dtype=torch.float64)


def as_attribution(track):
    """Gradient times input of one-hot sequences of A whose track is the given one."""
    x = torch.zeros(len(track), 4, track.shape[1], dtype=torch.float64)
    x[:, 0] = torch.as_tensor(track)
    return x


def everyone(x):
    return torch.ones(len(x), dtype=torch.bool)


def fourier_by_hand(x, positive, freq_limit, softness, sigma):
    """Loss of a batch, step by step as the method is defined."""
    losses = []
    for example, counts in zip(x, positive, strict=True):
        if not counts:
            continue
        track = np.abs(example).sum(axis=0)
        length = len(track)
        if sigma:
            at = np.arange(-sigma, sigma + 1)
            kernel = np.exp(-(at**2) / (2 * sigma**2))
            kernel = kernel / kernel.sum()
            smoothed = np.zeros(length)
            for position in range(length):
                for shift, tap in zip(at, kernel, strict=True):
                    if 0 <= position + shift < length:
                        smoothed[position] += tap * track[position + shift]
            track = smoothed
        positions = np.arange(length)
        magnitudes = np.array(
            [
                np.abs(np.sum(track * np.exp(-2j * np.pi * k * positions / length)))
                for k in range(length // 2 + 1)
            ]
        )
        shares = magnitudes / magnitudes.sum()
        score = 0.0
        for k in range(1, length // 2 + 1):
            if k <= freq_limit:
                weight = 1.0
            elif softness is None:
                weight = 0.0
            else:
                weight = 1 / (1 + (k - freq_limit) ** softness)
            score += weight * shares[k]
        losses.append(1 - score)
    return np.mean(losses)


@pytest.mark.parametrize("length", [64, 65])
@pytest.mark.parametrize("sigma", [0, 3])
@pytest.mark.parametrize("softness", [0.2, None])
def test_fourier_equals_its_definition(softness, sigma, length):
    x = random(length=length)
    positive = torch.tensor([True, False, True, True, False, False])
    expected = fourier_by_hand(x.numpy(), positive.numpy(), 9, softness, sigma)
    found = fourier_loss(x, positive, freq_limit=9, softness=softness, smooth_sigma=sigma)
    # the weights are float32
    assert found.item() == pytest.approx(expected, abs=1e-7)
    in_single = fourier_loss(x.float(), positive, 9, softness, sigma)
    assert in_single.item() == pytest.approx(expected, abs=1e-5)


def test_flat_track_loses_one():
    x = as_attribution(np.ones((3, 100)))
    assert fourier_loss(x, everyone(x), 20, smooth_sigma=0).item() == pytest.approx(1)


@pytest.mark.parametrize("frequency", [1, 5, 20])
def test_one_low_frequency_loses_its_constant_component_alone(frequency):
    # a track >= 0 has a constant component, which is in the normaliser: of 1 + cos it is 2 of 3
    track = 1 + np.cos(2 * np.pi * frequency * np.arange(100) / 100)
    x = as_attribution(track[None])
    found = fourier_loss(x, everyone(x), 20, softness=None, smooth_sigma=0)
    assert found.item() == pytest.approx(2 / 3)


def test_low_frequency_tracks_lose_nearly_nothing():
    # Fejer kernel: all frequencies up to the limit and none past it, so only the constant is lost
    length, limit = 400, 60
    k = np.arange(1, limit + 1)
    at = np.arange(length)[:, None]
    track = 1 + 2 * ((1 - k / (limit + 1)) * np.cos(2 * np.pi * k * at / length)).sum(axis=1)
    x = as_attribution(np.abs(track)[None])
    constant = 1 / (1 + (1 - k / (limit + 1)).sum())
    assert constant < 0.04
    found = fourier_loss(x, everyone(x), limit, softness=None, smooth_sigma=0)
    assert found.item() == pytest.approx(constant, abs=1e-6)


def test_high_frequency_loses_more_than_low_frequency():
    at = np.arange(200)
    low, high = (1 + np.cos(2 * np.pi * k * at / 200) for k in (5, 90))
    x = as_attribution(np.array([low, high]))
    losses = [fourier_loss(x[[i]], everyone(x[[i]]), 20).item() for i in (0, 1)]
    assert losses[1] > losses[0] + 0.1


def test_white_noise_loses_what_theory_says():
    # |X_k| of iid values of mean 1 and variance 1 is Rayleigh: mean sqrt(pi L) / 2; |X_0| is L
    length, limit = 1024, 150
    track = np.random.default_rng(1).exponential(size=(256, length))
    x = as_attribution(track)
    component = np.sqrt(np.pi * length) / 2
    expected = 1 - limit * component / (length + length / 2 * component)
    found = fourier_loss(x, everyone(x), limit, softness=None, smooth_sigma=0)
    assert found.item() == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("factor", [1e-6, 1e-2, 1e6])
def test_scaling_changes_nothing(factor):
    x = random()
    for loss in (PRIORS["fourier"], sparsity_loss):
        assert loss(factor * x, everyone(x)).item() == pytest.approx(loss(x, everyone(x)).item())


def test_example_is_smoothed_apart_from_its_neighbours():
    x = random()
    whole = smooth(x.abs().sum(1), 3)
    for row, track in enumerate(x.abs().sum(1)):
        torch.testing.assert_close(smooth(track[None], 3)[0], whole[row])


def test_smoothing_by_zero_leaves_a_track_as_it_is():
    track = random()[:, 0]
    assert smooth(track, 0) is track


def test_weights_fall_past_the_limit_only():
    weights = frequency_weights(100, 20, 0.2)
    assert weights.shape == (50,)
    assert (weights[:20] == 1).all()
    assert weights[20] == 0.5
    assert (weights[20:].diff() < 0).all()


def test_only_positives_count(prior):
    x, positive = random(), torch.tensor([True, False, True, False, False, True])
    changed = torch.where(positive[:, None, None], x, 100 * random(seed=5))
    assert prior(x, positive).item() == prior(changed, positive).item()
    each = [prior(x[[i]], positive[[i]]).item() for i in positive.nonzero().ravel().tolist()]
    assert prior(x, positive).item() == pytest.approx(np.mean(each))


def test_negatives_have_no_gradient(prior):
    x, positive = random().requires_grad_(), torch.tensor([True, False] * 3)
    prior(x, positive).backward()
    assert (x.grad[~positive] == 0).all()
    assert (x.grad[positive] != 0).any()


def test_batch_without_positives_loses_nothing(prior):
    x = random().requires_grad_()
    loss = prior(x, torch.zeros(len(x), dtype=torch.bool))
    assert loss.item() == 0
    (loss + x.sum()).backward()
    assert (x.grad == 1).all()


def test_track_of_zeros_has_no_nan(prior):
    x = random()
    x[0] = 0
    x.requires_grad_()
    loss = prior(x, everyone(x))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(x.grad).all()


def test_gradient_equals_finite_differences(prior):
    x = random(2, 30).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: prior(x, everyone(x)), (x,))


def test_smoothness_equals_its_definition():
    x = random(3, 20)
    track = x.abs().sum(1).numpy()
    each = [sum(abs(t[i + 1] - t[i]) for i in range(len(t) - 1)) for t in track]
    assert smoothness_loss(x, everyone(x)).item() == pytest.approx(np.mean(each))


def test_sparsity_equals_its_definition():
    x = random(3, 20)
    track = x.abs().sum(1).numpy()
    each = [-sum(abs(a - b) for a in t for b in t) / (len(t) * t.sum()) for t in track]
    assert sparsity_loss(x, everyone(x)).item() == pytest.approx(np.mean(each))


def test_sparsity_rewards_a_single_position():
    flat, spike = np.ones((1, 50)), np.eye(1, 50)
    losses = [sparsity_loss(as_attribution(t), torch.tensor([True])).item() for t in (flat, spike)]
    assert losses == pytest.approx([0, -2 * 49 / 50])


@pytest.mark.parametrize("kind", ["fourier", "smoothness", "sparsity"])
def test_priors_are_found_by_name(kind):
    x = random()
    constants = {"freq_limit": 10} if kind == "fourier" else {}
    assert prior_loss(x, everyone(x), kind, **constants) == PRIORS[kind](x, everyone(x))
