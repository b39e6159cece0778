"""The Keras prior equals the torch one on every backend, and trains a model on each."""

import json

import numpy as np
import pytest
import torch
from attprior.priors import attribute, differentiated, fourier_losses, prior_loss
from attprior.sequence import one_hot_codes
from in_keras import BACKENDS, keras_weights, run_keras
from torch import nn

CASES = {
    "published": {"freq_limit": 9},
    "cut off": {"freq_limit": 9, "softness": None},
    "unsmoothed": {"freq_limit": 20, "softness": 0.5, "smooth_sigma": 0},
    "all low": {"freq_limit": 40, "softness": None},
}


def cases(dtype):
    rng = np.random.default_rng(0)
    for length in (80, 81):
        for name, constants in CASES.items():
            attributions = rng.normal(size=(5, 4, length)).astype(dtype)
            attributions[0] = 0  # a track of zeros
            yield f"{dtype}/{length}/{name}", constants, attributions


def network(dtype):
    """A torch model with batch norm, its statistics not those it was made with."""
    torch.manual_seed(0)
    model = nn.Sequential(
        *(nn.Conv1d(4, 6, 5), nn.ReLU(), nn.BatchNorm1d(6)),
        *(nn.Conv1d(6, 5, 3), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(5 * 74, 1)),
    )
    nn.init.uniform_(model[2].weight, 0.5, 1.5)
    nn.init.normal_(model[2].bias)
    model[2].running_mean.normal_()
    model[2].running_var.uniform_(0.5, 2)
    return model.to(getattr(torch, dtype)).train()


def sequences(dtype, length=80):
    codes = np.random.default_rng(1).integers(0, 4, (6, length), dtype=np.uint8)
    return one_hot_codes(codes).astype(dtype), np.array([1, 0, 1, 1, 0, 0], dtype=bool)


@pytest.fixture(scope="module", params=BACKENDS)
def found(request, tmp_path_factory):
    """What Keras finds on a backend, of all cases and models."""
    folder = tmp_path_factory.mktemp(request.param)
    given = {"cases": [], "models": []}
    for dtype in ("float32", "float64"):
        for name, constants, attributions in cases(dtype):
            given["cases"].append(name)
            given[f"{name}/constants"] = json.dumps(constants)
            given[f"{name}/attributions"] = attributions
        weights = keras_weights(network(dtype))
        given["models"].append(dtype)
        given[f"{dtype}/sequences"], given[f"{dtype}/positive"] = sequences(dtype)
        given[f"{dtype}/count"] = len(weights)
        given.update({f"{dtype}/weight_{i}": weight for i, weight in enumerate(weights)})
    np.savez(folder / "given.npz", **given)
    run_keras(request.param, "keras_values.py", folder / "given.npz", folder / "found.npz")
    return np.load(folder / "found.npz")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_losses_and_their_gradients_equal_those_of_torch(found, dtype):
    for name, constants, attributions in cases(dtype):
        leaf = torch.from_numpy(attributions).requires_grad_()
        losses = fourier_losses(leaf, **constants)
        losses.sum().backward()
        np.testing.assert_allclose(found[f"{name}/losses"], losses.detach(), atol=1e-5, rtol=0)
        np.testing.assert_allclose(found[f"{name}/gradient"], leaf.grad, atol=1e-5, rtol=0)
        assert found[f"{name}/losses"].dtype == dtype
        assert np.abs(found[f"{name}/gradient"][1:]).max() > 1e-4


def gradient(value):
    """Gradient of a weight, zero where it has none; None of what is no weight."""
    if not value.requires_grad:
        return None
    return torch.zeros_like(value) if value.grad is None else value.grad


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_of_weights_equal_those_of_torch(found, dtype):
    model = network(dtype)
    x, positive = map(torch.from_numpy, sequences(dtype))
    gradient_of = differentiated(lambda points: (model(points).squeeze(1), None), model)
    loss = prior_loss(attribute(gradient_of, x)[0], positive, "fourier", freq_limit=9)
    loss.backward()
    assert found[f"{dtype}/loss"] == pytest.approx(loss.item(), abs=1e-5)
    # the last bias moves no attribution
    expected = keras_weights(model, gradient)
    for i, values in enumerate(expected):
        np.testing.assert_allclose(found[f"{dtype}/gradient_{i}"], values, atol=1e-5, rtol=0)
    assert max(np.abs(values).max() for values in expected) > 1e-3


@pytest.mark.parametrize("backend", BACKENDS)
def test_prior_model_trains_by_fit(backend):
    run_keras(backend, "keras_fit.py")
