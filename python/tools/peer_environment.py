"""Makes environments beside ours, for tests and benchmarks: MLflow's, pandas 3's, bare ones.

MLflow is never imported by the package: tests and benchmarks run scripts with the Python that
:func:`peer_python` returns. Environments live under ``.cache`` at the top of the repository.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"


class EnvironmentFailed(RuntimeError):
    """An environment could not be made; the message says why."""


def peer_python(name: str = "mlflow") -> Path:
    """Return the Python of the environment that ``requirements/<name>.txt`` locks.

    It is made on first use and kept for as long as the lock and the interpreter stay the same.

    Raises:
        EnvironmentFailed: uv is not there, or the packages could not be installed.

    """
    lock = ROOT / "python" / "requirements" / f"{name}.txt"
    # A lock is whole, and may hold what its packages say they cannot do with. Compiled now, so
    # that the first start is not slower than the others.
    arguments = ["--compile-bytecode", "--no-deps", "-r", str(lock)]
    make = partial(make_environment, arguments=arguments)
    return made_once(_kept(name, lock), make, "bin/python")


def peer_folder(name: str) -> Path:
    """Return a folder of the packages that ``requirements/<name>.txt`` locks, to put on PYTHONPATH.

    They are what an environment of another lock needs beside its own packages; the folder is
    made on first use, too.

    Raises:
        EnvironmentFailed: uv is not there, or the packages could not be installed.

    """
    lock = ROOT / "python" / "requirements" / f"{name}.txt"

    def make(folder: Path) -> None:
        where = ["--target", str(folder), "--python", sys.executable]
        _run([uv(), "pip", "install", "--quiet", "--no-deps", *where, "-r", str(lock)])

    return made_once(_kept(name, lock), make)


def made_once(folder: Path, make: Callable[[Path], object], holds: str = ".") -> Path:
    """Return what a folder of the cache holds, made on first use; others wait for who makes it.

    It is made again where the making was broken off, or where what it ``holds`` has gone since.
    """
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".made").exists() or not (folder / holds).exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            (folder / ".made").touch()
    return folder / holds


def _kept(name: str, lock: Path) -> Path:
    """Return the folder of a lock, which is another where the lock or the interpreter is."""
    digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    return CACHE / f"{name}-{digest}"


def go_tool(module: str, version: str) -> Path:
    """Return a program of Go's, built from a version of its module on first use.

    Raises:
        EnvironmentFailed: Go is not there, or the module could not be built.

    """
    go = shutil.which("go")
    if go is None:
        raise EnvironmentFailed("go is not on PATH")
    name = module.rpartition("/")[2]

    def make(folder: Path) -> None:
        own = {**os.environ, "GOBIN": str(folder), "GOFLAGS": "-mod=mod"}
        _run([go, "install", f"{module}@{version}"], own)

    return made_once(CACHE / f"{name}-{version}", make, name)


def make_environment(folder: Path, arguments: list[str]) -> None:
    """Make an environment afresh and install what ``uv pip install`` is told.

    Raises:
        EnvironmentFailed: uv is not there, or the packages could not be installed.

    """
    own = uv()
    base = sys._base_executable  # noqa: SLF001 - the interpreter behind ours, for a sibling
    _run([own, "venv", "--quiet", "--clear", "--python", base, str(folder)])
    python = folder / "bin" / "python"
    _run([own, "pip", "install", "--quiet", "--python", str(python), *arguments])


def uv() -> str:
    """Return the command of uv.

    Raises:
        EnvironmentFailed: there is none.

    """
    own = CACHE / "tools" / "bin" / "uv"
    found = str(own) if own.exists() else shutil.which("uv")
    if found is None:
        raise EnvironmentFailed("uv is neither in .cache/tools (run `make env`) nor on PATH")
    return found


def _run(command: list[str], variables: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
    if done.returncode:
        last = done.stderr.strip()[-2000:] or "no message"
        raise EnvironmentFailed(f"`{' '.join(command[:3])}` failed: {last}")


if __name__ == "__main__":
    print(peer_python(*sys.argv[1:]))
