"""Functions of R for tests, made of their text; what needs R is skipped where it is not installed."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import mlmodel
from mlmodel.bridges.r.installed import program
from mlmodel.errors import MissingDependency

#: It evaluates a text of R, with `x` as what it is given beside.
_RUN = "function(text, x = NULL) eval(parse(text = text), list(x = x), globalenv())"


def require_r() -> str:
    """Return the path of R; skip the test where there is none."""
    try:
        return program()
    except MissingDependency as error:
        pytest.skip(error.message)


def require_packages(*names: str) -> None:
    """Skip the test where R has not all of these packages."""
    given = ", ".join(f'"{name}"' for name in names)
    if run_r(f"cat(all(vapply(c({given}), requireNamespace, NA, quietly = TRUE)))") != "TRUE":
        pytest.skip(f"R has not all of the packages {', '.join(names)} (r-cran-…)")


def run_r(script: str, **more: Any) -> str:
    """Return what a script of R prints."""
    return run_program(require_r(), "--vanilla", "--no-echo", "-e", script, **more)


def run_program(*command: str, **more: Any) -> str:
    """Return what a program prints, which succeeds."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@cache
def _run_content() -> bytes:
    # Not yet by the bridge, which needs a function of R to run anything.
    script = f'cat(paste(serialize({_RUN}, NULL, xdr = TRUE), collapse = ""))'
    command = [require_r(), "--vanilla", "--no-echo", "-e", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return bytes.fromhex(done.stdout)


@cache
def runner() -> Any:
    """Return what evaluates a text of R: ``runner()("x + 1", 2.0)``; one R for all that ask."""
    require_r()
    return _loaded(_run_content())


@cache
def content(source: str) -> bytes:
    """Return the file of a function, as R's ``saveRDS`` writes it, of its text.

    It is kept as MLflow keeps it: as its own serialization, within the file's.
    """
    script = """{
        made <- eval(parse(text = x), new.env(parent = globalenv()))
        file <- tempfile()
        saveRDS(serialize(made, NULL), file)
        readBin(file, "raw", file.size(file))
    }"""
    made: bytes = runner()(script, source)
    return made


def crate(source: str) -> Any:
    """Return a function of R, of its text, as Python has it."""
    return _loaded(content(source))


def _loaded(written: bytes) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return mlmodel.crate.load_model(saved(Path(folder), written), trust=True)


def saved(folder: Path, written: bytes) -> Path:
    """Return a folder after the file of a function was put there as a model."""
    (folder / "crate.bin").write_bytes(written)
    (folder / "MLmodel").write_text(
        "flavors:\n  crate:\n    version: 0.1.0\n    model: crate.bin\n"
    )
    return folder
