"""The JSON Schemas of the package: loaded once, references between files put in place.

Own annotations (``x-rule`` and its like) stand beside JSON Schema's keywords; the table in
``schemas/README.md`` says what each means.
"""

from __future__ import annotations

import json
import posixpath
from functools import cache
from typing import Any, TypeAlias

from mlmodel._base.packaged import packaged_names, read_packaged

__all__ = [
    "Json",
    "Subschema",
    "branch",
    "child",
    "load",
    "named",
    "names",
    "rule_of",
    "validator",
]

Json: TypeAlias = Any
Subschema: TypeAlias = dict[str, Any]
_FOLDER = "_schemas/v1"


@cache
def load(name: str) -> Subschema | None:
    """Return the schema ``name`` (``mlmodel``, ``flavors:sklearn``) or None where there is none."""
    if not all(part.replace("-", "_").isidentifier() for part in name.split(":")):
        return None
    try:
        schema: Subschema = json.loads(read_packaged(f"{_FOLDER}/{name.replace(':', '/')}.json"))
    except OSError:
        return None
    whole: Subschema = _with_references(schema, name.rpartition(":")[0])
    return whole


@cache
def names(folder: str) -> tuple[str, ...]:
    """Return the names that have a schema in ``folder`` (``flavors``), sorted."""
    found = packaged_names(f"{_FOLDER}/{folder}")
    return tuple(name.removesuffix(".json") for name in found if name.endswith(".json"))


@cache
def _other_names(folder: str) -> dict[str, str]:
    own = {name: load(f"{folder}:{name}") or {} for name in names(folder)}
    return {other: name for name, schema in own.items() for other in schema.get("x-names", ())}


def named(folder: str, key: Any) -> str | None:
    """Return the name of the schema in ``folder`` for a key, which may be an old one, or None."""
    if key in names(folder):
        return str(key)
    return _other_names(folder).get(key) if isinstance(key, str) else None


def _with_references(schema: Json, folder: str) -> Json:
    """Return a schema with the whole files that it names in its folder in place of references."""
    if isinstance(schema, list):
        return [_with_references(item, folder) for item in schema]
    if not isinstance(schema, dict):
        return schema
    target = schema.get("$ref", "")
    if isinstance(target, str) and target.endswith(".json"):
        other = load(_name(folder, target))
        if other is None:
            raise KeyError(target)
        return {key: value for key, value in other.items() if not key.startswith("$")}
    return {
        key: value if key == "contentSchema" else _with_references(value, folder)
        for key, value in schema.items()
    }


def _name(folder: str, target: str) -> str:
    """Return the name of the schema that a relative reference leads to."""
    path = posixpath.join(folder.replace(":", "/"), target.removesuffix(".json"))
    return posixpath.normpath(path).replace("/", ":")


@cache
def validator(name: str, definition: str | None = None) -> Any:
    """Return a compiled jsonschema validator for a schema, or for one of its ``$defs``."""
    from jsonschema import Draft202012Validator
    from referencing import Registry

    schema = load(name)
    if schema is None:
        raise KeyError(name)
    if definition is not None:
        schema = {"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}
    # A registry of one's own, because without one an address would be asked for over the network.
    return Draft202012Validator(schema, registry=Registry())


def rule_of(schema: Json, keyword: str, default: str) -> str:
    """Return the rule that a subschema names for ``keyword``."""
    rule = schema.get("x-rule", default) if isinstance(schema, dict) else default
    if isinstance(rule, dict):
        return str(rule.get(keyword, rule.get("*", default)))
    return str(rule)


def child(schema: Subschema | None, key: Any) -> Subschema | None:
    """Return the subschema of the value under ``key`` (a text, or a list's position)."""
    if schema is None:
        return None
    if isinstance(key, int):
        found = schema.get("items")
    elif "x-schemas" in schema and (name := named(schema["x-schemas"], key)):
        found = load(f"{schema['x-schemas']}:{name}")
    else:
        found = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
    return found if isinstance(found, dict) and found else None


def branch(schema: Subschema | None, kind: str) -> Subschema | None:
    """Return the alternative of ``anyOf`` that fits ``kind`` (object, array or string)."""
    if schema is None or "anyOf" not in schema or "properties" in schema:
        return schema
    for option in schema["anyOf"]:
        types = option.get("type", ())
        if kind in ([types] if isinstance(types, str) else types):
            return dict(option)
    return schema
