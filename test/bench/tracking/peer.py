"""The official client at the same work: tracking-peer.py URI; reads one JSON task a line, answers with milliseconds."""
import json
import os
import sys
import time

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"] = "false"

# MLflow says things on standard output, which is for answers here.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import mlflow
from mlflow.entities import Metric, Param

uri = sys.argv[1]
mlflow.set_tracking_uri(uri)
client = mlflow.MlflowClient(uri)
params = {f"p{i}": str(i) for i in range(20)}


def fluent(task):
    for n in range(task["runs"]):
        with mlflow.start_run(run_name=f"run {n}"):
            mlflow.log_params(params)
            mlflow.log_metrics({f"m{i}": n / (i + 1) for i in range(20)}, step=1)


def low_level(task):
    experiment = client.get_experiment_by_name(task["experiment"]).experiment_id
    for n in range(task["runs"]):
        run = client.create_run(experiment, run_name=f"run {n}").info.run_id
        metrics = [Metric(f"m{i}", n / (i + 1), int(time.time() * 1000), 1) for i in range(20)]
        client.log_batch(run, metrics=metrics, params=[Param(k, v) for k, v in params.items()])
        client.set_terminated(run)


def batched(task):
    experiment = client.get_experiment_by_name(task["experiment"]).experiment_id
    run = client.create_run(experiment).info.run_id
    for start in range(0, task["metrics"], 1000):
        now = int(time.time() * 1000)
        client.log_batch(run, metrics=[Metric("loss", step / 7, now, step) for step in range(start, start + 1000)])
    client.set_terminated(run)


print(json.dumps({"version": mlflow.__version__}), file=answers, flush=True)
for line in sys.stdin:
    task = json.loads(line)
    mlflow.set_experiment(task["experiment"])
    started = time.perf_counter()
    {"fluent": fluent, "low-level": low_level, "batched": batched}[task["do"]](task)
    print(json.dumps({"ms": (time.perf_counter() - started) * 1000}), file=answers, flush=True)
