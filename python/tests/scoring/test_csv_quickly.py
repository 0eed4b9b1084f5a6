"""The quick way through a CSV gives what the way cell by cell gives, or leaves it to that."""

from __future__ import annotations

import sys
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmodel.errors import MlmodelError
from mlmodel.scoring.codecs import csv_arrow, csv_cells
from mlmodel.scoring.codecs.csv_table import read_table, tokenize
from mlmodel.scoring.invocations import bodies
from mlmodel.signature.cells.reader import InexactParse, Reader
from mlmodel.signature.data.columns import Columns
from mlmodel.signature.enforce.matching import Matching
from mlmodel.types import ColSpec, DataType, Schema

PIECES = [",", "\n", "\r\n", '"', '""', "a", "1", "", " ", "\0", "\0" + "0", "é", ";"]
CELLS: list[str | None] = [
    *(None, "", " ", "1", "-0", "-0.0", "+1", "007", ".5", "1.", "1e3", "1E+05", "1.5", " 2 "),
    *("0.1", "1e400", "-1e-400", "16777217", "9007199254740993", "9223372036854775807"),
    *("18446744073709551616", "1" * 40, "16777216.000000001", "0.500000029802322387695312499999"),
    *("true", "True", "false", "null", "NaN", "nan", "NA", " NA ", "inf", "-Infinity", "None"),
    *("[1", "2]", "[1,2]", "1,2", "{}", '"1"', "1\t", "\n1", "1\r", "1_0", "0x1", "1 2", "x"),
    *(" nan ", "nAn", "INF", "+infinity ", "infinit", "-00", "-0e0", "1e309", "9007199254740992.5"),
    *("2020-01-01", "2020-01-01T00:00:00Z", "YQ==", "--1", "1e", "e1", "٣"),
    *(f"1E+{'2' * 30}", f"-1e-{'9' * 30}", "4.0000000000000000001", "1e-400"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_a_table_is_taken_apart_as_cell_by_cell(text: str) -> None:
    try:
        header, *rows = tokenize(text)
    except MlmodelError as error:
        with pytest.raises(type(error)):
            read_table(text)
        return
    except ValueError:  # no lines at all
        header, rows = [], []
    if not header or any(len(row) != len(header) for row in rows):
        with pytest.raises(MlmodelError):
            read_table(text)
        return
    table = read_table(text)
    assert table.header == header
    assert [list(column) for column in table.columns] == [
        [row[place] for row in rows] for place in range(len(header))
    ]


def read(cells: list[str | None], kind: DataType, *, exact: bool, required: bool) -> Any:
    """Return a column's values and violations, read one way or the other."""
    reader = Reader(exact=exact, rules=csv_cells.RULES, every=True)
    matching = Matching(Schema([ColSpec(kind, "a", required)]))
    (column,) = csv_cells.values(reader, matching, ["a"], [cells])
    if required:
        values, mask = reader.column(column, kind, "a"), None
    else:
        values, mask = reader.nullable(column, kind, "a")
    if reader.violations:
        values = np.zeros(0)  # whatever it holds
    return [(type(one), repr(one)) for one in values.tolist()], mask, list(reader.violations)


@given(st.lists(st.sampled_from(CELLS), max_size=4), st.sampled_from(list(DataType)), st.booleans())
def test_a_column_is_read_as_cell_by_cell(
    cells: list[str | None], kind: DataType, required: bool
) -> None:
    slow = read(cells, kind, exact=True, required=required)
    try:
        quick = read(cells, kind, exact=False, required=required)
    except InexactParse:
        return  # then the slow way is gone
    assert str(quick) == str(slow)


PLAIN = [cell for cell in CELLS if cell is None or not set(cell) & set(',"\n\r')]


@given(
    st.lists(st.tuples(st.sampled_from(PLAIN), st.sampled_from(PLAIN)), min_size=1, max_size=4),
    st.lists(st.sampled_from(list(DataType)), min_size=2, max_size=2),
)
def test_a_table_of_numbers_is_read_as_column_by_column(
    rows: list[tuple[str | None, str | None]], kinds: list[DataType]
) -> None:
    """A third column, of a text in quotes that nobody declares, keeps a table from the short way."""
    matching = Matching(
        Schema([ColSpec(kind, name) for kind, name in zip(kinds, "ab", strict=True)])
    )
    lines = [",".join(cell or "" for cell in row) for row in rows]
    short = "\n".join(["a,b", *lines])
    long = "\n".join(["a,b,c", *(f'{line},"x"' for line in lines)])
    assert answer(short, matching) == answer(long, matching)


def answer(text: str, matching: Matching) -> str:
    data = bodies.read_body("text/csv", text.encode(), matching).data
    if isinstance(data, MlmodelError):
        return f"{data} {data.details}"
    assert isinstance(data, Columns)
    cells = {
        column: block.values[:, place].tolist()
        for block in data.blocks
        for place, column in enumerate(block.positions)
    }
    return str(sorted(cells.items()))


# -- by Arrow --------------------------------------------------------------------------------------

SOME = [*PLAIN, "a", "a b", "é", "12", "-3.25", "2.5e-3", "0", "4294967296", "TRUE", "x0x1"]
QUOTED = ['"a"', '"a,b"', '"a""b"', '"a\nb"', '"a\r\nb"', '"1"', '"NA"', '""', '""""', 'a"b', '"a"b', '"a', '" "']  # fmt: skip
TABLE = st.integers(1, 3).flatmap(
    lambda width: st.tuples(
        st.lists(st.tuples(st.sampled_from(list(DataType)), st.booleans()), min_size=width, max_size=width),
        st.lists(st.lists(st.sampled_from([cell or "" for cell in SOME] + QUOTED), min_size=width, max_size=width), min_size=1, max_size=4),
        st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\n", "\r\n\r\n"]), st.booleans(),
    )
)  # fmt: skip


def told(text: str, matching: Matching, least: int) -> str:
    """Return what is read, to the bit and the type, where so many signs are worth Arrow's look."""
    with mock.patch.object(csv_arrow, "LONG", least):
        try:
            found = bodies.read_body("text/csv", text.encode(), matching)
        except MlmodelError as error:
            return f"{error} {error.details}"
    if isinstance(found.data, MlmodelError):
        return f"{found.data} {found.data.details}"
    assert isinstance(found.data, Columns)
    blocks = sorted(
        (place, str(block.values.dtype), repr(block.values[:, n].tolist()), block.mask is None or repr(block.mask[:, n]))
        for block in found.data.blocks
        for n, place in enumerate(block.positions)
    )  # fmt: skip
    return str((found.data.names, blocks, found.data.rows))


@given(TABLE)
def test_a_table_is_read_by_arrow_as_by_its_texts(table: Any) -> None:
    """RST-015 to RST-017, ENF-060 ff: or it is left to the texts, which say what is wrong."""
    specs, rows, end, last, has_index = table
    names = "abc"[: len(specs)]
    matching = Matching(
        Schema([ColSpec(kind, name, needed) for name, (kind, needed) in zip(names, specs, strict=True)])
    )  # fmt: skip
    lines = [",".join(names), *map(",".join, rows)]
    if has_index:
        lines = [f"{number or ''},{line}" for number, line in enumerate(lines)]
    text = end.join(lines) + last
    assert told(text, matching, 0) == told(text, matching, 2**62)


HONEST = {
    "numbers": ("a,b\n1.5,2\n,-3\n", "double", "long"),
    "gaps by words": ("a,b\nNA,2\nnan,-3\n", "double", "long"),
    "an index": (",a,b\n0,1.5,true\n1,2,False\n", "double", "boolean"),
    "texts with gaps": ("a,b\nx,1\n,2\n", "string", "integer"),
    "quotes": ('a,b\n"x, ""y""",1\n"line\nline",2\n', "string", "long"),
    "CR LF": ("a,b\r\nNew York,1\r\nNA,2\r\n", "string", "long"),
    "another order": ("b,a\n1,x\n2,y\n", "string", "long"),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_tables_need_no_second_look(name: str) -> None:
    text, *kinds = HONEST[name]
    matching = Matching(
        Schema([ColSpec(k, n, k != "string") for k, n in zip(kinds, "ab", strict=True)])
    )
    with (
        mock.patch.object(csv_arrow, "LONG", 0),
        mock.patch.object(csv_cells, "values", side_effect=AssertionError("by its texts")),
    ):
        found = bodies.read_body("text/csv", text.encode(), matching)
    assert found.rows == 2
    assert told(text, matching, 0) == told(text, matching, 2**62)


def test_without_arrow_a_table_is_read_by_its_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    text, *kinds = HONEST["numbers"]
    matching = Matching(Schema([ColSpec(k, n) for k, n in zip(kinds, "ab", strict=True)]))
    whole = told(text, matching, 0)
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
        monkeypatch.setitem(sys.modules, name, None)
    assert told(text, matching, 0) == whole


#: What Arrow would take, and for something else than its text says, or would not refuse.
DOUBTFUL = {
    "an integer that a double rounds": ("double", "9007199254740993"),
    "minus zero without a point": ("double", "-0"),
    "a word of its own for no number": ("double", "nAn"),
    "an infinite one": ("double", "inf"),
    "a number beyond the largest": ("double", "1e400"),
    "tabs around a number": ("double", "\t1.5"),
    "another base": ("long", "0x10"),
    "another base in capitals": ("long", "0X1F"),
    "a gap in integers": ("long", ""),
    "a gap in booleans": ("boolean", ""),
    "a gap in texts": ("string", ""),
    "an empty text in quotes": ("string", '""'),
    "a quote within a text": ("string", 'a"b'),
    "a text behind quotes": ("string", '"a"b'),
    "quotes behind a text": ("string", 'a"b"'),
    "quotes without an end": ("string", '"a'),
    "quotes without an end behind others": ("string", '"a""'),
    "nothing of a single cell": ("string", "\0"),
}


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_is_doubtful_is_left_to_the_texts(name: str, width: int, required: bool) -> None:
    """Each alone, so that no other cell of the table gives it away."""
    kind, cell = DOUBTFUL[name]
    matching = Matching(Schema([ColSpec(kind, column, required) for column in "ab"[:width]]))
    honest = {"double": "1.5", "long": "7", "boolean": "true", "string": "x"}[kind]
    rows = [[honest] * width, [cell] + [honest] * (width - 1), [honest] * width]
    text = "\n".join(map(",".join, [list("ab"[:width]), *rows]))
    assert told(text, matching, 0) == told(text, matching, 2**62)
