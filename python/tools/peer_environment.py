"""Makes the environment of a peer (MLflow) beside ours, for tests and benchmarks.

The peer is never imported by the package: tests and benchmarks run scripts with the Python
that this returns. The environment is kept by the content of its lock.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def peer_python(name: str = "mlflow") -> Path:
    """Return the Python of the environment that ``requirements/<name>.txt`` locks.

    It is made on first use.

    Raises:
        RuntimeError: uv is not there, or the packages could not be installed.

    """
    lock = ROOT / "python" / "requirements" / f"{name}.txt"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    environment = ROOT / ".cache" / f"{name}-{digest}"
    python = environment / "bin" / "python"
    if not (environment / ".made").exists():
        uv = _uv()
        _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(environment)])
        _run([uv, "pip", "install", "--quiet", "--python", str(python), "-r", str(lock)])
        (environment / ".made").touch()
    return python


def _uv() -> str:
    own = ROOT / ".cache" / "tools" / "bin" / "uv"
    found = str(own) if own.exists() else shutil.which("uv")
    if found is None:
        raise RuntimeError("uv is not there; `make env` installs it")
    return found


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:3])} failed: {done.stderr.strip()[-2000:]}")


if __name__ == "__main__":
    print(peer_python(*sys.argv[1:]))
