"""Values between Python and R: what R sees, and what comes back (CRA-008 to CRA-010)."""

# ruff: noqa: DTZ001, FBT003 - times without a zone and truth values are what is sent

from __future__ import annotations

import datetime as dt
import decimal
import itertools
import math
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pandas.testing import assert_frame_equal

from mlmodel.bridges.r import process
from mlmodel.bridges.r.from_r import value_of
from mlmodel.bridges.r.serialized import NULL, Kind, NotData, Vector, texts
from mlmodel.bridges.r.to_r import Declared
from mlmodel.errors import InvalidInput, ModelFailure
from r_functions import crate, runner

NA = pd.NA
OSLO = ZoneInfo("Europe/Oslo")


@pytest.fixture(scope="module")
def run():
    return runner()


@pytest.fixture(scope="module")
def same(run):
    """Return what sends a value to R and back."""
    return lambda value: run("x", value)


# -- what R sees ------------------------------------------------------------------------------------

SEEN = [
    (None, "NULL"), (True, "TRUE"), (3, "3"), (2.5, "2.5"), ("é", '"\u00e9"'),
    (1 + 2j, "1+2i"), (b"ab", "as.raw(c(0x61, 0x62))"), (NA, "NA"),
    (math.nan, "NaN"), (math.inf, "Inf"), (-0.0, "-0"), (2**53, "9007199254740992"),
    (np.int32(3), "3L"), (np.int64(3), "3"), (np.float32(0.1), "0.10000000149011612"),
    (np.uint8(200), "200L"), (np.bool_(False), "FALSE"), (np.array(["a", None], dtype=object), 'c("a", NA)'),
    (np.array([1, 2], "int16"), "1:2"), (np.array([math.nan, 1.0]), "c(NaN, 1)"),
    (np.array([[1, 2, 3], [4, 5, 6]], "int32"), "matrix(c(1L, 4L, 2L, 5L, 3L, 6L), 2)"),
    (np.zeros((2, 3, 4)), "array(0, c(2L, 3L, 4L))"), (np.array([], "float64"), "numeric(0)"),
    ([], "list()"), ([1.5, "a", None], 'list(1.5, "a", NULL)'), ((1.0,), "list(1)"),
    ({"a": 1.5, "b": {"c": ["x"]}}, 'list(a = 1.5, b = list(c = list("x")))'),
    ({2019: True}, "list(`2019` = TRUE)"),
    (dt.date(2024, 2, 29), 'as.Date("2024-02-29")'),
    (dt.datetime(2024, 2, 29, 1, 2, 3, 250000), 'as.POSIXct("2024-02-29 01:02:03.25", tz = "UTC")'),
    (dt.datetime(2024, 7, 1, 12, tzinfo=ZoneInfo("Europe/Oslo")), 'as.POSIXct("2024-07-01 12:00", tz = "Europe/Oslo")'),
    (dt.timedelta(minutes=1.5), 'as.difftime(90, units = "secs")'),
    (np.datetime64("2024-02-29"), 'as.Date("2024-02-29")'),
    (pd.Series(np.frombuffer(np.array([math.nan, 1.0]).tobytes())), "c(NA, 1)"),
    (pd.Series([1.0, None]), "c(1, NA)"), (pd.Series([True, None], dtype="boolean"), "c(TRUE, NA)"),
    (pd.Series([1, None], dtype="Int16"), "c(1L, NA)"), (pd.Series([1, None], dtype="Int64"), "c(1, NA)"),
    (pd.Series(["a", None], dtype="string"), 'c("a", NA)'), (pd.Series([None], dtype="string"), "NA_character_"),
    (pd.Series([None], dtype="string[pyarrow]"), "NA_character_"), (pd.Series([None], dtype="date32[pyarrow]"), "as.Date(NA)"),
    (pd.Series([None], dtype="boolean"), "NA"), (pd.Series([None, None], dtype=object), "c(NA, NA)"),
    (pd.Categorical(["b", None, "a"], categories=["b", "a"]), 'factor(c("b", NA, "a"), levels = c("b", "a"))'),
    (pd.Categorical(["b"], categories=["a", "b"], ordered=True), 'factor("b", levels = c("a", "b"), ordered = TRUE)'),
    (pd.Categorical([30, 10]), "factor(c(30, 10))"), (pd.Categorical([], categories=[]), "factor(character())"),
    (np.array(3, "int32"), "3L"), (np.array("a", dtype=object), '"a"'), (pd.Index(["a"]), '"a"'), (memoryview(b"a"), "as.raw(0x61)"),
    (np.array([60_000], "uint16"), "60000L"), (np.array([3_000_000_000], "uint32"), "3e9"), ({np.int64(3): True}, "list(`3` = TRUE)"),
    (pd.Series([1.5, None], dtype="Float64"), "c(1.5, NA)"), (np.array([1, None], dtype=object), "c(1, NA)"),
    (np.array([np.bool_(True), None], dtype=object), "c(TRUE, NA)"), (np.array([b"a", None], dtype=object), "list(as.raw(0x61), NULL)"),
    (np.array([np.float32("nan"), "a", pd.NaT], dtype=object), 'c(NA, "a", NA)'), (np.array([np.timedelta64("NaT")], dtype=object), "NA"),
    (pd.Series(pd.to_datetime(["2024-07-01 12:00", None])).dt.tz_localize("Europe/Oslo"), 'as.POSIXct(c("2024-07-01 12:00", NA), tz = "Europe/Oslo")'),
    (dt.datetime(2024, 1, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2))), 'as.POSIXct("2024-01-01", tz = "UTC")'),
    (np.array([dt.datetime(2024, 1, 1, tzinfo=OSLO), dt.datetime(2024, 1, 1, tzinfo=dt.UTC)], dtype=object), 'as.POSIXct(c("2023-12-31 23:00", "2024-01-01 00:00"), tz = "UTC")'),
    (np.array([pd.Timestamp("2024-07-01 12:00", tz=OSLO), None], dtype=object), 'as.POSIXct(c("2024-07-01 12:00", NA), tz = "Europe/Oslo")'),
    (np.array(["2024-02-29", "NaT"], "M8[D]"), 'as.Date(c("2024-02-29", NA))'), (np.datetime64("NaT"), 'as.POSIXct(NA, tz = "UTC")'),
    (pd.Series(np.array([90, "NaT"], "m8[s]")), 'as.difftime(c(90, NA), units = "secs")'),
    (np.array([dt.timedelta(seconds=1), pd.Timedelta("1.5s"), None], dtype=object), 'as.difftime(c(1, 1.5, NA), units = "secs")'),
    (np.array([[90]], "m8[s]"), 'structure(90, dim = c(1L, 1L), class = "difftime", units = "secs")'),
    (pd.Series(pd.to_datetime(["2024-01-01T12:00:00+02:00"])), 'as.POSIXct("2024-01-01 10:00", tz = "UTC")'),
    (pd.DataFrame({"a": [1.5, None], "b": ["x", None]}), 'data.frame(a = c(1.5, NA), b = c("x", NA))'),
    (pd.DataFrame({2019: [1], "b": [True]}), "data.frame(`2019` = 1, b = TRUE, check.names = FALSE)"),
    (pd.DataFrame({"a": [1, 2]}, index=[7, 3]), "data.frame(a = c(1, 2))"),
    (pd.DataFrame({"a": np.array([1.0, 2.0])})[:0], "data.frame(a = numeric())"),
    (pd.DataFrame({"l": [[1.0], {"a": 2.0}, None]}), "structure(list(l = list(list(1), list(a = 2), NULL)), class = 'data.frame', row.names = 1:3)"),
]  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize(("value", "seen"), SEEN, ids=map(str, itertools.count()))
def test_r_sees_what_python_has(run, value, seen):
    """CRA-008: identical to what R makes of its own text; attributes and types count."""
    text = f"""{{
        expected <- {seen}
        if (inherits(expected, "POSIXct")) expected <- structure(as.numeric(expected), class = class(expected), tzone = attr(expected, "tzone"))
        if (identical(x, expected)) "same" else paste(deparse(x), collapse = " ")
    }}"""
    assert run(text, value).tolist() == ["same"]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("kind", "seen"),
    [(None, "NA"), (str, "NA_character_"), (dt.date, "as.Date(NA)"), (bytes, "list(NULL)"),
     (list, "list(NULL)"), (bool, "NA"), (float, "NA_real_")],
)  # fmt: skip
def test_a_column_of_missing_cells_is_of_its_declared_type(run, kind, seen):
    """CRA-008: functions of texts and of days fail on R's own NA, which is a truth value."""
    given = Declared(pd.DataFrame({"a": [None], "n": [1.5]}), (kind, None))
    text = f"identical(x$a, {seen}) && x$n == 1.5"
    assert run(text, given).tolist() == [True]


def test_what_is_missing_is_missing_in_r(run):
    """CRA-008: NaN of a table is missing, NaN of an array is itself."""
    frame = pd.DataFrame({"a": [math.nan, 1.0], "b": np.array([math.nan, 1.0], "float32")})
    assert run("unlist(lapply(x, is.nan), use.names = FALSE)", frame).tolist() == [False] * 4
    assert run("unlist(lapply(x, is.na), use.names = FALSE)", frame).tolist() == [True, False] * 2
    assert run("is.nan(x)", np.array([math.nan, 1.0])).tolist() == [True, False]


# -- what Python sees -------------------------------------------------------------------------------

GIVEN = [
    ("NULL", None), ("list()", []), ("list(1, NULL)", [np.array([1.0]), None]),
    ("setNames(list(), character())", {}), ("c(TRUE, FALSE)", np.array([True, False])),
    ("c(TRUE, NA)", pd.Series([True, None], dtype="boolean")), ("1:2", np.array([1, 2], "int32")),
    ("c(1L, NA)", pd.Series([1, None], dtype="Int32")), ("c(1.5, NA, Inf)", np.array([1.5, math.nan, math.inf])),
    ("c(1+2i)", np.array([1 + 2j])), ("c('a', NA)", np.array(["a", None], dtype=object)),
    ("as.raw(1:2)", b"\x01\x02"), ("c(b = 1, a = 2)", pd.Series([1.0, 2.0], index=pd.Index(["b", "a"], dtype=object))),
    ("setNames(1:3, 1:3)", np.array([1, 2, 3], "int32")), ("character()", np.array([], dtype=object)),
    ("matrix(1:6, 2)", np.array([[1, 3, 5], [2, 4, 6]], "int32")),
    ("array(1:8, c(2, 2, 2))", np.arange(1, 9, dtype="int32").reshape((2, 2, 2), order="F")),
    ("matrix(c('a', NA), 1)", np.array([["a", None]], dtype=object)),
    ("matrix(c(1L, NA), 1)", np.array([[1, None]], dtype=object)),
    ("matrix(1:4 / 2, 2, dimnames = list(NULL, c('u', 'v')))", pd.DataFrame({"u": [0.5, 1.0], "v": [1.5, 2.0]})),
    ("matrix(c(1, 2), 2, dimnames = list(c('u', 'v'), 'a'))", pd.DataFrame({"a": [1.0, 2.0]}, index=["u", "v"])),
    ("table(c('a', 'b', 'a'))", pd.Series([2, 1], index=["a", "b"], dtype="int32")),
    ("factor(c('b', NA), levels = c('b', 'a'))", pd.Series(pd.Categorical(["b", None], categories=["b", "a"]))),
    ("factor('b', levels = c('a', 'b'), ordered = TRUE)", pd.Series(pd.Categorical(["b"], categories=["a", "b"], ordered=True))),
    ("as.Date(c('2024-02-29', NA))", np.array([dt.date(2024, 2, 29), None], dtype=object)),
    ("as.POSIXct('2024-02-29 01:02:03.25', tz = 'UTC')", np.array(["2024-02-29T01:02:03.250000"], "M8[us]")),
    ("as.POSIXlt('2024-02-29', tz = 'UTC')", np.array(["2024-02-29"], "M8[us]")),
    ("as.POSIXct(c('2024-07-01 12:00', NA), tz = 'Europe/Oslo')",
     pd.Series(pd.to_datetime(["2024-07-01 10:00", None])).dt.as_unit("us").dt.tz_localize("UTC").dt.tz_convert("Europe/Oslo")),
    ("as.difftime(c(1.5, NA), units = 'mins')", np.array([90_000_000, "NaT"], "m8[us]")),
    ("structure(c(4.94065645841247e-324, 0), class = 'integer64')", np.array([1, 0], "int64")),
    ("structure(c(4.94065645841247e-324, -0.0), class = 'integer64')", pd.Series([1, None], dtype="Int64")),
    ("structure(c(19782L, NA), class = 'Date')", np.array([dt.date(2024, 2, 29), None], dtype=object)),
    ("as.POSIXct('2024-02-29', tz = 'GMT')", np.array(["2024-02-29"], "M8[us]")),
    (".POSIXct(c(86400, NA))", np.array(["1970-01-02", "NaT"], "M8[us]")), (".POSIXct(NA, tz = '')", np.array(["NaT"], "M8[us]")),
    (".Date(NA)", np.array([None], dtype=object)), ("structure(NA, class = 'difftime', units = 'days')", np.array(["NaT"], "m8[us]")),
    ("as.difftime(2, units = 'hours')", np.array([7200], "m8[s]").astype("m8[us]")), ("as.difftime(0.5, units = 'days')", np.array([12], "m8[h]").astype("m8[us]")),
    ("c(`1` = 5, `3` = 6)", pd.Series([5.0, 6.0], index=pd.Index(["1", "3"], dtype=object))),
    ("structure(1, f = mean)", np.array([1.0])),
    ("structure(2L, class = 'difftime', units = 'weeks')", np.array([14 * 86_400_000_000], "m8[us]")),
    ("ts(c(1, 2), start = 2000)", np.array([1.0, 2.0])), ("I('a')", np.array(["a"], dtype=object)),
    ("structure(list(fit = 1), class = 'own')", {"fit": np.array([1.0])}),
    ("pairlist(a = 1)", {"a": np.array([1.0])}), ("enc2native('\\u00e9')", np.array(["é"], dtype=object)),
    ("iconv('\\u00e9', 'UTF-8', 'latin1')", np.array(["é"], dtype=object)),
    ("data.frame(a = c(1L, NA), b = factor(c('x', NA)), row.names = c('u', 'v'))",
     pd.DataFrame({"a": pd.array([1, None], dtype="Int32"), "b": pd.Categorical(["x", None])}, index=["u", "v"])),
    ("matrix(as.raw(1:4), 2)", np.array([[1, 3], [2, 4]], "uint8")),
    ("matrix(c(TRUE, NA), 1, dimnames = list(NULL, c('u', 'v')))", pd.DataFrame({"u": pd.array([True], "boolean"), "v": pd.array([None], "boolean")})),
    ("data.frame(t = c('a', NA), r = as.raw(1:2), l = I(list('x', NULL)))",
     pd.DataFrame({"t": ["a", None], "r": np.array([1, 2], "uint8"), "l": pd.Series([np.array(["x"], dtype=object), None])}, dtype=None)),
    ("structure(list(a = c(1, 2)), class = 'data.frame', row.names = c(NA, 2L))", pd.DataFrame({"a": [1.0, 2.0]})),
    ("data.frame()", pd.DataFrame()), ("data.frame(a = 1)[0, , drop = FALSE]", pd.DataFrame({"a": np.zeros(0)})),
    ("data.frame(a = 1:3)[3:2, , drop = FALSE]", pd.DataFrame({"a": np.array([3, 2], "int32")})),
    ("data.frame(a = 1:6)[c(1, 5), , drop = FALSE]", pd.DataFrame({"a": np.array([1, 5], "int32")})),
]  # fmt: skip


def _require_same(told, expected):
    assert type(told) is type(expected)
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(
            told, expected, check_index_type=False, check_column_type=False
        )
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(told, expected, check_index_type=False)
    elif isinstance(expected, np.ndarray):
        assert told.dtype == expected.dtype
        np.testing.assert_array_equal(told, expected)
    elif isinstance(expected, list):
        assert len(told) == len(expected)
        list(itertools.starmap(_require_same, zip(told, expected, strict=True)))
    elif isinstance(expected, dict):
        assert list(told) == list(expected)
        [_require_same(told[name], expected[name]) for name in expected]
    else:
        assert told == expected


@pytest.mark.parametrize(("text", "expected"), GIVEN, ids=map(str, itertools.count()))
def test_python_sees_what_r_has(run, text, expected):
    """CRA-010."""
    _require_same(run(text), expected)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("list(a = 1, f = mean)", r"\$f is a closure, which is not data"),
        ("globalenv()", "the answer is a environment"),
        ("quote(a)", "the answer is a symbol"),
        ("y ~ x", "the answer is a language"),
        ("structure(1, class = 'mystery')", "of the class mystery; give its data"),
        ("list(1, structure('a', class = 'own'))", r"\[\[2\]\] is of the class own"),
        ("data.frame(a = I(matrix(1:2, 1)))", r"\$a is a column of several columns"),
        ("list(a = 1, 2)", "not each element has a name"),
        ("list(a = 1, a = 2)", "not each element has a name"),
        ("structure(0.5, class = 'Date')", "days with fractions"),
        ("structure(Inf, class = 'Date')", "out of the years"),
        ("data.frame(t = as.POSIXct(1e300, origin = '1970-01-01', tz = 'UTC'))", r"\$t has times that are too far"),
        ("as.POSIXct(9.25e12, origin = '1970-01-01', tz = 'UTC')", "times that are too far"),
        ("as.POSIXct('2024-01-01', tz = 'Nowhere/Land')", "Nowhere/Land"),
        ("list(t = structure('a', class = 'POSIXct'))", r"\$t is of the class POSIXct, and of the type text"),
        ("structure(1i, class = 'Date')", "of the class Date, and of the type complex"),
        ("structure('a', class = 'difftime', units = 'secs')", "of the class difftime, and of the type text"),
        ("structure(1:3, class = 'integer64')", "of the class integer64, and of the type integer"),
        ("array(1, c(1, 1, 1), list('a', NULL, NULL))", "names along 3 axes"),
        ("matrix(list(1, 2), 1)", "a list with dimensions"),
        ("'\\xff'", "not of the encoding that R says"),
        ("structure(1, class = 'difftime', units = 'years')", "'years', which is unknown"),
        ("structure(5L, levels = 'a', class = 'factor')", "none of its levels"),
        ("structure(c(NA, 0L), levels = 'a', class = 'factor')", "none of its levels"),
        ("structure(c(1L, 2L), levels = 'a', class = 'factor')", "none of its levels"),
        ("{ x <- 1:2; attributes(x) <- list(levels = c('a', 'a'), class = 'factor'); x }", "a level that is there twice"),
        ("structure(list(a = 1:2, b = 1:3), class = 'data.frame', row.names = 1:2)", "columns are not of one length"),
        ("structure(1L, class = 'factor')", "a factor without levels"),
        ("structure(1L, levels = c('a', NA), class = 'factor')", "one that is missing"),
        ("{ a <- data.frame(a = 1); a$b <- data.frame(c = 1); a }", r"\$b is a column of several"),
        ("{ a <- '\\xff'; Encoding(a) <- 'bytes'; a }", 'of the encoding "bytes"'),
        ("new('numeric_own', 1)", "numeric_own"),
        ("{ a <- list(1); for (i in 1:300) a <- list(a); a }", "deeper"),
    ],
)  # fmt: skip
def test_what_is_not_data_is_named(run, text, why):
    """CRA-010: an answer that has no form here says where in it, and R goes on."""
    before = run.processes()
    if text.startswith("new("):
        text = f"{{ setClass('numeric_own', contains = 'numeric'); {text} }}"
    with pytest.raises(ModelFailure, match=f"{why}.*CRA-010"):
        run(text)
    assert run("1").tolist() == [1.0]
    assert run.processes() == before


def test_a_factor_of_doubles_is_named():
    """CRA-010: which R itself does not make."""
    attributes = {"levels": texts(["a"]), "class": texts(["factor"])}
    with pytest.raises(NotData, match="the answer is a factor without levels"):
        value_of(Vector(Kind.DOUBLE, np.array([1.0]), attributes))


@pytest.mark.parametrize(
    ("kind", "values", "names"),
    [
        (Kind.DOUBLE, np.array([1.0]), ["a"]),
        (Kind.LIST, [NULL], ["a"]),
        (Kind.LIST, [Vector(Kind.DOUBLE, np.array([1.0]))], None),
        (Kind.LIST, [], ["a"]),
    ],
)
def test_a_frame_that_is_none_is_named(kind, values, names):
    """CRA-010: which R itself does not make."""
    attributes = {"class": texts(["data.frame"])} | ({"names": texts(names)} if names else {})
    with pytest.raises(NotData, match="the answer is no whole data frame"):
        value_of(Vector(kind, values, attributes))


# -- both ways --------------------------------------------------------------------------------------

_texts = some.text(some.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
_days = some.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31))
_moments = some.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2240, 1, 1))
_doubles = some.floats(allow_nan=False)


def _gaps(strategy):
    return some.lists(some.none() | strategy, min_size=1, max_size=8)


_COLUMNS = {
    "float64": _gaps(_doubles).map(lambda one: pd.Series(one, dtype="float64")),
    "bool": some.lists(some.booleans(), min_size=1, max_size=8).map(pd.Series),
    "boolean": _gaps(some.booleans()).map(lambda one: pd.Series(one, dtype="boolean")),
    "Int32": _gaps(some.integers(-(2**31) + 1, 2**31 - 1)).map(lambda one: pd.Series(one, dtype="Int32")),
    "Int64": _gaps(some.integers(-(2**53), 2**53)).map(lambda one: pd.Series(one, dtype="Int64")),
    "text": _gaps(_texts).map(lambda one: pd.Series(one, dtype=object)),
    "category": _gaps(_texts).map(lambda one: pd.Series(pd.Categorical(one))),
    "date": _gaps(_days).map(lambda one: pd.Series(one, dtype=object)),
    "moment": _gaps(_moments).map(lambda one: pd.Series(np.array(one, "M8[us]"))),
}  # fmt: skip


def _cells(column):
    """Return cells as plain values: R has whole numbers of 64 bits as doubles, and one sort of NA."""
    return [None if pd.isna(cell) else cell for cell in column.tolist()]


@pytest.mark.thorough
@pytest.mark.parametrize("kind", _COLUMNS)
@given(data=some.data())
@settings(max_examples=40)
def test_a_column_comes_back_as_it_went(same, kind, data):
    """CRA-009, CRA-010: bit for bit, missing cells included."""
    column = data.draw(_COLUMNS[kind])
    told = same(pd.DataFrame({"c": column}))["c"]
    assert _cells(told) == _cells(column)
    if kind == "float64":
        own, back = (
            one.to_numpy().view("int64")[column.notna().to_numpy()] for one in (column, told)
        )
        assert own.tolist() == back.tolist()
    if kind == "category":
        assert told.cat.categories.tolist() == column.cat.categories.tolist()


_scalars = some.none() | some.booleans() | _doubles | _texts
_values = some.recursive(
    _scalars, lambda one: some.lists(one, max_size=4) | some.dictionaries(_texts.filter(bool), one, max_size=4), max_leaves=12,
)  # fmt: skip


def _as_r_has_it(value):
    if isinstance(value, dict):
        return {name: _as_r_has_it(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_r_has_it(one) for one in value]
    return None if value is None else [value]


def _plain(value):
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if value is None else value.tolist()


@given(value=_values)
@settings(max_examples=100)
def test_nested_values_come_back_as_they_went(same, value):
    assert _plain(same(value)) == _as_r_has_it(value)


@pytest.mark.parametrize("dtype", ["float64", "int32", "bool"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("rows", [1024, 1025, 2500])
def test_long_tables_come_back_as_they_went(same, rows, order, dtype):
    """Whichever way they lie in memory, and of more rows than are turned at once."""
    values = np.asarray(np.arange(rows * 3).reshape(rows, 3) % 7, dtype, order)
    frame = pd.DataFrame(values, columns=list("abc"))
    assert_frame_equal(same(frame), frame)
    assert_frame_equal(same(frame[::2]), frame[::2].reset_index(drop=True))


def test_long_vectors_are_as_r_has_them(same, monkeypatch):
    """Those of more than 2^31 elements say their length otherwise; R takes it of shorter ones, too."""
    monkeypatch.setattr("mlmodel.bridges.r.serialized._LARGEST_SHORT", 2)
    assert same(np.arange(5.0)).tolist() == [0, 1, 2, 3, 4]


def test_long_answers_come_in_pieces(tmp_path, monkeypatch):
    """R writes so many bytes at once, and no more."""
    text = process._WORKER.read_text()
    assert "longest_write <- 2^30" in text
    worker = tmp_path / "worker.R"
    worker.write_text(text.replace("longest_write <- 2^30", "longest_write <- 1000"))
    monkeypatch.setattr(process, "_WORKER", worker)
    made = crate("function(n) seq_len(n) / 2")
    for count in (10, 125, 126, 5000):
        assert made(count).tolist() == [n / 2 for n in range(1, count + 1)]
    made.close()


@given(shape=some.lists(some.integers(0, 4), min_size=2, max_size=4), data=some.data())
@settings(max_examples=40)
def test_arrays_come_back_as_they_went(same, shape, data):
    count = math.prod(shape)
    array = np.array(
        data.draw(some.lists(some.floats(), min_size=count, max_size=count)), "float64"
    ).reshape(shape)
    told = same(array)
    assert told.shape == array.shape
    np.testing.assert_array_equal(told, array)


# -- what R would have as another value -------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "row", "why"),
    [
        (np.array([1, 2**53 + 1]), 1, "9007199254740993 cannot go.*2\\^53"),
        (np.array([-(2**53) - 1, 0]), 0, "2\\^53"),
        (np.array([2**64 - 1], "uint64"), 0, "18446744073709551615"),
        (pd.array([None, 2**60], dtype="Int64"), 1, "2\\^53"),
        (np.array([0, -(2**31)], "int32"), 1, "for a missing integer"),
        (np.array([5, 10**17, None], dtype=object), 1, "2\\^53"),
        (["a", "b\0c"], 1, "a NUL"),
        (["a", "\ud800"], 1, "no text of Unicode"),
        (["a", 1.5], 1, "another sort than 'a' in row 0"),
        ([True, 1.5], 1, "another sort"),
        ([dt.datetime(2024, 1, 1), dt.date(2024, 1, 1)], 1, "another sort"),
        ([decimal.Decimal("0.1")], 0, "R has nothing for Decimal"),
        (np.array(["2024-01-01T00:00:00.123456789"], "M8[ns]"), 0, "whole microseconds"),
        (np.array(["2900-01-01T00:00:00.000001"], "M8[us]"), 0, "270 years"),
        (pd.Categorical([1.5]), None, "a category is a text or a whole number"),
        (pd.Categorical(["a\0"]), 0, "a NUL"),
        ([[1.0], ["a\0"]], 0, "a NUL"),
        (pd.Series([1 + 1j, None], dtype=object), 1, "complex"),
        (np.array([np.longdouble("0.1")]), None, "float128"),
        (pd.arrays.SparseArray([object()]), 0, "R has nothing for object"),
    ],
)  # fmt: skip
def test_a_lossy_value_is_named(same, column, row, why):
    """CRA-009: with the column, the row and the value; nothing was asked of R."""
    with pytest.raises(InvalidInput, match=f"Column 'c'.*{why}.*CRA-009") as caught:
        same(pd.DataFrame({"a": [0.5] * len(column), "c": column}))
    (detail,) = caught.value.details
    assert (detail.column, detail.row, detail.rule) == ("c", row, "CRA-009")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "Column 'a': there are several"),
        (pd.DataFrame([[1, 2]], columns=["1", 1]), "there are several"),
        (pd.DataFrame({1.5: [1]}), "a text or a whole number, not 1.5"),
        (pd.DataFrame({"a\0": [1]}), "no such name"),
        (pd.DataFrame({"\ud800": [1]}), "no such name"),
        ({True: 1}, "a text or a whole number"),
        (pd.Categorical([True]), "a category is a text or a whole number"),
        (pd.Categorical(["1", 1], categories=[1, "1"]), "two of its categories have one text"),
        (np.zeros((0, 2**31)), "an axis is longer"),
        (np.array([pd.Timedelta(1)], dtype=object), "whole microseconds"),
        (np.array([np.longdouble("0.1")], dtype=object), "more digits"),
        (np.array([1], "clongdouble"), "dtype complex256"),
        (
            np.array([dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=OSLO)], dtype=object),
            "some of its times",
        ),
        (-(2**60), "2\\^53"),
        ({("a", "b"): 1}, "a text or a whole number"),
        ({"a": [object()]}, "Argument 2, 'a', 0: R has nothing for object"),
        (object(), "Argument 2: R has nothing for object"),
        (2**60, "2\\^53"),
        (np.array([b"a"]), "dtype"),
        ([dt.datetime(2024, 1, 1), pd.Timestamp(1)], "whole microseconds"),
    ],
)
def test_what_r_cannot_have_is_named(same, value, why):
    with pytest.raises(InvalidInput, match=f"{why}.*CRA-009"):
        same(value)


def test_a_list_in_itself_is_refused(same):
    endless = []
    endless.append(endless)
    with pytest.raises(InvalidInput, match="too deep"):
        same(endless)
