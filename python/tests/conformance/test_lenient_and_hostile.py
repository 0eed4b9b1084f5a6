"""The comparison: what it leaves out when it is lenient, and answers of any shape."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.runner.cases import read_vectors
from conformance.runner.compare import differences


def _violations(*items):
    return {"valid": False, "violations": list(items)}


def _details(*items):
    return {"error": "INVALID_INPUT", "details": list(items)}


ONE = {"rule": "MLM-001", "line": 1, "column": 1, "got": "1", "expected": "2", "severity": "error"}
TWO = {"rule": "MLM-002", "line": 2, "column": 7, "severity": "error"}
CHANGES = [{"rule": "SIG-001", "name": "a"}, {"rule": "SIG-002", "name": "b"}]

FREE = [
    (_violations(ONE), _violations({"rule": "MLM-001", "severity": "error"})),
    (_violations(ONE), _violations({**ONE, "line": 9, "column": None, "got": 1, "expected": 0})),
    (_violations(ONE, TWO), _violations(TWO, ONE)),
    (_violations({"rule": "MLM-001"}, ONE), _violations(ONE, {"rule": "MLM-001"})),
    (_details({"rule": "ENF-001", "got": "1"}), _details({"rule": "ENF-001"})),
    ({"changes": CHANGES}, {"changes": CHANGES[::-1]}),
]
BOUND = [
    (_violations(ONE), _violations({"rule": "MLM-002", "severity": "error"})),
    (_violations(ONE), _violations({**ONE, "severity": "warning"})),
    (_violations(ONE, TWO), _violations(ONE)),
    (_violations(ONE, TWO), _violations(ONE, ONE)),
    (_violations(ONE), _violations(ONE, TWO)),
    # A column of data is what is at fault, and no place in a text.
    (_details({"rule": "ENF-001", "column": "a"}), _details({"rule": "ENF-001", "column": "b"})),
    (_details({"rule": "ENF-001", "row": 1}), _details({"rule": "ENF-001", "row": 2})),
    ({"changes": CHANGES}, {"changes": [CHANGES[0], CHANGES[0]]}),
    ({"data": {"value": [1, 2]}}, {"data": {"value": [2, 1]}}),
    ({"valid": True}, {"valid": False}),
]


@pytest.mark.parametrize(("expected", "result"), FREE)
def test_places_and_order_are_free_when_lenient(expected, result):
    assert differences(expected, result, lenient=True) == []
    assert differences(expected, result)


@pytest.mark.parametrize(("expected", "result"), BOUND)
def test_what_is_at_fault_is_not(expected, result):
    assert differences(expected, result, lenient=True)


def test_items_are_matched_so_that_most_fit():
    """The first fits both, the second one alone: who takes the first that fits finds one wrong."""
    expected = _violations({"rule": "MLM-001"}, {"rule": "MLM-001", "severity": "error"})
    result = _violations(
        {"rule": "MLM-001", "severity": "error"}, {"rule": "MLM-001", "severity": "warning"}
    )
    assert differences(expected, result, lenient=True) == []


@pytest.mark.thorough
@pytest.mark.parametrize("lenient", [True, False])
def test_every_expectation_meets_itself(lenient):
    """It is a self-test of the comparison, with every case that there is."""
    for case in read_vectors().cases:
        assert differences(case.expected, case.expected, lenient=lenient) == [], case.id


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
EXPECTED = [
    {"data": {"columns": [{"name": "a", "dtype": dtype, "values": [1]}]}}
    for dtype in ("float64", "float32", "int64", "datetime64[ns]")
] + [
    {"data": {"tensor": {"dtype": "float32", "shape": [1], "values": [1.5]}}},
    {"data": {"tensors": {"x": {"dtype": "bool", "shape": [1], "values": [True]}}}},
    {"data": {"value": [{"a": 1}]}},
    _violations(ONE, TWO),
    {"changes": CHANGES},
    {"status": 200, "body": {"predictions": [1]}},
]


def _replaced(value, at, by):
    """Return a copy in which the part at a path is another."""
    if not at:
        return by
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = _replaced(value[at[0]], at[1:], by)
    return copy


def _paths(value, at=()):
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()  # fmt: skip
    for key, inner in items:
        yield from _paths(inner, (*at, key))


SPOTS = [(expected, at) for expected in EXPECTED for at in _paths(expected) if at]


@given(st.sampled_from(SPOTS), JSON, st.booleans())
def test_no_answer_stops_the_comparison(spot, other, lenient):
    expected, at = spot
    result = _replaced(expected, at, other)
    found = differences(expected, result, lenient=lenient)
    assert all(isinstance(line, str) for line in found)
    if json.dumps(result) == json.dumps(expected):
        assert found == []


@pytest.mark.parametrize(
    "value",
    [10**400, -(10**400), "1e999", "2020-13-45", [], {}, True],
    ids=lambda value: str(value)[:8],
)
@pytest.mark.parametrize("dtype", ["float64", "float32", "datetime64[ns]", "int64"])
def test_values_that_no_dtype_holds_are_different(dtype, value):
    expected = {"data": {"columns": [{"name": "a", "dtype": dtype, "values": [1]}]}}
    result = {"data": {"columns": [{"name": "a", "dtype": dtype, "values": [value]}]}}
    assert differences(expected, result)
