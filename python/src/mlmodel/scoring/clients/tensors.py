"""Data as callers hold them -> a request of the protocol: what a client sends (RST-188)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import InvalidArgument, InvalidInput, MlmodelError, shown
from mlmodel.scoring.invocations.bodies import read_body
from mlmodel.scoring.json.plain import Unwritable, as_plain, dumps
from mlmodel.scoring.media import JSON
from mlmodel.scoring.v2 import hints
from mlmodel.scoring.v2.binary import to_raw
from mlmodel.scoring.v2.datatypes import BYTES
from mlmodel.scoring.v2.inference import BINARY_OUTPUT
from mlmodel.scoring.v2.inputs import UNNAMED
from mlmodel.scoring.v2.json_tensors import write_tensor
from mlmodel.scoring.v2.kinds import EXACT
from mlmodel.scoring.v2.messages import InferRequest, Tensor
from mlmodel.scoring.v2.outputs import tensor_of
from mlmodel.scoring.v2.requests import SIZE
from mlmodel.signature.data.arrow import frame_of
from mlmodel.signature.data.columns import Columns, Tensors
from mlmodel.signature.data.frames import arrays_of, to_frame
from mlmodel.signature.enforce.tensors import is_sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmodel.signature.enforce.plan import Plan

__all__ = [
    "checked_params",
    "envelope",
    "is_typed",
    "question_of",
    "sparse_matrix",
    "with_types",
    "write_question",
]

_ARRAYS = (np.ndarray, np.generic)
#: A request of fewer elements is smaller, and sooner read, in JSON alone.
_FEW = 256
_OF_PROTOCOL = frozenset({hints.CONTENT_TYPE, BINARY_OUTPUT, EXACT})


def is_typed(data: Any) -> bool:
    """Return whether data say their types themselves: frames and arrays do, lists do not."""
    if isinstance(data, Columns | Tensors | pd.DataFrame | pd.Series | np.ndarray):
        return True
    if isinstance(data, Mapping):
        return bool(data) and all(isinstance(held, np.ndarray) for held in data.values())
    return is_sparse(data) or not isinstance(data, list | tuple | str | bytes | int | float | None)


def question_of(
    data: Any,
    params: Mapping[str, Any] | None = None,
    plan: Plan | None = None,
    *,
    exact: bool = True,
) -> InferRequest:
    """Return the request that asks a model about data, with their types and what is missing.

    Args:
        data: a DataFrame or Series (of pandas, Polars or Arrow), an array, a dict of arrays;
            records, lists, a dict of lists or of values.
        params: the parameters of the model.
        plan: of the inputs that the model declares, for data without types: they are read as the
            model would read them in process. None where it declares none.
        exact: the answer may be one that loses nothing (RST-186).

    Raises:
        InvalidArgument: data that a request cannot hold.
        InvalidInput: data without types that contradict what is declared.

    """
    tensors, hint = _tensors(with_types(data, plan))
    parameters: dict[str, Any] = {**_params(params), hints.CONTENT_TYPE: hint}
    if exact:
        parameters[EXACT] = True
    return InferRequest(tensors, parameters)


def checked_params(params: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the parameters given, of which there may be none.

    Raises:
        InvalidArgument: they are not a mapping.

    """
    if params is not None and not isinstance(params, Mapping):
        raise InvalidArgument(
            f"params is a mapping from names to values, not {shown(params)} (PYF-030)."
        )
    return dict(params or {})


def _params(given: Mapping[str, Any] | None) -> dict[str, Any]:
    params = checked_params(given)
    taken = next((name for name in params if name in _OF_PROTOCOL), None)
    if taken is not None:
        raise InvalidArgument(
            f"A parameter called {taken!r} cannot be sent by the Open Inference Protocol, which "
            'has it for itself; ask by protocol="invocations" (OIP-037).'
        )
    try:
        return {str(name): as_plain(value) for name, value in params.items()}
    except Unwritable as error:
        raise InvalidArgument(f"A parameter{error.path or ''} {error.what} (RST-188).") from None


def with_types(data: Any, plan: Plan | None) -> Any:
    """Return data that have types; those without at what the model declares, or as they look.

    What the model declares is met by what it takes in process, or else by what its server takes of
    a request in JSON (RST-188).

    Raises:
        InvalidArgument: lists of different lengths, which are not an array.
        InvalidInput: data without types that contradict what is declared.

    """
    if is_typed(data):
        return data
    if plan is not None:
        try:
            return plan.enforce(data)
        except InvalidInput as refusal:
            return _as_rows(data, plan, refusal)
    if isinstance(data, Mapping):
        return {name: np.asarray(held) for name, held in data.items()}
    if isinstance(data, list | tuple) and data and all(isinstance(row, Mapping) for row in data):
        return pd.DataFrame(list(data))
    try:
        return np.asarray(data)
    except ValueError:
        raise InvalidArgument(
            "The lists differ in length, so they are not an array; give a data frame (RST-188)."
        ) from None


def envelope(data: Any) -> dict[str, Any]:
    """Return records, or lists of any other kind, as the data of a request in JSON (RST-001).

    Raises:
        Unwritable: a part of them has no form in JSON.

    """
    is_records = isinstance(data, list | tuple) and data and isinstance(data[0], Mapping)
    return {"dataframe_records" if is_records else "inputs": as_plain(data)}


def _as_rows(data: Any, plan: Plan, refusal: InvalidInput) -> Any:
    """Return data that a model refuses in process as its server reads them of a request in JSON.

    There, base64 stands for bytes, and lists are tensors. Raises the refusal where that fails, too.
    """
    try:
        read = read_body(JSON, dumps(envelope(data)), plan.matching).data
        if not isinstance(read, InvalidInput):
            return plan.enforce(read)
    except (MlmodelError, Unwritable):
        pass
    raise refusal


def _tensors(data: Any) -> tuple[list[Tensor], str]:
    """Return data as tensors, and the hint that says what they are together."""
    if isinstance(data, Columns):
        data = to_frame(data)
    elif isinstance(data, Tensors):
        data = data.arrays.get(None, data.arrays)
    if isinstance(data, pd.Series):
        data = data.to_frame() if data.name is not None else data.to_frame(name=0)
    if isinstance(data, pd.DataFrame):
        return _of_frame(data), hints.PANDAS
    if is_sparse(data):
        raise sparse_matrix()
    if isinstance(data, _ARRAYS):
        return [_tensor(UNNAMED.format(0), data, "The array")], hints.NUMPY
    if isinstance(data, Mapping) and data:
        return _of_mapping(data), hints.DICT
    frame = None if isinstance(data, Mapping) else frame_of(data)
    if frame is None:
        raise InvalidArgument(
            "A request holds a data frame or series (of pandas, Polars or Arrow), an array, a dict "
            f"of arrays, records or lists; {type(data).__module__}.{type(data).__qualname__} was "
            "given: make a data frame of it (RST-188)."
        )
    return _of_frame(frame), hints.PANDAS


def sparse_matrix() -> InvalidArgument:
    """Return the error for a matrix of compressed rows, which no request holds.

    What it leaves out is zero to one model and missing to another.
    """
    return InvalidArgument(
        "A request holds no sparse matrices, and what one leaves out is zero to one model and "
        "missing to another; give matrix.toarray() where it is zero (RST-188)."
    )


def _of_frame(frame: pd.DataFrame) -> list[Tensor]:
    names = _names(frame.columns.tolist())
    if not names:
        raise InvalidArgument(
            "The data frame has no columns, so there is nothing to send (RST-188)."
        )
    return [
        _tensor(name, values, f"The column {shown(name)}")
        for name, values in zip(names, arrays_of(frame), strict=True)
    ]


def _names(labels: Sequence[Any]) -> list[str]:
    if labels == list(range(len(labels))):
        return [UNNAMED.format(place) for place in range(len(labels))]
    for label in labels:
        if isinstance(label, bool) or not isinstance(label, str | int | np.integer):
            raise InvalidArgument(
                f"The column name {shown(label)} is neither a text nor a whole number; rename the "
                "column (RST-188)."
            )
    names = [str(label) for label in labels]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidArgument(
            f"Two columns of the data frame are called {shown(twice)}; a request has each name "
            "once (OIP-026)."
        )
    return names


def _of_mapping(data: Mapping[Any, Any]) -> list[Tensor]:
    for name in data:
        if not isinstance(name, str):
            raise InvalidArgument(f"The name {shown(name)} of an array is not text (RST-188).")
    return [_tensor(name, held, f"The array {shown(name)}") for name, held in data.items()]


def _tensor(name: str, values: Any, what: str) -> Tensor:
    try:
        tensor = tensor_of(name, values)
    except Unwritable as error:
        raise InvalidArgument(f"{what}{error.path or ''} {error.what} (RST-188).") from None
    if isinstance(values, np.ma.MaskedArray):
        raise InvalidArgument(f"{what} is a masked array, but a tensor has no missing values.")
    return tensor


# -- bytes -------------------------------------------------------------------------------------


def write_question(request: InferRequest) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a request: numbers as binary data, unless there are few.

    Raises:
        InvalidArgument: a text is not Unicode.

    """
    is_short = sum(t.values.size for t in request.inputs if t.values is not None) <= _FEW
    written: list[dict[str, Any]] = []
    parts: list[bytes] = []
    for tensor in request.inputs:
        if is_short or not _is_binary(tensor):
            written.append(write_tensor(tensor))
            continue
        part = to_raw(tensor)
        parts.append(part)
        written.append({
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": list(tensor.shape),
            "parameters": {**tensor.parameters, SIZE: len(part)},
        })  # fmt: skip
    parameters = request.parameters if is_short else {**request.parameters, BINARY_OUTPUT: True}
    try:
        head = dumps({"inputs": written, "parameters": parameters})
    except Unwritable as error:
        raise InvalidArgument(f"The data {error.what} (RST-048).") from None
    if not parts:
        return {"Content-Type": "application/json"}, head
    headers = {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": str(len(head)),
    }
    return headers, b"".join([head, *parts])


def _is_binary(tensor: Tensor) -> bool:
    """Return whether elements are sent as bytes: numbers, and what is bytes already."""
    if tensor.mask is not None or tensor.values is None:
        return False
    if tensor.datatype != BYTES:
        return True
    return {bytes}.issuperset(map(type, tensor.values.ravel().tolist()))
