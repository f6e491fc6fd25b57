"""Make the models that the Go tests load: `venv/bin/python models/bundletest/testdata/make_models.py` from the root of the checkout.

trees.onnx is a real LightGBM classifier with missing values, converted as training does it, and trees_golden.json what LightGBM
itself says about some rows. The others are a few operators each: one thing that a loader has to cope with, or refuse.
"""

import json
import warnings
from pathlib import Path

import lightgbm
import numpy as np
import onnx
from onnx import TensorProto, helper
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

HERE = Path(__file__).parent
NAMES = ["orders_90d", "days_since_last_order", "spend_90d", "sessions_7d"]
OPSET = 17


def main() -> None:
    warnings.filterwarnings("ignore")
    trees()
    row, column = [None, len(NAMES)], [None, 1]
    mean = helper.make_node("ReduceMean", ["x"], ["m"], axes=[1], keepdims=1)
    save("plain", [mean, helper.make_node("Sigmoid", ["m"], ["y"])], row, column)
    flat = helper.make_node("ReduceMean", ["x"], ["m"], axes=[1], keepdims=0)
    save("flat", [flat, helper.make_node("Sigmoid", ["m"], ["y"])], row, [None])
    save("one_row", [mean, helper.make_node("Sigmoid", ["m"], ["y"])], [1, len(NAMES)], [1, 1])
    save("nan", [mean, helper.make_node("Log", ["m"], ["y"])], row, column)
    save("custom", [helper.make_node("Score", ["x"], ["y"], domain="com.example")], row, column)
    save("microsoft", [helper.make_node("FusedGemm", ["x", "x"], ["y"], domain="com.microsoft")], row, column)
    save("narrow", [mean, helper.make_node("Sigmoid", ["m"], ["y"])], [None, len(NAMES) - 1], column)
    save("unnamed", [mean, helper.make_node("Sigmoid", ["m"], ["y"])], row, column, names=None)
    save("integers", [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.INT64)], row, row, kind=TensorProto.INT64)
    then = helper.make_graph([helper.make_node("Identity", ["x"], ["t"])], "then", [], [tensor("t", row)])
    truth = helper.make_node("Constant", [], ["yes"], value=helper.make_tensor("yes", TensorProto.BOOL, [], [True]))
    save("branch", [truth, helper.make_node("If", ["yes"], ["y"], then_branch=then, else_branch=then)], row, row)
    constant()
    external()
    text()


def trees() -> None:
    """Fit 12 small trees on made-up customers, a tenth of whose values are missing."""
    random = np.random.default_rng(7)
    rows = random.gamma(2, 10, size=(2000, len(NAMES))).astype(np.float32)
    left = (rows[:, 1] - rows[:, 0] + random.normal(0, 5, len(rows)) > 0).astype(int)
    rows[random.random(rows.shape) < 0.1] = np.nan
    model = lightgbm.LGBMClassifier(n_estimators=12, num_leaves=6, random_state=7, n_jobs=1, verbose=-1).fit(rows, left)
    kind = [("input", FloatTensorType([None, len(NAMES)]))]
    exported = convert_lightgbm(model, initial_types=kind, target_opset=15, zipmap=False)
    helper.set_model_props(exported, {"halfstep.inputs": "\n".join(NAMES)})
    onnx.save(exported, HERE / "trees.onnx")
    sample = rows[:70]
    golden = {
        "rows": [[None if np.isnan(v) else float(v) for v in row] for row in sample],
        "scores": [round(float(p), 7) for p in model.predict_proba(sample)[:, 1]],
        "tolerance": 1e-5,
    }
    (HERE / "trees_golden.json").write_text(json.dumps(golden) + "\n")


def tensor(name: str, shape: list, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def save(file: str, nodes: list, shape: list, output: list, names: list | None = NAMES, kind: int = TensorProto.FLOAT) -> None:
    graph = helper.make_graph(nodes, file, [tensor("x", shape)], [tensor("y", output, kind)])
    write(file, graph, names)


def write(file: str, graph: onnx.GraphProto, names: list | None) -> None:
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.example", 1), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    if names:
        helper.set_model_props(model, {"halfstep.inputs": "\n".join(names)})
    (HERE / f"{file}.onnx").write_bytes(model.SerializeToString())


def constant() -> None:
    """Says 0.123 of every row. bundletest.Constant puts another score in its place, which stands in the file as four bytes."""
    says = helper.make_tensor("says", TensorProto.FLOAT, [1], np.array([0.123], np.float32).tobytes(), raw=True)
    nodes = [
        helper.make_node("Shape", ["x"], ["rows"], start=0, end=1),
        helper.make_node("ConstantOfShape", ["rows"], ["y"], value=says),
    ]
    save("constant", nodes, [None, len(NAMES)], [None])


def external() -> None:
    """Weights that lie in another file, which a loader would open by the name that the model gives."""
    weights = helper.make_tensor("w", TensorProto.FLOAT, [1], [0.0])
    weights.ClearField("float_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="../../secret")
    node = helper.make_node("Add", ["x", "w"], ["y"])
    row = [None, len(NAMES)]
    write("external", helper.make_graph([node], "external", [tensor("x", row)], [tensor("y", row)], [weights]), NAMES)


def text() -> None:
    """Reads code points: a sigmoid of a hundredth of their number, and one of a thousandth of the last one's distance to 100."""
    points = helper.make_tensor_value_info("text", TensorProto.INT64, [1, "code_points"])
    constants = [
        helper.make_tensor("hundredth", TensorProto.FLOAT, [1, 1], [0.01]),
        helper.make_tensor("pad", TensorProto.INT64, [1, 1], [100]),
        helper.make_tensor("last", TensorProto.INT64, [1], [-1]),
        helper.make_tensor("end", TensorProto.INT64, [1], [2**62]),
        helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
        helper.make_tensor("shift", TensorProto.FLOAT, [1, 1], [-100.0]),
        helper.make_tensor("thousandth", TensorProto.FLOAT, [1, 1], [0.001]),
    ]
    nodes = [
        helper.make_node("Shape", ["text"], ["shape"], start=1, end=2),
        helper.make_node("Cast", ["shape"], ["length"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["length", "hundredth"], ["a"]),
        helper.make_node("Concat", ["pad", "text"], ["padded"], axis=1),
        helper.make_node("Slice", ["padded", "last", "end", "axis"], ["final"]),
        helper.make_node("Cast", ["final"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["number", "shift"], ["distance"]),
        helper.make_node("Mul", ["distance", "thousandth"], ["b"]),
        helper.make_node("Concat", ["a", "b"], ["both"], axis=1),
        helper.make_node("Sigmoid", ["both"], ["y"]),
    ]
    write("text", helper.make_graph(nodes, "text", [points], [tensor("y", [1, 2])], constants), ["message", "earlier_message"])


if __name__ == "__main__":
    main()
