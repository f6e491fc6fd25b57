"""The emotion trend from text: the task of emotion_trend on dialogues whose sentiment was predicted. It judges; nothing of it ships."""

from dataclasses import replace
from pathlib import Path

from training.cache import code_digest, file_digest
from training.pipeline import Workshop
from training.tasks import emotion_trend
from training.text import turns

TASK = replace(
    emotion_trend.TASK,
    name="emotion_trend_text",
    mapping="training/text/taobao_ssa_text.yaml",
    files=tuple(turns.file(part) for part in turns.PARTS),
    protocol=(
        "Dialogues, points and parts are those of [emotion_trend](emotion_trend.md), and labels go by the sentiment that people gave. The "
        "features do not: they fold what a model says of each turn's words, a logistic regression on TF-IDF of words and pairs, of the "
        "turn, the other side's before it and the customer's own before that. It learned from the file train; turns of that file are "
        "predicted by models that saw nothing of their dialogue. Candidates are compared on dialogues that the trial had not learned from."
    ),
    limits=("Sentiment is predicted from the words of the dialogues; the model that predicts it saw none of those it is used on.",),
)


def report(shop: Workshop) -> Path:
    """Predict the turns, replay them, fit and judge. The report is what there is of it."""
    folder, cache = shop.data, shop.cache
    files = {name: file_digest(folder / name) for name in TASK.files if (folder / name).exists()}
    predicted = cache.get("turns", lambda: turns.predict(folder, shop.say), code=code_digest("training.text.turns"), **files)
    turns.write(folder, cache.folder / "turns", predicted)
    replace(shop, data=cache.folder / "turns", out=cache.folder / "judged").train(TASK)
    return shop.reports / f"{TASK.name}.md"
