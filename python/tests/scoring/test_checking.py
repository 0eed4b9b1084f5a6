"""Data held against a signature without a model: the same verdict as scoring, every violation."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmodel.errors import InputViolation
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations.checking import Check, check_input
from mlmodel.scoring.invocations.protocol import handle
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.delivery import ColumnDelivery, Delivery
from mlmodel.signature.types.params import ParamSpec
from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

JSON = "application/json"
NESTED = {"type": "array", "items": {"type": "long"}, "name": "a"}
SIGNATURES = [
    None,
    ModelSignature(Schema([ColSpec("long", "a"), ColSpec("double", "b", required=False)])),
    ModelSignature(Schema([ColSpec("string"), ColSpec("boolean")])),
    ModelSignature(Schema.from_list([NESTED])),
    ModelSignature(Schema.from_list([{"type": "any", "name": "a"}])),
    ModelSignature(Schema([TensorSpec("float32", (-1, 2))])),
    ModelSignature(Schema([TensorSpec("int8", (-1,), "a"), TensorSpec("str", (-1,), "b")])),
    ModelSignature(
        Schema(
            [
                TensorSpec("bytes", (-1,)),
            ]
        )
    ),
    ModelSignature(Schema([ColSpec("long", "a")]), params=[ParamSpec("k", "long", 3)]),
]
CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(width=16), st.just("YQ=="),
    st.lists(st.integers(0, 2) | st.none(), max_size=2),
)  # fmt: skip
RECORD = st.dictionaries(st.sampled_from(["a", "b", "z"]), CELLS, max_size=3)
ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=4)
BODIES = st.one_of(
    st.lists(RECORD, max_size=4),
    ROWS,
    st.builds(lambda rows: {"columns": ["a", "b"], "data": rows}, ROWS),
    st.builds(lambda rows: {"dataframe_split": {"data": rows}}, ROWS),
    st.builds(lambda rows: {"instances": rows}, ROWS | st.lists(RECORD | CELLS, max_size=4)),
    st.builds(
        lambda inputs, k: {"inputs": inputs, "params": {"k": k}},
        st.dictionaries(st.sampled_from(["a", "b"]), st.lists(CELLS, max_size=3)) | CELLS,
        CELLS,
    ),
)


@pytest.mark.thorough
@given(BODIES, st.sampled_from(range(len(SIGNATURES))))
@settings(max_examples=400)
def test_the_verdict_is_that_of_scoring(body: Any, which: int) -> None:
    """RST-088."""
    signature = SIGNATURES[which]
    raw = json.dumps(body).encode()
    answer = handle(JSON, raw, Engine(lambda _data, _params: None, signature))
    check = check_input(JSON, raw, signature)
    assert answer.status == (200 if check.error is None else check.error.http_status)
    if check.error is not None:
        told = json.loads(answer.body)
        assert told["error_code"] == check.error.code
        every = {one.rule for one in check.error.details}
        if not every:  # the request as a whole: its rule is in the message (ERR-013)
            every = set(re.findall("[A-Z]{3}-[0-9]{3}", check.error.message))
        assert {one["rule"] for one in told["details"]} <= every
    if check.rows is not None:
        assert check.fitting is not None
        assert 0 <= check.fitting <= check.rows


@pytest.mark.parametrize(
    ("signature", "good", "bad"),
    [
        (SIGNATURES[1], {"a": 1, "b": 1.5}, [{"a": 1.5}, {"b": 2}, {"a": "x", "b": "x"}]),
        (SIGNATURES[3], {"a": [1, 2]}, [{"a": [1.5]}, {"a": ["x", 1.5]}, {"a": 1}]),
    ],
)
def test_rows_that_fit_alone_fit_together(signature: Any, good: Any, bad: list[Any]) -> None:
    records = [good, *bad, good, *bad, *bad]
    check = check_input(JSON, json.dumps(records).encode(), signature)
    assert (check.rows, check.fitting) == (11, 2)
    assert check.error is not None
    found = [one for one in check.error.details if isinstance(one, InputViolation)]
    rows = Counter(one.row for one in found)
    assert set(rows) == {1, 2, 3, 5, 6, 7, 8, 9, 10}
    for place in (1, 2, 3):
        alone = check_input(JSON, json.dumps([records[place]]).encode(), signature)
        assert alone.error is not None
        assert alone.fitting == 0
        assert rows[place] <= len(alone.error.details)
    for one in found:
        assert f"row {one.row}" in one.message


def check_of(body: Any, signature: ModelSignature | None, content_type: str = JSON) -> Check:
    raw = body if isinstance(body, str) else json.dumps(body)
    return check_input(content_type, raw.encode(), signature)


def test_a_row_of_a_tensor_has_several_cells() -> None:
    check = check_of({"instances": [[1, 2], ["x", "y"], [3, None], [5, True]]}, SIGNATURES[5])
    assert check.error is not None
    assert [(one.rule, one.row) for one in check.error.details] == [  # type: ignore[union-attr]
        ("ENF-049", 1),
        ("ENF-049", 1),
        ("ENF-049", 3),
    ]
    assert (check.rows, check.fitting) == (4, 2)


def test_days_are_held_to_the_record_of_delivery() -> None:
    """ENF-094: as a request with the same body would be."""
    days = Delivery({"d": ColumnDelivery(dtype="date")})
    signature = ModelSignature(Schema([ColSpec("datetime", "d")]), delivery=days)
    for row, times in enumerate((["2025-01-01T10:00:00"], ["2025-01-01", "2025-01-02T10:00:00"])):
        check = check_of({"dataframe_records": [{"d": one} for one in times]}, signature)
        assert check.error is not None
        assert check.fitting is None  # no row behind it was looked at
        (wrong,) = check.error.details
        assert isinstance(wrong, InputViolation)
        assert (wrong.rule, wrong.row, wrong.got) == ("ENF-094", row, times[-1])
        assert f"such as 2025-01-0{row + 1}" in wrong.message
    assert check_of({"dataframe_records": [{"d": "2025-01-01"}]}, signature).error is None


def test_a_rule_of_no_row_in_particular_fits_no_row() -> None:
    check = check_of({"dataframe_records": [{"b": 1.5}, {"b": 2.5}]}, SIGNATURES[1])
    assert (check.rows, check.fitting) == (2, 0)
    shape = check_of({"instances": [[1, 2, 3]]}, SIGNATURES[5])
    assert (shape.rows, shape.fitting) == (1, 0)


def test_parameters_are_no_rows() -> None:
    check = check_of({"inputs": {"a": [1, 1.5]}, "params": {"k": [1], "x": 2}}, SIGNATURES[8])
    assert check.error is not None
    assert [one.rule for one in check.error.details] == ["ENF-042", "ENF-083"]
    assert check.warning is not None
    assert "'x'" in check.warning
    assert "ENF-080" in check.warning
    assert (check.rows, check.fitting) == (2, 1)
    fits = check_of({"inputs": {"a": [1]}, "params": {"k": 1.5}}, SIGNATURES[8])
    assert (fits.rows, fits.fitting, fits.warning) == (1, 1, None)
    assert fits.error is not None


def test_csv_and_no_signature() -> None:
    check = check_of("a,b\n1,\nx,1\n2,y\n", SIGNATURES[1], "text/csv")
    assert (check.rows, check.fitting) == (3, 1)
    free = check_of("a,b\n1,\nx,1\n", None, "text/csv")
    assert (free.declares_inputs, free.rows, free.fitting, free.error) == (False, 2, 2, None)


def test_what_cannot_be_read_has_no_rows() -> None:
    for body, content_type, code in (
        ("{", JSON, "MALFORMED_REQUEST"),
        ("[]", "text/xml", "UNSUPPORTED_MEDIA_TYPE"),
    ):
        check = check_of(body, SIGNATURES[1], content_type)
        assert check.error is not None
        assert (check.rows, check.fitting, check.error.code) == (None, None, code)
