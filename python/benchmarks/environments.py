"""The environments that the benchmark makes: MLflow's, and those that are weighed.

They live under .cache/bench, made with uv. MLflow's holds what python/requirements/mlflow.txt
locks and is made again when that file changes.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from pairing import CannotMeasure, say

if TYPE_CHECKING:
    from pathlib import Path

_STAMP = ".made-from"


def mlflow_environment(root: Path) -> Path:
    """Return the python of MLflow's environment; make it where it is absent or outdated.

    Raises:
        CannotMeasure: uv is missing, or the packages cannot be had.

    """
    lock = root / "python" / "requirements" / "mlflow.txt"
    folder = root / ".cache" / "bench" / "mlflow"
    python, stamp = folder / "bin" / "python", folder / _STAMP
    key = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == key:
        return python
    say("making the environment of MLflow (.cache/bench/mlflow)")
    make(root, folder, ["-r", str(lock)], compile_bytecode=True)
    stamp.write_text(key)
    return python


def own_environment(root: Path, name: str, extras: str) -> Path:
    """Return the folder of a new environment with our package alone, at the locked versions."""
    folder = root / ".cache" / "bench" / name
    package = f"mlmodel{extras} @ {(root / 'python').as_uri()}"
    lock = root / "python" / "requirements" / "dev.txt"
    say(f"making an environment to weigh (.cache/bench/{name})")
    # uv would take a wheel built from older sources out of its cache.
    make(root, folder, [package, "-c", str(lock), "--reinstall-package", "mlmodel"])
    return folder


def make(root: Path, folder: Path, arguments: list[str], *, compile_bytecode: bool = False) -> None:
    """Make an environment afresh and install into it."""
    uv = _uv(root)
    python = folder / "bin" / "python"
    base = sys._base_executable  # noqa: SLF001 - the interpreter behind ours, for a sibling
    _run([uv, "venv", "--quiet", "--clear", "--python", base, str(folder)])
    flags = ["--compile-bytecode"] if compile_bytecode else []
    _run([uv, "pip", "install", "--quiet", "--python", str(python), *flags, *arguments])


def weigh(python_folder: Path) -> tuple[int, int]:
    """Return bytes and packages of an environment's site-packages, compiled files left out.

    Links and the two tools of an environment (pip, uv's marker files) do not count.
    """
    (site,) = python_folder.glob("lib/python3*/site-packages")
    files = (
        path
        for path in site.rglob("*")
        if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts
    )
    return sum(path.stat().st_size for path in files), len(list(site.glob("*.dist-info")))


def _uv(root: Path) -> str:
    own = root / ".cache" / "tools" / "bin" / "uv"
    found = str(own) if own.exists() else shutil.which("uv")
    if found is None:
        raise CannotMeasure("uv is neither in .cache/tools (run `make env`) nor on PATH")
    return found


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise CannotMeasure(f"`{' '.join(command[:3])}` failed: {last[0]}")
