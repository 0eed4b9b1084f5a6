"""Holds the specification, the schemas, the vectors and the code against each other.

Each check takes a :class:`Tree` and returns what is wrong, one line each; ``CHECKS`` names
them all. ``python -m conformance.lint`` from the top of the repository prints every finding.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jsonschema.protocols import Validator

__all__ = ["CHECKS", "Fence", "Rule", "Tree"]

#: The prefixes of all pages but those of flavors, which bring their own.
PREFIXES = (
    *("DIR", "MLM", "SIG", "ENF", "EXA", "ENV", "PYF"),
    *("RST", "OIP", "GRP", "TRU", "LOC", "PRO", "ERR", "FID", "UDF", "CNV"),
)
#: The anchor is what the links of reports lead to.
_RULE_ITEM = re.compile(
    r'^- (?:<a id="(?P<anchor>[^"]*)"></a>)?\*\*(?P<id>[A-Z]{3}-\d{3})\*\* (?P<text>.*)$'
)
_TAGS = re.compile(r"\*\(([a-z, ]+)\)\*")
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
_FENCE = re.compile(r"^\s*```(?P<info>.*)$")
#: A row of the table in conformance/editions.md: number, what holds, rules, what shows it.
_EDITION_ROW = re.compile(
    r"^\| (?P<row>\d+[a-z]?) \| [^|]+ \| (?P<rules>[^|]+) \| (?P<shown>[^|]+) \|$"
)
_QUOTED = re.compile(r"`([^`]+)`")

TAGS = frozenset({"vector", "schema", "test"})


@dataclass(frozen=True)
class Rule:
    """One rule of the specification: its id, page, line, text and how it is checked."""

    id: str
    page: str
    line: int
    text: str
    tags: frozenset[str]
    anchor: str


@dataclass(frozen=True)
class Fence:
    """A fenced block of a page: its info string split at spaces, its text."""

    page: str
    line: int
    info: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Tree:
    """The repository (or a small one made by a test)."""

    root: Path

    @cached_property
    def pages(self) -> dict[str, str]:
        """Text of every page of the specification, by its path under ``spec``."""
        folder = self.root / "spec"
        return {
            str(path.relative_to(folder)): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*.md"))
        }

    @cached_property
    def rules(self) -> list[Rule]:
        """Every rule, in the order of the pages."""
        return [rule for page, text in self.pages.items() for rule in _rules(page, text)]

    @cached_property
    def rule_id(self) -> re.Pattern[str]:
        """What an id looks like."""
        own = {rule.id[:3] for rule in self.rules if rule.page.startswith("flavors/")}
        return re.compile(rf"\b(?:{'|'.join([*PREFIXES, *sorted(own)])})-\d{{3}}\b")

    @cached_property
    def fences(self) -> list[Fence]:
        """Every fenced block of the pages."""
        return [fence for page, text in self.pages.items() for fence in _fences(page, text)]

    @cached_property
    def vectors(self) -> dict[str, Any]:
        """Every vector file, by its path under ``conformance/vectors/v1``."""
        folder = self.root / "conformance" / "vectors" / "v1"
        return {
            str(path.relative_to(folder)): json.loads(path.read_text(encoding="utf-8"))
            for path in sorted(folder.rglob("*.json"))
        }

    @cached_property
    def base(self) -> str:
        """The address that the names of all schemas begin with."""
        return (self.root / "schemas" / "base.txt").read_text(encoding="utf-8").strip()

    @cached_property
    def schemas(self) -> dict[str, Any]:
        """Every schema, by its name (``signature``, ``flavors/sklearn``)."""
        folder = self.root / "schemas" / "v1"
        return {
            str(path.relative_to(folder).with_suffix("")): json.loads(
                path.read_text(encoding="utf-8")
            )
            for path in sorted(folder.rglob("*.json"))
        }

    def validator(self, name: str) -> Validator:
        """Return the validator of a schema; its references to the others resolve."""
        from jsonschema import Draft202012Validator
        from referencing import Registry, Resource

        resources = [Resource.from_contents(one) for one in self.schemas.values()]
        registry: Registry[Any] = Registry().with_resources(
            [(resource.id() or "", resource) for resource in resources]
        )
        return Draft202012Validator(self.schemas[name], registry=registry)

    def cited_by_vectors(self) -> set[str]:
        """Return the ids that some case cites."""
        return {rule for _, case in _cases(self) for rule in case.get("rules", [])}


def _rules(page: str, text: str) -> Iterator[Rule]:
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        fenced ^= bool(_FENCE.match(line))
        match = _RULE_ITEM.match(line)
        if match and not fenced:
            body = match["text"]
            tags = {tag.strip() for found in _TAGS.findall(body) for tag in found.split(",")}
            yield Rule(match["id"], page, number, body, frozenset(tags), match["anchor"] or "")


def _fences(page: str, text: str) -> Iterator[Fence]:
    opened: tuple[int, str] | None = None
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _FENCE.match(line)
        if match and opened is None:
            opened, lines = (number, match["info"]), []
        elif match and opened:
            yield Fence(page, opened[0], tuple(opened[1].split()), "\n".join(lines) + "\n")
            opened = None
        else:
            lines.append(line)


def _cases(tree: Tree) -> Iterator[tuple[str, dict[str, Any]]]:
    for file, content in tree.vectors.items():
        for case in content.get("cases", []):
            yield file, case


def rule_items(tree: Tree) -> list[str]:
    """Check that a rule is one line with a keyword and how it is checked."""
    found = []
    for rule in tree.rules:
        place = f"spec/{rule.page}:{rule.line}: {rule.id}"
        if not re.search(r"\b(MUST|SHOULD|MAY)\b", rule.text):
            found.append(f"{place} has none of MUST, SHOULD, MAY on its line")
        if not rule.tags or not rule.tags <= TAGS:
            found.append(f"{place} ends with none of *(vector)*, *(schema)*, *(test)* on its line")
        if "schema" in rule.tags and "vector" not in rule.tags:
            found.append(f"{place} is checked by a schema and names no vector")
        if rule.anchor != rule.id:
            found.append(f'{place} has no anchor: - <a id="{rule.id}"></a>**{rule.id}** …')
    return found


def rule_ids(tree: Tree) -> list[str]:
    """Check that ids are unique and that a prefix belongs to one page, and a page to one prefix."""
    found = []
    first: dict[str, Rule] = {}
    prefixes: dict[str, set[str]] = defaultdict(set)
    for rule in tree.rules:
        if rule.id in first:
            other = first[rule.id]
            found.append(
                f"spec/{rule.page}:{rule.line}: {rule.id} stands in {other.page}:{other.line} too"
            )
        first.setdefault(rule.id, rule)
        prefixes[rule.page].add(rule.id[:3])
        if not tree.rule_id.fullmatch(rule.id):
            found.append(f"spec/{rule.page}:{rule.line}: the prefix of {rule.id} is not known")
    for page, used in prefixes.items():
        others = [other for other, theirs in prefixes.items() if other != page and theirs & used]
        if len(used) > 1 or others:
            found.append(f"spec/{page}: prefixes {sorted(used)} (shared with {others})")
    return found


def vector_files(tree: Tree) -> list[str]:
    """Check every vector file by its schema, and that it stands in the folder of its area."""
    validator = tree.validator("vector")
    found = []
    for file, content in tree.vectors.items():
        found += [
            f"vectors/v1/{file}: {error.json_path}: {error.message[:200]}"
            for error in validator.iter_errors(content)
        ]
        if file.split("/")[0] != content.get("area"):
            found.append(f"vectors/v1/{file}: its area is {content.get('area')!r}")
    return found


def vector_names(tree: Tree) -> list[str]:
    """Check that ids are unique in an area and descriptions in a file."""
    found = []
    ids: set[tuple[str, str]] = set()
    descriptions: set[tuple[str, str]] = set()
    for file, case in _cases(tree):
        area = file.split("/")[0]
        if (area, case["id"]) in ids:
            found.append(f"vectors/v1/{file}: id {case['id']} stands twice in {area}")
        if (file, case["description"]) in descriptions:
            found.append(f"vectors/v1/{file}: {case['id']}: its description stands twice")
        ids.add((area, case["id"]))
        descriptions.add((file, case["description"]))
    return found


def vector_rules(tree: Tree) -> list[str]:
    """Check that what a vector cites is in the specification."""
    known = {rule.id for rule in tree.rules}
    return [
        f"vectors/v1/{file}: {case['id']} cites {rule}, which no page has"
        for file, case in _cases(tree)
        for rule in case["rules"]
        if rule not in known
    ]


def rules_with_vectors(tree: Tree) -> list[str]:
    """Check that every rule that says *(vector)* has one."""
    cited = tree.cited_by_vectors()
    return [
        f"spec/{rule.page}:{rule.line}: no vector cites {rule.id}"
        for rule in tree.rules
        if "vector" in rule.tags and rule.id not in cited
    ]


def rules_with_tests(tree: Tree) -> list[str]:
    """Check that every rule that says *(test)* is named in a test."""
    named = _named(tree, "python/tests", "*.py").keys()
    return [
        f"spec/{rule.page}:{rule.line}: no test names {rule.id}"
        for rule in tree.rules
        if "test" in rule.tags and rule.id not in named
    ]


def code_ids(tree: Tree) -> list[str]:
    """Check that every id in code, schemas, messages and pages is a rule of the specification."""
    known = {rule.id for rule in tree.rules}
    named = [
        *_named(tree, "python/src", "*.py").items(),
        *_named(tree, "schemas", "*.json").items(),
        *_named(tree, "proto", "*.proto").items(),
        *_named(tree, "spec", "*.md").items(),
        *_named(tree, "conformance/harnesses", "*.py").items(),
    ]
    return [f"{files[0]}: {rule} is in no page" for rule, files in named if rule not in known]


def _named(tree: Tree, folder: str, pattern: str) -> dict[str, list[str]]:
    """Return the ids that stand in the files of a folder, each with the files."""
    named: dict[str, list[str]] = defaultdict(list)
    for path in sorted((tree.root / folder).rglob(pattern)):
        for rule in sorted(set(tree.rule_id.findall(path.read_text(encoding="utf-8")))):
            named[rule].append(str(path.relative_to(tree.root)))
    return named


def schema_files(tree: Tree) -> list[str]:
    """Check that every schema is one, and is named by its place."""
    from jsonschema import Draft202012Validator

    found = []
    for name, schema in tree.schemas.items():
        wanted = f"{tree.base}/schemas/v1/{name}.json"
        if schema.get("$id") != wanted:
            found.append(f"schemas/v1/{name}.json: its $id is {schema.get('$id')}, not {wanted}")
        if schema.get("$schema") != Draft202012Validator.META_SCHEMA["$schema"]:
            found.append(f"schemas/v1/{name}.json: its $schema is not 2020-12's")
        found += [
            f"schemas/v1/{name}.json: {error.json_path}: {error.message[:200]}"
            for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema)
        ]
    return found


def examples(tree: Tree) -> list[str]:
    """Check the examples of the pages.

    A block in JSON or YAML says what it is: ``json schema=NAME`` and ``yaml schema=NAME`` are
    valid by that schema, ``yaml mlmodel`` is a whole MLmodel file without errors, ``fragment``
    is parsed only, ``broken`` shows what is refused.
    """
    found = []
    for fence in tree.fences:
        if fence.info and fence.info[0] in {"json", "yaml"}:
            found += [f"spec/{fence.page}:{fence.line}: {one}" for one in _example(tree, fence)]
    return found


def _example(tree: Tree, fence: Fence) -> list[str]:
    import yaml

    language, *tags = fence.info
    tag = tags[0] if tags else ""
    if tag == "broken":
        return []
    if tag == "mlmodel":
        from mlmodel import document

        return [
            str(violation)
            for violation in document.check(document.parse(fence.text), None)
            if violation.severity == "error"
        ]
    try:
        value = json.loads(fence.text) if language == "json" else yaml.safe_load(fence.text)
    except (ValueError, yaml.YAMLError) as error:
        return [f"the example is not {language}: {error}"]
    if tag == "fragment":
        return []
    name = tag.removeprefix("schema=")
    if name == tag or name not in tree.schemas:
        return ["the example says neither schema=NAME, mlmodel, fragment nor broken"]
    return [error.message[:200] for error in tree.validator(name).iter_errors(value)]


def links(tree: Tree) -> list[str]:
    """Check that the relative links of the pages lead somewhere."""
    return [
        f"spec/{page}: the link {target} leads nowhere"
        for page, text in tree.pages.items()
        for target in _LINK.findall(text)
        if not (tree.root / "spec" / page).parent.joinpath(target).exists()
    ]


def edition_rows(tree: Tree) -> list[str]:
    """Check the table of the editions: what a row names is there, and shows the row's rules."""
    file = tree.root / "conformance" / "editions.md"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    rows = [line for line in lines if re.match(r"\| *\d", line)]
    cases = {
        f"{name.split('/')[0]}/{case['id']}": set(case["rules"]) for name, case in _cases(tree)
    }
    found = []
    for line in rows:
        row = _EDITION_ROW.match(line)
        if row is None:
            found.append(f"conformance/editions.md: no row of four columns: {line[:60]}")
            continue
        rules = set(tree.rule_id.findall(row["rules"]))
        faults = _edition_row(tree, rules, _QUOTED.findall(row["shown"]), cases)
        found += [f"conformance/editions.md: row {row['row']}: {fault}" for fault in faults]
    return found


def _edition_row(
    tree: Tree, rules: set[str], shown: list[str], cases: dict[str, set[str]]
) -> Iterator[str]:
    if not shown:
        yield "nothing shows it"
    cited: set[str] = set()
    for name in shown:
        file, is_test, function = name.partition("::")
        path = tree.root / "python" / "tests" / file
        if not is_test and name not in cases:
            yield f"there is no vector {name}"
        elif not is_test and not cases[name] & rules:
            yield f"the vector {name} cites none of its rules"
        elif is_test:
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            if not re.search(rf"^ *def {re.escape(function)}\(", text, re.MULTILINE):
                yield f"there is no test {name}"
            cited |= set(tree.rule_id.findall(text))
        cited |= cases.get(name, set())
    for rule in sorted(rules - cited):
        yield f"nothing that it names cites {rule}"


CHECKS: tuple[Callable[[Tree], list[str]], ...] = (
    rule_items,
    rule_ids,
    vector_files,
    vector_names,
    vector_rules,
    rules_with_vectors,
    rules_with_tests,
    code_ids,
    schema_files,
    examples,
    links,
    edition_rows,
)


def main() -> int:
    """Print every finding of the repository."""
    tree = Tree(Path(__file__).resolve().parents[1])
    findings = [(check.__name__, line) for check in CHECKS for line in check(tree)]
    for name, line in findings:
        sys.stdout.write(f"{name}: {line}\n")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main())
