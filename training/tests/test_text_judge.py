import numpy as np
import pytest
from sklearn.metrics import f1_score

from training.text.judge import Judge, accuracy, calibration_error, macro_f1

RANDOM = np.random.default_rng(5)


def test_measures_are_scikit_learns():
    labels, guesses = RANDOM.integers(0, 5, 400), RANDOM.integers(0, 4, 400)
    weights = RANDOM.integers(0, 4, 400).astype(float)
    seen = weights > 0
    want = f1_score(labels[seen], guesses[seen], sample_weight=weights[seen], average="macro")
    assert macro_f1(guesses, labels, weights, 6) == pytest.approx(want)
    assert accuracy(guesses, labels, weights) == pytest.approx(np.average(labels == guesses, weights=weights))


def test_intervals_are_of_groups():
    """Ten groups of a hundred equal texts are ten observations."""
    groups = np.repeat(np.arange(10), 100)
    labels = np.repeat([1, 1, 1, 1, 1, 1, 1, 0, 0, 0], 100)
    found = Judge(labels, groups, 2).accuracy(np.ones(1000, int))
    assert found.value == 0.7
    assert found.low <= 0.45
    assert found.high >= 0.9


def test_gain_over_itself_is_nothing():
    labels, guesses = RANDOM.integers(0, 3, 100), RANDOM.integers(0, 3, 100)
    for gain in Judge(labels, np.arange(100), 3).gains(guesses, guesses):
        assert (gain.low, gain.value, gain.high) == (0, 0, 0)


def test_calibration_error_sees_overconfidence():
    labels = np.repeat([0, 1], 500)
    right = np.full(1000, 1.0)
    assert calibration_error(np.column_stack([right * 0.5, right * 0.5]), labels, right) == pytest.approx(0)
    assert calibration_error(np.column_stack([right * 0.1, right * 0.9]), labels, right) == pytest.approx(0.4)
