"""`PriorModel` trains by `fit`: the prior falls, and validation knows nothing of it.

Run by `test_keras_prior.py` with KERAS_BACKEND.
"""

import keras
import numpy as np
from attprior.priors_keras import PriorModel, fourier_losses
from keras import layers, ops

LENGTH, LIMIT = 60, 9


def model(weight):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((LENGTH, 4))
    x = layers.Conv1D(8, 9)(inputs)
    x = layers.ReLU()(x)
    x = layers.BatchNormalization()(x)
    x = layers.GlobalAveragePooling1D()(x)
    made = PriorModel(inputs, layers.Dense(1)(x), weight=weight, freq_limit=LIMIT)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    made.compile(optimizer=keras.optimizers.Adam(0.01), loss=loss)
    return made


def prior(made, x, y):
    losses = fourier_losses(made.attributions(ops.convert_to_tensor(x[y == 1])), freq_limit=LIMIT)
    return ops.convert_to_numpy(ops.stop_gradient(losses)).mean()


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    x = np.eye(4, dtype="float32")[rng.integers(0, 4, (256, LENGTH))]
    y = (x[:, :, 2].mean(axis=1) > 0.25).astype("float32")[:, None]
    after = {}
    for weight in (0, 5):
        made = model(weight)
        history = made.fit(
            x, y, validation_data=(x, y), epochs=6, batch_size=64, shuffle=False, verbose=0
        ).history
        assert history["loss"][-1] < history["loss"][0], history
        # the loss of validation is the prediction loss: that of the logits
        logits = made.predict(x, verbose=0)
        expected = np.mean(np.logaddexp(0, np.where(y == 1, -logits, logits)))
        np.testing.assert_allclose(history["val_loss"][-1], expected, rtol=1e-3)
        after[weight] = prior(made, x, y[:, 0])
    assert after[5] < after[0] - 0.01, after
