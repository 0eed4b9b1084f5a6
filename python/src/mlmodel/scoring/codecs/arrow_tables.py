"""Tables of Arrow -> what the engine gets, whatever file or stream they came in (RST-117 ff).

What a table says of itself is not believed: every buffer has been held against every length
before a cell is looked at, and what the cells become is counted before they become it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.errors import MalformedRequest, MissingDependency, MlmodelError, PayloadTooLarge
from mlmodel.scoring.json import body as json_body
from mlmodel.signature.types.arrow import ARROW_LISTS, type_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap
    from typing import TypeAlias

    import pandas as pd

    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.enforce.matching import Matching

    #: A body, or a file that is looked at as one.
    Buffer: TypeAlias = bytes | mmap

__all__ = [
    "PARAMS",
    "bound",
    "check_cost",
    "data_of",
    "library",
    "plain",
    "readable",
    "too_large",
    "viewed",
]

#: Where parameters stand in the metadata of a schema (RST-120).
PARAMS = "mlmodel.params"
#: What a body may become, whatever its size; and how many times its size, beyond that (RST-119).
_ALWAYS = 512 * 2**20
_TIMES = 16
#: What a cell costs as one of numpy's, as an object of Python, as a mapping.
_NUMBER, _OBJECT, _MAPPING = 8, 64, 200
_FLOATING = frozenset({"halffloat", "float", "double"})
_INTEGERS = frozenset(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
_NUMBERS = _FLOATING | _INTEGERS | {"bool", "timestamp", "duration"}
_TEXTS = frozenset({"string", "large_string", "binary", "large_binary"})
_VIEWS = frozenset({"string_view", "binary_view"})
_OTHERS = frozenset({"null", "date32", "date64", "time32", "time64", "month_day_nano_interval"})
_DECIMALS = frozenset({"decimal32", "decimal64", "decimal128", "decimal256"})
#: What a value of a type of one size costs.
_EACH = {
    **dict.fromkeys(_NUMBERS, _NUMBER),
    **dict.fromkeys(_OTHERS, _OBJECT),
    **dict.fromkeys(_DECIMALS, 2 * _OBJECT),
}
#: Beyond so many columns, names that do not fit are told without a look at the cells.
_MANY = 2000


def library() -> Any:
    """Return pyarrow.

    Raises:
        MissingDependency: it is not installed (RST-128).

    """
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        raise MissingDependency(
            "The package 'pyarrow', which reads Arrow and Parquet, is not installed where the "
            "model is scored; it comes with the extra 'arrow' of mlmodel (RST-128)."
        ) from None
    return pa


def _kind(held: Any) -> str:
    """Return Arrow's name of a type, without its unit and width too."""
    return type_name(held).partition("[")[0]


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Turn whatever the library raises of a body into one sentence (RST-118).

    Raises:
        MalformedRequest: the library raised.

    """
    library()
    try:
        yield
    except MlmodelError:
        raise
    except MemoryError:  # Arrow's too: a length that is not that of anything
        raise MalformedRequest(
            f"The body is not {what}: a length in it is wrong (RST-118)."
        ) from None
    except Exception:  # noqa: BLE001 - the library, what it converts by, types registered with it
        raise MalformedRequest(
            f"The body is not {what}, or it is damaged; write it anew with a library of Apache's "
            "(RST-118)."
        ) from None


def bound(body: Buffer) -> int:
    """Return how many bytes a body may become (RST-119)."""
    return max(_ALWAYS, _TIMES * len(body))


def too_large(body: Buffer) -> PayloadTooLarge:
    """Return the error for a body that would become more than :func:`bound`."""
    return PayloadTooLarge(
        f"The body, of {len(body)} bytes, would become more than {bound(body)} bytes in memory: "
        "send the rows in several requests (RST-119)."
    )


def viewed(array: Any) -> int:
    """Return how many bytes the views of texts in an array show, each as often as it is shown.

    Of an array that is not yet wholly validated, which would take a look at all of these bytes.
    """
    kind = _kind(array.type)
    if kind in _VIEWS:
        return int(_lengths(array).sum(dtype=np.int64))
    inner: list[Any] = []
    if kind == "struct":
        inner = [array.field(place) for place in range(array.type.num_fields)]
    elif kind == "map":
        inner = [array.keys, array.items]
    elif kind == "dictionary":
        inner = [array.dictionary]
    elif kind in ARROW_LISTS or kind == "run_end_encoded":
        inner = [array.values]
    return sum(map(viewed, inner))


def check_cost(body: Buffer, table: Any) -> None:
    """Refuse a table whose cells would take too much memory, before they do.

    Raises:
        MalformedRequest: a column has a type that no data frame holds (RST-117).
        PayloadTooLarge: it would (RST-119).

    """
    most = bound(body)
    total = table.num_rows * _NUMBER
    if total > most:
        raise too_large(body)
    for name, column in zip(table.schema.names, table.columns, strict=True):
        for chunk in column.chunks:
            total += _cost(chunk, name)
            if total > most:
                raise too_large(body)


def _cost(array: Any, name: str, *, inside: bool = False) -> int:
    """Return about how many bytes the cells of an array take in a data frame."""
    rows, kind = len(array), _kind(array.type)
    each = _EACH.get(kind)
    if each is not None:
        return rows * (max(each, _OBJECT) if inside else each)
    if kind in _TEXTS or kind in _VIEWS or kind == "fixed_size_binary":
        return rows * _OBJECT + int(_lengths(array).sum())
    if kind in {"dictionary", "run_end_encoded"}:
        return _cost_of_encoded(array, name, inside=inside)
    if kind == "struct":
        fields = [array.field(place) for place in range(array.type.num_fields)]
        return rows * _MAPPING + sum(_cost(field, name, inside=True) for field in fields)
    # The library divides by the size of a list.
    if kind in {"list", "large_list", "map"} or (kind in ARROW_LISTS and _size_of(array.type) > 0):
        return rows * _OBJECT + _cost(_items(array, kind), name, inside=True)
    raise MalformedRequest(
        f"The column {name!r:.80} is of Arrow's type {str(array.type)!r:.80}, which is not taken: "
        "cast it to a plain one (RST-117)."
    )


def _size_of(held: Any) -> int:
    return int(getattr(held, "list_size", 0))


def _items(array: Any, kind: str) -> Any:
    if kind == "fixed_size_list":
        size = array.type.list_size
        return array.values.slice(array.offset * size, len(array) * size)
    offsets = array.offsets
    if not len(array):
        return array.values.slice(0, 0) if kind != "map" else _entries(array).slice(0, 0)
    first, last = offsets[0].as_py(), offsets[len(array)].as_py()
    held = _entries(array) if kind == "map" else array.values
    return held.slice(first, last - first)


def _entries(array: Any) -> Any:
    pa = library()
    return pa.StructArray.from_arrays([array.keys, array.items], names=["key", "value"])


def _cost_of_encoded(array: Any, name: str, *, inside: bool) -> int:
    """Return what the values cost, put in the place of codes or runs."""
    rows = len(array)
    if _kind(array.type) == "dictionary":
        values = array.dictionary
        codes = array.indices.drop_null().to_numpy(zero_copy_only=False)
        times = np.bincount(codes, minlength=len(values)) if len(codes) else np.zeros(0, int)
    else:
        values = array.values
        ends = np.minimum(array.run_ends.to_numpy() - array.offset, rows).clip(0)
        times = np.diff(ends, prepend=0)
    kind = _kind(values.type)
    if kind in _TEXTS or kind in _VIEWS or kind == "fixed_size_binary":
        lengths = _lengths(values)[: len(times)]
        return rows * _OBJECT + int(np.dot(times[: len(lengths)].astype(float), lengths))
    if kind in _EACH:
        return rows * max(_EACH[kind], _OBJECT)
    # Which of the values is the large one is not looked for.
    return rows * (_OBJECT + _cost(values, name, inside=inside))


def _lengths(array: Any) -> Any:
    """Return the lengths of texts or bytes, in bytes; none is asked of the library."""
    kind, rows, start = _kind(array.type), len(array), array.offset
    if kind == "fixed_size_binary":
        return np.full(rows, array.type.byte_width, np.int64) if rows else np.zeros(0, np.int64)
    buffers = array.buffers()
    if not rows or buffers[1] is None:
        return np.zeros(rows, np.int64)
    if kind in _VIEWS:
        # A view is 16 bytes, the first four its length; that of a missing one may be anything.
        views = np.frombuffer(buffers[1], np.int32)[4 * start : 4 * (start + rows) : 4]
        return np.where(array.is_valid().to_numpy(zero_copy_only=False), views, 0)
    width = np.int64 if kind.startswith("large") else np.int32
    return np.diff(np.frombuffer(buffers[1], width)[start : start + rows + 1])


def data_of(
    payload: Payload[bytes], matching: Matching, table: Any, written: Any = None
) -> pd.DataFrame:
    """Return a table, which has been validated, as a data frame.

    Of declared inputs the columns that are declared, Arrow's own types kept, for enforcement goes
    by them (ENF-020); else all of them as pandas has them (RST-121). ``written`` is the schema of
    the sender, where columns were read as categories that are none.

    Raises:
        MalformedRequest: a type that no data frame holds (RST-117), parameters that are not an
            object of JSON (RST-120).
        InvalidInput: many columns, and not those that are declared.
        PayloadTooLarge: as :func:`check_cost`.

    """
    payload.rows = table.num_rows
    payload.params = _params_of(table.schema.metadata)
    written = table.schema if written is None else written
    if matching.schema is not None and not matching.has_tensors:
        table, written = _selected(table, written, matching)
    check_cost(payload.value, table)
    if matching.schema is None or matching.has_tensors:
        return _as_pandas(table, written)
    from mlmodel.signature.data.arrow import frame_of

    frame = frame_of(table)
    assert frame is not None  # noqa: S101 - a table is one of what it takes
    return frame


def _selected(table: Any, written: Any, matching: Matching) -> tuple[Any, Any]:
    """Return the columns that are declared; all of them where that is not all that is right."""
    names = tuple(table.schema.names)
    found = matching.match(names, len(names))
    if found.violations:
        if len(names) > _MANY:
            from mlmodel.signature.violations import invalid_input

            raise invalid_input(list(found.violations))
        return table, written
    given = sorted(place for place in found.positions if place is not None)
    if len(given) == len(names):
        return table, written
    return table.select(given), library().schema([written.field(place) for place in given])


def _as_pandas(table: Any, written: Any) -> pd.DataFrame:
    """Return a table as pandas has it; integers with gaps keep their values (RST-121)."""
    import pandas as pd

    from mlmodel.signature.data.arrays import object_array
    from mlmodel.signature.data.frames import masked

    pa = library()
    if not table.num_columns:
        return pd.DataFrame(index=pd.RangeIndex(table.num_rows))
    columns = list(map(_plain_column, table.columns, written.types))
    own: dict[int, Any] = {}
    for place, held in enumerate(columns):
        if pa.types.is_nested(held.type):
            own[place] = object_array(held.to_pylist(maps_as_pydicts="strict"))
        elif _kind(held.type) in _INTEGERS and held.null_count:
            mask = held.is_null().to_numpy()
            own[place] = masked(held.fill_null(0).to_numpy(), mask)
        if place in own:
            columns[place] = pa.nulls(len(held))
    whole = pa.table(columns, names=list(map(str, range(len(columns)))))
    frame: pd.DataFrame = whole.to_pandas(ignore_metadata=True, use_threads=False)
    for place, values in own.items():
        frame[str(place)] = values
    frame.columns = pd.Index(list(table.schema.names), tupleize_cols=False)
    return frame


def _plain_column(column: Any, written: Any) -> Any:
    """Return a column with its runs and views as such; categories stay what they are."""
    from mlmodel.signature.data.arrow import unencoded

    return column if _kind(written) == "dictionary" else unencoded(column)


def plain(body: Buffer, batch: Any, written: Any) -> Any:
    """Return a batch whose texts were read as categories with the types that its sender wrote.

    Raises:
        MalformedRequest, PayloadTooLarge: as :func:`check_cost`.

    """
    pa = library()
    batch.validate(full=True)
    table = pa.Table.from_batches([batch])
    check_cost(body, table)
    columns = [
        _plain_column(column, kind).combine_chunks().cast(kind)
        for column, kind in zip(table.columns, written.types, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=written)


def _params_of(metadata: Any) -> dict[str, Json] | None:
    """Return the parameters that stand in a schema's metadata (RST-120)."""
    text = None if metadata is None else metadata.get(PARAMS.encode())
    if text is None:
        return None
    json_body.loads(text)
    value, _ = json_body.loads_exactly(text, literals=False)
    if value is not None and type(value) is not dict:
        raise MalformedRequest(
            f"The metadata {PARAMS} of the schema is an object of parameters in JSON, not "
            f"{json_body.kind_of(value)} (RST-120)."
        )
    return value
