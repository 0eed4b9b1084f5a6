"""Tables as Spark takes them, and what a pipeline of stages answers (SPK-011 to SPK-016)."""

from __future__ import annotations

import datetime as dt
import decimal
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import UnsupportedModel
from mlmodel.flavors._arguments import warn_of_params
from mlmodel.flavors._failures import brief, refused_by
from mlmodel.flavors._invalid_data import invalid_each
from mlmodel.flavors._tables import required_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mlmodel.flavors._base import Predict

__all__ = ["Pipeline", "predictor"]

#: A column beside the data that says which row is which, since joins of Spark shuffle them.
_ROW = "__mlmodel_row"
#: Stages that take lists as they are; others take vectors (SPK-013).
_OF_LISTS = frozenset(
    (
        *("CountVectorizerModel", "FPGrowthModel", "HashingTF", "NGram", "SQLTransformer"),
        *("StopWordsRemover", "Word2VecModel"),
    )
)
_INPUTS = ("featuresCol", "inputCol", "inputCols", "vectorCol")
_OUTPUTS = ("outputCol", "outputCols", "topicDistributionCol")
_MOST = 2**63
#: Integers up to this are doubles, too.
_EXACT = 2**53
#: How many causes of an exception are looked at.
_DEEPEST = 20
#: What its messages say of our column, and the codes that they end with.
_INTERNAL = re.compile(rf",? ?`?{_ROW}`?|\s*SQLSTATE: \w+\.?")


def predictor(session: Any, model: Any, columns: Sequence[str] | None) -> Predict:
    """Return how a pipeline of stages predicts; see :class:`Pipeline`."""
    pipeline = Pipeline(session, model, columns)

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        warn_of_params(params, "A pipeline of Spark")
        return pipeline.answer(model_input)

    return predict


class Pipeline:
    """A pipeline of stages as a python_function.

    Args:
        session: the session that makes its tables.
        model: the stages.
        columns: the columns of the answer; None answers with its predictions alone.

    """

    def __init__(self, session: Any, model: Any, columns: Sequence[str] | None) -> None:
        self._session, self._model = session, model
        self._columns = None if columns is None else list(columns)
        stages = list(_stages(model))
        self._last = stages[-1] if stages else model
        self._vectors = {
            name for stage in stages if type(stage).__name__ not in _OF_LISTS
            for name in _named(stage, _INPUTS)
        }  # fmt: skip

    def answer(self, given: Any) -> Any:
        """Return a list of predictions, or a frame of the columns that were asked for.

        Raises:
            InvalidInput: it is not a table, a column has cells that Spark has no type for, or
                Spark fails on them.

        """
        frame = required_table(given, "SPK-011", "Spark")
        frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
        table = self._table(frame)
        with refused_by("Spark", "SPK-016", of_data=_is_of_data, words=_reason):
            told = self._model.transform(table)
            names = self._columns or self._answers(told.columns, frame.columns)
            _require(names, told.columns)
            rows = told.select(*_selected(told, names)).collect()
        cells = [[_plain(cell) for cell in row] for row in _in_order(rows, len(frame), len(names))]
        if self._columns is None and len(names) == 1:
            return [row[0] for row in cells]
        return pd.DataFrame(cells, columns=list(names))

    def _answers(self, told: Sequence[str], given: Iterable[str]) -> list[str]:
        """Return the columns that answer: the last stage's prediction, or else what it adds."""
        for params in (("predictionCol",), _OUTPUTS):
            found = [name for name in _named(self._last, params) if name in told]
            if found:
                return found
        return [name for name in told if name not in {*given, _ROW}]

    def _table(self, frame: pd.DataFrame) -> Any:
        from pyspark.ml.functions import array_to_vector
        from pyspark.sql import functions, types

        doubled = frame.columns[frame.columns.duplicated()].unique()
        if len(doubled):
            wrong = {name: f"Column {name!r} is given more than once." for name in doubled}
            raise invalid_each(f"{next(iter(wrong.values()))} (SPK-011)", "SPK-011", wrong)
        columns: dict[str, Any] = {}
        fields, wrong = [], {}
        for name in frame.columns:
            columns[name], kind = _column(frame[name])
            if kind is None:
                what = pd.api.types.infer_dtype(frame[name], skipna=True)
                wrong[name] = f"Column {name!r} holds {what} values, for which Spark has no type."
            fields.append(types.StructField(name, kind or types.NullType()))
        if wrong:
            raise invalid_each(f"{next(iter(wrong.values()))} (SPK-012)", "SPK-012", wrong)
        columns[_ROW] = np.arange(len(frame), dtype="int64")
        fields.append(types.StructField(_ROW, types.LongType()))
        data = pd.DataFrame(columns, index=range(len(frame)))
        schema = types.StructType(fields)
        table = self._session.createDataFrame(data, schema)
        doubles = types.ArrayType(types.DoubleType())
        vectors = [
            array_to_vector(_column_of(functions, field.name)).alias(field.name)
            if field.name in self._vectors and field.dataType == doubles
            else _column_of(functions, field.name)
            for field in fields
        ]
        return table.select(*vectors)


def _require(names: Iterable[str], told: Sequence[str]) -> None:
    absent = [name for name in names if name not in told]
    if absent:
        raise UnsupportedModel(
            f"The model answers no column {', '.join(absent)} (SPK-015); it answers "
            f"{', '.join(name for name in told if name != _ROW)}"
        )


def _stages(model: Any) -> Iterator[Any]:
    """Give the stages of a pipeline, those of pipelines within it, and of what was tuned."""
    within = getattr(model, "bestModel", None)
    if within is not None:
        yield from _stages(within)
    elif isinstance(getattr(model, "stages", None), list):
        for stage in model.stages:
            yield from _stages(stage)
    else:
        yield model


def _named(stage: Any, params: Iterable[str]) -> Iterator[str]:
    """Give the columns that parameters of a stage name."""
    for name in params:
        if stage.hasParam(name) and stage.isDefined(name):
            value = stage.getOrDefault(name)
            yield from value if isinstance(value, list) else [value]


def _column_of(functions: Any, name: str) -> Any:
    return functions.col("`" + name.replace("`", "``") + "`")


def _selected(table: Any, names: Iterable[str]) -> list[Any]:
    """Return the columns of an answer, vectors as lists, and that of the rows where it is left."""
    from pyspark.ml.functions import vector_to_array
    from pyspark.ml.linalg import VectorUDT
    from pyspark.sql import functions

    kinds = {field.name: field.dataType for field in table.schema.fields}
    held = [
        vector_to_array(_column_of(functions, name))
        if isinstance(kinds[name], VectorUDT)
        else _column_of(functions, name)
        for name in names
    ]
    return [*held, functions.col(_ROW)] if _ROW in kinds else held


def _in_order(rows: list[Any], count: int, width: int) -> list[Any]:
    """Return the rows of an answer in the order of those given, and nothing for those left out."""
    if not rows or len(rows[0]) == width:
        if rows or not count:
            return rows
        return [[None] * width] * count
    ordered = sorted(rows, key=lambda row: row[width])
    places = [row[width] for row in ordered]
    if places == list(range(count)):
        return [row[:width] for row in ordered]
    if len(set(places)) < len(places):  # some became more than one
        return [row[:width] for row in ordered]
    found = dict(zip(places, ordered, strict=True))
    return [found[at][:width] if at in found else [None] * width for at in range(count)]


def _plain(cell: Any) -> Any:
    """Return a cell of Spark's as what it stands for."""
    if hasattr(cell, "asDict"):
        return cell.asDict(recursive=True)
    return cell.toArray().tolist() if hasattr(cell, "toArray") else cell


def _column(column: Any) -> tuple[Any, Any]:
    """Return a column's values as Spark takes them, and its type; None where there is none."""
    from pyspark.sql import types

    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype if column.notna().all() else object)
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        return _numbers(column, types)
    if column.dtype.kind == "M":
        return column.to_numpy() if column.dt.tz is None else column.array, types.TimestampType()
    if column.dtype.kind in "biuf":  # nullable ones
        _, kind = _numbers(pd.Series(np.zeros(0, column.dtype.numpy_dtype)), types)
        return _objects([_cell(value) for value in column]), kind
    cells = [_cell(value) for value in column]
    kind = _type_of(cells, types)
    return (_objects([_of_type(cell, kind) for cell in cells]) if kind is not None else None), kind


def _objects(cells: list[Any]) -> Any:
    held = np.empty(len(cells), object)
    held[:] = cells
    return held


def _numbers(column: Any, types: Any) -> tuple[Any, Any]:
    dtype: Any = column.dtype
    if dtype.kind == "b":
        return column.to_numpy(), types.BooleanType()
    if dtype.kind == "f":
        single = dtype.itemsize <= 4  # noqa: PLR2004 - bytes
        return column.to_numpy("float32" if single else "float64"), (
            types.FloatType() if single else types.DoubleType()
        )
    size = dtype.itemsize * (2 if dtype.kind == "u" else 1)
    if size > 8 and len(column) and int(column.max()) >= _MOST:  # noqa: PLR2004 - bytes
        return None, None
    kind = {1: types.ByteType, 2: types.ShortType, 4: types.IntegerType}.get(size, types.LongType)
    return column.to_numpy(f"int{min(size, 8) * 8}"), kind()


def _cell(value: Any) -> Any:
    """Return a cell of a column of objects as Spark knows it."""
    if isinstance(value, dict):
        return {str(key): _cell(one) for key, one in value.items()}
    if hasattr(value, "toArray"):  # a vector of Spark
        value = value.toArray()
    if isinstance(value, np.ndarray | list | tuple):
        return [_cell(one) for one in value]
    if value is None or value is pd.NA or value is pd.NaT or value != value:  # noqa: PLR0124 - NaN
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if isinstance(value, np.generic) else value


_SCALARS: tuple[tuple[type, str], ...] = (
    (bool, "BooleanType"), (int, "LongType"), (float, "DoubleType"), (str, "StringType"),
    (bytes, "BinaryType"), (dt.datetime, "TimestampType"), (dt.date, "DateType"),
)  # fmt: skip


def _type_of(cells: Iterable[Any], types: Any) -> Any:
    """Return the type of cells that are plain objects, or None where they have no common one."""
    there = [cell for cell in cells if cell is not None]
    if not there:
        return types.StringType()
    if all(isinstance(cell, list) for cell in there):
        item = _type_of((one for cell in there for one in cell), types)
        kind = item if any(there) else types.DoubleType()
        return None if kind is None else types.ArrayType(kind)
    if all(isinstance(cell, dict) for cell in there):
        return _struct_of(there, types)
    if all(isinstance(cell, decimal.Decimal) for cell in there):
        return types.DecimalType(38, 18)
    found = [name for kind, name in _SCALARS if all(_is(cell, kind) for cell in there)]
    if not found and all(_is_double(cell) for cell in there):
        found = ["DoubleType"]
    return getattr(types, found[0])() if found else None


def _struct_of(cells: list[dict[str, Any]], types: Any) -> Any:
    names = dict.fromkeys(name for cell in cells for name in cell)
    kinds = {name: _type_of((cell.get(name) for cell in cells), types) for name in names}
    if None in kinds.values():
        return None
    return types.StructType([types.StructField(name, kind) for name, kind in kinds.items()])


def _of_type(cell: Any, kind: Any) -> Any:
    """Return a cell as its type has it: Spark 3 takes no integer for a double."""
    name = type(kind).__name__
    if cell is None or name not in ("DoubleType", "ArrayType", "StructType"):
        return cell
    if name == "DoubleType":
        return float(cell)
    if name == "ArrayType":
        return [_of_type(one, kind.elementType) for one in cell]
    return {field.name: _of_type(cell.get(field.name), field.dataType) for field in kind}


def _is_double(cell: Any) -> bool:
    """Return whether a cell is a number that a double holds as it is."""
    return _is(cell, float) or (_is(cell, int) and abs(cell) <= _EXACT)


def _is(cell: Any, kind: type) -> bool:
    if isinstance(cell, bool) or kind is bool:
        return isinstance(cell, bool) and kind is bool
    return isinstance(cell, kind)


def _reason(error: BaseException) -> str:
    """Return what happened, which the last cause says."""
    cause = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    for _ in range(_DEEPEST):
        within = None if cause is None else cause.getCause()
        cause = within or cause
    said = str(error) if cause is None else str(cause.getMessage())
    return brief(ValueError(_INTERNAL.sub("", said)))


def _is_of_data(error: Exception) -> bool:
    """Return whether Spark raised it, and not for its own end."""
    kind = type(error)
    ours = kind.__module__.startswith(("pyspark.", "py4j.protocol"))
    return ours and "Network" not in kind.__name__
