"""Choose, calibrate and fit on the training part alone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from training.text.corpus import Counts, count
from training.text.data import Text
from training.text.fit import Calibration, calibrate, fit, probabilities
from training.text.judge import accuracy, macro_f1
from training.text.table import Table, score
from training.text.task import Candidate, Learning, Task

SEED = 20261121
DRAWS = 200


@dataclass(frozen=True)
class Trial:
    """A candidate out of fold; behind is by how much the best one is better, noise the standard error of that."""

    candidate: Candidate
    accuracy: float
    macro_f1: float
    behind: float
    noise: float


@dataclass(frozen=True)
class Learned:
    table: Table
    candidate: Candidate
    trials: tuple[Trial, ...]
    calibration: Calibration


def counted(task: Task, candidate: Candidate, texts: list[Text]) -> Counts:
    return count([text.fields[: candidate.fields] for text in texts], task.spec(candidate))


def out_of_fold(task: Task, counts: Counts, learning: Learning, candidate: Candidate) -> np.ndarray:
    """Logits of every text by a model that saw nothing of its group."""
    folds = StratifiedGroupKFold(task.folds, shuffle=True, random_state=SEED)
    logits = np.zeros((len(learning.labels), 1 if len(task.classes) == 2 else len(task.classes)), np.float32)
    for known, unseen in folds.split(learning.labels, learning.labels, learning.groups):
        table = fit(counts, known, learning.labels, task.spec(candidate), candidate.settings, learning.weights, learning.kinds)
        logits[unseen] = score(table, counts, unseen)
    return logits


def learn(task: Task, texts: list[Text], say: Callable[[str], None]) -> Learned:
    """The first candidate, from the smallest, that is behind the best by no more than one standard error of the difference."""
    learning, logits = Learning.of(texts), []
    counts = {candidate.fields: counted(task, candidate, texts) for candidate in task.candidates}
    for candidate in task.candidates:
        logits.append(out_of_fold(task, counts[candidate.fields], learning, candidate))
        guesses = probabilities(logits[-1]).argmax(1)
        say(f"{candidate.name}: out of fold accuracy {accuracy(guesses, learning.labels, learning.weights):.4f}")
    trials = compare(task, learning, [probabilities(each).argmax(1) for each in logits])
    chosen = next(i for i, trial in enumerate(trials) if trial.behind <= trial.noise)
    calibration = calibrate(logits[chosen], learning.labels, learning.weights)
    every = np.arange(len(learning.labels))
    best = task.candidates[chosen]
    table = fit(counts[best.fields], every, learning.labels, task.spec(best), best.settings, learning.weights, learning.kinds)
    return Learned(calibration.folded(table), best, trials, calibration)


def compare(task: Task, learning: Learning, guesses: list[np.ndarray]) -> tuple[Trial, ...]:
    """Differences over resamples of groups, the same for all."""
    known, owner = np.unique(learning.groups, return_inverse=True)
    random = np.random.default_rng(SEED)
    draws = random.multinomial(len(known), np.full(len(known), 1 / len(known)), size=DRAWS)

    def goodness(guess: np.ndarray, weights: np.ndarray) -> float:
        right = accuracy(guess, learning.labels, weights)
        return right + macro_f1(guess, learning.labels, weights, len(task.classes)) if task.balanced else right

    values = np.array([goodness(guess, learning.weights) for guess in guesses])
    best = int(values.argmax())
    drawn = np.array([[goodness(guess, learning.weights * draw[owner]) for guess in guesses] for draw in draws])
    noise = (drawn - drawn[:, [best]]).std(0)
    return tuple(
        Trial(
            candidate,
            accuracy(guess, learning.labels, learning.weights),
            macro_f1(guess, learning.labels, learning.weights, len(task.classes)),
            float(values[best] - value),
            float(spread),
        )
        for candidate, guess, value, spread in zip(task.candidates, guesses, values, noise, strict=True)
    )
