"""``python -m mlmodel``."""

import os
import sys

# Python puts the working directory first on the path; what lies there, among the models to look
# at, must not be taken for modules.
try:
    _here = os.getcwd()  # noqa: PTH109 - pathlib is not imported from there either
except OSError:
    _here = ""
if not sys.flags.safe_path and sys.path and sys.path[0] in {"", _here}:
    del sys.path[0]

from mlmodel.cli import main

main()
