"""A client's side of ``/invocations``: data -> a body of JSON, an answer -> predictions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import InvalidArgument, MalformedRequest
from mlmodel.scoring.clients.tensors import checked_params, envelope, sparse_matrix
from mlmodel.scoring.codecs.tensors import flattened
from mlmodel.scoring.json import body as json_body
from mlmodel.scoring.json.plain import Unwritable, as_plain, dumps, rows
from mlmodel.scoring.v2.datatypes import BYTES, DATATYPES
from mlmodel.signature.cells.reader import InexactParse, Reader, infer_column
from mlmodel.signature.data.arrow import frame_of
from mlmodel.signature.data.columns import Columns, Tensors
from mlmodel.signature.data.frames import to_frame
from mlmodel.signature.enforce.tensors import is_sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["body_of", "predictions_of"]

_TOKENS = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}
_KEY = "predictions"


def body_of(data: Any, params: Mapping[str, Any] | None = None) -> bytes:
    """Return data and parameters as the JSON of a request.

    Raises:
        InvalidArgument: a part of them has no form in JSON.

    """
    if isinstance(data, Columns):
        data = to_frame(data)
    elif isinstance(data, Tensors):
        data = data.arrays.get(None, data.arrays)
    try:
        document = _document(data)
        held = checked_params(params)
        if held:
            document["params"] = as_plain(held, "/params")
        return dumps(document)
    except Unwritable as error:
        raise InvalidArgument(f"The data{error.path or ''} {error.what} (RST-188).") from None


def _document(data: Any) -> dict[str, Any]:
    if isinstance(data, pd.Series):
        data = data.to_frame() if data.name is not None else data.to_frame(name=0)
    if not isinstance(data, pd.DataFrame | Mapping | np.ndarray | list | tuple):
        frame = frame_of(data)
        data = data if frame is None else frame
    if isinstance(data, pd.DataFrame):
        names = [str(name) for name in data.columns]
        listed = list(map(list, rows(data, names, ""))) if names else []
        return {"dataframe_split": {"columns": as_plain(list(data.columns)), "data": listed}}
    if is_sparse(data):
        raise sparse_matrix()
    return envelope(data)


def predictions_of(body: bytes, outputs: Sequence[Mapping[str, Any]] = ()) -> Any:
    """Return the predictions that an answer of JSON holds.

    Args:
        body: the answer.
        outputs: what the model's metadata say of its outputs (OIP-057), if that is known: they are
            read at these types.

    Returns:
        A DataFrame for a list of objects with the same keys, an array for lists of one length, a
        dict of arrays for an object of lists; anything else as JSON has it.

    Raises:
        MalformedRequest: it is not an answer.

    """
    value = json_body.loads(body)
    try:
        return _Reading(Reader(), outputs).predictions(value)
    except InexactParse:
        value, literals = json_body.loads_exactly(body)
        return _Reading(Reader(exact=True, literals=literals), outputs).predictions(value)


def _are_records(held: list[Any]) -> bool:
    """Return whether elements are the rows of a frame, which all have the same keys."""
    return bool(held) and all(type(row) is dict and row.keys() == held[0].keys() for row in held)


class _Reading:
    """One answer, read at the declared outputs where they are numbers."""

    def __init__(self, reader: Reader, outputs: Sequence[Mapping[str, Any]]) -> None:
        self.reader = reader
        self.declared = {
            str(one["name"]): DATATYPES[one["datatype"]]
            for one in outputs
            if one.get("datatype") in DATATYPES and one["datatype"] != BYTES
        }
        kinds = set(self.declared.values()) if len(self.declared) == len(outputs) else set()
        self.only = kinds.pop() if len(kinds) == 1 else None

    def predictions(self, value: Any) -> Any:
        held = value
        if isinstance(value, dict):
            if _KEY not in value:
                raise MalformedRequest("The answer has no predictions (RST-040).")
            held = value[_KEY]
        if isinstance(held, dict):
            return {name: self._mapped(name, one) for name, one in held.items()}
        if isinstance(held, list) and _are_records(held):
            return self._frame(held)
        return self._array(held, self.only) if isinstance(held, list) else held

    def _mapped(self, name: str, held: Any) -> Any:
        return self._array(held, self.declared.get(name)) if isinstance(held, list) else held

    def _frame(self, records: list[dict[str, Any]]) -> pd.DataFrame:
        names = list(records[0])
        of_declared = self.declared.get
        return pd.DataFrame({
            name: self._cells([row[name] for row in records], of_declared(name))
            for name in names
        })  # fmt: skip

    def _array(self, held: list[Any], dtype: np.dtype[Any] | None) -> Any:
        shape, cells = flattened(held)
        if shape is None:
            return held
        return self._cells(cells, dtype).reshape(shape)

    def _cells(self, cells: list[Any], dtype: np.dtype[Any] | None) -> Any:
        if dtype is not None and (dtype.kind == "f" or None not in cells):
            before = len(self.reader.violations)
            read = self.reader.flat(cells, dtype, _KEY)
            if read is not None and len(self.reader.violations) == before:
                return read
            del self.reader.violations[before:]  # the answer is not what is declared
        texts = {cell for cell in cells if type(cell) is str}
        if texts and texts <= _TOKENS.keys() and any(type(cell) is float for cell in cells):
            cells = [_TOKENS[cell] if type(cell) is str else cell for cell in cells]
        return infer_column(self.reader, cells)
