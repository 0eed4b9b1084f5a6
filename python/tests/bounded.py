"""A program run with a bound on its memory, for the tests of what hostile input costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

MEMORY = 4 * 2**30
#: The bound is set by a program of its own: what subprocess runs between fork and exec (`preexec_fn`)
#: may abort where the tests' process has threads, as gRPC's.
_BOUNDED = """
import os, resource, sys
memory = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
os.execv(sys.argv[2], sys.argv[2:])
"""


def bounded(
    *arguments: str, timeout: float, memory: int = MEMORY, **options: Any
) -> subprocess.CompletedProcess[Any]:
    """Run this Python with these arguments and at most so many bytes of memory.

    It can import what stands beside this file, as the tests can.
    """
    path = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-c", _BOUNDED, str(memory), sys.executable, *arguments],
        capture_output=True, check=False, timeout=timeout,
        env={**os.environ, "PYTHONPATH": path}, **options,
    )  # fmt: skip
