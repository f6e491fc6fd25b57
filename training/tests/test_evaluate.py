import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from training.evaluate import Judge
from training.ranking import Ranking


@pytest.fixture
def ranked():
    """Scores with many ties."""
    random = np.random.default_rng(1)
    labels = random.integers(0, 2, 500)
    return np.round(np.clip(0.3 * labels + 0.7 * random.random(500), 0, 1), 1), labels, random.integers(0, 4, 500).astype(float)


def test_measures_are_those_of_scikit_learn(ranked):
    scores, labels, _ = ranked
    found = Judge(labels, np.arange(500)).measure(scores)
    assert found["roc_auc"].value == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert found["average_precision"].value == pytest.approx(average_precision_score(labels, scores), abs=1e-12)
    assert found["brier"].value == pytest.approx(brier_score_loss(labels, scores), abs=1e-12)
    clipped = np.clip(scores, np.finfo(np.float32).eps, 1 - np.finfo(np.float32).eps)
    assert found["log_loss"].value == pytest.approx(log_loss(labels, clipped), abs=1e-9)
    assert all(m.low <= m.value <= m.high for m in found.values())


def test_weights_count_rows_that_often(ranked):
    scores, labels, weights = ranked
    ranking = Ranking(scores, labels)
    assert ranking.auc(weights) == pytest.approx(roc_auc_score(labels, scores, sample_weight=weights), abs=1e-12)
    expected = average_precision_score(labels, scores, sample_weight=weights)
    assert ranking.average_precision(weights) == pytest.approx(expected, abs=1e-12)


def test_intervals_know_that_a_customers_rows_are_one_observation(ranked):
    scores, labels, _ = ranked
    alone = Judge(labels, np.arange(500)).auc(scores)
    many = Judge(np.tile(labels, 10), np.tile(np.arange(500), 10)).auc(np.tile(scores, 10))
    assert many.value == pytest.approx(alone.value)
    assert many.high - many.low == pytest.approx(alone.high - alone.low, rel=0.01)


def test_a_model_gains_nothing_over_itself(ranked):
    scores, labels, _ = ranked
    gain = Judge(labels, np.arange(500)).gain(scores, scores)
    assert (gain.low, gain.value, gain.high) == (0, 0, 0)
