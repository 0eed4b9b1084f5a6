"""What a request of the Open Inference Protocol costs: no more than its size warrants.

Each case runs in a process of its own, whose memory has a bound.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from bounded import bounded

pytestmark = pytest.mark.slow  # each takes two seconds or three

MEMORY = 2 * 2**30
ROWS = 200_000

_PROGRAM = """
import json, sys, warnings
warnings.simplefilter("ignore")
from mlmodel.models import Model, ModelSignature
from mlmodel.pyfunc import PyFuncModel
from mlmodel.scoring.v2 import Models, handle

columns = json.loads(sys.stdin.buffer.readline())
described = Model(signature=ModelSignature.from_dict({"inputs": json.dumps(columns)}))
models = Models()
models.add("m", lambda: PyFuncModel(described, lambda given, params: [len(given)]).engine)
models.load("m")
print(handle("POST", "/v2/models/m/infer", {}, sys.stdin.buffer.read(), models).status)
"""


def _tensor(name: str, datatype: str, shape: list[int], data: Any) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


LONG = _tensor("c0", "FP64", [ROWS], [0] * ROWS)
ARRAYS = {"type": "array", "items": {"type": "double"}}

CASES = {
    "inputs that are not declared": (
        [{"type": "double", "name": "c0"}],
        [LONG, *(_tensor(f"z{place}", "INT8", [0], []) for place in range(20_000))],
        200,
    ),
    "columns of another length": (
        [{"type": "double", "name": f"c{place}"} for place in range(5_000)],
        [LONG, *(_tensor(f"c{place}", "FP64", [0], []) for place in range(1, 5_000))],
        400,
    ),
    "rows of nothing": ([{**ARRAYS, "name": "v"}], [_tensor("v", "FP64", [2**30, 0], [])], 400),
    "an axis that no memory holds": (
        [{"type": "double", "name": "a"}],
        [_tensor("a", "FP64", [2**40], [])],
        400,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_memory_is_bounded(name: str) -> None:
    columns, inputs, status = CASES[name]
    ran = bounded(
        "-c", _PROGRAM, timeout=300, memory=MEMORY,
        input=f"{json.dumps(columns)}\n{json.dumps({'inputs': inputs})}".encode(),
    )  # fmt: skip
    assert (ran.stdout.strip(), ran.returncode) == (str(status).encode(), 0), ran.stderr[-2000:]
