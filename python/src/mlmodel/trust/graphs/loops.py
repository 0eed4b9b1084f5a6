"""Loops that say themselves that they never end (ONX-018); of others that cannot be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.trust.graphs.functions import operator
from mlmodel.trust.graphs.tensors import integers

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["never_ends"]

#: Nobody waits for so many turns.
_MANY = 2**31
_BOOL = 9


def never_ends(data: bytes, node: Mapping[str, Any], around: Mapping[str, Any]) -> bool:
    """Return whether a node is a loop without a number of turns whose condition is always true."""
    if operator(node) != (b"", b"Loop"):
        return False
    turns, condition = [*node.get("input", ()), b"", b""][:2]
    if turns:
        count = _value(data, turns, around)
        if count is None or count < _MANY:
            return False
    if condition and _value(data, condition, around) != 1:
        return False
    body: Mapping[str, Any] = next(
        (one["g"] for one in node.get("attribute", ()) if "g" in one), {}
    )
    inputs = [one.get("name", b"") for one in body.get("input", ())]
    goes_on = next((one.get("name", b"") for one in body.get("output", ())), b"")
    goes_on = _source(goes_on, body)
    # The condition that a turn begins with is true, or the loop would have ended.
    return goes_on in inputs[1:2] or _value(data, goes_on, body) == 1


def _producers(graph: Mapping[str, Any]) -> dict[bytes, Mapping[str, Any]]:
    return {out: node for node in graph.get("node", ()) for out in node.get("output", ())}


def _source(name: bytes, graph: Mapping[str, Any]) -> bytes:
    """Return the name of the value that is handed on under this one."""
    made, seen = _producers(graph), set[bytes]()
    while name in made and name not in seen and operator(made[name]) == (b"", b"Identity"):
        seen.add(name)
        name = next(iter(made[name].get("input", ())), b"")
    return name


def _value(data: bytes, name: bytes, graph: Mapping[str, Any]) -> int | None:
    """Return the one integer or truth value that a constant of this graph is."""
    name = _source(name, graph)
    tensor = next((one for one in graph.get("initializer", ()) if one.get("name") == name), None)
    if tensor is None:
        node = _producers(graph).get(name)
        if node is None or operator(node) != (b"", b"Constant"):
            return None
        for one in node.get("attribute", ()):
            if one.get("name") == b"value_int":
                return int(one.get("i", 0))
            tensor = one.get("t", tensor)
    if tensor is None:
        return None
    if tensor.get("data_type") == _BOOL:
        tensor = {**tensor, "data_type": 3}  # as bytes
    found = integers(data, tensor, 1)
    return int(found[0]) if found is not None and len(found) == 1 else None
