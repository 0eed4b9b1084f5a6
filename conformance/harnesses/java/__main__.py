"""``python -m conformance.harnesses.java``: build the jars where they are not, and become Java."""

from __future__ import annotations

import os
import sys

from mlmodel.bridges.jvm import jars
from mlmodel.errors import MlmodelError

#: Most of its time is the start: one compiler, and the collector that starts first.
_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx2g")
_CLASS = "org.w3id.mlmodel.conformance.Harness"

if __name__ == "__main__":
    try:
        jars.setup()
        command = [jars.java(), *_OPTIONS, "-cp", jars.class_path(), _CLASS]
    except MlmodelError as error:
        sys.exit(str(error))
    os.execv(command[0], command)  # noqa: S606 - the user's own Java
