"""Area under the ROC curve and average precision, with weights and fast enough to bootstrap.

Both are scikit-learn's definitions: AUC is the Mann-Whitney statistic with ties counted half, average precision the sum of precisions
weighted by the recall each threshold adds.
"""

import numpy as np


class Ranking:
    """Scores sorted once; each measure is then a pass over them, for any weights of the rows."""

    def __init__(self, scores: np.ndarray, labels: np.ndarray) -> None:
        self.order = np.argsort(-scores, kind="stable")
        ranked = scores[self.order]
        self.starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])  # of each run of equal scores
        self.positive = labels[self.order].astype(float)

    def _runs(self, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Weight of positives and of negatives in each run of equal scores, from the highest score downwards."""
        ranked = np.ones(len(self.order)) if weights is None else weights[self.order]
        positives = np.add.reduceat(ranked * self.positive, self.starts)
        return positives, np.add.reduceat(ranked, self.starts) - positives

    def auc(self, weights: np.ndarray | None = None) -> float:
        positives, negatives = self._runs(weights)
        above = np.cumsum(positives) - positives / 2
        return float((negatives * above).sum() / (positives.sum() * negatives.sum()))

    def average_precision(self, weights: np.ndarray | None = None) -> float:
        positives, negatives = self._runs(weights)
        true, all_ = np.cumsum(positives), np.cumsum(positives + negatives)
        return float((positives * true / np.maximum(all_, 1e-300)).sum() / positives.sum())
