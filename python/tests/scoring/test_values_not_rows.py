"""ENF-015: lists and objects that are values, told from rows and columns alike in every form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlmodel.errors import InvalidInput, InvalidModel, MalformedRequest
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.examples.reading import read_example
from mlmodel.scoring.invocations.bodies import read_body
from mlmodel.scoring.invocations.protocol import handle
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.nested import AnyType, Array, Map, Object, Property
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from pathlib import Path

MESSAGE = Object([Property("role", "string"), Property("n", "long", required=False)])
MESSAGES = [{"role": "u", "n": 1}, {"role": "a"}]
CHAT = [ColSpec(Array(MESSAGE), "messages"), ColSpec(DataType.double, "t", required=False)]

#: The columns, the data, and the rows that the model gets (None: they are refused).
CASES: dict[str, tuple[list[ColSpec], Any, list[list[Any]] | None]] = {
    "objects": ([ColSpec(MESSAGE)], MESSAGES, [[one] for one in MESSAGES]),
    "one object": ([ColSpec(MESSAGE)], MESSAGES[0], [[MESSAGES[0]]]),
    "objects in rows": ([ColSpec(MESSAGE)], [[one] for one in MESSAGES], [[m] for m in MESSAGES]),
    "a wrong object": ([ColSpec(MESSAGE)], [MESSAGES[0], {"role": 5}], None),
    "maps": ([ColSpec(Map("long"))], [{"a": 1}, {}], [[{"a": 1}], [{}]]),
    "lists": ([ColSpec(Array("string"))], [["a", "b"], ["c"], []], [[["a", "b"]], [["c"]], [[]]]),
    "lists in rows": ([ColSpec(Array("string"))], [[["a", "b"]], [["c"]]], [[["a", "b"]], [["c"]]]),
    "lists of objects": ([ColSpec(Array(MESSAGE))], [MESSAGES, []], [[MESSAGES], [[]]]),
    "no lists": ([ColSpec(Array("string"))], ["a", "b"], None),
    "any": ([ColSpec(AnyType())], [{"a": [1]}, "x", None], [[{"a": [1]}], ["x"], [None]]),
    "one row": (CHAT, {"messages": MESSAGES, "t": 0.5}, [[MESSAGES, 0.5]]),
    "one row of lists": (CHAT[:1], {"messages": MESSAGES}, [[MESSAGES]]),
    "columns": (CHAT, {"messages": [MESSAGES, []], "t": [0.5, 1.5]}, [[MESSAGES, 0.5], [[], 1.5]]),
    "a row beside a column": (CHAT, {"messages": MESSAGES, "t": [0.5, 1.5]}, None),
    "numbered": (
        [ColSpec(Array("long"), 0), ColSpec(DataType.long, 1)],  # type: ignore[arg-type]
        {"0": [1, 2], "1": 3},
        [[[1, 2], 3]],
    ),
}


def _in_process(data: Any, engine: Engine, _: Path) -> Any:
    return engine.checked(data, None)[0]


def _as_request(data: Any, engine: Engine, _: Path) -> Any:
    body = json.dumps({"inputs": data}).encode()
    request = read_body("application/json", body, engine.matching)
    if isinstance(request.data, InvalidInput):
        raise request.data
    return engine.checked(request.data, request.params)[0]


def _as_example(data: Any, engine: Engine, root: Path) -> Any:
    (root / "input_example.json").write_text(json.dumps(data))
    return read_example(root, {"type": "json_object"}, engine.signature)


@pytest.mark.parametrize("way", [_in_process, _as_request, _as_example])
@pytest.mark.parametrize("name", CASES)
def test_all_forms_agree(name: str, way: Any, tmp_path: Path) -> None:
    """ENF-015, RST-013, RST-014, EXA-007."""
    columns, data, rows = CASES[name]
    engine = Engine(lambda *_: None, ModelSignature(Schema(columns)))
    if rows is None:
        with pytest.raises((InvalidInput, InvalidModel, MalformedRequest)):
            way(data, engine, tmp_path)
    else:
        assert way(data, engine, tmp_path).to_numpy(object).tolist() == rows


@pytest.mark.parametrize("key", ["inputs", "instances"])
def test_a_key_that_stands_twice_in_a_value(key: str) -> None:
    """ENF-058: the pairs of values are counted as those of records are."""
    engine = Engine(lambda data, _: data, ModelSignature(Schema([ColSpec(Map("long"))])))
    body = f'{{"{key}": [{{"a": 1, "a": 2}}]}}'.encode()
    answer = handle("application/json", body, engine)
    assert answer.status == 400
    assert b"ENF-058" in answer.body
