"""Where R is on this machine, and whether it is one that the bridge can use."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from functools import lru_cache

from mlmodel.errors import MissingDependency

__all__ = ["HOW", "OLDEST", "program", "version_here"]

#: The oldest R whose serialization and connections the worker needs.
OLDEST = (4, 0)
_VARIABLE = "MLMODEL_R_PROGRAM"
_PATIENCE = 60
_RULE = "CRA-004"
#: How R is installed.
HOW = (
    "install R (on Debian and Ubuntu: apt-get install r-base-core; else see https://www.r-project.org),"
    f" or name its program: {_VARIABLE}=/path/to/R"
)


def program() -> str:
    """Return the path of R: what ``MLMODEL_R_PROGRAM`` says, else the ``R`` of the search path.

    Raises:
        MissingDependency: there is none, it cannot be run, or it is too old.

    """
    if sys.platform == "win32":
        raise MissingDependency(f"Models of R cannot be loaded on Windows yet ({_RULE})")
    named = os.environ.get(_VARIABLE, "")
    found = shutil.which(named or "R")
    if found is None:
        what = (
            f"{_VARIABLE} names {named!r}, which is no program" if named else "R is not installed"
        )
        raise MissingDependency(f"{what}; {HOW} ({_RULE})")
    version = _version_of(found)
    if version < OLDEST:
        wanted, is_here = (".".join(map(str, one)) for one in (OLDEST, version))
        raise MissingDependency(
            f"{found} is R {is_here}, and models of R need {wanted} or newer; {HOW} ({_RULE})"
        )
    return found


def version_here() -> str | None:
    """Return the version of R that :func:`program` finds; None where it raises."""
    try:
        return ".".join(map(str, _version_of(program())))
    except MissingDependency:
        return None


@lru_cache
def _version_of(found: str) -> tuple[int, ...]:
    try:
        done = subprocess.run(  # noqa: S603 - what the user named, or has on the search path
            [found, "--version"],
            capture_output=True, text=True, check=False, timeout=_PATIENCE, errors="replace",
        )  # fmt: skip
        said = done.stdout + done.stderr
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    number = re.search(r"R version (\d+)\.(\d+)\.(\d+)", said)
    if number is None:
        first = said.strip().partition("\n")[0][:200] or "nothing"
        raise MissingDependency(
            f"{found} does not say that it is R, but {first!r}; {HOW} ({_RULE})"
        )
    return tuple(map(int, number.groups()))
