"""Attribution priors: losses that grow with the noise of a model's input gradients.

Each takes gradient times input of a batch, (N, 4, L), and which of its N examples are positive.
Only positives count; a batch without any loses 0. Source: Tseng, Shrikumar and Kundaje, NeurIPS
2020. This module needs nothing but torch.
"""

import torch
from torch import Tensor


def attribution_track(gradient_times_input: Tensor) -> Tensor:
    """Sum of absolute values over the four bases, (N, 4, L) to (N, L)."""
    return gradient_times_input.abs().sum(dim=1)


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


def fourier_loss(
    gradient_times_input: Tensor,
    positive: Tensor,
    freq_limit: int,
    softness: float | None = 0.2,
    smooth_sigma: int = 3,
) -> Tensor:
    """Share of the attributions' Fourier magnitude that is not at low frequencies.

    The constant component stays in the normaliser but earns no score, so a flat track loses 1.

    Parameters
    ----------
    gradient_times_input
        (N, 4, L).
    positive
        (N,) bool.
    freq_limit
        Highest frequency that weighs in full, in cycles over L.
    softness
        Exponent of the decay of weights past the limit; None cuts them off.
    smooth_sigma
        Standard deviation (bp) of the smoothing before the transform; 0 for none.

    Returns
    -------
    Tensor
        Scalar in [0, 1], the mean over positives.
    """
    track = attribution_track(gradient_times_input[positive])
    if len(track) == 0:
        return gradient_times_input.new_zeros(())
    track = smooth(track, smooth_sigma)
    magnitudes = torch.fft.rfft(track).abs()
    total = magnitudes.sum(dim=1, keepdim=True)
    # a track of zeros stays zeros: no NaN in the value nor in its gradient
    shares = magnitudes[:, 1:] / torch.where(total > 0, total, 1.0)
    weights = frequency_weights(track.shape[1], freq_limit, softness).to(shares)
    return 1 - (shares * weights).sum(dim=1).mean()


def smoothness_loss(gradient_times_input: Tensor, positive: Tensor) -> Tensor:
    """Sum of absolute differences of neighbouring positions of the track, mean over positives."""
    track = attribution_track(gradient_times_input[positive])
    if len(track) == 0:
        return gradient_times_input.new_zeros(())
    return track.diff(dim=1).abs().sum(dim=1).mean()


def sparsity_loss(gradient_times_input: Tensor, positive: Tensor) -> Tensor:
    """Minus the sum of all pairwise absolute differences over L times the sum of the track.

    Every ordered pair of positions counts, so this is minus twice the Gini coefficient. Mean over
    positives; a track of zeros scores 0.
    """
    track = attribution_track(gradient_times_input[positive])
    if len(track) == 0:
        return gradient_times_input.new_zeros(())
    length = track.shape[1]
    # sum over ordered pairs of |x_i - x_j| without the L x L matrix: sorted x_(r) counts 2r - L - 1
    rank = torch.arange(1, length + 1, device=track.device, dtype=track.dtype)
    pairs = 2 * ((2 * rank - length - 1) * track.sort(dim=1).values).sum(dim=1)
    total = track.sum(dim=1)
    return -(pairs / (length * torch.where(total > 0, total, 1.0))).mean()


def prior_loss(gradient_times_input: Tensor, positive: Tensor, kind: str, **constants) -> Tensor:
    """Loss of a prior by its name: fourier (with its constants), smoothness or sparsity."""
    losses = {"fourier": fourier_loss, "smoothness": smoothness_loss, "sparsity": sparsity_loss}
    return losses[kind](gradient_times_input, positive, **constants)
