"""Downloads into the cache keyed by content (LOC-006 to LOC-011)."""

from __future__ import annotations

import errno
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mlmodel._base.extras import require
from mlmodel._base.settings import whole_number
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
    ARCHIVES,
    chain_of,
    is_uri,
    last_part,
    path_of_file_uri,
    refuse_tracked,
    scheme_of,
    secrets_of,
    shown_uri,
    without_secrets,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.document.paths import PathLike
    from mlmodel.store.locations.cache import Cache, Source
    from mlmodel.store.locations.remote import Limits, Listing

__all__ = ["on_this_machine"]

#: Schemes of fsspec that are no stores: what they read says where the data are, or their name
#: does, or they keep copies in places of their own (LOC-003).
_INDIRECT = frozenset({
    *("reference", "generic", "dir", "dask", "libarchive", "async_wrapper", "asyncwrapper"),
    *("blockcache", "cached", "filecache", "simplecache", "sync-wrapper", "pyscript"),
})  # fmt: skip
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
        whole_number("MLMODEL_DOWNLOAD_FILES", default.files, "LOC-006"),
        whole_number("MLMODEL_DOWNLOAD_BYTES", default.bytes, "LOC-006"),
    )


def on_this_machine(
    place: PathLike, limits: Limits | None, *, model: bool, single: bool = False
) -> tuple[Path, str]:
    """Return where on this machine a place is, downloaded if it must be, and the name of a copy.

    The name is empty where a copy is called as the path is. ``model`` says that the place is the
    folder of a model, or its MLmodel file; else it is any file or folder; ``single`` that it is
    a file.

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
    return _fetch(text, _limits(limits), model=model, single=single)


# -- the download -----------------------------------------------------------------------------


def _fetch(uri: str, limits: Limits, *, model: bool, single: bool) -> tuple[Path, str]:
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
        elif chain_of(uri)[0]:
            source = _unpacked(uri, cache, known, limits, model=model)
        else:
            source = _up_to_date(uri, cache, known, limits, model=model, single=single)
    return cache.path(source), source.name or last_part(uri)


def _offline() -> bool:
    return os.environ.get("MLMODEL_OFFLINE", "").lower() in ("1", "true", "yes", "on")


def _not_here(uri: str) -> NoReturn:
    raise UnreadableModel(
        f"{shown_uri(uri)} is not in the cache, and MLMODEL_OFFLINE forbids downloading it "
        "(LOC-011)"
    )


def _up_to_date(
    uri: str, cache: Cache, known: Source | None, limits: Limits, *, model: bool, single: bool
) -> Source:
    """Return the source as it is now, from the cache if nothing changed (LOC-010)."""
    try:
        asked = time.time()
        fs, listing = _listed(uri, limits, model=model, single=single)
    except Exception as error:  # drivers raise whatever their libraries do
        if known is None or _silence(error) is None or _refusal_in(error) is not None:
            if isinstance(error, MlmodelError):  # it would be its own cause
                raise
            raise _error_of_table(error, uri) from error
        warn_caller(
            f"{shown_uri(uri)} could not be reached ({_why_silent(error, uri)}); the copy "
            f"downloaded on {known.downloaded} is used (LOC-011)"
        )
        return known
    if known is not None and known.state is not None and known.state == listing.state:
        return known
    _require_files(uri, listing, model=model)
    return _download(uri, fs, listing, cache, limits, settled=listing.newest + _TOO_NEW < asked)


def _unpacked(
    uri: str, cache: Cache, known: Source | None, limits: Limits, *, model: bool
) -> Source:
    """Return the source of what is in an archive, which is on this machine whole (LOC-018)."""
    from mlmodel.store.locations import archives

    chain, rest = chain_of(uri)
    kind, inner = chain[0]
    place = uri.partition("::")[2]
    _check_schemes(uri, rest)
    asked = time.time()
    archive, _ = on_this_machine(place, limits, model=False, single=True)
    if not archive.is_file():
        raise ModelNotFound(
            f"{shown_uri(uri)}: there is no file {shown_uri(place) if is_uri(place) else archive}."
        )
    status = archive.stat()
    # What is in the cache has its digest in its path.
    state, settled = f"{archive}", True
    if not is_uri(place):
        state += f" {status.st_ino} {status.st_size} {status.st_mtime_ns}"
        settled = status.st_mtime + _TOO_NEW < asked
    if known is not None and known.state == state:
        return known

    def fill(partial: Path) -> str:
        try:
            single = archives.unpack(archive, kind, inner, partial, limits)
        except UnreadableModel as error:
            raise UnreadableModel(f"{shown_uri(uri)}: {error.message}") from error
        if model and not (partial / FILE_NAME).is_file():
            raise _no_model(uri)
        return single

    return _kept(uri, cache, fill, state if settled else None)


def _listed(uri: str, limits: Limits, *, model: bool, single: bool) -> tuple[Any, Listing]:
    """Return the file system of a URI and what it lists there."""
    from mlmodel.store.locations import remote

    fs, path = _file_system(uri, limits)
    fs.invalidate_cache()
    if not single and (model or _is_folder(fs, path)):
        return fs, remote.list_folder(fs, path, limits)
    return fs, remote.list_file(fs, path, limits)


def _check_schemes(uri: str, rest: str) -> str:
    """Return the scheme of the store in which a URI, or the archives of a chain, lie.

    Raises:
        UnsupportedModel: it is not known, or not one of a store (LOC-003).
        InvalidArgument: an archive is named that is nowhere.

    """
    registry = require("fsspec.registry", "remote")
    scheme = scheme_of(rest)
    if not rest or scheme in ARCHIVES:
        raise InvalidArgument(
            f"{shown_uri(uri)}: this does not say where the archive is; write "
            "zip://::model.zip, or zip://folder::https://host/model.zip (LOC-003)"
        )
    known = set(registry.available_protocols()) | set(registry.registry)
    known = {name for name in known if isinstance(name, str)} - _INDIRECT
    words = rest.partition(":")[0].lower()
    if scheme is None:
        scheme = words if words in _INDIRECT and "::" in rest else "file"
    if scheme not in known:
        raise UnsupportedModel(
            f"{shown_uri(uri)}: URIs of the scheme {scheme!r} are not read; those that are: "
            f"{', '.join(sorted(known))} (LOC-003)"
        )
    return scheme


def _file_system(uri: str, limits: Limits) -> tuple[Any, str]:
    """Return the file system of a URI and the path in it."""
    scheme = _check_schemes(uri, uri)
    core = require("fsspec.core", "remote")
    try:
        driver = core.get_filesystem_class(scheme)
    except ImportError as error:
        cause = error.__cause__
        lacking = (cause.name if isinstance(cause, ImportError) else None) or error.name
        raise MissingDependency(
            f"{shown_uri(uri)}: the driver of this store is not installed; it comes with: "
            f"pip install {(lacking or 'the package that fsspec names').partition('.')[0]} "
            f"({error}; LOC-003)"
        ) from error
    path = uri if "://" in uri else uri.replace(":", "://", 1)
    if driver.__module__ == "fsspec.implementations.http":
        from mlmodel.store.locations import web

        return web.file_system(driver, uri, limits.files), path
    # The driver is asked for by itself: fsspec would take a chain apart in its own way.
    options = driver._get_kwargs_from_urls(path)  # noqa: SLF001 - as fsspec does
    return driver(**options, skip_instance_cache=True), driver._strip_protocol(path)  # noqa: SLF001


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
            f"{shown_uri(uri)}: there are no files; give the URI of a folder that can be "
            f"listed, or zip://::{shown_uri(uri)} for an archive (LOC-016)"
        )
    if model and not any(file.name == FILE_NAME for file in listing.files):
        raise _no_model(uri)


def _no_model(uri: str) -> ModelNotFound:
    return ModelNotFound(
        f"{shown_uri(uri)}: there is no MLmodel file in it, so nothing was downloaded; "
        "give the URI of the folder of a saved model (LOC-016)"
    )


def _download(
    uri: str, fs: Any, listing: Listing, cache: Cache, limits: Limits, *, settled: bool
) -> Source:
    from mlmodel.store.locations import remote

    def fill(partial: Path) -> str:
        remote.download(fs, listing, partial, limits)
        if len(listing.files) > 1 and listing.state is not None:
            fs.invalidate_cache()
            if remote.list_folder(fs, listing.place, limits).state != listing.state:
                raise UnreadableModel(
                    f"{shown_uri(uri)} changed while it was downloaded, so what came may be of "
                    "two states; try again (LOC-029)."
                )
        return listing.files[0].name if listing.single else ""

    return _kept(uri, cache, fill, listing.state if settled else None)


def _kept(uri: str, cache: Cache, fill: Callable[[Path], str], state: str | None) -> Source:
    """Return the source of what ``fill`` writes into an empty folder and names, if it is a file."""
    from datetime import UTC, datetime

    from mlmodel.store.locations.cache import Source

    key = cache.key(uri)
    with cache.partial(key) as partial:
        try:
            name = fill(partial)
        except MlmodelError:
            raise
        except Exception as error:  # drivers raise whatever their libraries do
            raise _error_of_table(error, uri) from error
        digest = cache.keep(partial)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    source = Source(shown_uri(uri), digest, state, name, now)
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
    place = shown_uri(uri)
    refused = _refusal_in(error)
    if refused is not None:
        return UnreadableModel(f"{place} could not be read: {refused}.")
    if _silence(error) is not None:
        return UnreadableModel(
            f"{place} could not be reached: {_why_silent(error, uri)} (LOC-021)."
        )
    if isinstance(error, FileNotFoundError):
        return ModelNotFound(
            f"{place}: nothing was found at this URI, or access to it is not allowed."
        )
    if isinstance(error, OSError) and errno.errorcode.get(error.errno or 0) in _DISK:
        return WriteFailed(f"The download of {place} could not be written: {error.strerror}.")
    return UnreadableModel(f"{place} could not be read: {_said(error, uri)}.")


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


def _why_silent(error: BaseException, uri: str) -> str:
    """Return why nobody answered, in words; else what the driver says."""
    error = _silence(error) or error
    told = f"{type(error).__name__} {error} {getattr(error, 'os_error', '')!r}"
    return next((words for sign, words in _SILENCES if re.search(sign, told)), _said(error, uri))


def _said(error: BaseException, uri: str) -> str:
    """Return a driver's words, without what the URI says to the store alone (LOC-015)."""
    error = _silence(error) or error
    text = str(error).replace(uri, shown_uri(uri))
    for secret in secrets_of(uri):
        text = text.replace(secret, "…")
    text = without_secrets(text).partition("\n")[0][:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _refusal_in(error: Exception) -> str | None:
    from mlmodel.store.locations import web

    return web.refusal_in(error)
