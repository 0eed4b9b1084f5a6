"""The loop of a server: sockets, their connections, and the threads that call the model."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import selectors
import socket
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from mlmodel.serving.admission import too_much_memory
from mlmodel.serving.http.connection import Connection
from mlmodel.serving.http.crew import Crew
from mlmodel.serving.http.messages import http_date
from mlmodel.serving.http.reader import Heads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlmodel.serving.http.host import Answerable, Answers, Limits, Member, Sock

__all__ = ["Loop"]

_log = logging.getLogger("mlmodel.serving")

#: How often deadlines are looked at, in seconds.
_SWEEP = 0.25
#: How much is read at once, in bytes.
_CHUNK = 256 * 2**10
#: How many connections beyond those that there may be are told so.
_TOLD = 32
#: Where no file can be opened no connection can be taken: how long is waited then, in seconds.
_NO_FILES, _PAUSE = {errno.EMFILE, errno.ENFILE}, 0.05


class Loop:
    """Serves connections of some listening sockets until it is stopped.

    Args:
        listeners: the sockets; they are closed when the loop is stopped.
        application: what answers.
        limits: what is taken, and how long is waited.
        encrypt: makes an encrypted connection of an accepted one; None leaves it as it is.

    Attributes:
        now: the loop's clock: when events were last looked for.
        date: the header line of answers.
        buffer: what connections read into; one for all, since the leader alone reads.
        heads: the heads that connections have read before.

    """

    READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        application: Answers,
        limits: Limits,
        encrypt: Callable[[socket.socket], Sock] | None = None,
    ) -> None:
        self._encrypt = encrypt
        self.application, self.limits = application, limits
        self.crew = Crew(limits.threads, limits.waiting, self._lead)
        self.now = time.monotonic()
        self.date = http_date(time.time())
        self.heads = Heads()
        self.buffer = memoryview(bytearray(_CHUNK))
        self._listeners = list(listeners)
        self._selector = selectors.DefaultSelector()
        self._connections: set[Member] = set()
        self._ready: deque[tuple[Connection | None, int]] = deque()
        self._read: deque[Member] = deque()
        self._returned: deque[Member] = deque()
        self._free_bytes = limits.most_bytes
        self._answers = 0
        self._lock = threading.Lock()
        self._swept = 0.0
        self._stopping: float | None = None
        self._ended = threading.Event()
        self._bell, self._rope = os.pipe()
        for end in (self._bell, self._rope):
            os.set_blocking(end, False)
        self._selector.register(self._bell, self.READ, None)
        for listener in self._listeners:
            listener.settimeout(0)
            self._selector.register(listener, self.READ, None)

    def run(self) -> None:
        """Serve until :meth:`stop` was called and what was begun is answered."""
        self.crew.start()
        self._ended.wait()
        self.crew.end()

    def stop(self) -> None:
        """Take nothing new, finish what was begun, and end (RST-076); for a signal's handler."""
        if self._stopping is None:
            self._stopping = time.monotonic() + self.limits.grace_seconds
            self._ring()

    # For connections. -----------------------------------------------------------------------

    def look_for(self, connection: Member, events: int) -> None:
        """Let the selector look for other events at a connection."""
        if events == connection.events:
            return
        if not connection.events:
            self._selector.register(connection.sock, events, connection)
        elif not events:
            self._selector.unregister(connection.sock)
        else:
            self._selector.modify(connection.sock, events, connection)
        connection.events = events

    def has_read(self, connection: Member) -> None:
        """Let a connection answer what came when all others have read what came for them.

        The same few lines run for each of them in turn, which is kind to the processor's caches:
        a request of many connections costs 5 % less. Where memory for bodies is scarce what has
        come is answered first.
        """
        if self._free_bytes < self.limits.max_body:
            connection.answer()
        else:
            self._read.append(connection)

    def forget(self, connection: Member) -> None:
        """Leave a connection that is closed."""
        self._connections.discard(connection)

    def reserve(self, size: int) -> None:
        """Set bytes aside for a body.

        Raises:
            Unavailable: the bodies of other requests take too much memory (RST-074).

        """
        if size > self._free_bytes or self._answers > self.limits.most_answers:
            raise too_much_memory()
        self._free_bytes -= size

    def release(self, size: int) -> None:
        """Give them back."""
        self._free_bytes += size

    def hold_answer(self, size: int) -> None:
        """Count bytes that wait for a client to take them; fewer with a negative size."""
        self._answers += size

    def first_to_answer(self, exchange: Answerable) -> bool:
        """Return whether nobody has answered yet; whoever asks first does."""
        with self._lock:
            first = not exchange.answered
            exchange.answered = True
            return first

    def give_back(self, connection: Member) -> None:
        """Hand a connection from the thread of a call back to the leader."""
        self._returned.append(connection)
        self._ring()

    # The leader's. --------------------------------------------------------------------------

    def _ring(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._rope, b"\0")

    def _lead(self, term: int) -> None:
        crew, ready, read = self.crew, self._ready, self._read
        while crew.term == term:
            while ready:
                connection, mask = ready.popleft()
                if connection is None:
                    self._accept()
                elif mask & self.READ:
                    self._guarded(connection, connection.on_readable)
                elif connection.events:
                    self._guarded(connection, connection.on_writable)
                if crew.term != term:
                    return
            while read:
                reader = read.popleft()
                self._guarded(reader, reader.answer)
                if crew.term != term:
                    return
            self._look(term)
            if self._ended.is_set():
                return

    def _guarded(self, connection: Member, act: Callable[[], None]) -> None:
        """Let a fault of ours cost its connection, not the server."""
        try:
            act()
        except Exception:  # noqa: BLE001 - the boundary of a connection
            _log.exception("A connection failed because of a bug in mlmodel.")
            connection.close()

    def _look(self, term: int) -> None:
        """Wait for events; take back what other threads have answered; see what is late."""
        found = self._selector.select(_SWEEP)
        self.now = time.monotonic()
        for key, mask in found:
            self._ready.append((key.data, mask))
        while self._returned and self.crew.term == term:
            connection = self._returned.popleft()
            self._guarded(connection, connection.go_on)
        if self.now - self._swept > _SWEEP and self.crew.term == term:
            self._sweep(term)

    def _accept(self) -> None:
        for listener in self._listeners:
            try:
                for _ in range(self.limits.accepts):
                    self._take(listener.accept()[0])
            except OSError as error:
                if error.errno in _NO_FILES:
                    # Who waits is seen again at once, over and over; others may end meanwhile.
                    time.sleep(_PAUSE)
        with contextlib.suppress(BlockingIOError):
            os.read(self._bell, 4096)

    def _take(self, sock: socket.socket) -> None:
        sock.settimeout(0)
        with contextlib.suppress(OSError):  # a socket of the file system has no such option
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(self, sock if self._encrypt is None else self._encrypt(sock))
        self._connections.add(connection)
        if len(self._connections) <= self.limits.connections:
            self.look_for(connection, self.READ)
        elif len(self._connections) <= self.limits.connections + _TOLD:
            connection.turn_away()
        else:
            connection.close()

    def _sweep(self, term: int) -> None:
        self._swept = self.now
        self.date = http_date(time.time())
        if self._stopping is not None:
            self._drain(term)
        for connection in [one for one in self._connections if one.deadline < self.now]:
            if self.crew.term == term:
                self._guarded(connection, connection.expire)

    def _drain(self, term: int) -> None:
        for listener in self._listeners:
            self._selector.unregister(listener)
            listener.close()
        self._listeners.clear()
        for connection in list(self._connections):
            if self.crew.term == term:  # a request that has come may be answered slowly
                self._guarded(connection, connection.stop)
        late = self._stopping is not None and self.now > self._stopping
        if late or not self._connections:
            self._ended.set()
