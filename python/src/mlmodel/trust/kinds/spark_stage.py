"""Files of Spark ML: the classes that stages name; of tables, only what could run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.texts import cut_name, first_names
from mlmodel.trust import sparkml
from mlmodel.trust.kinds._kind import Kind, Rank, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.trust.kinds._kind import File

__all__ = ["KIND"]


def _takes(file: File) -> bool:
    return file.role == "model" and sparkml.begins_one(file.path.parent.name, file.start)


def _look(file: File) -> Iterator[Said]:
    relative = f"{file.path.parent.name}/{file.path.name}"
    try:
        found = [one.what for one in sparkml.look_into(relative, file.data)]
        classes = ", ".join(map(cut_name, sparkml.classes_of(relative, file.data)))
    except sparkml.Broken as error:
        yield Said(f"a file of Spark ML that {error}")
        return
    label = f"a stage of Spark ML, {classes}" if classes else "a table of Spark ML"
    if found:
        yield Said(f"{label}, which {first_names(found)}")
    elif classes:
        yield Said(label, needs_trust=False)


KIND = Kind(_takes, _look, Rank.STREAM)
