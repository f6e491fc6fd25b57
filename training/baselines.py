"""What a model has to be better than, to be worth its cost."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training.set import TrainingSet
from training.task import Split, Task

SEED = 20260103


def scores(task: Task, rows: TrainingSet, split: Split) -> dict[str, np.ndarray]:
    """Scores of the test part by each baseline. Those of the rule only rank."""
    labels, weights = rows.labels[split.train], task.weights(rows)[split.train]
    columns = max((c.inputs for c in task.candidates), key=len)
    x = rows.matrix(columns)
    learners = {
        "logistic regression": make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(max_iter=2000)),
        "HistGradientBoosting": HistGradientBoostingClassifier(random_state=SEED),
    }
    rule = rows.column(task.rule.feature)[split.test].astype(float)
    found = {
        "base rate": np.full(split.test.sum(), np.average(labels, weights=weights)),
        f"{task.rule.feature} alone": np.nan_to_num(rule, nan=np.nanmedian(rule)) * (1 if task.rule.rising else -1),
    }
    for name, learner in learners.items():
        step = learner.steps[-1][0] + "__" if hasattr(learner, "steps") else ""
        learner.fit(x[split.train], labels, **{f"{step}sample_weight": weights})
        found[name] = learner.predict_proba(x[split.test])[:, 1]
    return found
