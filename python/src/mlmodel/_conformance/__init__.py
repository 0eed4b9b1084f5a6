"""The conformance runner.

Its modules stand in ``conformance/runner`` of the repository, once. A wheel has them in this
folder, with the vectors (``hatch_build.py`` puts them there); where the package is used from the
repository, as in an editable install, they are found where they are.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent
if not (_HERE / "command.py").exists():
    __path__.append(str(_HERE.parents[3] / "conformance" / "runner"))
