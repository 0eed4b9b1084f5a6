"""Requirements inferred from what a model really imports (ENV-013 to ENV-016, ENV-020).

A process of its own loads the model and predicts its example, so that nothing that this one has
imported already hides what the model needs, and nothing that the model does stays behind here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel._base.settings import number_of_seconds, switch
from mlmodel._base.warnings import warn_caller
from mlmodel.environment.pins import installed_from, normalized, pinned, required_by
from mlmodel.environment.task import Observed, Task

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

__all__ = [
    "NotObserved",
    "infer",
    "is_on",
    "observe",
    "requirement_lines",
    "seconds_allowed",
    "warn_of_unclaimed",
]

_SWITCH = "MLMODEL_INFER_REQUIREMENTS"
_TIMEOUT = "MLMODEL_INFER_REQUIREMENTS_TIMEOUT"
#: Seconds that loading and predicting the example may take.
_PATIENCE = 120.0

#: What builds environments, and what reads models, is not what a model needs.
_NOT_OF_THE_MODEL = frozenset(
    {"pip", "setuptools", "wheel", "mlmodel", "mlflow", "mlflow-skinny", "mlflow-tracing"}
)
_REASON = 300


def is_on() -> bool:
    """Return whether saving infers requirements: unless ``MLMODEL_INFER_REQUIREMENTS=false``.

    Raises:
        InvalidArgument: the variable has neither a value for on nor one for off (ENV-016).

    """
    return switch(_SWITCH, "ENV-016")


def infer(
    folder: Path, always: Sequence[str] = (), warned: Collection[str] = ()
) -> list[str] | None:
    """Return the requirements of a model folder of the caller's own making.

    Args:
        folder: the model, whole but for its environment; nothing is written into it.
        always: distributions that are named whatever was seen (those of the flavor).
        warned: top modules that the user was told to bring along already (PYF-016).

    Returns:
        Lines ``name==version``, sorted; None where it could not be done.

    Warns:
        UserWarning: it could not be done (ENV-015); the model imports what no distribution
            brings (ENV-020); a distribution is of this machine (ENV-012).

    """
    try:
        observed = observe(Task(str(folder), "", None, trust=True), seconds_allowed())
    except NotObserved as error:
        warn_caller(
            f"What the model imports could not be observed: {_said(error, folder)}. The "
            "packages of its flavor are written as its requirements. Give pip_requirements to "
            f"write others, or set {_SWITCH}=false to switch the observation off (ENV-015)"
        )
        return None
    warn_of_unclaimed([name for name in observed.unclaimed if name not in warned])
    return requirement_lines(observed.distributions, always)


def seconds_allowed() -> float:
    """Return how long a model may take, as the environment says (ENV-016).

    Raises:
        InvalidArgument: that is not a number.

    """
    return number_of_seconds(_TIMEOUT, _PATIENCE)


# -- the process ----------------------------------------------------------------------------------


class NotObserved(Exception):
    """Nothing was observed; the text says why."""


def _said(error: NotObserved, folder: Path) -> str:
    """Return why, without the place where the model is while it is being saved."""
    return str(error).replace(f"{folder}{os.sep}", "").replace(str(folder), "the new model")


def observe(task: Task, patience: float, more: Mapping[str, str] | None = None) -> Observed:
    """Run the task in a process of its own, which is gone afterwards with all that it started."""
    # A frozen program has no interpreter: what it would start is itself.
    if not sys.executable or getattr(sys, "frozen", False):
        raise NotObserved("there is no Python interpreter that this program could start")
    try:
        return _answer(task, patience, more)
    except OSError as error:
        raise NotObserved(f"no process could be started: {error.strerror or error}") from None


def _answer(task: Task, patience: float, more: Mapping[str, str] | None) -> Observed:
    with tempfile.TemporaryDirectory(prefix="mlmodel-") as folder:
        answer, log = Path(folder, "answer.json"), Path(folder, "log")
        path = tuple(str(Path(entry or ".").absolute()) for entry in sys.path)
        line = json.dumps({**asdict(task), "answer": str(answer), "path": path})
        with log.open("wb") as stream:
            variables = {"PYTHONPATH": os.pathsep.join(path), **(more or {})}
            _run(f"{line}\n".encode(), stream.fileno(), patience, variables)
        try:
            observed = Observed(**json.loads(answer.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            last = log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
            raise NotObserved(
                f"the process ended early ({last[:_REASON] or 'without a message'})"
            ) from None
    if observed.error is not None:
        raise NotObserved(observed.error[:_REASON])
    return observed


def _run(task: bytes, log: int, patience: float, variables: Mapping[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "mlmodel.pyfunc.observe"],
        stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
        env={**os.environ, **variables, _SWITCH: "false", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    try:
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        with suppress(BrokenPipeError):
            process.stdin.write(task)
            process.stdin.flush()
        process.wait(patience)
    except subprocess.TimeoutExpired:
        raise NotObserved(f"it took longer than {patience:g} seconds ({_TIMEOUT})") from None
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and, where the system has groups of processes, whatever it started."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()
    process.wait()


# -- from what was imported to requirements -------------------------------------------------------


def requirement_lines(distributions: Iterable[str], always: Sequence[str]) -> list[str]:
    """Return the requirements for what was imported, and for what is named whatever was seen."""
    named = {normalized(name): name for name in (*distributions, *always)}
    for name in _NOT_OF_THE_MODEL:
        named.pop(name, None)
    kept = _without_required(set(named), {normalized(name) for name in always})
    return [line for name in sorted(kept) for line in _line(named[name])]


def _line(name: str) -> list[str]:
    origin = installed_from(name)
    if origin is None:
        return pinned([normalized(name)])
    if origin.startswith("file:"):
        line = pinned([normalized(name)])
        warn_caller(
            f"{name} was installed here from {origin}: {line[0]} is written, but a package "
            "index may not have it (ENV-012)"
        )
        return line
    return [f"{normalized(name)} @ {origin}"]


def _without_required(names: set[str], always: set[str]) -> set[str]:
    """Return the names that no other of them brings along, and those that are always named."""
    brings = {name: _all_required(name) for name in names}
    kept = set(names)
    for name in sorted(names, reverse=True):
        # Of two that require each other one stays.
        if any(name in brings[other] for other in kept - {name}):
            kept.discard(name)
    return kept | always


def _all_required(name: str) -> set[str]:
    found, waiting = set[str](), [name]
    while waiting:
        for required in required_by(waiting.pop()):
            if required not in found:
                found.add(required)
                waiting.append(required)
    return found


def warn_of_unclaimed(modules: Sequence[str]) -> None:
    """Warn of top modules that no distribution brings (ENV-020)."""
    if modules:
        warn_caller(
            f"The model imports {', '.join(modules)}, which belongs to no installed package; it "
            "must be on the import path where the model is loaded: give it in code_paths (ENV-020)"
        )
