"""The client for threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from mlmodel.client.dialogue import Dialogue
from mlmodel.client.options import Settings, options_of
from mlmodel.client.wire import converse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mlmodel.client.grpc import Grpc
    from mlmodel.client.http import Http
    from mlmodel.client.wire import Conversation, Reply
    from mlmodel.scoring.clients.described import Inputs

__all__ = ["Client"]

_T = TypeVar("_T")


class Client:
    """Asks a model server; one may be used from several threads, and keeps its connections.

    Args:
        url: ``http://HOST:PORT`` (or ``https``), ``grpc://HOST:PORT`` (``grpcs``), or
            ``unix:///PATH`` of a socket; a path in it stands before the server's own.
        model: which model is asked; of a server with one model it need not be named, but by
            ``grpc``.
        protocol: ``v2`` and ``grpc`` are the Open Inference Protocol, ``invocations`` is
            ``/invocations``, ``grpc-frames`` the service for data frames (GRP-021); ``auto`` takes
            what the server speaks, first of these (over gRPC ``grpc``).
        token: what the server wants to know (``Authorization: Bearer``).
        headers: more headers of each request.
        timeout: how many seconds an answer may take.
        connect_timeout: how many seconds a connection may take.
        retries: how often a call is made again that the server could not answer now (503).
        max_answer: how many bytes an answer may have; one that is larger is not read to its end.
        connections: how many connections are open at most.
        verify: whether the server's certificate is checked.
        ca: a file with the certificates of who may have signed it, in place of the system's.
        certificate: the client's own: a file with chain and key, or a pair of files.
        proxy: the URL of a proxy; by default the environment names it (``HTTPS_PROXY``).

    Raises:
        InvalidArgument: an argument is wrong.
        MissingDependency: httpcore (or grpcio) is not installed.

    """

    def __init__(self, url: str, **settings: Unpack[Settings]) -> None:
        options = options_of(url, settings)
        self._dialogue = Dialogue(options)
        self._carrier: Http | Grpc
        if options.address.is_grpc:
            from mlmodel.client.grpc import Grpc

            self._carrier = Grpc(options)
        else:
            from mlmodel.client.http import Http

            self._carrier = Http(options)

    def predict(
        self,
        data: Any,
        params: Mapping[str, Any] | None = None,
        *,
        model: str | None = None,
        batch_rows: int | None = None,
    ) -> Any:
        """Return what the model answers, as ``mlmodel.pyfunc.load_model(...).predict`` does.

        Args:
            data: a DataFrame (of pandas, Polars or Arrow), an array, a dict of arrays; records,
                lists, a dict of lists, which are read at the types that the model declares.
            params: the parameters of the model.
            model: which model is asked, in place of the client's.
            batch_rows: send so many rows at a time, one piece after the other. The model must
                answer each row by itself; that it has a row for each is checked.

        Returns:
            A DataFrame, Series, array, dict of arrays, list or value, as the model answered.

        Raises:
            InvalidInput: the data or parameters contradict the signature; rows are those of all
                data, also in pieces.
            InvalidArgument: the data cannot be sent, or it is not clear which model is meant.
            ModelFailure: the model failed; the server's log says why.
            PayloadTooLarge: the data are more than the server takes, or the answer is more than
                ``max_answer``.
            Unavailable: the server is not reached, or says that it cannot answer now.
            DeadlineExceeded: it did not answer in time.
            MlmodelError: any other that the server says; ``answered`` has status, path and request
                id.

        """
        return self._run(self._dialogue.predict(data, params, model, batch_rows))

    def predict_each(
        self,
        data: Iterable[Any],
        params: Mapping[str, Any] | None = None,
        *,
        model: str | None = None,
    ) -> Iterator[Any]:
        """Give the answer to each of several data, asked when it is wanted and not before.

        Arguments and errors are those of :meth:`predict`.
        """
        for one in data:
            yield self._run(self._dialogue.predict(one, params, model))

    def metadata(self, model: str | None = None) -> dict[str, Any]:
        """Return a model's metadata as the Open Inference Protocol has them.

        Raises:
            ModelNotFound: the server does not have it.
            MlmodelError: as for :meth:`predict`.

        """
        return self._run(self._dialogue.metadata(model))

    def declared(self, model: str | None = None) -> Inputs:
        """Return the inputs that a model declares, None where it declares none.

        Types that hold others are ``any``. Raises as :meth:`metadata`.
        """
        return self._run(self._dialogue.declared(model))

    def server(self) -> dict[str, Any]:
        """Return name, version and extensions of the server; empty where it does not tell."""
        return self._run(self._dialogue.server())

    def live(self) -> bool:
        """Return whether the server is there."""
        return self._run(self._dialogue.live())

    def ready(self, model: str | None = None) -> bool:
        """Return whether a model (or all) can be asked now.

        Raises:
            ModelNotFound: the server does not have it.

        """
        return self._run(self._dialogue.ready(model))

    def score(
        self,
        content_type: str,
        body: bytes,
        *,
        accept: str | None = None,
        model: str | None = None,
    ) -> tuple[str, bytes]:
        """Send the body of a request to ``/invocations`` as it is.

        Args:
            content_type: what it is, such as ``text/csv``.
            body: the request.
            accept: the form in which the answer is wanted (RST-124).
            model: which model is asked, in place of the client's.

        Returns:
            The content type and the body of the answer. Errors are those of :meth:`predict`.

        """
        reply: Reply = self._run(self._dialogue.score(content_type, body, accept, model))
        return reply.headers.get("content-type", ""), reply.body

    def close(self) -> None:
        """Close all connections."""
        self._carrier.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, conversation: Conversation[_T]) -> _T:
        return converse(conversation, self._carrier.send)
