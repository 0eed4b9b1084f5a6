"""Declared types as JSON Schema: of a cell, a nested value, a tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.signature.types.nested import Array, Map, NestedType, Object
from mlmodel.signature.types.scalars import DataType, literals_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmodel.signature.types.params import ParamSpec
    from mlmodel.signature.types.schema import ColSpec, TensorSpec

__all__ = [
    "Json",
    "cell",
    "column",
    "element",
    "listed",
    "param",
    "ref",
    "row_of_cells",
    "scalars",
    "tensor",
]

#: A JSON Schema, or any other part of the document.
Json = dict[str, Any]

_REF = "#/components/schemas/"
_NULL: Json = {"type": "null"}
#: ENF-053.
_MOMENT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$"
)
#: The largest number of floating-point dtypes that are narrower than JSON's own (ENF-047).
_LARGEST = {"float16": 65504.0, "float32": float.fromhex("0x1.fffffep127")}
#: What numpy calls a moment begins so.
_MOMENTS = "datetime64"


def ref(name: str) -> Json:
    """Return a reference to a schema of the document."""
    return {"$ref": _REF + name}


def scalars() -> dict[str, Json]:
    """Return the schemas of the column types, by name (ENF-040 and following)."""
    return {kind.value: {"title": kind.value, **_SCALARS[kind]()} for kind in DataType}


def _whole(kind: DataType, form: str) -> Json:
    taken = kind.traits.literals
    return {"type": "integer", "format": form, "minimum": taken.low, "maximum": taken.high}


def _number(dtype: str) -> Json:
    largest = _LARGEST.get(dtype)
    form = "double" if largest is None else "float"
    bounds = {} if largest is None else {"minimum": -largest, "maximum": largest}
    return {
        "description": "A number; NaN as null or a text, infinities as texts (ENF-048, ENF-064).",
        "anyOf": [
            {"type": "number", "format": form, **bounds},
            {"enum": ["NaN", "Infinity", "-Infinity"]},
            _NULL,
        ],
    }


def _text() -> Json:
    return {"type": ["string", "null"]}


def _base64() -> Json:
    return {
        "type": ["string", "null"],
        "contentEncoding": "base64",
        "description": "Bytes as base64, with its padding (ENF-052).",
    }


def _moment() -> Json:
    return {
        "type": ["string", "null"],
        "pattern": _MOMENT,
        "description": "ISO 8601; without a zone it is UTC (ENF-053, ENF-054).",
        "examples": ["2024-01-31T12:00:00Z"],
    }


_SCALARS = {
    DataType.boolean: lambda: {"type": "boolean"},
    DataType.integer: lambda: _whole(DataType.integer, "int32"),
    DataType.long: lambda: _whole(DataType.long, "int64"),
    DataType.float: lambda: _number("float32"),
    DataType.double: lambda: _number("float64"),
    DataType.string: _text,
    DataType.binary: _base64,
    DataType.datetime: _moment,
}


def cell(kind: DataType | NestedType, *, required: bool = True) -> Json:
    """Return the schema of one cell; one that is not required may be null (ENF-023)."""
    if isinstance(kind, DataType):
        found = ref(kind.value)
        missing = kind.traits.takes_missing
    else:
        found, missing = _nested(kind), False
    return found if required or missing or not found else {"anyOf": [found, _NULL]}


def _nested(kind: NestedType) -> Json:
    if isinstance(kind, Array):
        return {"type": "array", "items": cell(kind.dtype)}
    if isinstance(kind, Map):
        return {"type": "object", "additionalProperties": cell(kind.value_type)}
    if isinstance(kind, Object):
        return {
            "type": "object",
            "properties": {
                one.name: cell(one.dtype, required=one.required) for one in kind.properties
            },
            "required": [one.name for one in kind.properties if one.required],
            "additionalProperties": False,
        }
    return {}


def column(spec: ColSpec) -> Json:
    """Return the schema of one cell of a column."""
    return cell(spec.type, required=spec.required)


def row_of_cells(specs: Sequence[ColSpec]) -> Json:
    """Return the schema of a row as a list, one cell for each column."""
    cells = [column(spec) for spec in specs]
    same = all(one == cells[0] for one in cells)
    held: Json = {"items": cells[0]} if same else {"prefixItems": cells, "items": False}
    return {"type": "array", **held, "minItems": len(cells), "maxItems": len(cells)}


def listed(items: Json) -> Json:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def element(spec: TensorSpec) -> Json:
    """Return the schema of one number, text or moment of a tensor (ENF-075)."""
    if spec.dtype.startswith(_MOMENTS):
        return ref("datetime")
    literals = literals_of(spec.dtype.rstrip("_"))
    if literals is None:
        return {}
    if literals.form == "integer":
        return {"type": "integer", "minimum": literals.low, "maximum": literals.high}
    if literals.form == "number":
        return (
            _number("float16")
            if spec.dtype == "float16"
            else ref("float" if spec.dtype == "float32" else "double")
        )
    if literals.form == "text":
        return {"type": ["string", "null"] if literals.null else "string"}
    return (
        {"type": "string", "contentEncoding": "base64"}
        if literals.form == "base64"
        else ref("boolean")
    )


def tensor(spec: TensorSpec, first: int = 0) -> Json:
    """Return the schema of a tensor as nested lists, from this axis on."""
    found = element(spec)
    for length in reversed(spec.shape[first:]):
        bounds = {} if length < 0 else {"minItems": length, "maxItems": length}
        found = {**listed(found), **bounds}
    return found


def param(spec: ParamSpec, default: Any) -> Json:
    """Return the schema of a parameter, whose ``default`` is as JSON holds it (ENF-081)."""
    found = cell(spec.dtype)
    if spec.shape is not None:
        found = listed(found)
    if default is None and found:
        found = {"anyOf": [found, _NULL]}
    return {**found, "default": default}
