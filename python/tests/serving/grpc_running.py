"""A gRPC server in this process with one model that can be held up, and a client of it."""

from __future__ import annotations

import threading
from typing import Any

from grpc_client import PATIENCE, SERVICE, Client, infer_request

from mlmodel.scoring.engine import Engine
from mlmodel.scoring.v2 import Models
from mlmodel.serving.grpc import Limits, serve
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema


class Gate:
    """A model that can be held up, and counts its calls."""

    def __init__(self) -> None:
        self.open, self.begun = threading.Event(), threading.Semaphore(0)
        self.calls = 0
        self.open.set()

    def predict(self, given: Any, _params: Any) -> Any:
        self.calls += 1
        self.begun.release()
        if (given["a"] < 0).any():
            assert self.open.wait(PATIENCE)
        if (given["a"] > 1e6).any():
            raise ValueError("what no client sees")
        return given


class Running:
    """A server with the model ``m``, and a client of it; ``over`` is set at the end of the test."""

    def __init__(self, limits: Limits, **options: Any) -> None:
        self.gate, self.models, self.over = Gate(), Models(), threading.Event()
        signature = ModelSignature(Schema([ColSpec("double", "a")]))
        self.models.add("m", lambda: Engine(self.gate.predict, signature))
        self.models.load("m")
        self.server = serve(self.models, "127.0.0.1:0", limits, **options)
        self.client = Client(self.server.port)

    def hold(self, times: int = 1) -> list[Any]:
        """Begin calls that the model holds up."""
        self.gate.open.clear()
        body = infer_request(a=[-1.0]).SerializeToString()
        ask = self.client.channel.unary_unary(f"/{SERVICE}/ModelInfer")
        return [ask.future(body, timeout=PATIENCE) for _ in range(times)]

    def end(self) -> None:
        self.gate.open.set()
        self.over.set()
        self.server.stop(0)
        self.client.channel.close()
