"""Everything that is said about a fitted model: its measures on the test part, beside the baselines and by slice."""

from dataclasses import dataclass, replace

import numpy as np

from training import baselines
from training.evaluate import Interval, Judge
from training.export import Runtime
from training.fit import Fitted
from training.model import Model
from training.set import TrainingSet, check_part
from training.task import Split, Task


@dataclass(frozen=True)
class Line:
    """A model or baseline; gain is by how much the bundle's AUC is above it, in pairs."""

    name: str
    auc: Interval
    precision: Interval
    brier: Interval | None  # None of a rule: it ranks, and gives no probabilities
    calibration: Interval | None
    gain: Interval | None
    learned: bool = True  # whether it learned from features, unlike the base rate and the rule


@dataclass(frozen=True)
class Slice:
    name: str
    rows: int
    rate: float
    score: float  # the mean
    auc: Interval | None  # None when the slice is too small or of one class


@dataclass(frozen=True)
class Report:
    rows: int
    customers: int
    rate: float
    mean_score: float
    measures: dict[str, Interval]
    labels: np.ndarray  # of the test part
    scores: dict[str, np.ndarray]  # of the test part, by the name of the line
    lines: tuple[Line, ...]  # the bundle's first
    slices: tuple[Slice, ...]
    train_rows: int
    train_customers: int

    @property
    def plain(self) -> Line:
        """The best of the learners that anybody would try first."""
        return max((line for line in self.lines[1:] if line.learned), key=lambda line: line.auc.value)


@dataclass(frozen=True)
class Trained:
    """A task that was trained, with all that a bundle is made of."""

    task: Task
    rows: TrainingSet
    split: Split
    fitted: Fitted
    report: Report

    @property
    def model(self) -> Model:
        return self.fitted.model


# A slice with fewer rows of either class says nothing.
FEWEST = 20


def make(task: Task, rows: TrainingSet, split: Split, fitted: Fitted, runtime: Runtime) -> Report:
    """Score the test part, once, with the graph that ships."""
    labels, customers = rows.labels[split.test], rows.customers[split.test]
    check_part("test", labels)
    judge = Judge(labels, customers)
    scores = runtime.probabilities(rows.matrix(fitted.model.inputs)[split.test]).astype(float)
    measures = judge.measure(scores)
    lines = [line_of("this bundle", measures, None)]
    every = {"this bundle": scores}
    for name, other in baselines.scores(task, rows, split).items():
        every[name] = other
        probable = name != baselines.rule_name(task)
        found = judge.measure(other) if probable else {"roc_auc": judge.auc(other), "average_precision": judge.average_precision(other)}
        learned = probable and name != baselines.BASE_RATE
        lines.append(replace(line_of(name, found, judge.gain(scores, other)), learned=learned))
    return Report(
        rows=len(labels),
        customers=len(np.unique(customers)),
        rate=float(labels.mean()),
        mean_score=float(scores.mean()),
        measures=measures,
        labels=labels,
        scores=every,
        lines=tuple(lines),
        slices=tuple(slice_of(name, mask(rows)[split.test], labels, customers, scores) for name, mask in task.slices.items()),
        train_rows=int(split.train.sum()),
        train_customers=len(np.unique(rows.customers[split.train])),
    )


def line_of(name: str, measures: dict[str, Interval], gain: Interval | None) -> Line:
    brier, calibration = measures.get("brier"), measures.get("expected_calibration_error")
    return Line(name, measures["roc_auc"], measures["average_precision"], brier, calibration, gain)


def slice_of(name: str, mask: np.ndarray, labels: np.ndarray, customers: np.ndarray, scores: np.ndarray) -> Slice:
    within = labels[mask]
    rate, score = (float(values.mean()) if len(within) else float("nan") for values in (within, scores[mask]))
    enough = min((within == 1).sum(), (within == 0).sum()) >= FEWEST
    return Slice(name, len(within), rate, score, Judge(within, customers[mask]).auc(scores[mask]) if enough else None)
