"""How good scores are on rows that nothing learned from, with intervals by customer."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.ranking import Ranking

RESAMPLES = 1000
BINS = 10


@dataclass(frozen=True)
class Interval:
    """A measure and its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


class Judge:
    """Measures scores of the same rows, always over the same resamples of customers, so that models can be compared in pairs.

    A resample draws as many customers as there are, with replacement (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993);
    the rows of a customer come or stay together, because they are no independent observations.
    """

    def __init__(self, labels: np.ndarray, customers: np.ndarray, weights: np.ndarray | None = None, seed: int = 1) -> None:
        self.labels = labels.astype(float)
        self.weights = np.ones(len(labels)) if weights is None else weights
        known, self.owner = np.unique(customers, return_inverse=True)
        random = np.random.default_rng(seed)
        share = np.full(len(known), 1 / len(known))
        self.counts = random.multinomial(len(known), share, size=RESAMPLES)

    def resamples(self, measure: Callable[[np.ndarray], float]) -> np.ndarray:
        """The measure under the weights of each resample."""
        return np.array([measure(self.weights * count[self.owner]) for count in self.counts])

    def measure(self, scores: np.ndarray) -> dict[str, Interval]:
        """Every measure that a bundle reports, by its name there."""
        rowwise = {"brier": (scores - self.labels) ** 2, "log_loss": log_losses(scores, self.labels)}
        found = {
            "roc_auc": self.auc(scores),
            "average_precision": self.average_precision(scores),
        }
        for name, losses in rowwise.items():
            found[name] = self.interval(lambda weights, losses=losses: float(weights @ losses / weights.sum()))
        found["expected_calibration_error"] = self.interval(lambda weights: calibration_error(scores, self.labels, weights))
        return found

    def auc(self, scores: np.ndarray) -> Interval:
        return self.interval(Ranking(scores, self.labels).auc)

    def average_precision(self, scores: np.ndarray) -> Interval:
        return self.interval(Ranking(scores, self.labels).average_precision)

    def interval(self, measure: Callable[[np.ndarray], float]) -> Interval:
        value = measure(self.weights)
        low, high = np.nanpercentile(self.resamples(measure), [2.5, 97.5])
        return Interval(value, min(float(low), value), max(float(high), value))

    def gain(self, scores: np.ndarray, baseline: np.ndarray) -> Interval:
        """By how much the AUC is above the baseline's, paired."""
        ours, theirs = Ranking(scores, self.labels), Ranking(baseline, self.labels)
        return self.interval(lambda weights: ours.auc(weights) - theirs.auc(weights))

    def standard_error(self, scores: np.ndarray, baseline: np.ndarray) -> float:
        """Of the difference of two AUCs."""
        ours, theirs = Ranking(scores, self.labels), Ranking(baseline, self.labels)
        return float(np.nanstd(self.resamples(lambda weights: ours.auc(weights) - theirs.auc(weights))))


def log_losses(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    edge = float(np.finfo(np.float32).eps)
    clipped = np.clip(scores.astype(float), edge, 1 - edge)
    return -np.log(np.where(labels == 1, clipped, 1 - clipped))


def calibration_error(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    """Mean distance between score and rate over ten bins of equal width (Naeini et al., AAAI 2015)."""
    bins = np.minimum((scores.astype(float) * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights * (scores - labels), minlength=BINS)
    return float(np.abs(gaps).sum() / weights.sum())
