"""Threads for calls, and the calls whose client is waited for.

grpcio's server gives each call a thread before its message has come. So a thread may wait for a
client that sends nothing, or takes no answers; :class:`Waits` ends such calls. The answer of a call
that has one alone is sent when its thread is free again, and :class:`Untaken` keeps count of those.
"""

from __future__ import annotations

import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

__all__ = ["Bytes", "Gone", "Pool", "Untaken", "Waits"]

#: How often one looks whether a client is waited for too long, in seconds.
LOOK = 0.25
#: How long one is waited for where other calls need the threads, in seconds.
_CROWDED = 1.0
#: Messages up to this size are not counted: there are no more of them than of calls and streams.
SMALL = 4096


class Gone(Exception):
    """The call is over: its client has left, or was waited for too long."""


class Pool(ThreadPoolExecutor):
    """Threads that know how many calls have one, or wait for one."""

    def __init__(self, threads: int, name: str) -> None:
        super().__init__(threads, thread_name_prefix=f"mlmodel-grpc-{name}")
        self.threads = threads
        self.calls = 0
        self._count = threading.Lock()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Let a thread make a call."""
        with self._count:
            self.calls += 1
        try:
            return super().submit(self._make, fn, args, kwargs)
        except RuntimeError:  # the pool has been shut down
            self._over()
            raise

    def _make(self, fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        try:
            return fn(*args, **kwargs)
        finally:
            self._over()

    def _over(self) -> None:
        with self._count:
            self.calls -= 1


class Waits:
    """The calls of one pool whose client is waited for.

    Args:
        pool: their threads.
        seconds: how long a message may take to arrive, or an answer to be taken.

    """

    def __init__(self, pool: Pool, seconds: float) -> None:
        self._pool, self._seconds = pool, seconds
        self._waiting: dict[Any, tuple[float, float]] = {}
        self._stopping = False

    def message(self, requests: Iterator[bytes], context: Any, *, more: bool = False) -> Any:
        """Return the next message of a call, encoded; None where its client sends none.

        ``more``: it is not the first, and is waited for as long as nobody needs the thread.

        Raises:
            Gone: the call is over.

        """
        if more and self._stopping:
            return None
        self._waiting[context] = (time.monotonic(), math.inf if more else self._seconds)
        try:
            return next(requests, None)
        except grpc.RpcError:
            raise Gone from None
        finally:
            self._waiting.pop(context, None)

    @contextmanager
    def waiting(self, context: Any) -> Iterator[None]:
        """Note that the client of a call is waited for, which is to take an answer."""
        self._waiting[context] = (time.monotonic(), self._seconds)
        try:
            yield
        finally:
            self._waiting.pop(context, None)

    def look(self) -> None:
        """End the calls whose client was waited for too long."""
        found, now = list(self._waiting.items()), time.monotonic()
        # Each holds a thread; where none is left for a call that has its message, they end sooner.
        crowded = len(found) and self._pool.calls >= self._pool.threads
        for context, (since, seconds) in found:
            if now - since > (min(_CROWDED, seconds) if crowded else seconds):
                with suppress(Exception):  # a call that is over by now
                    context.cancel()

    def stop(self) -> None:
        """Wait for no further request of a stream."""
        self._stopping = True
        for context, (_, seconds) in list(self._waiting.items()):
            if seconds == math.inf:
                with suppress(Exception):
                    context.cancel()


class Bytes:
    """Bytes that are set aside for messages, of which there are not more than so many (GRP-031)."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Set bytes aside; return whether there were so many."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give(self, size: int) -> None:
        """Give back what was set aside."""
        with self._lock:
            self._left += size


class Untaken:
    """Answers that their clients have not taken yet (GRP-018, GRP-031).

    Args:
        seconds: how long a client may take for one.
        most: how many bytes there may be before no further model is asked.

    """

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds, self._most, self._size = seconds, most, 0
        self._since: dict[Any, float] = {}
        self._lock = threading.Lock()

    @property
    def are_too_many(self) -> bool:
        """Whether there are more bytes than there may be."""
        return self._size > self._most

    def note(self, context: Any, size: int) -> None:
        """Note an answer that is sent next; it counts until its call is over."""
        if size <= SMALL:
            return
        with self._lock:
            self._size += size
            self._since[context] = time.monotonic()
        if not context.add_callback(lambda: self._forget(context, size)):
            self._forget(context, size)

    def look(self) -> None:
        """End the calls whose client takes too long."""
        now = time.monotonic()
        with self._lock:
            late = [one for one, since in self._since.items() if now - since > self._seconds]
        for context in late:
            with suppress(Exception):  # a call that is over by now
                context.cancel()

    def _forget(self, context: Any, size: int) -> None:
        with self._lock:
            self._size -= size
            self._since.pop(context, None)
