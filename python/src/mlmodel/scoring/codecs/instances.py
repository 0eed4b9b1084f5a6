"""``instances``: a list with one element per row (RST-013)."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from mlmodel.errors import InputViolation, InvalidInput, MalformedRequest, shown
from mlmodel.scoring.codecs import tables, tensors
from mlmodel.scoring.codecs.dataframe_records import from_records
from mlmodel.scoring.codecs.dataframe_split import check_rows
from mlmodel.signature.cells.plain import Records, Values, stands_for

if TYPE_CHECKING:
    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.signature.data.columns import Columns, Tensors
    from mlmodel.signature.enforce.plan import Plan

__all__ = ["decode", "from_list"]


def decode(payload: Payload, plan: Plan) -> Columns | Tensors:
    """Read rows: objects, lists or single values; see :data:`mlmodel.scoring.codecs.Decoder`."""
    rows = payload.value
    if type(rows) is not list:
        raise MalformedRequest(f"instances is a list of rows, not {shown(rows)} (RST-013).")
    if plan.schema is None or tables.is_tensor(plan):
        if rows and type(rows[0]) is dict:
            return tensors.from_named_rows(payload, plan)
        return tensors.from_array(payload, plan)
    return from_list(payload, plan, "instances")


def from_list(payload: Payload, plan: Plan, what: str) -> Columns | Tensors:
    """Read a list for a model of columns, or that declares none; errors call it ``what``."""
    rows = payload.value
    specs = () if plan.schema is None else plan.schema.inputs
    # Who reads the rows names the first that is of another kind than row 0 (RST-008, RST-010).
    match stands_for(rows, specs, by_first=True):
        case Records():
            return from_records(payload, plan, what)
        case Values():
            _refuse_names(plan)
            return tables.from_rows(payload, plan, None, rows, len(rows), 1)
        case _:
            _refuse_names(plan)
            width = check_rows(rows, None)
            cells = rows[0] if len(rows) == 1 else list(chain.from_iterable(rows))
            return tables.from_rows(payload, plan, None, cells, len(rows), width)


def _refuse_names(plan: Plan) -> None:
    if plan.schema is not None and plan.schema.has_input_names():
        message = (
            "The model's columns have names, and the rows of the request have none, so nothing "
            "says which value is which. Send objects, or dataframe_split with columns (ENF-011)."
        )
        raise InvalidInput(message, [InputViolation("ENF-011", message)])
