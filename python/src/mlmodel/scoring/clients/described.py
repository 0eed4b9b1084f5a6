"""What a model's metadata say -> the inputs or outputs that it declares (OIP-056, OIP-057)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from mlmodel.scoring.v2 import hints
from mlmodel.scoring.v2.datatypes import BYTES, DATATYPES
from mlmodel.scoring.v2.inputs import UNNAMED
from mlmodel.signature.enforce.plan import Plan
from mlmodel.signature.types.nested import AnyType
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Inputs", "Reading", "inputs_of", "reading_of"]

#: What a model takes; None where it declares nothing.
Inputs: TypeAlias = Schema | None
#: By which data without types are read as the model would read them; None: as they look.
Reading: TypeAlias = Plan | None

_SCALARS = {
    "BOOL": DataType.boolean,
    "INT32": DataType.integer,
    "INT64": DataType.long,
    "FP32": DataType.float,
    "FP64": DataType.double,
}
_OF_BYTES: dict[str | None, DataType] = {
    hints.TEXT: DataType.string,
    hints.BASE64: DataType.binary,
    hints.DATETIME: DataType.datetime,
}
_TENSORS = {hints.TEXT: "str", hints.BASE64: "bytes", hints.DATETIME: "datetime64[ns]"}


def inputs_of(metadata: Mapping[str, Any]) -> Inputs:
    """Return what metadata say that a model takes; None where they declare nothing.

    A nested type is only known as that: it is ``any`` here, and the server checks it.
    """
    described = metadata.get("inputs") or []
    hint = (metadata.get("parameters") or {}).get(hints.CONTENT_TYPE)
    if not described or hint is None:
        return None
    if hint != hints.PANDAS:
        return Schema([_tensor(one, named=hint == hints.DICT) for one in described])
    unnamed = all(one["name"] == UNNAMED.format(n) for n, one in enumerate(described))
    return Schema([_column(one, named=not unnamed) for one in described])


def reading_of(inputs: Inputs) -> Reading:
    """Return the plan by which data without types are read at what a model takes."""
    return None if inputs is None else Plan(inputs)


def _column(one: Mapping[str, Any], *, named: bool) -> ColSpec:
    parameters = one.get("parameters") or {}
    kind: Any = _SCALARS.get(one["datatype"])
    if one["datatype"] == BYTES:
        kind = _OF_BYTES.get(parameters.get(hints.CONTENT_TYPE))
    name = one["name"] if named else None
    required = parameters.get("required") not in (False, "false")
    return ColSpec(kind or AnyType(), name, required=required)


def _tensor(one: Mapping[str, Any], *, named: bool) -> TensorSpec:
    hint = str((one.get("parameters") or {}).get(hints.CONTENT_TYPE))
    dtype = _TENSORS.get(hint) or DATATYPES[one["datatype"]].name
    shape = [int(axis) for axis in one["shape"]]
    return TensorSpec(dtype, shape, one["name"] if named else None)
