"""A new form is one file and its line in the table, and nothing is done twice for one request."""

from __future__ import annotations

import importlib
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest

from mlmodel.errors import MalformedRequest
from mlmodel.scoring import codecs, writers
from mlmodel.scoring.codecs import Form, tables
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations.protocol import handle
from mlmodel.scoring.json import body as json_body
from mlmodel.scoring.writers import Writer
from mlmodel.signature.cells.python_values import CHECKS
from mlmodel.signature.enforce import columns as enforcer
from mlmodel.signature.enforce import matching
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.nested import Array, Map
from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.data.columns import Columns, Tensors
    from mlmodel.signature.enforce.matching import Matching

JSON = "application/json"
DOUBLES = ModelSignature(Schema([ColSpec("double", "a"), ColSpec("double", "b")]))


@pytest.fixture
def handle_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[Form[Any]], Any]:
    """Return the protocol as it is with one more line in the table of forms."""
    room = importlib.import_module("mlmodel.scoring.invocations")

    def add(form: Form[Any]) -> Any:
        monkeypatch.setattr(codecs, "TABLE", (*codecs.TABLE, form))
        for name in ("bodies", "checking", "protocol"):
            # Their own of today come back, in both places where a module is kept.
            own = importlib.import_module(f"{room.__name__}.{name}")
            monkeypatch.setattr(room, name, own)
            monkeypatch.delitem(sys.modules, f"{room.__name__}.{name}")
        return importlib.import_module(f"{room.__name__}.protocol").handle

    return add


def read_doubles(payload: Payload[bytes], given: Matching) -> Columns | Tensors:
    """Read two doubles a row, as they stand in memory."""
    if len(payload.value) % 16:
        raise MalformedRequest("A row has 16 bytes (RST-004).")
    cells: list[Json] = np.frombuffer(payload.value).tolist()
    return tables.from_rows(payload, given, ("b", "a"), cells, len(cells) // 2, 2)


def test_a_form_of_bytes_is_one_line(handle_with: Callable[[Form[Any]], Any]) -> None:
    seen: list[Any] = []
    engine = Engine(lambda data, _: seen.append(data) or np.ones(2), DOUBLES)
    handle = handle_with(Form("application/x-doubles", read_doubles, bytes))
    # No UTF-8, and no JSON.
    body = np.array([[1.5, np.pi], [-0.0, 1e-300]]).tobytes()
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    assert handle("Application/X-Doubles", body, engine) == (
        200,
        JSON,
        b'{"predictions":[1.0,1.0]}',
    )
    assert seen[0].to_dict("list") == {"a": [np.pi, 1e-300], "b": [1.5, 0.0]}
    refused = handle("application/x-doubles", body[1:], engine)
    assert (refused.status, json.loads(refused.body)["error_code"]) == (400, "MALFORMED_REQUEST")
    other = Engine(engine.call, ModelSignature(Schema([ColSpec("double", "c")])))
    assert b"ENF-004" in handle("application/x-doubles", body, other).body


@pytest.mark.parametrize("kind", ["double", "float"])
@pytest.mark.parametrize("value", [np.nan, 1e19, -1e300, 1 + 2**-24])
def test_what_a_form_of_bytes_holds_is_exact(
    handle_with: Callable[[Form[Any]], Any], kind: str, value: float
) -> None:
    """Nothing asks for another parse of what was never a text: not even a tie (ENF-046)."""
    seen: list[Any] = []
    signature = ModelSignature(Schema([ColSpec(kind, "a"), ColSpec(kind, "b")]))
    engine = Engine(lambda data, _: seen.append(data) or np.ones(1), signature)
    form = Form("application/x-doubles", read_doubles, bytes)
    answer = handle_with(form)(form.media, np.array([0.5, value]).tobytes(), engine)
    if (kind, value) == ("float", -1e300):
        assert (answer.status, b"ENF-047" in answer.body) == (400, True)
        return
    assert answer.status == 200
    np.testing.assert_array_equal(seen[0]["a"], np.array([value], seen[0]["a"].dtype))


def test_a_check_of_a_form_of_bytes_counts_its_rows(
    handle_with: Callable[[Form[Any]], Any],
) -> None:
    form = Form("application/x-doubles", read_doubles, bytes)
    handle_with(form)
    checking = importlib.import_module("mlmodel.scoring.invocations.checking")
    body = np.array([[0.5, np.nan], [0.5, 1e19]]).tobytes()
    checked = checking.check_input(form.media, body, DOUBLES)
    assert (checked.error, checked.rows, checked.fitting) == (None, 2, 2)


def test_a_form_of_answer_is_one_line(
    handle_with: Callable[[Form[Any]], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = Writer("application/x-doubles", lambda predictions: np.asarray(predictions).tobytes())
    monkeypatch.setitem(writers.WRITERS, "doubles", raw)
    handle = handle_with(Form(raw.media, read_doubles, bytes, "doubles"))
    engine = Engine(lambda data, _: data.to_numpy(), DOUBLES)
    answer = handle(raw.media, np.array([1.5, 2.5]).tobytes(), engine)
    assert answer == (200, raw.media, np.array([2.5, 1.5]).tobytes())
    assert handle(JSON, b'{"inputs": {"a": 1, "b": 2}}', engine).content_type == JSON


def read_anything(payload: Payload[Json], given: Matching) -> Columns | Tensors:
    """Return a row, whatever the value is."""
    return tables.from_rows(payload, given, ("a", "b"), [1.5, 2.5], 1, 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "value",
    [
        '{"k": {"l": [1, {"m": 2}, [{"n": []}]]}}',
        '[{"k": 1}, 2, [{"l": ":"}], {"m" : {"n"\t:"\\":"}}]',
        '":"',
        "[[[]]]",
        '[{"k": ":", "l": {"m": [[{"k": 1}]]}}, {"k": " :"}]',
    ],
)
@pytest.mark.parametrize("times", [1, 4000])
def test_a_codec_that_knows_nothing_of_pairs_is_right(
    handle_with: Callable[[Form[Any]], Any], value: str, times: int
) -> None:
    """ENF-058 is the protocol's own affair, at every depth and in every form of JSON."""
    handle = handle_with(Form(JSON, read_anything, key="anything"))
    engine = Engine(lambda *_: 1, DOUBLES)
    value = f"[{', '.join([value] * times)}]"
    assert handle(JSON, f'{{"anything": {value}}}'.encode(), engine).status == 200
    for n in range(value.count('{"') and 3):
        # A pair again, in the first, a middle and the last of the objects.
        places = [place for place in range(len(value)) if value.startswith('{"', place)]
        place = places[n * (len(places) - 1) // 2]
        key = value[place + 1 : value.index('"', place + 2) + 1]
        twice = f"{value[: place + 1]}{key}: null, {value[place + 1 :]}"
        answer = handle(JSON, f'{{"anything": {twice}}}'.encode(), engine)
        assert (answer.status, b"ENF-058" in answer.body) == (400, True)


@pytest.mark.parametrize("space", ["", " ", "\t", "\n", "\r"])
def test_the_pairs_of_a_long_body_are_bounded_as_those_of_a_short_one(space: str) -> None:
    for cell in ("", ":", "::", " :", '\\":', "x", "10:00"):
        row = f'{{"a"{space}: "{cell}", "b":"{cell}"}}'
        for rows in (1, 2000):
            table = f"[{','.join([row] * rows)}]"
            for text, pairs in ((row, 2), (table, 2 * rows), (f'{{"k":{table}}}', 2 * rows + 1)):
                body = text.encode()
                assert json_body.colons_after_keys(body) == len(re.findall(r'["\s]:', text))
                assert json_body.outer_pairs(orjson.loads(body)) == pairs


def selections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the list to which every selection is added that names are matched to from now on."""
    made: list[Any] = []
    selection = matching.Selection

    def select(*args: Any, **more: Any) -> Any:
        made.append(selection(*args, **more))
        return made[-1]

    monkeypatch.setattr(matching, "Selection", select)
    return made


@pytest.mark.parametrize(
    ("kinds", "row", "optional"),
    [
        (("string", "double"), ["x:", 1.5], False),
        (("long", "string"), [1, None], True),
        (("binary", "datetime"), ["eA==", "2020-01-01T00:00:00"], False),
        ((Array("long"), Map("string")), [[1, 2], {"k": "v"}], False),
    ],
)
def test_what_a_codec_has_read_is_matched_and_checked_once(
    monkeypatch: pytest.MonkeyPatch, kinds: Any, row: list[Any], optional: bool
) -> None:
    specs = [ColSpec(kind, n, required=not optional) for kind, n in zip(kinds, "ab", strict=True)]
    for kind in CHECKS:
        monkeypatch.setitem(CHECKS, kind, lambda _: pytest.fail("checked again"))
    monkeypatch.setattr(enforcer, "convert", lambda *_: pytest.fail("checked again"))
    engine = Engine(lambda *_: 1, ModelSignature(Schema(specs)))
    turned = {"columns": ["b", "z", "a"], "data": [[row[1], 0, row[0]]]}
    body = json.dumps({"dataframe_split": turned}).encode()
    matched = selections(monkeypatch)
    assert handle(JSON, body, engine).status == 200
    assert len(matched) == 1


def test_tensors_are_matched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    specs = [TensorSpec("float64", (-1,), "a"), TensorSpec("int64", (-1,), "b")]
    engine = Engine(lambda *_: 1, ModelSignature(Schema(specs)))
    matched = selections(monkeypatch)
    bodies = [(JSON, b'{"inputs": {"b": [1], "a": [1.5]}}'), ("text/csv", b"b,a\n1,1.5\n")]
    for content_type, body in bodies * 2:
        assert handle(content_type, body, engine).status == 200
    assert len(matched) == 1, "the second time it is remembered"


def test_what_is_told_of_a_refused_number_is_what_was_written() -> None:
    text = ModelSignature(Schema([ColSpec("string", "a")]))
    body = b'{"dataframe_split": {"columns": ["a"], "data": [[-18446744073709551617]]}}'
    answer = handle(JSON, body, Engine(lambda *_: 1, text))
    assert json.loads(answer.body)["details"][0]["got"] == "-18446744073709551617"
