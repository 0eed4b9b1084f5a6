"""Words of messages."""

from __future__ import annotations

import pytest

from mlmodel._base.texts import first_names


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["a"], "a"),
        ("abcdef", "a, b, c, d, e, f"),
        ("abcdefg", "a, b, c, d, e, f, 1 more"),
        (["m" * 120, "n" * 121], f"{'m' * 120}, {'n' * 119}…"),
    ],
)
def test_of_many_names_the_first_are_told(names, said):
    assert first_names(names) == said
