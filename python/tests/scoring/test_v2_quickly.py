"""The few steps in which common requests over gRPC are read, held against the reading of all."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
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
_WIDE = {"FP64": "<f8", "FP32": "<f4", "INT64": "<i8", "INT32": "<i4"}
DTYPES = {**_WIDE, "FP16": "<f2", "INT8": "i1", "BOOL": "?", "BYTES": "u1"}
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


def as_raw(request: Any, chance: random.Random) -> Any:
    """Put the elements into raw contents; now and then not those of all, or not as they should."""
    for one in request.inputs:
        dtype = DTYPES[one.datatype]
        given = [cell for _, cells in one.contents.ListFields() for cell in cells]
        numbers = [cell for cell in given if not isinstance(cell, bytes)]
        cells = (
            numbers
            if np.dtype(dtype).kind == "f"
            else [int(np.nan_to_num(n)) % 100 for n in numbers]
        )
        with np.errstate(over="ignore"):
            raw = np.array(cells, dtype).tobytes()
        request.raw_input_contents.append(raw[: chance.choice([len(raw)] * 30 + [-1])])
        if chance.random() < 0.98:
            one.ClearField("contents")
    if chance.random() < 0.05:
        request.raw_input_contents.append(b"")
    return request


def said(request: Any, served: Models) -> Any:
    try:
        return rpc.handle("ModelInfer", request.SerializeToString(), served)
    except MlmodelError as error:
        return error.code, error.message, error.details


@pytest.mark.thorough
def test_quick_and_thorough_reading_agree() -> None:
    """A hint of a tensor that says nothing of its elements has the same request read by all rules."""
    chance, plain = random.Random(3), [0, 0]
    for schema in SIGNATURES:
        signature = ModelSignature(schema)
        served = Models()
        served.add("m", lambda signature=signature: Engine(lambda data, _: data, signature))
        served.load("m")
        for number in range(1200):
            request = a_request(chance)
            if number % 2:
                request = as_raw(request, chance)
            quick = said(request, served)
            plain[number % 2] += plain_columns(request, Matching(schema)) is not None
            request.inputs[0].parameters["content_type"].string_param = "np"
            assert plain_columns(request, Matching(schema)) is None
            assert quick == said(request, served), request
    assert min(plain) > 100, plain


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


def raw_request(**columns: Any) -> Any:
    made = message("ModelInferRequest")(model_name="m")
    for name, cells in columns.items():
        made.inputs.add(name=name, datatype="FP64", shape=[len(cells), 1])
        made.raw_input_contents.append(np.array(cells, "<f8").tobytes())
    return made


def test_raw_numbers_are_read_quickly_into_an_array_that_is_the_models_own() -> None:
    matching = Matching(Schema([ColSpec("double", "a"), ColSpec("double", "b")]))
    read = plain_columns(raw_request(a=[1.5, -0.0], b=[2.5, 1e300]), matching)
    assert read is not None
    (block,) = read.blocks
    assert (read.names, read.rows, block.positions) == (("a", "b"), 2, (0, 1))
    assert block.values.tolist() == [[1.5, 2.5], [-0.0, 1e300]]
    assert block.values.flags.writeable
    assert block.values.flags.aligned


@pytest.mark.parametrize("change", ["short", "long", "fewer", "more", "beside", "shape", "twice"])
def test_raw_numbers_that_do_not_fit_are_not_read_quickly(change: str) -> None:
    request = raw_request(a=[1.0, 2.0], b=[3.0, 4.0])
    matching = Matching(Schema([ColSpec("double", "a"), ColSpec("double", "b")]))
    assert plain_columns(request, matching) is not None
    raw = request.raw_input_contents
    if change == "short":
        raw[1] = raw[1][:-1]
    elif change == "long":
        raw[0] += bytes(8)
    elif change == "fewer":
        del raw[1]
    elif change == "more":
        raw.append(bytes(16))
    elif change == "beside":
        request.inputs[1].contents.SetInParent()
    elif change == "shape":
        request.inputs[1].shape[:] = [1, 2]
    else:
        request.inputs[1].name = "a"
    assert plain_columns(request, matching) is None
