"""The types themselves: positional forms, the file and back, and the public names."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlmodel.errors import InvalidArgument
from mlmodel.models.signature import ModelSignature
from mlmodel.signature.names import repeated
from mlmodel.types.schema import ColSpec, DataType, ParamSpec, Schema, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    flat = Schema.from_json('[{"name": "images", "dtype": "uint8", "shape": [-1, 28, 28, 1]}]')
    assert flat == Schema([TensorSpec("uint8", (-1, 28, 28, 1), "images")])


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "[5]",
        '[{"name": "a"}]',
        '[{"type": "tensor", "tensor-spec": {"dtype": "x"}}]',
        '[{"type": "long"}, {"type": "long", "name": "a"}]',
    ],
)
def test_what_is_no_schema(text: str) -> None:
    with pytest.raises(InvalidArgument, match="SIG-"):
        Schema.from_json(text)


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


def test_public_names_load_no_third_party_module() -> None:
    code = (
        "import sys, mlmodel.models, mlmodel.models.signature, mlmodel.types.schema\n"
        "assert not {'numpy', 'pandas', 'yaml', 'orjson'} & set(sys.modules)\n"
        "from mlmodel.models import infer_signature, ModelSignature\n"
        "from mlmodel.models.signature import infer_signature as other\n"
        "assert other is infer_signature and 'ModelSignature' in dir(mlmodel.models)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_names_are_looked_at_once_to_find_repeated_ones() -> None:
    """SIG-004: a client's names, too, are looked through this way (ENF-058)."""
    seen: list[str] = []

    def names() -> Iterator[str]:
        for name in ("a", "b", "c", "b", "a", "b"):
            seen.append(name)
            yield name

    assert repeated(names()) == ["b", "a"]
    assert len(seen) == 6
    with pytest.raises(InvalidArgument, match=r"\['x'\]"):
        Schema([ColSpec("long", "x"), ColSpec("long", "y"), ColSpec("long", "x")])


def test_signatures_know_nothing_of_scoring() -> None:
    """The map of CONTRIBUTING.md: scoring knows signature, and not the other way round."""
    import mlmodel.signature

    for path in Path(mlmodel.signature.__path__[0]).glob("*.py"):
        assert "mlmodel.scoring" not in path.read_text(encoding="utf-8"), path.name
