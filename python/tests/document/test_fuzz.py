"""Whatever bytes stand in the file: violations, never an exception of another kind."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlmodel import validate
from mlmodel.document import check, parse
from mlmodel.document.document import compose_document
from mlmodel.errors import MlmodelError

COLUMN = json.dumps([{"type": "long", "name": "a"}, {"type": "array", "items": {"type": "any"}}])
SEED = f"""artifact_path: model
flavors:
  python_function:
    artifacts: {{a: {{path: a/b, uri: file:///x}}}}
    code: code
    env: {{conda: conda.yaml, virtualenv: python_env.yaml}}
    loader_module: mlflow.sklearn
  sklearn: &s {{pickled_model: model.pkl, skops_trusted_types: [a]}}
  other: *s
metadata: {{1: 2020-01-01, x: !!binary aGk=, y: !!set {{z}}}}
saved_input_example_info: {{artifact_path: e.json, type: dataframe}}
signature:
  inputs: '{COLUMN}'
  outputs: "[{{\\"dtype\\": \\"float32\\",\\
    \\ \\"shape\\": [-1]}}]"
  params: |
    [{{"name": "n", "type": "long",
      "default": 1}}]
utc_time_created: 2020-01-01 00:00:00
"""
PIECES = ["[", "]", "{", "}", ":", ": ", "\n", "\n  ", "- ", "'", '"', "&s ", "*s", "!!", "|", ">",
          "?", "<<: ", "#", "%", "0", "..", "/", "\\", "null", "\0", "\ud800", "\u2028", "é", "~",
          '"type"', "[1]", "{}", "-1", "1e999", "---\n", "\t", ","]  # fmt: skip

edits = st.lists(
    st.tuples(st.integers(0, len(SEED)), st.integers(0, 6), st.sampled_from(PIECES)),
    min_size=1,
    max_size=6,
)


def edited(changes):
    text = SEED
    for place, removed, piece in changes:
        text = text[:place] + piece + text[place + removed :]
    return text


@pytest.mark.thorough
@given(edits)
@settings(max_examples=600)
def test_an_edited_model(changes):
    text = edited(changes)
    document = compose_document(text, "MLmodel")
    lines = len(text.splitlines()) + 1
    for violation in check(document, None):
        assert violation.line is None or 1 <= violation.line <= lines
        assert violation.column is None or violation.column >= 1
        assert str(violation)
    try:
        parse(text)
    except MlmodelError as error:
        assert error.details  # noqa: PT017 - either way is right, but an error says why


@pytest.mark.thorough
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-16")))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_in_any_file(tmp_path, content):
    for name in ("conda.yaml", "python_env.yaml", "requirements.txt"):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "MLmodel").write_text("flavors: {python_function: {loader_module: a}}\n")
    validate(tmp_path)
    (tmp_path / "MLmodel").write_bytes(content)
    assert not validate(tmp_path).valid
