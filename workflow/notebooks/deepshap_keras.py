"""DeepSHAP of a functional Keras 3 model by DeepLIFT's rescale rule, on any backend.

For models of linear layers, ReLUs and max pools (Shrikumar et al., ICML 2017; Lundberg and Lee,
NIPS 2017). Activations must be layers of their own: `layers.ReLU()`, not `activation="relu"`.
Letters of shapes: N examples, L positions, K references, C channels. Needs only Keras and
`priors_keras.py`.
"""

from typing import Any

import keras
import numpy as np
from attprior.priors_keras import input_gradient
from keras import layers, ops

Tensor = Any
# differences of activations as small as this are rounding: the gradient is taken instead
SMALLEST = 1e-6


class RescaleReLU(layers.Layer):
    """ReLU whose slope is that between a sequence's value and its reference's.

    Batches are sequences followed by their references, (2 N, ...). The values are those of ReLU.
    """

    def call(self, values: Tensor) -> Tensor:
        """Replace the gradient by the rescale rule."""
        own, reference = ops.split(ops.stop_gradient(values), 2)
        change = own - reference
        flat = ops.abs(change) < SMALLEST
        slope = (ops.relu(own) - ops.relu(reference)) / ops.where(flat, 1.0, change)
        slope = ops.where(flat, ops.cast(own > 0, values.dtype), slope)
        linear = ops.concatenate([slope, slope]) * (values - ops.stop_gradient(values))
        return ops.stop_gradient(ops.relu(values)) + linear

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Shape of the values."""
        return input_shape


class RescaleMaxPool(layers.Layer):
    """Max pool without overlap, (2 N, L, C) to (2 N, L // size, C), by DeepLIFT's rule.

    What a window's maximum rises and falls is that of the two positions that hold it: the
    sequence's and the reference's. Batches are as in `RescaleReLU`.
    """

    def __init__(self, size: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.size = size

    def call(self, values: Tensor) -> Tensor:
        """Replace the gradient by the rule."""
        _, length, channels = values.shape
        count = length // self.size
        windows = ops.reshape(values[:, : count * self.size], (-1, count, self.size, channels))
        own, reference = ops.split(ops.stop_gradient(windows), 2)
        highest_own, highest_reference = (
            ops.max(x, axis=2, keepdims=True) for x in (own, reference)
        )
        highest = ops.maximum(highest_own, highest_reference)
        held_own, held_reference = (self._holder(x) for x in (own, reference))
        moved = held_own * (highest - highest_reference) + held_reference * (highest_own - highest)
        change = own - reference
        flat = ops.abs(change) < SMALLEST
        slope = ops.where(flat, held_own, moved / ops.where(flat, 1.0, change))
        both = ops.concatenate([slope, slope])
        linear = ops.sum(both * (windows - ops.stop_gradient(windows)), axis=2)
        return ops.stop_gradient(ops.max(windows, axis=2)) + linear

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Shape of the pooled values."""
        number, length, channels = input_shape
        return number, length // self.size, channels

    def _holder(self, windows: Tensor) -> Tensor:
        """1 at the position of a window that holds its maximum, else 0."""
        return ops.one_hot(ops.argmax(windows, axis=2), self.size, axis=2, dtype=windows.dtype)


def with_rules(model: keras.Model) -> keras.Model:
    """A copy of a functional model, of the same weights, whose nonlinearities have their rules.

    Raises
    ------
    ValueError
        If a layer has no rule here: an activation inside a layer, a pool that overlaps.
    """

    def replace(layer: layers.Layer) -> layers.Layer:
        settings = layer.get_config()
        if isinstance(layer, layers.ReLU):
            return RescaleReLU(name=layer.name)
        if isinstance(layer, layers.MaxPooling1D):
            if layer.strides != layer.pool_size or layer.padding != "valid":
                raise ValueError(f"layer {layer.name}: only max pools without overlap have a rule")
            return RescaleMaxPool(layer.pool_size[0], name=layer.name)
        if settings.get("activation", "linear") != "linear" or isinstance(layer, layers.Activation):
            raise ValueError(f"layer {layer.name}: make its activation a ReLU layer of its own")
        return layer.__class__.from_config(settings)

    plain = keras.Model(model.inputs, model.outputs)
    copy = keras.models.clone_model(plain, clone_function=replace)
    copy.set_weights(model.get_weights())
    return copy


def deepshap(model: keras.Model, sequences: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Contributions of bases to the summed output, averaged over references.

    Parameters
    ----------
    model
        Functional, from (N, L, 4).
    sequences
        (N, L, 4), one-hot.
    references
        (N, K, L, 4), one-hot, such as shuffles of each sequence.

    Returns
    -------
    ndarray
        Hypothetical contributions (N, L, 4): what each base would contribute; times one-hot they
        are the contributions, which sum to the output less its mean over references.
    """
    ruled, count = with_rules(model), references.shape[1]
    found = []
    for sequence, shuffled in zip(sequences, references, strict=True):
        pairs = np.concatenate([np.broadcast_to(sequence, shuffled.shape), shuffled])
        gradient = input_gradient(
            lambda points: ruled(points, training=False)[:count], ops.convert_to_tensor(pairs)
        )
        multipliers = ops.convert_to_numpy(ops.stop_gradient(gradient))[:count]
        # contribution of base b where the reference has r: multiplier of b less that of r
        of_reference = (multipliers * shuffled).sum(axis=2, keepdims=True)
        found.append((multipliers - of_reference).mean(axis=0))
    return np.stack(found)
