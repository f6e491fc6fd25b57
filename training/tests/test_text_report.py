"""The figures of a text model that others quote."""

from types import SimpleNamespace

import numpy as np

from training.evaluate import Interval
from training.text.exam import Judged
from training.text.report import figures_of


def report(classes, balanced):
    plain, gain, usual = ((Interval(v, v - 0.1, v + 0.1),) * 2 for v in (0.7, 0.1, 0.5))
    measures = {"accuracy": Interval(0.8, 0.7, 0.9), "macro_f1": Interval(0.6, 0.5, 0.7)}
    judged = Judged("test", np.zeros(1500, int), np.ones((1500, 2)), measures, plain, gain, usual)
    return SimpleNamespace(task=SimpleNamespace(balanced=balanced, classes=classes), judged=(judged,))


def test_accuracy_beside_the_baseline():
    (figure,) = figures_of(report(("negative", "positive"), balanced=False))
    assert (figure.on, figure.measure, figure.ours.value, figure.plain.value, figure.gain.value) == (
        "test, 1,500 texts",
        "accuracy",
        0.8,
        0.7,
        0.1,
    )


def test_many_classes_have_macro_f1_too():
    assert [f.measure for f in figures_of(report(("a", "b", "c"), balanced=False))] == ["accuracy", "macro-F1"]
    assert [f.ours.value for f in figures_of(report(("a", "b"), balanced=True))] == [0.8, 0.6]
