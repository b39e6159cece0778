"""Gradients of the weights in a training step are those of finite differences, the prior's too."""

import numpy as np
import pytest
import torch
from attprior.dataset.sampler import sampler
from attprior.dataset.windows import open_windows
from attprior.models import registry
from attprior.models.saved import build
from attprior.priors import ATTRIBUTIONS
from attprior.training.ensemble import Ensemble
from attprior.training.optimiser import Optimiser
from attprior.training.step import Pieces, batch_losses, draw, step, tensors
from made_condition import FOURIER, PRIOR, SETTINGS

STEP = 1e-7  # no ReLU changes sides
CPU = torch.device("cpu")
LAYERS = {
    "profile": {},
    "binary": {"widths": [7, 5], "pools": [1, 10], "dense": [6]},
    "basset": {"filters": [6, 5], "widths": [7, 5], "pools": [2, 5], "dense": [6, 4]},
}
PRIORS = {
    **{kind: {**FOURIER, "attribution": kind} for kind in ATTRIBUTIONS},
    "all examples": {**FOURIER, "examples": "all"},
    "smoothness": {**PRIOR, "kind": "smoothness"},
    "sparsity": {**PRIOR, "kind": "sparsity"},
}


@pytest.fixture(scope="module")
def windows(condition):
    return open_windows(*condition[:2], SETTINGS)


@pytest.fixture(autouse=True)
def _double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def batches(windows, settings, seeds, number):
    """Batches of seeds, in double precision and with all that any prior draws."""
    own = sampler(windows, np.array([0]), settings)
    each = [own.batches(seed, 1, 16, both_strands=True) for seed in range(seeds)]
    for _, drawn in zip(range(number), zip(*each, strict=True), strict=False):
        data = {
            name: value.double() if value.is_floating_point() else value
            for name, value in tensors(drawn, CPU).items()
        }
        yield data | draw(data, settings["prior"], [(seed, 1) for seed in range(seeds)])


def hold_constants(model, monkeypatch):
    """Let the scalar's constants be at each call what they were at the first: they have no gradient.

    Returns a function that begins the calls anew.
    """
    held, own = [], model.constants

    def passes():
        calls = iter(range(99))

        def constants(outputs, weighting="probability"):
            call = next(calls)
            if call == len(held):
                held.append(own(outputs, weighting))
            return held[call]

        monkeypatch.setattr(model, "constants", constants)

    return passes


@pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)
@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize("architecture", registry.names())
def test_gradients_of_a_step_are_those_of_finite_differences(
    windows, architecture, seeds, prior, monkeypatch
):
    if seeds > 1 and (architecture == "profile" or prior.get("attribution") == "rescale"):
        pytest.skip("the one has constants to hold, of the other seeds train alone")
    settings = {**SETTINGS, **LAYERS[architecture], "architecture": architecture, "prior": prior}
    described = {"settings": settings, "tasks": ["a", "b"], "strands": 2, "controls": "matched"}
    torch.manual_seed(0)
    ensemble = Ensemble([build(described) for _ in range(seeds)])
    optimiser = Optimiser(ensemble, settings)
    *before, last = batches(windows, settings, seeds, 4)
    assert 0 < last["positive"].sum() < last["positive"].numel()
    _assert_gradients(ensemble, before[0], settings, monkeypatch)
    for data in before:
        step(ensemble, data, settings, 1.0, Pieces(), optimiser)
    _assert_gradients(ensemble, last, settings, monkeypatch)


def _assert_gradients(ensemble, data, settings, monkeypatch):
    """Those of both losses, along a random way of each weight; off by less than 1e-6 of the largest."""
    begin = hold_constants(ensemble.model, monkeypatch)
    kept = {name: value.clone() for name, value in ensemble.buffers.items()}

    def losses():
        """Prediction and prior loss at the statistics before the step."""
        for name, value in kept.items():
            ensemble.buffers[name] = value.clone()
        begin()
        _, *found = batch_losses(ensemble, slice(0, len(ensemble)), data, settings)
        return torch.stack([each.sum() for each in found])

    ensemble.model.train()
    weights = list(ensemble.weights.values())
    found = losses()
    assert found.min() != 0
    gradients = [
        torch.autograd.grad(each, weights, retain_graph=True, allow_unused=True) for each in found
    ]
    generator = torch.Generator().manual_seed(1)
    for number, weight in enumerate(weights):
        way = torch.randn(weight.shape, generator=generator)
        way *= STEP / way.norm()
        around = []
        for move in (way, -2 * way):
            with torch.no_grad():
                weight += move
            around.append(losses().detach())
        with torch.no_grad():
            weight += way
        expected = (around[0] - around[1]) / 2
        for change, gradient in zip(expected, gradients, strict=True):
            own = 0.0 if gradient[number] is None else (gradient[number] * way).sum()
            scale = STEP * torch.stack([g.norm() for g in gradient if g is not None]).max()
            assert abs(own - change) < 1e-6 * scale
    for name, value in kept.items():
        ensemble.buffers[name] = value
    monkeypatch.undo()
