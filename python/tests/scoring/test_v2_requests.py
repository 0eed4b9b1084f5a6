"""Requests of the Open Inference Protocol as a whole: whatever comes, and what no client sees."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmodel.errors import InvalidModel
from mlmodel.models import Model, infer_signature
from mlmodel.pyfunc import PyFuncModel
from mlmodel.scoring.v2 import Models, handle

EXAMPLE = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [0.5, 1.5], "d": [b"x", b"y"]})


def _echo(given: Any, _params: Any) -> Any:
    return given


@pytest.fixture(scope="module")
def models() -> Models:
    made = Models()
    for name, signature in {
        "columns": infer_signature(EXAMPLE),
        "tensor": infer_signature(np.zeros((2, 2), np.float32)),
        "tensors": infer_signature({"x": np.zeros(2, np.int8), "y": np.zeros((2, 1))}),
        "nothing": None,
        "unnamed": infer_signature(np.zeros((2, 3))),
    }.items():
        description = Model(signature=signature)
        made.add(name, lambda description=description: PyFuncModel(description, _echo).engine)
        made.load(name)
    return made


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
NAMES = st.sampled_from(["a", "b", "c", "d", "x", "y", "input-0", "input-1", "z"])
DATATYPES = st.sampled_from(
    ["BOOL", "INT8", "INT64", "UINT64", "FP16", "FP32", "FP64", "BF16", "BYTES", "?"]
)
CELLS = JSON | st.sampled_from([1, 2**64, 0.1, "YQ==", "2024-01-31", '{"a": 1}', None, True, "a"])
HINTS = st.sampled_from(["pd", "np", "str", "dict", "base64", "datetime", "pd_json", "?", None, 1])


@st.composite
def tensors(draw: Any) -> Any:
    """Draw what is nearly a tensor."""
    shape = draw(st.lists(st.integers(0, 3), max_size=3) | JSON)
    count = 1
    for axis in shape if isinstance(shape, list) else ():
        count *= axis if isinstance(axis, int) and 0 <= axis < 4 else 1
    data = draw(st.lists(CELLS, min_size=count, max_size=count) | JSON)
    made = {"name": draw(NAMES), "datatype": draw(DATATYPES), "shape": shape, "data": data}
    if draw(st.booleans()):
        made["parameters"] = {"content_type": draw(HINTS)}
    if draw(st.integers(0, 9)) == 0:
        made.pop("data")
        made["parameters"] = {"binary_data_size": draw(st.integers(-1, 20) | JSON)}
    return made


@pytest.mark.slow
@given(
    st.sampled_from(["columns", "tensor", "tensors", "nothing", "unnamed"]),
    st.lists(tensors(), max_size=4) | JSON,
    st.dictionaries(st.sampled_from(["n", "binary_data_output", "content_type"]), HINTS | JSON),
    st.none() | st.lists(st.fixed_dictionaries({"name": NAMES}), max_size=2) | JSON,
    st.none() | st.binary(max_size=24),
)
@settings(deadline=None, max_examples=400)
def test_no_request_is_a_fault_of_ours(
    models: Models, name: str, inputs: Any, parameters: Any, outputs: Any, binary: bytes | None
) -> None:
    document = {"inputs": inputs, "parameters": parameters, "outputs": outputs}
    body = json.dumps(document).encode()
    headers = {} if binary is None else {"Inference-Header-Content-Length": str(len(body))}
    answer = handle("POST", f"/v2/models/{name}/infer", headers, body + (binary or b""), models)
    length = dict(answer.headers).get("Inference-Header-Content-Length", len(answer.body))
    said = json.loads(answer.body[: int(length)])
    # 500 is for a missing integer that is asked for in binary form.
    assert answer.status in (200, 400, 415) or said["error_code"] == "UNSERIALIZABLE_PREDICTION"
    assert answer.status == 200 or said["error"].endswith((".", ")", "?"))


@given(st.binary(max_size=60), st.none() | st.text(max_size=4), st.text(max_size=20))
@settings(deadline=None, max_examples=200)
def test_whatever_bytes_and_paths_are_answered(
    models: Models, body: bytes, length: str | None, path: str
) -> None:
    headers = {} if length is None else {"Inference-Header-Content-Length": length}
    answer = handle("POST", "/v2/models/nothing/infer", headers, body, models)
    assert answer.status == 400
    for method in ("GET", "POST"):
        assert handle(method, f"/v2{path}", {}, body, models, repository=True).status in (
            200, 400, 404, 405,
        )  # fmt: skip


@pytest.mark.parametrize(("record", "mark"), [({}, "nan"), ({"b": {"missing": "none"}}, "none")])
@pytest.mark.parametrize(("data", "hint"), [(["x", None], "str"), (['"x"', "null"], "pd_json")])
def test_a_missing_text_has_the_mark_of_the_model(
    record: Any, mark: str, data: Any, hint: str
) -> None:
    """NaN by itself (ENF-051), None where that is recorded (ENF-093); bytes have None."""
    got = []
    signature = infer_signature(EXAMPLE[["b", "d"]])
    described = Model.from_dict(
        {"signature": signature.to_dict(), "metadata": {"mlmodel": {"columns": record}}}
    )
    models = Models()
    models.add("m", lambda: PyFuncModel(described, lambda given, _: got.append(given) or 1).engine)
    models.load("m")
    inputs = [
        {"name": "b", "datatype": "BYTES", "shape": [2], "data": data,
         "parameters": {"content_type": hint}},
        {"name": "d", "datatype": "BYTES", "shape": [2], "data": ["YQ==", None]},
    ]  # fmt: skip
    body = json.dumps({"inputs": inputs}).encode()
    assert handle("POST", "/v2/models/m/infer", {}, body, models).status == 200
    assert got[0]["b"].tolist()[0] == "x"
    assert repr(got[0]["b"].tolist()[1]).lower() == mark
    assert got[0]["d"].tolist() == [b"a", None]


class _Broken(Models):
    def find(self, name: str, version: str | None = None) -> Any:
        raise RuntimeError(f"/srv/secret {name} {version}")


def test_a_fault_of_ours_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    answer = handle("GET", "/v2/models/m", {}, b"", _Broken())
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert json.loads(answer.body)["error_code"] == "INTERNAL_ERROR"
    assert "secret" in caplog.text


def test_what_a_model_raises_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_given: Any, _params: Any) -> Any:
        raise ValueError("secret")

    models = Models()
    models.add("m", lambda: PyFuncModel(Model(), fail).engine)
    models.load("m")
    body = b'{"inputs": [{"name": "x", "datatype": "FP64", "shape": [1], "data": [1.5]}]}'
    answer = handle("POST", "/v2/models/m/infer", {}, body, models)
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert "secret" in caplog.text


def test_a_terse_server_tells_rules_alone(models: Models) -> None:
    body = b'{"inputs": [{"name": "a", "datatype": "INT8", "shape": [1], "data": [300]}]}'
    answer = handle("POST", "/v2/models/columns/infer", {}, body, models, terse=True)
    said = json.loads(answer.body)
    assert said["error"] == said["error_code"] == "INVALID_INPUT"
    assert said["details"][0] == {"rule": "ENF-043"}


def test_a_name_of_a_parameter_begins_no_header(models: Models) -> None:
    entry = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1.5, 2.5]}
    document = {"inputs": [entry], "parameters": {"é\r\nSet-Cookie: a": 1}}
    body = json.dumps(document).encode()
    answer = handle("POST", "/v2/models/tensor/infer", {}, body, models)
    said = dict(answer.headers)["MLmodel-Warning"]
    assert said.isascii()
    assert said.isprintable()
    assert "ENF-080" in said


def test_a_head_request_has_no_body(models: Models) -> None:
    answer = handle("HEAD", "/v2/health/live", {}, b"", models)
    assert (answer.status, answer.body) == (200, b"")


def test_what_was_ready_stays_so_where_loading_fails() -> None:
    models = Models()
    works = [True]

    def load() -> Any:
        if not works:
            raise InvalidModel("The model is broken.")
        return PyFuncModel(Model(), _echo).engine

    models.add("m", load)
    models.load("m")
    works.clear()
    answer = handle("POST", "/v2/repository/models/m/load", {}, b"", models, repository=True)
    assert answer.status == 500
    assert handle("GET", "/v2/models/m/ready", {}, b"", models).status == 200


def test_a_change_of_a_model_leaves_the_others_alone() -> None:
    """So that thousands of models are added in a time that grows with their number."""
    made, engine = Models(), PyFuncModel(Model(), _echo).engine
    made.add("a", lambda: engine, "1")
    before = made.find("a")
    made.add("b", lambda: engine)
    made.load("b")
    assert made.find("a") is before
    assert made.find("b").engine is engine


def test_the_version_that_was_added_last_is_preferred() -> None:
    made, engine = Models(), PyFuncModel(Model(), _echo).engine
    for version in ("1", None, "2", "1"):
        made.add("a", lambda: engine, version)
    made.add("b", lambda: engine, "7")
    assert [(one.name, one.version) for one in made.served()] == [
        ("a", None), ("a", "2"), ("a", "1"), ("b", "7")
    ]  # fmt: skip
    assert made.find("a").version == "1"
    assert {made.find("a", one).versions for one in ("1", "2", None)} == {("2", "1")}
    made.load("a")
    assert [one.engine for one in made.served()] == [engine, engine, engine, None]
    made.unload("a")
    assert {one.engine for one in made.served()} == {None}
    assert made.find("a").version == "1"
