"""``python -m conformance.harnesses.java``: build the jars where they are not, and become Java."""

from __future__ import annotations

import os
import subprocess
import sys

#: Most of its time is the start: one compiler, and the collector that starts first.
_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx2g"
_COMMAND = (sys.executable, "-m", "mlmodel", "java")

if __name__ == "__main__":
    done = subprocess.run([*_COMMAND, "setup"], stdout=subprocess.DEVNULL, check=False)  # noqa: S603 - our own
    if done.returncode:
        sys.exit(done.returncode)
    os.environ["MLMODEL_JAVA_OPTIONS"] = _OPTIONS
    os.execv(_COMMAND[0], [*_COMMAND, "run", "conformance"])  # noqa: S606 - our own
