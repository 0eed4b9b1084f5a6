"""Parameters of prediction."""

# ruff: noqa: DTZ001 - a time without zone means UTC here
from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from mlmodel.errors import InvalidArgument, InvalidInput, InvalidModel
from mlmodel.signature.types import ModelSignature, NestedType
from mlmodel.types import ParamSchema, ParamSpec

SIGNATURE = ModelSignature(
    params=[
        ParamSpec("k", "long", 1),
        ParamSpec("t", "float", 0.5),
        ParamSpec("w", "long", [1, 2], (-1,)),
        ParamSpec("at", "datetime", "2020-01-01T00:00:00"),
        ParamSpec("none", "string", None),
        ParamSpec("any", NestedType({"type": "object"}), None),
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
