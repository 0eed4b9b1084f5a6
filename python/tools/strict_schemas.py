"""Says in a schema what strict validators want to be told, and means the same.

ajv in strict mode takes it for a slip where a keyword for objects stands in a schema that does
not say ``"type": "object"``, where ``required`` names a key that ``properties`` lacks, and where a
value may be of several types beside null. Each can be said otherwise with the same meaning.
"""

from __future__ import annotations

from typing import Any

Json = Any
Schema = dict[str, Any]

#: The keywords that look at values of one type only.
OF_TYPE = {
    "object": ("properties", "required", "additionalProperties", "minProperties"),
    "array": ("items", "minItems", "maxItems", "uniqueItems"),
    "string": ("minLength", "maxLength", "pattern", "contentMediaType", "contentSchema"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
}
#: The keywords whose schemas look at the same value: one, and several.
ONE = ("if", "then", "else", "not")
SEVERAL = ("allOf", "anyOf", "oneOf")


def make_strict(schema: Schema) -> None:
    """Complete a schema whose references all lead into its own ``$defs``, in place."""
    strict = _Strict(schema.get("$defs", {}))
    strict.complete(schema, [], typed=False)
    for definition in strict.definitions.values():
        strict.complete(definition, [], typed=False)
    _split(schema)


class _Strict:
    def __init__(self, definitions: dict[str, Schema]) -> None:
        self.definitions = definitions
        self.done: set[int] = set()

    def complete(self, schema: Json, above: list[Schema], *, typed: bool) -> None:
        """Complete a schema; those ``above`` hold for the same value, and so does their type."""
        if not isinstance(schema, dict) or id(schema) in self.done:
            return
        self.done.add(id(schema))
        lacking = [key for key in schema.get("required", ()) if key not in _members(schema)]
        if lacking:
            schema["properties"] = {**_members(schema), **dict.fromkeys(lacking, True)}
        if not typed and "type" not in schema and (kind := self.kind(schema, above)):
            schema["type"] = kind
        here = [schema, *above]
        typed = typed or "type" in schema
        for one in _same_value(schema):
            self.complete(one, here, typed=typed)
        if "$ref" in schema:
            self.complete(self.target(schema), here, typed=False)
        self.complete_below(schema, here)

    def complete_below(self, schema: Schema, here: list[Schema]) -> None:
        for key, one in _members(schema).items():
            self.complete_again(one, [_members(other).get(key) for other in here])
        for keyword in ("items", "additionalProperties"):
            if keyword in schema:
                self.complete_again(schema[keyword], [other.get(keyword) for other in here])

    def complete_again(self, schema: Json, alike: list[Json]) -> None:
        """Complete the schema of a value below, of which those ``alike`` hold, too."""
        known = [self.target(one) for one in alike if one is not None and one is not schema]
        self.complete(schema, known, typed=False)

    def kind(self, schema: Schema, above: list[Schema]) -> str | None:
        """Return the type that a schema's keywords are for, where it is the value's for sure."""
        wanted = {kind for kind, own in OF_TYPE.items() if any(one in schema for one in own)}
        inside = [one for one in _same_value(schema) if isinstance(one, dict)]
        wanted |= {kind for one in inside if (kind := self.kind(one, above))}
        said = {other["type"] for other in above if isinstance(other.get("type"), str)}
        return next(iter(wanted & said), None)

    def target(self, schema: Json) -> Schema:
        """Return what a schema refers to, or itself; a schema that is true says nothing."""
        if not isinstance(schema, dict):
            return {}
        name = schema.get("$ref", "").removeprefix("#/$defs/")
        return self.definitions.get(name, schema)


def _members(schema: Schema) -> Schema:
    found: Schema = schema.get("properties", {})
    return found


def _same_value(schema: Schema) -> list[Json]:
    several = [one for keyword in SEVERAL for one in schema.get(keyword, ())]
    return [schema[keyword] for keyword in ONE if keyword in schema] + several


def _split(schema: Json) -> None:
    """Turn several types, wherever they stand, into alternatives of one type each."""
    for one in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(one, dict | list):
            _split(one)
    types = schema.get("type") if isinstance(schema, dict) else None
    if not isinstance(types, list) or len({*types} - {"null"}) < 2:  # noqa: PLR2004 - one and null
        return
    del schema["type"]
    moved = {
        kind: {key: schema[key] for key in OF_TYPE.get(kind, ()) if key in schema} for kind in types
    }
    for key in {key for own in moved.values() for key in own}:
        del schema[key]
    choice: Schema = {"anyOf": [{"type": kind, **moved[kind]} for kind in types]}
    if "anyOf" in schema:
        choice = {"allOf": [*schema.get("allOf", ()), choice]}
    schema.update(choice)
