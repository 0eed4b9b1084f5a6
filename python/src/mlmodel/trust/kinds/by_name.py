"""Files that their names make code, whatever is in them: what they are called is how they run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlmodel.trust.kinds._kind import Kind, Rank, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.trust.kinds._kind import File

__all__ = ["KIND"]

_PYTHON = {
    ".py": "Python code",
    ".pyw": "Python code",
    ".pyc": "compiled Python code",
    ".pyo": "compiled Python code",
}
_COMPILED = re.compile(r"\.(so|pyd|dll|dylib)$|\.so\.\d")
_GRAPHS = ("saved_model.pb", "saved_model.pbtxt")


def _what(file: File) -> str:
    if file.name.name in _GRAPHS:
        return "a graph of TensorFlow, whose operations can read and write files"
    compiled = "compiled code" if _COMPILED.search(file.relative.lower()) else ""
    return _PYTHON.get(file.name.suffix.lower(), compiled)


def _look(file: File) -> Iterator[Said]:
    yield Said(_what(file))


KIND = Kind(lambda file: bool(_what(file)), _look, Rank.NAME)
