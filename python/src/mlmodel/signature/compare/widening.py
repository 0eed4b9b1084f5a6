"""Whether everything that one declared type takes is taken by another, too (SIG-054 to SIG-057).

Asked twice, for the two groups of forms that the rules of enforcement know: *typed* callers give
dtypes, *untyped* ones (JSON, CSV, plain Python) give literals. Needs neither numpy nor pandas.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mlmodel.signature.types.nested import AnyType, Array, Map, NestedType, Object
from mlmodel.signature.types.scalars import DataType

if TYPE_CHECKING:
    from collections.abc import Sequence

from mlmodel.signature.types.scalars import ACCEPTED

__all__ = ["CALLERS", "Caller", "dtype_refusal", "shown_type", "type_refusal"]

Caller = Literal["typed", "untyped"]
CALLERS: tuple[Caller, ...] = ("typed", "untyped")
Kind = DataType | NestedType

_DTYPE = re.compile(r"(u?int|float)(\d+)")
#: Bits of the integers that a floating-point dtype holds without a gap.
_EXACT_BITS = {16: 11, 32: 24, 64: 53}

_RANGES = frozenset({("integer", "integer"), ("integer", "number"), ("number", "number")})


@dataclass(frozen=True, slots=True)
class _Literals:
    """The literals that a declared type takes in untyped forms (ENF-040 ff)."""

    form: str
    low: int = 0
    high: int = 0
    null: bool = False

    def within(self, other: _Literals) -> str | None:
        """Return why ``other`` does not take all of them, or None."""
        return self._form_within(other) or (
            "null is refused" if self.null and not other.null else None
        )

    def _form_within(self, other: _Literals) -> str | None:
        if (self.form, other.form) in _RANGES:
            if other.low <= self.low and self.high <= other.high:
                return None
            if other.form == "number":
                return f"integers beyond {_power(other.high)} may be refused"
            return f"what is outside of {_power(other.low)} to {_power(other.high)} is refused"
        if self.form == other.form:
            return None
        is_text = self.form in ("base64", "date and time") and other.form == "text"
        return None if is_text else f"{self.form} is refused, {other.form} is expected"


def _power(number: int) -> str:
    size = abs(number)
    for base, end in ((size, ""), (size + 1, " - 1")):
        if base.bit_count() == 1 and base.bit_length() > 17:  # noqa: PLR2004 - 65535 is readable
            sign = "-" if number < 0 else ""
            return f"{sign}2^{base.bit_length() - 1}{end}"
    return str(number)


def _of_dtype(dtype: str) -> _Literals | None:
    found = _DTYPE.fullmatch(dtype)
    if found is None:
        return {
            "bool": _Literals("boolean"),
            "str": _Literals("text"),
            "object": _Literals("text", null=True),
            "bytes": _Literals("base64"),
        }.get(dtype)
    kind, bits = found[1], int(found[2])
    if kind == "float":
        exact = 2 ** _EXACT_BITS.get(bits, 0)
        return _Literals("number", -exact, exact, null=True)
    if kind == "uint":
        return _Literals("integer", 0, 2**bits - 1)
    return _Literals("integer", -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


_LITERALS: dict[DataType, _Literals | None] = {
    DataType.boolean: _of_dtype("bool"),
    DataType.integer: _of_dtype("int32"),
    DataType.long: _of_dtype("int64"),
    DataType.float: _of_dtype("float32"),
    DataType.double: _of_dtype("float64"),
    DataType.string: _Literals("text", null=True),
    DataType.binary: _Literals("base64", null=True),
    DataType.datetime: _Literals("date and time", null=True),
}


def type_refusal(old: Kind, new: Kind, caller: Caller, *, read: bool = False) -> str | None:
    """Return why something that ``old`` takes is refused by ``new``; None if nothing is.

    With ``read``, objects are answers: who reads one may ignore a property, as enforcement does
    not (ENF-035).
    """
    if old == new or isinstance(new, AnyType):
        return None
    if isinstance(old, DataType) and isinstance(new, DataType):
        return (_typed if caller == "typed" else _untyped)(old, new)
    if isinstance(old, Array) and isinstance(new, Array):
        return _inner("its items", type_refusal(old.dtype, new.dtype, caller, read=read))
    if isinstance(old, Map) and isinstance(new, Map):
        return _inner("its values", type_refusal(old.value_type, new.value_type, caller, read=read))
    if isinstance(old, Object) and isinstance(new, Object):
        return _objects(old, new, caller, read=read)
    return f"{old.value} is refused, {new.value} is expected"


def _inner(where: str, reason: str | None) -> str | None:
    return reason and f"{where}: {reason}"


def _typed(old: DataType, new: DataType) -> str | None:
    refused = [
        name for name in ACCEPTED.get(old, (old.value,)) if name not in ACCEPTED.get(new, ())
    ]
    return f"columns of {', '.join(refused)} are refused" if refused else None


def _untyped(old: DataType, new: DataType) -> str | None:
    given, taken = _LITERALS[old], _LITERALS[new]
    assert given is not None  # noqa: S101 - of every column type there is one
    assert taken is not None  # noqa: S101 - as above
    return given.within(taken)


def _objects(old: Object, new: Object, caller: Caller, *, read: bool) -> str | None:
    before = {one.name: one for one in old.properties}
    after = {one.name: one for one in new.properties}
    for name, one in before.items():
        if name not in after:
            if read:
                continue
            return f"the property {name!r} is refused"
        if after[name].required and not one.required:
            return f"the property {name!r} must be there"
        reason = type_refusal(one.dtype, after[name].dtype, caller, read=read)
        if reason:
            return f"the property {name!r}: {reason}"
    added = [name for name, one in after.items() if one.required and name not in before]
    return f"the property {added[0]!r} must be there" if added else None


def dtype_refusal(
    old: tuple[str, Sequence[int]], new: tuple[str, Sequence[int]], caller: Caller
) -> str | None:
    """Return why a tensor (dtype, shape) that was taken is refused now; None if none is."""
    if len(old[1]) != len(new[1]):
        return f"{len(new[1])} axes are due, no {len(old[1])}"
    for axis, (before, after) in enumerate(zip(old[1], new[1], strict=True)):
        if after not in (-1, before):
            return f"axis {axis} must have the length {after}"
    if old[0] == new[0]:
        return None
    if caller == "untyped":
        given, taken = _of_dtype(old[0]), _of_dtype(new[0])
        if given is not None and taken is not None:
            return given.within(taken)
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
