"""The graph and numpy must agree on every text, or what was measured is not what serves."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from training.text import graph
from training.text.grams import Spec, codes, grams
from training.text.table import Table

TEXTS = [
    "", " ", "好", "不好", "Where is my order?", "This is NOT good, don't buy!!", "ＡＢＣ１２３", "物流太慢了，三天还没到，差评",
    "\U0001f621\U0001f621 bad",
    "a'b ''", "x" * 2000, "很" * 600 + "good", "订单号 88231 还没发货 where is it", "\x00\uffff", "it's", "é è Ü ß", "\n\t\r",
]  # fmt: skip


def random_table(spec: Spec, texts: list[tuple[str, ...]], logits: int, buckets: int = 1 << 12) -> Table:
    """Every gram of the texts, as far as there is room, with weights at random."""
    random = np.random.default_rng(3)
    prints, weights = np.zeros(buckets, np.uint16), np.zeros((buckets, logits + 1), np.float16)
    for text in texts:
        found, _ = grams(codes(text), spec)
        prints[found % buckets] = found % 65521
    filled = prints > 0
    weights[filled, :-1] = random.normal(size=(filled.sum(), logits))
    weights[filled, -1] = random.uniform(0.01, 4, filled.sum())
    shares = np.linspace(1, 0.3, spec.fields)
    return Table(spec, prints, weights, random.normal(size=logits).astype(np.float32), shares.astype(np.float32))


def made_up(count: int, fields: int) -> list[tuple[str, ...]]:
    random = np.random.default_rng(11)
    letters = list("abcXYZ'  0,.!好坏不很快慢退货发票单\U0001f600Ａ")
    text = lambda: "".join(random.choice(letters, random.integers(0, 60)))  # noqa: E731
    return [tuple(text() for _ in range(random.integers(1, fields + 2))) for _ in range(count)]


@pytest.mark.parametrize(
    ("spec", "logits"), [(Spec(), 1), (Spec(words=True), 1), (Spec(fields=4), 3), (Spec(fields=3, words=True), 43), (Spec(), 7)], ids=str
)
def test_graph_says_what_numpy_says(spec, logits):
    texts = [(text,) for text in TEXTS] + made_up(1500, spec.fields)
    table = random_table(spec, texts[::2], logits)
    if logits == 7:
        table = replace(table, mixed=True)  # one for all and three kinds
        logits = 1
    session = onnxruntime.InferenceSession(graph.build(table, ("text",)).SerializeToString())
    for text in texts:
        (got,) = session.run(["probabilities"], {"text": codes(text)[None]})
        wanted = table.logits(text)
        wanted = 1 / (1 + np.exp(-wanted)) if logits == 1 else np.exp(wanted - wanted.max()) / np.exp(wanted - wanted.max()).sum()
        np.testing.assert_allclose(got[0], wanted, atol=1e-5, err_msg=repr(text))


def test_the_same_table_gives_the_same_bytes():
    table = random_table(Spec(words=True), [(text,) for text in TEXTS], 1)
    assert graph.build(table, ("a",)).SerializeToString() == graph.build(table, ("a",)).SerializeToString()


def test_wide_and_capital_letters_are_plain_ones():
    spec = Spec(words=True)
    for one, other in [("ＡＢＣ１２３", "abc999"), ("Good", "gOOD"), ("é", "É"), ("a\u3000b", "a\tb")]:
        assert set(grams(codes((one,)), spec)[0]) == set(grams(codes((other,)), spec)[0])


def test_grams_of_one_field_are_not_those_of_another():
    spec = Spec(fields=2)
    message, reply = (set(grams(codes(text), spec)[0]) for text in [("退货",), ("", "退货")])
    assert not message & reply
