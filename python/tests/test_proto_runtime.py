"""The protobuf runtime: any supported version, and nobody else's messages (PRO-006)."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.slow

PYTHON = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PYTHON / "tools"))

from peer_environment import make_environment  # noqa: E402 - found through the line above

#: Everything that is converted, there and back, in one go.
ROUND = """
import google.protobuf, numpy as np
from google.protobuf import json_format
from mlmodel._proto import message
from mlmodel.document import protobuf as documents
from mlmodel.scoring.protobuf import read_request, write_request
from mlmodel.signature.data.columns import Block, Columns
from mlmodel.signature.model_signature import ModelSignature

texts = {
    "inputs": '[{"type": "double", "name": "a", "required": true}, {"type": "array", "items": '
    '{"type": "object", "properties": {"p": {"type": "long", "required": false}}}, "name": "b", '
    '"required": true}]',
    "outputs": '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 3]}}]',
    "params": '[{"name": "p", "default": [1, null], "shape": [-1], "type": "long"}]',
}
document = {
    "flavors": {"f": {"a": [1, 2**70, None, 1.5, b"x", {"k": {1, 2}}]}},
    "signature": ModelSignature.from_dict(texts).to_dict(),
    "run_id": "r", "model_size_bytes": 2**60, "tomorrow": {"x": float("inf")},
}
assert documents.from_bytes(documents.to_bytes(document)) == document
model = documents.to_proto(document)
text = json_format.MessageToJson(model)
assert json_format.Parse(text, message("Model")()) == model
blocks = [Block(np.eye(2, dtype="float32"), (2, 0), np.eye(2, dtype=bool)),
          Block(np.array([["x"], [None]], object), (1,))]
back, params = read_request(write_request(Columns(("a", 7, None), blocks, 2), {"p": [1, "y"]}))
assert back.names == ("a", 7, None) and params == {"p": [1, "y"]}
assert back.blocks[0].values.tolist() == [[1, 0], [0, 1]]
assert back.blocks[0].mask.tolist() == [[True, False], [False, True]]
assert back.blocks[1].values.tolist() == [["x"], [None]]
for noise in (b"\\xff", b"\\x12\\x02" * 99, b"\\x0a\\x05\\x0a\\x03a\\xffb"):
    for read in (documents.from_bytes, read_request):
        try:
            read(noise)
        except ValueError as error:
            assert "PRO-" in str(error), error
        else:
            raise AssertionError(noise)
from google.protobuf.internal import api_implementation
print(google.protobuf.__version__, api_implementation.Type())
"""


def _run(code: str, python: str = sys.executable, **environment: str) -> str:
    done = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=False, env=_env(environment)
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _env(more: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, **more}


def test_the_runtime_without_compiled_code() -> None:
    """PRO-006."""
    out = _run(ROUND, PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION="python")
    assert out.split() == [importlib.metadata.version("protobuf"), "python"]


def _oldest() -> str:
    extras = tomllib.loads((PYTHON / "pyproject.toml").read_text())["project"]
    (line,) = [
        line for line in extras["optional-dependencies"]["grpc"] if line.startswith("protobuf")
    ]
    (version,) = re.findall(r"protobuf>=([0-9.]+)$", line)
    return str(version)


@pytest.mark.parametrize("which", ["oldest", "newest"])
def test_every_supported_runtime(which: str, tmp_path: Path) -> None:
    """PRO-006: the descriptors load, and all is the same, in the oldest and the newest."""
    wanted = f"protobuf=={_oldest()}.0" if which == "oldest" else "protobuf"
    folder = tmp_path / "environment"
    numpy = f"numpy=={importlib.metadata.version('numpy')}"
    pandas = f"pandas=={importlib.metadata.version('pandas')}"
    make_environment(folder, [wanted, numpy, pandas, "-e", f"{PYTHON}[predict]"])
    out = _run(ROUND, str(folder / "bin" / "python"))
    assert which == "newest" or out.startswith(f"{_oldest()}.0 ")


#: What another package brings: files of the same names with other messages of the same names.
OTHERS = """
from google.protobuf import descriptor_pb2, descriptor_pool
for file, name in (("signature", "Signature"), ("value", "Value"), ("model", "Model"),
                   ("scoring", "Data")):
    other = descriptor_pb2.FileDescriptorProto(
        name=f"mlmodel/v1/{file}.proto", package="mlmodel.v1", syntax="proto3")
    other.message_type.add(name=name)
    descriptor_pool.Default().AddSerializedFile(other.SerializeToString())
"""


@pytest.mark.parametrize("order", ["theirs first", "ours first"])
@pytest.mark.parametrize("implementation", ["upb", "python"])
def test_nobody_elses_messages(order: str, implementation: str) -> None:
    """PRO-006: they stand beside ours, whoever comes first."""
    code = OTHERS + ROUND if order == "theirs first" else ROUND + OTHERS
    check = (
        "\ntheirs = descriptor_pool.Default().FindMessageTypeByName('mlmodel.v1.Signature')\n"
        "assert not theirs.fields_by_name\n"
        "assert 'inputs' in message('Signature').DESCRIPTOR.fields_by_name\n"
    )
    _run(code + check, PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=implementation)


def test_signatures_need_no_numpy() -> None:
    _run(
        "import sys, mlmodel.signature.protobuf, mlmodel.document.protobuf as d\n"
        "d.from_bytes(d.to_bytes({'flavors': {'a': {}}}))\n"
        "assert 'numpy' not in sys.modules"
    )
