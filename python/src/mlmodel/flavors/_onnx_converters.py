"""Graphs made of models of other libraries: by the library itself, or what a converter takes.

A graph's inputs have types, and converters do not keep every one: some nodes are there for 32 bits
alone. So the exact type is tried first, then the shorter one, and the first graph that answers the
example as the model does is taken. A library's own graph is taken with its outputs put right: what
is a mapping per row becomes one array, and a shape that is not so is not declared.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel._base.extras import require
from mlmodel.errors import InvalidArgument
from mlmodel.flavors._classes import class_name, defined_by
from mlmodel.flavors._failures import brief
from mlmodel.flavors._registry import known_flavors
from mlmodel.flavors._tables import as_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.flavors._base import Flavor

__all__ = ["convert"]

_DOUBLE, _FLOAT = "DoubleTensorType", "FloatTensorType"


def convert(flavor: Flavor, model: Any, example: Any, answer: Any) -> tuple[Any, str]:
    """Return a graph that answers as ``model`` does, and the converter with its version.

    Args:
        flavor: that of graphs.
        model: of a flavor that makes graphs itself, or a fitted estimator or pipeline of
            scikit-learn's API.
        example: a table or an array with a row per answer.
        answer: the model's own to the example.

    Raises:
        InvalidArgument: it cannot be converted, or no graph answers as the model (CNV-004).
        MissingDependency: the converter is not installed.

    """
    own = next((one for one in known_flavors() if one.makes_graphs and one.detects(model)), None)
    if own is not None:
        return _by_its_library(flavor, own, model, example, answer)
    if not defined_by(model, "sklearn"):
        raise InvalidArgument(
            f"A model of {class_name(model)} is not converted to {flavor.name}; estimators of "
            "scikit-learn are (CNV-002)"
        )
    converter = require("skl2onnx", "convert")
    why = "it answers the example otherwise than the model"
    for types in _types(example, converter.common.data_types):
        try:
            graph = converter.to_onnx(model, initial_types=types, options=_options(model))
            if _answers(flavor, graph, example, answer):
                return graph, f"skl2onnx {converter.__version__}"
        except Exception as error:  # noqa: BLE001 - a converter of a few hundred models
            why = brief(error)
    raise InvalidArgument(
        f"skl2onnx {converter.__version__} cannot convert the model: {why} (CNV-004)"
    )


def _by_its_library(
    flavor: Flavor, own: Flavor, model: Any, example: Any, answer: Any
) -> tuple[Any, str]:
    onnx = flavor.require("onnx")
    data, by = own.graph(model, flavor.name)
    graph = onnx.load_from_string(data)
    _put_right(graph, onnx)
    try:
        same, why = _answers(flavor, graph, example, answer), "it answers the example otherwise"
    except Exception as error:  # noqa: BLE001 - the library wrote what its own model cannot be
        same, why = False, brief(error)
    if not same:
        raise InvalidArgument(f"The graph that {by} makes is not the model: {why} (CNV-004)")
    return graph, by


def _put_right(model: Any, onnx: Any) -> None:
    """Let probabilities be one array, and outputs of trees have the two axes that they have."""
    graph, plain = model.graph, dict[str, str]()
    for node in [one for one in graph.node if one.op_type == "ZipMap"]:
        plain[node.input[0]] = node.output[0]
        graph.node.remove(node)
    tables = set(plain.values())
    for node in graph.node:
        node.output[:] = [plain.get(name, name) for name in node.output]
        if node.op_type == "TreeEnsembleRegressor":
            tables.update(node.output)
    for output in graph.output:
        if output.name in tables:
            declared = onnx.helper.make_tensor_value_info(
                output.name, onnx.TensorProto.FLOAT, [None, None]
            )
            output.CopyFrom(declared)


def _options(model: Any) -> dict[int, Any] | None:
    """Return what makes probabilities one array, in the place of a mapping per row."""
    return {id(model): {"zipmap": False}} if hasattr(model, "classes_") else None


def _types(example: Any, kinds: Any) -> Iterator[list[tuple[str, Any]]]:
    """Give the types that inputs may have: columns by name, or one matrix, in 64 bits or 32."""
    frame = as_frame(example)
    if frame is None:
        width = example.shape[1]
        yield from ([("X", getattr(kinds, kind)([None, width]))] for kind in (_DOUBLE, _FLOAT))
        return
    for kind in (_DOUBLE, _FLOAT):
        if all(dtype.kind in "fiub" for dtype in frame.dtypes):
            yield [("X", getattr(kinds, kind)([None, frame.shape[1]]))]
        yield [
            (str(name), _column_type(frame.iloc[:, place], kind, kinds))
            for place, name in enumerate(frame.columns)
        ]


def _column_type(column: Any, kind: str, kinds: Any) -> Any:
    of = {"f": kind, "i": "Int64TensorType", "u": "Int64TensorType", "b": "BooleanTensorType"}
    return getattr(kinds, of.get(column.dtype.kind, "StringTensorType"))([None, 1])


def _answers(flavor: Flavor, graph: Any, example: Any, answer: Any) -> bool:
    from mlmodel.flavors import _onnx_graph, _onnx_session
    from mlmodel.flavors._compared import columns_of, largest_difference

    name = "the graph"
    checked = _onnx_graph.read(flavor, graph.SerializeToString(), Path(name), name)
    session = _onnx_session.start(flavor, checked, name, {})
    told = flavor.predictor(session, {})(example, None)
    return largest_difference(columns_of(answer), columns_of(told)) is not None
