"""Runs every vector through the harness of this implementation, and tests the comparison.

The harness asks as a user would: it uses public names alone, so that whatever is behind them can
be built anew without it.
"""

from __future__ import annotations

import ast
import importlib
import json
import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.harnesses.python import run
from conformance.runner.compare import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFORMANCE = Path(__file__).resolve().parents[2] / "conformance"
VECTORS = CONFORMANCE / "vectors" / "v1"


@pytest.mark.parametrize(
    "path",
    sorted(VECTORS.rglob("*.json")),
    ids=lambda path: path.relative_to(VECTORS).with_suffix("").as_posix(),
)
def test_vectors(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["cases"]
    found = {case["id"]: _wrong(content["operation"], case) for case in content["cases"]}
    assert {case: wrong for case, wrong in found.items() if wrong} == {}


def _wrong(operation: str, case: dict[str, Any]) -> list[str]:
    """Return what is wrong with the answer to a case."""
    given = json.dumps(case["input"])
    try:
        # Through JSON, as a harness in another process would answer.
        result = json.loads(json.dumps(run(operation, case["input"])))
    except Exception:  # noqa: BLE001 - whatever it is, the other cases are asked
        return [case["description"], traceback.format_exc()]
    wrong = differences(case["expected"], result)
    if json.dumps(case["input"]) != given:
        wrong.append("the adapter changed its input")
    return [", ".join(case["rules"]), case["description"], *wrong] if wrong else []


def test_an_operation_without_adapter_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        run("walk-the-dog", {})


def _column(values: list[Any], dtype: str = "float64", name: str | None = "a") -> dict[str, Any]:
    return {"data": {"columns": [{"name": name, "dtype": dtype, "values": values}]}}


def _tensor(values: list[Any], dtype: str, shape: list[int]) -> dict[str, Any]:
    return {"data": {"tensor": {"dtype": dtype, "shape": shape, "values": values}}}


def _refused(*details: dict[str, Any]) -> dict[str, Any]:
    return {"error": "INVALID_INPUT", "details": list(details)}


TIME = "datetime64[ns]"

SAME = [
    (_column([1.5, 2]), _column([1.5, 2.0])),
    (_column([None, "NaN"]), _column(["NaN", None])),
    (_column([0.1], "float32"), _column([0.10000000149011612], "float32")),
    (_column(["Infinity"]), _column(["Infinity"])),
    (_column([-0.0]), _column([-0.0])),
    (_column([2**63 - 1], "int64"), _column([2**63 - 1], "int64")),
    (_column(["2020-01-01"], TIME), _column(["2020-01-01T00:00:00"], TIME)),
    (_column(["2020-01-01T01:00:00.5+01:00"], TIME), _column(["2020-01-01T00:00:00.500"], TIME)),
    (_column(["1969-12-31T23:59:59.9"], TIME), _column(["1969-12-31T23:59:59.900000000"], TIME)),
    (_tensor([1, 2], "int8", [2, 1]), _tensor([1, 2], "int8", [2, 1])),
    (
        {"data": {"tensors": {"x": {"dtype": "bool", "shape": [1], "values": [True]}}}},
        {"data": {"tensors": {"x": {"dtype": "bool", "shape": [1], "values": [True]}}}},
    ),
    ({"data": {"value": {"a": [1, "b"]}}}, {"data": {"value": {"a": [1, "b"]}}}),
    ({"valid": True}, {"valid": True, "violations": []}),
    (_refused({"rule": "ENF-001"}), _refused({"rule": "ENF-001", "column": "a", "row": 0})),
    (_refused({"rule": "ENF-001", "row": None}), _refused({"rule": "ENF-001"})),
    (_refused({"rule": "ENF-001", "row": None}), _refused({"rule": "ENF-001", "row": None})),
    (
        {"status": 200, "body": {"predictions": [1]}},
        {"status": 200, "body": {"predictions": [1.0]}},
    ),
]

#: What an implementation that is wrong might answer.
DIFFERENT = [
    (_column([1.5]), _column([1.5000000000000002])),
    (_column([0.0]), _column([-0.0])),
    (_column([1.5]), _column([None])),
    (_column([None]), _column([0.0])),
    (_column(["Infinity"]), _column(["-Infinity"])),
    (_column([1.5]), _column([1.5], "float32")),
    (_column([1.5]), _column([1.5], name="b")),
    (_column([1.5]), _column([1.5], name=None)),
    (_column([1.5]), _column([1.5, 1.5])),
    (_column([1.5]), _column([])),
    (_column([1, 2], "int64"), _column([2, 1], "int64")),
    (_column([2**53], "int64"), _column([2**53 + 1], "int64")),
    (_column([1], "int64"), _column([True], "int64")),
    (_column([True], "bool"), _column([1], "bool")),
    (_column(["1"], "object"), _column([1], "object")),
    (_column([None], "object"), _column([""], "object")),
    (_column(["2020-01-01"], TIME), _column(["2020-01-01T00:00:00.000000001"], TIME)),
    (_column(["2020-01-01"], TIME), _column([None], TIME)),
    (_column(["2020-01-01"], TIME), _column(["2020-01-01"], "datetime64[us]")),
    (_tensor([1, 2], "int8", [2, 1]), _tensor([1, 2], "int8", [1, 2])),
    (_tensor([1, 2], "int8", [2]), {"data": {"value": [1, 2]}}),
    (
        {"data": {"columns": []}},
        _column([1.5]),
    ),
    (
        {"data": {"tensors": {"x": {"dtype": "bool", "shape": [1], "values": [True]}}}},
        {"data": {"tensors": {"y": {"dtype": "bool", "shape": [1], "values": [True]}}}},
    ),
    ({"data": {"value": {"a": 1}}}, {"data": {"value": {"a": 1, "b": 2}}}),
    ({"data": {"value": {"a": 1}}}, {"data": {"value": {}}}),
    (_column([1.5]), _refused()),
    (_column([1.5]), {**_column([1.5]), "error": "INTERNAL_ERROR"}),
    (_refused(), _column([1.5])),
    (_refused({"rule": "ENF-001"}), _refused()),
    (_refused({"rule": "ENF-001"}), _refused({"rule": "ENF-002"})),
    (_refused({"rule": "ENF-001", "row": 1}), _refused({"rule": "ENF-001"})),
    (_refused({"rule": "ENF-001", "row": 1}), _refused({"rule": "ENF-001", "row": None})),
    (_refused({"rule": "ENF-001", "row": None}), _refused({"rule": "ENF-001", "row": 0})),
    (_refused({"rule": "ENF-001"}), _refused({"rule": "ENF-001"}, {"rule": "ENF-002"})),
    (
        _refused({"rule": "ENF-001"}, {"rule": "ENF-002"}),
        _refused({"rule": "ENF-002"}, {"rule": "ENF-001"}),
    ),
    (_refused(), {"error": "INTERNAL_ERROR", "details": []}),
    ({"valid": True}, {"valid": False}),
    ({"valid": True, "violations": []}, {"valid": True, "violations": [{"rule": "MLM-001"}]}),
    ({"status": 200, "body": [1]}, {"status": 200, "body": [1.5]}),
    ({"status": 200, "body": {"a": 1}}, {"status": 200, "body": {"a": 1, "b": 2}}),
    ({"status": 400, "error_code": "X"}, {"status": 500, "error_code": "X"}),
    ({"status": 200, "body": 1}, {"status": 200, "body": 1, "error_code": "X"}),
    ({"allowed": False, "refused": ["os.system"]}, {"allowed": False, "refused": []}),
    ({"inputs": [{"type": "long"}]}, {"inputs": [{"type": "long", "name": "a"}]}),
]


@pytest.mark.parametrize(("expected", "result"), SAME)
def test_comparison_passes_what_is_right(expected: dict[str, Any], result: dict[str, Any]) -> None:
    assert differences(expected, result) == []


@pytest.mark.parametrize(("expected", "result"), DIFFERENT)
def test_comparison_finds_what_is_wrong(expected: dict[str, Any], result: dict[str, Any]) -> None:
    assert differences(expected, result)


@pytest.mark.parametrize(
    "data",
    [
        _column([1.5, None, "Infinity", -0.0])["data"],
        _column([0.25], "float32")["data"],
        _column([1, 2], "int32")["data"],
        _column([1, None], "Int64")["data"],
        _column([True, None], "boolean")["data"],
        _column([True], "bool")["data"],
        _column(["a", None], "string")["data"],
        _column(["a", None], "object")["data"],
        _column(["YQ==", None], "binary")["data"],
        _column(["a", "b"], "category")["data"],
        _column(["2020-01-01T00:00:00.000000001", None], TIME)["data"],
        _column(["2020-01-01T00:00:00"], "datetime64[s]")["data"],
        _column([], "int64")["data"],
        _column([1], "int64", name=None)["data"],
        _tensor(["NaN", 1.5], "float32", [2, 1])["data"],
        _tensor(["a", "bc"], "str", [2])["data"],
        _tensor([], "int64", [0, 3])["data"],
        _tensor(["YQ=="], "binary", [1])["data"],
        {"tensors": {"x": _tensor([True], "bool", [1])["data"]["tensor"]}},
        {"value": {"a": [1, None, "b"]}},
    ],
)
def test_data_survives_a_round_trip(data: dict[str, Any]) -> None:
    from conformance.harnesses.python.data import decode, encode

    result = json.loads(json.dumps(encode(decode(data))))
    assert differences({"data": data}, {"data": result}) == []


def test_a_name_may_stand_twice_in_a_frame() -> None:
    from conformance.harnesses.python.data import decode

    column = {"name": "a", "dtype": "int64", "values": [1]}
    frame = decode({"columns": [column, {**column, "dtype": "float64"}]})
    assert list(frame.columns) == ["a", "a"]
    assert [str(dtype) for dtype in frame.dtypes] == ["int64", "float64"]


# Which names of the implementation the suite uses

#: The modules whose ``__all__`` is public. A name that the harness lacks is made public in one of
#: them, with its documentation; what is behind them may be built anew at any time.
PUBLIC = frozenset(
    {
        *("mlmodel", "mlmodel.errors", "mlmodel.models", "mlmodel.types"),
        *("mlmodel.document", "mlmodel.signature", "mlmodel.store", "mlmodel.trust"),
        *("mlmodel.document.protobuf", "mlmodel.signature.protobuf", "mlmodel.scoring.protobuf"),
        *("mlmodel.scoring.v2", "mlmodel.scoring.v2.rpc", "mlmodel.scoring.v1.rpc"),
        *("mlmodel.flavors", "mlmodel.pyfunc", "mlmodel.serving"),
    }
)


def _names_behind(source: str) -> list[str]:
    """Return what a module uses of ``mlmodel`` that is not public."""
    tree = ast.parse(source)
    modules: dict[str, str] = {}  # name in the source -> what it stands for
    used: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                used.append(alias.name)
                top = alias.name.partition(".")[0]
                modules[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                used.append(f"{node.module}.{alias.name}")
                modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            used += _attribute(node, modules)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # A module that is imported, or patched, by its name.
            used += [node.value] if re.fullmatch(r"mlmodel(\.\w+)+", node.value) else []
    return sorted({name for name in used if not _is_public(name)})


def _attribute(node: ast.Attribute, modules: dict[str, str]) -> Iterator[str]:
    """Give what an attribute is: a name of a module, or a private one of whatever object."""
    parts, held = [node.attr], node.value
    while isinstance(held, ast.Attribute):
        parts.insert(0, held.attr)
        held = held.value
    name = held.id if isinstance(held, ast.Name) else ""
    if modules.get(name) in PUBLIC:
        yield ".".join([modules[name], *parts])
    elif name not in {"self", "cls", "os"} and re.match(r"_(?!_)", node.attr):
        yield f"mlmodel.?.{node.attr}"


def _is_public(name: str) -> bool:
    """Return whether a dotted name is none of ours, a public module, or begins with a public name."""
    if name.partition(".")[0] != "mlmodel" or name in PUBLIC:
        return True
    module = name
    while module not in PUBLIC:
        module = module.rpartition(".")[0]
    first, *rest = name.removeprefix(f"{module}.").split(".")
    listed = first in importlib.import_module(module).__all__
    return listed and not any(part.startswith("_") for part in rest)


@pytest.mark.parametrize("path", sorted(CONFORMANCE.rglob("*.py")), ids=lambda path: path.name)
def test_the_suite_uses_public_names_alone(path: Path) -> None:
    assert _names_behind(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from mlmodel._proto import message", "mlmodel._proto.message"),
        ("import mlmodel._proto as p", "mlmodel._proto"),
        ("from mlmodel import _proto", "mlmodel._proto"),
        ("from mlmodel.serving.app import Application", "mlmodel.serving.app.Application"),
        ("import mlmodel.serving.app", "mlmodel.serving.app"),
        ("from mlmodel.serving import app", "mlmodel.serving.app"),
        ("from mlmodel.store import locations", "mlmodel.store.locations"),
        ("from mlmodel.signature import compare", "mlmodel.signature.compare"),
        ("from mlmodel.signature import *", "mlmodel.signature.*"),
        ("from mlmodel.errors import shown", "mlmodel.errors.shown"),
        ("from mlmodel.scoring.protobuf import _data", "mlmodel.scoring.protobuf._data"),
        ("def f():\n    from mlmodel.trust.gate import Gate", "mlmodel.trust.gate.Gate"),
        ("if TYPE_CHECKING:\n    from mlmodel.scoring import engine", "mlmodel.scoring.engine"),
        ("import mlmodel\nmlmodel.reports", "mlmodel.reports"),
        ("import mlmodel.store\nmlmodel.store.saving.x", "mlmodel.store.saving"),
        ("from mlmodel import document as d\nd.rules.checks.check()", "mlmodel.document.rules"),
        ("from mlmodel import document\ndocument.compose_document", "mlmodel.document.compose"),
        ("from mlmodel.models import Model\nModel._source", "mlmodel.?._source"),
        ("model.load()._source", "mlmodel.?._source"),
        ("import_module('mlmodel.serving.app')", "mlmodel.serving.app"),
        ("patch('mlmodel.store.Unknown')", "mlmodel.store.Unknown"),
    ],
)
def test_a_name_that_is_not_public_is_found(source: str, found: str) -> None:
    assert any(name.startswith(found) for name in _names_behind(source))


@pytest.mark.parametrize(
    "source",
    [
        "import mlmodel\nmlmodel.load('x').predict(1)",
        "from mlmodel import document\ndocument.protobuf.to_proto({})",
        "from mlmodel.models import Model as M\nM.load('x').signature",
        "from mlmodel.document import protobuf as p\np.from_bytes(b'')",
        "import json\nfrom collections import _x\nself._held",
        "pool.find(f'mlmodel.v1.{name}'), 'mlmodel serve'",
    ],
)
def test_public_names_are_no_findings(source: str) -> None:
    assert _names_behind(source) == []
