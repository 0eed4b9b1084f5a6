"""What a change of the signature means for callers."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlmodel.errors import InvalidInput
from mlmodel.signature.compare.diff import compare_signatures
from mlmodel.signature.compare.widening import CALLERS, Caller, dtype_refusal, type_refusal
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.nested import AnyType, Array, Map, NestedType, Object, Property
from mlmodel.signature.types.params import ParamSpec
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

#: Columns of every dtype, with the extreme values of it.
TYPED: list[Any] = [
    *[np.array([np.iinfo(d).min, np.iinfo(d).max], d)
      for d in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")],
    *[np.array([np.finfo(d).min, np.finfo(d).max, np.nan], d)
      for d in ("float16", "float32", "float64")],
    np.array([True, False]), np.array(["x", None], object), np.array([b"x", None], object),
    np.array(["2020-01-01", "NaT"], "datetime64[ns]"),
]  # fmt: skip
#: Literals at the borders of what types take.
UNTYPED: list[Any] = [
    None, True, "x", "2020-01-01", "eA==", 1.5, 1e300, 0, -1,
    *[sign * 2**bits + more for bits in (7, 8, 15, 16, 24, 31, 32, 53, 63)
      for sign in (1, -1) for more in (-1, 0, 1)],
]  # fmt: skip


def takes(kind: Any, value: Any) -> bool:
    frame = pd.DataFrame({"a": value}) if isinstance(value, np.ndarray) else [{"a": value}]
    try:
        ModelSignature(Schema([ColSpec(kind, "a")])).enforce(frame)
    except InvalidInput:
        return False
    return True


@pytest.mark.parametrize(("caller", "values"), [("typed", TYPED), ("untyped", UNTYPED)])
@pytest.mark.parametrize("wrap", [lambda kind: kind, Array], ids=["column", "array"])
def test_what_is_told_is_what_enforcement_does(
    caller: Caller, values: list[Any], wrap: Any
) -> None:
    """SIG-050, SIG-054, SIG-056: nothing that was taken is refused, unless it was told."""

    def given(value: Any) -> Any:
        if wrap is not Array:
            return value
        return np.array([value, None], object)[:1] if isinstance(value, np.ndarray) else [value]

    taken = {kind: [takes(wrap(kind), given(value)) for value in values] for kind in DataType}
    for old, new in itertools.permutations(DataType, 2):
        refused = any(had and not has for had, has in zip(taken[old], taken[new], strict=True))
        told = type_refusal(wrap(old), wrap(new), caller)
        # Text for bytes is taken in JSON alone, as base64: of Python's values there is no sample.
        if refused:
            assert told, f"{old} -> {new}"
        if told and not {old, new} & {DataType.binary, DataType.datetime, DataType.string}:
            assert refused, f"{old} -> {new}: {told}"


NUMBERS = ("bool", "int8", "int16", "uint8", "int32", "uint32", "int64", "uint64", "float16",
           "float32", "float64")  # fmt: skip


@pytest.mark.parametrize("dtypes", list(itertools.permutations(NUMBERS, 2)))
def test_tensors_of_numbers(dtypes: tuple[str, str]) -> None:
    """SIG-057: typed callers by dtype, untyped ones by what numpy casts exactly."""
    old, new = (((name), (-1,)) for name in dtypes)
    assert dtype_refusal(old, new, "typed") == f"arrays of {dtypes[0]} are refused"
    exact = np.can_cast(dtypes[0], dtypes[1]) and dtypes[0] != "bool"
    # numpy takes 64 bits for exact in float64.
    exact = exact and (dtypes[0], dtypes[1]) not in {("int64", "float64"), ("uint64", "float64")}
    assert (dtype_refusal(old, new, "untyped") is None) == exact


def test_messages_say_who_breaks_and_why() -> None:
    old = ModelSignature(Schema([ColSpec("long", "a"), ColSpec("string", "b", required=False)]))
    new = ModelSignature(Schema([ColSpec("integer", "a"), ColSpec("string", "b")]))
    found = compare_signatures(old, new)
    typed = "columns of int64, uint32 are refused"
    untyped = "values outside of -2^31 to 2^31 - 1 are refused"
    assert [change.message for change in found.changes] == [
        f"long becomes integer: {typed} (typed callers); {untyped} (untyped callers)",
        "it must be given from now on, in every row",
    ]
    assert not found.compatible
    assert found.as_dict()["breaks"] == list(CALLERS)
    assert len(found.breaking(["typed"])) == 2


def test_one_group_of_callers_alone() -> None:
    old = ModelSignature(Schema([ColSpec("datetime", "a")]))
    new = ModelSignature(Schema([ColSpec("string", "a")]))
    found = compare_signatures(old, new)
    assert found.breaking(["untyped"]) == []
    assert found.as_dict()["breaks"] == ["typed"]
    assert "columns of datetime are refused (typed callers)" in found.changes[0].message


def test_defaults_of_every_kind_are_compared() -> None:
    """SIG-062."""
    first = ModelSignature(params=[ParamSpec("p", "binary", b"x")])
    second = ModelSignature(params=[ParamSpec("p", "binary", b"y")])
    assert compare_signatures(first, first).changes == ()
    (change,) = compare_signatures(first, second).changes
    assert change.message == 'the default "eA==" becomes "eQ=="'


def test_neither_numpy_nor_pandas_is_needed() -> None:
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['numpy', 'pandas', 'pyarrow']))\n"
        "from mlmodel.signature.compare.diff import compare_signatures\n"
        "from mlmodel.types import ColSpec, Schema, TensorSpec\n"
        "from mlmodel.models import ModelSignature\n"
        "a = ModelSignature(Schema([TensorSpec('int32', (-1,))]))\n"
        "b = ModelSignature(Schema([TensorSpec('int64', (-1,))]))\n"
        "print(compare_signatures(a, b).as_dict()['breaks'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['typed']\n"


def test_partly_named_columns_go_by_position() -> None:
    """SIG-020, SIG-051."""
    partly = [{"type": "long", "name": "a"}, {"type": "string"}]
    with pytest.warns(UserWarning, match="SIG-020"):
        old = ModelSignature.from_dict({"inputs": json.dumps(partly)})
    new = ModelSignature(Schema([ColSpec("long"), ColSpec("double")]))
    (change,) = compare_signatures(old, new).changes
    assert (change.name, change.change) == (1, "type")


def test_types_in_types_are_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLM-038: not at every level all that is below it."""
    asked = []
    equal = NestedType.__eq__
    monkeypatch.setattr(
        NestedType, "__eq__", lambda self, other: asked.append(1) or equal(self, other)
    )
    kinds: list[Any] = [DataType.long, DataType.string]
    for _ in range(60):
        kinds = [Array(kind) for kind in kinds]
    old, new = (ModelSignature(Schema([ColSpec(kind, "a")])) for kind in kinds)
    (change,) = compare_signatures(old, new).changes
    assert change.rule == "SIG-056"
    assert change.breaks == CALLERS
    assert "its items: integer is refused, text is expected" in change.message
    assert len(asked) <= 4


@pytest.mark.parametrize("caller", CALLERS)
def test_equal_types_refuse_nothing(caller: Caller) -> None:
    kind = Object([Property("a", Array("long")), Property("b", Map("datetime"), required=False)])
    assert type_refusal(kind, kind, caller) is None
    assert type_refusal(Array(kind), Array(AnyType()), caller) is None


def test_what_is_said_of_a_large_declaration_is_short() -> None:
    """MLM-038: types, shapes, defaults and properties."""
    many = [Property(f"p{n}" * 30, "long") for n in range(500)]
    pairs = [
        [Schema([ColSpec(Object(many[:place]), "a")]) for place in (1, 500)],
        [Schema([TensorSpec("float64", [-1] * 500 + [last])]) for last in (2, 3)],
    ]
    signatures = [[ModelSignature(schema) for schema in pair] for pair in pairs]
    texts = [ParamSpec("p", "string", "x" * 9_000 + end) for end in "ab"]
    lists = [ParamSpec("p", "long", [1] * 9_000 + [end], (-1,)) for end in (1, 2)]
    signatures += [[ModelSignature(params=[one]) for one in pair] for pair in (texts, lists)]
    signatures.append([ModelSignature(params=[]), ModelSignature(params=[texts[0]])])
    for old, new in signatures:
        (change,) = compare_signatures(old, new).changes
        assert len(change.message) < 700
        assert "…" in change.message
