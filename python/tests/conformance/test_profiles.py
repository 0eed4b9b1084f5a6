"""Every case has one profile, and the tables that name them say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from conformance.runner.cases import read_vectors
from conformance.runner.profiles import PROFILES, profile_of

ROOT = Path(__file__).resolve().parents[3]
CASES = read_vectors().cases
SCHEMAS = ROOT / "schemas" / "v1"


def test_every_operation_has_profiles_and_every_profile_has_cases():
    vector = json.loads((SCHEMAS / "vector.json").read_text())
    operations = vector["$defs"]["operation"]["enum"]
    assert {name for one in PROFILES for name in one.operations} == set(operations)
    assert {case.profile for case in CASES} == {one.name for one in PROFILES}


def test_ids_are_unique():
    assert len({case.id for case in CASES}) == len(CASES)


def test_the_schema_names_the_profiles_of_the_table():
    harness = json.loads((SCHEMAS / "harness.json").read_text())
    assert harness["$defs"]["profile"]["enum"] == [one.name for one in PROFILES]


def test_the_page_prints_the_table():
    page = (ROOT / "conformance" / "README.md").read_text()
    rows = re.findall(
        r"^\| `([a-z0-9-]+)` \| ((?:`[a-z0-9-]+`(?:, )?)+) \| (.+) \|$", page, re.MULTILINE
    )
    printed = {name: tuple(re.findall("[a-z0-9-]+", operations)) for name, operations, _ in rows}
    assert printed == {one.name: one.operations for one in PROFILES}
    assert {name: text for name, _, text in rows} == {one.name: one.says for one in PROFILES}


@pytest.mark.parametrize(
    ("operation", "given", "profile"),
    [
        ("check-model", {"mlmodel": ""}, "checker"),
        ("enforce", {"data": {"value": []}}, "untyped"),
        ("enforce", {"data": {"columns": []}}, "typed-frames"),
        ("enforce", {"data": {"tensor": {}}}, "tensors"),
        ("enforce", {"data": {"tensors": {}}}, "tensors"),
        ("infer-signature", {"data": {"value": []}}, "signature"),
        ("infer-signature", {"data": {"value": []}, "outputs": {"columns": []}}, "typed-frames"),
        ("infer-signature", {"data": {"tensor": {}}, "outputs": {"columns": []}}, "typed-frames"),
        ("write-example", {"data": {"columns": []}}, "examples"),
        ("score", {"request": {"headers": {}}}, "scoring"),
        ("score", {"request": {"headers": {"Content-Type": "text/csv"}}}, "scoring"),
        (
            "score",
            {"request": {"headers": {"content-type": "Application/Vnd.Apache.Parquet; v=1"}}},
            "columnar",
        ),
        (
            "score",
            {"request": {"headers": {"ACCEPT": "application/vnd.apache.arrow.stream"}}},
            "columnar",
        ),
    ],
)
def test_what_a_case_holds_is_its_profile(operation, given, profile):
    assert profile_of(operation, given) == profile


def test_an_operation_of_no_profile_is_an_error():
    with pytest.raises(ValueError, match="walk-the-dog"):
        profile_of("walk-the-dog", {})
