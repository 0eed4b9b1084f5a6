"""Type hints that name classes, and what is made of data by them (PYF-017, PYF-032, PYF-034)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
import json
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional, Union

import numpy as np
import pandas as pd
import pytest

import mlmodel
from mlmodel import pyfunc
from mlmodel.errors import InvalidArgument, InvalidInput
from mlmodel.models import ModelSignature, infer_signature
from mlmodel.pyfunc import hints
from mlmodel.scoring.invocations.protocol import handle
from mlmodel.types import ColSpec, Schema
from mlmodel.types.schema import Array, Object
from mlmodel.types.type_hints import TypeFromExample

pydantic = pytest.importorskip("pydantic")


class Color(enum.Enum):
    red = "r"
    blue = "b"


@dataclasses.dataclass
class Part:
    size: int


@dataclasses.dataclass
class Whole:
    name: str
    part: Part
    parts: list[Part] = dataclasses.field(default_factory=list)
    when: Optional[dt.datetime] = None  # noqa: UP045 - the other way to write it


class Item(pydantic.BaseModel):
    number: int = pydantic.Field(alias="no")
    color: Color = Color.red
    kind: Literal["x", "y"] = "x"
    price: Decimal = Decimal("1.5")
    day: dt.date | None = None


def saying(hint: Any, returned: Any = list[str]) -> Any:
    def function(model_input):
        if not isinstance(model_input, list):
            return [type(model_input).__name__]
        return [repr(one) for one in model_input]

    function.__annotations__ = {"model_input": hint, "return": returned}
    return function


def posted(model: Any, body: Any) -> Any:
    return json.loads(handle("application/json", json.dumps(body).encode(), model.engine).body)


MOMENT = dt.datetime(2020, 1, 2)  # noqa: DTZ001 - a time without zone means UTC here
WHOLE = Whole("a", Part(1), [Part(2)], MOMENT)
ITEM = Item(no=1, day=dt.date(2020, 1, 2))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("hint", "example"),
    [
        (list[Whole], [WHOLE, Whole("b", Part(3))]),
        (list[Item], [ITEM, Item(no=2, color=Color.blue)]),
        (list[Color], [Color.red, Color.blue]),
        (list[Literal["a", "b"]], ["a", "b"]),
        (list[Any], [1, "a"]),
        (list[list[Any]], [[1, "a"], [None], [[2]]]),
        (list[int | str], [1, "a"]),
        (list[Union[float, str]], [1.5, "a"]),  # noqa: UP007 - the other way to write it
        (list[dict[str, Any]], [{"a": 1}, {"b": [1]}]),
        (list[dt.datetime], [MOMENT]),
        (Annotated[list[Annotated[int, "n"]], "rows"], [1, 2]),
        ("list[Part]", [Part(1)]),
        (list["Part"], [Part(1)]),
    ],
)
def test_in_process_over_http_and_as_example(tmp_path, hint, example):
    """PYF-017, PYF-034: the model is given the same, whichever way the data come."""
    mlmodel.save(saying(hint), tmp_path / "m", example=example)
    model = mlmodel.load(tmp_path / "m")
    due = list(map(repr, example))
    assert model.metadata.is_signature_from_type_hint
    assert model.predict(example) == due
    assert model.predict(model.input_example) == due
    request = json.loads((tmp_path / "m" / "serving_input_example.json").read_text())
    assert posted(model, request) == {"predictions": due}
    rows = [row[0] for row in request["dataframe_split"]["data"]]
    for key in ("inputs", "instances"):
        assert posted(model, {key: rows}) == {"predictions": due}


def test_fields_with_a_default_may_be_left_out(tmp_path):
    """SIG-045, PYF-017."""
    mlmodel.save(saying(list[Item]), tmp_path / "i", example=[{"no": 1}])
    mlmodel.save(saying(list[Whole]), tmp_path / "w")
    model, whole = mlmodel.load(tmp_path / "i"), mlmodel.load(tmp_path / "w")
    (column,) = model.signature.inputs
    assert [one.name for one in column.type.properties if one.required] == ["no"]
    assert model.predict([{"no": 1}]) == [repr(Item(no=1))]
    assert posted(model, {"inputs": [{"no": 1}]}) == {"predictions": [repr(Item(no=1))]}
    given = [{"name": "a", "part": {"size": 1}}]
    assert posted(whole, {"inputs": given})["predictions"] == [repr(Whole("a", Part(1)))]
    assert whole.predict(given) == [repr(Whole("a", Part(1)))]


def test_classes_that_are_defined_beside_the_model(tmp_path):
    """SIG-045: with texts as hints, of names that no module has."""

    class Inner(pydantic.BaseModel):
        x: int

    @dataclasses.dataclass
    class Small:
        x: int

    @dataclasses.dataclass
    class Outer:
        small: Small

    class Model(pyfunc.PythonModel):
        def predict(self, model_input: list[Inner]) -> list[Inner]:
            return [type(one)(x=one.x + 1) for one in model_input]

    class Other(pyfunc.PythonModel):
        def predict(self, model_input: list[Outer]) -> list[int]:
            return [one.small.x for one in model_input]

    with hints.resolved(Model.predict):
        assert Model.predict.__annotations__["model_input"] == list[Inner]
    assert Model.predict.__annotations__["model_input"] == "list[Inner]"
    mlmodel.save(Model(), tmp_path / "m", example=[Inner(x=1)])
    mlmodel.save(Other(), tmp_path / "o", example=[Outer(Small(1))])
    assert mlmodel.load(tmp_path / "m").predict([Inner(x=1)])[0].x == 2
    assert mlmodel.load(tmp_path / "o").predict([{"small": {"x": 3}}]) == [3]


@pytest.mark.parametrize(
    ("hint", "given", "said"),
    [
        (list[int], ["x"], r"Element 0: 'x' is not of the type int"),
        (
            list[list[dict[str, int]]],
            [[], [{"a": 1}, {"a": "x"}]],
            r"1, at \[1\].a: 'x'.*there int",
        ),
        (list[Whole], [{"name": "a", "part": {"size": "1"}}], r"0, at part.size: '1'.*there int"),
        (list[Whole], [{"name": "a"}], "the field 'part' is missing"),
        (list[Part], [{"size": 1, "z": 2}], "it has no field 'z'"),
        (list[Part], [5], "Element 0: 5 is not of the type Part"),
        (list[Color], ["r", "x"], "Element 1: 'x'.*it is one of"),
        (list[Literal["a"]], ["b"], "Element 0: 'b' is not of the type Literal"),
        (list[int | str], [1.5], r"Element 0: 1.5 is not of the type int \| str"),
    ],
)
def test_what_was_given_and_where_is_said(tmp_path, hint, given, said):
    """PYF-017."""
    mlmodel.save(saying(hint), tmp_path / "m")
    with pytest.raises(InvalidInput, match=f"(?s){said}.*PYF-017"):
        mlmodel.load(tmp_path / "m").predict(given)


@pytest.mark.parametrize(
    ("hint", "advice"),
    [
        (int, r"write list\[int\]"),
        (dict[str, int], r"write list\[dict\[str, int\]\]"),
        (list, r"write list\[str\]"),
        (list[dict], r"write dict\[str, int\]"),
        (Optional[list[str]], r"write list\[str\]"),  # noqa: UP045 - the other way to write it
        (list[str | None], r"write list\[str\], or a pydantic model"),
    ],
)
def test_other_hints_are_warned_of_with_what_to_write(tmp_path, hint, advice):
    """SIG-046."""
    with pytest.warns(UserWarning, match=f"SIG-046.*{advice}"):
        mlmodel.save(saying(hint), tmp_path / "m")
    assert mlmodel.load(tmp_path / "m").signature is None


@pytest.mark.parametrize("example", [["a", "b"], [{"a": 1}, {"a": 2}], ([1, 2], None)])
def test_a_list_as_example_makes_lists_of_requests(tmp_path, example):
    """PYF-032."""
    data = example[0] if isinstance(example, tuple) else example
    mlmodel.save(saying(TypeFromExample), tmp_path / "m", example=example)
    model = mlmodel.load(tmp_path / "m")
    due = list(map(repr, data))
    assert model.predict(data) == due
    assert model.predict(pd.DataFrame(data)) == due
    request = json.loads((tmp_path / "m" / "serving_input_example.json").read_text())
    assert posted(model, request) == {"predictions": due}


def test_a_frame_as_example_makes_frames_of_requests(tmp_path):
    """PYF-032."""
    hint = TypeFromExample
    mlmodel.save(saying(hint), tmp_path / "m", example=pd.DataFrame({"a": [1.5]}))
    model = mlmodel.load(tmp_path / "m")
    assert "type_hint_from_example" not in model.metadata.to_dict()
    assert posted(model, {"inputs": {"a": [1.5]}}) == {"predictions": ["DataFrame"]}


class Called:
    def __init__(self, factor: int) -> None:
        self.factor = factor

    def __call__(self, model_input: list[str]) -> list[int]:
        return [len(text) * self.factor for text in model_input]

    def method(self, model_input: list[str]) -> list[int]:
        return self(model_input)


def scaled(factor: int, model_input: list[str]) -> list[int]:
    return [len(text) * factor for text in model_input]


@pytest.mark.parametrize(
    "given",
    [Called(2), Called(2).method, functools.partial(scaled, 2), lambda data: scaled(2, data)],
    ids=["instance", "method", "partial", "lambda"],
)
def test_what_is_called_is_a_python_function(tmp_path, given):
    """PYF-014, SIG-045."""
    mlmodel.save(given, tmp_path / "m")
    model = mlmodel.load(tmp_path / "m")
    assert model.predict(["a", "bcd"]) == [2, 6]
    assert (model.signature is None) == (getattr(given, "__name__", "") == "<lambda>")


def test_a_class_and_what_is_not_called_are_no_models(tmp_path):
    for given in (Called, object(), 5):
        with pytest.raises(InvalidArgument):
            mlmodel.save(given, tmp_path / "m")


def test_objects_as_answers_and_examples_of_models_without_hints(tmp_path):
    """RST-103, PYF-034."""

    def predict(data):
        return [Item(no=1, color=Color.blue), Part(2), {"when": MOMENT, "price": Decimal("0.1")}]

    pyfunc.save_model(tmp_path / "m", python_model=predict, signature=infer_signature([Part(1)]))
    model = mlmodel.load(tmp_path / "m")
    item = {"number": 1, "color": "b", "kind": "x", "price": 1.5, "day": None}
    due = [item, {"size": 2}, {"when": "2020-01-02T00:00:00", "price": 0.1}]
    assert posted(model, {"inputs": {"size": [1]}}) == {"predictions": due}
    mlmodel.save(lambda data: data["size"].tolist(), tmp_path / "s", example=[Part(1), Part(2)])
    other = mlmodel.load(tmp_path / "s")
    assert other.predict([Part(3)]) == [3]
    assert other.predict(Part(4)) == [4]
    assert other.signature.inputs.input_names() == ["size"]
    assert infer_signature([ITEM]).inputs.input_names()[0] == "no"


def test_no_signature_is_inferred_where_none_is_wanted(tmp_path):
    """PYF-033."""
    mlmodel.save(saying(list[str]), tmp_path / "m", example=["a"], signature=False)
    model = mlmodel.load(tmp_path / "m")
    assert model.signature is None
    assert model.input_example is not None
    assert model.predict({1, 2}) == ["set"]
    for wrong in (True, "x", Schema([ColSpec("long")]), {}):
        with pytest.raises(InvalidArgument, match="PYF-033"):
            mlmodel.save(saying(np.ndarray), tmp_path / "w", signature=wrong)


def test_an_object_without_properties_is_not_written(tmp_path):
    """SIG-068."""
    for kind in (Object([]), Array(Object([]))):
        with pytest.raises(InvalidArgument, match="SIG-068"):
            mlmodel.save(
                saying(np.ndarray),
                tmp_path / "m",
                signature=ModelSignature(Schema([ColSpec(kind)])),
            )
    mlmodel.save(lambda data: [1], tmp_path / "m", example=[{"a": {}}])
    model = mlmodel.load(tmp_path / "m")
    with pytest.raises(InvalidArgument, match="SIG-068"):
        mlmodel.models.set_signature(
            tmp_path / "m", ModelSignature(Schema([ColSpec(Object([]), "a")]))
        )
    assert '"any"' in model.metadata.to_dict()["signature"]["inputs"]
