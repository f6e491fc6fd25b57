import os
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from training.errors import TrainingError
from training.text import data, dialogue, english, sentiment, turns
from training.text.data import Text

DATA = Path(__file__).parents[2] / os.environ.get("HALFSTEP_DATA", "../shared/datasets")


@pytest.fixture
def folder() -> Path:
    if not DATA.exists() and not os.environ.get("CI"):
        pytest.skip("HALFSTEP_DATA names no folder, and neither is ../shared/datasets one")
    return DATA


def test_what_taught_does_not_judge(folder):
    reviews = data.reviews(folder)
    assert len({data.plain(t.fields[0]) for t in reviews}) == len(reviews)
    _, judged = sentiment.split(data.shopping(folder))
    left = sentiment.without(judged, reviews)
    assert len(judged) == 12_555
    assert 0 < len(left) < len(judged)
    assert not {data.plain(t.fields[0]) for t in reviews} & {data.plain(t.fields[0]) for t in left}


def test_two_texts_are_the_same_by_their_letters():
    taught, judged = [Text(("很好，Good!",), 1, "a")], [Text((" 很好 good",), 1, "b"), Text(("不好",), 0, "c")]
    assert sentiment.without(judged, taught) == judged[1:]


def test_overall_turns_are_left_out(folder):
    learned, (test,) = dialogue.satisfaction(folder)
    assert len(test.texts) == 4_435
    assert not {t.group for t in learned} & {t.group for t in test.texts}
    assert all(t.fields[0] != "OVERALL" for t in [*learned, *test.texts])
    learned, (test,) = dialogue.intent(folder)
    assert (len(learned), len(test.texts)) == (5_666, 5_425)
    seen = Counter(t.label for t in learned)
    assert len(seen) == 43
    assert min(seen.values()) >= 20


def test_context_comes_from_before(folder):
    found = data.dialogues(folder)
    first = [t for t in found if t.dialogue == found[0].dialogue]
    assert (first[0].earlier_message, first[0].reply) == ("", "")
    for before, turn in pairwise(first):
        assert turn.earlier_message == before.message[:200]


def test_a_neutral_sentence_counts_by_half():
    made = english.texts([("fine", 0.1, "tweet 1"), ("great", 2.0, "tweet 2"), ("bad", -0.5, "tweet 3")])
    assert [(t.label, t.weight) for t in made] == [(0, 0.5), (1, 0.5), (1, 1.0), (0, 1.0)]


def test_missing_data_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(TrainingError, match="HALFSTEP_DATA"):
        data.reviews(tmp_path)


def test_a_damaged_download_is_refused(tmp_path):
    (tmp_path / english.FILE).write_bytes(b"no package")
    with pytest.raises(TrainingError, match="sha256"):
        english.fetch(tmp_path)


def test_turns_are_written_as_they_were_read(tmp_path, folder):
    heads, found = turns.turns(data.read(folder, turns.file("dev")))
    turns.write(folder, tmp_path, {"dev": [t.sentiment for t in found]})
    again, lines = [], data.read(tmp_path, turns.file("dev")).split("\n\n")
    for head, block in zip(heads, lines, strict=True):
        assert block.split("\n")[0] == head
        again += [line.split("\t") for line in block.strip("\n").split("\n")[1:]]
    assert [(n, s, t, int(float(p)), int(g)) for n, s, t, p, g in again] == [
        (t.number, t.speaker, t.tokens, t.sentiment, t.sentiment) for t in found
    ]


def test_a_turn_is_read_with_those_before_it():
    found = [
        turns.Turn(0, "0", "c:", "1", 2),
        turns.Turn(0, "1", "b:", "2", 2),
        turns.Turn(0, "2", "c:", "3", 2),
        turns.Turn(1, "0", "c:", "4", 2),
    ]
    assert turns.before(found) == [("1", "", ""), ("2", "1", ""), ("3", "2", "1"), ("4", "", "")]
