"""What a model has to be better than, to be worth its cost."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training import linear
from training.set import TrainingSet
from training.task import Plain, Split, Task

SEED = 20260103
BASE_RATE = "base rate"
PLAIN = ("logistic regression", "HistGradientBoosting")


def rule_name(task: Task) -> str:
    return f"{task.rule.feature} alone"


def scores(task: Task, rows: TrainingSet, split: Split) -> dict[str, np.ndarray]:
    """Scores of the test part by each baseline. Those of the rule only rank."""
    labels, weights = rows.labels[split.train], task.weights(rows)[split.train]
    columns = max((c.inputs for c in task.candidates), key=len)
    x = rows.matrix(columns)
    regression = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(max_iter=2000))
    learners = dict(zip(PLAIN, (regression, HistGradientBoostingClassifier(random_state=SEED)), strict=True))
    rule = rows.column(task.rule.feature)[split.test].astype(float)
    found = {
        BASE_RATE: np.full(split.test.sum(), np.average(labels, weights=weights)),
        rule_name(task): np.nan_to_num(rule, nan=np.nanmedian(rule)) * (1 if task.rule.rising else -1),
    }
    for name, learner in learners.items():
        step = learner.steps[-1][0] + "__" if hasattr(learner, "steps") else ""
        learner.fit(x[split.train], labels, **{f"{step}sample_weight": weights})
        found[name] = learner.predict_proba(x[split.test])[:, 1]
    if task.plain is not None:
        found[task.plain.name] = plain_scores(task.plain, rows, split)
    return found


def plain_scores(plain: Plain, rows: TrainingSet, split: Split) -> np.ndarray:
    taught = plain.taught(rows) & split.train
    x = rows.matrix(plain.inputs)
    fitted = linear.fit(x[taught], rows.labels[taught], np.ones(taught.sum()), penalty=1)
    return 1 / (1 + np.exp(-fitted.log_odds(x[split.test])))
