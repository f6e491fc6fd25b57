"""What a message costs in ONNX Runtime."""

import time

import numpy as np

from training.export import Runtime
from training.text.data import Text
from training.text.grams import codes


def microseconds(graph: bytes, texts: list[Text], runs: int = 2000) -> float:
    """Median time of one message of 40 characters, cut from texts that differ."""
    runtime, random = Runtime(graph), np.random.default_rng(0)
    long = [text.fields[0] for text in texts if len(text.fields[0]) >= 20]
    took = []
    for _ in range(runs):
        message = (long[random.integers(len(long))] + long[random.integers(len(long))])[:40]
        points = {"text": codes((message,))[None]}
        begin = time.perf_counter_ns()
        runtime.session.run(["probabilities"], points)
        took.append(time.perf_counter_ns() - begin)
    return float(np.median(took)) / 1000
