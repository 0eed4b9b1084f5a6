"""What other tools send: taken, or told what it is and what to send instead."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from mlmodel.errors import MlmodelError
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations import score
from mlmodel.scoring.invocations.checking import check_input
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.params import ParamSchema, ParamSpec
from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

JSON, CSV = "application/json", "text/csv"
AB = ModelSignature(Schema([ColSpec("double", "a"), ColSpec("string", "b")]))
WITH_PARAMS = ModelSignature(
    Schema([ColSpec("double", "a")]), params=ParamSchema([ParamSpec("k", "long", 1)])
)
V2 = {"inputs": [{"name": "a", "shape": [1], "datatype": "FP64", "data": [1.0]}]}


def refusal(body: str | bytes, content_type: str, signature: ModelSignature | None = AB) -> str:
    """Return what is said of a body that is refused before the model is asked."""
    body = body.encode() if isinstance(body, str) else body
    with pytest.raises(MlmodelError) as raised:
        score(content_type, body, Engine(lambda *_: pytest.fail("asked"), signature))
    assert 400 <= raised.value.http_status < 500
    checked = check_input(content_type, body, signature)
    assert str(checked.error) == str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        (json.dumps(V2), JSON, "Open Inference Protocol"),
        (json.dumps(V2), JSON, '{"inputs": {"NAME"'),
        ('{"a": 1}\n', "application/jsonlines", "one JSON value per line"),
        ('{"a": 1}\n', "application/x-ndjson; charset=utf-8", "under instances"),
        ("a,b\n", "application/csv", "CSV is text/csv"),
        ('{"a": 1}', "application/x-www-form-urlencoded", "Content-Type: application/json"),
        ('{"instances": [], "parameters": {}}', JSON, "stand under params"),
        ('{"features": [1, 2]}', JSON, "rows stand under instances"),
        ("a;b\n1;x\n", CSV, "separated by semicolons; separate them by commas"),
        ("a\tb\n1\tx\n", CSV, "separated by tabs"),
        ("a|b\n1|x\n", CSV, "separated by vertical bars"),
        ('"a";"b"\n1;"x"\n', CSV, "separated by semicolons"),
        ('a;"b"\n1;"x"\n', CSV, "separated by semicolons"),
        ('a\t"b"\n', CSV, "separated by tabs"),
        ('a,b\n1,"x" y\n', CSV, "a quote out of place"),
        ("a,b\r1,x\r", CSV, "carriage return (CR) alone"),
        ('"a","b"\r1,"x\ry"\r', CSV, "carriage return (CR) alone"),
        ("1,x\n", CSV, "put a line with the names in front"),
        ("a,b\n1,é\n".encode("latin-1"), CSV, "convert it to UTF-8"),
        ("a,b\n1,x\n".encode("utf-16"), CSV, "in UTF-16"),
        ("a,b\n1,x\n".encode("utf-16-be"), CSV, "in UTF-16"),
        ("a,b\n1,x\n".encode("utf-32"), CSV, "UTF-32"),
        ('{"inputs": {}}'.encode("utf-16"), JSON, "in UTF-16"),
        ('{"inputs": {}}'.encode("utf-8-sig"), JSON, "byte order mark; send UTF-8 without one"),
    ],
)
def test_it_is_told_what_it_is(body: str | bytes, content_type: str, said: str) -> None:
    """RST-004, RST-096, RST-098."""
    assert said in refusal(body, content_type)


def test_tensors_without_envelope_are_told_where_they_stand() -> None:
    """RST-091."""
    tensors = ModelSignature(Schema([TensorSpec("float64", (-1, 2), "x")]))
    assert "as an object under inputs" in refusal('{"x": [[1, 2]]}', JSON, tensors)


def test_a_missing_word_is_told_as_a_missing_value() -> None:
    """ENF-108."""
    longs = ModelSignature(Schema([ColSpec("long", "a")]))
    assert "got a missing value; integers have no missing values" in refusal("a\nNA\n", CSV, longs)


@pytest.mark.parametrize(
    "body",
    [
        {"a": 1, "k": 2},
        {"a": 1, "params": {"k": 2}},
        {"input_data": {"a": 1, "params": {"k": 2}}},
        {"input_data": {"columns": ["a"], "data": [[1]], "parameters": {"k": 2}}},
    ],
)
def test_parameters_are_checked_wherever_they_stand(body: dict[str, Any]) -> None:
    """RST-092, RST-094."""
    seen: list[Any] = []
    engine = Engine(lambda *given: seen.append(given) or 1, WITH_PARAMS)
    score(JSON, json.dumps(body).encode(), engine)
    assert seen[0][1] == {"k": 2}
    wrong = json.dumps(body).replace('"k": 2', '"k": "x"')
    assert "Parameter 'k'" in refusal(wrong, JSON, WITH_PARAMS)


@pytest.mark.parametrize("shape", [(-1, 2), (-1, -1, 3), (-1,)])
@pytest.mark.parametrize("dtype", ["float64", "int32", "bool", "str", "bytes", "datetime64[s]"])
def test_tensors_without_rows_have_the_declared_axes(dtype: str, shape: tuple[int, ...]) -> None:
    """ENF-109."""
    seen: list[Any] = []
    signature = ModelSignature(Schema([TensorSpec(np.dtype(dtype), shape)]))
    engine = Engine(lambda data, _: seen.append(data) or 1, signature)
    for body in ('{"inputs": []}', '{"instances": []}', "[]"):
        score(JSON, body.encode(), engine)
    due = tuple(max(length, 0) for length in shape)
    assert {array.shape for array in seen} == {due}
    assert {array.dtype.kind for array in seen} == {np.dtype(dtype).kind}


def test_a_conversation_reaches_a_model_that_declares_nothing_as_the_object() -> None:
    """RST-093."""
    seen: list[Any] = []
    engine = Engine(lambda data, _: seen.append(data) or {"choices": []}, None)
    body = {"messages": [{"role": "user", "content": "x"}], "n": 2**64 + 1, "stream": False}
    assert score(JSON, json.dumps(body).encode(), engine) == b'{"choices":[]}'
    assert seen == [body]


def test_the_words_that_mean_missing_are_those_of_pandas() -> None:
    """ENF-108."""
    words = pytest.importorskip("pandas._libs.parsers").STR_NA_VALUES
    assert len(words) > 10
    signature = ModelSignature(Schema([ColSpec("double", "a"), ColSpec("datetime", "t")]))
    seen: list[Any] = []
    engine = Engine(lambda data, _: seen.append(data) or 1, signature)
    lines = [f'"{word}","{word}"' for word in sorted(words)]
    score(CSV, "\n".join(["a,t", *lines]).encode(), engine)
    assert seen[0].isna().all(axis=None)
    assert len(seen[0]) == len(words)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        ModelSignature(Schema([TensorSpec("float64", (-1, 2))])),
        ModelSignature(Schema([ColSpec("double"), ColSpec("double")])),
    ],
    ids=["nothing declared", "a tensor", "no names"],
)
def test_a_first_line_of_numbers_is_not_lost(signature: ModelSignature | None) -> None:
    """RST-098: it would be taken for names."""
    assert "put a line with the names" in refusal("1.5,2.5\n3.5,4.5\n", CSV, signature)
    rows = Engine(lambda data, _: [len(data)], signature)
    assert score(CSV, b"0,1\n1.5,2.5\n", rows) == b'{"predictions":[1]}'
