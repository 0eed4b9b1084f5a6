"""Nodes of a bundle of MLeap, as its files hold them: JSON of parameters, and of trees.

A bundle is a folder ``root`` of nodes, one for each stage; MLeap knows a node by its operation and
the names of its attributes, and its columns by the names of their ports.
"""

from __future__ import annotations

import json
import math
import uuid
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.errors import UnsupportedModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = ["Node", "flag", "shape", "tensor", "text", "texts", "value", "values", "write"]

#: The version of MLeap whose form of files it is.
_VERSION = "0.20.0"
#: A moment that every zip file can hold, so that the same model makes the same file.
_MOMENT = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Node:
    """A stage: its operation, attributes, and the columns at its ports."""

    name: str
    op: str
    attributes: Mapping[str, Any]
    inputs: Sequence[tuple[str, str]]
    outputs: Sequence[tuple[str, str]]
    #: Other files of its folder: what is in them, by name.
    files: Mapping[str, str] = field(default_factory=dict)


def value(kind: str, number: float) -> dict[str, Any]:
    """Return a number: an ``int``, a ``long`` or a ``double``."""
    return {kind: number}


def values(kind: str, numbers: Iterable[float | None]) -> dict[str, Any]:
    """Return a list of numbers."""
    return {kind: list(numbers), "type": "list"}


def text(given: str) -> dict[str, Any]:
    """Return a text."""
    return {"string": given}


def texts(given: Iterable[str]) -> dict[str, Any]:
    """Return a list of texts."""
    return {"string": list(given), "type": "list"}


def flag(given: Any) -> dict[str, Any]:
    """Return a truth value."""
    return {"boolean": bool(given)}


def tensor(given: Any) -> dict[str, Any]:
    """Return a vector, or a matrix, whose values stand column by column as Spark has them."""
    array = np.asarray(given, float)
    return {
        "double": array.ravel(order="F").tolist(),
        "shape": {"dimensions": [{"size": size, "name": ""} for size in array.shape]},
        "type": "tensor",
    }


def shape(size: int | None) -> dict[str, Any]:
    """Return what a column holds: scalars, or vectors of a size."""
    if size is None:
        return {"base": "scalar", "isNullable": False}
    dimensions = [{"size": size, "name": ""}]
    return {"base": "tensor", "isNullable": False, "tensorShape": {"dimensions": dimensions}}


def write(nodes: Sequence[Node], name: str, path: Path) -> None:
    """Write nodes as a bundle, a zip file.

    Raises:
        UnsupportedModel: one has a number that JSON has not.

    """
    described = {
        "format": "json", "name": name, "timestamp": "1980-01-01T00:00:00", "version": _VERSION,
        "uid": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
    }  # fmt: skip
    pipeline = Node(name, "pipeline", {"nodes": texts(node.name for node in nodes)}, (), ())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "bundle.json", json.dumps(described))
        _put_node(archive, "root", pipeline)
        for node in nodes:
            _put_node(archive, f"root/{node.name}.node", node)


def _put_node(archive: zipfile.ZipFile, folder: str, node: Node) -> None:
    ports = {
        key: [{"port": port, "name": name} for port, name in pairs]
        for key, pairs in (("inputs", node.inputs), ("outputs", node.outputs))
    }
    if not _is_finite(node.attributes):
        raise UnsupportedModel(
            f"The stage {node.name} holds numbers that are not finite, which a bundle cannot say "
            "(MLP-014)"
        )
    model = {"op": node.op, "attributes": node.attributes}
    _put(archive, f"{folder}/model.json", json.dumps(model))
    _put(archive, f"{folder}/node.json", json.dumps({"name": node.name, "shape": ports}))
    for name, content in node.files.items():
        _put(archive, f"{folder}/{name}", content)


def _put(archive: zipfile.ZipFile, name: str, content: str) -> None:
    archive.writestr(zipfile.ZipInfo(name, _MOMENT), content, zipfile.ZIP_DEFLATED)


def _is_finite(given: Any) -> bool:
    if isinstance(given, dict):
        return all(map(_is_finite, given.values()))
    if isinstance(given, list):
        return all(map(_is_finite, given))
    return not isinstance(given, float) or math.isfinite(given)
