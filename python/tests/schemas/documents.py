"""Documents by the bundle that is for them, good ones and bad, each with what our own check says."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from conformance.lint import Tree
from mlmodel.document.document import parse
from mlmodel.document.schema import schemas
from mlmodel.document.schema.findings import errors
from mlmodel.errors import InvalidModel

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[3]
BUNDLES = REPOSITORY / "schemas" / "bundled" / "v1"
NAMES = sorted(
    path.relative_to(BUNDLES).with_suffix("").as_posix() for path in BUNDLES.rglob("*.json")
)
TREE = Tree(REPOSITORY)
#: The others are what programs say to each other, and no code of ours checks them.
CHECKED_BY_OUR_OWN = frozenset(
    {"mlmodel", "signature", "input-example-info", "conda-env", "python-env"}
)
#: How many changed documents are made of one good one, and of how many good ones.
MOST_CHANGED, MOST_GOOD = 40, 12
#: What stands in the place of a value, to see who takes it.
OTHERS = (None, 7, -1, 1.5, "x", "", [], ["x"], {}, {"x": 1}, True)


class Sample(NamedTuple):
    document: Any
    is_valid: bool


def is_valid(name: str, document: Any) -> bool:
    """Return what this implementation says by its sources, the flavors of a model included."""
    if name not in CHECKED_BY_OUR_OWN:
        return bool(TREE.validator(name).is_valid(document))
    found = errors(name, document)
    flavors = document.get("flavors") if isinstance(document, dict) else None
    for flavor, keys in flavors.items() if isinstance(flavors, dict) else ():
        known = schemas.named("flavors", flavor)
        found = found or (errors(f"flavors:{known}", keys) if known else [])
    return not found


@cache
def samples(name: str) -> tuple[Sample, ...]:
    """Return the documents for a bundle, each once."""
    given = list(_given(name))
    small = sorted(given, key=lambda one: len(json.dumps(one)))
    for document in small[-MOST_GOOD:] if name != "vector" else small[:2]:
        changed = list(_changed(document))
        given += changed[:: max(1, len(changed) // MOST_CHANGED)]
    texts = dict.fromkeys(json.dumps(one, sort_keys=True) for one in given)
    return tuple(Sample(json.loads(text), is_valid(name, json.loads(text))) for text in texts)


def _changed(document: Any) -> Iterator[Any]:
    """Give a document with a key removed, added, or a value replaced, two levels deep."""
    if isinstance(document, dict):
        yield {**document, "a key that no schema lists": 1}
        for key, value in document.items():
            yield {other: one for other, one in document.items() if other != key}
            for other in [*OTHERS, *_changed_once(value)]:
                yield {**document, key: other}
    yield from OTHERS


def _changed_once(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield {**value, "a key that no schema lists": 1}
        for key in value:
            yield {other: one for other, one in value.items() if other != key}
            yield from ({**value, key: other} for other in OTHERS)
    elif isinstance(value, list) and value:
        yield [value[0], 7]
        yield from ([one] for one in _changed_once(value[0]))


def _given(name: str) -> Iterator[Any]:
    """Give what the vectors and the pages have for a schema, as JSON holds it."""
    if name == "vector":
        # The others are large and say the same of their form.
        yield from sorted(TREE.vectors.values(), key=lambda one: len(str(one)))[:MOST_GOOD]
    for fence in TREE.fences:
        if f"schema={name}" in fence.info:
            yield yaml.safe_load(fence.text)
    found = {
        "mlmodel": lambda: (data for _, data in models()),
        "signature": _signatures,
        "input-example-info": lambda: _under_a_key("saved_input_example_info"),
        "conda-env": lambda: _environments("conda.yaml"),
        "python-env": lambda: _environments("python_env.yaml"),
        "scoring/request": _bodies,
        "scoring/request-1x": _bodies,
    }.get(name)
    yield from filter(_is_json, found() if found else OF_OTHERS.get(name, ()))


def _is_json(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False


def cases(operation: str) -> Iterator[dict[str, Any]]:
    for file in TREE.vectors.values():
        yield from file["cases"] if file["operation"] == operation else ()


def models() -> Iterator[tuple[dict[str, Any], Any]]:
    """Give the cases of check-model whose file can be read, with what is in it."""
    for case in cases("check-model"):
        if "mlmodel" not in case["input"]:  # bytes that are no text, or a text of many megabytes
            continue
        with suppress(InvalidModel):  # no YAML, or no mapping
            document = parse(case["input"]["mlmodel"])
            if document.usable and _is_json(document.data):
                yield case, document.data


def _under_a_key(key: str) -> Iterator[Any]:
    yield from (data[key] for _, data in models() if key in data)


def _signatures() -> Iterator[Any]:
    for signature in _under_a_key("signature"):
        try:
            yield {key: text and json.loads(text) for key, text in signature.items()}
        except (AttributeError, TypeError, ValueError):
            continue  # a text that is none, or holds no JSON
    yield from (case["input"]["signature"] for case in cases("enforce"))


def _environments(file: str) -> Iterator[Any]:
    for case in cases("check-model"):
        text = case["input"].get("files", {}).get(file)
        try:
            yield yaml.safe_load(text) if text else {}
        except yaml.YAMLError:
            continue


def _bodies() -> Iterator[Any]:
    for case in cases("score"):
        try:
            yield json.loads(case["input"]["body"])
        except (KeyError, TypeError, ValueError):
            continue


_VIOLATION = {
    "rule": "SIG-003", "message": "It is not.", "severity": "error", "file": "MLmodel",
    "line": 3, "column": 1, "pointer": "/signature/inputs",
}  # fmt: skip
_ERROR = {
    "error_code": "INVALID_INPUT",
    "message": "It does not fit.",
    "details": [{"rule": "ENF-040", "column": 3, "row": 0, "expected": "long", "got": '"x"'}],
    "request_id": "a-1",
}
#: Documents of the schemas for which the pages have none.
OF_OTHERS = {
    "error": [_ERROR],
    "report": [
        {
            "version": 1,
            "models": [{"path": "m", "valid": False, "violations": [_VIOLATION], "ignored": 1}],
            "summary": dict.fromkeys(
                ("models", "valid", "invalid", "unreadable", "errors", "warnings"), 1
            ),
        }
    ],
    "scoring/input-report": [
        {"model": "m", "input": "-", "valid": False, "declares_inputs": True, "rows": 3,
         "rows_that_fit": 2, "warning": None, "error": _ERROR}
    ],
    "scoring/response": [{"predictions": [1]}],
    "fidelity": [{"ways": {"REST": "The dtype is another."}, "signature_left_out": True}],
    "conversion": [
        {"from": "a", "to": "b", "by": "c 1.0", "rows": 3, "largest_difference": 1e-7}
    ],
    "harness": [
        {"cmd": "start", "protocol": 1, "vectors": "v1"},
        {"implementation": "a", "version": "1", "language": "Go", "operations": ["enforce"],
         "profiles": ["untyped"]},
        {"id": 1, "operation": "enforce", "input": {"signature": None, "data": {"value": 1}}},
        {"id": 1, "result": {"data": {"value": 1}}},
        {"id": 1, "skip": "not yet"},
        {"id": 1, "error": "KeyError"},
        {"cmd": "stop"},
    ],
    "conformance-report": [
        {"report": 1, "implementation": "a", "version": "1", "language": "Go", "lenient": False,
         "vectors": {"version": "v1", "digest": "0" * 64, "cases": 1}, "seconds": 1.5,
         "started": "2026-11-29T12:00:00+00:00", "right": True, "unmatched": [],
         "profiles": {"untyped": {**dict.fromkeys(
             ("passed", "failed", "errored", "skipped", "known"), 1),
             "whole": True, "conforms": False}},
         "results": [{"id": "a/b:c", "operation": "enforce", "profile": "untyped",
                      "rules": ["ENF-001"], "outcome": "passed"}]}
    ],
}  # fmt: skip
