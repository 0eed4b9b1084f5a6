"""A client of the gRPC server for its tests: messages from ``proto/`` itself, and calls by name."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PROTO = Path(__file__).resolve().parents[3] / "proto"
SERVICE = "inference.GRPCInferenceService"
#: However slow the machine, a live server has answered by then.
PATIENCE = 100


@cache
def files() -> Any:
    """Return the descriptors of all files of ``proto/``, compiled."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "all.binpb"
        names = [str(path) for path in sorted(PROTO.rglob("*.proto"))]
        command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={PROTO}"]
        subprocess.run([*command, f"--descriptor_set_out={target}", *names], check=True)
        return descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes())


@cache
def _pool() -> Any:
    pool = descriptor_pool.DescriptorPool()
    left = list(files().file)
    while left:
        one = left.pop(0)
        try:
            pool.AddSerializedFile(one.SerializeToString())
        except TypeError:  # what it imports comes later
            left.append(one)
    return pool


def message(name: str) -> Any:
    """Return the class of a message by its full name."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(name))


def infer_request(name: str = "m", /, **columns: Any) -> Any:
    """Return a request of FP64 columns."""
    request = message("inference.ModelInferRequest")(model_name=name)
    for column, values in columns.items():
        made = request.inputs.add(name=column, datatype="FP64", shape=[len(values)])
        made.contents.fp64_contents.extend(values)
    return request


class Client:
    """A channel to a server."""

    def __init__(self, address: int | str, **options: Any) -> None:
        place = address if isinstance(address, str) else f"127.0.0.1:{address}"
        options = {"grpc.use_local_subchannel_pool": 1, **options}
        self.channel = grpc.insecure_channel(place, options=list(options.items()))

    def call(self, method: str, request: Any = b"", timeout: float = PATIENCE, **more: Any) -> Any:
        """Return the message that a method answers with (its name is that of the request's)."""
        return self.told(method, request, timeout, **more)[0]

    def told(self, method: str, request: Any = b"", timeout: float = PATIENCE, **more: Any) -> Any:
        """Return the message, and the call, which has its metadata."""
        path = method if "/" in method else f"{SERVICE}/{method}"
        body = request if isinstance(request, bytes) else request.SerializeToString()
        answer, call = self.channel.unary_unary(f"/{path}").with_call(
            body, timeout=timeout, wait_for_ready=True, **more
        )
        service, name = path.split("/")
        package = service.rpartition(".")[0]
        kind = "HealthCheck" if name == "Check" else name
        return message(f"{package}.{kind}Response").FromString(answer), call

    def failure(self, method: str, request: Any = b"", **more: Any) -> Any:
        """Return the error that a method answers with."""
        try:
            answer = self.call(method, request, **more)
        except grpc.RpcError as error:
            return error
        raise AssertionError(answer)

    def stream(self, path: str, requests: Any, kind: str, timeout: float = PATIENCE) -> Any:
        """Give the answers of a stream."""
        call = self.channel.stream_stream(f"/{path}")
        encoded = (one if isinstance(one, bytes) else one.SerializeToString() for one in requests)
        for answer in call(encoded, timeout=timeout, wait_for_ready=True):
            yield message(kind).FromString(answer)
