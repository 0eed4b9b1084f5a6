"""The types that a function of Spark answers with, and answers as one of them (UDF-010 to 018).

Types are those that Spark tells as plain values (``DataType.jsonValue``), so that nothing here
needs Spark; answers become Arrow arrays, which hold missing values and NaN apart.
"""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel._base.extras import require
from mlmodel.errors import InvalidArgument, ModelFailure, shown
from mlmodel.scoring.writers.tables import NotATable, as_table
from mlmodel.signature.types.nested import Array
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mlmodel.signature.types.schema import Schema

__all__ = ["KINDS", "Result", "inferred", "require_possible", "result_of"]

#: Spark's name of a type -> what messages and users call it.
KINDS = {
    "integer": "int", "long": "long", "float": "float", "double": "double",
    "string": "string", "boolean": "boolean",
}  # fmt: skip
_SUPPORTED = (
    f"{', '.join(KINDS.values())}, an array of one of them, or a struct whose fields are such "
    "(UDF-010)"
)
_WIDTHS = {"integer": 32, "long": 64}
_NUMBERS = frozenset({DataType.integer, DataType.long, DataType.float, DataType.double})
_INTEGERS = frozenset({DataType.integer, DataType.long})


@dataclass(frozen=True, slots=True)
class _Field:
    """One value of an answer, or an array of ``many``."""

    name: str
    kind: str
    many: bool

    def __str__(self) -> str:
        return f"array<{KINDS[self.kind]}>" if self.many else KINDS[self.kind]


@dataclass(frozen=True, slots=True)
class Result:
    """What each row is answered with: one field, or a struct of several."""

    fields: tuple[_Field, ...]
    is_struct: bool

    def of(self, answer: Any, count: int, names: Sequence[str] | None) -> Any:
        """Return a model's answer for ``count`` rows as an Arrow array.

        Args:
            answer: what the model answered.
            count: how many rows it was asked.
            names: what its signature calls the outputs.

        Raises:
            ModelFailure: the answer has another number of rows, or is no table (UDF-011).
            InvalidArgument: nothing of it is of this type (UDF-012 to UDF-017).

        """
        pa = require("pyarrow", "arrow")
        table = _table(answer, names)
        if len(table) != count:
            raise ModelFailure(
                f"The model answered {len(table)} rows where {count} were given, so they cannot "
                "stand beside each other (UDF-011). Score whole frames with mapInPandas"
            )
        if not self.is_struct:
            return _of_field(self.fields[0], _Columns(table))
        absent = [field.name for field in self.fields if field.name not in table.columns]
        if absent:
            raise _lacks(absent, map(str, table.columns))
        held = [_of_field(field, _Columns(table[[field.name]])) for field in self.fields]
        return pa.StructArray.from_arrays(held, names=[field.name for field in self.fields])


def result_of(described: Any) -> Result:
    """Return the result type that Spark describes so.

    Raises:
        InvalidArgument: it is none of those supported (UDF-010).

    """
    if isinstance(described, dict) and described.get("type") == "struct":
        fields = tuple(_field(one["type"], one["name"]) for one in described["fields"])
        if fields:
            return Result(fields, is_struct=True)
    return Result((_field(described, ""),), is_struct=False)


def _field(described: Any, name: str) -> _Field:
    many = isinstance(described, dict) and described.get("type") == "array"
    kind = described["elementType"] if many else described
    if not isinstance(kind, str) or kind not in KINDS:
        raise InvalidArgument(
            f"The result type {shown(described)} is not supported; it is one of {_SUPPORTED}"
        )
    return _Field(name, kind, many)


def inferred(outputs: Schema | None) -> str:
    """Return the result type of a model that says what it answers, as Spark's DDL (UDF-019)."""
    if outputs is None or outputs.is_tensor_spec():
        return "double"
    types = [_ddl(spec.type) for spec in outputs if isinstance(spec, ColSpec)]
    if None in types:
        return "double"
    if len(types) == 1:
        return str(types[0])
    if not outputs.has_input_names():
        return "double"
    names = [f"`{str(spec.name).replace('`', '``')}`" for spec in outputs]
    return ", ".join(f"{name} {kind}" for name, kind in zip(names, types, strict=True))


def _ddl(kind: Any) -> str | None:
    if isinstance(kind, Array):
        item = _ddl(kind.dtype)
        return None if item is None or item.startswith("array") else f"array<{item}>"
    name = kind.name if isinstance(kind, DataType) else ""
    return {"integer": "int"}.get(name, name) if name in KINDS else None


def require_possible(result: Result, outputs: Schema | None) -> None:
    """Go on where a model with these outputs can answer with the type (UDF-018).

    Raises:
        InvalidArgument: it cannot; all outputs are listed, and the fields that it lacks.

    """
    if outputs is None:
        return
    specs = {str(spec.name if spec.name is not None else at): spec.type
             for at, spec in enumerate(outputs)}  # fmt: skip
    if result.is_struct:
        if not outputs.has_input_names():
            return
        absent = [field.name for field in result.fields if field.name not in specs]
        if absent:
            raise _lacks(absent, specs)
    for field in result.fields:
        asked = {field.name: specs[field.name]} if result.is_struct else specs
        if not any(_may_be(field, kind) for kind in asked.values()):
            raise _nothing_for(field, (f"{name} ({kind})" for name, kind in asked.items()))


def _may_be(field: _Field, kind: Any) -> bool:
    if field.kind == "string":
        return True
    if isinstance(kind, np.dtype):
        letters = {"boolean": "b", "integer": "iu", "long": "iu"}.get(field.kind, "iuf")
        return kind.kind in letters or kind.kind == "O"
    if field.many and isinstance(kind, Array):
        kind = kind.dtype
    if not isinstance(kind, DataType):
        return False
    if field.kind == "boolean":
        return kind is DataType.boolean
    return kind in (_INTEGERS if field.kind in _WIDTHS else _NUMBERS)


def _lacks(absent: Sequence[str], there: Iterable[str]) -> InvalidArgument:
    return InvalidArgument(
        f"The result type has the fields {', '.join(absent)}, which the model does not answer; it "
        f"answers {', '.join(there) or 'nothing'} (UDF-017)"
    )


def _nothing_for(field: _Field, there: Iterable[str]) -> InvalidArgument:
    rule = {"integer": "UDF-012", "long": "UDF-012", "boolean": "UDF-014"}.get(
        field.kind, "UDF-013"
    )
    return InvalidArgument(
        f"Nothing that the model answers is of the result type {field}: it answers "
        f"{', '.join(there) or 'no columns'}. string takes anything ({rule})"
    )


def _table(answer: Any, names: Sequence[str] | None) -> pd.DataFrame:
    if hasattr(answer, "toarray"):
        answer = answer.toarray()
    if np.isscalar(answer) or getattr(answer, "shape", None) == ():
        answer = [answer]
    try:
        return as_table(answer, names)
    except NotATable as why:
        if isinstance(answer, list) and all(isinstance(one, list | np.ndarray) for one in answer):
            return pd.DataFrame({"0": pd.Series(answer, dtype=object)})  # rows of any lengths
        if isinstance(answer, list) and all(isinstance(one, dict) for one in answer):
            return pd.DataFrame(answer)
        raise ModelFailure(f"What the model answered {why}, so it has no rows (UDF-011)") from None


class _Columns:
    """The columns of an answer, each as an Arrow array once it is asked for."""

    def __init__(self, table: pd.DataFrame) -> None:
        self._table = table
        self._arrays: dict[int, Any] = {}

    def __iter__(self) -> Iterator[Any]:
        return (self.array(place) for place in range(self._table.shape[1]))

    def array(self, place: int) -> Any:
        if place not in self._arrays:
            self._arrays[place] = _array(self._table.iloc[:, place])
        return self._arrays[place]

    def texts(self) -> Iterator[Any]:
        """Give the columns as texts, the same as Python's of each value."""
        pa = require("pyarrow", "arrow")
        for place in range(self._table.shape[1]):
            column = self._table.iloc[:, place]
            # Of the items of an array, since those of a series are doubles.
            values = column.to_numpy() if column.dtype == "float32" else list(column)
            gaps = column.isna() if _marks_gaps_by_nan(column) else map(_is_gap, values)
            pairs = zip(values, gaps, strict=True)
            yield pa.array([None if gap else str(one) for one, gap in pairs], pa.string())

    def told(self) -> list[str]:
        """Return the names of the columns and what they hold, for messages."""
        return [
            f"{name} ({array.type})" for name, array in zip(self._table.columns, self, strict=True)
        ]


def _is_gap(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT


def _marks_gaps_by_nan(column: Any) -> bool:
    """Return whether NaN is what is missing: in columns in which no number stands beside it.

    A batch may have missing cells alone, and what they are is the same in every batch.
    """
    if column.dtype == object:
        kinds = {type(one) for one in column[column.notna()]}
        return not any(kind is not bool and issubclass(kind, numbers.Number) for kind in kinds)
    return isinstance(column.dtype, pd.CategoricalDtype | pd.StringDtype)


def _array(column: Any) -> Any:
    pa = require("pyarrow", "arrow")
    if column.dtype == object:
        cells = [
            None if _is_gap(one) else one.tolist() if isinstance(one, np.ndarray) else one
            for one in column
        ]
        try:
            return pa.array(cells)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            return pa.nulls(len(cells), pa.null())  # of several kinds: only text is of it
    nullable = not isinstance(column.dtype, np.dtype)
    try:
        found = pa.array(column, from_pandas=nullable)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return pa.nulls(len(column), pa.null())
    found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    return found.dictionary_decode() if pa.types.is_dictionary(found.type) else found


def _of_field(field: _Field, columns: _Columns) -> Any:
    """Return the leftmost column of a field's type, or all of them as lists."""
    if field.kind == "string":
        found = list(columns.texts())
        if not field.many:
            return found[0]
        lists = next(iter(_lists(columns, field)), None) if len(found) == 1 else None
        return _interleaved(found) if lists is None else lists
    scalars = _scalars(field, columns)
    if not field.many and scalars:
        return scalars[0]
    if field.many:
        lists = next(iter(_lists(columns, field)), None) if not scalars else None
        if lists is not None:
            return lists
        if scalars:
            return _interleaved(scalars)
    raise _nothing_for(field, columns.told())


def _scalars(field: _Field, columns: _Columns) -> list[Any]:
    """Return the columns of one value a row that are of a field's type, cast to it."""
    types = require("pyarrow", "arrow").types
    if field.kind == "boolean":
        return [array for array in columns if types.is_boolean(array.type)]
    if field.kind in ("float", "double"):
        of_numbers = (types.is_integer, types.is_floating, types.is_decimal)
        found = [array for array in columns if any(of(array.type) for of in of_numbers)]
        return [_cast(array, field, safe=False) for array in found]
    whole = [array for array in columns if types.is_integer(array.type)]
    fitting = [array for array in whole if _fits(array.type, field, types)]
    if fitting:
        return [_cast(array, field) for array in fitting]
    # Which column answers must not change with the rows, so that a wider one is never passed over.
    return [_cast(array, field) for array in (whole if field.many else whole[:1])]


def _fits(kind: Any, field: _Field, types: Any) -> bool:
    width: int = kind.bit_width
    return width < _WIDTHS[field.kind] + (not types.is_unsigned_integer(kind))


def _cast(array: Any, field: _Field, *, safe: bool = True) -> Any:
    pa = require("pyarrow", "arrow")
    kinds: Mapping[str, Callable[[], Any]] = {
        "integer": pa.int32, "long": pa.int64, "float": pa.float32, "double": pa.float64,
        "string": pa.string, "boolean": pa.bool_,
    }  # fmt: skip
    target = kinds[field.kind]()
    try:
        return array.cast(target, safe=safe)
    except pa.ArrowInvalid as error:
        raise InvalidArgument(
            f"The model answers integers that {KINDS[field.kind]} does not hold ({error}); ask for "
            "long, double or string (UDF-012)"
        ) from None


def _lists(columns: _Columns, field: _Field) -> Iterator[Any]:
    """Give the columns whose cells are lists, with their items cast to a field's type."""
    pa = require("pyarrow", "arrow")
    types = pa.types
    for array in columns:
        if not (types.is_list(array.type) or types.is_large_list(array.type)):
            continue
        item = array.type.value_type
        if types.is_null(item):  # empty lists alone
            yield array.cast(pa.list_(_cast(pa.array([], pa.null()), field).type))
            continue
        if field.kind == "string":
            cells = [None if one is None else [None if _is_gap(x) else str(x) for x in one]
                     for one in array.to_pylist()]  # fmt: skip
            yield pa.array(cells, pa.list_(pa.string()))
            continue
        values = _scalars(field, _OneArray(array.flatten()))
        if values:
            yield pa.ListArray.from_arrays(
                _offsets(array), values[0], mask=array.is_null() if array.null_count else None
            )


class _OneArray(_Columns):
    """The items of lists, as the only column."""

    def __init__(self, array: Any) -> None:
        super().__init__(pd.DataFrame(index=range(len(array)), columns=["0"]))
        self._arrays = {0: array}


def _offsets(array: Any) -> Any:
    pa = require("pyarrow", "arrow")
    lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype("int32"))


def _interleaved(columns: Sequence[Any]) -> Any:
    """Return columns as one array of lists, a list for each row."""
    pa = require("pyarrow", "arrow")
    width, count = len(columns), len(columns[0])
    order = np.arange(width * count).reshape(width, count).T.ravel()
    values = pa.concat_arrays(list(columns)).take(pa.array(order))
    return pa.ListArray.from_arrays(pa.array(np.arange(count + 1, dtype="int32") * width), values)
