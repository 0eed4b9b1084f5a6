"""spec/errors.md and errors.py say the same; errors behave as errors."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import pytest

from mlmodel import errors
from mlmodel.errors import InputViolation, InvalidModel, MlmodelError, Violation, shown

PAGE = Path(__file__).resolve().parents[2] / "spec" / "errors.md"
_ROW = re.compile(r"^\| `([A-Z_]+)` \| ([^|]+) \| (\w+) \| (\d+) \| ([A-Z_]+) \|$")
#: The second table: what a command exits with, and the class.
_EXIT = re.compile(r"^\| `([A-Z_]+)` \| (\d+) \| `(\w+)` \|$")

#: The codes that gRPC has.
GRPC_CODES = {
    *("CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"),
    *("ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"),
    *("ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"),
    "UNAUTHENTICATED",
}
CLASSES = list(errors.error_classes().values())


def _table() -> list[tuple[str, ...]]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    exits = [match.groups() for line in lines if (match := _EXIT.match(line))]
    rows = [match.groups() for line in lines if (match := _ROW.match(line))]
    assert [name for name, *_ in rows] == [name for name, *_ in exits]
    return [
        (name, cls, *row, code) for (name, *row), (_, code, cls) in zip(rows, exits, strict=True)
    ]


def test_the_table_is_the_classes() -> None:
    """ERR-001: name, class, fault, statuses; in the same order."""
    table = [(name, cls, fault, *ways) for name, cls, _meaning, fault, *ways in _table()]
    assert table == [
        (
            *(code, cls.__name__, cls.fault),
            *(str(cls.http_status), cls.grpc_code, str(cls.exit_code)),
        )
        for code, cls in errors.error_classes().items()
    ]
    assert {code for *_, code, _exit in table} <= GRPC_CODES
    assert sum("| `" in line for line in PAGE.read_text().splitlines()) == 2 * len(table)


def test_the_table_is_closed() -> None:
    """ERR-001: no class of errors stands outside the table; a private kind is its row."""
    assert set(errors.__all__) >= {cls.__name__ for cls in CLASSES}
    assert len({cls.code for cls in CLASSES}) == len(MlmodelError.__subclasses__())
    kinds = [(cls, kind) for cls in CLASSES for kind in cls.__subclasses__()]
    # Those that are also what Python's protocols ask for (AttributeError, KeyError).
    assert all(kind.__name__.startswith("_") and kind.code == cls.code for cls, kind in kinds)
    assert all(cls.__module__ == "mlmodel.errors" for cls in CLASSES)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_errors_say_everything_and_survive_a_process(cls: type[MlmodelError]) -> None:
    detail = Violation("MLM-001", "It is empty.", file="MLmodel", line=3, pointer="/flavors")
    error = cls("The model is wrong.", [detail])
    other = pickle.loads(pickle.dumps(error))
    for one in (error, other):
        assert type(one) is cls
        assert one.details == (detail,)
        assert str(one).splitlines() == [
            "The model is wrong.",
            "  MLmodel:3: error MLM-001: It is empty. (at /flavors)",
        ]


def test_details_leave_out_what_does_not_apply() -> None:
    assert InputViolation("ENF-004", "m", column=0, row=0).as_dict() == {
        "rule": "ENF-004",
        "message": "m",
        "column": 0,
        "row": 0,
    }
    assert "line" not in Violation("MLM-001", "m").as_dict()


@pytest.mark.parametrize(
    "value",
    [
        *("x" * 10**7, b"x" * 10**7, 10**10**4, -(10**10**4), [10**10**4], {"a": {"b": 10**10**4}}),
        *(["x" * 10**7] * 10, list(range(10**6)), [[[[[[[[[[1]]]]]]]]]], "\n" * 60, "'\"" * 40),
    ],
    ids=lambda value: type(value).__name__,
)
def test_shown_values_are_cut(value: object) -> None:
    """ERR-005: at most 60 characters."""
    assert 0 < len(shown(value)) <= 60


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(1.5, "1.5"), ("5", "'5'"), (True, "True"), (None, "None"), (2**64, str(2**64))],
        *[([1, "a"], "[1, 'a']"), ({"a": 1}, "{'a': 1}"), ("a" * 60, f"'{'a' * 58}…")],
    ],
)
def test_short_values_are_shown_whole(value: object, text: str) -> None:
    assert shown(value) == text


def _command(*arguments: str) -> int:
    from mlmodel.cli import main

    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_commands_exit_with_the_code_of_the_row(
    cls: type[MlmodelError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """ERR-011, ERR-012: every error, as a command reports it."""
    from mlmodel import cli

    def fail(*_args: object, **_more: object) -> None:
        raise cls("It failed.", [Violation("MLM-001", "It is empty.")])

    monkeypatch.setattr(cli.cli, "main", fail)
    assert _command("validate", ".") == cls.exit_code
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"mlmodel: {cls.code}: It failed.\n  error MLM-001: It is empty.\n")


def test_wrong_usage_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """ERR-011."""
    assert _command("walk") == 2
    assert _command("--no-such-option") == 2
    assert capsys.readouterr().out == ""


def test_a_fault_of_ours_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """ERR-001: whatever else is raised is INTERNAL_ERROR."""
    from mlmodel import cli

    def fail(*_args: object, **_more: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(cli.cli, "main", fail)
    assert _command("validate", ".") == 70
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("mlmodel: INTERNAL_ERROR: ZeroDivisionError")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("message", "details", "told"),
    [
        ("Off. It is 1.", [InputViolation("ENF-001", "It is 1.")], ["Off. It is 1 (ENF-001)."]),
        ("It is 1 (ENF-001).", [InputViolation("ENF-001", "It is 1.")], ["It is 1 (ENF-001)."]),
        ("Off.", [InputViolation("ENF-001", "It is 1.")], ["Off.", "  ENF-001: It is 1."]),
        (
            "Off. It is 1.",
            [InputViolation("ENF-001", "It is 1."), InputViolation("ENF-002", "And 2.")],
            ["Off. It is 1.", "  ENF-001: It is 1.", "  ENF-002: And 2."],
        ),
        (
            "Off: It is 1.",
            [Violation("MLM-001", "It is 1.", "MLmodel", 3)],
            ["Off: It is 1.", "  MLmodel:3: error MLM-001: It is 1."],
        ),
    ],
)
def test_a_single_detail_is_not_told_twice(
    message: str,
    details: list[InputViolation | Violation],
    told: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ERR-012: but for the place of a violation, which no message has."""
    from mlmodel import cli

    error = errors.InvalidInput(message, details)
    assert str(error).split("\n") == told

    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli.cli, "main", fail)
    with pytest.raises(SystemExit):
        cli.main([])
    assert capsys.readouterr().err.splitlines() == [
        f"mlmodel: INVALID_INPUT: {told[0]}",
        *told[1:],
    ]


def test_errors_are_the_builtin_ones_too() -> None:
    assert issubclass(InvalidModel, ValueError)
    assert issubclass(errors.ModelNotFound, FileNotFoundError)
    assert issubclass(errors.MissingDependency, ImportError)


SECRET = "the-clients-secret"
BAD_BODIES = {
    "a wrong cell": f'{{"dataframe_records": [{{"a": 1.5, "b": "{SECRET}"}}]}}',
    "a wrong cell among many": f'{{"dataframe_records": [{{"a": 1, "b": "{SECRET}"}}, {{"a": "x"}}]}}',
    "a missing column": f'{{"dataframe_split": {{"columns": ["b"], "data": [["{SECRET}"]]}}}}',
    "no JSON": f'{{"dataframe_records": [{{"b": "{SECRET}"}}',
    "no envelope": f'{{"b": "{SECRET}"}}',
    "a model that fails": f'{{"dataframe_records": [{{"a": 1, "b": "{SECRET}"}}]}}',
    "deep": "[" * 100_000,
}


def _answer(body: str, *, terse: bool = False) -> tuple[int, str, dict[str, object]]:
    from mlmodel.scoring.engine import Engine
    from mlmodel.scoring.invocations.protocol import handle
    from mlmodel.signature.model_signature import ModelSignature
    from mlmodel.signature.types.schema import ColSpec, Schema

    def predict(data: object, _params: object) -> object:
        raise ZeroDivisionError(f"the model saw {data!r} in {__file__}")

    signature = ModelSignature(Schema([ColSpec("long", "a"), ColSpec("string", "b")]))
    answer = handle("application/json", body.encode(), Engine(predict, signature), terse=terse)
    assert answer.content_type == "application/json"
    return answer.status, answer.body.decode(), json.loads(answer.body)


@pytest.mark.parametrize("name", BAD_BODIES)
def test_answers_leak_nothing(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """ERR-006, ERR-007, ERR-010: no traceback, no path, no data but the offending value."""
    status, text, body = _answer(BAD_BODIES[name])
    assert status == errors.error_classes()[str(body["error_code"])].http_status
    assert body.keys() == {"error_code", "message", "details"}
    for leak in (SECRET, "Traceback", "Error:", "ZeroDivision", "the model saw", __file__, "/src/"):
        assert leak not in text
    if name == "a model that fails":
        assert body["error_code"] == "MODEL_FAILURE"
        assert "the model saw" in caplog.text
    else:
        assert 400 <= status < 500


@pytest.mark.parametrize("name", BAD_BODIES)
def test_terse_answers_are_name_and_rules(name: str) -> None:
    """ERR-008."""
    _, _, body = _answer(BAD_BODIES[name], terse=True)
    assert body["message"] == body["error_code"]
    assert isinstance(body["details"], list)
    assert all(detail.keys() == {"rule"} for detail in body["details"])
    assert bool(body["details"]) == (body["error_code"] != "MODEL_FAILURE")


def test_offending_values_are_cut_in_answers() -> None:
    """ERR-005."""
    _, _, body = _answer('{"dataframe_records": [{"a": "' + "x" * 10_000 + '", "b": "c"}]}')
    assert isinstance(body["details"], list)
    (detail,) = body["details"]
    assert len(detail["got"]) == 60
    assert detail["got"].endswith("…")
