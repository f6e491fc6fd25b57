"""The pictures of a report, as PNG. The same figures give the same bytes with the packages of requirements.lock."""

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from sklearn.metrics import precision_recall_curve, roc_curve

from training.evaluate import BINS
from training.report import Report
from training.study import Study

OURS, OTHERS, GUIDE = "#0b5cad", ("#c46a10", "#5b8c3a", "#8a5aa8", "#7a7a7a"), "#b0b0b0"
WIDTH, HEIGHT, DPI, COLORS = 8.4, 3.5, 100, 160


def draw(report: Report, study: Study) -> dict[str, bytes]:
    """Every picture, by the part of its name that says what it shows."""
    return {
        "ranks": png(ranks(report)),
        "probabilities": png(probabilities(report)),
        "slices": png(slices(report)),
        "learned": png(learned(study)),
    }


def png(figure: Figure) -> bytes:
    """Lines on white need few colours, and a third of the bytes of true colour."""
    drawn, out = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    Image.open(drawn).convert("RGB").quantize(COLORS, method=Image.Quantize.MEDIANCUT).save(out, format="png", optimize=True)
    return out.getvalue()


def panels(height: float = HEIGHT) -> tuple[Figure, Axes, Axes]:
    figure = Figure((WIDTH, height), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#ececec", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=8)
    return figure, left, right


def entitle(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel(x, fontsize=8.5)
    axes.set_ylabel(y, fontsize=8.5)


def ranks(report: Report) -> Figure:
    """ROC and precision-recall curves, ours over those of the baselines."""
    figure, roc, recall = panels()
    for name, scores, look in lines(report):
        wrong, found, _ = roc_curve(report.labels, scores)
        roc.plot(wrong, found, label=name, **look)
        precision, share, _ = precision_recall_curve(report.labels, scores)
        recall.plot(share[:-1], precision[:-1], label=name, **look)  # the last point is a convention, no threshold reaches it
    roc.plot([0, 1], [0, 1], color=GUIDE, linewidth=0.8, linestyle=":")
    recall.axhline(report.rate, color=GUIDE, linewidth=0.8, linestyle=":")
    entitle(roc, "ROC", "share of negatives flagged", "share of positives found")
    entitle(recall, "Precision and recall", "share of positives found", "share of flagged that are positive")
    recall.set_ylim(0, 1.02)
    roc.legend(fontsize=7.5, frameon=False, loc="lower right")
    return figure


def lines(report: Report) -> list[tuple[str, np.ndarray, dict]]:
    """Name, scores and look of what can rank, ours last so that it lies on top."""
    others = [(line.name, report.scores[line.name]) for line in report.lines[1:] if np.ptp(report.scores[line.name]) > 0]
    looks = [(name, scores, {"color": color, "linewidth": 1}) for (name, scores), color in zip(others, OTHERS, strict=False)]
    ours = report.lines[0].name
    return [*looks, (ours, report.scores[ours], {"color": OURS, "linewidth": 1.8})]


def probabilities(report: Report) -> Figure:
    """Whether probabilities come true, and what following the highest ones finds."""
    figure, reliability, gain = panels()
    scores, labels = report.scores[report.lines[0].name], report.labels
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    filled = [k for k in range(BINS) if (bins == k).any()]
    counts = np.array([(bins == k).sum() for k in filled])
    said = np.array([scores[bins == k].mean() for k in filled])
    came = np.array([labels[bins == k].mean() for k in filled])
    noise = 1.96 * np.sqrt(np.maximum(came * (1 - came), 0.25 / counts) / counts)
    bars = [came - np.maximum(came - noise, 0), np.minimum(came + noise, 1) - came]
    reliability.bar(said, counts / counts.sum(), width=0.05, color="#d5e3f1", label="share of rows")
    reliability.plot([0, 1], [0, 1], color=GUIDE, linewidth=0.8, linestyle=":")
    reliability.errorbar(said, came, yerr=bars, color=OURS, marker="o", markersize=4, linewidth=1.2, label="came true, with 95%")
    reliability.set(xlim=(0, 1), ylim=(0, 1.02))
    reliability.legend(fontsize=7.5, frameon=False, loc="upper left")
    entitle(reliability, "Reliability", "probability said", "share that came true")
    for name, ranked, look in lines(report):
        order = np.argsort(-ranked, kind="stable")
        gain.plot(np.arange(1, len(order) + 1) / len(order), np.cumsum(labels[order]) / labels.sum(), label=name, **look)
    gain.plot([0, 1], [0, 1], color=GUIDE, linewidth=0.8, linestyle=":")
    gain.plot([0, report.rate, 1], [0, 1, 1], color=GUIDE, linewidth=0.8)
    entitle(gain, "Gain", "share of rows taken, the highest scores first", "share of positives found")
    return figure


def slices(report: Report) -> Figure:
    """Ranking and level, slice by slice."""
    shown = report.slices[::-1]
    figure, ranking, level = panels(1.3 + 0.3 * len(shown))
    names, at = [f"{s.name} ({s.rows:,})" for s in shown], np.arange(len(shown))
    for y, s in zip(at, shown, strict=True):
        if s.auc is not None:
            ranking.plot([s.auc.low, s.auc.high], [y, y], color=OURS, linewidth=1.2)
            ranking.plot(s.auc.value, y, color=OURS, marker="o", markersize=4)
    whole = report.measures["roc_auc"].value
    ranking.axvline(whole, color=GUIDE, linewidth=0.8, linestyle=":")
    ranking.set_yticks(at, names)
    ranking.set_ylim(-0.6, len(shown) - 0.4)
    entitle(ranking, "AUC with 95%, dotted: all rows", "AUC", "")
    level.barh(at + 0.18, [s.score for s in shown], height=0.34, color=OURS, label="mean score")
    level.barh(at - 0.18, [s.rate for s in shown], height=0.34, color=OTHERS[0], label="came true")
    level.set_yticks(at, [])
    level.set_ylim(-0.6, len(shown) - 0.4)
    level.legend(fontsize=7.5, frameon=False, loc="best")
    entitle(level, "Mean score and what came true", "share", "")
    return figure


def learned(study: Study) -> Figure:
    """What the model rests on, and what more customers would bring."""
    shown = study.importances[::-1]
    figure, features, curve = panels(max(HEIGHT, 1.0 + 0.2 * len(shown)))
    features.barh([i.feature for i in shown], [i.loss for i in shown], xerr=[i.spread for i in shown], color=OURS, height=0.6)
    features.tick_params(axis="y", labelsize=7.5)
    entitle(features, "Feature importance", "AUC lost when shuffled", "")
    count = [size.customers for size in study.sizes]
    curve.fill_between(count, [s.auc.low for s in study.sizes], [s.auc.high for s in study.sizes], color="#d5e3f1", linewidth=0)
    curve.plot(count, [s.auc.value for s in study.sizes], color=OURS, marker="o", markersize=4, linewidth=1.2)
    curve.set_xscale("log", base=2)
    curve.set_xticks(count, [f"{n:,}" for n in count])
    curve.minorticks_off()
    entitle(curve, "Learning curve", "customers learned from", "AUC out of fold, with 95%")
    return figure
