"""Online Shoppers: does a session end in a purchase? Asked of a whole session, with and without Google's page values."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

from training.errors import TrainingError
from training.tables import read
from training.tables.trial import Part
from training.task import Candidate, Trees

FILE = "online_shoppers_intention.csv.zst"
PAGES = ("Administrative", "Informational", "ProductRelated")
NUMBERS = (*PAGES, *(f"{kind}_Duration" for kind in PAGES), "BounceRates", "ExitRates", "PageValues", "SpecialDay")
CODES = ("OperatingSystems", "Browser", "Region", "TrafficType")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "June", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
VISITORS = ("New_Visitor", "Other", "Returning_Visitor")
ANSWERS = ("FALSE", "TRUE")


@dataclass(frozen=True)
class Sessions:
    """The table: a row is a session. It has no ids, so each row counts as a customer."""

    columns: read.Columns  # as the table has them, text as numbers
    labels: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        return np.arange(len(self.labels))

    def plain(self, page_values: bool) -> tuple[tuple[str, ...], np.ndarray]:
        """The table's columns."""
        names = tuple(name for name in self.columns if page_values or name != "PageValues")
        return names, stack([self.columns[name] for name in names])

    def matrix(self, page_values: bool) -> tuple[tuple[str, ...], np.ndarray]:
        """The table's columns, ratios of them, and one column for each code."""
        names, plain = self.plain(page_values)
        found = self.ratios() | self.codes() | (self.values() if page_values else {})
        return (*names, *found), np.column_stack([plain, stack(list(found.values()))])

    def ratios(self) -> read.Columns:
        c = self.columns
        pages = sum(c[kind] for kind in PAGES)
        seconds = sum(c[f"{kind}_Duration"] for kind in PAGES)
        per_page = {f"{kind} seconds a page": c[f"{kind}_Duration"] / np.maximum(c[kind], 1) for kind in PAGES}
        return per_page | {
            "pages": pages,
            "seconds": seconds,
            "seconds a page": seconds / np.maximum(pages, 1),
            "share of products": c["ProductRelated"] / np.maximum(pages, 1),
            "exits without bounces": c["ExitRates"] - c["BounceRates"],
            "bounces of exits": c["BounceRates"] / np.maximum(c["ExitRates"], 1e-6),
            "exits": c["ExitRates"] * pages,
            "bounces": c["BounceRates"] * pages,
            "product exits": c["ExitRates"] * c["ProductRelated"],
        }

    def values(self) -> read.Columns:
        c = self.columns
        return {"value of products": c["PageValues"] * c["ProductRelated"], "value of exits": c["PageValues"] * c["ExitRates"]}

    def codes(self) -> read.Columns:
        c = self.columns
        return {f"{name} {code:.0f}": c[name] == code for name in (*CODES, "Month", "VisitorType") for code in np.unique(c[name])}

    def parts(self) -> Iterator[Part]:
        """Each tenth tests once, as published."""
        for train, test in StratifiedKFold(10, shuffle=True, random_state=42).split(self.rows, self.labels):
            yield Part(train, test, np.array([], int))


def stack(columns: list[np.ndarray]) -> np.ndarray:
    return np.column_stack(columns).astype(np.float32)


def candidate(names: tuple[str, ...]) -> Candidate:
    return Candidate("regression and trees", names, penalty=20, trees=Trees(300, 16, rate=0.02, smallest_leaf=50))


def load(folder: Path) -> Sessions:
    found = read.read(folder / FILE, (*NUMBERS, *CODES), ("Month", "VisitorType", "Weekend", "Revenue"))
    for name, known in {"Month": MONTHS, "VisitorType": VISITORS, "Weekend": ANSWERS, "Revenue": ANSWERS}.items():
        unknown = sorted(set(found[name].tolist()) - set(known))
        if unknown:
            raise TrainingError(f"{FILE}: column {name} has the value {unknown[0]!r}, expected one of {', '.join(known)}")
        found[name] = np.array([known.index(value) for value in found[name]], float)
    labels = read.labels(FILE, "Revenue", found.pop("Revenue"))
    return Sessions(found, labels)
