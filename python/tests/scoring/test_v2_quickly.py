"""The few steps in which common requests over gRPC are read, held against the reading of all."""

from __future__ import annotations

import random
from typing import Any

import pytest

from mlmodel.errors import MlmodelError
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.v2 import Models, rpc
from mlmodel.scoring.v2.protobuf import message
from mlmodel.scoring.v2.quick import plain_columns
from mlmodel.signature.enforce.matching import Matching
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.nested import Array
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec, Schema

FIELDS = {
    "FP64": ("fp64_contents", [1.5, float("nan"), -0.0, 1e300]),
    "FP32": ("fp32_contents", [1.5, 0.1, float("inf")]),
    "INT64": ("int64_contents", [1, -(2**63), 2**53 + 1]),
    "INT32": ("int_contents", [1, -(2**31)]),
    "INT8": ("int_contents", [1, 300]),
    "BOOL": ("bool_contents", [True, False]),
    "BYTES": ("bytes_contents", [b"x"]),
    "FP16": ("fp32_contents", [1.0]),
}
SIGNATURES = [
    Schema([ColSpec("double", "a"), ColSpec("long", "b"), ColSpec("float", "c", required=False)]),
    Schema([ColSpec("double", "a"), ColSpec("double", "b"), ColSpec("double", "c")]),
    Schema([ColSpec("double"), ColSpec("long")]),
    Schema([ColSpec("integer", "a"), ColSpec("string", "b", required=False)]),
    Schema([ColSpec(Array(DataType.double), "a"), ColSpec("double", "b", required=False)]),
]


def a_request(chance: random.Random) -> Any:
    made = message("ModelInferRequest")(model_name="m", id=chance.choice(["", "7"]))
    kinds = list(FIELDS) if chance.random() < 0.3 else ["FP64", "INT64"]
    names = chance.sample(["a", "b", "c", "d"], chance.randint(1, 4))
    rows = chance.randint(0, 3)
    for name in names:
        datatype = chance.choice(kinds)
        field, cells = FIELDS[datatype if chance.random() < 0.9 else chance.choice(kinds)]
        given = rows if chance.random() < 0.9 else chance.randint(0, 3)
        shape = chance.choice([[rows], [rows], [rows, 1], [1, rows], []])
        one = made.inputs.add(name=name, datatype=datatype, shape=shape)
        getattr(one.contents, field).extend(chance.choices(cells, k=given))
        if chance.random() < 0.05:
            one.contents.fp64_contents.append(1.0)
        if chance.random() < 0.05:
            one.name = "a"
    return made


def said(request: Any, served: Models) -> Any:
    try:
        return rpc.handle("ModelInfer", request.SerializeToString(), served)
    except MlmodelError as error:
        return error.code, error.message, error.details


def test_quick_and_thorough_reading_agree() -> None:
    """A hint of a tensor that says nothing of its elements has the same request read by all rules."""
    chance, plain = random.Random(3), 0
    for schema in SIGNATURES:
        signature = ModelSignature(schema)
        served = Models()
        served.add("m", lambda signature=signature: Engine(lambda data, _: data, signature))
        served.load("m")
        for _ in range(600):
            request = a_request(chance)
            quick = said(request, served)
            plain += plain_columns(request, Matching(schema)) is not None
            request.inputs[0].parameters["content_type"].string_param = "np"
            assert plain_columns(request, Matching(schema)) is None
            assert quick == said(request, served), request
    assert plain > 100


@pytest.mark.parametrize("change", ["parameters", "outputs", "raw_input_contents", "inputs"])
def test_what_is_not_plain_is_not_read_quickly(change: str) -> None:
    request = message("ModelInferRequest")(model_name="m")
    one = request.inputs.add(name="a", datatype="FP64", shape=[1])
    one.contents.fp64_contents.append(1.0)
    matching = Matching(Schema([ColSpec("double", "a")]))
    assert plain_columns(request, matching) is not None
    if change == "parameters":
        request.parameters["p"].int64_param = 1
    elif change == "outputs":
        request.outputs.add(name="a")
    elif change == "raw_input_contents":
        request.raw_input_contents.append(bytes(8))
    else:
        one.parameters["p"].int64_param = 1
    assert plain_columns(request, matching) is None
