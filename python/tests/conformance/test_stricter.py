"""The chapter "Stricter than MLflow", held against what MLflow answered to the vectors."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from conformance.report.summary import summary

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "spec" / "stricter.md"
_RULE = re.compile(r"\b[A-Z]{3}-\d{3}\b")
#: Lines of which no vector tells; tests/interop/test_stricter_mlflow.py asks MLflow for them.
ASKED = ("`python_version: 3.10`", "a failure of the model")


def _lines() -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.startswith("| ") and _RULE.search(line)]


@pytest.fixture(scope="module")
def differs() -> set[str]:
    """The rules by which MLflow accepted what is to be refused, or answered something else."""
    numbers = json.loads((ROOT / "conformance" / "report" / "summary.json").read_text())
    mlflow = next(one for one in numbers["implementations"] if one["implementation"] == "MLflow")
    assert sum(mlflow["accepted"].values()) >= mlflow["kinds"]["accepted"] > 0
    assert sum(mlflow["other"].values()) >= mlflow["kinds"]["other"] > 0
    return {*mlflow["accepted"], *mlflow["other"]}


@pytest.mark.parametrize("line", _lines(), ids=lambda line: line.split("|")[1].strip())
def test_the_report_shows_what_a_line_says(line: str, differs: set[str]) -> None:
    shown = set(_RULE.findall(line)) & differs
    asked = any(line.startswith(f"| {one} |") for one in ASKED)
    assert bool(shown) != asked, "MLflow does so no more, or never did; the report tells"


def test_the_chapter_has_what_the_report_shows(differs: set[str]) -> None:
    named = {rule for line in _lines() for rule in _RULE.findall(line)}
    assert differs - named == set(), "the report shows more than the chapter says"


def _case(got: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "area/topic:case", "operation": "score", "outcome": "failed", "differences": ["/x"],
        "rules": ["RST-001", "ENF-042"], "got": got, "expected": expected,
    }  # fmt: skip


def test_a_case_counts_for_the_rule_that_refuses() -> None:
    wrong = {"error": "INVALID_INPUT", "details": [{"rule": "ENF-042"}]}
    nameless, warned = {"error": "INVALID_INPUT"}, {"rule": "MLM-005", "severity": "warning"}
    files = {"valid": False, "violations": [warned, {"rule": "DIR-002", "severity": "error"}]}
    results = [
        _case({"status": 200}, wrong), _case({"status": 200}, nameless), _case(wrong, wrong),
        _case({"valid": True}, files), _case({"status": 200}, {"status": 201}),
    ]  # fmt: skip
    about = dict.fromkeys(("implementation", "version", "language", "started", "vectors"), "x")
    made = summary([{**about, "profiles": {}, "results": results}], "")["implementations"][0]
    assert made["accepted"] == {"DIR-002": 1, "ENF-042": 1, "RST-001": 1}
    assert made["other"] == {"RST-001": 1}
