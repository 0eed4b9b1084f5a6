"""The types of signatures, held against MLflow's own: both write and read the same."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from mlmodel.models.signature import ModelSignature
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
    TensorSpec,
)

pytestmark = pytest.mark.slow

#: Python of users of either library, which names these classes alone.
EXPRESSIONS = """
Schema([ColSpec("double", "sepal length (cm)"), ColSpec(DataType.string, "s", required=False)])
Schema([ColSpec("long")])
Schema([ColSpec(type=t.name, name=t.name) for t in DataType])
Schema([ColSpec(Array("long"), "a"), ColSpec(Array(Array(DataType.string)), "b")])
Schema([ColSpec(Object([Property("b", "double"), Property("a", DataType.string, required=False)]), "o")])
Schema([ColSpec(Map("double"), "m"), ColSpec(Map(Array(Map(DataType.boolean))), "n", False)])
Schema([ColSpec(AnyType(), "any"), ColSpec(SparkMLVector(), "v"), ColSpec(Array(AnyType()), "l")])
Schema([ColSpec(Array(Object([Property("p", Object([Property("q", Array("binary"))]))])), "deep")])
Schema([TensorSpec(np.dtype("float32"), (-1, 3))])
Schema([TensorSpec(np.dtype("int64"), [-1], "a"), TensorSpec(np.dtype("str"), (-1, 2), "b")])
[ParamSpec("k", "long", 1), ParamSpec("t", "float", 0.5), ParamSpec("s", DataType.string, None)]
[ParamSpec("l", "double", [0.5, 1.0], shape=(-1,)), ParamSpec("b", "boolean", True)]
[ParamSpec("o", Object([Property("x", "long"), Property("y", "string", False)]), {"x": 1})]
""".strip().splitlines()

SCRIPT = """
import json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from mlflow.models.signature import ModelSignature
from mlflow.types.schema import *
from mlflow.types.schema import Array, Map, Object, Property, SparkMLVector, AnyType
from mlflow.types import ParamSchema
written, read = [], []
for expression, ours in zip(json.loads(sys.argv[1]), json.loads(sys.argv[2])):
    made = eval(expression)
    made = ParamSchema(made) if isinstance(made, list) else made
    written.append(made.to_json())
    read.append(type(made).from_json(ours) == made)
print(json.dumps({"written": written, "read": read}))
"""


def _ours(expression: str) -> Any:
    names = (AnyType, Array, ColSpec, DataType, Map, Object, ParamSpec, Property, Schema)
    known = {one.__name__: one for one in (*names, SparkMLVector, TensorSpec)} | {"np": np}
    made = eval(expression, known)
    if isinstance(made, list):
        return ModelSignature(params=made).params
    return made


def test_both_write_and_read_the_same(run_each_mlflow: Any) -> None:
    """SIG-003, SIG-006, SIG-008, SIG-021."""
    made = list(map(_ours, EXPRESSIONS))
    texts = [one.to_json() for one in made]
    found = run_each_mlflow(SCRIPT, json.dumps(EXPRESSIONS), json.dumps(texts))
    for expression, ours, text, theirs, read in zip(
        EXPRESSIONS, made, texts, found["written"], found["read"], strict=True
    ):
        assert json.loads(text) == json.loads(theirs), expression
        assert read, f"MLflow does not read {text}"
        assert type(ours).from_json(theirs) == ours, expression


ASKED = [
    "[t.to_python().__name__ for t in DataType]",
    "[str(t.to_numpy()) for t in DataType]",
    "[str(np.dtype(t.to_pandas())) for t in DataType]",
    "SCHEMA.input_names()",
    "SCHEMA.required_input_names()",
    "SCHEMA.optional_input_names()",
    "SCHEMA.has_input_names()",
    "SCHEMA.is_tensor_spec()",
    "[str(t) for t in SCHEMA.input_types()]",
    "sorted(SCHEMA.input_dict())",
    "sorted(SCHEMA.input_types_dict())",
    "[str(np.dtype(t)) for t in SCHEMA.numpy_types()]",
    "[str(np.dtype(t)) for t in SCHEMA.pandas_types()]",
]
MADE = 'Schema([ColSpec("double", "a"), ColSpec("datetime", "b", required=False)])'


def test_both_answer_the_same(run_mlflow: Any) -> None:
    script = SCRIPT.partition("written, read")[0] + (
        "SCHEMA = eval(sys.argv[1])\n"
        "print(json.dumps([eval(asked) for asked in json.loads(sys.argv[2])], default=str))\n"
    )
    theirs = run_mlflow(script, MADE, json.dumps(ASKED))
    known = {"DataType": DataType, "SCHEMA": _ours(MADE), "np": np}
    ours = [eval(asked, known) for asked in ASKED]
    for asked, mine, other in zip(ASKED, ours, theirs, strict=True):
        if asked.startswith("[str(t) for t"):
            other = [name.removeprefix("DataType.") for name in other]  # noqa: PLW2901 - its enum's
        assert mine == other, asked
