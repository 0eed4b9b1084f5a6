"""Writes the locks of the oldest versions that the extras take: ``requirements/oldest*.txt``.

The lower bounds stand in the flavor modules, and in pyproject.toml for the other extras; a lock has
each of them as it is. ``make oldest`` runs the flavors' tests in environments of these locks.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from functools import cache

from packaging.requirements import Requirement
from peer_environment import ROOT, uv

PYTHON = ROOT / "python"
REQUIREMENTS = PYTHON / "requirements"
#: A lock -> the flavors whose libraries it has; all that no other names are in the first one.
LOCKS = {
    "oldest": (),
    "oldest-deep": (
        *("fastai", "keras", "pytorch", "sentence_transformers", "tensorflow", "transformers"),
    ),
}
#: What every lock has, since tests of all flavors need it.
SHARED = ("serve", "grpc", "client", "remote", "arrow", "convert", "sklearn", "xgboost", "onnx")
#: What is asked for by every ``uv pip compile`` of these locks.
COMPILE = (
    *("pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python-version", "3.11"),
    # No wheel of it is to be had; it is Python alone.
    *("--resolution", "lowest-direct", "--only-binary", ":all:", "--no-binary", "pyspark"),
)


def extras() -> dict[str, list[Requirement]]:
    """Return the requirements of every extra of pyproject.toml, without those on other extras."""
    given = tomllib.loads((PYTHON / "pyproject.toml").read_text(encoding="utf-8"))
    every = given["project"]["optional-dependencies"]
    return {
        name: [one for one in map(Requirement, lines) if one.name != "mlmodel"]
        for name, lines in every.items()
    }


def lock_of(flavor: str) -> str:
    """Return the name of the lock that has a flavor's libraries."""
    return next((lock for lock, own in LOCKS.items() if flavor in own), next(iter(LOCKS)))


@cache
def locked(lock: str) -> dict[str, str]:
    """Return the version of every distribution in a lock."""
    text = (REQUIREMENTS / f"{lock}.txt").read_text(encoding="utf-8")
    return dict(line.split("==") for line in text.split())


def of_lock(lock: str) -> list[str]:
    """Return the extras that a lock is made of."""
    from mlmodel.flavors._registry import all_flavors

    own = [one.name for one in all_flavors().values() if one.extra and lock_of(one.name) == lock]
    return sorted({*SHARED, *own})


def write(lock: str) -> None:
    """Make a lock anew."""
    target = REQUIREMENTS / f"{lock}.txt"
    target.unlink(missing_ok=True)  # its versions would be kept
    given = [str(PYTHON / "pyproject.toml"), str(REQUIREMENTS / f"{lock}.in")]
    chosen = [part for extra in of_lock(lock) for part in ("--extra", extra)]
    override = ["--override", str(REQUIREMENTS / f"{lock}.overrides.txt")]
    command = [uv(), *COMPILE, *override, *given, *chosen, "-o", str(target)]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    for name in sys.argv[1:] or LOCKS:
        write(name)
