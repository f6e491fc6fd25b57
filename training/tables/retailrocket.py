"""RetailRocket: does a purchase follow in this session, asked 0, 1, 2, 3, 5 and 10 events after the first addition to the cart?"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.model_selection import GroupShuffleSplit

from training.errors import TrainingError
from training.tables import read
from training.tables.trial import Part
from training.task import Candidate, Trees

FILE = "retailrocket_cart_prefix.csv.zst"
STEPS = (0, 1, 2, 3, 5, 10)
SEEDS = (11, 22, 33, 42, 55)
COLUMNS = (
    "cutoff_k",
    "view_count",
    "addtocart_count",
    "unique_items_count",
    "view_to_cart_ratio",
    "seconds_since_first_event",
    "seconds_since_first_cart",
    "seconds_since_last_cart",
    "seconds_since_previous_event",
    "inter_event_interval_mean",
    "events_after_cart",
    "repeated_views_of_cart_items",
    "hour_of_day",
    "day_of_week",
)
# What is worth knowing of the session's earlier decision times.
EARLIER = (
    "seconds_since_first_event",
    "seconds_since_previous_event",
    "view_count",
    "addtocart_count",
    "unique_items_count",
    "repeated_views_of_cart_items",
)
HISTORY = ("visit", "carts_before", "bought_before", "visits_since_cart", "bought_last")


@dataclass(frozen=True)
class Prefixes:
    """The table: a row is a session at a decision time."""

    columns: read.Columns
    labels: np.ndarray
    visitors: np.ndarray
    steps: np.ndarray
    sessions: np.ndarray  # number of the row's session
    visits: np.ndarray  # which visit of the visitor the session is, from 1

    def matrix(self) -> tuple[tuple[str, ...], np.ndarray]:
        """The table's columns, then ratios of them, then what was known at the session's earlier decision times."""
        found = {name: self.columns[name] for name in COLUMNS} | self.ratios() | self.earlier()
        return tuple(found), np.column_stack(list(found.values())).astype(np.float32)

    def ratios(self) -> read.Columns:
        c = self.columns
        return {
            "seconds per view": c["seconds_since_first_event"] / (c["view_count"] + 1),
            "share of repeated views": c["repeated_views_of_cart_items"] / np.maximum(c["view_count"], 1),
            "views not repeated": c["unique_items_count"] - c["repeated_views_of_cart_items"],
            "pace": c["seconds_since_previous_event"] / np.maximum(c["inter_event_interval_mean"], 0.001),
            "hour of the week": 24 * c["day_of_week"] + c["hour_of_day"],
        }

    def earlier(self) -> read.Columns:
        found = {}
        for step in STEPS[:-1]:
            row = np.full(self.sessions.max() + 1, -1)
            at = np.flatnonzero(self.steps == step)
            row[self.sessions[at]] = at
            known = (row[self.sessions] >= 0) & (step < self.steps)
            for name in EARLIER:
                found[f"{name} at {step}"] = np.where(known, self.columns[name][row[self.sessions]], np.nan)
        return found

    def history(self) -> np.ndarray:
        """What the visitor's earlier visits came to, of shape (rows, HISTORY): all of it was over before this one began."""
        first = np.flatnonzero(self.steps == 0)
        order = first[np.lexsort((self.visits[first], self.visitors[first]))]
        visitors, visits, bought = self.visitors[order], self.visits[order], self.labels[order].astype(float)
        number = np.arange(len(order))
        begins = np.r_[True, visitors[1:] != visitors[:-1]]
        start = np.maximum.accumulate(np.where(begins, number, 0))
        purchases = np.r_[0, np.cumsum(bought)[:-1]]
        before = np.column_stack(
            [
                visits,
                number - start,
                purchases - purchases[start],
                np.where(begins, np.nan, visits - np.r_[0, visits[:-1]]),
                np.where(begins, np.nan, np.r_[0, bought[:-1]]),
            ]
        )
        found = np.full((self.sessions.max() + 1, len(HISTORY)), np.nan)
        found[self.sessions[order]] = before
        return found[self.sessions].astype(np.float32)

    def parts(self, step: int) -> Iterator[Part]:
        """A fifth of the visitors with a row at this decision time test, once a seed, as published."""
        rows = np.flatnonzero(self.steps == step)
        for seed in SEEDS:
            split = GroupShuffleSplit(1, test_size=0.2, random_state=seed)
            train, test = (rows[chosen] for chosen in next(split.split(rows, groups=self.visitors[rows])))
            # At 0 there is no other decision time whose rows look alike; later ones teach each other.
            others = (self.steps > 0) & (self.steps != step) if step else np.zeros(len(self.steps), bool)
            yield Part(train, test, np.flatnonzero(others & ~np.isin(self.visitors, self.visitors[test])))


def candidate(names: tuple[str, ...]) -> Candidate:
    return Candidate("regression and trees", names, penalty=10, trees=Trees(120, 8, rate=0.06, smallest_leaf=50))


def load(folder: Path) -> Prefixes:
    columns = read.read(folder / FILE, (*COLUMNS, "visitorid", "y"), ("session_key",))
    keys = columns["session_key"]
    visitors = columns["visitorid"].astype(np.int64)
    visits = np.array([visit(key, visitor) for key, visitor in zip(keys.tolist(), visitors, strict=True)])
    steps = columns["cutoff_k"].astype(int)
    if set(np.unique(steps)) != set(STEPS):
        raise TrainingError(f"{FILE}: column cutoff_k has the values {sorted(set(steps.tolist()))}, expected {list(STEPS)}")
    _, sessions = np.unique(keys, return_inverse=True)
    if len(np.unique(sessions * (max(STEPS) + 1) + steps)) != len(steps):
        raise TrainingError(f"{FILE}: a session_key has two rows of one cutoff_k, expected one")
    return Prefixes(columns, read.labels(FILE, "y", columns["y"]), visitors, steps, sessions, visits)


def visit(key: str, visitor: int) -> int:
    """A session's key is its visitor's id and the number of the visit."""
    owner, _, number = key.partition("_")
    if owner != str(visitor) or not number.isdigit():
        raise TrainingError(f"{FILE}: session_key {key!r} of visitorid {visitor}, expected {visitor}_ and the number of the visit")
    return int(number)
