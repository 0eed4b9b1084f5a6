"""Tables as CSV (RST-126): every cell as JSON would have it, and exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from mlmodel.errors import UnserializablePrediction
from mlmodel.scoring.json.plain import Unwritable, rows
from mlmodel.scoring.writers.tables import NotATable

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

__all__ = ["write"]

_LINE_END = "\r\n"
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
        if len(names) == 1:
            # A line without anything would be skipped, or be the file's end.
            lines += [_line(row) or '""' for row in rows(table, names, "")]
        else:
            lines += map(_line, rows(table, names, ""))
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


def _line(row: Any) -> str:
    return ",".join([_CELLS[type(cell)](cell) for cell in row])


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
