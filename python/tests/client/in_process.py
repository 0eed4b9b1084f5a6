"""A dialogue whose calls are answered in this process, by the protocols themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.client.dialogue import Dialogue
from mlmodel.client.options import options_of
from mlmodel.client.wire import Call, Reply, converse
from mlmodel.errors import MlmodelError
from mlmodel.scoring import v2
from mlmodel.scoring.invocations import handle
from mlmodel.scoring.v1 import rpc as frames
from mlmodel.scoring.v2 import rpc

if TYPE_CHECKING:
    from mlmodel.scoring.engine import Engine

PROTOCOLS = ("v2", "grpc", "grpc-frames", "invocations")


class Asking:
    """One client of models that are here."""

    def __init__(self, protocol: str = "auto", **engines: Engine) -> None:
        self.models = v2.Models()
        for name, engine in engines.items():
            self.models.add(name, lambda engine=engine: engine)
            self.models.load(name)
        model = next(iter(engines)) if protocol == "grpc" else None
        self.dialogue = Dialogue(options_of("h", {"protocol": protocol, "model": model}))
        self.calls: list[Call] = []

    def predict(self, data: Any, params: Any = None, model: Any = None, rows: Any = None) -> Any:
        return self.run(self.dialogue.predict(data, params, model, rows))

    def run(self, conversation: Any) -> Any:
        return converse(conversation, self._send)

    def _send(self, call: Call) -> Reply:
        self.calls.append(call)
        if call.service:
            (service,) = (one for one in (rpc, frames) if call.service == one.SERVICE)
            told: list[str] = []
            try:
                body = service.handle(call.method, call.body, self.models, warn=told.append)
                return Reply(
                    200, dict.fromkeys(("mlmodel-warning",), told[0]) if told else {}, body
                )
            except MlmodelError as error:
                said = rpc.failure(error)
                return Reply(500, {"mlmodel-error": said.details}, said.message.encode(), said.code)
        headers = {name.lower(): value for name, value in call.headers}
        if call.path.endswith("invocations"):
            name = call.path.split("/")[2] if call.path.startswith("/models/") else None
            served = self.models.served()
            engine = (self.models.find(name) if name else served[0]).ready()
            told = []
            answer = handle(headers["content-type"], call.body, engine, warn=told.append,
                            accept=headers.get("accept"))  # fmt: skip
            return Reply(
                answer.status,
                dict.fromkeys(("mlmodel-warning",), told[0]) if told else {},
                answer.body,
            )
        made = v2.handle(call.method, call.path, headers, call.body, self.models)
        return Reply(made.status, {n.lower(): v for n, v in made.headers}, made.body)
