"""``inputs``: columns or tensors by name, or one of them without a name (RST-014)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import MalformedRequest, shown
from mlmodel.scoring.codecs import instances, tables, tensors
from mlmodel.scoring.codecs.dataframe_records import from_records

if TYPE_CHECKING:
    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.signature.columns import Columns, Tensors
    from mlmodel.signature.plan import Plan

__all__ = ["decode"]


def decode(payload: Payload, plan: Plan) -> Columns | Tensors:
    """Read what stands under ``inputs``; see :data:`mlmodel.scoring.codecs.Decoder`."""
    value = payload.value
    if plan.schema is None or tables.is_tensor(plan):
        return tensors.from_inputs(payload, plan)
    if type(value) is dict:
        return _columns(payload, plan, value)
    if type(value) is not list:
        raise MalformedRequest(
            f"inputs is an object of columns or a list of rows, not {shown(value)} (RST-014)."
        )
    if value and type(value[0]) is dict:
        return from_records(payload, plan, "inputs")
    return instances.rows_by_position(payload, plan)


def _columns(payload: Payload, plan: Plan, given: dict[str, Any]) -> Columns:
    payload.count(given)
    names = tuple(given)
    lists = [type(value) is list for value in given.values()]
    if not any(lists):
        return tables.from_columns(payload, plan, names, [[value] for value in given.values()])
    if not all(lists):
        name = names[lists.index(False)]
        raise MalformedRequest(
            f"inputs mixes lists and single values: {shown(name)} is no list (RST-014)."
        )
    lengths = {name: len(cells) for name, cells in given.items()}
    if len(set(lengths.values())) > 1:
        (first, rows), (other, less) = _two_lengths(lengths)
        raise MalformedRequest(
            f"The columns of inputs differ in length: {shown(first)} has {rows} cells, "
            f"{shown(other)} has {less} (RST-014)."
        )
    return tables.from_columns(payload, plan, names, list(given.values()))


def _two_lengths(lengths: dict[str, int]) -> tuple[tuple[str, int], tuple[str, int]]:
    items = list(lengths.items())
    other = next(item for item in items if item[1] != items[0][1])
    return items[0], other
