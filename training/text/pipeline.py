"""The way of a text model: read, count, choose, calibrate, fit, judge once, write."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from training.cache import Cache, code_digest, file_digest
from training.errors import TrainingError
from training.export import Runtime
from training.text import baseline, graph
from training.text.data import Text
from training.text.grams import codes
from training.text.judge import Judge
from training.text.learn import Learned, learn
from training.text.report import Judged, Report
from training.text.table import Table
from training.text.task import Exam, Task

TOLERANCE = 1e-5
CHECKED = 3000
CODE = ("training.text.pipeline", "training.text.dialogue", "training.text.sentiment")


@dataclass(frozen=True)
class Workshop:
    """Where things are."""

    data: Path
    cache: Cache
    say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True)

    def digests(self, task: Task) -> dict[str, str]:
        return {name: file_digest(self.data / name) for name in task.files}

    def train(self, task: Task, texts: list[Text], tests: list[Exam]) -> Report:
        """Fit on the texts and judge on the tests, or take both from the cache when nothing has changed."""
        start = time.monotonic()

        def say(line: str) -> None:
            self.say(f"{task.name} {time.monotonic() - start:5.1f}s  {line}")

        if missing := [name for name in task.files if not (self.data / name).exists()]:
            raise TrainingError(f"{self.data / missing[0]}: no such file; name the folder of the data with --data or HALFSTEP_DATA")
        key = {"task": task.name, "code": code_digest(*CODE), "texts": str(len(texts)), **self.digests(task)}
        learned = self.cache.get("text-fit", lambda: fitted(task, texts, say), **key)
        texts, tests = cut(texts, learned), [Exam(test.name, cut(test.texts, learned)) for test in tests]
        serialized = graph.build(learned.table, task.inputs[: learned.candidate.fields], task.signed).SerializeToString(deterministic=True)
        runtime = Runtime(serialized)
        verify(learned.table, runtime, [t for test in tests for t in test.texts][:CHECKED] + texts[:CHECKED])
        say(f"judging {learned.candidate.name}")
        judged = self.cache.get("text-judged", lambda: judge(task, runtime, texts, tests), **key)
        return Report(task, learned, serialized, judged, texts, microseconds(runtime, texts), self.digests(task))


def fitted(task: Task, texts: list[Text], say: Callable[[str], None]) -> Learned:
    say(f"{len(texts):,} texts to learn from")
    return learn(task, texts, say)


def cut(texts: list[Text], learned: Learned) -> list[Text]:
    """The texts with the fields that the model reads."""
    return [replace(text, fields=text.fields[: learned.candidate.fields]) for text in texts]


def answers(runtime: Runtime, texts: list[Text]) -> np.ndarray:
    """Probabilities [texts, classes], by the graph."""
    found = np.vstack([runtime.session.run(["probabilities"], {"text": codes(text.fields)[None]})[0] for text in texts])
    return np.hstack([1 - found, found]) if found.shape[1] == 1 else found


def judge(task: Task, runtime: Runtime, texts: list[Text], tests: list[Exam]) -> tuple[Judged, ...]:
    plain = baseline.guesses(texts, [test.texts for test in tests])
    judged = []
    for test, guesses in zip(tests, plain, strict=True):
        labels = np.array([text.label for text in test.texts])
        found = answers(runtime, test.texts)
        by_group = Judge(labels, np.array([text.group for text in test.texts]), len(task.classes))
        usual = np.full(len(labels), np.bincount([t.label for t in texts], minlength=len(task.classes)).argmax())
        judged.append(
            Judged(
                test.name,
                labels,
                found,
                by_group.measures(found),
                (by_group.accuracy(guesses), by_group.macro_f1(guesses)),
                by_group.gains(found.argmax(1), guesses),
                (by_group.accuracy(usual), by_group.macro_f1(usual)),
            )
        )
    return tuple(judged)


def verify(table: Table, runtime: Runtime, texts: list[Text]) -> None:
    """Refuse a graph that does not say what the table says."""
    for text in texts:
        got = runtime.session.run(["probabilities"], {"text": codes(text.fields)[None]})[0][0]
        z = table.logits(text.fields).astype(float)
        e = np.exp(z - z.max())
        want = 1 / (1 + np.exp(-z)) if len(z) == 1 else e / e.sum()
        if not np.abs(got - want).max() <= TOLERANCE:
            raise TrainingError(f"the ONNX graph says {got} of {text.fields!r}, the table {want}: the export is wrong, nothing was written")


def microseconds(runtime: Runtime, texts: list[Text], runs: int = 2000) -> float:
    """Median time of one message of 40 characters, cut from texts that differ."""
    random = np.random.default_rng(0)
    long = [text.fields[0] for text in texts if len(text.fields[0]) >= 20]
    took = []
    for _ in range(runs):
        message = (long[random.integers(len(long))] + long[random.integers(len(long))])[:40]
        points = {"text": codes((message,))[None]}
        begin = time.perf_counter_ns()
        runtime.session.run(["probabilities"], points)
        took.append(time.perf_counter_ns() - begin)
    return float(np.median(took)) / 1000
