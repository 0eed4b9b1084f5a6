"""Folders of Spark ML: looked into before Spark reads them (SPK-004, SPK-005, SPK-009)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mlmodel._base import files
from mlmodel.errors import InvalidModel, MissingDependency
from mlmodel.flavors import _spark_session as _spark
from mlmodel.trust import sparkml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlmodel.store import ModelFolder

__all__ = ["copy_checked", "require_classes", "write"]


def write(model: Any, path: str, tmpdir: str | None) -> None:
    """Have Spark write a model to a path of this machine, by way of ``tmpdir`` on a cluster."""
    session = _spark.session_for()
    place = _spark.place_for(session, tmpdir)
    model.write().save(f"file://{path}" if place is None else place)
    if place is not None:
        _spark.moved(session, place, path, back=True)


def copy_checked(folder: ModelFolder, data: str, target: Path) -> list[str]:
    """Copy what Spark would read, looked into, and return the classes that it names.

    Raises:
        InvalidModel: a file is not one that Spark writes, or is missing (SPK-004).
        UntrustedModel: what is in it could run, and the folder is not trusted (SPK-005).

    """
    root, gate = folder.file(data), folder.gate
    classes: list[str] = []
    described = False
    for relative, _ in files.regular_files(root):
        # Of hidden files Spark reads some (`_common_metadata`, partitions); none is needed.
        if not sparkml.stands_open(relative):
            continue
        content, file = gate.read_to_run(root / relative), f"{data}/{relative}"
        try:
            for found in sparkml.look_into(relative, content):
                gate.require_trust(f"{file}, which {found.what} ({found.rule})", file)
            classes += sparkml.classes_of(relative, content)
        except sparkml.Broken as error:
            raise InvalidModel.of_file(file, error.rule, str(error)) from None
        described = described or relative.startswith("metadata/")
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        (target / relative).write_bytes(content)
    if not described:
        raise InvalidModel.of_file(data, "SPK-004", "has no file metadata/part-00000 in it")
    return classes


def require_classes(session: Any, classes: Sequence[str]) -> None:
    """Go on where Spark has every class of a stage (SPK-009); none of them is run for it."""
    java = session._jvm.java.lang  # noqa: SLF001 - Spark's own Python asks in this way, too
    loader_of_java = java.Thread.currentThread().getContextClassLoader()
    for name in dict.fromkeys(classes):
        if name.startswith("pyspark."):
            continue
        try:
            loader_of_java.loadClass(name)
        except Exception as error:
            if "ClassNotFoundException" not in str(error):
                continue  # which Spark says itself, or has in Python
            if _is_python(name):
                continue
            raise MissingDependency(
                f"A stage of the model is a {name}, which Spark does not find: it comes from a JAR "
                "that is not on its class path (spark.jars), or from another version of Spark "
                "(SPK-009)"
            ) from error


def _is_python(name: str) -> bool:
    module, _, own = name.rpartition(".")
    try:
        return hasattr(importlib.import_module(module), own)
    except ImportError:
        return False
