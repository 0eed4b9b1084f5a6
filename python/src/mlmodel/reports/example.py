"""The input example of a model folder: held against the signature where numpy is installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from mlmodel._base import files
from mlmodel.document.example_info import example_info
from mlmodel.document.paths import resolve_inside
from mlmodel.document.pointers import join
from mlmodel.document.stand_ins import stand_in_at
from mlmodel.document.yaml.jsontext import JsonText
from mlmodel.errors import MissingDependency, MlmodelError, Violation
from mlmodel.reports.plain_example import fits_plainly

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.document.document import Document
    from mlmodel.signature.model_signature import ModelSignature

__all__ = ["check_example"]

#: How many faults of an example are listed.
_MOST = 20
#: Larger files are not checked (EXA-015).
_MOST_BYTES = 2**23
#: In larger files the place of a cell is not looked for.
_LONGEST = 2**20


def check_example(document: Document, root: Path) -> tuple[list[Violation], str | None]:
    """Return what is wrong with a model's example, as warnings; and why it was not looked at.

    A model without an example, or whose example is not in the folder, has neither.
    """
    info = example_info(document.data)
    file = None if info is None else _file_of(root, info)
    if info is None or file is None:
        return [], None
    if file.stat().st_size > _MOST_BYTES:
        return [], (f"{file} was not checked: it has more than {_MOST_BYTES:,} bytes (EXA-015).")
    if fits_plainly(root, info, document.signature) or stand_in_at(file, file.name):
        return [], None  # in the second case, where it is named is what is wrong
    absent = [name for name in ("numpy", "orjson") if find_spec(name) is None]
    if absent:
        from mlmodel._base.origin import install_command

        return [], (
            f"{file} was not checked: that needs {' and '.join(absent)} "
            f"({install_command('predict')})."
        )
    from mlmodel.scoring.examples.checking import faults

    try:
        found = faults(root, info, _usable_signature(document))
    except MissingDependency as error:
        return [], f"{file} was not checked. {error.message}."
    more = [("EXA-003", f"There are {len(found) - _MOST} more.", None, None)]
    listed = found[:_MOST] + (more if len(found) > _MOST else [])
    places = _Places(file, info, root)
    files_of = {"EXA-011": str(root / str(info.get("serving_input_path")))}
    return [
        Violation(rule, message, files_of.get(rule, str(file)), *places.of(column, row), "warning")
        for rule, message, column, row in listed
    ], None


def _file_of(root: Path, info: Mapping[str, Any]) -> Path | None:
    """Return the file as it is named, below ``root``; None where there is none."""
    name = info.get("artifact_path")
    try:
        if not isinstance(name, str) or not resolve_inside(root, name).is_file():
            return None
    except (MlmodelError, OSError):
        return None
    # A backslash separates where no file has it in its name (DIR-006).
    return root / name if (root / name).is_file() else root / name.replace("\\", "/")


def _usable_signature(document: Document) -> ModelSignature | None:
    """Return the signature, None where it is absent or of no use (that is said elsewhere)."""
    from mlmodel.signature.model_signature import ModelSignature

    written = document.signature
    try:
        return None if written is None else ModelSignature.from_dict(written)
    except (MlmodelError, ValueError, TypeError, KeyError, AttributeError):
        return None


class _Places:
    """Where the cells of a table stand in its file."""

    def __init__(self, file: Path, info: Mapping[str, Any], root: Path) -> None:
        self._file, self._info, self._root = file, info, root
        self._text: JsonText | None = None
        self._starts: list[int] = []

    def of(self, column: str | int | None, row: int | None) -> tuple[int, int, str | None]:
        """Return line, column and JSON pointer of a cell, else the beginning of the file."""
        if row is None or self._info.get("type") != "dataframe":
            return 1, 1, None
        text = self._parsed()
        value = None if text is None else text.value
        prefix = ["inputs"] if self._info.get("params") else []
        table = value.get("inputs") if prefix and isinstance(value, dict) else value
        if text is None or not isinstance(table, dict):
            return 1, 1, None
        names = table.get("columns")
        at = names.index(column) if isinstance(names, list) and column in names else column
        tokens = [*prefix, "data", str(row), str(at)]
        from mlmodel.document.yaml.lines import place

        line, start = place(self._starts, text.offset(tokens))
        return line, start, join(tokens)

    def _parsed(self) -> JsonText | None:
        if self._text is None:
            try:
                text = files.read(self._file, within=self._root).decode()
            except (OSError, ValueError):
                return None
            if len(text) > _LONGEST:
                return None
            from mlmodel.document.yaml.lines import line_starts

            self._text, self._starts = JsonText(text), line_starts(text)
        return self._text
