"""The binary model, against its layers written out."""

import h5py
import numpy as np
import pytest
import torch
from attprior.attribution.deepshap import deepshap
from attprior.attribution.methods import input_gradient
from attprior.attribution.run import attribute
from attprior.errors import InputError
from attprior.losses import binary_losses
from attprior.models.binary import DEFAULTS, BinaryModel
from attprior.models.saved import build, load_model, save_model
from attprior.models.shapes import pooled_lengths
from attprior.priors import prior_loss
from beartype import beartype
from jaxtyping import jaxtyped
from tangermeme.ersatz import dinucleotide_shuffle
from torch import nn
from torch.nn.functional import batch_norm, conv1d, linear, max_pool1d

CPU = torch.device("cpu")
SETTINGS = {
    "architecture": "binary",
    "input_length": 80,
    "filters": [6, 5],
    "widths": [7, 5],
    "pools": [1, 10],
    "dense": [8, 4],
    "dropout": 0,
}


def make(tasks=2, **changes):
    torch.manual_seed(0)
    model = BinaryModel({**SETTINGS, **changes}, tasks, 1, "none")
    rng = np.random.default_rng(1)
    # batch norms of a trained model are not the identity
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            for values in (module.running_var, module.weight.data):
                values.copy_(torch.tensor(rng.uniform(0.5, 2, len(values))))
            for values in (module.running_mean, module.bias.data):
                values.copy_(torch.tensor(rng.normal(0, 0.3, len(values))))
    return model


def examples(number=6, length=80, seed=0):
    codes = np.random.default_rng(seed).integers(0, 4, (number, length))
    return torch.tensor(np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1))


def batch_of(number=12, tasks=2, seed=0):
    labels = np.random.default_rng(seed).integers(-1, 2, (number, tasks)).astype(np.int8)
    positive = torch.tensor((labels == 1).any(1))
    return {
        "sequences": examples(number, seed=seed),
        "labels": torch.tensor(labels),
        "positive": positive,
    }


def losses_of(model, batch):
    """Prediction loss and Fourier prior of a batch."""
    x = batch["sequences"].clone().requires_grad_()
    outputs = model(x)
    (gradient,) = torch.autograd.grad(model.scalar(outputs).sum(), x, create_graph=True)
    return model.loss(outputs, batch)[1], prior_loss(
        gradient * x, batch["positive"], "fourier", freq_limit=12
    )


def norm(values, module):
    mean, var = module.running_mean, module.running_var
    return batch_norm(values, mean, var, module.weight, module.bias, eps=module.eps)


@pytest.mark.parametrize("tasks", [1, 3])
def test_equals_its_layers_written_out(tasks):
    model = make(tasks).eval()
    (one, _, norm_one, two, _, norm_two, _) = model.convolutions
    (three, _, norm_three, four, _, norm_four, last) = model.dense
    x = examples()
    (found,) = model(x)
    x = norm(torch.relu(conv1d(x, one.weight, one.bias)), norm_one)
    x = norm(torch.relu(conv1d(x, two.weight, two.bias)), norm_two)
    # 70 positions, seven pools
    x = max_pool1d(x, 10).reshape(6, 35)
    x = norm(torch.relu(linear(x, three.weight, three.bias)), norm_three)
    x = norm(torch.relu(linear(x, four.weight, four.bias)), norm_four)
    assert found.shape == (6, tasks)
    torch.testing.assert_close(found, linear(x, last.weight, last.bias))


def test_shapes_are_those_of_the_signatures():
    checked = jaxtyped(typechecker=beartype)
    outputs = checked(BinaryModel.forward)(make(), examples())
    assert checked(BinaryModel.scalar)(make(), outputs).shape == (6,)


def test_published_defaults_leave_960_positions_in_24_pools():
    assert pooled_lengths(DEFAULTS) == [986, 972, 24]
    model = BinaryModel({**DEFAULTS, "architecture": "binary"}, 1, 1, "none")
    assert [layer.in_features for layer in model.dense if isinstance(layer, nn.Linear)] == [
        24 * 64, 50, 15,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pools": [10]}, "2 widths and 1 pools; give one of each per layer"),
        ({"filters": [6]}, "2 widths and 1 filters; give one of each per convolution, or one"),
        (
            {"input_length": 19},
            "input_length is 19, of which convolution 2 (width 5, pool 10) leaves nothing",
        ),
    ],
)
def test_layers_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(InputError) as error:
        make(**changes)
    assert message in str(error.value)


def test_one_number_of_filters_stands_for_all():
    widths = [
        layer.out_channels for layer in make(filters=3).convolutions[::3] if len(layer._parameters)
    ]
    assert widths == [3, 3]


def test_examples_of_a_batch_do_not_leak_into_each_other_once_trained():
    model, x = make().eval(), examples().requires_grad_()
    (logits,) = model(x)
    for row in range(len(x)):
        torch.testing.assert_close(model(x[[row]])[0], logits[[row]])
    (gradient,) = torch.autograd.grad(logits[2].sum(), x)
    assert (gradient[2] != 0).any()
    assert (gradient[[0, 1, 3, 4, 5]] == 0).all()


def test_reversed_filters_read_the_other_strand():
    model, other = make().eval(), make().eval()
    with torch.no_grad():
        first, second = (m for m in other.convolutions if isinstance(m, nn.Conv1d))
        first.weight.copy_(first.weight.flip(1, 2))
        second.weight.copy_(second.weight.flip(2))
        dense = other.dense[0].weight  # (8, 5 filters x 7 pools)
        dense.copy_(dense.view(8, 5, 7).flip(2).view(8, 35))
    torch.testing.assert_close(other(examples().flip(1, 2))[0], model(examples())[0])


def test_modules_stand_in_one_place_each():
    model, calls = make().eval(), []
    for module in model.modules():
        if isinstance(module, nn.ReLU | nn.MaxPool1d | nn.BatchNorm1d):
            module.register_forward_hook(lambda module, *_: calls.append(id(module)))
    model(examples())
    assert len(calls) == len(set(calls)) == 9


def test_scalar_is_the_sum_of_logits_over_tasks():
    model = make(tasks=3).eval()
    (logits,) = model(examples())
    torch.testing.assert_close(model.scalar((logits,)), logits[:, 0] + logits[:, 1] + logits[:, 2])
    assert model.constants((logits,)).shape == (6, 0)


def test_loss_is_of_known_labels():
    model = make().eval()
    outputs, labels = model(examples()), torch.tensor([[1, -1], [0, 1], [0, 0]] * 2)
    parts, total = model.loss(outputs, {"labels": labels})
    positive, negative, expected = binary_losses(outputs[0], labels)
    assert (parts["positive"], parts["negative"], total) == (positive, negative, expected)


@pytest.mark.parametrize("weight", [0, 0.1])
def test_overfits_three_batches(weight):
    model = make(tasks=1, dense=[32, 16], filters=24)
    batches = [batch_of(10, 1, seed) for seed in range(3)]
    optimiser, totals = torch.optim.Adam(model.parameters(), lr=0.01), []
    for _ in range(40):
        losses = [losses_of(model, batch) for batch in batches]
        totals.append(sum(prediction.item() for prediction, _ in losses))
        optimiser.zero_grad()
        sum(prediction + weight * prior for prediction, prior in losses).backward()
        optimiser.step()
    assert totals[-1] < 0.1 * totals[0]


def test_deepshap_sums_to_the_difference_from_the_references():
    model, x = make().eval(), examples(4)
    references = dinucleotide_shuffle(x, n=3, random_state=0)
    control = torch.zeros(4, 0, 1, 0)
    hypothetical, deltas = deepshap(model, x, control, references, 5, CPU)
    with torch.no_grad():
        of_references = torch.stack([model(references[:, k])[0].sum(1) for k in range(3)]).mean(0)
        difference = model(x)[0].sum(1) - of_references
    torch.testing.assert_close((hypothetical * x).sum((1, 2)), difference, rtol=1e-3, atol=1e-4)
    assert (deltas < 1e-3).all()
    assert input_gradient(model, x, control).shape == x.shape


def test_peaks_are_attributed(condition, tmp_path):
    settings = {**SETTINGS, "input_length": 60}
    description = {"settings": settings, "tasks": ["a", "b"], "strands": 1, "controls": "none"}
    save_model(tmp_path / "model.pt", build(description).state_dict(), description)
    output = tmp_path / "attributions.h5"
    attribute(*condition, {1: tmp_path / "model.pt"}, output, 2, 8, 4, 32, "cpu")
    with h5py.File(output) as file:
        assert file["mean/hypothetical"].shape[1:] == (4, 60)
        assert (file["sample/deepshap"][:] != 0).any(axis=(2, 3)).all()
        assert (file["deltas"][:] < 1e-3).all()


def test_saved_model_gives_equal_outputs(tmp_path):
    model = make()
    description = {"settings": SETTINGS, "tasks": ["a", "b"], "strands": 1, "controls": "none"}
    save_model(tmp_path / "model.pt", model.state_dict(), description)
    loaded, found = load_model(tmp_path / "model.pt")
    assert found == description
    assert isinstance(loaded, BinaryModel)
    assert torch.equal(loaded(examples())[0], model.eval()(examples())[0])
