"""A plain yes for input examples: most tables fit as they stand, and saying so needs no numpy.

Whatever is not plain here (other forms, types that are read from texts, numbers near a limit,
parameters, faults) is left to the full check, which knows every rule.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any

from mlmodel._base import files
from mlmodel.document.paths import resolve_inside
from mlmodel.errors import MlmodelError
from mlmodel.signature.types.scalars import DataType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["fits_plainly"]

#: Up to this size every integer is a double.
_EXACT = DataType.double.traits.literals.high
#: Larger files are left to the full check, which is the faster one for them.
_MOST_BYTES = 2**16


def fits_plainly(root: Path, info: Mapping[str, Any], signature: Any) -> bool:
    """Return whether an example is a table of which every cell surely fits (EXA-003, EXA-013).

    Args:
        root: the model folder; a request beside the example must be a JSON object.
        info: the ``saved_input_example_info``.
        signature: the mapping of the MLmodel file, with texts or what they say.

    """
    if info.get("type") != "dataframe" or info.get("params"):
        return False
    try:
        declared = signature["inputs"]
        declared = json.loads(declared) if isinstance(declared, str) else declared
        table = _small_json(root, str(info.get("artifact_path")))
        request = info.get("serving_input_path")
        if request and not isinstance(_small_json(root, str(request)), dict):
            return False
        return _fits(table["columns"], table["data"], declared)
    except (MlmodelError, OSError, ValueError, RecursionError, TypeError, KeyError):
        return False


def _small_json(root: Path, name: str) -> Any:
    return json.loads(files.read(resolve_inside(root, name), _MOST_BYTES, within=root))


def _fits(names: Sequence[Any], rows: Sequence[Any], declared: Sequence[Any]) -> bool:
    if type(names) is not list or not rows or len(set(names)) < len(names):
        return False
    if any(type(row) is not list or len(row) != len(names) for row in rows):
        return False
    cells = dict(zip(names, zip(*rows, strict=True), strict=True))
    return all(
        type(spec["name"]) is str and all(map(_PLAIN[spec["type"]], cells[spec["name"]]))
        for spec in declared
    )


def _whole(kind: DataType) -> Callable[[Any], bool]:
    taken = kind.traits.literals
    return lambda cell: type(cell) is int and taken.low <= cell <= taken.high


def _double(cell: Any) -> bool:
    # Any finite double that JSON writes is one; larger integers may fall between two.
    return cell is None or (
        isfinite(cell) if type(cell) is float else type(cell) is int and abs(cell) <= _EXACT
    )


def _text(cell: Any) -> bool:
    return cell is None or (type(cell) is str and cell.isascii())


#: Types of columns -> whether a cell surely fits (ENF-040 and following).
_PLAIN: dict[str, Callable[[Any], bool]] = {
    "boolean": lambda cell: type(cell) is bool,
    "integer": _whole(DataType.integer),
    "long": _whole(DataType.long),
    "double": _double,
    "string": _text,
}
