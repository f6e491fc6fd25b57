"""The way of a text model: read, count, choose, calibrate, fit, judge once, write."""

import hashlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.special import expit
from threadpoolctl import threadpool_limits

from training.cache import Cache, code_digest, file_digest
from training.errors import TrainingError
from training.export import Runtime
from training.text import graph
from training.text.data import Text
from training.text.exam import judge
from training.text.grams import codes
from training.text.learn import Learned, learn
from training.text.report import Report
from training.text.table import Table
from training.text.task import Exam, Task

TOLERANCE = 1e-5
CHECKED = 3000


@dataclass(frozen=True)
class Workshop:
    """Where things are."""

    data: Path
    cache: Cache
    say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True)

    def digests(self, task: Task) -> dict[str, str]:
        return {name: file_digest(self.data / name) for name in task.files}

    @threadpool_limits.wrap(limits=1)  # sums over more threads have other last digits
    def train(self, task: Task, texts: list[Text], tests: list[Exam]) -> Report:
        """Fit on the texts and judge on the tests, or take both from the cache when nothing has changed."""
        start = time.monotonic()

        def say(line: str) -> None:
            self.say(f"{task.name} {time.monotonic() - start:5.1f}s  {line}")

        if missing := [name for name in task.files if not (self.data / name).exists()]:
            raise TrainingError(f"{self.data / missing[0]}: no such file; name the folder of the data with --data or HALFSTEP_DATA")
        key = {"task": task.name, "candidates": repr((task.candidates, task.folds, task.words, task.balanced)), "texts": digest(texts)}
        learned = self.cache.get("text-fit", lambda: fitted(task, texts, say), code=code_digest("training.text.learn"), **key)
        texts, tests = cut(texts, learned), [Exam(test.name, cut(test.texts, learned)) for test in tests]
        serialized = graph.build(learned.table, task.inputs[: learned.candidate.fields], task.signed).SerializeToString(deterministic=True)
        runtime = Runtime(serialized)
        verify(learned.table, runtime, [t for test in tests for t in test.texts][:CHECKED] + texts[:CHECKED])
        say(f"judging {learned.candidate.name}")
        key = {"task": task.name, "model": digest(serialized), "texts": digest(texts), "tests": digest(tests)}
        code = code_digest("training.text.exam")
        judged = self.cache.get("text-judged", lambda: judge(len(task.classes), runtime, texts, tests), code=code, **key)
        return Report(task, learned, serialized, judged, texts, self.digests(task))


def digest(thing: object) -> str:
    """Of what a thing says that it is: texts in full."""
    return hashlib.sha256(repr(thing).encode("utf-8", "backslashreplace")).hexdigest()


def fitted(task: Task, texts: list[Text], say: Callable[[str], None]) -> Learned:
    say(f"{len(texts):,} texts to learn from")
    return learn(task, texts, say)


def cut(texts: list[Text], learned: Learned) -> list[Text]:
    """The texts with the fields that the model reads."""
    return [replace(text, fields=text.fields[: learned.candidate.fields]) for text in texts]


def verify(table: Table, runtime: Runtime, texts: list[Text]) -> None:
    """Refuse a graph that does not say what the table says."""
    for text in texts:
        got = runtime.session.run(["probabilities"], {"text": codes(text.fields)[None]})[0][0]
        z = table.logits(text.fields).astype(float)
        e = np.exp(z - z.max())
        want = expit(z) if len(z) == 1 else e / e.sum()
        if not np.abs(got - want).max() <= TOLERANCE:
            raise TrainingError(f"the ONNX graph says {got} of {text.fields!r}, the table {want}: the export is wrong, nothing was written")
