"""A whole training, twice: what is written is the same, agrees with itself, and is refused where the server would say otherwise."""

import io

import numpy as np
import pytest
import yaml
from PIL import Image

from training import cache, record, study
from training.cache import Cache
from training.errors import TrainingError
from training.evaluate import Judge
from training.export import Runtime
from training.pipeline import Workshop
from training.set import read
from training.tests import made


class Served:
    """Stands for the binary: it judges with ONNX Runtime, as that does, and may be wrong by some."""

    def __init__(self, wrong=0.0):
        self.wrong = wrong

    def verify(self, bundle):
        assert (bundle / "bundle.yaml").exists()

    def evaluate(self, bundle, path):
        rows = read(path)
        inputs = [i["name"] for i in yaml.safe_load((bundle / "bundle.yaml").read_text())["inputs"]]
        scores = Runtime((bundle / "model.onnx").read_bytes()).probabilities(rows.matrix(inputs)).astype(float)
        found = Judge(rows.labels, rows.customers).measure(scores)
        return {name: interval.value + self.wrong for name, interval in found.items()}


class Made(Workshop):
    def rows(self, task, given, say):
        return read(given)


def train(folder, served=None, known=None):
    """What is written into a folder; known is a record that lies there from before."""
    (folder / "reports").mkdir(parents=True)
    if known:
        (folder / "reports/made.json").write_bytes(known)
    given = made.write(folder / "set.parquet")
    shop = Made(folder, served or Served(), Cache(folder / "cache"), folder / "bundles", folder / "reports", say=lambda line: None)
    shop.train(made.TASK, given)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for part in ("bundles", "reports") for p in (folder / part).rglob("*.*")}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return train(tmp_path_factory.mktemp("one") / "x")


def test_twice_gives_the_same_bytes(written, tmp_path):
    """The microseconds too, when the record of the same model is there."""
    assert train(tmp_path / "x", known=written["reports/made.json"]) == written


def test_another_model_is_timed_anew(written, tmp_path):
    known = written["reports/made.json"].replace(b'"microseconds": ', b'"microseconds": 9')
    same = train(tmp_path / "same", known=known)
    assert record.read_text(same["reports/made.json"].decode()) == record.read_text(known.decode())
    model = record.read_text(known.decode()).model.encode()
    other = train(tmp_path / "other", known=known.replace(model, b"0" * 64))
    assert record.read_text(other["reports/made.json"].decode()).microseconds != record.read_text(known.decode()).microseconds


def test_the_page_shows_every_picture_there_is(written):
    page = written["reports/made.md"].decode()
    pictures = [name for name in written if name.endswith(".png")]
    assert len(pictures) == 4
    for name in pictures:
        assert f"({name.removeprefix('reports/')})" in page
        assert len(written[name]) < 60_000
        with Image.open(io.BytesIO(written[name])) as image:
            assert image.width <= 1000
            assert len(image.getcolors()) > 5


def test_the_table_has_the_baselines_and_how_far_they_are_behind(written):
    rows = [line.split(" | ") for line in written["reports/made.md"].decode().splitlines() if line.startswith("| ")]
    table = {row[0].removeprefix("| "): row[1:] for row in rows if len(row) >= 8}
    for name in ("base rate", "days_since_last_order alone", "logistic regression", "HistGradientBoosting"):
        auc, gain = table[name][0], table[name][4]
        assert float(auc.split(" ")[0]) + float(gain.split(" ")[0]) == pytest.approx(float(table["this bundle"][0].split(" ")[0]), abs=2e-3)
        assert "[" in auc
        assert "[" in gain
    assert float(table["this bundle"][5]) > 0


def test_figures_are_those_of_the_bundle(written):
    found = record.read_text(written["reports/made.json"].decode())
    manifest = yaml.safe_load(written["bundles/made/7/bundle.yaml"])
    auc = next(m for m in manifest["metrics"] if m["name"] == "roc_auc")
    assert found.figures[0].ours.value == pytest.approx(auc["value"], abs=1e-6)
    assert found.model == manifest["model"]["sha256"]
    assert found.size == len(written["bundles/made/7/model.onnx"])


def test_a_server_that_finds_otherwise_stops_it(tmp_path):
    with pytest.raises(TrainingError, match="halfstep evaluate gives roc_auc"):
        train(tmp_path / "x", Served(wrong=2e-6))
    assert not list((tmp_path / "x/bundles").rglob("*.*"))
    assert not list((tmp_path / "x/reports").iterdir())


def test_importance_finds_what_the_labels_were_made_of(written, tmp_path):
    rows = made.rows(tmp_path)
    found = study.make(made.TASK, rows, made.split(rows), made.TASK.candidates[1])
    assert {i.feature for i in found.importances[:2]} <= {"days_since_last_order", "orders_90d", "orders_total"}
    assert found.importances[0].loss > 0.05
    assert [s.customers for s in found.sizes] == sorted(s.customers for s in found.sizes)
    assert found.sizes[-1].auc.value > 0.7


def test_the_study_does_not_look_at_the_test_part(tmp_path):
    rows = made.rows(tmp_path)
    split = made.split(rows)
    labels = np.where(split.test, 1 - rows.labels, rows.labels).astype(np.float32)
    other = read(made.write(tmp_path / "other.parquet", label=labels))
    assert study.make(made.TASK, rows, split, made.TASK.candidates[0]) == study.make(made.TASK, other, split, made.TASK.candidates[0])


def test_a_step_is_done_again_when_what_it_calls_changes(tmp_path, monkeypatch):
    for name, text in {"one": "from p.two import f", "two": "f = 1", "three": "g = 1"}.items():
        (tmp_path / "p").mkdir(exist_ok=True)
        (tmp_path / f"p/{name}.py").write_text(text)
    monkeypatch.setattr(cache, "PACKAGE", tmp_path / "p")
    before = cache.code_digest("p.one")
    (tmp_path / "p/three.py").write_text("g = 2")
    assert cache.code_digest("p.one") == before
    (tmp_path / "p/two.py").write_text("f = 2")
    assert cache.code_digest("p.one") != before
