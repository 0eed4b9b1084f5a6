"""What ends with the process that started it, however that one ends: killed, interrupted, crashed.

A process may ask for it itself (:func:`when_orphaned`). A program of other people cannot; it is
started by this file, which runs by itself (:func:`command`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["command", "when_orphaned"]

#: How often a process looks whether its parent is still there, in seconds.
_LOOK = 1.0
#: How long a program may take to end by itself, and to take its temporary files away, in seconds.
_FAREWELL = 10.0


def when_orphaned(parent: int, then: Callable[[], None]) -> None:
    """Call ``then`` soon after ``parent`` is this process's parent no more."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        then()

    threading.Thread(target=look, name="mlmodel-parent-watch", daemon=True).start()


def command(program: Sequence[str]) -> list[str]:
    """Return the command that runs a program which ends soon after this process has ended.

    SIGTERM reaches the program, and it is the program's code with which the command ends. Where
    there is no interpreter to run this file (a frozen program), it is the program as it is.
    """
    if not sys.executable or getattr(sys, "frozen", False):
        return list(program)
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *program]


def _main(parent: int, program: list[str]) -> int:
    started: list[subprocess.Popen[bytes]] = []

    def hand_on(*_: object) -> None:
        for one in started:
            one.terminate()

    signal.signal(signal.SIGTERM, hand_on)
    started.append(subprocess.Popen(program))  # noqa: S603 - what the parent starts
    when_orphaned(parent, lambda: _end(started[0]))
    code = started[0].wait()
    return code if code >= 0 else 128 - code  # as a shell tells of a signal


def _end(program: subprocess.Popen[bytes]) -> None:
    program.terminate()
    try:
        program.wait(_FAREWELL)
    except subprocess.TimeoutExpired:
        program.kill()


if __name__ == "__main__":
    sys.exit(_main(int(sys.argv[1]), sys.argv[2:]))
