"""How the two processes speak: frames of one head and some buffers, each with its length first.

What the walled process sends is bounded before it is read, and holds JSON and numbers. What it
gets comes from the process that started it, and is a pickle.
"""

from __future__ import annotations

import json
import os
import pickle
import struct
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InputViolation, MlmodelError, Violation, error_classes

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BadFrame",
    "error_of",
    "plain_error",
    "receive",
    "receive_pickle",
    "send",
    "send_pickle",
]

#: How much a walled process may answer: text of JSON, buffers, and how many of these.
MOST_TEXT, MOST_BYTES, MOST_BUFFERS = 64 * 2**20, 2**31, 100_000
#: How many warnings it may hand on, and how long one may be.
MOST_TOLD, LONGEST_TOLD = 100, 2000
_UNBOUNDED = 2**62
_HEAD = struct.Struct(">QI")
_LENGTH = struct.Struct(">Q")
#: How many details of an error are handed on, and how long a text of one.
_DETAILS, _TEXT = 1000, 10_000


class BadFrame(Exception):
    """What came is not a frame, or larger than one may be; the text says which."""


def send(target: int, value: Any, buffers: Sequence[Any] = ()) -> None:
    """Send a value of JSON, and buffers that it speaks of by their numbers."""
    _send(target, json.dumps(value, ensure_ascii=True).encode("ascii"), buffers)


def receive(source: int) -> tuple[Any, list[bytearray]]:
    """Return what a walled process sent.

    Raises:
        EOFError: it has ended.
        BadFrame: it sent something that is not a frame, or too much.

    """
    head, buffers = _receive(source, MOST_TEXT, MOST_BYTES, MOST_BUFFERS)
    try:
        return json.loads(bytes(head)), buffers
    except (ValueError, RecursionError) as error:
        raise BadFrame("it sent what is not JSON") from error


def send_pickle(target: int, value: Any) -> None:
    """Send anything into the walled process."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    _send(target, head, [buffer.raw() for buffer in buffers])


def receive_pickle(source: int) -> tuple[bytes, list[bytearray]]:
    """Return what the process sent that started this one, for ``child.py`` to unpickle."""
    head, buffers = _receive(source, _UNBOUNDED, _UNBOUNDED, _UNBOUNDED)
    return bytes(head), buffers


def _send(target: int, head: bytes, buffers: Sequence[Any]) -> None:
    views = [memoryview(buffer).cast("B") for buffer in buffers]
    lengths = b"".join(_LENGTH.pack(view.nbytes) for view in views)
    _write(target, memoryview(_HEAD.pack(len(head), len(views)) + lengths + head))
    for view in views:
        _write(target, view)


def _write(target: int, view: memoryview) -> None:
    while view:
        view = view[os.write(target, view[: 2**30]) :]


def _receive(
    source: int, most_text: int, most_bytes: int, most_buffers: int
) -> tuple[bytearray, list[bytearray]]:
    length, count = _HEAD.unpack(_read(source, _HEAD.size))
    if length > most_text or count > most_buffers:
        raise BadFrame("its answer is too large")
    packed = _read(source, count * _LENGTH.size)
    lengths = [one for (one,) in _LENGTH.iter_unpack(packed)]
    if sum(lengths) > most_bytes:
        raise BadFrame("its answer is too large")
    return _read(source, length), [_read(source, one) for one in lengths]


def _read(source: int, size: int) -> bytearray:
    read = bytearray(size)
    view = memoryview(read)
    while view:
        got = os.readv(source, [view])
        if not got:
            raise EOFError
        view = view[got:]
    return read


# -- errors ---------------------------------------------------------------------------------------


def plain_error(error: MlmodelError) -> dict[str, Any]:
    """Return an error as JSON has it."""
    return {
        "code": error.code,
        "message": str(error.message),
        "details": [
            {"of": "input" if isinstance(one, InputViolation) else "model", **one.as_dict()}
            for one in error.details[:_DETAILS]
        ],
    }


def error_of(plain: Any) -> MlmodelError:
    """Return the error that a walled process reports.

    Raises:
        BadFrame: it is not one.

    """
    try:
        cls = error_classes()[plain["code"]]
        details = [_detail(dict(one)) for one in list(plain["details"])[:_DETAILS]]
        return cls(str(plain["message"])[:_TEXT], details)
    except (KeyError, TypeError, ValueError) as error:
        raise BadFrame("it sent an error that is not one") from error


def _detail(given: dict[str, Any]) -> Violation | InputViolation:
    kind: Any = InputViolation if given.pop("of") == "input" else Violation
    if not all(isinstance(one, str | int | None) for one in given.values()):
        raise TypeError
    made: Violation | InputViolation = kind(
        **{key: one[:_TEXT] if isinstance(one, str) else one for key, one in given.items()}
    )
    return made
