"""What no split may do, and what those of the tasks that ship do."""

from dataclasses import replace

import numpy as np
import pytest

from training import protocol
from training.errors import TrainingError
from training.set import read
from training.tests import made


def refused(rows, split):
    with pytest.raises(TrainingError) as caught:
        protocol.check(rows, split)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_split_by_time_or_by_customer_passes(tmp_path):
    rows = made.rows(tmp_path)
    split = made.split(rows)
    protocol.check(rows, split)
    even = np.char.endswith(rows.customers, "0")
    protocol.check(rows, replace(split, train=even, test=~even, judged=even, trial=even))


def test_a_row_that_teaches_and_judges(tmp_path):
    rows = made.rows(tmp_path)
    split = made.split(rows)
    assert "row 0 is in the training and in the test part" in refused(rows, replace(split, test=split.train))


def test_a_part_that_judges_nothing(tmp_path):
    """Said before anything is fitted."""
    rows = made.rows(tmp_path)
    split = made.split(rows)
    assert "the test part of the split has no rows" in refused(rows, replace(split, test=np.zeros(len(rows), bool)))
    assert "every label of the test part is 1" in refused(rows, replace(split, test=split.test & (rows.labels == 1)))


def test_candidates_compared_on_the_test_part(tmp_path):
    rows = made.rows(tmp_path)
    split = made.split(rows)
    assert "row 1 is judged but not of the training part" in refused(rows, replace(split, judged=split.test))
    assert "row 1 is trial but not of the training part" in refused(rows, replace(split, trial=split.test))


def test_random_rows_of_one_customer(tmp_path):
    """The split that flatters most: a customer's other rows were learned from, later ones too."""
    rows = made.rows(tmp_path)
    train = np.random.default_rng(1).random(len(rows)) < 0.7
    assert "teaches from a time at or after" in refused(
        rows, replace(made.split(rows), train=train, test=~train, judged=train, trial=train)
    )


def test_a_session_in_both_parts(tmp_path):
    path = made.write(tmp_path / "s.parquet", draw=np.zeros(800, np.int32))
    rows = replace(read(path), keys=("customer_id",))
    assert "a session of customer c0 has prefixes" in refused(rows, made.split(rows))


def test_a_fold_of_one_class(tmp_path):
    """Too few customers for the folds: said in one line, not by the library that would fit."""
    from training import fit

    rows = read(made.write(tmp_path / "s.parquet", customers=6, label=np.array([1, 0] + [0, 1] * 5, np.float32)))
    with pytest.raises(TrainingError, match=r"every label of the training \(fold \d of 5 left out\) part is 0"):
        fit.fit(made.TASK, rows, made.split(rows), lambda line: None)
