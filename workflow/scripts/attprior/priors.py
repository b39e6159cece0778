"""Attribution priors: losses that grow with the noise of a model's attributions.

A loss takes attributions of a batch, (N, 4, L), and which of its N examples count: the positives, as
published. A batch where none counts loses 0. Source: Tseng, Shrikumar and Kundaje, NeurIPS 2020.
This module needs nothing but torch.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

ATTRIBUTIONS = ("gradient", "corrected_gradient", "expected_gradient", "rescale")
# those for which the model is asked at the sequences themselves
AT_SEQUENCES = ATTRIBUTIONS[:2]
# where a difference of activations is this small, the multiplier is the gradient
SMALLEST_DIFFERENCE = 1e-6


def corrected_gradient(gradient: Tensor) -> Tensor:
    """Gradient (N, 4, L) without its part off the simplex of one-hot sequences: less its mean over
    the four bases (Majdandzic et al., Genome Biology 2023)."""
    return gradient - gradient.mean(dim=1, keepdim=True)


def attribute(
    gradient_of: Callable[[Tensor], tuple[Tensor, Any]],
    sequences: Tensor,
    kind: str = "gradient",
    references: Tensor | None = None,
    share: Tensor | None = None,
) -> tuple[Tensor, Any]:
    """Attributions of a batch, differentiable with respect to a model's weights.

    Parameters
    ----------
    gradient_of
        Gives the gradient (N, 4, L) of each example's scalar at points (N, 4, L), itself
        differentiable, and whatever else it computed; such as `differentiated` or, for ``rescale``,
        `rescale_multipliers`.
    sequences
        (N, 4, L), one-hot.
    kind
        ``gradient``: gradient times input, as published. ``corrected_gradient``: the same of the
        gradient less its mean over bases. ``expected_gradient``: the gradient at a random point
        between a reference and the sequence, times their difference (Erion et al., Nature Machine
        Intelligence 2021, with one reference a step). ``rescale``: DeepLIFT's rescale multipliers
        against the reference (Shrikumar et al., ICML 2017), times the difference.
    references
        (N, 4, L), shuffled sequences; for the last two kinds.
    share
        (N,) in [0, 1], how far the point lies from the reference; for ``expected_gradient``.

    Returns
    -------
    tuple
        Attributions (N, 4, L), and what else was computed at the sequences themselves; None where
        the model was asked at other points.
    """
    if kind not in ATTRIBUTIONS:
        raise ValueError(f"unknown attribution {kind!r}; one of {', '.join(ATTRIBUTIONS)}")
    if kind in AT_SEQUENCES:
        gradient, others = gradient_of(sequences)
        if kind == "corrected_gradient":
            gradient = corrected_gradient(gradient)
        return gradient * sequences, others
    difference = sequences - references
    if kind == "expected_gradient":
        point = references + share.view(-1, 1, 1) * difference
        return gradient_of(point)[0] * difference, None
    return gradient_of(sequences)[0] * difference, None


def differentiated(
    scalar_of: Callable[[Tensor], tuple[Tensor, Any]], model: nn.Module
) -> Callable[[Tensor], tuple[Tensor, Any]]:
    """Gradient of any model's scalar, by automatic differentiation.

    Parameters
    ----------
    scalar_of
        Gives each example's scalar (N,) at points (N, 4, L), and whatever else it computed.
    model
        What `scalar_of` calls. Its batch norms use their running statistics meanwhile: by those of
        the batch, an example's gradient would be that of all examples' outputs, which in sum do not
        depend on the input at all where the last layer reads a batch norm.
    """

    def gradient_of(points: Tensor) -> tuple[Tensor, Any]:
        with _frozen_statistics(model):
            leaf = points.detach().requires_grad_()
            scalar, others = scalar_of(leaf)
            return torch.autograd.grad(scalar.sum(), leaf, create_graph=True)[0], others

    return gradient_of


def rescale_multipliers(
    scalar_of: Callable[[Tensor], tuple[Tensor, Any]], model: nn.Module, references: Tensor
) -> Callable[[Tensor], tuple[Tensor, None]]:
    """DeepLIFT's multipliers of any model's scalar against references (N, 4, L).

    One pass over sequences and references takes each ReLU's slope between the two; in a second,
    over the sequences alone, these slopes stand in for the ReLUs' gradients. They must not depend
    on the second pass's input, or the gradient would be of the slopes too. Every nonlinearity but
    ReLU is taken by its gradient, and batch norms as by `differentiated`.
    """
    slopes: dict[nn.Module, Tensor] = {}

    def measure(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        (before, before_reference), (after, after_reference) = inputs[0].chunk(2), output.chunk(2)
        change = before - before_reference
        flat = change.abs() < SMALLEST_DIFFERENCE
        slope = (after - after_reference) / torch.where(flat, 1.0, change)
        slopes[module] = torch.where(flat, (before > 0).to(slope), slope)

    def replace(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> Tensor:
        before = inputs[0]
        return output.detach() + slopes[module] * (before - before.detach())

    def gradient_of(sequences: Tensor) -> tuple[Tensor, None]:
        with _frozen_statistics(model), _hooked(model, measure):
            scalar_of(torch.cat([sequences, references]))
        with _hooked(model, replace):
            return differentiated(scalar_of, model)(sequences)[0], None

    return gradient_of


@contextmanager
def _hooked(model: nn.Module, hook: Callable) -> Iterator[None]:
    """Call a hook after every ReLU of a model."""
    relus = [module for module in model.modules() if isinstance(module, nn.ReLU)]
    handles = [module.register_forward_hook(hook) for module in relus]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _frozen_statistics(model: nn.Module) -> Iterator[None]:
    """Let batch norms use their running statistics, so that each is one affine map for all inputs.

    They use copies: a training pass moves the statistics in place and unseen by autograd, so that a
    backward pass after it would not be that of this forward pass.
    """
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    training = [norm.training for norm in norms]
    own = [dict(norm._buffers) for norm in norms]

    def copy(norm: nn.Module, inputs: tuple[Tensor]) -> None:
        # at the pass itself, as `functional_call` lends a module its statistics for one pass
        for name, value in norm._buffers.items():
            norm._buffers[name] = None if value is None else value.clone()

    handles = [norm.register_forward_pre_hook(copy) for norm in norms]
    try:
        for norm in norms:
            norm.eval()
        yield
    finally:
        for norm, mode, buffers, handle in zip(norms, training, own, handles, strict=True):
            handle.remove()
            norm._buffers.update(buffers)
            norm.train(mode)


def attribution_track(attributions: Tensor) -> Tensor:
    """Sum of absolute values over the four bases, (N, 4, L) to (N, L)."""
    return attributions.abs().sum(dim=1)


def smooth(track: Tensor, sigma: int) -> Tensor:
    """Gaussian smoothing of tracks (N, L) with zero padding.

    Parameters
    ----------
    sigma
        Standard deviation in bp. The kernel is cut off at one sigma (2 * sigma + 1 taps) and
        normalised; 0 leaves the tracks as they are.
    """
    if sigma == 0:
        return track
    taps = torch.arange(-sigma, sigma + 1, dtype=track.dtype, device=track.device)
    kernel = torch.exp(-0.5 * (taps / sigma) ** 2)
    kernel = (kernel / kernel.sum()).view(1, 1, -1)
    return torch.nn.functional.conv1d(track.unsqueeze(1), kernel, padding=sigma).squeeze(1)


def frequency_weights(length: int, freq_limit: int, softness: float | None) -> Tensor:
    """Weights of the frequencies 1 to length // 2 of tracks of a length, (length // 2,).

    Frequency k (k cycles over the length, a period of length / k bp) weighs 1 up to `freq_limit`
    and 1 / (1 + (k - freq_limit) ** softness) past it, or 0 where `softness` is None.
    """
    past = torch.arange(1, length // 2 + 1, dtype=torch.float32) - freq_limit
    if softness is None:
        return (past <= 0).float()
    return torch.where(past <= 0, 1.0, 1 / (1 + past.clamp(min=1) ** softness))


def fourier_losses(
    attributions: Tensor, freq_limit: int, softness: float | None = 0.2, smooth_sigma: int = 3
) -> Tensor:
    """Share of each example's Fourier magnitude that is not at low frequencies.

    The constant component stays in the normaliser but earns no score, so a flat track loses 1.

    Parameters
    ----------
    attributions
        (N, 4, L).
    freq_limit
        Highest frequency that weighs in full, in cycles over L.
    softness
        Exponent of the decay of weights past the limit; None cuts them off.
    smooth_sigma
        Standard deviation (bp) of the smoothing before the transform; 0 for none.

    Returns
    -------
    Tensor
        (N,), each in [0, 1].
    """
    track = smooth(attribution_track(attributions), smooth_sigma)
    magnitudes = torch.fft.rfft(track).abs()
    total = magnitudes.sum(dim=1, keepdim=True)
    # a track of zeros stays zeros: no NaN in the value nor in its gradient
    shares = magnitudes[:, 1:] / torch.where(total > 0, total, 1.0)
    weights = frequency_weights(track.shape[1], freq_limit, softness).to(shares)
    return 1 - (shares * weights).sum(dim=1)


def smoothness_losses(attributions: Tensor) -> Tensor:
    """Sum of absolute differences of neighbouring positions of each example's track, (N,)."""
    return attribution_track(attributions).diff(dim=1).abs().sum(dim=1)


def sparsity_losses(attributions: Tensor) -> Tensor:
    """Minus the sum of all pairwise absolute differences over L times the sum of the track, (N,).

    Every ordered pair of positions counts, so this is minus twice the Gini coefficient. A track of
    zeros scores 0.
    """
    track = attribution_track(attributions)
    length = track.shape[1]
    # sum over ordered pairs of |x_i - x_j| without the L x L matrix: sorted x_(r) counts 2r - L - 1
    rank = torch.arange(1, length + 1, device=track.device, dtype=track.dtype)
    pairs = 2 * ((2 * rank - length - 1) * track.sort(dim=1).values).sum(dim=1)
    total = track.sum(dim=1)
    return -pairs / (length * torch.where(total > 0, total, 1.0))


LOSSES = {
    "fourier": fourier_losses,
    "smoothness": smoothness_losses,
    "sparsity": sparsity_losses,
}


def prior_loss(attributions: Tensor, counts: Tensor, kind: str, **constants) -> Tensor:
    """Loss of a batch: mean over the examples that count, 0 where none does.

    Parameters
    ----------
    attributions
        (N, 4, L).
    counts
        (N,) bool, which examples count: the positives, as published.
    kind
        One of `LOSSES`.
    constants
        Of the Fourier prior: `freq_limit`, `softness`, `smooth_sigma`.

    Returns
    -------
    Tensor
        Scalar.
    """
    losses = LOSSES[kind](attributions, **constants)
    # a sum, not a selection: on a GPU a selection waits for the device
    return torch.where(counts, losses, 0.0).sum() / counts.sum().clamp(min=1)


def weight_at(epoch: int, weight: float, schedule: str = "constant", rate: float = 1.0) -> float:
    """Weight of the prior in an epoch (from 1).

    ``constant``; ``inflate``: w * (2 / (1 + exp(-rate * epoch)) - 1), from small to w; ``deflate``:
    w * exp(-rate * epoch); ``late``: 0 in the first epoch, then w.
    """
    if schedule == "constant":
        return weight
    if schedule == "inflate":
        return weight * (2 / (1 + math.exp(-rate * epoch)) - 1)
    if schedule == "deflate":
        return weight * math.exp(-rate * epoch)
    if schedule == "late":
        return weight * (epoch > 1)
    raise ValueError(f"unknown schedule {schedule!r}")
