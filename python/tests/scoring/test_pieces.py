"""Files in pieces of rows, and answers as one (RST-191)."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet as pq

from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    MalformedRequest,
    MlmodelError,
    UnserializablePrediction,
)
from mlmodel.models import ModelSignature
from mlmodel.scoring.invocations.checking import check_input
from mlmodel.scoring.media import FORMS
from mlmodel.scoring.pieces.answers import joined
from mlmodel.scoring.pieces.checks import check_pieces
from mlmodel.scoring.pieces.reading import JSON_LINES, can_be_cut, check_declared, pieces
from mlmodel.types import ColSpec, Schema

if TYPE_CHECKING:
    from pathlib import Path

CSV = FORMS["csv"]
CELLS = st.sampled_from(["1", "a\nb", 'q"x', "", "x,y", "\r\n", '"', "é", " "])


class Trickle(io.BytesIO):
    """A file that gives a few bytes at a time, as a pipe does."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self.size = size

    def read(self, _: int | None = -1, /) -> bytes:
        return super().read(self.size)


def rows_of(text: str) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(text, newline="")) if row]


@given(
    st.integers(2, 4).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1, max_size=12)),
    st.sampled_from(["\n", "\r\n"]), st.integers(1, 5), st.sampled_from([1, 2, 3, 7, 1000]), st.booleans(), st.booleans(),
)  # fmt: skip
def test_csv_is_cut_between_rows(
    table: list[list[str]], end: str, batch: int, size: int, ended: bool, blanks: bool
) -> None:
    """Whatever stands in quotes, wherever the file is read, with and without its last line's end."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=end)
    writer.writerow([f"h{n}" for n in range(len(table[0]))])
    for row in table:
        out.write(end if blanks else "")
        writer.writerow(row)
    text = out.getvalue() if ended else out.getvalue().removesuffix(end)
    found = list(pieces(Trickle(text.encode(), size), CSV, batch))
    got: list[list[str]] = []
    for piece in found:
        head, *rows = rows_of(piece.body.decode())
        assert (piece.start, piece.rows, head) == (len(got), len(rows), rows_of(text)[0])
        got += rows
    assert got == rows_of(text)[1:]
    assert all(piece.rows == batch for piece in found[:-1])


def test_an_empty_line_is_a_row_of_a_single_column() -> None:
    """RST-016."""
    found = list(pieces(io.BytesIO(b"a\n\n1\n\n"), CSV, 2))
    assert [(one.body, one.rows) for one in found] == [(b"a\n\n1\n", 2), (b"a\n\n", 1)]


def test_csv_without_rows_or_anything_is_one_piece() -> None:
    for content in (b"", b"a,b", b"a,b\n", b"a,b\r\n\r\n"):
        found = list(pieces(io.BytesIO(content), CSV, 3))
        assert [(one.start, one.rows) for one in found] == [(0, 0)]


def test_a_quote_out_of_place_is_found_where_it_stands() -> None:
    """RST-015: pieces change nothing of what is refused."""
    good = b"a,b\n" + b"1,2\n" * 5
    signature = ModelSignature(Schema([ColSpec("long", "a"), ColSpec("string", "b")]))
    for bad in (b'1,x"y\n', b'1,"x"y\n', b"1,2,3\n", b'1,"x\n'):
        whole = check_input(CSV, good + bad + b"1,2\n", signature).error
        cut = check_pieces(pieces(io.BytesIO(good + bad + b"1,2\n"), CSV, 2), signature).error
        assert isinstance(whole, MalformedRequest)
        assert isinstance(cut, MalformedRequest)


def test_lines_of_json_are_records_each_by_itself() -> None:
    content = b'{"a": 1}\n\n {"a": NaN}\r\n{"a": 3}'
    found = list(pieces(io.BytesIO(content), JSON_LINES, 2))
    assert [json.loads(one.body)["dataframe_records"][0]["a"] for one in found] == [1, 3]
    assert [(one.start, one.rows) for one in found] == [(0, 2), (2, 1)]
    assert len(list(pieces(io.BytesIO(content), JSON_LINES, None))) == 1


@pytest.mark.parametrize("line", [b'{"a": 1}, {"a": 2}', b'{"a": 1}], "params": {"k": 1', b"[1]", b"1", b"{", b'{"a": 1', b"\xff", b'"x"'])  # fmt: skip
def test_no_line_ends_the_list_around_it(line: bytes) -> None:
    with pytest.raises(MalformedRequest, match="Line 2"):
        list(pieces(io.BytesIO(b'{"a": 1}\n' + line + b"\n"), JSON_LINES, 10))


TABLE = pa.table({
    "a": pa.array([1, None, 3, 4, 5], pa.int64()), "s": pa.array(list("xyxzx")).dictionary_encode(),
}).replace_schema_metadata({"mlmodel.params": "{}"})  # fmt: skip


def _file_of(form: str) -> bytes:
    sink = pa.BufferOutputStream()
    if form == "parquet":
        pq.write_table(TABLE, sink, row_group_size=2)
        return sink.getvalue().to_pybytes()
    with (pa.ipc.new_file if form == "arrow" else pa.ipc.new_stream)(sink, TABLE.schema) as out:
        out.write_table(TABLE, max_chunksize=2)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
@pytest.mark.parametrize("form", ["arrow", "arrows", "parquet"])
def test_tables_are_cut_at_their_types(form: str, batch: int) -> None:
    found = list(pieces(io.BytesIO(_file_of(form)), FORMS[form], batch))
    tables = [pa.ipc.open_stream(one.body).read_all() for one in found]
    assert {one.content_type for one in found} == {FORMS["arrows"]}
    assert [one.start for one in found] == list(range(0, 5, batch))
    # How large the rest of a stream is, nobody has said.
    assert found[-1].read == len(_file_of(form)) or form == "arrows"
    whole = pa.concat_tables(
        [table.unify_dictionaries() for table in tables], promote_options="permissive"
    )
    assert whole.to_pydict() == TABLE.to_pydict()
    assert all(b"mlmodel.params" in table.schema.metadata for table in tables)


@pytest.mark.parametrize("form", ["arrow", "parquet"])
def test_of_a_compressed_file_it_is_told_how_much_is_read(form: str, tmp_path: Path) -> None:
    """By rows or parts: its bytes in memory are many more than those on disk."""
    table = pa.table({"a": np.zeros(10_000)})
    if form == "parquet":
        pq.write_table(table, tmp_path / "f", compression="zstd")
    else:
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_file(tmp_path / "f", table.schema, options=options) as out:
            out.write_table(table, max_chunksize=1000)
    size = (tmp_path / "f").stat().st_size
    with (tmp_path / "f").open("rb") as file:
        read = [piece.read for piece in pieces(file, FORMS[form], 1000)]
    assert read == [size * tenth // 10 for tenth in range(1, 11)]


def test_lists_of_texts_by_their_dictionary_are_lists_of_texts(tmp_path: Path) -> None:
    """They are counted by their codes, and given as they were written (RST-119, RST-191)."""
    table = pa.table({"l": [["x", "y"], None, ["x", None], []], "s": ["u", "u", None, "v"]})
    pq.write_table(table, tmp_path / "lists.parquet", row_group_size=3)
    with (tmp_path / "lists.parquet").open("rb") as file:
        found = list(pieces(file, FORMS["parquet"], 2))
    tables = [pa.ipc.open_stream(one.body).read_all() for one in found]
    assert pa.concat_tables(tables).equals(table)


@pytest.mark.parametrize("form", ["arrow", "arrows", "parquet"])
def test_what_is_not_wholly_of_its_form(form: str) -> None:
    """RST-118."""
    content = _file_of(form)
    for bad in (b"", b"nonsense", content[: len(content) // 2]):
        with pytest.raises(MlmodelError):
            list(pieces(io.BytesIO(bad), FORMS[form], 2))


def test_json_cannot_be_cut_nor_a_model_without_inputs() -> None:
    assert not can_be_cut(FORMS["json"])
    assert all(map(can_be_cut, (CSV, FORMS["parquet"], JSON_LINES)))
    with pytest.raises(InvalidArgument, match="JSON lines"):
        list(pieces(io.BytesIO(b"{}"), FORMS["json"], 2))
    with pytest.raises(InvalidArgument, match="declares no inputs"):
        check_declared(None)


# -- answers -----------------------------------------------------------------------------------


def written(form: str, *answers: tuple[bytes, int]) -> bytes:
    target = io.BytesIO()
    made = joined(form, target, whole=False)
    for body, rows in answers:
        made.add(body, rows)
    made.end()
    return target.getvalue()


def test_json_answers_are_one_with_the_digits_that_they_have() -> None:
    one, other = b'{"predictions":[1.10,"]"]}', b'{ "predictions" : [ {"a": [2]} ] }'
    empty = b'{"predictions":[]}'
    told = written("json", (one, 2), (empty, 0), (other, 1))
    assert json.loads(told) == {"predictions": [1.1, "]", {"a": [2]}]}
    assert b"1.10" in told
    assert json.loads(written("json", (empty, 0))) == {"predictions": []}
    assert json.loads(written("json", (b"[1]", 1), (b"[2, 3]", 2))) == [1, 2, 3]


@pytest.mark.parametrize("body", [b'{"predictions":[1]}', b'{"predictions":{"a":[1,2]}}', b'{"predictions":7}', b'{"predictions":[1,2],"x":[3]}', b"7"])  # fmt: skip
def test_an_answer_without_a_row_for_each(body: bytes) -> None:
    with pytest.raises(InvalidArgument, match="--batch-rows"):
        written("json", (body, 2))


def test_answers_of_csv() -> None:
    assert (
        written("csv", (b"a\r\n1\r\n", 1), (b'a\r\n"x\r\ny"\r\n3\r\n', 2))
        == b'a\r\n1\r\n"x\r\ny"\r\n3\r\n'
    )
    with pytest.raises(UnserializablePrediction):
        written("csv", (b"a\r\n1\r\n", 1), (b"b\r\n1\r\n", 1))
    with pytest.raises(InvalidArgument):
        written("csv", (b"a\r\n1\r\n", 2))
    # A line's end in a name, and none behind the last line: other servers write so.
    assert written("csv", (b'"a\n,b"\n1', 1), (b'"a\n,b"\n2', 1)) == b'"a\n,b"\n1\r\n2\r\n'


@pytest.mark.parametrize("form", ["arrow", "arrows", "parquet"])
def test_answers_of_tables(form: str) -> None:
    from mlmodel.scoring.writers import WRITERS

    one, other = pd.DataFrame({"y": [1, 2]}), pd.DataFrame({"y": [3]})
    write = WRITERS[form].write
    told = written(form, (write(one), 2), (write(other), 1))
    reader = pa.BufferReader(told)
    table = pq.read_table(reader) if form == "parquet" else (pa.ipc.open_file if form == "arrow" else pa.ipc.open_stream)(reader).read_all()  # fmt: skip
    assert table.to_pydict() == {"y": [1, 2, 3]}
    with pytest.raises(UnserializablePrediction):
        written(form, (write(one), 2), (write(pd.DataFrame({"y": ["x"]})), 1))


@pytest.mark.parametrize(("first", "then"), [
    (["x"], [1]), (["x"], [True]), ([1], [True]), ([True], [1]), ([1], [1.5]), ([1.5], [2**53 + 1]),
    ([pd.Timestamp("2024-01-01")], [1]), (["x"], [pd.Timestamp("2024-01-01")]), ([b"x"], ["x"]),
])  # fmt: skip
def test_no_answer_is_changed_to_go_with_the_one_before(first: list[Any], then: list[Any]) -> None:
    """RST-191."""
    from mlmodel.scoring.writers import WRITERS

    one, other = (WRITERS["arrows"].write(pd.DataFrame({"y": held})) for held in (first, then))
    with pytest.raises(UnserializablePrediction, match="not one table"):
        written("arrows", (one, 1), (other, 1))


@pytest.mark.parametrize(("first", "then"), [([1.5], [2]), ([1], [2.0]), (["x"], [None])])
def test_answers_that_go_together(first: list[Any], then: list[Any]) -> None:
    from mlmodel.scoring.writers import WRITERS

    one, other = (WRITERS["arrows"].write(pd.DataFrame({"y": held})) for held in (first, then))
    told = pa.ipc.open_stream(written("arrows", (one, 1), (other, 1))).read_all()
    assert told.to_pydict() == {"y": [*first, *then]}


# -- checks ------------------------------------------------------------------------------------

SIGNATURE = ModelSignature(Schema([ColSpec("long", "a"), ColSpec("string", "b", required=False)]))


@given(st.lists(st.sampled_from(["1,x", "1.5,x", "z,", ",", "7,"]), max_size=20), st.integers(1, 7))
def test_a_check_in_pieces_finds_what_one_of_the_whole_does(lines: list[str], batch: int) -> None:
    content = "\n".join(["a,b", *lines]).encode()
    whole = check_input(CSV, content, SIGNATURE)
    cut = check_pieces(pieces(io.BytesIO(content), CSV, batch), SIGNATURE)
    assert (cut.rows, cut.fitting) == (whole.rows, whole.fitting)
    assert _found(cut.error) == _found(whole.error)


def _found(error: Any) -> Any:
    if not isinstance(error, InvalidInput):
        return error
    return sorted((one.rule, str(one.column), one.row, one.message) for one in error.violations)


@pytest.mark.thorough
def test_what_is_true_of_a_column_is_said_once_and_a_check_ends() -> None:
    content = b"b,c\n" + b"x,1\n" * 10
    check = check_pieces(pieces(io.BytesIO(content), CSV, 2), SIGNATURE)
    assert (check.rows, check.fitting) == (10, 0)
    assert [one.rule for one in check.error.violations] == ["ENF-004"]  # type: ignore[union-attr]
    content = b"a\n" + b"x\n" * 60_000
    check = check_pieces(pieces(io.BytesIO(content), CSV, 1000), SIGNATURE)
    assert check.fitting is None
    assert check.error is not None
    assert len(check.error.details) < 25_000
    assert np.isfinite(check.rows or 0)
