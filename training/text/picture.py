"""The picture of a report: whether probabilities come true, and how right the surest answers are."""

import numpy as np
from matplotlib.figure import Figure

from training import plots
from training.evaluate import BINS
from training.text.exam import Judged


def draw(j: Judged) -> Figure:
    figure, reliability, sure = plots.panels()
    score, right = j.probabilities.max(1), j.probabilities.argmax(1) == j.labels
    bins = np.minimum((score * BINS).astype(int), BINS - 1)
    filled = [k for k in range(BINS) if (bins == k).any()]
    said = [score[bins == k].mean() for k in filled]
    came = np.array([right[bins == k].mean() for k in filled])
    counts = np.array([(bins == k).sum() for k in filled])
    noise = 1.96 * np.sqrt(np.maximum(came * (1 - came), 0.25 / counts) / counts)
    reliability.bar(said, counts / counts.sum(), width=0.05, color="#d5e3f1", label="share of texts")
    reliability.plot([0, 1], [0, 1], color=plots.GUIDE, linewidth=0.8, linestyle=":")
    reliability.errorbar(said, came, yerr=noise, color=plots.OURS, marker="o", markersize=4, linewidth=1.2, label="right, with 95%")
    reliability.set(xlim=(0, 1), ylim=(0, 1.02))
    reliability.legend(fontsize=7.5, frameon=False, loc="upper left")
    plots.entitle(reliability, "Reliability", "probability of the likeliest class", "share that was right")
    order = np.argsort(-score, kind="stable")
    answered = np.arange(1, len(order) + 1)
    shown = answered >= len(order) // 50  # before that it jumps
    sure.plot((answered / len(order))[shown], (np.cumsum(right[order]) / answered)[shown], color=plots.OURS, linewidth=1.6)
    sure.axhline(j.plain[0].value, color=plots.OTHERS[0], linewidth=1, linestyle="--", label="plain baseline, all answered")
    sure.legend(fontsize=7.5, frameon=False, loc="lower left")
    plots.entitle(sure, "Accuracy of the surest answers", "share of texts answered", "accuracy")
    return figure
