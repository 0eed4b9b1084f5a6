"""A run: cases are asked of one or of several processes, and the answers compared."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .cases import Selection
from .compare import differences
from .known import Known
from .results import ERRORED, FAILED, PASSED, SKIPPED, Result, Run
from .subject import Broken, Failure, Skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .cases import Case, Vectors
    from .subject import About, Subject

__all__ = ["Settings", "run"]


@dataclass(frozen=True)
class Settings:
    """How a run is made.

    Attributes:
        selection: which cases; without profiles those that the implementation claims.
        known: the known failures.
        lenient: whether places and order are left out of the comparison.
        jobs: how many processes are asked at once.
        group: what cases have in common that are asked one after another.
        told: called with each result, in whatever order they come.

    """

    selection: Selection = field(default_factory=Selection)
    known: Known = field(default_factory=Known)
    lenient: bool = False
    jobs: int = 1
    group: Callable[[Case], str] = lambda _: ""
    told: Callable[[Result], None] = lambda _: None


def run(make: Callable[[], Subject], vectors: Vectors, settings: Settings) -> Run:
    """Ask the cases of what ``make`` makes, once for each job, and return what came of it.

    Raises:
        Broken: it cannot be started, or no case is meant.

    """
    started, clock = datetime.now(UTC), time.monotonic()
    first = make()
    try:
        about = first.start()
        cases = _chosen(vectors, settings.selection, about)
        asked = [case for case in cases if _is_listed(case, about)]
        asked.sort(key=settings.group)
        more = [make() for _ in range(min(settings.jobs, len(asked)) - 1)]
        found = _Asking(settings).results([first, *more], asked)
    finally:
        first.stop()
    results = [found.get(case.id) or _unlisted(case, settings.known) for case in cases]
    return Run(
        about=about,
        results=results,
        unmatched=tuple(settings.known.unmatched(case.id for case in vectors.cases)),
        lenient=settings.lenient,
        whole=_whole(vectors, cases),
        vectors={"version": vectors.version, "digest": vectors.digest, "cases": len(vectors.cases)},
        started=started.isoformat(timespec="seconds"),
        seconds=time.monotonic() - clock,
    )


def _chosen(vectors: Vectors, selection: Selection, about: About) -> list[Case]:
    """Return the cases that are meant."""
    if not selection.profiles:
        selection = replace(selection, profiles=about.profiles)
    cases = selection.of(vectors.cases)
    if not cases:
        raise Broken("No case is selected; `conformance list` shows what there is.")
    return cases


def _is_listed(case: Case, about: About) -> bool:
    return about.operations is None or case.operation in about.operations


def _unlisted(case: Case, known: Known) -> Result:
    reason = f"the implementation does not list the operation {case.operation}"
    return Result(case, SKIPPED, reason=reason, known=known.reason(case.id))


def _whole(vectors: Vectors, cases: Sequence[Case]) -> tuple[str, ...]:
    """Return the profiles of which every case is among these."""
    meant = {case.id for case in cases}
    missing = {case.profile for case in vectors.cases if case.id not in meant}
    return tuple(sorted({case.profile for case in cases} - missing))


class _Asking:
    """Several subjects that are asked the cases of one list, each the next one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._found: dict[str, Result] = {}
        self._raised: list[BaseException] = []

    def results(self, subjects: Sequence[Subject], cases: Sequence[Case]) -> dict[str, Result]:
        """Return the results by the ids of their cases."""
        rest = iter(cases)
        threads = [
            threading.Thread(target=self._work, args=(subject, rest, number > 0))
            for number, subject in enumerate(subjects)
        ]
        for thread in threads[1:]:
            thread.start()
        try:
            threads[0].run()  # here, so that an interruption ends the run
        finally:
            with self._lock:
                for _ in rest:  # nothing more is asked
                    pass
            for thread in threads[1:]:
                thread.join()
        if self._raised:
            raise self._raised[0]
        return self._found

    def _work(self, subject: Subject, rest: Iterator[Case], starts: bool) -> None:
        try:
            if starts:
                subject.start()
            while (case := self._next(rest)) is not None:
                result = self._result(case, subject.ask(case))
                with self._lock:
                    self._found[case.id] = result
                    self._settings.told(result)
        except Exception as error:  # noqa: BLE001 - raised again in the thread that waits
            self._raised.append(error)
        finally:
            if starts:
                subject.stop()

    def _next(self, rest: Iterator[Case]) -> Case | None:
        with self._lock:
            return next(rest, None)

    def _result(self, case: Case, said: Any) -> Result:
        known = self._settings.known.reason(case.id)
        if isinstance(said, Skip):
            return Result(case, SKIPPED, reason=said.reason, known=known)
        if isinstance(said, Failure):
            return Result(case, ERRORED, reason=said.reason, known=known)
        found = differences(case.expected, said.result, lenient=self._settings.lenient)
        if not found:
            return Result(case, PASSED, known=known)
        return Result(case, FAILED, tuple(found), said.result, known=known)
