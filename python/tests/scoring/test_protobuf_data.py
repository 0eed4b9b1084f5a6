"""Data as protocol buffers: to the bit, both ways; hostile messages are refused (PRO rules)."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
from typing import Any

import numpy as np
import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmodel._proto import arrays, message
from mlmodel.errors import InvalidArgument, MalformedRequest
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations.bodies import read_body
from mlmodel.scoring.protobuf import (
    data_from_proto,
    data_to_proto,
    read_request,
    write_request,
)
from mlmodel.signature.data.columns import Block, Columns, Tensors
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema

NUMBERS = [
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
    *("datetime64[ns]", "datetime64[D]", "datetime64[us]", "timedelta64[ms]"),
]
NAMES = st.text(st.characters(codec="utf-8"), max_size=4)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)
#: A second hour 2:30 on the day of the change has no form of its own in ISO 8601.
MOMENTS = st.datetimes(timezones=st.none() | st.just(dt.UTC)).map(lambda time: time.replace(fold=0))
CELLS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.binary(max_size=4)
    | MOMENTS | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=4,
)  # fmt: skip


def _same(one: Any, other: Any) -> None:
    """Compare to the bit, NaN's payload included; objects by type and value."""
    assert one.shape == other.shape
    if one.dtype.kind == "O":
        assert repr(one.tolist()) == repr(other.tolist())
    elif one.dtype.kind in "US":
        assert one.dtype.kind == other.dtype.kind
        assert one.tolist() == other.tolist()
    else:
        assert one.dtype == other.dtype
        assert np.ascontiguousarray(one).tobytes() == np.ascontiguousarray(other).tobytes()


@st.composite
def blocks(draw: st.DrawFn, rows: int, positions: tuple[int, ...]) -> Block:
    shape = (rows, len(positions))
    count = rows * len(positions)
    kind = draw(st.sampled_from([*NUMBERS, "str", "bytes", "object", "texts"]))
    mask = None
    if kind in NUMBERS:
        width = np.dtype(kind).itemsize
        raw = draw(st.binary(min_size=count * width, max_size=count * width))
        raw = bytes(byte & 1 for byte in raw) if kind == "bool" else raw
        values = np.frombuffer(raw, kind)
        if count and draw(st.booleans()):
            mask = np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    else:
        cells = {
            "str": TEXTS.map(lambda text: text.rstrip("\0")),
            "bytes": st.binary(max_size=3).map(lambda cell: cell.rstrip(b"\0")),
            "object": CELLS,
            "texts": TEXTS | st.none(),
        }[kind]
        drawn = draw(st.lists(cells, min_size=count, max_size=count))
        values = np.empty(count, object)
        for place, cell in enumerate(drawn):
            values[place] = cell
        if kind in {"str", "bytes"}:
            values = np.array(drawn, kind)
    return Block(values.reshape(shape), positions, None if mask is None else mask.reshape(shape))


@st.composite
def tables(draw: st.DrawFn) -> Columns:
    rows, widths = draw(st.integers(0, 4)), draw(st.lists(st.integers(1, 3), max_size=3))
    places = draw(st.permutations(range(sum(widths))))
    made, start = [], 0
    for width in widths:
        made.append(draw(blocks(rows, tuple(places[start : start + width]))))
        start += width
    number = st.integers(-(2**63), 2**63 - 1)
    name = NAMES | number | st.none()
    names = draw(st.none() | st.lists(name, min_size=start, max_size=start).map(tuple))
    if start == 0 or (names is not None and set(names) == {None}):
        names = () if start == 0 else None
    return Columns(names, made, rows)


@settings(max_examples=50)
@given(tables())
def test_a_table_there_and_back(table: Columns) -> None:
    """PRO-040 to PRO-044, PRO-050 to PRO-052, PRO-055."""
    back, params = read_request(write_request(table))
    assert isinstance(back, Columns)
    assert params is None
    assert (back.names, back.rows) == (table.names, table.rows)
    assert len(back.blocks) == len(table.blocks)
    for one, other in zip(table.blocks, back.blocks, strict=True):
        assert one.positions == other.positions
        _same(one.values, other.values)
        gone = None if one.mask is None or not one.mask.any() else one.mask.tolist()
        assert gone == (None if other.mask is None else other.mask.tolist())
        assert other.values.flags.writeable


@pytest.mark.thorough
@given(st.dictionaries(NAMES, st.integers(0, 2).flatmap(lambda n: blocks(n, (0, 1))), min_size=1, max_size=3),
       st.dictionaries(TEXTS, CELLS, max_size=3))  # fmt: skip
def test_tensors_and_parameters_there_and_back(
    made: dict[str, Block], params: dict[str, Any]
) -> None:
    """PRO-053, PRO-054."""
    tensors = Tensors({name: block.values for name, block in made.items()})
    back, read = read_request(write_request(tensors, params))
    assert isinstance(back, Tensors)
    assert list(back.arrays) == list(tensors.arrays)
    for name, array in tensors.arrays.items():
        _same(array, back.arrays[name])
    assert repr(read) == repr(params)


@settings(max_examples=50)
@given(tables())
def test_protojson_there_and_back(table: Columns) -> None:
    """PRO-004."""
    data = data_to_proto(table)
    text = json_format.MessageToJson(data)
    assert json_format.Parse(text, message("Data")()) == data


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1, 1, 1, 1)])
def test_shapes(shape: tuple[int, ...]) -> None:
    array = np.full(shape, 1.5, np.float32)
    back, _ = read_request(write_request(Tensors({None: array})))
    assert isinstance(back, Tensors)
    _same(array, back.arrays[None])


def test_byte_orders_and_strides() -> None:
    """PRO-041: little-endian on the wire, the machine's own in memory."""
    array = np.arange(12, dtype=">i4").reshape(3, 4)[::2, ::-1].T
    target = message("Array")()
    arrays.fill(target, array)
    assert target.raw[:4] == int(array[0, 0]).to_bytes(4, "little")
    back, _ = arrays.read(target)
    assert back.dtype == np.int32
    assert back.dtype.isnative
    assert (back == array).all()


def test_missing_cells() -> None:
    """PRO-043: by bit for numbers, None for objects."""
    numbers = Block(np.array([[1], [2]], "int32"), (0,), np.array([[False], [True]]))
    objects = Block(
        np.array([["a", "b"], [None, "d"]], object), (1, 2), np.array([[0, 1], [0, 0]], bool)
    )
    data = data_to_proto(Columns(("a", "b", "c"), [numbers, objects], 2))
    assert data.frame.blocks[0].values.missing == b"\x02"
    assert data.frame.blocks[1].values.missing == b"\x06"
    back = data_from_proto(data)
    assert isinstance(back, Columns)
    assert back.blocks[1].values.tolist() == [["a", None], [None, "d"]]
    assert back.blocks[1].mask is None


def test_scalars_of_numpy_keep_their_dtype() -> None:
    """PRO-010."""
    cell = {
        "a": np.float32(0.1),
        "t": np.datetime64("2024-01-01", "ns"),
        "l": np.array([1, 2], "int8"),
    }
    cells = np.empty((1, 1), object)
    cells[0, 0] = cell
    back = data_from_proto(data_to_proto(Columns(None, [Block(cells, (0,))], 1)))
    assert isinstance(back, Columns)
    read = back.blocks[0].values[0, 0]
    assert type(read["a"]) is np.float32
    assert read["a"] == cell["a"]
    assert read["t"] == cell["t"]
    assert read["t"].dtype == cell["t"].dtype
    assert read["l"].dtype == np.int8


@pytest.mark.parametrize(
    ("dtype", "content", "expected"),
    [
        ("bool", {"booleans": [True, False]}, [True, False]),
        ("int8", {"integers": [-128, 127]}, [-128, 127]),
        ("uint64", {"unsigned_integers": [0, 2**64 - 1]}, [0, 2**64 - 1]),
        ("uint8", {"integers": [0, 255]}, [0, 255]),
        ("float32", {"numbers": [0.5, math.inf]}, [0.5, math.inf]),
        ("float64", {"numbers": [0.1, -0.0]}, [0.1, -0.0]),
        ("datetime64[D]", {"integers": [0, 1]}, [dt.date(1970, 1, 1), dt.date(1970, 1, 2)]),
        ("object", {"binaries": [b"", b"\0"]}, [b"", b"\0"]),
        ("bytes", {"binaries": [b"a", b"bc"]}, [b"a", b"bc"]),
    ],
)
def test_typed_contents(dtype: str, content: dict[str, list[Any]], expected: list[Any]) -> None:
    """PRO-041."""
    ((field, cells),) = content.items()
    array = message("Array")(dtype=dtype, shape=[2])
    getattr(array, field).values.extend(cells)
    read, mask = arrays.read(array)
    assert repr(read.tolist()) == repr(expected)
    assert read.dtype == np.dtype(dtype) or read.dtype.kind == "S"
    assert mask is None


@pytest.mark.parametrize("cells", [["a\0", "b"], ["a"] * 20_000 + ["b" * 20_000]])
def test_texts_that_have_no_common_width_are_objects(cells: list[str]) -> None:
    """PRO-044: numpy would drop the null character, or take gigabytes."""
    array = message("Array")(dtype="str", shape=[len(cells)])
    array.texts.values.extend(cells)
    read, _ = arrays.read(array)
    assert read.dtype == object
    assert read.tolist() == cells


# -- what is refused --------------------------------------------------------------------------


def _frame(**changes: Any) -> Any:
    """Return a table of two int32 columns of two rows, with changes in its one block."""
    data = message("Data")()
    data.frame.rows = 2
    block = data.frame.blocks.add(positions=[0, 1])
    block.values.dtype = "int32"
    block.values.shape.extend([2, 2])
    block.values.raw = bytes(16)
    for field, value in changes.items():
        if field in ("positions", "shape"):
            target = block if field == "positions" else block.values
            del getattr(target, field)[:]
            getattr(target, field).extend(value)
        elif field == "rows":
            data.frame.rows = value
        elif field in ("texts", "integers", "numbers", "values", "booleans", "binaries"):
            getattr(block.values, field).values.extend(value)
        else:
            setattr(block.values, field, value)
    return data


VALUE = message("Value")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"dtype": ""}, "PRO-040"),
        ({"dtype": "float128"}, "PRO-040"),
        ({"dtype": "i4,i4"}, "PRO-040"),
        ({"dtype": "U99999999999"}, "PRO-040"),
        ({"dtype": "datetime64"}, "PRO-040"),
        ({"dtype": "datetime64[25s]"}, "PRO-040"),
        ({"dtype": "O"}, "PRO-040"),
        ({"dtype": "object"}, "PRO-041"),
        ({"dtype": "str"}, "PRO-041"),
        ({"texts": ["a"] * 4}, "PRO-041"),
        ({"dtype": "str", "numbers": [1.0] * 4}, "PRO-041"),
        ({"dtype": "complex64", "numbers": [1.0] * 4}, "PRO-041"),
        ({"raw": bytes(15)}, "PRO-042"),
        ({"raw": b""}, "PRO-042"),
        ({"dtype": "bool", "raw": b"\0\1\2\0"}, "PRO-042"),
        ({"integers": [1, 2, 3]}, "PRO-042"),
        ({"integers": [1, 2, 3, 2**31]}, "PRO-042"),
        ({"dtype": "uint64", "integers": [1, 2, 3, -1]}, "PRO-042"),
        ({"dtype": "float32", "numbers": [0.1] * 4}, "PRO-042"),
        ({"dtype": "float16", "numbers": [1e30] * 4}, "PRO-042"),
        ({"shape": [4, 2]}, "PRO-042"),
        ({"shape": [-2, -2]}, "PRO-042"),
        ({"shape": [2**62, 2**62]}, "PRO-042"),
        ({"shape": [0, 2**62], "raw": b""}, "PRO-042"),
        ({"shape": [2**40] * 3 + [0], "raw": b""}, "PRO-042"),
        ({"shape": [1] * 33, "raw": bytes(4)}, "PRO-042"),
        ({"missing": b"\0\0"}, "PRO-043"),
        ({"missing": b"\x10"}, "PRO-043"),
        ({"shape": [4]}, "PRO-052"),
        ({"shape": [4, 1]}, "PRO-052"),
        ({"rows": 3}, "PRO-052"),
        ({"rows": -2}, "PRO-052"),
        ({"positions": [0, 0]}, "PRO-052"),
        ({"positions": [0, 2]}, "PRO-052"),
        ({"positions": [0, 2**32 - 1]}, "PRO-052"),
        ({"positions": []}, "PRO-052"),
        ({"dtype": "object", "values": [VALUE()] * 4}, "PRO-011"),
        ({"dtype": "object", "values": [VALUE(form=9)] * 4}, "PRO-011"),
        ({"dtype": "object", "values": [VALUE(text="a", items=[VALUE(text="b")])] * 4}, "PRO-011"),
    ],
)  # fmt: skip
def test_a_message_that_breaks_a_rule(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(MalformedRequest, match=rule):
        data_from_proto(_frame(**changes))


def test_what_is_not_changed_passes() -> None:
    back = data_from_proto(_frame())
    assert isinstance(back, Columns)
    assert back.blocks[0].values.tolist() == [[0, 0], [0, 0]]


def test_tables_without_columns() -> None:
    """PRO-052: a message of ten bytes makes no table of a billion rows."""
    assert read_request(write_request(Columns((), [], 3)))[0] == Columns((), [], 3)
    with pytest.raises(MalformedRequest, match="PRO-052"):
        read_request(write_request(Columns((), [], 2**40)))


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"]])
def test_another_number_of_names(names: list[str]) -> None:
    """PRO-051."""
    data = _frame()
    for name in names:
        data.frame.names.add(name=name)
    with pytest.raises(MalformedRequest, match="PRO-051"):
        data_from_proto(data)
    with pytest.raises(InvalidArgument, match="PRO-051"):
        data_to_proto(Columns((2**63,), [Block(np.zeros((1, 1)), (0,))], 1))


@pytest.mark.parametrize("names", [[], [None, "a"], ["a", "a"], [None, None]])
def test_names_of_tensors(names: list[str | None]) -> None:
    """PRO-053."""
    data = message("Data")()
    data.tensors.SetInParent()
    for name in names:
        tensor = data.tensors.tensors.add(name=name)
        arrays.fill(tensor.values, np.zeros(1))
    with pytest.raises(MalformedRequest, match="PRO-053"):
        data_from_proto(data)


def test_a_tensor_has_no_missing_value() -> None:
    """PRO-043."""
    data = message("Data")()
    arrays.fill(data.tensors.tensors.add().values, np.zeros(1), np.array([True]))
    with pytest.raises(MalformedRequest, match="PRO-043"):
        data_from_proto(data)


def test_no_data() -> None:
    """PRO-050."""
    with pytest.raises(MalformedRequest, match="PRO-050"):
        read_request(b"")


@pytest.mark.parametrize("params", [[1], {1: 2}])
def test_parameters_are_a_mapping_from_names(params: Any) -> None:
    """PRO-054."""
    request = message("ScoreRequest")()
    request.data.CopyFrom(_frame())
    from mlmodel._proto import values

    values.fill(request.params, params)
    with pytest.raises(MalformedRequest, match="PRO-054"):
        read_request(request.SerializeToString())


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_how_deep_cells_may_lie() -> None:
    """PRO-003: what can be written can be read, and deeper things are said to be too deep."""
    table = Columns(None, [Block(np.empty((1, 1), object), (0,))], 1)
    table.blocks[0].values[0, 0] = _deep(80)
    back, _ = read_request(write_request(table))
    assert isinstance(back, Columns)
    assert repr(back.blocks[0].values[0, 0]) == repr(_deep(80))
    table.blocks[0].values[0, 0] = _deep(81)
    with pytest.raises(InvalidArgument, match="PRO-003"):
        write_request(table)


def _nested(levels: int) -> bytes:
    """Return a request whose parameters are lists in lists, written by hand."""
    inner = b""
    for tag in [b"\x7a"] * levels + [b"\x12"]:
        head, rest = divmod(len(inner), 128)
        inner = tag + (bytes([rest | 128, head]) if head else bytes([rest])) + inner
    return inner


@pytest.mark.parametrize(
    "encoded",
    [
        b"\xff\xff\xff",
        # A name that is not UTF-8.
        write_request(Columns(("abc",), [Block(np.zeros((1, 1)), (0,))], 1)).replace(
            b"abc", b"a\xffc"
        ),
        write_request(Tensors({"abc": np.zeros(1)})).replace(b"float64", b"float\xff\xff"),
        write_request(Tensors({None: np.array(["abc"])})).replace(b"abc", b"\xed\xa0\x80"),
        # Values nested deeper than readers follow.
        _nested(200),
    ],
)
def test_bytes_that_are_no_message(encoded: bytes) -> None:
    """PRO-002."""
    with pytest.raises(MalformedRequest, match="PRO-002"):
        read_request(encoded)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    """PRO-002: with an error of the table and nothing else."""
    with contextlib.suppress(MalformedRequest):
        read_request(noise)


@settings(max_examples=50)
@given(tables(), st.data())
def test_any_change_is_read_or_refused(table: Columns, data: st.DataObject) -> None:
    """PRO-002: with an error of the table and nothing else."""
    encoded = bytearray(write_request(table, {"p": [1, {"a": b"x"}]}))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(encoded) - 1))
        encoded[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(MalformedRequest):
        read_request(bytes(encoded))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(1, np.longdouble),
        np.zeros(1, "V3"),
        np.zeros(1, "i4,i4"),
        np.array([object()]),
        np.array(["\udc80"]),
        np.array(["\udc80", None]),
    ],
    ids=["longdouble", "void", "struct", "object", "surrogate", "surrogate-object"],
)
def test_what_has_no_form(array: Any) -> None:
    """PRO-010, PRO-040."""
    with pytest.raises(InvalidArgument, match="PRO-010|PRO-040"):
        data_to_proto(Tensors({None: array}))


def test_the_model_gets_the_same_as_by_other_ways() -> None:
    """PRO-055."""
    signature = ModelSignature(
        Schema(
            [ColSpec("double", "a"), ColSpec("string", "b", required=False), ColSpec("long", "c")]
        )
    )
    engine = Engine(lambda data, _params: data, signature)
    blocks = [
        Block(np.array([[1, 2], [3, 4]], "int32"), (2, 0)),
        Block(np.array([["x"], [None]], object), (1,)),
    ]
    data, params = read_request(write_request(Columns(("a", "b", "c"), blocks, 2)))
    body = b'{"dataframe_split": {"columns": ["c", "b", "a"], "data": [[1, "x", 2], [3, null, 4]]}}'
    ours = engine.predict(data, params)
    theirs = engine.predict(*read_body("application/json", body, engine.matching)[:2])
    assert ours.equals(theirs)
    assert list(ours.dtypes) == list(theirs.dtypes)
