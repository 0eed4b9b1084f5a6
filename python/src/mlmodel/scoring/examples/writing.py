"""Writes an input example, and the same as a request (EXA-001 to EXA-006, EXA-010, EXA-011)."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import InvalidArgument
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.examples import FILE_NAME, MOST_BYTES, SERVING_FILE_NAME
from mlmodel.scoring.json.plain import Unwritable, as_plain, dumps, rows
from mlmodel.signature.data.objects import as_data
from mlmodel.signature.enforce.tensors import is_sparse
from mlmodel.signature.infer.from_data import infer_signature
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import Schema, TensorSpec

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["as_model_input", "parts", "request_of", "write_example"]

#: Units of numpy's datetimes that have no text of a whole date and time.
_COARSE = frozenset({"Y", "M", "W", "D", "h", "m"})
#: How many cells of a sparse matrix are written out for a request.
_MOST_CELLS = 100_000


def as_model_input(example: Any) -> tuple[Any, dict[str, Any] | None]:
    """Return the data of an example in the form in which a model gets them, and the parameters.

    Arrays and mappings of arrays stay; everything else becomes a DataFrame (EXA-001, EXA-002). A
    pair ``(data, parameters)``, the latter a mapping, has both (EXA-010).

    Raises:
        InvalidArgument: it is neither, or empty (EXA-004).

    """
    data, params = parts(example)
    if isinstance(data, pd.DataFrame | np.ndarray):
        return data, params
    # What the lists are delivered as may be of other types than the lists (names of columns,
    # missing values), so the signature is inferred of that, and not taken from here.
    return _schema_of(data).enforce(data), params


def write_example(example: Any, root: Path, signature: ModelSignature | None) -> dict[str, Any]:
    """Write an example and its request into a folder; return the ``saved_input_example_info``.

    Args:
        example: a DataFrame, a mapping of scalars (one row) or of lists, a list of records, rows
            or values, an array, a mapping of arrays, a matrix of compressed rows or columns; or a
            pair of one of these and a mapping of parameters.
        root: the model folder.
        signature: what the example must fit, or None.

    Raises:
        InvalidInput: it does not fit the signature's inputs and parameters (EXA-003).
        InvalidArgument: it is not an example, is empty (EXA-004), has no batch axis (EXA-005),
            holds what JSON cannot (EXA-006), or is too large (EXA-008).

    """
    written, info = _as_texts(example, signature)
    return {"artifact_path": FILE_NAME, **info, **_put(written, root)}


def request_of(example: Any) -> bytes | None:
    """Return an example as the body of a request, None where a request has no form for it.

    Raises:
        InvalidArgument: it is not an example (EXA-004 to EXA-006).

    """
    return _as_texts(example, None)[0].get(SERVING_FILE_NAME)


def _as_texts(
    example: Any, signature: ModelSignature | None
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the contents of the files by their names, and what the MLmodel file says of them."""
    data, params = parts(example)
    signature = _completed(signature, data, params)
    # At the declared types alone: what the model gets beside them (ENF-091) JSON has no forms for.
    signature = ModelSignature(signature.inputs, params=signature.params)
    schema = signature.inputs
    assert schema is not None  # noqa: S101 - inference from an example gives inputs
    if schema.is_tensor_spec():
        _check_batch(data, schema)
    engine = Engine(lambda *_: None, signature)
    model_input, _ = engine.warned(data, params)
    try:
        document, info, request = _forms(model_input, schema)
        given = None if params is None else as_plain(params, "/params")
        if given is not None:
            document, info = {"inputs": document, "params": given}, {**info, "params": "true"}
            request = None if request is None else {**request, "params": given}
        written = {FILE_NAME: dumps(document)}
        if request is not None:
            written[SERVING_FILE_NAME] = dumps(request)
    except Unwritable as error:
        place = f" at {error.path}" if error.path else ""
        raise InvalidArgument(f"The input example{place} {error.what} (EXA-006)") from None
    return written, info


def _completed(
    signature: ModelSignature | None, data: Any, params: dict[str, Any] | None
) -> ModelSignature:
    """Return the signature, with the inputs (and, without any, the parameters) of the example."""
    if signature is not None and signature.inputs is not None:
        return signature
    inputs = _schema_of(data).inputs
    if signature is not None:
        return ModelSignature(inputs, params=signature.params)
    declared = None if params is None else infer_signature(params=params).params
    return ModelSignature(inputs, params=declared)


def _put(written: dict[str, bytes], root: Path) -> dict[str, str]:
    largest = max(map(len, written.values()))
    if largest >= MOST_BYTES:
        raise InvalidArgument(
            f"The input example takes {largest:,} bytes as JSON, and at most {MOST_BYTES:,} are "
            "read; give one record, or a small batch (EXA-008)"
        )
    for name, content in written.items():
        (root / name).write_bytes(content + b"\n")
    return {"serving_input_path": SERVING_FILE_NAME} if SERVING_FILE_NAME in written else {}


def parts(example: Any) -> tuple[Any, dict[str, Any] | None]:
    """Return the data and the parameters of an example as they were given (EXA-010).

    Raises:
        InvalidArgument: it is a tuple of something else.

    """
    if not isinstance(example, tuple):
        return as_data(example), None
    if len(example) == 2 and isinstance(example[1], dict | None):  # noqa: PLR2004 - data and parameters
        return as_data(example[0]), as_data(example[1])
    raise InvalidArgument(
        "An example is the data alone, or a pair of data and a mapping of parameters, not a "
        f"tuple of {len(example)} (EXA-010)"
    )


def _schema_of(data: Any) -> ModelSignature:
    with warnings.catch_warnings():
        # The advice on integers belongs to the signature that the user infers.
        warnings.simplefilter("ignore")
        return infer_signature(data)


def _check_batch(data: Any, schema: Schema) -> None:
    for spec in schema:
        array = data.get(spec.name) if isinstance(data, dict) else data
        if not isinstance(array, np.ndarray) or not isinstance(spec, TensorSpec):
            continue
        if array.ndim == len(spec.shape) - 1:
            axis = spec.shape.index(-1) if -1 in spec.shape else 0
            raise InvalidArgument(
                f"The example's tensor of shape {list(array.shape)} has no batch axis: the "
                f"signature declares {list(spec.shape)}; numpy.expand_dims(example, {axis}) makes "
                "it a batch of one (EXA-005)"
            )
        if array.size == 0:
            raise _empty()


def _empty() -> InvalidArgument:
    return InvalidArgument("An example holds at least one row (EXA-004)")


# -- the forms ------------------------------------------------------------------------------------


def _forms(model_input: Any, schema: Schema) -> tuple[Any, dict[str, str], dict[str, Any] | None]:
    """Return what the file holds, what the MLmodel file says of it, and the request."""
    if isinstance(model_input, pd.DataFrame):
        document, orient = _of_frame(model_input, schema)
        info = {"type": "dataframe", "pandas_orient": orient}
        return document, info, {"dataframe_split": document}
    if is_sparse(model_input):
        return _of_sparse(model_input)
    if isinstance(model_input, dict):
        document = {name: _of_array(array, f"/{name}") for name, array in model_input.items()}
    else:
        document = _of_array(model_input, "")
    return document, {"type": "ndarray"}, {"inputs": document}


def _of_frame(frame: pd.DataFrame, schema: Schema) -> tuple[dict[str, Any], str]:
    if not len(frame):
        raise _empty()
    names = [str(name) for name in frame.columns]
    data = list(map(list, rows(frame, names, "")))
    if not schema.has_input_names():
        return {"data": data}, "values"
    return {"columns": names, "data": data}, "split"


def _of_array(array: Any, path: str) -> Any:
    if is_sparse(array):
        raise Unwritable(path, "is a sparse matrix among several tensors, which has no form")
    if array.dtype.kind == "M" and np.datetime_data(array.dtype)[0] in _COARSE:
        array = array.astype("datetime64[s]")
    return as_plain(array, path)


def _of_sparse(matrix: Any) -> tuple[Any, dict[str, str], dict[str, Any] | None]:
    """Return a matrix as its parts, and as a request, which holds no parts, if it is small."""
    if not matrix.shape[0]:
        raise _empty()
    parts = {name: getattr(matrix, name) for name in ("data", "indices", "indptr")}
    document = {name: as_plain(array, f"/{name}") for name, array in parts.items()}
    request = None
    if math.prod(matrix.shape) <= _MOST_CELLS:
        request = {"inputs": as_plain(matrix.toarray())}
    info = {"type": f"sparse_matrix_{matrix.format}"}
    return {**document, "shape": list(matrix.shape)}, info, request
