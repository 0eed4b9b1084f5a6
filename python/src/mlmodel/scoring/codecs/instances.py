"""``instances``: a list with one element per row (RST-013)."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from mlmodel.errors import InputViolation, InvalidInput, MalformedRequest, shown
from mlmodel.scoring.codecs import tables, tensors
from mlmodel.scoring.codecs.dataframe_records import from_records
from mlmodel.scoring.codecs.dataframe_split import checked_rows
from mlmodel.signature.cells.plain import Records, Rows, Values, stands_for

if TYPE_CHECKING:
    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.data.columns import Columns, Tensors
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["decode", "from_list"]


def decode(payload: Payload[Json], matching: Matching) -> Columns | Tensors:
    """Read rows: objects, lists or single values; see :data:`mlmodel.scoring.codecs.Decoder`."""
    rows = payload.value
    if type(rows) is not list:
        raise MalformedRequest(f"instances is a list of rows, not {shown(rows)} (RST-013).")
    if matching.schema is None or matching.has_tensors:
        first = rows[0] if rows else None
        if type(first) is dict:
            return tensors.from_named_rows(payload, matching, first, rows)
        return tensors.from_array(payload, matching)
    return from_list(payload, matching, rows, "instances")


def from_list(
    payload: Payload[Json], matching: Matching, rows: list[Json], what: str
) -> Columns | Tensors:
    """Read a list for a model of columns, or that declares none; errors call it ``what``."""
    specs = () if matching.schema is None else matching.schema.inputs
    # Who reads the rows names the first that is of another kind than row 0 (RST-008, RST-010).
    match stands_for(rows, specs, by_first=True):
        case Records():
            return from_records(payload, matching, what)
        case Values():
            _refuse_names(matching)
            return tables.from_rows(payload, matching, None, rows, len(rows), 1)
        case Rows([]):  # no rows, of all that is declared (ENF-109)
            return tables.without_rows(payload, matching)
        case _:
            _refuse_names(matching)
            lists, width = checked_rows(rows, None)
            cells = lists[0] if len(lists) == 1 else list(chain.from_iterable(lists))
            return tables.from_rows(payload, matching, None, cells, len(lists), width)


def _refuse_names(matching: Matching) -> None:
    if matching.has_names and len(matching.names) > 1:
        message = (
            "The model's columns have names, but the rows of the request have none, so it is "
            "not known which value belongs to which column. Send objects, or dataframe_split "
            "with columns (ENF-011)."
        )
        raise InvalidInput(message, [InputViolation("ENF-011", message)])
