"""What a body costs that is refused: no more than a right one, in proportion (RST-109 to RST-111)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bounded import bounded
from mlmodel.errors import MalformedRequest
from mlmodel.scoring.codecs import csv_cells, csv_table
from mlmodel.scoring.codecs.csv_table import read_table, tokenize
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations.checking import check_input
from mlmodel.scoring.invocations.protocol import handle
from mlmodel.scoring.json import body as json_body
from mlmodel.signature.cells import faults, reader
from mlmodel.signature.cells.datetimes import read_datetimes
from mlmodel.signature.cells.reader import MOST_WRONG, Reader
from mlmodel.signature.enforce.matching import Matching
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

JSON, CSV = "application/json", "text/csv"
#: A minute is there for what never ends; what is tried here takes a second or two.
PATIENCE = 60
#: A kind of column -> a right cell, and wrong ones.
KINDS: dict[str, tuple[Any, list[Any]]] = {
    "double": (1.5, ["x", True, [1], 2**53 + 1]),
    "float": (1.5, ["x", 1e300, 2**24 + 1]),
    "long": (1, ["x", 1.5, None, 2**63]),
    "integer": (1, ["x", 2**31]),
    "boolean": (True, ["x", 1, None]),
    "string": ("x", [1, False, []]),
    "binary": ("YQ==", ["!", 1]),
    "datetime": ("2020-01-01", ["x", 1, "2020-13-01"]),
}


def signature(*kinds: str) -> ModelSignature:
    return ModelSignature(Schema([ColSpec(kind, f"c{n}") for n, kind in enumerate(kinds)]))


def split(cells: list[Any], width: int = 1) -> bytes:
    names = [f"c{n}" for n in range(width)]
    rows = [cells[start : start + width] for start in range(0, len(cells), width)]
    return json.dumps({"dataframe_split": {"columns": names, "data": rows}}).encode()


def told(body: bytes, of: ModelSignature, media: str = JSON) -> dict[str, Any]:
    answer = handle(media, body, Engine(lambda _data, _params: None, of))
    assert answer.status == 400
    found: dict[str, Any] = json.loads(answer.body)
    return found


def rules(answer: dict[str, Any]) -> list[str]:
    return [one["rule"] for one in answer["details"]]


# -- wrong cells (RST-109) -------------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS)
def test_one_wrong_cell_is_found_wherever_it_stands(kind: str) -> None:
    right, wrong = KINDS[kind]
    for place in (0, 1023, 1024, 4999):
        for cell in wrong:
            cells = [right] * 5000
            cells[place] = cell
            (one,) = told(split(cells), signature(kind))["details"]
            assert one["row"] == place
            assert one["rule"] != "RST-109"


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_thousand_wrong_cells_all_are_told(kind: str) -> None:
    right, wrong = KINDS[kind]
    cells = [wrong[0], right, right] * MOST_WRONG
    check = check_input(JSON, split(cells), signature(kind))
    assert check.error is not None
    assert [one.row for one in check.error.details] == list(range(0, 3 * MOST_WRONG, 3))
    assert check.fitting == 2 * MOST_WRONG


@pytest.mark.parametrize("kind", KINDS)
def test_after_more_the_answer_says_at_least(kind: str) -> None:
    _, wrong = KINDS[kind]
    cells = [wrong[0]] * (3 * MOST_WRONG)
    answer = told(split(cells), signature(kind))
    assert rules(answer)[1:] == ["RST-109"]
    assert answer["details"][1]["column"] == "c0"
    assert "at least 1 problems" in answer["message"]
    check = check_input(JSON, split(cells), signature(kind))
    assert check.error is not None
    assert len(check.error.details) == MOST_WRONG + 1
    assert "at least 1000 problems" in check.error.message
    assert check.fitting is None
    assert check.rows == 3 * MOST_WRONG


@pytest.mark.thorough
@pytest.mark.parametrize("kind", [*KINDS, "array"])
def test_wrong_cells_are_not_looked_at_without_end(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RST-109: as many as are told, and not those that are right."""
    looked = []
    for name in ("boolean_fault", "integer_fault", "float_fault", "string_fault", "binary_fault"):
        kept = getattr(faults, name)

        def counted(*args: Any, kept: Any = kept) -> Any:
            looked.append(args)
            return kept(*args)

        monkeypatch.setattr(reader, name, counted)
    right, wrong = KINDS.get(kind, ([1.5], [["x"]]))
    array = {"type": "array", "items": {"type": "double"}, "name": "c0"}
    nested = ModelSignature(Schema.from_list([array]))
    of = nested if kind == "array" else signature(kind)
    told(split([wrong[0]] * 20_000), of)
    told(split([right] * 20_000 + wrong[:1]), of)
    assert len(looked) < 4 * MOST_WRONG + 100


def test_of_many_columns_each_is_told_and_few_cells_are() -> None:
    """RST-109: 20,000 in all, and one of each further column."""
    width = 60
    check = check_input(JSON, split(["x"] * width * 1500, width), signature(*["double"] * width))
    assert check.error is not None
    columns = [one.column for one in check.error.details if one.rule != "RST-109"]
    assert {f"c{n}" for n in range(width)} == set(columns)
    assert 20_000 <= len(columns) <= 20_000 + width


def test_moments_are_read_in_parts_as_one_by_one() -> None:
    cells = ["2020-01-01", "NaT", None, "2020-01-01T00:00:00+01:00"] * 1500
    read, found = read_datetimes(cells)
    assert not found
    assert (read.reshape(-1, 4)[:, [0, 3]] == read_datetimes(cells[:4])[0][[0, 3]]).all()
    assert len(read_datetimes(["x"] * 10_000, 5)[1]) < 10_000


def test_gaps_of_records_are_told_to_a_bound() -> None:
    records = [{"c0": 1.5}, {"c1": 1.5}] * 3000
    body = json.dumps({"dataframe_records": records}).encode()
    check = check_input(JSON, body, signature("double", "double"))
    assert check.error is not None
    assert len(check.error.details) == 2 * (MOST_WRONG + 1)
    assert rules(told(body, signature("double", "double"))) == ["ENF-004", "ENF-004"]


def test_records_in_another_order_are_read_as_ever() -> None:
    records = [{"c0": 1, "c1": 2}, {"c1": 4, "c0": 3}, {"z": 0, "c0": 5, "c1": 6}]
    seen: list[Any] = []
    body = json.dumps({"dataframe_records": records}).encode()
    of = signature("double", "double")
    assert handle(JSON, body, Engine(lambda data, _: seen.append(data), of)).status == 200
    assert seen[0].values.tolist() == [[1, 2], [3, 4], [5, 6]]


# -- CSV (RST-109, RST-110) ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["double", "float", "long", "boolean"])
@pytest.mark.parametrize("exact", [True, False])
def test_cells_of_csv_are_converted_to_a_bound(kind: str, exact: bool) -> None:
    """RST-109: behind the wrong cells a number stays the text that it is."""
    assert rules(told(b"c0\n" + b"x\n" * 5_000, signature(kind), CSV))[1:] == ["RST-109"]
    column = ["x"] * 50_000 + ["1"]
    matching = Matching(signature(kind).inputs)
    for most in (MOST_WRONG, 0):
        cells = Reader(exact=exact, most=most)
        (read,) = csv_cells.values(cells, matching, ["c0"], [column])
        assert len(read) == len(column)
        assert isinstance(read[-1], str) == (most > 0 or kind == "boolean")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n3\n" + "4,5\n" * 9, "Row 1 of the CSV has 1 cells"),
        ("a,b\n\n\n1,2\n\n3\n", "Row 1 of the CSV has 1 cells"),
        ('a,b\n"1\n,",2\n"3",4,5\n', "Row 1 of the CSV has 3 cells"),
        ('a,b\n"1\n",2\n3,4"\n', "Line 4 of the CSV has a quote out of place"),
        ('a,b\n1,"2\n3,4\n', "Line 2 of the CSV has a quote out of place"),
        ('a\n1\n"x"y\n', "Line 3 of the CSV has a quote out of place"),
        ("a\n1\n2,3\n", "Row 1 of the CSV has 2 cells"),
    ],
)
def test_what_is_out_of_place_is_told_as_cell_by_cell(
    text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RST-110: without taking the cells apart one by one."""

    def refuse(_text: str) -> Any:
        raise AssertionError

    monkeypatch.setattr(csv_table, "tokenize", refuse)
    with pytest.raises(MalformedRequest, match=said):
        read_table(text)


@pytest.mark.parametrize("ends", ["\n", "\n\n\n", "\r\n\r\n", ""])
def test_empty_lines_at_the_end_are_skipped(ends: str) -> None:
    """RST-016: of one column, too; one that is not at the end is a missing cell."""
    assert read_table(f"a\n1\n\n2{ends}").columns == [["1", None, "2"]]
    assert read_table(f"a,b\n1,2\n\n3,4{ends}").columns == [["1", "3"], ["2", "4"]]
    assert tokenize("\n" * 9) == [[None]]


def test_infinities_and_gaps_are_read_as_ever() -> None:
    seen: list[Any] = []
    of = signature("double")
    cells = ["1.5", "inf", "-Infinity", "", "NaN", "2"] * 300
    body = "\n".join(["c0", *cells]).encode()
    assert handle(CSV, body, Engine(lambda data, _: seen.append(data), of)).status == 200
    read = seen[0]["c0"].tolist()
    assert read[1::6] == [float("inf")] * 300
    assert read[2::6] == [float("-inf")] * 300
    assert seen[0]["c0"].isna().sum() == 600


# -- JSON (RST-110, RST-111) -----------------------------------------------------------------------


def test_a_repeated_key_is_told_though_what_was_read_is_gone() -> None:
    body = b'{"dataframe_records": [' + b'{"c0": 1},' * 3000 + b'{"c0": 1, "c0": 2}]}'
    answer = told(body, signature("double"))
    assert answer["error_code"] == "MALFORMED_REQUEST"
    assert "'c0'" in answer["message"]


def test_literals_are_kept_for_those_alone_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    kept = json_body.loads_exactly

    def loads(body: bytes, *, literals: bool = True) -> Any:
        asked.append(literals)
        return kept(body, literals=literals)

    monkeypatch.setattr(json_body, "loads_exactly", loads)
    kinds = ("double", "string", "float", "long")
    for kind in kinds:
        told(split([2**70, []]), signature(kind))
    assert asked == [False, False, True, False]
    handle(
        JSON,
        b'{"inputs": [18446744073709551617]}',
        Engine(lambda _d, _p: None, ModelSignature(Schema([TensorSpec("float32", (-1,))]))),
    )
    assert asked[-1] is True


def child(code: str) -> None:
    run = bounded("-c", code, timeout=PATIENCE, text=True)
    assert run.returncode == 0, run.stderr


HEAD = """
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations.checking import check_input
from mlmodel.scoring.invocations.protocol import handle
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema
def tried(media, body, *kinds):
    of = ModelSignature(Schema([ColSpec(kind, f"c{n}") for n, kind in enumerate(kinds)]))
    answer = handle(media, body, Engine(lambda data, params: None, of))
    assert answer.status == 400 and len(answer.body) < 20_000, answer.body[:300]
    check = check_input(media, body, of)
    assert check.error is not None and len(check.error.details) <= 22_000
"""
BODIES = {
    # Each pair rounds to one double, and to two numbers of 32 bits.
    "ties": """
pair = b"[1.00000005960464477538],[1.00000005960464477540]"
body = b'{"dataframe_split":{"columns":["c0"],"data":[' + b",".join([pair] * 40_000) + b"]}}"
tried("application/json", body, "float")
""",
    "blank lines": 'tried("text/csv", b"c0\\n" + b"\\n" * 3_000_000 + b"x\\n", "double")',
    "quotes": 'tried("text/csv", b"c0,c1\\n" + b\'"\' * 10_000_000, "double", "double")',
    "an open quote": 'tried("text/csv", b\'c0,c1\\n1,"\' + b"1,2\\n" * 3_000_000, "double", "double")',
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", BODIES)
def test_bodies_that_took_a_machine(kind: str) -> None:
    """RST-110, RST-111: the first took a square of its size, the others 100 bytes for one."""
    child(HEAD + BODIES[kind])
