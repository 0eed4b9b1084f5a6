"""What flavors share: parameters of predictions, models that were just written, texts."""

from __future__ import annotations

import pandas as pd
import pytest

from mlmodel.errors import InvalidInput
from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._base import when_asked
from mlmodel.flavors._texts import Texts


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

    every = PredictArguments.of_method(predict, ("rows",), "it", "X-001")
    assert every.takes("anything")
    assert not every.takes("rows")
    with pytest.raises(InvalidInput, match="X-001"):
        every.given({"rows": 1})
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


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            pd.DataFrame({"t": [1, 2]}),
            r"the rows 0, 1 hold int\d*: make texts of them, as astype\(str\)",
        ),
        (["a", None], "row 1 holds NoneType: give an empty text where there is none"),
        (["a", float("nan")], "row 1 holds float: give an empty text where there is none"),
    ],
)
def test_what_is_no_text_is_told_what_to_do(given, said):
    with pytest.raises(InvalidInput, match=rf"A reader takes texts, and {said}.*\(X-002\)"):
        Texts("A reader", data_rule="X-001", values_rule="X-002").of(given)
