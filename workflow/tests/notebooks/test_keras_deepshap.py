"""DeepSHAP of a Keras model is that of tangermeme of the same model in torch."""

import numpy as np
import pytest
import torch
from attprior.sequence import one_hot_codes
from in_keras import BACKENDS, keras_weights, run_keras
from tangermeme.deep_lift_shap import deep_lift_shap
from torch import nn

LENGTH = 64


def network():
    torch.manual_seed(0)
    model = nn.Sequential(
        *(nn.Conv1d(4, 6, 7), nn.ReLU(), nn.BatchNorm1d(6)),
        *(nn.Conv1d(6, 5, 3), nn.ReLU(), nn.MaxPool1d(10), nn.Flatten()),
        *(nn.Linear(5 * 5, 8), nn.ReLU(), nn.Linear(8, 1)),
    )
    model[2].running_mean.normal_()
    model[2].running_var.uniform_(0.5, 2)
    return model.eval()


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_is_that_of_tangermeme(backend, tmp_path):
    rng = np.random.default_rng(0)
    sequences = one_hot_codes(rng.integers(0, 4, (3, LENGTH), dtype=np.uint8))
    references = one_hot_codes(rng.integers(0, 4, (3, 4, LENGTH), dtype=np.uint8))
    model = network()
    weights = keras_weights(model)
    np.savez(
        tmp_path / "given.npz",
        sequences=sequences.swapaxes(1, 2),
        references=references.swapaxes(2, 3),
        count=len(weights),
        **{f"weight_{i}": weight for i, weight in enumerate(weights)},
    )
    run_keras(backend, "keras_deepshap.py", tmp_path / "given.npz", tmp_path / "found.npy")
    found = np.load(tmp_path / "found.npy").swapaxes(1, 2)
    expected = deep_lift_shap(
        model,
        torch.from_numpy(sequences),
        references=torch.from_numpy(references),
        hypothetical=True,
        device="cpu",
    ).numpy()
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(found, expected, atol=1e-5)
    with torch.no_grad():
        output = model(torch.from_numpy(sequences))[:, 0]
        of_references = model(torch.from_numpy(references).flatten(0, 1)).view(3, 4).mean(dim=1)
    total = (found * sequences).sum(axis=(1, 2))
    np.testing.assert_allclose(total, output - of_references, atol=1e-5)
