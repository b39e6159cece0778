"""The Keras prior equals the torch one on every backend, and trains a model on each."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from attprior.priors import attribute, differentiated, fourier_losses, prior_loss
from attprior.sequence import one_hot_codes
from torch import nn

HERE = Path(__file__).parent
SCRIPTS = HERE.parents[1] / "scripts"
BACKENDS = {"tensorflow": "tensorflow", "torch": "torch", "jax": "jax"}
CASES = {
    "published": {"freq_limit": 9},
    "cut off": {"freq_limit": 9, "softness": None},
    "unsmoothed": {"freq_limit": 20, "softness": 0.5, "smooth_sigma": 0},
    "all low": {"freq_limit": 40, "softness": None},
}
# Keras's weights of a layer are (kernel, bias) or (gamma, beta, mean, variance)
BATCH_NORM = ("weight", "bias", "running_mean", "running_var")


def run_keras(backend: str, script: str, *arguments: object) -> None:
    """Run a script of this folder with Keras on a backend."""
    pytest.importorskip("keras", reason="needs envs/run --notebooks")
    pytest.importorskip(BACKENDS[backend], reason="needs envs/run --notebooks")
    done = subprocess.run(
        [sys.executable, str(HERE / script), *map(str, arguments)],
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "PYTHONPATH": str(SCRIPTS),
            "TF_CPP_MIN_LOG_LEVEL": "2",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]


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


def as_keras(model, values_of):
    """Values of a torch model's weights, in the layout and order of Keras's."""
    conv = [lambda v: v.permute(2, 1, 0), lambda v: v]
    # Keras flattens (position, channel), torch (channel, position)
    dense = [lambda v: v.view(1, 5, 74).permute(2, 1, 0).flatten(0, 1), lambda v: v]
    same = [lambda v: v] * 4
    found = []
    for layer, names, layouts in (
        (model[0], ("weight", "bias"), conv),
        (model[2], BATCH_NORM, same),
        (model[3], ("weight", "bias"), conv),
        (model[6], ("weight", "bias"), dense),
    ):
        for name, layout in zip(names, layouts, strict=True):
            value = values_of(getattr(layer, name))
            if value is not None:
                found.append(layout(value.detach()).contiguous().numpy())
    return found


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
        weights = as_keras(network(dtype), lambda value: value)
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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_of_weights_equal_those_of_torch(found, dtype):
    model = network(dtype)
    x, positive = map(torch.from_numpy, sequences(dtype))
    gradient_of = differentiated(lambda points: (model(points).squeeze(1), None), model)
    loss = prior_loss(attribute(gradient_of, x)[0], positive, "fourier", freq_limit=9)
    loss.backward()
    assert found[f"{dtype}/loss"] == pytest.approx(loss.item(), abs=1e-5)
    expected = as_keras(
        model,
        lambda value: (
            (torch.zeros_like(value) if value.grad is None else value.grad)
            if value.requires_grad
            else None
        ),
    )
    for i, values in enumerate(expected):
        np.testing.assert_allclose(found[f"{dtype}/gradient_{i}"], values, atol=1e-5, rtol=0)
    assert max(np.abs(values).max() for values in expected) > 1e-3


@pytest.mark.parametrize("backend", BACKENDS)
def test_prior_model_trains_by_fit(backend):
    run_keras(backend, "keras_fit.py")
