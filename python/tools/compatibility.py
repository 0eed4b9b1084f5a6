"""Holds the schemas and the protocol buffers against those of the last release.

``schemas/baseline/`` keeps, without words, what a release promised; ``breaking()`` lists what would
break a document, an answer or a message of it. A new key, type, value, field or call is no break.
``--accept`` writes the baseline anew: at a release, or where a break is meant.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generate_bundles import bundle, sources

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[2]
SCHEMAS = REPOSITORY / "schemas" / "baseline" / "schemas.json"
PROTO = REPOSITORY / "schemas" / "baseline" / "proto.json"
#: What programs say: those who read it count on what is there. All else is what people write.
ANSWERS = frozenset(
    {
        *("v1/error.json", "v1/report.json", "v1/conformance-report.json"),
        *("v1/scoring/response.json", "v1/scoring/input-report.json"),
    }
)
#: Vectors have releases of their own.
LEFT_OUT = frozenset({"v1/vector.json"})
ADVICE = """\
This breaks what the last release promised. Keep what was there beside what is new, or make it a
version 2 (another folder of schemas, another package). Where the break is meant, because no release
has it or CHANGELOG.md says so, accept it: python python/tools/compatibility.py --accept"""

Json = Any
_TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_LEAST = ("minimum", "minLength", "minItems", "minProperties")
_MOST = ("maximum", "maxLength", "maxItems", "maxProperties")
_EXACT = ("pattern", "format", "contentMediaType", "not", "if", "uniqueItems")
#: Keywords with a schema, and how the place below it is called.
_BELOW = {
    "items": "/*",
    "additionalProperties": "/*",
    "propertyNames": "/*",
    "then": "",
    "else": "",
    "contentSchema": "",
}
_ALL = ("allOf", "prefixItems")
_ANY = frozenset({"anyOf", "oneOf"})
#: Every keyword of which a change is noticed.
COMPARED = frozenset({
    *("type", "enum", "const", "required", "properties", "$ref", "$defs"),
    *(*_LEAST, *_MOST, *_EXACT, *_BELOW, *_ALL, *_ANY),
})  # fmt: skip


def schemas() -> dict[str, Json]:
    """Return every schema with all that it refers to, without words."""
    known = sources()
    return {
        name: _bare(bundle(name, known, "", strict=False))
        for name in known
        if "/flavors/" not in name and name not in LEFT_OUT
    }


def _bare(schema: Json, *, is_mapping: bool = False) -> Json:
    if isinstance(schema, list):
        return [_bare(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    words = () if is_mapping else ("title", "description", "$schema", "$id", "default")
    return {
        key: _bare(one, is_mapping=not is_mapping and key in {"properties", "$defs"})
        for key, one in schema.items()
        if key not in words
    }


def protos() -> dict[str, dict[str, str]]:
    """Return every message, enum and service, with what each number or call is."""
    from mlmodel._proto import pool

    found: dict[str, dict[str, str]] = {}
    for package, file in _files():
        described = pool(package).FindFileByName(file)
        for message in described.message_types_by_name.values():
            found |= _message(message)
        for enum in described.enum_types_by_name.values():
            found |= _enum(enum)
        for service in described.services_by_name.values():
            found[service.full_name] = {one.name: _call(one) for one in service.methods}
    return found


def _files() -> list[tuple[str, str]]:
    root = REPOSITORY / "proto"
    paths = [path.relative_to(root) for path in sorted(root.rglob("*.proto"))]
    return [(".".join(path.parent.parts), path.as_posix()) for path in paths]


def _message(message: Any) -> dict[str, dict[str, str]]:
    from google.protobuf import descriptor_pb2

    raw = descriptor_pb2.DescriptorProto()
    message.CopyToProto(raw)
    found = {message.full_name: {str(one.number): _field(one) for one in message.fields}}
    for taken in raw.reserved_range:
        for number in range(taken.start, taken.end):
            found[message.full_name][str(number)] = "reserved"
    for inner in message.nested_types:
        found |= _message(inner)
    for enum in message.enum_types:
        found |= _enum(enum)
    return found


def _enum(enum: Any) -> dict[str, dict[str, str]]:
    return {enum.full_name: {str(one.number): one.name for one in enum.values}}


def _field(field: Any) -> str:
    kinds = {number: name for name, number in vars(type(field)).items() if name.startswith("TYPE_")}
    kind = field.message_type or field.enum_type
    label = "repeated " if field.is_repeated else ""
    within = f" in {field.containing_oneof.name}" if field.containing_oneof else ""
    return f"{label}{kind.full_name if kind else kinds[field.type]} {field.name}{within}"


def _call(method: Any) -> str:
    given, answered = (
        f"{'stream ' if streams else ''}{kind.full_name}"
        for streams, kind in (
            (method.client_streaming, method.input_type),
            (method.server_streaming, method.output_type),
        )
    )
    return f"{given} -> {answered}"


def breaking(
    before: dict[str, Json], now: dict[str, Json], answers: frozenset[str] = ANSWERS
) -> list[str]:
    """Return what breaks documents and answers of schemas, a line each."""
    found = [f"{name}: the schema is gone" for name in before.keys() - now.keys()]
    for name in before.keys() & now.keys():
        lines = _Comparison(before[name], now[name]).lines()
        if name in answers:
            lost = _Comparison(now[name], before[name]).lines()
            lines = [line for line in lines if "is gone" in line]
            lines += [f"{one} (no longer promised)" for one in lost if "is gone" not in one]
        found += [f"{name}{line}" for line in lines]
    return sorted(found)


def breaking_protos(before: dict[str, dict[str, str]], now: dict[str, dict[str, str]]) -> list[str]:
    """Return what breaks messages and calls, a line each."""
    return [
        f"{name}: {key} was `{what}`, is {new}"
        for name, members in sorted(before.items())
        for key, what in members.items()
        if (new := f"`{now.get(name, {}).get(key, 'gone')}`") != f"`{what}`"
    ]


class _Comparison:
    """What a schema asks for that another did not, wherever in it."""

    def __init__(self, before: Json, now: Json) -> None:
        self.roots = before, now
        self.seen: set[tuple[int, int]] = set()

    def lines(self) -> list[str]:
        return list(self.compare(*self.roots, ""))

    def compare(self, before: Json, now: Json, path: str) -> Iterator[str]:
        before, now = (self.resolved(*pair) for pair in zip((before, now), self.roots, strict=True))
        if (id(before), id(now)) in self.seen:
            return
        self.seen.add((id(before), id(now)))
        if now is False:
            yield from () if before is False else [f"{path}: nothing is allowed"]
            return
        yield from (f"{path}: {what}" for what in _restrictions(before or {}, now))
        yield from self.below(before or {}, now, path)

    def resolved(self, schema: Json, root: Json) -> Json:
        while isinstance(schema, dict) and "$ref" in schema:
            schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        return {} if schema is True else schema

    def below(self, before: Json, now: Json, path: str) -> Iterator[str]:
        members = now.get("properties", {})
        for key, one in before.get("properties", {}).items():
            if key in members:
                yield from self.compare(one, members[key], f"{path}/{key}")
            else:
                yield f"{path}: the key {key!r} is gone"
        for keyword, place in _BELOW.items():
            if keyword in now:
                yield from self.compare(before.get(keyword, {}), now[keyword], path + place)
        for keyword in _ALL:
            former = [*before.get(keyword, ())]
            for index, one in enumerate(now.get(keyword, ())):
                yield from self.compare(former[index] if index < len(former) else {}, one, path)
        for keyword in _ANY & now.keys():
            yield from self.alternatives(before.get(keyword, [{}]), now[keyword], path)

    def alternatives(self, before: list[Json], now: list[Json], path: str) -> Iterator[str]:
        for index, one in enumerate(before):
            if not any(self.fits(one, other, path) for other in now):
                yield f"{path}: alternative {index + 1} is gone or narrower"

    def fits(self, before: Json, now: Json, path: str) -> bool:
        apart = _Comparison(*self.roots)
        apart.seen |= self.seen  # a schema that holds itself ends here
        return not any(apart.compare(before, now, path))


def _restrictions(before: Json, now: Json) -> Iterator[str]:
    """Give what one schema asks of the value itself that the other did not."""
    lost = _types(before) - _types(now)
    if lost:
        yield f"no longer of type {', '.join(sorted(lost))}"
    for key in now.get("required", ()):
        if key not in before.get("required", ()):
            yield f"the key {key!r} is required"
    values = _values(now)
    if values is not None:
        former = _values(before)
        gone = ["any value"] if former is None else [one for one in former if one not in values]
        yield from (f"the value {one} is not allowed any more" for one in gone)
    for keyword in (*_LEAST, *_MOST):
        if keyword in now and _is_tighter(keyword, before.get(keyword), now[keyword]):
            yield f"{keyword} is {now[keyword]}, was {before.get(keyword, 'not there')}"
    for keyword in _EXACT:
        if keyword in now and before.get(keyword) != now[keyword]:
            yield f"{keyword} is another"


def _types(schema: Json) -> frozenset[str]:
    said = schema.get("type", _TYPES)
    types = frozenset({said} if isinstance(said, str) else said)
    return types | {"integer"} if "number" in types else types


def _values(schema: Json) -> list[str] | None:
    if "const" in schema:
        return [json.dumps(schema["const"])]
    return [json.dumps(one) for one in schema["enum"]] if "enum" in schema else None


def _is_tighter(keyword: str, before: float | None, now: float) -> bool:
    return before is None or (now > before if keyword in _LEAST else now < before)


def _lines(content: dict[str, Json]) -> str:
    """Return JSON with a line for each name, so that a change shows where it is."""
    rows = [f"{json.dumps(name)}: {json.dumps(one)}" for name, one in sorted(content.items())]
    return "{\n" + ",\n".join(rows) + "\n}\n"


def main(arguments: list[str] | None = None) -> int:
    """List what breaks (and return 1), or accept it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accept", action="store_true", help="write the baseline anew")
    if parser.parse_args(arguments).accept:
        SCHEMAS.write_text(_lines(schemas()), encoding="utf-8")
        PROTO.write_text(_lines(protos()), encoding="utf-8")
        return 0
    found = breaking(json.loads(SCHEMAS.read_text(encoding="utf-8")), schemas())
    found += breaking_protos(json.loads(PROTO.read_text(encoding="utf-8")), protos())
    print("\n".join([*found, ADVICE] if found else ["Nothing breaks the last release."]))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
