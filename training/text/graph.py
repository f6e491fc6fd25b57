"""The ONNX graph of a table: from code points to answers, with operators that any ONNX Runtime has."""

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from training.text import grams
from training.text.table import TINY, Table

OPSET = 18


@dataclass
class Builder:
    """Collects nodes and constants; every method returns the name of what it added."""

    nodes: list = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)

    def constant(self, value, dtype=np.int64) -> str:
        array = np.asarray(value, dtype)
        for name, known in self.constants.items():
            if known.dtype == array.dtype and known.shape == array.shape and np.array_equal(known, array):
                return name
        name = f"c{len(self.constants)}"
        self.constants[name] = array
        return name

    def add(self, operator: str, *inputs: str, out: str = "", **attributes) -> str:
        out = out or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [out], **attributes))
        return out

    def slice(self, x: str, start: int, end: int) -> str:
        return self.add("Slice", x, self.constant([start]), self.constant([end]), self.constant([0]))

    def times(self, x: str, factor: int) -> str:
        return self.add("Mul", x, self.constant(factor))

    def cast(self, x: str, kind: int) -> str:
        return self.add("Cast", x, to=kind)


END = np.iinfo(np.int64).max


def hashes(b: Builder, table: Table) -> tuple[str, str]:
    """Hash of every gram, int64 [grams], and its field, or "" when there is only one."""
    points = b.slice(b.add("Reshape", "text", b.constant([-1])), 0, grams.MOST)
    table_of = b.constant(grams.FOLDING, np.uint16)
    plain = b.cast(b.add("Gather", table_of, b.add("Min", points, b.constant(0xFFFF))), TensorProto.INT64)
    low = b.add("Where", b.add("Less", points, b.constant(1 << 16)), plain, points)
    x = b.add("Concat", b.constant([grams.BOUNDARY]), low, b.constant([grams.BOUNDARY]), axis=0)
    first, where = b.times(x, grams.PLACES[0]), ""
    if table.spec.fields > 1:
        ends = b.cast(b.add("Equal", points, b.constant(grams.SEPARATOR)), TensorProto.INT64)
        padded = b.add("Concat", b.constant([0]), ends, b.constant([0]), axis=0)
        where = b.add("Min", b.add("CumSum", padded, b.constant(0)), b.constant(table.spec.fields - 1))
        first = b.add("Add", first, b.times(where, grams.FIELD))
    two = b.add("Add", b.slice(first, 0, -1), b.slice(b.times(x, grams.PLACES[1]), 1, END))
    three = b.add("Add", b.slice(two, 0, -1), b.slice(b.times(x, grams.PLACES[2]), 2, END))
    parts = [b.slice(first, 1, -1), two, three]
    fields = [b.slice(where, 1, -1), b.slice(where, 0, -1), b.slice(where, 0, -2)] if where else []
    if table.spec.words:
        found = words(b, x)
        parts += found
        fields += [b.times(part, 0) for part in found] if where else []
    if where:
        where = b.add("Concat", *fields, axis=0)
    return b.add("Concat", *parts, axis=0), where


def words(b: Builder, x: str) -> list[str]:
    """Hashes of words and of pairs. Letters are added up by the number of their word, 0 for what is no letter; numbers beyond the last
    word have hash 0, which the table never knows.
    """
    inside = b.add("Equal", x, b.add("Clip", x, b.constant(97), b.constant(122)))
    letter = b.cast(b.add("Or", inside, b.add("Equal", x, b.constant(39))), TensorProto.INT64)
    letters = b.add("Mul", x, letter)
    before = b.add("Concat", b.constant([0]), b.slice(letters, 0, -1), axis=0)
    start = b.add("Mul", letter, b.cast(b.add("Equal", before, b.constant(0)), TensorProto.INT64))
    number = b.add("Mul", b.add("CumSum", start, b.constant(0)), letter)
    mixed = b.add("Add", b.times(before, grams.LETTERS[0]), b.times(letters, grams.LETTERS[1]))
    mixed = b.add("Mul", b.add("Mod", mixed, b.constant(grams.LETTER_PRINTS)), letter)
    totals = b.add("ScatterElements", b.times(x, 0), number, b.add("Mul", mixed, mixed), axis=0, reduction="add")
    prints = b.add("Mod", b.slice(totals, 1, END), b.constant(grams.WORD_PRINTS))
    following = b.times(b.slice(prints, 1, END), grams.WORDS[1])
    pairs = b.add("Add", b.times(b.slice(prints, 0, -1), grams.WORDS[0]), following)
    both = b.cast(b.add("Greater", following, b.constant(0)), TensorProto.INT64)
    return [b.times(prints, grams.WORD), b.add("Mul", pairs, both)]


def logits(b: Builder, table: Table) -> str:
    """float32 [1, logits]."""
    hashed, where = hashes(b, table)
    place = b.add("Mod", hashed, b.constant(table.buckets))
    known = b.cast(b.add("Gather", b.constant(table.prints, np.uint16), place), TensorProto.INT64)
    hit = b.cast(b.add("Equal", known, b.add("Mod", hashed, b.constant(grams.PRINTS))), TensorProto.FLOAT)
    hit = b.add("Reshape", hit, b.constant([1, -1]))
    values = b.cast(b.add("Gather", b.constant(table.weights, np.float16), place), TensorProto.FLOAT)
    count, tiny = len(table.bias), b.constant(TINY, np.float32)
    axis, column, end = b.constant([1]), b.constant([count]), b.constant([count + 1])
    if where:
        squares = b.add("Reshape", b.add("Slice", values, column, end, axis), b.constant([1, -1]))
        one_hot = b.add("OneHot", where, b.constant(table.spec.fields), b.constant([0, 1], np.float32))
        lengths = b.add("Sqrt", b.add("Max", b.add("MatMul", b.add("Mul", hit, squares), one_hot), tiny))
        scale = b.add("Div", b.constant(table.shares[None], np.float32), lengths)
        by_gram = b.add("MatMul", scale, b.add("Transpose", one_hot, perm=[1, 0]))
        sums = b.add("MatMul", b.add("Mul", hit, by_gram), values)
        divided = b.add("Slice", sums, b.constant([0]), column, axis)
    else:
        sums = b.add("MatMul", hit, values)
        length = b.add("Sqrt", b.add("Max", b.add("Slice", sums, column, end, axis), tiny))
        divided = b.add("Div", b.add("Slice", sums, b.constant([0]), column, axis), length)
    sums = b.add("Add", divided, b.constant(table.bias[None], np.float32))
    return mixed(b, sums, count // 2) if table.mixed else sums


def mixed(b: Builder, sums: str, kinds: int) -> str:
    """As `experts.mixed`."""
    axis = b.constant([1])
    shared, own, gates = (
        b.add("Slice", sums, b.constant([start]), b.constant([end]), axis)
        for start, end in [(0, 1), (1, kinds + 1), (kinds + 1, 2 * kinds + 1)]
    )
    return b.add("Add", shared, b.add("ReduceSum", b.add("Mul", b.add("Softmax", gates, axis=1), own), axis, keepdims=1))


def build(table: Table, inputs: tuple[str, ...], signed: bool = False) -> onnx.ModelProto:
    """The model: `text`, int64 [1, code points], to `probabilities`, float32 [1, outputs].

    `signed` gives, for one logit, `score` too: 2p - 1, from -1 to 1.
    """
    b = Builder()
    sums = logits(b, table)
    outputs = {"probabilities": table.logit_count}
    if table.logit_count == 1:
        p = b.add("Sigmoid", sums, out="probabilities")
        if signed:
            twice = b.add("Mul", p, b.constant([[2.0]], np.float32))
            b.add("Sub", twice, b.constant([[1.0]], np.float32), out="score")
            outputs = {"score": 1, "probabilities": 1}
    else:
        b.add("Softmax", sums, axis=1, out="probabilities")
    graph = helper.make_graph(
        b.nodes,
        "text",
        [helper.make_tensor_value_info("text", TensorProto.INT64, [1, "code_points"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width]) for name, width in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in b.constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="halfstep", ir_version=9)
    helper.set_model_props(model, {"halfstep.inputs": "\n".join(inputs)})
    onnx.checker.check_model(model)
    return model
