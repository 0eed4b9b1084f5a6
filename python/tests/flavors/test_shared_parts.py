"""What flavors share: what a library refuses, parameters of predictions, models that were just written."""

from __future__ import annotations

import pytest

from mlmodel.errors import InvalidInput, UnreadableModel
from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._base import when_asked
from mlmodel.flavors._failures import refused_by


class OfTheLibrary(Exception):
    pass


@pytest.mark.parametrize(
    "error", [ValueError("a"), TypeError("a"), KeyError("a"), IndexError("a"), OfTheLibrary("a")]
)
def test_what_a_library_refuses_is_an_invalid_input(error):
    with pytest.raises(InvalidInput) as caught, refused_by("Lib", "X-001", OfTheLibrary):
        raise error
    assert caught.value.message.startswith("Lib cannot predict on these data: ")
    assert [one.rule for one in caught.value.details] == ["X-001"]
    assert caught.value.__suppress_context__


def test_what_a_library_cannot_is_told_in_words_of_its_own():
    refused = refused_by(
        "Lib", "X-001", of_data=lambda error: error.args == ("a",), words=repr, cannot="run it"
    )
    said = r"^Lib cannot run it: OSError\('a'\)\. \(X-001\)$"
    with pytest.raises(InvalidInput, match=said), refused:
        raise OSError("a")


@pytest.mark.parametrize("of_data", [None, lambda error: str(error) == "of data"])
@pytest.mark.parametrize("error", [RuntimeError("a"), OSError("a"), UnreadableModel("of data")])
def test_what_is_not_of_the_data_stays_what_it_is(error, of_data):
    refused = refused_by("Lib", "X-001", OfTheLibrary, of_data=of_data)
    with pytest.raises(type(error)) as caught, refused:
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(), type("ResourceExhaustedError", (Exception,), {})("no room"),
        type("OutOfMemoryError", (RuntimeError,), {})("CUDA"), ValueError("std::bad_alloc"),
        RuntimeError("[12:00:00] /src/a.cc:3: bad_malloc: Failed to allocate 9 bytes"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"), ValueError("cudaMalloc failed"),
        ValueError("Available memory of 3 is smaller than requested bytes of 9"),
    ],
)  # fmt: skip
def test_a_lack_of_memory_is_not_the_callers_fault(error):
    with pytest.raises(type(error)) as caught, refused_by("Lib", "X-001", Exception):
        raise error
    assert caught.value is error


def test_a_column_whose_name_says_so_is_no_lack_of_memory():
    with pytest.raises(InvalidInput, match="allocation"), refused_by("Lib", "X-001"):
        raise ValueError("no column 'allocation', nor 'allocated'")


def test_parameters_of_a_closed_list_are_told_together():
    known = PredictArguments(("a", "b"), "those of Lib", "X-001")
    assert known.given({"a": 1}) == {"a": 1}
    assert known.among({"a": 1, "c": 2}) == {"a": 1}
    assert not known.takes("c")
    with pytest.raises(InvalidInput) as caught:
        known.given({"c": 1, "b": 3}, {"b": "Parameter 'b' is 1 or 2, not 3."})
    assert [(one.rule, one.column, one.message) for one in caught.value.details] == [
        ("X-001", "c", "Parameter 'c' is not one of those of Lib; known are a, b."),
        ("X-001", "b", "Parameter 'b' is 1 or 2, not 3."),
    ]


def test_parameters_of_a_method_are_its_arguments_beside_the_data():
    def predict(rows, depth=3, **more): ...

    def closed(rows, depth=3): ...

    assert PredictArguments.of_method(predict, ("rows",), "it", "X-001").takes("anything")
    arguments = PredictArguments.of_method(closed, ("rows",), "it", "X-001")
    assert [arguments.takes(name) for name in ("depth", "rows", "more")] == [True, False, False]


def test_a_model_is_opened_when_it_is_asked():
    opened = []

    def open_it():
        opened.append(1)
        return lambda data, params, /: (data, params)

    predict = when_asked(open_it)
    assert opened == []
    assert [predict(1, None), predict(2, {"a": 3})] == [(1, None), (2, {"a": 3})]
    assert opened == [1, 1]
