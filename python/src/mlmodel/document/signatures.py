"""The JSON texts of the signature: form, types, names (SIG-001 to SIG-008).

Each distinct shape of a column is validated once: a table of 1,800 columns has a few.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlmodel.document import schemas
from mlmodel.document.pointers import join
from mlmodel.document.schema_check import explain
from mlmodel.errors import Violation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.document.document import Document
    from mlmodel.document.jsontext import JsonText

__all__ = ["check_signature"]

_NESTED = frozenset({dict, list})
#: Shapes found valid in this process: the same few come back in every model.
_VALID_SHAPES: set[Any] = set()
_MAX_SHAPES = 200


def check_signature(document: Document) -> Iterator[Violation]:
    """Give every violation in the texts of ``signature``, at its place in the file."""
    signature = document.data.get("signature")
    if not isinstance(signature, dict):
        return
    described = (schemas.load("mlmodel") or {})["properties"]["signature"]["properties"]
    for key, schema in described.items():
        text = signature.get(key)
        if isinstance(text, str):
            definition = schema["contentSchema"]["$ref"].rpartition("/")[2]
            yield from _Text(document, f"/signature/{key}", text).violations(definition)


class _Text:
    """One of the JSON texts, with its pointer in the document."""

    def __init__(self, document: Document, pointer: str, text: str) -> None:
        self.document = document
        self.pointer = pointer
        self.text = text

    def violations(self, definition: str) -> Iterator[Violation]:
        parsed = self.document.json_text(self.pointer, self.text)
        if parsed.error is not None:
            line, column = self.document.place_in_json(self.pointer, parsed.error.offset)
            yield Violation(
                "SIG-001",
                f"The text is no JSON: {parsed.error.message}.",
                self.document.file, line, column, self.pointer,
            )  # fmt: skip
            return
        if parsed.repeated:
            yield from self.repeated_keys(parsed)
        if not isinstance(parsed.value, list) or not parsed.value:
            yield from self.schema_findings(definition, parsed.value, [[]])
            return
        item = schemas.validator("signature").schema["$defs"][definition]["items"]["$ref"]
        yield from self.items(item.rpartition("/")[2], parsed.value)
        specs = [spec if isinstance(spec, dict) else {} for spec in parsed.value]
        yield from self.names(specs, tensors_or_columns=definition != "params")

    def at(self, rule: str, message: str, path: list[Any], *, key: bool = False) -> Violation:
        pointer = self.pointer + join(path)
        line, column = (self.document.key_position if key else self.document.position)(pointer)
        return Violation(rule, message, self.document.file, line, column, pointer)

    def repeated_keys(self, parsed: JsonText) -> Iterator[Violation]:
        for path, member in parsed.repeated_keys():
            line, column = self.document.place_in_json(self.pointer, member.key_offset)
            yield Violation(
                "SIG-001",
                f"The key {member.key[:60]!r} stands twice in one JSON object.",
                self.document.file, line, column, self.pointer + join(path),
            )  # fmt: skip

    def schema_findings(
        self, definition: str, value: Any, paths: list[list[Any]]
    ) -> Iterator[Violation]:
        """Give what ``value`` breaks, once for each path at which its like stands."""
        for error in schemas.validator("signature", definition).iter_errors(value):
            for rule, message, below, at_key in explain(error, [], "SIG-003"):
                for path in paths:
                    yield self.at(rule, message, [*path, *below], key=at_key)

    def items(self, definition: str, specs: list[Any]) -> Iterator[Violation]:
        by_shape: dict[Any, list[int]] = {}
        for index, spec in enumerate(specs):
            by_shape.setdefault(_shape(spec), []).append(index)
        listed = schemas.validator("signature").schema["$defs"][definition]
        for shape, indexes in by_shape.items():
            first = specs[indexes[0]]
            if (definition, shape) not in _VALID_SHAPES and not _is_valid(definition, shape, first):
                yield from self.schema_findings(definition, first, [[at] for at in indexes])
            if isinstance(first, dict):
                for key in first.keys() - listed["properties"].keys():
                    yield from (
                        self.unknown_key(listed["x-unknown-keys"], [index, key])
                        for index in indexes
                    )

    def unknown_key(self, rule: str, path: list[Any]) -> Violation:
        pointer = self.pointer + join(path)
        line, column = self.document.key_position(pointer)
        message = f"The key {path[-1][:60]!r} is not part of the format; it is kept."
        return Violation(
            rule, message, self.document.file, line, column, pointer, severity="warning"
        )

    def names(
        self, specs: list[dict[str, Any]], *, tensors_or_columns: bool
    ) -> Iterator[Violation]:
        names = [spec.get("name") for spec in specs]
        names = [name if isinstance(name, str | int) else None for name in names]
        if len(set(names)) < len(names):
            yield from self.repeated_names(names, "SIG-004" if tensors_or_columns else "SIG-008")
        if tensors_or_columns:
            tensors = [
                "tensor-spec" in spec or "dtype" in spec or spec.get("type") == "tensor"
                for spec in specs
            ]
            yield from self.mixtures(tensors, names)

    def repeated_names(self, names: list[Any], rule: str) -> Iterator[Violation]:
        first: dict[Any, int] = {}
        for index, name in enumerate(names):
            if name is not None and first.setdefault(name, index) != index:
                yield self.at(
                    rule,
                    f"The name {str(name)[:60]!r} stands twice, at {first[name]} and {index}.",
                    [index, "name"],
                )

    def mixtures(self, tensors: list[bool], names: list[Any]) -> Iterator[Violation]:
        if any(tensors) and not all(tensors):
            yield self.at(
                "SIG-002",
                "Columns and tensors stand in one list; a signature has one kind of them.",
                [tensors.index(not tensors[0])],
            )
        unnamed = names.count(None)
        if 0 < unnamed < len(names):
            yield self.at(
                "SIG-005",
                f"{unnamed} of {len(names)} have no name; name all or none.",
                [names.index(None)],
            )
        elif all(tensors) and len(names) > 1 and unnamed:
            yield self.at("SIG-005", "Several tensors stand in one list; each needs a name.", [0])


def _shape(spec: Any) -> Any:
    """Return a key that is equal for values which the schema cannot tell apart."""
    if spec.__class__ is not dict:
        return (spec.__class__, repr(spec)[:80])
    unnamed = {**spec, "name": None} if "name" in spec else spec
    kinds = tuple(map(type, spec.values()))
    if _NESTED.isdisjoint(kinds):
        return (*unnamed.items(), kinds)
    return (json.dumps(unnamed), kinds)


def _is_valid(definition: str, shape: Any, spec: Any) -> bool:
    valid = bool(schemas.validator("signature", definition).is_valid(spec))
    if valid and len(_VALID_SHAPES) < _MAX_SHAPES and _NESTED.isdisjoint(map(type, spec.values())):
        listed = schemas.validator("signature").schema["$defs"][definition]["properties"]
        # Keys that are not listed may hold anything, of any size.
        if spec.keys() <= listed.keys():
            _VALID_SHAPES.add((definition, shape))
    return valid
