"""Golden rows: messages made up to reach the edges of what the graph does, and what the model says of them."""

import itertools
import json

import numpy as np

from training.export import TOLERANCE, Runtime
from training.text.grams import codes
from training.text.task import Task

EDGES = (
    "", " ", "\n", "。", "a", "A", "Ａ", "好", "0", "\U0001f621", "\x00", "\uffff", "\U0010fffd", "'", "''", "it's", "é", "x" * 600,
    "很" * 511 + "好",
    "不好" * 300, "ＨＥＬＬＯ　ＷＯＲＬＤ", "订单１２３４５６", "good\tbad\r\nugly", "🙂🙂🙂", "!!!???", "a b c d e f g",
)  # fmt: skip
OPENINGS = ("", "你好，", "请问", "Hi, ", "I ordered last week and ")
MIDDLES = (
    "快递太慢了",
    "衣服质量很好",
    "什么时候发货",
    "我要退货退款",
    "the parcel is late",
    "it works great",
    "发票开错了，帮我改一下",
    "谢谢你",
)
ENDINGS = ("", "！", "，非常失望", "，五星好评", " and nobody answers", " thanks")


def rows(fields: int) -> list[tuple[str, ...]]:
    """At least 64, with one to `fields` texts."""
    combined = ["".join(parts) for parts in itertools.product(OPENINGS, MIDDLES, ENDINGS)][::4]
    messages = [*EDGES, *combined]
    return [
        tuple(messages[(i * 7 + k * 11) % len(messages)] if k else message for k in range(i % fields + 1))
        for i, message in enumerate(messages)
    ]


def scores(task: Task, runtime: Runtime, texts: list[tuple[str, ...]]) -> np.ndarray:
    """[texts, outputs], in the order of the manifest's outputs."""
    names = ["score", "probabilities"] if task.signed else ["probabilities"]
    return np.vstack([np.hstack(runtime.session.run(names, {"text": codes(fields)[None]})) for fields in texts])


def text(texts: list[tuple[str, ...]], found: np.ndarray) -> str:
    """golden.json"""
    said = ",\n".join(json.dumps(fields[0] if len(fields) == 1 else list(fields), ensure_ascii=False) for fields in texts)
    numbers = ",\n".join(json.dumps([round(float(v), 7) for v in row]) for row in found)
    return f'{{"texts": [\n{said}],\n"scores": [\n{numbers}],\n"tolerance": {TOLERANCE}}}\n'
