"""From texts to a bundle, on texts that are made up."""

import json

import numpy as np
import onnxruntime
import pytest

from training.cache import Cache
from training.text import bundle, golden
from training.text.corpus import count
from training.text.data import Text
from training.text.fit import Calibration, Settings, calibrate, fit, probabilities
from training.text.grams import Spec, codes
from training.text.learn import learn
from training.text.pipeline import Workshop
from training.text.table import keep, score
from training.text.task import Candidate, Exam, Task

GOOD, BAD = ("很好", "喜欢", "great", "love it", "推荐"), ("太差", "失望", "awful", "broken", "退货")


def made_up(count: int, seed: int) -> list[Text]:
    """Texts with a word that tells, among others that do not; what was said before is noise."""
    random = np.random.default_rng(seed)
    filler = ["the parcel", "衣服", "快递", "phone", "，", " and ", "昨天", "收到"]
    texts = []
    for i in range(count):
        label = int(random.integers(2))
        words = [*random.choice(filler, 3), random.choice((BAD, GOOD)[label]), *random.choice(filler, 2)]
        texts.append(Text((" ".join(words), str(random.choice(filler))), label, f"{seed} {i // 2}"))
    return texts


def task(**changes) -> Task:
    settings = {
        "name": "mood", "version": 1, "meaning": "How it sounds.", "created": "2026-01-01T00:00:00Z", "licence": "Apache-2.0",
        "terms": "none",
        "inputs": ("message", "earlier_message"), "classes": ("bad", "good"), "signed": True, "bands": (("low", -1.0), ("high", 0.5)),
        "words": True, "candidates": tuple(Candidate(f"{n} texts", Settings(4.0, bits=12, shares=(1.0, 0.5)[:n])) for n in (1, 2)),
        "folds": 3, "files": (), "protocol": "Made up.", "limits": ("Everything.",),
    }  # fmt: skip
    return Task(**settings | changes)


def quiet(_: str) -> None:
    pass


def test_scores_of_many_are_those_of_one():
    texts = made_up(300, 1)
    spec = Spec(fields=2, words=True)
    counts = count([t.fields for t in texts], spec)
    rows, labels = np.arange(200), np.array([t.label for t in texts])
    table = fit(counts, rows, labels, spec, Settings(4.0, bits=10, shares=(1.0, 0.5)))
    many = score(table, counts, np.arange(300))
    np.testing.assert_allclose(many, [table.logits(t.fields) for t in texts], atol=1e-5)
    assert ((many[200:, 0] > 0) == labels[200:]).mean() > 0.95


def test_three_classes_are_told_apart():
    texts = [Text((f"{'甲乙丙'[i % 3]} 之后 {i % 7}",), i % 3, str(i)) for i in range(90)]
    counts = count([t.fields for t in texts], Spec())
    labels = np.array([t.label for t in texts])
    table = fit(counts, np.arange(60), labels, Spec(), Settings(10.0, bits=8, balance=0.5))
    assert (score(table, counts, np.arange(60, 90)).argmax(1) == labels[60:]).all()


def test_a_crowded_bucket_keeps_the_worthiest():
    assert keep(np.array([1, 9, 17, 2]), np.array([0.5, 3.0, 1.0, 0.1]), 8).tolist() == [1, 3]


def test_calibration_recovers_the_scale():
    random = np.random.default_rng(2)
    truth = random.normal(0, 2, 20_000)
    labels = (random.random(20_000) < 1 / (1 + np.exp(-truth))).astype(int)
    found = calibrate((truth[:, None] - 1) / 3, labels)
    assert found.slope == pytest.approx(3, rel=0.1)
    assert found.offset == pytest.approx(1, abs=0.1)
    assert probabilities(found.applied((truth[:, None] - 1) / 3))[:, 1].mean() == pytest.approx(labels.mean(), abs=0.01)


def test_the_smaller_candidate_ships_when_it_is_as_good():
    assert learn(task(), made_up(300, 1), quiet).candidate.name == "1 texts"


def test_a_group_is_never_on_both_sides():
    """Every group has its own secret word, which says the label: a fold that saw the group would be always right."""
    random = np.random.default_rng(4)
    texts = [Text((f"秘密{chr(0x4E00 + i // 2)}",), int(random.integers(2)), str(i // 2)) for i in range(400)]
    texts = [Text(t.fields, texts[i // 2 * 2].label, t.group) for i, t in enumerate(texts)]
    found = learn(task(candidates=task().candidates[:1]), texts, quiet)
    assert found.trials[0].accuracy < 0.65


def test_a_bundle_is_the_same_bytes_again_and_golden(tmp_path):
    learned, judged = made_up(300, 1), [Exam("others", made_up(100, 2))]

    def made(folder: str) -> dict[str, bytes]:
        report = Workshop(tmp_path, Cache(tmp_path / folder), quiet).train(task(), learned, judged)
        assert report.judged[0].measures["accuracy"].value > 0.95
        return bundle.contents(report)

    files = made("a")
    assert files == made("b")
    table = json.loads(files["golden.json"])
    assert len(table["texts"]) == len(table["scores"]) >= 64
    session = onnxruntime.InferenceSession(files["model.onnx"])
    for text, wanted in zip(table["texts"], table["scores"], strict=True):
        fields = (text,) if isinstance(text, str) else tuple(text)
        got = np.hstack(session.run(["score", "probabilities"], {"text": codes(fields)[None]}))[0]
        np.testing.assert_allclose(got, wanted, atol=table["tolerance"])
        assert got[0] == pytest.approx(2 * got[1] - 1, abs=1e-6)


def test_golden_rows_have_edges():
    rows = golden.rows(3)
    assert len(rows) >= 64
    assert ("",) in rows
    assert {len(row) for row in rows} == {1, 2, 3}
    assert max(len(row[0]) for row in rows) > 512


def test_a_word_may_be_good_of_one_kind_and_bad_of_another():
    random = np.random.default_rng(6)
    texts = []
    for i in range(600):
        kind, thin = i % 2, int(random.integers(2))
        goods = random.choice((("洗发水", "洗头"), ("平板", "电脑"))[kind])
        texts.append(Text((f"{goods} {'厚薄'[thin]}",), kind ^ thin, str(i), kind=str(kind)))
    counts = count([t.fields for t in texts], Spec())
    labels, kinds = (np.array(column) for column in zip(*((t.label, int(t.kind)) for t in texts), strict=True))
    rows = np.arange(400)
    settings = Settings(50.0, bits=10, power=0.0, kinds=True)
    table = fit(counts, rows, labels, Spec(), settings, kinds=kinds)
    assert (((score(table, counts, np.arange(600)) > 0)[:, 0] == labels)[400:]).mean() > 0.9
    calibrated = Calibration(2.0, 0.5).folded(table)
    text = texts[-1].fields
    assert calibrated.logits(text)[0] == pytest.approx(2 * table.logits(text)[0] + 0.5, rel=1e-2)
