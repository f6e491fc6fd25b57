"""Will one of the customer's next three messages be negative? Learned from dialogues, tested on others."""

import numpy as np

from training.set import TrainingSet
from training.task import Candidate, Rule, Split, Task, Trees

# The dialogues have no clock, so nothing here depends on one; nor on the length of texts, which are numbers instead of words in them.
FEW = (
    *("sentiment_last", "sentiment_2", "sentiment_3", "sentiment_mean", "negative_in_a_row", "negative_messages_1d"),
    *("messages_1d", "unanswered_messages", "replies_1d"),
)
ALL = (*FEW, "sentiment_slope", "sentiment_min", "repeated_messages_1d")


def split(rows: TrainingSet) -> Split:
    test = np.char.startswith(rows.customers, "taobao_ssa_clothes_test-")
    return Split(train=~test, test=test, judged=~test, trial=~test, until=rows.last)


def messages(rows: TrainingSet) -> np.ndarray:
    return rows.column("messages_1d")


TASK = Task(
    name="emotion_trend",
    version=1,
    meaning="One of the next 3 messages of the customer is negative.",
    mapping="taobao_ssa",
    files=("taobao_ssa_clothes_train.txt.zst", "taobao_ssa_clothes_dev.txt.zst", "taobao_ssa_clothes_test.txt.zst"),
    licence="Apache-2.0",
    terms="Demonstration, retrain before use: trained on Taobao service dialogues that were released for research, no licence stated.",
    data=(
        "Service dialogues of clothes shops on Taobao (SSA), each turn with its sentiment given by people: -1, 0 or 1. Times do not exist "
        "in the data; turns count as a second apart."
    ),
    protocol=(
        "By dialogue, as published: learned from the files train and dev, tested on the file test. A row is a customer's message that is "
        "not the dialogue's first and has another to follow. Candidates are compared on dialogues that the trial had not learned from. "
        "The test part had been scored once before, for 40 trees on 9 other features: AUC 0.901."
    ),
    limits=(
        "Sentiment is given here. From a text model it comes with errors, and the scores are worse then.",
        "Half-lives and speeds mean nothing in data without a clock, so the model does not know how fast messages come.",
        "Chinese shoppers of clothes: other trades complain otherwise.",
    ),
    split=split,
    candidates=(
        Candidate("logistic regression on 12 features", ALL, penalty=10),
        Candidate("40 trees on 9 features", FEW, trees=Trees(40, 8, rate=0.15)),
        Candidate("40 trees", ALL, trees=Trees(40, 8, rate=0.15)),
        Candidate("80 trees on 9 features", FEW, trees=Trees(80, 8, rate=0.1)),
        Candidate("80 trees", ALL, trees=Trees(80, 8, rate=0.1)),
        Candidate("logistic regression and 80 trees", ALL, penalty=10, trees=Trees(80, 8, rate=0.1)),
    ),
    rule=Rule("sentiment_mean", rising=False),
    bands=(("low", 0.0), ("medium", 0.2), ("high", 0.5)),
    directions={"low": "steady", "medium": "steady", "high": "worsening"},
    slices={
        "second message": lambda rows: messages(rows) <= 2,
        "third to sixth": lambda rows: (messages(rows) > 2) & (messages(rows) <= 6),
        "later": lambda rows: messages(rows) > 6,
        "last message negative": lambda rows: rows.column("sentiment_last") < -0.33,
        "last message not negative": lambda rows: rows.column("sentiment_last") >= -0.33,
    },
)
