"""Signatures from type hints."""

from __future__ import annotations

import datetime as dt
import types
import typing
import warnings
from typing import Any, Optional, Union

import numpy as np
import pandas as pd
import pytest

from mlmodel.models import infer_signature_from_type_hints
from mlmodel.signature.types.nested import AnyType, Array, Map, Object, Property
from mlmodel.signature.types.schema import ColSpec, Schema


def signature(hint: object, returned: object = None, name: str = "model_input") -> Any:
    def predict(self, context, model_input, params=None):
        raise AssertionError("nothing is called")

    predict.__annotations__ = {name: hint} if returned is None else {name: hint, "return": returned}
    return infer_signature_from_type_hints(predict)


def field(annotation: object, alias: str | None = None) -> object:
    return types.SimpleNamespace(annotation=annotation, alias=alias, validation_alias=alias)


class Message:
    """What pydantic makes of a class, as far as it is looked at."""

    model_fields: typing.ClassVar = {
        "role": field(str),
        "name": field(Optional[str]),  # noqa: UP045 - both ways to write it
        "score": field(float | None),
        "parts": field(list[dict[str, int]]),
        "extra": field(Any),
        "kind": field(int, "type"),
    }


class Chat:
    model_fields: typing.ClassVar = {
        "messages": field(list[Message]),
        "last": field(Message | None),
    }


class Tree:
    model_fields: typing.ClassVar = {}


Tree.model_fields["children"] = field(list[Tree])

MESSAGE = Object(
    [
        Property("role", "string"),
        Property("name", "string", required=False),
        Property("score", "double", required=False),
        Property("parts", Array(Map("long"))),
        Property("extra", AnyType()),
        Property("type", "long"),
    ]
)


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        (list[bool], "boolean"),
        (list[int], "long"),
        (list[float], "double"),
        (list[str], "string"),
        (list[bytes], "binary"),
        (list[dt.datetime], "datetime"),
        (typing.List[str], "string"),  # noqa: UP006 - the old name
        ("list[str]", "string"),
        (typing.Annotated[list[typing.Annotated[str, 1]], 2], "string"),
        (list[Any], AnyType()),
        (list[int | str], AnyType()),
        (list[Union[int, str]], AnyType()),  # noqa: UP007 - as above
        (list[list[int]], Array("long")),
        (list[dict[str, list[float]]], Map(Array("double"))),
        (list[Message], MESSAGE),
        (
            list[Chat],
            Object(
                [Property("messages", Array(MESSAGE)), Property("last", MESSAGE, required=False)]
            ),
        ),
    ],
)
def test_hints_with_a_type(hint: object, kind: Any) -> None:
    """SIG-044, SIG-045."""
    found = signature(hint)
    assert found.inputs == Schema([ColSpec(kind)])
    assert found.outputs == Schema([ColSpec(AnyType())])
    assert found.params is None


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        (list[str], "string"),
        (str, "string"),
        (dict[str, float], Map("double")),
        (list[Message], MESSAGE),
        (pd.DataFrame, AnyType()),
        (list, AnyType()),
        (Optional[str], AnyType()),  # noqa: UP045 - as above
        (list[complex], AnyType()),
    ],
)
def test_what_is_returned(hint: object, kind: Any) -> None:
    """SIG-044."""
    assert signature(list[str], hint).outputs == Schema([ColSpec(kind)])


@pytest.mark.parametrize("hint", [Any, pd.DataFrame, pd.Series, np.ndarray])
def test_hints_that_say_nothing_of_columns(hint: object) -> None:
    """SIG-044."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert signature(hint) is None
        assert signature(list[str], name="params") is None


@pytest.mark.parametrize(
    "hint",
    [
        list, dict, str, typing.List, list[list], list[dict], list[dict[int, str]],  # noqa: UP006 - as above
        Optional[list[str]], list[Optional[int]], list[int | str | None], list[complex],  # noqa: UP045 - as above
        list[tuple[int]], list[dt.date], list["Nowhere"], "list[Nowhere]", None,  # noqa: F821 - just that
        typing.TypeVar("T"), Message, list[Tree], pd.DataFrame | list[str],
    ],
)  # fmt: skip
def test_hints_without_a_type(hint: object) -> None:
    """SIG-046: no signature, and a warning that says so."""
    with pytest.warns(UserWarning, match="SIG-046: .*'model_input'") as caught:
        assert signature(hint) is None
    assert [warning.filename for warning in caught] == [__file__]


def test_the_parameter_with_the_data() -> None:
    class Model:
        def predict(self, data: list[str]) -> list[int]:
            raise AssertionError(data)

        def with_context(self, context: list[int], rows: list[float]) -> None:
            raise AssertionError(context, rows)

    def alone(rows: list[bytes]) -> None:
        raise AssertionError(rows)

    def model_input_counts(first: list[str], model_input: list[int]) -> None:
        raise AssertionError(first, model_input)

    for function, kind in [
        (Model().predict, "string"),
        (Model.predict, "string"),
        (Model().with_context, "double"),
        (alone, "binary"),
        (model_input_counts, "long"),
    ]:
        assert infer_signature_from_type_hints(function).inputs == Schema([ColSpec(kind)])
    assert infer_signature_from_type_hints(lambda: None) is None
    assert infer_signature_from_type_hints(lambda rows: rows) is None


def test_pydantic() -> None:
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("Row", a=(int, ...), b=(Optional[str], None))  # noqa: UP045 - as above
    kind = Object([Property("a", "long"), Property("b", "string", required=False)])
    assert signature(list[model]).inputs == Schema([ColSpec(kind)])


def test_hinted_data_pass_enforcement() -> None:
    """SIG-018, SIG-045."""
    nested = signature(list[list[int]])
    assert nested.enforce([[1, 2], [3]]).iloc[:, 0].tolist() == [[1, 2], [3]]
    records = signature(list[dict[str, float]])
    assert records.enforce([{"a": 1.5}]).iloc[0, 0] == {"a": 1.5}
