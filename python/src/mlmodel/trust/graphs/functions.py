"""What a graph becomes when its functions are written out where they are called (ONX-014, ONX-021).

ONNX Runtime does that by names, and follows them without a look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mlmodel.trust.graphs.tensors import Astray
from mlmodel.trust.graphs.wire import SIZE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Functions", "graphs_of", "operator"]

#: How deep graphs and calls stand in each other. Protocol buffers allow 33 graphs.
_DEEPEST = 64

Key = tuple[bytes, bytes, bytes]


class _Cost(NamedTuple):
    """Of nodes: how many, what they have more in bytes, uses of the caller's attributes, depth."""

    nodes: int = 0
    more: int = 0
    uses: int = 0
    depth: int = 0


def operator(node: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Return the domain and the name of a node's operator; the domain of ONNX is empty."""
    domain = node.get("domain", b"")
    return b"" if domain == b"ai.onnx" else domain, node.get("op_type", b"")


def graphs_of(node: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the graphs that are attributes of a node."""
    for attribute in node.get("attribute", ()):
        if "g" in attribute:
            yield attribute["g"]
        yield from attribute.get("graphs", ())


class Functions:
    """The functions that a file defines."""

    def __init__(self, model: Mapping[str, Any], most_nodes: int, most_bytes: int) -> None:
        self.known: dict[Key, dict[str, Any]] = {}
        self._done: dict[Key, _Cost] = {}
        self._open: set[Key] = set()
        self._most = most_nodes, most_bytes
        for one in model.get("functions", ()):
            key = (*operator({**one, "op_type": one.get("name", b"")}), one.get("overload", b""))
            if key in self.known:
                raise Astray("ONX-014", f"defines the function {_name(key)} twice")
            for attribute in one.get("attribute_proto", ()):
                if any(graphs_of({"attribute": [attribute]})):
                    raise Astray("ONX-014", f"gives the function {_name(key)} a graph")
            if not _names_once(one):
                raise Astray(
                    "ONX-021",
                    f"has the function {_name(key)}, in which a name is given to two values",
                )
            self.known[key] = one

    def called(self, node: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the function that a node calls."""
        return self.known.get(_key(node)) if self.known else None

    def check(self, graph: Mapping[str, Any]) -> int:
        """Return how many nodes the graph has in the end.

        Raises:
            Astray: they are too many, or too deep; a function calls itself or is given a graph.

        """
        for key in self.known:
            self._function(key, 0)
        return self._nodes(graph, 0).nodes

    def _nodes(self, graph: Mapping[str, Any], level: int) -> _Cost:
        if level > _DEEPEST:
            raise Astray("ONX-014", f"has graphs and functions more than {_DEEPEST} deep")
        nodes = more = uses = depth = 0
        for node in graph.get("node", ()):
            one = self._node(node, level)
            nodes, more, uses = nodes + one.nodes, more + one.more, uses + one.uses
            depth = max(depth, one.depth)
            if nodes > self._most[0]:
                raise Astray(
                    "ONX-014",
                    f"becomes more than {self._most[0]:,} nodes by functions that call others",
                )
            if more > self._most[1]:
                raise Astray(
                    "ONX-014", f"becomes more than {self._most[1]:,} bytes larger by its functions"
                )
        return _Cost(nodes, more, uses, depth)

    def _node(self, node: Mapping[str, Any], level: int) -> _Cost:
        nodes, more, depth = 1, 0, 0
        uses = sum("ref_attr_name" in one for one in node.get("attribute", ()))
        key = _key(node)
        if key in self.known:
            if any(True for _ in graphs_of(node)):
                raise Astray("ONX-014", f"gives the function {_name(key)} a graph")
            found = self._function(key, level + 1)
            if level + found.depth > _DEEPEST:
                raise Astray("ONX-014", f"has graphs and functions more than {_DEEPEST} deep")
            more = found.more + self.known[key][SIZE] + node[SIZE] * (1 + found.uses)
            return _Cost(1 + found.nodes, more, uses * (1 + found.uses), found.depth + 1)
        for graph in graphs_of(node):
            one = self._nodes(graph, level + 1)
            nodes, more, uses = nodes + one.nodes, more + one.more, uses + one.uses
            depth = max(depth, one.depth + 1)
        return _Cost(nodes, more, uses, depth)

    def _function(self, key: Key, level: int) -> _Cost:
        if key in self._done:
            return self._done[key]
        if key in self._open:
            raise Astray("ONX-014", f"has the function {_name(key)}, which calls itself")
        self._open.add(key)
        self._done[key] = self._nodes(self.known[key], level)
        self._open.discard(key)
        return self._done[key]


def _names_once(function: Mapping[str, Any]) -> bool:
    """Return whether each name of a function is that of one value (ONX-021)."""
    inputs, nodes = function.get("input", []), function.get("node", ())
    values = inputs + [name for node in nodes for name in node.get("output", ()) if name]
    outputs, taken = function.get("output", []), set(inputs)
    return (
        len(set(values)) == len(values)
        and len(set(outputs)) == len(outputs)
        and taken.isdisjoint(name for graph in _graphs_in(nodes) for name in _given_in(graph))
    )


def _graphs_in(nodes: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Give the graphs of nodes, at any depth."""
    waiting = [graph for node in nodes for graph in graphs_of(node)]
    for graph in waiting:  # grows while it is walked
        waiting += [inner for node in graph.get("node", ()) for inner in graphs_of(node)]
        yield graph


def _given_in(graph: Mapping[str, Any]) -> Iterator[bytes]:
    """Give the names of a graph's inputs, weights and values."""
    for one in (*graph.get("input", ()), *graph.get("initializer", ())):
        yield one.get("name", b"")
    for sparse in graph.get("sparse_initializer", ()):
        yield sparse.get("values", {}).get("name", b"")
    for node in graph.get("node", ()):
        yield from node.get("output", ())


def _key(node: Mapping[str, Any]) -> Key:
    return (*operator(node), node.get("overload", b""))


def _name(key: Key) -> str:
    return repr(key[1][:60].decode(errors="replace"))
