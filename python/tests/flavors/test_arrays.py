"""What graphs that declare their inputs are given: in the declared dtype, or refused (ONX-008)."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from mlmodel.errors import InvalidInput
from mlmodel.flavors._arrays import ArrayInput, ArrayInputs, answer, framed

NAN = float("nan")


def inputs(*declared, **options):
    """Return inputs of (name, dtype, sizes)."""
    found = [ArrayInput.declared(*one) for one in declared]
    return ArrayInputs(found, names_rule="X-001", cast_rule="X-002", **options)


def one(dtype, sizes=(None,)):
    return inputs(("x", dtype, sizes))


KEPT = [
    ("float32", np.array([1.5, NAN]), np.array([1.5, NAN], "f4")),
    ("float32", np.array([2**24]), np.array([2.0**24], "f4")),
    ("float64", np.array([2**53]), np.array([2.0**53])),
    ("int64", np.array([3.0, -2.0]), np.array([3, -2])),
    ("int8", np.array([127, -128]), np.array([127, -128], "i1")),
    ("uint64", np.array([5]), np.array([5], "u8")),
    ("float32", np.array([1, None], object), np.array([1, NAN], "f4")),
    ("float32", np.array([None, None], object), np.array([NAN, NAN], "f4")),
    ("int64", np.array([1, 2], object), np.array([1, 2])),
    ("bool", np.array([True, False], object), np.array([True, False])),
    ("object", np.array(["a", "b"]), np.array(["a", "b"], object)),
    ("object", ["a\0", "b"], np.array(["a\0", "b"], object)),
    ("object", [], np.array([], object)),
    ("bool", [], np.array([], bool)),
    ("float32", [1.5, 2.5], np.array([1.5, 2.5], "f4")),
]


@pytest.mark.parametrize(("dtype", "given", "due"), KEPT)
def test_values_that_an_input_has_are_taken(dtype, given, due):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        array = one(dtype).of(given)["x"]
    assert array.dtype == due.dtype
    assert np.array_equal(array, due, equal_nan=due.dtype.kind == "f")


LOST = [
    (
        "int64",
        np.array([1.0, 1.5]),
        r"x.* is int64, .*\(float64\).*: 1\.5 at \[1\] is not a value of int64",
    ),
    ("int64", np.array([1.0, NAN]), r": nan at \[1\] is not a value of int64"),
    ("float32", np.array([NAN, 1e300]), r": 1e\+300 at \[1\] is not a value of float32"),
    ("float32", np.array([1, 2**24 + 1]), r": 16777217 at \[1\] is not a value"),
    ("float64", np.array([2**53 + 1]), r": 9007199254740993 at \[0\]"),
    ("int8", np.array([127, 128]), r": 128 at \[1\] is not a value of int8"),
    ("uint64", np.array([5, -1]), "cannot be converted to it exactly"),
    ("int64", np.array([2**63], "u8"), "cannot be converted to it exactly"),
    ("bool", np.array([1, 0]), "; give bool"),
    ("int64", np.array([True]), "; give int64"),
    ("int64", np.array(["1"]), "; give int64"),
    ("int64", np.array([1, None], object), "cannot be converted"),
    ("bool", np.array([True, None], object), "cannot be converted"),
    ("float32", np.array([True, None], object), "cannot be converted"),
    ("float32", np.array([1.5, "a"], object), "cannot be converted"),
    ("float64", np.array([2**53 + 1, 0.5], object), "cannot be converted"),
    ("object", "ab", "mapping of these names"),
    ("object", b"ab", "mapping of these names"),
    ("object", np.array([1, 2]), "is text, .*; give text"),
    ("object", np.array(["a", 1], object), "is text, .*; give text"),
    ("object", np.array(["a", None], object), "is text, .*; give text"),
]


@pytest.mark.parametrize(("dtype", "given", "message"), LOST)
def test_values_that_an_input_has_not_are_refused(dtype, given, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        one(dtype).of(given)
    place = "x" if hasattr(given, "dtype") else None
    assert [(told.rule, told.column) for told in caught.value.details] == [("X-002", place)]


def test_rounding_is_said_once_unless_the_library_does_it():
    given = np.array([0.1])
    taken = one("float32")
    with pytest.warns(UserWarning, match=r"'x' of the graph is float32.*float64.*\(X-002\)"):
        assert taken.of(given)["x"][0] == np.float32(0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        taken.of(given)
        inputs(("x", "float32", [None]), rounds=True).of(given)


SHAPES = [
    ([None], np.zeros((3, 1)), (3,)),
    ([None, 1], np.zeros(3), (3, 1)),
    ([None, 2], np.zeros((3, 2)), (3, 2)),
    ([3, None], np.zeros((3, 2)), (3, 2)),
    (None, np.zeros((3, 2, 1)), (3, 2, 1)),
    ([], np.float64(3), None),
    ([None, 2, None], np.zeros(0), (0, 2, 0)),
    ([None, 2], np.zeros((0, 5)), (0, 2)),
]


@pytest.mark.parametrize(("sizes", "given", "due"), SHAPES)
def test_arrays_have_the_declared_axes(sizes, given, due):
    if due is None:
        with pytest.raises(InvalidInput, match=r"mapping of these names.*X-002"):
            one("float64", sizes).of(given)
        assert one("float64", sizes).of({"x": given})["x"].shape == ()
    else:
        assert one("float64", sizes).of(given)["x"].shape == due


@pytest.mark.parametrize(
    ("sizes", "given"),
    [
        ([None], np.zeros((3, 2))), ([None, 2], np.zeros(2)), ([None, 2], np.zeros((3, 3))),
        ([2, None], np.zeros((3, 3))), ([3], np.zeros(0)), ([None, 1, 1], np.zeros((3, 1))),
    ],
)  # fmt: skip
def test_other_axes_are_refused(sizes, given):
    shape = [-1 if size is None else size for size in sizes]
    with pytest.raises(InvalidInput) as caught:
        one("float64", sizes).of(given)
    assert f"has the shape {shape} (-1 = any), {list(given.shape)} given" in str(caught.value)


def test_lists_of_texts_keep_their_ends_and_lengths():
    for given in (["a\0", "b"], [["a\0"], ["b"]], [["a\0", "c"], ["b", "d"]]):
        taken = one("object", [None] * np.ndim(given)).of(given)["x"]
        assert taken.tolist() == given
    with pytest.raises(InvalidInput, match=r"'x': the rows given have different lengths"):
        one("object", [None, None]).of([["a", "b"], ["c"]])


def test_rows_of_different_lengths_are_refused():
    for given in ([[1.0], [1.0, 2.0]], {"x": [[1.0], [1.0, 2.0]]}):
        with pytest.raises(InvalidInput, match=r"'x': the rows given have different lengths"):
            one("float64", [None, None]).of(given)
    frame = pd.DataFrame({"x": [[1.0], [1.0, 2.0]]})
    with pytest.raises(InvalidInput, match=r"'x' .*cannot be converted"):
        one("float64", [None, None]).of(frame)


TWO = (("a", "float64", [None]), ("b", "float64", [None]))


def test_several_inputs_are_known_by_name():
    due = {"a": [1.0, 2.0], "b": [3.0, 4.0]}
    frame = pd.DataFrame(due)
    forms = (
        frame[["b", "a"]], frame.assign(c=0), frame.to_dict("records"), due,
        {name: np.array(values) for name, values in due.items()},
    )  # fmt: skip
    for given in forms:
        taken = inputs(*TWO).of(given)
        assert {name: array.tolist() for name, array in taken.items()} == due
    taken = inputs(*TWO).of({"a": 1.0, "b": 3.0})  # one row
    assert {name: array.tolist() for name, array in taken.items()} == {"a": [1.0], "b": [3.0]}
    for given in (frame[["a"]], {"a": [1.0]}, [{"a": 1.0}]):
        with pytest.raises(InvalidInput, match=r"inputs of the graph are missing.*b \(X-001\)"):
            inputs(*TWO).of(given)
    for given in (np.zeros((2, 2)), [[1.0, 2.0]], "ab", 3.0):
        with pytest.raises(InvalidInput, match=r"has the inputs a, b: give a DataFrame.*X-002"):
            inputs(*TWO).of(given)


def test_a_single_input_takes_all_columns():
    frame = pd.DataFrame({"b": [1.0, 2.0], "a": [3, 4]})
    for given in (frame, frame.to_dict("records"), frame.to_dict("list"), frame.convert_dtypes()):
        assert one("float64", [None, 2]).of(given)["x"].tolist() == [[1, 3], [2, 4]]
    # A column of its name is the whole of it, unless it is one of as many as there are to be.
    named = frame.rename(columns={"a": "x"})
    assert one("float64", [None]).of(named)["x"].tolist() == [3, 4]
    assert one("float64", [None, 2]).of(named)["x"].tolist() == [[1, 3], [2, 4]]
    assert one("float64").of({"x": 5.0})["x"].tolist() == [5]
    assert one("float64").of({"other": [5.0]})["x"].tolist() == [5]
    assert one("float64", [None, 2]).of({"b": 1.0, "a": 3})["x"].tolist() == [[1, 3]]


def test_columns_of_several_dtypes_are_each_exact():
    frame = pd.DataFrame({"a": [2**53 + 1], "b": [0.5]})
    with pytest.raises(InvalidInput, match=r"9007199254740993 at \[0\] is not a value"):
        one("float64", [None, 2]).of(frame)
    assert one("float64", [None, 2]).of(frame - 1)["x"].tolist() == [[2**53, -0.5]]


def test_a_graph_that_does_not_say_its_axes_takes_rows_and_columns():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4]})
    assert one("float64", None).of(frame)["x"].tolist() == [[1, 3], [2, 4]]
    assert one("float64", None).of(frame[["a"]])["x"].tolist() == [[1], [2]]
    assert one("float64", None).of(frame[["a"]].convert_dtypes())["x"].tolist() == [[1], [2]]


def test_as_many_columns_as_the_first_of_several_inputs_has():
    both = inputs(("a", "float64", [None, 2]), ("b", "float64", [None, 1]))
    taken = both.of(pd.DataFrame({"b": [5.0, 6.0], "a": [[1.0, 2.0], [3.0, 4.0]]}))
    assert {name: array.tolist() for name, array in taken.items()} == {
        "a": [[1, 2], [3, 4]], "b": [[5], [6]],
    }  # fmt: skip


def test_optional_inputs_may_be_left_out_of_a_frame():
    either = [ArrayInput.declared(name, "float64", [None], optional=True) for name in "ab"]
    taken = ArrayInputs(either, names_rule="X-001", cast_rule="X-002").of(pd.DataFrame({"b": [1]}))
    assert {name: array.tolist() for name, array in taken.items()} == {"b": [1]}


def test_cells_are_arrays():
    cells = pd.DataFrame({"x": [[1.0, 2.0], (3.0, 4.0)]})
    for given in (cells, pd.DataFrame({"x": [np.array([1.0, 2.0]), np.array([3.0, 4.0])]})):
        assert one("float64", [None, 2]).of(given)["x"].tolist() == [[1, 2], [3, 4]]


def test_optional_inputs_and_sequences_come_from_mappings_alone():
    declared = [
        ArrayInput.declared("a", "float64", [None]),
        ArrayInput.declared("more", "float64", [None], optional=True),
        ArrayInput.declared("parts", "float64", [None], sequence=True),
    ]
    both = ArrayInputs(declared, names_rule="X-001", cast_rule="X-002")
    assert list(both.inputs) == ["a", "parts"]
    taken = both.of({"a": [1.0], "parts": [[1], [2, 3]]})
    assert [part.tolist() for part in taken["parts"]] == [[1], [2, 3]]
    assert all(part.dtype == np.float64 for part in taken["parts"])
    assert both.of({"a": [1.0], "more": None, "parts": []})["more"] is None
    only = ArrayInputs(declared[1:2], names_rule="X-001", cast_rule="X-002")
    assert list(only.inputs) == ["more"]
    assert only.of({}) == {}


def test_one_cell_is_no_input_that_has_axes():
    """ONX-008: beside an input that has none, whose cell may come as it is."""
    both = inputs(("x", "float32", (None,)), ("n", "int64", ()))
    taken = both.of({"x": [1.0], "n": 3})
    assert (taken["x"].tolist(), taken["n"].tolist()) == ([1], 3)
    with pytest.raises(InvalidInput, match=r"'x' has the shape \[-1\].*, \[\] given.*X-002"):
        both.of({"x": 1.0, "n": 3})


def test_truth_values_are_numbers_where_the_library_takes_them_so():
    given = np.array([True, False])
    taken = inputs(("x", "float32", (None,)), takes_truths=True).of(given)["x"]
    assert (taken.dtype, taken.tolist()) == (np.float32, [1, 0])
    with pytest.raises(InvalidInput, match="bool.*X-002"):
        one("float32").of(given)


def test_what_is_no_array_is_handed_on():
    given = object()
    assert one(None, None).of({"x": given})["x"] is given


ANSWERED = pd.DataFrame({"a": [1, 2]}, index=[7, 3])


def test_answers_with_a_value_for_each_row_make_a_frame():
    outputs = {"y": np.array([1.0, 2.0]), "z": np.array([[1], [2]]), "w": np.ones((2, 2))}
    told = answer(ANSWERED, outputs)
    assert told["y"].tolist() == [1, 2]
    assert told["z"].tolist() == [1, 2]
    assert [cell.tolist() for cell in told["w"]] == [[1, 1], [1, 1]]
    for other in (np.float64(3), np.ones(3), 3.0):
        assert answer(ANSWERED, {**outputs, "v": other})["v"] is other
    assert answer(np.ones(2), outputs) is outputs


def test_answers_to_a_frame_have_its_index():
    for given, due in (
        (np.ones(2), {0: [1, 1]}), (np.ones((2, 2)), {0: [1, 1], 1: [1, 1]}),
        ({"y": np.ones(2), "z": np.ones((2, 1))}, {"y": [1, 1], "z": [1, 1]}),
    ):  # fmt: skip
        told = framed(given, ANSWERED)
        assert told.to_dict("list") == due
        assert told.index.tolist() == [7, 3]
        assert framed(given, None) is given
    deep = framed(np.ones((2, 2, 2)), ANSWERED)
    assert [cell.shape for cell in deep[0]] == [(2, 2), (2, 2)]
    assert deep.index.tolist() == [7, 3]
    without_names = [np.ones((2, 2)), np.ones((2, 2))], (np.ones(2), np.ones((2, 3)))
    without_rows = np.float32(3), np.ones(()), np.ones((1, 2)), np.ones((3, 2, 2))
    of_a_name = {"y": np.ones(2), "z": np.float64(3)}, {"y": np.ones(3)}
    for odd in (*without_names, *without_rows, *of_a_name):
        assert framed(odd, ANSWERED) is odd
