"""A real gRPC server on loopback, asked by grpcio's own client (spec/scoring-grpc.md)."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
from grpc_client import PATIENCE, SERVICE, Client, infer_request, message

from mlmodel.errors import InvalidArgument
from mlmodel.scoring.v2 import Models
from mlmodel.serving.grpc import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

HEALTH = "grpc.health.v1.Health"
STREAM = f"{SERVICE}/ModelStreamInfer"
STREAMED = "inference.ModelStreamInferResponse"
CODE = grpc.StatusCode


def test_every_method_answers(running: Any) -> None:
    """GRP-001."""
    client = running().client
    assert client.call("ServerLive").live
    assert client.call("ServerReady").ready
    request = message("inference.ModelReadyRequest")(name="m")
    assert client.call("ModelReady", request).ready
    told = client.call("ServerMetadata")
    assert told.name == "mlmodel"
    assert told.version
    told = client.call("ModelMetadata", message("inference.ModelMetadataRequest")(name="m"))
    assert [(one.name, one.datatype, list(one.shape)) for one in told.inputs] == [
        ("a", "FP64", [-1])
    ]
    assert dict(told.properties) == {"content_type": "pd"}
    answer = client.call("ModelInfer", infer_request(a=[1.5, 2.5]))
    assert list(answer.outputs[0].contents.fp64_contents) == [1.5, 2.5]
    raw = infer_request(a=[])
    raw.inputs[0].shape[:] = [2]
    raw.inputs[0].ClearField("contents")
    raw.raw_input_contents.append(np.array([1.5, 2.5]).tobytes())
    answer = client.call("ModelInfer", raw)
    assert np.frombuffer(answer.raw_output_contents[0]).tolist() == [1.5, 2.5]


def test_a_model_that_is_not_ready(running: Any) -> None:
    """GRP-001: readiness is answered, and not an error; predictions are refused."""
    made = running()
    made.models.unload("m")
    assert not made.client.call("ServerReady").ready
    request = message("inference.ModelReadyRequest")(name="m")
    assert not made.client.call("ModelReady", request).ready
    assert made.client.failure("ModelInfer", infer_request(a=[1.0])).code() is CODE.UNAVAILABLE
    request.name = "x"
    assert made.client.failure("ModelReady", request).code() is CODE.NOT_FOUND


def test_errors_have_the_code_of_their_row_and_details(running: Any) -> None:
    """GRP-011, GRP-012."""
    made = running()
    for request, code, name, rules in (
        (infer_request(b=[1.0]), CODE.INVALID_ARGUMENT, "INVALID_INPUT", ["ENF-004"]),
        (infer_request("x", a=[1.0]), CODE.NOT_FOUND, "MODEL_NOT_FOUND", []),
        (infer_request(a=[1e7]), CODE.INTERNAL, "MODEL_FAILURE", []),
        (b"\xff", CODE.INVALID_ARGUMENT, "MALFORMED_REQUEST", ["PRO-002"]),
    ):
        error = made.client.failure("ModelInfer", request)
        told = json.loads(dict(error.trailing_metadata())["mlmodel-error"])
        assert (error.code(), told["error_code"]) == (code, name)
        assert [detail["rule"] for detail in told["details"]] == rules
        assert error.details() != name
        assert "what no client sees" not in str(error)


def test_a_method_that_is_not_there_is_an_error_of_the_table(running: Any) -> None:
    """GRP-001, GRP-021; one of another service is grpcio's to refuse."""
    client = running().client
    for service in ("inference.GRPCInferenceService", "mlmodel.v1.ScoringService"):
        error = client.failure(f"{service}/Nothing")
        told = json.loads(dict(error.trailing_metadata())["mlmodel-error"])
        assert (error.code(), told["error_code"]) == (CODE.UNIMPLEMENTED, "NOT_FOUND")
        assert "has no method 'Nothing'" in error.details()
    error = client.failure("other.Service/Nothing")
    assert error.code() is CODE.UNIMPLEMENTED
    assert "mlmodel-error" not in dict(error.trailing_metadata())


def test_terse_errors_say_names_and_rules(running: Any) -> None:
    error = running(terse=True).client.failure("ModelInfer", infer_request(b=[1.0]))
    assert error.details() == "INVALID_INPUT"
    told = json.loads(dict(error.trailing_metadata())["mlmodel-error"])
    assert told.pop("request_id") == dict(error.trailing_metadata())["x-request-id"]
    assert told == {"error_code": "INVALID_INPUT", "details": [{"rule": "ENF-004"}]}


def test_an_error_fits_into_metadata_whatever_is_named(running: Any) -> None:
    """GRP-012: clients take some 8 KiB of metadata, and answer more with another error."""
    client = running().client
    long = "\U0001f600" * 5000
    error = client.failure("ModelInfer", infer_request(long, a=[1.0]))
    assert error.code() is CODE.NOT_FOUND
    request = infer_request(a=[1.0])
    for number in range(50):
        request.outputs.add(name=f"{number}{long}")
    error = client.failure("ModelInfer", request)
    assert error.code() is CODE.INVALID_ARGUMENT
    assert json.loads(dict(error.trailing_metadata())["mlmodel-error"])["error_code"]


def test_parameters_that_were_left_out_are_told(running: Any) -> None:
    """GRP-012 (OIP-055)."""
    request = infer_request(a=[1.0])
    request.parameters["p"].int64_param = 1
    told = dict(running().client.told("ModelInfer", request)[1].trailing_metadata())
    assert "'p'" in told["mlmodel-warning"]
    told = dict(running(terse=True).client.told("ModelInfer", request)[1].trailing_metadata())
    assert told["mlmodel-warning"] == "ENF-080"


def test_a_stream_answers_each_request_in_order(running: Any) -> None:
    """GRP-007: a request that fails does not end it."""
    good, bad = infer_request(a=[1.0]), infer_request(b=[1.0])
    good.id, bad.id = "1", "2"
    requests = [good, bad, b"\xff", good]
    answers = list(running().client.stream(STREAM, requests, STREAMED))
    assert [one.infer_response.id for one in answers] == ["1", "2", "", "1"]
    said = [one.error_message.partition(":")[0] for one in answers]
    assert said == ["", "INVALID_INPUT", "MALFORMED_REQUEST", ""]
    assert list(answers[3].infer_response.outputs[0].contents.fp64_contents) == [1.0]
    assert not answers[1].infer_response.outputs


def test_messages_have_a_largest_size(running: Any) -> None:
    """GRP-010."""
    client = running(max_body=10_000).client
    assert client.call("ModelInfer", infer_request(a=[1.0] * 1000)).outputs
    error = client.failure("ModelInfer", infer_request(a=[1.0] * 2000))
    assert error.code() is CODE.RESOURCE_EXHAUSTED
    error = client.failure(
        "ModelInfer", infer_request(a=[1.0] * 500), compression=grpc.Compression.Gzip
    )
    assert error.code() is CODE.UNIMPLEMENTED


def test_slow_predictions_hold_up_nothing_else(running: Any) -> None:
    """GRP-016."""
    made = running(threads=2)
    held = made.hold(20)
    for _ in range(2):
        assert made.gate.begun.acquire(timeout=PATIENCE)
    other = Client(made.server.port)
    assert other.call(f"{HEALTH}/Check").status == 1
    assert other.call("ServerReady").ready
    assert other.call("ModelMetadata", message("inference.ModelMetadataRequest")(name="m")).inputs
    assert made.gate.calls == 2
    made.gate.open.set()
    for call in held:
        assert call.result()


def test_too_many_calls_are_refused_at_once(running: Any) -> None:
    """GRP-018."""
    made = running(threads=1, waiting=3)
    held = made.hold(100)
    assert made.gate.begun.acquire(timeout=PATIENCE)
    other = Client(made.server.port)
    error = other.failure("ModelInfer", infer_request(a=[1.0]))
    assert error.code() is CODE.UNAVAILABLE
    assert "GRP-018" in error.details()
    assert other.call(f"{HEALTH}/Check").status == 1
    made.gate.open.set()
    refused = [call for call in held if call.exception() is not None]
    assert 0 < len(refused) < 100


def test_no_work_begins_for_a_client_whose_time_is_over(running: Any) -> None:
    """GRP-013."""
    made = running(threads=1)
    (held,) = made.hold()
    assert made.gate.begun.acquire(timeout=PATIENCE)
    error = made.client.failure("ModelInfer", infer_request(a=[1.0]), timeout=0.3)
    assert error.code() is CODE.DEADLINE_EXCEEDED
    made.gate.open.set()
    assert held.result()
    assert made.client.call("ModelInfer", infer_request(a=[1.0])).outputs
    assert made.gate.calls == 2


def test_calls_whose_time_is_over_hold_no_place(
    running: Any, wait_for: Callable[..., None]
) -> None:
    """GRP-013, GRP-018: they wait no longer than their clients."""
    made = running(threads=1, waiting=3)
    (held,) = made.hold()
    assert made.gate.begun.acquire(timeout=PATIENCE)
    body = infer_request(a=[1.0]).SerializeToString()
    ask = made.client.channel.unary_unary(f"/{SERVICE}/ModelInfer")
    late = [ask.future(body, timeout=1) for _ in range(100)]
    wait_for(lambda: all(call.done() for call in late))
    other = Client(made.server.port)

    def is_taken_in() -> bool:
        error = other.failure("ModelInfer", infer_request(a=[1.0]), timeout=0.5)
        return error.code() is CODE.DEADLINE_EXCEEDED

    wait_for(is_taken_in, 60)
    made.gate.open.set()
    assert held.result()


def test_no_work_begins_for_a_client_that_has_left(
    running: Any, wait_for: Callable[..., None]
) -> None:
    """GRP-013: its call waited for a turn when it left."""
    made = running(threads=1)
    (held,) = made.hold()
    assert made.gate.begun.acquire(timeout=PATIENCE)
    left = made.hold(5)
    # They have come: a sixth one's time runs out behind them.
    assert made.client.failure("ModelInfer", infer_request(a=[1.0]), timeout=1)
    for call in left:
        call.cancel()
    wait_for(lambda: all(call.done() for call in left))
    assert made.client.call("ServerLive").live  # so that the server has heard of it
    made.gate.open.set()
    held.result()
    assert made.client.call("ModelInfer", infer_request(a=[1.5]))
    assert made.gate.calls == 2


def test_a_prediction_that_takes_too_long(running: Any) -> None:
    """GRP-013: the server's own limit."""
    made = running(threads=1, predict_seconds=0.3)
    made.gate.open.clear()
    for _ in range(2):  # the second waits for its turn in vain
        error = made.client.failure("ModelInfer", infer_request(a=[-1.0]))
        assert error.code() is CODE.DEADLINE_EXCEEDED
        assert "GRP-013" in error.details()
    (answer,) = made.client.stream(STREAM, [infer_request(a=[-1.0])], STREAMED)
    assert answer.error_message.startswith("DEADLINE_EXCEEDED")
    assert made.gate.calls == 1
    made.gate.open.set()
    assert made.client.call("ModelInfer", infer_request(a=[1.0])).outputs


def silent(made: Any, path: str, times: int, first: bytes | None = None) -> list[Any]:
    """Begin calls whose client sends nothing, or one message, and leaves them open."""

    def requests() -> Iterator[bytes]:
        if first is not None:
            yield first
        made.over.wait()

    begin = made.client.channel.stream_stream(f"/{path}")
    return [begin(requests(), timeout=PATIENCE) for _ in range(times)]


@pytest.mark.parametrize(
    "path",
    [
        f"{SERVICE}/ModelInfer",
        STREAM,
        f"{SERVICE}/ServerLive",
        f"{HEALTH}/Check",
        f"{HEALTH}/Watch",
        "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ],
)
@pytest.mark.parametrize("first", [None, b""])
def test_silent_clients_hold_up_nobody(running: Any, path: str, first: bytes | None) -> None:
    """GRP-018: calls without a message, and streams that are left open."""
    made = running(threads=2)
    calls = silent(made, path, 100, first)
    other = Client(made.server.port)
    assert other.call(f"{HEALTH}/Check").status == 1
    assert other.call("ModelInfer", infer_request(a=[1.0])).outputs
    assert other.call("ServerLive").live
    for call in calls:
        call.cancel()


def test_a_message_has_its_time_to_arrive(running: Any) -> None:
    """GRP-018."""
    made = running(body_seconds=0.5)
    (call,) = silent(made, f"{SERVICE}/ModelInfer", 1)
    with pytest.raises(grpc.RpcError):
        list(call)
    assert call.code() is CODE.CANCELLED


def test_a_stream_may_rest(running: Any) -> None:
    """GRP-018: its requests have no time of their own where no other call needs the thread."""
    made = running(body_seconds=0.5)
    request = infer_request(a=[1.0]).SerializeToString()
    rests = threading.Event()

    def requests() -> Iterator[bytes]:
        yield request
        rests.wait(2)
        yield request

    assert len(list(made.client.stream(STREAM, requests(), STREAMED))) == 2


def test_health_is_told_and_watched(running: Any) -> None:
    """GRP-014."""
    made = running()
    request = message("grpc.health.v1.HealthCheckRequest")
    for service in ("", SERVICE):
        assert made.client.call(f"{HEALTH}/Check", request(service=service)).status == 1
    error = made.client.failure(f"{HEALTH}/Check", request(service="x"))
    assert error.code() is CODE.NOT_FOUND
    response = message("grpc.health.v1.HealthCheckResponse")
    watch = made.client.channel.unary_stream(f"/{HEALTH}/Watch")
    seen = watch(b"", timeout=PATIENCE)
    unknown = watch(request(service="x").SerializeToString(), timeout=PATIENCE)
    assert response.FromString(next(unknown)).status == 3
    assert response.FromString(next(seen)).status == 1
    made.models.unload("m")
    assert response.FromString(next(seen)).status == 2
    assert made.client.call(f"{HEALTH}/Check").status == 2
    made.models.load("m")
    assert response.FromString(next(seen)).status == 1
    made.server.stop(PATIENCE)
    assert [response.FromString(one).status for one in seen] == [2]
    assert list(unknown) == []


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_tells_what_is_served(running: Any, version: str) -> None:
    """GRP-015."""
    package = f"grpc.reflection.{version}"
    made, request = running(), message(f"{package}.ServerReflectionRequest")
    names = ("inference.ModelInferRequest", SERVICE, f"{SERVICE}.ModelInfer",
             "inference.ModelInferRequest.inputs", "grpc.health.v1.Health",
             f"{package}.ServerReflection")  # fmt: skip
    asked = [
        request(list_services="*"),
        *(request(file_containing_symbol=name) for name in names),
        request(file_by_filename="inference/grpc_service.proto"),
        request(file_containing_symbol="x.Y"),
        request(all_extension_numbers_of_type="inference.ModelInferRequest"),
        request(all_extension_numbers_of_type="x.Y"),
        request(file_containing_extension={"containing_type": "x.Y", "extension_number": 1}),
    ]
    path = f"{package}.ServerReflection/ServerReflectionInfo"
    answers = list(made.client.stream(path, asked, f"{package}.ServerReflectionResponse"))
    listed, *files = answers
    assert [one.original_request for one in answers] == asked
    assert [one.name for one in listed.list_services_response.service] == [
        SERVICE,
        "mlmodel.v1.ScoringService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ]
    assert all(one.file_descriptor_response.file_descriptor_proto for one in files[:7])
    assert [one.error_response.error_code for one in files[7:]] == [5, 0, 5, 5]


def takes_no_call(made: Any) -> bool:
    """Return whether a new client is refused; a server that was just told to stop may not be yet."""
    client = Client(made.server.port)
    try:
        client.call("ServerLive", timeout=2)
    except grpc.RpcError as error:
        return error.code() in (CODE.UNAVAILABLE, CODE.DEADLINE_EXCEEDED)
    finally:
        client.channel.close()
    return False


def test_what_is_begun_is_finished(running: Any, wait_for: Callable[..., None]) -> None:
    """GRP-017."""
    made = running()
    (held,) = made.hold()
    assert made.gate.begun.acquire(timeout=PATIENCE)
    (resting,) = silent(made, STREAM, 1, infer_request(a=[1.0]).SerializeToString())
    assert next(resting)
    time.sleep(0.5)  # by now the server waits for its next request
    stopping = threading.Thread(target=made.server.stop, args=(PATIENCE,))
    stopping.start()
    with suppress(grpc.RpcError):  # it ends, if it is between two requests without an error
        assert list(resting) == []
    assert stopping.is_alive()
    wait_for(lambda: takes_no_call(made))
    made.gate.open.set()
    assert held.result()
    stopping.join(PATIENCE)
    assert not stopping.is_alive()


def test_a_stream_that_is_being_answered_ends_with_its_answer(
    running: Any, wait_for: Callable[..., None]
) -> None:
    """GRP-017: a server that stops waits for no further request of it."""
    made = running()
    made.gate.open.clear()
    (stream,) = silent(made, STREAM, 1, infer_request(a=[-1.0]).SerializeToString())
    assert made.gate.begun.acquire(timeout=PATIENCE)
    stopping = threading.Thread(target=made.server.stop, args=(PATIENCE,))
    stopping.start()
    wait_for(lambda: takes_no_call(made))
    made.gate.open.set()
    assert len(list(stream)) == 1
    stopping.join(PATIENCE)
    assert not stopping.is_alive()


def test_an_address_that_cannot_be_used(running: Any) -> None:
    port = running().server.port
    for address in (f"127.0.0.1:{port}", "192.0.2.1:0", "nowhere.invalid:1"):
        with pytest.raises(InvalidArgument, match="cannot be used"):
            serve(Models(), address)
