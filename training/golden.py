"""Golden rows: inputs whose scores every runtime has to agree on.

No row is copied from a customer. Each column is drawn on its own from the quantiles of training, and the edges of what can come are added.
"""

import json

import numpy as np

from training.export import TOLERANCE
from training.model import Model

SEED = 20260104
DRAWN = 64
EXTREME = 1e9


def rows(quantiles: list[list[float]], missing: list[float]) -> np.ndarray:
    """Rows like those of training, then the edges: all missing, nothing but zeros, lowest, middle, highest, far beyond, one missing."""
    random = np.random.default_rng(SEED)
    width = len(quantiles)
    table = np.full((DRAWN, width), np.nan)
    for column, (values, share) in enumerate(zip(quantiles, missing, strict=True)):
        if values:
            drawn = random.choice(values, size=DRAWN)
            table[:, column] = np.where(random.random(DRAWN) < share, np.nan, drawn)
    known = [values or [0.0] for values in quantiles]
    middle = np.array([values[len(values) // 2] for values in known])
    edges = [np.full(width, fill) for fill in (np.nan, 0.0, 1.0, EXTREME, -EXTREME)]
    edges += [np.array([values[at] for values in known]) for at in (0, -1)] + [middle]
    holes = np.where(np.eye(width, dtype=bool), np.nan, middle)
    return np.vstack([table, edges, holes]).astype(np.float32)


def text(model: Model, table: np.ndarray) -> str:
    """golden.json: what the model itself says, not the graph."""
    scores = model.probabilities(table)
    lines = ",\n".join(json.dumps([number(v) for v in row]) for row in table)
    return f'{{"rows": [\n{lines}],\n"scores": {json.dumps([round(float(s), 7) for s in scores])},\n"tolerance": {TOLERANCE}}}\n'


def number(value: np.float32) -> float | None:
    """The shortest decimal that is this float32; None when it is missing."""
    return None if np.isnan(value) else float(str(value))
