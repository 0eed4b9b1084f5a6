"""The bundles mean what their sources mean, and stand alone."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import TYPE_CHECKING, Any

import documents
import pytest
from documents import BUNDLES, NAMES, REPOSITORY, TREE
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.exceptions import Unresolvable

from mlmodel.document.schema import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

README = (REPOSITORY / "schemas" / "README.md").read_text(encoding="utf-8")


def _bundle(name: str) -> Any:
    return json.loads((BUNDLES / f"{name}.json").read_text(encoding="utf-8"))


def _inside(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value:
        if isinstance(one, dict | list):
            yield from _inside(one)


@pytest.mark.thorough
@pytest.mark.parametrize("name", [name for name in NAMES if name != "vector"])
def test_a_bundle_says_what_its_sources_say(name: str) -> None:
    validator = Draft202012Validator(_bundle(name), registry=Registry())
    found = documents.samples(name)
    assert {sample.is_valid for sample in found} == {True, False}
    for sample in found:
        assert validator.is_valid(sample.document) is sample.is_valid, sample.document


@pytest.mark.slow
def test_the_bundle_of_vectors_says_what_its_source_says() -> None:
    test_a_bundle_says_what_its_sources_say("vector")


def test_what_the_vectors_call_valid_fits_the_bundle() -> None:
    validator = Draft202012Validator(_bundle("mlmodel"), registry=Registry())
    fits = [(case["expected"]["valid"], validator.is_valid(data))
            for case, data in documents.models()]  # fmt: skip
    assert (True, False) not in fits
    assert fits.count((False, False)) > 40


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_stands_alone(name: str) -> None:
    schema = _bundle(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"{TREE.base}/schemas/bundled/v1/{name}.json"
    for one in _inside(schema):
        assert not [key for key in one if key.startswith("x-")]
        if isinstance(one.get("$ref"), str):
            assert re.fullmatch(r"#|#/\$defs/[A-Za-z0-9_-]+", one["$ref"])


def test_every_source_but_the_flavors_has_a_bundle() -> None:
    assert sorted(name for name in TREE.schemas if not name.startswith("flavors/")) == NAMES
    wanted = {f"flavors-{name.split('/')[1]}" for name in TREE.schemas if "flavors/" in name}
    assert wanted < _bundle("mlmodel")["$defs"].keys()


def test_references_between_sources_are_relative() -> None:
    for name, schema in TREE.schemas.items():
        for one in _inside(schema):
            if isinstance(one.get("$ref"), str):
                assert ":" not in one["$ref"], name


def _outside_texts(value: Any) -> Iterator[dict[str, Any]]:
    """Give every subschema of what our own check looks at; JSON texts it reads by themselves."""
    if isinstance(value, dict):
        yield value
        value = [one for key, one in value.items() if key != "contentSchema"]
    for one in value if isinstance(value, list) else ():
        yield from _outside_texts(one)


def test_our_own_check_has_every_reference_in_place() -> None:
    for name in (*documents.CHECKED_BY_OUR_OWN, "conversion", "fidelity"):
        for one in _outside_texts(schemas.load(name)):
            assert one.get("$ref", "#").startswith("#"), name


def test_nobody_asks_for_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are addresses now; what cannot be resolved is an error and no request."""
    asked = []
    monkeypatch.setattr(urllib.request, "urlopen", asked.append)
    with pytest.raises(Unresolvable):
        schemas.validator("scoring:request-1x").is_valid({"data": []})
    assert asked == []


def test_the_page_explains_every_keyword_of_our_own() -> None:
    used = {key for schema in TREE.schemas.values() for one in _inside(schema)
            for key in one if key.startswith("x-")}  # fmt: skip
    assert used == set(re.findall(r"^\| `(x-[a-z-]+)`", README, re.MULTILINE))


def test_the_page_names_every_bundle() -> None:
    table = README[README.index("## Which file") : README.index("## Use them")]
    assert set(re.findall(r"`([a-z0-9/-]+)\.json`", table)) == set(NAMES)
