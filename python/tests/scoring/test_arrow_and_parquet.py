"""Tables of Arrow and Parquet as bodies and as answers (RST-117 to RST-121, RST-127, RST-128)."""

from __future__ import annotations

import datetime as dt
import io
import json
import random
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet as pq

from bounded import bounded
from mlmodel.errors import MlmodelError
from mlmodel.models import ModelSignature
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations import handle
from mlmodel.scoring.invocations.checking import check_input
from mlmodel.scoring.pieces.reading import pieces
from mlmodel.types import Array, ColSpec, Schema

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

STREAM = "application/vnd.apache.arrow.stream"
FILE = "application/vnd.apache.arrow.file"
PARQUET = "application/vnd.apache.parquet"
#: A minute is there for what never ends.
PATIENCE = 120
MEMORY = 6 * 2**30


def stream(table: pa.Table, rows: int | None = None, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    options = {"allow_64bit": True, **options}
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as out:
        out.write_table(table, max_chunksize=rows)
    return sink.getvalue().to_pybytes()


def file(table: pa.Table, rows: int | None = None, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as out:
        out.write_table(table, max_chunksize=rows)
    return sink.getvalue().to_pybytes()


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


FORMS: dict[str, Callable[[pa.Table], bytes]] = {STREAM: stream, FILE: file, PARQUET: parquet}
forms = pytest.mark.parametrize("form", FORMS)


def signature(**kinds: str) -> ModelSignature:
    return ModelSignature(
        Schema([ColSpec(kind, name, required=False) for name, kind in kinds.items()])
    )


def got(form: str, body: bytes, declared: ModelSignature | None = None) -> pd.DataFrame:
    """Return what a model gets of a body."""
    seen: list[Any] = []
    engine = Engine(lambda data, _: seen.append(data) or np.ones(1), declared)
    answer = handle(form, body, engine)
    assert answer.status == 200, answer.body
    frame: pd.DataFrame = seen[0]
    return frame


def refused(form: str, body: bytes, declared: ModelSignature | None = None) -> tuple[int, str]:
    answer = handle(form, body, Engine(lambda _data, _: np.ones(1), declared))
    assert answer.status != 200
    document = json.loads(answer.body)
    return answer.status, document["error_code"]


def in_pieces(form: str, body: bytes) -> int:
    """Cut a file of that content into pieces, and return how that would be answered (RST-191)."""
    with tempfile.TemporaryFile() as written:
        written.write(body)
        written.seek(0)
        try:
            for piece in pieces(written, form, 1000):
                del piece
        except MlmodelError as error:
            return error.http_status
    return 200


# -- what goes in comes out ------------------------------------------------------------------------

TEXTS = st.text(max_size=8).filter(lambda text: not any(0xD800 <= ord(c) < 0xE000 for c in text))
COLUMNS: dict[str, tuple[pa.DataType, Any]] = {
    "d": (pa.float64(), st.floats(allow_nan=False)),
    "f": (pa.float32(), st.floats(width=32, allow_nan=False)),
    "l": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "i": (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    "b": (pa.bool_(), st.booleans()),
    "s": (pa.string(), TEXTS),
    "x": (pa.binary(), st.binary(max_size=8)),
    "t": (pa.timestamp("ns"), st.integers(-(2**62), 2**62)),
}  # fmt: skip
KINDS = {
    "d": "double", "f": "float", "l": "long", "i": "integer", "b": "boolean", "s": "string",
    "x": "binary", "t": "datetime",
}  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Return tables with a column of every type, in which some cells are missing."""
    rows = draw(st.integers(0, 5))
    columns = {}
    for name, (kind, cells) in COLUMNS.items():
        listed = draw(st.lists(cells | st.none(), min_size=rows, max_size=rows))
        columns[name] = (
            pa.array(listed, pa.int64()).cast(kind) if name == "t" else pa.array(listed, kind)
        )
    return pa.table(columns)


def cells_of(frame: pd.DataFrame) -> dict[str, list[Any]]:
    return {
        name: [None if pd.isna(cell) else cell for cell in frame[name].astype(object)]
        for name in frame.columns
    }


def told_cells(table: pa.Table) -> dict[str, list[Any]]:
    told = table.set_column(
        table.schema.get_field_index("t"), "t", table["t"].cast(pa.int64())
    ).to_pydict()
    return {**told, "t": [None if c is None else pd.Timestamp(c) for c in told["t"]]}


@pytest.mark.slow
@forms
@given(table=tables())
def test_decoding_what_was_encoded_changes_nothing(form: str, table: pa.Table) -> None:
    """RST-117, RST-121: with a signature and without, every cell is what was sent."""
    body = FORMS[form](table)
    for declared in (None, signature(**KINDS)):
        assert cells_of(got(form, body, declared)) == told_cells(table)


@pytest.mark.slow
@forms
@given(table=tables())
def test_an_answer_is_read_as_the_same_table(form: str, table: pa.Table) -> None:
    """RST-127: a table that comes in and goes out again."""
    engine = Engine(lambda data, _: data, signature(**KINDS))
    answer = handle(form, FORMS[form](table), engine, accept=form)
    assert (answer.status, answer.content_type) == (200, form)
    if form == PARQUET:
        back = pq.read_table(pa.BufferReader(answer.body))
    elif form == FILE:
        back = pa.ipc.open_file(answer.body).read_all()
    else:
        back = pa.ipc.open_stream(answer.body).read_all()
    assert back.schema.metadata is None
    if table.num_rows:
        # Of a column of objects without a value the type is not known.
        kept = [n for n in COLUMNS if table[n].null_count < table.num_rows]
        for name in kept:
            assert back[name].combine_chunks().equals(table[name].combine_chunks()), name
        assert [back.schema.field(n).type for n in kept] == [COLUMNS[n][0] for n in kept]


@forms
def test_without_a_signature_columns_are_as_they_are(form: str) -> None:
    """RST-121: integers with gaps keep their values, dictionaries are categories."""
    table = pa.table({
        "i": pa.array([2**62 + 1, None]), "u": pa.array([None, 255], pa.uint8()),
        "c": pa.array(["x", None]).dictionary_encode(), "l": [[1, 2], None],
        "m": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
        "s": ["x", None], "d": pa.array([dt.date(2020, 1, 2), None]),
        "z": pa.array([0, None], pa.timestamp("us", "Europe/Oslo")), "f": [1.5, None],
    })  # fmt: skip
    frame = got(form, FORMS[form](table))
    assert list(frame.columns) == table.schema.names
    dtypes = frame.dtypes.astype(str).to_dict()
    assert (dtypes["i"], dtypes["u"], dtypes["c"]) == ("Int64", "UInt8", "category")
    assert (dtypes["f"], dtypes["z"]) == ("float64", "datetime64[us, Europe/Oslo]")
    assert frame["i"].tolist() == [2**62 + 1, pd.NA]
    assert (list(frame["l"][0]), frame["m"][0], frame["s"][0]) == ([1, 2], {"k": 1}, "x")


@forms
def test_an_index_is_a_column_like_any_other(form: str) -> None:
    """RST-121: what pandas keeps in the metadata for itself means nothing."""
    frame = pd.DataFrame({"a": [1.5, 2.5]}, index=pd.Index([7, 8], name="key"))
    table = pa.Table.from_pandas(frame)
    assert got(form, FORMS[form](table)).to_dict("list") == {"a": [1.5, 2.5], "key": [7, 8]}
    assert list(got(form, FORMS[form](table), signature(a="double")).columns) == ["a"]


def test_what_polars_writes_is_read() -> None:
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({
        "s": ["x", None, "a text of more than twelve bytes"], "l": [["a"], None, ["b"]],
        "c": pl.Series(["u", "v", "u"], dtype=pl.Categorical), "d": [1.5, None, 2.5],
    })  # fmt: skip
    for form, write in (
        (STREAM, "write_ipc_stream"),
        (FILE, "write_ipc"),
        (PARQUET, "write_parquet"),
    ):
        sink = io.BytesIO()
        getattr(frame, write)(sink)
        declared = signature(s="string", c="string", d="double")
        read = got(form, sink.getvalue(), declared)
        assert read["s"].tolist()[2] == frame["s"][2]
        assert read["c"].tolist() == ["u", "v", "u"]
        assert got(form, sink.getvalue())["l"][2] == ["b"]


@forms
def test_a_check_holds_types_against_the_signature(form: str) -> None:
    """RST-088: a check of typed forms finds what scoring would, with the rows counted."""
    body = FORMS[form](pa.table({"a": [1.5, 2.5]}))
    right = check_input(form, body, signature(a="double"))
    assert (right.error, right.rows, right.fitting) == (None, 2, 2)
    wrong = check_input(form, body, signature(a="long"))
    assert wrong.error is not None
    assert [detail.rule for detail in wrong.error.details] == ["ENF-021"]
    assert (wrong.rows, wrong.fitting) == (2, 0)


# -- what is damaged -------------------------------------------------------------------------------


@forms
def test_a_body_without_its_end_is_refused(form: str) -> None:
    """RST-118: wherever it ends; rows that are missing do not show."""
    body = FORMS[form](pa.table({"a": [1.5, 2.5], "s": ["x", "y"]}))
    for end in range(len(body)):
        assert refused(form, body[:end]) == (400, "MALFORMED_REQUEST"), end


def test_a_stream_between_batches_has_no_end() -> None:
    """RST-118: what the library takes for whole."""
    table = pa.table({"a": [1.5, 2.5]})
    whole = stream(table, 1)
    one = stream(table.slice(0, 1))
    cut = whole[: len(one) - 8]
    assert pa.ipc.open_stream(cut).read_all().num_rows == 1
    assert refused(STREAM, cut) == (400, "MALFORMED_REQUEST")


def _with_metadata(metadata: bytes) -> bytes:
    return b"PAR1" + metadata + len(metadata).to_bytes(4, "little") + b"PAR1"


@pytest.mark.parametrize(
    "metadata",
    [
        b"\x19\xf7\xff\xff\xff\xff\x0f" + bytes(64),  # 2^32 doubles in a list of 64 bytes
        b"\x19\xf1\xff\xff\xff\xff\x0f" + bytes(64),  # and as many truth values
        b"\x19" * 4000 + bytes(64),  # lists in lists
    ],
    ids=["doubles", "truth values", "lists"],
)
def test_metadata_that_cannot_be_are_refused_where_that_is_seen(metadata: bytes) -> None:
    """RST-118: by what the bytes can hold, not once a bound of values is reached."""
    assert refused(PARQUET, _with_metadata(metadata)) == (400, "MALFORMED_REQUEST")


def test_parts_of_a_file_must_not_overlap() -> None:
    """RST-118: a footer that names one batch twice."""
    body = file(pa.table({"a": [1.5, 2.5]}), 1)
    end = len(body) - 10
    start = end - int.from_bytes(body[end : end + 4], "little")
    footer = bytearray(body[start:end])
    # The vector of blocks: two of 24 bytes, each with its place first.
    blocks = [pa.ipc.open_file(body).get_batch(n) for n in range(2)]
    assert [block["a"].to_pylist() for block in blocks] == [[1.5], [2.5]]
    for at in range(len(footer) - 48):
        first = int.from_bytes(footer[at : at + 8], "little")
        second = int.from_bytes(footer[at + 24 : at + 32], "little")
        if (
            0 < first < second < start
            and body[first : first + 4] == b"\xff\xff\xff\xff" == body[second : second + 4]
        ):
            footer[at + 24 : at + 48] = footer[at : at + 24]
            break
    else:
        pytest.fail("the blocks were not found")
    twice = body[:start] + bytes(footer) + body[end:]
    assert pa.ipc.open_file(twice).read_all()["a"].to_pylist() == [1.5, 1.5]
    assert refused(FILE, twice) == (400, "MALFORMED_REQUEST")


@pytest.mark.parametrize(
    "array",
    [
        pa.array([[2**31 - 1]], pa.list_(pa.int32())).cast(pa.list_(pa.date32())),
        pa.array([[2**62]], pa.list_(pa.timestamp("s"))),
        pa.array([[2**62]], pa.list_(pa.timestamp("s", "UTC"))),
        pa.array([[0]], pa.list_(pa.timestamp("us", "Mars/Phobos"))),
    ],
)
def test_moments_beyond_the_calendar_are_refused_within_lists(array: pa.Array) -> None:
    """RST-117: no failure of the server's, with a signature and without."""
    body = stream(pa.table({"a": array}))
    lists = ModelSignature(Schema([ColSpec(Array("datetime"), "a")]))
    assert refused(STREAM, body, lists) == (400, "INVALID_INPUT")
    assert refused(STREAM, body) == (400, "MALFORMED_REQUEST")


CHANGED = """
import random, sys
import numpy as np, pyarrow as pa
sys.path.insert(0, {tests!r})
from test_arrow_and_parquet import FORMS, PARQUET, handle, damaged, in_pieces
from mlmodel.scoring.engine import Engine
engine = Engine(lambda _data, _: np.ones(1))
for form, body in damaged({seed}):
    answer = handle(form, body, engine)
    assert answer.status in (200, 400, 413), answer
    assert in_pieces(form, body) in (200, 400, 413)
print("whole")
"""


def damaged(seed: int) -> Any:
    """Give bodies of all forms in which some bytes are others."""
    rng = random.Random(seed)
    table = pa.table({
        "a": [1.5, None], "s": ["x", "y"], "c": pa.array(["u", "v"]).dictionary_encode(),
        "l": [["a"], None], "o": [{"k": 1}, None], "t": pa.array([0, None], pa.timestamp("us", "UTC")),
    })  # fmt: skip
    bodies = [(form, write(table)) for form, write in FORMS.items()]
    bodies.append(
        (PARQUET, parquet(table, compression="none", use_dictionary=False, store_schema=False))
    )
    bodies.append((STREAM, stream(table, compression="zstd")))
    for _ in range(400):
        form, body = rng.choice(bodies)
        changed = bytearray(body)
        for _ in range(rng.choice([1, 1, 2, 4])):
            at = rng.randrange(len(changed))
            word = rng.choice(
                [rng.randbytes(1), b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\xff" * 4, rng.randbytes(8)]
            )
            changed[at : at + len(word)] = word
        yield form, bytes(changed)


@pytest.mark.slow
def test_damaged_bodies_are_refused_and_nothing_ends() -> None:
    """RST-118: no fault of the library's, and none of ours, whatever is damaged."""
    answer = child(CHANGED.format(tests=__file__.rpartition("/")[0], seed=11))
    assert answer.stdout.split() == ["whole"], answer.stderr[-2000:]


def unshown(kind: pa.DataType, nested: str) -> pa.Array:
    """Return texts whose missing ones have views of what is not there, as Arrow allows."""
    array = pa.array(["a text of more than twelve bytes", None, "b", None], kind)
    valid, views, *texts = array.buffers()
    shown = np.frombuffer(views, np.int64).reshape(-1, 2).copy()
    shown[1::2] = (-1, 2**40)
    array = pa.Array.from_buffers(kind, 4, [valid, pa.py_buffer(shown), *texts])
    if nested == "list":
        return pa.ListArray.from_arrays(pa.array([0, 1, 2, 3, 4], pa.int32()), array)
    if nested == "struct":
        return pa.StructArray.from_arrays([array], ["x"])
    return array[1:] if nested == "sliced" else array


UNSHOWN = """
import sys
import numpy as np, pandas as pd, pyarrow as pa
sys.path.insert(0, {tests!r})
import mlmodel
from test_arrow_and_parquet import FORMS, Engine, handle, stream, unshown
engine = Engine(lambda data, _: ["None" if cell is pd.NA or cell != cell else str(cell) for cell in data["a"]])
for kind in (pa.string_view(), pa.binary_view()):
    table = pa.table({{"a": unshown(kind, {nested!r})}})
    for form, write in FORMS.items():
        if write is stream or "file" in form:
            answer = handle(form, write(table), engine)
            print(answer.status, answer.body.decode().count("None"))
    print(mlmodel.models.infer_signature(table).inputs.input_names())
"""


@pytest.mark.thorough
@pytest.mark.parametrize("nested", ["not", "sliced", "list", "struct"])
def test_views_of_missing_texts_are_not_followed(nested: str) -> None:
    """RST-118: Arrow's validation passes over them, and its cast would follow them."""
    answer = child(UNSHOWN.format(tests=__file__.rpartition("/")[0], nested=nested))
    assert answer.returncode == 0, answer.stderr[-2000:]
    lines = answer.stdout.splitlines()
    assert lines.count("200 2") == 4, lines
    assert lines.count("['a']") == 2


def child(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program that may take all memory or end by a signal."""
    return bounded("-c", program, timeout=PATIENCE, memory=MEMORY, text=True)


# -- what would grow -------------------------------------------------------------------------------

MIB = 2**20
GROWING = """
import sys
import numpy as np
sys.path.insert(0, {tests!r})
from test_arrow_and_parquet import BOMBS, Engine, handle, in_pieces, signature
form, body = BOMBS[{name!r}]()
print(in_pieces(form, body))
for declared in (None, signature(a="string"), signature(a="double")):
    answer = handle(form, body, Engine(lambda _data, _: np.ones(1), declared))
    print(answer.status)
"""


def _zeros() -> pa.Table:
    return pa.table({"a": np.zeros(80 * MIB)})


def _one_text(rows: int, kind: pa.DataType) -> pa.Table:
    """Return a text of a megabyte, so many times by its code."""
    return pa.table(
        {
            "a": pa.DictionaryArray.from_arrays(
                pa.array(np.zeros(rows, "i1")), pa.array(["x" * MIB], kind)
            )
        }
    )


def _views() -> pa.Table:
    text = pa.array(["y" * MIB], pa.string_view())
    buffers = text.buffers()
    views = pa.py_buffer(bytes(buffers[1])[:16] * 4 * MIB)
    return pa.table({"a": pa.Array.from_buffers(text.type, 4 * MIB, [None, views, buffers[2]])})


def _runs(rows: int, value: Any) -> pa.Table:
    return pa.table(
        {"a": pa.RunEndEncodedArray.from_arrays(pa.array([rows], pa.int64()), pa.array([value]))}
    )


def _without_bytes(kind: pa.DataType) -> pa.Table:
    children = [pa.array([], pa.int64())] if pa.types.is_fixed_size_list(kind) else None
    return pa.table({"a": pa.Array.from_buffers(kind, 2**40, [None], children=children)})


def _no_columns() -> bytes:
    sink = pa.BufferOutputStream()
    batch = pa.RecordBatch.from_struct_array(pa.Array.from_buffers(pa.struct([]), 2**40, [None]))
    with pa.ipc.new_stream(
        sink, batch.schema, options=pa.ipc.IpcWriteOptions(allow_64bit=True)
    ) as out:
        out.write_batch(batch)
    return sink.getvalue().to_pybytes()


def _adding_to_dictionaries() -> bytes:
    sink, kind = pa.BufferOutputStream(), pa.dictionary(pa.int32(), pa.string())
    schema, texts = pa.schema([("a", kind)]), []
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
    with pa.ipc.new_stream(sink, schema, options=options) as out:
        for n in range(200):
            texts.append(str(n))
            column = pa.DictionaryArray.from_arrays(pa.array([n], pa.int32()), pa.array(texts))
            out.write_batch(pa.record_batch([column], schema=schema))
    return sink.getvalue().to_pybytes()


def _dictionary_of_many_batches() -> bytes:
    sink = pa.BufferOutputStream()
    texts = pa.array(["z" * 1000 + str(n) for n in range(10_000)])
    batch = pa.record_batch(
        [pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), texts)], ["a"]
    )
    with pa.ipc.new_stream(sink, batch.schema) as out:
        for _ in range(1000):
            out.write_batch(batch)
    return sink.getvalue().to_pybytes()


def _large_metadata() -> bytes:
    size = 8 * MIB
    return b"PAR1" + bytes(size) + size.to_bytes(4, "little") + b"PAR1"


#: By what it grows; each would become more than half a gibibyte of a few kilobytes or megabytes.
BOMBS: dict[str, Callable[[], tuple[str, bytes]]] = {
    "compressed stream": lambda: (STREAM, stream(_zeros(), compression="zstd")),
    "compressed file": lambda: (FILE, file(_zeros(), compression="lz4")),
    "Parquet by dictionary": lambda: (PARQUET, parquet(_zeros())),
    "Parquet by compression": lambda: (PARQUET, parquet(_zeros(), compression="zstd", use_dictionary=False)),
    "Parquet by differences": lambda: (PARQUET, parquet(pa.table({"a": np.zeros(80 * MIB, "i8")}), use_dictionary=False, column_encoding={"a": "DELTA_BINARY_PACKED"})),
    "Parquet without values": lambda: (PARQUET, parquet(pa.table({"a": pa.nulls(80 * MIB)}))),
    "Parquet of one text": lambda: (PARQUET, parquet(pa.table({"a": pa.array(["x" * MIB]).take(pa.array([0] * 1500))}), compression="zstd")),
    "Parquet of lists of one text": lambda: (PARQUET, parquet(pa.table({"a": pa.array([["x" * MIB] * 1500])}))),
    "Parquet with large metadata": lambda: (PARQUET, _large_metadata()),
    "dictionary of one text": lambda: (STREAM, stream(_one_text(MIB, pa.string()))),
    "dictionary of bytes": lambda: (FILE, file(_one_text(MIB, pa.large_binary()))),
    "views of one text": lambda: (STREAM, stream(_views())),
    "runs of a text": lambda: (STREAM, stream(_runs(2**20, "x" * MIB))),
    "runs of a number": lambda: (STREAM, stream(_runs(2**40, 1.5))),
    "nulls": lambda: (STREAM, stream(_without_bytes(pa.null()))),
    "structs of nothing": lambda: (STREAM, stream(_without_bytes(pa.struct([])))),
    "rows without columns": lambda: (STREAM, _no_columns()),
    "dictionaries that are added to": lambda: (STREAM, _adding_to_dictionaries()),
    "a dictionary of many batches": lambda: (STREAM, _dictionary_of_many_batches()),
    "short texts": lambda: (STREAM, stream(pa.table({"a": pa.array(["x"]).take(pa.array(np.zeros(10 * MIB, "i8")))}), compression="zstd")),
}  # fmt: skip

#: They grow by all of their parts, none of which is too large: in pieces they can be read.
OF_MANY_PARTS = {
    "Parquet by dictionary", "Parquet by compression", "Parquet by differences",
    "Parquet without values", "a dictionary of many batches",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_what_would_grow_is_refused(name: str) -> None:
    """RST-119: before it grows; in a process that has no more than a few gibibytes."""
    answer = child(GROWING.format(tests=__file__.rpartition("/")[0], name=name))
    in_parts, *told = answer.stdout.split()
    shown = (answer.stdout, answer.stderr[-2000:])
    # Columns that are not declared are not looked at, and never grow.
    assert told == ["413"] * 3 or (name == "rows without columns" and told[0] == "413"), shown
    assert in_parts == ("200" if name in OF_MANY_PARTS else "413"), shown


@pytest.mark.thorough
def test_large_bodies_in_proportion_are_read() -> None:
    """RST-119: no false alarm: ten million numbers, a million texts of few values."""
    numbers = stream(pa.table({"a": np.arange(10.0 * MIB)}))
    assert len(got(STREAM, numbers, signature(a="double"))) == 10 * MIB
    texts = parquet(pa.table({"a": pa.array(["first", "second"] * (MIB // 2)).dictionary_encode()}))
    assert got(PARQUET, texts, signature(a="string"))["a"].nunique() == 2


# -- what is not installed -------------------------------------------------------------------------


@forms
def test_without_the_library_the_extra_is_named(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """RST-128: the message names the extra and no path; JSON is answered as ever."""
    body = FORMS[form](pa.table({"a": [1.5]}))
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
        monkeypatch.setitem(sys.modules, name, None)
    engine = Engine(lambda _data, _: np.ones(1), signature(a="double"))
    answer = handle(form, body, engine)
    assert (answer.status, json.loads(answer.body)["error_code"]) == (500, "MISSING_DEPENDENCY")
    assert b"'arrow'" in answer.body
    assert b"/" not in answer.body
    assert handle("application/json", b'{"inputs": {"a": [1.5]}}', engine).status == 200
