"""How good answers are on texts that nothing learned from, with 95% intervals by bootstrap over groups."""

from collections.abc import Callable

import numpy as np

from training.evaluate import BINS, Interval

RESAMPLES = 1000


class Judge:
    """Measures answers to the same texts, always over the same resamples of groups, so that models can be compared in pairs."""

    def __init__(self, labels: np.ndarray, groups: np.ndarray, classes: int, seed: int = 1) -> None:
        self.labels, self.classes = labels, classes
        known, self.owner = np.unique(groups, return_inverse=True)
        random = np.random.default_rng(seed)
        self.counts = np.vstack(
            [np.ones(len(known), np.int64), random.multinomial(len(known), np.full(len(known), 1 / len(known)), size=RESAMPLES)]
        )

    def interval(self, measure: Callable[[np.ndarray], float]) -> Interval:
        """The measure under the weights of each text: all one, then those of the resamples."""
        values = np.array([measure(count[self.owner].astype(float)) for count in self.counts])
        value = float(values[0])
        low, high = np.nanpercentile(values[1:], [2.5, 97.5])
        return Interval(value, min(float(low), value), max(float(high), value))

    def accuracy(self, guesses: np.ndarray) -> Interval:
        return self.interval(lambda w: accuracy(guesses, self.labels, w))

    def macro_f1(self, guesses: np.ndarray) -> Interval:
        return self.interval(lambda w: macro_f1(guesses, self.labels, w, self.classes))

    def gains(self, guesses: np.ndarray, baseline: np.ndarray) -> tuple[Interval, Interval]:
        """By how much accuracy and macro-F1 are above the baseline's, paired."""
        return (
            self.interval(lambda w: accuracy(guesses, self.labels, w) - accuracy(baseline, self.labels, w)),
            self.interval(lambda w: macro_f1(guesses, self.labels, w, self.classes) - macro_f1(baseline, self.labels, w, self.classes)),
        )

    def measures(self, probabilities: np.ndarray) -> dict[str, Interval]:
        """What a bundle reports, by its name there."""
        guesses = probabilities.argmax(1)
        right = probabilities[np.arange(len(self.labels)), self.labels]
        losses = {
            "brier": ((probabilities - np.eye(self.classes)[self.labels]) ** 2).sum(1) / (2 if self.classes == 2 else 1),
            "log_loss": -np.log(np.maximum(right, 1e-7)),
        }
        found = {"accuracy": self.accuracy(guesses), "macro_f1": self.macro_f1(guesses)}
        for name, loss in losses.items():
            found[name] = self.interval(lambda w, loss=loss: float(w @ loss / w.sum()))
        found["expected_calibration_error"] = self.interval(lambda w: calibration_error(probabilities, self.labels, w))
        return found


def accuracy(guesses: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    return float(weights @ (guesses == labels) / weights.sum())


def macro_f1(guesses: np.ndarray, labels: np.ndarray, weights: np.ndarray, classes: int) -> float:
    """Mean F1 over the classes that occur as label or as guess, which is scikit-learn's definition."""
    hits = np.bincount(labels, weights * (guesses == labels), minlength=classes)
    both = np.bincount(labels, weights, minlength=classes) + np.bincount(guesses, weights, minlength=classes)
    present = both > 0
    return float((2 * hits[present] / both[present]).mean())


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    """Mean distance between the probability of the likeliest class, or of the positive of two, and how often it is right, over ten
    bins of equal width.
    """
    guesses = probabilities.argmax(1)
    two = probabilities.shape[1] == 2
    score, right = (probabilities[:, 1], labels == 1) if two else (probabilities.max(1), guesses == labels)
    bins = np.minimum((score * BINS).astype(int), BINS - 1)
    return float(np.abs(np.bincount(bins, weights * (score - right), minlength=BINS)).sum() / weights.sum())
