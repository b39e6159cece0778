"""Values and gradients of the Keras prior, on the backend that KERAS_BACKEND names.

Run by `test_keras_prior.py`, a process for each backend: Keras takes its backend once, when imported.
Usage: python keras_values.py GIVEN.npz FOUND.npz
"""

import json
import sys
from functools import partial

import keras
import numpy as np
from attprior.priors_keras import PriorModel, fourier_loss, fourier_losses, input_gradient
from keras import layers, ops

BACKEND = keras.backend.backend()
if BACKEND == "jax":
    import jax

    jax.config.update("jax_enable_x64", True)


def array(values):
    return ops.convert_to_numpy(ops.stop_gradient(values))


def channels_last(values):
    return ops.convert_to_tensor(np.ascontiguousarray(values.swapaxes(1, 2)))


def weight_gradients(model, loss_of):
    """Gradients of a loss with respect to a model's weights, as `fit` takes them."""
    variables = model.trainable_variables
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = loss_of()
        return loss, tape.gradient(loss, [variable.value for variable in variables])
    if BACKEND == "torch":
        import torch

        loss = loss_of()
        values = [variable.value for variable in variables]
        return loss, torch.autograd.grad(loss, values, allow_unused=True)

    def stateless(values):
        with keras.StatelessScope(state_mapping=zip(variables, values, strict=True)):
            return loss_of()

    return jax.value_and_grad(stateless)([variable.value for variable in variables])


def prior(model, sequences, positive):
    return fourier_loss(model.attributions(sequences), positive, freq_limit=9)


def network(length, weights):
    """The model of which `test_keras_prior.py` has the torch twin."""
    dtype = weights[0].dtype.name
    inputs = keras.Input((length, 4), dtype=dtype)
    x = layers.Conv1D(6, 5, dtype=dtype)(inputs)
    x = layers.ReLU(dtype=dtype)(x)
    x = layers.BatchNormalization(epsilon=1e-5, dtype=dtype)(x)
    x = layers.Conv1D(5, 3, dtype=dtype)(x)
    x = layers.ReLU(dtype=dtype)(x)
    x = layers.Flatten(dtype=dtype)(x)
    model = PriorModel(inputs, layers.Dense(1, dtype=dtype)(x), weight=1, freq_limit=9)
    model.set_weights(weights)
    return model


if __name__ == "__main__":
    given, found = np.load(sys.argv[1]), {}
    for name in given["cases"]:
        constants = json.loads(str(given[f"{name}/constants"]))
        attributions = channels_last(given[f"{name}/attributions"])
        losses = fourier_losses(attributions, **constants)
        found[f"{name}/losses"] = array(losses)
        found[f"{name}/gradient"] = array(
            input_gradient(lambda x, c=constants: fourier_losses(x, **c), attributions)
        ).swapaxes(1, 2)
    for name in given["models"]:
        sequences = channels_last(given[f"{name}/sequences"])
        positive = ops.convert_to_tensor(given[f"{name}/positive"])
        count = int(given[f"{name}/count"])
        weights = [given[f"{name}/weight_{i}"] for i in range(count)]
        model = network(sequences.shape[1], weights)
        loss, gradients = weight_gradients(model, partial(prior, model, sequences, positive))
        found[f"{name}/loss"] = array(loss)
        for i, gradient in enumerate(gradients):
            # the last bias moves no attribution
            zero = np.zeros(model.trainable_variables[i].shape)
            found[f"{name}/gradient_{i}"] = zero if gradient is None else array(gradient)
    np.savez(sys.argv[2], **found)
