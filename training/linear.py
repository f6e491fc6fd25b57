"""Logistic regression on logarithms: counts, durations and money are skewed, their logarithms much less."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression


def signed_log(rows: np.ndarray) -> np.ndarray:
    """sign(x) log(1 + |x|): defined everywhere, the identity around 0. Missing stays missing."""
    return np.sign(rows) * np.log1p(np.abs(rows))


@dataclass(frozen=True)
class Linear:
    """Log-odds: intercept + weights . z, where z is the logarithm, held within what training has seen; missing counts as the mean."""

    weights: np.ndarray
    intercept: float
    lowest: np.ndarray
    highest: np.ndarray
    mean: np.ndarray

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        z = np.clip(signed_log(rows.astype(float)), self.lowest, self.highest)
        return self.intercept + np.where(np.isnan(rows), self.mean, z) @ self.weights


def fit(rows: np.ndarray, labels: np.ndarray, weights: np.ndarray, penalty: float) -> Linear:
    """Fit on standardised logarithms, and fold the standardisation into the weights."""
    z = signed_log(rows.astype(float))
    seen = np.isfinite(z)
    count = np.maximum(seen.sum(axis=0), 1)
    mean = np.where(seen, z, 0).sum(axis=0) / count
    z = np.where(seen, z, mean)
    spread = z.std(axis=0)
    spread[spread == 0] = 1
    regression = LogisticRegression(C=1 / penalty, max_iter=5000, tol=1e-8)
    regression.fit((z - mean) / spread, labels, sample_weight=weights)
    slopes = regression.coef_[0] / spread
    return Linear(slopes, float(regression.intercept_[0] - mean @ slopes), z.min(axis=0), z.max(axis=0), mean)
