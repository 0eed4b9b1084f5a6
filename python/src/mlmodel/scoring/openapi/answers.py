"""Answers as JSON Schema: of a model by its output signature, and every error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from mlmodel import errors
from mlmodel._base.packaged import read_packaged
from mlmodel.scoring.media import JSON
from mlmodel.scoring.openapi import types
from mlmodel.scoring.openapi.types import Json, ref
from mlmodel.scoring.writers import WRITERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlmodel.errors import MlmodelError
    from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

__all__ = ["error_components", "error_responses", "predictions", "scored"]

#: What scoring may be refused with, beside a path or method that is not there.
_OF_SCORING: tuple[type[MlmodelError], ...] = (
    *(errors.InvalidInput, errors.MalformedRequest, errors.InvalidArgument),
    *(errors.ModelNotFound, errors.NotAcceptable, errors.RequestTimeout),
    *(errors.PayloadTooLarge, errors.UnsupportedMediaType, errors.ModelFailure),
    *(errors.UnserializablePrediction, errors.MissingDependency, errors.InternalError),
    *(errors.UnsupportedModel, errors.Unavailable, errors.DeadlineExceeded),
)
#: Of a form of tables it is said only that it is one.
_TABLE: Json = {"type": "string", "description": "The predictions as a table (RST-124, RST-125)."}
_WARNING: Json = {
    "description": "Parameters that were left out, since they are not declared (RST-089).",
    "schema": {"type": "string"},
}


def predictions(outputs: Schema | None) -> Json:
    """Return the schema of the predictions of a model that declares these outputs.

    What is declared says nothing of the form in which a model answers: columns may come as
    a data frame, as an array or as lists by name, and one tensor as a list.
    """
    if outputs is None:
        return {"description": "The model declares no outputs."}
    if outputs.is_tensor_spec():
        return _of_tensors(cast("Sequence[TensorSpec]", outputs.inputs))
    specs = cast("Sequence[ColSpec]", outputs.inputs)
    forms = [types.listed(types.row_of_cells(specs))]
    if len(specs) == 1:
        forms.insert(0, types.listed(types.column(specs[0])))
    if outputs.has_input_names():
        cells = {str(spec.name): types.column(spec) for spec in specs}
        lists = {name: types.listed(one) for name, one in cells.items()}
        forms.insert(0, types.listed(_object(cells)))
        forms.append(_object(lists))
    elif len(specs) == 1:  # a series without a name is a frame of one column (RST-045)
        forms.append(types.listed({"type": "object", "maxProperties": 1}))
    return {"anyOf": forms}


def _of_tensors(specs: Sequence[TensorSpec]) -> Json:
    if specs[0].name is None:
        return types.tensor(specs[0])
    arrays = {str(spec.name): types.tensor(spec) for spec in specs}
    by_name = _object(arrays)
    return by_name if len(specs) > 1 else {"anyOf": [by_name, *arrays.values()]}


def _object(properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


def scored(predicted: Json) -> Json:
    """Return the answer with status 200 to a call of a model, in all its forms (RST-040)."""
    enveloped = {
        "title": "predictions",
        "type": "object",
        "properties": {"predictions": predicted},
        "required": ["predictions"],
        "additionalProperties": False,
    }
    bare = {"title": "predictions alone, to the 1.x dialect (RST-085)", **predicted}
    content: Json = {JSON: {"schema": {"anyOf": [enveloped, bare]}}}
    for writer in WRITERS.values():
        if writer.is_table:
            content.setdefault(writer.media.partition(";")[0], {"schema": _TABLE})
    return {
        "description": "The predictions.",
        "headers": {"MLmodel-Warning": _WARNING},
        "content": content,
    }


def error_components(statuses: Iterable[type[MlmodelError]] = _OF_SCORING) -> Json:
    """Return schemas and responses of errors, as parts of the document's components."""
    whole = json.loads(read_packaged("_schemas/v1/error.json"))
    details = {"Detail": whole.pop("$defs")["detail"]}
    described = {key: value for key, value in whole.items() if not key.startswith("$")}
    described["properties"]["details"]["items"] = ref("Detail")
    of_v2 = {
        "title": "The body of an answer that is an error of the Open Inference Protocol",
        "description": "OIP-052",
        "type": "object",
        "properties": {
            "error": {"type": "string", "minLength": 1},
            "error_code": described["properties"]["error_code"],
            "details": described["properties"]["details"],
        },
        "required": ["error", "error_code", "details"],
    }
    schemas = {"Error": described, "V2Error": of_v2, **details}
    responses: Json = {}
    for status, said in _by_status(statuses).items():
        for prefix, schema in (("", "Error"), ("V2-", "V2Error")):
            responses[f"{prefix}{status}"] = {
                "description": said,
                "content": {JSON: {"schema": ref(schema)}},
            }
    return {"schemas": schemas, "responses": responses}


def _by_status(kinds: Iterable[type[MlmodelError]]) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    for kind in kinds:
        first = (kind.__doc__ or "").partition("\n")[0]
        found.setdefault(kind.http_status, []).append(f"{kind.code}: {first}")
    return {status: "\n\n".join(found[status]) for status in sorted(found)}


def error_responses(*, v2: bool = False, only: Iterable[int] = ()) -> Json:
    """Return references to the answers that are errors, by status; ``only`` these, if given."""
    statuses = sorted(set(only) or {kind.http_status for kind in _OF_SCORING})
    prefix = "V2-" if v2 else ""
    return {str(one): {"$ref": f"#/components/responses/{prefix}{one}"} for one in statuses}
