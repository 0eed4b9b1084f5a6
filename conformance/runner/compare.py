"""Does a result say what a vector expects? The rules are printed in conformance/README.md.

Needs nothing but Python: the values are JSON. Whatever JSON an implementation answers, it is a
difference and never a failure of the comparison.
"""

from __future__ import annotations

import json
import math
import re
import struct
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["differences"]

#: Lists whose items are compared by the keys that the vector gives -> the keys that a lenient
#: comparison leaves out. A column of ``violations`` is a place in a text; one of ``details`` is
#: a column of data, and says what is at fault.
SUBSET_LISTS = {
    "details": frozenset({"line", "got", "expected"}),
    "violations": frozenset({"line", "column", "got", "expected"}),
}
#: Lists that a lenient comparison takes in any order.
UNORDERED = frozenset({*SUBSET_LISTS, "changes"})

_NAMED_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_FRACTION = re.compile(r"\.(\d+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def differences(
    expected: dict[str, Any], result: dict[str, Any], *, lenient: bool = False
) -> list[str]:
    """Return how ``result`` departs from ``expected``, one line each; empty when it does not.

    Keys that ``expected`` does not give are free, except that an error never passes for an
    answer: ``error`` and ``error_code`` are compared even when absent. A lenient comparison leaves
    out places in texts, ``got`` and ``expected`` of violations, and their order.
    """
    found = [
        f"/{key}: expected none, got {_shown(result[key])}"
        for key in ("error", "error_code")
        if key in result and key not in expected
    ]
    for key, wanted in expected.items():
        if key not in result:
            found.append(f"/{key}: expected {_shown(wanted)}, got nothing")
        else:
            found += _of_key(key, wanted, result[key], lenient=lenient)
    return found


def _of_key(key: str, wanted: Any, got: Any, *, lenient: bool) -> list[str]:
    """Compare one key of a result."""
    at = f"/{key}"
    if key == "data":
        return _data(wanted, got, at)
    if key not in UNORDERED:
        return _exact(wanted, got, at)
    compare: Callable[[Any, Any, str], list[str]] = _exact
    if key in SUBSET_LISTS:
        left_out = SUBSET_LISTS[key] if lenient else frozenset()
        compare = lambda a, b, where: _given_keys(a, b, where, left_out)  # noqa: E731
    return _items(wanted, got, at, compare, in_order=not lenient)


def _items(
    expected: list[Any],
    result: Any,
    at: str,
    compare: Callable[[Any, Any, str], list[str]],
    *,
    in_order: bool,
) -> list[str]:
    if not isinstance(result, list) or len(result) != len(expected):
        return [f"{at}: expected {len(expected)} items {_shown(expected)}, got {_shown(result)}"]
    if not in_order:
        result = _matched(expected, result, lambda a, b: not compare(a, b, at))
    pairs = enumerate(zip(expected, result, strict=True))
    return [line for i, (a, b) in pairs for line in compare(a, b, f"{at}/{i}")]


def _matched(expected: list[Any], result: list[Any], fits: Callable[[Any, Any], bool]) -> list[Any]:
    """Return the items of ``result`` in the order that makes most of them fit."""
    holder: dict[int, int] = {}  # item of the result -> the expected one that it stands for

    def place(wanted: int, tried: set[int]) -> bool:
        # Kuhn's algorithm: an item that fits several gives way where it can.
        for index in range(len(result)):
            if index in tried or not fits(expected[wanted], result[index]):
                continue
            tried.add(index)
            if index not in holder or place(holder[index], tried):
                holder[index] = wanted
                return True
        return False

    unplaced = [wanted for wanted in range(len(expected)) if not place(wanted, set())]
    rest = [index for index in range(len(result)) if index not in holder]
    holder.update(zip(rest, unplaced, strict=True))
    return [result[index] for index in sorted(holder, key=holder.__getitem__)]


def _given_keys(
    expected: dict[str, Any], result: Any, at: str, left_out: frozenset[str]
) -> list[str]:
    """Compare an object by the keys that the vector gives; null says that there is none."""
    if not isinstance(result, dict):
        return [f"{at}: expected {_shown(expected)}, got {_shown(result)}"]
    found = []
    for key, value in expected.items():
        if key in left_out:
            continue
        if key not in result and value is not None:
            found.append(f"{at}/{key}: expected {_shown(value)}, got nothing")
        else:
            found += _exact(value, result.get(key), f"{at}/{key}")
    return found


def _exact(expected: Any, result: Any, at: str) -> list[str]:
    """Compare JSON values: objects by all their keys, numbers by value and sign of zero."""
    if isinstance(expected, dict) and isinstance(result, dict):
        found = [f"{at}/{key}: not expected" for key in result if key not in expected]
        for key, value in expected.items():
            if key not in result:
                found.append(f"{at}/{key}: expected {_shown(value)}, got nothing")
            else:
                found += _exact(value, result[key], f"{at}/{key}")
        return found
    if isinstance(expected, list) and isinstance(result, list):
        if len(expected) != len(result):
            return [f"{at}: expected {len(expected)} items, got {len(result)}: {_shown(result)}"]
        pairs = enumerate(zip(expected, result, strict=True))
        return [line for i, (a, b) in pairs for line in _exact(a, b, f"{at}/{i}")]
    same = (
        _same_number(expected, result)
        if _is_number(expected)
        else (type(expected) is type(result) and expected == result)
    )
    return [] if same else [f"{at}: expected {_shown(expected)}, got {_shown(result)}"]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same_number(expected: Any, result: Any) -> bool:
    if not _is_number(result):
        return False
    if expected != expected or result != result:  # noqa: PLR0124 - NaN, of integers of any size too
        return bool(expected != expected and result != result)  # noqa: PLR0124
    if expected == result == 0:
        return math.copysign(1, expected) == math.copysign(1, result)
    return bool(expected == result)


def _data(expected: dict[str, Any], result: Any, at: str) -> list[str]:
    """Compare DATA; values at their dtype."""
    if not isinstance(result, dict) or expected.keys() != result.keys():
        return [f"{at}: expected {sorted(expected)}, got {_shown(result)}"]
    if "value" in expected:
        return _exact(expected["value"], result["value"], f"{at}/value")
    wanted, got = _arrays(expected), _arrays(result)
    if got is None or wanted is None:
        return [f"{at}: expected DATA, got {_shown(result)}"]
    if wanted.keys() != got.keys():
        return [f"{at}: expected {_shown(list(wanted))}, got {_shown(list(got))}"]
    return [line for key, array in wanted.items() for line in _array(array, got[key], at + key)]


def _arrays(data: dict[str, Any]) -> dict[str, dict[str, Any]] | None:
    """Return the columns or tensors of DATA, each by where it stands; None when it has no such."""
    found: dict[str, Any] = {}
    if isinstance(data.get("columns"), list):
        found = {f"/columns/{index}": column for index, column in enumerate(data["columns"])}
    elif "tensor" in data:
        found = {"/tensor": data["tensor"]}
    elif isinstance(data.get("tensors"), dict):
        found = {f"/tensors/{name}": tensor for name, tensor in data["tensors"].items()}
    else:
        return None
    right = all(
        isinstance(one, dict) and isinstance(one.get("values"), list) for one in found.values()
    )
    return found if right else None


def _array(expected: dict[str, Any], result: dict[str, Any], at: str) -> list[str]:
    dtype = expected["dtype"]
    found = [
        line
        for key in ("name", "dtype", "shape")
        for line in _exact(expected.get(key), result.get(key), f"{at}/{key}")
    ]
    if found:
        return found
    return _exact(
        [_at_dtype(value, dtype) for value in expected["values"]],
        [_at_dtype(value, dtype) for value in result["values"]],
        f"{at}/values",
    )


def _at_dtype(value: Any, dtype: str) -> Any:
    """Return a value of DATA in the one form in which it is compared."""
    if dtype.startswith("float"):
        number: Any = _NAMED_FLOATS.get(value, value) if isinstance(value, str) else value
        if number is None:
            return math.nan  # a numpy float has no other way to be missing
        if not _is_number(number):
            return value
        return _float32(number) if dtype == "float32" else _float64(number)
    if dtype.startswith("datetime64") and isinstance(value, str):
        with suppress(ValueError, OverflowError):  # what is not a moment is compared as a text
            return _nanoseconds(value)
    return value


def _float64(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _float32(number: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", float(number)))[0])
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _nanoseconds(text: str) -> int:
    """Return nanoseconds since 1970 of an ISO text; without a zone it is UTC."""
    fraction = _FRACTION.search(text)
    digits = fraction.group(1) if fraction else ""
    moment = datetime.fromisoformat(_FRACTION.sub("", text))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    return seconds * 10**9 + int(digits.ljust(9, "0")[:9])


def _shown(value: Any) -> str:
    text = json.dumps(value, default=repr)
    return text if len(text) <= 300 else text[:299] + "…"  # noqa: PLR2004
