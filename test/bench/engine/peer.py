"""The Python peers of `npm run bench -- engine`: one process for each engine and number of threads, which obeys JSON lines.

    peer.py torch|keras THREADS FOLDER

FOLDER holds float32 arrays (rows in the order in which netloop's permutation visits them) and weights in netloop's order:
kernel, recurrent kernel, bias, then kernel and bias of each dense layer; the gate order i, f, c, o is PyTorch's and Keras' too.
Every epoch starts from those weights and from a new optimizer, and reports its own wall and CPU seconds, without start-up.
"""
import json
import os
import sys
import time

engine, threads, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = str(threads)
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np

STEPS, FEATURES, UNITS, DENSE = 10, 41, 64, 32


def read(name, *shape):
    return np.fromfile(os.path.join(folder, name + ".f32"), "<f4").reshape(*shape)


def split(name, *shapes):
    flat, at, parts = read(name, -1), 0, []
    for shape in shapes:
        n = int(np.prod(shape))
        parts.append(flat[at : at + n].reshape(shape).copy())
        at += n
    assert at == len(flat)
    return parts


def rows(kind):
    if kind == "lstm":
        return read("sequences", -1, STEPS, FEATURES), read("sequences-truth", -1, 1)
    return read("flows", -1, FEATURES), read("flows-truth", -1, 1)


LSTM = split("lstm", (FEATURES, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,), (UNITS, DENSE), (DENSE,), (DENSE, 1), (1,))
MLP = split("mlp", (FEATURES, 64), (64,), (64, 32), (32,), (32, 1), (1,))


def torch_engine():
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)

    def put(parameter, values):
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(values)))

    def linear(weights, bias):
        layer = nn.Linear(*weights.shape)
        put(layer.weight, weights.T)
        put(layer.bias, bias)
        return layer

    class Lstm(nn.Module):
        def __init__(self):
            super().__init__()
            wx, wh, b, w1, b1, w2, b2 = LSTM
            self.lstm = nn.LSTM(FEATURES, UNITS, batch_first=True)
            put(self.lstm.weight_ih_l0, wx.T)
            put(self.lstm.weight_hh_l0, wh.T)
            put(self.lstm.bias_ih_l0, b)
            put(self.lstm.bias_hh_l0, np.zeros_like(b))
            self.lstm.bias_hh_l0.requires_grad_(False)  # one bias, as Keras and netloop have it
            self.head = nn.Sequential(linear(w1, b1), nn.ReLU(), linear(w2, b2))

        def forward(self, x):
            return self.head(self.lstm(x)[1][0][-1])

    def mlp():
        return nn.Sequential(linear(*MLP[0:2]), nn.ReLU(), linear(*MLP[2:4]), nn.ReLU(), linear(*MLP[4:6]))

    make = {"lstm": Lstm, "mlp": mlp}
    data = {kind: tuple(map(torch.from_numpy, rows(kind))) for kind in make}

    def epoch(kind, batch):
        model, (x, y) = make[kind](), data[kind]
        trained = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(trained, lr=1e-3, eps=1e-7, fused=True)
        loss_of, total = nn.BCEWithLogitsLoss(), torch.zeros(())

        def run():
            nonlocal total
            for i in range(0, len(x), batch):
                optimizer.zero_grad(set_to_none=True)
                loss = loss_of(model(x[i : i + batch]), y[i : i + batch])
                loss.backward()
                optimizer.step()
                total = total + loss.detach() * len(x[i : i + batch])
            return float(total) / len(x)

        return run

    def score(kind):
        model, x = make[kind]().eval(), data[kind][0][:1]

        def one():
            with torch.inference_mode():
                return float(torch.sigmoid(model(x)))

        return one

    def product(m, k, n):
        a, b = torch.rand(m, k), torch.rand(k, n)
        return lambda: torch.mm(a, b)

    return epoch, score, product, f"PyTorch {torch.__version__}"


def keras_engine():
    os.environ.setdefault("KERAS_BACKEND", "tensorflow" if have("tensorflow") else "jax")
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        version = f"TensorFlow {tf.__version__}"
    else:
        version = backend
    layers = keras.layers

    def build(kind):
        if kind == "lstm":
            stack = [keras.Input((STEPS, FEATURES)), layers.LSTM(UNITS), layers.Dense(DENSE, activation="relu")]
        else:
            stack = [keras.Input((FEATURES,)), layers.Dense(64, activation="relu"), layers.Dense(32, activation="relu")]
        model = keras.Sequential(stack + [layers.Dense(1, activation="sigmoid")])
        model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy")
        return model

    weights, models, data = {"lstm": LSTM, "mlp": MLP}, {}, {}

    def fresh(kind, batch=32):
        if kind not in models:  # compiled once, so that no epoch pays for tracing
            data[kind] = rows(kind)
            models[kind] = build(kind)
            x, y = data[kind]
            models[kind].fit(x[: 2 * batch], y[: 2 * batch], batch_size=batch, verbose=0, shuffle=False)
        model = models[kind]
        model.set_weights(weights[kind])
        for variable in model.optimizer.variables:
            if "learning" not in variable.path:
                variable.assign(np.zeros(variable.shape, variable.dtype))
        return model

    def epoch(kind, batch):
        model = fresh(kind)
        x, y = data[kind]
        return lambda: model.fit(x, y, batch_size=batch, epochs=1, verbose=0, shuffle=False).history["loss"][0]

    def score(kind):
        model = fresh(kind)
        if backend != "tensorflow":
            x = data[kind][0][:1]
            return lambda: np.asarray(model(x, training=False))
        x = tf.constant(data[kind][0][:1])
        graph = tf.function(lambda a: model(a, training=False))
        return lambda: graph(x).numpy()

    return epoch, score, None, f"Keras {keras.__version__} on {version}"


def have(name):
    import importlib.util

    return importlib.util.find_spec(name) is not None


def timed(run):
    wall, cpu = time.perf_counter(), time.process_time()
    value = run()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "value": value}


def latencies(one, times):
    for _ in range(200):
        one()
    took = []
    for _ in range(times):
        start = time.perf_counter()
        one()
        took.append(time.perf_counter() - start)
    return took


def answer(ask):
    what = ask["what"]
    if what == "epoch":
        got = timed(epoch(ask["kind"], ask["batch"]))
        return {"wall": got["wall"], "cpu": got["cpu"], "loss": float(got["value"])}
    if what == "score":
        return {"seconds": latencies(score(ask["kind"]), ask["times"])}
    if what == "peak":
        m, k, n = ask["shape"]
        run = product(m, k, n)
        run()
        return {"seconds": [timed(run)["cpu"] for _ in range(ask["times"])]}
    raise ValueError(what)


epoch, score, product, version = {"torch": torch_engine, "keras": keras_engine}[engine]()
print(json.dumps({"version": version}), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
