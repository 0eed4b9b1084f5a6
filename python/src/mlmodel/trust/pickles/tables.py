"""What of pandas' tables must not be computed with before its numbers were looked at (TRU-058).

A categorical array and an index of several levels keep codes, with which pandas reads from their
categories unchecked as soon as another object is made of them. Codes are checked when everything
is loaded, so nothing may be made of such an object while it is.
"""

from __future__ import annotations

from mlmodel.trust.pickles.values import Global, Items, Made, Mapping, Value

__all__ = ["has_codes", "unchecked_codes"]

_WITH_CODES = frozenset({"Categorical", "CategoricalIndex", "MultiIndex"})


def _class_of(value: Value) -> str:
    """Return the name of the class of an object; of what a constructor is told to make, of that."""
    if type(value) is not Made:
        return ""
    first = value.args[0] if value.args else None
    if type(first) is Global and value.maker.name.startswith(("_new_Index", "__pyx_", "newObj")):
        return first.name
    return value.maker.name


def has_codes(value: Value) -> bool:
    """Return whether an object keeps codes, by its class."""
    return _class_of(value) in _WITH_CODES


def unchecked_codes(cls: Global, given: Mapping) -> str:
    """Return why an index of ``cls`` may not be made of what it is given, or an empty text.

    Categories are what an index of categories is of, and may be a level of another: neither is
    read for that.
    """
    allowed = {"data": "Categorical" if cls.name == "CategoricalIndex" else "", "levels": ""}
    for key, value in given.known.items():
        parts = value.values if type(value) is Items else value if type(value) is tuple else [value]
        for part in parts:
            name = _class_of(part)
            of_level = key == "levels" and name == "CategoricalIndex"
            if name in _WITH_CODES and name != allowed.get(key) and not of_level:
                return f"an index is made of a {name}, whose codes are not checked yet"
    return ""
