"""The texts of a CSV as the values that JSON would hold there (ENF-060 ff, ENF-108, ENF-110)."""

from __future__ import annotations

import re
from decimal import Decimal
from math import isinf
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from mlmodel.signature.cells.decimals import decimal_of
from mlmodel.signature.data.arrays import EXACT
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlmodel.signature.cells.reader import Reader
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["MISSING", "RULES", "Text", "are_numbers", "is_number", "read_as_json", "values"]

#: A cell: None is an empty one without quotes.
Text = str | None

#: The rules that CSV has in the place of JSON's.
RULES = {"ENF-049": "ENF-060", "ENF-041": "ENF-061"}

#: A number, and what makes a decimal of it. No character is tried twice.
_NUMBER = re.compile(
    r" *+([+-]?+(?:[0-9]++|(?=\.[0-9]))((?:\.[0-9]*+)?+(?:[eE][+-]?+[0-9]++)?+)) *+", re.ASCII
)
_INFINITE = re.compile(r" *([+-]?inf(?:inity)?) *", re.ASCII | re.IGNORECASE)
#: The same without groups, an infinity or "nan".
_FLOAT = (
    r"(?: *+[+-]?+(?:(?:[0-9]++|(?=\.[0-9]))(?:\.[0-9]*+)?+(?:[eE][+-]?+[0-9]++)?+"
    r"|(?i:inf(?:inity)?+)) *+|nan)"
)
_FLOATS = re.compile(f"(?:{_FLOAT},)*{_FLOAT}", re.ASCII)
#: The integer zero, which has no sign.
_MINUS_ZERO = re.compile(r"-0++(?![0-9.eE])")
#: What pandas takes for a missing value by itself, an empty text in quotes too (ENF-108).
MISSING = frozenset(
    (
        *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND"),
        *("1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
    )
)
_BOOLEANS: dict[Text, Any] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
#: Python refuses to convert longer texts into integers.
_LONGEST_INTEGER = 4000
#: Beyond it no integer type reaches.
_LONGEST_EXPONENT = 400
_NONE = frozenset({type(None)})
#: Which values of JSON a kind of column takes as they are.
_QUICK: dict[str, frozenset[type]] = {
    "i": frozenset({int, type(None)}),
    "u": frozenset({int, type(None)}),
    "f": frozenset({float, int, type(None)}),
}


def values(
    reader: Reader, matching: Matching, names: Sequence[str], columns: Sequence[Sequence[Text]]
) -> list[Sequence[Any]]:
    """Return the columns with numbers and booleans read where they are declared.

    A text that is none stays a text, for the reader to refuse. Without a schema a column of
    numbers or booleans throughout is read so, any other is text.
    """
    if matching.schema is None:
        return [_infer_cells(column) for column in columns]
    specs = _specs_of(matching, names)
    return [_read_column(reader, *pair) for pair in zip(specs, columns, strict=True)]


#: How many cells of a column are read together: one that JSON does not read makes as many be read
#: one by one.
_AT_ONCE = 512


def _read_column(
    reader: Reader, spec: ColSpec | TensorSpec | None, column: Sequence[Text]
) -> Sequence[Any]:
    convert = None if spec is None else _converter_for(reader, spec)
    if spec is None or convert is None:
        return column
    read: list[Any] = []
    wrong_types = _WRONG.get(_kind_of(spec), frozenset())
    wrong = 0
    for start in range(0, len(column), _AT_ONCE):
        part = column[start : start + _AT_ONCE]
        cells = None if reader.exact else _read_quickly(spec, part)
        if cells is None:
            cells = list(map(convert, part))
            wrong += sum(type(cell) in wrong_types for cell in cells)
        read += cells
        if reader.most and wrong > reader.most:
            # Nobody looks at the rest (RST-109).
            read += column[start + _AT_ONCE :]
            break
    return read


def are_numbers(matching: Matching) -> bool:
    """Return whether columns of numbers are declared and no others, and no optional integer."""
    if matching.schema is None or matching.has_tensors:
        return False
    kinds = ((_kind_of(spec), spec.required) for spec in matching.schema.inputs)
    return all(kind == "f" or (kind in _QUICK and required) for kind, required in kinds)


def _read_quickly(spec: ColSpec | TensorSpec, column: Sequence[Text]) -> Sequence[Any] | None:
    """Return the cells of a column in one step, where all of them are plain; else None.

    The reader asks for the exact way (:class:`~mlmodel.signature.cells.reader.InexactParse`) where
    a number so read may be another than the one written.
    """
    kind = _kind_of(spec)
    narrow = _is_narrow(spec)
    if kind == "b":
        booleans = list(map(_BOOLEANS.get, column))
        return None if None in booleans else booleans
    types = _QUICK.get(kind)
    if types is None:
        return None
    read = _as_json(column, types)
    return _as_floats(column) if read is None and kind == "f" and not narrow else read


def _as_json(column: Sequence[Text], types: frozenset[type]) -> list[Any] | None:
    """Return texts that JSON would take for numbers; None where one of them is none of JSON's."""
    read = _read_cells(["null" if cell is None else cell for cell in column])
    if read is None and not MISSING.isdisjoint(column):
        read = _read_cells(["null" if cell is None or cell in MISSING else cell for cell in column])
    return read if read is not None and types.issuperset(map(type, read)) else None


def _as_floats(column: Sequence[Text]) -> list[float] | None:
    """Return texts as Python reads doubles, where each is a number, infinite or missing.

    None where one is not, and where an integer would be rounded or lose what it means.
    """
    cells = ["nan" if cell is None or cell in MISSING else cell for cell in column]
    text = ",".join(cells)
    if not _FLOATS.fullmatch(text) or _MINUS_ZERO.search(text):
        return None
    try:
        read = list(map(float, cells))
    except ValueError:  # a comma in a cell
        return None
    sizes = np.abs(read)
    # What is beyond the largest double is not infinite, but refused.
    infinite = np.count_nonzero(np.isinf(sizes)) == text.lower().count("inf")
    return read if infinite and not ((sizes >= EXACT) & np.isfinite(sizes)).any() else None


def _read_cells(cells: list[str]) -> list[Any] | None:
    return read_as_json(",".join(cells), len(cells))


def read_as_json(text: str, count: int) -> list[Any] | None:
    """Return cells, joined by commas, as JSON reads them; None where it does not, or not so many.

    What else than numbers is among them is for the caller to find.
    """
    if "\t" in text or "\n" in text or "\r" in text:
        return None  # JSON passes over them
    try:
        read: list[Any] = orjson.loads(f"[{text}]")
    except orjson.JSONDecodeError:
        return None
    # A bracket or a comma in a cell makes another number of them, or lists.
    return read if len(read) == count else None


def _specs_of(matching: Matching, names: Sequence[str]) -> list[ColSpec | TensorSpec | None]:
    """Return what is declared for each of the given columns."""
    specs = [] if matching.schema is None else matching.schema.inputs
    if matching.has_names:
        by_name = {str(spec.name): spec for spec in specs}
        return [by_name.get(name) for name in names]
    if matching.are_numbers(names):
        by_number = {str(number): spec for number, spec in enumerate(specs)}
        return [by_number.get(name) for name in names]
    return [specs[min(place, len(specs) - 1)] for place in range(len(names))]


def is_number(text: Text) -> bool:
    """Return whether a cell is written as a number is."""
    return text is not None and _NUMBER.fullmatch(text) is not None


#: What no cell of a column of numbers or booleans may have become, by the kind of its dtype.
_WRONG: dict[str, frozenset[type]] = {
    "b": frozenset({str}),
    "i": frozenset({str, float, Decimal}),
    "u": frozenset({str, float, Decimal}),
    "f": frozenset({str, Decimal}),
}


def _is_narrow(spec: ColSpec | TensorSpec) -> bool:
    """Return whether the floats of a type are narrower than doubles."""
    if isinstance(spec, TensorSpec):
        return spec.type.itemsize < _DOUBLE
    return spec.type is DataType.float


def _converter_for(reader: Reader, spec: ColSpec | TensorSpec) -> Callable[[Text], Any] | None:
    kind = _kind_of(spec)
    if kind in "iu" and isinstance(spec, ColSpec) and not spec.required:
        return _read_optional_integer
    if kind == "f" and _is_narrow(spec):
        return _noting_literals(reader)
    return _CONVERTERS.get(kind)


#: How many bytes a double has.
_DOUBLE = 8
_KINDS: dict[object, str] = {kind: kind.to_pandas().kind for kind in DataType}


def _kind_of(spec: ColSpec | TensorSpec) -> str:
    """Return the kind of the dtype in which a column is read; none for nested types."""
    return str(spec.type.kind) if isinstance(spec, TensorSpec) else _KINDS.get(spec.type, "")


def _is_missing(text: str) -> bool:
    return text.strip(" ") in MISSING


def _read_boolean(text: Text) -> Any:
    if text is None:
        return None
    read = _BOOLEANS.get(text.strip(" "))
    return read if read is not None else None if _is_missing(text) else text


def _read_moment(text: Text) -> Any:
    return None if text is None or _is_missing(text) else text


def _read_integer(text: Text) -> Any:
    value = _read_number(text)
    if type(value) is str:
        return None if _is_missing(value) else value
    return _whole(text) if type(value) is float and text is not None else value


def _read_optional_integer(text: Text) -> Any:
    """Read an integer that writers may have made a decimal, since others are missing (ENF-115)."""
    value = _read_integer(text)
    return value if type(value) is not float or text is None else _whole(text, decimals=True)


def _whole(text: str, *, decimals: bool = False) -> Any:
    """Return the integer that a literal with an exponent is (ENF-110), or the number that it is.

    ``decimals`` says that one without an exponent may be an integer, too.
    """
    exact = decimal_of(text.strip(" "))
    small = -_LONGEST_EXPONENT < exact.adjusted() < _LONGEST_EXPONENT
    if (decimals or "e" in text.lower()) and small and exact.as_integer_ratio()[1] == 1:
        return int(exact)
    rounded = float(exact)
    # One that has become whole by rounding is kept as written, for the reader to refuse.
    return exact if decimals and rounded.is_integer() and rounded != exact else rounded


def _read_number(text: Text) -> Any:
    if text is None:
        return None
    matched = _NUMBER.fullmatch(text)
    if matched is None:
        return text
    written, decimals = matched.groups()
    if not decimals:
        return int(written) if len(written) < _LONGEST_INTEGER else decimal_of(written)
    value = float(written)
    # What is beyond the largest double is kept as written, for the reader to refuse.
    return decimal_of(written) if isinf(value) else value


def _read_float(text: Text) -> Any:
    value = _read_number(text)
    return _read_special(value) if type(value) is str else value


def _read_special(text: str) -> float | str | None:
    if _is_missing(text):
        return None
    matched = _INFINITE.fullmatch(text)
    return float(matched[1]) if matched else text


def _noting_literals(reader: Reader) -> Callable[[Text], Any]:
    """Return a conversion that keeps the literals, for types narrower than double (ENF-046)."""

    def convert(text: Text) -> Any:
        value = _read_number(text)
        if type(value) is float and text is not None:
            reader.literals.setdefault(value, set()).add(text.strip(" "))
        return _read_special(value) if type(value) is str else value

    return convert


#: By the kind of a dtype of numpy; the others are read as the texts that they are.
_CONVERTERS: dict[str, Callable[[Text], Any]] = {
    "b": _read_boolean,
    "i": _read_integer,
    "u": _read_integer,
    "f": _read_float,
    "M": _read_moment,
}


def _read_while(convert: Callable[[Text], Any], column: Sequence[Text]) -> list[Any]:
    """Return the cells converted, up to some of which one stays a text."""
    read: list[Any] = []
    for start in range(0, len(column), _AT_ONCE):
        part = list(map(convert, column[start : start + _AT_ONCE]))
        read += part
        if str in map(type, part):
            break
    return read


def _infer_cells(column: Sequence[Text]) -> Sequence[Any]:
    for convert in (_read_float, _read_boolean):
        read = _read_while(convert, column)
        kinds = set(map(type, read))
        # A column of words that mean missing, and of nothing else, is text.
        if kinds.isdisjoint({str, Decimal}) and (kinds != _NONE or not any(column)):
            return read
    return column
