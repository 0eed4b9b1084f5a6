"""Models that a JVM answers for: the files that it reads, and the programs that it takes.

What the JVM reads is a zip file of our own. No name in it leads out of it, and nobody else can put
other bytes into it.
"""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from mlmodel.bridges.jvm import jars
from mlmodel.bridges.jvm.gateway import running
from mlmodel.errors import InvalidModel

if TYPE_CHECKING:
    from types import ModuleType

    from mlmodel.flavors._base import Flavor

__all__ = [
    "PACKAGE", "PROGRAMS", "REQUIREMENT", "install", "kept", "of_zip", "ready",
    "version_of_program",
]  # fmt: skip

#: The distribution that talks with the JVM.
PACKAGE = "py4j"
REQUIREMENT = f"{PACKAGE}>=0.10.9.7"
#: The programs -> the versions that do.
PROGRAMS = MappingProxyType({"java": ">=17", "the jars that it runs": ">=0"})


def ready(flavor: Flavor) -> ModuleType:
    """Return the module ``py4j.java_gateway``; a JVM runs that it talks with.

    It is asked for before a file is written, or anything else is done, for a JVM.

    Raises:
        MissingDependency: there is none.

    """
    py4j = flavor.require("py4j.java_gateway", PACKAGE)
    running(py4j)
    return py4j


def install(extra: str) -> str:
    """Return how all of it is installed, as the end of a sentence."""
    return f"pip install 'mlmodel[{extra}]'; mlmodel java setup, with Maven and a JDK"


def version_of_program(name: str) -> str | None:
    """Return the version of one of the programs that is here; None where none is."""
    return jars.java_version() if name == "java" else jars.version()


def of_zip(data: bytes, name: str, needed: str, rule: str) -> Path:
    """Return a new zip file with the bytes of one that has a certain file at its top.

    Raises:
        InvalidModel: they are none, or have no such file.

    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, EOFError):  # whatever versions are here (ENV-021)
        raise InvalidModel.of_file(name, rule, "is no whole zip file") from None
    if needed not in names:
        raise InvalidModel.of_file(name, rule, f"has no {needed} in it")
    return kept(data)


def kept(data: bytes) -> Path:
    """Write bytes into a new file, which only this user may read."""
    handle, name = tempfile.mkstemp(prefix="mlmodel-jvm-", suffix=".zip")
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
    return Path(name)
