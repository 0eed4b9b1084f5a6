"""Signatures as protocol buffers: nothing is lost on the way there and back."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmodel._proto import message
from mlmodel.errors import InvalidArgument
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.protobuf import from_bytes, from_proto, to_bytes, to_proto
from mlmodel.signature.types.nested import NestedType
from mlmodel.signature.types.params import ParamSpec
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

NAMES = st.text(max_size=8)
SCALARS = st.sampled_from([t.value for t in DataType])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)


def _extended(documents: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Add what a property may say, and keys of other versions."""
    required = st.fixed_dictionaries({}, optional={"required": st.booleans() | st.none()})
    other = st.dictionaries(NAMES.map("x-".__add__), JSON, max_size=2)
    return st.builds(lambda a, b, c: {**a, **b, **c}, documents, required, other)


def _nest(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    properties = st.dictionaries(NAMES, inner, max_size=3)
    return _extended(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner})
        | st.fixed_dictionaries({"type": st.just("map"), "values": inner})
        | st.fixed_dictionaries({"type": st.just("object"), "properties": properties})
    )


TYPES = st.recursive(
    _extended(
        st.fixed_dictionaries({"type": SCALARS | st.sampled_from(["any", "sparkml_vector"])})
    ),
    _nest,
    max_leaves=6,
)
#: A column says itself whether it is required, beside its type.
NESTED = TYPES.filter(lambda document: document["type"] not in DataType.__members__).map(
    lambda document: {key: value for key, value in document.items() if key != "required"}
)
COLUMN_TYPES = SCALARS | NESTED.map(NestedType.from_dict)
SHAPES = st.lists(st.integers(-1, 2**40), max_size=4).map(tuple)


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    names = draw(
        st.lists(NAMES | st.integers(0, 9), min_size=1, max_size=4, unique=True)
        | st.just([None])
        | st.just([None, None])
    )
    if draw(st.booleans()) and names != [None, None]:
        dtypes = st.sampled_from(["float32", "str", "datetime64[ns]", "bool"])
        return Schema([TensorSpec(draw(dtypes), draw(SHAPES), name) for name in names])
    return Schema([ColSpec(draw(COLUMN_TYPES), name, draw(st.booleans())) for name in names])


PARAMS = st.builds(ParamSpec, NAMES, COLUMN_TYPES, JSON, st.none() | SHAPES)
SIGNATURES = st.builds(
    ModelSignature,
    st.none() | schemas(),
    st.none() | schemas(),
    st.none() | st.lists(PARAMS, max_size=3, unique_by=lambda spec: spec.name).map(tuple),
)


def _texts(signature: ModelSignature) -> str:
    schemas = [schema.to_dict() for schema in (signature.inputs, signature.outputs) if schema]
    defaults = [spec.default for spec in signature.params or ()]
    return json.dumps([schemas, defaults], sort_keys=True)


@pytest.mark.thorough
@given(SIGNATURES)
def test_round_trip(signature: ModelSignature) -> None:
    encoded = to_bytes(signature)
    back = from_bytes(encoded)
    assert back == signature
    # In Python 1, 1.0 and True are equal; as texts they are not.
    assert _texts(back) == _texts(signature)
    assert to_bytes(back) == encoded


def test_properties_keep_their_order() -> None:
    properties = {name: {"type": "long"} for name in "zaqb"}
    signature = ModelSignature(
        Schema([ColSpec(NestedType.from_dict({"type": "object", "properties": properties}), "o")])
    )
    assert from_bytes(to_bytes(signature)).to_dict() == signature.to_dict()


def test_fields_are_those_of_the_proto_file() -> None:
    """Another language reads what is there: the names and numbers are the interface."""
    signature = ModelSignature(
        Schema([ColSpec("double", "a"), ColSpec("long", "b", required=False)]),
        Schema([TensorSpec("float32", (-1, 3))]),
        (ParamSpec("p", "string", "x"),),
    )
    written = " ".join(str(to_proto(signature)).split())
    assert written == (
        'inputs { columns { columns { type { scalar: SCALAR_DOUBLE } name: "a" required: true } '
        'columns { type { scalar: SCALAR_LONG } name: "b" required: false } } } '
        'outputs { tensors { tensors { dtype: "float32" shape: -1 shape: 3 } } } '
        'params { params { name: "p" type { scalar: SCALAR_STRING } default { text: "x" } } }'
    )


def test_bytes_that_are_no_message_are_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"mlmodel\.v1\.Signature"):
        from_bytes(b"\xff\xff\xff")


def test_a_type_that_is_not_set_is_refused() -> None:
    signature = message("Signature")()
    signature.inputs.columns.columns.add(name="a")
    with pytest.raises(InvalidArgument, match="SIG-003"):
        from_proto(signature)
    signature.inputs.columns.columns[0].type.scalar = 99
    with pytest.raises(InvalidArgument, match="SIG-003"):
        from_proto(signature)


def test_an_empty_schema_is_refused() -> None:
    signature = message("Signature")()
    signature.inputs.SetInParent()
    with pytest.raises(InvalidArgument, match="SIG-002"):
        from_proto(signature)


def test_a_message_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        message("Nothing")


@pytest.mark.parametrize(
    ("kind", "default", "read"),
    [
        ("binary", b"\0\xff", "AP8="),
        ("datetime", dt.datetime(2024, 1, 31, 12, tzinfo=dt.UTC), "2024-01-31T12:00:00+00:00"),
    ],
)
def test_defaults_that_json_has_no_form_for(kind: str, default: object, read: str) -> None:
    """SIG-009: they go as the texts that the MLmodel file holds."""
    back = from_bytes(to_bytes(ModelSignature(params=[ParamSpec("a", kind, default)])))
    assert back.params == (ParamSpec("a", kind, read),)
