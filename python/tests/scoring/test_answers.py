"""Errors on their way out: what they say, and what they never say."""

from __future__ import annotations

import json
import logging
from typing import Any

import jsonschema
import pytest

from mlmodel.errors import InvalidInput, UnreadableModel
from mlmodel.scoring.answers import MOST_DETAILS, Answer
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations.protocol import handle
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema

JSON = "application/json"
SIGNATURE = ModelSignature(Schema([ColSpec("long", f"c{n}") for n in range(30)]))
NAMES = [f"c{n}" for n in range(30)]


def ask(predict: Any, rows: list[Any], *, terse: bool = False) -> tuple[Answer, Any]:
    body = json.dumps({"dataframe_split": {"columns": NAMES, "data": rows}}).encode()
    answer = handle(JSON, body, Engine(predict, SIGNATURE), terse=terse)
    return answer, json.loads(answer.body)


def raising(error: BaseException) -> Any:
    def predict(_data: Any, _params: Any) -> Any:
        raise error

    return predict


def test_twenty_violations_are_listed_and_the_others_counted() -> None:
    """RST-062."""
    answer, body = ask(None, [[1.5] * 30])
    assert answer.status == 400
    assert len(body["details"]) == MOST_DETAILS
    assert "10 more" in body["message"]


def test_terse_errors_say_code_and_rules_only() -> None:
    """ERR-008."""
    _, body = ask(None, [["secret"] * 30], terse=True)
    assert body == {
        "error_code": "INVALID_INPUT",
        "message": "INVALID_INPUT",
        "details": [{"rule": "ENF-049"}] * MOST_DETAILS,
    }


def test_values_are_cut_and_other_data_is_not_told() -> None:
    """ERR-005, ERR-007."""
    answer, body = ask(None, [["x" * 1000, *[7654321] * 29]])
    assert len(body["details"][0]["got"]) <= 61
    assert b"7654321" not in answer.body
    assert len(answer.body) < 1000


def test_the_models_exception_goes_to_the_log_only(caplog: pytest.LogCaptureFixture) -> None:
    """ERR-006, ERR-010."""
    with caplog.at_level(logging.ERROR):
        answer, body = ask(raising(RuntimeError("secret /srv/model.pkl")), [[1] * 30])
    assert (answer.status, body["error_code"], body["details"]) == (500, "MODEL_FAILURE", [])
    for told in (b"secret", b"/srv", b"RuntimeError", b"Traceback"):
        assert told not in answer.body
    assert "secret /srv/model.pkl" in caplog.text


def test_a_servers_error_of_the_model_is_the_models_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer, body = ask(raising(UnreadableModel("/srv/model.pkl cannot be read")), [[1] * 30])
    assert body["error_code"] == "MODEL_FAILURE"
    assert b"/srv" not in answer.body
    assert "/srv/model.pkl" in caplog.text


def _deep(levels: int) -> object:
    held: object = 1
    for _ in range(levels):
        held = [held]
    return held


def _of_itself() -> object:
    held: dict[str, object] = {}
    held["k"] = [held]
    return held


@pytest.mark.parametrize("answered", [_deep(300), _deep(3000), _of_itself()])
def test_an_answer_without_an_end_is_the_models_fault(answered: object) -> None:
    """RST-047."""
    answer, body = ask(lambda *_: answered, [[1] * 30])
    assert (answer.status, body["error_code"]) == (500, "UNSERIALIZABLE_PREDICTION")
    assert "holds itself" in body["message"]


def test_a_refusal_by_the_flavor_goes_through() -> None:
    answer, body = ask(raising(InvalidInput("The rows must be one.")), [[1] * 30])
    assert (answer.status, body["message"]) == (400, "The rows must be one.")


def test_a_fault_of_ours_says_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """ERR-006."""
    from mlmodel.scoring.writers import predictions

    def broken(_: Any) -> bytes:
        raise KeyError("/srv/secret")

    monkeypatch.setattr(predictions, "dumps", broken)
    answer, body = ask(lambda data, _: data, [[1] * 30])
    assert (answer.status, body["error_code"]) == (500, "INTERNAL_ERROR")
    assert b"secret" not in answer.body
    assert "/srv/secret" in caplog.text


@pytest.mark.parametrize("terse", [False, True])
def test_errors_follow_their_schema(terse: bool) -> None:
    from pathlib import Path

    schema = Path(__file__).resolve().parents[3] / "schemas" / "v1" / "error.json"
    validator = jsonschema.Draft202012Validator(json.loads(schema.read_text()))
    for rows in ([["x"] * 30], [[1]], [[None] * 30]):
        _, body = ask(None, rows, terse=terse)
        validator.validate(body)


def test_names_that_are_no_unicode_and_long_ones_do_no_harm() -> None:
    body = json.dumps({"inputs": {"y" * 10_000: [1]}}).encode()
    answer = handle(JSON, body, Engine(None, SIGNATURE))  # type: ignore[arg-type]
    assert answer.status == 400
    assert len(answer.body) < 10_000


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, '{"columns": ["c0", "s3cret"], "data": [[1.5, "s3cret"]]}'),
        (JSON, '{"columns": ["c0"], "data": [[1.5]], "index": ["s3cret"]}'),
        (JSON, '[{"c0": 1.5, "s3cret": "s3cret"}]'),
        (JSON, '[{"c0": NaN, "s3cret": [NaN, "s3cret"]}]'),
        (JSON, '[["c0", {"s3cret": "s3cret"}]]'),
        (JSON, '"s3cret"'),
        (f"{JSON}; format=pandas-split", '[{"c0": 1, "z": "s3cret"}]'),
        (f"{JSON}; format=pandas-records", '{"z": "s3cret"}'),
        (JSON, '{"columns": ["c0"], "data": [[1], [2, "s3cret"]]}'),
        (f"{JSON}; format=pandas-records", '[{"c0": 1, "c0": 2, "z": "s3cret"}]'),
        (f"{JSON}; format=pandas-split", '{"columns": ["c0"], "data": [[1]], "z": "s3cret"}'),
        (f"{JSON}; format=pandas-table", '{"s3cret": 1}'),
        ("text/csv", 'c0,s3cret\n1.5,s3cret\n"s3cret" x\n'),
    ],
)
def test_no_form_tells_other_data(content_type: str, body: str) -> None:
    """ERR-007."""
    signature = ModelSignature(Schema([ColSpec("long", "c0")]))
    answer = handle(content_type, body.encode(), Engine(None, signature))  # type: ignore[arg-type]
    assert 400 <= answer.status < 500
    assert b"s3cret" not in answer.body
