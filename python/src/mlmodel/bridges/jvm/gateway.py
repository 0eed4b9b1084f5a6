"""One process of Java for each of ours: started when it is needed, and again when it is gone.

It listens on the loopback interface, at a port that is free, and answers nobody without a token
that was made for it. It ends with this process, however that ends.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import subprocess
import tempfile
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from mlmodel.bridges.jvm import jars
from mlmodel.errors import MissingDependency, ModelFailure
from mlmodel.sandbox import wall

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["Gateway", "held", "running"]

#: A JVM without memory ends, so that no later call gets a half-broken one.
_DEFAULTS = ("-XX:+UseParallelGC", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true")

#: How long it may take to start, in seconds, however slow the machine is.
PATIENCE = 120

_lock = threading.Lock()
#: The gateway of this process, by its id, since a copy of the process has none of its own.
held: dict[int, Gateway] = {}


def running(py4j: ModuleType) -> Gateway:
    """Return the gateway of this process, started if there is none that runs.

    Args:
        py4j: the module ``py4j.java_gateway``.

    Raises:
        MissingDependency: Java, or a jar, is not there, or is too old; or none may be started.

    """
    found = held.get(os.getpid())
    if found is not None and found.runs():
        return found
    with _lock:
        found = held.get(os.getpid())
        if found is None or not found.runs():
            held.clear()
            found = held[os.getpid()] = Gateway(py4j)
        return found


def _unlocked() -> None:
    """Give a copy of the process a lock that nobody holds."""
    global _lock  # noqa: PLW0603 - the copy's own
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_unlocked)


class Gateway:
    """A JVM, and the connection with it; :func:`running` makes them."""

    def __init__(self, py4j: ModuleType) -> None:
        self._errors, self._process = _started()
        token = secrets.token_hex(32)
        try:
            port = self._greeted(token)
        except OSError:
            raise self._not_started() from None
        parameters = py4j.GatewayParameters(
            address="127.0.0.1", port=port, auth_token=token, auto_field=False, auto_convert=False
        )
        self._bridge = py4j.JavaGateway(gateway_parameters=parameters).entry_point
        #: The bundles that nobody here holds any more: closed with the next call.
        self.forgotten: deque[int] = deque()

    def runs(self) -> bool:
        """Return whether the process is there."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def ask(self, method: str, *arguments: Any) -> bytes:
        """Return what a method of the bridge answers.

        Raises:
            ModelFailure: the process ended, or the connection with it did.

        """
        try:
            while self.forgotten:
                self._bridge.close(self.forgotten.popleft())
            answer: bytes = getattr(self._bridge, method)(*arguments)
        except Exception as error:
            raise self._ended(error) from error
        return answer

    def _greeted(self, token: str) -> int:
        """Hand over the token, and return the port; a process that says nothing is ended."""
        patience = threading.Timer(PATIENCE, self._process.kill)
        patience.daemon = True
        patience.start()
        try:
            return self._told(token)
        finally:
            patience.cancel()

    def _told(self, token: str) -> int:
        to: Any = self._process.stdin
        to.write(f"{token}\n".encode())
        to.flush()
        said: Any = self._process.stdout
        line: bytes = said.readline()
        if not line.strip().isdigit():
            raise OSError(line)
        return int(line)

    def _ended(self, error: Exception) -> ModelFailure:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        code = self._process.poll()
        if code is None:
            self._process.kill()  # what cannot be talked to serves nobody
            self._process.wait()  # so that the next call starts another
            return ModelFailure(f"The JVM cannot be asked any more: {type(error).__name__}")
        how = f"by signal {-code}" if code < 0 else f"with status {code}"
        return ModelFailure(
            f"The JVM that runs the model ended {how} while it was asked; the next call starts "
            "another (MLP-012)"
        )

    def _not_started(self) -> MissingDependency:
        self._process.kill()
        self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()
        if "UnsupportedClassVersionError" in said:
            return MissingDependency(
                f"{_version()} is too old: Java 17 or later is needed (JAVA_HOME) (MLP-010)"
            )
        lines = said.splitlines() or ["it said nothing"]
        return MissingDependency(f"Java could not be started: {lines[0]} (MLP-010)")


def _started() -> tuple[Any, subprocess.Popen[bytes]]:
    """Return the process, and the file with what it says of errors."""
    if wall.stands():
        raise MissingDependency(
            "Java cannot be started in the sandbox of predict and serve: trust the folder "
            "(mlmodel trust add), or run it without (--sandbox off) (MLP-010)"
        )
    command = jars.command("gateway", defaults=_DEFAULTS)
    try:
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - open for as long as it runs
        # In a session of its own: Ctrl-C is for the server, which still has requests to answer.
        return errors, subprocess.Popen(  # noqa: S603 - the user's own Java, and arguments of ours
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise MissingDependency(f"Java could not be started: {error.strerror} (MLP-010)") from error


def _version() -> str:
    """Return what Java there is, for a message."""
    done = subprocess.run(  # noqa: S603 - the user's own Java
        [jars.java(), "-version"], capture_output=True, text=True, check=False
    )
    found = re.search(r'version "([^"]+)"', done.stderr)
    return f"Java {found[1]} ({jars.java()})" if found else jars.java()
