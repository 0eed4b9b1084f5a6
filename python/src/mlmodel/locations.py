"""Where models are: paths, and URIs that are downloaded into a cache keyed by content.

A path costs nothing here and a ``file:`` URI next to nothing; every other scheme goes through
fsspec (the extra ``remote``) and the driver of its store. What was downloaded is as little
trusted as anything else: by its digest, or not at all (LOC-013). What only downloads and copies
need is imported there, because commands that are given paths load this module too.
"""

from __future__ import annotations

import errno
import os
import re
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mlmodel.errors import (
    InvalidArgument,
    InvalidModel,
    MissingDependency,
    MlmodelError,
    ModelExists,
    ModelNotFound,
    UnreadableModel,
    UnsupportedModel,
    WriteFailed,
)

if TYPE_CHECKING:
    from mlmodel._cache import Cache, Source
    from mlmodel._remote import Limits, Listing

__all__ = ["is_uri", "local_folder", "local_path", "path_to_write", "without_secrets"]

PathLike = str | os.PathLike[str]

#: The file that makes a folder a model (DIR-001).
_MODEL = "MLmodel"
#: A letter alone is a drive.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
#: Schemes whose names only a Tracking server can tell the place of.
_TRACKED = frozenset({"runs", "models", "mlflow-artifacts"})
#: Schemes of fsspec whose content says where on which machine the data are (LOC-003).
_INDIRECT = frozenset({"reference"})
#: Schemes of archives, which lie in what the rest of a chain names.
_ARCHIVES = frozenset({"zip", "tar", "libarchive"})
_NO_PAGE = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".7z")
#: A file written so shortly before the listing may be written again unseen (in seconds).
_TOO_NEW = 3.0
#: Errors of the local disk; any other comes from the store.
_DISK = frozenset({"ENOSPC", "EDQUOT", "EFBIG", "EROFS"})


def is_uri(place: PathLike) -> bool:
    """Return whether this names something that must be fetched: no path, and no ``file:`` URI."""
    scheme = _scheme(place)
    return scheme is not None and scheme != "file"


def local_folder(
    model_uri: PathLike, *, into: PathLike | None = None, limits: Limits | None = None
) -> Path:
    """Return the folder of a model on this machine (or the path of its MLmodel file, if given so).

    Args:
        model_uri: a path or ``file:`` URI, which comes back as it is; else a URI of a folder, or
            of the MLmodel file in it, which is downloaded if its content is not here already.
        into: a folder in which a copy is made, under the last part of the URI; without it a
            download stays in the user's cache, where nobody may write.
        limits: how much is downloaded; by default 100 GiB and 100,000 files, or what
            ``MLMODEL_DOWNLOAD_BYTES`` and ``MLMODEL_DOWNLOAD_FILES`` say.

    Raises:
        ModelNotFound: there is nothing at the URI, or no MLmodel file in it.
        UnreadableModel: the store does not answer or refuses, or the limits are exceeded.
        UnsupportedModel: the scheme is not known, or needs a Tracking server.
        MissingDependency: fsspec or the driver of the store is not installed.
        InvalidModel: a file's name leads out of the folder.
        ModelExists: something else is already where the copy belongs.
        WriteFailed: the cache or ``into`` cannot be written.

    """
    return _local(model_uri, into, limits, model=True)


def local_path(
    uri: PathLike, *, into: PathLike | None = None, limits: Limits | None = None
) -> Path:
    """Return the path of a file or folder on this machine, as :func:`local_folder` for models."""
    return _local(uri, into, limits, model=False)


def path_to_write(place: PathLike) -> Path:
    """Return the path on this machine to which a model is saved.

    Raises:
        InvalidArgument: it is a URI of a store, which is read from and not written to (LOC-017).

    """
    if is_uri(place):
        raise InvalidArgument(
            f"{without_secrets(os.fspath(place))}: a model is saved to a folder of this machine; "
            "save it to a path, and copy the folder to the store (LOC-017)"
        )
    return local_path(place)


def _scheme(place: PathLike) -> str | None:
    text = os.fspath(place)
    found = _SCHEME.match(text)
    if found is None or os.path.lexists(text):
        return None
    return found[1].lower()


def _local(place: PathLike, into: PathLike | None, limits: Limits | None, *, model: bool) -> Path:
    if not os.fspath(place):
        raise InvalidArgument("The path is empty; . is the current folder (LOC-001).")
    scheme = _scheme(place)
    if scheme is None:
        found, name = Path(place), ""
    elif scheme == "file":
        found, name = _path_of_file_uri(os.fspath(place)), ""
    else:
        _refuse_tracked(scheme, os.fspath(place))
        found, name = _fetch(os.fspath(place), _limits(limits), model=model)
    if into is None:
        return found
    return _copy(found, Path(into), name or found.name or found.resolve().name, model=model)


def _path_of_file_uri(uri: str) -> Path:
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        raise InvalidArgument(
            f"{uri}: a file URI names a file of this machine, and this one names the host "
            f"{parts.netloc!r}; write file:///path (LOC-001)"
        )
    return Path(url2pathname(parts.path))


def _refuse_tracked(scheme: str, uri: str) -> None:
    if scheme in _TRACKED:
        raise UnsupportedModel(
            f"{uri}: only a Tracking server knows where this is, and none is asked by this "
            "version; give the path or URI of the model's folder (LOC-002)"
        )


def without_secrets(uri: str) -> str:
    """Return a URI, or a text with URIs, as it may be shown: no password, no query (LOC-015)."""
    if "://" not in uri:
        return uri
    return re.sub(r"\?[^\s'\"()<>]+", "?…", re.sub(r"(://)[^\s/@'\"]+@", r"\1…@", uri))


def _limits(given: Limits | None) -> Limits:
    from mlmodel._remote import Limits

    if given is not None:
        return given
    default = Limits()
    return Limits(
        _number("MLMODEL_DOWNLOAD_FILES", default.files),
        _number("MLMODEL_DOWNLOAD_BYTES", default.bytes),
    )


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable, "")
    if text and not (text.isascii() and text.isdigit()):
        raise InvalidArgument(f"{variable} is {text!r}; a whole number is expected (LOC-006)")
    return int(text) if text else default


# -- the download -----------------------------------------------------------------------------


def _fetch(uri: str, limits: Limits, *, model: bool) -> tuple[Path, str]:
    """Return the place in the cache, and the name that a copy has."""
    from mlmodel._cache import Cache

    if model:
        uri = uri.removesuffix("/" + _MODEL)
    cache = Cache()
    key = cache.key(uri)
    with cache.locked(key):
        known = cache.source(key)
        if _offline():
            source = known or _not_here(uri)
        else:
            source = _up_to_date(uri, cache, known, limits, model=model)
    return cache.path(source), source.name or _last_part(uri)


def _offline() -> bool:
    return os.environ.get("MLMODEL_OFFLINE", "").lower() in ("1", "true", "yes", "on")


def _not_here(uri: str) -> NoReturn:
    raise UnreadableModel(
        f"{without_secrets(uri)} is not in the cache, and MLMODEL_OFFLINE forbids to download it "
        "(LOC-011)"
    )


def _last_part(uri: str) -> str:
    from urllib.parse import unquote

    # Of a chain (zip://inner::https://host/model.zip) the outermost that has a name.
    for link in uri.split("::"):
        path = link.partition("://")[2] or link.partition(":")[2]
        name = path.partition("?")[0].rstrip("/").rpartition("/")[2]
        if name:
            return unquote(name) if link.lower().startswith("http") else name
    return "model"


def _up_to_date(
    uri: str, cache: Cache, known: Source | None, limits: Limits, *, model: bool
) -> Source:
    """Return the source as it is now, from the cache if nothing changed (LOC-010)."""
    try:
        asked = time.time()
        fs, listing = _listed(uri, limits, model=model)
    except Exception as error:  # drivers raise whatever their libraries do
        if known is None or _silence(error) is None:
            if isinstance(error, MlmodelError):  # it would be its own cause
                raise
            raise _named(error, uri) from error
        warnings.warn(
            f"{without_secrets(uri)} could not be reached ({_said(error)}); what was downloaded "
            f"from it on {known.downloaded} is used (LOC-011)",
            stacklevel=6,
        )
        return known
    if known is not None and known.state is not None and known.state == listing.state:
        return known
    _require_files(uri, listing, model=model)
    return _download(uri, fs, listing, cache, limits, settled=listing.newest + _TOO_NEW < asked)


def _listed(uri: str, limits: Limits, *, model: bool) -> tuple[Any, Listing]:
    """Return the file system of a URI and what it lists there.

    An archive that its store does not let be read in parts is downloaded whole first (LOC-018).
    """
    try:
        return _list(uri, limits, model=model)
    except (MlmodelError, FileNotFoundError):
        raise
    except Exception as error:  # drivers raise whatever their libraries do
        first, _, archive = uri.partition("::")
        if _scheme(first) not in _ARCHIVES or not is_uri(archive) or _silence(error):
            raise
    return _list(
        f"{first}::file://{_local(archive, None, limits, model=False)}", limits, model=model
    )


def _file_system(uri: str) -> tuple[Any, str]:
    """Return the file system of a URI and the path in it."""
    from mlmodel._base.extras import require

    core = require("fsspec.core", "remote")
    registry = require("fsspec.registry", "remote")
    schemes = {m[1].lower() for link in uri.split("::") if (m := _SCHEME.match(link))}
    known = set(registry.available_protocols()) | set(registry.registry)
    unknown = sorted((schemes - known) | (schemes & _INDIRECT))
    if unknown:
        raise UnsupportedModel(
            f"{without_secrets(uri)}: URIs of the scheme {unknown[0]!r} are not read; those of "
            f"fsspec are: {', '.join(sorted(known - _INDIRECT))} (LOC-003)"
        )
    try:
        fs, path = core.url_to_fs(uri, skip_instance_cache=True)
    except ImportError as error:
        cause = error.__cause__
        lacking = (cause.name if isinstance(cause, ImportError) else None) or error.name
        raise MissingDependency(
            f"{without_secrets(uri)}: the driver of this store is not installed; it comes with: "
            f"pip install {(lacking or 'the package that fsspec names').partition('.')[0]} "
            f"({error}; LOC-003)"
        ) from error
    return fs, path


def _list(uri: str, limits: Limits, *, model: bool) -> tuple[Any, Listing]:
    from mlmodel import _remote

    fs, path = _file_system(uri)
    fs.invalidate_cache()
    if model or _is_folder(fs, path):
        return fs, _remote.list_folder(fs, path, limits)
    return fs, _remote.list_file(fs, path, limits)


def _is_folder(fs: Any, path: str) -> bool:
    from mlmodel._remote import is_web

    # A page is a file like any other, unless it stands for a folder. What else is on the web
    # would be read whole to find links in it.
    if path.lower().endswith((".html", ".htm")) or (is_web(fs) and path.endswith(_NO_PAGE)):
        return False
    return bool(fs.isdir(path))


def _require_files(uri: str, listing: Listing, *, model: bool) -> None:
    if not listing.files:
        raise ModelNotFound(
            f"{without_secrets(uri)}: there are no files; give the URI of a folder that can be "
            f"listed, or zip://::{without_secrets(uri)} for an archive (LOC-016)"
        )
    if model and not any(file.name == _MODEL for file in listing.files):
        raise ModelNotFound(
            f"{without_secrets(uri)}: there is no MLmodel file in it, so nothing was downloaded; "
            "give the URI of the folder of a saved model (LOC-016)"
        )


def _download(
    uri: str, fs: Any, listing: Listing, cache: Cache, limits: Limits, *, settled: bool
) -> Source:
    from datetime import UTC, datetime

    from mlmodel import _remote
    from mlmodel._cache import Source

    key = cache.key(uri)
    with cache.partial(key) as partial:
        try:
            _remote.download(fs, listing, partial, limits)
        except MlmodelError:
            raise
        except Exception as error:  # drivers raise whatever their libraries do
            raise _named(error, uri) from error
        digest = cache.keep(partial)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    name = listing.files[0].name if listing.single else ""
    source = Source(without_secrets(uri), digest, listing.state if settled else None, name, now)
    cache.remember(key, source)
    return source


# -- what went wrong --------------------------------------------------------------------------


def _silence(error: BaseException | None) -> BaseException | None:
    """Return the error that says that nobody answered; a store that says no has answered."""
    while error is not None:
        names = " ".join(kind.__name__ for kind in type(error).__mro__)
        if not isinstance(error, MlmodelError) and re.search("Connect|Timeout|gaierror", names):
            return error
        error = error.__cause__
    return None


def _named(error: Exception, uri: str) -> MlmodelError:
    """Return an error of the table for whatever a driver raised."""
    place = without_secrets(uri)
    if _silence(error) is not None:
        return UnreadableModel(f"{place} could not be reached: {_said(error)}.")
    if isinstance(error, FileNotFoundError):
        return ModelNotFound(f"{place}: there is nothing at this URI, or no right to see it.")
    if isinstance(error, OSError) and errno.errorcode.get(error.errno or 0) in _DISK:
        return WriteFailed(f"The download of {place} could not be written: {error.strerror}.")
    return UnreadableModel(f"{place} could not be read: {_said(error)}.")


def _said(error: BaseException) -> str:
    error = _silence(error) or error
    text = without_secrets(str(error)).partition("\n")[0][:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


# -- copies -----------------------------------------------------------------------------------


def _copy(found: Path, into: Path, name: str, *, model: bool) -> Path:
    """Copy a file or folder into ``into``; what is there already is used if it is equal."""
    import secrets
    import shutil

    if not found.exists():
        raise ModelNotFound(f"{found}: there is nothing to copy")
    if model and found.name == _MODEL and found.is_file():
        found, name = found.parent, found.absolute().parent.name
    target = into / name
    if os.path.lexists(target):
        if _is_equal(found, target):
            return target
        raise ModelExists(
            f"{target} exists already and is not what would be copied there; choose another "
            "folder, or remove it (LOC-014)"
        )
    partial = into / f".{name}.partial-{secrets.token_hex(4)}"
    try:
        into.mkdir(parents=True, exist_ok=True)
        if found.is_dir():
            shutil.copytree(found, partial, symlinks=True)
        else:
            shutil.copy2(found, partial)
        partial.rename(target)
    except OSError as error:
        reason = error.strerror or str(error)[:200]
        raise WriteFailed(f"{target} could not be written: {reason} (LOC-014).") from error
    finally:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return target


def _is_equal(one: Path, other: Path) -> bool:
    import filecmp

    from mlmodel._base.digest import manifest_of

    if one.is_file() or other.is_file():
        return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)
    try:
        return manifest_of(one).digest == manifest_of(other).digest
    except (InvalidModel, UnreadableModel):
        return False
