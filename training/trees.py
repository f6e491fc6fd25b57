"""Boosted trees: LightGBM learns them, and they become one operator of an ONNX graph.

The operator is written here rather than by a converter for exactness: thresholds are doubles in LightGBM and float32 in ONNX, and one
that is rounded upwards sends a row that equals it to the other side. Rounded downwards, every float32 row goes the way it went in
training.
"""

from dataclasses import dataclass, field

import lightgbm
import numpy as np
from onnx import NodeProto, helper

from training.task import Trees

SEED = 20260101


def fit(rows: np.ndarray, labels: np.ndarray, weights: np.ndarray, shape: Trees) -> lightgbm.Booster:
    """Fit on one thread, so that the same rows give the same trees."""
    settings = {
        "objective": "binary",
        "num_leaves": shape.leaves,
        "learning_rate": shape.rate,
        "min_data_in_leaf": shape.smallest_leaf,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "feature_fraction": 0.5,
        "lambda_l2": 5.0,
        "seed": SEED,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
    return lightgbm.train(settings, lightgbm.Dataset(rows, labels, weight=weights), num_boost_round=shape.count)


@dataclass
class Attributes:
    """The arrays of a TreeEnsembleRegressor, a node after the other."""

    trees: list[int] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    modes: list[str] = field(default_factory=list)
    features: list[int] = field(default_factory=list)
    thresholds: list[float] = field(default_factory=list)
    yes: list[int] = field(default_factory=list)
    no: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    leaf_trees: list[int] = field(default_factory=list)
    leaf_ids: list[int] = field(default_factory=list)
    leaf_values: list[float] = field(default_factory=list)

    def add(self, tree: int, node: dict, scale: float) -> int:
        """Append a node and all below it, and return its number in the tree."""
        number = self.ids[-1] + 1 if self.trees and self.trees[-1] == tree else 0
        at = len(self.ids)
        self.trees.append(tree)
        self.ids.append(number)
        leaf = "leaf_value" in node
        self.modes.append("LEAF" if leaf else "BRANCH_LEQ")
        self.features.append(0 if leaf else node["split_feature"])
        self.thresholds.append(0.0 if leaf else rounded_down(node["threshold"]))
        self.missing.append(0 if leaf else int(missing_goes_left(node)))
        self.yes.append(0)
        self.no.append(0)
        if leaf:
            self.leaf_trees.append(tree)
            self.leaf_ids.append(number)
            self.leaf_values.append(node["leaf_value"] * scale)
        else:
            self.yes[at] = self.add(tree, node["left_child"], scale)
            self.no[at] = self.add(tree, node["right_child"], scale)
        return number


def rounded_down(threshold: float) -> float:
    """The largest float32 that is not above the threshold."""
    near = np.float32(min(threshold, float(np.finfo(np.float32).max)))  # 1e308 stands for "whatever is not missing"
    return float(np.nextafter(near, np.float32(-np.inf)) if float(near) > threshold else near)


def missing_goes_left(node: dict) -> bool:
    """Where training saw nothing missing, LightGBM takes a missing value for 0."""
    return node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0


def operator(booster: lightgbm.Booster, scale: float, source: str, target: str) -> NodeProto:
    """The trees' log-odds times scale, of shape (rows, 1)."""
    a = Attributes()
    for number, tree in enumerate(booster.dump_model()["tree_info"]):
        a.add(number, tree["tree_structure"], scale)
    return helper.make_node(
        "TreeEnsembleRegressor",
        [source],
        [target],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="SUM",
        post_transform="NONE",
        nodes_treeids=a.trees,
        nodes_nodeids=a.ids,
        nodes_modes=a.modes,
        nodes_featureids=a.features,
        nodes_values=a.thresholds,
        nodes_truenodeids=a.yes,
        nodes_falsenodeids=a.no,
        nodes_missing_value_tracks_true=a.missing,
        target_treeids=a.leaf_trees,
        target_nodeids=a.leaf_ids,
        target_ids=[0] * len(a.leaf_ids),
        target_weights=a.leaf_values,
    )
