"""DeepSHAP of a Keras model of given weights, on the backend that KERAS_BACKEND names.

Run by `test_keras_deepshap.py`. Usage: python keras_deepshap.py GIVEN.npz FOUND.npy
"""

import sys

import keras
import numpy as np
from deepshap_keras import deepshap
from keras import layers

if __name__ == "__main__":
    given = np.load(sys.argv[1])
    inputs = keras.Input(given["sequences"].shape[1:])
    x = layers.ReLU()(layers.Conv1D(6, 7)(inputs))
    x = layers.BatchNormalization(epsilon=1e-5)(x)
    x = layers.ReLU()(layers.Conv1D(5, 3)(x))
    x = layers.Flatten()(layers.MaxPooling1D(10)(x))
    x = layers.ReLU()(layers.Dense(8)(x))
    model = keras.Model(inputs, layers.Dense(1)(x))
    model.set_weights([given[f"weight_{i}"] for i in range(int(given["count"]))])
    np.save(sys.argv[2], deepshap(model, given["sequences"], given["references"]))
