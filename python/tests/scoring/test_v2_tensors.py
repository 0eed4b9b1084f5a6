"""Tensors of the Open Inference Protocol, there and back, in JSON and in binary form (OIP-047)."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlmodel.errors import MalformedRequest, UnserializablePrediction
from mlmodel.models import Model, infer_signature
from mlmodel.pyfunc import PyFuncModel
from mlmodel.scoring.v2 import (
    InferRequest,
    Models,
    Tensor,
    from_raw,
    handle,
    infer,
    raw_form,
    to_raw,
)

NUMBERS = ["bool", *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
           "float16", "float32", "float64"]  # fmt: skip
SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4)
ARRAYS = st.sampled_from(NUMBERS).flatmap(lambda dtype: hnp.arrays(dtype, SHAPES))
#: What JSON and UTF-8 can hold.
TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)


def _models(answer: Any, signature: Any = None) -> Models:
    """Return a server whose one model answers this, and one that answers with what it gets."""
    models = Models()
    description = Model(signature=signature)
    models.add("answer", lambda: PyFuncModel(Model(), lambda _given, _params: answer).engine)
    models.add("echo", lambda: PyFuncModel(description, lambda given, _params: given).engine)
    models.load("answer")
    models.load("echo")
    return models


def _ask(models: Models, name: str, document: dict[str, Any], binary: bytes | None = None) -> Any:
    body = json.dumps(document).encode()
    headers = {}
    if binary is not None:
        headers["Inference-Header-Content-Length"] = str(len(body))
    answer = handle("POST", f"/v2/models/{name}/infer", headers, body + (binary or b""), models)
    assert answer.status == 200, answer.body
    length = dict(answer.headers).get("Inference-Header-Content-Length")
    if length is None:
        return json.loads(answer.body), None
    return json.loads(answer.body[: int(length)]), answer.body[int(length) :]


def _sent_back(answer: Any, signature: Any = None, *, binary: bool = False) -> Any:
    """Return what a model gets if an answer is sent back as it came, and the datatypes."""
    models = _models(answer, signature)
    got = []
    models.add("keep", lambda: PyFuncModel(
        Model(signature=signature), lambda given, _params: got.append(given) or [0]).engine)  # fmt: skip
    models.load("keep")
    one = {"name": "x", "datatype": "BOOL", "shape": [1], "data": [True]}
    asked = {"inputs": [one], "parameters": {"binary_data_output": binary}}
    answered, rest = _ask(models, "answer", asked)
    request = {"inputs": answered["outputs"], "parameters": answered["parameters"]}
    _ask(models, "keep", request, rest)
    return got[0]


def _assert_same(left: Any, right: Any) -> None:
    assert left.dtype == right.dtype
    assert left.shape == right.shape
    if left.dtype.kind == "f":
        # NaN comes back as NaN, every other number to the bit.
        assert np.array_equal(np.isnan(left), np.isnan(right))
        left, right = left[~np.isnan(left)], right[~np.isnan(right)]
    assert left.tobytes() == right.tobytes()


@pytest.mark.thorough
@given(ARRAYS, st.booleans())
@settings(deadline=None, max_examples=150)
def test_numbers_come_back(array: Any, binary: bool) -> None:
    _assert_same(_sent_back(array, binary=binary), array)


@given(st.lists(TEXTS, min_size=1, max_size=4), st.booleans())
@settings(deadline=None, max_examples=50)
def test_texts_come_back(texts: list[str], binary: bool) -> None:
    assert _sent_back(np.array(texts, object), binary=binary).tolist() == texts


@given(st.lists(st.binary(max_size=5), min_size=1, max_size=4), st.booleans())
@settings(deadline=None, max_examples=50)
def test_bytes_come_back(cells: list[bytes], binary: bool) -> None:
    array = np.empty(len(cells), object)
    array[:] = cells
    assert _sent_back(array, binary=binary).tolist() == cells


@pytest.mark.thorough
@given(
    st.lists(st.tuples(st.none() | TEXTS, st.none() | st.datetimes(
        pd.Timestamp("1700-01-01").to_pydatetime(), pd.Timestamp("2200-01-01").to_pydatetime()),
        st.floats(), st.integers(-(2**63), 2**63 - 1), st.booleans(), st.none() | st.binary(max_size=4)),
        min_size=1, max_size=5),
    st.booleans(),
)  # fmt: skip
@settings(deadline=None, max_examples=80)
def test_a_table_comes_back(rows: list[Any], binary: bool) -> None:
    frame = pd.DataFrame(rows, columns=list("abcdef"))
    frame = frame.astype({"b": "datetime64[ns]", "c": float, "d": "int64", "e": bool})
    frame["f"] = frame["f"].astype(object)
    full = pd.DataFrame([("x", pd.Timestamp(0), 0.5, 1, True, b"x")], columns=list("abcdef"))
    got = _sent_back(frame, infer_signature(full), binary=binary)
    assert list(got.columns) == list("abcdef")
    assert got["d"].dtype == "int64"
    for name in "abcdef":
        for left, right in zip(got[name], frame[name], strict=True):
            assert (pd.isna(left) and pd.isna(right)) or left == right
    signs = [math.copysign(1, value) for value in frame["c"] if not math.isnan(value)]
    assert [math.copysign(1, value) for value in got["c"] if not math.isnan(value)] == signs


@given(ARRAYS)
@settings(deadline=None, max_examples=100)
def test_raw_contents_come_back(array: Any) -> None:
    datatype = {"bool": "BOOL"}.get(array.dtype.name) or array.dtype.name.upper().replace(
        "FLOAT", "FP"
    )
    tensor = raw_form(Tensor("x", datatype, array.shape, array))
    back = from_raw(to_raw(tensor), datatype, array.shape, "x")
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()


@given(st.binary(max_size=40), st.integers(0, 6))
@settings(deadline=None, max_examples=200)
def test_whatever_bytes_are_elements_or_refused(data: bytes, count: int) -> None:
    try:
        read = from_raw(data, "BYTES", (count,), "x")
    except MalformedRequest:
        return
    assert to_raw(raw_form(Tensor("x", "BYTES", (count,), read))) == data


def test_what_a_model_gets_is_its_own_to_write_into() -> None:
    def write(given: Any, _params: Any) -> Any:
        assert given.flags.aligned
        given += 1
        return given

    models = Models()
    models.add("m", lambda: PyFuncModel(Model(), write).engine)
    models.load("m")
    # Behind JSON of an odd length the numbers do not stand at a multiple of their size.
    for pad in range(8):
        entry = {"name": "x" * (pad + 1), "datatype": "FP64", "shape": [1],
                 "parameters": {"binary_data_size": 8}}  # fmt: skip
        answered, _ = _ask(models, "m", {"inputs": [entry]}, np.array([1.5], "<f8").tobytes())
        assert answered["outputs"][0]["data"] == [2.5]


def test_the_core_takes_typed_tensors_without_json() -> None:
    """As a carrier of typed messages has them: bytes for text, arrays for numbers."""
    example = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    models = _models(None, infer_signature(example))
    inputs = [
        Tensor("b", "BYTES", (2,), np.array(["é".encode(), b"y"], object)),
        Tensor("a", "INT64", (2,), np.array([2**53 + 1, 2])),
    ]
    answer = infer(models.find("echo"), InferRequest(inputs, id="7"))
    assert answer.id == "7"
    assert [tensor.name for tensor in answer.outputs] == ["a", "b"]
    assert answer.outputs[0].values.tolist() == [2**53 + 1, 2]
    raw = raw_form(answer.outputs[1])
    assert raw.values.tolist() == ["é".encode(), b"y"]


def test_half_a_surrogate_pair_has_no_form() -> None:
    models = _models(np.array(["\ud800"], object))
    one = [Tensor("x", "BOOL", (1,), np.array([True]))]
    answer = infer(models.find("answer"), InferRequest(one))
    with pytest.raises(UnserializablePrediction):
        raw_form(answer.outputs[0])
    entry = {"name": "x", "datatype": "BOOL", "shape": [1], "data": [True]}
    body = json.dumps({"inputs": [entry]}).encode()
    assert handle("POST", "/v2/models/answer/infer", {}, body, models).status == 500
