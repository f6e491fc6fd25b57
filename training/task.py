"""What makes one task different from another; everything else is the same code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from training.set import TrainingSet

Mask = np.ndarray  # of bool, one a row


@dataclass(frozen=True)
class Trees:
    """The shape of a boosted ensemble."""

    count: int
    leaves: int
    rate: float = 0.05
    smallest_leaf: int = 100


@dataclass(frozen=True)
class Candidate:
    """A model that could ship: a logistic regression, trees, or the mean of both on the scale of log-odds."""

    name: str
    inputs: tuple[str, ...]
    penalty: float | None = None  # of the regression: the inverse of scikit-learn's C; None leaves it out
    trees: Trees | None = None
    untold: tuple[str, ...] = ()  # facts of the moment that a caller may leave out: a tenth of the rows teach without them


@dataclass(frozen=True)
class Rule:
    """The baseline of a reader in a hurry: rank by one feature."""

    feature: str
    rising: bool  # whether a higher value means a more likely label


@dataclass(frozen=True)
class Plain:
    """The baseline that the data is known by: a logistic regression on the logarithms of a few features."""

    name: str
    inputs: tuple[str, ...]
    taught: Callable[[TrainingSet], Mask]  # the rows that it learns from, of the training part


@dataclass(frozen=True)
class Split:
    """Which rows are learned from and which judge what was learned. No customer's future is in both."""

    train: Mask
    test: Mask
    judged: Mask  # the rows of the training part that look like the test's: candidates are compared on them, out of fold
    trial: Mask  # the rows that trial fits may learn from: those known when the judged ones were read
    until: int  # newest moment that the training part knows of, labels included, Unix milliseconds


@dataclass(frozen=True)
class Given:
    """The file that a task was read from, when it is none of ours."""

    file: Path
    digest: str
    labels: str  # the label file's path, from the folder of this one


@dataclass(frozen=True)
class Task:
    name: str
    version: int
    meaning: str  # what a score of 1 says
    mapping: str  # of the event files, as halfstep knows it
    files: tuple[str, ...]
    licence: str
    terms: str
    data: str  # about the data, for the card
    protocol: str  # about the split, for the card
    limits: tuple[str, ...]
    split: Callable[[TrainingSet], Split]
    candidates: tuple[Candidate, ...]  # the cheapest to run first
    rule: Rule
    bands: tuple[tuple[str, float], ...]
    plain: Plain | None = None
    weights: Callable[[TrainingSet], np.ndarray] = lambda rows: np.ones(len(rows))
    directions: Mapping[str, str] = field(default_factory=dict)  # of a trend, by band
    slices: Mapping[str, Callable[[TrainingSet], Mask]] = field(default_factory=dict)
    given: Given | None = None
    trainer: str = ""  # the command that trains it, where that is not `python -m training` with the task's name

    @property
    def labels(self) -> str:
        """The file that defines points and labels, from the checkout's root or the folder of the task's file."""
        return self.given.labels if self.given else f"training/{self.name}.yaml"

    def label_file(self, root: Path) -> Path:
        return (self.given.file.parent if self.given else root) / self.labels

    @property
    def command(self) -> str:
        """What trains it."""
        if self.given:
            return f"python -m training --task {self.given.file.name} --set SET"
        return self.trainer or f"python -m training {self.name}"

    @property
    def columns(self) -> list[str]:
        """Every feature that a candidate or a baseline reads."""
        known = () if self.plain is None else self.plain.inputs
        return list(dict.fromkeys([name for c in self.candidates for name in c.inputs] + [self.rule.feature, *known]))
