"""Attributions that a prior may be of: right in value, and in the gradient of the weights."""

import pytest
import torch
from attprior.priors import (
    ATTRIBUTIONS,
    attribute,
    differentiated,
    prior_loss,
    rescale_multipliers,
    weight_at,
)
from attprior.sequence import one_hot_codes
from torch import nn


@pytest.fixture(autouse=True)
def _double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def sequences(number=3, length=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randint(0, 4, (number, length), generator=generator)
    return torch.from_numpy(one_hot_codes(codes.numpy().astype("uint8"))).double()


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv1d(4, 6, 5),
        nn.ReLU(),
        nn.Conv1d(6, 5, 3, dilation=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(5 * 32, 7),
        nn.ReLU(),
        nn.Linear(7, 1),
    )


def of(model, kind, x, references, share):
    def scalar_of(points):
        return model(points).squeeze(1), "others"

    gradient_of = differentiated(scalar_of, model)
    if kind == "rescale":
        gradient_of = rescale_multipliers(scalar_of, model, references)
    return attribute(gradient_of, x, kind, references, share)


@pytest.fixture
def inputs():
    return sequences(seed=1), sequences(seed=2), torch.tensor([0.1, 0.5, 0.9])


def test_rescale_sums_to_the_difference_of_the_outputs(inputs):
    x, references, share = inputs
    model = network()
    found, _ = of(model, "rescale", x, references, share)
    expected = (model(x) - model(references)).squeeze(1)
    torch.testing.assert_close(found.sum(dim=(1, 2)), expected)
    gradient, _ = of(model, "gradient", x, references, share)
    assert not torch.allclose(gradient.sum(dim=(1, 2)), expected)


def test_rescale_is_that_of_tangermeme(inputs):
    from tangermeme.deep_lift_shap import deep_lift_shap

    x, references, share = inputs
    model = network().float()
    found, _ = of(model, "rescale", x.float(), references.float(), share)
    multipliers = found / (x - references).float()
    expected = deep_lift_shap(
        model,
        x.float(),
        references=references.float().unsqueeze(1),
        raw_outputs=True,
        device="cpu",
        warning_threshold=1,
    ).squeeze(1)
    differing = (x - references) != 0
    torch.testing.assert_close(multipliers[differing], expected[differing], rtol=1e-4, atol=1e-6)


def test_rescale_where_nothing_differs_is_the_gradient(inputs):
    x, _, share = inputs
    model = network()
    nearly = x - 1e-9
    found, _ = of(model, "rescale", x, nearly, share)
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(leaf).sum(), leaf)
    torch.testing.assert_close(found / (x - nearly), gradient, rtol=1e-4, atol=1e-8)


def test_expected_gradient_at_the_sequence_is_its_gradient_times_the_difference(inputs):
    x, references, _ = inputs
    model = network()
    found, others = of(model, "expected_gradient", x, references, torch.ones(3))
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(leaf).sum(), leaf)
    torch.testing.assert_close(found, gradient * (x - references))
    assert others is None


def test_corrected_gradient_forgets_what_all_four_bases_share(inputs):
    x, references, share = inputs
    model = network()
    found, _ = of(model, "corrected_gradient", x, references, share)
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(leaf).sum(), leaf)
    others = (gradient * (1 - x)).sum(dim=1) / 3
    expected = 0.75 * ((gradient * x).sum(dim=1) - others)
    torch.testing.assert_close(found.sum(dim=1), expected)


def test_outputs_at_the_sequences_come_with_the_gradient(inputs):
    x, references, share = inputs
    for kind in ("gradient", "corrected_gradient"):
        assert of(network(), kind, x, references, share)[1] == "others"


@pytest.mark.parametrize("kind", ATTRIBUTIONS)
def test_gradient_of_the_weights_is_that_of_finite_differences(kind, inputs):
    x, references, share = inputs
    positive = torch.ones(3, dtype=torch.bool)

    def loss(model):
        found, _ = of(model, kind, x, references, share)
        return prior_loss(found, positive, "fourier", freq_limit=6, smooth_sigma=1)

    model = network()
    loss(model).backward()
    for layer in (0, 2, 5):
        weight = model[layer].weight
        flat = weight.data.view(-1)
        for place in (0, len(flat) // 2, len(flat) - 1):
            found, step = weight.grad.view(-1)[place].item(), 1e-7
            flat[place] += step
            above = loss(model).item()
            flat[place] -= 2 * step
            below = loss(model).item()
            flat[place] += step
            assert found == pytest.approx((above - below) / (2 * step), rel=1e-3, abs=1e-7)


@pytest.mark.parametrize("kind", ATTRIBUTIONS)
def test_an_example_is_attributed_apart_from_its_batch(kind, inputs):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv1d(4, 6, 5), nn.ReLU(), nn.Flatten(), nn.BatchNorm1d(216), nn.Linear(216, 1)
    )
    whole, _ = of(model, kind, *inputs)
    alone, _ = of(model, kind, *(value[:1] for value in inputs))
    torch.testing.assert_close(whole[:1], alone)
    assert whole.abs().max() > 1e-3
    # by the statistics of the batch, the sum of the outputs does not depend on the input
    leaf = inputs[0].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(leaf).sum(), leaf)
    assert gradient.abs().max() < 1e-12


def test_rescale_leaves_the_model_as_it_was(inputs):
    x, references, share = inputs
    model = nn.Sequential(
        nn.Conv1d(4, 6, 5), nn.BatchNorm1d(6), nn.ReLU(), nn.Flatten(), nn.Linear(216, 1)
    )
    before = {name: value.clone() for name, value in model.state_dict().items()}
    of(model, "rescale", x, references, share)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert model[1].training
    assert not model[2]._forward_hooks


def test_unknown_attribution_is_refused(inputs):
    with pytest.raises(ValueError, match="one of gradient"):
        of(network(), "saliency", *inputs)


def test_weight_follows_its_schedule():
    assert [weight_at(epoch, 5.0) for epoch in (1, 9)] == [5.0, 5.0]
    assert [weight_at(epoch, 5.0, "late") for epoch in (1, 2, 9)] == [0.0, 5.0, 5.0]
    inflated = [weight_at(epoch, 5.0, "inflate", 0.5) for epoch in range(1, 30)]
    assert inflated == sorted(inflated)
    assert inflated[0] == pytest.approx(5 * (2 / (1 + 2.718281828**-0.5) - 1))
    assert inflated[-1] == pytest.approx(5.0, rel=1e-5)
    deflated = [weight_at(epoch, 5.0, "deflate", 0.5) for epoch in range(1, 30)]
    assert deflated[1] == pytest.approx(5 * 2.718281828**-1)
    with pytest.raises(ValueError, match="schedule"):
        weight_at(1, 5.0, "sideways")


@pytest.mark.parametrize("kind", ATTRIBUTIONS)
def test_a_training_pass_before_the_backward_pass_changes_no_gradient(kind, inputs):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv1d(4, 6, 5), nn.BatchNorm1d(6), nn.ReLU(), nn.Flatten(), nn.Linear(216, 1)
    )
    weights, gradients = list(model.parameters()), []
    for passes in (0, 1):
        found, _ = of(model, kind, *inputs)
        loss = prior_loss(found, torch.ones(3, dtype=torch.bool), "fourier", freq_limit=6)
        before = model[1].running_mean.clone()
        for _ in range(passes):
            model(inputs[0])
        assert torch.equal(before, model[1].running_mean) == (passes == 0)
        gradients.append(torch.autograd.grad(loss, weights, allow_unused=True))
    for one, other in zip(*gradients, strict=True):
        assert one is other or torch.equal(one, other)
