"""Tables without events: what is refused, what a split keeps apart, and that no row knows what came after it."""

import csv
import io

import numpy as np
import pytest
import zstandard
from sklearn.metrics import roc_auc_score

from training.cache import Cache
from training.errors import TrainingError
from training.tables import pages, retailrocket, shoppers
from training.tables.trial import Jury, Part, out_of_fold, score
from training.task import Candidate, Trees


def write(path, rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(zstandard.compress(text.getvalue().encode()))


def prefixes(visitors=60):
    """Each visitor has two visits of two or six decision times; what is bought depends on the views."""
    random = np.random.default_rng(5)
    rows = []
    for visitor in range(1, visitors + 1):
        for visit in (1, 3):
            views = int(random.integers(1, 30))
            for step in retailrocket.STEPS if visitor % 2 else (0, 1):
                values = dict.fromkeys(retailrocket.COLUMNS, 1) | {"cutoff_k": step, "view_count": views, "events_after_cart": step}
                values["seconds_since_previous_event"] = "" if step == 0 else 10 * step
                bought = int(random.random() < views / 30)
                rows.append({"session_key": f"{visitor}_{visit}", "visitorid": visitor, **values, "y": bought})
    return rows


def sessions(count=300):
    random = np.random.default_rng(6)
    fixed = dict.fromkeys(shoppers.CODES, 1) | {"Month": "Nov", "VisitorType": "Other", "Weekend": "TRUE"}
    found = []
    for _ in range(count):
        pages = int(random.integers(0, 9))
        numbers = dict.fromkeys(shoppers.NUMBERS, 0) | {"ProductRelated": pages, "PageValues": 2.5}
        found.append({**numbers, **fixed, "Revenue": str(random.random() < pages / 9).upper()})
    return found


TABLES = {"retailrocket": (retailrocket, prefixes), "shoppers": (shoppers, sessions)}


def load(folder, name, change=lambda rows: rows):
    module, made = TABLES[name]
    write(folder / module.FILE, change(made()))
    return module.load(folder)


def without(column):
    return lambda rows: [{name: value for name, value in row.items() if name != column} for row in rows]


def in_row(number, **values):
    return lambda rows: [row | values if i == number else row for i, row in enumerate(rows)]


def everywhere(**values):
    return lambda rows: [row | values for row in rows]


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("retailrocket", without("hour_of_day"), "no column hour_of_day; it has"),
        ("retailrocket", in_row(3, view_count="many"), "column view_count: could not convert string to float: 'many'; expected numbers"),
        ("retailrocket", in_row(3, view_count="inf"), "column view_count is infinite in line 5"),
        ("retailrocket", in_row(3, y=2), "column y is 2.0 in line 5, expected 0 or 1"),
        ("retailrocket", in_row(3, y=""), "column y is nan in line 5, expected 0 or 1"),
        ("retailrocket", everywhere(y=1), "every y is 1"),
        ("retailrocket", in_row(0, session_key="x"), "session_key 'x' of visitorid 1, expected 1_ and"),
        ("retailrocket", in_row(0, cutoff_k=4), "column cutoff_k has the values"),
        ("retailrocket", in_row(0, cutoff_k=1), "two rows of one cutoff_k"),
        ("shoppers", in_row(0, Month="Sept"), "column Month has the value 'Sept', expected one of Jan"),
        ("shoppers", everywhere(Revenue="TRUE"), "every Revenue is 1"),
    ],
)
def test_bad_tables_are_refused_in_one_line(tmp_path, name, change, says):
    with pytest.raises(TrainingError, match=says) as caught:
        load(tmp_path, name, change)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", pages.TABLES)
def test_a_table_that_is_not_there(tmp_path, name):
    with pytest.raises(TrainingError, match="no such file; name the folder"):
        pages.TABLES[name](tmp_path, Cache(tmp_path / "cache"), tmp_path / "reports", lambda line: None)
    assert not (tmp_path / "reports").exists()


def test_files_that_are_no_tables(tmp_path):
    with pytest.raises(TrainingError, match="no such file"):
        shoppers.load(tmp_path)
    (tmp_path / shoppers.FILE).write_bytes(b"Month\nNov\n")
    with pytest.raises(TrainingError, match="no CSV file compressed with zstd"):
        shoppers.load(tmp_path)
    (tmp_path / shoppers.FILE).write_bytes(zstandard.compress(b"a,b\n1\n"))
    with pytest.raises(TrainingError, match="no column Administrative"):
        shoppers.load(tmp_path)


@pytest.mark.parametrize("step", retailrocket.STEPS)
def test_no_visitor_is_on_both_sides(tmp_path, step):
    known = load(tmp_path, "retailrocket")
    parts = list(known.parts(step))
    assert len(parts) == len(retailrocket.SEEDS)
    for part in parts:
        assert set(known.steps[np.r_[part.train, part.test]]) == {step}
        learned = known.visitors[np.r_[part.train, part.beside]]
        assert not set(learned) & set(known.visitors[part.test])
        assert not set(part.train) & set(part.beside)
        assert 0 < len(part.test) < len(part.train)
    assert len({tuple(part.test) for part in parts}) > 1


def test_every_session_of_shoppers_tests_once(tmp_path):
    parts = list(load(tmp_path, "shoppers").parts())
    assert sorted(np.concatenate([part.test for part in parts])) == list(range(300))
    assert all(not set(part.train) & set(part.test) for part in parts)


def test_no_row_knows_what_came_after_it(tmp_path):
    """Everything after visit 1, decision time 1, changes; what was known by then does not. The file's order does not matter either."""
    known = load(tmp_path, "retailrocket")

    def other(rows):
        later = {"view_count": 77, "seconds_since_first_event": 9999, "unique_items_count": 33, "addtocart_count": 9}
        changed = [row | later | {"y": 1 - row["y"]} if row["session_key"].endswith("_3") or row["cutoff_k"] > 1 else row for row in rows]
        return changed[::-1]

    after = load(tmp_path, "retailrocket", other)
    early = np.flatnonzero((known.visits == 1) & (known.steps <= 1))
    mirrored = len(known.steps) - 1 - early
    for was, now in ((known.matrix()[1], after.matrix()[1]), (known.history(), after.history())):
        np.testing.assert_array_equal(was[early], now[mirrored])
    late = np.flatnonzero(known.visits == 3)
    assert (known.history()[late, 1] == 1).all()
    assert (known.history()[late, 3] == 2).all()
    bought = dict(zip(known.visitors[known.steps == 0][::2], known.labels[known.steps == 0][::2], strict=True))
    np.testing.assert_array_equal(known.history()[late, 2], [bought[visitor] for visitor in known.visitors[late]])


def test_page_values_are_left_out_when_said(tmp_path):
    known = load(tmp_path, "shoppers")
    names, rows = known.matrix(page_values=False)
    assert not [name for name in names if "alue" in name]
    assert not (rows == 2.5).any()
    assert (known.matrix(page_values=True)[1] == 2.5).any()


CANDIDATE = Candidate("both", ("a", "b"), penalty=1, trees=Trees(10, 4, smallest_leaf=5))


@pytest.fixture
def made():
    """400 customers of two rows; the first column tells something of the label."""
    random = np.random.default_rng(8)
    labels = random.integers(0, 2, 800)
    rows = np.column_stack([labels + random.normal(0, 1, 800), random.normal(0, 1, 800)]).astype(np.float32)
    return rows, labels, np.repeat(np.arange(400), 2)


def test_a_customer_who_tests_is_not_learned_from(made):
    rows, labels, customers = made
    with pytest.raises(AssertionError, match="learned from"):
        score(CANDIDATE, rows, labels, customers, Part(np.arange(0, 601), np.arange(601, 800), np.array([], int)))
    with pytest.raises(AssertionError, match="learned from"):
        score(CANDIDATE, rows, labels, customers, Part(np.arange(0, 600), np.arange(602, 800), np.array([601, 602])))


def test_the_test_part_has_no_say(made):
    rows, labels, customers = made
    part = Part(np.arange(400), np.arange(600, 800), np.arange(400, 600))
    first = score(CANDIDATE, rows, labels, customers, part)
    flipped = np.r_[labels[:600], 1 - labels[600:]]
    again = score(CANDIDATE, rows, flipped, customers, part)
    assert first.chosen == again.chosen
    np.testing.assert_array_equal(first.scores, again.scores)
    assert roc_auc_score(labels[600:], first.scores) > 0.6


def test_out_of_fold_scores_know_nothing_of_labels_that_mean_nothing(made):
    rows, _, customers = made
    random = np.random.default_rng(9)
    labels = np.repeat(random.integers(0, 2, 400), 2)  # of the customer alone: who has seen one row knows the other
    rows = np.column_stack([customers, np.repeat(random.random(400), 2)]).astype(np.float32)
    unseen = out_of_fold(CANDIDATE, rows, labels, customers, Part(np.arange(800), np.array([], int), np.array([], int)))
    assert set(unseen) == {"regression", "trees", "regression and trees"}
    assert all(roc_auc_score(labels, scores) < 0.6 for scores in unseen.values())


def test_a_jury_takes_the_mean_of_its_parts(made):
    rows, labels, customers = made
    parts = [Part(np.array([], int), np.arange(0, 400), np.array([], int)), Part(np.array([], int), np.arange(200, 800), np.array([], int))]
    scores = [rows[part.test, 0] for part in parts]
    jury = Jury(labels, customers, parts)
    expected = np.mean([roc_auc_score(labels[part.test], s) for part, s in zip(parts, scores, strict=True)])
    found = jury.auc(scores)
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low < expected < found.high
    assert jury.gain(scores, scores).high == 0
