"""Input examples read back: as the model takes them, or as a request (EXA-007 to EXA-012)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlmodel._base import files
from mlmodel.document.paths import resolve_inside
from mlmodel.errors import InvalidModel, MissingDependency, UnreadableModel, Violation, shown
from mlmodel.scoring.codecs import tables, tensors
from mlmodel.scoring.codecs.payload import Payload
from mlmodel.scoring.examples import FILE_NAME, MOST_BYTES
from mlmodel.signature.cells.plain import ByColumn, OneRow, Records, Rows, Values, stands_for
from mlmodel.signature.cells.reader import Reader
from mlmodel.signature.types.schema import ColSpec, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlmodel.signature.data.columns import Columns, Tensors
    from mlmodel.signature.enforce.matching import Matching
    from mlmodel.signature.model_signature import ModelSignature

__all__ = [
    "decode",
    "file_of",
    "params_of",
    "read_document",
    "read_example",
    "read_params",
    "read_serving_input",
]

_SPARSE = "sparse_matrix_"
_WHOLE_PARTS = ("indices", "indptr", "shape")
#: Of records with different keys: a larger table has no more than so many cells for each that is
#: given (EXA-015).
_FEW_CELLS, _MOST_EMPTY = 1_000_000, 100


def read_example(root: Path, info: Mapping[str, Any], signature: ModelSignature | None) -> Any:
    """Return a saved example in the form in which the model gets it.

    Args:
        root: the model folder.
        info: the ``saved_input_example_info`` of its MLmodel file.
        signature: the model's, which says the dtypes and shapes that JSON does not; or None.

    Raises:
        InvalidModel: the file is named outside the folder, is not JSON, or of no known form.
        UnreadableModel: it is not there or cannot be read.
        InvalidInput: it does not fit the signature.
        MissingDependency: it is a sparse matrix, and scipy is not installed.

    """
    from mlmodel.signature.enforce.plan import Plan

    plan = Plan(None) if signature is None else signature.plan
    return plan.enforce(decode(read_document(root, info), info, plan.matching))


def read_params(root: Path, info: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the parameters that a saved example has beside its data, None without (EXA-010).

    They are as JSON holds them: predict checks and converts them like any other.

    Raises:
        InvalidModel, UnreadableModel: as :func:`read_example`.

    """
    return params_of(read_document(root, info), info) if info.get("params") else None


def read_serving_input(root: Path, info: Mapping[str, Any]) -> str | None:
    """Return the example as the body of a request, None where none was saved (EXA-011).

    Raises:
        InvalidModel: the file is named outside the folder, or is not text.
        UnreadableModel: it is not there or cannot be read.

    """
    name = info.get("serving_input_path")
    return _text(root, str(name)).strip() if name else None


def file_of(info: Mapping[str, Any]) -> str:
    """Return the name of the file that holds the example."""
    return str(info.get("artifact_path") or FILE_NAME)


def read_document(root: Path, info: Mapping[str, Any]) -> Any:
    """Return the JSON value of the example's file, parameters included.

    Raises:
        InvalidModel: it is named outside the folder, or is not JSON (EXA-007).
        UnreadableModel: it is not there, cannot be read, or is too large (EXA-008).

    """
    name = file_of(info)
    text = _text(root, name)
    try:
        # The standard library reads NaN, which MLflow writes though it is not JSON.
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _malformed(f"{name} is not JSON") from error


def _text(root: Path, name: str) -> str:
    try:
        return files.read(resolve_inside(root, name), MOST_BYTES, within=root).decode()
    except UnicodeDecodeError as error:
        raise _malformed(f"{name} is not UTF-8 text") from error
    except files.TooLarge:
        raise UnreadableModel(f"{name} is larger than {MOST_BYTES} bytes (EXA-008)") from None
    except OSError as error:
        reason = error.strerror or "is not readable"
        raise UnreadableModel(f"The input example {name} cannot be read: {reason}") from error


def _malformed(reason: str, rule: str = "EXA-007") -> InvalidModel:
    message = f"The input example cannot be read: {reason}."
    return InvalidModel(message, [Violation(rule, message, file=FILE_NAME)])


def params_of(document: Any, info: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the parameters in an example's document (EXA-010)."""
    if not info.get("params"):
        return None
    params = document.get("params") if isinstance(document, dict) else None
    if not isinstance(params, dict):
        raise _malformed("an example with params is an object with inputs and params", "EXA-010")
    return params


def decode(document: Any, info: Mapping[str, Any], matching: Matching) -> Any:
    """Return the data in an example's document: read at the declared types, not yet enforced.

    What comes back is :class:`Columns`, :class:`Tensors`, a sparse matrix, or, where nothing is
    declared and nothing says that it is a table or an array, the JSON value.

    Raises:
        InvalidModel: it is not of the form that ``type`` names (EXA-007).
        InvalidInput: it does not fit the declared types.

    """
    if info.get("params") and isinstance(document, dict) and "inputs" in document:
        document = document["inputs"]
    kind = str(info.get("type"))
    if kind == "dataframe":
        return _read_frame(document, matching)
    if kind == "ndarray" and (matching.schema is None or matching.has_tensors):
        return _read_tensors(document, info, matching)
    if kind == "ndarray":  # of a model of columns, which takes the rows of an array
        return _read_object(document, matching)
    if kind == "json_object":
        return document if matching.schema is None else _read_object(document, matching)
    if kind in {f"{_SPARSE}csr", f"{_SPARSE}csc"}:
        return _read_sparse(document, kind.removeprefix(_SPARSE), matching)
    raise _malformed(
        f"type {shown(info.get('type'))} is not one of dataframe, ndarray, json_object and "
        f"{_SPARSE}csr or csc"
    )


# -- columns --------------------------------------------------------------------------------------


def _read_frame(document: Any, matching: Matching) -> Columns | Tensors:
    if isinstance(document, list) and document and isinstance(document[0], dict):
        return _read_object(document, matching)
    data = document.get("data") if isinstance(document, dict) else document
    names = document.get("columns") if isinstance(document, dict) else None
    if not isinstance(data, list) or not all(isinstance(row, list) for row in data):
        raise _malformed("a dataframe example is an object with columns and data")
    if names is not None and not _are_names(names):
        raise _malformed("columns is a list of names: texts, or whole numbers")
    widths = {len(row) for row in data} | (set() if names is None else {len(names)})
    if len(widths) != 1:
        raise _malformed("its rows have different lengths")
    return _read_rows(data, None if names is None else tuple(names), widths.pop(), matching)


def _are_names(names: Any) -> bool:
    return isinstance(names, list) and all(type(name) in (str, int) for name in names)


def _read_rows(
    data: list[Any], names: tuple[Any, ...] | None, width: int, matching: Matching
) -> Columns | Tensors:
    if matching.has_tensors:
        payload = Payload(data, Reader(exact=True))
        return tensors.from_frame_rows(payload, matching, names, data, width)
    columns = [list(cells) for cells in zip(*data, strict=True)] or [[] for _ in range(width)]
    found = matching.match(names, width).positions
    for spec, position in zip(matching.schema or (), found, strict=False):
        if position is not None and isinstance(spec, ColSpec):
            columns[position] = list(map(_as_written, columns[position]))
    payload = Payload(columns, Reader(exact=True))
    return tables.from_columns(payload, matching, names, columns)


def _as_written(cell: Any) -> Any:
    """Return a cell, None for the NaN that MLflow writes in columns of every type (EXA-009)."""
    # NaN alone differs from itself.
    return None if isinstance(cell, float) and cell != cell else cell  # noqa: PLR0124


def _read_object(document: Any, matching: Matching) -> Columns | Tensors:
    """Read a mapping or a list as MLflow 3 keeps it: as rows (EXA-002)."""
    if matching.has_tensors:
        return _read_tensors(document, {}, matching)
    specs = () if matching.schema is None else matching.schema.inputs
    match stands_for(document, specs):
        case Values(cells):
            return _read_rows([[cell] for cell in cells], None, 1, matching)
        case Records(records) | Rows([] as records):
            names = tuple(dict.fromkeys(name for record in records for name in record))
            if len(names) * len(records) > max(_FEW_CELLS, _MOST_EMPTY * sum(map(len, records))):
                raise _malformed("hardly any of its records have the same keys", "EXA-015")
            rows = [[record.get(name) for name in names] for record in records]
            return _read_rows(rows, names, len(names), matching)
        case OneRow(row):
            return _read_rows([list(row.values())], tuple(row), len(row), matching)
        case ByColumn(columns):
            return _read_columns(columns, matching)
        case None if isinstance(document, dict):
            raise _malformed("it mixes single values and columns of them")
        case _:  # rows; among them, single values are rows of one cell (EXA-007)
            rows = [cell if isinstance(cell, list) else [cell] for cell in document]
            return _read_frame({"data": rows}, matching)


def _read_columns(columns: Mapping[str, Sequence[Any]], matching: Matching) -> Columns | Tensors:
    # A file is held to more than a request: what is not declared is of the same length (EXA-007).
    if len({len(cells) if isinstance(cells, list) else -1 for cells in columns.values()}) > 1:
        raise _malformed("its columns have different lengths")
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    return _read_rows(rows, tuple(columns), len(columns), matching)


# -- tensors --------------------------------------------------------------------------------------


def _read_tensors(document: Any, info: Mapping[str, Any], matching: Matching) -> Tensors:
    wrapped = isinstance(document, dict) and set(document) == {"inputs"}
    if wrapped and (info.get("format") == "tf-serving" or not _declares(matching, "inputs")):
        document = document["inputs"]
    payload = Payload(document, Reader(exact=True))
    return tensors.from_inputs(payload, matching)


def _declares(matching: Matching, name: str) -> bool:
    return matching.schema is None or name in matching.schema.input_names()


def _read_sparse(document: Any, form: str, matching: Matching) -> Any:
    """Return scipy's matrix of what MLflow writes of one: its parts (EXA-012)."""
    keys = {"data", "indices", "indptr", "shape"}
    if not isinstance(document, dict) or set(document) != keys:
        raise _malformed(f"a sparse matrix is an object with {', '.join(sorted(keys))}")
    try:
        import scipy.sparse
    except ModuleNotFoundError:
        raise MissingDependency(
            "The input example is a sparse matrix; reading it needs: pip install scipy"
        ) from None
    if not all(isinstance(value, list) for value in document.values()) or any(
        isinstance(cell, list | dict) for cell in document["data"]
    ):
        raise _malformed("the parts of a sparse matrix are lists of numbers")
    spec = matching.schema.inputs[0] if matching.schema is not None else None
    reader = Reader(exact=True)
    dtype = _dtype_named(spec.dtype if isinstance(spec, TensorSpec) else "float64")
    data = reader.flat(document["data"], dtype, "data")
    reader.violations.raise_all()
    # scipy would take 0.5 and "0" for the index 0.
    if not all(type(one) is int for key in _WHOLE_PARTS for one in document[key]):
        raise _malformed("indices, ends and lengths are whole numbers", "EXA-012")
    make = scipy.sparse.csr_matrix if form == "csr" else scipy.sparse.csc_matrix
    try:
        parts = (data, document["indices"], document["indptr"])
        matrix = make(parts, shape=tuple(document["shape"]), dtype=dtype)
        # Places beyond the shape would be read from memory that is none of the matrix.
        matrix.check_format(full_check=True)
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise _malformed(f"it is not a sparse matrix ({error})", "EXA-012") from error
    return matrix


def _dtype_named(name: str) -> Any:
    import numpy as np

    return np.dtype(name)
