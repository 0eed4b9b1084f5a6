"""Data by the type hints of ``predict`` (PYF-017)."""

from __future__ import annotations

import datetime as dt
import json
import sys
import warnings
from typing import Any, Optional, Union

import cloudpickle
import numpy as np
import pandas as pd
import pytest

import mlmodel
from mlmodel import pyfunc
from mlmodel.errors import InvalidInput
from mlmodel.models import infer_signature
from mlmodel.pyfunc import hints
from mlmodel.scoring.invocations.protocol import handle
from mlmodel.signature.infer.hints import infer_signature_from_type_hints


@pytest.fixture(autouse=True)
def _by_value():
    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)
    yield
    cloudpickle.unregister_pickle_by_value(module)


class Texts(pyfunc.PythonModel):
    def predict(self, context, model_input: list[str], params=None) -> list[int]:
        assert type(model_input) is list
        return [len(text) for text in model_input]


def lengths(model_input: list[str]) -> list[int]:
    return [len(text) for text in model_input]


class Record:
    """Checks by itself, as pydantic's classes do."""

    def __init__(self, role):
        self.role = role

    @classmethod
    def model_validate(cls, value):
        if not isinstance(value, dict) or not isinstance(value.get("role"), str):
            raise ValueError("role is a text")  # noqa: TRY004 - as pydantic's
        return cls(value["role"])


class Objects(pyfunc.PythonModel):
    def predict(self, context, model_input: list[dict[str, str]], params=None) -> list[str]:
        return [one["role"] for one in model_input]


class Lists(pyfunc.PythonModel):
    def predict(self, context, model_input: list[list[str]], params=None) -> list[int]:
        return [len(one) for one in model_input]


@pytest.mark.parametrize("key", ["inputs", "instances"])
@pytest.mark.parametrize(
    ("given", "data", "answer"),
    [
        (Objects(), [{"role": "u"}, {"role": "a"}], ["u", "a"]),
        (Lists(), [["a", "b"], ["c"], []], [2, 1, 0]),
        (Texts(), ["a", "bcd"], [1, 3]),
    ],
)
def test_a_hinted_model_is_asked_over_http_as_in_process(tmp_path, key, given, data, answer):
    """PYF-017, ENF-015: the request that MLflow writes for such a model."""
    mlmodel.save(given, tmp_path / "m")
    model = mlmodel.load(tmp_path / "m")
    assert model.predict(data) == answer
    body = json.dumps({key: data}).encode()
    got = handle("application/json", body, model.engine)
    assert json.loads(got.body) == {"predictions": answer}


@pytest.mark.parametrize("given", [Texts(), lengths])
def test_a_hinted_model_gets_the_list_that_it_asks_for(tmp_path, given):
    mlmodel.save(given, tmp_path / "m")
    model = mlmodel.load(tmp_path / "m")
    assert model.metadata.is_signature_from_type_hint
    assert json.loads(model.metadata.to_dict()["signature"]["inputs"])[0]["type"] == "string"
    assert model.predict(["a", "bcd"]) == [1, 3]
    assert model.predict(pd.DataFrame({"x": ["a", "bcd"]})) == [1, 3]


def test_elements_that_contradict_the_hint_are_told_with_their_rows(tmp_path):
    mlmodel.save(Texts(), tmp_path / "m")
    with pytest.raises(InvalidInput, match="PYF-017") as caught:
        mlmodel.load(tmp_path / "m").predict(["a", 1, None])
    assert [(d.row, d.expected) for d in caught.value.details] == [(1, "str"), (2, "str")]


def test_the_hints_signature_wins_with_a_warning(tmp_path):
    with pytest.warns(UserWarning, match="PYF-017"):
        mlmodel.pyfunc.save_model(
            tmp_path / "m", python_model=Texts(),
            signature=infer_signature(pd.DataFrame({"a": [1.0]})),
        )  # fmt: skip
    assert mlmodel.load(tmp_path / "m").predict(["a"]) == [1]


def test_parameters_are_those_of_the_given_signature(tmp_path):
    class WithParams(pyfunc.PythonModel):
        def predict(self, model_input: list[str], params=None) -> list[float]:
            return [params["scale"]] * len(model_input)

    signature = infer_signature(["a"], [1.0], {"scale": 0.5})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pyfunc.save_model(tmp_path / "m", python_model=WithParams(), signature=signature)
    model = mlmodel.load(tmp_path / "m")
    assert model.signature == signature
    assert model.predict(["a"]) == [0.5]
    assert model.predict(["a", "b"], {"scale": 2}) == [2.0, 2.0]


def test_hints_that_say_nothing_of_columns_change_nothing(tmp_path):
    class Frames(pyfunc.PythonModel):
        def predict(self, context, model_input: pd.DataFrame) -> pd.DataFrame:
            return model_input

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mlmodel.save(Frames(), tmp_path / "m")
    model = mlmodel.load(tmp_path / "m")
    assert model.signature is None
    assert model.predict(3) == 3


def deliver(hint, data):
    def function(model_input):
        return model_input

    function.__annotations__["model_input"] = hint
    wrap = hints.delivery(function, {"is_signature_from_type_hint": True})
    return wrap.deliver(lambda data: data)(data)


@pytest.mark.parametrize(
    ("hint", "data", "delivered"),
    [
        (list[int], [1, 2], [1, 2]),
        (list[int], [np.int64(1)], [1]),
        (list[float], [1, 2.5], [1.0, 2.5]),
        (list[bool], [True, np.True_], [True, True]),
        (list[bytes], [b"a"], [b"a"]),
        (list[dt.datetime], [dt.datetime(2020, 1, 1, tzinfo=dt.UTC)], None),
        (list[list[str]], [["a"], []], None),
        (list[list[int]], [np.array([1, 2])], [[1, 2]]),
        (list[dict[str, int]], [{"a": 1}], None),
        (list[dict], [{"a": 1}], None),
        (list[Optional[str]], ["a", None], None),  # noqa: UP045 - the other way to write it
        (list[Union[int, str]], ["a", 1], None),  # noqa: UP007 - the other way to write it
        (list[int | None], [1, None], None),
        (list[Any], [1, "a", None], None),
        (list, [1, "a"], None),
    ],
)
def test_values_that_are_what_the_hint_says(hint, data, delivered):
    found = deliver(hint, data)
    assert found == (data if delivered is None else delivered)
    assert [type(a) for a in found] == [type(a) for a in (delivered or data)]


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (list[int], "1"), (list[int], True), (list[int], 1.0), (list[str], 1), (list[str], None),
        (list[float], "1"), (list[float], 2**53 + 1), (list[bool], 1), (list[list[str]], "abc"),
        (list[list[str]], [1]), (list[dict[str, int]], {"a": "b"}), (list[dict[str, int]], []),
        (list[int | None], "a"), (list[dt.datetime], "soon"), (list[dt.date], "2020-01-01T01:00"),
    ],
)  # fmt: skip
def test_values_that_are_not(hint, value):
    with pytest.raises(InvalidInput) as caught:
        deliver(hint, [value])
    assert caught.value.details[0].row == 0


def test_classes_that_check_by_themselves():
    found = deliver(list[Record], [{"role": "user"}, Record("system")])
    assert [one.role for one in found] == ["user", "system"]
    assert [one.role for one in deliver(list[Record], pd.DataFrame({"role": ["a"], "n": [1]}))] == [
        "a"
    ]
    # One column is the elements themselves, or the one key that they have.
    one_key = pd.DataFrame({"role": ["a", "b"]})
    assert [one.role for one in deliver(list[Record], one_key)] == ["a", "b"]
    whole = pd.DataFrame({0: [{"role": "a"}]})
    assert [one.role for one in deliver(list[Record], whole)] == ["a"]
    assert deliver(list[dict[str, int]], pd.DataFrame({"a": [1, 2]})) == [{"a": 1}, {"a": 2}]
    with pytest.raises(InvalidInput, match="role is a text"):
        deliver(list[Record], [{"role": 1}])


def test_without_a_list_nothing_is_delivered_otherwise():
    def function(model_input: str):
        return model_input

    assert hints.delivery(function, {"is_signature_from_type_hint": True}) is None
    assert hints.delivery(function, {}) is None


def test_a_type_from_the_example_keeps_lists():
    wrap = hints.delivery(lengths, {"type_hint_from_example": True})
    assert wrap.deliver(pd.DataFrame)(["a"]) == ["a"]
    assert wrap.deliver(pd.DataFrame)({"x": ["a"]}).shape == (1, 1)


def test_an_equal_class_of_another_run_of_its_file():
    """PYF-017: a model from code defines its classes anew each time it is loaded."""
    pydantic = pytest.importorskip("pydantic")

    def run():
        class Message(pydantic.BaseModel):
            role: str = pydantic.Field(alias="who")

        return Message

    one, other = run(), run()
    (got,) = deliver(list[one], [other(who="user")])
    assert (type(got), got.role) == (one, "user")
    with pytest.raises(InvalidInput):
        deliver(list[Record], [other(who="user")])


class Counts:
    def __call__(self, model_input: list[str]) -> list[int]:
        assert type(model_input) is list
        return [len(text) for text in model_input]


def test_an_object_that_is_called_tells_its_hints(tmp_path):
    """PYF-017, PYF-014."""
    pyfunc.save_model(tmp_path / "m", python_model=Counts())
    model = mlmodel.load(tmp_path / "m")
    assert model.metadata.is_signature_from_type_hint
    assert model.predict(pd.DataFrame({"x": ["a", "bcd"]})) == [1, 3]


def test_a_class_without_fields_is_any():
    """SIG-044: an empty object is nothing that MLflow reads."""
    pydantic = pytest.importorskip("pydantic")

    class Empty(pydantic.BaseModel):
        pass

    def function(model_input):
        return model_input

    function.__annotations__["model_input"] = list[Empty]
    signature = infer_signature_from_type_hints(function)
    assert json.loads(signature.to_dict()["inputs"])[0]["type"] == "any"
