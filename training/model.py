"""A model: parts that each give log-odds, their mean, and the sigmoid that turns it into a probability."""

from dataclasses import dataclass

import lightgbm
import numpy as np

from training import linear, trees
from training.linear import Linear
from training.task import Candidate

SEED = 20260105
UNTOLD = 0.1


@dataclass(frozen=True)
class Model:
    candidate: Candidate
    linear: Linear | None
    trees: lightgbm.Booster | None
    # Platt scaling ("Probabilistic Outputs for Support Vector Machines", 1999): probability = sigmoid(slope * log-odds + offset).
    slope: float = 1.0
    offset: float = 0.0

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.candidate.inputs

    @property
    def share(self) -> float:
        """The weight of each part in the mean."""
        return 1 / ((self.linear is not None) + (self.trees is not None))

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        """Before calibration. Rows are float32 of shape (rows, inputs)."""
        total = np.zeros(len(rows))
        if self.linear is not None:
            total += self.linear.log_odds(rows)
        if self.trees is not None:
            total += self.trees.predict(rows.astype(np.float32), raw_score=True)
        return total * self.share

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-(self.slope * self.log_odds(rows) + self.offset)))


def fit(candidate: Candidate, rows: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> Model:
    """Fit the parts; calibration comes later, from rows that the parts have not seen."""
    rows = forgetful(candidate, rows)
    return Model(
        candidate,
        None if candidate.penalty is None else linear.fit(rows, labels, weights, candidate.penalty),
        None if candidate.trees is None else trees.fit(rows, labels, weights, candidate.trees),
    )


def forgetful(candidate: Candidate, rows: np.ndarray) -> np.ndarray:
    """The rows, some without what a caller may leave untold: trees that never saw it missing would take it for 0."""
    if not candidate.untold:
        return rows
    rows, random = rows.copy(), np.random.default_rng(SEED)
    for name in candidate.untold:
        rows[random.random(len(rows)) < UNTOLD, candidate.inputs.index(name)] = np.nan
    return rows
