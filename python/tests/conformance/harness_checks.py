"""What the tests of every harness ask: that it answers as specified, and says what it does not do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.runner.cases import Selection, read_vectors
from conformance.runner.known import read_known
from conformance.runner.pipe import Harness
from conformance.runner.running import Settings, run

if TYPE_CHECKING:
    from pathlib import Path

#: The largest cases take some harnesses ten seconds, and a busy machine some more.
_PATIENCE = 200


def _answers(command: list[str], settings: Settings) -> Any:
    return run(lambda: Harness(command, timeout=_PATIENCE), read_vectors(), settings)


def conforms(command: list[str], known: Path) -> dict[str, bool]:
    """Return to which profiles a harness conforms; nothing is wrong but what is known to be."""
    done = _answers(command, Settings(Selection(), read_known(known)))
    wrong = [
        (one.case.id, one.outcome, one.reason, one.differences)
        for one in done.results
        if not one.is_right
    ]
    assert wrong == []
    assert done.unmatched == ()
    return {name: one["conforms"] for name, one in done.as_json()["profiles"].items()}


def require_skips(command: list[str], *profiles: str) -> None:
    """Hold that a harness skips the cases of profiles, each with a reason."""
    done = _answers(command, Settings(Selection(profiles=profiles)))
    assert {one.outcome for one in done.results} == {"skipped"}
    assert all(one.reason for one in done.results)
