"""Loads registered models as any Python program would, and writes what they predict: peer.py TRACKING_URI FOLDER MODEL..."""
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import mlflow
import numpy as np

uri, folder, *names = sys.argv[1:]
mlflow.set_tracking_uri(uri)
for name in names:
    shape = [int(n) for n in open(os.path.join(folder, f"{name}.shape")).read().split()]
    x = np.fromfile(os.path.join(folder, f"{name}.x"), dtype="<f4").reshape(shape)
    for flavour, model in (
        ("pyfunc", mlflow.pyfunc.load_model(f"models:/{name}@champion")),
        ("keras", mlflow.keras.load_model(f"models:/{name}@champion")),
    ):
        y = np.asarray(model.predict(x), dtype="<f4")
        assert y.shape == (shape[0], 1), y.shape
        y.tofile(os.path.join(folder, f"{name}.{flavour}"))
