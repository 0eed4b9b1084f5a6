"""Large requests of numbers alone: the quick way of JSON's forms.

A body of the 2.x dialect with nothing but numbers under its key becomes here what the decoder of
its form makes of it. Whatever is less plain, or breaks a rule, is left to that decoder.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from mlmodel._base.collections import remember
from mlmodel.scoring.codecs import tables
from mlmodel.scoring.json import same_keys
from mlmodel.scoring.json.numbers import Document, Unproved, is_there, without_words
from mlmodel.signature.data.arrays import halfway
from mlmodel.signature.data.columns import Block, Columns, Tensors
from mlmodel.signature.enforce.shapes import wrong_shape
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from mlmodel.scoring.codecs.tables import Names
    from mlmodel.scoring.json.numbers import Code
    from mlmodel.signature.enforce.matching import Matching

    Array: TypeAlias = npt.NDArray[Any]

__all__ = ["LONG", "Found", "read"]

#: The bytes from which on a body is worth the look.
LONG = 16_384
_OBJECT = re.compile(rb"[ \t\r\n]*+\{")
#: How numbers are read, by the kind of the declared dtype.
_CODES: dict[str, Code] = {"f": "d", "i": "i", "u": "i"}
_WIDEST = 8
_SPLIT = frozenset({"columns", "data", "index"})
_OF_RECORDS = frozenset({"dataframe_records", "instances", "inputs"})
_NAMES = frozenset({str, int})
#: How many axes a table has.
_TABLE = 2


class Found(NamedTuple):
    """The key of the envelope, the data under it, and how many rows there are."""

    key: str
    data: Columns | Tensors
    rows: int


def read(body: bytes, matching: Matching) -> Found | None:
    """Return what a body says; None where the exact way is to be asked, and says what is wrong."""
    codes = _codes_of(matching)
    # simdjson would pass over a byte order mark.
    if not codes or not is_there() or not _OBJECT.match(body):
        return None
    text: bytes | memoryview = body
    cells = None
    if same_keys.are_records(body):
        is_named = matching.has_names and not matching.has_tensors
        cells = same_keys.without_keys(body) if is_named else None
        if cells is None:
            return None
        text = cells.text
    found = _try(text, 0, cells, matching, codes)
    if found is None and "d" in codes:
        text, words = without_words(bytes(text))
        found = _try(text, words, cells, matching, codes) if words else None
    return found


def _try(
    text: bytes | memoryview,
    words: int,
    cells: same_keys.Cells | None,
    matching: Matching,
    codes: frozenset[Code],
) -> Found | None:
    try:
        reading = _Reading(Document(text, words), matching, codes)
        found = reading.envelope() if cells is None else reading.records(cells)
        reading.document.prove()
    except Unproved:
        return None
    return found


def _codes_of(matching: Matching) -> frozenset[Code]:
    """Return how the declared inputs are read: nothing where others than numbers are among them."""
    key = "codes of numbers"
    found = matching.memory.get(key)
    if not isinstance(found, frozenset):
        dtypes = [_dtype_of(spec) for spec in matching.schema or ()]
        plain = all(one.kind in _CODES and one.itemsize <= _WIDEST for one in dtypes)
        found = frozenset(_CODES[one.kind] for one in dtypes) if plain else frozenset()
        remember(matching.memory, key, found)
    return found


def _dtype_of(spec: ColSpec | TensorSpec) -> np.dtype[Any]:
    if isinstance(spec, TensorSpec):
        return spec.type
    return spec.type.to_pandas() if isinstance(spec.type, DataType) else np.dtype(object)


class _Reading:
    """A document that is read as what a schema declares; the methods raise Unproved."""

    def __init__(self, document: Document, matching: Matching, codes: frozenset[Code]) -> None:
        self.document, self.matching, self.codes = document, matching, codes

    def envelope(self) -> Found:
        """Return what stands under the one key of the document."""
        pairs = self.document.pairs(self.document.value)
        if len(pairs) != 1:
            raise Unproved
        ((key, proxy),) = pairs.items()
        form = _FORMS.get(key)
        if form is None:
            raise Unproved
        return Found(key, *form(self, proxy))

    def records(self, cells: same_keys.Cells) -> Found:
        """Return records whose cells the document holds."""
        values = self._array(self.document.value)
        if cells.key not in _OF_RECORDS or values.shape != (cells.rows, len(cells.names)):
            raise Unproved
        return Found(cells.key, *self._table(cells.names, values))

    def split(self, proxy: Any) -> tuple[Columns | Tensors, int]:
        """Read ``dataframe_split``."""
        split = self.document.pairs(proxy)
        if not _SPLIT.issuperset(split) or "data" not in split:
            raise Unproved
        names = None
        if "columns" in split:
            names = tuple(self.document.items(split["columns"]))
            if not _NAMES.issuperset(map(type, names)):
                raise Unproved
        if self.document.is_list(split.get("index")):  # which nobody reads
            self.document.items(split["index"])
        values = self._array(split["data"])
        if values.ndim != _TABLE or len(values[0] if names is None else names) != len(values[0]):
            raise Unproved
        return self._tensor(values) if self.matching.has_tensors else self._table(names, values)

    def rows(self, proxy: Any) -> tuple[Columns | Tensors, int]:
        """Read a list of rows or of values, or a tensor."""
        values = self._array(proxy)
        if self.matching.has_tensors:
            return self._tensor(values)
        if values.ndim > _TABLE or (self.matching.has_names and len(self.matching.names) > 1):
            raise Unproved
        return self._table(None, values.reshape(len(values), -1))

    def inputs(self, proxy: Any) -> tuple[Columns | Tensors, int]:
        """Read ``inputs``: columns or tensors by name, or what :meth:`rows` reads."""
        if self.document.is_list(proxy):
            return self.rows(proxy)
        given = self.document.pairs(proxy)
        specs = {str(spec.name): spec for spec in self.matching.schema or ()}
        if not given or not self.matching.has_names or not specs.keys() >= given.keys():
            raise Unproved
        arrays = {
            name: self.document.array(value, _CODES[_dtype_of(specs[name]).kind])
            for name, value in given.items()
        }
        return self._tensors(arrays) if self.matching.has_tensors else self._columns(arrays)

    def _array(self, proxy: Any) -> Array:
        if len(self.codes) != 1:
            raise Unproved
        return self.document.array(proxy, next(iter(self.codes)))

    # -- arrays at the declared types --------------------------------------------------------------

    def _table(self, names: Names | None, values: Array) -> tuple[Columns, int]:
        """Return rows and columns as columns of the declared types, and how many rows."""
        in_order = list(range(values.shape[1]))

        def block_of(given: Sequence[int]) -> Array:
            return values if given == in_order else values[:, given]

        return self._blocks(names, values.shape[1], len(values), block_of)

    def _columns(self, arrays: Mapping[str, Array]) -> tuple[Columns, int]:
        held = list(arrays.values())
        rows = len(held[0])
        if any(values.shape != (rows,) for values in held):
            raise Unproved
        # A block's columns lie side by side in memory, as a frame keeps them.
        return self._blocks(
            tuple(arrays), len(held), rows, lambda given: np.stack([held[n] for n in given]).T
        )

    def _blocks(
        self,
        names: Names | None,
        width: int,
        rows: int,
        block_of: Callable[[Sequence[int]], Array],
    ) -> tuple[Columns, int]:
        assert self.matching.schema is not None  # noqa: S101 - it has numbers
        layout = tables.layout_of(self.matching, self.matching.schema, names, width)
        if layout.violations:
            raise Unproved
        blocks = []
        for group in layout.groups:
            assert group.kind is not None  # noqa: S101 - a number's
            read = _at_dtype(block_of(group.given), group.kind.to_pandas())
            blocks.append(Block(read, group.declared))
        return Columns(layout.names, blocks, rows, self.matching.schema), rows

    def _tensor(self, values: Array) -> tuple[Tensors, int]:
        """Return the only tensor, which is given without a name."""
        specs = [spec for spec in self.matching.schema or () if isinstance(spec, TensorSpec)]
        if len(specs) != 1:
            raise Unproved
        tensor = {specs[0].name: _at_spec(values, specs[0])}
        return Tensors(tensor, self.matching.schema), len(values)

    def _tensors(self, arrays: Mapping[str, Array]) -> tuple[Tensors, int]:
        specs = [spec for spec in self.matching.schema or () if isinstance(spec, TensorSpec)]
        if len(arrays) < len(specs):
            raise Unproved
        tensors = {spec.name: _at_spec(arrays[str(spec.name)], spec) for spec in specs}
        return Tensors(tensors, self.matching.schema), max(map(len, arrays.values()))


_FORMS: dict[str, Callable[[_Reading, Any], tuple[Columns | Tensors, int]]] = {
    "dataframe_split": _Reading.split,
    "instances": _Reading.rows,
    "inputs": _Reading.inputs,
}


def _at_spec(values: Array, spec: TensorSpec) -> Array:
    if wrong_shape(values.shape, spec) is not None:
        raise Unproved
    return _at_dtype(values, spec.type)


def _at_dtype(values: Array, dtype: np.dtype[Any]) -> Array:
    """Return float64 or int64 at a narrower dtype, exactly or rounded once (ENF-046)."""
    if dtype == values.dtype:
        return values
    if dtype.kind != "f":
        held = np.iinfo(dtype)
        if values.min() < held.min or values.max() > held.max:
            raise Unproved
        return values.astype(dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = values.astype(dtype)
        # From there on it may be an integer that the type does not hold, or infinite.
        large = np.abs(values) >= 2.0 ** (np.finfo(dtype).nmant + 1)
        if (large & (values != narrow)).any() or halfway(values, narrow).any():
            raise Unproved
    return narrow
