"""Another signature for a model that is saved already: ``mlmodel.models.set_signature``."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mlmodel import document
from mlmodel._base.digest import manifest_of
from mlmodel.document.paths import FILE_NAME
from mlmodel.document.rules.checks import errors_in
from mlmodel.errors import InvalidArgument, InvalidModel, UnreadableModel, shown
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.store.description import Model, read_description
from mlmodel.store.locations.locate import path_to_write
from mlmodel.trust import records

if TYPE_CHECKING:
    from pathlib import Path

    from mlmodel._base.digest import Manifest
    from mlmodel.document.paths import PathLike

__all__ = ["set_signature"]


def set_signature(model_uri: PathLike, signature: ModelSignature) -> None:
    """Give a saved model another signature; nothing else of it changes, nothing is loaded.

    The file is replaced whole or not at all, in canonical form. A folder that was trusted stays
    trusted: what this user changed in it is the signature.

    Args:
        model_uri: the model's folder on this machine, or its MLmodel file.
        signature: the signature; what it declares is enforced from the next loading on.

    Raises:
        InvalidArgument: ``signature`` is not one, the model lies in a store (LOC-017), or what it
            would be is not valid; nothing was written.
        ModelNotFound, InvalidModel, UnreadableModel: there is no model, or it cannot be read.
        WriteFailed: the disk is full, or writing is not permitted.

    """
    if not isinstance(signature, ModelSignature):
        raise InvalidArgument(
            f"signature is a ModelSignature, not {shown(signature)}; infer_signature(data, "
            "predictions) makes one"
        )
    signature.check_loads_in_mlflow()
    root, read = read_description(path_to_write(model_uri))
    model = Model.of_document(read, root)
    model.signature = signature
    wrong = errors_in(document.parse(document.dumps(model.document), read.file), root)
    if wrong:
        raise InvalidArgument(
            "With this signature the model is not valid; it was left as is", wrong
        )
    before = _manifest(root)
    model.save(root)
    if before is None or before.files.get(FILE_NAME) != read.sha256:
        return
    # What came into the folder meanwhile is not this user's (TRU-065).
    written = hashlib.sha256(document.dumps(model.document).encode()).hexdigest()
    after = _manifest(root) if records.contains(before.digest) else None
    if after is not None and after.files == {**before.files, FILE_NAME: written}:
        records.record(root, "its signature was set by this user", after)


def _manifest(root: Path) -> Manifest | None:
    try:
        return manifest_of(root)
    except (InvalidModel, UnreadableModel):  # it has none, so nobody trusts it
        return None
