"""Fit a table: which grams it keeps, how they are weighed, and a calibration folded into the weights."""

import warnings
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from training.text import experts
from training.text.corpus import Counts, select
from training.text.grams import Spec
from training.text.table import Table, keep, pack, scaled

SMALLEST = 1e-3  # square of a gram that says nothing: it must survive float16
LARGEST = 1e3
PRIOR = 20.0  # texts


@dataclass(frozen=True)
class Settings:
    """What is chosen on the training part."""

    penalty: float  # the inverse: scikit-learn's C
    power: float = 1.5  # of the evidence that a gram has on its own, in its square
    least: int = 2  # texts that a gram has to occur in
    bits: int = 18  # the table has 2**bits buckets
    balance: float = 0.0  # weight of a class: its frequency to the power of -balance
    shares: tuple[float, ...] = (1.0,)
    kinds: bool = False  # whether each kind of text has weights of its own


def fit(
    counts: Counts,
    rows: np.ndarray,
    labels: np.ndarray,
    spec: Spec,
    settings: Settings,
    weights: np.ndarray | None = None,
    kinds: np.ndarray | None = None,
) -> Table:
    """Fit on the rows, whose labels are 0, 1, … and given for every text, as are the weights and the kinds.

    A logistic regression on all grams says which are worth a bucket; a second one, on those alone, gives the weights that ship.
    """
    y = labels[rows]
    weight = (np.ones(len(labels)) if weights is None else weights)[rows] * balanced(y, settings.balance)
    columns = select(counts, rows, settings.least)
    squares = evidence(counts, rows, columns, y, settings.power)
    shares = np.array(settings.shares, np.float32)
    coefficients, _ = regress(counts, rows, columns, squares, shares, y, weight, settings.penalty, rough=True)
    seen = np.bincount(counts.counts[rows].indices, minlength=counts.counts.shape[1])[columns]
    worth = np.linalg.norm(coefficients, axis=1) * np.sqrt(squares.astype(float) * seen)
    kept = keep(counts.hashes[columns], worth, 1 << settings.bits)
    columns, squares = columns[kept], squares[kept]
    if settings.kinds:
        x = scaled(Counts(counts.counts[rows], counts.hashes, counts.fields), columns, squares, shares)
        coefficients, bias = experts.regress(x, y, weight, kinds[rows], settings.penalty)
    else:
        coefficients, bias = regress(counts, rows, columns, squares, shares, y, weight, settings.penalty)
    return pack(spec, counts.hashes[columns], coefficients, squares, bias, shares, 1 << settings.bits, settings.kinds)


def regress(
    counts: Counts,
    rows: np.ndarray,
    columns: np.ndarray,
    squares: np.ndarray,
    shares: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray,
    c: float,
    rough: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients [grams, logits] and bias [logits] of a logistic regression on scaled counts; roughly, to rank grams by."""
    x = scaled(Counts(counts.counts[rows], counts.hashes, counts.fields), columns, squares, shares)
    near = 1e-5 if y.max() == 1 else 2e-4
    model = LogisticRegression(C=c, max_iter=60 if rough else 300, tol=near * (10 if rough else 1))
    with warnings.catch_warnings():
        if rough:
            warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, y, sample_weight=weight)
    return model.coef_.T, model.intercept_


def balanced(y: np.ndarray, power: float) -> np.ndarray:
    """Weights with mean 1 that lift rare classes."""
    weight = np.bincount(y)[y].astype(float) ** -power
    return weight / weight.mean()


def evidence(counts: Counts, rows: np.ndarray, columns: np.ndarray, y: np.ndarray, power: float) -> np.ndarray:
    """The square of each gram, float16. For two classes, how far its share of one is from its share of the other, as log-ratio (Wang &
    Manning, "Baselines and Bigrams", ACL 2012); for more, how far the classes of its texts are from those of all: the Kullback-Leibler
    divergence, after as many texts as PRIOR that are as all are.
    """
    present = counts.counts[rows][:, columns]
    present.data[:] = 1
    if y.max() == 1:
        a, b = (np.asarray(present[y == k].sum(0)).ravel() + 1.0 for k in (1, 0))
        strength = np.abs(np.log((a / a.sum()) / (b / b.sum())))
    else:
        _, place, times = np.unique(y, return_inverse=True, return_counts=True)
        usual = times / len(y)
        seen = present.T @ np.eye(len(usual))[place] + PRIOR * usual
        share = seen / seen.sum(1, keepdims=True)
        strength = np.maximum((share * np.log(share / usual)).sum(1), 0)
    return np.clip(strength**power, SMALLEST, LARGEST).astype(np.float16)


@dataclass(frozen=True)
class Calibration:
    """logits * slope + offset: Platt's sigmoid for two classes, a temperature for more."""

    slope: float
    offset: float

    def applied(self, logits: np.ndarray) -> np.ndarray:
        return logits * self.slope + self.offset

    def folded(self, table: Table) -> Table:
        """A table whose logits are calibrated. What tells kinds apart stays as it is."""
        count = len(table.bias) // 2 + 1 if table.mixed else len(table.bias)
        weights, bias = table.weights.copy(), table.bias.copy()
        weights[:, :count] = weights[:, :count].astype(np.float32) * self.slope
        bias[:count] *= self.slope
        bias[: table.logit_count] += self.offset
        return replace(table, weights=weights, bias=bias)


def calibrate(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> Calibration:
    """Fit on logits [texts, logits] of texts that their model had not seen."""
    weight = np.ones(len(labels)) if weights is None else weights

    def loss(p: np.ndarray) -> float:
        if logits.shape[1] == 1:
            z = (logits[:, 0] * np.exp(p[0]) + p[1]) * np.where(labels == 1, 1, -1)
            return float(weight @ np.logaddexp(0, -z) / weight.sum())
        z = logits * np.exp(p[0])
        top = z.max(1)
        return float(weight @ (np.log(np.exp(z - top[:, None]).sum(1)) + top - z[np.arange(len(z)), labels]) / weight.sum())

    found = minimize(loss, np.zeros(2 if logits.shape[1] == 1 else 1), method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-9}).x
    return Calibration(float(np.exp(found[0])), float(found[1]) if len(found) > 1 else 0.0)


def probabilities(logits: np.ndarray) -> np.ndarray:
    """[texts, classes], of two classes too."""
    z = np.hstack([np.zeros_like(logits), logits]) if logits.shape[1] == 1 else logits
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)
