"""``inputs``: columns or tensors by name, or one of them without a name (RST-014)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import MalformedRequest, shown
from mlmodel.scoring.codecs import instances, tables, tensors
from mlmodel.scoring.codecs.dataframe_records import refuse_order
from mlmodel.signature.cells.plain import ByColumn, OneRow, Values, declared_part, stands_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.data.columns import Columns, Tensors
    from mlmodel.signature.enforce.matching import Matching
    from mlmodel.signature.types.schema import ColSpec, TensorSpec

__all__ = ["decode", "from_value"]


def decode(payload: Payload[Json], matching: Matching) -> Columns | Tensors:
    """Read what stands under ``inputs``; see :data:`mlmodel.scoring.codecs.Decoder`."""
    return from_value(payload, matching, "inputs")


def from_value(payload: Payload[Json], matching: Matching, what: str) -> Columns | Tensors:
    """Read the payload's value, which errors call ``what``, as columns, rows or tensors."""
    value = payload.value
    if matching.schema is None or matching.has_tensors:
        return tensors.from_inputs(payload, matching)
    if type(value) is list:
        return instances.from_list(payload, matching, value, what)
    if type(value) is not dict:
        raise MalformedRequest(
            f"{what} is an object of columns or a list of rows, not {shown(value)} (RST-014)."
        )
    return _columns(payload, matching, value, what)


def _columns(
    payload: Payload[Json],
    matching: Matching,
    given: dict[str, Json],
    what: str,
) -> Columns:
    specs = () if matching.schema is None else matching.schema.inputs
    meaning = stands_for(given, specs)
    if isinstance(meaning, OneRow | ByColumn) and len(given) > 1:
        refuse_order(matching, [given], f"The columns of an object under {what} are")
    match meaning:
        case OneRow(row):
            cells = [[cell] for cell in row.values()]
            return tables.from_columns(payload, matching, tuple(row), cells)
        case ByColumn(columns):
            part = declared_part(columns, specs)
            _check_lengths(part, what)
            # Undeclared names are kept for messages; their cells are not read.
            some = next(iter(part.values()), ())
            cells = [part.get(name, some) for name in columns]
            return tables.from_columns(payload, matching, tuple(columns), cells)
        case Values(values):  # the object is one of them
            return tables.from_columns(payload, matching, None, [values])
        case _:
            raise _mixed_columns(given, specs, what)


def _mixed_columns(
    given: Mapping[str, Any], specs: Sequence[ColSpec | TensorSpec], what: str
) -> MalformedRequest:
    lists = [spec.name for spec in specs if type(given.get(str(spec.name))) is list]
    return MalformedRequest(
        f"{what} mixes columns and single values: {', '.join(map(shown, lists))} hold lists, but "
        "some of the others are not columns (RST-014)."
    )


def _check_lengths(columns: Mapping[str, Sequence[Any]], what: str) -> None:
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        (first, rows), *others = lengths.items()
        other, less = next(item for item in others if item[1] != rows)
        raise MalformedRequest(
            f"The columns of {what} differ in length: {shown(first)} has {rows} cells, "
            f"{shown(other)} has {less} (RST-014)."
        )
