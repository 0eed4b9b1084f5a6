"""Hinted models get the same in every form, and in process as over a network (PYF-040)."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Optional

import pandas as pd
import pytest

import mlmodel
from mlmodel import pyfunc
from mlmodel.errors import InvalidInput
from mlmodel.scoring.invocations.protocol import handle

pydantic = pytest.importorskip("pydantic")

MOMENT = "2024-01-01T00:00:00+02:00"
AWARE = dt.datetime.fromisoformat(MOMENT)


class Message(pydantic.BaseModel):
    q: str
    k: Optional[int] = None  # noqa: UP045 - the other way to write it


class Scored(pydantic.BaseModel):
    score: Optional[float] = None  # noqa: UP045
    price: Decimal = Decimal(0)


class At(pydantic.BaseModel):
    t: dt.datetime


@dataclass
class AtToo:
    t: dt.datetime


def saved(path, hint):
    class Shown(pyfunc.PythonModel):
        def predict(self, model_input) -> list[str]:
            return [repr(one) for one in model_input]

    Shown.predict.__annotations__["model_input"] = hint
    mlmodel.save(Shown(), path)
    return mlmodel.load(path, trust=True)


def over_http(model, body):
    return handle("application/json", json.dumps(body).encode(), model.engine)


def answer(model, body):
    got = over_http(model, body)
    assert got.status == 200, got.body
    answered = json.loads(got.body)  # the 1.x dialect answers bare
    return answered["predictions"] if isinstance(answered, dict) else answered


def of_records(model, records):
    """Return the answers to the same records in every form."""
    columns = list(records[0])
    split = {"columns": columns, "data": [list(one.values()) for one in records]}
    yield from (model.predict(records), model.predict(pd.DataFrame(records)))
    for body in (
        {"inputs": records}, {"instances": records}, {"dataframe_records": records}, records,
        {"dataframe_split": split}, {"dataframe_split": {"data": [[one] for one in records]}},
    ):  # fmt: skip
        yield answer(model, body)


@pytest.mark.parametrize("hint", [list[Message], list[dict[str, Any]]])
def test_records_are_rows_for_a_hint_of_objects(tmp_path, hint):
    """PYF-040, PYF-041."""
    model = saved(tmp_path / "m", hint)
    records = [{"q": "a", "k": 5}, {"q": "b", "k": 6}]
    answers = list(of_records(model, records))
    assert answers == [model.predict(records)] * 8
    assert len(answers[0]) == 2


@pytest.mark.filterwarnings("ignore:SIG-046")
@pytest.mark.parametrize("records", [[{"a": 1}], [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]])
def test_a_hint_that_tells_no_signature_gives_a_list_in_every_form(tmp_path, records):
    """PYF-040, SIG-046."""
    model = saved(tmp_path / "m", list[dict])
    assert model.signature is None
    assert list(of_records(model, records)) == [[repr(one) for one in records]] * 8


@pytest.mark.filterwarnings("ignore:SIG-046")
def test_lists_of_lists_stay_lists(tmp_path):
    """PYF-040."""
    model = saved(tmp_path / "m", list[list])
    assert answer(model, {"instances": [[1, 2], [3]]}) == ["[1, 2]", "[3]"]


@pytest.mark.parametrize("given", [MOMENT, "2024-01-01T00:00:00"])
def test_moments_keep_their_zone(tmp_path, given):
    """PYF-040."""
    model = saved(tmp_path / "m", list[dt.datetime])
    due = [repr(dt.datetime.fromisoformat(given))]
    assert model.predict([given]) == due
    assert model.predict([dt.datetime.fromisoformat(given)]) == due
    for body in ({"inputs": [given]}, {"instances": [given]}, [given]):
        assert answer(model, body) == due


@pytest.mark.parametrize("hint", [list[At], list[AtToo], list[dict[str, dt.datetime]]])
def test_moments_in_objects_keep_their_zone(tmp_path, hint):
    """PYF-040."""
    model = saved(tmp_path / "m", hint)
    for given in ({"t": MOMENT}, {"t": "2024-01-01T00:00:00"}):
        assert list(of_records(model, [given])) == [model.predict([given])] * 8
    shown = model.predict([{"t": MOMENT}])[0]
    assert "tz" in shown


def test_a_moment_that_is_none_is_refused_in_every_form(tmp_path):
    """PYF-040: requests are read as given, and still held against the signature."""
    model = saved(tmp_path / "m", list[At])
    for given in ("soon", 5, True):
        with pytest.raises(InvalidInput):
            model.predict([{"t": given}])
        assert over_http(model, {"inputs": [{"t": given}]}).status == 400
    assert over_http(saved(tmp_path / "n", list[dt.datetime]), {"inputs": ["soon"]}).status == 400


@pytest.mark.parametrize(
    ("hint", "record"),
    [
        (list[Scored], {"score": "2"}),
        (list[Scored], {"score": True}),
        (list[Scored], {"score": 1.5, "more": 1}),
        (list[Message], {"q": "a", "k": "5"}),
        (list[Message], {"q": 1}),
        (list[Message], {"k": 1}),
        (list[Message], {"q": "a", "k": 1.5}),
    ],
)
def test_classes_do_not_convert_what_the_signature_refuses(tmp_path, hint, record):
    """PYF-040: in process as over a network."""
    model = saved(tmp_path / "m", hint)
    valid = hint.__args__[0](q="a") if hint == list[Message] else Scored(score=1.0)
    with pytest.raises(InvalidInput) as caught:
        model.predict([valid, record])
    assert [one.row for one in caught.value.details] == [1]
    with pytest.raises(InvalidInput):
        model.predict(pd.DataFrame([record]))
    assert over_http(model, {"inputs": [record]}).status == 400


def test_what_the_signature_takes_a_class_makes_its_own(tmp_path):
    """PYF-040."""
    model = saved(tmp_path / "m", list[Scored])
    due = [repr(Scored(score=1.0, price=Decimal("1.5")))]
    for price in (1.5, Decimal("1.5")):
        assert model.predict([{"score": 1, "price": price}]) == due
    assert answer(model, {"inputs": [{"score": 1, "price": 1.5}]}) == due
