"""Sets that nothing should be learned from, and what their makers are told."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.errors import TrainingError
from training.set import check, check_part, read
from training.tests import made

NAMES = list(made.INPUTS)


def test_a_good_set_passes(tmp_path):
    rows = made.rows(tmp_path)
    check(rows, NAMES, made.DIGEST, "00ff00ff00ff00ff")
    assert rows.matrix(NAMES).dtype == np.float32
    assert np.isnan(rows.column("spend_90d")).any()


def refused(rows, columns=NAMES, digest=made.DIGEST, revision=None):
    with pytest.raises(TrainingError) as caught:
        check(rows, columns, digest, revision)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_another_revision(tmp_path):
    assert "revision 00ff00ff00ff00ff, halfstep has 1234; replay" in refused(made.rows(tmp_path), revision="1234")


def test_another_label_file(tmp_path):
    assert "another label file" in refused(made.rows(tmp_path), digest="00")


def test_unknown_feature(tmp_path):
    assert "no feature mood; add it to features.yaml" in refused(made.rows(tmp_path), [*NAMES, "mood"])


def test_a_misspelt_feature(tmp_path):
    assert "no feature order_90d; did you mean orders_90d?" in refused(made.rows(tmp_path), ["order_90d"])


def cuts(*days):
    """Row times that go round these days."""
    return np.resize(np.array(days, "datetime64[ms]"), 800)


def test_an_empty_month(tmp_path):
    at = cuts("2011-02-01", "2011-03-01", "2011-04-01", "2011-06-01", "2011-07-01")
    assert "no row in 2011-05, though" in refused(read(made.write(tmp_path / "s.parquet", at=at)))


@pytest.mark.parametrize("days", [("2011-01-31", "2011-03-01", "2011-03-31"), ("2010-12-01", "2011-03-01", "2011-06-01", "2011-09-01")])
def test_cuts_that_lie_apart_are_no_hole(tmp_path, days):
    check(read(made.write(tmp_path / "s.parquet", at=cuts(*days))), NAMES, made.DIGEST)


@pytest.mark.parametrize(
    ("label", "says"),
    [(np.nan, "label of row 5 is nan"), (np.inf, "label of row 5 is inf"), (0.5, "label of row 5 is 0.5")],
)
def test_labels_that_are_none(tmp_path, label, says):
    labels = np.tile(np.array([0, 1], np.float32), 400)
    labels[5] = label
    assert says in refused(read(made.write(tmp_path / "s.parquet", label=labels)))


def test_one_class(tmp_path):
    assert "every label is 1" in refused(read(made.write(tmp_path / "s.parquet", label=np.ones(800, np.float32))))


def test_infinite_feature(tmp_path):
    values = np.ones(800, np.float32)
    values[3] = np.inf
    assert "orders_90d is infinite in row 3" in refused(read(made.write(tmp_path / "s.parquet", orders_90d=values)))


def test_a_feature_that_knows_the_label(tmp_path):
    """As the page behind a purchase does, in a mapping that keeps it."""
    labels = np.tile(np.array([0, 1], np.float32), 400)
    rows = read(made.write(tmp_path / "s.parquet", label=labels, orders_90d=1 - labels))
    assert "orders_90d alone tells the label" in refused(rows)


@pytest.mark.parametrize("name", ["customer_id", "at", "label", "orders_90d"])
def test_a_column_that_is_gone(tmp_path, name):
    path = made.write(tmp_path / "s.parquet")
    pq.write_table(pq.read_table(path).drop_columns([name]), path)
    assert f"no column {name}, though" in refused(read(path))


def test_columns_of_another_kind(tmp_path):
    labels = np.tile(np.array(["0", "1"]), 400)
    assert "column label of the set is string, expected numbers" in refused(read(made.write(tmp_path / "s.parquet", label=labels)))
    at = np.arange(800)
    assert "column at of the set is int64, expected a time" in refused(read(made.write(tmp_path / "s.parquet", at=at)))


def test_no_rows(tmp_path):
    path = made.write(tmp_path / "s.parquet")
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    assert "no rows" in refused(read(path))


def test_files_that_are_no_sets(tmp_path):
    bare = tmp_path / "bare.parquet"
    pq.write_table(pa.table({"label": [1.0]}), bare)
    text = tmp_path / "text.parquet"
    text.write_text("hello")
    for path, says in ((bare, "metadata"), (text, "no Parquet file"), (tmp_path / "missing.parquet", "no Parquet file")):
        with pytest.raises(TrainingError, match=says):
            read(path)


def test_a_part_is_a_set_too(tmp_path):
    rows = made.rows(tmp_path)
    rows.write(tmp_path / "part.parquet", rows.labels == 1)
    part = read(tmp_path / "part.parquet")
    assert (part.revision, part.hashes, len(part)) == (rows.revision, rows.hashes, rows.labels.sum())


def test_a_part_of_the_split_without_rows_or_of_one_class():
    with pytest.raises(TrainingError, match="test part of the split has no rows"):
        check_part("test", np.array([]))
    with pytest.raises(TrainingError, match="every label of the training part is 1"):
        check_part("training", np.ones(3))
