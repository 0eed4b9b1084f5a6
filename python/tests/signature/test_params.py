"""Parameters of prediction."""

# ruff: noqa: DTZ001 - a time without zone means UTC here
from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from mlmodel.errors import InvalidArgument, InvalidInput, InvalidModel
from mlmodel.models import infer_signature
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
    moment = dt.datetime(2020, 1, 1)
    defaults = {"k": 1, "t": 0.5, "w": [1, 2], "at": moment, "none": None, "any": None}
    assert SIGNATURE.enforce_params(None) == defaults
    got = SIGNATURE.enforce_params({"k": np.int8(7), "w": np.array([3]), "t": 1, "any": {"x": [1]}})
    assert got == {**defaults, "k": 7, "w": [3], "t": 1.0, "any": {"x": [1]}}
    assert (type(got["k"]), type(got["t"])) == (int, float)


def test_everything_wrong_is_listed() -> None:
    assert rules({"k": 1.5, "w": [1, 2.5], "t": [0.5], "at": 5}) == [
        ("ENF-082", "k", None),
        ("ENF-083", "t", None),
        ("ENF-082", "w", 1),
        ("ENF-082", "at", None),
    ]
    assert rules({"k": None}) == [("ENF-086", "k", None)]
    assert rules({"w": 1}) == [("ENF-083", "w", None)]


def test_nothing_declared() -> None:
    assert ModelSignature().enforce_params(None) is None
    assert ModelSignature().enforce_params({}) is None
    with pytest.warns(UserWarning, match="Parameter 'k' is not declared.*it declares none"):
        assert ModelSignature().enforce_params({"k": 1}) is None


def test_what_is_not_declared_is_left_out_with_one_warning() -> None:
    """ENF-080: whatever it holds, at the caller's line, by all names, of which few are told."""
    signature = ModelSignature(params=[ParamSpec("k", "long", 1)])
    given: dict = {"x": [object()], "k": 2, 3: {}, "long" * 99: np.nan, "K": None}
    with pytest.warns(UserWarning, match="ENF-080") as caught:
        assert signature.enforce_params(given) == {"k": 2}
    assert len(caught) == 1
    assert caught[0].filename == __file__
    text = str(caught[0].message)
    assert "Parameters 'x', 3, 'longlong" in text
    assert "'K' are not declared" in text
    assert "it declares 'k'" in text
    assert len(text) < 300
    with pytest.warns(UserWarning, match="'n9' and 90 more are not declared"):
        signature.enforce_params({f"n{number}": 1 for number in range(100)})


@pytest.mark.parametrize("given", [[1], "k=1", 5, [("k", 1)], {"k"}, False, ()])
def test_parameters_are_a_mapping(given: object) -> None:
    """PYF-030."""
    for signature in (ModelSignature(), SIGNATURE):
        with pytest.raises(InvalidArgument, match="params is a mapping of names.*PYF-030"):
            signature.enforce_params(given)  # type: ignore[arg-type]


_CET = dt.timezone(dt.timedelta(hours=1))


@pytest.mark.parametrize(
    "given",
    [
        "2020-01-01",
        "2020-01-01T00:00:00",
        "2020-01-01T01:00:00+01:00",
        "2020-01-01T00:00:00Z",
        dt.date(2020, 1, 1),
        dt.datetime(2020, 1, 1),
        dt.datetime(2020, 1, 1, 1, tzinfo=_CET),
        pd.Timestamp("2020-01-01"),
        pd.Timestamp("2020-01-01T01:00:00+01:00"),
        np.datetime64("2020-01-01"),
        np.datetime64("2020-01-01", "ns"),
        np.array("2020-01-01", dtype="M8[us]"),
    ],
)
def test_a_moment_is_pythons_own_whatever_it_was(given: object) -> None:
    """PYF-031: given, in lists, within nested values, and as a default."""
    due = dt.datetime(2020, 1, 1)
    declared = Object([Property("at", "datetime"), Property("many", Array("datetime"))])
    signature = ModelSignature(
        params=[
            ParamSpec("one", "datetime", None),
            ParamSpec("many", "datetime", None, (-1,)),
            ParamSpec("nested", declared, None),
            ParamSpec("default", "datetime", given),
        ]
    )
    many = (
        np.array([given], dtype="M8[ns]") if isinstance(given, np.generic | np.ndarray) else [given]
    )
    read = signature.enforce_params(
        {"one": given, "many": many, "nested": {"at": given, "many": many}}
    )
    assert read == {"one": due, "many": [due], "nested": {"at": due, "many": [due]}, "default": due}
    held = [read["one"], *read["many"], read["nested"]["at"], *read["nested"]["many"]]
    assert {type(one) for one in [*held, read["default"]]} == {dt.datetime}
    assert {one.tzinfo for one in held} == {None}


def test_moments_at_the_edge() -> None:
    """PYF-031: nothing of a moment is cut off, and none is None."""
    fine = SIGNATURE.enforce_params({"at": "2020-01-01T00:00:00.123456789"})["at"]
    assert isinstance(fine, dt.datetime)
    assert fine == pd.Timestamp("2020-01-01T00:00:00.123456789")
    assert rules({"at": None, "t": None}) == [("ENF-086", "t", None), ("ENF-086", "at", None)]
    for missing in (pd.NaT, np.datetime64("NaT")):
        assert SIGNATURE.enforce_params({"at": missing})["at"] is None
    many = infer_signature(params={"at": np.array(["2020-01-01"], dtype="M8[ns]")})
    assert many.enforce_params({})["at"] == [dt.datetime(2020, 1, 1)]
    assert ModelSignature.from_dict(many.to_dict()).enforce_params(None) == many.enforce_params({})


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
    assert got["at"] == dt.datetime(2024, 1, 31, 12)
    assert rules({"k": np.float64(1.0), "t": True, "w": np.array([1.5])}) == [
        ("ENF-082", "k", None),
        ("ENF-082", "t", None),
        ("ENF-082", "w", 0),
    ]
    zoned = dt.datetime(2024, 1, 31, 12, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    moment = SIGNATURE.enforce_params({"at": zoned})
    assert moment is not None
    assert moment["at"] == dt.datetime(2024, 1, 31, 11)


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
