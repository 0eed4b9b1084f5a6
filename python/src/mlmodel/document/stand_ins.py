"""What stands in the place of a file: known by its first bytes and its name (DIR-009).

A clone without Git LFS leaves pointers, a browser saves the page that asks for a password, a
store answers with an error, an archive was not unpacked. Whoever opens a file asks here, so that
each of these is called by its name, with what to do, and not by how some parser fails on it.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from mlmodel._base.files import open_regular

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = [
    "HEAD",
    "StandIn",
    "pointer",
    "pointer_at",
    "stand_in",
    "stand_in_at",
    "text_stand_in_at",
]

#: How many of a file's first bytes are looked at: a tar says what it is at byte 257.
HEAD = 1024

#: The tools that keep large files elsewhere: how their pointers begin, what they are called, and
#: the command that brings the files.
_POINTERS = (
    (rb"version https://(git-lfs\.github\.com|hawser\.github\.com)/spec/", "Git LFS",
     "run `git lfs pull` in the repository"),
    (rb"(\.git/annex/objects|/annex/objects)/", "git-annex",
     "run `git annex get` in the repository"),
)  # fmt: skip
#: What may stand before the first tag of a page or an answer.
_BEFORE = rb"(?s)(\xef\xbb\xbf)?\s*+(<\?xml[^>]*+>\s*+)?+(?>(<!--(?>.*?-->)\s*+)*)"
_PAGE = re.compile(_BEFORE + rb"<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_ANSWER = re.compile(_BEFORE + rb"<(\w+:)?Error(Response)?[\s>]")
_ARCHIVES = (
    (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
)  # fmt: skip
_TAR = (257, b"ustar")
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
#: The opcode STOP.
_PICKLE_END = b"."

#: By the end of a file's name: those that pickle writes (compressed, where joblib does), those of
#: one library's own form, and texts. What has another name may be anything.
_PICKLES = frozenset({".pkl", ".pickle", ".joblib"})
_BINARY = frozenset({".onnx", ".ubj", ".xgb"})
_TEXTS = frozenset({".json", ".yaml", ".yml", ".txt", ".toml", ".py", ".csv"})
#: The compressions in which joblib writes pickles.
_OF_JOBLIB = frozenset({"gzip", "bzip2", "xz"})
#: What libraries have in the archives that are their own form (skops, PyTorch), and how far from
#: the end its name stands.
_ZIPS_OF_LIBRARIES = (b"schema.json", b"/data.pkl")
_TAIL = 2**16
_MAY_BE_EMPTY = frozenset({".txt", ".py", ".csv", ".toml"})
_SAYS_SO = {"page": frozenset({".html", ".htm"}), "answer": frozenset({".xml", ".pmml"})}


class StandIn(NamedTuple):
    """What stands in a file's place, as the end of a sentence, and what to do about it."""

    what: str
    todo: str
    #: Whether it is an archive, in which the file may be.
    archive: str = ""

    def said_of(self, file: str) -> str:
        """Return the two sentences for a person."""
        return f"{file} {self.what}. {self.todo[:1].upper()}{self.todo[1:]}."


def pointer(head: bytes) -> StandIn | None:
    """Return what a file is that a tool keeps elsewhere, by its first bytes; else None."""
    for begins, tool, todo in _POINTERS:
        if re.match(begins, head):
            return StandIn(f"is a pointer of {tool}, and not the file that it stands for", todo)
    return None


def stand_in(name: str, head: bytes, size: int, *, text: bool = False) -> StandIn | None:
    """Return what stands in a file's place, or None where it may be what its name says.

    Args:
        name: the file's name or path; its ending says what it should be.
        head: its first :data:`HEAD` bytes, or all of a shorter file.
        size: how many bytes it has.
        text: it should be a text, whatever its name is.

    """
    suffix = ".yaml" if text else PurePosixPath(name).suffix.lower()
    return (
        pointer(head)
        or _emptiness(suffix, size)
        or _web_page(suffix, head)
        or _error_answer(suffix, head, size)
        or _archive(suffix, head)
        or _pickle(suffix, head)
    )


def stand_in_at(path: str | os.PathLike[str], name: str) -> StandIn | None:
    """Return what stands at a path in the place of the file ``name``; None, too, for a folder.

    What cannot be read is for those who want to read it.
    """
    with suppress(OSError), open_regular(path) as stream:
        head = stream.read(HEAD)
        found = stand_in(name, head, os.fstat(stream.fileno()).st_size)
        if found is None:
            return _cut_pickle(name, head, stream)
        if found.archive != "zip":
            return found
        end = _end_of(stream, _TAIL)
        return None if any(member in end for member in _ZIPS_OF_LIBRARIES) else found
    return None


def _end_of(stream: BinaryIO, size: int) -> bytes:
    stream.seek(max(0, stream.seek(0, os.SEEK_END) - size))
    return stream.read()


def _cut_pickle(name: str, head: bytes, stream: BinaryIO) -> StandIn | None:
    """Return what a pickle is whose last byte is not the one that ends every pickle."""
    is_pickle = PurePosixPath(name).suffix.lower() in _PICKLES and _PICKLE.match(head)
    if not is_pickle or _end_of(stream, 1) == _PICKLE_END:
        return None
    return StandIn(
        "begins as a pickle and does not end as one: its end is missing, or something follows it",
        "copy or download it again, or save the model again",
    )


def text_stand_in_at(path: str | os.PathLike[str]) -> StandIn | None:
    """Return what stands at a path in the place of a text."""
    with suppress(OSError), open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        return stand_in("", stream.read(HEAD), size, text=True)
    return None


def pointer_at(path: str | os.PathLike[str]) -> StandIn | None:
    """Return what a file at a path is that a tool keeps elsewhere; else None."""
    with suppress(OSError), open_regular(path) as stream:
        return pointer(stream.read(HEAD))
    return None


def _emptiness(suffix: str, size: int) -> StandIn | None:
    if size or suffix not in (_PICKLES | _BINARY | _TEXTS) - _MAY_BE_EMPTY:
        return None
    return StandIn("is empty", "copy or download it again, or save the model again")


def _web_page(suffix: str, head: bytes) -> StandIn | None:
    if suffix in _SAYS_SO["page"] or _PAGE.match(head) is None:
        return None
    return StandIn(
        "is a web page (HTML), as a site answers that asks for a login or has no such file",
        "download the file again, with the address of the file itself and signed in",
    )


def _error_answer(suffix: str, head: bytes, size: int) -> StandIn | None:
    said = _xml_error(suffix, head)
    said = _json_error(head, size) if said is None else said
    if said is None:
        return None
    return StandIn(
        f"is the answer of a server that did not give the file{said}",
        "download it again, with the rights to read it",
    )


def _xml_error(suffix: str, head: bytes) -> str | None:
    if suffix in _SAYS_SO["answer"] or _ANSWER.match(head) is None:
        return None
    code = re.search(rb"<Code>([\w.]{1,60})</Code>", head)
    return f" ({code[1].decode()})" if code else ""


def _json_error(head: bytes, size: int) -> str | None:
    """Return what a JSON object that is nothing but an error says; None where it is none."""
    if size > len(head) or head.lstrip()[:1] != b"{":
        return None
    try:
        held = json.loads(head)
    except (ValueError, RecursionError):
        return None
    inner = held.get("error", held)
    if not isinstance(inner, dict):
        # `{"error": "Not Found"}`: an answer's other keys are texts and numbers, too.
        plain = all(isinstance(value, str | int | None) for value in held.values())
        return f" ({inner:.60})" if isinstance(inner, str) and plain else None
    keys = {str(key).lower() for key in inner}
    marked = {"error_code", "code", "status", "statuscode", "documentation_url"} & keys
    if "message" not in keys or not (marked or inner is not held):
        return None
    code = next((value for key, value in inner.items() if str(key).lower() in marked), "")
    return f" ({code!s:.60})" if isinstance(code, str | int) and code else ""


def _kind_of_archive(head: bytes) -> str | None:
    if head[_TAR[0] :].startswith(_TAR[1]):
        return "tar"
    return next((kind for magic, kind in _ARCHIVES if head.startswith(magic)), None)


def _archive(suffix: str, head: bytes) -> StandIn | None:
    if suffix not in _PICKLES | _BINARY | _TEXTS:
        return None
    kind = _kind_of_archive(head)
    if kind is None or (suffix in _PICKLES and kind in _OF_JOBLIB):
        return None
    return StandIn(
        f"is {_article(kind)} archive, and not the file itself",
        "unpack it, and put what is in it in its place",
        kind,
    )


def _article(kind: str) -> str:
    return f"an {kind}" if kind == "xz" else f"a {kind}"


def _pickle(suffix: str, head: bytes) -> StandIn | None:
    if suffix not in _TEXTS or _PICKLE.match(head) is None:
        return None
    return StandIn(
        "is a pickle, which holds objects of Python and no text",
        "put the text file that belongs there in its place",
    )
