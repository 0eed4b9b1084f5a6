"""Tables as CSV (RST-126): every cell as JSON would have it, and exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from mlmodel.errors import UnserializablePrediction
from mlmodel.scoring.json.plain import Unwritable, rows
from mlmodel.scoring.writers.tables import NotATable

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

__all__ = ["write"]

_LINE_END = "\r\n"
#: In bytes; longer floats are not all those of JSON.
_DOUBLE = 8
_SPECIAL = frozenset('",\r\n')


def write(table: pd.DataFrame) -> bytes:
    """Return a table as CSV; see :data:`mlmodel.scoring.writers.Write`.

    Raises:
        NotATable: a cell holds a list or an object.
        UnserializablePrediction: a cell has no form in JSON either, or a text is not Unicode.

    """
    names = [str(name) for name in table.columns]
    lines = [",".join(map(_text, names))]
    try:
        columns = [_cells_of(table.iloc[:, [place]]) for place in range(len(names))]
        lines += map(",".join, zip(*columns, strict=True))
        if len(names) == 1:
            # A line without anything would be skipped, or be the file's end.
            lines = [line or '""' for line in lines]
    except Unwritable as error:
        place = "" if error.path is None else f" at /predictions{error.path}"
        message = f"The model's answer{place} {error.what} ({error.rule})."
        raise UnserializablePrediction(message) from None
    except KeyError:
        raise NotATable("has a cell with a list or an object") from None
    try:
        return (_LINE_END.join(lines) + _LINE_END).encode()
    except UnicodeEncodeError:
        raise UnserializablePrediction(
            "The model's answer holds a text with half of a surrogate pair, which is not valid "
            "Unicode (RST-048)."
        ) from None


def _cells_of(column: pd.DataFrame) -> list[str]:
    """Return the cells of a table of one column, as they are written."""
    dtype = column.dtypes.iloc[0]
    if isinstance(dtype, np.dtype) and dtype.kind in "iuf" and dtype.itemsize <= _DOUBLE:
        values = column.to_numpy()[:, 0]
        values = np.ascontiguousarray(values, "f8" if dtype.kind == "f" else dtype)
        if len(values) and not (dtype.kind == "f" and np.isinf(values).any()):
            cells = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].decode()
            # What is missing is the only word.
            return cells.replace("null", "").split(",")
    return [_CELLS[type(cell)](cell) for (cell,) in rows(column, list(column.columns), "")]


def _text(cell: str) -> str:
    if cell and _SPECIAL.isdisjoint(cell) and cell == cell.strip():
        return cell
    return '"' + cell.replace('"', '""') + '"'


#: By its type, of a cell as JSON has it, its text.
_CELLS: dict[type, Callable[[Any], str]] = {
    float: repr,
    int: str,
    str: _text,
    bool: lambda cell: "true" if cell else "false",
    type(None): lambda _: "",
    # The digits of a decimal.
    orjson.Fragment: lambda cell: orjson.dumps(cell).decode(),
}
