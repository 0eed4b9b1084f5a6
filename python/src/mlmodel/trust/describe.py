"""What of a model folder could run when it is loaded: told without running any of it (TRU-006).

The files that the MLmodel file names as model or code are looked into whatever they are called,
and so is every other file whose first bytes are those of something that can hold code.
"""

from __future__ import annotations

import base64
import io
import re
import zipfile
from dataclasses import dataclass
from os.path import realpath
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from mlmodel._base import files
from mlmodel._base.texts import counted
from mlmodel.document.document import compose_document
from mlmodel.document.document import read as read_document
from mlmodel.document.paths import FILE_NAME, resolve_inside
from mlmodel.document.rules.named_files import named_files
from mlmodel.document.schema import schemas
from mlmodel.document.schema.described import walk
from mlmodel.document.stand_ins import HEAD, pointer
from mlmodel.errors import MlmodelError
from mlmodel.trust import (
    catboost_model,
    hdf5,
    hugging_face,
    keras_models,
    skops_file,
    sparkml,
    torch_archive,
)
from mlmodel.trust.pickles.containers import (
    COMPRESSED,
    RefusedContainer,
    detect,
    expand,
    foreign,
    read_npy_header,
)
from mlmodel.trust.pickles.data_opcodes import DATA_OPCODES
from mlmodel.trust.pickles.findings import Malformed, Scan
from mlmodel.trust.pickles.opcodes import OPCODES
from mlmodel.trust.pickles.scanner import scan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from mlmodel.document.document import Document
    from mlmodel.document.schema.described import Described

__all__ = ["HARMLESS", "KNOWN_LOADERS", "LARGEST", "MOST_FILES", "Look", "look_into"]

#: Loader modules besides the flavors' whose files are looked into: pickles and Python code.
KNOWN_LOADERS = frozenset(
    f"{package}.pyfunc.{name}"
    for package in ("mlflow", "mlmodel")
    for name in ("model", "loaders.code_model")
)
#: How what is said of a file ends that loads without trust.
HARMLESS = ": needs no trust"

_PYTHON = {
    ".py": "Python code",
    ".pyw": "Python code",
    ".pyc": "compiled Python code",
    ".pyo": "compiled Python code",
}
_COMPILED = re.compile(r"\.(so|pyd|dll|dylib)$|\.so\.\d")
#: Graphs, known by their names alone: what they are called is what they are loaded by.
_GRAPHS = ("saved_model.pb", "saved_model.pbtxt")
#: What pickles are called inside of archives, where nothing is looked into.
_PICKLE_NAMES = (".pkl", ".pickle", ".joblib")
#: How large files may be, and how many, to be looked into.
LARGEST = 2**30
MOST_FILES = 10_000
_SHOWN = 6
_LONGEST_NAME = 120
#: How pickles begin that say so, and others; and zlib's streams, where a text is none.
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_OPCODES = frozenset(bytes([code]) for code in {*OPCODES, *DATA_OPCODES})
#: How JSON texts begin, their escapes of letters and digits, and pickles in them as base64.
_JSON = re.compile(rb'\s*[\[{"]')
_ESCAPED = re.compile(rb"\\u00([2-7][0-9a-fA-F])")
_BASE64 = re.compile(rb"(?<![\w+/-])(gA[I-X][\w+/-]+)")
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")


@dataclass(frozen=True, slots=True)
class Look:
    """One file (its path in the folder), what it is, and whether it needs trust to be loaded."""

    file: str
    what: str
    needs_trust: bool = True

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


def look_into(
    root: Path, document: Document | None = None, *, allow: Collection[str] = ()
) -> list[Look]:
    """Return what loading a model folder could run, file by file in the order of their paths.

    Nothing of the folder is run, nothing is imported for it, and no link is followed. What has
    more than 1 GiB, or stands behind the first 10,000 files, is named and not looked into.

    Args:
        root: the folder.
        document: its MLmodel file, where that was read already.
        allow: exact names of classes that pickles and skops files may use besides the list.

    """
    described = walk((document or _document_or_empty(root)).data, schemas.load("mlmodel"))
    found = [*_unknown_modules(described), *_running(root, described)]
    roles = _roles(root, described)
    refused = hugging_face.refused_below(root, [one for one in roles if roles[one] == "model"])
    found += [Look(file, it) for file, it in refused.items() if it == hugging_face.A_LINK]
    for number, (relative, _) in enumerate(files.regular_files(root)):
        if number == MOST_FILES:
            found.append(Look(".", f"more than {MOST_FILES:,} files; the rest is not inspected"))
            break
        role = _role(roles, relative)
        look = _look_at(root / relative, relative, role, allow)
        if look is None and roles.get(relative) == "code":
            look = Look(relative, "the model's own code")
        if relative in refused and not (look and look.needs_trust):
            look = Look(relative, f"of a model of Hugging Face: it {_cut(refused[relative])}")
        if look is not None:
            found.append(look)
    return found


def _document_or_empty(root: Path) -> Document:
    try:
        return read_document(root)
    except MlmodelError:
        return compose_document("{}", FILE_NAME)


def _unknown_modules(described: Iterable[Described]) -> Iterator[Look]:
    """Give the modules that loading would import, unless they are names well known (PYF-003)."""
    for item in described:
        asked = item.schema.get("x-module")
        if asked and isinstance(item.value, str) and not re.search(asked["known"], item.value):
            yield Look(FILE_NAME, f"names the module {_cut(item.value)}, which is imported")


def _running(root: Path, described: Iterable[Described]) -> Iterator[Look]:
    """Give the files of which something runs whatever they hold, by the flavor that has them."""
    for item in described:
        # A key names the file, or the flavor has it under a name that none gives.
        file = item.schema.get("x-runs-in", item.value)
        if "x-runs" not in item.schema or not isinstance(file, str):
            continue
        try:
            there = resolve_inside(root, file).exists()
        except (MlmodelError, OSError):
            continue
        if there:
            yield Look(_cut(file), item.schema["x-runs"])


def _roles(root: Path, described: Iterable[Described]) -> dict[str, str]:
    """Return the files and folders that the MLmodel file names as model or code."""
    base, roles = realpath(root), dict[str, str]()
    for item in named_files(described):
        role = item.schema["x-file"]
        try:
            path = resolve_inside(root, item.value).relative_to(base).as_posix()
        except MlmodelError:
            continue  # not loaded either
        if role == "code" or (role == "model" and path not in roles):
            roles[path] = role
    return roles


def _role(roles: dict[str, str], relative: str) -> str:
    """Return ``code``, ``model`` or nothing: the role of a file or of a folder that it is in."""
    path = PurePosixPath(relative)
    given = {roles.get(str(one), "") for one in (path, *path.parents)}
    return next((role for role in ("code", "model") if role in given), "")


def _look_at(path: Path, relative: str, role: str, allow: Collection[str]) -> Look | None:
    by_name = _by_name(relative)
    if by_name:
        return Look(relative, by_name)
    if role == "model" and PurePosixPath(relative).name == "config.cfg":
        return _look_into_config(path, relative)
    return _look_into(path, relative, role, allow)


def _look_into(path: Path, relative: str, role: str, allow: Collection[str]) -> Look | None:
    try:
        looks = [*_looks(path, role, allow), *_look_into_sparkml(path, role)]
    except files.TooLarge:
        return Look(relative, "too large to be inspected")
    except OSError as error:
        return Look(relative, f"cannot be read ({error.strerror})")
    if not looks:
        # A model of torch of this name is a pickle or a zip file.
        is_path_file = relative.lower().endswith(".pth")
        return (
            Look(relative, "a path file of Python, which may hold code") if is_path_file else None
        )
    what, needs_trust = "; ".join(what for what, _ in looks), any(needs for _, needs in looks)
    if role == "code" and not needs_trust:
        return Look(relative, f"{what}, but it is the model's own code")
    return Look(relative, what if needs_trust else f"{what}{HARMLESS}", needs_trust)


def _by_name(relative: str) -> str:
    """Return what a file is that its name makes code, whatever is in it; else nothing."""
    path = PurePosixPath(relative)
    if path.name in _GRAPHS:
        return "a graph of TensorFlow, whose operations can read and write files"
    compiled = "compiled code" if _COMPILED.search(relative.lower()) else ""
    return _PYTHON.get(path.suffix.lower(), compiled)


def _look_into_config(path: Path, relative: str) -> Look | None:
    """Return what a pipeline of spaCy names that would run, and that is not on its list."""
    from mlmodel.trust.spacy_models import refused_in

    try:
        reasons = refused_in(files.read(path, LARGEST))
    except (files.TooLarge, OSError):
        reasons = ["cannot be read"]
    said = "; it ".join(map(_cut, reasons[:_SHOWN]))
    return Look(relative, f"a configuration of spaCy: it {said}") if reasons else None


def _looks(path: Path, role: str, allow: Collection[str]) -> Iterator[tuple[str, bool]]:
    """Give what a file is, and whether that needs trust; one file may be two things."""
    with files.open_regular(path) as stream:
        start = stream.read(HEAD)
        is_zip = zipfile.is_zipfile(stream)
    instead = pointer(start) if role else None
    if instead is not None:
        what = instead.what.removeprefix("is ")
        yield f"{what}; what would be loaded cannot be told", True
        return
    if role == "model" and _JSON.match(start):
        yield from _look_into_json(files.read(path, LARGEST))
    yield from _look_by_kind(path, start, role, allow, is_zip=is_zip)


def _look_by_kind(
    path: Path, start: bytes, role: str, allow: Collection[str], *, is_zip: bool
) -> Iterator[tuple[str, bool]]:
    kind, what = detect(start), foreign(start)
    if what:
        is_hdf5 = start.startswith(hdf5.MAGIC)
        yield _look_into_hdf5(path, what, allow) if is_hdf5 else (what, True)
    yield from _look_into_catboost(path, start)
    if not is_zip and kind == "pickle" and start[:1] not in _OPCODES:
        return
    data = files.read(path, LARGEST)
    if is_zip:
        yield _look_into_zip(data, allow)
    elif kind == "zip":
        yield "a zip archive that cannot be read", True
    if kind == "npy":
        yield from _look_into_npy(data, allow)
    elif kind in COMPRESSED:
        yield from _look_into_compressed(data, kind, allow)
    elif kind == "pickle":
        yield from _look_into_pickle(data, role, allow)
    elif kind != "zip":
        yield _verdict("a file that cannot be inspected", scan(data, allow=allow))


def _look_into_catboost(path: Path, start: bytes) -> Iterator[tuple[str, bool]]:
    if start.startswith(catboost_model.BEGIN):
        others = catboost_model.unchecked(files.read(path, LARGEST))
        if others:
            yield f"a model of CatBoost, whose compiled reader would believe it: {others}", True


def _look_into_sparkml(path: Path, role: str) -> Iterator[tuple[str, bool]]:
    """Give what a file of Spark ML names; of tables, only what could run."""
    if role != "model":
        return
    with files.open_regular(path) as stream:
        if not sparkml.begins_one(path.parent.name, stream.read(HEAD)):
            return
    relative, data = f"{path.parent.name}/{path.name}", files.read(path, LARGEST)
    try:
        found = [one.what for one in sparkml.look_into(relative, data)]
        classes = ", ".join(map(_cut, sparkml.classes_of(relative, data)))
    except sparkml.Broken as error:
        yield f"a file of Spark ML that {error}", True
        return
    label = f"a stage of Spark ML, {classes}" if classes else "a table of Spark ML"
    if found:
        yield f"{label}, which {_first_names(found)}", True
    elif classes:
        yield label, False


def _look_into_zip(data: bytes, allow: Collection[str]) -> tuple[str, bool]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        return f"a zip archive that cannot be read ({error})", True
    of_torch = torch_archive.described(data, allow)
    if of_torch is not None:
        return of_torch
    what, needs_trust = "a zip archive, which may hold code", True
    if keras_models.is_archive(members):
        return _look_into_model(data, what, "a Keras file", allow)
    if "schema.json" in members:
        what, needs_trust = _verdict("a skops file", skops_file.check(data, allow=allow))
    pickles = [name for name in members if name.lower().endswith(_PICKLE_NAMES)]
    if pickles:
        return f"{what}, with pickles in it ({_first_names(pickles)})", True
    return what, needs_trust


def _look_into_hdf5(path: Path, what: str, allow: Collection[str]) -> tuple[str, bool]:
    return _look_into_model(files.read(path, LARGEST), what, "an HDF5 file", allow)


def _look_into_model(
    data: bytes, unread: str, label: str, allow: Collection[str]
) -> tuple[str, bool]:
    """Return what a file of Keras is; ``unread`` where it is none that can be read."""
    found = keras_models.check(data, allow=allow)
    if found.damage:
        return unread, True
    if found.findings:
        return f"{label}: {_first_names(found.findings)}", True
    return f"{label} of layers and arrays", False


def _look_into_npy(data: bytes, allow: Collection[str]) -> Iterator[tuple[str, bool]]:
    found = scan(data, allow=allow)
    try:
        has_objects = read_npy_header(data).has_objects
    except Malformed:
        has_objects = True
    if has_objects:
        yield _verdict("an array of pickled objects", found)


def _look_into_compressed(
    data: bytes, kind: str, allow: Collection[str]
) -> Iterator[tuple[str, bool]]:
    try:
        inner = expand(data, kind, LARGEST)
    except (Malformed, RefusedContainer) as error:
        if kind != "zlib" or _ZLIB.match(data):
            yield f"compressed by {kind}, and cannot be inspected ({error})", True
        return
    what = foreign(inner)
    if what:
        yield f"{what}, compressed by {kind}", True
    elif detect(inner) == "pickle":
        for what, needs in _look_into_pickle(inner, "model", allow):
            yield f"compressed by {kind}: {what}", needs


def _look_into_pickle(data: bytes, role: str, allow: Collection[str]) -> Iterator[tuple[str, bool]]:
    """Give what a pickle would use; of what may be a text, only what reads like a pickle's."""
    found = scan(data, "pickle", allow=allow)
    label = "a pickle"
    if not _PICKLE.match(data):
        likely = any(map(_is_name, found.names))
        if found.damage and not (role and likely):
            return
        if not found.damage and not likely and not (role and found.allowed):
            return
        if found.damage:
            label = "a file that begins like a pickle"
    yield _verdict(label, found)


def _look_into_json(data: bytes) -> Iterator[tuple[str, bool]]:
    """Give that a JSON text has pickles in it, as base64, for who reads it to load."""
    plain = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), data.replace(b"\\/", b"/"))
    texts = (base64.urlsafe_b64decode(_padded(found[1])) for found in _BASE64.finditer(plain))
    count = sum(text.endswith(b".") for text in texts)
    if count:
        yield f"a JSON text with {counted(count, 'pickle')} in it", True


def _padded(text: bytes) -> bytes:
    """Return base64 of either alphabet as a whole text of the one for addresses."""
    text = text.translate(bytes.maketrans(b"+/", b"-_"))
    return text + b"=" * (-len(text) % 4)


def _is_name(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _verdict(label: str, found: Scan) -> tuple[str, bool]:
    if found.allowed:
        names = (
            f"{counted(len(found.names), 'name')}, all on the list" if found.names else "no name"
        )
        return f"{label}, {names}", False
    if found.refused:
        return f"{label} that uses {_first_names(found.refused)}", True
    if found.findings:
        return f"{label}: {_first_names(found.reasons)}", True
    return f"{label} that cannot be read ({found.damage})", True


def _first_names(names: Iterable[str]) -> str:
    names = list(map(_cut, names))
    more = [f"{len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    return ", ".join([*names[:_SHOWN], *more])


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
