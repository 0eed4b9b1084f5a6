"""Numbers that the processes of one server write, each its own, and any of them reads (RST-154).

A table has one part for each process, in memory that they share. A process that ends takes nothing
of its counts with it, and the one that takes its place counts on.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
from typing import Any

__all__ = ["Part", "Table"]

#: A number of eight bytes.
_WIDTH = 8


class Table:
    """Memory of some parts, shared with the processes that this one starts.

    Args:
        parts: how many there are.
        size: of each, in numbers of eight bytes.

    """

    def __init__(self, parts: int, size: int) -> None:
        self.parts, self.size = parts, size
        self._file = _file(parts * size * _WIDTH)
        self._map = mmap.mmap(self._file, parts * size * _WIDTH)

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs; only while it is being started."""
        from multiprocessing.reduction import DupFd

        return {"parts": self.parts, "size": self.size, "file": DupFd(self._file)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.parts, self.size = state["parts"], state["size"]
        self._file = state["file"].detach()
        self._map = mmap.mmap(self._file, self.parts * self.size * _WIDTH)

    def part(self, number: int) -> memoryview:
        """Return the bytes of one part."""
        start = number * self.size * _WIDTH
        return memoryview(self._map)[start : start + self.size * _WIDTH]

    def close(self) -> None:
        """Let go of the file; the memory stays as long as somebody uses it."""
        with contextlib.suppress(OSError, BufferError):
            os.close(self._file)
            self._file = -1


class Part:
    """The part of one process, and the table around it."""

    def __init__(self, table: Table, number: int) -> None:
        self.table, self.number = table, number

    @property
    def own(self) -> memoryview:
        """The bytes that this process writes."""
        return self.table.part(self.number)

    @property
    def all(self) -> list[memoryview]:
        """The bytes of all processes."""
        return [self.table.part(number) for number in range(self.table.parts)]


def _file(size: int) -> int:
    """Return the descriptor of memory, or of a file without a name where that cannot be had."""
    if hasattr(os, "memfd_create"):
        made = os.memfd_create("mlmodel-counters")
    else:  # pragma: no cover - another system than Linux
        with tempfile.TemporaryFile() as file:
            made = os.dup(file.fileno())
    os.ftruncate(made, size)
    return made
