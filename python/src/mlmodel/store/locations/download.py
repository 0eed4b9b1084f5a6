"""Downloads into the cache keyed by content (LOC-006 to LOC-011)."""

from __future__ import annotations

import errno
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mlmodel._base.extras import require
from mlmodel._base.warnings import warn_caller
from mlmodel.document.paths import FILE_NAME
from mlmodel.errors import (
    InvalidArgument,
    MissingDependency,
    MlmodelError,
    ModelNotFound,
    UnreadableModel,
    UnsupportedModel,
    WriteFailed,
)
from mlmodel.store.locations.uris import (
    SCHEME,
    is_uri,
    last_part,
    path_of_file_uri,
    refuse_tracked,
    scheme_of,
    without_secrets,
)

if TYPE_CHECKING:
    from mlmodel.document.paths import PathLike
    from mlmodel.store.locations.cache import Cache, Source
    from mlmodel.store.locations.remote import Limits, Listing

__all__ = ["on_this_machine"]

#: Schemes of fsspec whose content says where on which machine the data are (LOC-003).
_INDIRECT = frozenset({"reference"})
#: Schemes of archives, which lie in what the rest of a chain names.
_ARCHIVES = frozenset({"zip", "tar", "libarchive"})
_NO_PAGE = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".7z")
#: A file written so shortly before the listing may be written again unseen (in seconds).
_TOO_NEW = 3.0
#: Errors of the local disk; any other comes from the store.
_DISK = frozenset({"ENOSPC", "EDQUOT", "EFBIG", "EROFS"})


def _limits(given: Limits | None) -> Limits:
    from mlmodel.store.locations.remote import Limits

    if given is not None:
        return given
    default = Limits()
    return Limits(
        _number_in_environment("MLMODEL_DOWNLOAD_FILES", default.files),
        _number_in_environment("MLMODEL_DOWNLOAD_BYTES", default.bytes),
    )


def _number_in_environment(variable: str, default: int) -> int:
    text = os.environ.get(variable, "")
    if text and not (text.isascii() and text.isdigit()):
        raise InvalidArgument(f"{variable} is {text!r}; a whole number is expected (LOC-006)")
    return int(text) if text else default


def on_this_machine(place: PathLike, limits: Limits | None, *, model: bool) -> tuple[Path, str]:
    """Return where on this machine a place is, downloaded if it must be, and the name of a copy.

    The name is empty where a copy is called as the path is. ``model`` says that the place is the
    folder of a model, or its MLmodel file; else it is any file or folder.

    Raises:
        InvalidArgument, UnsupportedModel: nothing can be downloaded from there (LOC-001 to -003).
        ModelNotFound, UnreadableModel, WriteFailed: the download failed.

    """
    text = os.fspath(place)
    scheme = scheme_of(text)
    if scheme is None:
        return Path(text), ""
    if scheme == "file":
        return path_of_file_uri(text), ""
    refuse_tracked(scheme, text)
    return _fetch(text, _limits(limits), model=model)


# -- the download -----------------------------------------------------------------------------


def _fetch(uri: str, limits: Limits, *, model: bool) -> tuple[Path, str]:
    """Return the place in the cache, and the name that a copy has."""
    from mlmodel.store.locations.cache import Cache

    if model:
        uri = uri.removesuffix("/" + FILE_NAME)
    cache = Cache()
    key = cache.key(uri)
    with cache.locked(key):
        known = cache.source(key)
        if _offline():
            source = known or _not_here(uri)
        else:
            source = _up_to_date(uri, cache, known, limits, model=model)
    return cache.path(source), source.name or last_part(uri)


def _offline() -> bool:
    return os.environ.get("MLMODEL_OFFLINE", "").lower() in ("1", "true", "yes", "on")


def _not_here(uri: str) -> NoReturn:
    raise UnreadableModel(
        f"{without_secrets(uri)} is not in the cache, and MLMODEL_OFFLINE forbids downloading it "
        "(LOC-011)"
    )


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
            raise _error_of_table(error, uri) from error
        warn_caller(
            f"{without_secrets(uri)} could not be reached ({_why_silent(error)}); the copy "
            f"downloaded on {known.downloaded} is used (LOC-011)"
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
        return _list_in_store(uri, limits, model=model)
    except (MlmodelError, FileNotFoundError):
        raise
    except Exception as error:  # drivers raise whatever their libraries do
        first, _, archive = uri.partition("::")
        if scheme_of(first) not in _ARCHIVES or not is_uri(archive) or _silence(error):
            raise
    return _list_in_store(
        f"{first}::file://{on_this_machine(archive, limits, model=False)[0]}", limits, model=model
    )


def _file_system(uri: str) -> tuple[Any, str]:
    """Return the file system of a URI and the path in it."""
    core = require("fsspec.core", "remote")
    registry = require("fsspec.registry", "remote")
    schemes = {m[1].lower() for link in uri.split("::") if (m := SCHEME.match(link))}
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


def _list_in_store(uri: str, limits: Limits, *, model: bool) -> tuple[Any, Listing]:
    from mlmodel.store.locations import remote

    fs, path = _file_system(uri)
    fs.invalidate_cache()
    if model or _is_folder(fs, path):
        return fs, remote.list_folder(fs, path, limits)
    return fs, remote.list_file(fs, path, limits)


def _is_folder(fs: Any, path: str) -> bool:
    from mlmodel.store.locations.remote import is_web

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
    if model and not any(file.name == FILE_NAME for file in listing.files):
        raise ModelNotFound(
            f"{without_secrets(uri)}: there is no MLmodel file in it, so nothing was downloaded; "
            "give the URI of the folder of a saved model (LOC-016)"
        )


def _download(
    uri: str, fs: Any, listing: Listing, cache: Cache, limits: Limits, *, settled: bool
) -> Source:
    from datetime import UTC, datetime

    from mlmodel.store.locations import remote
    from mlmodel.store.locations.cache import Source

    key = cache.key(uri)
    with cache.partial(key) as partial:
        try:
            remote.download(fs, listing, partial, limits)
        except MlmodelError:
            raise
        except Exception as error:  # drivers raise whatever their libraries do
            raise _error_of_table(error, uri) from error
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


def _error_of_table(error: Exception, uri: str) -> MlmodelError:
    """Return an error of the table for whatever a driver raised."""
    place = without_secrets(uri)
    if _silence(error) is not None:
        return UnreadableModel(f"{place} could not be reached: {_why_silent(error)} (LOC-021).")
    if isinstance(error, FileNotFoundError):
        return ModelNotFound(
            f"{place}: nothing was found at this URI, or access to it is not allowed."
        )
    if isinstance(error, OSError) and errno.errorcode.get(error.errno or 0) in _DISK:
        return WriteFailed(f"The download of {place} could not be written: {error.strerror}.")
    return UnreadableModel(f"{place} could not be read: {_said(error)}.")


#: What to say of a driver's words about an unreachable host; the first that fits.
_SILENCES = (
    (
        r"gaierror|Name or service|name resolution|getaddrinfo|nodename|resolve",
        "its host is not known",
    ),
    (r"Refused|refused", "its host refuses the connection"),
    (r"Timeout|timed out", "its host did not answer in time"),
    (r"unreachable|No route", "there is no way to its host in the network"),
    (r"SSL|certificate", "the certificate of its host is not accepted"),
)


def _why_silent(error: BaseException) -> str:
    """Return why nobody answered, in words; else what the driver says."""
    error = _silence(error) or error
    told = f"{type(error).__name__} {error} {getattr(error, 'os_error', '')!r}"
    return next((words for sign, words in _SILENCES if re.search(sign, told)), _said(error))


def _said(error: BaseException) -> str:
    error = _silence(error) or error
    text = without_secrets(str(error)).partition("\n")[0][:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
