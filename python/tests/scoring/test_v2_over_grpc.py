"""The vectors of the protocol over HTTP, asked by messages: the same answers (spec/scoring-grpc.md).

Each request of ``scoring-v2`` whose tensors can be said in a message is made one, twice where that
goes: with elements in their fields, and raw. Answer or refusal are those of the vector.
"""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.harnesses.python.ops.score_v2 import fill
from mlmodel.errors import MlmodelError
from mlmodel.scoring.v2 import Models, Tensor, rpc, to_raw
from mlmodel.scoring.v2.protobuf import message

if TYPE_CHECKING:
    from collections.abc import Iterator

VECTORS = Path(__file__).resolve().parents[3] / "conformance" / "vectors" / "v1" / "scoring-v2"
FIELDS = {
    "BOOL": ("bool_contents", bool),
    **dict.fromkeys(("INT8", "INT16", "INT32"), ("int_contents", int)),
    "INT64": ("int64_contents", int),
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), ("uint_contents", int)),
    "UINT64": ("uint64_contents", int),
    "FP32": ("fp32_contents", float),
    "FP64": ("fp64_contents", float),
    "BYTES": ("bytes_contents", bytes),
}
PARAMETERS = {bool: "bool_param", int: "int64_param", str: "string_param", float: "double_param"}
#: Rules that are of JSON, of paths, or of what JSON alone can say.
OF_HTTP = {"OIP-003", "OIP-004", "OIP-005", "OIP-006", "OIP-010", "OIP-012", "OIP-050", "OIP-053",
           "OIP-054", "ENF-058", "ENF-045", "ENF-047", "RST-002", "RST-004", "OIP-026", "OIP-045"}  # fmt: skip
#: Rules by which BYTES mean another thing in JSON, whose texts hold no bytes.
OF_TEXTS = {"OIP-031", "OIP-034"}


class Unsaid(Exception):
    """A message cannot say it, or says another thing by it."""


def _cases() -> list[Any]:
    found = []
    for path in sorted(VECTORS.glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            for raw in (False, True):
                try:
                    body = _message(case, raw=raw)
                except (Unsaid, ValueError, TypeError, KeyError, AttributeError, OverflowError):
                    continue
                name = f"{path.stem}:{case['id']}{':raw' if raw else ''}"
                found.append(pytest.param(case, body, id=name))
    return found


def _message(case: dict[str, Any], *, raw: bool) -> bytes:
    asked = case["input"]["request"]
    if (
        asked["method"] != "POST"
        or not asked["path"].endswith("/infer")
        or "binary_base64" in asked
    ):
        raise Unsaid
    if OF_TEXTS & set(case["rules"]) or case["input"].get("before"):
        raise Unsaid
    expected = case["expected"]
    rules = {detail.get("rule", "OIP-054") for detail in expected.get("details") or [{}]}
    if "error_code" in expected and OF_HTTP & rules:
        raise Unsaid
    parts = asked["path"].split("/")
    body = json.loads(asked["body"])
    request = message("ModelInferRequest")(model_name=parts[3], id=body.get("id", ""))
    if len(parts) > 5:
        request.model_version = parts[5]
    _parameters(request.parameters, body)
    for one in body["inputs"]:
        made = request.inputs.add(name=one["name"], datatype=one["datatype"], shape=one["shape"])
        _parameters(made.parameters, one)
        cells = list(_flat(one["data"]))
        field, kind = FIELDS[one["datatype"]]
        elements = [_element(cell, kind) for cell in cells]
        getattr(made.contents, field).extend(elements)
        if len(elements) != math.prod(one["shape"]):
            raise Unsaid
    for one in body.get("outputs") or ():
        _parameters(request.outputs.add(name=one["name"]).parameters, one)
    if raw:
        _make_raw(request)
    encoded: bytes = request.SerializeToString()
    return encoded


def _make_raw(request: Any) -> None:
    import numpy as np

    for one in request.inputs:
        elements = list(getattr(one.contents, FIELDS[one.datatype][0]))
        dtype = object if one.datatype == "BYTES" else one.datatype.lower()
        dtype = {"fp32": "f4", "fp64": "f8", "bool": "?"}.get(dtype, dtype)
        values = np.array(elements, dtype)
        request.raw_input_contents.append(
            to_raw(Tensor(one.name, one.datatype, values.shape, values))
        )
        one.ClearField("contents")


def _flat(data: Any) -> Iterator[Any]:
    if not isinstance(data, list):
        yield data
        return
    for one in data:
        yield from _flat(one)


def _element(cell: Any, kind: type) -> Any:
    if kind is bytes and isinstance(cell, str):
        return cell.encode()
    if kind is float and type(cell) in (int, float):
        return float(cell)
    if kind is float and cell is None:
        return math.nan
    if type(cell) is not kind:
        raise Unsaid
    return cell


def _parameters(target: Any, holder: dict[str, Any]) -> None:
    for name, value in (holder.get("parameters") or {}).items():
        if type(value) not in PARAMETERS or name in ("binary_data_size", "binary_data"):
            raise Unsaid
        setattr(target[name], PARAMETERS[type(value)], value)


CASES = _cases()


def test_the_vectors_can_be_said() -> None:
    assert len(CASES) > 200
    assert len({case.id.partition(":")[0] for case in CASES}) > 6


@pytest.mark.parametrize(("case", "body"), CASES)
def test_a_message_is_answered_as_json_is(case: dict[str, Any], body: bytes) -> None:
    models = Models()
    fill(models, case["input"])
    expected = case["expected"]
    told: list[str] = []
    try:
        answer = rpc.handle("ModelInfer", body, models, warn=told.append)
    except MlmodelError as error:
        if error.code != "UNSERIALIZABLE_PREDICTION" or not _has_gaps(expected):
            _compare_errors(expected, error)
        return  # what is missing has no form, as in binary form (OIP-013)
    assert "error_code" not in expected
    assert bool(told) == expected.get("warns", bool(told))
    if "body" in expected:
        _compare(expected["body"], message("ModelInferResponse").FromString(answer))


def _compare_errors(expected: dict[str, Any], error: MlmodelError) -> None:
    assert error.code == expected.get("error_code"), error
    details = json.loads(rpc.failure(error).details)["details"]
    assert len(details) == len(expected["details"])
    for got, due in zip(details, expected["details"], strict=True):
        keys = due.keys() - {"got"}
        assert {key: got.get(key) for key in keys} == {key: due[key] for key in keys}


def _has_gaps(expected: dict[str, Any]) -> bool:
    """Return whether a value is missing in an answer that cannot say so but in JSON."""
    outputs = expected.get("body", {}).get("outputs", ())
    kinds = [one["datatype"] for one in outputs if None in one.get("data", ())]
    return any(kind != "BYTES" and not kind.startswith("FP") for kind in kinds)


def _compare(expected: dict[str, Any], answer: Any) -> None:
    for key in ("model_name", "model_version", "id"):
        assert getattr(answer, key) == expected.get(key, "")
    assert len(answer.outputs) == len(expected["outputs"])
    for place, (due, got) in enumerate(zip(expected["outputs"], answer.outputs, strict=True)):
        assert (got.name, got.datatype, list(got.shape)) == (
            due["name"],
            due["datatype"],
            due["shape"],
        )
        if "data" not in due:
            continue
        if answer.raw_output_contents:
            from mlmodel.scoring.v2 import from_raw

            shape = tuple(got.shape)
            read = from_raw(answer.raw_output_contents[place], got.datatype, shape, got.name)
            cells = read.ravel().tolist()
        else:
            cells = list(getattr(got.contents, FIELDS[got.datatype][0]))
        hint = due.get("parameters", {}).get("content_type")
        wanted = [_wanted(cell, hint, got.datatype) for cell in due["data"]]
        if None in wanted:  # each is the JSON text of its element here (OIP-044)
            cells = [json.loads(cell) for cell in cells]
            wanted = due["data"]
        if got.datatype == "FP32":
            import numpy as np

            wanted = np.array(wanted, "f4").tolist()
        assert str(cells) == str(wanted)  # NaN is not equal to itself


def _wanted(cell: Any, hint: str | None, datatype: str) -> Any:
    if datatype.startswith("FP"):
        return math.nan if cell is None else float(cell)
    if not isinstance(cell, str):
        return cell
    return base64.b64decode(cell) if hint == "base64" else cell.encode()
