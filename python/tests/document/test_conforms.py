"""The short answer of conforms() is jsonschema's, on every schema of documents."""

from __future__ import annotations

import copy
import datetime as dt
import json
import subprocess
import sys

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmodel.document import read
from mlmodel.document.schema import schemas
from mlmodel.document.schema.conforms import conforms

MODEL = yaml.safe_load("""
artifact_path: model
auth_policy: {system_auth_policy: {resources: {api_version: '1'}}, user_auth_policy: {api_scopes: [a]}}
env_vars: [A]
flavors: {a: {}, python_function: {loader_module: x}}
is_signature_from_type_hint: false
metadata: {1: 2}
model_size_bytes: 5
saved_input_example_info: {artifact_path: e, type: t, params: true}
signature: {inputs: '[]', outputs: null, params: null}
""")
SPEC = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"a": {"type": "map", "values": {"type": "any"}, "required": True}},
    },
    "name": "x",
    "required": True,
}
VALUES = [
    ("mlmodel", None, MODEL),
    ("flavors:python_function", None,
     {"loader_module": "a", "env": {"conda": "c"}, "artifacts": {"a": {"path": "p"}}, "data": None}),
    ("flavors:sklearn", None, {"pickled_model": "m", "serialization_format": "skops"}),
    ("conda-env", None, {"name": "a", "channels": ["b"], "dependencies": ["c", {"pip": ["d"]}]}),
    ("python-env", None, {"python": "3.11", "build_dependencies": ["a"], "dependencies": ["b"]}),
    ("signature", "spec", SPEC),
    ("signature", "spec", {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}),
    ("signature", "spec", {"dtype": "int8", "shape": [3], "name": 1}),
    ("signature", "inputs", [SPEC, {"type": "double", "optional": False}]),
    ("signature", "param", {"name": "a", "type": "long", "default": 1, "shape": [-1]}),
    ("signature", "params", [{"name": "a", "dtype": "long", "default": None, "shape": None}]),
]  # fmt: skip

odd = st.sampled_from(
    [None, True, False, 0, 1, -1, -1.0, 1.0, 1.5, "", "a", "tensor", "long", "array", "float32", [],
     ["a"], [-1], {}, {"a": 1}, {"type": "x"}, dt.date(2020, 1, 1), b"", float("nan"), float("inf")]
)  # fmt: skip


def paths(value, path=()):
    """Give the path of every value below a value, and of itself."""
    yield path
    for key, member in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():  # fmt: skip
        yield from paths(member, (*path, key))


def put(value, path, new, how):
    """Replace, remove or add at a path of a copy."""
    value = copy.deepcopy(value)
    if not path:
        return new
    parent = value
    for key in path[:-1]:
        parent = parent[key]
    if how == "remove":
        del parent[path[-1]]
    elif how == "add" and isinstance(parent, dict):
        parent["more"] = new
    elif how == "add":
        parent.append(new)
    else:
        parent[path[-1]] = new
    return value


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "definition", "value"), VALUES)
@given(data=st.data())
@settings(max_examples=30)
def test_it_says_what_jsonschema_says(name, definition, value, data):
    for _ in range(data.draw(st.integers(0, 3))):
        path = data.draw(st.sampled_from(list(paths(value))))
        value = put(
            value, path, data.draw(odd), data.draw(st.sampled_from(["replace", "remove", "add"]))
        )
    schema = schemas.load(name)
    definitions = schema.get("$defs", {})
    whole = definitions[definition] if definition else schema
    assert conforms(whole, definitions, value) == schemas.validator(name, definition).is_valid(
        value
    )


@pytest.mark.parametrize(("name", "definition", "value"), VALUES)
def test_what_is_right_is_certain(name, definition, value):
    schema = schemas.load(name)
    definitions = schema.get("$defs", {})
    assert conforms(definitions[definition] if definition else schema, definitions, value)


@pytest.mark.parametrize(
    "schema",
    [{"oneOf": [{}]}, {"maximum": 1}, {"const": True}, {"enum": [1]}, {"$ref": "#/$defs/none"},
     {"$ref": "https://example.org"}, {"dependentRequired": {}}],
)  # fmt: skip
def test_what_is_not_known_is_not_certain(schema):
    assert not conforms(schema, {}, 0)


def test_a_value_without_end_is_not_certain():
    deep = []
    for _ in range(5_000):
        deep = [deep]
    assert not conforms({"$ref": "#/$defs/a"}, {"a": {"items": {"$ref": "#/$defs/a"}}}, deep)


def test_real_models_need_no_jsonschema(corpus):
    """The import of jsonschema is a third of the time of `mlmodel validate`."""
    folders = [
        str(f.parent) for f in sorted(corpus.glob("*/MLmodel")) if read(f).data.get("signature")
    ]
    script = (
        "import sys; from mlmodel.document.document import read; from mlmodel.document.rules.checks import check\n"
        f"for folder in {json.dumps(folders)}: check(read(folder), None)\n"
        "print('jsonschema' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
