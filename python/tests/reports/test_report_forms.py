"""Reports for GitHub and for readers of SARIF (MLM-029)."""

from __future__ import annotations

import json
from importlib import metadata

import pytest
from jsonschema import Draft202012Validator

from mlmodel import validate
from mlmodel._base.origin import specification
from mlmodel.errors import Violation
from mlmodel.reports.report import Report
from mlmodel.reports.sarif_and_github import as_sarif, github_lines

#: What SARIF 2.1.0 requires of the parts that are written here (sections 3.13 to 3.58).
TEXT = {"type": "string", "minLength": 1}
MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": TEXT, "markdown": TEXT}}
COUNT = {"type": "integer", "minimum": 1}
ARTIFACT = {
    "type": "object",
    "required": ["uri"],
    "additionalProperties": False,
    "properties": {
        "uri": {"type": "string", "pattern": r"^(?!/)(?!.*\.\./)[A-Za-z0-9._~:/%!$&'()*+,;=@-]+$"},
        "uriBaseId": {"const": "%SRCROOT%"},
    },
}
LOCATION = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "additionalProperties": False,
            "properties": {
                "artifactLocation": ARTIFACT,
                "region": {
                    "type": "object",
                    "required": ["startLine"],
                    "additionalProperties": False,
                    "properties": {"startLine": COUNT, "startColumn": COUNT},
                },
            },
        },
        "logicalLocations": {
            "type": "array",
            "items": {"type": "object", "required": ["fullyQualifiedName"]},
        },
    },
}
RULE = {
    "type": "object",
    "required": ["id", "shortDescription", "fullDescription", "help", "helpUri"],
    "properties": {
        "id": TEXT,
        "shortDescription": MESSAGE,
        "fullDescription": MESSAGE,
        "help": MESSAGE,
        "helpUri": {"type": "string", "pattern": "^[a-z]+:"},
        "properties": {"type": "object", "properties": {"tags": {"type": "array", "items": TEXT}}},
    },
}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "pattern": "sarif-schema-2.1.0.json$"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "rules": {"type": "array", "uniqueItems": True, "items": RULE}
                                },
                            }
                        },
                    },
                    "invocations": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["executionSuccessful"],
                            "properties": {
                                "toolExecutionNotifications": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "required": ["message"],
                                        "properties": {
                                            "level": {"enum": ["none", "note", "warning", "error"]},
                                            "message": MESSAGE,
                                            "locations": {"type": "array", "items": LOCATION},
                                        },
                                    },
                                }
                            },
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["ruleId", "message", "level"],
                            "properties": {
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": MESSAGE,
                                "locations": {"type": "array", "items": LOCATION},
                            },
                        },
                    },
                },
            },
        },
    },
}  # fmt: skip
FLAVORS = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(folder, name, text):
    (folder / name).mkdir(parents=True)
    (folder / name / "MLmodel").write_text(text)
    return validate(name)


# --- GitHub ---------------------------------------------------------------------------------


def test_a_violation_is_a_command(folder):
    report = made(folder, "m", FLAVORS + "    model_path: gone\nmystery: 1\n")
    assert list(github_lines(report)) == [
        "::error file=m/MLmodel,line=4,col=17,title=DIR-003::'gone' is missing from the folder: the file or folder that the loader module is given. (at /flavors/python_function/model_path)",
        "::warning file=m/MLmodel,line=5,col=1,title=MLM-011::The key 'mystery' is not part of the format; it is kept. (at /mystery)",
    ]


def test_what_would_end_a_command_is_escaped():
    nasty = "100%\r\n::error::x, y: z\x1b[31m"
    report = Report("a", (Violation("MLM-001", nasty, "a,b:c%/MLmodel\n", 1, 2, "/p"),))
    (line,) = github_lines(report)
    assert line == (
        "::error file=a%2Cb%3Ac%25/MLmodel%0A,line=1,col=2,title=MLM-001::"
        "100%25%0D%0A::error::x, y: z\\x1b[31m (at /p)"
    )


def test_what_was_mended_and_what_is_not_there():
    fixed = Violation("MLM-005", "In quotes.", "a", 1, 2, "/x", severity="fixed")
    lines = list(github_lines(Report("a", (Violation("ENV-001", "None."),), fixed=(fixed,))))
    assert lines == [
        "::notice file=a,line=1,col=2,title=MLM-005::In quotes. (at /x)",
        "::error title=ENV-001::None.",
    ]
    assert list(github_lines(Report("b", (), "Not there."))) == ["::error::b: Not there."]
    noted = Report("b", unchecked=("b/x.json was not checked.",))
    assert list(github_lines(noted)) == ["::notice::b: b/x.json was not checked."]


# --- SARIF ----------------------------------------------------------------------------------


def sarif(*reports):
    log = as_sarif(list(reports))
    Draft202012Validator(SARIF).validate(log)
    (run,) = json.loads(json.dumps(log))["runs"]
    return run


def test_a_log(folder):
    text = FLAVORS + "    model_path: gone\nmystery: {é: 3}\nrun_id: 1.0\n"
    run = sarif(made(folder, "models/ä b", text))
    assert [
        (r["ruleId"], r["level"], r["locations"][0]["physicalLocation"]["region"])
        for r in run["results"]
    ] == [
        ("DIR-003", "error", {"startLine": 4, "startColumn": 17}),
        ("MLM-011", "warning", {"startLine": 5, "startColumn": 1}),
        ("MLM-005", "warning", {"startLine": 6, "startColumn": 9}),
    ]
    location = run["results"][0]["locations"][0]
    assert location["physicalLocation"]["artifactLocation"] == {
        "uri": "models/%C3%A4%20b/MLmodel", "uriBaseId": "%SRCROOT%",
    }  # fmt: skip
    assert location["logicalLocations"] == [
        {"fullyQualifiedName": "/flavors/python_function/model_path"}
    ]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["DIR-003", "MLM-005", "MLM-011"]
    assert [rules[r["ruleIndex"]]["id"] for r in run["results"]] == [
        "DIR-003",
        "MLM-011",
        "MLM-005",
    ]
    assert rules[0]["shortDescription"]["text"] == (
        "What a path of the model names MUST be in the folder."
    )
    assert "spec/model-directory.md" in rules[0]["help"]["text"]
    assert rules[0]["helpUri"] == "urn:mlmodel:spec:v1:model-directory#DIR-003"
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_of_a_file_elsewhere_the_whole_path_is_given(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "MLmodel").write_text("flavors: {}\n")
    (result,) = sarif(validate(other))["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": f"file://{other}/MLmodel"}
    assert sarif(Report(str(folder / "x" / ".." / "y"), (), "Gone."))["invocations"][0][
        "toolExecutionNotifications"
    ][0]["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "y", "uriBaseId": "%SRCROOT%"}  # fmt: skip


def test_what_could_not_be_read_is_a_notification(folder):
    run = sarif(validate("none"), made(folder, "m", FLAVORS))
    assert run["results"] == []
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (said,) = invocation["toolExecutionNotifications"]
    assert said["level"] == "error"
    assert "There is nothing at none" in said["message"]["text"]


def test_what_was_not_checked_and_what_was_mended_are_notes(folder):
    """MLM-028, MLM-029."""
    fixed = Violation("MLM-005", "In {quotes}.", "a/MLmodel", 1, 2, "/x", severity="fixed")
    (invocation,) = sarif(Report("a", fixed=(fixed,), unchecked=("Not checked.",)))["invocations"]
    assert invocation["executionSuccessful"] is True
    assert [
        (
            note["level"],
            note["message"]["text"],
            note["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        )
        for note in invocation["toolExecutionNotifications"]
    ] == [
        ("note", "Not checked.", "a"),
        ("note", "Fixed: In {{quotes}}. (MLM-005)", "a/MLmodel"),
    ]


def test_braces_are_no_placeholders():
    """A message string of SARIF (3.11.5) doubles them."""
    run = sarif(Report("a", (Violation("SIG-006", "It is {0}, not {x}.", "a", 1),)))
    assert run["results"][0]["message"]["text"] == "It is {{0}}, not {{x}}."
    text = run["tool"]["driver"]["rules"][0]["fullDescription"]["text"]
    assert text.count("{{") == text.count("{") / 2 > 0


def test_every_violation_of_the_corpus_has_a_rule_with_a_text(corpus):
    run = sarif(*map(validate, sorted(corpus.iterdir())))
    assert len(run["results"]) > 20
    for rule in run["tool"]["driver"]["rules"]:
        assert any(word in rule["fullDescription"]["text"] for word in ("MUST", "SHOULD", "MAY"))
        assert not rule["fullDescription"]["text"].endswith(")*")


def test_the_address_of_the_specification_is_the_packages(monkeypatch):
    address = "https://example.org/mlmodel/spec"
    named = metadata.PathDistribution.metadata.fget(metadata.distribution("mlmodel"))
    named["Project-URL"] = f"Specification, {address}/"
    monkeypatch.setattr(metadata, "metadata", lambda _: named)
    specification.cache_clear()
    try:
        run = sarif(Report("a", (Violation("SKL-001", "It is missing.", "a", 1, 1),)))
    finally:
        specification.cache_clear()
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["helpUri"] == f"{address}/flavors/sklearn.md#SKL-001"
    assert f"[spec/flavors/sklearn.md]({address}/flavors/sklearn.md)" in rule["help"]["markdown"]
