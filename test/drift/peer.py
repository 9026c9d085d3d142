"""River's detectors on the streams given on standard input, step by step; what KSWIN drew is told, so that its dice can be followed."""
import json
import sys

import river
from river import drift

assert river.__version__ == "0.26.1", river.__version__


def run(detector, stream, extra=lambda d: None):
    steps = []
    for x in stream:
        detector.update(x)
        steps.append([detector.drift_detected, extra(detector)])
    return steps


def kswin(stream):
    detector = drift.KSWIN(seed=1)
    draws = []
    reset = detector._reset

    def watched():
        reset()
        sample = detector._rng.sample

        def follow(population, k):
            drawn = sample(population, k)
            draws.append(drawn)
            return drawn

        detector._rng.sample = follow

    detector._reset = watched
    watched()
    return {"steps": run(detector, stream), "draws": draws}


out = []
for stream in json.load(sys.stdin):
    out.append(
        {
            "adwin": run(drift.ADWIN(), stream, lambda d: [d.width, d.estimation]),
            "pageHinkley": run(drift.PageHinkley(), stream),
            "kswin": kswin(stream),
        }
    )
json.dump(out, sys.stdout)
