"""Enforcement of column signatures: what no vector can show, and properties over all values."""

# ruff: noqa: DTZ001 - a time without zone means UTC here
from __future__ import annotations

import datetime as dt
import decimal
import gc
import math
import threading
from collections import defaultdict
from functools import partial
from itertools import permutations
from types import BuiltinFunctionType, FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlmodel.errors import InputViolation, InvalidInput
from mlmodel.scoring.codecs import Payload, dataframe_split
from mlmodel.scoring.given import columns_or_tensors
from mlmodel.signature.cells.python_values import is_missing
from mlmodel.signature.cells.reader import Reader
from mlmodel.signature.cells.special import SPECIAL_TEXTS
from mlmodel.signature.data import frames
from mlmodel.signature.data.columns import Block, Columns, Tensors
from mlmodel.signature.enforce.matching import Selection
from mlmodel.signature.enforce.plan import Plan
from mlmodel.signature.infer.cells import is_null
from mlmodel.signature.infer.from_data import infer_signature
from mlmodel.signature.types.nested import Array
from mlmodel.signature.types.scalars import FLOATS
from mlmodel.signature.violations import Findings
from mlmodel.types import ColSpec, DataType, Schema, TensorSpec

pytestmark = pytest.mark.filterwarnings("ignore:SIG-016")

ALL = {
    "boolean": np.array([True, False]),
    "integer": np.array([1, -(2**31)], "int32"),
    "long": np.array([2**63 - 1, -(2**63)], "int64"),
    "float": np.array([0.1, np.nan], "float32"),
    "double": np.array([0.1, np.nan]),
    "string": np.array(["x", None], object),
    "binary": np.array([b"\0", None], object),
    "datetime": np.array(["2020-01-01T01:02:03.123456789", "NaT"], "datetime64[ns]"),
}


def plan(*columns: tuple[str, str] | str, required: bool = True) -> Plan:
    specs = [c if isinstance(c, tuple) else (c, None) for c in columns]
    return Plan(Schema([ColSpec(kind, name, required) for kind, name in specs]))


def frame_of(arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series(array, dtype=array.dtype) for name, array in arrays.items()}
    )


def held_by(thing: object) -> dict[type, list]:
    """Return all that an object holds, at any depth, by its type; no code and no types."""
    held: dict[int, object] = {}
    waiting = [thing]
    while waiting:
        one = waiting.pop()
        code = (type, ModuleType, FunctionType, BuiltinFunctionType)
        if id(one) not in held and not isinstance(one, code):
            held[id(one)] = one
            waiting += gc.get_referents(one)
    by_type: dict[type, list] = defaultdict(list)
    for one in held.values():
        by_type[type(one)].append(one)
    return by_type


def places_in(held: dict[type, list]) -> list[np.ndarray]:
    """Return the arrays of integers: in a plan, the places of the columns of a layout."""
    return [one for one in held[np.ndarray] if one.dtype.kind == "i"]


def refused(call, *expected: tuple) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        call()
    found = [
        (d.rule, d.column, d.row)[: len(e)]
        for d, e in zip(caught.value.details, expected, strict=True)
    ]
    assert found == list(expected)
    return caught.value


class TestNoCopy:
    """ENF-024."""

    @pytest.mark.parametrize("rows", [0, 1, 2, 5000])
    def test_the_very_object(self, rows: int) -> None:
        frame = frame_of({kind: np.resize(array, rows) for kind, array in ALL.items()})
        assert plan(*[(kind, kind) for kind in ALL]).enforce(frame) is frame

    def test_the_very_object_by_position(self) -> None:
        frame = pd.DataFrame(np.ones((3, 2)), columns=["x", "y"])
        assert plan("double", "double").enforce(frame) is frame

    def test_reordered_columns_share_memory(self) -> None:
        frame = pd.DataFrame(np.ones((100_000, 3)), columns=["a", "b", "c"])
        got = plan(("double", "c"), ("double", "a")).enforce(frame)
        assert list(got.columns) == ["c", "a"]
        assert np.shares_memory(got["a"].to_numpy(), frame["a"].to_numpy())

    def test_index_stays(self) -> None:
        frame = pd.DataFrame({"b": [1, 2], "a": [1.5, 2.5]}, index=["x", "y"])
        got = plan(("double", "a"), ("long", "b")).enforce(frame)
        assert list(got.index) == ["x", "y"]

    def test_the_given_frame_is_not_changed(self) -> None:
        frame = pd.DataFrame({"a": np.array([1, 2], "int8"), "b": ["x", np.nan]})
        before = frame.copy(deep=True)
        plan(("long", "a"), ("string", "b")).enforce(frame)
        pd.testing.assert_frame_equal(frame, before)

    def test_arrays(self) -> None:
        array = np.zeros((2, 3), "float32")
        assert Plan(Schema([TensorSpec("float32", (-1, 3))])).enforce(array) is array
        named = {"x": array}
        assert Plan(Schema([TensorSpec("float32", (-1, 3), "x")])).enforce(named) is named


class TestFrames:
    def test_names_that_are_numbers(self) -> None:
        """ENF-012: MLflow writes `"name": 0` for numbered columns."""
        numbered = Plan(
            Schema.from_json('[{"name": 0, "type": "long"}, {"name": 1, "type": "long"}]')
        )
        frame = pd.DataFrame([[1, 2]])
        assert numbered.enforce(frame) is frame
        got = numbered.enforce(pd.DataFrame([[2, 1]], columns=["1", "0"]))
        assert got.columns.tolist() == [0, 1]
        assert got.to_numpy().tolist() == [[1, 2]]

    def test_marks_of_missing_text(self) -> None:
        """ENF-002, ENF-098: None and NaN stay what they are, what no reader writes becomes NaN."""
        marks = [np.nan, None]
        given = pd.DataFrame({"a": pd.Series(["x", *marks], dtype=object)})
        assert plan(("string", "a")).enforce(given) is given
        cells = pd.Series(["x", *marks, pd.NA, pd.NaT], dtype=object)
        got = plan(("string", "a")).enforce(pd.DataFrame({"a": cells}))["a"].tolist()
        assert got[2] is None
        assert [type(cell) for cell in got[1:]] == [float, type(None), float, float]

    @pytest.mark.parametrize("dtype", ["string", "category", "string[pyarrow]"])
    def test_one_string_dtype_for_all(self, dtype: str) -> None:
        cells = pd.Series(["x", None, "y"], dtype=object).astype("string").astype(dtype)
        got = plan(("string", "a")).enforce(pd.DataFrame({"a": cells}))["a"]
        assert got.dtype == object
        assert list(map(str, got)) == ["x", "nan", "y"]

    def test_text_of_pandas_3_is_not_copied(self) -> None:
        """ENF-098."""
        dtype = (
            pd.StringDtype("python", na_value=np.nan)
            if hasattr(pd.StringDtype, "na_value")
            else None
        )
        given = pd.DataFrame({"a": pd.Series(["x", None], dtype=dtype)})
        assert plan(("string", "a")).enforce(given) is given

    def test_dates_and_times_in_objects(self) -> None:
        """ENF-029, ENF-030."""
        zone = dt.timezone(dt.timedelta(hours=2))
        cells = [
            dt.date(2020, 1, 2),
            dt.datetime(2020, 1, 2, 3, tzinfo=zone),
            pd.Timestamp("2020-01-02 03:04:05.000000006"),
            np.datetime64("2020-01-02"),
            "2020-01-02T00:00:00Z",
            pd.NaT,
        ]
        got = plan(("datetime", "a")).enforce({"a": cells})["a"]
        assert got.dtype == "datetime64[ns]"
        texts = [
            "2020-01-02",
            "2020-01-02T01",
            "2020-01-02T03:04:05.000000006",
            "2020-01-02",
            "2020-01-02",
            "NaT",
        ]
        np.testing.assert_array_equal(got.to_numpy(), np.array(texts, "datetime64[ns]"))

    def test_a_time_out_of_range_in_objects(self) -> None:
        cells = [dt.datetime(2020, 1, 1), dt.datetime(1, 1, 1)]
        refused(lambda: plan(("datetime", "a")).enforce({"a": cells}), ("ENF-028", "a", 1))

    def test_numpy_scalars_in_objects(self) -> None:
        cells = pd.Series([np.int8(1), np.float32(0.1), None], dtype=object)
        got = plan(("double", "a")).enforce(pd.DataFrame({"a": cells}))["a"].tolist()
        assert got[:2] == [1.0, float(np.float32(0.1))]
        assert np.isnan(got[2])

    @pytest.mark.parametrize(
        "cell",
        [
            1 + 2j,
            object(),
            pd.Timedelta(1),
            np.timedelta64(1, "ns"),
            pd.Period("2024-01"),
            dt.time(1),
        ],
    )
    def test_strangers(self, cell: object) -> None:
        for kind in ("long", "double", "string", "binary", "datetime"):
            first = 1 if kind == "long" else None
            one, cells = plan((kind, "a")), {"a": [first, cell]}
            refused(partial(one.enforce, cells), ("ENF-021", "a", 1))

    def test_bytearray_is_bytes(self) -> None:
        got = plan(("binary", "a")).enforce({"a": [bytearray(b"x"), b"y", None]})["a"].tolist()
        assert got == [b"x", b"y", None]
        assert type(got[0]) is bytes

    def test_sparse_counts_as_what_it_holds(self) -> None:
        frame = pd.DataFrame({"a": pd.arrays.SparseArray([0.0, 1.5])})
        got = plan(("double", "a")).enforce(frame)["a"]
        assert got.dtype == "float64"
        assert got.tolist() == [0.0, 1.5]

    @pytest.mark.parametrize(
        "values", [pd.period_range("2020", periods=2), pd.interval_range(0, 2)]
    )
    def test_other_extension_dtypes(self, values: pd.Index) -> None:
        frame = pd.DataFrame({"a": values})
        for kind in ("long", "string", "datetime"):
            refused(lambda kind=kind: plan((kind, "a")).enforce(frame), ("ENF-021", "a", None))

    def test_category_with_gaps(self) -> None:
        whole = pd.DataFrame({"a": pd.Categorical([3, None, 1])})
        refused(lambda: plan(("long", "a")).enforce(whole), ("ENF-022", "a", 1))
        got = plan(("long", "a"), required=False).enforce(whole)["a"]
        assert got.dtype == "Int64"
        assert got.tolist() == [3, pd.NA, 1]

    def test_foreign_byte_order_is_refused(self) -> None:
        swapped = pd.DataFrame({"a": np.array([1.5], ">f8")})
        if swapped["a"].dtype == np.dtype("float64"):
            pytest.skip("this pandas converts by itself")
        refused(lambda: plan(("double", "a")).enforce(swapped), ("ENF-021", "a", None))

    def test_one_violation_per_column_and_rule(self) -> None:
        """ENF-003."""
        cells = {"a": [1.5, "x", 2.5], "b": ["x", 5, 6]}
        found = refused(
            lambda: plan(("long", "a"), ("string", "b")).enforce(cells),
            ("ENF-042", "a", 0),
            ("ENF-049", "a", 1),
            ("ENF-050", "b", 1),
        )
        assert all(d.got and d.expected for d in found.details)

    def test_the_value_is_cut(self) -> None:
        found = refused(
            lambda: plan(("long", "a")).enforce({"a": ["x" * 10_000]}), ("ENF-049", "a", 0)
        )
        assert len(found.details[0].got) <= 62
        assert len(str(found)) < 1000

    def test_advice_for_integers_with_gaps(self) -> None:
        """ENF-022."""
        floats = refused(
            lambda: plan(("long", "a")).enforce(pd.DataFrame({"a": [1.0, np.nan]})),
            ("ENF-021", "a"),
        )
        nullable = pd.DataFrame({"a": pd.array([1, None], dtype="Int64")})
        gap = refused(lambda: plan(("long", "a")).enforce(nullable), ("ENF-022", "a", 1))
        assert "declare the input double" in str(floats)
        assert "declare the input double" in str(gap)

    def test_many_layouts_do_not_grow_the_plan(self) -> None:
        one = plan(*[("double", name) for name in "abcde"])
        for n in range(500):
            one.enforce(pd.DataFrame({name: [1.5] for name in (*"abcde", f"x{n}")}))
        before = held_by(one)
        assert len(before[Selection]) == 1, "that of no data at all"
        for order in permutations("abcde"):
            block = Block(np.ones((1, 5)), tuple(range(5)))
            one.enforce(pd.DataFrame(np.ones((1, 5)), columns=list(order)))
            one.enforce(Columns(order, [block], 1))
            one.enforce(Columns((*order, "x" * 1000), [block, Block(np.ones((1, 1)), (5,))], 1))
        held = held_by(one)
        assert 2 <= len(held[Selection]) <= 66
        assert len(places_in(held)) == len(places_in(before)) + 1, "one layout"
        assert all(len(name) < 1000 for name in held[str])
        unnamed = plan("double")
        before = held_by(unnamed)
        for n in range(500):
            unnamed.enforce(pd.DataFrame({f"x{n}": [1.5]}))
            got = unnamed.enforce(Columns((f"x{n}",), [Block(np.ones((1, 1)), (0,))], 1))
            assert got.columns.tolist() == [f"x{n}"]
        held = held_by(unnamed)
        assert len(held[Selection]) == 1
        assert len(places_in(held)) == len(places_in(before)) + 1, "one layout"

    @pytest.mark.parametrize("rows", [0, 1, 3, 5000])
    def test_the_quick_look_at_a_frame_sees_what_the_public_one_does(self, rows: int) -> None:
        frame = frame_of({kind: np.resize(array, rows) for kind, array in ALL.items()})
        frame["category"] = pd.Categorical(["x"] * rows)
        frame["nullable"] = pd.array([1] * rows, "Int64")
        frame = frame.iloc[:, [3, 1, 9, 0, 2, 8, 7, 6, 5, 4]]
        for held in (frame, frame[["double"]], frame.iloc[:, :0], frame.iloc[::-1]):
            without_manager = SimpleNamespace(dtypes=held.dtypes)
            assert frames.dtypes_of(held) == held.dtypes.tolist()
            assert frames.dtypes_of(without_manager) == held.dtypes.tolist()
            assert frames.object_blocks(without_manager) is None
            objects = [isinstance(d, np.dtype) and d.kind == "O" for d in held.dtypes]
            public = held.loc[:, objects].to_numpy().T.tolist()
            found = [list(c) for b in frames.object_blocks(held) for c in np.atleast_2d(b)]
            assert sorted(found, key=str) == sorted(public, key=str)

    @pytest.mark.parametrize("rows", [1, 700, 3000])
    def test_one_wrong_cell_among_texts_is_found(self, rows: int) -> None:
        texts = pd.DataFrame({name: pd.Series(["x"] * rows, dtype=object) for name in "abc"})
        one = plan(*[("string", name) for name in "abc"])
        assert one.enforce(texts) is texts
        texts.loc[rows - 1, "b"] = None
        assert one.enforce(texts) is texts
        texts.loc[rows - 1, "b"] = 5
        refused(lambda: one.enforce(texts), ("ENF-050", "b", rows - 1))

    @pytest.mark.parametrize("read", [False, True])
    def test_texts_that_a_codec_has_read_are_not_looked_at_again(self, *, read: bool) -> None:
        """So a wrong one is seen only where nobody says that it has been read."""
        one = plan(("string", "a"), ("long", "b"), required=False)
        texts = Block(np.array([["x"], [5]], object), (0,))
        schema = one.matching.schema if read else None
        for mask in (None, np.array([[True], [False]])):
            blocks = [texts, Block(np.array([[1], [2]]), (1,), mask)]
            columns = Columns(("a", "b"), blocks, 2, schema)
            if read:
                assert one.enforce(columns)["a"].tolist() == ["x", 5]
            else:
                refused(partial(one.enforce, columns), ("ENF-050", "a", 1))

    def test_threads_share_a_plan(self) -> None:
        one = plan(("double", "a"), ("double", "b"))
        frames = [pd.DataFrame([[1.0, 2.0]], columns=order) for order in (["a", "b"], ["b", "a"])]
        wrong: list[object] = []

        def work(frame: pd.DataFrame) -> None:
            for _ in range(300):
                got = one.enforce(frame)
                if list(got.columns) != ["a", "b"] or got["a"][0] != frame["a"][0]:
                    wrong.append(got)

        threads = [threading.Thread(target=work, args=(frame,)) for frame in frames * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


@pytest.fixture
def pa():
    return pytest.importorskip("pyarrow")


class TestArrow:
    @pytest.mark.parametrize(
        ("arrow", "values", "kind", "delivered"),
        [
            ("int32", [1, 2], "integer", [1, 2]),
            ("int32", [1, None], "double", [1.0, None]),
            ("int64", [2**53 + 1], "long", [2**53 + 1]),
            ("uint8", [255], "float", [255.0]),
            ("float", [0.5, None], "double", [0.5, None]),
            ("bool_", [True, False], "boolean", [True, False]),
            ("string", ["x", None], "string", ["x", None]),
            ("large_string", ["x"], "string", ["x"]),
            ("binary", [b"x", None], "binary", [b"x", None]),
            (
                "date32",
                [dt.date(2020, 1, 2), None],
                "datetime",
                [pd.Timestamp("2020-01-02"), pd.NaT],
            ),
        ],
    )
    def test_counts_as_what_it_holds(self, pa, arrow, values, kind, delivered) -> None:
        held = {"float": pa.float32}.get(arrow) or getattr(pa, arrow)
        frame = pd.DataFrame({"a": pd.Series(values, dtype=pd.ArrowDtype(held()))})
        got = plan((kind, "a")).enforce(frame)["a"]
        assert got.dtype == DataType(kind).to_pandas()
        assert ["-" if pd.isna(v) else v for v in got.tolist()] == [
            "-" if pd.isna(v) else v for v in delivered
        ]

    def test_timestamps(self, pa) -> None:
        moment = dt.datetime(2020, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC)
        zoned = pd.Series([moment, None], dtype=pd.ArrowDtype(pa.timestamp("us", "Europe/Berlin")))
        got = plan(("datetime", "a")).enforce(pd.DataFrame({"a": zoned}))["a"].to_numpy()
        expected = np.array(["2020-01-02T03:04:05.678901", "NaT"], "datetime64[ns]")
        np.testing.assert_array_equal(got, expected)

    def test_gaps(self, pa) -> None:
        frame = pd.DataFrame({"a": pd.Series([1, None], dtype=pd.ArrowDtype(pa.int64()))})
        refused(lambda: plan(("long", "a")).enforce(frame), ("ENF-022", "a", 1))
        assert plan(("long", "a"), required=False).enforce(frame)["a"].dtype == "Int64"

    def test_refused(self, pa) -> None:
        decimals = pd.Series([decimal.Decimal("1.5")], dtype=pd.ArrowDtype(pa.decimal128(5, 2)))
        frame = pd.DataFrame({"a": decimals})
        for kind in ("boolean", "integer", "long", "string", "binary", "datetime"):
            refused(partial(plan((kind, "a")).enforce, frame), ("ENF-021", "a"))
        longs = pd.DataFrame({"a": pd.Series([1], dtype=pd.ArrowDtype(pa.int64()))})
        refused(lambda: plan(("double", "a")).enforce(longs), ("ENF-021", "a"))


class TestColumns:
    """The joint between codec and engine."""

    def test_blocks_at_declared_types(self) -> None:
        arrays = list(ALL.values())
        columns = Columns(
            tuple(ALL), [Block(a.reshape(-1, 1), (i,)) for i, a in enumerate(arrays)], 2
        )
        got = plan(*[(kind, kind) for kind in ALL]).enforce(columns)
        assert [dtype.name for dtype in got.dtypes] == [DataType(k).to_pandas().name for k in ALL]
        for kind, array in ALL.items():
            pd.testing.assert_series_equal(
                got[kind], pd.Series(array, name=kind, dtype=array.dtype)
            )

    def test_one_block_is_not_copied(self) -> None:
        values = np.ones((5, 2))
        got = plan(("double", "a"), ("double", "b")).enforce(
            Columns(("a", "b"), [Block(values, (0, 1))], 5)
        )
        assert np.shares_memory(got.to_numpy(), values)

    def test_another_order_and_narrower_types(self) -> None:
        block = Block(np.array([[1, 2, 3]], "int16"), (2, 0, 1))
        got = plan(("long", "a"), ("double", "b")).enforce(Columns(("b", "x", "a"), [block], 1))
        assert got.to_dict("list") == {"a": [1], "b": [2.0]}

    def test_masks(self) -> None:
        def block(values, mask, place=0):
            return Block(np.array(values).reshape(-1, 1), (place,), np.array(mask).reshape(-1, 1))

        floats = plan(("double", "a")).enforce(
            Columns(("a",), [block([1.5, 0.0], [False, True])], 2)
        )
        assert np.isnan(floats["a"][1])
        longs = Columns(("a",), [block([1, 0], [False, True])], 2)
        refused(lambda: plan(("long", "a")).enforce(longs), ("ENF-022", "a", 1))
        assert plan(("long", "a"), required=False).enforce(longs)["a"].tolist() == [1, pd.NA]
        times = np.array(["2020", "2021"], "datetime64[ns]")
        moments = Columns(("a",), [block(times, [False, True])], 2)
        assert pd.isna(plan(("datetime", "a")).enforce(moments)["a"][1])
        assert Plan(None).enforce(longs)["a"].tolist() == [1, pd.NA]

    def test_object_cells_are_checked(self) -> None:
        columns = Columns(("a", "b"), [Block(np.array([["x", 5]], object), (0, 1))], 1)
        refused(
            lambda: plan(("string", "a"), ("string", "b")).enforce(columns), ("ENF-050", "b", 0)
        )
        mixed = Columns(("a", "b"), [Block(np.array([["x", b"y"]], object), (0, 1))], 1)
        assert plan(("string", "a"), ("binary", "b")).enforce(mixed).to_numpy().tolist() == [
            ["x", b"y"]
        ]

    def test_without_schema(self) -> None:
        columns = Columns(None, [Block(np.ones((2, 2)), (0, 1))], 2)
        got = Plan(None).enforce(columns)
        assert got.columns.tolist() == [0, 1]
        assert Plan(None).enforce(Tensors({None: np.ones(2)})).tolist() == [1.0, 1.0]
        assert Plan(None).enforce("text") == "text"

    def test_columns_for_tensors_and_tensors_for_columns(self) -> None:
        columns = Columns(("a", "b"), [Block(np.ones((2, 2)), (0, 1))], 2)
        array = Plan(Schema([TensorSpec("float64", (-1, 2))])).enforce(columns)
        assert array.shape == (2, 2)
        tensors = Tensors({"b": np.array([1]), "a": np.array([1.5])})
        assert plan(("double", "a"), ("long", "b")).enforce(tensors).to_dict("list") == {
            "a": [1.5],
            "b": [1],
        }

    def test_matching(self) -> None:
        def matched(one: Plan, names: tuple[str, ...] | None, width: int):
            found = one.matching.match(names, width)
            return found.positions, [(v.rule, v.column) for v in found.violations]

        one = plan(("double", "a"), ("double", "b"))
        assert matched(one, ("b", "x", "a"), 3) == ((2, 0), [])
        assert matched(one, ("x",), 1) == ((None, None), [("ENF-004", "a"), ("ENF-004", "b")])
        assert matched(one, None, 2) == ((None, None), [("ENF-011", None)])
        assert matched(plan("double"), None, 3) == ((0,), [])
        assert matched(Plan(None), ("a", "b"), 2) == ((0, 1), [])
        optional = Plan(Schema([ColSpec("double", "a"), ColSpec("double", "b", required=False)]))
        assert matched(optional, ("a",), 1) == ((0, None), [])


class TestForms:
    @pytest.mark.parametrize(
        "data",
        [
            object(),
            {1, 2},
            (x for x in [1]),
            {"a": [[1, 2]], "b": 1},
            [[1], {"a": 1}],
            [1, [2]],
            {"a": np.ones((2, 2))},
        ],
    )
    def test_refused(self, data: object) -> None:
        with pytest.raises(InvalidInput) as caught:
            plan(("long", "a")).enforce(data)
        assert {d.rule for d in caught.value.details} <= {"ENF-010", "ENF-057", "ENF-011"}

    def test_records_by_position_are_refused(self) -> None:
        refused(lambda: plan("long").enforce([{"a": 1}]), ("ENF-010",))

    def test_series_and_scalars(self) -> None:
        assert plan(("long", "a")).enforce(pd.Series([1, 2], name="a"))["a"].tolist() == [1, 2]
        assert plan("string").enforce("q").to_numpy().tolist() == [["q"]]
        assert plan("double").enforce(np.array([1.5, 2.5]))[0].tolist() == [1.5, 2.5]
        assert plan(("long", "a")).enforce({"a": np.array([1, 2])})["a"].tolist() == [1, 2]
        assert plan(("double", "a")).enforce({"a": np.float32(0.5)})["a"].tolist() == [0.5]

    def test_typed_arrays_in_a_mapping_go_by_dtype(self) -> None:
        refused(lambda: plan(("double", "a")).enforce({"a": np.array([1])}), ("ENF-021", "a"))

    def test_empty_frames(self) -> None:
        got = plan(("double", "a"), ("string", "b")).enforce(
            pd.DataFrame({"a": np.array([], "float32"), "b": []}, dtype=None).astype({"b": object})
        )
        assert len(got) == 0
        assert got["a"].dtype == "float64"


# -- properties ---------------------------------------------------------------------------------

_TEXT = st.text(max_size=5)
_NUMPY = st.sampled_from(
    [
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "float16",
        "float32",
        "float64",
    ]
)


@st.composite
def _columns(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(1, 5))
    columns = {}
    for n in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["numpy", "nullable", "text", "bytes", "time"]))
        if kind == "numpy":
            values = pd.Series(draw(hnp.arrays(draw(_NUMPY), rows)))
        elif kind == "nullable":
            cells = draw(
                st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=rows, max_size=rows)
            )
            values = pd.Series(pd.array(cells, dtype="Int64"))
        elif kind == "time":
            values = pd.Series(draw(hnp.arrays("datetime64[ns]", rows)))
        else:
            one = _TEXT if kind == "text" else st.binary(max_size=5)
            values = pd.Series(draw(st.lists(one, min_size=rows, max_size=rows)), dtype=object)
        columns[f"c{n}"] = values
    return pd.DataFrame(columns)


def _cells(series: pd.Series) -> list[object]:
    return [None if pd.isna(cell) else cell for cell in series.tolist()]


@pytest.mark.thorough
@given(_columns())
@settings(max_examples=150)
def test_what_is_accepted_is_what_was_given(frame: pd.DataFrame) -> None:
    """SIG-018: data pass the signature inferred from them, each value to the bit."""
    got = infer_signature(frame).enforce(frame)
    assert list(got.columns) == list(frame.columns)
    for name in frame:
        assert _cells(got[name]) == _cells(frame[name])
        assert [np.signbit(c) for c in _cells(got[name]) if isinstance(c, float)] == [
            np.signbit(c) for c in _cells(frame[name]) if isinstance(c, float)
        ]


@pytest.mark.thorough
@given(hnp.arrays(_NUMPY, 3), st.sampled_from(list(DataType)))
@settings(max_examples=300)
def test_a_conversion_keeps_every_value_or_is_refused(array: np.ndarray, kind: DataType) -> None:
    try:
        got = plan((kind.value, "a")).enforce(pd.DataFrame({"a": array}))["a"]
    except InvalidInput:
        return
    assert got.dtype == kind.to_numpy()
    for given_cell, cell in zip(array.tolist(), got.tolist(), strict=True):
        assert type(cell) is type(given_cell) or isinstance(given_cell, int)
        assert cell == given_cell or (pd.isna(cell) and pd.isna(given_cell))


_MISSING = [
    *(None, math.nan, np.float32("nan"), pd.NA, pd.NaT),
    *(np.datetime64("NaT"), decimal.Decimal("NaN")),
]


@pytest.mark.parametrize("gap", _MISSING)
@pytest.mark.parametrize("kind", list(DataType))
def test_every_missing_cell_is_one(gap: object, kind: DataType) -> None:
    """ENF-023: however it is written, and whatever stands beside it."""
    cell = ALL[kind.value].tolist()[0] if kind is not DataType.datetime else dt.date(2020, 1, 1)
    given_cells = pd.Series([cell, gap, cell], dtype=object)
    assert [is_missing(one) for one in given_cells] == [False, True, False]
    assert is_null(gap) is any(gap is one for one in (None, pd.NA, pd.NaT))
    got = plan((kind.value, "a"), required=False).enforce(pd.DataFrame({"a": given_cells}))["a"]
    assert pd.isna(got).tolist() == [False, True, False]
    if kind.traits.takes_missing:
        plan((kind.value, "a")).enforce(pd.DataFrame({"a": given_cells}))
    else:
        one = plan((kind.value, "a"))
        refused(lambda: one.enforce(pd.DataFrame({"a": given_cells})), ("ENF-044", "a", 1))


_CELL = st.none() | st.booleans() | st.integers() | st.floats() | _TEXT | st.binary(max_size=3)


def _same(cells: list[object], got: list[object], kind: DataType) -> None:
    for given_cell, cell in zip(cells, got, strict=True):
        if pd.isna(given_cell):
            assert pd.isna(cell)
        elif kind in FLOATS and isinstance(given_cell, str):
            assert str(cell) == str(SPECIAL_TEXTS[given_cell])
        elif kind is DataType.float and isinstance(given_cell, float):
            assert cell == float(np.float32(given_cell))
        elif kind is DataType.datetime:
            assert str(cell)[:10] == given_cell[:10]
        else:
            assert cell == given_cell
            assert isinstance(cell, bool) == isinstance(given_cell, bool)


@pytest.mark.thorough
@given(st.lists(_CELL, min_size=1, max_size=4), st.sampled_from(list(DataType)))
@settings(max_examples=400)
def test_an_untyped_cell_is_read_exactly_or_refused(cells: list[object], kind: DataType) -> None:
    try:
        got = plan((kind.value, "a")).enforce({"a": cells})["a"].tolist()
    except InvalidInput as error:
        rows = [detail.row for detail in error.details]
    else:
        rows = []
        _same(cells, got, kind)
    assert None not in rows


def test_findings_are_one_error() -> None:
    """ENF-003: all of them, and none where nothing was found."""
    found = Findings()
    found.raise_all()
    found.append(InputViolation("ENF-004", "Input 'a' is missing.", "a"))
    found += (InputViolation("ENF-007", "Input 'b' is given twice.", "b"),)
    with pytest.raises(InvalidInput, match="2 problems.*'a' is missing") as caught:
        found.raise_all()
    assert caught.value.details == tuple(found)


def partly_named() -> Schema:
    with pytest.warns(UserWarning, match="SIG-020"):
        return Schema.as_read([ColSpec("double", "b"), ColSpec("double"), ColSpec("double", "a")])


def test_findings_are_in_the_order_of_the_inputs() -> None:
    """ENF-003, whatever finds them: what no input is to blame for comes first."""
    found = Findings(InputViolation("", "", column) for column in (2, "a", 1, None, "b", "a"))
    ordered = found.in_order_of(partly_named())
    assert [one.column for one in ordered] == [None, "b", 1, 2, "a", "a"]


def test_the_ways_in_tell_violations_in_one_order() -> None:
    """ENF-003: names and cells of a frame, of rows and of tensors."""
    partly = Plan(partly_named())
    frame = pd.DataFrame({"b": ["x"], 1: ["y"]})
    payload = Payload({"columns": ["b", 1], "data": [["x", "y"]]}, Reader(exact=True))
    for call in (
        lambda: partly.enforce(frame),
        lambda: dataframe_split.decode(payload, partly.matching),
    ):
        with pytest.raises(InvalidInput) as caught:
            call()
        assert [one.column for one in caught.value.violations] == ["b", 1, 2]
    tensors = Plan(Schema([TensorSpec("float64", [-1], "b"), TensorSpec("float64", [-1], "a")]))
    with pytest.raises(InvalidInput) as caught:
        tensors.enforce({"b": np.zeros(1, int)})
    assert [one.column for one in caught.value.violations] == ["b", "a"]


class TestColumnsCalledByNumbers:
    """ENF-111."""

    PLAN = Plan(Schema([ColSpec("double"), ColSpec("double"), ColSpec("double")]))

    @pytest.mark.parametrize("rows", [3, 3000])
    @pytest.mark.parametrize("order", [[2, 0, 1], [1, 0, 2], [0, 1, 2]])
    def test_frames(self, rows: int, order: list[int]) -> None:
        frame = pd.DataFrame(np.arange(3.0 * rows).reshape(rows, 3))
        pd.testing.assert_frame_equal(self.PLAN.enforce(frame[order]), frame[[0, 1, 2]])
        texts = frame[order].rename(columns=str).assign(more="x")
        pd.testing.assert_frame_equal(self.PLAN.enforce(texts), frame.rename(columns=str))

    def test_numbers_that_are_not_all_there(self) -> None:
        frame = pd.DataFrame({3: [1.0], 2: [2.0], 1: [3.0]})
        assert self.PLAN.enforce(frame) is frame

    def test_typed_data_of_a_request(self) -> None:
        frame = pd.DataFrame([[1.0, 2.0, 3.0]])
        for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
            got = self.PLAN.enforce(columns_or_tensors(frame[order]))
            pd.testing.assert_frame_equal(got, frame)


class TestSeries:
    """ENF-107, ENF-113."""

    @pytest.mark.parametrize("required", [True, False])
    def test_a_column_without_a_name(self, required: bool) -> None:
        one = Plan(Schema([ColSpec("double", "a", required)]))
        got = one.enforce(pd.Series([5.0, 6.0], index=[3, 4]))
        pd.testing.assert_frame_equal(got, pd.DataFrame({"a": [5.0, 6.0]}, index=[3, 4]))

    @pytest.mark.parametrize("required", [True, False])
    def test_a_row(self, required: bool) -> None:
        two = Plan(Schema([ColSpec("double", "a", required), ColSpec("double", "b", required)]))
        frame = pd.DataFrame({"x": ["q", "r"], "b": [1.0, 2.0], "a": [3.0, 4.0]})
        expected = pd.DataFrame({"a": [4.0], "b": [2.0]}, index=[1])
        pd.testing.assert_frame_equal(two.enforce(frame.iloc[1]), expected)
        numbers = frame[["b", "a"]].iloc[1]
        pd.testing.assert_frame_equal(two.enforce(numbers), expected)
        unnamed = numbers.rename(None)
        pd.testing.assert_frame_equal(two.enforce(unnamed), expected.reset_index(drop=True))

    def test_a_row_of_columns_without_names(self) -> None:
        two = Plan(Schema([ColSpec("double"), ColSpec("double")]))
        frame = pd.DataFrame([[1.0, 2.0], [3.0, 4.0]])
        pd.testing.assert_frame_equal(two.enforce(frame.iloc[1]), frame.iloc[[1]])

    def test_a_row_of_one_column(self) -> None:
        one = Plan(Schema([ColSpec("double", "a", required=False)]))
        got = one.enforce(pd.DataFrame({"a": [1.0, 2.0]}).iloc[1])
        pd.testing.assert_frame_equal(got, pd.DataFrame({"a": [2.0]}, index=[1]))

    @pytest.mark.parametrize(
        ("series", "rule"),
        [
            (pd.Series([1.0, 2.0]), "ENF-011"),
            (pd.Series([1.0, 2.0], index=["a", "c"]), "ENF-011"),
            (pd.Series([1.0, 2.0], name="c"), "ENF-112"),
        ],
    )
    def test_neither(self, series: pd.Series, rule: str) -> None:
        two = Plan(
            Schema([ColSpec("double", "a", required=False), ColSpec("double", "b", required=False)])
        )
        with pytest.raises(InvalidInput) as raised:
            two.enforce(series)
        assert [one.rule for one in raised.value.violations] == [rule]

    def test_a_column_of_a_declared_name_is_one(self) -> None:
        two = Plan(Schema([ColSpec("double", "a"), ColSpec("double", "b", required=False)]))
        got = two.enforce(pd.Series([1.0, 2.0], index=["a", "b"], name="a"))
        assert got["a"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("kind", [*DataType, Array("long")], ids=str)
def test_columns_of_gaps_alone(kind: Any) -> None:
    """ENF-114: whatever their dtype, where a value may be missing."""
    plan = Plan(Schema([ColSpec(kind, "a", required=False)]))
    expected = plan.enforce(pd.DataFrame({"a": pd.Series([None, None], dtype=object)}))
    given = [np.array([np.nan] * 2), pd.array([None] * 2, "Int64"), pd.array([None] * 2, "string")]
    pa = pytest.importorskip("pyarrow")
    for values in [*given, pd.array([None] * 2, pd.ArrowDtype(pa.null()))]:
        got = plan.enforce(pd.DataFrame({"a": values}))
        assert got["a"].isna().all()
        if getattr(values, "dtype", None) == np.float64:
            assert got["a"].dtype == expected["a"].dtype
    empty = pd.DataFrame({"a": np.array([], np.float64)})
    if kind is not DataType.double:
        with pytest.raises(InvalidInput):
            plan.enforce(empty)


@pytest.mark.parametrize(("kind", "dtype"), [("integer", "Int32"), ("long", "Int64")])
@pytest.mark.parametrize("values", [[1.0, 2.0], [1.0, None]])
def test_advice_for_optional_integers(kind: str, dtype: str, values: list[Any]) -> None:
    """ENF-022: converting as advised is taken."""
    plan = Plan(Schema([ColSpec(kind, "a", required=False)]))
    frame = pd.DataFrame({"a": np.array(values, np.float64)})
    with pytest.raises(InvalidInput, match=rf"\.astype\('{dtype}'\)"):
        plan.enforce(frame)
    assert plan.enforce(frame.astype(dtype))["a"].isna().sum() == values.count(None)


@pytest.mark.parametrize("way", ["table", "frame"])
@pytest.mark.parametrize("name", ["string_view", "binary_view", "runs of long", "runs of text"])
def test_encoded_columns_of_arrow(name: str, way: str) -> None:
    """ENF-116."""
    pa = pytest.importorskip("pyarrow")
    kind, held = {
        "string_view": ("string", ["x", "x", None]),
        "binary_view": ("binary", [b"x", b"x", None]),
        "runs of long": ("long", [1, 1, None]),
        "runs of text": ("string", ["x", "x", None]),
    }[name]
    if name.startswith("runs"):
        array = pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), held[1:])
    else:
        array = pa.array(held, getattr(pa, name)())
    data = pa.table({"a": array})
    plan = Plan(Schema([ColSpec(kind, "a", required=False)]))
    if way == "frame":
        data = pd.DataFrame({"a": pd.array(data["a"], pd.ArrowDtype(array.type))})
    got = plan.enforce(data)["a"]
    assert [None if pd.isna(cell) else cell for cell in got] == held
    assert infer_signature(data).inputs == Schema([ColSpec(kind, "a", required=False)])
