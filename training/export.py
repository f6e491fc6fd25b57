"""A model as an ONNX graph: one float32 input of shape [N, inputs], one output `probability` of shape [N, 1].

Calibration is folded in: it scales the parts and shifts the intercept, so it costs no operator of its own. Nothing in the file depends
on when or where it was made.
"""

import numpy as np
import onnx
import onnxruntime
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from training import trees
from training.errors import TrainingError
from training.linear import Linear
from training.model import Model

OPSET, ML_OPSET, IR = 17, 3, 9
TOLERANCE = 1e-5


def build(model: Model) -> ModelProto:
    """Features go in as they are: logarithms, limits and missing values are the graph's business."""
    nodes: list[NodeProto] = []
    constants: list[TensorProto] = []
    scale = model.slope * model.share
    parts = []
    if model.linear is not None:
        more, tensors = linear_nodes(model.linear, scale, model.offset)
        nodes += more
        constants += tensors
        parts.append("linear")
    if model.trees is not None:
        nodes.append(trees.operator(model.trees, scale, "features", "trees"))
        parts.append("trees")
    if model.linear is None:
        constants.append(constant("offset", np.array([model.offset])))
        parts.append("offset")
    log_odds = parts[0]
    if len(parts) == 2:
        log_odds = "log_odds"
        nodes.append(helper.make_node("Add", parts, [log_odds]))
    nodes.append(helper.make_node("Sigmoid", [log_odds], ["probability"]))
    rows = helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, len(model.inputs)])
    out = helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph(nodes, "halfstep", [rows], [out], constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    exported = helper.make_model(graph, opset_imports=opsets, ir_version=IR, producer_name="halfstep")
    helper.set_model_props(exported, {"halfstep.inputs": "\n".join(model.inputs)})
    onnx.checker.check_model(exported)
    return exported


def serialize(model: Model) -> bytes:
    """The same model gives the same bytes."""
    return build(model).SerializeToString(deterministic=True)


def linear_nodes(part: Linear, scale: float, offset: float) -> tuple[list[NodeProto], list[TensorProto]]:
    """sign(x) log(1 + |x|) within limits, the mean where x is missing, times the weights."""
    constants = [
        constant("one", np.array(1.0)),
        constant("lowest", part.lowest),
        constant("highest", part.highest),
        constant("mean", part.mean),
        constant("weights", part.weights[:, None] * scale),
        constant("intercept", np.array([part.intercept * scale + offset])),
    ]
    steps = [
        ("Abs", ["features"], "size"),
        ("Add", ["size", "one"], "above"),
        ("Log", ["above"], "log"),
        ("Sign", ["features"], "sign"),
        ("Mul", ["log", "sign"], "signed"),
        ("Max", ["signed", "lowest"], "raised"),
        ("Min", ["raised", "highest"], "limited"),
        ("IsNaN", ["features"], "missing"),
        ("Where", ["missing", "mean", "limited"], "complete"),
        ("Gemm", ["complete", "weights", "intercept"], "linear"),
    ]
    return [helper.make_node(kind, inputs, [output]) for kind, inputs, output in steps], constants


def constant(name: str, values: np.ndarray) -> TensorProto:
    return numpy_helper.from_array(values.astype(np.float32), name)


class Runtime:
    """The graph in ONNX Runtime, on one thread as the server runs it."""

    def __init__(self, graph: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        return self.session.run(["probability"], {"features": rows.astype(np.float32)})[0][:, 0]


def verify(model: Model, runtime: Runtime, rows: np.ndarray) -> None:
    """Refuse a graph that does not say what the model says."""
    got, want = runtime.probabilities(rows), model.probabilities(rows)
    far = ~(np.abs(got - want) <= TOLERANCE)
    if far.any():
        row = int(np.argmax(far))
        raise TrainingError(
            f"the ONNX graph gives {got[row]} for row {row}, the model {want[row]}: the export is wrong, nothing was written"
        )
