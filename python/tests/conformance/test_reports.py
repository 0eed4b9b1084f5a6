"""Reports of several runs, joined to a page and to a table."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

import pytest
from click.testing import CliRunner

from conformance.runner.command import command
from conformance.runner.html_report import markdown, page

HOSTILE = "<script>alert(1)</script>"


def _result(number, outcome, **more):
    return {
        "id": f"enforcement/a:case-{number}",
        "operation": "enforce",
        "profile": "untyped",
        "rules": ["ENF-001"] if number < 3 else ["ENF-002", "ENF-003"],
        "outcome": outcome,
        **({} if outcome == "passed" else {"description": f"case {number} is & remains"}),
        **more,
    }


def _report(name, *results, digest="a" * 64, **more):
    outcomes = [one["outcome"] for one in results]
    numbers = {key: outcomes.count(key) for key in ("passed", "failed", "errored", "skipped")}
    known = sum("known" in one for one in results)
    return {
        "report": 1,
        "implementation": name,
        "version": "1.0",
        "language": "Go 1.23",
        "vectors": {"version": "v1", "digest": digest, "cases": 4},
        "lenient": False,
        "started": "2026-11-29T12:00:00+00:00",
        "seconds": 1.0,
        "right": True,
        "unmatched": [],
        "profiles": {
            "untyped": {
                **numbers,
                "known": known,
                "whole": True,
                "conforms": numbers["passed"] == len(results),
            }
        },
        "results": list(results),
        **more,
    }


FAILED = {"expected": {"valid": True}, "got": {"valid": HOSTILE}, "differences": ["/valid"]}
RIGHT = _report("right", *[_result(number, "passed") for number in range(1, 5)])
WRONG = _report(
    f"wrong {HOSTILE}",
    _result(1, "passed"),
    _result(2, "failed", **FAILED),
    _result(3, "errored", expected={"valid": True}, reason="it hung", known="we hang"),
    _result(4, "skipped", reason="not yet"),
)


def _text(html):
    return re.sub(r"<[^>]+>", " ", html)


def test_a_page_has_a_column_for_each_and_a_row_for_each_rule():
    html = page([RIGHT, WRONG])
    rows = re.findall(r"<code>(ENF-\d+)</code></span>((?:<span class=\w+>[^<]*</span>)+)", html)
    cells = {rule: re.findall(r"<span class=(\w+)>([^<]*)</span>", text) for rule, text in rows}
    assert cells == {
        "ENF-001": [("good", "✓ 2"), ("bad", "1 / 2")],
        "ENF-002": [("good", "✓ 2"), ("known", "0 / 1")],
        "ENF-003": [("good", "✓ 2"), ("known", "0 / 1")],
    }
    assert "<code>untyped</code> <small>" in html
    assert "Conforms to <code>untyped</code>." in html
    assert "Conforms to no profile yet." in html


def test_a_bar_sets_known_failures_apart():
    html = page([RIGHT, WRONG])
    bars = [re.findall(r"<i class=(\w+) style=.flex:([\d.]+)", one) for one in html.split("<div class=bar>")[1:]]  # fmt: skip
    quarter = "0.2500"
    outcomes = ("passed", "known", "failed", "skipped")
    assert bars == [[("passed", "1.0000")], [(name, quarter) for name in outcomes]]
    assert ".bar .known" in html


def test_what_was_wanted_and_got_stands_behind_a_click():
    html = page([RIGHT, WRONG])
    (opened,) = re.findall(
        r"<details class=broken><summary.*?ENF-001.*?</details>", html, re.DOTALL
    )
    said = _text(opened)
    assert "failed enforcement/a:case-2" in re.sub(r"\s+", " ", said)
    assert '{"valid": true}' in said
    assert "case 2 is &amp; remains" in said
    assert "Known: we hang" in html
    assert "it hung" in html
    assert "1 skipped: not yet" in html


def test_a_case_of_several_rules_is_shown_once_and_linked_from_the_others():
    html = page([_report("one", _result(3, "failed", **FAILED))])
    assert html.count("<article") == 1
    (place,) = re.findall(r'<article id="([^"]+)"', html)
    (link,) = re.findall(r'<a href="#([^"]+)"', html)
    assert unquote(link) == place


def test_what_stands_before_the_tables_is_given():
    html = page([RIGHT], "<h2>First</h2>")
    assert html.index("<h2>First</h2>") < html.index("<h2>Profiles</h2>")


def test_nothing_of_a_report_becomes_markup_and_nothing_is_loaded():
    html = page([RIGHT, WRONG])
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    # A link leads to a place of the page, and to no other.
    assert not re.search(r"""(?:src|href(?!="#[\w%/.-]+")|url\()\s*=?""", html)
    assert 'name="viewport"' in html
    assert "prefers-color-scheme: dark" in html


def test_half_a_pair_of_surrogates_can_be_written():
    broken = {**FAILED, "got": {"valid": "\ud800"}}
    html = page([_report("a", _result(1, "failed", **broken))])
    assert "\\ud800" in html.encode().decode()


def test_different_vectors_are_told():
    other = {**WRONG, "vectors": {**WRONG["vectors"], "digest": "b" * 64}}
    assert "different states of the vectors" in page([RIGHT, other])
    assert "different states of the vectors" not in page([RIGHT, WRONG])


def test_a_table_for_a_page():
    assert markdown([RIGHT, _report("other", _result(1, "failed", **FAILED))]) == (
        "| profile | right 1.0 | other 1.0 |\n"
        "| --- | --- | --- |\n"
        "| `untyped` | ✓ 4 | 0 / 1 |\n"
        "| on | 2026-11-29 | 2026-11-29 |\n"
    )


def test_the_command_joins_reports(tmp_path):
    files = []
    for name, report in (("a", RIGHT), ("b", WRONG)):
        files.append(str(tmp_path / f"{name}.json"))
        (tmp_path / f"{name}.json").write_text(json.dumps(report))
    target = tmp_path / "index.html"
    done = CliRunner().invoke(command, ["report", *files, "-o", str(target)])
    assert done.exit_code == 0, done.output
    assert target.read_text() == page([RIGHT, WRONG])


def _without(report, key):
    return {name: value for name, value in report.items() if name != key}


def _with(result):
    return {**RIGHT, "results": [{**_result(1, "passed"), **result}]}


def _counted(**counts):
    return {**RIGHT, "profiles": {"untyped": {**RIGHT["profiles"]["untyped"], **counts}}}


#: What is given -> what is said of it.
NO_REPORTS = [
    ("", "cannot be read as JSON"),
    ("[" * 10**5, "cannot be read as JSON"),
    ("[]", "is not a report"),
    ('{"report": 2}', "is not a report"),
    ('{"valid": true}', "is not a report"),
    ('{"report": 1}', "at its top the key implementation is missing (a text)"),
    (_without(RIGHT, "results"), "the key results is missing"),
    ({**RIGHT, "lenient": "no"}, 'at /lenient true or false is expected, not "no"'),
    ({**RIGHT, "vectors": {}}, "at /vectors the key digest is missing"),
    ({**RIGHT, "profiles": {"untyped": 1}}, "at /profiles/untyped an object is expected, not 1"),
    (_counted(known=HOSTILE), "at /profiles/untyped/known a whole number from 0 is expected"),
    (_counted(failed=True), "at /profiles/untyped/failed a whole number"),
    (_counted(passed=-1), "at /profiles/untyped/passed a whole number"),
    (_counted(passed=1.5), "at /profiles/untyped/passed a whole number"),
    ({**RIGHT, "results": ["x"]}, "at /results/0 an object is expected"),
    (_with({"outcome": HOSTILE}), "at /results/0/outcome one of passed, failed, errored, skipped"),
    (_with({"outcome": []}), "at /results/0/outcome one of passed"),
    (_with({"rules": [1]}), "at /results/0/rules a list of texts is expected, not [1]"),
    (_with({"outcome": "failed"}), "at /results/0 the key description is missing"),
    (_with({"outcome": "failed", "description": "a"}), "at /results/0 the key expected is missing"),
    (_with({"known": 1}), "at /results/0/known a text is expected, not 1"),
    (_with({"id": "x", "profile": ["y" * 100]}), f'not ["{"y" * 58}….'),
]


@pytest.mark.parametrize(("content", "says"), NO_REPORTS)
def test_what_is_no_report_is_said(tmp_path, content, says):
    text = content if isinstance(content, str) else json.dumps(content)
    (tmp_path / "a.json").write_text(text)
    done = CliRunner().invoke(command, ["report", str(tmp_path / "a.json")])
    assert done.exit_code == 2
    assert "a.json" in done.output
    assert says in re.sub(r"\s+", " ", done.output)


def test_an_outcome_is_no_markup():
    """Also where the page is made by other means than the command, which refuses it."""
    html = page([_report("a", _result(1, HOSTILE, **FAILED))])
    assert "<script" not in html
