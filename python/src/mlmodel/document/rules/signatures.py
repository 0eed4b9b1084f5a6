"""The JSON texts of the signature: form, types, names (SIG-001 to SIG-008).

Each distinct outline of a column is validated once: a table of 1,800 columns has a few.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from mlmodel.document.own_records import KEY, delivery_in
from mlmodel.document.pointers import join, shown_pointer
from mlmodel.document.rules.keys import unknown_key
from mlmodel.document.rules.tally import MOST_ASKED, Tally
from mlmodel.document.schema import schemas
from mlmodel.document.schema.findings import errors, explain, is_sound
from mlmodel.document.schema.outline import outline
from mlmodel.errors import InvalidArgument, Violation, shown
from mlmodel.signature.types.scalars import DataType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from mlmodel.document.document import Document
    from mlmodel.document.yaml.jsontext import JsonText

__all__ = ["check_delivery", "check_signature"]

_SCALARS = {kind.value: kind for kind in DataType}
_NAME_TYPES = frozenset({str, int, bool, type(None)})


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
            yield from _Text(document, key, text).violations(definition)


def check_delivery(document: Document) -> Iterator[Violation]:
    """Give what is recorded of a column whose declared type it does not fit (ENF-091)."""
    try:
        delivery = delivery_in(document.data)
    except InvalidArgument:
        return  # the schema says what is wrong with it
    text = (document.data.get("signature") or {}).get("inputs") if delivery else None
    if delivery is None or not isinstance(text, str):
        return
    specs = document.json_text("/signature/inputs", text).value
    for place, spec in enumerate(specs if isinstance(specs, list) else ()):
        if not isinstance(spec, dict) or _is_tensor(spec):
            continue
        name = spec.get("name")
        record = delivery.of(name, place)
        kind = spec.get("type")
        if record is None or record.fits(_SCALARS.get(str(kind))):
            continue
        key = str(place if name is None else name)
        yield document.violation(
            "ENF-091",
            f"What is recorded of the column {key[:60]!r} does not fit its declared type, "
            f"{shown(kind)}.",
            ["metadata", KEY, "columns", key],
        )


class _Text:
    """One of the JSON texts, under its key of the signature."""

    def __init__(self, document: Document, key: str, text: str) -> None:
        self.document = document
        self.path = ["signature", key]
        self.text = text
        self.tally = Tally()

    def violations(self, definition: str) -> Iterator[Violation]:
        parsed = self.document.json_text(join(self.path), self.text)
        if parsed.error is not None:
            message = f"The text is not JSON: {parsed.error.message}."
            yield self.at_offset(parsed.error.offset, message, [])
            return
        if parsed.repeated:
            yield from self.repeated_keys(parsed)
        yield from self.of_value(parsed.value, definition)
        yield from self.tally.rest(self.document.file, *self.document.position(join(self.path)))

    def of_value(self, specs: Any, definition: str) -> Iterator[Violation]:
        if not isinstance(specs, list) or not specs:
            yield from self.findings(errors("signature", specs, definition), [[]])
            return
        item = (schemas.load("signature") or {})["$defs"][definition]["items"]["$ref"]
        item = item.rpartition("/")[2]
        keys = outline("signature", item).of_each(specs)
        # Where each outline stands first.
        first = dict(zip(reversed(keys), reversed(range(len(keys))), strict=True))
        yield from self.items(item, specs, keys, first)
        names = [spec.get("name") if isinstance(spec, dict) else None for spec in specs]
        if not _NAME_TYPES.issuperset(map(type, names)):
            names = list(map(_name_of, names))
        if len(set(names)) < len(names):
            yield from self.repeated_names(names, "SIG-008" if item == "param" else "SIG-004")
        if item != "param":
            yield from self.mixtures(specs, first.values(), names)

    def at(
        self,
        rule: str,
        message: str,
        path: list[Any],
        severity: str = "error",
        *,
        key: bool = False,
    ) -> Violation:
        return self.document.violation(rule, message, [*self.path, *path], severity, key=key)

    def at_offset(self, offset: int, message: str, path: list[Any]) -> Violation:
        """Return a fault of the JSON itself, at a character of the text."""
        line, column = self.document.place_in_json(join(self.path), offset)
        pointer = shown_pointer([*self.path, *path])
        return Violation("SIG-001", message, self.document.file, line, column, pointer)

    def repeated_keys(self, parsed: JsonText) -> Iterator[Violation]:
        for path, offset in parsed.repeated_keys():
            if self.tally.of_many(1, "SIG-001"):
                message = f"The key {path[-1][:60]!r} appears twice in one JSON object."
                yield self.at_offset(offset, message, path)

    def findings(self, broken: list[Any], paths: list[list[Any]]) -> Iterator[Violation]:
        """Give what jsonschema's errors say, once for each path at which such a value stands."""
        for error in broken:
            found = explain(error, [], "SIG-003")
            for path in paths[: self.tally.of_many(len(paths), found.rule)]:
                yield self.at(found.rule, found.message, [*path, *found.path], key=found.at_key)

    def items(
        self, definition: str, specs: list[Any], keys: list[Any], first: dict[Any, int]
    ) -> Iterator[Violation]:
        """Give what the specs break of their schema, and the keys that it does not list."""
        listed = (schemas.load("signature") or {})["$defs"][definition]
        positions: dict[Any, list[int]] = {}
        asked = 0
        for key, at in first.items():
            unknown = specs[at].keys() - listed["properties"] if isinstance(specs[at], dict) else ()
            is_told = asked < MOST_ASKED
            broken = errors("signature", specs[at], definition, key) if is_told else []
            wrong = bool(broken) if is_told else not is_sound("signature", specs[at], definition)
            if (unknown or wrong) and not positions:
                for index, found in enumerate(keys):
                    positions.setdefault(found, []).append(index)
            alike = positions.get(key, [])
            asked += len(broken)
            yield from self.findings(broken, [[index] for index in alike] if broken else [])
            if wrong and not broken:  # each counts once, whatever is wrong with it
                self.tally.of_many(len(alike), "SIG-003")
            yield from self.unknown(listed["x-unknown-keys"], alike, unknown)

    def unknown(
        self, rule: str, indexes: list[int], unknown: Collection[str]
    ) -> Iterator[Violation]:
        paths = itertools.product(indexes, unknown)
        number = self.tally.of_many(len(indexes) * len(unknown), rule, "warning")
        for path in itertools.islice(paths, number):
            yield unknown_key(self.document, rule, [*self.path, *path])

    def repeated_names(self, names: list[Any], rule: str) -> Iterator[Violation]:
        first: dict[Any, int] = {}
        again = [
            index
            for index, name in enumerate(names)
            if name is not None and first.setdefault(name, index) != index
        ]
        for index in again[: self.tally.of_many(len(again), rule)]:
            name = names[index]
            message = f"The name {str(name)[:60]!r} appears twice, at {first[name]} and {index}."
            yield self.at(rule, message, [index, "name"])

    def mixtures(
        self, specs: list[Any], indexes: Iterable[int], names: list[Any]
    ) -> Iterator[Violation]:
        """Give columns among tensors, and names that only some have.

        ``indexes`` are those of specs that differ in more than their names.
        """
        first: dict[bool, int] = {}
        for index in sorted(indexes):
            first.setdefault(_is_tensor(specs[index]), index)
        if len(first) > 1:
            yield self.at(
                "SIG-002",
                "The list mixes columns and tensors; a signature has only one of the two kinds.",
                [max(first.values())],
            )
        unnamed = names.count(None)
        if 0 < unnamed < len(names):
            yield self.partly_named(names, unnamed, tensors=True in first)
        elif False not in first and len(names) > 1 and unnamed:
            yield self.at("SIG-005", "The list has several tensors; each needs a name.", [0])

    def partly_named(self, names: list[Any], unnamed: int, *, tensors: bool) -> Violation:
        found = f"{unnamed} of {len(names)} have no name; name all or none"
        if tensors:
            return self.at("SIG-005", f"{found}.", [names.index(None)])
        message = f"{found}. Until then all are matched by position."
        return self.at("SIG-020", message, [names.index(None)], "warning")


def _name_of(written: Any) -> Any:
    """Return a name as it counts: 1.0 is the number 1 (SIG-001); None where it is none."""
    if isinstance(written, float) and written.is_integer():
        return int(written)
    return written if type(written) in _NAME_TYPES else None


def _is_tensor(spec: Any) -> bool:
    return isinstance(spec, dict) and (
        "tensor-spec" in spec or "dtype" in spec or spec.get("type") == "tensor"
    )
