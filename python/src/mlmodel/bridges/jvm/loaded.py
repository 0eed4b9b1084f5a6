"""Bundles of MLeap and MOJOs of H2O in the JVM of this process: loaded, described and asked."""

from __future__ import annotations

import json
import mmap
import os
import tempfile
import threading
import weakref
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.bridges.jvm.columns import Kind, NotWritten, read, written
from mlmodel.bridges.jvm.gateway import Gateway, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

__all__ = ["AT_ONCE", "Fault", "Loaded"]

#: From so many bytes on a request goes by a file in memory: what carries small ones reads the bytes
#: of an answer one by one.
_LARGE = 1 << 12
#: The rows of one request; what comes back must have less than 2 GiB.
AT_ONCE = 1 << 18


class Fault(Exception):
    """Why the JVM did not do what it was asked: a kind, a message and what goes with it."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(told.get("message"))
        self.told = told

    @property
    def kind(self) -> str:
        """What it is about: ``bundle``, ``unsupported``, ``data`` or ``failure``."""
        return str(self.told.get("kind"))


class Loaded:
    """A bundle or MOJO in a zip file, which is read again where the JVM had to be started anew.

    Args:
        py4j: the module ``py4j.java_gateway``.
        path: a zip file, which stays for as long as this object.

    Raises:
        Fault: it cannot be read.
        MissingDependency: there is no Java that could.

    """

    def __init__(self, py4j: ModuleType, path: Path) -> None:
        self._py4j, self._path = py4j, path
        self._lock = threading.Lock()
        self._loaded: tuple[Gateway, int] | None = None
        self._forget: weakref.finalize[Any, Any] | None = None
        self._described: dict[str, Any] = {}
        self._ready()
        self.version = str(self._described["version"])
        self.inputs = [Kind.of(one) for one in self._described["inputs"]]
        self.outputs = [Kind.of(one) for one in self._described["outputs"]]

    def answer(
        self, columns: Sequence[np.ndarray[Any, Any]], wanted: Sequence[int]
    ) -> Iterator[dict[str, Any]]:
        """Give the columns of the outputs wanted, by name, for pieces of the rows.

        Args:
            columns: the inputs, in their order and types.
            wanted: the places of the outputs.

        Raises:
            Fault: a stage of a bundle does not take a row; its number is that among all rows.
            NotWritten: a cell cannot be handed over; likewise.

        """
        kinds = [self.outputs[at] for at in wanted]
        rows = len(columns[0]) if columns else 0
        for start in range(0, rows or 1, AT_ONCE):
            piece = [column[start : start + AT_ONCE] for column in columns]
            try:
                yield self._asked(self._request(piece, wanted), kinds)
            except NotWritten as error:
                error.row += start
                raise
            except Fault as fault:
                if "row" in fault.told:
                    fault.told["row"] += start
                raise

    def _request(self, columns: Sequence[np.ndarray[Any, Any]], wanted: Sequence[int]) -> bytes:
        rows = len(columns[0]) if columns else 0
        parts = [np.array([rows], "<i4").tobytes()]
        for kind, column in zip(self.inputs, columns, strict=True):
            parts.extend(written(kind, column))
        parts.append(np.array([len(wanted), *wanted], "<i4").tobytes())
        return b"".join(parts)

    def _asked(self, request: bytes, kinds: Sequence[Kind]) -> dict[str, Any]:
        gateway, number = self._ready()
        if len(request) < _LARGE:
            answer = gateway.ask("score", number, request)
            if answer[0]:
                raise _fault(answer)
            return read(answer, 1, kinds)
        with _file() as asked, _file() as told:
            asked.write_bytes(request)
            answer = gateway.ask("scoreFile", number, str(asked), str(told))
            if answer[0]:
                raise _fault(answer)
            with (
                told.open("rb") as stream,
                mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            ):
                return read(bytes(mapped), 1, kinds)

    def _ready(self) -> tuple[Gateway, int]:
        """Return the JVM, and the number by which it is asked there."""
        gateway = running(self._py4j)
        loaded = self._loaded
        if loaded is not None and loaded[0] is gateway:
            return loaded
        with self._lock:
            loaded = self._loaded
            if loaded is None or loaded[0] is not gateway:
                loaded = self._load(gateway)
            return loaded

    def _load(self, gateway: Gateway) -> tuple[Gateway, int]:
        answer = gateway.ask("load", str(self._path))
        if answer[0]:
            raise _fault(answer)
        self._described = json.loads(answer[1:])
        number = self._described["number"]
        if self._forget is not None:
            self._forget.detach()
        self._loaded = loaded = gateway, number
        self._forget = weakref.finalize(self, gateway.forgotten.append, number)
        self._forget.atexit = False
        return loaded


def _fault(answer: bytes) -> Fault:
    return Fault(json.loads(answer[1:]))


@contextmanager
def _file() -> Iterator[Path]:
    """Give a new file that only this user may read, in memory where there is such a folder."""
    memory = "/dev/shm"  # noqa: S108 - the file in it is made new, for this user alone
    folder = memory if os.access(memory, os.W_OK) else None
    handle, name = tempfile.mkstemp(prefix="mlmodel-", dir=folder)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
