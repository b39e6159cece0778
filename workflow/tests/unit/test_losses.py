"""Prediction losses, against SciPy."""

import numpy as np
import pytest
import torch
from attprior.losses import binary_losses, count_error, multinomial_nll, profile_losses
from beartype import beartype
from jaxtyping import TypeCheckError, jaxtyped
from scipy.special import softmax
from scipy.stats import multinomial
from sklearn.metrics import log_loss

SHAPE = (5, 2, 2, 30)


@pytest.fixture
def logits():
    return torch.tensor(np.random.default_rng(0).normal(size=SHAPE))


@pytest.fixture
def counts():
    return torch.tensor(np.random.default_rng(1).poisson(0.7, size=SHAPE).astype(float))


def test_multinomial_nll_equals_scipy(logits, counts):
    rows = zip(logits.reshape(-1, 30).numpy(), counts.reshape(-1, 30).numpy(), strict=True)
    expected = [-multinomial.logpmf(row, row.sum(), softmax(logit)) for logit, row in rows]
    found = multinomial_nll(logits, counts)
    assert found.shape == SHAPE[:3]
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-9)
    single = multinomial_nll(logits.float(), counts.float())
    np.testing.assert_allclose(single.ravel(), expected, rtol=1e-4)


@pytest.mark.parametrize("reads", [10, 1_000, 1_000_000, 30_000_000])
def test_multinomial_nll_in_single_precision_is_exact_for_any_number_of_reads(reads):
    rng = np.random.default_rng(3)
    logits = rng.normal(size=1000).astype(np.float32)
    counts = rng.multinomial(reads, softmax(logits.astype(float) + 0.1 * rng.normal(size=1000)))
    expected = -multinomial.logpmf(counts, reads, softmax(logits.astype(float)))
    single = torch.tensor(logits, requires_grad=True)
    found = multinomial_nll(single, torch.tensor(counts, dtype=torch.float32))
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(expected, rel=1e-6)
    found.backward()
    gradient = reads * softmax(logits.astype(float)) - counts
    np.testing.assert_allclose(single.grad, gradient, atol=1e-5 * np.abs(gradient).max())


def test_adding_a_constant_to_logits_changes_nothing(logits, counts):
    torch.testing.assert_close(multinomial_nll(logits + 7, counts), multinomial_nll(logits, counts))


def test_profile_without_counts_loses_nothing(logits, counts):
    assert (multinomial_nll(logits, torch.zeros_like(counts)) == 0).all()


def test_observed_proportions_are_the_best_logits(logits, counts):
    best = multinomial_nll(torch.log(counts + 1e-12), counts)
    assert (best <= multinomial_nll(logits, counts)).all()


def test_huge_logits_stay_finite(counts):
    assert torch.isfinite(multinomial_nll(1e4 * torch.randn(SHAPE), counts)).all()


def test_count_error_equals_its_definition(counts):
    predicted = torch.tensor(np.random.default_rng(2).normal(size=SHAPE[:3]))
    expected = (predicted.numpy() - np.log(1 + counts.numpy().sum(-1))) ** 2
    np.testing.assert_allclose(count_error(predicted, counts), expected)


def test_profile_losses_are_means(logits, counts):
    predicted = torch.zeros(SHAPE[:3], dtype=torch.float64)
    profile, count = profile_losses(logits, predicted, counts)
    assert profile.item() == pytest.approx(multinomial_nll(logits, counts).mean().item())
    assert count.item() == pytest.approx(count_error(predicted, counts).mean().item())


def test_shapes_are_those_of_the_signatures(logits, counts):
    predicted = torch.zeros(SHAPE[:3], dtype=torch.float64)
    checked = jaxtyped(typechecker=beartype)
    checked(multinomial_nll)(logits, counts)
    checked(count_error)(predicted, counts)
    checked(profile_losses)(logits, predicted, counts)
    with pytest.raises(TypeCheckError):
        checked(multinomial_nll)(logits[:, :1], counts)


@pytest.fixture
def binary():
    rng = np.random.default_rng(3)
    return torch.tensor(rng.normal(0, 2, (40, 3))), torch.tensor(rng.integers(-1, 2, (40, 3)))


def test_classes_weigh_the_same_and_ambiguous_labels_nothing(binary):
    logits, labels = binary
    probabilities = 1 / (1 + np.exp(-logits.numpy()))
    expected = [
        log_loss(np.full(chosen.sum(), label), probabilities[chosen], labels=[0, 1])
        for label in (1, 0)
        for chosen in [labels.numpy() == label]
    ]
    positive, negative, total = binary_losses(logits, labels)
    np.testing.assert_allclose([positive, negative], expected)
    assert total.item() == pytest.approx(np.mean(expected))
    changed = torch.where(labels == -1, 99.0, logits)
    torch.testing.assert_close(binary_losses(changed, labels)[2], total)


@pytest.mark.parametrize("label", [0, 1])
def test_batch_of_one_class_loses_that_of_the_class(binary, label):
    logits, labels = binary
    labels = torch.where(labels == label, labels, -1)
    found = binary_losses(logits, labels)
    assert found[2] == found[1 - label] > 0
    assert found[label] == 0


def test_batch_without_known_labels_loses_nothing(binary):
    logits = binary[0].requires_grad_()
    total = binary_losses(logits, torch.full((40, 3), -1, dtype=torch.int8))[2]
    assert total == 0
    assert (torch.autograd.grad(total, logits)[0] == 0).all()


def test_huge_logits_of_bins_stay_finite(binary):
    assert torch.isfinite(torch.stack(binary_losses(1e4 * binary[0], binary[1]))).all()


def test_shapes_of_bins_are_those_of_the_signature(binary):
    checked = jaxtyped(typechecker=beartype)(binary_losses)
    checked(*binary)
    with pytest.raises(TypeCheckError):
        checked(binary[0], binary[1][:, :1])
