"""Violations of a JSON Schema as violations of the rules that the schema names."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from mlmodel.document.schema import schemas
from mlmodel.document.schema.conforms import conforms
from mlmodel.document.schema.outline import outline
from mlmodel.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["MOST_VALID", "Finding", "errors", "explain", "is_sound", "name_missing_keys"]

_KINDS = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false",
          int: "a whole number", float: "a number", type(None): "null"}  # fmt: skip
#: Schema, definition and outline of values that were found valid in this process: the same few
#: come back in every model.
_VALID: set[Any] = set()
#: How many of them are kept, and how long ones.
MOST_VALID = 1_000
_MAX_LENGTH = 4_000
#: How many errors jsonschema is asked for; of more a report says that they are there.
_MOST_ERRORS = 1_000


class Finding(NamedTuple):
    """What an error of jsonschema says, in our words.

    ``path`` goes from the validated value to the one that is wrong; ``at_key`` says that the
    place is the key of that one.
    """

    rule: str
    message: str
    path: list[Any]
    at_key: bool = False


def errors(
    name: str,
    value: Any,
    definition: str | None = None,
    key: Any = None,
) -> list[Any]:
    """Return jsonschema's errors of a value, without asking it where a like value had none.

    ``key`` is the value's outline, where it is known. Of more errors the first 1,000 are given.
    """
    key = name, definition, outline(name, definition)(value) if key is None else key
    if key in _VALID:
        return []
    # jsonschema is imported where there is something to say.
    found = []
    if not is_sound(name, value, definition):
        found = list(islice(schemas.validator(name, definition).iter_errors(value), _MOST_ERRORS))
        name_missing_keys(found)
    if not found and _is_short(key):
        if len(_VALID) >= MOST_VALID:
            _VALID.clear()
        _VALID.add(key)
    return found


def _is_short(key: Any) -> bool:
    """Return whether a key is worth to be kept; a long one is not gone through to its end."""
    left, todo = _MAX_LENGTH, [key]
    while todo and left > 0:
        one = todo.pop()
        left -= len(one) + 1 if isinstance(one, str | tuple) else 1
        if isinstance(one, tuple) and left > 0:
            todo.extend(one)
    return left > 0


def is_sound(name: str, value: Any, definition: str | None = None) -> bool:
    """Return whether a value surely breaks nothing of a schema, or of one of its ``$defs``."""
    schema = schemas.load(name) or {}
    definitions = schema.get("$defs", {})
    return conforms(definitions[definition] if definition else schema, definitions, value)


def name_missing_keys(found: Iterable[Any]) -> None:
    """Note at each error of a required key which key that is.

    jsonschema gives one for each key that is missing, in the order of the schema, and says which
    in its message alone.
    """
    lacking: dict[tuple[Any, ...], Iterator[Any]] = {}
    for error in found:
        if error.validator == "required":
            place = (*error.absolute_path, *error.absolute_schema_path)
            missing = [key for key in error.validator_value if key not in error.instance]
            error.missing_key = next(lacking.setdefault(place, iter(missing)))


def explain(error: Any, above: Sequence[Any], default: str = "MLM-008") -> Finding:
    """Return what one error of jsonschema says, in our words.

    ``above`` is the path of the validated value in the document.
    """
    keyword, schema, path = error.validator, error.schema, list(error.absolute_path)
    rule = schemas.rule_of(schema, keyword, default)
    name = [*above, *path][-1:]
    name = [str(part)[:60] for part in name if isinstance(part, str)]
    here = repr(name[0]) if name else "The value"
    expected = schema.get("description", "") if isinstance(schema, dict) else ""
    if keyword == "required":
        missing = error.missing_key
        what = schema.get("properties", {}).get(missing, {}).get("description")
        where = f" in {name[0]!r}" if name else ""
        meaning = f": {what}" if what else ""
        return Finding(rule, f"The key {missing!r} is missing{where}{meaning}.", path, at_key=True)
    if keyword in {"type", "anyOf"}:
        kind = _KINDS.get(type(error.instance), f"a {type(error.instance).__name__}")
        wanted = expected or f"a value of type {schema.get('type', 'other')}"
        return Finding(rule, f"{here} is {kind}; expected {wanted}.", path)
    empty = keyword in {"minLength", "minItems", "minProperties"}
    what = "empty" if empty else shown(error.instance)
    return Finding(rule, f"{here} is {what}; expected {expected}.", path)
