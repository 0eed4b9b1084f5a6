"""Tensors of a graph: whether they have the data that their shapes say (ONX-016)."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mlmodel.trust.graphs.tables import TYPES
from mlmodel.trust.graphs.wire import Numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "Astray",
    "Outside",
    "check_sparse",
    "check_tensor",
    "integers",
    "shape",
    "size_in_bytes",
]

_MOST_AXES = 256
#: No axis, and no tensor, has more elements.
_LARGEST = 2**48
_INT64 = 7
_INDEX_TYPES = {3: "<i1", 5: "<i2", 6: "<i4", 7: "<i8"}
_EXTERNAL = 1


class Astray(ValueError):
    """What of a file ONNX Runtime must not get, as the end of a sentence, and the rule."""

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(what)
        self.rule = rule


class Outside(NamedTuple):
    """A tensor whose numbers stand in another file."""

    name: str
    location: str
    offset: int
    length: int
    data_type: int
    shape: tuple[int, ...]


def _called(tensor: Mapping[str, Any]) -> str:
    name = tensor.get("name", b"")[:60].decode(errors="replace")
    return f"the tensor {name!r}" if name else "a tensor without a name"


def size_in_bytes(dims: Iterable[int], data_type: int) -> int:
    """Return how long a tensor's numbers are; 0 where that is not a matter of its type."""
    bits = TYPES[data_type].bits if data_type in TYPES else 0
    return (prod(dims) * bits + 7) // 8


def shape(data: bytes, of: Mapping[str, Any], what: str) -> tuple[int, ...]:
    """Return the ``dims`` of a tensor.

    Raises:
        Astray: they are too many, negative or too large.

    """
    dims = of.get("dims")
    found = dims.varints(data, _MOST_AXES) if dims is not None else []
    if found is None:
        raise Astray("ONX-016", f"{what} has more than {_MOST_AXES} axes")
    # A product of many large numbers would take long by itself.
    if found and (min(found) < 0 or max(found) > _LARGEST or prod(found) > _LARGEST):
        raise Astray("ONX-016", f"{what} has a shape that nothing can have: {str(found)[:60]}")
    return tuple(found)


def check_tensor(data: bytes, tensor: Mapping[str, Any]) -> Outside | None:
    """Check a tensor, and return where its numbers are, where that is another file.

    Raises:
        Astray: it has other data than its type and shape say, or in several places.

    """
    what = _called(tensor)
    dims = shape(data, tensor, what)
    number = tensor.get("data_type", 0)
    if tensor.get("data_location", 0) not in (0, _EXTERNAL):
        raise Astray("ONX-016", f"{what} is at a place of an unknown kind")
    if "segment" in tensor:
        raise Astray("ONX-016", f"{what} is a part of a tensor, which nobody reads")
    here = [key for key in tensor if key.endswith("_data") and key != "external_data"]
    if tensor.get("data_location") == _EXTERNAL or "external_data" in tensor:
        if here or tensor.get("data_location") != _EXTERNAL:
            raise Astray("ONX-016", f"{what} has data in the file and outside of it")
        return _outside(tensor, what, dims, number)
    if number == 0 and not here:
        return None
    kind = TYPES.get(number)
    if kind is None or len(here) > 1:
        why = "data in several fields" if kind else f"elements of the unknown type {number}"
        raise Astray("ONX-016", f"{what} has {why}")
    count = prod(dims)
    least = size_in_bytes(dims, number)
    if "raw_data" in tensor:
        at, end = tensor["raw_data"]
        right = end - at == least and kind.field != "string_data"
    else:
        given = tensor.get(kind.field, 0)
        given = given.count if isinstance(given, Numbers) else given
        right = given in {count * kind.numbers, least if kind.bits < 8 else count * kind.numbers}  # noqa: PLR2004
        right = right and (not here or here == [kind.field])
    if not right:
        raise Astray("ONX-016", f"{what} does not have the data that its shape {_short(dims)} says")
    return None


def _short(dims: tuple[int, ...]) -> str:
    return str(list(dims))[:60]


def _outside(tensor: Mapping[str, Any], what: str, dims: tuple[int, ...], number: int) -> Outside:
    entries: dict[bytes, str] = {}
    for entry in tensor.get("external_data", ()):
        key = entry.get("key", b"")
        if key in entries:
            raise Astray("ONX-004", f"{what} has {key[:20].decode(errors='replace')!r} twice")
        try:
            entries[key] = entry.get("value", b"").decode()
        except UnicodeDecodeError:
            raise Astray("ONX-004", f"{what} has a place that is not text") from None
    kind = TYPES.get(number)
    if kind is None or not kind.bits:
        raise Astray("ONX-016", f"{what} has elements of a type that cannot stand outside")
    least = size_in_bytes(dims, number)
    offset, length = (entries.get(key, "") for key in (b"offset", b"length"))
    for key, text in (("offset", offset), ("length", length)):
        if text and not (text.isascii() and text.isdigit() and len(text) < 17):  # noqa: PLR2004
            raise Astray(
                "ONX-016", f"{what} has {key} {text[:20]!r}, which is not a number of bytes"
            )
    if length and int(length) != least:
        raise Astray(
            "ONX-016", f"{what} has {length} bytes outside, and {least} by its shape {_short(dims)}"
        )
    name = tensor.get("name", b"").decode(errors="replace")
    return Outside(name, entries.get(b"location", ""), int(offset or 0), least, number, dims)


def integers(data: bytes, tensor: Mapping[str, Any], most: int) -> Any:
    """Return the values of a small tensor of integers as int64 array, None for another one."""
    number = tensor.get("data_type", 0)
    if number not in _INDEX_TYPES or "external_data" in tensor:
        return None
    if "raw_data" in tensor:
        at, end = tensor["raw_data"]
        dtype = np.dtype(_INDEX_TYPES[number])
        if (end - at) % dtype.itemsize or (end - at) // dtype.itemsize > most:
            return None
        return np.frombuffer(data, dtype, (end - at) // dtype.itemsize, at).astype(np.int64)
    found = tensor.get(TYPES[number].field)
    values = found.varints(data, most) if found is not None else []
    return None if values is None else np.array(values, np.int64)


def check_sparse(data: bytes, sparse: Mapping[str, Any], most: int) -> int:
    """Check a sparse tensor, which ONNX Runtime writes out; return its elements.

    Raises:
        Astray: it has more than ``most`` elements, or its indices lead out of it.

    """
    values, indices = sparse.get("values", {}), sparse.get("indices", {})
    what = f"the sparse tensor {values.get('name', b'')[:60].decode(errors='replace')!r}"
    dims, count = shape(data, sparse, what), prod(shape(data, values, what))
    if prod(dims) > most:
        raise Astray("ONX-015", f"{what} has {prod(dims):,} elements when it is written out")
    for one in (values, indices):
        if check_tensor(data, one) is not None:
            raise Astray("ONX-016", f"{what} has its numbers in another file")
    found, form = integers(data, indices, 2**31), shape(data, indices, what)
    bounds = None
    if found is not None and form == (count,):
        bounds = np.array([prod(dims)])
        found = found.reshape(-1, 1)
    elif found is not None and form == (count, len(dims)):
        bounds = np.array(dims, np.int64)
        found = found.reshape(-1, len(dims))
    if len(shape(data, values, what)) != 1 or bounds is None:
        raise Astray("ONX-016", f"{what} does not have one index for each value")
    if ((found < 0) | (found >= bounds)).any():
        raise Astray("ONX-016", f"{what} has an index outside of its shape {_short(dims)}")
    return prod(dims)
