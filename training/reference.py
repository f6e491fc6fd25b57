"""What the training data looked like, to see later whether live data still does."""

import json
from dataclasses import asdict, dataclass

import numpy as np

from training.golden import number

STEPS = 20


@dataclass(frozen=True)
class Feature:
    name: str
    missing: float  # share of the rows
    quantiles: list[float]  # at equal steps, from the smallest to the largest; empty when every value is missing


def features(inputs: tuple[str, ...], rows: np.ndarray) -> list[Feature]:
    found = []
    for name, column in zip(inputs, rows.T, strict=True):
        known = column[~np.isnan(column)]
        steps = np.quantile(known, np.linspace(0, 1, STEPS + 1), method="lower") if len(known) else []
        found.append(Feature(name, round(float(np.isnan(column).mean()), 6), [number(v) for v in np.asarray(steps, dtype=np.float32)]))
    return found


def text(described: list[Feature], scores: np.ndarray) -> str:
    """reference.json"""
    edges = [round(edge / STEPS, 2) for edge in range(STEPS + 1)]
    counts = np.histogram(scores, bins=edges)[0]
    lines = ",\n".join(json.dumps(asdict(feature)) for feature in described)
    histogram = json.dumps({"edges": edges, "counts": counts.tolist()})
    return f'{{"rows": {len(scores)},\n"features": [\n{lines}],\n"scores": {histogram}}}\n'
