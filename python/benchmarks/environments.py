"""The environments that the benchmark uses: MLflow's, and those that are weighed."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path

from pairing import CannotMeasure, say

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from typing import TYPE_CHECKING

from peer_environment import (
    CACHE,
    EnvironmentFailed,
    go_tool,
    make_environment,
    peer_folder,
    peer_python,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


#: The load on gRPC, as `wrk` is that on HTTP.
_GHZ = ("github.com/bojand/ghz/cmd/ghz", "v0.120.0")


def environment_of(name: str) -> Path:
    """Return the python of a peer's environment; make it where it is absent or outdated.

    Raises:
        CannotMeasure: uv is missing, or the packages cannot be had.

    """
    say(f"the environment {name!r}")
    with _said():
        return peer_python(name)


def folder_of(name: str) -> Path:
    """Return a folder of packages that lie beside those of ours; make it where it is absent.

    Raises:
        CannotMeasure: uv is missing, or the packages cannot be had.

    """
    with _said():
        return peer_folder(name)


def ghz() -> Path:
    """Return the program that calls over gRPC; build it where it is absent.

    Raises:
        CannotMeasure: Go is missing, or the program cannot be had.

    """
    with _said():
        return go_tool(*_GHZ)


def own_environment(root: Path, name: str, extras: str) -> Path:
    """Return the folder of a new environment with our package alone, at the locked versions."""
    folder = CACHE / "bench" / name
    package = f"mlmodel{extras} @ {(root / 'python').as_uri()}"
    lock = root / "python" / "requirements" / "dev.txt"
    say(f"making an environment to weigh (.cache/bench/{name})")
    with _said():
        # uv would take a wheel built from older sources out of its cache.
        make_environment(folder, [package, "-c", str(lock), "--reinstall-package", "mlmodel"])
    return folder


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


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except EnvironmentFailed as error:
        raise CannotMeasure(str(error)) from error
