"""Object columns are read all at once where that can be: the answer is that of cell by cell."""

from __future__ import annotations

import warnings
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmodel.errors import InvalidArgument, InvalidInput
from mlmodel.signature.infer.from_data import infer_signature
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.nested import Array
from mlmodel.signature.types.schema import ColSpec, Schema

#: Marks of missing cells. A complex NaN is none, though pandas passes over it.
GAPS: list[Any] = [None, float("nan"), np.nan, pd.NA, pd.NaT, np.float64("nan"), Decimal("nan")]
#: Type -> what it takes, and what it never takes.
CELLS: dict[str, tuple[list[Any], list[Any]]] = {
    "string": (["a", "", "word"], [1.5, 1, True, b"a", complex("nan"), ["a"], np.inf]),
    "boolean": ([True, False], [1.5, "yes", b"a", complex("nan"), [True], np.inf]),
    "double": ([1.5, -0.0, 1e300, np.inf], ["a", True, b"a", complex("nan"), [1.5]]),
}
KINDS = st.sampled_from(sorted(CELLS))
#: Fewer cells are never read by pandas' checks of whole arrays.
MANY = 1000


def frame_of(cells: list[Any], times: int) -> pd.DataFrame:
    held = np.empty(len(cells) * times, object)
    for place in range(len(held)):
        held[place] = cells[place % len(cells)]
    return pd.DataFrame({"x": pd.Series(held, dtype=object)})


def signature_of(kind: Any) -> ModelSignature:
    return ModelSignature(Schema([ColSpec(kind, "x", required=False)]))


def shown(cells: Any) -> list[Any]:
    """Return the cells with their types; all that are missing are one, but for None."""
    plain = [cell.item() if isinstance(cell, np.generic) else cell for cell in cells]
    return [
        cell if cell is None else "missing" if pd.isna(cell) else (type(cell), cell)
        for cell in plain
    ]


@pytest.mark.thorough
@settings(deadline=None)
@given(KINDS, st.data(), st.sampled_from([1, MANY]))
def test_cells_with_gaps(kind: str, data: st.DataObject, times: int) -> None:
    cells = data.draw(st.lists(st.sampled_from(CELLS[kind][0] + GAPS), min_size=1, max_size=6))
    delivered = signature_of(kind).enforce(frame_of(cells, times))["x"]
    if kind == "double":
        cells = [np.nan if cell is None else cell for cell in cells]
    assert len(delivered) == len(cells) * times
    assert shown(delivered.array[: len(cells)]) == shown(cells)


@pytest.mark.thorough
@settings(deadline=None)
@given(KINDS, st.data(), st.sampled_from([1, MANY]))
def test_cells_of_another_kind_are_refused(kind: str, data: st.DataObject, times: int) -> None:
    right, wrong = CELLS[kind]
    cells = data.draw(st.lists(st.sampled_from(right + GAPS), min_size=1, max_size=6))
    place = data.draw(st.integers(0, len(cells)))
    cells.insert(place, data.draw(st.sampled_from(wrong)))
    with pytest.raises(InvalidInput) as raised:
        signature_of(kind).enforce(frame_of(cells, times))
    assert raised.value.violations[0].row == place


def test_a_required_boolean_is_there() -> None:
    """ENF-022."""
    signature = ModelSignature(Schema([ColSpec("boolean", "x")]))
    with pytest.raises(InvalidInput, match="missing"):
        signature.enforce(frame_of([True, None], MANY))


@pytest.mark.parametrize("times", [1, MANY])
@pytest.mark.parametrize(
    ("cells", "mark"),
    [(["a", None], "none"), (["a", np.nan], None), (["a", None, np.nan], None), (["a"], None)],
)
def test_the_mark_of_missing_texts_is_recorded(cells: list[Any], mark: str, times: int) -> None:
    """ENF-093."""
    record = infer_signature(frame_of(cells, times)).delivery
    assert record is not None
    assert {key: one.missing for key, one in record.columns.items()} == (
        {"x": mark} if mark else {}
    )


# -- lists ----------------------------------------------------------------------------------------

ITEMS: dict[str, list[Any]] = {
    "double": [1.5, -2.0],
    "long": [1, 2**53 + 1],
    "boolean": [True, False],
    "string": ["a", ""],
}


@settings(deadline=None)
@given(st.sampled_from(sorted(ITEMS)), st.data())
def test_lists_of_arrow_are_those_of_python(kind: str, data: st.DataObject) -> None:
    """ENF-038."""
    pa = pytest.importorskip("pyarrow")
    lists = st.lists(st.sampled_from(ITEMS[kind]), max_size=3)
    cells = data.draw(st.lists(st.none() | lists, min_size=1, max_size=6))
    item = {
        "double": pa.float64(),
        "long": pa.int64(),
        "boolean": pa.bool_(),
        "string": pa.string(),
    }
    form = data.draw(st.sampled_from([pa.list_, pa.large_list]))(item[kind])
    skipped = data.draw(st.integers(0, len(cells)))
    parts = [pa.array(cells, form)[skipped:], pa.array(cells, form)]
    column = pd.arrays.ArrowExtensionArray(pa.chunked_array(parts))
    nested = data.draw(st.booleans())
    if nested:
        outer = pa.array([cells, None, cells], pa.list_(form))[1:]
        column = pd.arrays.ArrowExtensionArray(pa.chunked_array([outer]))
    due = [None, cells] if nested else cells[skipped:] + cells
    declared: Any = Array(Array(ColSpec(kind, "x").type) if nested else ColSpec(kind, "x").type)
    # Items that are missing are refused wherever they stand.
    if nested and None in cells:
        return
    delivered = signature_of(declared).enforce(pd.DataFrame({"x": column}))["x"]
    assert delivered.tolist() == due
    assert {type(item) for one in delivered if one for item in one} <= {type(ITEMS[kind][0]), list}


@pytest.mark.parametrize("kind", ["double", "long", "boolean"])
def test_missing_items_in_lists_of_arrow(kind: str) -> None:
    """ENF-038: the answer, or the refusal, is that of Python's lists."""
    pa = pytest.importorskip("pyarrow")

    def outcome(column: Any) -> Any:
        try:
            delivered = signature_of(Array(ColSpec(kind, "x").type)).enforce(
                pd.DataFrame({"x": column})
            )
        except InvalidInput as error:
            return str(error)
        return repr(delivered["x"].tolist())

    cells = [[ITEMS[kind][0], None], None, []]
    of_arrow = pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(cells)]))
    assert outcome(of_arrow) == outcome(pd.Series(cells, dtype=object))


@pytest.mark.parametrize(
    ("cells", "is_right"),
    [
        ([np.array([1.5]), np.array([2.5, 3.5])], True),
        ([np.array([1.5]), np.array([2.5], "float32")], True),
        ([np.array([1.5]), np.array([[2.5]])], False),
        ([np.array([1.5]), np.array(2.5)], False),
        ([np.array([1.5]), np.array(["a"])], False),
    ],
)
def test_arrays_in_cells(cells: list[Any], is_right: bool) -> None:
    """ENF-038, ENF-033."""
    held = np.empty(len(cells), object)
    for place, cell in enumerate(cells):
        held[place] = cell
    frame = pd.DataFrame({"x": pd.Series(held)})
    signature = signature_of(Array(ColSpec("double", "x").type))
    if not is_right:
        with pytest.raises(InvalidInput):
            signature.enforce(frame)
        return
    delivered = signature.enforce(frame)["x"]
    assert all(one.dtype == np.float64 for one in delivered)
    assert delivered.array[0] is cells[0]


VALUES: list[Any] = [1, 1.5, True, "a", b"a", None, [1], [1.5, None], [], {"a": 1}, np.array([1.5])]


@settings(deadline=None)
@given(st.lists(st.sampled_from(VALUES), min_size=1, max_size=5))
def test_a_list_in_a_list_has_the_type_of_its_items(cells: list[Any]) -> None:
    """SIG-040: a value of a class of its own is looked at by itself, and changes no type."""

    class Many(list[Any]):
        __slots__ = ()

    def typed(values: list[Any]) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            column = pd.DataFrame({"x": pd.Series([values, values], dtype=object)})
            try:
                return [one.to_dict() for one in infer_signature(column).inputs or ()]
            except InvalidArgument:
                return "refused"

    slow = [
        np.str_(one)
        if isinstance(one, str)
        else np.float64(one)
        if isinstance(one, float)
        else Many(one)
        if isinstance(one, list)
        else one
        for one in cells
    ]
    assert typed(cells) == typed(slow)
