"""MLmodel files as protocol buffers: every key survives."""

from __future__ import annotations

from typing import Any

import pytest

from mlmodel._proto import message
from mlmodel.document.protobuf import from_proto, to_proto
from mlmodel.signature.types import ModelSignature, Schema, TensorSpec

SIGNATURE = ModelSignature(
    Schema.from_list([{"type": "double", "name": "a", "required": True}]),
    Schema([TensorSpec("int64", (-1,))]),
)
DOCUMENTS: list[dict[str, Any]] = [
    {"flavors": {"python_function": {"loader_module": "mlflow.sklearn", "env": {"conda": "c"}}}},
    {
        "artifact_path": "model",
        "flavors": {"zeta": {"b": [1, 2.5, None], "a": {"x": True}}, "alpha": {}},
        "signature": SIGNATURE.to_dict(),
        "metadata": {"k": "v"},
        "a_key_of_tomorrow": [{"deep": {"er": "é"}}],
    },
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_round_trip(document: dict[str, Any]) -> None:
    encoded = to_proto(document).SerializeToString()
    back = from_proto(message("Model").FromString(encoded))
    assert back == document
    assert list(back["flavors"]) == list(document["flavors"])
