"""``inputs``: columns or tensors by name, or one of them without a name (RST-014)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import MalformedRequest, shown
from mlmodel.scoring.codecs import instances, tables, tensors
from mlmodel.signature.cells.plain import ByColumn, OneRow, Values, stands_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.signature.data.columns import Columns, Tensors
    from mlmodel.signature.enforce.plan import Plan
    from mlmodel.signature.types.schema import ColSpec, TensorSpec

__all__ = ["decode"]


def decode(payload: Payload, plan: Plan) -> Columns | Tensors:
    """Read what stands under ``inputs``; see :data:`mlmodel.scoring.codecs.Decoder`."""
    value = payload.value
    if plan.schema is None or tables.is_tensor(plan):
        return tensors.from_inputs(payload, plan)
    if type(value) is list:
        return instances.from_list(payload, plan, "inputs")
    if type(value) is not dict:
        raise MalformedRequest(
            f"inputs is an object of columns or a list of rows, not {shown(value)} (RST-014)."
        )
    payload.count(value)
    return _columns(payload, plan, plan.schema.inputs)


def _columns(payload: Payload, plan: Plan, specs: Sequence[ColSpec | TensorSpec]) -> Columns:
    given = payload.value
    match stands_for(given, specs):
        case OneRow(row):
            cells = [[cell] for cell in row.values()]
            return tables.from_columns(payload, plan, tuple(row), cells)
        case ByColumn(columns):
            _check_lengths(columns)
            return tables.from_columns(payload, plan, tuple(columns), list(columns.values()))
        case Values(values):  # the object is one of them
            return tables.from_columns(payload, plan, None, [values])
        case _:
            raise _mixed_columns(given, specs)


def _mixed_columns(
    given: Mapping[str, Any], specs: Sequence[ColSpec | TensorSpec]
) -> MalformedRequest:
    lists = [spec.name for spec in specs if type(given.get(str(spec.name))) is list]
    return MalformedRequest(
        "inputs mixes columns and single values: what stands under "
        f"{', '.join(map(shown, lists))} is a list, and not all others are columns (RST-014)."
    )


def _check_lengths(columns: Mapping[str, Sequence[Any]]) -> None:
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        (first, rows), *others = lengths.items()
        other, less = next(item for item in others if item[1] != rows)
        raise MalformedRequest(
            f"The columns of inputs differ in length: {shown(first)} has {rows} cells, "
            f"{shown(other)} has {less} (RST-014)."
        )
