"""The signature that stands in a file: a model's MLmodel file, or JSON (SIG-050)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlmodel.document.document import compose_document, model_file, read_text
from mlmodel.document.rules.signatures import check_signature
from mlmodel.errors import InvalidArgument, InvalidModel
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.store.locations.locate import local_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.document.document import Document

__all__ = ["read_signature", "signature_of"]

_PARTS = ("inputs", "outputs", "params")


def read_signature(path: str | Path) -> ModelSignature | None:
    """Return the signature of a model or of a JSON file, None if it has none.

    A model is a folder, an MLmodel file or a URI. The JSON is an object with the lists (or their
    texts) ``inputs``, ``outputs`` and ``params``, each of which may be absent. Nothing is executed.

    Raises:
        InvalidModel: the signature, or the file, breaks rules of the format.
        InvalidArgument: the JSON is something else.
        ModelNotFound, UnreadableModel: there is no file, or it cannot be read.

    """
    file = model_file(local_path(path))
    text = read_text(file)
    if not isinstance(text, str):
        raise InvalidModel(f"{file} cannot be read.", [text.violation(str(file))])
    if text.lstrip().startswith("{"):
        text = json.dumps({"signature": _texts(text, str(file))})
    document = compose_document(text, str(file))
    if not document.usable:
        raise InvalidModel(f"{file} holds no model and no signature.", document.problems)
    return signature_of(document)


def signature_of(document: Document) -> ModelSignature | None:
    """Return the signature of a model that was read, None if it has none.

    Raises:
        InvalidModel: it breaks rules of the format.

    """
    errors = [v for v in check_signature(document) if v.severity == "error"]
    if errors or not isinstance(document.data.get("signature"), dict | None):
        raise InvalidModel(
            f"The signature in {document.file} breaks the rules of the format.", errors
        )
    return ModelSignature.from_dict(document.signature) if document.signature else None


def _texts(text: str, file: str) -> Mapping[str, Any]:
    """Return a signature in JSON as the MLmodel file holds it: each part as a text."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"{file} is not JSON: {error}") from None
    given = given.get("signature", given)
    if not isinstance(given, dict) or not set(given) & set(_PARTS):
        raise InvalidArgument(
            f"{file} holds no signature; expected an object with one or more of the keys "
            f"{', '.join(_PARTS)} (SIG-001)"
        )
    return {
        part: held if isinstance(held, str | None) else json.dumps(held)
        for part, held in given.items()
        if part in _PARTS
    }
