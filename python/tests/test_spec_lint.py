"""The specification, the schemas, the vectors and the code agree (conformance/lint.py)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance import bindings, lint

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
TREE = lint.Tree(ROOT)


@pytest.mark.parametrize("check", lint.CHECKS, ids=lambda check: check.__name__)
def test_repository(check: Callable[[lint.Tree], list[str]]) -> None:
    assert "\n".join(check(TREE)) == ""


def test_there_is_something_to_check() -> None:
    assert len(TREE.rules) > 100
    assert sum(len(file["cases"]) for file in TREE.vectors.values()) >= 60
    assert any(fence.info[:1] == ("json",) for fence in TREE.fences)
    editions = (ROOT / "conformance" / "editions.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^\| \d", editions, re.MULTILINE)) >= 40


GOOD_PAGE = """# Page

- <a id="ENF-001"></a>**ENF-001** A column MUST be there. *(vector)*
- <a id="ENF-002"></a>**ENF-002** A column MUST be quick. *(vector)* *(test)*

```json schema=thing
{"a": 1}
```

See [another](other.md). This one is not a rule:

```markdown
- <a id="ENF-001"></a>**ENF-001** A column stands here twice.
```
"""
ROW = "| 1 | a column is there | {} | {} |"
CONFORMANCE = """# Conformance

## Roles

| role | what it is |
|---|---|
| reader | reads |
| scorer | scores |

## Which rules bind which roles

| rules | bind |
|---|---|
| ENF | scorer |
| SIG-001 to SIG-001 | reader, scorer |

## How a rule is proved

| why | rules |
|---|---|
| it is about time | SIG |

## Since when

| since | rules |
|---|---|
| 1.1 | ENF-002 |
"""
THING = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": f"{TREE.base}/schemas/v1/thing.json",
    "type": "object",
    "required": ["a"],
}


def _case(**changes: Any) -> dict[str, Any]:
    return {
        "id": "a-case",
        "description": "a column is there",
        "rules": ["ENF-001", "ENF-002"],
        "input": {"signature": {"inputs": []}, "data": {"value": 1}},
        "expected": {"data": {"value": 1}},
        **changes,
    }


def _tree(
    root: Path,
    *,
    page: str = GOOD_PAGE,
    other: str = '# Other\n\n- <a id="SIG-001"></a>**SIG-001** A name MAY be long. *(test)*\n',
    cases: list[dict[str, Any]] | None = None,
    source: str = "# ENF-001\n",
    thing: dict[str, Any] = THING,
    area: str = "enforcement",
    editions: str = ROW.format("ENF-002, SIG-001", "`enforcement/a-case`, `test_code.py::test_it`"),
    conformance: str = CONFORMANCE,
) -> lint.Tree:
    vectors = {
        "area": area,
        "operation": "enforce",
        "description": "A topic",
        "cases": [_case()] if cases is None else cases,
    }
    files = {
        "spec/page.md": page,
        "spec/other.md": other,
        "spec/conformance.md": conformance,
        "conformance/vectors/v1/enforcement/topic.json": json.dumps(vectors),
        "schemas/base.txt": f"{TREE.base}\n",
        "schemas/v1/thing.json": json.dumps(thing),
        "schemas/v1/vector.json": (ROOT / "schemas/v1/vector.json").read_text(),
        "python/src/code.py": source,
        "python/tests/test_code.py": "def test_it(): pass  # ENF-002, SIG-001\n",
        "conformance/editions.md": editions,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return lint.Tree(root)


def _conformance(old: str, new: str) -> dict[str, Any]:
    """Return the page of conformance with another text."""
    assert old in CONFORMANCE
    return {"conformance": CONFORMANCE.replace(old, new)}


@pytest.mark.parametrize("check", lint.CHECKS, ids=lambda check: check.__name__)
def test_a_good_tree_has_no_findings(
    tmp_path: Path, check: Callable[[lint.Tree], list[str]]
) -> None:
    assert check(_tree(tmp_path)) == []


@pytest.mark.parametrize(
    ("check", "wrong", "finding"),
    [
        (
            lint.rule_items,
            {"page": '- <a id="ENF-001"></a>**ENF-001** A column is there. *(vector)*'},
            "none of MUST",
        ),
        (
            lint.rule_items,
            {"page": '- <a id="ENF-001"></a>**ENF-001** A column MUST be there.'},
            "ends with none",
        ),
        (
            lint.rule_items,
            {"page": '- <a id="ENF-001"></a>**ENF-001** It MUST be. *(luck)*'},
            "ends with none",
        ),
        (
            lint.rule_items,
            {"page": '- <a id="ENF-001"></a>**ENF-001** It MUST be. *(schema)*'},
            "names no vector",
        ),
        (lint.rule_ids, {"page": GOOD_PAGE + GOOD_PAGE}, "stands in page.md:3 too"),
        (lint.rule_items, {"page": "- **ENF-001** It MUST be. *(test)*"}, "has no anchor"),
        (
            lint.rule_ids,
            {"other": '- <a id="ENF-009"></a>**ENF-009** It MUST be. *(test)*'},
            "prefixes ['ENF']",
        ),
        (
            lint.rule_ids,
            {"page": GOOD_PAGE + '- <a id="SKL-001"></a>**SKL-001** It MUST be. *(test)*'},
            "prefixes",
        ),
        (
            lint.rule_ids,
            {"other": '- <a id="ABC-001"></a>**ABC-001** It MUST be. *(test)*'},
            "not known",
        ),
        (lint.vector_files, {"cases": [_case(id="A Case")]}, "does not match"),
        (lint.vector_files, {"cases": [_case(description="this should hold")]}, "should not be"),
        (lint.vector_files, {"cases": [_case(rules=[])]}, "non-empty"),
        (lint.vector_files, {"cases": [_case(expected={"data": {"columns": [1]}})]}, "$.cases[0]"),
        (lint.vector_files, {"cases": [_case(input={})]}, "required property"),
        (lint.vector_files, {"area": "signature"}, "its area is 'signature'"),
        (lint.vector_names, {"cases": [_case(), _case(description="b")]}, "id a-case stands twice"),
        (lint.vector_names, {"cases": [_case(), _case(id="b")]}, "description stands twice"),
        (lint.vector_rules, {"cases": [_case(rules=["ENF-077"])]}, "cites ENF-077"),
        (lint.rules_with_vectors, {"cases": [_case(rules=["ENF-001"])]}, "no vector cites ENF-002"),
        (
            lint.rules_with_tests,
            {"page": '- <a id="ENF-003"></a>**ENF-003** It MUST be. *(test)*'},
            "names ENF-003",
        ),
        (lint.code_ids, {"source": "# (TRU-099)\n"}, "TRU-099 is in no page"),
        (lint.schema_files, {"thing": {**THING, "$id": "urn:x"}}, "its $id is urn:x"),
        (lint.schema_files, {"thing": {**THING, "$schema": "x"}}, "its $schema"),
        (lint.schema_files, {"thing": {**THING, "type": "thing"}}, "$.type"),
        (lint.examples, {"page": "```json schema=thing\n{}\n```"}, "'a' is a required"),
        (lint.examples, {"page": "```json schema=none\n{}\n```"}, "says neither"),
        (lint.examples, {"page": "```yaml\na: 1\n```"}, "says neither"),
        (lint.examples, {"page": "```json fragment\n{a}\n```"}, "is not json"),
        (lint.examples, {"page": "```yaml mlmodel\nflavors: 3\n```"}, "flavors"),
        (lint.links, {"page": "[a](none.md)"}, "none.md leads nowhere"),
        (lint.edition_rows, {"editions": "| 1 | a | none |"}, "no row of four columns: | 1 | a"),
        (lint.edition_rows, {"editions": ROW.format("none", "nothing")}, "row 1: nothing shows it"),
        (lint.edition_rows, {"editions": ROW.format("none", "`a/b`")}, "there is no vector a/b"),
        (
            lint.edition_rows,
            {"editions": ROW.format("none", "`test_a.py::b`")},
            "no test test_a.py::b",
        ),
        (
            lint.edition_rows,
            {"editions": ROW.format("none", "`test_code.py::it`")},
            "no test test_code",
        ),
        (
            lint.edition_rows,
            {"editions": ROW.format("SIG-001", "`enforcement/a-case`")},
            "enforcement/a-case cites none of its rules",
        ),
        (
            lint.edition_rows,
            {"editions": ROW.format("ENF-001, SIG-001", "`enforcement/a-case`")},
            "nothing that it names cites SIG-001",
        ),
        (bindings.roles, _conformance("| ENF | scorer |", ""), "no row says whom ENF-001 binds"),
        (bindings.roles, _conformance("| ENF | scorer", "| ENF | dog"), "'dog' is no role"),
        (bindings.roles, _conformance("| ENF |", "| ENF, ENF-077 |"), "ENF-077 is no rule"),
        (bindings.roles, _conformance("to SIG-001", "to SIG-004"), "SIG-001 to SIG-004 is no rule"),
        (
            bindings.roles,
            _conformance("| ENF | scorer |", "| ENF | scorer |\n| SIG-001 | reader |"),
            "two rows say whom SIG-001 binds",
        ),
        (
            bindings.proofs,
            {"page": '- <a id="ENF-003"></a>**ENF-003** It MUST be. *(test)*'},
            "1 rules that say MUST have no vector and no reason in spec/conformance.md, and 0",
        ),
        (bindings.proofs, _conformance("time | SIG", "time | DOG"), "DOG is no rule"),
        (
            bindings.proofs,
            _conformance("time | SIG |", "time | SIG |\n| it is | SIG-001 |\n| was | SIG-001 |"),
            "two rows say why a test proves SIG-001",
        ),
        (
            bindings.proofs,
            _conformance("time | SIG |", "time | SIG |\n| it is | ENF-001 |"),
            "vectors cite ENF-001",
        ),
        (bindings.since, _conformance("| 1.1 |", "| new |"), "'new' is no version"),
        (bindings.since, _conformance("| ENF-002 |\n", "| ENF-099 |\n"), "ENF-099 is no rule"),
        (
            bindings.since,
            _conformance("| 1.1 | ENF-002 |", "| 1.1 | ENF-002 |\n| 1.2 | ENF-002 |"),
            "ENF-002 has two versions",
        ),
    ],
)
def test_what_is_wrong_is_found(
    tmp_path: Path,
    check: Callable[[lint.Tree], list[str]],
    wrong: dict[str, Any],
    finding: str,
) -> None:
    assert finding in "\n".join(check(_tree(tmp_path, **wrong)))


def test_the_roles_of_a_rule_are_those_of_its_own_row() -> None:
    roles = bindings.roles_of(TREE)
    assert roles["DIR-005"] == ("writer",)
    assert roles["DIR-002"] == ("model", "reader", "checker")
    assert roles["SKL-001"] == ("model", "writer", "loader")


def test_what_waits_for_a_vector_may_only_fall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bindings, "WAITING", 1)
    assert bindings.proofs(_tree(tmp_path)) == [
        "only 0 rules wait for a vector: lower WAITING in bindings.py"
    ]
