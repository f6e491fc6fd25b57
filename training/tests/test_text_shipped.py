"""The bundles that read messages, as they lie in the tree."""

import json

import numpy as np
import onnxruntime
import pytest
import yaml

from training.halfstep import ROOT
from training.text.dialogue import INTENT, SATISFIED
from training.text.grams import codes
from training.text.sentiment import SHIPPED

TASKS = (SHIPPED, INTENT, SATISFIED)


def folder(task):
    return ROOT / "models/bundles" / task.name / str(task.version)


def reader(task):
    """What the model says of a message and what was said before it, by the names in bundle.yaml."""
    session = onnxruntime.InferenceSession(folder(task) / "model.onnx")
    outputs = yaml.safe_load((folder(task) / "bundle.yaml").read_text())["outputs"]

    def read(*texts: str) -> dict[str, float]:
        found = {tensor: session.run([tensor], {"text": codes(texts)[None]})[0][0] for tensor in {o["tensor"] for o in outputs}}
        return {o["name"]: float(found[o["tensor"]][o["column"]]) for o in outputs}

    return read


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_golden_rows_agree(task):
    golden, read = json.loads((folder(task) / "golden.json").read_text()), reader(task)
    assert len(golden["texts"]) == len(golden["scores"]) >= 64
    for text, scores in zip(golden["texts"], golden["scores"], strict=True):
        texts = [text] if isinstance(text, str) else text
        np.testing.assert_allclose(list(read(*texts).values()), scores, atol=golden["tolerance"])


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_small_and_its_terms_are_said(task):
    manifest = yaml.safe_load((folder(task) / "bundle.yaml").read_text())
    assert manifest["terms"] == task.terms
    assert task.terms in (folder(task) / "README.md").read_text()
    assert ("MIT" in task.terms) != ("emonstration, retrain before use" in task.terms)
    assert (folder(task) / "model.onnx").stat().st_size < 2_000_000


def test_sentiment_reads_chinese_and_english():
    read = reader(SHIPPED)
    for text in ("质量太差了，非常失望", "垃圾，不要买", "The screen broke after two days, awful support", "This is terrible, I hate it"):
        assert read(text)["sentiment"] < -0.33, text
    for text in (
        "很好，非常喜欢，推荐购买",
        "物流很快，质量不错",
        "Great product, works perfectly and I love it",
        "Excellent, highly recommended",
    ):
        assert read(text)["sentiment"] > 0.33, text


def test_intent_goes_by_what_was_said_before():
    read = reader(INTENT)
    assert max(read("怎么取消订单").items(), key=lambda kv: kv[1])[0] == "cancel_order"
    asked = read("怎么弄", "我要开发票")["get_invoice"], read("怎么弄", "什么时候送到")["get_invoice"]
    assert asked[0] > asked[1]


def test_satisfaction_tells_thanks_from_anger():
    read = reader(SATISFIED)
    assert read("好的，谢谢你，非常满意")["satisfied"] > read("你们这什么态度，我要投诉")["satisfied"]
    assert read("你们这什么态度，我要投诉")["dissatisfied"] > 0.5
