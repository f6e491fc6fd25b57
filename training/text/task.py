"""What makes one text model different from another; how it is fitted and judged is the same code."""

from dataclasses import dataclass

import numpy as np

from training.text.data import Text
from training.text.fit import Settings
from training.text.grams import Spec


@dataclass(frozen=True)
class Candidate:
    """A model that could ship."""

    name: str
    settings: Settings

    @property
    def fields(self) -> int:
        return len(self.settings.shares)


@dataclass(frozen=True)
class Exam:
    """Texts that judge a model, and what they are."""

    name: str
    texts: list[Text]


@dataclass(frozen=True)
class Task:
    name: str
    version: int
    meaning: str  # what a score of 1 says
    created: str  # RFC 3339: when the version was decided on, so that the same data makes the same bytes
    licence: str
    terms: str
    inputs: tuple[str, ...]  # what there is to read; a candidate may leave out the last ones
    classes: tuple[str, ...]
    signed: bool  # of two classes: the score is 2p - 1, from -1 to 1
    bands: tuple[tuple[str, float], ...]
    words: bool  # whether it also reads words and pairs of words in Latin letters
    candidates: tuple[Candidate, ...]  # the smallest first
    folds: int
    files: tuple[str, ...]
    protocol: str
    limits: tuple[str, ...]
    balanced: bool = False  # whether candidates are compared by accuracy and macro-F1 together, rather than by accuracy

    @property
    def command(self) -> str:
        """What trains it: of what is only compared, the task that it is compared with."""
        return self.name.partition("_")[0]

    def spec(self, candidate: Candidate) -> Spec:
        return Spec(candidate.fields, self.words)


@dataclass(frozen=True)
class Learning:
    """The training part of a task, as arrays."""

    labels: np.ndarray
    groups: np.ndarray
    weights: np.ndarray
    kinds: np.ndarray

    @classmethod
    def of(cls, texts: list[Text]) -> "Learning":
        _, kinds = np.unique([t.kind for t in texts], return_inverse=True)
        return cls(np.array([t.label for t in texts]), np.array([t.group for t in texts]), np.array([t.weight for t in texts]), kinds)
