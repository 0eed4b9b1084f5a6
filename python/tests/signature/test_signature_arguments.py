"""Arguments that make no signature: each is told with what was given and what is expected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlmodel.errors import InvalidArgument
from mlmodel.models import ModelSignature, infer_signature
from mlmodel.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec

INT64 = np.dtype("int64")
WRONG: list[tuple[Any, tuple[Any, ...], str]] = [
    (Schema, (None,), "list of ColSpec or TensorSpec.*None.*SIG-002"),
    (Schema, ("x",), "list of ColSpec or TensorSpec.*'x'.*SIG-002"),
    (Schema, (ColSpec("long"),), "list of ColSpec or TensorSpec.*SIG-002"),
    (Schema, ({"a": "long"},), "list of ColSpec or TensorSpec.*SIG-002"),
    (DataType, ("nonsense",), "'nonsense' is not a column type"),
    (ColSpec, ("nonsense",), "'nonsense' is not a column type"),
    (ColSpec, ("long", ["a"]), r"name of a column is a text, not \['a'\].*SIG-012"),
    (ColSpec, ("long", "a", "x"), "True or False, not 'x'.*SIG-003"),
    (TensorSpec, (INT64, 5), r"tuple of whole numbers.*not 5.*SIG-006"),
    (TensorSpec, (INT64, "x"), r"tuple of whole numbers.*not 'x'.*SIG-006"),
    (TensorSpec, (INT64, (-1, "x")), "tuple of whole numbers.*SIG-006"),
    (ParamSpec, (None, "long", 1), "name of a parameter is a text, not None.*SIG-008"),
    (ParamSpec, ("a", "nonsense", 1), "'nonsense' is not a column type"),
    (ParamSpec, ("a", "long", [1], 5), "shape of the parameter 'a'.*not 5.*SIG-008"),
    (ParamSpec, ("a", "long", [1], "x"), "shape of the parameter 'a'.*not 'x'.*SIG-008"),
    (ParamSchema, ("x",), "list of ParamSpec.*'x'.*SIG-008"),
    (ParamSchema, (5,), "list of ParamSpec.*5.*SIG-008"),
    (ParamSchema, ([1],), "list of ParamSpec.*1.*SIG-008"),
    (ModelSignature, ("x",), "inputs of a signature is a Schema.*'x'"),
    (ModelSignature, (None, 5), "outputs of a signature is a Schema.*5"),
    (ModelSignature, (None, None, "x"), "list of ParamSpec.*'x'"),
    (ModelSignature.from_dict, (None,), "mapping with inputs, outputs and params.*None.*SIG-022"),
    (ModelSignature.from_dict, ("x",), "mapping with inputs, outputs and params.*'x'.*SIG-022"),
    (Schema.from_json, ("x",), "'x' is not a JSON text.*SIG-001"),
    (Schema.from_json, (5,), "5 is not a JSON text.*SIG-001"),
    (Schema.from_json, ("{}",), "list of objects.*SIG-001"),
    (ParamSchema.from_json, ("x",), "'x' is not a JSON text.*SIG-001"),
    (ParamSchema.from_json, ("5",), "list of objects, not 5.*SIG-001"),
    (infer_signature, (None,), "nothing to infer"),
    (infer_signature, ([1.5], None, [1]), r"params is a mapping.*\[1\].*SIG-017"),
    (infer_signature, ([1.5], None, "k"), "params is a mapping.*'k'.*SIG-017"),
    (infer_signature, ([1.5], None, {1: 2}), "name of a parameter is a text, not 1.*SIG-017"),
]


@pytest.mark.parametrize(("call", "arguments", "said"), WRONG)
def test_wrong_arguments_are_told(call: Any, arguments: tuple[Any, ...], said: str) -> None:
    with pytest.raises(InvalidArgument, match=f"(?s){said}"):
        call(*arguments)


def test_a_dtype_that_numpy_does_not_know() -> None:
    """SIG-006: it is told when it is asked for; a signature is read without numpy."""
    with pytest.raises(InvalidArgument, match="'nonsense' is not the name of a numpy dtype"):
        _ = TensorSpec("nonsense", (-1,)).type


def test_other_ways_to_say_the_same() -> None:
    specs = [ParamSpec("a", "long", 1)]
    assert ParamSchema(iter(specs)) == ParamSchema(tuple(specs)) == ParamSchema(specs)
    assert ParamSchema() == ParamSchema([]) == ParamSchema(iter(()))
    assert Schema(iter([ColSpec("long", "a")])) == Schema((ColSpec("long", "a", np.True_),))
    assert TensorSpec(INT64, np.array([-1, 2])) == TensorSpec(INT64, [-1, np.int64(2)])
