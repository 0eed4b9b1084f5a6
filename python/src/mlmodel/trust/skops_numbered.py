"""Nodes of a skops file that have the same number must be the same (TRU-043)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.trust.skops_archive import Damaged

if TYPE_CHECKING:
    from mlmodel.trust.skops_archive import Contents
    from mlmodel.trust.skops_symbols import Node

__all__ = ["Numbered"]

#: What is compared of nodes with the same number, whatever the file's size.
_FREE_COMPARED = 100_000


class Numbered:
    """The nodes that have numbers, by which skops takes what it built for an earlier node.

    It goes through the tree in another order than the walk that asks here, so that any of the
    nodes with a number may be the one that it builds.

    Args:
        size: the bytes of the whole file, by which the comparisons are bounded.

    """

    def __init__(self, size: int) -> None:
        #: What the nodes' files hold, once the archive is open.
        self.contents: Contents | None = None
        self._left = _FREE_COMPARED + size
        self._first: dict[int, Node] = {}

    def is_the_same(self, node: Node) -> bool:
        """Return whether a node is the same as the first with its number, if it has one.

        Raises:
            Damaged: its number is none, or more would be compared than the file's size warrants.

        """
        number = node.get("__id__")
        if not number:
            return True
        if type(number) is not int:
            raise Damaged("a node of its tree has an id that is not a number")
        return self._is_same(self._first.setdefault(number, node), node)

    def _is_same(self, one: Any, other: Any) -> bool:
        """Whether two parts of the tree are the same but for the numbers within.

        Nodes within that are the same have other numbers where the writer made them anew. What
        these numbers say is held against the other nodes that have them, each by itself.
        """
        if one is other:
            return True
        self._left -= 1
        if self._left < 0:
            raise Damaged("too many of its nodes have the same number (TRU-059)")
        if type(one) is dict and type(other) is dict:
            keys = _compared(one)
            return keys == _compared(other) and all(
                self._is_same_file(one[key], other[key])
                if key == "file"
                else self._is_same(one[key], other[key])
                for key in keys
            )
        if type(one) is list and type(other) is list:
            pairs = zip(one, other, strict=False)
            return len(one) == len(other) and all(self._is_same(a, b) for a, b in pairs)
        return type(one) is type(other) and bool(one == other)

    def _is_same_file(self, one: Any, other: Any) -> bool:
        """Whether two files have the same bytes; what is not a name is a part of the tree."""
        if type(one) is not str or type(other) is not str:
            return self._is_same(one, other)
        if self.contents is None or not self.contents.names.issuperset((one, other)):
            raise Damaged("it refers to a file that is not in it")
        return one == other or self.contents.digest(one) == self.contents.digest(other)


def _compared(node: Node) -> list[str]:
    """Return the keys whose values are compared, in their order, by which keys get their types."""
    return [key for key, value in node.items() if key != "__id__" or type(value) is not int]
