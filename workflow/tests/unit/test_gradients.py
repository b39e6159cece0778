"""Input gradients inside a loss: equal to autograd's, and so are their own gradients."""

import pytest
import torch
from attprior.models.convolutions import (
    convolution,
    transposed,
    wide_convolution,
    wide_transposed,
)
from attprior.models.profile import ProfileModel
from attprior.training.ensemble import Ensemble
from torch.nn.functional import conv1d

SETTINGS = {
    "input_length": 120,
    "profile_length": 66,
    "filters": 6,
    "widths": [11, 3, 3, 3],
    "dilations": [1, 2, 4, 8],
    "profile_width": 17,
    "dropout": 0,
    "count_loss_weight": 20,
}
SHALLOW = {**SETTINGS, "input_length": 92, "widths": [11], "dilations": [1]}
DILATED = {**SETTINGS, "input_length": 130, "dilations": [2, 2, 4, 8]}


def make(settings=SETTINGS, tasks=2, strands=2, controls="matched"):
    torch.manual_seed(0)
    return ProfileModel(settings, tasks, strands, controls).double()


def examples(settings=SETTINGS, number=5, tasks=2, strands=2, controls="matched"):
    generator = torch.Generator().manual_seed(1)
    length, positions = settings["input_length"], settings["profile_length"]
    codes = torch.randint(0, 4, (number, length), generator=generator)
    sequences = torch.nn.functional.one_hot(codes, 4).transpose(1, 2).double()
    count = {"matched": tasks, "shared": 1, "none": 0}[controls]
    shape = (number, count, strands, positions)
    return sequences, torch.randint(0, 4, shape, generator=generator).double()


def input_gradient(model, sequences, control, weighting="probability"):
    gradient, *outputs = model.gradient(sequences, control, weighting)
    return gradient, tuple(outputs)


def by_autograd(model, sequences, control, weighting="probability"):
    leaf = sequences.clone().requires_grad_()
    outputs = model(leaf, control)
    scalar = model.scalar(outputs, model.constants(outputs, weighting))
    return torch.autograd.grad(scalar.sum(), leaf, create_graph=True)[0], outputs


def of_weights(found, model, sequences):
    """Gradients of the weights of a loss of both the input gradient and the outputs."""
    gradient, outputs = found
    loss = (gradient * sequences).abs().sum(1).diff().pow(2).sum()
    loss = loss + sum(output.pow(2).mean() for output in outputs)
    return torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)


def assert_same(model, data, dtype=torch.float64, weighting="probability", **tolerance):
    model, data = model.to(dtype), [item.to(dtype) for item in data]
    found, expected = (
        function(model, *data, weighting) for function in (input_gradient, by_autograd)
    )
    assert expected[0].abs().max() > 0
    torch.testing.assert_close(found[0], expected[0], **tolerance)
    for one, other in zip(found[1], expected[1], strict=True):
        torch.testing.assert_close(one, other, **tolerance)
    pairs = zip(*(of_weights(each, model, data[0]) for each in (found, expected)), strict=True)
    for one, other in pairs:
        scale = other.abs().max()
        torch.testing.assert_close(one / scale, other / scale, **tolerance)


@pytest.mark.parametrize("controls", ["matched", "shared", "none"])
@pytest.mark.parametrize(("tasks", "strands"), [(1, 1), (1, 2), (3, 2)])
def test_gradient_and_its_gradient_are_those_of_autograd(tasks, strands, controls):
    data = examples(tasks=tasks, strands=strands, controls=controls)
    model = make(tasks=tasks, strands=strands, controls=controls)
    assert_same(model, data, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("settings", [SHALLOW, DILATED], ids=["one layer", "dilated first layer"])
def test_gradient_is_that_of_autograd_whatever_the_layers(settings):
    assert_same(make(settings), examples(settings), rtol=1e-10, atol=1e-10)


def test_gradient_is_that_of_autograd_in_single_precision():
    assert_same(make(), examples(), torch.float32, rtol=1e-5, atol=1e-5)


def test_gradient_of_logits_weighted_by_log_probabilities():
    data = examples()
    assert_same(make(), data, weighting="log_probability", rtol=1e-10, atol=1e-10)
    found = [input_gradient(make(), *data, w)[0] for w in ("probability", "log_probability")]
    assert not torch.allclose(*found)


def test_gradient_between_sequences():
    sequences, control = examples()
    assert_same(
        make(), (0.3 * sequences + 0.7 * sequences.flip(0), control), rtol=1e-10, atol=1e-10
    )


def test_gradient_under_dropout():
    model = make({**SETTINGS, "dropout": 0.4}).train()
    sequences, control = examples()
    found = []
    for function in (input_gradient, by_autograd):
        torch.manual_seed(3)
        found.append(function(model, sequences, control)[0])
    torch.testing.assert_close(*found, rtol=1e-10, atol=1e-10)
    still = input_gradient(model.eval(), sequences, control)[0]
    assert not torch.allclose(found[0], still)
    torch.testing.assert_close(still, by_autograd(model, sequences, control)[0])


def test_gradients_of_stacked_models():
    models = [make() for _ in range(3)]
    for number, model in enumerate(models):
        torch.nn.init.normal_(model.convolutions[0].weight, std=0.1 * (number + 1))
    sequences, control = examples()
    found = Ensemble(models).gradient(slice(0, 3), sequences[None], control[None], "probability")
    for member, model in enumerate(models):
        gradient, outputs = input_gradient(model, sequences, control)
        for one, other in zip(found, (gradient, *outputs), strict=True):
            torch.testing.assert_close(one[member], other)


@pytest.mark.parametrize(("outputs", "width", "length"), [(2, 75, 1074), (1, 5, 9), (7, 4, 60)])
def test_wide_convolution_is_a_convolution(outputs, width, length):
    generator = torch.Generator().manual_seed(0)
    draw = {"generator": generator, "dtype": torch.float64}
    values, weight = torch.randn(3, length, 5, **draw), torch.randn(outputs, 5, width, **draw)
    expected = conv1d(values.transpose(1, 2), weight).transpose(1, 2)
    torch.testing.assert_close(wide_convolution(values, weight), expected)


@pytest.mark.parametrize("dilation", [1, 4])
def test_convolution_is_a_dilated_convolution(dilation):
    generator = torch.Generator().manual_seed(0)
    draw = {"generator": generator, "dtype": torch.float64}
    values, weight = torch.randn(3, 40, 5, **draw), torch.randn(6, 5, 3, **draw)
    bias = torch.randn(6, **draw)
    expected = conv1d(values.transpose(1, 2), weight, bias, dilation=dilation).transpose(1, 2)
    torch.testing.assert_close(convolution(values, weight, bias, dilation), expected)


@pytest.mark.parametrize(
    ("forward", "backward", "width"),
    [(wide_convolution, wide_transposed, 17), (convolution, transposed, 3)],
)
def test_transposes_move_across_the_scalar_product(forward, backward, width):
    generator = torch.Generator().manual_seed(0)
    draw = {"generator": generator, "dtype": torch.float64}
    values, weight = torch.randn(3, 60, 5, **draw), torch.randn(2, 5, width, **draw)
    others = torch.randn(3, 61 - width, 2, **draw)
    one = (forward(values, weight) * others).sum()
    torch.testing.assert_close(one, (values * backward(others, weight)).sum())
