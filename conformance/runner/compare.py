"""Does a result say what a vector expects? The rules are printed in conformance/README.md.

Needs nothing but Python: the values are JSON.
"""

from __future__ import annotations

import json
import math
import re
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["differences"]

#: Lists whose items are compared by the keys that the vector gives.
SUBSET_LISTS = frozenset({"details", "violations"})

_NAMED_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_FRACTION = re.compile(r"\.(\d+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def differences(expected: dict[str, Any], result: dict[str, Any]) -> list[str]:
    """Return how ``result`` departs from ``expected``, one line each; empty when it does not.

    Keys that ``expected`` does not give are free, except that an error never passes for an
    answer: ``error`` and ``error_code`` are compared even when absent.
    """
    found = [
        f"/{key}: expected none, got {_shown(result[key])}"
        for key in ("error", "error_code")
        if key in result and key not in expected
    ]
    for key, wanted in expected.items():
        if key not in result:
            found.append(f"/{key}: expected {_shown(wanted)}, got nothing")
        elif key in SUBSET_LISTS:
            found += _items(wanted, result[key], f"/{key}")
        elif key == "data":
            found += _data(wanted, result[key], f"/{key}")
        else:
            found += _exact(wanted, result[key], f"/{key}")
    return found


def _items(expected: list[dict[str, Any]], result: Any, at: str) -> list[str]:
    if not isinstance(result, list) or len(result) != len(expected):
        return [f"{at}: expected {len(expected)} items {_shown(expected)}, got {_shown(result)}"]
    found = []
    for index, (wanted, got) in enumerate(zip(expected, result, strict=True)):
        for key, value in wanted.items():
            if key not in got:
                found.append(f"{at}/{index}/{key}: expected {_shown(value)}, got nothing")
            else:
                found += _exact(value, got[key], f"{at}/{index}/{key}")
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
    if math.isnan(expected) or math.isnan(result):
        return math.isnan(expected) and math.isnan(result)
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
    if wanted.keys() != got.keys():
        return [f"{at}: expected {_shown(list(wanted))}, got {_shown(list(got))}"]
    return [line for key, array in wanted.items() for line in _array(array, got[key], at + key)]


def _arrays(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the columns or tensors of DATA, each by where it stands."""
    if "columns" in data:
        return {f"/columns/{index}": column for index, column in enumerate(data["columns"])}
    if "tensor" in data:
        return {"/tensor": data["tensor"]}
    return {f"/tensors/{name}": tensor for name, tensor in data["tensors"].items()}


def _array(expected: dict[str, Any], result: dict[str, Any], at: str) -> list[str]:
    dtype = expected["dtype"]
    found = [
        f"{at}/{key}: expected {_shown(expected.get(key))}, got {_shown(result.get(key))}"
        for key in ("name", "dtype", "shape")
        if expected.get(key) != result.get(key)
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
        return _float32(number) if dtype == "float32" else float(number)
    if dtype.startswith("datetime64") and isinstance(value, str):
        return _nanoseconds(value)
    return value


def _float32(number: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:
        return math.copysign(math.inf, number)


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
