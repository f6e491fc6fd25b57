"""What a row costs in ONNX Runtime."""

import time

import numpy as np

from training.export import Runtime


def microseconds(runtime: Runtime, rows: np.ndarray, runs: int = 2000) -> float:
    """Median time of a run of one row, over rows that differ: trees that see one row again and again look six times as fast."""
    picked = rows[np.random.default_rng(0).integers(0, len(rows), runs)]
    took = []
    for i in range(runs):
        row = {"features": picked[i : i + 1]}
        begin = time.perf_counter_ns()
        runtime.session.run(["probability"], row)
        took.append(time.perf_counter_ns() - begin)
    return float(np.median(took)) / 1000
