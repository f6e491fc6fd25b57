"""The bundles that ship, as they lie in the tree."""

import json

import numpy as np
import pytest
import yaml

from training import export
from training.halfstep import ROOT
from training.tasks import TASKS

BUNDLES = ROOT / "models/bundles"


@pytest.mark.parametrize("name", TASKS)
def test_golden_rows_agree(name):
    """A bundle that is not there fails."""
    at = BUNDLES / name / str(TASKS[name].version)
    golden = json.loads((at / "golden.json").read_text())
    rows = np.array(golden["rows"], dtype=np.float32)
    scores = export.Runtime((at / "model.onnx").read_bytes()).probabilities(rows)
    assert len(rows) >= 64
    assert np.abs(scores - golden["scores"]).max() <= golden["tolerance"] <= 1e-5
    assert np.ptp(scores) > 0.3


@pytest.mark.parametrize("name", TASKS)
def test_terms_are_said(name):
    at = BUNDLES / name / str(TASKS[name].version)
    manifest = yaml.safe_load((at / "bundle.yaml").read_text())
    assert "CC BY 4.0" in manifest["terms"] or "emonstration, retrain before use" in manifest["terms"]
    assert manifest["terms"] in (at / "README.md").read_text()
    assert sum(f.stat().st_size for f in at.iterdir()) < 500_000
