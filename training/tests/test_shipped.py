"""The bundles that ship, as they lie in the tree."""

import json

import numpy as np
import pytest
import yaml

from training import export
from training.halfstep import ROOT
from training.tasks import TASKS
from training.text import trend
from training.text.grams import codes

BUNDLES = ROOT / "models/bundles"
EVERY = sorted(path.parent for path in BUNDLES.glob("*/*/bundle.yaml"))
OPEN = ("CC BY 4.0", "MIT")


def described(at):
    return yaml.safe_load((at / "bundle.yaml").read_text())


def called(at):
    return at.parent.name


def test_every_task_ships():
    assert {called(at) for at in EVERY} >= set(TASKS)


@pytest.mark.parametrize("name", TASKS)
def test_golden_rows_agree(name):
    """A bundle that is not there fails."""
    at = BUNDLES / name / str(TASKS[name].version)
    golden = json.loads((at / "golden.json").read_text())
    rows = np.array(golden["rows"], dtype=np.float32)
    scores = export.Runtime((at / "model.onnx").read_bytes()).probabilities(rows)
    assert len(rows) >= 64
    assert np.isnan(rows).all(axis=1).any(), "no row with everything missing"
    assert np.abs(scores - golden["scores"]).max() <= golden["tolerance"] <= 1e-5
    assert np.ptp(scores) > 0.3


@pytest.mark.parametrize("at", [at for at in EVERY if described(at).get("kind") == "text"], ids=called)
def test_golden_texts_agree(at):
    golden, outputs = json.loads((at / "golden.json").read_text()), described(at)["outputs"]
    session = export.Runtime((at / "model.onnx").read_bytes()).session
    fields = [(text,) if isinstance(text, str) else tuple(text) for text in golden["texts"]]
    assert len(fields) >= 64
    assert ("",) in fields
    for text, wanted in zip(fields, golden["scores"], strict=True):
        found = dict(zip([o.name for o in session.get_outputs()], session.run(None, {"text": codes(text)[None]}), strict=True))
        said = [found[output["tensor"]][0, output["column"]] for output in outputs]
        assert np.abs(np.array(said) - wanted).max() <= golden["tolerance"] <= 1e-5, text


@pytest.mark.parametrize("at", EVERY, ids=called)
def test_terms_are_said(at):
    terms = described(at)["terms"]
    assert "emonstration, retrain before use" in terms or any(licence in terms for licence in OPEN)
    assert terms in (at / "README.md").read_text()
    assert sum(f.stat().st_size for f in at.iterdir()) < 4_000_000


@pytest.mark.parametrize("at", EVERY, ids=called)
def test_the_card_has_every_file_that_taught(at):
    card = (at / "README.md").read_text()
    data = described(at)["training"]["data"]
    assert data
    for source in data:
        assert f"`{source['name']}`, sha256 `{source['sha256']}`" in card


def test_what_does_not_ship_says_how_it_is_made():
    page = (ROOT / f"training/reports/{trend.TASK.name}.md").read_text()
    assert f"`{trend.TASK.command}` writes this page" in page
    assert trend.TASK.protocol in page
