"""The Keras side of keras.all.test.ts, in one process: python peer.py DIR

Reads job.json and the models and rows that Node wrote; leaves Keras' own models, its predictions and its losses there.
Keras runs on JAX: the smallest backend that trains, and the same layers.
"""

import json
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"

import keras
import numpy as np

layers = keras.layers
here = lambda name: os.path.join(sys.argv[1], name)
job = json.load(open(here("job.json")))


def rows(name, shape):
    return np.fromfile(here(name), "<f4").reshape(shape)


def predict(model, x):
    return model.predict(x, batch_size=256, verbose=0).ravel().astype("<f4")


def keras_models():
    """What people make: sequential, functional with Masking and Dropout, and without hidden layers."""
    inputs = keras.Input((10, 7))
    x = layers.Masking(0.0)(inputs)
    x = layers.LSTM(9, return_sequences=True, dropout=0.1)(x)
    x = layers.LSTM(6)(x)
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(4, activation="relu")(x)
    masked = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))
    sequential = keras.Sequential(
        [keras.Input((10, 7)), layers.LSTM(16), layers.Dropout(0.2), layers.Dense(8, "relu"), layers.Dense(1, "sigmoid")]
    )
    bare = keras.Sequential([keras.Input((10, 7)), layers.LSTM(3), layers.Dense(1, activation="sigmoid")])
    mlp = keras.Sequential(
        [keras.Input((12,)), layers.Dense(16, "relu"), layers.Dropout(0.2), layers.Dense(8, "relu"), layers.Dense(1, "sigmoid")]
    )
    hard = keras.Sequential(
        [keras.Input((10, 7)), layers.LSTM(9, recurrent_activation="hard_sigmoid"), layers.Dense(1, activation="sigmoid")]
    )
    both = keras.Sequential(
        [
            keras.Input((10, 7)),
            layers.Masking(0.0),
            layers.Bidirectional(layers.LSTM(6, return_sequences=True, recurrent_activation="hard_sigmoid")),
            layers.Bidirectional(layers.LSTM(5, recurrent_activation="hard_sigmoid")),
            layers.Dense(4, "relu"),
            layers.Dense(1, "sigmoid"),
        ]
    )
    return {"hard": hard, "both": both, "masked": masked, "sequential": sequential, "bare": bare, "mlp": mlp}


def optimizer(o):
    clip = {"global_clipnorm": o["clipNorm"]} if o["clipNorm"] else {}
    if o["optimizer"] == "sgd":
        return keras.optimizers.SGD(o["learningRate"], **clip)
    return keras.optimizers.Adam(o["learningRate"], epsilon=1e-7, **clip)


answer = {"keras": keras.__version__, "backend": keras.backend.backend(), "training": {}}

@keras.saving.register_keras_serializable(name="hard_sigmoid_of_keras_2")
def keras_2(x):
    return keras.ops.clip(0.2 * x + 0.5, 0, 1)


def load(path):
    """A hard sigmoid in an .h5 of Keras 2 is computed as Keras 2 did: Keras 3 would take it for its own."""
    model = keras.models.load_model(path)
    if path.endswith(".h5"):
        for layer in model.layers:
            for half in [getattr(layer, "forward_layer", layer), getattr(layer, "backward_layer", layer)]:
                if getattr(half, "recurrent_activation", None) is keras.activations.hard_sigmoid:
                    half.cell.recurrent_activation = keras_2
    return model


for name, shape in job["node"].items():
    for form in ("keras", "h5"):
        model = load(here(f"{name}.{form}"))
        predict(model, rows(f"{name}.x", shape)).tofile(here(f"{name}.{form}.p"))

random = np.random.default_rng(7)
keras.utils.set_random_seed(7)
for name, model in keras_models().items():
    x = random.normal(size=(64, *model.input_shape[1:])).astype("<f4")
    y = (random.random(64) < 0.5).astype("<f4")
    model.set_weights([random.normal(size=w.shape, scale=0.4).astype("<f4") for w in model.get_weights()])
    model.compile("adam", "binary_crossentropy")
    model.fit(x, y, epochs=2, verbose=0)
    x.tofile(here(f"{name}.x"))
    predict(model, x).tofile(here(f"{name}.p"))
    model.save(here(f"{name}.keras"))
    model.save(here(f"{name}.h5"))

for name, t in job["training"].items():
    o = t["options"]
    model = keras.models.load_model(here(f"{name}.keras"))
    model.compile(optimizer(o), "binary_crossentropy")
    x, y, weight = rows(f"{name}.x", t["shape"]), rows(f"{name}.y", (-1,)), rows(f"{name}.w", (-1,))
    losses = []
    for order in t["orders"]:
        history = model.fit(
            x[order], y[order], sample_weight=weight[order], batch_size=o["batch"], epochs=1, shuffle=False, verbose=0
        )
        losses.append(history.history["loss"][0])
    np.concatenate([w.ravel() for w in model.get_weights()]).astype("<f4").tofile(here(f"{name}.weights"))
    answer["training"][name] = losses

json.dump(answer, open(here("answer.json"), "w"))
