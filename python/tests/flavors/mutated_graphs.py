"""Graphs of ONNX, altered at random: fields of messages, and bytes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    import random

FLOAT, INT64, BOOL, STRING = (
    TensorProto.FLOAT,
    TensorProto.INT64,
    TensorProto.BOOL,
    TensorProto.STRING,
)
_info = helper.make_tensor_value_info
_node = helper.make_node
_X = np.arange(12, dtype=np.float32).reshape(3, 4)


def array(name: str, value: Any) -> TensorProto:
    """Return a tensor of this name."""
    return numpy_helper.from_array(np.asarray(value), name)


def model(
    nodes: Any, outputs: Any, weights: Any = (), functions: Any = (), **domains: int
) -> ModelProto:
    """Return a graph of one input ``X`` of shape [N, 4]."""
    body = helper.make_graph(nodes, "g", [_info("X", FLOAT, ["N", 4])], outputs, list(weights))
    sets = [helper.make_opsetid(name, version) for name, version in {"": 17, **domains}.items()]
    return helper.make_model(body, opset_imports=sets, ir_version=9, functions=list(functions))


def scan() -> ModelProto:
    """An LSTM's like: a state that goes over the rows."""
    turn = helper.make_graph(
        [_node("MatMul", ["x", "R"], ["r"]), _node("Add", ["h", "r"], ["a"]), _node("Tanh", ["a"], ["o"]),
         _node("Identity", ["o"], ["p"])],
        "turn", [_info("h", FLOAT, [4]), _info("x", FLOAT, [4])], [_info("o", FLOAT, [4]), _info("p", FLOAT, [4])],
    )  # fmt: skip
    return model(
        [_node("Scan", ["H", "X"], ["last", "Y"], num_scan_inputs=1, body=turn)], [_info("Y", FLOAT, ["N", 4])],
        [array("H", np.zeros(4, np.float32)), array("R", np.eye(4, dtype=np.float32))],
    )  # fmt: skip


def search() -> ModelProto:
    """A beam search's like: turns until a condition, at most so many, each with a branch."""
    more, less = (
        helper.make_graph([_node(op, ["v", "one"], [op])], op, [], [_info(op, FLOAT, ["N", 4])])
        for op in ("Add", "Sub")
    )
    turn = helper.make_graph(
        [_node("Add", ["v", "one"], ["u"]), _node("ReduceMax", ["u"], ["top"], keepdims=0),
         _node("Less", ["top", "end"], ["on"]), _node("If", ["on"], ["w"], then_branch=more, else_branch=less)],
        "turn", [_info("i", INT64, []), _info("c", BOOL, []), _info("v", FLOAT, ["N", 4])],
        [_info("on", BOOL, []), _info("w", FLOAT, ["N", 4])],
    )  # fmt: skip
    return model(
        [_node("Loop", ["turns", "yes", "X"], ["Y"], body=turn)], [_info("Y", FLOAT, ["N", 4])],
        [array("turns", np.int64(2**62)), array("yes", np.bool_(1)), array("one", np.float32(1)),
         array("end", np.float32(20))],
    )  # fmt: skip


def trees() -> ModelProto:
    """A converted forest."""
    node = _node(
        "TreeEnsembleRegressor", ["X"], ["Y"], domain="ai.onnx.ml", n_targets=1,
        nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2], nodes_featureids=[1, 0, 0],
        nodes_values=[4.5, 0.0, 0.0], nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_truenodeids=[1, 0, 0],
        nodes_falsenodeids=[2, 0, 0], target_treeids=[0, 0], target_nodeids=[1, 2], target_ids=[0, 0],
        target_weights=[1.0, 2.0],
    )  # fmt: skip
    return model([node], [_info("Y", FLOAT, ["N", 1])], **{"ai.onnx.ml": 3})


def words() -> ModelProto:
    """A converted text pipeline."""
    nodes = [
        _node("Cast", ["X"], ["s"], to=STRING), _node("Reshape", ["s", "all"], ["flat"]),
        _node("StringNormalizer", ["flat"], ["low"], case_change_action="LOWER", stopwords=["0"], locale="C"),
        _node("TfIdfVectorizer", ["low"], ["t"], max_gram_length=1, max_skip_count=0, min_gram_length=1,
              mode="TF", ngram_counts=[0], ngram_indexes=[0, 1], pool_strings=["1", "2"]),
        _node("LabelEncoder", ["low"], ["n"], domain="ai.onnx.ml", keys_strings=["1", "2"], values_int64s=[5, 6],
              default_int64=-1),
    ]  # fmt: skip
    outputs = [_info("t", FLOAT, [2]), _info("n", INT64, ["M"])]
    return model(nodes, outputs, [array("all", np.array([-1]))], **{"ai.onnx.ml": 3})


def network() -> ModelProto:
    """A network with constants that are computed once, a function, and weights of every form."""
    twice = helper.make_function(
        "own", "Twice", ["x"], ["y"],
        [_node("Constant", [], ["two"], value=array("", np.float32(2))), _node("Mul", ["x", "two"], ["y"])],
        [helper.make_opsetid("", 17)],
    )  # fmt: skip
    nodes = [
        _node("Gemm", ["X", "W", "b"], ["a"], transB=1), _node("Relu", ["a"], ["r"]),
        _node("Twice", ["r"], ["d"], domain="own"), _node("Shape", ["d"], ["s"]), _node("Slice", ["s", "z", "o"], ["n"]),
        _node("Concat", ["n", "k"], ["to"], axis=0), _node("ConstantOfShape", ["k"], ["c"]),
        _node("Expand", ["c", "to"], ["e"]), _node("Add", ["d", "e"], ["Y"]), _node("Gather", ["Y", "g"], ["Z"], axis=1),
        _node("TopK", ["Z", "o"], ["v", "i"]), _node("Softmax", ["Y"], ["P"]),
    ]  # fmt: skip
    weights = [
        array("W", np.eye(3, 4, dtype=np.float32)), helper.make_tensor("b", FLOAT, [3], [0.5, 1.5, 2.5]),
        array("z", np.array([0])), array("o", np.array([1])), array("k", np.array([3])), array("g", np.array([0, 2])),
    ]  # fmt: skip
    outputs = [
        _info("P", FLOAT, ["N", 3]),
        _info("v", FLOAT, ["N", 1]),
        _info("i", INT64, ["N", 1]),
    ]
    return model(nodes, outputs, weights, [twice], own=1)


def pictures() -> ModelProto:
    """Convolutions, pools and what changes sizes."""
    nodes = [
        _node("Unsqueeze", ["X", "ax"], ["u"]), _node("Conv", ["u", "W"], ["c"], kernel_shape=[2], pads=[1, 1]),
        _node("BatchNormalization", ["c", "one", "zero", "zero", "one"], ["b"]), _node("MaxPool", ["b"], ["m"], kernel_shape=[2]),
        _node("Pad", ["m", "p"], ["q"]), _node("Resize", ["q", "", "sc"], ["r"], mode="nearest"),
        _node("Transpose", ["r"], ["t"], perm=[0, 2, 1]), _node("QuantizeLinear", ["t", "qs", "qz"], ["h"]),
        _node("DequantizeLinear", ["h", "qs", "qz"], ["Y"]), _node("Flatten", ["Y"], ["F"]),
    ]  # fmt: skip
    weights = [
        array("ax", np.array([1])), array("W", np.ones((2, 1, 2), np.float32)), array("one", np.ones(2, np.float32)),
        array("zero", np.zeros(2, np.float32)), array("p", np.array([0, 0, 1, 0, 0, 1])),
        array("sc", np.array([1, 1, 2], np.float32)), array("qs", np.float32(0.1)), array("qz", np.uint8(3)),
    ]  # fmt: skip
    return model(nodes, [_info("F", FLOAT, None)], weights)


@cache
def models() -> dict[str, bytes]:
    """Return every honest graph by its name."""
    made = (scan, search, trees, words, network, pictures)
    return {one.__name__: one().SerializeToString() for one in made}


_NUMBERS = [
    0,
    1,
    2,
    -1,
    3,
    4,
    7,
    16,
    255,
    2**16,
    2**31 - 1,
    2**31,
    2**32 + 1,
    2**40,
    2**62,
    -(2**63),
    2**63 - 1,
]
_OPERATORS = [
    "Add", "Concat", "ConstantOfShape", "Range", "Tile", "Expand", "Gather", "Identity", "Reshape", "Slice", "Split",
    "Pad", "OneHot", "NonZero", "Cast", "Loop", "If", "MatMul", "Twice", "ScatterND", "GatherND", "Resize", "RNN",
]  # fmt: skip


def _messages(message: Any) -> list[Any]:
    found = [message]
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for one in value if not hasattr(value, "ListFields") else [value]:
                found += _messages(one)
    return found


def _change(source: random.Random, everywhere: list[Any]) -> None:  # noqa: C901
    """Change one field of one message."""
    message = source.choice(everywhere)
    fields = [(field, value) for field, value in message.ListFields()]
    if not fields:
        return
    field, value = source.choice(fields)
    repeated, how = (
        not isinstance(value, int | float | str | bytes) and not hasattr(value, "ListFields"),
        source.random(),
    )
    if how < 0.1:
        message.ClearField(field.name)
    elif field.type == field.TYPE_MESSAGE:
        same = [one for one in everywhere if one.DESCRIPTOR.name == field.message_type.name]
        other = type(same[0])()
        other.CopyFrom(source.choice(same))
        if not repeated:
            getattr(message, field.name).CopyFrom(other)
        elif how < 0.4:
            value.add().CopyFrom(other)
        elif how < 0.7 and len(value):
            del value[source.randrange(len(value))]
        elif len(value):
            value[source.randrange(len(value))].CopyFrom(other)
    else:
        new = _value(source, field, everywhere)
        if not repeated:
            setattr(message, field.name, new)
        elif how < 0.4 or not len(value):
            value.append(new)
        elif how < 0.6:
            del value[source.randrange(len(value))]
        else:
            value[source.randrange(len(value))] = new


def _value(source: random.Random, field: Any, everywhere: list[Any]) -> Any:
    if field.cpp_type in (field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE):
        return source.choice([0.0, -1.0, 1e30, float("nan"), float("inf"), 2.0**31, 0.5])
    if field.cpp_type == field.CPPTYPE_STRING:
        names = [
            n
            for one in everywhere
            if one.DESCRIPTOR.name == "NodeProto"
            for n in (*one.input, *one.output)
        ]
        text = source.choice([*names, *_OPERATORS, "", "x", "axis", "to", "own", "ai.onnx.ml"])
        return text.encode() if field.type == field.TYPE_BYTES else text
    if field.type == field.TYPE_ENUM:
        return source.choice([one.number for one in field.enum_type.values])
    number = source.choice(_NUMBERS)
    if field.cpp_type == field.CPPTYPE_INT32:
        return number if -(2**31) <= number < 2**31 else source.randrange(30)
    return number % 2**64 if field.cpp_type == field.CPPTYPE_UINT64 else number


def altered(source: random.Random) -> tuple[str, bytes, Any]:
    """Return the name of a file, its bytes, and what the graph is asked."""
    data = models()[source.choice(sorted(models()))]
    if source.random() < 0.75:
        changed = ModelProto.FromString(data)
        for _ in range(source.choice([1, 1, 1, 2, 2, 4])):
            _change(source, _messages(changed))
        return "model.onnx", changed.SerializeToString(), _X
    raw = bytearray(data)
    for _ in range(source.choice([1, 1, 2, 4])):
        at = source.randrange(len(raw))
        raw[at] = source.choice([0, 0x7F, 0x80, 0xFF, raw[at] ^ 1, source.randrange(256)])
    return "model.onnx", bytes(raw), _X


def described(name: str, source: random.Random) -> str:
    """Return the MLmodel file."""
    options = "onnx_session_options: {intra_op_num_threads: 1, log_severity_level: 4}"
    return (
        f"flavors:\n  python_function: {{data: {name}, loader_module: mlflow.onnx}}\n"
        f"  onnx: {{data: {name}, providers: [CPUExecutionProvider], {options}}}\n"
    )
