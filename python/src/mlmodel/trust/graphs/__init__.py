"""Graphs of ONNX, read before ONNX Runtime reads them (ONX-013 to ONX-021).

Its compiled reader and its optimiser do what a file says: functions are written out wherever they
are called, values that depend on no input are computed, sparse weights get all their zeros. A file
of some hundred bytes can ask for more than any machine has. Such a file runs no code and needs no
trust, so that what it asks for is bounded here, whoever saved it (TRU-062).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlmodel._base import expansion
from mlmodel.errors import InvalidModel, UnsupportedModel
from mlmodel.trust.graphs.constants import Bounds
from mlmodel.trust.graphs.functions import Functions, graphs_of, operator
from mlmodel.trust.graphs.loops import never_ends
from mlmodel.trust.graphs.tables import TABLES
from mlmodel.trust.graphs.tensors import Astray, Outside, check_sparse, check_tensor, size_in_bytes
from mlmodel.trust.graphs.vocabularies import check_vocabulary
from mlmodel.trust.graphs.wire import SIZE, MalformedMessage, UnknownField, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Checked", "Outside", "check", "size_in_bytes"]

#: By this ONNX Runtime tells files of its own format, which are not of ONNX.
_OWN_FORMAT = b"ORTM"
#: Under this key of the metadata ONNX Runtime looks for options of a session.
_SETTINGS = b"ort_config"
#: Nodes that hold compiled programs of a device, or name files that do.
_COMPILED = b"EPContext"
_MOST_DOMAINS = 64


@dataclass
class Checked:
    """What was found in a file.

    ``folds``: what is computed on loading is proven to be small. ``outside``: weights of the graph
    in other files. ``deeper``: the same, where another than the outermost graph has them.
    """

    folds: bool = True
    outside: list[Outside] = field(default_factory=list)
    deeper: list[Outside] = field(default_factory=list)


def check(data: bytes, file: str) -> Checked:
    """Read a file and hold it to what its size warrants.

    Raises:
        UnsupportedModel: it has what is not known here (ONX-013), or no graph alone (ONX-017).
        InvalidModel: it is not a graph (ONX-005), or asks for what no honest file of its size
            does (ONX-004, ONX-013 to ONX-021).

    """
    try:
        return _check(data)
    except MalformedMessage as error:
        raise InvalidModel.of_file(file, "ONX-005", f"is not an ONNX graph: {error}") from None
    except UnknownField as error:
        raise UnsupportedModel(
            f"{file} is not read: {error}, which is of a later version of ONNX than this version "
            "of mlmodel knows, or is not of ONNX; save it again without that field (ONX-013)"
        ) from None
    except Astray as error:
        if error.rule == "ONX-017":
            raise UnsupportedModel(f"{file} {error} (ONX-017)") from None
        raise InvalidModel.of_file(file, error.rule, str(error)) from None


def _check(data: bytes) -> Checked:
    size = len(data)
    if data[4:8] == _OWN_FORMAT:
        raise MalformedMessage("it is of ONNX Runtime's own format; export the model as ONNX")
    model = read(data, TABLES, "Model", 200_000 + size // 8)
    graph = model.get("graph")
    if graph is None or graph[SIZE] == 0:
        raise MalformedMessage("it is empty")
    for one in (model, *model.get("functions", ())):
        if len(one.get("opset_import", ())) > _MOST_DOMAINS:
            raise Astray("ONX-013", f"names more than {_MOST_DOMAINS} sets of operators")
    if any(entry.get("key") == _SETTINGS for entry in model.get("metadata_props", ())):
        raise Astray(
            "ONX-017",
            "brings settings of ONNX Runtime of its own (ort_config), which are not followed; take "
            "them out of metadata_props, and give them as onnx_session_options",
        )
    found = Checked()
    largest = min(max(expansion.FREE, expansion.TIMES * size), expansion.MOST)
    nodes = _check_parts(data, model, graph, found, largest)
    functions = Functions(model, 2_000 + 10 * nodes, 2**26 + 4 * size)
    functions.check(graph)
    bounds = Bounds(data, functions, largest, 2**24 + 64 * size)
    bounds.check(graph)
    found.folds = bounds.folds
    return found


def _check_parts(
    data: bytes, model: Mapping[str, Any], graph: Mapping[str, Any], found: Checked, largest: int
) -> int:
    """Check every node and tensor by itself, at any depth; return how many nodes there are."""
    nodes = 0
    trainings = model.get("training_info", ())
    others = [
        one[key] for one in trainings for key in ("initialization", "algorithm") if key in one
    ]
    waiting: list[tuple[Mapping[str, Any], bool]] = [(graph, True)]
    waiting += [(one, False) for one in [*model.get("functions", ()), *others]]
    while waiting:
        here, outermost = waiting.pop()
        initializers, tensors, sparse_ones = _tensors(here)
        for places, group in (
            (found.outside if outermost else found.deeper, initializers),
            (found.deeper, tensors),
        ):
            checked = (check_tensor(data, tensor) for tensor in group)
            places += [one for one in checked if one is not None]
        for sparse in sparse_ones:
            largest -= check_sparse(data, sparse, largest)
        nodes += len(here.get("node", ()))
        for node in here.get("node", ()):
            _check_node(data, node, here)
            waiting += [(one, False) for one in graphs_of(node)]
    return nodes


def _check_node(data: bytes, node: Mapping[str, Any], around: Mapping[str, Any]) -> None:
    if operator(node)[1] == _COMPILED:
        raise Astray("ONX-017", "holds programs for a device (EPContext), or names files that do")
    if never_ends(data, node, around):
        raise Astray("ONX-018", "has a loop that neither a number of turns nor a condition ends")
    check_vocabulary(data, node)


def _tensors(graph: Mapping[str, Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """Return the weights of a graph itself, the tensors of its nodes, and all sparse ones."""
    tensors, sparse = list[Any](), list(graph.get("sparse_initializer", ()))
    for one in _attributes(graph):
        tensors += [one[key] for key in ("t",) if key in one] + one.get("tensors", [])
        sparse += [one[key] for key in ("sparse_tensor",) if key in one]
        sparse += one.get("sparse_tensors", [])
    return graph.get("initializer", []), tensors, sparse


def _attributes(graph: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from graph.get("attribute_proto", ())
    for node in graph.get("node", ()):
        yield from node.get("attribute", ())
