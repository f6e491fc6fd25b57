"""Choose, fit and calibrate, all within the training part."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from training import model
from training.evaluate import Judge
from training.model import Model
from training.ranking import Ranking
from training.set import TrainingSet, check_part
from training.task import Candidate, Split, Task

FOLDS = 5
SEED = 20260102


@dataclass(frozen=True)
class Trial:
    """How a candidate did out of fold."""

    candidate: Candidate
    auc: float
    behind: float  # the best candidate's AUC, by this much
    noise: float  # standard error of that difference


@dataclass(frozen=True)
class Fitted:
    model: Model
    trials: tuple[Trial, ...]
    base_rate: float


def fit(task: Task, rows: TrainingSet, split: Split, say: Callable[[str], None]) -> Fitted:
    """The smallest model within noise of the best: the first candidate, from the cheapest, that is behind by no more than one standard
    error of the difference. Candidates are compared, and the chosen one calibrated, on customers that their fits had not seen; those that
    calibrate learn from all rows, as what ships does."""
    train = np.flatnonzero(split.train)
    labels, weights = rows.labels[train], task.weights(rows)[train]
    check_part("training", labels)
    customers = rows.customers[train]
    folds = by_customer(customers)
    judged = split.judged[train]
    check_part("judged", labels[judged])
    unseen = []
    for candidate in task.candidates:
        unseen.append(out_of_fold(candidate, rows.matrix(candidate.inputs)[train], labels, weights, folds, split.trial[train]))
        say(f"{candidate.name}: AUC {Ranking(unseen[-1][judged], labels[judged]).auc():.4f} out of fold")
    trials = compare(task.candidates, [u[judged] for u in unseen], Judge(labels[judged], customers[judged]))
    chosen = next(i for i, trial in enumerate(trials) if trial.behind <= trial.noise)
    candidate = task.candidates[chosen]
    say(f"{candidate.name} ships")
    x = rows.matrix(candidate.inputs)[train]
    whole = model.fit(candidate, x, labels, weights)
    slope, offset = platt(out_of_fold(candidate, x, labels, weights, folds, np.ones(len(train), bool)), labels, weights)
    return Fitted(replace(whole, slope=slope, offset=offset), trials, float(np.average(labels, weights=weights)))


def by_customer(customers: np.ndarray) -> np.ndarray:
    """The fold of each row; a customer's rows share one."""
    known, owner = np.unique(customers, return_inverse=True)
    return np.random.default_rng(SEED).permutation(np.arange(len(known)) % FOLDS)[owner]


def out_of_fold(
    candidate: Candidate, rows: np.ndarray, labels: np.ndarray, weights: np.ndarray, folds: np.ndarray, trial: np.ndarray
) -> np.ndarray:
    """Log-odds of every row, by a model of the trial rows in the other folds."""
    found = np.empty(len(rows))
    for fold in range(FOLDS):
        seen, unseen = (folds != fold) & trial, folds == fold
        check_part(f"training (fold {fold + 1} of {FOLDS} left out)", labels[seen])
        found[unseen] = model.fit(candidate, rows[seen], labels[seen], weights[seen]).log_odds(rows[unseen])
    return found


def compare(candidates: tuple[Candidate, ...], scores: list[np.ndarray], judge: Judge) -> tuple[Trial, ...]:
    aucs = [Ranking(s, judge.labels).auc() for s in scores]
    best = int(np.argmax(aucs))
    return tuple(
        Trial(c, auc, aucs[best] - auc, judge.standard_error(s, scores[best]) if i != best else 0.0)
        for i, (c, auc, s) in enumerate(zip(candidates, aucs, scores, strict=True))
    )


def platt(log_odds: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    regression = LogisticRegression(C=1e6, tol=1e-8, max_iter=1000).fit(log_odds[:, None], labels, sample_weight=weights)
    return float(regression.coef_[0, 0]), float(regression.intercept_[0])
