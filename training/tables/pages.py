"""The two reports: what was asked, one table a question, one picture, and what to make of it."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np

from training import plots
from training.cache import Cache
from training.errors import TrainingError
from training.tables import retailrocket, shoppers
from training.tables.report import BASELINE, Answer, Question, Say, answers, table
from training.tables.trial import FOLDS, check

OURS, LATER = "columns", "columns and earlier visits"

RETAILROCKET = f"""# retailrocket

Does a purchase follow in this session? Asked 0, 1, 2, 3, 5 and 10 events after the first addition to the cart, of sessions of a real
shop. The table has no events, so nothing here is replayed and nothing ships: it puts the code that fits and judges beside published
figures. RetailRocket's data is CC BY-NC-SA 4.0, evaluation only.

## Protocol

As published: at each decision time a fifth of the visitors tests, five times (seeds {", ".join(map(str, retailrocket.SEEDS))}); figures are
means of the five, intervals 95% by bootstrap over visitors, differences in pairs. The form of each model (regression, trees, or their
mean) is chosen by {FOLDS} folds of visitors within the training part, and each test part is scored once a run. Inputs and the size of trees
were settled by folds within the training part of seed 11. Two earlier shapes had been scored on the test parts of seeds 11 and 22 before,
at some of the decision times; on columns they had AUC 0.646 at 0, 0.625 at 1, 0.637 at 5, and 0.616 and 0.625 at 10.

- *{BASELINE}* and *logistic regression* are scikit-learn's, on the table's {len(retailrocket.COLUMNS)} columns at this decision time.
- *{OURS}*: those, ratios of them, and the same session's columns at earlier decision times. Trees also learn from other decision times
  after the first, of visitors who do not test.
- *{LATER}*: also which visit of the visitor this is, how many carts there were before, and whether earlier ones were bought: of visitors
  who test too, because a shop knows it by then. All of it was over before the session began. The published models did not have it, so
  *{OURS}* is the line to hold against them.
"""

SHOPPERS = f"""# shoppers

Does a session end in a purchase? Asked of 12,330 whole sessions of a web shop: Online Shoppers Purchasing Intention (Sakar and Kastro, UCI
Machine Learning Repository, 2018), CC BY 4.0. The table has no events, so nothing here is replayed and nothing ships: it puts the code that
fits and judges beside a published figure, AUC 0.937 with PageValues.

## Protocol

As published: ten folds, stratified, seed 42; figures are means of the ten, intervals 95% by bootstrap over sessions, differences in pairs.
The table has no ids, so a customer of two sessions may be on both sides. The form of each model is chosen by {FOLDS} folds within the
training part, and each test part is scored once. Inputs and the size of trees were settled by folds within the first training part.

PageValues is what Google Analytics credits a page with from purchases that followed a visit to it, this session's among them: with it a
model partly reads the answer. The figure without is what to expect of a live session.

- *{BASELINE}* and *logistic regression* are scikit-learn's, on the table's columns.
- *{OURS}*: those, ratios of them, and a column for each code.
"""


def write_retailrocket(data: Path, cache: Cache, folder: Path, say: Say) -> Path:
    file = data / retailrocket.FILE
    found = answers("retailrocket", file, cache, lambda: prefixes(data), say)
    published = best_published(data / "retailrocket_cart_published_auc.csv")
    sections = [
        RETAILROCKET.rstrip(),
        "![AUC by decision time](retailrocket.png)",
        *(
            f"## {a.question}\n\n{a.rows:,} rows tested, {a.rate:.1%} buy; published: {name} {auc:.3f}.\n\n{table(a)}"
            for a, (name, auc) in zip(found, published, strict=True)
        ),
        "## Made again\n\n`python -m training retailrocket` writes this page.",
    ]
    return write(folder, "retailrocket", sections, curves(found, published))


def write_shoppers(data: Path, cache: Cache, folder: Path, say: Say) -> Path:
    found = answers("shoppers", data / shoppers.FILE, cache, lambda: sessions(data), say)
    sections = [
        SHOPPERS.rstrip(),
        *(f"## {a.question}\n\n{a.rows:,} rows tested, {a.rate:.1%} buy.\n\n{table(a)}" for a in found),
        "![AUC with and without PageValues](shoppers.png)",
        "## Made again\n\n`python -m training shoppers` writes this page.",
    ]
    return write(folder, "shoppers", sections, bars(found))


TABLES: dict[str, Callable[[Path, Cache, Path, Say], Path]] = {"retailrocket": write_retailrocket, "shoppers": write_shoppers}


def write(folder: Path, name: str, sections: list[str], picture: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.png").write_bytes(picture)
    page = folder / f"{name}.md"
    page.write_text("\n\n".join(sections) + "\n")
    return page


def prefixes(data: Path) -> list[Question]:
    """One a decision time."""
    known = retailrocket.load(data)
    (names, rows), history = known.matrix(), known.history()
    more = (*names, *retailrocket.HISTORY), np.column_stack([rows, history])
    check(*more, known.labels)
    return [
        Question(
            name=f"{step} events after the first addition to the cart",
            labels=known.labels,
            customers=known.visitors,
            parts=tuple(known.parts(step)),
            columns=rows[:, : len(retailrocket.COLUMNS)],
            inputs={OURS: (names, rows), LATER: more},
            candidate=retailrocket.candidate,
        )
        for step in retailrocket.STEPS
    ]


def sessions(data: Path) -> list[Question]:
    """With PageValues and without."""
    known = shoppers.load(data)
    found = []
    for words, with_values in (("With PageValues", True), ("Without PageValues", False)):
        names, rows = known.matrix(with_values)
        check(names, rows, known.labels)
        plain = known.plain(with_values)[1]
        parts = tuple(known.parts())
        found.append(Question(words, known.labels, known.rows, parts, plain, {OURS: (names, rows)}, shoppers.candidate))
    return found


def best_published(path: Path) -> list[tuple[str, float]]:
    """The best published model at each decision time, split by visitor."""
    if not path.exists():
        raise TrainingError(f"{path}: no such file; it holds the published figures and lies beside the table")
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "visitor-grouped"]
    found = []
    for step in retailrocket.STEPS:
        at = [(row["model"], float(row["mean_roc_auc"])) for row in rows if float(row["k"]) == step]
        found.append(max(at, key=lambda pair: pair[1]))
    return found


def curves(found: list[Answer], published: list[tuple[str, float]]) -> bytes:
    figure, axes, gains = plots.panels()
    steps = np.arange(len(found))
    axes.plot(steps, [auc for _, auc in published], color=plots.GUIDE, linestyle="--", marker="s", markersize=4, label="best published")
    looks = {BASELINE: plots.OTHERS[0], OURS: plots.OURS, LATER: plots.OTHERS[1]}
    for shift, (name, color) in enumerate(looks.items()):
        lines = [next(line for line in answer.lines if line.name == name) for answer in found]
        spread(axes, steps + 0.08 * (shift - 1), [line.auc for line in lines], color, name)
        if name != BASELINE:
            spread(gains, steps + 0.08 * (shift - 1), [line.gain for line in lines], color, name)
    gains.axhline(0, color=plots.GUIDE, linewidth=1)
    for panel, title, y in ((axes, "AUC", "AUC"), (gains, f"above {BASELINE}", "difference of AUC, paired")):
        panel.set_xticks(steps, map(str, retailrocket.STEPS))
        plots.entitle(panel, title, "events after the first addition to the cart", y)
        panel.legend(fontsize=7.5, frameon=False)
    return plots.png(figure)


def spread(axes, at: np.ndarray, intervals: list, color: str, name: str) -> None:
    """Points with their intervals."""
    values = np.array([(i.value, i.value - i.low, i.high - i.value) for i in intervals]).T
    axes.errorbar(at, values[0], yerr=values[1:], color=color, marker="o", markersize=4, capsize=2, linewidth=1.2, label=name)


def bars(found: list[Answer]) -> bytes:
    figure, *panels = plots.panels(height=2.4)
    for axes, answer in zip(panels, found, strict=True):
        for row, line in enumerate(reversed(answer.lines)):
            color = plots.OURS if line.name == OURS else plots.OTHERS[0]
            low, high = line.auc.value - line.auc.low, line.auc.high - line.auc.value
            axes.errorbar([line.auc.value], [row], xerr=[[low], [high]], color=color, marker="o", markersize=5, capsize=3)
        axes.set_yticks(range(len(answer.lines)), [line.name for line in reversed(answer.lines)])
        axes.margins(y=0.3)
        plots.entitle(axes, answer.question, "AUC", "")
    return plots.png(figure)
