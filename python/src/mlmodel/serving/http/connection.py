"""One connection: bytes in, requests to the model, answers out.

Only the leader of the crew touches a connection, but for the one thread that makes its call:
from the moment that the call is made until :meth:`Connection.go_on`, nobody else writes.
"""

from __future__ import annotations

import contextlib
import logging
import math
import socket
from collections import deque
from typing import TYPE_CHECKING

from mlmodel.errors import (
    DeadlineExceeded,
    InternalError,
    MalformedRequest,
    MlmodelError,
    RequestTimeout,
    Unavailable,
)
from mlmodel.serving.admission import too_many_requests
from mlmodel.serving.http.crew import Outcome
from mlmodel.serving.http.messages import CONTINUE, Request, head
from mlmodel.serving.http.reader import Reader, Refusal

if TYPE_CHECKING:
    from mlmodel.serving.http.crew import Pace
    from mlmodel.serving.http.host import Host, Sock
    from mlmodel.serving.http.messages import Response

__all__ = ["Connection", "Exchange"]

_log = logging.getLogger("mlmodel.serving")

#: An answer up to this size is written in one piece (bytes).
_ONE_PIECE = 64 * 2**10
#: How long a server that stops waits for one more request of a connection, in seconds.
_NEXT_REQUEST = 1.0


class Exchange:
    """One call of the model for one request (a :class:`~mlmodel.serving.http.crew.Work`)."""

    __slots__ = ("_connection", "answered", "pace", "request")

    def __init__(self, connection: Connection, request: Request, pace: Pace) -> None:
        self._connection = connection
        self.request = request
        self.pace = pace
        self.answered = False

    def run(self) -> None:
        """Call the model and write the answer, unless it comes too late."""
        if self.answered:
            return
        loop = self._connection.loop
        try:
            response = loop.application.answer(self.request)
        except BaseException:  # noqa: BLE001 - a model may call sys.exit(): that ends no thread of the crew
            _log.exception("A request ended the thread that answered it.")
            response = loop.application.refuse(
                InternalError("The server failed to answer; its log says why (ERR-006)."),
                self.request,
            )
        if loop.first_to_answer(self):
            self._connection.write(self.request, response)

    def give_back(self) -> None:
        """Tell the leader that the connection waits for it."""
        self._connection.loop.give_back(self._connection)


class Connection:
    """One client's connection.

    Attributes:
        deadline: when what it waits for is late, by the loop's clock.
        events: what the selector looks for at it; 0 where it is not registered.

    """

    __slots__ = (
        "_closing", "_ended", "_exchange", "_held", "_lingers", "_out", "_reader", "_refusal",
        "_requests", "_state", "_stopping", "deadline", "events", "loop", "sock",
    )  # fmt: skip

    def __init__(self, loop: Host, sock: Sock) -> None:
        self.loop, self.sock = loop, sock
        self._reader = Reader(loop.limits.max_body, loop.reserve, loop.release, loop.heads)
        self._requests: deque[Request] = deque()
        self._exchange: Exchange | None = None
        self._refusal: MlmodelError | None = None
        self._out: list[memoryview] = []
        self._closing = self._lingers = self._ended = self._stopping = False
        self._state = "head"
        self._held = 0
        self.events = 0
        self.deadline = loop.now + loop.limits.head_seconds

    def on_readable(self) -> None:
        """Read what there is; :meth:`answer` is called for what it holds."""
        if self._exchange is not None or self._out:
            # What comes meanwhile waits in the system's buffers.
            self.loop.look_for(self, self.events & ~self.loop.READ)
            return
        try:
            size = self.sock.recv_into(self.loop.buffer)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.close()
            return
        if not size and self._reader.state == "body" and not self._lingers:
            self._refuse(
                MalformedRequest(
                    "The connection ended before the body; send as much as announced (RST-107)."
                )
            )
        elif not size:
            self.close()
        elif not self._lingers:
            self._take(bytes(self.loop.buffer[:size]))

    def on_writable(self) -> None:
        """Write more of the answer."""
        if self._exchange is not None:
            self.loop.look_for(self, 0)  # the next one's thread writes
            return
        self._flush()
        if self._go_on_after_writing():
            self.answer()

    def go_on(self) -> None:
        """Take the connection back from the thread that made its call."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            self.loop.release(exchange.request.reserved)
        if self._go_on_after_writing():
            self.answer()

    def expire(self) -> None:
        """Answer that what was waited for is late, or close."""
        exchange = self._exchange
        if exchange is not None:
            if self.loop.first_to_answer(exchange):
                error = DeadlineExceeded(
                    "The prediction took longer than this server allows, which is "
                    f"{self.loop.limits.predict_seconds:g} seconds (RST-113)."
                )
                answer = self.loop.application.refuse(error, exchange.request)
                self.write(exchange.request, answer)
                # The call goes on in its thread; the client need not wait for its end.
                self._ended = True
                with contextlib.suppress(OSError):
                    self.sock.shutdown(socket.SHUT_RDWR)
                self.loop.look_for(self, 0)
            self.deadline = math.inf
        elif self._reader.state == "body" and not (self._lingers or self._out):
            seconds = self.loop.limits.body_seconds
            self._refuse(
                RequestTimeout(f"The body did not arrive within {seconds:g} seconds (RST-114).")
            )
        else:
            self.close()

    def turn_away(self) -> None:
        """Refuse whatever will come: there are as many connections as there may be (RST-074)."""
        self._refuse(
            Unavailable("The server has as many connections as it can; try again (RST-074).")
        )

    def stop(self) -> None:
        """Take no request but what has come; close if there is none."""
        self._stopping = True
        waits = self._requests or self._refusal is not None
        if waits or self._exchange is not None or self._out or self._reader.state != "idle":
            return
        # Its next request may be on its way, and is answered as the last one; closed at once, a
        # client that sends just now would find its connection reset.
        self.deadline = min(self.deadline, self.loop.now + _NEXT_REQUEST)

    def close(self) -> None:
        """Close the connection; a call that goes on has nobody to answer."""
        self._ended = True
        self.loop.look_for(self, 0)
        if self._exchange is None:
            self._reader.close()
            for request in self._requests:
                self.loop.release(request.reserved)
            self._requests.clear()
            self._let_go()
            self.loop.forget(self)
            self.sock.close()

    def write(self, request: Request, response: Response) -> None:
        """Write an answer, as much as goes at once; the rest is for the leader."""
        keep = request.keep_alive and not (response.close or self._closing or self._stopping)
        self._closing = not keep
        first = head(response, self.loop.date, version=request.version, keep_alive=keep)
        body = b"" if request.method == "HEAD" else response.body
        if len(body) <= _ONE_PIECE and not self._out:
            whole = first + body
            sent = self._send(whole)
            if sent < len(whole):
                self._out.append(memoryview(whole)[sent:])
        else:
            self._out += [memoryview(first), memoryview(body)]
            self._flush()

    def _send(self, data: bytes | memoryview) -> int:
        """Return how much was written; all of it where nobody is there to read it."""
        try:
            return self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            self._ended = True
            return len(data)

    def _flush(self) -> None:
        while self._out:
            first = self._out[0]
            sent = self._send(first)
            if sent == len(first):
                del self._out[0]
            elif sent:
                self._out[0] = first[sent:]
            else:
                return

    def _take(self, data: bytes) -> None:
        reader = self._reader
        try:
            reader.feed(data)
        except Refusal as refusal:
            self._refusal = refusal.error
        if reader.complete:
            self._requests.extend(reader.complete)
            reader.complete.clear()
            self._state = ""
        self.loop.has_read(self)

    def answer(self) -> None:
        """Answer what is whole; the last one may be answered by another thread."""
        loop = self.loop
        while self._requests:
            request = self._requests.popleft()
            pace = loop.application.pace(request)
            if pace is None:
                self.write(request, loop.application.answer(request))
            else:
                self._exchange = Exchange(self, request, pace)
                self.deadline = loop.now + loop.limits.predict_seconds
                outcome = loop.crew.call(self._exchange)
                if outcome is not Outcome.DONE and not self._is_refused(outcome, request):
                    return
                self._exchange = None
            loop.release(request.reserved)
            if (self._out or self._closing or self._ended) and not self._go_on_after_writing():
                return
        if self._refusal is not None:
            self._refuse(self._refusal)
        else:
            self._wait()

    def _is_refused(self, outcome: Outcome, request: Request) -> bool:
        """Return whether there was no place for a call, which is answered; else it is elsewhere."""
        if outcome is not Outcome.REFUSED:
            return False
        self._exchange = None
        self.write(request, self.loop.application.refuse(too_many_requests(), request))
        return True

    def _wait(self) -> None:
        """Look for more, with the time that it may take."""
        state = self._reader.state
        if state != self._state:
            self._state = state
            self.deadline = self.loop.now + self.loop.limits.seconds(state)
            if self._reader.wants_continue:
                self._reader.wants_continue = False
                self._send(CONTINUE)
        self.loop.look_for(self, self.loop.READ)

    def _go_on_after_writing(self) -> bool:
        """Return whether the next request may be taken: all is written, and no end is near."""
        if self._ended:
            self.close()
            return False
        if self._out:
            self.deadline = self.loop.now + self.loop.limits.write_seconds
            self.loop.look_for(self, self.loop.WRITE)
            if not self._held:
                # What waits for a slow reader takes memory that bodies to come would need.
                self._held = sum(map(len, self._out))
                self.loop.hold_answer(self._held)
            return False
        self._let_go()
        if self._lingers:
            self._linger()
        elif self._closing:
            self.close()
        else:
            return True
        return False

    def _let_go(self) -> None:
        """Give back the memory of an answer that waited."""
        if self._held:
            self.loop.hold_answer(-self._held)
            self._held = 0

    def _refuse(self, error: MlmodelError) -> None:
        """Answer what is not read to its end."""
        self._lingers = self._closing = True
        answer = self.loop.application.refuse(error, self._reader.begun)
        self.write(Request("POST", b"", {}, keep_alive=False), answer)
        self._reader.close()
        self._go_on_after_writing()

    def _linger(self) -> None:
        """Read and drop what still arrives for a while.

        A connection closed with data unread is reset, and the answer is lost on its way.
        """
        if self._state != "lingers":
            self._state = "lingers"
            self.deadline = self.loop.now + self.loop.limits.linger_seconds
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_WR)
        self.loop.look_for(self, self.loop.READ)
