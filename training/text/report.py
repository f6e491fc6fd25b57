"""What is known about a fitted text model, and how it reads for people."""

from dataclasses import dataclass

import numpy as np

from training.evaluate import Interval
from training.record import Figure
from training.text import baseline
from training.text.data import Text
from training.text.exam import Judged
from training.text.learn import Learned
from training.text.task import Task

NAMES = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "brier": "Brier score",
    "log_loss": "log loss",
    "expected_calibration_error": "expected calibration error",
}


@dataclass(frozen=True)
class Report:
    task: Task
    learned: Learned
    graph: bytes
    judged: tuple[Judged, ...]
    texts: list[Text]
    digests: dict[str, str]

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.task.inputs[: self.learned.candidate.fields]


def card(r: Report) -> str:
    """The model card, which is the report too."""
    task = r.task
    sections = [
        f"# {task.name} {task.version}\n\n{task.meaning}\n\n**Terms.** {task.terms}",
        model(r),
        f"## Protocol\n\n{task.protocol}\n\n{len(r.texts):,} texts taught. Each test was scored by the graph that ships, after "
        "everything was chosen. Intervals are 95%, by bootstrap over groups.",
        *(quality(judged) for judged in r.judged),
        choice(r),
        "## Limits\n\n" + "\n".join(f"- {limit}" for limit in task.limits),
        f"## Made again\n\n`python -m training {task.command}` makes the same bytes from the same files with the packages of "
        "`training/requirements.lock` on the same architecture. Golden rows are made up, not anybody's words.\n\n"
        + "\n".join(f"- `{name}`, sha256 `{digest}`" for name, digest in r.digests.items()),
    ]
    return "\n\n".join(sections) + "\n"


def figures_of(r: Report) -> tuple[Figure, ...]:
    """The figures that others quote: accuracy, and macro-F1 where classes are many."""
    named = ("accuracy", "macro_f1") if r.task.balanced or len(r.task.classes) > 2 else ("accuracy",)
    return tuple(
        Figure(f"{j.name}, {len(j.labels):,} texts", NAMES[name], j.measures[name], j.plain[k], j.gains[k])
        for j in r.judged
        for k, name in enumerate(named)
    )


def model(r: Report) -> str:
    spec, table = r.learned.table.spec, r.learned.table
    words = ", words and pairs of words in Latin letters" if spec.words else ""
    kinds = ", for each kind of goods apart, which are guessed from the grams too" if table.mixed else ""
    fields = "; what was said before has weights of its own" if spec.fields > 1 else ""
    return (
        f"## Model\n\nA logistic regression on grams of 1 to 3 characters{words}{fields}{kinds}. Code points go in, everything "
        f"else is in the graph: folding of case and width, hashes, {table.buckets:,} buckets with fingerprints, weights in float16, the "
        f"text's length, calibration. {len(r.graph) / 1e6:.2f} MB; reads the first 512 code points.\n\n"
        f"Inputs: {', '.join(f'`{name}`' for name in r.inputs)}."
    )


def quality(j: Judged) -> str:
    shown = "\n".join(f"| {NAMES[name]} | {interval} |" for name, interval in j.measures.items())
    rows = [
        ("this bundle", j.measures["accuracy"], j.measures["macro_f1"], ("", "")),
        (baseline.NAME, *j.plain, tuple(f"{g.value:+.4f} [{g.low:+.4f}, {g.high:+.4f}]" for g in j.gains)),
        ("the commonest class", *j.usual, ("", "")),
    ]
    lines = "\n".join(f"| {name} | {fine(a)} | {fine(f)} | {' and '.join(g) if g[0] else ''} |" for name, a, f, g in rows)
    return (
        f"## {j.name}\n\n{len(j.labels):,} texts.\n\n| | value |\n| --- | --- |\n{shown}\n\n"
        f"| model | accuracy | macro-F1 | this bundle is above by |\n| --- | --- | --- | --- |\n{lines}\n\n{reliability(j)}"
    )


def fine(i: Interval) -> str:
    return f"{i.value:.4f} [{i.low:.4f}, {i.high:.4f}]"


def reliability(j: Judged) -> str:
    """Probability against what came true, in ten bins."""
    two = j.probabilities.shape[1] == 2
    score = j.probabilities[:, 1] if two else j.probabilities.max(1)
    right = j.labels == 1 if two else j.probabilities.argmax(1) == j.labels
    bins = np.minimum((score * 10).astype(int), 9)
    lines = [
        f"| {k / 10:.1f} to {(k + 1) / 10:.1f} | {n:,} | {score[bins == k].mean():.3f} | {right[bins == k].mean():.3f} |"
        for k in range(10)
        if (n := int((bins == k).sum()))
    ]
    what = "probability of the positive class" if two else "probability of the likeliest class"
    return f"| {what} | texts | mean | came true |\n| --- | --- | --- | --- |\n" + "\n".join(lines)


def choice(r: Report) -> str:
    lines = "\n".join(
        f"| {t.candidate.name} | {t.accuracy:.4f} | {t.macro_f1:.4f} | {t.behind:.4f} | {t.noise:.4f} |" for t in r.learned.trials
    )
    by = "accuracy and macro-F1 together" if r.task.balanced else "accuracy"
    return (
        f"## Choice\n\nOut of fold on the training part, by {by}; the first from the smallest that is behind the best by no more than one "
        f"standard error ships: {r.learned.candidate.name}.\n\n| candidate | accuracy | macro-F1 | behind by | standard error |\n"
        f"| --- | --- | --- | --- | --- |\n{lines}"
    )
