"""Signatures of Arrow tables, Polars frames and Spark schemas."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import warnings
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlmodel.errors import InvalidArgument, InvalidInput, MissingDependency
from mlmodel.signature.data import arrow
from mlmodel.signature.infer.from_data import infer_signature
from mlmodel.signature.types.nested import Array, Map, Object, Property, SparkMLVector
from mlmodel.signature.types.schema import ColSpec, Schema

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")


def inferred(data: object) -> list[Any]:
    """Return the inputs, after the data have passed their enforcement (SIG-018)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signature = infer_signature(data)
    assert len(signature.enforce(data)) == len(data)  # type: ignore[arg-type]
    return list(signature.inputs)


ARROW = [
    ([1, 2], pa.int64(), "long", True),
    ([1, None], pa.int64(), "long", False),
    ([1], pa.int32(), "integer", True),
    ([1], pa.uint16(), "integer", True),
    ([1], pa.uint32(), "long", True),
    ([1.5], pa.float32(), "float", True),
    (np.array([1], "float16"), pa.float16(), "float", True),
    ([1.5, None], pa.float64(), "double", False),
    ([True, None], pa.bool_(), "boolean", False),
    (["x"], pa.large_string(), "string", True),
    (["x"], pa.string_view(), "string", True),
    ([b"x"], pa.binary(), "binary", True),
    (
        [dt.datetime(2020, 1, 1, tzinfo=dt.UTC)],
        pa.timestamp("us", "Europe/Berlin"),
        "datetime",
        True,
    ),
    ([dt.date(2020, 1, 1), None], pa.date32(), "datetime", False),
    ([Decimal("1.50"), None], pa.decimal128(5, 2), "double", False),
    (["x", None], pa.dictionary(pa.int8(), pa.string()), "string", False),
    ([1, 2], pa.dictionary(pa.int8(), pa.int64()), "long", True),
    ([None], pa.null(), "any", False),
    ([[1, 2], []], pa.list_(pa.int32()), Array("integer"), True),
    ([[1.5], None], pa.large_list(pa.float32()), Array("float"), False),
    ([[1, 2]], pa.list_(pa.int8(), 2), Array("integer"), True),
    ([[[1]]], pa.list_(pa.list_(pa.int64())), Array(Array("long")), True),
    ([[("k", 1.5)]], pa.map_(pa.string(), pa.float64()), Map("double"), True),
]


@pytest.mark.parametrize(("values", "held", "kind", "required"), ARROW)
def test_arrow_columns(values: Any, held: Any, kind: Any, required: bool) -> None:
    """SIG-042: by the declared types; required by the values, though every field is nullable."""
    column = pa.array(values, held)
    spec = ColSpec(kind, "a", required) if kind != "any" else None
    for data in (pa.table({"a": column}), pa.record_batch({"a": column})):
        (found,) = inferred(data)
        assert found == (spec or found)
        assert (found.type.value, found.required) == (
            kind if isinstance(kind, str) else kind.value,
            required,
        )


def test_arrow_structs_go_by_their_values() -> None:
    """SIG-042: a property that is missing somewhere is optional, whatever the schema says."""
    cells = [{"x": 1, "y": [{"z": 1.5}]}, {"x": None, "y": [{"z": None}]}, None]
    (found,) = inferred(pa.table({"a": cells}))
    item = Object([Property("z", "double", required=False)])
    kind = Object([Property("x", "long", required=False), Property("y", Array(item))])
    assert found == ColSpec(kind, "a", required=False)


@pytest.mark.parametrize(
    ("values", "held", "named"),
    [
        ([1], pa.uint64(), "uint64"),
        ([dt.time(1)], pa.time64("us"), r"time64\[us\]"),
        ([dt.timedelta(1)], pa.duration("us"), "duration"),
        ([[(1, 1.5)]], pa.map_(pa.int64(), pa.float64()), "map<int64"),
        ([[dt.time(1)]], pa.list_(pa.time64("us")), "An item of column 'a' holds Arrow's time64"),
        ([[1, None]], pa.list_(pa.int64()), "ENF-044"),
        ([dt.date(9999, 12, 31)], pa.date32(), "ENF-028"),
    ],
)
def test_arrow_types_without_a_type(values: Any, held: Any, named: str) -> None:
    """SIG-014, SIG-018."""
    with pytest.raises(InvalidArgument, match=named) as caught:
        infer_signature(pa.table({"a": pa.array(values, held)}))
    assert "SIG-014" in caught.value.message


def test_arrow_arrays_have_no_name() -> None:
    for data in (pa.array([1.5]), pa.chunked_array([[1.5], [2.5]])):
        assert inferred(data) == [ColSpec("double")]
    with pytest.raises(InvalidArgument, match="SIG-002"):
        infer_signature(pa.table({}))


def test_arrow_backed_pandas() -> None:
    table = pa.table({"d": pa.array(["x", "y"]).dictionary_encode(), "l": [[1], [2]]})
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    assert inferred(frame) == [ColSpec("string", "d"), ColSpec(Array("long"), "l")]


def test_polars() -> None:
    """SIG-042."""
    frame = pl.DataFrame(
        {
            "i": [1, None],
            "s": ["x", "y"],
            "l": [[1, 2], [3]],
            "o": [{"q": 1}, {"q": None}],
            "c": pl.Series(["x", "y"], dtype=pl.Categorical),
            "e": pl.Series(["x", None], dtype=pl.Enum(["x"])),
            "d": [Decimal("1.5"), None],
            "t": [dt.datetime(2020, 1, 1, tzinfo=dt.UTC), None],
            "n": [None, None],
        }
    )
    found = {spec.name: (spec.type.value, spec.required) for spec in inferred(frame)}
    assert found == {
        "i": ("long", False), "s": ("string", True), "l": ("array", True), "o": ("object", True),
        "c": ("string", True), "e": ("string", False), "d": ("double", False),
        "t": ("datetime", False), "n": ("any", False),
    }  # fmt: skip
    assert inferred(pl.Series("z", [1.5])) == [ColSpec("double", "z")]
    assert inferred(pl.Series([1.5])) == [ColSpec("double")]


def test_polars_without_a_type() -> None:
    objects = pl.DataFrame({"a": pl.Series([object()], dtype=pl.Object)})
    with pytest.raises(InvalidArgument, match="'a' holds cells of object"):
        infer_signature(objects)
    with pytest.raises(InvalidArgument, match="LazyFrame.*Collect the frame first"):
        infer_signature(pl.LazyFrame({"a": [1]}))
    # Columns that nobody asks for may hold anything (ENF-005).
    schema = infer_signature(pl.DataFrame({"b": [1.5]}))
    assert schema.enforce(objects.with_columns(b=1.5)).columns.tolist() == ["b"]


def test_polars_needs_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependency, match=r"pip install .*\[arrow\]"):
        arrow.frame_of(pl.DataFrame({"a": [1.5]}))


@pytest.mark.thorough
def test_nothing_is_imported_for_other_data() -> None:
    code = (
        "import sys, pandas, numpy\n"
        "sys.modules.update(dict.fromkeys(['polars', 'pyspark']))\n"
        "from mlmodel import infer_signature\n"
        "infer_signature(pandas.DataFrame({'a': [1.5]}), numpy.ones(1))\n"
        "print('pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_enforced_by_type_not_by_value() -> None:
    """ENF-021: Arrow goes by its types, as data frames do."""
    signature = infer_signature(pa.table({"a": [1.5]}))
    with pytest.raises(InvalidInput, match="ENF-021"):
        signature.enforce(pa.table({"a": [1]}))


SPARK: dict[str, Any] = {
    "b": ("BooleanType", "boolean"),
    "by": ("ByteType", "integer"),
    "sh": ("ShortType", "integer"),
    "i": ("IntegerType", "integer"),
    "l": ("LongType", "long"),
    "f": ("FloatType", "float"),
    "d": ("DoubleType", "double"),
    "de": ("DecimalType", "double"),
    "s": ("StringType", "string"),
    "bi": ("BinaryType", "binary"),
    "da": ("DateType", "datetime"),
    "ts": ("TimestampType", "datetime"),
    "tn": ("TimestampNTZType", "datetime"),
}


def test_spark() -> None:
    """SIG-043: from the schema, without Java."""
    types = pytest.importorskip("pyspark.sql.types")
    linalg = pytest.importorskip("pyspark.ml.linalg")
    field = types.StructField
    struct = types.StructType(
        [
            *[field(name, getattr(types, spark)()) for name, (spark, _) in SPARK.items()],
            field("vc", types.VarcharType(3)),
            field("a", types.ArrayType(types.IntegerType())),
            field("m", types.MapType(types.StringType(), types.DoubleType())),
            field("o", types.StructType([field("x", types.LongType())])),
            field("v", linalg.VectorUDT()),
        ]
    )
    expected = Schema(
        [
            *[ColSpec(kind, name) for name, (_, kind) in SPARK.items()],
            ColSpec("string", "vc"),
            ColSpec(Array("integer"), "a"),
            ColSpec(Map("double"), "m"),
            ColSpec(Object([Property("x", "long")]), "o"),
            ColSpec(SparkMLVector(), "v"),
        ]
    )
    frame = type("DataFrame", (), {"__module__": "pyspark.sql.dataframe", "schema": struct})()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert infer_signature(struct).inputs == expected
        assert infer_signature(frame).inputs == expected


@pytest.mark.parametrize("spark", ["DayTimeIntervalType", "VariantType"])
def test_spark_types_without_a_type(spark: str) -> None:
    """SIG-014."""
    types = pytest.importorskip("pyspark.sql.types")
    for held in (getattr(types, spark)(), types.MapType(types.LongType(), types.LongType())):
        struct = types.StructType([types.StructField("a", types.ArrayType(held))])
        with pytest.raises(InvalidArgument, match="An item of column 'a' holds Spark's"):
            infer_signature(struct)
    with pytest.raises(InvalidArgument, match="SIG-010"):
        infer_signature(types.LongType())
