"""Requests whose reading is easy to get wrong; the rules' vectors are in conformance/."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from itertools import permutations
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmodel.errors import InvalidInput, MalformedRequest, UnsupportedMediaType
from mlmodel.scoring import media
from mlmodel.scoring.codecs import CONTENT_TYPES, TABLE
from mlmodel.scoring.codecs.csv_table import tokenize
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations.protocol import score
from mlmodel.scoring.json import body as json_body
from mlmodel.scoring.writers import WRITERS
from mlmodel.signature.data import arrays
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.params import ParamSpec
from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

JSON = "application/json"


def columns(*types: str) -> ModelSignature:
    return ModelSignature(Schema([ColSpec(kind, f"c{n}") for n, kind in enumerate(types)]))


def seen(body: str | bytes, signature: ModelSignature | None, content_type: str = JSON) -> Any:
    """Return what reaches a model."""
    got: list[Any] = []
    raw = body if isinstance(body, bytes) else body.encode()
    score(content_type, raw, Engine(lambda data, _: got.append(data), signature))
    return got[0]


def split(data: str, *names: str) -> str:
    return f'{{"dataframe_split": {{"columns": {json.dumps(list(names))}, "data": {data}}}}}'


def test_delivered_dtypes() -> None:
    kinds = ("boolean", "integer", "long", "float", "double", "string", "binary", "datetime")
    row = '[[true, 1, 2, 0.5, 1, "x", "eA==", "2020-01-01"], [false, 3, 4, 1, 2.5, "y", "", null]]'
    frame = seen(split(row, *(f"c{n}" for n in range(8))), columns(*kinds))
    assert [str(dtype) for dtype in frame.dtypes] == [
        "bool",
        "int32",
        "int64",
        "float32",
        "float64",
        "object",
        "object",
        "datetime64[ns]",
    ]
    assert frame["c6"].tolist() == [b"x", b""]
    assert isinstance(frame.index, pd.RangeIndex)


def test_one_dtype_is_one_block() -> None:
    body = split("[[1.5, 2.5], [3.5, 4]]", "c0", "c1")
    frame = seen(body, columns("double", "double"))
    assert frame.to_numpy().tolist() == [[1.5, 2.5], [3.5, 4.0]]
    assert np.shares_memory(frame.to_numpy(), frame["c0"].to_numpy())


def test_all_forms_agree() -> None:
    signature = columns("long", "double", "string", "datetime", "boolean")
    names = [f"c{n}" for n in range(5)]
    rows = [[1, 2.5, "x", "2020-01-01T10:00:00", True], [2, 3.0, "", "2021-01-01", False]]
    records = [dict(zip(names, row, strict=True)) for row in rows]
    bodies = [
        {"dataframe_split": {"columns": names, "data": rows}},
        {"dataframe_records": records},
        {"instances": records},
        {"inputs": {name: [row[n] for row in rows] for n, name in enumerate(names)}},
    ]
    frames = [seen(json.dumps(body), signature) for body in bodies]
    csv = 'c0,c1,c2,c3,c4\n1,2.5,x,2020-01-01T10:00:00,true\n2,3.0,"",2021-01-01,False\n'
    frames.append(seen(csv, signature, "text/csv"))
    for content_type in ("application/json", "application/json; format=pandas-%s"):
        split = json.dumps({"columns": names, "data": rows, "index": [7, 8]})
        frames.append(seen(split, signature, content_type.replace("%s", "split")))
        frames.append(seen(json.dumps(records), signature, content_type.replace("%s", "records")))
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frame, frames[0])


@pytest.mark.parametrize("literal", ["18446744073709551615", "18446744073709551616", "1e300"])
def test_large_numbers_take_the_exact_path_and_come_out_right(literal: str) -> None:
    whole = literal.isdigit()
    signature = columns("double")
    if whole and int(float(literal)) != int(literal):
        with pytest.raises(InvalidInput, match="ENF-045|exactly"):
            seen(split(f"[[{literal}]]", "c0"), signature)
    else:
        assert seen(split(f"[[{literal}]]", "c0"), signature)["c0"].tolist() == [float(literal)]


def test_a_null_beside_a_large_integer_hides_nothing() -> None:
    with pytest.raises(InvalidInput) as raised:
        seen(split("[[null], [9007199254740993]]", "c0"), columns("double"))
    assert [(d.rule, d.row) for d in raised.value.details] == [("ENF-045", 1)]


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.integers(-3, 3))
@settings(max_examples=60)
def test_decimals_are_rounded_once_to_float(value: float, nudge: int) -> None:
    """A literal a hair beside the middle of two floats goes to its own side (ENF-046)."""
    from decimal import Decimal, localcontext

    low = np.float32(value)
    with np.errstate(over="ignore"):
        high = np.nextafter(low, np.float32(np.inf))
    if not np.isfinite(high) or high == 0 or low == 0:
        return
    with localcontext() as context:
        context.prec = 200
        middle = (Decimal(float(low)) + Decimal(float(high))) / 2
        written = middle + nudge * (Decimal(float(high)) - Decimal(float(low))) / Decimal(2**40)
    text = f"{written:f}"
    if "." not in text:
        text += ".0"
    even = low if (low.view(np.int32) & 1) == 0 else high
    expected = even if nudge == 0 else (high if nudge > 0 else low)
    assert seen(split(f"[[{text}]]", "c0"), columns("float"))["c0"].tolist() == [expected]


NAMES = st.sampled_from(["c0", "c1", "z", ":"])
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**66), 2**66),
    st.text(':"\\ ab,é', max_size=4),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dictionaries(st.text(':"a', max_size=2), st.integers(0, 9), max_size=2),
)


@given(st.lists(st.dictionaries(st.text(':"\\ab', max_size=3), CELLS, max_size=3), max_size=3))
@settings(max_examples=150)
def test_no_sound_body_is_taken_for_one_with_repeated_keys(records: list[dict[str, Any]]) -> None:
    for indent in (None, 1):
        body = json.dumps({"dataframe_records": records}, indent=indent).encode()
        assert not json_body.has_repeated(body, orjson.loads(body))
        twice = body[:1] + b'"dataframe_records":":",' + body[1:]
        assert json_body.has_repeated(twice, orjson.loads(twice))
        assert "ENF-058" in str(json_body.repeated_key(twice))


@pytest.mark.parametrize(
    "body",
    [
        '{"dataframe_split": {"columns": ["c0"], "columns": ["c0"], "data": [["x"]]}}',
        '{"dataframe_split": {"columns": ["c0"], "data": [["x"]], "index": [{"a":1,"a":1}]}}',
        '{"dataframe_records": [{"c0": "::", "c0": "x"}]}',
        '{"dataframe_records": [{"c0": "x"}, {"c0" : "\\": :", "c0":"x"}]}',
        '{"instances": [{"c0": "x", "\\u0063\\u0030": "x"}]}',
        '{"inputs": {"c0": ["x"], "c0": ["x"]}}',
        '{"inputs": {"c0": ["x"], "z": [{"a": 1, "a": 1}]}}',
        '{"inputs": {"c0": ["x"]}, "params": {}, "params": {}}',
        '{"inputs": {"c0": ["x"]}, "params": {"k": {"a": 1, "a": 1}}}',
        '[{"c0": "x"}, {"c0" : "\\": :", "c0":"x"}]',
        '{"columns": ["c0"], "data": [["x"]], "index": [{"a":1,"a":1}]}',
    ],
)
def test_keys_that_stand_twice_are_found_everywhere(body: str) -> None:
    for signature in (columns("string"), None):
        with pytest.raises(MalformedRequest, match="ENF-058"):
            seen(body, signature)


@given(
    st.lists(
        st.lists(st.text('a,"\n\r é', max_size=4), min_size=2, max_size=2), min_size=1, max_size=4
    )
)
def test_csv_is_read_as_it_is_written(rows: list[list[str]]) -> None:
    import csv
    import io

    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    assert tokenize(file.getvalue()) == rows


def test_csv_of_a_data_frame_comes_back() -> None:
    frame = pd.DataFrame({"c0": [1.5, np.nan], "c1": ["x,y", 'q"'], "c2": [1, 2]})
    got = seen(frame.to_csv(), columns("double", "string", "long"), "text/csv")
    pd.testing.assert_frame_equal(got, frame.astype({"c1": object}))


def test_what_data_frames_write_is_read() -> None:
    frame = pd.DataFrame({"c0": [1.5, 2.5], "c1": pd.to_datetime(["2020-01-01", None])})
    signature = columns("double", "datetime")
    text = frame.to_json(orient="split", date_format="iso")
    got = seen(f'{{"dataframe_split": {text}}}', signature)
    pd.testing.assert_frame_equal(got, frame.astype({"c1": "datetime64[ns]"}))
    with pytest.raises(InvalidInput, match="date_format='iso'"):
        seen(f'{{"dataframe_split": {frame.to_json(orient="split")}}}', signature)


def test_no_client_fills_the_remembered_layouts() -> None:
    engine = Engine(lambda _, __: None, columns(*["double"] * 5))
    names = [f"c{n}" for n in range(5)]
    for number in range(5):
        body = split("[[1.0, 2, 3, 4, 5, 6]]", *names, f"z{number}")
        score(JSON, body.encode(), engine)
    assert not engine.matching.memory
    for order in permutations(names):
        score(JSON, split("[[1.0, 2, 3, 4, 5]]", *order).encode(), engine)
    assert 0 < len(engine.matching.memory) <= 64


NUMBERS = (1.5, 0.0, -0.0, 1.0, 1, 0, -1, 2**53 - 1, 2**53, -(2**53), 2**63 - 1, -(2**63), 2**63)
STRANGE = (True, False, None, "1.5", "", [], [1.5], {}, 2**64, 10**400, Decimal("1e400"), math.nan)


@pytest.mark.parametrize("size", [1, 63, 64, 65, 500])
def test_packed_numbers_are_numbers_alone(size: int) -> None:
    for cell in NUMBERS + STRANGE:
        for filler in (2.5, 1.0, 7, 1):
            cells = [filler] * size
            cells[size // 2] = cell
            kinds = set(map(type, cells))
            integers = kinds == {int} and -(2**63) <= min(cells) <= max(cells) < 2**63
            packed = arrays.packed(cells, "q")
            assert (packed is not None) == integers, cell
            assert packed is None or packed.tolist() == cells
            numbers = kinds <= {int, float} and all(-(2**53) < c < 2**53 for c in cells)
            read = arrays.doubles(cells)
            # NaN, which CSV alone can write, may be declined: that costs time, no more.
            assert (read is not None) == numbers or cell != cell  # noqa: PLR0124
            if read is not None:
                assert np.array_equal(read, np.array(cells, float), equal_nan=True)
                assert np.array_equal(np.signbit(read), np.signbit(np.array(cells, float)))


def test_packing_in_parts_is_packing_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [n * 0.5 for n in range(100)]
    monkeypatch.setattr(arrays, "AT_ONCE", 7)
    assert arrays.packed(cells, "d").tolist() == cells
    assert arrays.packed([*cells[:-1], True], "d") is None


@pytest.mark.parametrize("rows", [1, 2, 100])
@pytest.mark.parametrize("kind", ["double", "long"])
def test_a_boolean_among_numbers_is_refused_at_any_size(rows: int, kind: str) -> None:
    data = [[1, 0, 1] for _ in range(rows)]
    data[-1][1] = True
    for types in ((kind,) * 3, (kind, kind, "string")):
        if "string" in types:
            data = [[*row[:2], "x"] for row in data]
        with pytest.raises(InvalidInput) as caught:
            seen(split(json.dumps(data), "c0", "c1", "c2"), columns(*types))
        assert [(d.rule, d.column, d.row) for d in caught.value.details] == [
            ("ENF-049", "c1", rows - 1)
        ]


def test_float_literals_beside_integers_are_rounded_once() -> None:
    above_the_tie = "1.00000005960464477539062500001"
    got = seen(split(f"[[1], [{above_the_tie}]]", "c0"), columns("float"))
    assert got["c0"].tolist() == [1.0, float(np.nextafter(np.float32(1), np.float32(2)))]


def test_objects_where_nothing_is_read_are_counted() -> None:
    signature = columns("double")
    body = split('[[1.5, {"k": 1, "l": [{"m": 2}]}]]', "c0", "z")
    assert seen(body, signature)["c0"].tolist() == [1.5]
    with pytest.raises(MalformedRequest, match="ENF-058"):
        seen(split('[[1.5, {"k": 1, "k": 2}]]', "c0", "z"), signature)


def test_a_repeated_key_is_found_in_a_long_body() -> None:
    records = ", ".join('{"c0": 1.5}' for _ in range(3000))
    signature = columns("double")
    body = f'{{"dataframe_records": [{records}, {{"c0": 1.5%s}}]}}'
    assert len(seen(body % "", signature)) == 3001
    with pytest.raises(MalformedRequest, match="ENF-058"):
        seen(body % ', "c0": 2.5', signature)


def test_records_of_one_shape_and_of_several() -> None:
    signature = columns("double", "double")
    same = '[{"c0": 1, "c1": 2}, {"c0": 3, "c1": 4}]'
    turned = '[{"c0": 1, "c1": 2}, {"c1": 4, "c0": 3}]'
    for records in (same, turned):
        got = seen(f'{{"dataframe_records": {records}}}', signature)
        assert got.to_numpy().tolist() == [[1, 2], [3, 4]]


def test_names_that_a_model_gives_its_frame_stay_there() -> None:
    def predict(frame: pd.DataFrame, _: Any) -> None:
        assert (frame.index.name, frame.columns.name) == (None, None)
        frame.index.name = frame.columns.name = "mine"

    engine = Engine(predict, columns("double"))
    for _ in range(2):
        score(JSON, split("[[1.5]]", "c0").encode(), engine)


@pytest.mark.parametrize("dtype", ["int8", "uint16", "float16", "float32", "float64", "bool"])
def test_tensors_take_their_dtype(dtype: str) -> None:
    signature = ModelSignature(Schema([TensorSpec(dtype, (-1, 2))]))
    cells = "[[true, false]]" if dtype == "bool" else "[[1, 2]]"
    got = seen(f'{{"instances": {cells}}}', signature)
    assert (got.dtype, got.shape) == (np.dtype(dtype), (1, 2))


def test_tensors_of_other_cells() -> None:
    specs = [
        TensorSpec("datetime64[s]", (-1,), "t"),
        TensorSpec("bytes", (-1,), "b"),
        TensorSpec("object", (-1,), "o"),
    ]
    body = '{"inputs": {"t": ["2020-01-01", null], "b": ["YWI=", "YQ=="], "o": ["x", null]}}'
    got = seen(body, ModelSignature(Schema(specs)))
    assert got["t"].dtype == "datetime64[s]"
    assert got["b"].tolist() == [b"ab", b"a"]
    assert repr(got["o"].tolist()) == "['x', nan]"
    late = '{"inputs": {"t": ["2020-01-01T00:00:00.5"], "b": [null], "o": [1]}}'
    with pytest.raises(InvalidInput) as raised:
        seen(late, ModelSignature(Schema(specs)))
    assert [(d.rule, d.column) for d in raised.value.details] == [
        ("ENF-040", "t"),
        ("ENF-075", "b"),
        ("ENF-050", "o"),
    ]


def test_a_tensor_of_complex_numbers_has_no_form() -> None:
    signature = ModelSignature(Schema([TensorSpec("complex128", (-1,))]))
    with pytest.raises(InvalidInput, match="complex128"):
        seen('{"instances": [1]}', signature)


@pytest.mark.parametrize("parameter", ["", "; charset=utf-8", ';charset="UTF-8" ', "; a=b; c=d;"])
def test_media_types(parameter: str) -> None:
    assert media.parse(f"Application/Json{parameter}").name == "application/json"


@pytest.mark.parametrize("header", ["json", "a/b; =x", "a/b c", 'a/b; c="d', "a/b; charset=latin1"])
def test_what_is_no_media_type(header: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        media.parse(header)


def test_every_form_of_the_table_is_on_the_page() -> None:
    """RST-001: the table of codecs and that of the specification are one."""
    from pathlib import Path

    page = (Path(__file__).resolve().parents[3] / "spec" / "scoring-rest.md").read_text()
    for form in TABLE:
        key = f"`{form.key}`" if form.key else chr(0x2013)
        start = f"  | `{form.content_type}` | {key} |"
        end = {"bare": "| bare |", "enveloped": "| with key |"}[form.answer]
        rows = [line for line in page.splitlines() if line.startswith(start) and line.endswith(end)]
        assert len(rows) == 1
        assert form.answer in WRITERS
    assert CONTENT_TYPES == (
        "application/json",
        "application/json; format=pandas-split",
        "application/json; format=pandas-records",
        "text/csv",
        "application/vnd.apache.arrow.stream",
        "application/vnd.apache.arrow.file",
        "application/vnd.apache.parquet",
        "application/x-parquet",
    )


ANY = st.recursive(
    CELLS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)
ROWS = st.lists(
    st.lists(CELLS, max_size=2) | st.dictionaries(NAMES, CELLS, max_size=2) | CELLS, max_size=3
)
VALUES = (
    ROWS
    | st.dictionaries(NAMES, st.lists(CELLS, min_size=1, max_size=2) | CELLS, max_size=3)
    | st.fixed_dictionaries({"columns": st.lists(NAMES, max_size=2), "data": ROWS})
    | ANY
)
PLANS = [
    None,
    columns("double", "string"),
    columns("long"),
    ModelSignature(Schema.from_list([{"type": "any", "name": "c0"}])),
    ModelSignature(Schema([ColSpec("double"), ColSpec("float")])),
    ModelSignature(Schema([TensorSpec("float32", (-1, 2))])),
    ModelSignature(Schema([TensorSpec("object", (-1,), "c0"), TensorSpec("int8", (-1,), "c1")])),
]


@pytest.mark.thorough
@given(
    st.sampled_from(["dataframe_split", "dataframe_records", "instances", "inputs", None]),
    VALUES,
    st.sampled_from(range(len(PLANS))),
)
@settings(max_examples=400)
def test_whatever_is_sent_the_fault_is_never_ours(form: str | None, value: Any, plan: int) -> None:
    from mlmodel.scoring.invocations.protocol import handle

    engine = Engine(lambda _data, _params: None, PLANS[plan])
    body = json.dumps(value if form is None else {form: value}).encode()
    answer = handle(JSON, body, engine)
    assert answer.status in {200, 400}, answer.body
    assert b"ENF-058" not in answer.body


@given(st.text('a",\n1.5 \r:{}[]', max_size=20), st.sampled_from(CONTENT_TYPES))
@settings(max_examples=300)
def test_whatever_text_is_sent_the_fault_is_never_ours(text: str, content_type: str) -> None:
    from mlmodel.scoring.invocations.protocol import handle

    for signature in PLANS:
        answer = handle(content_type, text.encode(), Engine(lambda _, __: None, signature))
        assert answer.status in {200, 400}, answer.body


def test_long_content_types_are_not_kept() -> None:
    for length, is_kept in ((100, True), (300, False)):
        header = f"text/csv; a={'b' * length}"
        first = media.parse(header)
        assert first.name == "text/csv"
        assert (media.parse(header) is first) is is_kept


def test_a_missing_input_tells_no_names_but_the_one_that_is_meant() -> None:
    """ENF-004, ERR-007."""
    signature = ModelSignature(Schema([ColSpec("double", "hue"), ColSpec("double", "alcohol")]))

    def told(names: list[str]) -> str:
        with pytest.raises(InvalidInput) as caught:
            seen(split(str([[1] * len(names)]), *names), signature)
        return str(caught.value)

    assert "3 inputs are given; is 'Hue' meant?" in told(["Hue", "alcohol", "secret"])
    assert "secret" not in told(["Hue", "alcohol", "secret"])
    assert "is 'HUE' meant?" in told(["HUE", "alcohol"])
    assert "1 input is given (ENF-004)." in told(["alcohol"])
    # Looking for it takes time, which a client decides about.
    many = [f"hue{number}" for number in range(2000)]
    assert "2000 inputs are given." in told(many)
    assert "meant" not in told(["hue" * 100, "alcohol"])


def test_one_error_for_data_and_parameters() -> None:
    """ENF-003."""
    signature = ModelSignature(
        Schema([ColSpec("double", "a")]), params=[ParamSpec("top", "long", 3)]
    )
    engine = Engine(lambda data, _: data, signature)
    with pytest.raises(InvalidInput) as caught:
        engine.predict({"b": 1.5}, {"top": 1.5, "x": 1})
    assert [violation.rule for violation in caught.value.details] == [
        "ENF-004",
        "ENF-082",
    ]
    assert "2 problems" in caught.value.message


def test_records_with_gaps_for_numbered_columns() -> None:
    """ENF-012: the gap is found under the number's decimal text."""
    signature = ModelSignature(Schema([ColSpec("double", 0), ColSpec("double", 1)]))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput) as caught:
        seen('{"dataframe_records": [{"0": 1, "1": 2}, {"0": 3}]}', signature)
    assert [(v.rule, v.row) for v in caught.value.details] == [("ENF-004", 1)]  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["boolean", "integer", "long", "float", "double", "string"])
@pytest.mark.parametrize("key", ["dataframe_records", "instances", "inputs"])
def test_no_cell_stands_in_for_what_a_record_lacks(key: str, kind: str) -> None:
    """ENF-004: refused at every type, also where all columns are read at once."""
    cell = {"boolean": "true", "string": '"x"'}.get(kind, "1")
    records = f'[{{"c0": {cell}, "c1": {cell}}}, {{"c0": {cell}}}]'
    with pytest.raises(InvalidInput) as caught:
        seen(f'{{"{key}": {records}}}', columns(kind, kind))
    assert [(v.rule, v.column, v.row) for v in caught.value.details] == [("ENF-004", "c1", 1)]  # type: ignore[union-attr]


@pytest.mark.parametrize("form", ['{"dataframe_records": %s}', "%s", '{"instances": %s}'])
@pytest.mark.parametrize("signature", [None, columns("double")])
def test_records_that_make_a_nearly_empty_table(
    form: str, signature: ModelSignature | None
) -> None:
    """RST-108: a table of rows times keys is not made; keys that are not declared cost nothing."""
    rows = [{f"k{n}": 1, **({"c0": n} if signature else {})} for n in range(3000)]
    body = form % json.dumps(rows)
    if signature is not None:
        assert seen(body, signature)["c0"].tolist() == list(range(3000))
        wide = ModelSignature(
            Schema([ColSpec("double", f"k{n}", required=False) for n in range(3000)])
        )
        with pytest.raises(MalformedRequest, match="RST-108"):
            seen(body, wide)
    elif "instances" not in form:
        with pytest.raises(MalformedRequest, match="RST-108"):
            seen(body, signature)
        assert seen(form % json.dumps([{"a": 1}, {"b": 2}] * 9), None).shape == (18, 2)


@pytest.mark.slow
def test_very_many_columns_without_names() -> None:
    """RST-108, RST-097: the time grows with the header, not with its square."""
    assert seen("," * 60_000 + "\n" + "1," * 60_000 + "1\n", None, "text/csv").shape[0] == 1
