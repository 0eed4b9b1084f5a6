"""What is asked of a server, and what its answers mean; it neither connects nor waits by itself."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mlmodel._base.extras import require
from mlmodel._base.warnings import warn_caller
from mlmodel.client.batches import joined, pieces, rows_of
from mlmodel.client.retries import pause
from mlmodel.client.wire import Answered, Call, Reply, Wait
from mlmodel.errors import (
    InternalError,
    InvalidArgument,
    MalformedRequest,
    MlmodelError,
    NotFound,
    Unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlmodel.client.options import Options
    from mlmodel.client.wire import Conversation
    from mlmodel.scoring.clients.described import Inputs, Reading
    from mlmodel.scoring.clients.frames import Described

__all__ = ["Dialogue"]

_OK, _UNAVAILABLE, _SERVER_ERROR = 200, 503, 500
#: A server without the Open Inference Protocol answers its paths with one of these.
_NOT_THERE = frozenset({400, 404, 405, 501})
_OURS = "mlmodel"
#: The services of gRPC: the Open Inference Protocol, and that for data frames.
_OPEN, _FRAMES = "inference.GRPCInferenceService", "mlmodel.v1.ScoringService"


class Dialogue:
    """What one client asks; what it has learnt of the server is kept.

    It may be used from several threads: what is learnt twice is the same.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self._server: dict[str, Any] | None = None
        self._described: dict[str, dict[str, Any]] = {}
        self._plans: dict[str, Reading] = {}

    # -- about the server and its models -------------------------------------------------------

    def server(self) -> Conversation[dict[str, Any]]:
        """Ask for name, version and extensions of the server (empty where it does not tell)."""
        if self._server is None:
            self._server = yield from (
                self._server_of_grpc() if self._is_grpc else self._server_of_http()
            )
        return self._server

    def live(self) -> Conversation[bool]:
        """Ask whether the server is there."""
        try:
            if self._is_grpc:
                reply = yield from self._called("ServerLive", "ServerLiveRequest")
                return bool(self._parsed("ServerLiveResponse", reply.body).live)
            path = "/v2/health/live" if (yield from self._speaks_v2()) else "/ping"
            reply = yield Call("GET", path, self.options.headers)
        except Unavailable:
            return False
        return bool(reply.status == _OK)

    def ready(self, model: str | None) -> Conversation[bool]:
        """Ask whether a model, or without a name all models, can be asked."""
        try:
            if self._is_grpc:
                return (yield from self._ready_of_grpc(model or self.options.model))
            path = "/ping"
            if (yield from self._speaks_v2()):
                name = model or self.options.model
                path = "/v2/health/ready" if name is None else f"{_path_of(name)}/ready"
            reply = yield Call("GET", path, self.options.headers)
            self._check(reply, path)
        except Unavailable:
            return False
        return True

    def metadata(self, model: str | None) -> Conversation[dict[str, Any]]:
        """Ask for the metadata of a model, as the Open Inference Protocol has them (OIP-056)."""
        name = yield from self._name(model)
        if self._is_grpc:
            from mlmodel.scoring.clients.messages import read_metadata

            reply = yield from self._called("ModelMetadata", "ModelMetadataRequest", name=name)
            found = read_metadata(reply.body)
        else:
            path = _path_of(name)
            reply = yield from self._asked(Call("GET", path, self.options.headers))
            self._check(reply, path)
            found = self._document(reply, path)
        self._described[name] = found
        self._plans.pop(name, None)
        return found

    # -- predictions ---------------------------------------------------------------------------

    def predict(
        self,
        data: Any,
        params: Mapping[str, Any] | None,
        model: str | None,
        batch_rows: int | None = None,
    ) -> Conversation[Any]:
        """Ask for predictions, of so many rows at a time."""
        require("pandas", "predict")
        require("orjson", "predict")
        if batch_rows is None:
            return (yield from self._predict(data, params, model))
        answers: list[Any] = []
        rows: list[int] = []
        typed = yield from self._with_types(data, model)
        for piece in pieces(typed, batch_rows):
            try:
                answers.append((yield from self._predict(piece, params, model)))
            except MlmodelError as error:
                from mlmodel.scoring.pieces.rows import at_row

                raise at_row(error, sum(rows)) from None
            rows.append(rows_of(piece) or 0)
        return joined(answers, rows)

    def _predict(
        self, data: Any, params: Mapping[str, Any] | None, model: str | None
    ) -> Conversation[Any]:
        if self._by_frames:
            return (yield from self._by_grpc_frames(data, params, model))
        if self._is_grpc:
            return (yield from self._by_grpc(data, params, model))
        if (yield from self._speaks_v2()):
            return (yield from self._by_v2(data, params, model))
        return (yield from self._by_invocations(data, params, model))

    def _by_v2(
        self, data: Any, params: Mapping[str, Any] | None, model: str | None
    ) -> Conversation[Any]:
        from mlmodel.scoring.clients.replies import predictions_of, read_reply
        from mlmodel.scoring.clients.tensors import question_of, write_question

        name = yield from self._name(model)
        plan = yield from self._plan(data, name)
        exact = (yield from self.server()).get("name") == _OURS
        headers, body = write_question(question_of(data, params, plan, exact=exact))
        path = f"{_path_of(name)}/infer"
        call = Call("POST", path, (*self.options.headers, *headers.items()), body)
        reply = yield from self._asked(call)
        self._check(reply, path)
        length = reply.headers.get("inference-header-content-length")
        with _said_by(path):
            return predictions_of(read_reply(reply.body, length))

    def _by_grpc(
        self, data: Any, params: Mapping[str, Any] | None, model: str | None
    ) -> Conversation[Any]:
        from mlmodel.scoring.clients.messages import read_reply, write_question
        from mlmodel.scoring.clients.replies import predictions_of
        from mlmodel.scoring.clients.tensors import question_of

        name = yield from self._name(model)
        plan = yield from self._plan(data, name)
        exact = (yield from self.server()).get("name") == _OURS
        body = write_question(question_of(data, params, plan, exact=exact), name)
        reply = yield from self._asked(self._grpc_call(_OPEN, "ModelInfer", body))
        self._check(reply, "ModelInfer")
        with _said_by("ModelInfer"):
            return predictions_of(read_reply(reply.body))

    def _by_grpc_frames(
        self, data: Any, params: Mapping[str, Any] | None, model: str | None
    ) -> Conversation[Any]:
        from mlmodel.scoring.clients.frames import predictions_of, write_question

        name = model or self.options.model or ""
        body = write_question(data, params, (yield from self._plan(data, name)), name)
        reply = yield from self._asked(self._grpc_call(_FRAMES, "Score", body))
        self._check(reply, "Score")
        with _said_by("Score"):
            return predictions_of(reply.body)

    def _by_invocations(
        self, data: Any, params: Mapping[str, Any] | None, model: str | None
    ) -> Conversation[Any]:
        from mlmodel.scoring.clients.invocations import body_of, predictions_of

        body = body_of(data, params)
        outputs = yield from self._outputs(model)
        reply = yield from self.score("application/json", body, None, model)
        with _said_by(self._invocations(model)):
            return predictions_of(reply.body, outputs)

    def score(
        self, content_type: str, body: bytes, accept: str | None, model: str | None
    ) -> Conversation[Reply]:
        """Send the body of a request for predictions as it is, and return the answer as it is."""
        path = self._invocations(model)
        headers = [*self.options.headers, ("Content-Type", content_type)]
        if accept is not None:
            headers.append(("Accept", accept))
        reply: Reply = yield from self._asked(Call("POST", path, tuple(headers), body))
        self._check(reply, path)
        return reply

    # -- what has to be known first ------------------------------------------------------------

    @property
    def _is_grpc(self) -> bool:
        return self.options.address.is_grpc

    @property
    def _by_frames(self) -> bool:
        return self.options.protocol == "grpc-frames"

    def _speaks_v2(self) -> Conversation[bool]:
        if self.options.protocol == "auto":
            return bool((yield from self.server()))
        return self.options.protocol == "v2"

    def _name(self, model: str | None) -> Conversation[str]:
        """Return the name of the model that is meant: a single one need not be named (RST-185)."""
        name = model or self.options.model
        if name is None and self._by_frames:
            name = (yield from self._description(model)).name
        elif name is None and not self._is_grpc:
            name = (yield from self.server()).get("model")
        if not isinstance(name, str):
            raise InvalidArgument(
                "Say which model of the server is meant, as model='NAME' (`mlmodel score`: "
                "-m NAME). By the protocol grpc that is always needed, else where the server has "
                "several (RST-185)."
            )
        return name

    def _plan(self, data: Any, name: str) -> Conversation[Reading]:
        """Return the plan by which a model reads data that do not say their types themselves."""
        from mlmodel.scoring.clients.described import inputs_of, reading_of
        from mlmodel.scoring.clients.tensors import is_typed

        if is_typed(data):
            return None
        if name not in self._plans:
            known = self._described.get(name)
            declared = inputs_of(known) if known else (yield from self.declared(name))
            self._plans[name] = reading_of(declared)
        return self._plans[name]

    def _with_types(self, data: Any, model: str | None) -> Conversation[Any]:
        """Return data that are cut as those that the model would read as a whole (RST-191).

        What a record lacks, or how long a number is, would else be seen in its own piece alone.
        """
        from mlmodel.scoring.clients.tensors import is_typed, with_types

        if is_typed(data) or not (self._is_grpc or (yield from self._speaks_v2())):
            return data
        name = model or self.options.model or ""
        if not self._by_frames:
            name = yield from self._name(model)
        return with_types(data, (yield from self._plan(data, name)))

    def declared(self, model: str | None) -> Conversation[Inputs]:
        """Ask what a model declares of its inputs; None where that is nothing."""
        from mlmodel.scoring.clients.described import inputs_of

        if self._by_frames:
            return (yield from self._description(model)).inputs
        return inputs_of((yield from self.metadata(model)))

    def _description(self, model: str | None) -> Conversation[Described]:
        """Ask what a server says of a model by ``Describe`` (GRP-029)."""
        from mlmodel.scoring.clients.frames import describing, read_description

        name = model or self.options.model or ""
        reply = yield from self._asked(self._grpc_call(_FRAMES, "Describe", describing(name)))
        self._check(reply, "Describe")
        self._plans.pop(name, None)
        with _said_by("Describe"):
            return read_description(reply.body)

    def _outputs(self, model: str | None) -> Conversation[Sequence[Mapping[str, Any]]]:
        """Return what a server tells of a model's outputs; nothing where it tells nothing."""
        try:
            name = yield from self._name(model)
            described = self._described.get(name) or (yield from self.metadata(name))
        except MlmodelError as error:
            if error.http_status >= _SERVER_ERROR:
                raise
            described = self._described[model or ""] = {}
        found = described.get("outputs")
        return found if isinstance(found, list) else ()

    def _server_of_http(self) -> Conversation[dict[str, Any]]:
        path = "/v2"
        reply = yield from self._asked(Call("GET", path, self.options.headers))
        if self.options.protocol != "v2" and reply.status in _NOT_THERE:
            return {}
        self._check(reply, path)
        if self.options.protocol == "v2":
            return self._document(reply, path)
        try:
            found = json.loads(reply.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) and "extensions" in found else {}

    def _server_of_grpc(self) -> Conversation[dict[str, Any]]:
        reply = yield from self._called("ServerMetadata", "ServerMetadataRequest")
        told = self._parsed("ServerMetadataResponse", reply.body)
        return {"name": told.name, "version": told.version, "extensions": list(told.extensions)}

    def _ready_of_grpc(self, name: str | None) -> Conversation[bool]:
        method, fields = ("ServerReady", {}) if name is None else ("ModelReady", {"name": name})
        reply = yield from self._called(method, f"{method}Request", **fields)
        return bool(self._parsed(f"{method}Response", reply.body).ready)

    def _called(self, method: str, kind: str, **fields: Any) -> Conversation[Reply]:
        from mlmodel.scoring.v2.protobuf import message

        body = message(kind)(**fields).SerializeToString()
        reply: Reply = yield self._grpc_call(_OPEN, method, body)
        self._check(reply, method)
        return reply

    def _grpc_call(self, service: str, method: str, body: bytes) -> Call:
        return Call(method, headers=self.options.headers, body=body, service=service)

    def _parsed(self, kind: str, body: bytes) -> Any:
        from mlmodel.scoring.v2.protobuf import parsed

        return parsed(kind, body)

    def _invocations(self, model: str | None) -> str:
        name = model or self.options.model
        return "/invocations" if name is None else f"/models/{quote(name, safe='')}/invocations"

    # -- replies -------------------------------------------------------------------------------

    def _asked(self, call: Call) -> Conversation[Reply]:
        """Make a call, and again where the server says that it cannot answer now (RST-189)."""
        for attempt in count():
            reply: Reply = yield call
            if reply.status != _UNAVAILABLE or attempt >= self.options.retries:
                return reply
            seconds = pause(attempt, reply.headers.get("retry-after"))
            if seconds is None:
                return reply
            yield Wait(seconds)
        raise AssertionError

    def _check(self, reply: Reply, path: str) -> None:
        """Raise the error that a reply says (RST-190); say which parameters were left out."""
        if reply.status == _OK:
            told = reply.headers.get("mlmodel-warning")
            if told:
                warn_caller(told)
            return
        from mlmodel.scoring.clients.refusals import error_of_call, error_of_reply

        where = f"{self.options.address}{path if path.startswith('/') else f' ({path})'}"
        if reply.code:
            said = reply.headers.get("mlmodel-error")
            message = reply.body.decode("utf-8", "replace")
            error = error_of_call(reply.code, message, said, where)
        else:
            error = error_of_reply(reply.status, reply.body, where)
        error.answered = Answered(
            reply.code or reply.status, path, reply.headers.get("x-request-id")
        )
        raise error

    def _document(self, reply: Reply, path: str) -> dict[str, Any]:
        try:
            found = json.loads(reply.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise NotFound(
                f"What {self.options.address}{path} answers is not an object of JSON; is this the "
                "address of a model server (RST-190)?"
            )
        return found


class _said_by:  # noqa: N801 - a context, as a function would be
    """Lets an answer that cannot be read be a fault of who wrote it, and not of the caller."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, MalformedRequest):
            raise InternalError(
                f"The server's answer of {self._path} cannot be read. {error.message}"
            ) from error


def _path_of(name: str) -> str:
    return f"/v2/models/{quote(name, safe='')}"
