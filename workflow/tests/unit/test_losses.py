"""Prediction losses, against SciPy."""

import numpy as np
import pytest
import torch
from attprior.losses import count_error, multinomial_nll, profile_losses
from beartype import beartype
from jaxtyping import TypeCheckError, jaxtyped
from scipy.special import softmax
from scipy.stats import multinomial

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
