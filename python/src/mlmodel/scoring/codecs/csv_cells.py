"""The texts of a CSV as the values that JSON would hold there (ENF-060 to ENF-062)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlmodel.signature.cells.reader import Reader
    from mlmodel.signature.enforce.plan import Plan

__all__ = ["RULES", "values"]

#: The rules that CSV has in the place of JSON's.
RULES = {"ENF-049": "ENF-060", "ENF-041": "ENF-061"}

_INTEGER = re.compile(r" *(-?(?:0|[1-9][0-9]*)) *")
_DECIMAL = re.compile(r" *(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?) *")
_SPECIAL = re.compile(r" *(NaN|nan|-?inf|-?Infinity) *")
_BOOLEANS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
#: Python refuses to convert longer texts into integers.
_LONGEST_INTEGER = 4000

Text = str | None


def values(
    reader: Reader, plan: Plan, names: Sequence[str], columns: Sequence[Sequence[Text]]
) -> list[Sequence[Any]]:
    """Return the columns with numbers and booleans read where the plan declares them.

    A text that is none stays a text, for the reader to refuse. Without a schema a column of
    numbers or booleans throughout is read so, any other is text.
    """
    if plan.schema is None:
        return [_inferred(column) for column in columns]
    specs = plan.schema.inputs
    by_name = {str(spec.name): spec for spec in specs}
    named = plan.schema.has_input_names()
    read: list[Sequence[Any]] = []
    for place, (name, column) in enumerate(zip(names, columns, strict=True)):
        spec: Any = by_name.get(name) if named else specs[min(place, len(specs) - 1)]
        convert = None if spec is None else _converter(reader, spec)
        read.append(column if convert is None else list(map(convert, column)))
    return read


def _converter(reader: Reader, spec: ColSpec | TensorSpec) -> Callable[[Text], Any] | None:
    kind = spec.type.kind if isinstance(spec, TensorSpec) else _KINDS.get(spec.type)  # type: ignore[arg-type]
    if kind == "b":
        return _boolean
    if kind in ("i", "u"):
        return _number
    if kind != "f":
        return None
    narrow = isinstance(spec, TensorSpec) or spec.type is DataType.float
    return _noting(reader) if narrow else _float


_KINDS: dict[DataType, str] = {kind: kind.to_pandas().kind for kind in DataType}


def _boolean(text: Text) -> Any:
    return None if text is None else _BOOLEANS.get(text.strip(" "), text)


def _number(text: Text) -> Any:
    if text is None:
        return None
    matched = _INTEGER.fullmatch(text)
    if matched:
        digits = matched[1]
        return int(digits) if len(digits) < _LONGEST_INTEGER else Decimal(digits)
    matched = _DECIMAL.fullmatch(text)
    if matched is None:
        return text
    value = float(matched[1])
    # What is beyond the largest double is kept as written, for the reader to refuse.
    return Decimal(matched[1]) if value in (float("inf"), float("-inf")) else value


def _float(text: Text) -> Any:
    value = _number(text)
    special = _SPECIAL.fullmatch(value) if type(value) is str else None
    return float(special[1]) if special else value


def _noting(reader: Reader) -> Callable[[Text], Any]:
    """Return a conversion that keeps the literals, for types narrower than double (ENF-046)."""

    def convert(text: Text) -> Any:
        value = _float(text)
        if type(value) is float and text is not None and _DECIMAL.fullmatch(text):
            reader.literals.setdefault(value, set()).add(text.strip(" "))
        return value

    return convert


def _inferred(column: Sequence[Text]) -> Sequence[Any]:
    for convert in (_float, _boolean):
        read = list(map(convert, column))
        if not any(type(value) in (str, Decimal) for value in read):
            return read
    return column
