"""Every form of a request's body as JSON Schema, for one signature (RST-001)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mlmodel.scoring.codecs import TABLE
from mlmodel.scoring.media import JSON
from mlmodel.scoring.openapi import types
from mlmodel.scoring.openapi.types import Json, ref
from mlmodel.signature.types.nested import NestedType
from mlmodel.signature.types.params import json_default

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlmodel.signature.types.params import ParamSpec
    from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

__all__ = ["Forms"]

_ANY: Json = {}
#: What says that an object is of another form than one record (RST-081), or has parameters.
_KEYS = frozenset({form.key for form in TABLE if form.key} | {"data", "columns", "params"})
#: How many axes an array has that is like a table.
_TABLE_AXES = 2


class Forms:
    """The schemas of one model's requests, as components of the document.

    Args:
        name: of the model; the components are called ``NAME.…``.
        inputs: the declared inputs; None declares nothing.
        params: the declared parameters.

    Attributes:
        components: the schemas by their names.

    """

    def __init__(
        self, name: str, inputs: Schema | None, params: Iterable[ParamSpec] | None
    ) -> None:
        self._name = name
        self.components: dict[str, Json] = {}
        self._inputs = inputs
        self._params = self._add("params", _params(params or ()))
        values = self._of_inputs()
        self._bodies: dict[str, Json] = {}
        for key, value in values.items():
            self._bodies[key] = self._add(key, self._envelope(key, value))

    def _add(self, part: str, schema: Json) -> Json:
        """Add a component and return the reference to it."""
        self.components[f"{self._name}.{part}"] = schema
        return ref(f"{self._name}.{part}")

    def content(self) -> dict[str, Json]:
        """Return the media types of a request, each with its schema."""
        found: dict[str, Json] = {JSON: {"schema": self._json()}}
        for form in TABLE:
            bare = self._bare(form.format)
            if form.media != JSON:
                found.setdefault(form.content_type, {"schema": _of_media(form.media)})
            elif bare is not None:
                found[form.content_type] = {"schema": bare}
        return found

    def _json(self) -> Json:
        of_json = [form for form in TABLE if form.media == JSON]
        bodies = [self._bodies[form.key] for form in of_json if form.key in self._bodies]
        bare = [one for form in of_json if (one := self._bare(form.format)) is not None]
        record = [self._bodies["record"]] if "record" in self._bodies else []
        return {"anyOf": [*bodies, *bare, *record]}

    def _bare(self, form: str | None) -> Json | None:
        """Return the schema of a whole body in the 1.x dialect (RST-080), None where none is."""
        part = f"{self._name}.{(form or '').removeprefix('pandas-')}"
        return ref(part) if form is not None and part in self.components else None

    def _envelope(self, key: str, value: Json) -> Json:
        """Return the schema of a JSON body with one key (RST-005), or of a whole record."""
        beside: Json = {"params": {"anyOf": [self._params, {"type": "null"}]}}
        if key == "record":
            other = {"not": {"enum": sorted(_KEYS)}}
            return {"title": "one record", "allOf": [value], "propertyNames": other}
        if any(form.key == key and form.ignores for form in TABLE):
            beside["signature_name"] = {"description": "Ignored, whatever it is (RST-099)."}
        return {
            "title": key,
            "type": "object",
            "properties": {key: value, **beside},
            "required": [key],
            "additionalProperties": False,
        }

    def _of_inputs(self) -> dict[str, Json]:
        """Return the schema of the value under each key, and that of one record."""
        schema = self._inputs
        if schema is None:
            return self._undeclared()
        if schema.is_tensor_spec():
            return self._tensors(cast("Sequence[TensorSpec]", schema.inputs))
        specs = cast("Sequence[ColSpec]", schema.inputs)
        return self._named(specs) if schema.has_input_names() else self._unnamed(specs)

    def _undeclared(self) -> dict[str, Json]:
        split = self._add("split", _split(types.listed(_ANY)))
        records = self._add("records", _rows({"type": "object"}))
        return {
            "dataframe_split": split,
            "dataframe_records": records,
            "instances": types.listed(_ANY),
            "inputs": _ANY,
            "input_data": _ANY,
        }

    def _named(self, specs: Sequence[ColSpec]) -> dict[str, Json]:
        names = [str(spec.name) for spec in specs]
        cells = dict(zip(names, map(types.column, specs), strict=True))
        required = [name for name, spec in zip(names, specs, strict=True) if spec.required]
        of_row = {"type": "object", "properties": cells, "required": required}
        row = self._add("row", of_row)
        split = self._add("split", _split(types.row_of_cells(specs), names=names))
        records = self._add("records", _rows(row))
        by_column = self._add("columns", _by_column(cells, required))
        # A list under a name may be one value of a nested type or many (ENF-015): it is told
        # as the one row that it is where all are single values.
        inputs = row if any(isinstance(spec.type, NestedType) for spec in specs) else by_column
        return {
            "dataframe_split": split,
            "dataframe_records": records,
            "instances": records,
            "inputs": inputs,
            # With a column that is called so it is no table in split form (RST-094).
            "input_data": inputs if "data" in names else {"anyOf": [split, inputs]},
            # A column that is called as a key is never one of a record (RST-081).
            **({} if _KEYS & set(names) else {"record": row}),
        }

    def _unnamed(self, specs: Sequence[ColSpec]) -> dict[str, Json]:
        row = types.row_of_cells(specs)
        split = self._add("split", _split(row, width=len(specs)))
        rows = self._add("records", _rows(row))
        return {
            "dataframe_split": split,
            "instances": rows,
            "inputs": rows,
            "input_data": {"anyOf": [split, rows]},
        }

    def _tensors(self, specs: Sequence[TensorSpec]) -> dict[str, Json]:
        if specs[0].name is None:
            whole, each = types.tensor(specs[0]), types.tensor(specs[0], 1)
        else:
            whole = _by_name(specs, 0, "The arrays by name.")
            each = _by_name(specs, 1, "One row of each array, by name.")
        arrays = self._add("arrays", whole)
        rows = self._add("records", _rows(each))
        found = {"instances": rows, "inputs": arrays, "input_data": arrays}
        width = specs[0].shape[1] if len(specs[0].shape) == _TABLE_AXES else -1
        if len(specs) > 1 or specs[0].name is not None or width < 0:
            return found
        # One array of rows may be given as a table (ENF-073).
        split = self._add("split", _split(types.tensor(specs[0], 1), width=width))
        return {"dataframe_split": split, **found}


def _rows(row: Json) -> Json:
    return {"title": "a list of rows", **types.listed(row)}


def _by_column(cells: dict[str, Json], required: list[str]) -> Json:
    return {
        "description": "Each column as a list of its cells, all of one length.",
        "type": "object",
        "properties": {name: types.listed(cell) for name, cell in cells.items()},
        "required": required,
    }


def _split(row: Json, *, names: list[str] | None = None, width: int | None = None) -> Json:
    """Return the schema of a table in split form (RST-007)."""
    columns: Json = types.listed({"type": "string"})
    if width is not None:
        columns |= {"minItems": width, "maxItems": width}
    if names is not None:
        columns = {
            "description": "The names of the columns, here in the order of the signature; another "
            "order will do, if the cells stand in it.",
            "type": "array",
            "const": names,
        }
    return {
        "title": "a table in split form",
        "type": "object",
        "properties": {
            "columns": columns,
            "data": types.listed(row),
            "index": {"description": "Ignored, whatever it is (RST-009)."},
        },
        "required": ["data"] if names is None else ["columns", "data"],
        "additionalProperties": False,
    }


def _by_name(specs: Sequence[TensorSpec], first: int, said: str) -> Json:
    return {
        "description": said,
        "type": "object",
        "properties": {str(spec.name): types.tensor(spec, first) for spec in specs},
        "required": [str(spec.name) for spec in specs],
    }


def _params(specs: Iterable[ParamSpec]) -> Json:
    return {
        "description": "Parameters; one that is not given takes its default (ENF-081), one that "
        "is not declared is left out (ENF-080).",
        "type": "object",
        "properties": {spec.name: types.param(spec, json_default(spec.default)) for spec in specs},
    }


_MEDIA = {"text/csv": "CSV: a line with the names of the columns, then one line per row (RST-015)."}


def _of_media(media: str) -> Json:
    said: Any = _MEDIA.get(media, "A table; its columns have types of their own (RST-117).")
    return {"type": "string", "description": said, "contentMediaType": media}
