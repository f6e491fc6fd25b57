"""Repeated splits of one table: choose and fit within each training part, score each test part once, compare over all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from training import linear, trees
from training.evaluate import Interval, Judge
from training.model import Model
from training.ranking import Ranking
from training.set import check_column, check_part
from training.task import Candidate

FOLDS = 3
SEED = 20260104


@dataclass(frozen=True)
class Part:
    """One split of a table, as row numbers."""

    train: np.ndarray  # rows of the same kind as the test's: what is chosen is chosen by them, out of fold
    test: np.ndarray
    beside: np.ndarray  # further rows of the training part's customers, to learn from alone


@dataclass(frozen=True)
class Scored:
    """The scores of a test part, and which model was chosen to give them."""

    scores: np.ndarray
    chosen: str


def forms(fitted: Model) -> dict[str, Model]:
    """A model of two parts is three candidates: either part, and their mean."""
    return {
        "regression": replace(fitted, trees=None),
        "trees": replace(fitted, linear=None),
        "regression and trees": fitted,
    }


def score(candidate: Candidate, rows: np.ndarray, labels: np.ndarray, customers: np.ndarray, part: Part) -> Scored:
    """Choose the form of a model by customers of the training part that its fit had not seen, fit it to all of them, and score the test."""
    check_part("training", labels[part.train])
    if np.isin(customers[part.test], customers[np.r_[part.train, part.beside]]).any():
        raise AssertionError("a customer of the test part is learned from")
    unseen = out_of_fold(candidate, rows, labels, customers, part)
    chosen = max(unseen, key=lambda form: Ranking(unseen[form], labels[part.train]).auc())
    final = forms(fit(candidate, rows, labels, part.train, part.beside))[chosen]
    return Scored(final.log_odds(rows[part.test]), chosen)


def fit(candidate: Candidate, rows: np.ndarray, labels: np.ndarray, own: np.ndarray, beside: np.ndarray) -> Model:
    """The regression learns from rows of the test's kind alone: one slope cannot hold for all kinds. Trees can tell them apart."""
    every = np.r_[own, beside]
    return Model(
        candidate,
        linear.fit(rows[own], labels[own], np.ones(len(own)), candidate.penalty),
        trees.fit(rows[every], labels[every], np.ones(len(every)), candidate.trees),
    )


def out_of_fold(candidate: Candidate, rows: np.ndarray, labels: np.ndarray, customers: np.ndarray, part: Part) -> dict[str, np.ndarray]:
    """Log-odds of the training part by each form, of a model that had not seen the row's customer."""
    learned = np.r_[part.train, part.beside]
    known, owner = np.unique(customers[learned], return_inverse=True)
    fold = np.random.default_rng(SEED).permutation(np.arange(len(known)) % FOLDS)[owner]
    own, beside = fold[: len(part.train)], fold[len(part.train) :]
    found: dict[str, np.ndarray] = {}
    for left_out in range(FOLDS):
        fitted = fit(candidate, rows, labels, part.train[own != left_out], part.beside[beside != left_out])
        for form, each in forms(fitted).items():
            found.setdefault(form, np.empty(len(own)))[own == left_out] = each.log_odds(rows[part.train[own == left_out]])
    return found


def plain(rows: np.ndarray, labels: np.ndarray, part: Part) -> dict[str, np.ndarray]:
    """What scikit-learn gives without further thought."""
    learners = {
        "HistGradientBoosting": HistGradientBoostingClassifier(random_state=SEED),
        "logistic regression": make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=1000)),
    }
    with threadpool_limits(1):  # on a busy machine, threads that wait for each other cost far more than they bring
        for learner in learners.values():
            learner.fit(rows[part.train], labels[part.train])
        return {name: learner.predict_proba(rows[part.test])[:, 1] for name, learner in learners.items()}


class Jury:
    """Judges the mean of a measure over several test parts. A resample of customers holds for all parts in which they are."""

    def __init__(self, labels: np.ndarray, customers: np.ndarray, parts: Sequence[Part]) -> None:
        rows = np.concatenate([part.test for part in parts])
        for part in parts:
            check_part("test", labels[part.test])
        self.labels = [labels[part.test] for part in parts]
        ends = np.cumsum([len(part.test) for part in parts])
        self.spans = [slice(end - len(part.test), end) for part, end in zip(parts, ends, strict=True)]
        self.judge = Judge(labels[rows], customers[rows])

    def auc(self, scores: Sequence[np.ndarray]) -> Interval:
        ranked = self.ranked(scores)
        return self.judge.interval(lambda weights: self.mean(ranked, weights))

    def gain(self, scores: Sequence[np.ndarray], baseline: Sequence[np.ndarray]) -> Interval:
        """By how much the AUC is above the baseline's, paired."""
        ours, theirs = self.ranked(scores), self.ranked(baseline)
        return self.judge.interval(lambda weights: self.mean(ours, weights) - self.mean(theirs, weights))

    def average_precision(self, scores: Sequence[np.ndarray]) -> Interval:
        ranked = self.ranked(scores)
        parts = list(zip(ranked, self.spans, strict=True))
        return self.judge.interval(lambda weights: float(np.mean([r.average_precision(weights[span]) for r, span in parts])))

    def ranked(self, scores: Sequence[np.ndarray]) -> list[Ranking]:
        return [Ranking(s, labels) for s, labels in zip(scores, self.labels, strict=True)]

    def mean(self, ranked: list[Ranking], weights: np.ndarray) -> float:
        return float(np.mean([r.auc(weights[span]) for r, span in zip(ranked, self.spans, strict=True)]))


def check(names: Sequence[str], rows: np.ndarray, labels: np.ndarray) -> None:
    """Refuse a column that alone tells the label."""
    for name, values in zip(names, rows.T, strict=True):
        check_column(name, values, labels)
