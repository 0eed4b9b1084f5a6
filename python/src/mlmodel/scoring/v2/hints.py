"""Hints: what the ``content_type`` of a request or a tensor says of its elements (OIP-035)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import UnsupportedMediaType, shown
from mlmodel.scoring.v2.datatypes import BYTES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mlmodel.scoring.v2.messages import Tensor

__all__ = [
    "BASE64", "CONTENT_TYPE", "DATETIME", "DICT", "JSON_TEXT", "NUMPY", "ONE_TENSOR", "PANDAS",
    "TEXT", "of_request", "of_tensor",
]  # fmt: skip

CONTENT_TYPE = "content_type"
PANDAS, NUMPY, TEXT, DICT = "pd", "np", "str", "dict"
BASE64, DATETIME, JSON_TEXT = "base64", "datetime", "pd_json"

#: The hints that take a request for one tensor, whose name its writer made up.
ONE_TENSOR = frozenset({NUMPY, TEXT})
_OF_REQUESTS = (PANDAS, NUMPY, TEXT, DICT)
#: They say what the elements of BYTES are; those before them say nothing of elements.
_OF_ELEMENTS = (TEXT, BASE64, DATETIME, JSON_TEXT)
_OF_TENSORS = (NUMPY, PANDAS, *_OF_ELEMENTS)


def of_request(parameters: Mapping[str, Any], tensors: int) -> str | None:
    """Return the hint of a request of so many tensors, None if it has none.

    Raises:
        UnsupportedMediaType: it is not known, or takes the request for one tensor (OIP-035).

    """
    hint = _known(parameters, _OF_REQUESTS, "The request")
    if hint in ONE_TENSOR and tensors != 1:
        raise UnsupportedMediaType(
            f"The content_type {hint!r} of the request says that it is one tensor, but {tensors} "
            "are given; leave it out, or say 'pd' if they are columns (OIP-035)."
        )
    return hint


def of_tensor(tensor: Tensor) -> str | None:
    """Return what is said of the elements of a tensor, None if nothing is.

    Raises:
        UnsupportedMediaType: the hint is not known, or is not one for the datatype (OIP-035).

    """
    hint = _known(tensor.parameters, _OF_TENSORS, "The tensor", tensor.name)
    if hint not in _OF_ELEMENTS:
        return None
    if tensor.datatype != BYTES:
        raise UnsupportedMediaType(
            f"The content_type {hint!r} of the tensor {shown(tensor.name)} is one for BYTES, but "
            f"its datatype is {tensor.datatype}; leave it out (OIP-035)."
        )
    return hint


def _known(
    parameters: Mapping[str, Any], known: Collection[str], what: str, name: str = ""
) -> str | None:
    hint = parameters.get(CONTENT_TYPE)
    if hint is None:
        return None
    if hint not in known:
        raise UnsupportedMediaType(
            f"{what}{name and ' ' + shown(name)} has the content_type {shown(hint)}, which is not "
            f"known here; it is one of {', '.join(known)}, or left out (OIP-035)."
        )
    return str(hint)
