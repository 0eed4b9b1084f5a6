"""``instances``: a list with one element per row (RST-013)."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from mlmodel.errors import InputViolation, InvalidInput, MalformedRequest, shown
from mlmodel.scoring.codecs import tables, tensors
from mlmodel.scoring.codecs.dataframe_records import from_records
from mlmodel.scoring.codecs.dataframe_split import check_rows

if TYPE_CHECKING:
    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.signature.columns import Columns, Tensors
    from mlmodel.signature.plan import Plan

__all__ = ["decode", "rows_by_position"]


def decode(payload: Payload, plan: Plan) -> Columns | Tensors:
    """Read rows: objects, lists or single values; see :data:`mlmodel.scoring.codecs.Decoder`."""
    rows = payload.value
    if type(rows) is not list:
        raise MalformedRequest(f"instances is a list of rows, not {shown(rows)} (RST-013).")
    named = bool(rows) and type(rows[0]) is dict
    if plan.schema is None or tables.is_tensor(plan):
        return (
            tensors.from_named_rows(payload, plan) if named else tensors.from_array(payload, plan)
        )
    return from_records(payload, plan, "instances") if named else rows_by_position(payload, plan)


def rows_by_position(payload: Payload, plan: Plan) -> Columns:
    """Read a list of rows without names for columns that are matched by position."""
    rows = payload.value
    if plan.schema is not None and plan.schema.has_input_names():
        message = (
            "The model's columns have names, and the rows of the request have none, so nothing "
            "says which value is which. Send objects, or dataframe_split with columns (ENF-011)."
        )
        raise InvalidInput(message, [InputViolation("ENF-011", message)])
    if rows and type(rows[0]) is not list:
        return tables.from_rows(payload, plan, None, rows, len(rows), 1)
    width = check_rows(rows, None)
    return tables.from_rows(payload, plan, None, list(chain.from_iterable(rows)), len(rows), width)
