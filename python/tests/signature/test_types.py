"""The types themselves: positional forms, the file and back, and the public names."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mlmodel.errors import InvalidArgument
from mlmodel.models.signature import ModelSignature
from mlmodel.signature.cells.reader import Reader
from mlmodel.types.schema import (
    Array,
    ColSpec,
    DataType,
    Map,
    Object,
    ParamSpec,
    Property,
    Schema,
    TensorSpec,
)


def test_positional_forms() -> None:
    assert (
        ColSpec("double", "a") == ColSpec(DataType.double, "a") == ColSpec(type="double", name="a")
    )
    assert ColSpec("long").name is None
    assert TensorSpec(np.dtype(np.float32), (-1, 10)) == TensorSpec("float32", [-1, 10])
    assert TensorSpec(np.dtype("<U5"), (-1,)).dtype == "str"
    assert TensorSpec("float32", (-1,)).type == np.dtype("float32")
    for wrong in (lambda: ColSpec("int"), lambda: TensorSpec(5, (-1,))):
        with pytest.raises(InvalidArgument):
            wrong()


@pytest.mark.parametrize("kind", list(DataType))
def test_what_is_true_of_a_type_is_what_its_columns_do(kind: DataType) -> None:
    traits, literals = kind.traits, kind.traits.literals
    assert kind.to_pandas() == np.dtype(traits.dtype)
    assert kind.to_python() is traits.python
    assert traits.accepted == () or traits.dtype in traits.accepted
    assert (traits.filler is None) is traits.takes_missing is literals.null
    reader = Reader()
    read = reader.column([traits.filler], kind, "a")
    assert read.dtype == kind.to_pandas()
    assert not reader.violations
    if literals.form in ("integer", "number"):
        read = reader.column([literals.low, literals.high], kind, "a")
        assert read.tolist() == [literals.low, literals.high]
        assert not reader.violations
        reader.column([literals.low - 1, literals.high + 1], kind, "a")
        assert [found.rule for found in reader.violations] == (
            ["ENF-043"] if literals.form == "integer" else ["ENF-045"]
        )


def test_the_file_and_back() -> None:
    signature = ModelSignature(
        Schema([ColSpec("double", "a"), ColSpec("string", "b", required=False)]),
        Schema([TensorSpec("float32", (-1, 10), "x")]),
        [ParamSpec("k", "long", 1)],
    )
    assert json.loads(signature.to_dict()["inputs"])[1] == {
        "type": "string",
        "name": "b",
        "required": False,
    }
    again = ModelSignature.from_dict(signature.to_dict())
    assert again == signature
    assert again.to_dict() == signature.to_dict()
    assert ModelSignature.from_dict({"inputs": None}) == ModelSignature()


def test_nested_types_survive() -> None:
    text = '[{"type": "array", "items": {"type": "long"}, "name": "a", "required": true}]'
    assert json.loads(Schema.from_json(text).to_json()) == json.loads(text)


def test_flat_tensors_are_read() -> None:
    """SIG-006: and the other form is written."""
    flat = Schema.from_json('[{"name": "images", "dtype": "uint8", "shape": [-1, 28, 28, 1]}]')
    assert flat == Schema([TensorSpec("uint8", (-1, 28, 28, 1), "images")])
    tensor = {"dtype": "uint8", "shape": [-1, 28, 28, 1]}
    assert flat.to_dict() == [{"name": "images", "type": "tensor", "tensor-spec": tensor}]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "[5]",
        '[{"name": "a"}]',
        '[{"type": "tensor", "tensor-spec": {"dtype": "x"}}]',
        '[{"type": "array", "name": "a"}]',
        '[{"type": "array", "items": 5}]',
        '[{"type": "map", "values": {"type": "decimal"}}]',
        '[{"type": "object", "properties": []}]',
        '[{"dtype": "bool", "shape": [-1]}, {"dtype": "bool", "shape": [-1], "name": "a"}]',
    ],
)
def test_what_is_no_schema(text: str) -> None:
    with pytest.raises(InvalidArgument, match="SIG-"):
        Schema.from_json(text)
    with pytest.raises(InvalidArgument, match="SIG-"):
        ModelSignature.from_dict({"inputs": text})


@pytest.mark.parametrize("text", ["{}", "5", "[", "[" * 10_000 + "]" * 10_000])
def test_what_is_no_list(text: str) -> None:
    with pytest.raises(InvalidArgument, match="SIG-001"):
        ModelSignature.from_dict({"outputs": text})


def test_texts_and_lists_are_read() -> None:
    """SIG-022: what the file holds, and what a program hands over."""
    signature = ModelSignature(
        Schema([ColSpec(Array("long"), "a"), ColSpec("string", "b", required=False)]),
        Schema([TensorSpec("float32", (-1, 10))]),
        [ParamSpec("k", Object([Property("x", "long")]), {"x": 1})],
    )
    texts = signature.to_dict()
    assert {type(text) for text in texts.values()} == {str}
    lists = {key: json.loads(str(text)) for key, text in texts.items()}
    for document in (texts, lists, {**texts, "params": lists["params"]}):
        again = ModelSignature.from_dict(document)
        assert again == signature
        assert again.to_dict() == texts
    assert hash(signature.inputs) == hash(ModelSignature.from_dict(lists).inputs)
    for nothing in ({}, {"inputs": None, "outputs": "", "params": None}):
        assert ModelSignature.from_dict(nothing) == ModelSignature()


def test_columns_of_which_some_have_names() -> None:
    """SIG-020: read with a warning, written as they were, never made anew."""
    text = '[{"type": "long", "name": "a", "required": true}, {"type": "double", "required": true}]'
    with pytest.warns(UserWarning, match="SIG-020.*positions 1 ") as caught:
        schema = Schema.from_json(text)
    assert [warning.filename for warning in caught] == [__file__]
    assert schema.to_json() == text
    assert schema.input_names() == ["a", 1]
    assert not schema.has_input_names()
    with pytest.raises(InvalidArgument, match="SIG-005"):
        Schema(list(schema))
    with pytest.raises(InvalidArgument, match="SIG-005"):
        schema.input_dict()


def test_what_a_schema_says_of_its_inputs() -> None:
    """As MLflow's users ask it."""
    schema = Schema(
        [
            ColSpec("string", "s"),
            ColSpec("datetime", "d", required=False),
            ColSpec(Map("long"), "m"),
        ]
    )
    assert schema.input_names() == ["s", "d", "m"]
    assert schema.required_input_names() == ["s", "m"]
    assert schema.optional_input_names() == ["d"]
    assert schema.input_types() == [DataType.string, DataType.datetime, Map("long")]
    assert schema.input_types_dict()["m"] == Map("long")
    assert schema.input_dict()["d"] == ColSpec("datetime", "d", required=False)
    assert schema.numpy_types() == [np.dtype("U"), np.dtype("M8[ns]"), np.dtype(object)]
    assert schema.pandas_types() == [np.dtype(object), np.dtype("M8[ns]"), np.dtype(object)]
    tensors = Schema([TensorSpec("float32", (-1, 3))])
    assert tensors.numpy_types() == [np.dtype("float32")]
    assert tensors.required_input_names() == [0]
    for ask in (tensors.pandas_types, tensors.input_dict):
        with pytest.raises(InvalidArgument):
            ask()


def test_what_stands_for_a_type_elsewhere() -> None:
    """MLflow's methods and their answers."""
    numpy = ["bool", "int32", "int64", "float32", "float64", "U", "S", "M8[ns]"]
    pandas = ["bool", "int32", "int64", "float32", "float64", "O", "O", "M8[ns]"]
    assert [kind.to_numpy() for kind in DataType] == [np.dtype(name) for name in numpy]
    assert [kind.to_pandas() for kind in DataType] == [np.dtype(name) for name in pandas]
    python = [bool, int, int, float, float, str, bytes, dt.date]
    assert [kind.to_python() for kind in DataType] == python
    assert DataType["long"] is DataType("long") is DataType.long


def test_keywords_of_the_file() -> None:
    """MLflow's name of the readers."""
    assert ColSpec.from_json_dict(type="long", name="a") == ColSpec("long", "a")
    assert ColSpec.from_json_dict(type="long", required=None).required
    assert not ColSpec.from_json_dict(type="long", name="a", optional=True).required
    spec = TensorSpec("bool", (-1,), "t")
    assert TensorSpec.from_json_dict(**spec.to_dict()) == spec
    param = ParamSpec("p", Array("long"), [1])
    assert ParamSpec.from_json_dict(**param.to_dict()) == param


def test_repr_is_readable() -> None:
    signature = ModelSignature(
        Schema([ColSpec("double", "a", required=False)]),
        Schema([TensorSpec("int64", (-1,))]),
        [ParamSpec("k", "long", 1)],
    )
    assert repr(signature).splitlines() == [
        "ModelSignature:",
        "  inputs: ['a': double (optional)]",
        "  outputs: [int64[-1]]",
        "  params: ['k': long = 1]",
    ]


@pytest.mark.thorough
def test_public_names_load_no_third_party_module() -> None:
    code = (
        "import sys, mlmodel.models, mlmodel.models.signature, mlmodel.types.schema\n"
        "assert not {'numpy', 'pandas', 'yaml', 'orjson'} & set(sys.modules)\n"
        "from mlmodel.models import infer_signature, ModelSignature\n"
        "from mlmodel.models.signature import infer_signature as other\n"
        "assert other is infer_signature and 'ModelSignature' in dir(mlmodel.models)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_name_that_is_repeated_is_said() -> None:
    """SIG-004."""
    with pytest.raises(InvalidArgument, match=r"\['x'\]"):
        Schema([ColSpec("long", "x"), ColSpec("long", "y"), ColSpec("long", "x")])


def test_signatures_know_nothing_of_scoring() -> None:
    """The map of CONTRIBUTING.md: scoring knows signature, and not the other way round."""
    import mlmodel.signature

    for path in Path(mlmodel.signature.__path__[0]).glob("*.py"):
        assert "mlmodel.scoring" not in path.read_text(encoding="utf-8"), path.name
