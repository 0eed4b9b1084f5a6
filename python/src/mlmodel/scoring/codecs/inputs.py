"""``inputs``: columns or tensors by name, or one of them without a name (RST-014)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import MalformedRequest, shown
from mlmodel.scoring.codecs import instances, tables, tensors
from mlmodel.signature.cells.plain import is_one_row, is_one_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.data.columns import Columns, Tensors
    from mlmodel.signature.enforce.matching import Matching
    from mlmodel.signature.types.schema import ColSpec, TensorSpec

__all__ = ["decode"]


def decode(payload: Payload[Json], matching: Matching) -> Columns | Tensors:
    """Read what stands under ``inputs``; see :data:`mlmodel.scoring.codecs.Decoder`."""
    value = payload.value
    if matching.schema is None or matching.has_tensors:
        return tensors.from_inputs(payload, matching)
    if type(value) is dict:
        return _columns(payload, matching, value, matching.schema.inputs)
    if type(value) is not list:
        raise MalformedRequest(
            f"inputs is an object of columns or a list of rows, not {shown(value)} (RST-014)."
        )
    return instances.from_list(payload, matching, value, "inputs")


def _columns(
    payload: Payload[Json],
    matching: Matching,
    given: dict[str, Any],
    specs: Sequence[ColSpec | TensorSpec],
) -> Columns:
    if is_one_value(specs):
        return tables.from_columns(payload, matching, None, [[given]])
    names = tuple(given)
    one_row = is_one_row(given, specs)
    if one_row:
        return tables.from_columns(payload, matching, names, [[value] for value in given.values()])
    if one_row is None:
        lists = [spec.name for spec in specs if type(given.get(str(spec.name))) is list]
        raise MalformedRequest(
            "inputs mixes columns and single values: what stands under "
            f"{', '.join(map(shown, lists))} is a list, and not all others are columns (RST-014)."
        )
    lengths = {name: len(cells) for name, cells in given.items()}
    if len(set(lengths.values())) > 1:
        (first, rows), (other, less) = _two_lengths(lengths)
        raise MalformedRequest(
            f"The columns of inputs differ in length: {shown(first)} has {rows} cells, "
            f"{shown(other)} has {less} (RST-014)."
        )
    return tables.from_columns(payload, matching, names, list(given.values()))


def _two_lengths(lengths: dict[str, int]) -> tuple[tuple[str, int], tuple[str, int]]:
    items = list(lengths.items())
    other = next(item for item in items if item[1] != items[0][1])
    return items[0], other
