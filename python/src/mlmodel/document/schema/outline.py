"""What a schema can tell apart of a value, as a key: values with equal keys break the same rules.

One model's file differs from the next one's in identifiers, times and names, of which the
schema asks no more than that they are texts. So an outline keeps of a value what the schema's
keywords look at, and the whole of it under a keyword that is not known here; what was found
valid once need not be validated again. An outline never says whether a value is valid.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from itertools import repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from mlmodel.document.schema import schemas

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from mlmodel.document.schema.schemas import Json

__all__ = ["Outline", "outline"]

#: Keywords that look at no value, or at its type alone, which every key tells.
_TYPE = frozenset({"$id", "$schema", "$defs", "title", "description", "default", "type",
                   "contentMediaType", "contentSchema"})  # fmt: skip
_KEYS = frozenset({"properties", "additionalProperties", "required", "minProperties"})
_ITEMS = frozenset({"items", "minItems", "maxItems"})
#: Keywords whose subschemas look at the same value.
_SAME_VALUE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref"})
#: Keywords that compare a number, or the length of a text, with a limit.
_LIMITS = {"minimum": int, "minLength": str}


@cache
def outline(name: str, definition: str | None = None) -> Outline:
    """Return the outline of a schema, or of one of its ``$defs``."""
    schema = schemas.load(name) or {}
    definitions = schema.get("$defs", {})
    return Outline([definitions[definition] if definition else schema], definitions)


class Outline:
    """Makes the keys of values to which all of ``subschemas`` apply."""

    def __init__(self, subschemas: list[Json], definitions: dict[str, Json]) -> None:
        self._definitions = definitions
        self._exact = self._keys = self._items = self._fractions = False
        self._limits: dict[type, list[int]] = {}
        #: The subschemas of the values below: by key, ``dict`` for other keys, ``list`` for items.
        self._below: dict[str | type, list[Json]] = {dict: [], list: []}
        self._makers: dict[str | type, Callable[[Any], Hashable]] = {}
        for subschema in subschemas:
            self._look_at(subschema)

    def __call__(self, value: Any) -> Hashable:
        """Return the key of a value."""
        kind: type = value.__class__
        if self._exact:
            return _whole(value)
        if kind is dict and self._keys:
            return (tuple(value), *[self._at(key)(value[key]) for key in value])
        if kind is list and self._items:
            return (kind, *map(self._at(list), value))
        if kind in self._limits:
            measure = len(value) if kind is str else value
            # What breaks a limit is kept: messages show it.
            return (kind, *[measure >= limit or (value,) for limit in self._limits[kind]])
        return _kind(value) if self._fractions else kind

    def of_each(self, values: list[Any]) -> list[Hashable]:
        """Return the keys of many values: what calling for each gives, at less cost."""
        by_keys: dict[Any, list[int]] = defaultdict(list)
        for index, value in enumerate(values):
            by_keys[tuple(value) if value.__class__ is dict else None].append(index)
        found: list[Hashable] = [None] * len(values)
        for keys, indexes in by_keys.items():
            alike = [values[index] for index in indexes] if len(by_keys) > 1 else values
            made: Iterable[Hashable] = map(self, alike)
            if keys and self._keys and not self._exact:
                # Objects with the same keys are taken key by key.
                members = [map(self._at(key), map(itemgetter(key), alike)) for key in keys]
                made = zip(repeat(keys), *members, strict=False)
            if len(by_keys) == 1:
                return list(made)
            for index, key in zip(indexes, made, strict=True):
                found[index] = key
        return found

    def _at(self, key: str | type) -> Callable[[Any], Hashable]:
        """Return what makes the keys of the values below."""
        known = key if key in self._below else dict
        if known not in self._makers:
            # A key may be listed by one subschema and be any other key to the next.
            others = self._below[dict] if known not in {dict, list} else []
            outline = Outline(self._below[known] + others, self._definitions)
            self._makers[known] = outline._simplest()
        return self._makers[known]

    def _simplest(self) -> Callable[[Any], Hashable]:
        """Return a function that makes the same keys, the cheapest there is."""
        if self._exact:
            return _whole
        if self._keys or self._items or self._limits:
            return self
        return _kind if self._fractions else type

    def _look_at(self, schema: Json) -> None:
        for keyword, argument in schema.items() if isinstance(schema, dict) else ():
            if keyword in _TYPE or keyword.startswith("x-"):
                self._fractions |= keyword == "type" and "integer" in argument
            elif keyword in _KEYS:
                self._keys = True
                self._keep_members(keyword, argument)
            elif keyword in _ITEMS:
                self._items = True
                self._below[list] += [argument] if keyword == "items" else []
            elif keyword in _SAME_VALUE:
                for subschema in argument if isinstance(argument, list) else [argument]:
                    self._look_at(self._target(subschema))
            elif keyword in _LIMITS:
                self._fractions |= keyword == "minimum"
                self._limits.setdefault(_LIMITS[keyword], []).append(argument)
            else:
                self._exact = True

    def _keep_members(self, keyword: str, argument: Json) -> None:
        if keyword == "properties":
            for key, subschema in argument.items():
                self._below.setdefault(key, []).append(subschema)
        elif keyword == "additionalProperties":
            self._below[dict].append(argument)

    def _target(self, reference: Json) -> Json:
        """Return the definition that ``#/$defs/name`` names; what is not text is a schema."""
        if not isinstance(reference, str):
            return reference
        return self._definitions[reference.removeprefix("#/$defs/")]


def _whole(value: Any) -> Hashable:
    return value if value.__class__ is str else (value.__class__, repr(value))


def _kind(value: Any) -> Hashable:
    # 1.0 is a whole number, 1.5 is not.
    return value.__class__ if value.__class__ is not float else (float, value)
