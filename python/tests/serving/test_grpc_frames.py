"""``mlmodel.v1.ScoringService`` by a real server, and what both services share (GRP-021 ff)."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pyarrow as pa
import pytest
from grpc_client import PATIENCE, SERVICE, Client, infer_request, message

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

FRAMES = "mlmodel.v1.ScoringService"
SCORE, STREAM = f"{FRAMES}/Score", f"{FRAMES}/ScoreStream"
STREAMED = "mlmodel.v1.ScoreResponse"
CODE = grpc.StatusCode


def request(**columns: Any) -> Any:
    """Return a request of columns of doubles."""
    made = message("mlmodel.v1.ScoreRequest")()
    for name, values in columns.items():
        made.table.columns.add(name=name).doubles.values.extend(values)
    return made


def test_every_method_answers(running: Any) -> None:
    """GRP-021."""
    client = running().client
    answer = client.call(SCORE, request(a=[1.5, 2.5]))
    assert list(answer.table.columns[0].doubles.values) == [1.5, 2.5]
    assert answer.model_name == "m"
    told = client.call(f"{FRAMES}/Describe")
    assert [one.name for one in told.signature.inputs.columns.columns] == ["a"]
    assert told.server_version


def test_arrow_goes_both_ways(running: Any) -> None:
    """GRP-024, GRP-026."""
    sink, table = pa.BufferOutputStream(), pa.table({"a": [1.5, 2.5]})
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
    made = message("mlmodel.v1.ScoreRequest")(arrow=sink.getvalue().to_pybytes())
    answer = running().client.call(SCORE, made)
    assert pa.ipc.open_stream(answer.arrow).read_all().to_pydict() == {"a": [1.5, 2.5]}


def test_errors_have_the_code_of_their_row_and_details(running: Any) -> None:
    """GRP-021 (GRP-011, GRP-012)."""
    made = running()
    other = request(a=[1.0])
    other.model_name = "x"
    for asked, code, name, rules in (
        (request(b=[1.0]), CODE.INVALID_ARGUMENT, "INVALID_INPUT", ["ENF-004"]),
        (other, CODE.NOT_FOUND, "MODEL_NOT_FOUND", []),
        (request(a=[1e7]), CODE.INTERNAL, "MODEL_FAILURE", []),
        (b"\xff", CODE.INVALID_ARGUMENT, "MALFORMED_REQUEST", ["PRO-002"]),
    ):
        error = made.client.failure(SCORE, asked)
        told = json.loads(dict(error.trailing_metadata())["mlmodel-error"])
        assert (error.code(), told["error_code"]) == (code, name)
        assert [detail["rule"] for detail in told["details"]] == rules
        assert "what no client sees" not in str(error)


def test_terse_errors_say_names_and_rules(running: Any) -> None:
    """GRP-027, GRP-030 (ERR-008)."""
    client = running(terse=True).client
    assert client.failure(SCORE, request(b=[1.0])).details() == "INVALID_INPUT"
    undeclared = request(a=[1.0])
    undeclared.params.form = 3
    undeclared.params.keys.add(text="p")
    undeclared.params.items.add(integer=1)
    bad, good = client.stream(STREAM, [request(b=[1.0]), undeclared], STREAMED)
    assert bad.error.message == bad.error.code == "INVALID_INPUT"
    assert str(bad.error.details[0]).split() == ["rule:", '"ENF-004"']
    assert list(good.warnings) == ["ENF-080"]


def test_parameters_that_were_left_out_are_told(running: Any) -> None:
    """GRP-030: in the answer, and in the trailing metadata."""
    asked = request(a=[1.0])
    asked.params.form = 3
    asked.params.keys.add(text="p")
    asked.params.items.add(integer=1)
    client = running().client
    answer, call = client.told(SCORE, asked)
    assert "'p'" in answer.warnings[0]
    assert "'p'" in dict(call.trailing_metadata())["mlmodel-warning"]
    (streamed,) = client.stream(STREAM, [asked], STREAMED)
    assert list(streamed.warnings) == list(answer.warnings)


def test_a_stream_answers_each_request_in_order(running: Any) -> None:
    """GRP-027: a request that fails does not end it."""
    good, bad = request(a=[1.0]), request(b=[1.0])
    good.id, bad.id = "1", "2"
    answers = list(running().client.stream(STREAM, [good, bad, b"\xff", good], STREAMED))
    assert [one.id for one in answers] == ["1", "2", "", "1"]
    said = [one.error.code for one in answers]
    assert said == ["", "INVALID_INPUT", "MALFORMED_REQUEST", ""]
    assert answers[1].error.details[0].rule == "ENF-004"
    assert list(answers[3].table.columns[0].doubles.values) == [1.0]


def test_deadlines_and_turns_hold_for_it(running: Any) -> None:
    """GRP-021 (GRP-013, GRP-016)."""
    made = running(threads=1)
    (held,) = made.hold()
    assert made.gate.begun.acquire(timeout=PATIENCE)
    error = made.client.failure(SCORE, request(a=[1.0]), timeout=0.3)
    assert error.code() is CODE.DEADLINE_EXCEEDED
    assert made.client.call(f"{FRAMES}/Describe").model_name == "m"
    made.gate.open.set()
    assert held.result()
    assert made.client.call(SCORE, request(a=[1.0])).model_name == "m"
    assert made.gate.calls == 2


def test_health_knows_it(running: Any) -> None:
    """GRP-014."""
    asked = message("grpc.health.v1.HealthCheckRequest")(service=FRAMES)
    assert running().client.call("grpc.health.v1.Health/Check", asked).status == 1


def test_reflection_knows_it(running: Any) -> None:
    """GRP-015."""
    package = "grpc.reflection.v1"
    asked = message(f"{package}.ServerReflectionRequest")(file_containing_symbol=FRAMES)
    path = f"{package}.ServerReflection/ServerReflectionInfo"
    kind = f"{package}.ServerReflectionResponse"
    (answer,) = running().client.stream(path, [asked], kind)
    assert len(answer.file_descriptor_response.file_descriptor_proto) == 4


def test_messages_have_a_bound_together(running: Any) -> None:
    """GRP-031: beyond as many bytes as turns have largest messages, a call is refused at once."""
    made = running(threads=1, max_body=100_000)
    made.gate.open.clear()
    large = infer_request(a=[-1.0] * 10_000).SerializeToString()
    ask = made.client.channel.unary_unary(f"/{SERVICE}/ModelInfer")
    held = ask.future(large, timeout=PATIENCE)
    assert made.gate.begun.acquire(timeout=PATIENCE)
    other = Client(made.server.port)
    error = other.failure(SCORE, request(a=[1.0] * 10_000))
    assert error.code() is CODE.UNAVAILABLE
    assert "GRP-031" in error.details()
    (told,) = other.stream(STREAM, [request(a=[1.0] * 10_000)], STREAMED)
    assert told.error.code == "UNAVAILABLE"
    made.gate.open.set()
    assert held.result()
    assert other.call(SCORE, request(a=[1.0] * 10_000)).model_name == "m"


def unread(made: Any, path: str) -> tuple[Client, Any]:
    """Begin a call with a large answer, of which a client reads no more than it must."""
    client = Client(
        made.server.port, **{"grpc.http2.bdp_probe": 0, "grpc.http2.lookahead_bytes": 65536}
    )
    body = request(a=np.zeros(370_000)).SerializeToString()
    call = client.channel.unary_stream(f"/{path}")(body, timeout=PATIENCE)
    assert made.gate.begun.acquire(timeout=PATIENCE)
    return client, call


def test_answers_that_are_not_taken_have_a_bound_together(
    running: Any, wait_for: Callable[..., None]
) -> None:
    """GRP-031."""
    made = running(most_answers=100_000)
    _, call = unread(made, SCORE)

    def refused() -> bool:
        try:
            made.client.call(SCORE, request(a=[1.0]))
        except grpc.RpcError as error:
            return error.code() is CODE.UNAVAILABLE and "GRP-031" in error.details()
        return False

    wait_for(refused)  # once the answer is on its way
    assert len(list(call)) == 1
    wait_for(lambda: not refused())


@pytest.mark.parametrize("path", [SCORE, STREAM])
def test_an_answer_that_is_not_taken_ends_its_call(running: Any, path: str) -> None:
    """GRP-018: single calls too, whose thread is free by then."""
    made = running(body_seconds=0.5)
    for seconds in (1.5, 3, 10, 30):  # however slow the machine, it has ended by one of them
        client, call = unread(made, path)
        time.sleep(seconds)
        try:
            list(call)
        except grpc.RpcError:
            break
    assert call.code() is CODE.CANCELLED
    assert client.call(SCORE, request(a=[1.0])).model_name == "m"
