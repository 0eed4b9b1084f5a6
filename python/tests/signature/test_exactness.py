"""What is accepted is what was given, to the bit; what is not is refused by name (ENF-040)."""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlmodel.errors import InvalidInput
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations.protocol import score
from mlmodel.signature.enforce.convert import SAFE
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = st.sampled_from(list(DataType))
NUMBERS = ["bool", *(f"{s}int{b}" for s in ("", "u") for b in (8, 16, 32, 64))]
NUMBERS += ["float16", "float32", "float64"]


def enforce(kind: DataType, column: Any, *, required: bool = True) -> pd.Series | None:
    """Return the delivered column, or None if it is refused, with violations that name it."""
    signature = ModelSignature(Schema([ColSpec(kind, "a", required)]))
    try:
        return signature.enforce(pd.DataFrame({"a": column}))["a"]
    except InvalidInput as error:
        blamed = {(detail.column, detail.expected) for detail in error.details}
    assert blamed == {("a", kind.value)}
    return None


def bits(value: Any) -> Any:
    """Return what is equal for two values only if they are the same number, to the bit."""
    if isinstance(value, np.generic) and not isinstance(value, np.datetime64):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return "missing"
    if isinstance(value, float):
        if math.isnan(value):
            return "missing"
        return (math.copysign(1, value), value if math.isinf(value) else Fraction(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return (1 if value >= 0 else -1, Fraction(value))
    return type(value).__name__, value


def same(given_column: pd.Series, got: pd.Series) -> bool:
    return list(map(bits, got.array)) == list(map(bits, given_column.array))


@pytest.mark.thorough
@given(st.sampled_from(NUMBERS), KINDS, st.data())
@settings(max_examples=400, deadline=None)
def test_numbers(dtype: str, kind: DataType, data: st.DataObject) -> None:
    """Whether a column is taken depends on the types alone (ENF-021), every value is kept.

    A column of gaps alone is one of every type that takes them (ENF-114).
    """
    column = pd.Series(data.draw(hnp.arrays(dtype, st.integers(0, 4))))
    got = enforce(kind, column)
    gaps = len(column) > 0 and bool(column.isna().all()) and kind.traits.takes_missing
    assert (got is not None) == (np.dtype(dtype) in SAFE.get(kind, ()) or gaps)
    assert got is None or (same(column, got) and got.dtype == kind.to_pandas())


NULLABLE = ["boolean", *(f"{s}Int{b}" for s in ("", "U") for b in (8, 16, 32, 64))]
NULLABLE += ["Float32", "Float64"]


@pytest.mark.thorough
@given(st.sampled_from(NULLABLE), KINDS, st.booleans(), st.booleans(), st.data())
@settings(max_examples=400, deadline=None)
def test_nullable_numbers(
    dtype: str, kind: DataType, required: bool, arrow: bool, data: st.DataObject
) -> None:
    """ENF-018, ENF-022, ENF-023, ENF-114: as what they hold, missing values too."""
    numpy = "bool" if dtype == "boolean" else dtype.lower()
    array = data.draw(hnp.arrays(numpy, st.integers(1, 4)))
    gaps = data.draw(hnp.arrays(bool, len(array)))
    column = pd.Series(array).astype(dtype)
    column[gaps] = pd.NA
    if arrow:
        pytest.importorskip("pyarrow")
        column = column.convert_dtypes(dtype_backend="pyarrow", infer_objects=False)
        held = column.dtype.numpy_dtype.name if not gaps.all() else numpy
        column = column if held == numpy else column.astype(f"{numpy}[pyarrow]")
    got = enforce(kind, column, required=required)
    taken = np.dtype(numpy) in SAFE.get(kind, ())
    may_lack = kind.traits.takes_missing or not required
    if column.isna().all() and may_lack:
        assert got is not None
        assert got.isna().all()
        return
    assert (got is not None) == (taken and (may_lack or not column.isna().any()))
    if got is not None:
        assert same(column, got)
        assert column.isna().any() or got.dtype == kind.to_pandas()


TEXTS = st.text(st.characters(codec=None), max_size=4)
TEXTS_OR_NONE = st.lists(st.none() | TEXTS, min_size=1, max_size=4)


@given(TEXTS_OR_NONE)
@example(["\0", "\ud800", "\U0001f600", "\0\0", ""])
def test_texts(cells: list[str | None]) -> None:
    """NUL, half surrogates and characters beyond 16 bits are text like any other."""
    got = enforce(DataType.string, pd.Series(cells, dtype=object))
    assert got is not None
    assert got.tolist() == cells
    for kind in set(DataType) - {DataType.string, DataType.datetime}:
        if any(cells) and not {*cells} <= {"NaN", "Infinity", "-Infinity", None}:
            assert enforce(kind, pd.Series(cells, dtype=object)) is None


@given(st.lists(st.none() | st.binary(max_size=4), min_size=1, max_size=4))
def test_bytes(cells: list[bytes | None]) -> None:
    got = enforce(DataType.binary, pd.Series(cells, dtype=object))
    assert got is not None
    assert got.tolist() == cells


@given(st.sampled_from(["s", "ms", "us", "ns"]), st.data())
def test_moments(unit: str, data: st.DataObject) -> None:
    """ENF-027, ENF-028: to the nanosecond, or refused where that does not hold it."""
    counts = data.draw(hnp.arrays(np.int64, st.integers(1, 3)))
    column = pd.Series(counts.view(f"datetime64[{unit}]"))
    factor = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[unit]
    due = [None if n == -(2**63) else n * factor for n in counts.tolist()]
    fits = all(n is None or -(2**63) < n < 2**63 for n in due)
    got = enforce(DataType.datetime, column)
    assert (got is not None) == fits
    if got is not None:
        whole = got.to_numpy().view(np.int64).tolist()
        assert whole == [-(2**63) if n is None else n for n in due]


@given(
    st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2037, 12, 31)),  # noqa: DTZ001 - local times
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "UTC"]),
    st.sampled_from([0, 1]),
)
@example(dt.datetime(2024, 10, 27, 2, 30), "Europe/Berlin", 0)  # noqa: DTZ001 - the hour that is
@example(dt.datetime(2024, 10, 27, 2, 30), "Europe/Berlin", 1)  # noqa: DTZ001 - there twice
@settings(deadline=None)
def test_zones(local: dt.datetime, zone: str, fold: int) -> None:
    """ENF-027: the hour that a clock shows twice is told apart, in cells and in columns."""
    moment = local.replace(tzinfo=ZoneInfo(zone), fold=fold)
    due = moment.astimezone(dt.UTC).replace(tzinfo=None)
    columns = [pd.Series([moment], dtype=object)]
    utc = pd.Series([moment.astimezone(dt.UTC)])
    columns.append(utc.dt.tz_convert(zone))
    columns.append(utc.dt.tz_convert(zone).astype("category"))
    for column in columns:
        got = enforce(DataType.datetime, column)
        assert got is not None
        assert got.dtype == "datetime64[ns]"
        assert got[0].to_pydatetime() == due


ZONES = st.sampled_from(
    [None, dt.UTC, ZoneInfo("Europe/Berlin"), dt.timezone(dt.timedelta(hours=-3))]
)
#: What objects of a column may be that says when, and nothing.
CELLS = st.lists(
    st.one_of(
        st.none(),
        st.just(pd.NaT),
        st.dates(),
        st.builds(
            lambda moment, zone, fold: moment.replace(tzinfo=zone, fold=fold),
            st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 12, 31)), ZONES, st.integers(0, 1),  # noqa: DTZ001
        ),
        st.builds(lambda ns, zone: pd.Timestamp(ns, tz=zone), st.integers(-(2**62), 2**62), ZONES),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


def nanoseconds(cell: Any) -> int | None:
    """Return the moment of a cell as a whole number, without pandas' reading of columns."""
    if cell is None or cell is pd.NaT:
        return None
    if isinstance(cell, pd.Timestamp):
        return cell.value
    if not isinstance(cell, dt.datetime):
        return (cell - dt.date(1970, 1, 1)).days * 86400 * 10**9
    apart = (cell if cell.tzinfo else cell.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    return (apart - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1) * 1000


@given(CELLS)
@example([dt.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")), None])
@example([dt.date(1677, 9, 21), pd.Timestamp(1)])
@settings(deadline=None)
def test_moments_as_objects(cells: list[Any]) -> None:
    """ENF-027 to ENF-030: cells of many kinds in one column, each to the nanosecond."""
    due = [nanoseconds(cell) for cell in cells]
    got = enforce(DataType.datetime, pd.Series(cells, dtype=object))
    assert (got is not None) == all(n is None or -(2**63) < n < 2**63 for n in due)
    if got is not None:
        whole = got.to_numpy().view(np.int64).tolist()
        assert whole == [-(2**63) if n is None else n for n in due]


DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)


@given(DECIMALS, st.sampled_from([DataType.float, DataType.double]))
@example(Decimal("1.00000005960464477540"), DataType.float)
@example(Decimal("1.0000000596046447753"), DataType.float)
@example(Decimal("-0.0"), DataType.double)
def test_decimals(value: Decimal, kind: DataType) -> None:
    """ENF-016: the nearest value, ties to even, rounded once."""
    got = enforce(kind, pd.Series([value, None], dtype=object))
    dtype = kind.to_pandas().type
    largest = Fraction(float(np.finfo(dtype).max))
    if got is None:
        assert abs(Fraction(value)) > largest
        return
    near = dtype(got[0])
    assert np.isnan(got[1])
    assert np.signbit(near) == value.is_signed()
    error = abs(Fraction(float(near)) - Fraction(value))
    for other in (np.nextafter(near, dtype(np.inf)), np.nextafter(near, dtype(-np.inf))):
        if np.isfinite(other):
            distance = abs(Fraction(float(other)) - Fraction(value))
            assert error < distance or (
                error == distance and not int(near.view(f"u{dtype().itemsize}")) & 1
            )


@pytest.mark.thorough
@given(st.lists(st.sampled_from(["x", "y", None]), min_size=1, max_size=4), st.booleans())
def test_categories_that_are_not_observed(cells: list[str | None], ordered: bool) -> None:
    """ENF-017."""
    column = pd.Series(pd.Categorical(cells, ["z", "x", "y"], ordered=ordered))
    got = enforce(DataType.string, column)
    assert got is not None
    assert [None if pd.isna(cell) else cell for cell in got] == cells
    numbers = pd.Series(pd.Categorical([1, None], [1, 2, 300]))
    assert enforce(DataType.long, numbers) is None
    taken = enforce(DataType.long, numbers, required=False)
    assert taken is not None
    assert list(map(bits, taken.array)) == [bits(1), "missing"]
    none = pd.Series(pd.Categorical([], []))
    for kind in DataType:
        assert enforce(kind, none) is not None


def received(body: str, kind: DataType) -> pd.Series | None:
    """Return the column that reaches a model over JSON, or None if it is refused by name."""
    signature = ModelSignature(Schema([ColSpec(kind, "a")]))
    got: list[Any] = []
    try:
        score(
            "application/json", body.encode(), Engine(lambda data, _: got.append(data), signature)
        )
    except InvalidInput as error:
        blamed = {(detail.column, detail.expected) for detail in error.details}
    else:
        return got[0]["a"]
    assert blamed == {("a", kind.value)}
    return None


CELLS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**65), 2**65)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=4)
    | st.binary(max_size=4).map(lambda cell: base64.b64encode(cell).decode())
    | st.integers(-(2**63) + 1, 2**63 - 1).map(lambda n: str(np.datetime64(n, "ns")))
)
#: What a cell of JSON is if it is delivered.
READ: dict[DataType, Callable[[Any], Any]] = {
    DataType.float: lambda cell: float(np.float32(cell)),
    DataType.double: float,
    DataType.binary: lambda cell: base64.b64decode(cell, validate=True),
    DataType.datetime: lambda cell: np.datetime64(cell, "ns"),
}


@pytest.mark.thorough
@given(st.lists(CELLS, min_size=1, max_size=3), KINDS)
@settings(max_examples=500, deadline=None)
@example([-0.0, 5e-324, 1.7976931348623157e308], DataType.double)
@example([9007199254740993], DataType.double)
@example([2**64, 2**63 - 1], DataType.long)
@example(["\0", "\U0001f600"], DataType.string)
@example(["2262-04-11T23:47:16.854775807"], DataType.datetime)
def test_cells_of_json(cells: list[Any], kind: DataType) -> None:
    """ENF-040: what comes out is what the text of the request said."""
    body = json.dumps({"dataframe_split": {"columns": ["a"], "data": [[cell] for cell in cells]}})
    got = received(body, kind)
    if got is None:
        return
    assert got.dtype == kind.to_pandas()
    read = READ.get(kind, lambda cell: cell)
    values = got.to_numpy()
    moments = kind is DataType.datetime
    delivered = [None if moments and np.isnat(v) else v for v in values]
    special = {"NaN": None, "Infinity": math.inf, "-Infinity": -math.inf}
    if kind in (DataType.float, DataType.double):
        cells = [special.get(cell, cell) if isinstance(cell, str) else cell for cell in cells]
    due = ["missing" if cell is None else bits(read(cell)) for cell in cells]
    assert list(map(bits, delivered)) == due
    for cell, number in zip(cells, delivered, strict=True):
        if isinstance(cell, int) and not isinstance(cell, bool):
            assert number == cell


@pytest.mark.parametrize(
    ("column", "advice"),
    [
        (pd.Series(pd.cut([1, 2, 3], 2)), "two columns"),
        (pd.Series(pd.cut([1, 2, 3], 2)).astype("interval"), "two columns"),
        (pd.Series(pd.period_range("2024-01", periods=2)), "to_timestamp"),
        (pd.Series([pd.Timedelta(1)]), "total_seconds"),
        (pd.Series([1j]), "imaginary"),
    ],
)
def test_the_error_says_what_to_give(column: pd.Series, advice: str) -> None:
    """ENF-014."""
    for kind in DataType:
        signature = ModelSignature(Schema([ColSpec(kind, "a")]))
        with pytest.raises(InvalidInput, match=rf"{advice}.*ENF-014"):
            signature.enforce(pd.DataFrame({"a": column}))


def test_the_error_says_what_to_declare() -> None:
    """ENF-016, ENF-022, ENF-055: the advice of the format's document."""
    for column, kind, advice in (
        (pd.Series([1.0, None]), DataType.long, "declare the input double"),
        (pd.Series([1, None], dtype="Int32"), DataType.integer, "declare the input double"),
        (pd.Series([1, None], dtype=object), DataType.long, "declare it double"),
        (pd.Series([True, None], dtype=object), DataType.boolean, "values: declare it optional"),
        (pd.Series([True, None], dtype="boolean"), DataType.boolean, "declare the input optional"),
        (pd.Series([1.0, 2.0]), DataType.long, r"convert .* with .astype\('int64'\), or declare"),
        (pd.Series([1.5]), DataType.integer, r"even if .* with .astype\('int32'\), or declare"),
        (pd.Series([Decimal(1)], dtype=object), DataType.long, "double and float"),
        (pd.Series([1706702400000], dtype=object), DataType.datetime, "date_format='iso'"),
        (pd.Series([1706702400000]), DataType.datetime, "date_format='iso'"),
        (pd.Series([1], dtype="uint64"), DataType.long, "int64"),
    ):
        signature = ModelSignature(Schema([ColSpec(kind, "a")]))
        with pytest.raises(InvalidInput, match=advice):
            signature.enforce(pd.DataFrame({"a": column}))
