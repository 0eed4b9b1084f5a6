"""Outlines: what a schema cannot tell apart is validated once, and nothing else."""

from __future__ import annotations

import json
from itertools import takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmodel.document import check, parse
from mlmodel.document.schema import findings, schemas
from mlmodel.document.schema.outline import Outline, outline
from mlmodel.document.yaml.jsontext import JsonText

LEAVES = st.sampled_from(
    [None, True, False, 0, 1, -1, -2, -7, 1.0, 1.5, -1.0, "", "x", "yy", "1", "long", "array",
     "object", "map", "tensor", "float32", "pickle", "model.pkl"]
)  # fmt: skip
KEYS = ("type", "name", "required", "optional", "items", "properties", "values", "dtype", "shape",
        "tensor-spec", "default", "flavors", "signature", "inputs", "model_size_bytes", "run_id",
        "loader_module", "env", "data", "artifacts", "path", "uri", "pickled_model", "other",
        "serialization_format", "skops_trusted_types", "dependencies", "pip", "channels")  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=2) | st.dictionaries(st.sampled_from(KEYS), below),
    max_leaves=8,
)
SPECS = st.fixed_dictionaries({"type": LEAVES}, optional=dict.fromkeys(KEYS[1:10], VALUES))
SCHEMAS = [("signature", "spec"), ("signature", "param"), ("signature", "inputs"),
           ("mlmodel", None), ("conda-env", None), ("python-env", None),
           ("input-example-info", None),
           *((f"flavors:{name}", None) for name in schemas.names("flavors"))]  # fmt: skip


def violations(name, definition, value):
    errors = list(schemas.validator(name, definition).iter_errors(value))
    findings.name_missing_keys(errors)
    return [findings.explain(error, []) for error in errors]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "definition"), SCHEMAS)
@settings(max_examples=60, deadline=None)
@given(values=st.lists(SPECS | VALUES, max_size=12))
def test_values_that_are_alike_break_the_same_rules(name, definition, values):
    make = outline(name, definition)
    keys = make.of_each(values)
    assert keys == [make(value) for value in values]
    first = dict(zip(reversed(keys), reversed(values), strict=True))
    for key, value in zip(keys, values, strict=True):
        assert violations(name, definition, value) == violations(name, definition, first[key])


ALIKE = {
    "type": ({"type": ["string", "null"]}, "a", "b"),
    "free": ({}, {"a": 1}, {"b": [1]}),
    "what is below free": ({"required": ["a"]}, {"a": {"b": 1}}, {"a": {"c": "x"}}),
    "limit": ({"minimum": 0, "minLength": 2}, 3, 4),
    "length": ({"minimum": 0, "minLength": 2}, "abc", "de"),
    "below": ({"items": {"type": "string"}}, ["a", "b"], ["c", "d"]),
}
APART = {
    "type": ({"type": "string"}, "1", 1),
    "true and one": ({"type": "integer"}, True, 1),
    "a fraction": ({"type": "integer"}, 1.0, 1.5),
    "keys": ({"required": ["a"]}, {"a": 1}, {"b": 1}),
    "number of keys": ({"minProperties": 1}, {}, {"a": 1}),
    "limit": ({"minimum": 0}, 0, -1),
    "two below a limit": ({"minimum": 0}, -2, -1),
    "fractions at a limit": ({"minimum": 0}, 0.5, -0.5),
    "length": ({"minLength": 1}, "", "a"),
    "number of items": ({"minItems": 1}, [], [1]),
    "an unknown keyword": ({"pattern": "a"}, "a", "b"),
    "values and their texts": ({"const": 1}, 1, "1"),
    "alternatives": ({"anyOf": [{"type": "string"}, {"const": 2}]}, 2, 3),
    "other keys": ({"additionalProperties": {"const": 1}}, {"a": 1}, {"a": 2}),
    "listed here, another key there": (
        {"properties": {"a": {}}, "allOf": [{"additionalProperties": {"const": 1}}]},
        {"a": 1}, {"a": 2},
    ),
    "a definition": ({"$ref": "#/$defs/one"}, 1, 2),
}  # fmt: skip


@pytest.mark.parametrize(("schema", "one", "other"), ALIKE.values(), ids=ALIKE.keys())
def test_alike(schema, one, other):
    make = Outline([schema], {})
    assert make(one) == make(other)


@pytest.mark.parametrize(("schema", "one", "other"), APART.values(), ids=APART.keys())
def test_apart(schema, one, other):
    make = Outline([schema], {"one": {"const": 1}})
    assert make(one) != make(other)


MODEL = """\
flavors: {{sklearn: {{pickled_model: model.pkl, sklearn_version: {version}}}}}
run_id: {run}
model_size_bytes: {size}
signature:
  inputs: '[{{"type": "double", "name": "{column}"}}]'
"""


def validations(monkeypatch):
    """Return the list to which every value is added that is held against a schema from now on."""
    validated = []
    conforms = findings.conforms
    monkeypatch.setattr(
        findings, "conforms", lambda *args: validated.append(args[-1]) or conforms(*args)
    )
    return validated


def test_the_next_model_of_the_same_form_is_not_validated_again(monkeypatch):
    first = MODEL.format(version="1.5.1", run="a", size=10, column="height")
    second = MODEL.format(version="1.6.0", run="b", size=2000, column="width")
    validated, asked = validations(monkeypatch), []
    validator = schemas.validator
    monkeypatch.setattr(schemas, "validator", lambda *name: asked.append(name) or validator(*name))
    assert check(parse(first), None) == []
    validated.clear()
    assert check(parse(second), None) == []
    assert validated == []
    third = check(parse(second.replace("model.pkl", "''")), None)
    assert [v.rule for v in third] == ["DIR-002", "SKL-001"]
    assert asked == [("flavors:sklearn", None)]
    assert {"pickled_model": "", "sklearn_version": "1.6.0"} in validated


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(findings, "MOST_VALID", 5)
    validated = validations(monkeypatch)

    def is_remembered(value):
        validated.clear()
        assert findings.errors("python-env", value) == []
        return validated == []

    values = [{f"key{number}": 1} for number in range(20)]
    for value in values:
        is_remembered(value)
        assert is_remembered(value)
    assert 1 <= len(list(takewhile(is_remembered, reversed(values)))) <= 5
    for _ in range(2):
        assert not is_remembered({"k" * 10_000: 1})


def test_what_is_not_valid_is_not_remembered():
    for _ in range(2):
        assert [e.validator for e in findings.errors("mlmodel", {"run_id": 1})] == [
            "required", "type",
        ]  # fmt: skip


@pytest.mark.parametrize("names", [[1.0, 1.5], [1.5, 1.0]])
def test_a_whole_number_among_fractions(names):
    text = json.dumps([{"type": "long", "name": name} for name in names])
    found = check(parse(f"flavors: {{sklearn: {{pickled_model: m}}}}\nsignature: {{inputs: '{text}'}}\n"), None)  # fmt: skip
    assert [v.pointer for v in found if v.severity == "error"] == [
        f"/signature/inputs/{names.index(1.5)}/name"
    ]


# --- what a JSON text holds, told from counts ------------------------------------------------

JSON_KEYS = st.sampled_from(["a", "b", "a:b", '":', "[", "}"])


@settings(deadline=None)
@given(st.recursive(
    st.sampled_from(["1", '"x"', '":"', '"[{"', "null"]),
    lambda below: st.lists(below, max_size=3).map(lambda x: f"[{', '.join(x)}]")
    | st.lists(st.tuples(JSON_KEYS.map(json.dumps), below), max_size=3).map(
        lambda x: "{" + ", ".join(f"{k} : {v}" for k, v in x) + "}"),
    max_leaves=6,
))  # fmt: skip
def test_repeated_keys_are_seen(text):
    repeated = []

    def look(pairs):
        repeated.append(len(dict(pairs)) < len(pairs))
        return dict(pairs)

    value = json.loads(text, object_pairs_hook=look)
    parsed = JsonText(text)
    assert (parsed.value, parsed.error, parsed.repeated) == (value, None, any(repeated))


@pytest.mark.parametrize("opening", ["[", '{"a": '])
def test_depth_is_bounded_whatever_else_the_text_holds(opening):
    closing = "]" if opening == "[" else "}"
    for depth, error in ((65, False), (66, True)):
        text = f'["[[[{{:", {opening * (depth - 1)}1{closing * (depth - 1)}]'
        assert (JsonText(text).error is not None) == error, depth
