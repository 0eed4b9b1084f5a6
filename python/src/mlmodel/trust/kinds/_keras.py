"""What is said of a model of Keras, whichever file it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.texts import first_names
from mlmodel.trust import keras_models
from mlmodel.trust.kinds._kind import Said

if TYPE_CHECKING:
    from mlmodel.trust.kinds._kind import File

__all__ = ["said_of_keras"]


def said_of_keras(file: File, unread: str, label: str) -> Said:
    """Return what a file of Keras is; ``unread`` where it is none that can be read."""
    found = keras_models.check(file.data, allow=file.allow)
    if found.damage:
        return Said(unread)
    if found.findings:
        return Said(f"{label}: {first_names(found.findings)}")
    return Said(f"{label} of layers and arrays", needs_trust=False)
