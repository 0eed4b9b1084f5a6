"""NaN and infinities: one rule on the way in and out (ENF-064 to ENF-067, RST-083)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmodel.errors import MalformedRequest
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations.protocol import score
from mlmodel.scoring.json import body as json_body
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

JSON = "application/json"
DOUBLES = ModelSignature(Schema([ColSpec("double", "a"), ColSpec("double", "b")]))
ARRAY = ModelSignature(Schema([TensorSpec("float64", (-1, 2))]))

PAIRS = st.lists(st.tuples(st.floats(), st.floats()), min_size=1, max_size=70)


def sent(body: Any, signature: ModelSignature, content_type: str = JSON) -> tuple[Any, Any]:
    """Return what the model gets, and the answer of a model that gives it back."""
    got: list[Any] = []
    raw = body if isinstance(body, bytes) else body.encode()
    answer = score(content_type, raw, Engine(lambda data, _: got.append(data) or data, signature))
    return got[0], json.loads(answer)


def bits(values: Any) -> list[int]:
    array = np.array(values, np.float64)
    array[np.isnan(array)] = np.nan
    return array.view(np.int64).ravel().tolist()


@pytest.mark.thorough
@given(PAIRS)
def test_doubles_come_back_from_their_answer(rows: list[tuple[float, float]]) -> None:
    """ENF-067: in every form, what is answered can be sent again."""
    written = json.dumps({"columns": ["a", "b"], "data": rows})  # with tokens, where there are any
    frame, records = sent(written, DOUBLES)
    assert bits(frame) == bits(rows)
    values = [[record["a"], record["b"]] for record in records]
    again = [
        (JSON, {"dataframe_records": records}),
        (JSON, {"instances": records}),
        (JSON, {"dataframe_split": {"columns": ["a", "b"], "data": values}}),
        (JSON, {"inputs": {"a": [a for a, _ in values], "b": [b for _, b in values]}}),
        (JSON, records),
        (f"{JSON}; format=pandas-split", {"columns": ["a", "b"], "data": values}),
    ]
    for content_type, body in again:
        frame, _ = sent(json.dumps(body, allow_nan=False), DOUBLES, content_type)
        assert bits(frame) == bits(rows)
    cells = ["" if cell is None else cell for row in values for cell in row]
    lines = [f"{a},{b}" for a, b in zip(cells[::2], cells[1::2], strict=True)]
    frame, _ = sent("\n".join(["a,b", *lines]), DOUBLES, "text/csv")
    assert bits(frame) == bits(rows)


@given(PAIRS)
def test_arrays_come_back_from_their_answer(rows: list[tuple[float, float]]) -> None:
    """ENF-067."""
    array, answer = sent(json.dumps({"instances": rows}), ARRAY)
    assert bits(array) == bits(rows)
    array, _ = sent(json.dumps({"inputs": answer["predictions"]}, allow_nan=False), ARRAY)
    assert bits(array) == bits(rows)


WORDS = st.sampled_from(["NaN", "Infinity", "-Infinity"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text('aN"\\-I', max_size=5)
    | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([None, 1]))
def test_what_python_writes_is_read_as_it_is(value: Any, indent: int | None) -> None:
    """ENF-065: tokens are values, and the words in texts stay texts."""
    body = json.dumps(value, indent=indent).encode()
    assert json.dumps(json_body.loads(body)) == json.dumps(json.loads(body))


@given(st.text('NaIinfty-,[]{}:"\\1 ', max_size=30))
def test_a_body_with_tokens_is_read_where_it_is_json_but_for_them(text: str) -> None:
    """ENF-065, RST-004: with texts in the place of tokens it is JSON, or it is refused."""
    body = b"[NaN, " + text.encode() + b"]"
    try:
        read = json_body.loads(body)
    except MalformedRequest:
        return
    assert json.dumps(read) == json.dumps(json.loads(body))
    without = json.dumps(read).encode()
    for word in (b"-Infinity", b"Infinity", b"NaN"):
        without = without.replace(word, b"0")
    orjson.loads(without)


@pytest.mark.parametrize(
    "body",
    [
        b'[NaN, "' + b'\\"' * 500_000,
        b"[NaN, " + b'"' * 1_000_001,
        b"[NaN" + b"N" * 1_000_000,
        b"[NaN, " + b"-" * 1_000_000,
    ],
)
@pytest.mark.timeout(120)
def test_no_body_takes_long_for_its_length(body: bytes) -> None:
    """A search that tried each quote anew would take hours here."""
    with pytest.raises(MalformedRequest):
        json_body.loads(body)


def test_the_fast_parse_is_enough_where_there_are_no_tokens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json_body.json, "loads", lambda *_, **__: pytest.fail("parsed twice"))
    assert json_body.loads(b'["NaN", 1.5]') == ["NaN", 1.5]
