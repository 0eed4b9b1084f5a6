"""When two answers are equal, and what is said where they are not (FID-002)."""

from __future__ import annotations

import datetime as dt
import decimal
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse

from mlmodel.scoring.fidelity.answers import Incomparable, difference
from mlmodel.scoring.fidelity.data import arrives_otherwise, copied

NOON = dt.datetime(2024, 1, 1, 12)  # noqa: DTZ001 - a moment without a zone


@dataclass
class Point:
    """What a model may answer with."""

    x: float


class Named:
    """An object that is equal to none but itself."""

    def __init__(self, name):
        self.name = name


EQUAL = [
    ([1, 2], np.array([1, 2])),
    ([1.0, 2.0], pd.Series([1.0, 2.0], index=["x", "y"])),
    ([1, 2], np.array([1.0, 2.0])),
    (["a", None], np.array(["a", np.nan], dtype=object)),
    ([None, 1.0], pd.array([pd.NA, 1.0], dtype="Float64")),
    ([pd.NaT], [None]),
    ([0.1 + 0.2], [0.3]),
    (np.array([0.1], dtype="float32"), [0.1]),
    (np.zeros((2, 2)), pd.DataFrame({"a": [0, 0], "b": [0, 0]})),
    (pd.DataFrame({"a": [0.0]}), pd.DataFrame({"a": [0]})),
    (scipy.sparse.csr_matrix([[0, 1]]), np.array([[0, 1]])),
    ([[1, 2], [3]], [np.array([1, 2]), (3,)]),
    ([{"a": [1.0, None]}], [{"a": (1, float("nan"))}]),
    ([NOON], [pd.Timestamp(NOON)]),
    ([dt.timedelta(1)], np.array([24], "timedelta64[h]")),
    (np.array([1], "timedelta64[ns]"), pd.Series([pd.Timedelta(1)])),
    (np.array([1], "timedelta64[Y]"), np.array([12], "timedelta64[M]")),
    ([dt.timedelta.max], [dt.timedelta.max]),
    (np.array([NOON], dtype="datetime64[us]"), [NOON]),
    (pd.Series(["a", "b"], dtype="category"), ["a", "b"]),
    (pd.Series([True, None], dtype="boolean"), [True, None]),
    ({"a": np.ones(2)}, {"a": [1, 1]}),
    ((np.ones(2), np.zeros(2)), (np.ones(2), np.zeros(2))),
    ([Point(1.0)], [Point(1.0)]),
    ([Named("a")], [Named("a")]),
    ("text", "text"),
    (None, None),
    (3, 3.0),
    ([], np.array([])),
    ([float("inf")], [float("inf")]),
    ([2**70], [2**70]),
    ([1 + 2j], [1 + 2j]),
    (np.array([1 + 2j]), [1 + 2j]),
    ([complex("nan")], np.array([complex("nan")])),
    ([Fraction(1, 2)], [0.5]),
    ([2**70], [2.0**70]),
]
OTHER = [
    ([1, 2], [1, 3]),
    ([1, 2], [1, 2, 3]),
    ([1], []),
    ([1], [None]),
    ([1.0], [float("nan")]),
    ([1.0], [1.0 + 1e-8]),
    ([0.0], [1e-11]),
    (np.array([1.0], dtype="float32"), [1.00001]),
    ([float("inf")], [float("-inf")]),
    ([float("inf")], [1.0]),
    ([2**60], [2**60 + 1]),
    (np.array([2**60]), np.array([2**60 + 1])),
    ([True], [1]),
    (np.array([True]), np.array([1])),
    (["1"], [1]),
    ([b"a"], ["a"]),
    ([decimal.Decimal("0.1")], [decimal.Decimal("0.10000000001")]),
    ([decimal.Decimal(1)], [1.0]),
    ([NOON], [NOON + dt.timedelta(microseconds=1)]),
    ([NOON], [NOON.replace(tzinfo=dt.UTC)]),
    ([[1, 2]], [[1, 2, 3]]),
    ([{"a": 1}], [{"a": 1, "b": 2}]),
    ([{"a": 1}], [[1]]),
    ({"a": [1]}, [1]),
    (np.zeros((2, 2)), np.zeros((2, 3))),
    (np.zeros((2, 2)), np.zeros(2)),
    (np.zeros((2, 2, 2)), np.zeros((2, 2, 3))),
    (pd.DataFrame({"a": [0], "b": [1]}), pd.DataFrame({"b": [1], "a": [0]})),
    ((np.ones(2), np.zeros(2)), (np.ones(2), np.ones(2))),
    ([Point(1.0)], [Point(2.0)]),
    ([Named("a")], [Named("b")]),
    ([Named("a")], [Point(1.0)]),
    (None, [1]),
    ("text", "texts"),
    (np.array([1], "timedelta64[s]"), np.array([1], "timedelta64[ns]")),
    (np.array([1], "timedelta64[ns]"), [1]),
    ([dt.timedelta.max], [dt.timedelta.min]),
    ([1 + 2j], [1 + 3j]),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_what_is_equal(one, other):
    """FID-002."""
    assert difference(one, other) is None
    assert difference(other, one) is None


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_is_not(one, other):
    """FID-002."""
    for what in (difference(one, other), difference(other, one)):
        assert what is not None
        assert "by the model itself" in what


def test_moments_are_told_as_moments():
    early, late = (np.array([f"2024-01-0{day}"], "datetime64[ns]") for day in (1, 2))
    assert difference(early, late) == (
        "row 0 is 2024-01-02T00:00:00.000000000, and 2024-01-01T00:00:00.000000000 by the model itself"
    )
    assert "is 86400000000000 nanoseconds" in (difference(late - late, late - early) or "")


#: The same numbers in the containers that models answer with.
CONTAINERS = {
    "list": list,
    "array": np.array,
    "array of objects": lambda cells: np.array(cells, dtype=object),
    "table": lambda cells: np.array([cells, cells]).T,
    "series": pd.Series,
    "frame": lambda cells: pd.DataFrame({"a": cells}),
    "nullable": lambda cells: pd.array(cells, dtype="Float64"),
    "Arrow's of pandas": lambda cells: pd.Series(cells, dtype="float64[pyarrow]"),
    "Arrow's": lambda cells: pa.array(cells, pa.float64()),
    "sparse": lambda cells: scipy.sparse.csr_matrix([cells]).T,
    "lists of one": lambda cells: [[cell] for cell in cells],
    "arrays of one": lambda cells: [np.array([cell]) for cell in cells],
    "mappings": lambda cells: [{"a": cell} for cell in cells],
    "mapping": lambda cells: {"a": cells},
    "complex": lambda cells: np.array(cells, dtype="complex128"),
    "numbers of numpy": lambda cells: [np.float64(cell) for cell in cells],
}


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize(
    ("number", "near", "far"),
    [
        (1.0, 1.0 + 0.9e-9, 1.0 + 1e-9 + 5e-13),
        (0.0, 0.9e-12, 1.1e-12),
        (-1e6, -1e6 - 0.9e-3, -1e6 - 1.001e-3),
        (1e-3, 1e-3 + 0.9e-12, 1e-3 + 1.5e-12),
    ],
)
def test_numbers_are_held_alike_in_every_container(kind, number, near, far):
    """FID-002: the larger of the two tolerances holds, never their sum."""
    made = CONTAINERS[kind]
    given, close, away = made([5.0, number]), made([5.0, near]), made([5.0, far])
    assert difference(given, close) is None
    assert difference(close, given) is None
    assert difference(given, away) is not None
    assert difference(away, given) is not None


SHORT = {
    "array": lambda cells: np.array(cells, dtype="float32"),
    "complex": lambda cells: np.array(cells, dtype="complex64"),
    "series": lambda cells: pd.Series(cells, dtype="float32"),
    "frame": lambda cells: pd.DataFrame({"a": cells}, dtype="float32"),
    "nullable": lambda cells: pd.array(cells, dtype="Float32"),
    "nullable with gaps": lambda cells: pd.array([*cells, None], dtype="Float32"),
    "Arrow's of pandas": lambda cells: pd.Series(cells, dtype="float32[pyarrow]"),
    "Arrow's": lambda cells: pa.array(cells, pa.float32()),
    "numbers of numpy": lambda cells: [np.float32(cell) for cell in cells],
    "series in a list": lambda cells: [pd.Series(cells, dtype="float32")],
    "arrays in mappings": lambda cells: [{"a": np.array(cells, dtype="float32")}],
}


@pytest.mark.parametrize("kind", SHORT)
def test_floats_of_32_bits_in_every_container(kind):
    """FID-002."""
    made = SHORT[kind]
    assert difference(made([5.0, 1.0]), made([5.0, 1.0 + 5e-7])) is None
    assert difference(made([5.0, 1.0]), made([5.0, 1.0 + 5e-6])) is not None


def test_floats_of_16_bits_are_held_at_64():
    """FID-002: at 16 bits the tolerances themselves would be rounded, 1e-7 up to 2 ** -23."""
    none, least, largest = np.array([0.0, 2**-23, 65504], dtype="float16").reshape(3, 1)
    assert difference(none, least) is not None
    assert difference(largest, -largest) is not None
    assert difference(largest, [65504.05]) is None


def test_floats_of_32_bits_may_be_declared():
    """FID-002: data that were rounded on their way in are answered to that precision."""
    assert difference([1.0], [1.0 + 1e-7]) is not None
    assert difference([1.0], [1.0 + 1e-7], single=True) is None
    assert difference(np.array([1.0]), np.array([1.0 + 1e-7]), single=True) is None
    assert difference([1.0], [1.0 + 1e-5], single=True) is not None


def test_what_is_used_up_by_looking_is_left_alone():
    """FID-006."""
    with pytest.raises(Incomparable):
        difference(iter([1]), iter([1]))
    large = scipy.sparse.csr_matrix((10_000, 10_000))
    with pytest.raises(Incomparable):
        difference(large, large)


FRAME = pd.DataFrame({"a": [1.0, np.nan], "t": ["x", None], "l": [[1], [2]]})


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (FRAME.astype({"a": "float32"}), "column 'a' is given as float64 and arrives as float32"),
        (FRAME.assign(t=["x", np.nan]), "in column 't', row 1, None is given and nan arrives"),
        (FRAME.assign(l=[[1], [2.0]]), "in column 'l', row 1, [2] is given and [2.0] arrives"),
        (FRAME.rename(columns={"a": "b"}), "the columns ['a', 't', 'l'] are given and ['b', "),
        (FRAME.head(1), "2 rows are given and 1 arrive"),
        (FRAME.set_axis([5, 6]), "rows with the labels [0, 1] are given, and [5, 6] arrive"),
        (FRAME.to_dict("list"), "a DataFrame is given and a dict arrives"),
    ],
    ids=str,
)
def test_what_arrives_otherwise(other, said):
    """FID-004."""
    assert said in str(arrives_otherwise(FRAME, other))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (pd.Series([1.0, 2.0], name="a"), None),
        (pd.Series([1, 2], name="a"), "column 'a' is given as float64 and arrives as int64"),
        (pd.Series([1.0, 3.0], name="a"), "in column 'a', row 1, 2.0 is given and 3.0 arrives"),
        (pd.Series([1.0, 2.0], name="b"), "the columns ['a'] are given and ['b'] arrive"),
        (pd.Series([1.0, 2.0], [5, 6], name="a"), "rows with the labels [0, 1] are given, and"),
    ],
    ids=str,
)
def test_what_of_a_series_arrives_otherwise(other, said):
    """FID-004."""
    what = arrives_otherwise(pd.Series([1.0, 2.0], name="a"), other)
    assert what is None if said is None else said in str(what)


def test_lists_in_a_series_are_copied_too():
    """FID-006."""
    for given in (FRAME["l"], FRAME["l"].rename(None)):
        own = copied(given)
        own[0].append(5)
        assert given[0] == [1]
        assert own.name == given.name


@pytest.mark.parametrize(
    "data", [FRAME, FRAME["a"], FRAME["l"], np.array([1.0, np.nan]), np.array(["a", None], dtype=object), [1, None], {"a": [1]}],
    ids=str,
)  # fmt: skip
def test_a_copy_arrives_alike_and_is_its_own(data):
    """FID-006."""
    own = copied(data)
    assert arrives_otherwise(data, own) is None
    assert own is not data


def test_arrays_that_differ():
    one = np.array([1.0, 2.0])
    assert "array of float64 and shape [2]" in str(arrives_otherwise(one, one.astype("int64")))
    assert arrives_otherwise(one, one + 1) == "the values differ"
    assert arrives_otherwise([1.0], [2.0]) == "the value differs"


@pytest.mark.parametrize(("there", "where"), [(["x", "y"], None), (["x", "z"], "row 1")])
def test_arrays_by_name_are_the_columns_of_a_frame(there, where):
    """FID-002: an array by name has a row per element."""
    found = difference({"u": np.array(["x", "y"], object)}, pd.DataFrame({"u": there}))
    assert (found is None) if where is None else where in str(found)
