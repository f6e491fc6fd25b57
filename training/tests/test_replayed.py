"""The bundles that ship, on the real data: protocols kept, and the same figures from Python, from Go and in the manifest."""

import numpy as np
import pytest
import yaml
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from training import export, protocol
from training.halfstep import ROOT
from training.tasks import cart_abandonment, churn

DAY = 86_400_000


def test_protocols_are_kept(replayed):
    task, rows = replayed
    split = task.split(rows)
    protocol.check(rows, split)
    assert split.test.sum() > 1000
    learned, judged = rows.customers[split.train], rows.customers[split.test]
    match task.name:
        case "emotion_trend":
            assert not np.intersect1d(learned, judged).size
        case "churn":  # a label is known 90 days after its row, by when the test's rows are read
            assert rows.at[split.train].max() + 90 * DAY <= churn.TEST_AT == rows.at[split.test].min()
            assert rows.at[split.trial].max() + 90 * DAY <= rows.at[split.judged].min()
            assert len(np.unique(judged)) == len(judged)
        case "cart_abandonment":
            session = protocol.sessions(rows)
            assert rows.at[split.train].max() < cart_abandonment.TEST_FROM <= rows.at[split.test].min()
            assert not np.intersect1d(session[split.train], session[split.test]).size
            assert len(np.unique(session[split.test])) == split.test.sum()
        case _:
            pytest.fail(f"{task.name}: say here what its protocol is")


def test_halfstep_evaluate_gives_the_same_figures(replayed, halfstep, tmp_path):
    task, rows = replayed
    split = task.split(rows)
    bundle = ROOT / "models/bundles" / task.name / str(task.version)
    manifest = yaml.safe_load((bundle / "bundle.yaml").read_text())
    inputs = [i["name"] for i in manifest["inputs"]]
    scores = export.Runtime((bundle / "model.onnx").read_bytes()).probabilities(rows.matrix(inputs)[split.test])
    labels = rows.labels[split.test]
    rows.write(tmp_path / "test.parquet", split.test)
    said = halfstep.evaluate(bundle, tmp_path / "test.parquet")
    assert said["roc_auc"] == pytest.approx(roc_auc_score(labels, scores), abs=1e-6)
    assert said["average_precision"] == pytest.approx(average_precision_score(labels, scores), abs=1e-6)
    assert said["brier"] == pytest.approx(brier_score_loss(labels, scores.astype(float)), abs=1e-6)
    assert {m["name"]: m["value"] for m in manifest["metrics"]} == pytest.approx(said, abs=1e-6)
