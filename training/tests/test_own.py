"""Tasks of people who are not us: what they write, and what they are told about it."""

import numpy as np
import pytest
import yaml

from training import fit, own, protocol
from training.errors import TrainingError
from training.tests import made

DAY = 1_310_000_000_000 // 86_400_000 * 86_400_000  # the midnight before the later rows, 2011-07-07


@pytest.fixture
def rows(tmp_path):
    return made.rows(tmp_path)


def write(folder, text="", **changes):
    """A good task file with changes; None leaves a field out."""
    (folder / "churned.yaml").write_text("horizon: {duration: 90d}\n")
    fields = {
        "name": "my_churn",
        "meaning": "Gone.",
        "labels": "churned.yaml",
        "test_from": np.datetime64(DAY, "ms").astype("datetime64[D]").item(),
        "features": ["orders_90d", "spend_90d"],
        "rule": {"feature": "orders_90d", "rising": False},
        "terms": "Ours.",
    } | changes
    path = folder / "task.yaml"
    path.write_text(text or yaml.safe_dump({name: value for name, value in fields.items() if value is not None}))
    return path


def test_a_good_file_can_be_fitted(tmp_path, rows):
    task = own.load(write(tmp_path), rows)
    split = task.split(rows)
    protocol.check(rows, split)
    assert (split.train == (rows.at == 1_300_000_000_000)).all()
    assert (split.test == ~split.train).all()
    assert split.until == DAY
    shares = {name: mask(rows) for name, mask in task.slices.items()}
    assert (shares["a customer's first row"] == split.train).all()
    assert (shares["later rows"] == split.test).all()
    assert task.label_file(tmp_path / "elsewhere") == tmp_path / "churned.yaml"
    assert fit.fit(task, rows, split, lambda line: None).model.inputs == ("orders_90d", "spend_90d")


def test_labels_that_were_not_known_on_the_day_do_not_teach(tmp_path, rows):
    path = write(tmp_path)
    days = (DAY - 1_300_000_000_000) // 86_400_000
    for horizon, taught in ((f"{days}d", 400), (f"{days}d23h", 0)):
        (tmp_path / "churned.yaml").write_text(f"horizon: {{duration: {horizon}}}\n")
        assert own.load(path, rows).split(rows).train.sum() == taught


def test_another_file_is_another_task(tmp_path, rows):
    first = own.load(write(tmp_path), rows)
    second = own.load(write(tmp_path, rule={"feature": "spend_90d", "rising": False}), rows)
    assert first.given.digest != second.given.digest


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"features": ["orders_90d", "spend_90"]}, r"task.yaml: features\[1\]: the set has no feature spend_90; did you mean spend_90d\?"),
        ({"features": ["zzz"]}, r"task.yaml: features\[0\]: the set has no feature zzz$"),
        ({"features": ["orders_90d", "orders_90d"]}, r"features\[1\]: orders_90d stands there twice"),
        ({"features": [["orders_90d"]]}, r"features\[0\]: the set has no feature \['orders_90d'\]"),
        ({"features": []}, "features: is empty"),
        ({"feetures": ["orders_90d"]}, r"task.yaml: feetures: no such field; did you mean features\?"),
        ({"test_from": "soon"}, "test_from: is 'soon', expected a date, as 2026-03-01"),
        ({"test_from": None}, "test_from: is missing, expected a date"),
        ({"name": "My churn"}, "name: is 'My churn', expected lower-case"),
        ({"version": 0}, "version: expected a whole number from 1"),
        ({"version": True}, "version: is True, expected a whole number"),
        ({"rule": {"feature": "orders"}}, "rule: is {'feature': 'orders'}, expected {feature: NAME, rising: true or false}"),
        ({"rule": {"feature": "orders_total_", "rising": True}}, r"rule.feature: .* did you mean orders_total\?"),
        ({"bands": {"low": 0.1}}, "bands: is {'low': 0.1}, expected names"),
        ({"bands": {"low": 0, "high": 2}}, "bands: "),
        ({"labels": "other.yaml"}, "labels: .*other.yaml is no file"),
    ],
)
def test_a_bad_field_is_named_in_one_line(tmp_path, rows, changes, says):
    with pytest.raises(TrainingError, match=says) as caught:
        own.load(write(tmp_path, **changes), rows)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [("a: [", "task.yaml: no YAML"), ("- a", "task.yaml: expected fields"), ("x: 2026-13-45", "task.yaml: no YAML")],
)
def test_files_that_are_no_tasks(tmp_path, rows, text, says):
    with pytest.raises(TrainingError, match=says) as caught:
        own.load(write(tmp_path, text), rows)
    assert "\n" not in str(caught.value)


def test_a_horizon_that_is_none(tmp_path, rows):
    path = write(tmp_path)
    (tmp_path / "churned.yaml").write_text("horizon: {duration: soon}\n")
    with pytest.raises(TrainingError, match=r"churned.yaml: horizon.duration: is 'soon', expected a duration, as 30m or 7d"):
        own.load(path, rows)
    with pytest.raises(TrainingError, match="cannot be read"):
        own.load(tmp_path / "missing.yaml", rows)
