"""README, reports and bundles say the same."""

import pytest
import yaml

from training import quality, record
from training.errors import TrainingError
from training.halfstep import ROOT
from training.tasks import TASKS

RECORDS = sorted(quality.REPORTS.glob("*.json"))


def test_readme_has_the_table_of_the_reports():
    readme = (ROOT / "README.md").read_text()
    assert quality.rewritten(readme, quality.table(quality.REPORTS)) == readme, "run make train"


def test_every_task_that_ships_has_a_report():
    assert {path.stem for path in RECORDS} >= set(TASKS)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_report_is_of_the_bundle_that_ships(path):
    found = record.read(path)
    assert path.with_suffix(".md").exists()
    if not found.ships:
        return
    bundle = ROOT / "models/bundles" / found.name / str(found.version)
    manifest = yaml.safe_load((bundle / "bundle.yaml").read_text())
    values = [m["value"] for m in manifest["metrics"]]
    assert found.model == manifest["model"]["sha256"], "train again"
    assert found.size == (bundle / "model.onnx").stat().st_size
    for figure in found.figures:
        assert any(value == pytest.approx(figure.ours.value, abs=1e-6) for value in values), f"{figure.on}: train again"
        assert figure.gain.value == pytest.approx(figure.ours.value - figure.plain.value, abs=1e-9)


def test_reports_are_small():
    files = list(quality.REPORTS.iterdir())
    assert sum(f.stat().st_size for f in files) < 2_000_000
    assert all(f.stat().st_size < 60_000 for f in files if f.suffix == ".png")


def test_a_readme_without_a_place_for_the_table():
    with pytest.raises(TrainingError, match="no place for the table"):
        quality.rewritten("# halfstep\n", "table")
    text = f"before\n{quality.BEGIN}old\n{quality.END}after\n"
    assert quality.rewritten(text, "new\n") == f"before\n{quality.BEGIN}new\n{quality.END}after\n"
