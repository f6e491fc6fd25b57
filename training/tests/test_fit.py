import numpy as np

from training import fit, model
from training.evaluate import Judge
from training.task import Candidate, Split, Trees
from training.tests import made


def test_a_customers_rows_share_a_fold():
    customers = np.repeat(np.arange(300).astype(str), 3)
    folds = fit.by_customer(customers).reshape(300, 3)
    assert (folds == folds[:, :1]).all()
    assert set(folds.ravel()) == set(range(fit.FOLDS))


def test_out_of_fold_scores_know_nothing_of_their_own_labels(tmp_path):
    """Random labels cannot be told from rows that were not learned from, however eager the model."""
    rows = made.rows(tmp_path)
    labels = np.random.default_rng(5).integers(0, 2, len(rows))
    folds = fit.by_customer(rows.customers)
    everything = np.ones(len(rows), dtype=bool)
    scores = fit.out_of_fold(made.TASK.candidates[2], rows.matrix(made.INPUTS), labels, np.ones(len(rows)), folds, everything)
    assert abs(Judge(labels, rows.customers).auc(scores).value - 0.5) < 0.07


def test_the_cheapest_within_noise_ships(tmp_path):
    rows = made.rows(tmp_path)
    found = fit.fit(made.TASK, rows, made.split(rows), lambda line: None)
    trials = {t.candidate.name: t for t in found.trials}
    assert trials["one feature"].behind > trials["one feature"].noise
    first = next(t for t in found.trials if t.behind <= t.noise)
    assert found.model.candidate == first.candidate


def test_calibration_takes_back_overconfidence():
    random = np.random.default_rng(6)
    truth = random.normal(0, 1, 20000)
    labels = random.random(20000) < 1 / (1 + np.exp(-truth))
    slope, offset = fit.platt(3 * truth + 1, labels, np.ones(20000))
    assert abs(slope - 1 / 3) < 0.02
    assert abs(offset + 1 / 3) < 0.05


def test_scores_agree_with_the_rate_when_trials_learn_from_rarer_positives(tmp_path):
    """Trial fits may see other times than what ships; what calibrates must not."""
    rows = made.rows(tmp_path)
    labels = rows.labels
    every = np.ones(len(rows), dtype=bool)
    trial = (labels == 0) | (np.random.default_rng(7).random(len(rows)) < 0.3)
    split = Split(train=every, test=every, judged=every, trial=trial, until=1_310_000_000_000)
    found = fit.fit(made.TASK, rows, split, lambda line: None).model
    assert abs(found.probabilities(rows.matrix(found.inputs)).mean() - labels.mean()) < 0.02


def test_the_test_part_is_not_looked_at(tmp_path):
    rows = made.rows(tmp_path)
    split = made.split(rows)
    labels = rows.table["label"].to_numpy().copy()
    labels[split.test] = 1 - labels[split.test]
    other = made.read(made.write(tmp_path / "other.parquet", label=labels))
    probe = rows.matrix(made.INPUTS)
    first, second = (fit.fit(made.TASK, found, split, lambda line: None).model for found in (rows, other))
    assert first.candidate == second.candidate
    assert (first.probabilities(probe[:, : len(first.inputs)]) == second.probabilities(probe[:, : len(second.inputs)])).all()


def test_trees_expect_what_may_be_untold():
    """Trees that never saw a fact missing take it for 0."""
    random = np.random.default_rng(3)
    x = np.column_stack([random.integers(0, 5, 4000), random.normal(size=4000)]).astype(np.float32)
    labels = (random.random(4000) < np.where(x[:, 0] == 0, 0.95, 0.2)).astype(np.int8)
    untold = np.array([[np.nan, 0.0]], dtype=np.float32)
    for names, low, high in (((), 0.8, 1.0), (("place",), 0.2, 0.6)):
        candidate = Candidate("trees", ("place", "other"), trees=Trees(60, 4), untold=names)
        assert low < model.fit(candidate, x, labels, np.ones(4000)).probabilities(untold)[0] < high
    assert not np.isnan(x).any(), "the rows given stay as they are"
