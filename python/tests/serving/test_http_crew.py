"""The threads of a server: who calls the model, and who waits for the sockets meanwhile."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

import pytest

from mlmodel.serving.http.crew import Crew, Outcome, Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Job:
    """A call, which waits for what it is told."""

    def __init__(self, stage: Stage, pace: Pace, until: Callable[[], object] | None = None) -> None:
        self.stage, self.pace, self.until = stage, pace, until
        self.ran: list[str] = []
        self.given_back = 0

    def run(self) -> None:
        with self.stage.lock:
            self.stage.going += 1
            self.stage.most = max(self.stage.most, self.stage.going)
        self.ran.append(threading.current_thread().name)
        if self.until is not None:
            self.until()
        with self.stage.lock:
            self.stage.going -= 1

    def give_back(self) -> None:
        self.given_back += 1


class Stage:
    """A crew whose leader takes calls from a queue, in the place of sockets."""

    def __init__(self, calls: int, waiting: int = 1000) -> None:
        self.lock = threading.Lock()
        self.going = self.most = 0
        self.todo: deque[Job] = deque()
        self.outcomes: list[tuple[Job, Outcome]] = []
        self.leaders: set[str] = set()
        self.over = False
        self.crew = Crew(calls, waiting, self._lead)
        self.crew.start()

    def _lead(self, term: int) -> None:
        while self.crew.term == term and not self.over:
            self.leaders.add(threading.current_thread().name)
            if self.todo:
                job = self.todo.popleft()
                self.outcomes.append((job, self.crew.call(job)))
            else:
                time.sleep(0.001)

    def end(self) -> None:
        self.over = True
        self.crew.end()


@pytest.fixture
def stage() -> Iterator[Callable[..., Stage]]:
    stages: list[Stage] = []

    def make(*given: int) -> Stage:
        stages.append(Stage(*given))
        return stages[-1]

    yield make
    for one in stages:
        one.end()


def quick() -> Pace:
    pace = Pace()
    for _ in range(30):
        pace.note(0)
    assert pace.quick
    return pace


def test_when_calls_are_quick() -> None:
    pace = Pace()
    assert not pace.quick  # a first call may load anything
    pace.note(0.001)
    assert not pace.quick
    for _ in range(30):
        pace.note(0.001)
    assert pace.quick
    pace.note(0.003)
    assert pace.quick  # the system may have interrupted one
    pace.note(0.003)
    assert not pace.quick
    for _ in range(19):
        pace.note(0.0001)
    assert not pace.quick
    pace.note(0.0001)
    assert pace.quick
    pace.note(0.5)
    assert not pace.quick


def test_quick_calls_are_the_leaders(
    stage: Callable[..., Stage], wait_for: Callable[..., None]
) -> None:
    one, pace = stage(4), quick()
    jobs = [Job(one, pace) for _ in range(50)]
    one.todo.extend(jobs)
    wait_for(lambda: len(one.outcomes) == 50)
    if pace.quick:  # else the machine was slow
        assert len({job.ran[0] for job in jobs}) <= 2
    assert all(len(job.ran) == 1 for job in jobs)


def test_calls_that_become_slow_are_not_thought_quick_any_more(
    stage: Callable[..., Stage], wait_for: Callable[..., None]
) -> None:
    one, pace = stage(4), quick()
    one.todo.extend(Job(one, pace, lambda: time.sleep(0.003)) for _ in range(10))
    wait_for(lambda: not pace.quick)


@pytest.mark.parametrize("pace", [quick(), Pace()])
def test_a_call_that_does_not_end_keeps_nobody(
    pace: Pace, stage: Callable[..., Stage], wait_for: Callable[..., None]
) -> None:
    """Whether it was thought to be quick or not, another thread leads; its own is given back."""
    one, let_go = stage(4), threading.Event()
    stuck = Job(one, pace, let_go.wait)
    after = Job(one, Pace())
    one.todo.extend([stuck, after])
    wait_for(lambda: after.ran)
    assert stuck.ran
    assert not stuck.given_back
    let_go.set()
    wait_for(lambda: stuck.given_back == 1)
    assert (stuck, Outcome.LOST) in one.outcomes


@pytest.mark.parametrize("calls", [1, 3])
def test_so_many_calls_at_a_time_and_so_many_wait(
    calls: int, stage: Callable[..., Stage], wait_for: Callable[..., None]
) -> None:
    one, let_go = stage(calls, 5), threading.Event()
    jobs = [Job(one, Pace(), let_go.wait) for _ in range(calls + 5 + 2)]
    one.todo.extend(jobs)
    wait_for(lambda: not one.todo and one.going == calls)
    outcomes = [outcome for _, outcome in one.outcomes]
    assert outcomes.count(Outcome.ELSEWHERE) == 5
    assert outcomes.count(Outcome.REFUSED) == 2
    let_go.set()
    wait_for(lambda: sum(map(bool, (job.ran for job in jobs))) == calls + 5)
    assert one.most == calls
    wait_for(lambda: sum(job.given_back for job in jobs) == calls + 5)


@pytest.mark.thorough
def test_each_call_is_made_once(stage: Callable[..., Stage], wait_for: Callable[..., None]) -> None:
    """Calls of all lengths, of models quick and slow, in a crew that is too small for them."""
    one, chance = stage(3), random.Random(5)
    paces = [quick(), Pace(), quick()]

    def some_time(seconds: float) -> Callable[[], None]:
        return lambda: time.sleep(seconds)

    jobs = [
        Job(one, chance.choice(paces), some_time(chance.choice([0, 0, 0, 0.001, 0.004, 0.02])))
        for _ in range(600)
    ]
    for start in range(0, 600, 100):
        one.todo.extend(jobs[start : start + 100])
        wait_for(lambda: not one.todo)
    wait_for(lambda: all(job.ran for job in jobs) and one.going == 0)
    assert all(len(job.ran) == 1 for job in jobs)
    assert one.most <= 3
    assert len(one.outcomes) >= 599  # the last leader may still be about to say its own
    done = {id(job) for job, outcome in one.outcomes if outcome is Outcome.DONE}
    wait_for(lambda: all(job.given_back == (id(job) not in done) for job in jobs))
