"""A change that breaks the last release is noticed, in schemas and in protocol buffers."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import compatibility
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = compatibility.schemas()
PROTOS = compatibility.protos()
MODEL, ERROR, REQUEST = "v1/mlmodel.json", "v1/error.json", "v1/scoring/request.json"


def test_nothing_breaks_the_last_release(capsys: pytest.CaptureFixture[str]) -> None:
    status = compatibility.main([])
    assert status == 0, capsys.readouterr().out


def test_there_is_something_to_compare() -> None:
    baseline = json.loads(compatibility.SCHEMAS.read_text())
    assert baseline.keys() >= {MODEL, ERROR, REQUEST}
    assert "flavors-sklearn" in baseline[MODEL]["$defs"]
    messages = json.loads(compatibility.PROTO.read_text())
    assert messages["mlmodel.v1.Model"]["5"] == "TYPE_STRING artifact_path in _artifact_path"
    assert messages["mlmodel.v1.Model"]["3"] == "reserved"
    assert messages["mlmodel.v1.Form"]["1"] == "FORM_NULL"
    assert "Describe" in messages["mlmodel.v1.ScoringService"]


#: Keywords whose values are schemas by name, and those whose values are no schemas.
_BY_NAME, _VALUES = {"properties", "$defs"}, {"enum", "const"}


def _keywords(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for one in schema:
            yield from _keywords(one)
    elif isinstance(schema, dict):
        yield from schema
        for key, one in schema.items():
            inner = [*one.values()] if key in _BY_NAME else one
            yield from () if key in _VALUES else _keywords(inner)


def test_every_keyword_of_the_schemas_is_compared() -> None:
    assert {one for schema in NOW.values() for one in _keywords(schema)} <= compatibility.COMPARED


def _set(schema: Any, path: str, value: Any) -> None:
    *way, last = path.split("/")
    for part in way:
        schema = schema[int(part)] if isinstance(schema, list) else schema[part]
    if value is None:
        del schema[last]
    else:
        schema[last] = value


def _changed(name: str, path: str, value: Any) -> dict[str, Any]:
    schemas = copy.deepcopy(NOW)
    _set(schemas[name], path, value)
    return schemas


#: The schema, where it is changed, to what (None: taken out), and what is said of it.
BREAKS = [
    (MODEL, "properties/run_id", None, ": the key 'run_id' is gone"),
    (MODEL, "properties/run_id/type", "string", "/run_id: no longer of type null"),
    (MODEL, "properties/model_size_bytes/minimum", 1, "/model_size_bytes: minimum is 1, was 0"),
    (MODEL, "required", ["flavors", "run_id"], ": the key 'run_id' is required"),
    (MODEL, "additionalProperties", False, "/*: nothing is allowed"),
    (MODEL, "properties/env_vars/items/maxLength", 9, "/env_vars/*: maxLength is 9, was not there"),
    (MODEL, "maxProperties", 1, ": maxProperties is 1, was not there"),
    (MODEL, "propertyNames", {"pattern": "^a"}, "/*: pattern is another"),
    (MODEL, "properties/env_vars/prefixItems", [{"minLength": 9}], "/env_vars: minLength is 9"),
    (MODEL, "properties/env_vars/items/pattern", "^A", "/env_vars/*: pattern is another"),
    (MODEL, "$defs/flavors-sklearn/properties/serialization_format/enum", ["pickle", None],
     '/flavors/sklearn/serialization_format: the value "skops" is not allowed any more'),
    (MODEL, "$defs/flavors-sklearn/properties/code/enum", ["code"],
     "/flavors/sklearn/code: the value any value is not allowed any more"),
    (MODEL, "$defs/input-example-info/required", ["artifact_path", "type", "format"],
     "/saved_input_example_info: the key 'format' is required"),
    (MODEL, "$defs/signature-type/enum", ["long"], "/signature/inputs"),
    (MODEL, "$defs/flavors-python_function/properties/env/anyOf", [{"type": "null"}],
     "/flavors/python_function/env: alternative 2 is gone or narrower"),
    (REQUEST, "oneOf", [{"required": ["inputs"]}], ": alternative 1 is gone or narrower"),
    (ERROR, "required", ["message"], ": the key 'details' is required (no longer promised)"),
    (ERROR, "properties/message/type", ["string", "null"],
     "/message: no longer of type null (no longer promised)"),
    (ERROR, "properties/details", None, ": the key 'details' is gone"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "path", "value", "said"), BREAKS, ids=[f"{row[1]} {row[2]}" for row in BREAKS]
)
def test_a_break_is_told(name: str, path: str, value: Any, said: str) -> None:
    found = compatibility.breaking(NOW, _changed(name, path, value))
    assert any(line.startswith(name) and said in line for line in found), found


#: What a version may do.
ALLOWED = [
    (MODEL, "properties/tomorrow", {"type": "string"}),
    (MODEL, "properties/run_id/type", ["string", "integer", "null"]),
    (MODEL, "properties/model_size_bytes/minimum", -1),
    (MODEL, "$defs/flavors-sklearn/required", None),
    (MODEL, "$defs/input-example-info/properties/artifact_path/minLength", None),
    (REQUEST, "properties/tomorrow", {}),
    (ERROR, "properties/tomorrow", {"type": "string"}),
    (ERROR, "required", ["error_code", "message", "details", "request_id"]),
    (ERROR, "properties/request_id/maxLength", 60),
]


@pytest.mark.parametrize(
    ("name", "path", "value"), ALLOWED, ids=[f"{row[1]} {row[2]}" for row in ALLOWED]
)
def test_what_breaks_nothing_is_no_finding(name: str, path: str, value: Any) -> None:
    assert compatibility.breaking(NOW, _changed(name, path, value)) == []


def test_a_schema_that_is_gone_is_told() -> None:
    less = {name: schema for name, schema in NOW.items() if name != REQUEST}
    assert compatibility.breaking(NOW, less) == [f"{REQUEST}: the schema is gone"]


def _without(protos: dict[str, dict[str, str]]) -> None:
    del protos["mlmodel.v1.Model"]["19"]


def _renumbered(protos: dict[str, dict[str, str]]) -> None:
    fields = protos["mlmodel.v1.Model"]
    fields["30"] = fields.pop("19")


def _used_again(protos: dict[str, dict[str, str]]) -> None:
    protos["mlmodel.v1.Model"]["3"] = "TYPE_STRING anew"


def _without_the_call(protos: dict[str, dict[str, str]]) -> None:
    del protos["mlmodel.v1.ScoringService"]["ScoreStream"]


def _without_the_message(protos: dict[str, dict[str, str]]) -> None:
    del protos["mlmodel.v1.Shape"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without, "mlmodel.v1.Model: 19 was `TYPE_STRING run_id in _run_id`, is `gone`"),
        (_renumbered, "mlmodel.v1.Model: 19 was `TYPE_STRING run_id in _run_id`, is `gone`"),
        (_used_again, "mlmodel.v1.Model: 3 was `reserved`, is `TYPE_STRING anew`"),
        (_without_the_call, "mlmodel.v1.ScoringService: ScoreStream was `stream mlmodel"),
        (_without_the_message, "mlmodel.v1.Shape: 1 was `repeated TYPE_INT64 axes`, is `gone`"),
    ],
)
def test_a_break_of_messages_is_told(
    change: Callable[[dict[str, dict[str, str]]], None], said: str
) -> None:
    changed = copy.deepcopy(PROTOS)
    change(changed)
    (line,) = compatibility.breaking_protos(PROTOS, changed)
    assert line.startswith(said)


def test_more_messages_break_nothing() -> None:
    more = copy.deepcopy(PROTOS)
    more["mlmodel.v1.Model"]["99"] = "TYPE_STRING tomorrow"
    more["mlmodel.v1.Tomorrow"] = {}
    assert compatibility.breaking_protos(PROTOS, more) == []


def test_a_finding_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compatibility, "schemas", lambda: _changed(MODEL, *BREAKS[0][1:3]))
    assert compatibility.main([]) == 1
    assert "compatibility.py --accept" in capsys.readouterr().out
