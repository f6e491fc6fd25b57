"""The way of a task: replay, check, fit, judge, write."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from threadpoolctl import threadpool_limits

from training import bundle, export, page, plots, protocol, record, report, set, study
from training import fit as fitting
from training.cache import Cache, T, code_digest, file_digest
from training.cost import microseconds
from training.errors import TrainingError
from training.halfstep import ROOT, Halfstep
from training.record import Record
from training.task import Task

SHIPPED = ROOT / "models/bundles"
AGREEMENT = 1e-6


@dataclass(frozen=True)
class Workshop:
    """Where things are."""

    data: Path
    halfstep: Halfstep
    cache: Cache
    out: Path
    reports: Path = ROOT / "training/reports"
    say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True)

    @threadpool_limits.wrap(limits=1)  # sums over more threads have other last digits
    def train(self, task: Task, given: Path | None = None) -> Path:
        """Make the bundle of a task, from a set that is given or one replayed now, and return its folder."""
        start = time.monotonic()

        def say(line: str) -> None:
            self.say(f"{task.name} {time.monotonic() - start:5.1f}s  {line}")

        rows = self.rows(task, given, say)
        say(f"{len(rows):,} rows, {rows.labels.mean():.1%} positive")
        split = task.split(rows)
        protocol.check(rows, split)
        key = {"task": task.name, "candidates": repr(task.candidates), "set": rows.digest}
        if task.given:
            key["file"] = task.given.digest

        def once(step: str, module: str, make: Callable[[], T]) -> T:
            return self.cache.get(step, make, **key, code=code_digest(module, "training.fit", task.split.__module__))

        fitted = once("fit", "training.fit", lambda: fitting.fit(task, rows, split, say))
        graph = export.serialize(fitted.model)
        runtime = export.Runtime(graph)
        say("judging on the test part")
        judged = once("report", "training.report", lambda: report.make(task, rows, split, fitted, runtime))
        trained = report.Trained(task, rows, split, fitted, judged)
        folder = bundle.write(trained, self.out, self.cache.folder, lambda fresh: self.approve(fresh, trained))
        say("drawing")
        studied = once("study", "training.study", lambda: study.make(task, rows, split, fitted.model.candidate))
        pictures = once("pictures", "training.plots", lambda: plots.draw(judged, studied))
        kept = self.reports / f"{task.name}.json"
        cost = record.cost(kept, graph, lambda: microseconds(runtime, rows.matrix(fitted.model.inputs)))
        figures = page.figures(judged)
        written = Record.of(graph, cost, name=task.name, version=task.version, ships=self.out == SHIPPED, figures=figures)
        page.write(self.reports, trained, studied, pictures, written)
        say(f"{fitted.model.candidate.name}: test AUC {judged.measures['roc_auc']}, {written.microseconds} us a row")
        return folder

    def approve(self, bundle: Path, t: report.Trained) -> None:
        """Have a fresh bundle checked as the server does, and judged again by what serves: both have to find the same."""
        self.halfstep.verify(bundle)
        part = self.cache.folder / f"{t.task.name}.test.parquet"
        t.rows.write(part, t.split.test)
        for name, said in self.halfstep.evaluate(bundle, part).items():
            ours = t.report.measures[name].value
            if not abs(said - ours) <= AGREEMENT:
                raise TrainingError(f"halfstep evaluate gives {name} {said}, training {ours}: the export is wrong, nothing was written")

    def rows(self, task: Task, given: Path | None, say: Callable[[str], None]) -> set.TrainingSet:
        labels = task.label_file(ROOT)
        if given is None:
            say("replaying")
            files = [self.data / name for name in task.files]
            rows = set.read(self.halfstep.replay(self.cache, files, task.mapping, labels))
            set.check(rows, task.columns, file_digest(labels))
        else:
            rows = set.read(given)
            set.check(rows, task.columns, file_digest(labels), self.halfstep.revision())
        return rows
