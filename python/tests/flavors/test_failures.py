"""What a library says when it fails, as one line of ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    UnreadableModel,
    WriteFailed,
)
from mlmodel.flavors._failures import brief, cannot_be_read, cannot_be_saved, refused_by

FILE = Path("/srv/models/m/model.bin")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Unknown objective.\nStack trace:\n  [bt] (0) lib.so", "Unknown objective"),
        ("[12:34:56] /build/src/learner.cc:77: Check failed: a == b (1 vs. 2) : ", "Check failed: a == b (1 vs. 2)"),
        ("[LibraryError] : 7 : INVALID_PROTOBUF : no graph", "INVALID_PROTOBUF : no graph"),
        ("in /srv/models/m/model.bin and /srv/models/m/sub", "in model.bin and ./sub"),
        ("/build/c_api.cc:12:  no such field. ", "no such field"),
        ("\n Unknown objective\nStack trace", "Unknown objective"),
        ("[Errno 2] no such file", "[Errno 2] no such file"),
        ("[0] is not a column", "[0] is not a column"), ("['a'] not in index", "['a'] not in index"),
        ("", "ValueError"), (" \n", "ValueError"), ("x" * 999, "x" * 300),
    ],
)  # fmt: skip
def test_a_message_is_its_first_line_without_paths_and_codes(text, said):
    assert brief(ValueError(text), FILE) == said


@pytest.mark.parametrize(
    "error", [ValueError("a"), RuntimeError("a"), TypeError("a"), OSError("a")]
)
def test_what_cannot_be_read_is_an_invalid_model(error):
    with (
        pytest.raises(InvalidModel) as caught,
        cannot_be_read("m.bin", "is not a model", "X-001"),
    ):
        raise error
    assert caught.value.message == "m.bin is not a model: a (X-001)."
    assert [(one.rule, one.file) for one in caught.value.details] == [("X-001", "m.bin")]
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(("rule", "said"), [("", "No: a"), ("X-001", r"No: a \(X-001\)")])
def test_what_cannot_be_saved_is_an_invalid_argument(rule, said):
    with pytest.raises(InvalidArgument, match=f"^{said}$"), cannot_be_saved("No", rule):
        raise RuntimeError("a")


@pytest.mark.parametrize(
    "error", [UnreadableModel("a"), MemoryError(), KeyboardInterrupt(), WriteFailed("a")]
)
def test_what_is_no_failure_of_the_library_stays_what_it_is(error):
    for turned in (cannot_be_read("f", "w", "X-001"), cannot_be_saved("No")):
        with pytest.raises(type(error)) as caught, turned:
            raise error
        assert caught.value is error


def test_a_full_disk_stays_one():
    with pytest.raises(OSError, match="full") as caught, cannot_be_saved("No"):
        raise OSError(28, "full")
    assert type(caught.value) is OSError


_REASON = "invalid literal for int() with base 10: 'b'"


@pytest.mark.parametrize(
    ("outer", "by", "said"),
    [
        ("perhaps a table is needed", "cause", _REASON),
        # statsmodels 0.14.0 repeats the reason, and does not raise from it.
        (f"a table is needed\nThe error was:\n{_REASON}", "words", _REASON),
        ("'b' has to be there", "nothing", "'b' has to be there"),
    ],
)
def test_what_is_told_of_data_is_the_reason_and_not_what_stands_before_it(outer, by, said):
    def fail():
        try:
            int("b")
        except ValueError as reason:
            if by == "cause":
                raise ValueError(outer) from reason
            raise ValueError(outer)  # noqa: B904 - as the library does

    with (
        pytest.raises(InvalidInput, match=rf"data: {re.escape(said)}\. \(X-001\)"),
        refused_by("it", "X-001"),
    ):
        fail()


class OfTheLibrary(Exception):
    pass


@pytest.mark.parametrize("error", [ValueError, TypeError, KeyError, IndexError, OfTheLibrary])
def test_what_a_library_says_of_data_is_told(error):
    with (
        pytest.raises(InvalidInput, match=r"^Abc cannot predict on these data: '?a'?\. \(X-001\)$"),
        refused_by("Abc", "X-001", OfTheLibrary),
    ):
        raise error("a")


def test_what_a_library_cannot_is_told_in_words_of_its_own():
    refused = refused_by(
        "Lib", "X-001", of_data=lambda error: error.args == ("a",), words=repr, cannot="run it"
    )
    said = r"^Lib cannot run it: OSError\('a'\)\. \(X-001\)$"
    with pytest.raises(InvalidInput, match=said), refused:
        raise OSError("a")


def test_what_is_not_of_the_data_by_what_says_so_stays_what_it_is():
    error = OSError("a")
    refused = refused_by("Abc", "X-001", of_data=lambda one: str(one) == "of data")
    with pytest.raises(OSError, match="a") as caught, refused:
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    "error",
    [
        OfTheLibrary("a"), RuntimeError("a"), MemoryError(), UnreadableModel("a"), InvalidInput("a"),
        ValueError("Unable to allocate 9 TiB"), ValueError("bad_alloc"),
        ValueError("Memory allocation failed"), ValueError("allocation of 8,589,934,592 bytes failed"),
        ValueError("CUDA error: out of memory"), ValueError("Out of memory while the table is made"),
    ],
)  # fmt: skip
def test_what_no_data_can_be_the_reason_of_stays_what_it_is(error):
    with pytest.raises(type(error)) as caught, refused_by("Abc", "X-001"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    "error",
    [
        type("ResourceExhaustedError", (Exception,), {})("no room"),
        type("OutOfMemoryError", (RuntimeError,), {})("CUDA"),
        RuntimeError("[12:00:00] /src/a.cc:3: bad_malloc: Failed to allocate 9 bytes"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"), ValueError("cudaMalloc failed"),
        ValueError("Available memory of 3 is smaller than requested bytes of 9"),
    ],
)  # fmt: skip
def test_a_lack_of_memory_is_none_of_the_data_s_whatever_counts_as_theirs(error):
    with pytest.raises(type(error)) as caught, refused_by("Abc", "X-001", Exception):
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    "error",
    [
        KeyError("allocation"), KeyError("out of memory"), KeyError("Allocator"),
        ValueError("the columns allocation, memory are missing"), ValueError("'allocation' has texts"),
    ],
)  # fmt: skip
def test_names_of_columns_are_no_lack_of_memory(error):
    with pytest.raises(InvalidInput, match="X-001"), refused_by("Abc", "X-001"):
        raise error


def test_a_reason_of_another_kind_is_not_told_in_its_place():
    with pytest.raises(InvalidInput, match=": may be"), refused_by("Abc", "X-001"):
        raise ValueError("may be") from KeyError("why")
