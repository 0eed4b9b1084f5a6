"""Configurations of spaCy's pipelines: what they name that would run, and is not on the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base import files
from mlmodel._base.texts import MOST_NAMED, cut_name
from mlmodel.trust.kinds._kind import Kind, Rank, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.trust.kinds._kind import File

__all__ = ["KIND"]


def _takes(file: File) -> bool:
    return file.role == "model" and file.name.name == "config.cfg"


def _look(file: File) -> Iterator[Said]:
    from mlmodel.trust.spacy_models import refused_in

    try:
        reasons = refused_in(file.data)
    except (files.TooLarge, OSError):
        reasons = ["cannot be read"]
    if reasons:
        said = "; it ".join(map(cut_name, reasons[:MOST_NAMED]))
        yield Said(f"a configuration of spaCy: it {said}")


KIND = Kind(_takes, _look, Rank.INSTEAD)
