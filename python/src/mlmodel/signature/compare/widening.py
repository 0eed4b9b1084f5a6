"""Whether everything that one declared type takes is taken by another, too (SIG-054 to SIG-057).

Asked twice, for the two groups of forms that the rules of enforcement know: *typed* callers give
dtypes, *untyped* ones (JSON, CSV, plain Python) give literals. Needs neither numpy nor pandas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mlmodel.errors import shown
from mlmodel.signature.types.nested import AnyType, Array, Map, NestedType, Object
from mlmodel.signature.types.scalars import DataType, Literals, literals_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CALLERS", "Caller", "dtype_refusal", "shown_type", "type_refusal"]

Caller = Literal["typed", "untyped"]
CALLERS: tuple[Caller, ...] = ("typed", "untyped")
Kind = DataType | NestedType

_RANGES = frozenset({("integer", "integer"), ("integer", "number"), ("number", "number")})


def _literals_refusal(given: Literals, taken: Literals) -> str | None:
    """Return why not all literals of one type are literals of another, or None."""
    return _form_refusal(given, taken) or (
        "null is refused" if given.null and not taken.null else None
    )


def _form_refusal(given: Literals, taken: Literals) -> str | None:
    if (given.form, taken.form) in _RANGES:
        if taken.low <= given.low and given.high <= taken.high:
            return None
        if taken.form == "number":
            return f"integers beyond {_power(taken.high)} may be refused"
        return f"values outside of {_power(taken.low)} to {_power(taken.high)} are refused"
    if given.form == taken.form:
        return None
    is_text = given.form in ("base64", "date and time") and taken.form == "text"
    return None if is_text else f"{given.form} is refused, {taken.form} is expected"


def _power(number: int) -> str:
    size = abs(number)
    for base, end in ((size, ""), (size + 1, " - 1")):
        if base.bit_count() == 1 and base.bit_length() > 17:  # noqa: PLR2004 - 65535 is readable
            sign = "-" if number < 0 else ""
            return f"{sign}2^{base.bit_length() - 1}{end}"
    return str(number)


def type_refusal(old: Kind, new: Kind, caller: Caller, *, read: bool = False) -> str | None:
    """Return why something that ``old`` takes is refused by ``new``; None if nothing is.

    With ``read``, objects are answers: who reads one may ignore a property, as enforcement does
    not (ENF-035).
    """
    if isinstance(new, AnyType):
        return None
    # Of nested types the parts alone are compared: asking at every level whether the whole is the
    # same would look at what is innermost once for each (MLM-038).
    if isinstance(old, DataType) and isinstance(new, DataType):
        return None if old == new else _scalars_refusal(old, new, caller)
    if isinstance(old, Array) and isinstance(new, Array):
        return _within("its items", type_refusal(old.dtype, new.dtype, caller, read=read))
    if isinstance(old, Map) and isinstance(new, Map):
        return _within(
            "its values", type_refusal(old.value_type, new.value_type, caller, read=read)
        )
    if isinstance(old, Object) and isinstance(new, Object):
        return _objects_refusal(old, new, caller, read=read)
    return f"{old.value} is refused, {new.value} is expected"


def _within(where: str, reason: str | None) -> str | None:
    return reason and f"{where}: {reason}"


def _scalars_refusal(old: DataType, new: DataType, caller: Caller) -> str | None:
    if caller == "untyped":
        return _literals_refusal(old.traits.literals, new.traits.literals)
    given = old.traits.accepted or (old.value,)
    refused = [name for name in given if name not in new.traits.accepted]
    return f"columns of {', '.join(refused)} are refused" if refused else None


def _objects_refusal(old: Object, new: Object, caller: Caller, *, read: bool) -> str | None:
    before = {one.name: one for one in old.properties}
    after = {one.name: one for one in new.properties}
    for name, one in before.items():
        if name not in after:
            if read:
                continue
            return f"the property {shown(name)} is refused"
        if after[name].required and not one.required:
            return f"the property {shown(name)} must be there"
        reason = type_refusal(one.dtype, after[name].dtype, caller, read=read)
        if reason:
            return f"the property {shown(name)}: {reason}"
    added = [name for name, one in after.items() if one.required and name not in before]
    return f"the property {shown(added[0])} must be there" if added else None


def dtype_refusal(
    old: tuple[str, Sequence[int]], new: tuple[str, Sequence[int]], caller: Caller
) -> str | None:
    """Return why a tensor (dtype, shape) that was taken is refused now; None if none is."""
    if len(old[1]) != len(new[1]):
        return f"{len(new[1])} axes are expected, not {len(old[1])}"
    for axis, (before, after) in enumerate(zip(old[1], new[1], strict=True)):
        if after not in (-1, before):
            return f"axis {axis} must have the length {after}"
    if old[0] == new[0]:
        return None
    if caller == "untyped":
        given, taken = literals_of(old[0]), literals_of(new[0])
        # Moments of another unit are others: some have no room, some no place (ENF-075).
        are_units = old[0].startswith("datetime64") and new[0].startswith("datetime64")
        if given is not None and taken is not None and not are_units:
            return _literals_refusal(given, taken)
    return f"arrays of {old[0]} are refused"


def shown_type(kind: Kind) -> str:
    """Return a type as a person reads it: ``array<long>``, ``object{a: long, b?: string}``."""
    if isinstance(kind, Array):
        return f"array<{shown_type(kind.dtype)}>"
    if isinstance(kind, Map):
        return f"map<{shown_type(kind.value_type)}>"
    if isinstance(kind, Object):
        held = (
            f"{p.name}{'' if p.required else '?'}: {shown_type(p.dtype)}" for p in kind.properties
        )
        return f"object{{{', '.join(held)}}}"
    return kind.value
