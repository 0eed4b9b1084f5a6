"""The JSON Schemas of the package: loaded once, references between files put in place.

Own annotations, beside JSON Schema's keywords:

- ``x-rule``: the rule that a violation of this subschema breaks (a text, or a mapping from
  keyword to rule with ``*`` for the others)
- ``x-unknown-keys``: the rule for a key that the object's schema does not list
- ``x-file``: the value names a file of the model folder, needed as ``model``, ``code``,
  ``environment`` or ``example``
- ``x-is-file``: that path is of a file, which must be what its name says (DIR-009)
- ``x-last-part``: of that path, only the last part is meant (PYF-009)
- ``x-module``: the value names a Python module that, unless its name is ``known``, lies in the
  folder that the key ``in`` beside it names
- ``x-of-module``: that path is the reader's to look for only where the module that the key ``in``
  beside it names is ``known``; other modules know by themselves what they are to do with it
- ``x-runs``: what runs of the file when the model is loaded, whatever it holds; of a flavor's
  whole mapping, of the file ``x-runs-in``, which no key names
- ``x-schemas``: the folder in which the schema of each key's value lies, named after the key
- ``x-names``: other keys under which what the schema describes stands in files (``spaCy``)
- ``x-time``: the value is a time
- ``x-form``: a text that is not of the ``pattern`` is warned of under ``rule``, as not
  ``expected``; where it is ``secret`` it is not shown
"""

from __future__ import annotations

import json
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
_URN = "urn:mlmodel:schema:v1:"
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
    whole: Subschema = _with_references(schema)
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


def _with_references(schema: Json) -> Json:
    if isinstance(schema, list):
        return [_with_references(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    target = schema.get("$ref", "")
    if isinstance(target, str) and target.startswith(_URN) and "#" not in target:
        other = load(target.removeprefix(_URN))
        return {key: value for key, value in (other or {}).items() if not key.startswith("$")}
    return {
        key: value if key == "contentSchema" else _with_references(value)
        for key, value in schema.items()
    }


@cache
def validator(name: str, definition: str | None = None) -> Any:
    """Return a compiled jsonschema validator for a schema, or for one of its ``$defs``."""
    from jsonschema import Draft202012Validator

    schema = load(name)
    if schema is None:
        raise KeyError(name)
    whole = Draft202012Validator(schema)
    if definition is None:
        return whole
    return Draft202012Validator({"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]})


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
