"""Nodes of a skops file as the symbols that the checks of pickles know (TRU-051, TRU-052)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlmodel.trust.pickles.checks import ARRAY
from mlmodel.trust.pickles.values import Blob, Global, Items, Made, Mapping, Opaque, Value
from mlmodel.trust.skops_archive import Damaged

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.trust.pickles.names import Entry

__all__ = ["Node", "Symbols", "content_of", "json_value", "keys_of", "list_of", "mapping_of"]

Node = dict[str, Any]

#: Kinds of nodes that hold numbers or bytes and no other object.
_NUMBERS = frozenset(
    {
        "BytearrayNode", "BytesNode", "DTypeNode", "MaskedArrayNode", "NdArrayNode",
        "RandomGeneratorNode", "RandomStateNode", "SliceNode",
    }
)  # fmt: skip
#: Kinds of nodes whose content is a state.
_STATEFUL = frozenset({"LossNode", "ObjectNode", "TreeNode"})


class Symbols:
    """Makes symbols of nodes, each once.

    Args:
        entry: gives the list's entry for what a node names.

    """

    def __init__(self, entry: Callable[[Node], Entry | None]) -> None:
        self._entry = entry
        self._made: dict[int, Value] = {}

    def of(self, node: Node) -> Value:
        """Return what a node would build, as far as the shapes of classes ask for it."""
        if id(node) not in self._made:
            self._made[id(node)] = self._symbol(node)
        return self._made[id(node)]

    def arguments(self, node: Node, sizes: dict[str, int]) -> tuple[Value, ...] | None:
        """Return what a constructor is called with; ``sizes``: the bytes of the file's arrays."""
        content = node.get("content")
        if node.get("__loader__") != "TupleNode" or type(content) is not list:
            return None
        return tuple(self._argument(one, sizes) for one in content)

    def _argument(self, node: Node, sizes: dict[str, int]) -> Value:
        if node.get("__loader__") == "NdArrayNode" and node.get("file") in sizes:
            named = Global("numpy", str(node.get("__class__")), ARRAY)
            made = Made(named, ())
            made.state = Blob(sizes[node["file"]])
            return made
        return self.of(node)

    def _symbol(self, node: Node) -> Value:
        loader, content = node.get("__loader__"), node.get("content")
        module, name = str(node.get("__module__")), str(node.get("__class__"))
        if loader == "JsonNode":
            return json_value(content)
        named = Global(module, name, self._entry(node))
        lists = loader in {"ListNode", "SetNode", "NdArrayNode", "TupleNode"}
        if lists and type(content) is list:
            parts = [self.of(one) for one in content]
            if loader != "TupleNode":
                return Items("list", parts)
            return (
                tuple(parts) if named.full_name == "builtins.tuple" else Made(named, tuple(parts))
            )
        if loader in {"TypeNode", "FunctionNode"}:
            return named
        if type(content) is dict and loader in {"DictNode", "PartialNode"}:
            return (self._dict if loader == "DictNode" else self._partial)(node, named)
        return Blob(0) if loader in _NUMBERS else self._object(node, named)

    def _partial(self, node: Node, named: Global) -> Value:
        made = Made(named, ())
        made.state = (None, *(self.of(node["content"][key]) for key in ("args", "kwds")))
        return made

    def _dict(self, node: Node, named: Global) -> Value:
        if named.full_name != "builtins.dict":
            return Made(named, ())
        found = Mapping()
        texts = node["key_types"].get("content", [])
        plain = all(one.get("__class__") == "str" for one in texts)
        for key, value in node["content"].items():
            # What is no text is a key that cannot be named here.
            found.put(key if plain else (), self.of(value))
        return found

    def _object(self, node: Node, named: Global) -> Value:
        made = Made(named, ())
        if type(node.get("content")) is dict and node.get("__loader__") in _STATEFUL:
            made.state = self.of(node["content"])
        return made


def keys_of(node: Node, symbols: Symbols) -> list[Value]:
    """Return the members of a set, or the keys of a dict as skops makes them of texts."""
    content = node["content"]
    if node["__loader__"] == "SetNode":
        # Bytes are hashed with a seed.
        return [symbols.of(one) for one in content if one.get("__loader__") != "BytesNode"]
    types = [one.get("__class__") for one in node["key_types"]["content"]]
    return [_key(text, kind) for text, kind in zip(content, types, strict=False)]


def _key(text: str, kind: str) -> Value:
    if kind == "str":
        return text
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return None if kind == "bool" else Opaque(kind)


def json_value(text: Any) -> Any:
    """Return what a text of JSON says; a name that is not listed where it says nothing."""
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return Global("?", "?", None)


def mapping_of(node: Node) -> Mapping:
    """Return a dict node as the pickle checks see a dict."""
    found = Mapping()
    items = node.get("content") if node.get("__loader__") == "DictNode" else None
    keys = node.get("key_types", {})
    texts = keys.get("content", []) if type(keys) is dict else []
    if type(items) is not dict or any(one.get("__class__") != "str" for one in texts):
        found.exact = False
        return found
    for key, value in items.items():
        found.put(key, _plain_symbol(value))
    return found


def _plain_symbol(node: Any) -> Any:
    """Return a node as the pickle checks see what it stands for."""
    loader = node.get("__loader__") if type(node) is dict else ""
    if loader == "JsonNode":
        return json_value(node.get("content"))
    if loader == "TypeNode":
        return Global(str(node.get("__module__")), str(node.get("__class__")), None)
    if loader == "BytearrayNode":
        return Blob(0)
    inner = node.get("content") if loader in {"ListNode", "TupleNode"} else None
    if type(inner) is list:
        texts = [one.get("content") if type(one) is dict else None for one in inner]
        return Items("list", [json_value(one) for one in texts])
    return node if type(node) is not str else Global("?", "?", None)


def content_of(node: Node, key: str = "content") -> Node:
    """Return what a node holds by names.

    Raises:
        Damaged: it holds nothing.

    """
    found = node.get(key)
    if type(found) is not dict:
        raise Damaged("a node of its tree has no content")
    return found


def list_of(node: Node) -> list[Node]:
    """Return what a node holds in order; errors as for :func:`content_of`."""
    found = node.get("content")
    if type(found) is not list:
        raise Damaged("a node of its tree has no content")
    return found
