"""The client for asyncio."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from mlmodel.client.dialogue import Dialogue
from mlmodel.client.options import Settings, options_of
from mlmodel.client.wire import Wait
from mlmodel.errors import MlmodelError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from mlmodel.client.grpc import AsyncGrpc
    from mlmodel.client.http import AsyncHttp
    from mlmodel.client.wire import Conversation, Reply
    from mlmodel.scoring.clients.described import Inputs

__all__ = ["AsyncClient"]

_T = TypeVar("_T")


class AsyncClient:
    """Asks a model server from asyncio, with several requests at a time.

    Arguments, answers and errors are those of :class:`mlmodel.client.Client`. Data are made into
    requests, and answers read, in the loop's own thread.
    """

    def __init__(self, url: str, **settings: Unpack[Settings]) -> None:
        options = options_of(url, settings)
        self._dialogue = Dialogue(options)
        self._carrier: AsyncHttp | AsyncGrpc
        if options.address.is_grpc:
            from mlmodel.client.grpc import AsyncGrpc

            self._carrier = AsyncGrpc(options)
        else:
            from mlmodel.client.http import AsyncHttp

            self._carrier = AsyncHttp(options)

    async def predict(
        self,
        data: Any,
        params: Mapping[str, Any] | None = None,
        *,
        model: str | None = None,
        batch_rows: int | None = None,
    ) -> Any:
        """See :meth:`mlmodel.client.Client.predict`."""
        return await self._run(self._dialogue.predict(data, params, model, batch_rows))

    async def predict_each(
        self,
        data: Iterable[Any],
        params: Mapping[str, Any] | None = None,
        *,
        model: str | None = None,
    ) -> AsyncIterator[Any]:
        """See :meth:`mlmodel.client.Client.predict_each`."""
        for one in data:
            yield await self._run(self._dialogue.predict(one, params, model))

    async def metadata(self, model: str | None = None) -> dict[str, Any]:
        """See :meth:`mlmodel.client.Client.metadata`."""
        return await self._run(self._dialogue.metadata(model))

    async def declared(self, model: str | None = None) -> Inputs:
        """See :meth:`mlmodel.client.Client.declared`."""
        return await self._run(self._dialogue.declared(model))

    async def server(self) -> dict[str, Any]:
        """See :meth:`mlmodel.client.Client.server`."""
        return await self._run(self._dialogue.server())

    async def live(self) -> bool:
        """See :meth:`mlmodel.client.Client.live`."""
        return await self._run(self._dialogue.live())

    async def ready(self, model: str | None = None) -> bool:
        """See :meth:`mlmodel.client.Client.ready`."""
        return await self._run(self._dialogue.ready(model))

    async def score(
        self,
        content_type: str,
        body: bytes,
        *,
        accept: str | None = None,
        model: str | None = None,
    ) -> tuple[str, bytes]:
        """See :meth:`mlmodel.client.Client.score`."""
        reply: Reply = await self._run(self._dialogue.score(content_type, body, accept, model))
        return reply.headers.get("content-type", ""), reply.body

    async def close(self) -> None:
        """See :meth:`mlmodel.client.Client.close`."""
        await self._carrier.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _run(self, conversation: Conversation[_T]) -> _T:
        """Make the calls of a conversation, and return what it was for."""
        send = self._carrier.send
        try:
            wanted = next(conversation)
            while True:
                if isinstance(wanted, Wait):
                    await asyncio.sleep(wanted.seconds)
                    wanted = next(conversation)
                    continue
                try:
                    reply = await send(wanted)
                except MlmodelError as error:
                    wanted = conversation.throw(error)
                else:
                    wanted = conversation.send(reply)
        except StopIteration as done:
            found: _T = done.value
            return found
