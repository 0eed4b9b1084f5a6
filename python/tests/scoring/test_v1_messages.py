"""Messages of ``mlmodel.v1.ScoringService``, whatever is in them (spec/scoring-grpc.md)."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import mlmodel
from mlmodel.errors import (
    InternalError,
    MalformedRequest,
    MissingDependency,
    MlmodelError,
    NotAcceptable,
    NotFound,
    Unavailable,
)
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.protobuf import write_request
from mlmodel.scoring.v1 import rpc
from mlmodel.scoring.v2 import Models
from mlmodel.scoring.v2 import rpc as v2

if TYPE_CHECKING:
    from mlmodel.signature.model_signature import ModelSignature

MIXED = pd.DataFrame(
    {
        "d": [1.5, np.nan],
        "s": ["x", None],
        "b": [True, False],
        "l": [1, 2],
        "f": np.array([0.5, 2], "float32"),
        "n": [[1.0], [2.0, 3.0]],
        "t": pd.to_datetime(["2024-01-01", "2024-01-02"]),
        "y": [b"\0", b"\xff"],
    }
)


def models(signature: ModelSignature | None = None) -> Models:
    made = Models()
    made.add("m", lambda: Engine(lambda data, _params: data, signature))
    made.load("m")
    return made


def varint(number: int) -> bytes:
    """Return a number as messages have it."""
    if number < 128:
        return bytes([number])
    return bytes([number & 127 | 128]) + varint(number >> 7)


def echoed(request: Any, served: Models) -> Any:
    answer = rpc.handle("Score", request.SerializeToString(), served)
    return rpc.message("ScoreResponse").FromString(answer)


@pytest.mark.filterwarnings("ignore")
def test_what_is_answered_may_be_asked_again() -> None:
    """GRP-023, GRP-025: a table that was answered is one that can be sent, with equal cells."""
    served = models(mlmodel.infer_signature(MIXED))
    request = rpc.message("ScoreRequest").FromString(write_request(MIXED))
    for form in (1, 2, 3):
        request.answer_form = form
        answer = echoed(request, served)
        again = rpc.message("ScoreRequest")(answer_form=3)
        given = answer.WhichOneof("answer")
        to = {"table": again.table, "predictions": again.data}.get(given)
        if to is None:
            again.arrow = answer.arrow
        else:
            to.CopyFrom(getattr(answer, given))
        once = echoed(again, served).predictions
        request.answer_form = 3
        assert once == echoed(request, served).predictions, form


@pytest.mark.slow
def test_parts_are_counted_before_a_message_is_unfolded() -> None:
    """GRP-028: values, items within them, columns."""
    value = rpc.message("Value")
    items = value(items=[value(integer=1)]).SerializeToString() * 1_000_001
    cells = b"\x0a" + varint(len(items)) + items
    values = b"\x62" + varint(len(cells)) + cells
    column = rpc.message("Table")(columns=[{"name": "a"}]).SerializeToString()
    lists = b"\x0a" + varint(len(values)) + values
    for number, held in ((7, lists), (7, column * 1_000_001), (2, items)):
        body = bytes([number << 3 | 2]) + varint(len(held)) + held
        assert rpc.message("ScoreRequest").FromString(body).ByteSize() == len(body)
        with pytest.raises(MalformedRequest, match="GRP-028"):
            rpc.handle("Score", body, models())


@pytest.mark.thorough
def test_runs_of_cells_are_no_parts() -> None:
    """GRP-028: texts and numbers cost what they weigh."""
    request = rpc.message("ScoreRequest")()
    request.table.columns.add(name="a").strings.values.extend(["ab"] * 1_000_001)
    request.table.columns.add(name="b").longs.values.extend([1] * 1_000_001)
    answer = echoed(request, models())
    assert len(answer.table.columns[0].strings.values) == 1_000_001


def test_parts_of_an_input_count_too() -> None:
    """GRP-010: parameters within one input, and elements of BYTES do not."""
    request = v2.message("ModelInferRequest")(model_name="m")
    made = request.inputs.add(name="x", datatype="BYTES", shape=[150_000])
    made.contents.bytes_contents.extend([b"0123456789"] * 150_000)
    assert v2.handle("ModelInfer", request.SerializeToString(), models())
    for number in range(100_001):
        made.parameters[f"parameter {number}"].int64_param = number
    with pytest.raises(MalformedRequest, match="GRP-010"):
        v2.handle("ModelInfer", request.SerializeToString(), models())


@pytest.mark.parametrize("service", [rpc, v2])
def test_an_error_in_a_stream_has_its_request_s_id(service: Any) -> None:
    """GRP-007, GRP-027: of a request that was not read, too."""
    kind = "ScoreRequest" if service is rpc else "ModelInferRequest"
    request = service.message(kind)(model_name="x", id="\u00e9 7")
    body = request.SerializeToString()

    def said(encoded: bytes, refuse: MlmodelError | None = None) -> tuple[str, str]:
        answer = service.handle_in_stream(encoded, models(), refuse=refuse)
        if service is rpc:
            told = rpc.message("ScoreResponse").FromString(answer)
            return told.id, told.error.code
        streamed = v2.message("ModelStreamInferResponse").FromString(answer)
        return streamed.infer_response.id, streamed.error_message.partition(":")[0]

    assert said(body) == ("\u00e9 7", "MODEL_NOT_FOUND")
    assert said(body, Unavailable("no room")) == ("\u00e9 7", "UNAVAILABLE")
    assert said(body + b"\xff") == ("\u00e9 7", "MALFORMED_REQUEST")
    assert said(request.SerializeToString()[:-1] + b"\xff") == ("", "MALFORMED_REQUEST")
    assert said(b"", Unavailable("no room")) == ("", "UNAVAILABLE")


def test_an_id_is_read_off_a_message_that_is_not_read() -> None:
    """GRP-027: whatever stands before it, the last of several; and nonsense ends."""
    kind, served = rpc.message("ScoreRequest"), models()

    def read_off(encoded: bytes) -> str:
        answer = rpc.handle_in_stream(encoded, served, refuse=Unavailable("no room"))
        told = rpc.message("ScoreResponse").FromString(answer)
        assert told.error.code == "UNAVAILABLE"
        return str(told.id)

    filled = kind(id="b", model_name="id", answer_form=2, table={"columns": [{"name": "a"}]})
    whole, first = filled.SerializeToString(), kind(id="a").SerializeToString()
    unknown = b"\x79" + bytes(8) + b"\x7d" + bytes(4) + b"\xf8\x01\x96\x01"
    for encoded in (whole, unknown + whole, whole + unknown, first + whole, b"", first):
        assert read_off(encoded) == kind.FromString(encoded).id
    chance = random.Random(5)
    for _ in range(2000):
        read_off(chance.randbytes(chance.randrange(30)))
    assert read_off(b"\x30\x01" * 2000 + whole) == ""  # behind so many fields none is looked for


@pytest.mark.parametrize("service", [rpc, v2])
def test_a_fault_of_the_library_is_hidden(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """GRP-011 (ERR-006): of a call, and in a stream, which goes on."""
    served = models()
    monkeypatch.setattr(served, "find", lambda *_: 1 / 0)
    asked = "ScoreRequest" if service is rpc else "ModelInferRequest"
    body = service.message(asked)(model_name="m", id="7").SerializeToString()
    with pytest.raises(InternalError, match="ERR-006"):
        service.handle(service.PREDICTS, body, served)
    answer = service.handle_in_stream(body, served)
    assert b"INTERNAL_ERROR" in answer
    assert b"division" not in answer
    assert b"7" in answer


@pytest.mark.parametrize("service", [rpc, v2])
def test_a_method_that_is_not_there(service: Any) -> None:
    """GRP-001, GRP-021."""
    with pytest.raises(NotFound, match="has no method 'Nothing' .GRP-0[02]1"):
        service.handle("Nothing", b"", models())


@pytest.mark.parametrize("service", [rpc, v2])
def test_what_was_left_out_is_told_shortly(service: Any) -> None:
    """GRP-030, OIP-055 (ERR-008)."""
    served = models(mlmodel.infer_signature(pd.DataFrame({"a": [1.0]})))
    if service is rpc:
        request = rpc.message("ScoreRequest").FromString(
            write_request(pd.DataFrame({"a": [1.0]}), {"secret": 1})
        )
    else:
        request = v2.message("ModelInferRequest")(model_name="m")
        made = request.inputs.add(name="a", datatype="FP64", shape=[1])
        made.contents.fp64_contents.append(1.0)
        request.parameters["secret"].int64_param = 1
    body = request.SerializeToString()
    told: list[str] = []
    service.handle(service.PREDICTS, body, served, warn=told.append, terse=True)
    assert told == ["ENF-080"]
    service.handle(service.PREDICTS, body, served, warn=told.append)
    assert "'secret'" in told[1]


def test_arrow_that_is_not_there_is_refused_before_the_model_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """GRP-026 (RST-128)."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    request = rpc.message("ScoreRequest")(answer_form=2)
    request.table.columns.add(name="a").longs.values.append(1)
    with pytest.raises(NotAcceptable, match="GRP-026"):
        echoed(request, models())
    request = rpc.message("ScoreRequest")(arrow=b"x")
    with pytest.raises(MissingDependency, match="RST-128"):
        echoed(request, models())


@pytest.mark.filterwarnings("ignore")
def test_no_bytes_are_a_fault_of_the_server() -> None:
    """GRP-021: what is not refused by a rule is answered, whatever was done to a message."""
    chance = random.Random(7)
    served = models(mlmodel.infer_signature(MIXED))
    request = rpc.message("ScoreRequest").FromString(write_request(MIXED))
    bodies = []
    for form in (1, 2, 3):
        request.answer_form = form
        answer = echoed(request, served)
        asked = rpc.message("ScoreRequest")()
        given = answer.WhichOneof("answer")
        if given == "arrow":
            asked.arrow = answer.arrow
        else:
            to = asked.table if given == "table" else asked.data
            to.CopyFrom(getattr(answer, given))
        asked.params.form = 3
        asked.params.keys.add(text="p")
        asked.params.items.add(number=1)
        bodies.append(asked.SerializeToString())
    answered = 0
    for _ in range(3000):
        body = bytearray(chance.choice(bodies))
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(body))
            kind = chance.randrange(3)
            if kind == 0:
                body[place] = chance.randrange(256)
            elif kind == 1:
                del body[place : place + chance.randint(1, 8)]
            else:
                body[place:place] = body[chance.randrange(len(body)) :][: chance.randint(1, 30)]
        try:
            rpc.handle("Score", bytes(body), chance.choice((served, models())))
            answered += 1
        except MlmodelError as error:
            assert error.code != "INTERNAL_ERROR", bytes(body)  # noqa: PT017
    assert answered > 30  # else nothing would be said of what reaches a model
