"""Holds a saved example against the signature, by what the codecs read; no pandas (EXA-013)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlmodel.errors import (
    InvalidInput,
    InvalidModel,
    MalformedRequest,
    MissingDependency,
    MlmodelError,
    UnreadableModel,
)
from mlmodel.scoring.examples.reading import decode, params_of, read_document, read_serving_input
from mlmodel.signature.data.columns import Columns, Tensors
from mlmodel.signature.enforce.matching import Matching
from mlmodel.signature.enforce.shapes import wrong_shape
from mlmodel.signature.enforce.undeclared import left_out
from mlmodel.signature.types.schema import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mlmodel.errors import InputViolation
    from mlmodel.signature.model_signature import ModelSignature
    from mlmodel.signature.types.schema import ColSpec

__all__ = ["Finding", "faults"]

#: Rule, message, and the place in the data: input and row, as far as they are known.
Finding = tuple[str, str, str | int | None, int | None]


def faults(root: Path, info: Mapping[str, Any], signature: ModelSignature | None) -> list[Finding]:
    """Return what is wrong with the example of a model folder, whose file is there.

    Raises:
        MissingDependency: reading it needs a package that is not installed.

    """
    try:
        return list(_faults(root, info, signature))
    except MissingDependency:
        raise
    except InvalidInput as error:
        return list(map(_of_input, error.violations))
    except InvalidModel as error:
        rules = [getattr(one, "rule", "EXA-007") for one in error.details]
        return [(rules[0] if rules else "EXA-007", error.message, None, None)]
    except UnreadableModel as error:
        return [("EXA-008", error.message, None, None)]
    except MalformedRequest as error:
        return [("EXA-007", error.message, None, None)]


def _faults(
    root: Path, info: Mapping[str, Any], signature: ModelSignature | None
) -> Iterator[Finding]:
    document = read_document(root, info)
    schema = None if signature is None else signature.inputs
    read = decode(document, info, Matching(schema))
    if schema is not None and not isinstance(read, Columns | Tensors):
        yield from _of_sparse(read, schema.inputs[0])
    if _rows_of(read) == 0:
        yield "EXA-004", "An example holds at least one row.", None, None
    params = params_of(document, info)
    if params is not None and signature is not None:
        yield from _of_params(params, signature)
    yield from _of_request(root, info)


def _of_sparse(matrix: Any, spec: ColSpec | TensorSpec) -> Iterator[Finding]:
    """Hold a sparse matrix against the first input; other forms are, where they are read."""
    if not isinstance(spec, TensorSpec):
        message = "A sparse matrix has no columns, which the signature declares (ENF-010)."
        yield "EXA-003", message, None, None
    elif spec.name is not None:
        message = "A sparse matrix has no name, and the signature names its tensors (ENF-072)."
        yield "EXA-003", message, None, None
    elif (wrong := wrong_shape(tuple(matrix.shape), spec)) is not None:
        yield _of_input(wrong)


def _rows_of(read: Any) -> int:
    if isinstance(read, Columns):
        return read.rows
    arrays = read.arrays.values() if isinstance(read, Tensors) else ()
    return min((int(array.size) for array in arrays), default=1)


def _of_params(params: dict[str, Any], signature: ModelSignature) -> Iterator[Finding]:
    from importlib.util import find_spec

    told = left_out(params, signature.params)
    if told is not None:
        yield "EXA-003", told, None, None
    if find_spec("pandas") is None:
        return  # parameters are read by rules for objects, which need it
    from mlmodel.signature.enforce.params import enforce_params

    try:
        enforce_params(params, signature.params)
    except InvalidInput as error:
        yield from map(_of_input, error.violations)
    except MlmodelError:
        return  # a default that is not of its type is said where it stands


def _of_input(violation: InputViolation) -> Finding:
    message = f"{violation.message} ({violation.rule})"
    return "EXA-003", message, violation.column, violation.row


def _of_request(root: Path, info: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        text = read_serving_input(root, info)
        value = None if text is None else json.loads(text)
    except UnreadableModel:
        return  # that it is not there is said where it is named
    except (ValueError, RecursionError):
        yield "EXA-011", "The example as a request is not JSON.", None, None
        return
    if text is not None and not isinstance(value, dict):
        yield "EXA-011", "The example as a request is an object with the data.", None, None
