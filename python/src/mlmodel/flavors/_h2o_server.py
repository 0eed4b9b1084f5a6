"""The server that models of H2O live in: a Java process of this machine, started when it is needed.

Specification: spec/flavors/h2o.md.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import inspect
import os
import socket
import subprocess
import sys
import threading
import uuid
import warnings
from typing import TYPE_CHECKING, Any

from mlmodel._base import with_parent
from mlmodel.errors import InvalidArgument, InvalidModel, MissingDependency
from mlmodel.flavors._failures import brief, cannot_be_read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder

__all__ = ["connect", "free_port", "given_settings", "quiet", "settings", "write_settings"]

#: Arguments of ``h2o.init`` that say where a server is; with one of them none is made up.
_PLACES = frozenset({"url", "ip", "port", "https", "name"})
_ATTEMPTS = 50
_SETTINGS = "h2o.yaml"
_one_at_a_time = threading.Lock()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep off standard output, which may be a prediction's, what H2O prints; and its warnings."""
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def connect(h2o: Any, given: Mapping[str, Any]) -> None:
    """Connect this process with a server, unless it is: a new one, but where ``given`` says which.

    A new one listens at the loopback interface alone, at ports that are free, under a name of its
    own so that it joins no other, and ends with this process, however that ends.

    Raises:
        MissingDependency: none can be started; Java is not there, say.

    """
    with _one_at_a_time, quiet():
        cluster = h2o.cluster()
        if cluster is not None and cluster.is_running():
            return
        arguments = {"bind_to_localhost": True, **given}
        if not _PLACES & given.keys():
            arguments |= {"port": free_port(), "name": f"mlmodel-{os.getpid()}-{uuid.uuid4().hex}"}
        if "verbose" in inspect.signature(h2o.init).parameters:  # H2O 3.40 has none
            arguments.setdefault("verbose", False)
        try:
            with _ends_with_us():
                h2o.init(**arguments)
        except Exception as error:
            raise MissingDependency(
                f"No server of H2O could be started or reached: {brief(error)}. It needs Java, "
                "and what h2o.yaml says under init (HTO-005)"
            ) from error
        h2o.no_progress()
        # H2O's own way to close at the end prints; this one comes before it.
        atexit.register(_close, h2o.connection())


class _Subprocess:
    """What H2O gets for the module ``subprocess``: its server is started to end with us."""

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, args: list[str], **more: Any) -> subprocess.Popen[Any]:  # noqa: N802 - its name
        return subprocess.Popen(with_parent.command(args), **more)  # noqa: S603 - H2O's own


@contextlib.contextmanager
def _ends_with_us() -> Iterator[None]:
    """Have a server that H2O starts end with this process, also one that nobody has taken yet."""
    starting = importlib.import_module("h2o.backend.server")
    starting.subprocess = _Subprocess()  # type: ignore[attr-defined]
    try:
        yield
    finally:
        starting.subprocess = subprocess  # type: ignore[attr-defined]


def _close(connection: Any) -> None:
    with quiet(), contextlib.suppress(Exception):
        connection.close()


def free_port() -> int:
    """Return a port of the loopback interface that is free, as is the next one: H2O takes both."""
    for _ in range(_ATTEMPTS):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            with contextlib.suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + 1))
                return port
    raise MissingDependency("There are no two free ports for a server of H2O (HTO-005)")


def given_settings(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what a caller wants in h2o.yaml.

    Raises:
        InvalidArgument: it is not for that file (HTO-003).

    """
    settings = dict(given or {})
    if not isinstance(settings.get("init", {}), dict):
        raise InvalidArgument("settings is what goes into h2o.yaml: {'init': {…}} (HTO-003)")
    return settings


def write_settings(root: Path, settings: Mapping[str, Any]) -> None:
    """Write h2o.yaml into the folder of a model."""
    import yaml

    (root / _SETTINGS).write_text(yaml.safe_dump(settings), encoding="utf-8")


def settings(folder: ModelFolder, name: str) -> dict[str, Any]:
    """Return what h2o.yaml says; the paths in it are those of the machine that saved the model.

    Raises:
        InvalidModel: it is not YAML, or does not name the model (HTO-003).

    """
    file = f"{name}/{_SETTINGS}"
    data = folder.gate.read_to_run(folder.file(file))
    with cannot_be_read(file, "is not YAML", "HTO-003"):
        import yaml

        said = yaml.safe_load(data)
    named = said.get("model_file") if isinstance(said, dict) else None
    if not isinstance(named, str) or not named or not isinstance(said.get("init") or {}, dict):
        raise InvalidModel.of_file(file, "HTO-003", "does not name the model under model_file")
    return dict(said)
