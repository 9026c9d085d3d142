/**
 * The Python file that goes with every logged model, so that `mlflow.pyfunc` predicts without netloop, Keras or a compiler. It sees what the
 * kernels see: encoded rows, `rows x features` for the flow MLP and `rows x steps x features` for the behaviour LSTM.
 */
export const NUMPY_LOADER = `"""A netloop model in numpy: LSTM layers, then dense relu layers, then one sigmoid. Input is encoded rows, see encoder.json."""
import json
import os
from types import SimpleNamespace

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-np.clip(x, -60.0, 60.0)))


def lstm(x, kernel, recurrent, bias):
    """All hidden states, rows x steps x units; gates lie in Keras' order: input, forget, cell, output."""
    units = recurrent.shape[0]
    h = np.zeros((x.shape[0], units))
    c = np.zeros_like(h)
    out = np.empty((x.shape[0], x.shape[1], units))
    for step in range(x.shape[1]):
        z = x[:, step] @ kernel + h @ recurrent + bias
        i, f, g, o = (z[:, n * units : (n + 1) * units] for n in range(4))
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        out[:, step] = h
    return out


def read_layers(path):
    """{layer: {part: array}} in order; netloop.json names the arrays that follow each other in weights.bin."""
    with open(os.path.join(path, "netloop.json")) as file:
        blocks = json.load(file)
    floats = np.fromfile(os.path.join(path, "weights.bin"), dtype="<f4").astype("float64")
    layers, at = {}, 0
    for name, rows, columns in blocks:
        layer, part = name.split("/")
        layers.setdefault(layer, {})[part] = floats[at : at + rows * columns].reshape(rows, columns)
        at += rows * columns
    if at != floats.size:
        raise ValueError(f"weights.bin holds {floats.size} numbers, netloop.json names {at}")
    return layers


def _load_pyfunc(path):
    layers = read_layers(path)

    def predict(data, params=None):
        """Probability of an attack for each row, shape (rows, 1), float32."""
        x = np.asarray(data.values if hasattr(data, "values") else data, dtype="float64")
        for name, layer in layers.items():
            if name.startswith("lstm"):
                x = lstm(x, **layer)
                continue
            x = (x[:, -1] if x.ndim == 3 else x) @ layer["kernel"] + layer["bias"]
            if name != "output":
                x = np.maximum(x, 0.0)
        return sigmoid(x).astype("float32")

    return SimpleNamespace(predict=predict)
`;
