"""Columns that go to the JVM: what has no bytes there is refused, and nothing changes (MLP-007)."""

from __future__ import annotations

import numpy as np
import pytest

from mlmodel.bridges.jvm.columns import Kind, NotWritten, read, written
from mlmodel.signature.data.arrays import object_array


def tensor(*sizes, of="double"):
    return Kind("a", of, "tensor", dimensions=sizes)


def sent(kind, *cells):
    return b"".join(written(kind, object_array(cells)))


def values(kind, *cells):
    """The numbers in the bytes of cells none of which is missing."""
    return np.frombuffer(sent(kind, *cells), "<f8", offset=1 + 4 * (len(cells) + 1)).tolist()


MATRIX = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


@pytest.mark.parametrize("sizes", [(2, 3), (-1, 3), (2, -1)])
def test_a_tensor_of_the_sizes(sizes):
    """-1 is any size."""
    assert values(tensor(*sizes), MATRIX) == [1, 2, 3, 4, 5, 6]
    assert values(tensor(*sizes), np.array(MATRIX)) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("sizes", [(), (-1,), (3,)])
def test_a_vector_of_the_size(sizes):
    assert values(tensor(*sizes), [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("sizes", [(-1, 3), (-1,), ()])
def test_a_tensor_without_values(sizes):
    assert values(tensor(*sizes), []) == []


@pytest.mark.parametrize("of", ["double", "string"])
def test_tensors_with_several_open_axes(of):
    """Their sizes go with them, and come back."""
    a, b = (1.0, 2.0) if of == "double" else ("a", "bc")
    kind = tensor(-1, 2, -1, of=of)
    cells = [[[[a, b], [b, a]]], None, [[[a], [b]], [[b], [b]]], [], [[[], []]]]
    data = sent(kind, *cells)
    sizes = np.frombuffer(data, "<i4", 15, offset=1 + 5 + 4 * 6)
    assert sizes.reshape(5, 3).tolist() == [[1, 2, 2], [0, 0, 0], [2, 2, 1], [0, 2, 0], [1, 2, 0]]
    answer = np.array([len(cells)], "<i4").tobytes() + data
    assert read(answer, 0, [kind])["a"].tolist() == cells


@pytest.mark.parametrize(
    ("sizes", "cell", "said"),
    [
        (
            (2, 3),
            [[1, 2], [3, 4], [5, 6]],
            r"has values of \[3, 2\], and the bundle takes \[2, 3\]",
        ),
        ((2, 3), [[1, 2, 3, 4, 5, 6]], r"has values of \[1, 6\]"),
        ((2, 3), [1, 2, 3, 4, 5, 6], r"has values of \[6\]"),
        ((2, 3), [], r"has values of \[0\]"),
        ((-1, 3), [[1, 2], [3, 4], [5, 6]], r"takes \[-1, 3\]"),
        ((2,), [1, 2, 3], r"has values of \[3\], and the bundle takes \[2\]"),
        ((2, 2), [[1, 2], [3]], "has lists of several sizes, or a null, in it"),
        ((), [[1, 2], [3]], "has lists of several sizes, or a null, in it"),
        ((-1, -1), [[1, 2], [3]], "has lists of several sizes, or a null, in it"),
        ((-1, -1), [1, 2], r"has values of \[2\], and the bundle takes \[-1, -1\]"),
        ((2,), [1, None], "has a null in it"),
        ((2, 2), [[1, 2], [None, 3]], "has a null in it"),
    ],
)
def test_a_tensor_of_other_sizes(sizes, cell, said):
    """The second row is the one that is told."""
    with pytest.raises(NotWritten, match=said) as raised:
        sent(tensor(*sizes), None, cell)
    assert raised.value.row == 1


@pytest.mark.parametrize("of", ["string", "bytes"])
def test_tensors_of_texts_and_bytes(of):
    a, bc = ("a", "bc") if of == "string" else (b"a", b"bc")
    kind = tensor(2, 1, of=of)
    assert sent(kind, [[a], [bc]]).endswith(b"abc")
    for cell in ([[a, bc]], [a, bc], [[a], [bc, a]], [[a], [None]]):
        with pytest.raises(NotWritten):
            sent(kind, cell)


@pytest.mark.parametrize("shape", ["scalar", "list"])
@pytest.mark.parametrize(("of", "most"), [("byte", 127), ("short", 32767)])
def test_integers_that_are_too_large(of, most, shape):
    def cell(number):
        return number if shape == "scalar" else [number]

    kind = Kind("a", of, shape)
    assert sent(kind, None, cell(most), cell(-most - 1))
    for number in (most + 1, -most - 2):
        with pytest.raises(NotWritten, match=f"has integers that a {of} does not hold") as raised:
            sent(kind, None, cell(number))
        assert raised.value.row == 1


def test_bytes_where_the_first_cell_is_null():
    assert sent(Kind("a", "bytes"), None, b"\xff", b"b").endswith(b"\xffb")
    assert sent(Kind("a", "bytes"), None, None).startswith(b"\1\1\1")


@pytest.mark.parametrize("shape", ["scalar", "list"])
def test_half_a_pair_of_utf16(shape):
    """It would be a text of another, and could be a category's."""

    def cell(text):
        return text if shape == "scalar" else [text]

    kind = Kind("a", "string", shape)
    assert sent(kind, cell("größe"), cell("\U0001f600")).endswith("größe\U0001f600".encode())
    with pytest.raises(NotWritten, match=r"has half a pair of UTF-16") as raised:
        sent(kind, cell("größe"), None, cell("a\ud800"))
    assert raised.value.row == 2


def told(kind, *cells):
    """The column that is read of the bytes of cells."""
    return read(np.array([len(cells)], "<i4").tobytes() + sent(kind, *cells), 0, [kind])["a"]


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        (Kind("a", "long", "list"), [[1, 2], [3, 4]]),
        (Kind("a", "long", "list"), [[1], [2, 3], [], [4]]),
        (Kind("a", "long", "list"), [[1, 2], None, [3, 4]]),
        (Kind("a", "string", "list"), [["ä", "日本"], ["b", "\U0001f600"]]),
        (Kind("a", "string"), ["ä", "日本", "", "\U0001f600"]),
        (tensor(2, 2), [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]),
        (tensor(2, 2), [[[1.0, 2.0], [3.0, 4.0]], None]),
        (tensor(-1, 2), [[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]], []]),
    ],
)
def test_cells_come_back_as_they_went(kind, cells):
    assert told(kind, *cells).tolist() == cells


def test_an_answer_can_be_written_to():
    numbers = told(Kind("a", "double"), 1.0, 2.0)
    numbers[0] = 3.0
    assert numbers.tolist() == [3.0, 2.0]
