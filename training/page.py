"""training/reports/<task>.md: the table, the pictures, and what stands behind them."""

from pathlib import Path

from training import card
from training.evaluate import Interval
from training.record import Figure, Record
from training.report import Line, Report, Trained
from training.study import Study

PICTURES = {
    "ranks": "ROC and precision-recall curves of the bundle and the baselines",
    "probabilities": "reliability diagram and gain curve",
    "slices": "AUC, mean score and rate of each slice",
    "learned": "permutation importance and learning curve",
}


def write(folder: Path, t: Trained, study: Study, pictures: dict[str, bytes], record: Record) -> Path:
    """Write the report, its pictures and its record into a folder, and return the report."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pictures.items():
        (folder / picture(t.task.name, name)).write_bytes(content)
    record.write(folder)
    page = folder / f"{t.task.name}.md"
    page.write_text(text(t, study, record))
    return page


def picture(task: str, name: str) -> str:
    return f"{task}-{name}.png"


def figures(report: Report) -> tuple[Figure, ...]:
    line, plain = report.lines[0], report.plain
    return (Figure(f"{report.rows:,} rows of {report.customers:,} customers", "AUC", line.auc, plain.auc, plain.gain),)


def text(t: Trained, study: Study, record: Record) -> str:
    task = t.task
    shown = {name: f"![{words}]({picture(task.name, name)})" for name, words in PICTURES.items()}
    sections = [
        f"# {task.name} {task.version}\n\n{task.meaning} {origin(t, record)}",
        card.protocol(task.protocol, t.report),
        f"## Figures\n\n{table(t, record)}\n\n{verdict(t)}\n\n{shown['ranks']}\n\n{shown['probabilities']}",
        f"{card.slices(t.report.slices)}\n\n{shown['slices']}",
        f"## What it learned\n\n{shown['learned']}\n\n{learned(study)}",
        card.selection(t.fitted.trials),
        again(t, record),
    ]
    return "\n\n".join(sections) + "\n"


def origin(t: Trained, record: Record) -> str:
    task = t.task
    if not record.ships:
        return "It is judged here and does not ship."
    return f"The bundle is [models/bundles/{task.name}/{task.version}](../../models/bundles/{task.name}/{task.version}/README.md)."


def table(t: Trained, record: Record) -> str:
    cost = {t.report.lines[0].name: f"{record.microseconds:.1f} | {record.size / 1024:.0f}"}
    lines = "\n".join(f"{cells(line)} | {cost.get(line.name, ' | ')} |" for line in t.report.lines)
    head = "| model | AUC | average precision | Brier | ECE | the bundle's AUC is above by | µs a row | KB |"
    return f"{head}\n|{' --- |' * 8}\n{lines}"


def cells(line: Line) -> str:
    gain = "" if line.gain is None else card.difference(line.gain)
    return f"| {line.name} | {line.auc} | {line.precision} | {line.brier or 'no probability'} | {line.calibration or ''} | {gain}"


def verdict(t: Trained) -> str:
    plain = t.report.plain
    return (
        f"The plain baseline is the best of the learners in the table, {plain.name}: the bundle is "
        f"{outcome(plain.gain)}, in pairs over the same resamples of customers. The microseconds are the median of one-row runs in ONNX "
        "Runtime on one core, over rows that differ, called from Python; they are the one figure that depends on the machine."
    )


def outcome(gain: Interval) -> str:
    if gain.low > 0:
        return f"better ({card.difference(gain)})"
    if gain.high < 0:
        return f"worse ({card.difference(gain)})"
    return f"not told apart from it ({card.difference(gain)})"


def learned(study: Study) -> str:
    first = study.importances[0].feature if study.importances else "nothing"
    return (
        "Both are measured within the training part, on the judged rows, by models that had not seen their customers; the test part takes "
        f"no part. Most is lost without `{first}`. Features that say the same share their importance: each alone looks less important than "
        "it is."
    )


def again(t: Trained, record: Record) -> str:
    made = f"## Made again\n\n`{t.task.command}` writes this page. "
    if not record.ships:
        return made
    return (
        f"{made}It leaves the test part in `{test_part(t.task.name)}`, and `halfstep evaluate` "
        f"has to give the figures above to 1e-6, or nothing is written:\n\n"
        f"    bin/halfstep evaluate --bundle models/bundles/{t.task.name}/{t.task.version} --set {test_part(t.task.name)}"
    )


def test_part(name: str) -> str:
    """Where training leaves the rows that judged, from the checkout's root."""
    return f".cache/training/{name}.test.parquet"
