"""Keras in a process of its own, as it takes its backend once, when imported; and weights for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from torch import nn

HERE = Path(__file__).parent
WORKFLOW = HERE.parents[1]
BACKENDS = ("tensorflow", "torch", "jax")
NEEDED = "not installed: bash envs/run --notebooks pytest"


def run_keras(backend: str, script: str, *arguments: object) -> None:
    """Run a script of this folder with Keras on a backend."""
    for package in ("keras", backend):
        pytest.importorskip(package, reason=f"{package} is {NEEDED}")
    paths = (WORKFLOW / "scripts", WORKFLOW / "notebooks")
    done = subprocess.run(
        [sys.executable, str(HERE / script), *map(str, arguments)],
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "TF_CPP_MIN_LOG_LEVEL": "2",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def keras_weights(model, value_of=lambda weight: weight):
    """Values of a torch model's weights, in the layouts and the order of its Keras twin's.

    Parameters
    ----------
    model
        A sequence of convolutions, batch norms, one flattening and dense layers.
    value_of
        What is wanted of a weight: a tensor of its shape, or None to leave it out.
    """
    found, channels = [], None
    for layer in model:
        if isinstance(layer, nn.BatchNorm1d):
            values = layer.weight, layer.bias, layer.running_mean, layer.running_var
        else:
            values = getattr(layer, "weight", None), getattr(layer, "bias", None)
        for value in values:
            value = None if value is None else value_of(value)
            if value is None:
                continue
            if isinstance(layer, nn.Conv1d) and value.ndim == 3:
                channels, value = len(value), value.permute(2, 1, 0)
            elif isinstance(layer, nn.Linear) and value.ndim == 2:
                if channels:  # Keras flattens (position, channel), torch (channel, position)
                    value = value.unflatten(1, (channels, -1)).transpose(1, 2).flatten(1)
                    channels = None
                value = value.T
            found.append(value.detach().contiguous().numpy())
    return found
