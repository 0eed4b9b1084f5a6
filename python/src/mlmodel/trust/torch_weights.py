"""Weights that ``torch.save`` wrote beside a configuration (``pytorch_model.bin``), as safetensors.

Such a file is data where it is a dict of names and tensors, each within its storage. What was read
of it here is written as a file of safetensors: so its bytes have one reader, and the library that
wants the weights gets a form that holds no pickle.

No more of a file is in memory at once than its pickle and one storage.
"""

from __future__ import annotations

import io
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from math import prod
from typing import TYPE_CHECKING

from mlmodel._base import files
from mlmodel.trust.pickles.budget import Budget, Spent
from mlmodel.trust.pickles.findings import Malformed
from mlmodel.trust.safetensors_file import Tensor
from mlmodel.trust.torch_archive import Archive
from mlmodel.trust.torch_pickle import BY_DTYPE, NotPlain, Storage
from mlmodel.trust.torch_pickle import Tensor as Part

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["INDEX", "NAMES", "Refused", "make_safe", "refused_in", "tensors_of"]

#: How the library calls the files, whole or in pieces, and the index of the pieces.
NAMES = re.compile(r"pytorch_model(?P<piece>-\d{5}-of-\d{5})?\.bin\Z")
INDEX = "pytorch_model.bin.index.json"
#: What a library takes in their place, where it is there.
_SAFE = "model.safetensors"
_SAFE_INDEX = "model.safetensors.index.json"
#: Dtypes by the names that safetensors has for them.
_DTYPES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64",
    "int32": "I32", "int16": "I16", "int8": "I8", "uint64": "U64", "uint32": "U32", "uint16": "U16",
    "uint8": "U8", "bool": "BOOL", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
}  # fmt: skip
_MOST_AXES = 32
#: Weights that are tied have several names, and as many copies in the form without a pickle.
_MOST_TIMES = 4
_FREE = 2**20
_METADATA = "__metadata__"


class Refused(Exception):
    """The file is not known to be data; the message is the end of "it …"."""


@dataclass(frozen=True, slots=True)
class _Opened:
    archive: Archive
    parts: dict[str, Part]


def refused_in(path: Path) -> str | None:
    """Return why a file is not known to be data, or None where it is."""
    try:
        tensors_of(path)
    except Refused as error:
        return str(error)
    return None


def tensors_of(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file by their names.

    Raises:
        Refused: it holds something else, or is damaged.
        OSError: it cannot be read.

    """
    with files.open_regular(path) as stream:
        parts = _open(stream).parts
        return {name: Tensor(_DTYPES[one.dtype], one.size) for name, one in parts.items()}


def make_safe(folder: Path) -> None:
    """Put files of safetensors in the place of such files, in a folder that one has by oneself.

    Those beside which there is a file of safetensors are gone: no library reads them.

    Raises:
        Refused: one holds something else, or is damaged.
        OSError: one cannot be read or written.

    """
    has_safe = (folder / _SAFE).exists() or (folder / _SAFE_INDEX).exists()
    for path in sorted(folder.iterdir()):
        if NAMES.match(path.name) and path.is_file():
            if not has_safe:
                _write_safe(path, folder / _safe_name(path.name))
            path.unlink()
    index = folder / INDEX
    if index.is_file():
        held = json.loads(index.read_bytes())
        places = {name: _safe_name(file) for name, file in held["weight_map"].items()}
        index.unlink()
        if not has_safe:
            (folder / _SAFE_INDEX).write_text(json.dumps({**held, "weight_map": places}))


def _safe_name(name: str) -> str:
    return NAMES.sub(r"model\g<piece>.safetensors", name)


def _write_safe(path: Path, to: Path) -> None:
    """Write what a file holds as a file of safetensors.

    Raises:
        Refused: it holds something else than names and tensors, or is damaged.
        OSError: it cannot be read, or the other not be written.

    """
    with files.open_regular(path) as stream:
        opened = _open(stream)
        # Those of one storage one after the other: it is read once.
        first: dict[Storage, int] = {}
        for place, one in enumerate(opened.parts.values()):
            first.setdefault(one.storage, place)
        ordered = dict(sorted(opened.parts.items(), key=lambda named: first[named[1].storage]))
        with to.open("wb") as made:
            made.write(_header(ordered))
            for storage, parts in groupby(ordered.values(), key=lambda one: one.storage):
                with _whole():
                    data = opened.archive.storage(storage)
                made.writelines(_numbers_of(one, data) for one in parts)


def _open(stream: BinaryIO) -> _Opened:
    size = stream.seek(0, io.SEEK_END)
    budget = Budget(size)
    try:
        with _whole():
            archive = Archive.of(stream, budget)
            held = archive.plain(budget)
    except NotPlain as error:
        raise Refused(f"uses {error}") from None
    if not isinstance(held, dict):
        raise Refused("holds something else than a dict of names and tensors")
    for name, one in held.items():
        _require_tensor(name, one)
    _require_once(held, size)
    for storage in {one.storage for one in held.values()}:
        with _whole():
            archive.require(storage)
    return _Opened(archive, held)


@contextmanager
def _whole() -> Iterator[None]:
    try:
        yield
    except (Malformed, Spent) as error:
        raise Refused(f"is no whole archive of tensors: {error}") from None


def _require_tensor(name: object, one: object) -> None:
    if not isinstance(name, str) or name == _METADATA or not isinstance(one, Part):
        raise Refused(f"holds {name!s:.60}, which is no tensor with a name")
    if one.dtype not in _DTYPES or len(one.size) > _MOST_AXES:
        raise Refused(f"holds {name:.60}, a tensor of {one.dtype} with {len(one.size)} axes")


def _require_once(parts: dict[str, Part], size: int) -> None:
    """Refuse tensors that are the same numbers many times: each would be written by itself."""
    whole = sum(_size_of(one) for one in parts.values())
    if whole > _MOST_TIMES * size + _FREE:
        raise Refused(f"holds tensors of {whole:,} bytes, more than {_MOST_TIMES} times its own")


def _size_of(one: Part) -> int:
    return prod(one.size) * BY_DTYPE[one.dtype]


def _header(parts: dict[str, Part]) -> bytes:
    said: dict[str, object] = {_METADATA: {"format": "pt"}}
    end = 0
    for name, one in parts.items():
        begin, end = end, end + _size_of(one)
        said[name] = {
            "dtype": _DTYPES[one.dtype], "shape": list(one.size), "data_offsets": [begin, end],
        }  # fmt: skip
    raw = json.dumps(said, separators=(",", ":")).encode()
    raw += b" " * (-len(raw) % 8)
    return len(raw).to_bytes(8, "little") + raw


def _numbers_of(one: Part, data: bytes) -> memoryview:
    """Return a tensor's numbers in their order, out of its storage."""
    import numpy as np

    width = BY_DTYPE[one.dtype]
    if not prod(one.size):
        return memoryview(b"")
    whole = np.frombuffer(data, f"V{width}", len(data) // width)[one.offset :]
    steps = [
        step * width if size > 1 else 0 for size, step in zip(one.size, one.stride, strict=True)
    ]
    array = np.lib.stride_tricks.as_strided(whole, one.size, steps, writeable=False)
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
