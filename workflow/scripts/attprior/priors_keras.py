"""The Fourier attribution prior in Keras 3, on whichever backend: TensorFlow, PyTorch or JAX.

The functions are those of `attprior.priors`, in Keras's order of axes: attributions of a batch are
(N, L, 4), N examples of L positions. Source: Tseng, Shrikumar and Kundaje, NeurIPS 2020.
This module needs nothing but Keras and its backend.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

Tensor = Any
"""A tensor of the backend in use."""


def input_gradient(function: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    """Gradient (N, L, 4) of the sum of a function's values at points (N, L, 4).

    It is itself differentiable with respect to what the function depends on, such as a model's
    weights. Keras has no gradient of its own, so each backend's is called.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        points = tf.convert_to_tensor(points)
        with tf.GradientTape() as tape:
            tape.watch(points)
            total = ops.sum(function(points))
        return tape.gradient(total, points)
    if backend == "torch":
        import torch

        with torch.enable_grad():
            leaf = ops.convert_to_tensor(points).detach().requires_grad_()
            return torch.autograd.grad(function(leaf).sum(), leaf, create_graph=True)[0]
    if backend == "jax":
        import jax

        return jax.grad(lambda leaf: function(leaf).sum())(ops.convert_to_tensor(points))
    raise NotImplementedError(f"Keras runs on {backend}; the prior needs tensorflow, torch or jax")


def attribution_track(attributions: Tensor) -> Tensor:
    """Sum of absolute values over the four bases, (N, L, 4) to (N, L)."""
    return ops.sum(ops.abs(attributions), axis=2)


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
    taps = ops.cast(ops.arange(-sigma, sigma + 1), track.dtype)
    kernel = ops.exp(-0.5 * (taps / sigma) ** 2)
    kernel = ops.reshape(kernel / ops.sum(kernel), (-1, 1, 1))
    padded = ops.pad(ops.expand_dims(track, 2), [(0, 0), (sigma, sigma), (0, 0)])
    return ops.squeeze(ops.conv(padded, kernel, data_format="channels_last"), axis=2)


def frequency_weights(length: int, freq_limit: int, softness: float | None, dtype: str) -> Tensor:
    """Weights of the frequencies 1 to length // 2 of tracks of a length, (length // 2,).

    Frequency k (k cycles over the length, a period of length / k bp) weighs 1 up to `freq_limit`
    and 1 / (1 + (k - freq_limit) ** softness) past it, or 0 where `softness` is None.
    """
    past = ops.cast(ops.arange(1, length // 2 + 1) - freq_limit, dtype)
    low = ops.cast(past <= 0, dtype)
    if softness is None:
        return low
    return ops.where(past <= 0, low, 1 / (1 + ops.maximum(past, 1) ** softness))


def fourier_losses(
    attributions: Tensor, freq_limit: int, softness: float | None = 0.2, smooth_sigma: int = 3
) -> Tensor:
    """Share of each example's Fourier magnitude that is not at low frequencies.

    The constant component stays in the normaliser but earns no score, so a flat track loses 1.

    Parameters
    ----------
    attributions
        (N, L, 4).
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
    real, imaginary = ops.rfft(track)
    squares = real**2 + imaginary**2
    # the root's slope at 0 is infinite: a component of zero has the gradient 0 instead
    some = squares > 0
    magnitudes = ops.where(some, ops.sqrt(ops.where(some, squares, 1)), 0)
    total = ops.sum(magnitudes, axis=1, keepdims=True)
    # a track of zeros stays zeros: no NaN in the value nor in its gradient
    shares = magnitudes[:, 1:] / ops.where(total > 0, total, 1)
    weights = frequency_weights(track.shape[1], freq_limit, softness, track.dtype)
    return 1 - ops.sum(shares * weights, axis=1)


def fourier_loss(attributions: Tensor, counts: Tensor, **constants: Any) -> Tensor:
    """Loss of a batch: mean over the examples that count, 0 where none does.

    Parameters
    ----------
    attributions
        (N, L, 4).
    counts
        (N,) bool, which examples count: the positives, as published.
    constants
        `freq_limit`, `softness`, `smooth_sigma` of `fourier_losses`.

    Returns
    -------
    Tensor
        Scalar.
    """
    losses = fourier_losses(attributions, **constants)
    # a sum, not a selection, whose shape would depend on the values
    counts = ops.cast(counts, losses.dtype)
    return ops.sum(counts * losses) / ops.maximum(ops.sum(counts), 1)


class PriorModel(keras.Model):
    """A functional model whose training loss holds the prior: build it as `keras.Model`.

    Each positive's gradient times input is that of the summed outputs, so let them be logits. Batch
    norms use their running statistics there, so that the gradient is of an example alone. The loss
    of validation is the prediction loss alone, on which to stop or choose.

    Parameters
    ----------
    inputs, outputs
        As of `keras.Model`: one input (N, L, 4), one output (N, T).
    weight
        Of the prior's loss; 0 trains without it.
    constants
        `freq_limit`, `softness`, `smooth_sigma` of `fourier_losses`.
    """

    def __init__(self, inputs: Any, outputs: Any, weight: float, **constants: Any) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.prior_weight, self.prior_constants = weight, constants

    def attributions(self, x: Tensor) -> Tensor:
        """Gradient times input (N, L, 4) of sequences (N, L, 4)."""
        return input_gradient(lambda points: self(points, training=False), x) * x

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """Loss that `compile` was given, plus in training the prior's of what is positive in any task."""
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        if training and self.prior_weight:
            labels = ops.reshape(y, (ops.shape(x)[0], -1))
            positive = ops.any(labels == 1, axis=1)
            prior = fourier_loss(self.attributions(x), positive, **self.prior_constants)
            loss = loss + self.prior_weight * prior
        return loss
