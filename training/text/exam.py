"""Judge a model by its graph on texts that nothing learned from, beside the baseline."""

from dataclasses import dataclass

import numpy as np

from training.evaluate import Interval
from training.export import Runtime
from training.text import baseline
from training.text.data import Text
from training.text.grams import codes
from training.text.judge import Judge
from training.text.task import Exam


@dataclass(frozen=True)
class Judged:
    """Answers to one test, and what they are worth."""

    name: str
    labels: np.ndarray
    probabilities: np.ndarray
    measures: dict[str, Interval]
    plain: tuple[Interval, Interval]  # accuracy and macro-F1 of the baseline
    gains: tuple[Interval, Interval]  # by how much ours are above, paired
    usual: tuple[Interval, Interval]  # of guessing the commonest class


def answers(runtime: Runtime, texts: list[Text]) -> np.ndarray:
    """Probabilities [texts, classes], by the graph."""
    found = np.vstack([runtime.session.run(["probabilities"], {"text": codes(text.fields)[None]})[0] for text in texts])
    return np.hstack([1 - found, found]) if found.shape[1] == 1 else found


def judge(classes: int, runtime: Runtime, texts: list[Text], tests: list[Exam]) -> tuple[Judged, ...]:
    plain = baseline.guesses(texts, [test.texts for test in tests])
    judged = []
    for test, guesses in zip(tests, plain, strict=True):
        labels = np.array([text.label for text in test.texts])
        found = answers(runtime, test.texts)
        by_group = Judge(labels, np.array([text.group for text in test.texts]), classes)
        usual = np.full(len(labels), np.bincount([t.label for t in texts], minlength=classes).argmax())
        judged.append(
            Judged(
                test.name,
                labels,
                found,
                by_group.measures(found),
                (by_group.accuracy(guesses), by_group.macro_f1(guesses)),
                by_group.gains(found.argmax(1), guesses),
                (by_group.accuracy(usual), by_group.macro_f1(usual)),
            )
        )
    return tuple(judged)
