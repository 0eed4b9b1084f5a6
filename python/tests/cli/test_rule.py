"""mlmodel rule: rules by their ids."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from mlmodel.cli import COMMANDS
from mlmodel.cli.rule import command
from mlmodel.errors import InvalidArgument
from mlmodel.reports import rules


def run(*args):
    return CliRunner().invoke(command, args)


def test_the_help_line_is_the_groups():
    assert command.get_short_help_str(100) == COMMANDS["rule"][1]


def test_a_rule_is_shown(monkeypatch):
    monkeypatch.setattr(rules, "specification", lambda: "https://example.org/spec")
    result = run("ENF-049")
    assert result.exit_code == 0
    first, *text, address = result.output.splitlines()
    assert first == "ENF-049  error  spec/enforcement.md"
    assert " ".join(text).split()[:5] == ["Text", "and", "booleans", "MUST", "be"]
    assert address == "  https://example.org/spec/enforcement.md#ENF-049"
    assert all(len(line) <= 80 for line in result.output.splitlines())


def test_without_an_address_none_is_shown(monkeypatch):
    monkeypatch.setattr(rules, "specification", lambda: "")
    assert "urn:" not in run("ENF-049").output


def test_as_json_and_by_how_ids_begin(monkeypatch):
    monkeypatch.setattr(rules, "specification", lambda: "")
    found = json.loads(run("skl", "ENF-049", "SKL-001", "--format", "json").output)
    assert [one["rule"] for one in found][:1] == ["SKL-001"]
    assert found[-1] == {
        "rule": "ENF-049",
        "severity": "error",
        "page": "spec/enforcement.md",
        "address": "urn:mlmodel:spec:v1:enforcement#ENF-049",
        "text": rules.rules()["ENF-049"].text,
    }
    assert all(one["page"] == "spec/flavors/sklearn.md" for one in found[:-1])


@pytest.mark.parametrize(
    ("name", "severity"),
    [("ENF-049", "error"), ("DIR-006", "warning"), ("MLM-011", "error or warning")],
)
def test_the_severity_is_in_the_words(name, severity):
    assert rules.rule(name).severity == severity


def test_which_one_was_meant():
    error = run("ENF-49").exception
    assert isinstance(error, InvalidArgument)
    assert "did you mean ENF-049" in str(error)


def test_every_rule_fits_a_terminal():
    result = run(*sorted({name[:3] for name in rules.rules()}))
    lines = [one for one in result.output.splitlines() if not one.startswith("  |")]
    too_long = [one for one in lines if len(one) > 80 and len(one.split()) > 1]
    assert too_long == []
