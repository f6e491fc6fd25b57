"""What a model rests on and what more customers would bring, measured within the training part: out of fold, on the judged rows."""

from dataclasses import dataclass

import numpy as np

from training import model
from training.evaluate import Interval, Judge
from training.fit import FOLDS, by_customer
from training.model import Model
from training.ranking import Ranking
from training.set import TrainingSet
from training.task import Candidate, Split, Task

SEED = 20260105
SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)
SHUFFLES = 5


@dataclass(frozen=True)
class Importance:
    """How much AUC is lost when a feature's values are shuffled among the rows (Breiman, "Random Forests", 2001)."""

    feature: str
    loss: float
    spread: float  # standard deviation over the shuffles


@dataclass(frozen=True)
class Size:
    """What a model of so many customers achieves."""

    customers: int
    auc: Interval


@dataclass(frozen=True)
class Study:
    importances: tuple[Importance, ...]  # the greatest loss first
    sizes: tuple[Size, ...]


@dataclass(frozen=True)
class Folds:
    """The training part, as a candidate sees it."""

    candidate: Candidate
    x: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    customers: np.ndarray
    fold: np.ndarray
    trial: np.ndarray
    judged: np.ndarray

    def fit(self, among: np.ndarray) -> list[Model] | None:
        """A model for each fold, of the trial rows of the other folds that are among those given; None when a part has one class."""
        parts = [among & self.trial & (self.fold != fold) for fold in range(FOLDS)]
        if any(len(np.unique(self.labels[part])) < 2 for part in parts):
            return None
        return [model.fit(self.candidate, self.x[part], self.labels[part], self.weights[part]) for part in parts]

    def scores(self, models: list[Model], x: np.ndarray) -> np.ndarray:
        """Log-odds of the judged rows, as x has them, each by the model that has not seen its customer."""
        found, fold = np.empty(len(x)), self.fold[self.judged]
        for k, one in enumerate(models):
            found[fold == k] = one.log_odds(x[fold == k])
        return found


def make(task: Task, rows: TrainingSet, split: Split, candidate: Candidate) -> Study:
    train = split.train
    customers = rows.customers[train]
    folds = Folds(
        candidate,
        rows.matrix(candidate.inputs)[train],
        rows.labels[train],
        task.weights(rows)[train],
        customers,
        by_customer(customers),
        split.trial[train],
        split.judged[train],
    )
    return Study(importances(folds), sizes(folds))


def importances(f: Folds) -> tuple[Importance, ...]:
    x, random = f.x[f.judged], np.random.default_rng(SEED)
    models = f.fit(np.ones(len(f.x), dtype=bool))
    if models is None:
        return ()
    labels = f.labels[f.judged]
    whole = Ranking(f.scores(models, x), labels).auc()
    found = []
    for column, name in enumerate(f.candidate.inputs):
        losses = []
        for _ in range(SHUFFLES):
            shuffled = x.copy()
            shuffled[:, column] = random.permutation(x[:, column])
            losses.append(whole - Ranking(f.scores(models, shuffled), labels).auc())
        found.append(Importance(name, float(np.mean(losses)), float(np.std(losses))))
    return tuple(sorted(found, key=lambda importance: -importance.loss))


def sizes(f: Folds) -> tuple[Size, ...]:
    """The learning curve; smaller parts lie within the larger ones."""
    known, owner = np.unique(f.customers, return_inverse=True)
    place = np.random.default_rng(SEED).permutation(len(known))[owner]
    judge = Judge(f.labels[f.judged], f.customers[f.judged])
    found = []
    for share in SHARES:
        count = round(share * len(known))
        models = f.fit(place < count)
        if models is not None:
            found.append(Size(round(count * (FOLDS - 1) / FOLDS), judge.auc(f.scores(models, f.x[f.judged]))))
    return tuple(found)
