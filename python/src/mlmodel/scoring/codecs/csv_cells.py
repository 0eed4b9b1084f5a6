"""The texts of a CSV as the values that JSON would hold there (ENF-060 to ENF-062)."""

from __future__ import annotations

import re
from decimal import Decimal
from math import isinf
from typing import TYPE_CHECKING, Any

from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlmodel.signature.cells.reader import Reader
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["RULES", "values"]

#: The rules that CSV has in the place of JSON's.
RULES = {"ENF-049": "ENF-060", "ENF-041": "ENF-061"}

#: A number, and what makes a decimal of it.
_NUMBER = re.compile(r" *(-?(?:0|[1-9][0-9]*)((?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)) *")
_SPECIAL = re.compile(r" *(NaN|nan|-?inf|-?Infinity) *")
_BOOLEANS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
#: Python refuses to convert longer texts into integers.
_LONGEST_INTEGER = 4000

Text = str | None


def values(
    reader: Reader, matching: Matching, names: Sequence[str], columns: Sequence[Sequence[Text]]
) -> list[Sequence[Any]]:
    """Return the columns with numbers and booleans read where they are declared.

    A text that is none stays a text, for the reader to refuse. Without a schema a column of
    numbers or booleans throughout is read so, any other is text.
    """
    if matching.schema is None:
        return [_infer_cells(column) for column in columns]
    specs = matching.schema.inputs
    by_name = {str(spec.name): spec for spec in specs}
    read: list[Sequence[Any]] = []
    for given, (name, column) in enumerate(zip(names, columns, strict=True)):
        position = min(given, len(specs) - 1)
        spec = by_name.get(name) if matching.has_names else specs[position]
        convert = None if spec is None else _converter_for(reader, spec)
        read.append(column if convert is None else list(map(convert, column)))
    return read


def _converter_for(reader: Reader, spec: ColSpec | TensorSpec) -> Callable[[Text], Any] | None:
    if isinstance(spec, TensorSpec):
        kind, narrow = str(spec.type.kind), spec.type.itemsize < _DOUBLE
    else:
        kind, narrow = _KINDS.get(spec.type, ""), spec.type is DataType.float
    if kind == "b":
        return _read_boolean
    if kind in ("i", "u"):
        return _read_number
    if kind != "f":
        return None
    return _noting_literals(reader) if narrow else _read_float


#: How many bytes a double has.
_DOUBLE = 8
_KINDS: dict[object, str] = {kind: kind.to_pandas().kind for kind in DataType}


def _read_boolean(text: Text) -> Any:
    return None if text is None else _BOOLEANS.get(text.strip(" "), text)


def _read_number(text: Text) -> Any:
    if text is None:
        return None
    matched = _NUMBER.fullmatch(text)
    if matched is None:
        return text
    written, decimals = matched.groups()
    if not decimals:
        return int(written) if len(written) < _LONGEST_INTEGER else Decimal(written)
    value = float(written)
    # What is beyond the largest double is kept as written, for the reader to refuse.
    return Decimal(written) if isinf(value) else value


def _read_float(text: Text) -> Any:
    value = _read_number(text)
    return _read_special(value) if type(value) is str else value


def _read_special(text: str) -> float | str:
    matched = _SPECIAL.fullmatch(text)
    return float(matched[1]) if matched else text


def _noting_literals(reader: Reader) -> Callable[[Text], Any]:
    """Return a conversion that keeps the literals, for types narrower than double (ENF-046)."""

    def convert(text: Text) -> Any:
        value = _read_number(text)
        if type(value) is float and text is not None:
            reader.literals.setdefault(value, set()).add(text.strip(" "))
        return _read_special(value) if type(value) is str else value

    return convert


def _infer_cells(column: Sequence[Text]) -> Sequence[Any]:
    for convert in (_read_float, _read_boolean):
        read = list(map(convert, column))
        if not any(type(value) in (str, Decimal) for value in read):
            return read
    return column
