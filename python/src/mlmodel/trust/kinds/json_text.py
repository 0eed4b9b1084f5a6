"""JSON texts of a model with pickles in them, as base64: who reads such a one loads them."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from mlmodel._base.texts import counted
from mlmodel.trust.kinds._kind import Kind, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.trust.kinds._kind import File

__all__ = ["KIND"]

#: How JSON texts begin, their escapes of letters and digits, and pickles in them as base64.
_JSON = re.compile(rb'\s*[\[{"]')
_ESCAPED = re.compile(rb"\\u00([2-7][0-9a-fA-F])")
_BASE64 = re.compile(rb"(?<![\w+/-])(gA[I-X][\w+/-]+)")


def _look(file: File) -> Iterator[Said]:
    data = file.data.replace(b"\\/", b"/")
    plain = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), data)
    texts = (base64.urlsafe_b64decode(_padded(found[1])) for found in _BASE64.finditer(plain))
    count = sum(text.endswith(b".") for text in texts)
    if count:
        yield Said(f"a JSON text with {counted(count, 'pickle')} in it")


def _padded(text: bytes) -> bytes:
    """Return base64 of either alphabet as a whole text of the one for addresses."""
    text = text.translate(bytes.maketrans(b"+/", b"-_"))
    return text + b"=" * (-len(text) % 4)


KIND = Kind(lambda file: file.role == "model" and bool(_JSON.match(file.start)), _look)
