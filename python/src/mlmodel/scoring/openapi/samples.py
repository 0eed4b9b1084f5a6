"""An example of a request: the model's own, or one that is made up of its signature (RST-177)."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, cast

from mlmodel.errors import MlmodelError
from mlmodel.scoring.examples.reading import params_of, read_document, read_serving_input
from mlmodel.scoring.invocations.checking import check_input
from mlmodel.scoring.media import JSON
from mlmodel.signature.types.nested import Array, Map, NestedType, Object
from mlmodel.signature.types.scalars import DataType, literals_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.signature.model_signature import ModelSignature
    from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

__all__ = ["made_up", "plain", "saved"]

#: Of a saved example so many rows are shown, and none of it where that is more text.
_MOST_ROWS = 5
_MOST_BYTES = 256 * 1024
#: A made-up tensor has no more elements than this.
_MOST_ELEMENTS = 10_000
_FILES_SPLIT = "dataframe_split"


def saved(root: Path, info: Mapping[str, Any], signature: ModelSignature | None) -> Any:
    """Return a model's own example as the JSON body of a request; None where it is of no use.

    It is of no use where it cannot be read, is too large for a page, or would be refused.

    Args:
        root: the model folder.
        info: the ``saved_input_example_info`` of its MLmodel file.
        signature: what the model declares, or None.

    """
    try:
        text = read_serving_input(root, info)
        body = _cut(_request(root, info) if text is None else plain(json.loads(text)))
        written = json.dumps(body, allow_nan=False).encode()
        if len(written) > _MOST_BYTES or check_input(JSON, written, signature).error is not None:
            return None
    except (MlmodelError, OSError, ValueError, TypeError, RecursionError):
        return None
    return body


def _request(root: Path, info: Mapping[str, Any]) -> Any:
    """Return an example that was saved without a request as one."""
    document = read_document(root, info)
    params = params_of(document, info)
    if params is not None:
        document = document["inputs"]
    kind = info.get("type")
    if kind == "dataframe" and isinstance(document, dict):
        key = _FILES_SPLIT
    elif isinstance(document, dict) and set(document) == {"inputs"}:
        key, document = "inputs", document["inputs"]
    else:
        is_records = isinstance(document, list) and all(isinstance(o, dict) for o in document)
        key = "dataframe_records" if is_records else "inputs"
    return plain({key: document} if params is None else {key: document, "params": params})


def _cut(body: Any) -> Any:
    """Return a body with its first rows alone."""
    if not isinstance(body, dict):
        return body
    split = body.get(_FILES_SPLIT)
    if isinstance(split, dict) and isinstance(split.get("data"), list):
        kept = {key: value for key, value in split.items() if key != "index"}
        return {**body, _FILES_SPLIT: {**kept, "data": split["data"][:_MOST_ROWS]}}
    records = body.get("dataframe_records")
    if isinstance(records, list):
        return {**body, "dataframe_records": records[:_MOST_ROWS]}
    return body


def plain(value: Any) -> Any:
    """Return a JSON value without what JSON lacks: NaN as null, infinities as texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return value


def made_up(inputs: Schema | None) -> Any:
    """Return one row of neutral values as the body of a request, None where none can be made."""
    if inputs is None:
        return None
    if inputs.is_tensor_spec():
        return _tensors(cast("tuple[TensorSpec, ...]", inputs.inputs))
    specs = cast("tuple[ColSpec, ...]", inputs.inputs)
    row = [_value(spec.type) if spec.required else None for spec in specs]
    names = [str(spec.name) for spec in specs]
    columns = {"columns": names} if inputs.has_input_names() else {}
    return {_FILES_SPLIT: {**columns, "data": [row]}}


_NEUTRAL: dict[DataType, Any] = {
    DataType.boolean: False,
    DataType.integer: 0,
    DataType.long: 0,
    DataType.float: 0.0,
    DataType.double: 0.0,
    DataType.string: "",
    DataType.binary: "",
    DataType.datetime: "2024-01-31T00:00:00Z",
}


def _value(kind: DataType | NestedType) -> Any:
    if isinstance(kind, DataType):
        return _NEUTRAL[kind]
    if isinstance(kind, Array):
        return [_value(kind.dtype)]
    if isinstance(kind, Map):
        return {"key": _value(kind.value_type)}
    if isinstance(kind, Object):
        return {one.name: _value(one.dtype) for one in kind.properties if one.required}
    return None


def _tensors(specs: tuple[TensorSpec, ...]) -> Any:
    made: dict[Any, Any] = {}
    for spec in specs:
        shape = [1 if axis < 0 else axis for axis in spec.shape]
        if math.prod(shape) > _MOST_ELEMENTS:
            return None
        literals = literals_of(spec.dtype.rstrip("_"))
        if spec.dtype.startswith("datetime64"):
            value: Any = _NEUTRAL[DataType.datetime]
        elif literals is None:
            return None
        else:
            value = {"integer": 0, "number": 0.0, "boolean": False}.get(literals.form, "")
        for axis in reversed(shape):
            value = [value] * axis
        made[spec.name] = value
    return {"inputs": made.get(None, made)}
