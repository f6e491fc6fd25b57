"""A task of your own: a YAML file beside its label file. training/your-own-data.md leads from a table of events to it."""

import difflib
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from training.cache import file_digest
from training.errors import TrainingError
from training.set import TrainingSet
from training.task import Candidate, Given, Rule, Split, Task, Trees

REQUIRED = {"name": str, "meaning": str, "labels": str, "test_from": date, "features": list, "rule": dict, "terms": str}
OPTIONAL = {"version": int, "licence": str, "data": str, "limits": list, "bands": dict}
BANDS = {"low": 0.0, "medium": 0.3, "high": 0.6}
UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class Reader:
    """Reads fields of a file; what is wrong is said with the file's and the field's name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fields = document(path)

    def refuse(self, field: str, says: str) -> TrainingError:
        return TrainingError(f"{self.path.name}: {field}: {says}")

    def check(self) -> None:
        known = REQUIRED | OPTIONAL
        for field, value in self.fields.items():
            if field not in known:
                raise self.refuse(str(field), f"no such field{nearest(str(field), known)}")
            if type(value) is not known[field]:
                raise self.refuse(field, f"is {value!r}, expected {WORDS[known[field]]}")
        missing = [field for field in REQUIRED if field not in self.fields]
        if missing:
            raise self.refuse(missing[0], f"is missing, expected {WORDS[REQUIRED[missing[0]]]}")
        if not re.fullmatch("[a-z][a-z0-9_]{0,63}", self.fields["name"]):
            raise self.refuse("name", f"is {self.fields['name']!r}, expected lower-case letters, digits and _, as cart_order")
        if self.fields.get("version", 1) < 1:
            raise self.refuse("version", "expected a whole number from 1")

    def features(self, known: Iterable[str]) -> tuple[str, ...]:
        found = self.fields["features"]
        if not found:
            raise self.refuse("features", "is empty, expected the names of features")
        for i, name in enumerate(found):
            self.feature(f"features[{i}]", name, known)
            if name in found[:i]:
                raise self.refuse(f"features[{i}]", f"{name} stands there twice")
        return tuple(found)

    def feature(self, field: str, name: Any, known: Iterable[str]) -> None:
        if name not in list(known):
            raise self.refuse(field, f"the set has no feature {name}{nearest(str(name), known)}")

    def rule(self, known: Iterable[str]) -> Rule:
        rule = self.fields["rule"]
        if set(rule) != {"feature", "rising"} or type(rule["rising"]) is not bool:
            raise self.refuse("rule", f"is {rule}, expected {{feature: NAME, rising: true or false}}")
        self.feature("rule.feature", rule["feature"], known)
        return Rule(**rule)

    def bands(self) -> tuple[tuple[str, float], ...]:
        bands = self.fields.get("bands", BANDS)
        lows = list(bands.values())
        if not all(type(low) in (int, float) for low in lows) or not lows or lows[0] != 0 or lows != sorted(set(lows)) or lows[-1] >= 1:
            raise self.refuse("bands", f"is {bands}, expected names with the score that each begins at, rising from 0 and below 1")
        return tuple((str(name), float(low)) for name, low in bands.items())

    def limits(self) -> tuple[str, ...]:
        return tuple(map(str, self.fields.get("limits", ["Nobody has written down what this model cannot do."])))


WORDS = {str: "text", int: "a whole number", list: "a list", dict: "a map", date: "a date, as 2026-03-01"}


def document(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise TrainingError(f"{path}: cannot be read ({err.strerror})") from err
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as err:
        raise TrainingError(f"{path.name}: no YAML ({' '.join(str(err).split())})") from err
    if not isinstance(found, dict):
        raise TrainingError(f"{path.name}: expected fields, as `name: cart_order`")
    return found


def nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def load(path: Path, rows: TrainingSet) -> Task:
    """Read a task and check it against the set that it will learn from."""
    read = Reader(path)
    read.check()
    fields = read.fields
    labels = path.parent / fields["labels"]
    if not labels.is_file():
        raise read.refuse("labels", f"{labels} is no file; name the label file that the set was made with, from the folder of {path.name}")
    gap = horizon(labels)
    inputs, day = read.features(rows.hashes), fields["test_from"]
    return Task(
        name=fields["name"],
        version=fields.get("version", 1),
        meaning=fields["meaning"],
        mapping="",
        files=(),
        licence=fields.get("licence", "not stated"),
        terms=fields["terms"],
        data=fields.get("data", "Nobody has described it."),
        protocol=(
            f"Out of time. Learned from rows whose labels were known by {day}, tested on the rows from then on. Candidates are compared on "
            "customers that the trial had not learned from."
        ),
        limits=read.limits(),
        split=splitter(day, gap),
        candidates=candidates(inputs),
        rule=read.rule(rows.hashes),
        bands=read.bands(),
        slices={"a customer's first row": first, "later rows": lambda rows: ~first(rows)},
        given=Given(path.resolve(), file_digest(path), fields["labels"]),
    )


def first(rows: TrainingSet) -> np.ndarray:
    """Each customer's earliest row, of those at the same time the one that comes first in the set."""
    order = np.lexsort((rows.at, rows.customers))
    ranked = rows.customers[order]
    found = np.zeros(len(rows), bool)
    found[order[np.r_[True, ranked[1:] != ranked[:-1]]]] = True
    return found


def candidates(inputs: tuple[str, ...]) -> tuple[Candidate, ...]:
    small = Trees(60, 4, smallest_leaf=50)
    return (
        Candidate("logistic regression", inputs, penalty=10),
        Candidate("60 small trees", inputs, trees=small),
        Candidate("logistic regression and 60 small trees", inputs, penalty=10, trees=small),
        Candidate("150 trees", inputs, trees=Trees(150, 8)),
    )


def splitter(day: date, gap: int) -> Callable[[TrainingSet], Split]:
    """Whoever trains at midnight (UTC) knows the labels of rows that are older than the gap, milliseconds, and no others."""
    moment = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)

    def split(rows: TrainingSet) -> Split:
        train = rows.at < moment - gap
        return Split(train=train, test=rows.at >= moment, judged=train, trial=train, until=moment)

    return split


def horizon(labels: Path) -> int:
    """How long after a row its label is known, milliseconds. A session, or what is counted in events, is over within a day."""
    said = document(labels).get("horizon")
    if not isinstance(said, dict) or "duration" not in said:
        return UNITS["d"]
    text = str(said["duration"])
    parts = re.findall(r"(\d+)(ms|s|m|h|d)", text)
    if not parts or "".join(map("".join, parts)) != text:
        raise TrainingError(f"{labels.name}: horizon.duration: is {text!r}, expected a duration, as 30m or 7d")
    return sum(int(number) * UNITS[unit] for number, unit in parts)
