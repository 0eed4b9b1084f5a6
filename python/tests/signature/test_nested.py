"""Nested types: the classes, and enforcement at every depth."""

from __future__ import annotations

import copy
import datetime as dt
import json
import math
import pickle
from itertools import repeat
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmodel.errors import InvalidArgument, InvalidInput
from mlmodel.signature.data.arrays import object_array
from mlmodel.signature.data.columns import Block, Columns
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.nested import NestedType, read_type, type_document
from mlmodel.types.schema import (
    AnyType,
    Array,
    ColSpec,
    DataType,
    Map,
    Object,
    ParamSpec,
    Property,
    Schema,
    SparkMLVector,
)

ITEM = Object([Property("price", "double"), Property("tags", Array("string"), required=False)])


def enforce(kind: Any, *cells: Any, required: bool = True) -> list[Any]:
    column = pd.Series(object_array(cells), dtype=object)
    signature = ModelSignature(Schema([ColSpec(kind, "a", required)]))
    got: list[Any] = signature.enforce(pd.DataFrame({"a": column}))["a"].tolist()
    return got


def messages(kind: Any, *cells: Any) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        enforce(kind, *cells)
    return [f"{d.rule} {d.message}" for d in caught.value.details]


class TestClasses:
    """SIG-021, as MLflow's users write them."""

    @pytest.mark.parametrize(
        ("kind", "document"),
        [
            (Array("long"), {"type": "array", "items": {"type": "long"}}),
            (Array(Array(DataType.string)),
             {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}),
            (Map("double"), {"type": "map", "values": {"type": "double"}}),
            (AnyType(), {"type": "any"}),
            (SparkMLVector(), {"type": "sparkml_vector"}),
            (Object([Property("b", "double"), Property("a", DataType.string, required=False)]),
             {"type": "object", "properties": {"a": {"type": "string", "required": False},
                                               "b": {"type": "double", "required": True}}}),
            (Object([]), {"type": "object", "properties": {}}),
        ],
    )  # fmt: skip
    def test_the_file_and_back(self, kind: NestedType, document: dict[str, Any]) -> None:
        assert kind.to_dict() == document
        assert json.dumps(kind.to_dict()) == json.dumps(document)
        assert NestedType.from_dict(document) == kind
        assert type(kind).from_json_dict(**document) == kind
        assert hash(read_type(document)) == hash(kind)
        assert {kind: 1}[NestedType.from_dict(document)] == 1
        for again in (copy.copy(kind), copy.deepcopy(kind), pickle.loads(pickle.dumps(kind))):
            assert again == kind

    def test_names_and_types(self) -> None:
        assert Array("long").dtype is DataType.long
        assert Map(AnyType()).value_type == AnyType()
        assert [one.name for one in ITEM.properties] == ["price", "tags"]
        assert ITEM.properties[1].required is False
        assert Array("long") != Array("integer")
        assert Array("long") != Map("long")
        assert Array("long") != "array"
        assert AnyType().value == "any"
        assert type_document(DataType.long) == {"type": "long"}

    def test_they_do_not_change(self) -> None:
        with pytest.raises(AttributeError):
            Array("long").dtype = DataType.double  # type: ignore[misc]
        with pytest.raises(AttributeError):
            del ITEM.properties

    def test_repr(self) -> None:
        assert repr(Array(Map("long"))) == "Array(Map(str -> long))"
        assert repr(ITEM) == "{price: double, tags: Array(string) (optional)}"
        assert repr([AnyType(), SparkMLVector()]) == "[Any, SparkML vector]"

    @pytest.mark.parametrize(
        "make",
        [
            lambda: Array("lung"),
            lambda: Array(int),
            lambda: Map(3),
            lambda: Property(1, "long"),
            lambda: Object({"a": "long"}),
            lambda: Object([Property("a", "long"), Property("a", "long")]),
            lambda: ColSpec("array"),
            lambda: NestedType.from_dict({"type": "long"}),
            lambda: NestedType.from_dict({"type": ["array"]}),
            lambda: NestedType.from_dict(5),
            lambda: Array.from_dict({"type": "map", "values": {"type": "long"}}),
            lambda: Array.from_dict({"type": "array"}),
            lambda: Property.from_dict({"a": {"type": "long"}, "b": {"type": "long"}}),
            lambda: Property.from_dict({"a": {}}),
            lambda: Object.from_dict({"type": "object", "properties": 5}),
            lambda: read_type({}),
        ],
    )
    def test_refused(self, make: Any) -> None:
        with pytest.raises(InvalidArgument, match="SIG-"):
            make()

    def test_other_keys_are_kept(self) -> None:
        """SIG-007."""
        document = {"type": "array", "items": {"type": "long", "x-unit": "m"}, "x-note": [1]}
        kind = NestedType.from_dict(document)
        assert kind.to_dict() == document
        assert pickle.loads(pickle.dumps(kind)).to_dict() == document
        assert kind != Array("long")
        document["x-note"].append(2)  # type: ignore[attr-defined]
        kind.to_dict()["x-note"].append(3)
        assert kind.to_dict()["x-note"] == [1]

    def test_a_property_says_whether_it_is_required(self) -> None:
        """SIG-021: it is, where nothing is said; it is written all the same."""
        kind = NestedType.from_dict({"type": "object", "properties": {"a": {"type": "long"}}})
        assert kind == Object([Property("a", "long")])
        assert kind.to_dict()["properties"]["a"] == {"type": "long", "required": True}
        null = {"a": {"type": "long", "required": None}}
        assert Property.from_dict(null).required


class TestPlaces:
    """ENF-032: errors name the row and the place."""

    def test_messages(self) -> None:
        found = messages(
            Array(ITEM),
            [{"price": 1.0, "tags": ["x"]}, {"price": "z"}],
            [{"price": 1, "tags": ["y", 3]}],
        )
        assert found[0].startswith(
            "ENF-049 Input 'a', row 0, at [1].price: expected double, got 'z'; "
        )
        assert found[1].startswith("ENF-050 Input 'a', row 1, at [0].tags[1]: expected string")
        odd = Object([Property("a b", Map(Array("long")))])
        assert messages(odd, {"a b": {"k": [1, 1.5]}})[0].startswith(
            "ENF-042 Input 'a', row 0, at ['a b']['k'][1]: expected long, got 1.5"
        )

    def test_one_violation_per_rule_and_place(self) -> None:
        kind = Object([Property("x", "long"), Property("y", "long")])
        cells = [{"x": 1.5, "y": 1.5}, {"x": 2.5, "y": True}]
        found = [message.partition(":")[0] for message in messages(kind, *cells)]
        assert found == [
            "ENF-042 Input 'a', row 0, at x",
            "ENF-042 Input 'a', row 0, at y",
            "ENF-049 Input 'a', row 1, at y",
        ]

    def test_long_keys_and_values_are_cut(self) -> None:
        (message,) = messages(Map("long"), {"k" * 1000: "v" * 1000})
        assert len(message) < 300


class TestArrays:
    """ENF-038: arrays that have a dtype go by it."""

    def test_the_declared_dtype_is_not_copied(self) -> None:
        for kind, array in (
            (Array("long"), np.array([1, 2])),
            (Array(Array("float")), np.array([[1.5]], np.float32)),
            (Array("datetime"), np.array(["2024-01-31"], "M8[ns]")),
            (Array(AnyType()), np.array([1, 2])),
        ):
            assert enforce(kind, array)[0] is array

    def test_converted_exactly(self) -> None:
        got = enforce(Array("long"), np.array([1, 2], np.int8), [3])
        assert got[0].dtype == np.int64
        assert got[0].tolist() == [1, 2]
        assert got[1] == [3]
        (texts,) = enforce(Array("string"), np.array(["x", "yy"]))
        assert texts.tolist() == ["x", "yy"]
        assert texts.dtype == object
        (days,) = enforce(Array(Array("datetime")), np.array([["2024-01-31"]], "M8[D]"))
        assert days.dtype == "datetime64[ns]"
        assert days.shape == (1, 1)

    def test_arrays_of_objects_are_lists(self) -> None:
        texts = np.array(["x", None], object)
        assert enforce(Array("string"), texts)[0] is texts
        rows = np.empty(2, object)
        rows[:] = [np.array([1.5]), np.array([], float)]
        assert enforce(Array(Array("double")), rows)[0] is rows
        (numbers,) = enforce(Array("double"), np.array([1, 2.5], object))
        assert numbers == [1.0, 2.5]

    def test_refused_by_dtype(self) -> None:
        for kind, array, rule in (
            (Array("double"), np.array([1]), "ENF-021"),
            (Array("float"), np.array([1.5]), "ENF-021"),
            (Array("long"), np.array([True]), "ENF-021"),
            (Array("long"), np.array([[1]]), "ENF-033"),
            (Array(Array("long")), np.array([1]), "ENF-033"),
            (Array(Map("long")), np.array([1]), "ENF-033"),
            (Array("long"), np.array(1), "ENF-033"),
        ):
            (message,) = messages(kind, array)
            assert message.startswith(rule), message
        far = np.array([["2024-01-31", "9999-01-01"]], "M8[s]")
        (message,) = messages(Array(Array("datetime")), far)
        assert message.startswith("ENF-028 Input 'a', row 0, at [0][1]: ")

    def test_tuples_become_lists(self) -> None:
        assert enforce(Array(Array("long")), ((1, 2), [3])) == [[[1, 2], [3]]]


class TestArrow:
    """ENF-038: lists, structs and maps go by Arrow's types."""

    @pytest.fixture
    def pa(self) -> Any:
        return pytest.importorskip("pyarrow")

    def enforced(self, pa: Any, kind: Any, cells: list[Any], held: Any) -> list[Any]:
        column = pd.Series(pd.arrays.ArrowExtensionArray(pa.array(cells, held)))
        signature = ModelSignature(Schema([ColSpec(kind, "a", required=False)]))
        got: list[Any] = signature.enforce(pd.DataFrame({"a": column}))["a"].tolist()
        return got

    def test_taken(self, pa: Any) -> None:
        moment = dt.datetime(2024, 1, 31, 12, tzinfo=dt.UTC)
        struct = pa.struct([("price", pa.float32()), ("tags", pa.large_list(pa.string()))])
        for kind, cells, held in (
            (Array("long"), [[1, 2], [], None], pa.list_(pa.int32())),
            (Array("float"), [[0.5, None]], pa.list_(pa.float16())),
            (Array(Array("boolean")), [[[True]]], pa.list_(pa.list_(pa.bool_(), 1))),
            (ITEM, [{"price": 0.5, "tags": ["x"]}, None], struct),
            (ITEM, [{"price": 0.5}], pa.struct([("price", pa.float64())])),
            (Map("binary"), [{"k": b"x"}], pa.map_(pa.string(), pa.binary())),
            (Array("string"), [["x", "x"]], pa.list_(pa.dictionary(pa.int8(), pa.string()))),
            (Array(AnyType()), [[1]], pa.list_(pa.int8())),
        ):
            given = [list(c.items()) for c in cells] if isinstance(kind, Map) else cells
            if held == pa.list_(pa.float16()):
                given = [[np.float16(0.5), None]]
            got = self.enforced(pa, kind, given, held)
            assert repr(got) == repr(cells).replace("0.5, None", "0.5, nan")
        zoned = pa.list_(pa.timestamp("ns", "Europe/Berlin"))
        ((got,),) = self.enforced(pa, Array("datetime"), [[moment]], zoned)
        assert got == np.datetime64("2024-01-31T12:00:00", "ns")

    def test_refused(self, pa: Any) -> None:
        for kind, cells, held, rule in (
            (Array("double"), [[1]], pa.list_(pa.int64()), "ENF-021"),
            (Array("float"), [[0.5]], pa.list_(pa.float64()), "ENF-021"),
            (Array("long"), [1], pa.int64(), "ENF-021"),
            (Array("long"), [{"x": 1}], pa.struct([("x", pa.int64())]), "ENF-021"),
            (ITEM, [{"price": 1}], pa.struct([("price", pa.int64())]), "ENF-021"),
            (ITEM, [{"price": 1.5, "x": 1}],
             pa.struct([("price", pa.float64()), ("x", pa.int64())]), "ENF-035"),
            (Map("long"), [[(1, 1)]], pa.map_(pa.int64(), pa.int64()), "ENF-021"),
            (Map("long"), [[("k", 1), ("k", 2)]], pa.map_(pa.string(), pa.int64()), "ENF-021"),
            (Array("string"), [["x"]], pa.list_(pa.binary()), "ENF-021"),
        ):  # fmt: skip
            with pytest.raises(InvalidInput) as caught:
                self.enforced(pa, kind, cells, held)
            assert [d.rule for d in caught.value.details] == [rule], held

    def test_tables(self, pa: Any) -> None:
        """ENF-010."""
        signature = ModelSignature(Schema([ColSpec(Array("long"), "a"), ColSpec("long", "b")]))
        got = signature.enforce(pa.table({"b": [1], "a": [[1, 2]]}))
        assert got.to_dict("list") == {"a": [[1, 2]], "b": [1]}
        polars = pytest.importorskip("polars")
        assert signature.enforce(polars.DataFrame({"b": [1], "a": [[1, 2]]})).equals(got)


def test_the_very_frame() -> None:
    """ENF-024, ENF-039: what is right already is not made anew."""
    frame = pd.DataFrame({"a": [[{"price": 1.5}]], "b": [1.5]})
    signature = ModelSignature(Schema([ColSpec(Array(ITEM), "a"), ColSpec("double", "b")]))
    assert signature.enforce(frame) is frame
    reordered = signature.enforce(frame[["b", "a"]])
    assert list(reordered) == ["a", "b"]
    assert reordered["a"][0] is frame["a"][0]


@pytest.mark.parametrize("read", [False, True])
def test_columns_of_a_codec_are_read_once(read: bool) -> None:
    """What a codec has read at the declared type is not looked at again; all else is."""
    cells = object_array([[1, 2], [3]])
    block = Block(cells.reshape(-1, 1), (0,))
    signature = ModelSignature(Schema([ColSpec(Array("double"), "a")]))
    other = ModelSignature(Schema([ColSpec(Array("double"), "a")]))
    columns = Columns(("a",), [block], 2, (signature if read else other).inputs)
    got = signature.enforce(columns)["a"].tolist()
    assert [type(one) for one in got[0]] == ([int, int] if read else [float, float])
    longs = Block(np.array([[1], [2]]), (1,), np.array([[True], [False]]))
    declared = [ColSpec(Array("double"), "a"), ColSpec("long", "b", required=False)]
    both = Schema(declared)
    columns = Columns(("a", "b"), [block, longs], 2, both if read else None)
    beside = ModelSignature(both).enforce(columns)
    assert (beside["a"][0] is cells[0]) is read
    assert beside["b"].tolist() == [pd.NA, 2]
    wrong = Block(object_array(["x"]).reshape(-1, 1), (0,))
    with pytest.raises(InvalidInput, match="ENF-033"):
        signature.enforce(Columns(("a",), [wrong], 1))


def test_the_given_cells_are_not_changed() -> None:
    cells = [[{"price": 1, "tags": ["x"]}], [{"price": 2}]]
    given_cells = copy.deepcopy(cells)
    got = enforce(Array(ITEM), *cells)
    assert cells == given_cells
    assert type(got[0][0]["price"]) is float
    assert got[0][0]["tags"] is cells[0][0]["tags"]  # type: ignore[comparison-overlap]


def test_missing_values() -> None:
    """ENF-037: whatever stands for them."""
    for missing in (None, pd.NA, math.nan):
        assert enforce(Array("long"), [1], missing, required=False) == [[1], None]
        assert enforce(Object([Property("x", "long", required=False)]), {"x": missing}) == [
            {"x": None}
        ]
        assert messages(Array("long"), missing)[0].startswith("ENF-037")
    (got,) = enforce(Array("datetime"), [pd.NaT, None])
    assert all(np.isnat(got))
    assert enforce(Array("string"), ["x", math.nan]) == [["x", None]]


def test_params() -> None:
    """ENF-084."""
    signature = ModelSignature(
        params=[ParamSpec("o", ITEM, {"price": 1}), ParamSpec("l", ITEM, [{"price": 2}], (-1,))]
    )
    assert signature.enforce_params({}) == {"o": {"price": 1.0}, "l": [{"price": 2.0}]}
    with pytest.raises(InvalidInput) as caught:
        signature.enforce_params({"o": {"price": "x"}, "l": [{"price": 1}, {"tags": [1]}]})
    found = [(d.rule, d.column, d.row, d.message.partition(":")[0]) for d in caught.value.details]
    assert found == [
        ("ENF-082", "o", None, "Parameter 'o', at price"),
        ("ENF-082", "l", 1, "Parameter 'l', element 1"),
        ("ENF-082", "l", 1, "Parameter 'l', element 1, at tags[0]"),
    ]


# -- properties -----------------------------------------------------------------------------------

_SCALARS: dict[DataType, st.SearchStrategy[Any]] = {
    DataType.boolean: st.booleans(),
    DataType.integer: st.integers(-(2**31), 2**31 - 1),
    DataType.long: st.integers(-(2**63), 2**63 - 1),
    DataType.float: st.floats(width=32),
    DataType.double: st.floats(),
    DataType.string: st.text(st.characters(codec=None), max_size=4),
    DataType.binary: st.binary(max_size=4),
    DataType.datetime: st.integers(-(2**63) + 1, 2**63 - 1).map(lambda n: np.datetime64(n, "ns")),
}
_NAMES = st.text(max_size=3)
_KINDS: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(list(DataType)),
    lambda inner: (
        inner.map(Array)
        | inner.map(Map)
        | st.lists(
            st.builds(Property, _NAMES, inner, st.booleans()),
            max_size=3,
            unique_by=lambda p: p.name,
        ).map(Object)
    ),
    max_leaves=4,
)


@st.composite
def values_of(draw: st.DrawFn, kind: Any) -> Any:
    """Return a value that fits a type."""
    if isinstance(kind, Array):
        return draw(st.lists(values_of(kind.dtype), max_size=3))
    if isinstance(kind, Map):
        return draw(st.dictionaries(_NAMES, values_of(kind.value_type), max_size=3))
    if isinstance(kind, Object):
        held = {}
        for one in kind.properties:
            if one.required or draw(st.booleans()):
                held[one.name] = draw(values_of(one.dtype))
        return held
    return draw(_SCALARS[kind])


def bits(value: Any) -> Any:
    """Return a value so that two are equal only if they are the same to the bit, NaN any."""
    if isinstance(value, list):
        return [bits(one) for one in value]
    if isinstance(value, dict):
        return {key: bits(one) for key, one in value.items()}
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value.hex()
    return type(value).__name__, value


@pytest.mark.thorough
@given(st.data())
@settings(max_examples=300, deadline=None)
def test_what_fits_is_delivered_to_the_bit(data: st.DataObject) -> None:
    kind = data.draw(_KINDS.filter(lambda kind: isinstance(kind, NestedType)))
    cells = data.draw(st.lists(values_of(kind), min_size=1, max_size=3))
    assert bits(enforce(kind, *cells)) == bits(cells)


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _NAMES | st.binary(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=2),
    max_leaves=5,
)


def _kept(given_value: Any, got: Any, kind: Any) -> bool:
    """Return whether a value is what was given, numbers read at the declared type."""
    if isinstance(given_value, list):
        return len(given_value) == len(got) and all(
            _kept(a, b, kind.dtype) for a, b in zip(given_value, got, strict=True)
        )
    if isinstance(given_value, dict):
        kinds = (
            dict.fromkeys(given_value, kind.value_type)
            if isinstance(kind, Map)
            else {one.name: one.dtype for one in kind.properties}
        )
        return given_value.keys() == got.keys() and all(
            _kept(value, got[key], kinds[key]) for key, value in given_value.items()
        )
    if given_value is None or given_value != given_value:  # noqa: PLR0124 - NaN is missing
        return bool(got is None or got != got)  # noqa: PLR0124 - the same
    if kind is DataType.float and isinstance(given_value, float):
        return bool(got == float(np.float32(given_value)))
    return bool(got == given_value and isinstance(got, bool) == isinstance(given_value, bool))


@pytest.mark.thorough
@given(
    _KINDS.filter(lambda kind: isinstance(kind, NestedType)),
    st.lists(_ANYTHING, min_size=1, max_size=3),
)
@settings(max_examples=300, deadline=None)
def test_anything_is_kept_or_refused(kind: Any, cells: list[Any]) -> None:
    try:
        got = enforce(kind, *cells)
    except InvalidInput as error:
        blamed = {(detail.column, detail.row is None) for detail in error.details}
        got = None
    assert (blamed == {("a", False)}) if got is None else all(map(_kept, cells, got, repeat(kind)))
