"""The figures of a report that others quote, as JSON beside it: README's table is made of them."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from training.evaluate import Interval


@dataclass(frozen=True)
class Figure:
    """One measure on one test, beside the same measure of what anybody would try first."""

    on: str
    measure: str
    ours: Interval
    plain: Interval
    gain: Interval  # by how much ours is above, paired


@dataclass(frozen=True)
class Record:
    name: str
    version: int
    ships: bool
    model: str  # SHA-256 of model.onnx
    size: int  # of it, bytes
    microseconds: float  # a row, on one core of the machine that judged
    figures: tuple[Figure, ...]

    @classmethod
    def of(cls, graph: bytes, microseconds: float, **fields) -> "Record":
        return cls(model=hashlib.sha256(graph).hexdigest(), size=len(graph), microseconds=round(microseconds, 1), **fields)

    def write(self, folder: Path) -> None:
        (folder / f"{self.name}.json").write_text(json.dumps(asdict(self), indent=1) + "\n")


def read(path: Path) -> Record:
    return read_text(path.read_text())


def read_text(text: str) -> Record:
    fields = json.loads(text)
    intervals = ("ours", "plain", "gain")
    figures = (figure | {name: Interval(**figure[name]) for name in intervals} for figure in fields["figures"])
    return Record(**fields | {"figures": tuple(Figure(**figure) for figure in figures)})


def cost(path: Path, graph: bytes, measure: Callable[[], float]) -> float:
    """The microseconds that the record there has of this model, or else measured now: who trains the same model writes the same bytes."""
    if path.exists() and (known := read(path)).model == hashlib.sha256(graph).hexdigest():
        return known.microseconds
    return measure()
