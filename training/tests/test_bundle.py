"""A bundle is written whole, or what was there stays."""

import hashlib
import json
import signal
import subprocess
import sys

import numpy as np
import pytest
import yaml

from training import bundle, export, fit, report
from training.errors import TrainingError
from training.halfstep import ROOT
from training.tests import made


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    rows = made.rows(tmp_path_factory.mktemp("set"))
    split = made.split(rows)
    fitted = fit.fit(made.TASK, rows, split, lambda line: None)
    judged = report.make(made.TASK, rows, split, fitted, export.Runtime(export.serialize(fitted.model)))
    return report.Trained(made.TASK, rows, split, fitted, judged)


def write(trained, folder, approve=lambda bundle: None):
    return bundle.write(trained, folder / "bundles", folder / "scratch", approve)


def test_it_is_whole(trained, tmp_path):
    at = write(trained, tmp_path)
    assert at == tmp_path / "bundles/made/7"
    assert {p.name for p in at.iterdir()} == {"bundle.yaml", "model.onnx", "golden.json", "reference.json", "README.md"}
    manifest = yaml.safe_load((at / "bundle.yaml").read_text())
    for part in ("model", "golden", "reference"):
        assert manifest[part]["sha256"] == hashlib.sha256((at / manifest[part]["file"]).read_bytes()).hexdigest()
    assert [i["hash"] for i in manifest["inputs"]] == [trained.rows.hashes[i["name"]] for i in manifest["inputs"]]
    assert all(m["low"] <= m["value"] <= m["high"] for m in manifest["metrics"])
    assert manifest["bands"][1] == {"name": "high", "from": 0.5, "direction": "worsening"}
    reference = json.loads((at / "reference.json").read_text())
    assert sum(reference["scores"]["counts"]) == reference["rows"] == trained.split.train.sum()
    assert not list((tmp_path / "scratch").iterdir())


def test_the_same_set_gives_the_same_bytes(trained):
    rows = trained.rows
    again = fit.fit(made.TASK, rows, trained.split, lambda line: None)
    judged = report.make(made.TASK, rows, trained.split, again, export.Runtime(export.serialize(again.model)))
    assert bundle.contents(report.Trained(made.TASK, rows, trained.split, again, judged)) == bundle.contents(trained)


def test_golden_rows_reach_the_edges(trained):
    golden = json.loads(bundle.contents(trained)["golden.json"])
    table = np.array(golden["rows"], dtype=np.float32)
    assert len(table) >= 64
    assert np.isnan(table).all(axis=1).any()
    assert np.nanmax(table) >= 1e9
    assert table.min(where=~np.isnan(table), initial=0) <= -1e9


def test_a_refused_bundle_leaves_the_old_one(trained, tmp_path):
    old = write(trained, tmp_path)
    (old / "mark").write_text("old")

    def refuse(fresh):
        assert (fresh / "bundle.yaml").exists()
        raise TrainingError("no")

    with pytest.raises(TrainingError):
        write(trained, tmp_path, refuse)
    assert (old / "mark").exists()
    assert not list((tmp_path / "scratch").iterdir())


def interrupting(after):
    """Path.write_bytes that is interrupted after so many files, half of the next one written."""
    whole, written = bundle.Path.write_bytes, []

    def write_bytes(path, content):
        written.append(path)
        if len(written) <= after:
            return whole(path, content)
        whole(path, content[: len(content) // 2])
        raise KeyboardInterrupt

    return write_bytes


@pytest.mark.parametrize("after", [0, 2, 4])
def test_an_interruption_amid_the_files_leaves_what_was_there(trained, tmp_path, monkeypatch, after):
    old = write(trained, tmp_path)
    (old / "mark").write_text("old")
    monkeypatch.setattr(bundle.Path, "write_bytes", interrupting(after))
    with pytest.raises(KeyboardInterrupt):
        write(trained, tmp_path)
    assert (old / "mark").read_text() == "old"
    assert not list((tmp_path / "scratch").iterdir())


KILLED = """
import os, signal, sys
from pathlib import Path
from training import bundle

def killed(fresh):
    os.kill(os.getpid(), signal.SIGKILL)

folder = Path(sys.argv[1])
bundle.place({"bundle.yaml": b"new", "model.onnx": b"new"}, folder / "bundles/made/7", folder / "scratch", killed)
"""


def test_a_kill_leaves_what_was_there(tmp_path):
    """Nothing can be tidied up then, so nothing may have been touched; what was begun lies outside the bundles."""
    old = tmp_path / "bundles/made/7"
    old.mkdir(parents=True)
    (old / "bundle.yaml").write_text("old")
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    assert [p for p in (tmp_path / "bundles").rglob("*") if p.is_file()] == [old / "bundle.yaml"]
    assert (old / "bundle.yaml").read_text() == "old"
