"""Where in the object the nodes of a skops file stand, as one would write it (TRU-075, TRU-088)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["places"]

Node = dict[str, Any]

#: So many nodes are looked at, and so long may a place be.
_MOST_NODES = 200_000
_LONGEST_PLACE = 200
_LONGEST_KEY = 40
#: Kinds of nodes whose content is a state.
_STATEFUL = frozenset({"LossNode", "ObjectNode", "TreeNode"})
#: What stands in the node of an object and is none of its attributes.
_SAME_PLACE = frozenset({"args", "key_types", "main", "namespace"})
_NAMES = {"kwds": "keywords"}


def places(root: Any, wanted: Iterable[Node]) -> dict[int, str]:
    """Return the place of each node that is asked for, by its identity, where it is found."""
    left = {id(node) for node in wanted}
    found: dict[int, str] = {}
    pending: deque[tuple[Any, str, bool]] = deque([(root, "", False)])
    for _ in range(_MOST_NODES):
        if not pending or not left:
            break
        node, place, is_state = pending.popleft()
        if id(node) in left:
            found[id(node)] = place or "the object itself"
            left.discard(id(node))
        if len(place) < _LONGEST_PLACE:
            steps = _steps(node, is_state=is_state)
            pending.extend((inner, place + step, state) for inner, step, state in steps)
    return found


def _steps(node: Node, *, is_state: bool) -> Iterator[tuple[Node, str, bool]]:
    """Yield the nodes in a node, the steps that lead to them, and whether they are its state."""
    loader, content = node.get("__loader__"), node.get("content")
    if type(content) is list:
        every: Iterable[tuple[Any, str]] = ((one, f"[{at}]") for at, one in enumerate(content))
    elif type(content) is not dict:
        every = ()
    elif "__loader__" in content:
        every = ((content, ""),)
    else:
        plain = loader == "DictNode" and not is_state
        every = ((one, f"[{_shown(key)}]" if plain else _name(key)) for key, one in content.items())
    reduced = node.get("__reduce__")
    more = [node.get("key_types"), reduced.get("args") if type(reduced) is dict else None]
    for inner, step in (*every, *((one, "") for one in more)):
        if type(inner) is dict:
            yield inner, step, loader in _STATEFUL and inner is content


def _name(key: str) -> str:
    if key in _SAME_PLACE:
        return ""
    return f".{_NAMES.get(key, key)}" if key.isidentifier() else f"[{_shown(key)}]"


def _shown(key: str) -> str:
    text = repr(key)
    return text if len(text) <= _LONGEST_KEY and text.isprintable() else "…"
