"""Answers to the pieces of a file, written as one answer to all of it (RST-191)."""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING, Any, Protocol

from mlmodel.errors import InvalidArgument, UnserializablePrediction
from mlmodel.scoring.json import body as json_body
from mlmodel.scoring.media import FORMS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["WRITERS", "Joined", "joined"]

_KEY = "predictions"


class Joined(Protocol):
    """Puts answers together in the order in which they come."""

    def add(self, body: bytes, rows: int | None, /) -> None:
        """Write the answer to a piece of so many rows (None: it is not known how many).

        Raises:
            InvalidArgument: it does not have as many, or is not a list of rows.
            UnserializablePrediction: it does not go with those before it.

        """

    def end(self) -> None:
        """Write what stands behind the last answer."""


def joined(form: str, target: IO[bytes], *, whole: bool) -> Joined:
    """Return what writes answers of a form (``json``, ``csv``, ``arrows`` …) into a file.

    ``whole``: there is one piece, whose answer is written as it is, whatever it holds.
    """
    return _Whole(target, form) if whole else WRITERS[form](target)


def _check_rows(found: int, rows: int | None) -> None:
    if rows is not None and found != rows:
        raise InvalidArgument(
            f"For a piece of {rows} rows the model answered {found} rows, so it cannot be asked in "
            "pieces; leave out --batch-rows (RST-191)."
        )


class _Whole:
    """One answer, as it is."""

    def __init__(self, target: IO[bytes], form: str) -> None:
        self._target = target
        self._end = b"\n" if form == "json" else b""

    def add(self, body: bytes, _rows: int | None) -> None:
        self._target.write(body + self._end)

    def end(self) -> None:
        pass


class _Json:
    """JSON: the lists under ``predictions``, or bare lists, as one list."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self._before = b""
        self._close = b""

    def add(self, body: bytes, rows: int | None) -> None:
        value = json_body.loads(body)
        is_bare = type(value) is list
        held = value if is_bare else _under_key(value)
        if type(held) is not list:
            raise InvalidArgument(
                "The model answered a piece with something that is not a list of a row for each of "
                "its own, so it cannot be asked in pieces; leave out --batch-rows (RST-191)."
            )
        _check_rows(len(held), rows)
        if not self._close:
            self._before = b"[" if is_bare else b'{"predictions":['
            self._close = b"]\n" if is_bare else b"]}\n"
        if held:
            # As it was written: numbers keep the digits that they have.
            begin, end = body.index(b"["), body.rindex(b"]")
            self._target.write(self._before + body[begin + 1 : end].strip())
            self._before = b",\n"

    def end(self) -> None:
        opened = self._before if self._before.endswith(b"[") else b""
        self._target.write(opened + self._close)


def _under_key(value: Any) -> Any:
    return value[_KEY] if type(value) is dict and len(value) == 1 and _KEY in value else None


class _Csv:
    """CSV: one line of names, and all rows."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self._head: bytes | None = None

    def add(self, body: bytes, rows: int | None) -> None:
        from mlmodel.scoring.pieces import csv

        head, rest, found = csv.head_and_rows(body)
        _check_rows(found, rows)
        if self._head is None:
            self._head = head
            self._target.write(head)
        elif head != self._head:
            raise UnserializablePrediction(
                "The answers to two pieces have other columns, so they are not one table; leave "
                "out --batch-rows (RST-191)."
            )
        self._target.write(rest)

    def end(self) -> None:
        pass


class _Tables:
    """Arrow and Parquet: the rows of all answers under the columns of the first."""

    def __init__(self, target: IO[bytes], form: str) -> None:
        self._target, self._form = target, form
        self._writer: Any = None

    def add(self, body: bytes, rows: int | None) -> None:
        from mlmodel.scoring.codecs.arrow_tables import library

        pa = library()
        table = _read(pa, body, self._form)
        _check_rows(table.num_rows, rows)
        if self._writer is None:
            self._writer = _writer(pa, self._target, self._form, table.schema)
            self._schema = table.schema
        fits = all(map(_go_together, table.schema.types, self._schema.types))
        try:
            held = table.cast(self._schema) if fits else None
        except (pa.ArrowException, ValueError):
            held = None
        if held is None:
            raise UnserializablePrediction(
                "The answers to two pieces have columns of other names or types, so they are not "
                "one table; ask for json, or leave out --batch-rows (RST-191)."
            )
        self._writer.write_table(held)

    def end(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _go_together(given: Any, due: Any) -> bool:
    """Return whether values of one type are written at another: by a cast that keeps each value.

    A cast would also make a text of a number, and a number of true and false.
    """
    from pyarrow import types

    kinds = (_is_number, types.is_timestamp, types.is_decimal)
    return given == due or types.is_null(given) or any(is_(given) and is_(due) for is_ in kinds)


def _is_number(of_type: Any) -> bool:
    from pyarrow import types

    return bool(types.is_integer(of_type) or types.is_floating(of_type))


def _read(pa: Any, body: bytes, form: str) -> Any:
    try:
        if form == "parquet":
            from pyarrow import parquet as pq

            return pq.read_table(pa.BufferReader(body), use_threads=False)
        opened = pa.ipc.open_file if form == "arrow" else pa.ipc.open_stream
        table = opened(pa.BufferReader(body)).read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, struct.error):
        raise UnserializablePrediction("The answer is not of the form asked for.") from None
    return table


def _writer(pa: Any, target: IO[bytes], form: str, schema: Any) -> Any:
    if form == "parquet":
        from pyarrow import parquet as pq

        return pq.ParquetWriter(target, schema)
    return (pa.ipc.new_file if form == "arrow" else pa.ipc.new_stream)(target, schema)


def _tables(form: str) -> Callable[[IO[bytes]], Joined]:
    return lambda target: _Tables(target, form)


#: By the short name of a form.
WRITERS: dict[str, Callable[[IO[bytes]], Joined]] = {
    "json": _Json,
    "csv": _Csv,
    **{form: _tables(form) for form in FORMS if form not in {"json", "csv"}},
}
