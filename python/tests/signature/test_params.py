"""Parameters of prediction."""

# ruff: noqa: DTZ001 - a time without zone means UTC here
from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from mlmodel.errors import InvalidArgument, InvalidInput, InvalidModel
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.nested import AnyType, Array, Object, Property
from mlmodel.types import ParamSchema, ParamSpec

SIGNATURE = ModelSignature(
    params=[
        ParamSpec("k", "long", 1),
        ParamSpec("t", "float", 0.5),
        ParamSpec("w", "long", [1, 2], (-1,)),
        ParamSpec("at", "datetime", "2020-01-01T00:00:00"),
        ParamSpec("none", "string", None),
        ParamSpec("any", AnyType(), None),
    ]
)


def rules(given: dict) -> list[tuple]:
    with pytest.raises(InvalidInput) as caught:
        SIGNATURE.enforce_params(given)
    return [(d.rule, d.column, d.row) for d in caught.value.details]


def test_defaults_and_types() -> None:
    moment = np.datetime64("2020-01-01", "ns")
    defaults = {"k": 1, "t": 0.5, "w": [1, 2], "at": moment, "none": None, "any": None}
    assert SIGNATURE.enforce_params(None) == defaults
    got = SIGNATURE.enforce_params({"k": np.int8(7), "w": np.array([3]), "t": 1, "any": {"x": [1]}})
    assert got == {**defaults, "k": 7, "w": [3], "t": 1.0, "any": {"x": [1]}}
    assert (type(got["k"]), type(got["t"])) == (int, float)
    assert SIGNATURE.enforce_params({"at": dt.datetime(2020, 1, 1)})["at"] == moment


def test_everything_wrong_is_listed() -> None:
    assert rules({"k": 1.5, "w": [1, 2.5], "t": [0.5], "x": 1, "at": 5}) == [
        ("ENF-082", "k", None),
        ("ENF-083", "t", None),
        ("ENF-082", "w", 1),
        ("ENF-082", "at", None),
        ("ENF-080", "x", None),
    ]
    assert rules({"k": None}) == [("ENF-082", "k", None)]
    assert rules({"w": 1}) == [("ENF-083", "w", None)]


def test_nothing_declared() -> None:
    assert ModelSignature().enforce_params(None) is None
    assert ModelSignature().enforce_params({}) is None
    with pytest.raises(InvalidInput, match="'k' is not declared"):
        ModelSignature().enforce_params({"k": 1})


def test_a_default_is_of_its_type() -> None:
    """SIG-009."""
    for kind, default, shape in [
        ("long", 1.5, None),
        ("long", True, None),
        ("string", 1, None),
        ("double", [1.5], None),
        ("double", 1.5, (-1,)),
        ("boolean", 1, None),
    ]:
        spec = ParamSpec("a", kind, default, shape)
        with pytest.raises(InvalidModel, match="SIG-009"):
            ModelSignature(params=[spec]).enforce_params(None)
    assert ModelSignature(params=[ParamSpec("a", "double", 1)]).enforce_params({}) == {"a": 1.0}


def test_a_name_stands_once() -> None:
    with pytest.raises(InvalidArgument, match="SIG-008"):
        ParamSchema([ParamSpec("a", "long", 1), ParamSpec("a", "long", 1)])


def test_the_file_and_back() -> None:
    text = '[{"name": "a", "default": [1.5], "shape": [-1], "type": "double"}]'
    assert ParamSchema.from_json(text).to_json() == text
    assert (
        ParamSchema.from_json('[{"name": "a", "dtype": "long", "default": 1}]')[0].dtype.value
        == "long"
    )
    nested = '[{"name": "a", "default": null, "shape": null, "type": "object", "properties": {}}]'
    assert ParamSchema.from_json(nested).to_json() == nested
    with pytest.raises(InvalidArgument, match="SIG-008"):
        ParamSchema.from_json('[{"name": "a"}]')


def test_binary_is_bytes_or_base64() -> None:
    """ENF-085."""
    signature = ModelSignature(
        params=[ParamSpec("b", "binary", "AP8="), ParamSpec("l", "binary", [b"x"], (-1,))]
    )
    assert signature.enforce_params({}) == {"b": b"\0\xff", "l": [b"x"]}
    got = signature.enforce_params({"b": bytearray(b"y"), "l": ["", b"z"]})
    assert got == {"b": b"y", "l": [b"", b"z"]}
    with pytest.raises(InvalidInput) as caught:
        signature.enforce_params({"b": "?", "l": [b"x", 5]})
    assert [(d.rule, d.column, d.row) for d in caught.value.details] == [
        ("ENF-082", "b", None),
        ("ENF-082", "l", 1),
    ]


def test_numpy_scalars_and_arrays() -> None:
    """ENF-082: in process they stand for themselves."""
    got = SIGNATURE.enforce_params(
        {
            "k": np.array(7),
            "t": np.float32(0.25),
            "w": np.array([3, 4], np.uint8),
            "at": np.datetime64("2024-01-31T12:00", "m"),
        }
    )
    assert got is not None
    assert (got["k"], got["t"], got["w"]) == (7, 0.25, [3, 4])
    assert got["at"] == np.datetime64("2024-01-31T12:00", "ns")
    assert rules({"k": np.float64(1.0), "t": True, "w": np.array([1.5])}) == [
        ("ENF-082", "k", None),
        ("ENF-082", "t", None),
        ("ENF-082", "w", 0),
    ]
    zoned = dt.datetime(2024, 1, 31, 12, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    moment = SIGNATURE.enforce_params({"at": zoned})
    assert moment is not None
    assert moment["at"] == np.datetime64("2024-01-31T11:00", "ns")


def test_defaults_are_held_against_their_type_when_used() -> None:
    """SIG-009: range, depth and shape too; a value that is given is all that counts."""
    for spec in (
        ParamSpec("a", "integer", 2**31),
        ParamSpec("a", "datetime", "31.1.2024"),
        ParamSpec("a", "binary", "?"),
        ParamSpec("a", Object([Property("x", "long")]), {"x": 1.5}),
        ParamSpec("a", Object([Property("x", "long")]), [{"x": 1}]),
        ParamSpec("a", Array("long"), 5),
    ):
        with pytest.raises(InvalidModel, match="SIG-009"):
            ModelSignature(params=[spec]).enforce_params({})
    odd = ModelSignature(params=[ParamSpec("a", "long", "x")])
    assert odd.enforce_params({"a": 1}) == {"a": 1}


def test_defaults_as_the_file_holds_them() -> None:
    """SIG-008: numpy's values too."""
    moment = np.datetime64("2024-01-31T12:00:00", "ns")
    for default, written in (
        (np.int8(1), 1),
        (np.array([1.5, 2.5]), [1.5, 2.5]),
        (moment, "2024-01-31T12:00:00.000000000"),
        ({"x": b"\xff", "y": [moment]}, {"x": "/w==", "y": ["2024-01-31T12:00:00.000000000"]}),
        (dt.date(2024, 1, 31), "2024-01-31"),
    ):
        assert ParamSpec("a", "long", default).to_dict()["default"] == written
