"""The model card, for people: what it is for, what it learned from, how good it is, and what not to expect."""

from training.evaluate import Interval
from training.export import TOLERANCE
from training.fit import Trial
from training.model import Model
from training.report import Line, Report, Slice, Trained

NAMES = {
    "roc_auc": "AUC",
    "average_precision": "average precision",
    "brier": "Brier score",
    "log_loss": "log loss",
    "expected_calibration_error": "expected calibration error",
}


def text(t: Trained, size: int) -> str:
    task, report = t.task, t.report
    sections = [
        f"# {task.name} {task.version}\n\n{task.meaning} The score is the probability of that.\n\n**Terms.** {task.terms}",
        made_of(t.model, size),
        f"## Data\n\n{task.data}\n\n" + "\n".join(f"- `{source.name}`, sha256 `{source.sha256}`" for source in t.rows.sources),
        protocol(task.protocol, report),
        quality(report),
        slices(report.slices),
        selection(t.fitted.trials),
        "## Limits\n\n" + "\n".join(f"- {limit}" for limit in task.limits),
        reproduce(t),
    ]
    return "\n\n".join(sections) + "\n"


def made_of(model: Model, size: int) -> str:
    parts = []
    if model.linear is not None:
        parts.append("a logistic regression on the logarithms of the features")
    if model.trees is not None:
        shape = model.candidate.trees
        parts.append(f"{model.trees.num_trees()} boosted trees of up to {shape.leaves} leaves")
    joined = " and ".join(parts) + (", their log-odds averaged" if len(parts) == 2 else "")
    inputs = ", ".join(f"`{name}`" for name in model.inputs)
    return (
        f"## Model\n\n{joined[0].upper()}{joined[1:]}; then a sigmoid that calibrates (Platt), fitted out of fold. All of it is in the "
        f"graph, missing values too: {size / 1024:.0f} KB.\n\nInputs ({len(model.inputs)}): {inputs}."
    )


def protocol(rules: str, report: Report) -> str:
    return (
        f"## Protocol\n\n{rules}\n\n"
        f"{report.train_rows:,} rows of {report.train_customers:,} customers taught, {report.rows:,} rows of {report.customers:,} "
        f"customers judged; of these {report.rate:.1%} are positive. The test part takes no part in choosing. Intervals are "
        "95%, by bootstrap over customers."
    )


def quality(report: Report) -> str:
    measures = "\n".join(f"| {NAMES[name]} | {interval} |" for name, interval in report.measures.items())
    lines = "\n".join(line_of(line) for line in report.lines)
    return (
        f"## Quality\n\n| on the test part | value |\n| --- | --- |\n{measures}\n| mean score, for a rate of {report.rate:.3f} | "
        f"{report.mean_score:.3f} |\n\nBeside what is simpler, and a plain HistGradientBoosting on all candidates' features:\n\n"
        "| model | AUC | average precision | Brier | ECE | this bundle's AUC is above by |\n| --- | --- | --- | --- | --- | --- |\n"
        f"{lines}"
    )


def line_of(line: Line) -> str:
    gain = "" if line.gain is None else difference(line.gain)
    return f"| {line.name} | {line.auc} | {line.precision} | {line.brier or ''} | {line.calibration or ''} | {gain} |"


def difference(gain: Interval) -> str:
    return f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"


def slices(found: tuple[Slice, ...]) -> str:
    lines = "\n".join(f"| {s.name} | {s.rows:,} | {s.rate:.3f} | {s.score:.3f} | {s.auc or 'too few to say'} |" for s in found)
    return f"## Slices of the test part\n\n| slice | rows | rate | mean score | AUC |\n| --- | --- | --- | --- | --- |\n{lines}"


def selection(trials: tuple[Trial, ...]) -> str:
    lines = "\n".join(f"| {t.candidate.name} | {t.auc:.4f} | {t.behind:.4f} | {t.noise:.4f} |" for t in trials)
    return (
        "## Choice\n\nWithin the training part, out of fold. The first, from the cheapest, that is behind the best by no more than one "
        f"standard error of the difference ships.\n\n| candidate | AUC | behind by | standard error |\n| --- | --- | --- | --- |\n{lines}"
    )


def reproduce(t: Trained) -> str:
    return (
        f"## Made again\n\n`{t.task.command}` makes the same bytes from the same files with the packages of "
        "`training/requirements.lock` on the same architecture; on another, the last digits of weights may differ. `created` in "
        f"bundle.yaml is the time of the newest event, not of the making. FeatureSet revision `{t.rows.revision}`. Golden rows are drawn "
        f"from each feature's quantiles, none is copied from a customer; runtimes agree on them to {TOLERANCE:g}."
    )
