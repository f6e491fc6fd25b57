"""The way of a task: replay, check, fit, judge, write."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training import bundle, export, protocol, report, set
from training import fit as fitting
from training.cache import Cache, code_digest, file_digest
from training.halfstep import ROOT, Halfstep
from training.task import Task


@dataclass(frozen=True)
class Workshop:
    """Where things are."""

    data: Path
    halfstep: Halfstep
    cache: Cache
    out: Path
    say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True)

    def train(self, task: Task, given: Path | None = None) -> Path:
        """Make the bundle of a task, from a set that is given or one replayed now, and return its folder."""
        start = time.monotonic()

        def say(line: str) -> None:
            self.say(f"{task.name} {time.monotonic() - start:5.1f}s  {line}")

        rows = self.rows(task, given, say)
        say(f"{len(rows):,} rows, {rows.labels.mean():.1%} positive")
        split = task.split(rows)
        protocol.check(rows, split)
        key = {"task": task.name, "set": rows.digest, "code": code_digest()}
        fitted = self.cache.get("fit", lambda: fitting.fit(task, rows, split, say), **key)
        runtime = export.Runtime(export.serialize(fitted.model))
        say("judging on the test part")
        judged = self.cache.get("report", lambda: report.make(task, rows, split, fitted, runtime), **key)
        trained = report.Trained(task, rows, split, fitted, judged)
        folder = bundle.write(trained, self.out, self.cache.folder, self.halfstep.verify)
        cost = microseconds(runtime, rows.matrix(fitted.model.inputs))
        say(f"{fitted.model.candidate.name}: test AUC {judged.measures['roc_auc']}, {cost:.1f} us a row")
        return folder

    def rows(self, task: Task, given: Path | None, say: Callable[[str], None]) -> set.TrainingSet:
        labels = ROOT / task.labels
        if given is None:
            say("replaying")
            files = [self.data / name for name in task.files]
            rows = set.read(self.halfstep.replay(self.cache, files, task.mapping, labels))
            set.check(rows, task.columns, file_digest(labels))
        else:
            rows = set.read(given)
            set.check(rows, task.columns, file_digest(labels), self.halfstep.revision())
        return rows


def microseconds(runtime: export.Runtime, rows: np.ndarray, runs: int = 2000) -> float:
    """Median time of a run of one row, over rows that differ: trees that see one row again and again look six times as fast."""
    picked = rows[np.random.default_rng(0).integers(0, len(rows), runs)]
    took = []
    for i in range(runs):
        row = {"features": picked[i : i + 1]}
        begin = time.perf_counter_ns()
        runtime.session.run(["probability"], row)
        took.append(time.perf_counter_ns() - begin)
    return float(np.median(took)) / 1000
