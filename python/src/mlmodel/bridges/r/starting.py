"""What runs in a new process before R does: it ends with its parent, and has bounds."""

from __future__ import annotations

import os
import sys

from mlmodel.sandbox import limits
from mlmodel.sandbox.child import end_with_parent

__all__ = ["main"]


def main() -> None:
    """Become R; the arguments are the memory it may have, its parent's number, and the command."""
    memory, parent, *command = sys.argv[2:]
    end_with_parent()
    if os.getppid() != int(parent):  # it ended before that was said
        return
    limits.limit(int(memory), files=True)
    os.execv(command[0], command)  # noqa: S606 - no shell
