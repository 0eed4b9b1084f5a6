"""Every form of a request's body as JSON Schema, for one signature (RST-001)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mlmodel.scoring.codecs import TABLE
from mlmodel.scoring.media import JSON
from mlmodel.scoring.openapi import types
from mlmodel.scoring.openapi.types import Json, ref
from mlmodel.signature.types.params import json_default

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlmodel.signature.types.params import ParamSpec
    from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

__all__ = ["Forms"]

_ANY: Json = {}
_ROWS = {"title": "a list of rows", **types.listed({"type": "object"})}
#: How many cells of the one row of an array are told as a table besides (ENF-073).
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
            if form.media != JSON:
                found.setdefault(form.content_type, {"schema": _of_media(form.media)})
            elif form.format is not None:
                found[form.content_type] = {"schema": self._bare(form.format)}
        return found

    def _json(self) -> Json:
        keys = [form.key for form in TABLE if form.media == JSON and form.key]
        bodies = [self._bodies[key] for key in keys if key in self._bodies]
        bare = [self._bare(form.format) for form in TABLE if form.media == JSON and form.format]
        whole = [*bodies, *bare]
        if "record" in self._bodies:
            whole.append(self._bodies["record"])
        return {"anyOf": whole}

    def _bare(self, form: str) -> Json:
        """Return the schema of a body in the 1.x dialect (RST-080)."""
        part = form.removeprefix("pandas-")
        return ref(f"{self._name}.{part}")

    def _envelope(self, key: str, value: Json) -> Json:
        """Return the schema of a JSON body with one key (RST-005), or of a whole record."""
        beside: Json = {"params": {"anyOf": [self._params, {"type": "null"}]}}
        if key == "record":
            return {"title": "one record", **value}
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
        split = self._add("split", _split(None, types.listed(_ANY)))
        records = self._add("records", _ROWS)
        return {
            "dataframe_split": split,
            "dataframe_records": records,
            "instances": types.listed(_ANY),
            "inputs": _ANY,
            "input_data": _ANY,
        }

    def _named(self, specs: Sequence[ColSpec]) -> dict[str, Json]:
        names = [str(spec.name) for spec in specs]
        row = self._add(
            "row",
            {
                "type": "object",
                "properties": {
                    name: types.column(spec) for name, spec in zip(names, specs, strict=True)
                },
                "required": [n for n, spec in zip(names, specs, strict=True) if spec.required],
            },
        )
        split = self._add("split", _split(names, types.row_of_cells(specs)))
        records = self._add("records", {"title": "a list of rows", **types.listed(row)})
        columns = {
            name: types.listed(types.column(spec)) for name, spec in zip(names, specs, strict=True)
        }
        by_column = self._add(
            "columns",
            {
                "description": "Each column as a list of its cells, all of one length.",
                "type": "object",
                "properties": columns,
                "required": [n for n, spec in zip(names, specs, strict=True) if spec.required],
            },
        )
        return {
            "dataframe_split": split,
            "dataframe_records": records,
            "instances": records,
            "inputs": by_column,
            "input_data": {"anyOf": [split, by_column]},
            "record": row,
        }

    def _unnamed(self, specs: Sequence[ColSpec]) -> dict[str, Json]:
        row = types.row_of_cells(specs)
        split = self._add("split", _split(None, row))
        rows = self._add("records", {"title": "a list of rows", **types.listed(row)})
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
        rows = self._add("records", {"title": "a list of rows", **types.listed(each)})
        found = {"instances": rows, "inputs": arrays, "input_data": arrays}
        is_table = len(specs) == 1 and len(specs[0].shape) == _TABLE_AXES
        cells = types.tensor(specs[0], 1) if is_table else types.listed(_ANY)
        split = self._add("split", _split(None, cells))
        return {"dataframe_split": split, **found} if is_table else found


def _split(names: list[str] | None, row: Json) -> Json:
    """Return the schema of a table in split form (RST-007)."""
    columns: Json = types.listed({"type": ["string", "integer"]})
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
