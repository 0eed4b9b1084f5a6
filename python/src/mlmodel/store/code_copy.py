"""A private copy of the code that a model brings along: what runs is what was hashed (TRU-065).

Python looks for modules again and again, at every late import and in every process that is
started for the model. So the code is copied once, file by file as the folder's digest has it, into
a folder that only this user may write, and imported from there. Compiled files stay behind: Python
would take them in the place of the source that somebody has read (PYF-043). What else is in the
model's folder is linked beside the copy, so that code finds it by its own place; large files of
data are linked, too, and not copied.

A copy goes when its process ends. Of a process that was killed it stays until another one makes a
copy: each holds a lock, which ends with the last process that has it from the one that took it.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import re
import shutil
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mlmodel._base import files
from mlmodel.document import resolve_inside
from mlmodel.errors import InvalidModel, MlmodelError, UnreadableModel

try:
    import fcntl
except ImportError:  # where there are no such locks, as on Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.trust.gate import Gate

__all__ = ["place_in_the_model", "private_copy", "remove_copies", "require_hashed"]

#: Files of data up to this size are copied with the code.
_LARGEST = 64 * 2**20
_CODE = re.compile(r"\.(py|pyw|so|pyd|dll|dylib)$|\.so\.\d")
_COMPILED = (".pyc", ".pyo")
#: The copies of this process: by the model's folder, the name of its code, and what is in it.
_copies: dict[tuple[str, str, str], Path] = {}
#: What the lock of a copy is called, and how the folders of copies begin.
_LOCK, _PREFIX = ".mlmodel-lock", "mlmodel-code-"
#: The gates of models whose code is imported from where it is, by its folder.
_in_place: dict[Path, Gate] = {}


def private_copy(gate: Gate, named: str) -> Path:
    """Return a copy of the folder of code that a trusted model names, for this process alone.

    The same code of the same model is copied once; the copies go when the process ends. Where
    no file can be written, it is the model's own folder, and each module is looked at when it
    is imported (:func:`require_hashed`).

    Raises:
        UntrustedModel: a file is not the one by which the folder is trusted (TRU-065).
        InvalidModel: a link in it leads out of the model's folder (DIR-011).
        UnreadableModel: it cannot be read or copied.

    """
    root = gate.root.resolve()
    name = resolve_inside(root, named).relative_to(root).as_posix()
    made = None
    try:
        made = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
        (made / name).mkdir(parents=True, exist_ok=True)
    except OSError:  # nothing can be written here, as behind the wall of TRU-081
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)
        _in_place[root / name] = gate
        return root / name
    try:
        held = _copied(gate, root, name, made)
    except BaseException as error:
        shutil.rmtree(made, ignore_errors=True)
        if isinstance(error, OSError) and not isinstance(error, MlmodelError):
            what = f"{error.strerror} ({error.filename})"
            raise UnreadableModel(f"The code in {name} cannot be copied: {what}.") from error
        raise
    key = (str(root), name, held)
    if key in _copies and (_copies[key] / name).is_dir():
        shutil.rmtree(made)
        return _copies[key] / name
    _copies[key] = made
    _hold(made)
    _go_at_the_end(made)
    _remove_abandoned(made.parent)
    _link_the_rest(root, name, made)
    return made / name


def require_hashed(path: str, content: bytes | None = None) -> None:
    """Go on only with a module that is not one of a digest, or is the one that it vouches for.

    ``content`` is what was read of it, where it was.

    Raises:
        UntrustedModel: it is another one; nothing of it was run (TRU-065).

    """
    for folder, gate in _in_place.items():
        manifest, root = gate.manifest(), gate.root.resolve()
        if manifest is not None and Path(path).is_relative_to(folder):
            relative = Path(path).relative_to(root).as_posix()
            content = files.read(path, within=root) if content is None else content
            if manifest.files.get(relative) != hashlib.sha256(content).hexdigest():
                raise gate.changed(relative)


def place_in_the_model(path: Path) -> Path:
    """Return where a file of a copy stands in its model's folder; any other path as it is."""
    for (root, _, _), made in _copies.items():
        if path.is_relative_to(made):
            return Path(root, path.relative_to(made))
    return path


def _copied(gate: Gate, root: Path, name: str, made: Path) -> str:
    """Copy the code, and return a digest of what was copied."""
    manifest = gate.manifest()
    found = []
    for relative in sorted(_walk(root, name) if manifest is None else manifest.files):
        if not PurePosixPath(relative).is_relative_to(name) or _is_compiled(relative):
            continue
        (made / relative).parent.mkdir(parents=True, exist_ok=True)
        try:
            sha = _copy(root, relative, made / relative)
        except FileNotFoundError:
            raise gate.changed(relative) from None
        if sha and manifest is not None and manifest.files[relative] != sha:
            raise gate.changed(relative)
        found.append(f"{sha} {relative}\n")
    return hashlib.sha256("".join(found).encode()).hexdigest()


def _copy(root: Path, relative: str, target: Path) -> str:
    """Copy one file and return its SHA-256; nothing where it is linked instead."""
    source = root / relative
    real, is_code = source.resolve(), _CODE.search(relative) is not None
    if not real.is_relative_to(root):
        raise InvalidModel.of_file(relative, "DIR-011", "is a link that leads out of the model")
    if real.is_dir() or (not is_code and real.stat().st_size > _LARGEST):
        target.symlink_to(real)
        return ""
    content = files.read(source, within=root)
    target.write_bytes(content)
    target.chmod(stat.S_IMODE(real.stat().st_mode) & 0o700 | stat.S_IRUSR)
    return hashlib.sha256(content).hexdigest()


def _is_compiled(relative: str) -> bool:
    return relative.endswith(_COMPILED) or "__pycache__" in PurePosixPath(relative).parts


def _walk(root: Path, name: str) -> Iterator[str]:
    """Give the files and linked folders in a folder of code that the caller trusts as it is."""
    for folder, below, names in files.walk(root / name):
        for path in (Path(folder, one) for one in (*below, *names)):
            if path.is_file() or (path.is_symlink() and path.exists()):
                yield path.relative_to(root).as_posix()


def remove_copies() -> None:
    """Remove the copies of this process, which ends in a way that Python does not see."""
    for made in _copies.values():
        shutil.rmtree(made, ignore_errors=True)


def _go_at_the_end(made: Path) -> None:
    atexit.register(_remove, made, os.getpid())
    util = sys.modules.get("multiprocessing.util")
    if util is not None:  # whose processes end without what is registered
        util.Finalize(None, _remove, (made, os.getpid()), exitpriority=0)


def _remove(made: Path, process: int) -> None:
    # A process that was forked ends before the one that needs the copy.
    if os.getpid() == process:
        shutil.rmtree(made, ignore_errors=True)


def _hold(made: Path) -> None:
    """Lock a copy for as long as this process lives, or one that is forked from it."""
    if fcntl is not None:
        with suppress(OSError):  # as on file systems without locks; then it is not looked for
            # It has its name once it is locked: another process that looks would take it before.
            lock = os.open(made / f"{_LOCK}-new", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (made / f"{_LOCK}-new").rename(made / _LOCK)


def _remove_abandoned(around: Path) -> None:
    """Remove this user's copies whose processes were killed."""
    if fcntl is None:
        return
    own = {str(made) for made in _copies.values()}
    others: list[os.DirEntry[str]] = []
    with suppress(OSError):  # a folder in which one may write, and not look
        others = [one for one in os.scandir(around) if one.name.startswith(_PREFIX)]
    for made in (Path(one.path) for one in others if one.path not in own):
        with suppress(OSError):  # it has no lock yet, is in use, or has just gone
            if made.is_symlink() or made.stat().st_uid != os.getuid():
                continue
            lock = os.open(made / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(made, ignore_errors=True)
            finally:
                os.close(lock)


def _link_the_rest(root: Path, name: str, made: Path) -> None:
    """Link what stands beside the code, on the way down to it."""
    parts = PurePosixPath(name).parts
    for depth, part in enumerate(parts):
        above = Path(*parts[:depth])
        with suppress(OSError):
            for entry in os.scandir(root / above):
                if entry.name != part:
                    (made / above / entry.name).symlink_to(entry.path)
