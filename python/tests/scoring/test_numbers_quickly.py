"""The quick way of large bodies of numbers gives what the exact way gives, or leaves it to that.

A body is read twice: as it is, which is too short for the quick way, and behind spaces.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmodel.errors import MlmodelError
from mlmodel.scoring.codecs import numbers
from mlmodel.scoring.invocations import bodies
from mlmodel.signature.data.columns import Columns, Tensors
from mlmodel.signature.enforce.matching import Matching
from mlmodel.types import ColSpec, DataType, Schema, TensorSpec

pytest.importorskip("simdjson")

JSON = "application/json"
VECTORS = Path(__file__).parents[3] / "conformance" / "vectors" / "v1" / "scoring"
LONGEST = 500
NUMBERS = [DataType.double, DataType.float, DataType.long, DataType.integer]
#: Cells, most of which are numbers that some type takes.
CELLS = [
    *(
        "0",
        "1",
        "-1",
        "12",
        "-0",
        "0.5",
        "-0.0",
        "1.5e3",
        "1E5",
        "2e-3",
        "1.0",
        "127",
        "128",
        "255",
    ),
    *("0.1", "16777216", "16777217", "2147483647", "2147483648", "9007199254740991", "1e-400"),
    *("9007199254740992", "9007199254740993", "-9007199254740993", "9223372036854775807", "1e16"),
    *("9223372036854775808", "18446744073709551616", "1" * 40, "1e400", "-9e9", "-9000000000"),
    *("16777216.000000001", "0.500000029802322387695312499999", "0.50000002980232238769531251"),
    *("65504", "65520", "2049", "2049.5", "3.4028235677973366e38", "4.9e-324", "2.4e-324"),
    *("null", "NaN", "Infinity", "-Infinity", "-null", "nullnull", "1null", "null1", "8.9null"),
    *(
        "true",
        "false",
        '"1"',
        '"NaN"',
        '""',
        "[1]",
        "[]",
        "[[1]]",
        "{}",
        '{"a":1}',
        "1 2",
        "",
        "01",
    ),
    *("1.", ".5", "+1", "0x1", "1_0", "--1", "- 1", "1e", '"\\u005b"', "nan", "\x0c1", "1,2"),
]
PLAIN = CELLS[:20]
NAMES = ["a", "b", "é", "null", "[", "{", "a]", "data", "", "\\u0061", "x\x01", "index"]
SPACES = ["", " ", "\n  "]

cells = st.one_of(st.sampled_from(PLAIN), st.sampled_from(CELLS))
names = st.one_of(st.sampled_from("ab"), st.sampled_from(NAMES))


@st.composite
def tables(draw: Any) -> tuple[list[str], list[list[str]]]:
    """Return names and rows of cells, nearly always as many in each row as there are names."""
    width = draw(st.integers(1, 3))
    held = draw(st.sampled_from([cells, st.sampled_from(PLAIN), st.sampled_from(PLAIN[:4])]))
    rows = draw(st.lists(st.lists(held, min_size=width, max_size=width), min_size=1, max_size=4))
    if draw(st.integers(0, 9)) == 0:
        rows[-1] = draw(st.lists(cells, max_size=4))
    named = st.sampled_from([list("abc")[:width], draw(st.lists(names, min_size=1, max_size=4))])
    return draw(named), rows


def list_of(items: list[str], space: str = "") -> str:
    return f"[{space}{f',{space}'.join(items)}{space}]"


def object_of(pairs: list[tuple[str, str]], space: str = "") -> str:
    return "{" + space + f",{space}".join(f'"{key}":{held}' for key, held in pairs) + "}"


def split(names: list[str], rows: list[list[str]], space: str) -> str:
    columns = list_of([f'"{name}"' for name in names])
    data = list_of([list_of(row, space) for row in rows], space)
    return object_of([("dataframe_split", object_of([("columns", columns), ("data", data)]))])


def split_indexed(names: list[str], rows: list[list[str]], space: str) -> str:
    columns = list_of([f'"{name}"' for name in names])
    data = list_of([list_of(row) for row in rows])
    index = list_of([f'"{n}"' for n in names])
    pairs = [("index", index), ("data", data), ("columns", columns)]
    return object_of([("dataframe_split", object_of(pairs, space))], space)


def split_unnamed(names: list[str], rows: list[list[str]], space: str) -> str:
    data = list_of([list_of(row, space) for row in rows])
    return object_of([("dataframe_split", object_of([("data", data)]))])


def lists(names: list[str], rows: list[list[str]], space: str) -> str:
    return object_of([("instances", list_of([list_of(row, space) for row in rows], space))])


def values(names: list[str], rows: list[list[str]], space: str) -> str:
    return object_of([("inputs", list_of(rows[0], space))], space)


def deep(names: list[str], rows: list[list[str]], space: str) -> str:
    return object_of([("inputs", list_of([list_of([list_of(row)], space) for row in rows]))])


def columns(names: list[str], rows: list[list[str]], space: str) -> str:
    held = [list_of([row[n] if n < len(row) else "1" for row in rows]) for n in range(len(names))]
    return object_of([("inputs", object_of(list(zip(names, held, strict=True)), space))])


def records(names: list[str], rows: list[list[str]], space: str, key: str = "instances") -> str:
    held = [object_of(list(zip(names, row, strict=False)), space) for row in rows]
    return object_of([(key, list_of(held, space))])


def frame_records(names: list[str], rows: list[list[str]], space: str) -> str:
    return records(names, rows, space, "dataframe_records")


FORMS = [
    *(split, split_indexed, split_unnamed, lists, values, deep, columns, records, frame_records),
]


@cache
def matching_of(kinds: tuple[Any, ...], form: str) -> Matching:
    """Return what is declared: columns a, b, …, or without names, or tensors of dtypes."""
    if form == "tensor":
        return Matching(Schema([TensorSpec(np.dtype(kinds[0]), (-1, 2))]))
    if form == "tensors":
        specs = [
            TensorSpec(np.dtype(kind), (-1,), name)
            for kind, name in zip(kinds, "abc", strict=False)
        ]
        return Matching(Schema(specs))
    named = form != "unnamed"
    return Matching(
        Schema(
            [
                ColSpec(kind, name if named else None, form != "optional")
                for kind, name in zip(kinds, "abc", strict=False)
            ]
        )
    )


SIGNATURES = st.one_of(
    st.builds(
        matching_of,
        st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3).map(tuple),
        st.sampled_from(["named", "optional", "unnamed"]),
    ),
    st.builds(
        lambda kind, width, form: matching_of((kind,) * width, form),
        st.sampled_from(NUMBERS),
        st.integers(1, 3),
        st.sampled_from(["named", "optional", "unnamed"]),
    ),
    st.builds(
        matching_of,
        st.lists(
            st.sampled_from(["f8", "f4", "f2", "i8", "i1", "u1", "u8"]), min_size=1, max_size=3
        ).map(tuple),
        st.sampled_from(["tensor", "tensors"]),
    ),
)
#: What is put into a body, or in the place of a character of it.
EDITS = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 2),
        st.sampled_from(["", *'[]{},:"\\ 019.-+eEnul\x00\x0cé', '"a":', "null", "[1]", '{"a":1}']),
    ),
    max_size=2,
)


def shown(content: bytes, matching: Matching) -> str:
    """Return all that is said of a body, but where in it a fault stands."""
    try:
        request = bodies.read_body(JSON, content, matching)
    except MlmodelError as error:
        message = re.sub(r"is not JSON[^(]*", "is not JSON ", str(error))
        return f"{type(error)} {message} {error.details}"
    return f"{described(request.data)} {request.params} {request.answer} {request.rows}"


def described(data: Any) -> str:
    if isinstance(data, Columns):
        held = {
            column: (block.values.dtype, [repr(cell) for cell in block.values[:, n].tolist()])
            for block in data.blocks
            for n, column in enumerate(block.positions)
        }
        return f"{data.names} {sorted(held.items())} {data.rows} {data.read_at}"
    if isinstance(data, Tensors):
        arrays = [
            (name, one.dtype, one.shape, [repr(cell) for cell in one.ravel().tolist()])
            for name, one in data.arrays.items()
        ]
        return f"{arrays} {data.read_at}"
    return f"{type(data)} {data} {getattr(data, 'details', ())}"


def long(text: bytes) -> bytes:
    return b" " * numbers.LONG + text


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(tables(), st.sampled_from(FORMS), SIGNATURES, st.sampled_from(SPACES), EDITS)
def test_a_long_body_is_read_as_a_short_one(
    table: Any, form: Any, matching: Matching, space: str, edits: Any
) -> None:
    text = form(*table, space)
    for where, length, put in edits:
        place = int(where * len(text))
        text = text[:place] + put + text[place + length :]
    body = text.encode()
    assert shown(long(body), matching) == shown(body, matching)


def requests() -> list[tuple[str, bytes, Any]]:
    """Return id, body and inputs of every vector's request in JSON of the 2.x dialect."""
    found = []
    for path in sorted(VECTORS.glob("*.json")):
        for case in json.loads(path.read_text())["cases"]:
            request = case["input"].get("request", {})
            short = len(request.get("body", "x" * LONGEST)) < LONGEST  # none nested too deeply
            if short and request.get("headers", {}).get("Content-Type") == JSON:
                signature = case["input"]["signature"]
                inputs = signature and signature.get("inputs")
                found.append((case["id"], request["body"].encode(), inputs))
    return found


@pytest.mark.thorough
def test_the_vectors_are_read_alike() -> None:
    read = 0
    for name, content, inputs in requests():
        matching = Matching(inputs and Schema.from_json(json.dumps(inputs)))
        assert shown(long(content), matching) == shown(content, matching), name
        read += numbers.read(long(content), matching) is not None
    assert read > 10


DOUBLES = matching_of((DataType.double,) * 2, "named")
LONGS = matching_of((DataType.long,) * 2, "named")


def read(text: bytes, matching: Matching) -> numbers.Found | None:
    return numbers.read(text.replace(b"{", b"{" + b" " * numbers.LONG, 1), matching)


def test_the_quick_way_is_taken() -> None:
    """Of each form there are bodies that it reads; what it leaves is told below."""
    rows = [["0.5", "1"], ["-2e3", "16777216"]]
    for form in (split, split_indexed, columns, records, frame_records):
        for space in SPACES:
            found = read(form(["a", "b"], rows, space).encode(), DOUBLES)
            assert found is not None, form
            assert isinstance(found.data, Columns)
            assert found.data.blocks[0].values.tolist() == [[0.5, 1.0], [-2000.0, 16777216.0]]
    unnamed = matching_of((DataType.double,) * 2, "unnamed")
    tensor = matching_of(("f8",), "tensor")
    for form in (lists, split_unnamed):
        assert read(form([], rows, "").encode(), unnamed) is not None
        assert read(form([], rows, "").encode(), tensor) is not None
    assert read(lists([], [["1", "2"]], "").encode(), matching_of(("u1",), "tensor"))
    assert read(values([], [["1", "2"]], "").encode(), matching_of((DataType.float,), "x"))
    for order in (["b", "a"], ["b", "a", "c"]):  # in another order, with one that nobody declares
        found = read(split(order, [["1", "2", "3"][: len(order)]], "").encode(), LONGS)
        assert found is not None
        assert isinstance(found.data, Columns)
        assert found.data.blocks[0].values.tolist() == [[2, 1]]
    mixed = matching_of((DataType.double, DataType.long), "named")
    assert read(columns(["a", "b"], rows[:1], "").encode(), mixed) is not None
    many = matching_of(("f4", "u1"), "tensors")
    assert read(columns(["a", "b"], rows[:1], "").encode(), many) is not None


def test_words_for_missing_numbers_are_read() -> None:
    rows = [["null", "1"], ["0.5", "NaN"]]
    for form in (split, columns, records):
        found = read(form(["a", "b"], rows, " ").encode(), DOUBLES)
        assert found is not None
        assert isinstance(found.data, Columns)
        assert np.isnan(found.data.blocks[0].values).tolist() == [[True, False], [False, True]]
        assert read(form(["a", "b"], rows, "").encode(), LONGS) is None


def body(data: str, columns: str = '["a","b"]') -> bytes:
    return f'{{"dataframe_split":{{"columns":{columns},"data":{data}}}}}'.encode()


@pytest.mark.parametrize(
    "text",
    [
        body("[[1,2],[3,4,5],[6]]"),
        body("[[1,[2]],[3,4]]"),
        body("[[1,[2,3]],[4,5]]"),
        body("[[1,2],[3,4]]", '["a","\\u005b"]'),
        body("[[1,2],[3,9007199254740993]]"),
        body("[[1,2],[-9e9,null]]"),
        body("[[1,[2],3]]", '["a","b","\\u005b"]'),
        body("[[1,2],[3,8.99999999999999999999null]]"),
        body("[]"),
        body("[[1,2]]", "[]"),
        body("[[1,2]]") + b"x",
        b"\xef\xbb\xbf" + body("[[1,2]]"),
        body("[[1,2]]", '["a","\xff"]').replace("\xff".encode(), b"\xff"),
        b'{"dataframe_split":{"columns":["a","b"],"data":[[1,2]],"data":[[3,4]]}}',
        b'{"dataframe_split":{"columns":["a","b"],"data":[[1,2]],"index":[{"a":1,"a":2}]}}',
        b'{"dataframe_split":{"columns":["a","b"],"data":[[1,2]],"index":1,"index":2}}',
        b'{"dataframe_split":{"columns":["a","b"],"data":[[1,2]]},"params":{"a":1}}',
        b'{"instances":[{"a":1,"b":2,3}]}',
        b'{"instances":[{"a":1,2,"b":3},{"a":1,2,"b":3}]}',
        b'{"instances":[{"a":1,"b":2},{"a":3,"b" :4}]}',
        b'{"instances":[{"a":1,"b":2},{"b":3,"a":4}]}',
        b'{"instances":[{"a":1,"b":2},{"a":1,"b":2},{"b":3,"a":4}]}',
        b'{"instances":[{"a":1,"b":2},{"a":1,"b":2},{"a":3;"b":4}]}',
        b'{"instances":[{"a":1,"b":2},{"a":3,"b":4},5]}',
        b'{"instances":[{"a":1,"b":2},{"a":"b":4,5}]}',
        b'{"instances":[{"a":1,"b":2},{"a":1,"a":2}]}',
        b'{"instances":[{"a":1,"b":2},{"a"1:,"b":2}]}',
        b'{"instances":[{"a":1,"b":2},{"a":1,"b":2]]}',
        b'{"instances":[{"a":1,"b":2},["a":1,"b":2}]}',
        b'{"instances":[{"a":{"a":1,"b":2},"b":{"a":1,"b":2}}]}',
        b'{"instances":[{"a":1,"b":2}]]',
        b'{"inputs":{"a":[1,2],"b":[3]}}',
        b'{"inputs":{"a":[1,2],"b":[[3],[4]]}}',
        b'{"inputs":{"a":[1,2],"b":[3,4],"b":[5,6]}}',
        b'{"input_data":[[1,2]]}',
        b'{"inputs":{}}',
        b'{"inputs":[]}',
        b'{"instances":[[],[]]}',
        b"{}",
        b"[1]",
    ],
)
def test_what_is_not_plain_is_left_to_the_exact_way(text: bytes) -> None:
    assert read(text, DOUBLES) is None
    assert shown(long(text), DOUBLES) == shown(text, DOUBLES) if text[:1] == b"{" else True


def test_who_declares_other_than_numbers_has_no_quick_way() -> None:
    text = split(["a", "b"], [["1", "2"]], "").encode()
    assert read(text, matching_of((DataType.double, DataType.string), "named")) is None
    assert read(text, Matching(None)) is None


def test_arrays_may_be_written_to() -> None:
    """A model may change what it is given."""
    data = json.dumps([[0.5, 1.5]] * 2000)
    request = bodies.read_body(JSON, body(data), DOUBLES)
    assert isinstance(request.data, Columns)
    assert all(block.values.flags.writeable for block in request.data.blocks)
