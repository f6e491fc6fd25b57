"""The graph says what the model says, wherever the numbers lie."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from training import export, model
from training.errors import TrainingError
from training.task import Candidate, Trees
from training.tests import made

SHAPES = [
    Candidate("regression", made.INPUTS, penalty=1),
    Candidate("trees", made.INPUTS, trees=Trees(30, 8, smallest_leaf=10)),
    Candidate("both", made.INPUTS, penalty=1, trees=Trees(30, 8, smallest_leaf=10)),
]


@pytest.fixture(params=SHAPES, ids=lambda candidate: candidate.name)
def fitted(request, tmp_path):
    return calibrated(request.param, tmp_path)


def calibrated(candidate, tmp_path):
    rows = made.rows(tmp_path)
    found = model.fit(candidate, rows.matrix(made.INPUTS), rows.labels, np.ones(len(rows)))
    return replace(found, slope=0.8, offset=-0.3)


def edges():
    """Every input at every edge, the others random."""
    random = np.random.default_rng(2)
    table = [np.full(4, v) for v in (np.nan, 0, -1, 1e9, -1e9, 3e38, np.inf, -np.inf)]
    for column in range(4):
        for value in (np.nan, np.inf, -np.inf, 0, -5):
            table.append(random.gamma(2, 10, 4))
            table[-1][column] = value
    return np.array(table, dtype=np.float32)


def test_rows_and_edges_agree(fitted, tmp_path):
    runtime = export.Runtime(export.serialize(fitted))
    rows = np.vstack([made.rows(tmp_path).matrix(made.INPUTS), edges()])
    with np.errstate(invalid="ignore"):
        want = fitted.probabilities(rows)
    got = runtime.probabilities(rows)
    assert np.isfinite(got).all()
    assert np.abs(got - want).max() < 1e-5
    assert np.ptp(got) > 0.2


def test_a_row_on_a_threshold_goes_the_way_it_went_in_training(tmp_path):
    """A threshold lies between two float32 numbers; both of its neighbours have to stay on their sides."""
    fitted = calibrated(SHAPES[1], tmp_path)
    nodes = [tree["tree_structure"] for tree in fitted.trees.dump_model()["tree_info"]]
    thresholds = np.array([node["threshold"] for node in nodes if "threshold" in node])
    near = thresholds.astype(np.float32)
    near = np.concatenate([near, np.nextafter(near, np.float32(-np.inf)), np.nextafter(near, np.float32(np.inf))])
    rows = np.tile(near[:, None], (1, 4))
    assert np.abs(export.Runtime(export.serialize(fitted)).probabilities(rows) - fitted.probabilities(rows)).max() < 1e-5


def test_the_same_model_gives_the_same_bytes(fitted):
    assert export.serialize(fitted) == export.serialize(fitted)


def test_the_graph_names_its_columns(fitted):
    graph = onnx.load_from_string(export.serialize(fitted))
    assert {p.key: p.value for p in graph.metadata_props} == {"halfstep.inputs": "\n".join(made.INPUTS)}


def test_a_graph_that_disagrees_is_refused(fitted):
    runtime = export.Runtime(export.serialize(replace(fitted, offset=0.1)))
    with pytest.raises(TrainingError, match="the ONNX graph gives"):
        export.verify(fitted, runtime, edges()[:1])
