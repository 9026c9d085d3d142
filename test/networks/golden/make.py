"""What PyTorch and Keras make of the networks of peers.test.ts: `python make.py > peers.json` (torch 2.13.0, keras 3.15.1 on tensorflow-cpu 2.21.0).

Rows and first weights come from one arithmetic rule that the test repeats, so the file holds results alone: the loss of each of ten
updates on all rows, the norm of the first gradient, and the last predictions.
"""
import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf
import torch
from torch import nn

ROWS, STEPS, FEATURES, UPDATES = 24, 5, 6, 10


def numbers(n, salt):
    """n float32 in [-1, 1): Knuth's multiplicative hash of (salt, i)."""
    i = (np.arange(1, n + 1, dtype=np.uint64) + np.uint64(salt * 1000003)) * np.uint64(2654435761) % np.uint64(2**32)
    return (i.astype(np.float64) / 2**31 - 1).astype(np.float32)


def weights(shapes):
    return [(0.5 * numbers(int(np.prod(s)), 10 + i)).reshape(s).astype(np.float32) for i, s in enumerate(shapes)]


CASES = {
    "adam": dict(units=[7], dense=[5], optimizer="adam", rate=0.01),
    "deep": dict(units=[7, 4], dense=[5, 3], optimizer="adam", rate=0.01),
    "bidirectional": dict(units=[6, 5], dense=[4], bidirectional=True, optimizer="adam", rate=0.01),
    "hard": dict(units=[7], dense=[5], hard=True, optimizer="adam", rate=0.01),
    "momentum": dict(units=[7], dense=[5], optimizer="sgd", rate=0.3, momentum=0.9),
    "clipped": dict(units=[7], dense=[5], optimizer="sgd", rate=0.5, clip=0.05),
    "weighted": dict(units=[7], dense=[], optimizer="adam", rate=0.01, weighted=True),
    "mlp": dict(units=[], dense=[8, 5], optimizer="adam", rate=0.01),
}


def shapes(units, dense, bidirectional=False, **_):
    inputs, all_shapes = FEATURES, []
    for n in units:
        all_shapes += [(inputs, 4 * n), (n, 4 * n), (4 * n,)] * (2 if bidirectional else 1)
        inputs = n * (2 if bidirectional else 1)
    for n in [*dense, 1]:
        all_shapes += [(inputs, n), (n,)]
        inputs = n
    return all_shapes


def data(case):
    steps = STEPS if case["units"] else 1
    x = numbers(ROWS * steps * FEATURES, 1).reshape(ROWS, steps, FEATURES)
    y = (numbers(ROWS, 2) > 0).astype(np.float32).reshape(ROWS, 1)
    w = 1 + 0.5 * numbers(ROWS, 3) if case.get("weighted") else np.ones(ROWS, np.float32)
    return x, y, w.astype(np.float32)


class Torch(nn.Module):
    def __init__(self, case):
        super().__init__()
        self.case, given, inputs = case, iter(weights(shapes(**case))), FEATURES
        take = lambda: torch.from_numpy(next(given).copy())
        both = case.get("bidirectional", False)
        self.lstms, self.linears = nn.ModuleList(), nn.ModuleList()
        for n in case["units"]:
            lstm = nn.LSTM(inputs, n, batch_first=True, bidirectional=both)
            for end in ["", "_reverse"][: 2 if both else 1]:
                with torch.no_grad():
                    getattr(lstm, "weight_ih_l0" + end).copy_(take().T)
                    getattr(lstm, "weight_hh_l0" + end).copy_(take().T)
                    getattr(lstm, "bias_ih_l0" + end).copy_(take())
                    getattr(lstm, "bias_hh_l0" + end).zero_()
                getattr(lstm, "bias_hh_l0" + end).requires_grad_(False)
            self.lstms.append(lstm)
            inputs = n * (2 if both else 1)
        for n in [*case["dense"], 1]:
            linear = nn.Linear(inputs, n)
            with torch.no_grad():
                linear.weight.copy_(take().T)
                linear.bias.copy_(take())
            self.linears.append(linear)
            inputs = n

    def forward(self, x):
        for i, lstm in enumerate(self.lstms):
            x, (h, _) = lstm(x)
            if i == len(self.lstms) - 1:
                x = torch.cat(list(h), dim=1)
        x = x.reshape(len(x), -1)
        for linear in self.linears[:-1]:
            x = torch.relu(linear(x))
        return self.linears[-1](x)


class Adam(torch.optim.Optimizer):
    """Kingma and Ba's form before section 2.1, as in Keras and netloop: torch.optim.Adam corrects v before it adds epsilon."""

    def __init__(self, parameters, rate):
        super().__init__(parameters, dict(rate=rate))
        self.t = 0

    @torch.no_grad()
    def step(self):
        self.t += 1
        for group in self.param_groups:
            rate = group["rate"] * np.sqrt(1 - 0.999**self.t) / (1 - 0.9**self.t)
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                v = self.state[p].setdefault("v", torch.zeros_like(p))
                m += 0.1 * (p.grad - m)
                v += 0.001 * (p.grad**2 - v)
                p -= rate * m / (torch.sqrt(v) + 1e-7)


def by_torch(case):
    if case.get("hard"):
        return None  # PyTorch's LSTM has no other gates
    model = Torch(case)
    x, y, w = map(torch.from_numpy, data(case))
    learnt = [p for p in model.parameters() if p.requires_grad]
    if case["optimizer"] == "adam":
        optimizer = Adam(learnt, case["rate"])
    else:
        optimizer = torch.optim.SGD(learnt, lr=case["rate"], momentum=case.get("momentum", 0.0))
    losses, norm = [], None
    for _ in range(UPDATES):
        optimizer.zero_grad()
        each = nn.functional.binary_cross_entropy_with_logits(model(x), y, reduction="none")
        loss = (each[:, 0] * w).mean()
        loss.backward()
        size = float(torch.sqrt(sum((p.grad**2).sum() for p in learnt)))
        norm = size if norm is None else norm
        if "clip" in case:
            nn.utils.clip_grad_norm_(learnt, case["clip"])
        optimizer.step()
        losses.append(float(loss.detach()))
    return dict(losses=losses, norm=norm, last=torch.sigmoid(model(x)).detach().numpy()[:, 0].astype(float).tolist())


def by_keras(case):
    layers, both = keras.layers, case.get("bidirectional", False)
    stack = [keras.Input((STEPS if case["units"] else 1, FEATURES))]
    if not case["units"]:
        stack.append(layers.Flatten())
    # Keras 3 calls another line hard_sigmoid; this is the one of Keras 2 and TensorFlow.js.
    gate = (lambda z: keras.ops.clip(0.2 * z + 0.5, 0, 1)) if case.get("hard") else "sigmoid"
    for i, n in enumerate(case["units"]):
        lstm = layers.LSTM(n, return_sequences=i < len(case["units"]) - 1, recurrent_activation=gate)
        stack.append(layers.Bidirectional(lstm) if both else lstm)
    stack += [layers.Dense(n, activation="relu") for n in case["dense"]]
    model = keras.Sequential([*stack, layers.Dense(1)])
    model.set_weights(weights(shapes(**case)))
    x, y, w = data(case)
    clip = {"global_clipnorm": case["clip"]} if "clip" in case else {}
    if case["optimizer"] == "adam":
        optimizer = keras.optimizers.Adam(case["rate"], **clip)
    else:
        optimizer = keras.optimizers.SGD(case["rate"], momentum=case.get("momentum", 0.0), **clip)
    losses, norm = [], None
    for _ in range(UPDATES):
        with tf.GradientTape() as tape:
            each = tf.nn.sigmoid_cross_entropy_with_logits(logits=model(x, training=True), labels=y)
            loss = tf.reduce_mean(each[:, 0] * w)
        gradients = tape.gradient(loss, model.trainable_variables)
        norm = float(tf.linalg.global_norm(gradients)) if norm is None else norm
        optimizer.apply(gradients, model.trainable_variables)
        losses.append(float(loss))
    last = tf.sigmoid(model(x)).numpy()[:, 0].astype(float).tolist()
    return dict(losses=losses, norm=norm, last=last)


print(json.dumps({name: dict(torch=by_torch(case), keras=by_keras(case)) for name, case in CASES.items()}, indent=1))
