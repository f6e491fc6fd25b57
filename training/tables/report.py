"""Judge a table's models beside plain ones and published ones, and write the report."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from training.cache import Cache, code_digest, file_digest
from training.card import difference
from training.errors import TrainingError
from training.evaluate import Interval
from training.tables.trial import Jury, Part, Scored, plain, score
from training.task import Candidate

BASELINE = "HistGradientBoosting"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Question:
    """What is asked of some rows of a table, and the inputs that models of ours may answer it from."""

    name: str
    labels: np.ndarray
    customers: np.ndarray
    parts: tuple[Part, ...]
    columns: np.ndarray  # what the plain learners get
    inputs: dict[str, tuple[tuple[str, ...], np.ndarray]]  # by what they are called in the report
    candidate: Callable[[tuple[str, ...]], Candidate]


@dataclass(frozen=True)
class Line:
    name: str
    auc: Interval
    precision: Interval
    gain: Interval | None  # of AUC over BASELINE, paired
    chosen: str = ""


@dataclass(frozen=True)
class Answer:
    question: str
    rows: int  # of all test parts, each once
    rate: float
    lines: tuple[Line, ...]


def answer(q: Question) -> Answer:
    """Every model's figures, over all parts."""
    jury = Jury(q.labels, q.customers, q.parts)
    simple = each(plain, [(q.columns, q.labels, part) for part in q.parts])
    found = {name: [s[name] for s in simple] for name in simple[0]}
    chosen: dict[str, str] = {}
    for name, (inputs, rows) in q.inputs.items():
        ours: list[Scored] = each(score, [(q.candidate(inputs), rows, q.labels, q.customers, part) for part in q.parts])
        found[name] = [s.scores for s in ours]
        forms = [s.chosen for s in ours]
        chosen[name] = ", ".join(f"{form} ({forms.count(form)})" for form in sorted(set(forms), key=forms.count, reverse=True))
    base = found[BASELINE]
    lines = tuple(
        Line(
            name,
            jury.auc(scores),
            jury.average_precision(scores),
            None if name == BASELINE else jury.gain(scores, base),
            chosen.get(name, ""),
        )
        for name, scores in found.items()
    )
    tested = np.unique(np.concatenate([part.test for part in q.parts]))
    return Answer(q.name, len(tested), float(q.labels[tested].mean()), lines)


def each(work: Callable, calls: list[tuple]) -> list:
    """The results of calls that do not need each other, a process a core."""
    return Parallel(n_jobs=os.cpu_count())(delayed(work)(*call) for call in calls)


def answers(name: str, file: Path, cache: Cache, questions: Callable[[], list[Question]], say: Say) -> list[Answer]:
    """Once for the same table and code."""
    if not file.exists():
        raise TrainingError(f"{file}: no such file; name the folder of the data with --data or HALFSTEP_DATA")

    def made() -> list[Answer]:
        found = []
        for question in questions():
            found.append(answer(question))
            best = found[-1].lines[-1]
            say(f"{name}  {question.name}: AUC {best.auc}, above {BASELINE} by {difference(best.gain)}")
        return found

    return cache.get(name, made, file=file_digest(file), code=code_digest("training.tables.pages"))


def table(found: Answer) -> str:
    head = f"| model | AUC | average precision | AUC above {BASELINE} by | form chosen |\n| --- | --- | --- | --- | --- |\n"
    lines = (
        f"| {line.name} | {line.auc} | {line.precision} | {difference(line.gain) if line.gain else ''} | {line.chosen} |"
        for line in found.lines
    )
    return head + "\n".join(lines)
