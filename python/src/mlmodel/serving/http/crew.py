"""The threads of a server: one leads, and calls the model itself where that is quick.

Leaders and followers (Schmidt and others, "Leader/Followers", PLoP 2000): the thread that waits
for sockets handles what it finds, and the lead passes on instead of the work. A quick call is made
by the leader in its own loop, without any change of threads. Before a call that is known to be
slow the lead is handed on; where a quick one turns out slow, a watch gives the lead away. So
nothing that a model does holds up the sockets, but for code that keeps the interpreter's lock.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Crew", "Outcome", "Pace", "Work"]

#: A call is slow from here on, in seconds; handing the lead on costs some 50 microseconds.
_SLOW = 0.002
#: What a slow call weighs, in short ones that make up for it. One slow call among many, which the
#: system may have interrupted, changes nothing; one that is ten times slow, or two, do.
_WEIGHT = 10
_LIMIT = 2 * _WEIGHT
#: How long a call may keep the leader before the lead is given away, and how often one looks.
_PATIENCE = 0.020
_LOOK = 0.010
#: How many looks without a call until nobody looks any more.
_QUIET = 100


class Pace:
    """How long the calls of one model take: quick ones are made by the leader.

    A first call, which may load or compile, is never made so.

    Attributes:
        quick: the leader makes them.
        debt: what slow calls weigh, less the short ones that made up for them.

    """

    __slots__ = ("debt", "quick")

    def __init__(self) -> None:
        self.quick = False
        self.debt = _LIMIT

    def note(self, seconds: float) -> None:
        """Take notice of a call that took so long."""
        if seconds >= _SLOW:
            weight = _LIMIT if seconds >= 10 * _SLOW else _WEIGHT
            self.debt = min(_LIMIT, self.debt + weight)
            self.quick = self.quick and self.debt < _LIMIT
        elif self.debt:
            self.debt -= 1
            self.quick = self.quick or not self.debt


class Work(Protocol):
    """One call of a model."""

    pace: Pace

    def run(self) -> None:
        """Do it; never raises."""

    def give_back(self) -> None:
        """Tell the leader that it is done, from another thread."""


class Outcome(Enum):
    """What came of a call that the leader was asked to make."""

    DONE = 1
    """It is made, and the thread leads as before."""
    ELSEWHERE = 2
    """Another thread will make it; the thread leads as before."""
    LOST = 3
    """It is made; another thread leads now."""
    REFUSED = 4
    """There is no place for it."""


class _Member:
    __slots__ = ("lead", "signal")

    def __init__(self) -> None:
        self.signal = threading.Semaphore(0)
        self.lead = False


class Crew:
    """Some threads, of which one leads.

    Args:
        calls: how many calls are made at a time.
        waiting: how many more wait for a thread.
        lead: does a leader's work as long as :attr:`term` is the one that it is given.

    Attributes:
        term: counts the leaders; who led when it had another value leads no more.

    """

    def __init__(self, calls: int, waiting: int, lead: Callable[[int], None]) -> None:
        self._calls, self._waiting, self._lead = calls, waiting, lead
        self._lock = threading.Lock()
        self._idle: list[_Member] = []
        self._queue: deque[Work] = deque()
        self.term = 0
        self._began: float | None = None
        self._awake = threading.Event()
        self._asleep = True
        self._over = False

    def start(self) -> None:
        """Start the threads; one of them leads."""
        for number in range(self._calls + 1):
            member = _Member()
            threading.Thread(
                target=self._live, args=(member,), name=f"mlmodel-{number + 1}", daemon=True
            ).start()
            self._idle.append(member)
        threading.Thread(target=self._watch, name="mlmodel-watch", daemon=True).start()
        with self._lock:
            self._hand_on()

    def end(self) -> None:
        """Let all threads end that are not in a call; the leader ends by itself."""
        with self._lock:
            self._over = True
            for member in self._idle:
                member.signal.release()
            self._idle.clear()
        self._awake.set()

    def call(self, work: Work) -> Outcome:
        """Make a call, or have it made; only the leader asks."""
        if not self._idle and (outcome := self._put_off(work)) is not None:
            return outcome
        term, began, pace = self.term, time.monotonic(), work.pace
        if pace.quick:
            self._began = began
            if self._asleep:
                self._wake()
        else:
            with self._lock:
                self._hand_on()
        # Written out here and in _live: in this place each step of a call is paid by every request.
        work.run()
        seconds = time.monotonic() - began
        if pace.debt or seconds >= _SLOW:
            pace.note(seconds)
        with self._lock:
            if self.term == term:
                self._began = None
                return Outcome.DONE
        work.give_back()
        return Outcome.LOST

    def _put_off(self, work: Work) -> Outcome | None:
        with self._lock:
            if self._idle:
                return None
            if len(self._queue) >= self._waiting:
                return Outcome.REFUSED
            self._queue.append(work)
            return Outcome.ELSEWHERE

    def _hand_on(self) -> None:
        """Let another thread lead; the lock is held, and there is one."""
        member = self._idle.pop()
        self.term += 1
        self._began = None
        member.lead = True
        member.signal.release()

    def _live(self, member: _Member) -> None:
        while True:
            member.signal.acquire()
            if self._over:
                return
            if member.lead:
                member.lead = False
                self._lead(self.term)
            while (work := self._next(member)) is not None:
                began = time.monotonic()
                work.run()
                work.pace.note(time.monotonic() - began)
                work.give_back()

    def _next(self, member: _Member) -> Work | None:
        with self._lock:
            if self._queue:
                return self._queue.popleft()
            if self._over:
                member.signal.release()
            else:
                self._idle.append(member)
            return None

    def _watch(self) -> None:
        """Give the lead away where the leader is in a call for too long."""
        quiet = 0
        while not self._over:
            self._awake.wait()
            time.sleep(_LOOK)
            began = self._began
            quiet = 0 if began is not None else quiet + 1
            if began is not None and time.monotonic() - began > _PATIENCE:
                with self._lock:
                    if self._began == began and self._idle:
                        self._hand_on()
            elif quiet > _QUIET:
                self._awake.clear()
                self._asleep = True
                # A call that began meanwhile may have seen that it is awake.
                if self._began is not None or self._over:
                    self._wake()
                quiet = 0

    def _wake(self) -> None:
        self._asleep = False
        self._awake.set()
