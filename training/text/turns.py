"""Turns of the SSA dialogues with their sentiment predicted from their words, which are numbers there: what a text model would have
said, for the emotion trend to be learned and judged without the sentiment that people gave.

The files that are written are those that came, with the predicted sentiment in the place of the given one and the given one behind it,
as the mapping taobao_ssa_text.yaml reads them. Turns of the train part are predicted by models that saw nothing of their dialogue.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import zstandard
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from training.text.data import read

PARTS = ("train", "dev", "test")
FOLDS = 5
SHARES = (1.0, 0.6, 0.4)  # of the turn, the other side's before it, and one's own before that
PENALTY = 4.0


@dataclass(frozen=True)
class Turn:
    dialogue: int
    number: str
    speaker: str
    tokens: str
    sentiment: int  # 1, 2 or 3


def file(part: str) -> str:
    return f"taobao_ssa_clothes_{part}.txt.zst"


def turns(text: str) -> tuple[list[str], list[Turn]]:
    """The heads of the dialogues, and their turns."""
    heads, found = [], []
    for block in text.split("\n\n"):
        lines = block.strip("\n").split("\n")
        if len(lines) < 2:
            continue
        heads.append(lines[0])
        for line in lines[1:]:
            number, speaker, tokens, sentiment = line.split("\t")
            found.append(Turn(len(heads) - 1, number, speaker, tokens, int(sentiment)))
    return heads, found


def before(found: list[Turn]) -> list[tuple[str, str, str]]:
    """What was said: this turn, the last of the other side before it, the last of the same side before it."""
    last: dict[tuple[int, str], str] = {}
    rows = []
    for turn in found:
        other = "b:" if turn.speaker == "c:" else "c:"
        rows.append((turn.tokens, last.get((turn.dialogue, other), ""), last.get((turn.dialogue, turn.speaker), "")))
        last[turn.dialogue, turn.speaker] = turn.tokens
    return rows


class Model:
    """A logistic regression on words and pairs of words, those of the three turns apart."""

    def __init__(self) -> None:
        self.grams = [
            TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), min_df=3, sublinear_tf=True, dtype=np.float32) for _ in SHARES
        ]
        self.model = LogisticRegression(C=PENALTY, max_iter=200, tol=1e-4)

    def matrix(self, rows: list[tuple[str, str, str]], fit: bool = False) -> sp.csr_matrix:
        columns = zip(*rows, strict=True)
        return sp.hstack(
            [share * (g.fit_transform(c) if fit else g.transform(c)) for share, g, c in zip(SHARES, self.grams, columns, strict=True)]
        ).tocsr()

    def fit(self, rows: list[tuple[str, str, str]], labels: np.ndarray) -> "Model":
        self.model.fit(self.matrix(rows, fit=True), labels)
        return self

    def sentiment(self, rows: list[tuple[str, str, str]]) -> np.ndarray:
        """Expected sentiment, from 1 to 3."""
        return self.model.predict_proba(self.matrix(rows)) @ self.model.classes_


def predict(folder: Path, say) -> dict[str, np.ndarray]:
    """Sentiment of every turn of the customer, by part; turns of the shop keep none."""
    parts = {part: turns(read(folder, file(part)))[1] for part in PARTS}
    rows, labels, groups, places = {}, {}, {}, {}
    for part, found in parts.items():
        places[part] = np.array([i for i, turn in enumerate(found) if turn.speaker == "c:"])
        said = before(found)
        rows[part] = [said[i] for i in places[part]]
        labels[part] = np.array([found[i].sentiment for i in places[part]])
        groups[part] = np.array([found[i].dialogue for i in places[part]])
    predicted = {part: np.full(len(found), 2.0) for part, found in parts.items()}
    for fold, (known, unseen) in enumerate(GroupKFold(FOLDS).split(labels["train"], groups=groups["train"])):
        model = Model().fit([rows["train"][i] for i in known], labels["train"][known])
        predicted["train"][places["train"][unseen]] = model.sentiment([rows["train"][i] for i in unseen])
        say(f"turns: fold {fold + 1} of {FOLDS}")
    model = Model().fit(rows["train"], labels["train"])
    for part in PARTS[1:]:
        predicted[part][places[part]] = model.sentiment(rows[part])
    for part in PARTS:
        guesses, truth = np.rint(predicted[part][places[part]]), labels[part]
        say(f"turns: {part}, {len(truth):,} turns, rounded to a class right in {(guesses == truth).mean():.4f}")
    return predicted


def write(folder: Path, out: Path, predicted: dict[str, np.ndarray]) -> list[Path]:
    """The files for replay, named as those that came."""
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for part, values in predicted.items():
        heads, found = turns(read(folder, file(part)))
        text, open_ = io.StringIO(), -1
        for turn, value in zip(found, values, strict=True):
            if turn.dialogue != open_:
                text.write(("\n" if open_ >= 0 else "") + heads[turn.dialogue] + "\n")
                open_ = turn.dialogue
            text.write(f"{turn.number}\t{turn.speaker}\t{turn.tokens}\t{value:.4f}\t{turn.sentiment}\n")
        path = out / file(part)
        path.write_bytes(zstandard.ZstdCompressor(level=10).compress(text.getvalue().encode()))
        paths.append(path)
    return paths
