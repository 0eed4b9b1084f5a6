"""The two unpicklers: the one restricted by a scan, and the one for what is trusted.

Every unpickling of the library goes through here. Both take bytes that were read once.
"""

from __future__ import annotations

import importlib
import io
import pickle
import sys
from collections import ChainMap
from contextlib import suppress
from types import FunctionType
from typing import TYPE_CHECKING, Any

from mlmodel.errors import (
    InvalidModel,
    MissingDependency,
    MlmodelError,
    UnreadableModel,
    UntrustedModel,
)
from mlmodel.trust.pickles.arrow import REPLACED
from mlmodel.trust.pickles.containers import COMPRESSED, detect, expand, read_npy_header
from mlmodel.trust.pickles.findings import Malformed
from mlmodel.trust.pickles.installed import require_installed
from mlmodel.trust.pickles.moved import current_name, places, written_name
from mlmodel.trust.pickles.own import apart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlmodel.trust.pickles.findings import Recording, Scan
    from mlmodel.trust.pickles.names import Names
    from mlmodel.trust.pickles.own import OwnCode

__all__ = ["find_trusted", "guarded", "load_restricted", "load_trusted", "resolve"]

_WRAPPER = ("joblib.numpy_pickle", "NumpyArrayWrapper")


class _ArrayWrapper:
    """Stands for joblib's class: what the pickle says of the array that follows."""

    shape: tuple[int, ...]
    order: str
    dtype: Any
    numpy_array_alignment_bytes: int | None = None


def _array(wrapper: _ArrayWrapper, data: bytes, begin: int, size: int) -> Any:
    """Return the raw array of ``size`` bytes at ``begin``, in the machine's byte order."""
    import numpy as np

    dtype = np.dtype(wrapper.dtype)
    count = size // dtype.itemsize if dtype.itemsize else 0
    array = np.frombuffer(data, dtype=dtype, count=count, offset=begin).copy()
    if not dtype.isnative:
        array = array.astype(dtype.newbyteorder("="))
    return array.reshape(wrapper.shape, order="F" if wrapper.order == "F" else "C")


# Restricted ----------------------------------------------------------------------------------


class _Restricted(pickle.Unpickler):
    """Looks up only what the scan saw, in the order in which it saw it."""

    def __init__(
        self, data: bytes, recording: Recording, names: Names, found: dict[Any, Any]
    ) -> None:
        super().__init__(io.BytesIO(b"".join(recording.parts)))
        self._data = data
        self._expected = iter(recording.globals)
        self._arrays = iter(recording.arrays)
        self._names = names
        self._found = found

    def find_class(self, module: str, name: str) -> Any:
        current_module, current_name_, entry = self._names.find(module, name)
        place = (current_module, current_name_)
        if entry is None or place != next(self._expected, None):
            # The check and the unpickler read these bytes differently: trust neither.
            raise UntrustedModel(f"The name {module}.{name} was not seen when the file was checked")
        if place not in self._found:
            self._found[place] = resolve(place, entry.uses, self._names)
        return self._found[place]

    def persistent_load(self, pid: Any) -> Any:
        """Give the next raw array: the check alone writes persistent ids, one for each."""
        raw = next(self._arrays)
        if raw.nested is not None:
            return _Restricted(self._data, raw.nested, self._names, self._found).load()
        return _array(pid, self._data, raw.begin, raw.end - raw.begin)


def resolve(place: tuple[str, str], uses: frozenset[str], names: Names) -> Any:
    """Return what a name on the list, or one that the user allowed, is here (TRU-011, TRU-016).

    Raises:
        MissingDependency: it is not installed.
        UntrustedModel: something else is found under it.

    """
    module, name = place
    if place in names.aliases:
        return names.aliases[place]
    if place == _WRAPPER:
        return _ArrayWrapper
    if place in REPLACED:
        return REPLACED[place]
    if names.is_allowed(module, name):
        for where, _ in places(module, name):
            require_installed(where, names.root)
    found = _found(module, name)
    if names.is_allowed(module, name):
        if not isinstance(found, type) or (found.__module__, found.__qualname__) != place:
            raise UntrustedModel(
                f"{module}.{name} is allowed by name, but it is not a class defined in that module "
                "(TRU-016). Name the class where it is defined."
            )
    elif not _is_at_home(found, place, is_class="new" in uses):
        raise UntrustedModel(
            f"{module}.{name} is something else in the version that is installed (TRU-011)."
        )
    return found


def _found(module: str, name: str) -> Any:
    missing: Exception | None = None
    for place, path in places(module, name):
        try:
            found: Any = importlib.import_module(place)
            for part in path.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError) as error:
            missing = missing or error
        else:
            return found
    raise _missing(module, name) from missing


def _is_at_home(found: Any, place: tuple[str, str], *, is_class: bool) -> bool:
    """Whether a class is the one that is defined at its place, a function its library's own."""
    if isinstance(found, type):
        return place == current_name(found.__module__, found.__qualname__)
    # A partial or a ufunc does not say where it is from; it is what the library has there.
    own = (isinstance(found, FunctionType) and found.__module__) or place[0]
    library = current_name(own, place[1])[0].split(".")[0]
    return not is_class and library == place[0].split(".")[0]


def _missing(module: str, name: str) -> MissingDependency:
    """Return the error that tells a library that is not there from one of another version."""
    package = module.split(".", maxsplit=1)[0]
    library = sys.modules.get(package)
    if library is None:
        return MissingDependency(
            f"The model needs {name!r} of the module {module!r}, and {package!r} is not installed. "
            "Install what the model's requirements.txt names; if it is a module of your own, save "
            "the model with code_paths=[…]."
        )
    version = getattr(library, "__version__", None)
    return MissingDependency(
        f"The model needs {name!r} of the module {module!r}, which is not installed: "
        f"{f'{package} {version}' if isinstance(version, str) else package} has no such name, the "
        "version that saved the model had. Install the version that the model's requirements.txt "
        "names, or save the model again with yours."
    )


def load_restricted(
    scan: Scan,
    names: Names,
    file: str,
    stand_ins: Mapping[tuple[str, str], Callable[[str], type]] | None = None,
) -> Any:
    """Load a file that its scan allows, from the same bytes.

    ``stand_ins`` make the classes that stand for classes of the list while it is loaded, because
    these believe what their state says; they are told the file's name.

    Raises:
        InvalidModel: the objects cannot be rebuilt.
        MissingDependency: a library or name is not installed.
        UntrustedModel: the unpickler met what the scan had not seen.

    """
    recording = scan.recording
    if recording is None:
        return guarded(lambda: _npy(scan.data), file)
    found: dict[Any, Any] = {}
    for place, make in (stand_ins or {}).items():
        # What the user allowed by name may be what it is (TRU-005).
        if ".".join(place) in scan.names and not names.is_allowed(*place):
            found[place] = make(file)
    return guarded(lambda: apart(_Restricted(scan.data, recording, names, found).load), file)


def _npy(data: bytes) -> Any:
    import numpy as np

    header = read_npy_header(data)
    wrapper = _ArrayWrapper()
    wrapper.dtype = np.lib.format.descr_to_dtype(header.descr)
    wrapper.shape, wrapper.order = header.shape, "F" if header.fortran else "C"
    size = header.count * wrapper.dtype.itemsize
    if wrapper.dtype.hasobject or size != len(data) - header.start:
        raise Malformed("the data of the npy file do not fit its header")
    return _array(wrapper, data, header.start, size)


def guarded(load: Callable[[], Any], file: str) -> Any:
    """Run ``load``; whatever it raises becomes an error of the library that names the file."""
    try:
        return load()
    except MlmodelError:
        raise
    except MemoryError:
        raise UnreadableModel(
            f"{file} asks for more memory than there is, by numbers that it holds (TRU-059). "
            "Where the model is honest, load it on a machine with more."
        ) from None
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"Loading {file} needs the module {error.name!r}, which is not installed. "
            "Install what the model's requirements.txt names."
        ) from error
    except Exception as error:
        raise InvalidModel(
            f"The objects of {file} could not be rebuilt: {type(error).__name__}: {error}. "
            "The file is damaged, or was saved with other versions of its libraries."
        ) from error


# Trusted ---------------------------------------------------------------------------------------


def find_trusted(
    module: str,
    name: str,
    aliases: Mapping[tuple[str, str], object],
    find: Callable[[str, str], Any],
) -> Any:
    """Return what a trusted pickle says by a name, also where its library has moved it since.

    Raises:
        MissingDependency: a library has no such name, or is not installed.

    """
    if (module, name) in aliases:
        return aliases[module, name]
    for place in _moved_within_its_library(module, name):
        with suppress(ImportError, AttributeError):
            return find(*place)
    try:
        return find(module, name)
    except (ImportError, AttributeError) as error:
        moved = current_name(module, name)
        if moved != (module, name):
            return find_trusted(*moved, aliases, find)
        if isinstance(error, ModuleNotFoundError) and not module.startswith(error.name or "?"):
            raise
        raise _missing(module, name) from error


def _moved_within_its_library(module: str, name: str) -> list[tuple[str, str]]:
    """Return where a library has today what it had elsewhere: the old place may warn when asked."""
    moved, found = written_name(module, name)
    if module.startswith("numpy.core.") and (moved, found) == (module, name):
        moved = f"numpy._core.{module.removeprefix('numpy.core.')}"
    same_library = "." in module and moved.split(".")[0] == module.split(".", maxsplit=1)[0]
    return [(moved, found)] if same_library and moved != module and found == name else []


class _Trusted(pickle.Unpickler):
    """Loads whatever the pickle says; ``aliases`` come first."""

    def __init__(self, data: bytes, aliases: Mapping[tuple[str, str], object]) -> None:
        super().__init__(io.BytesIO(data))
        self._aliases = aliases

    def find_class(self, module: str, name: str) -> Any:
        return find_trusted(module, name, self._aliases, super().find_class)


class _TrustedJoblib(pickle._Unpickler):  # noqa: SLF001 - joblib's format needs the Python one
    """Loads a joblib stream: raw arrays stand between the opcodes."""

    dispatch = pickle._Unpickler.dispatch.copy()  # noqa: SLF001

    def __init__(
        self, data: bytes, file: io.BytesIO, aliases: Mapping[tuple[str, str], object]
    ) -> None:
        super().__init__(file)
        self._data = data
        self._file = file
        self._aliases = aliases

    def find_class(self, module: str, name: str) -> Any:
        if current_name(module, name) == _WRAPPER:
            return _ArrayWrapper
        return find_trusted(module, name, self._aliases, super().find_class)

    def load_build(self) -> None:
        apart(super().load_build)  # type: ignore[misc]
        wrapper = self.stack[-1]  # type: ignore[attr-defined]
        if isinstance(wrapper, _ArrayWrapper):
            self.stack[-1] = self._next_array(wrapper)  # type: ignore[attr-defined]

    dispatch[pickle.BUILD[0]] = load_build  # type: ignore[assignment]

    def _next_array(self, wrapper: _ArrayWrapper) -> Any:
        import numpy as np

        if wrapper.dtype.hasobject:
            return _TrustedJoblib(self._data, self._file, self._aliases).load()
        if wrapper.numpy_array_alignment_bytes is not None:
            self._file.seek(self._file.read(1)[0], io.SEEK_CUR)
        size = int(np.prod(wrapper.shape, dtype=np.int64)) * wrapper.dtype.itemsize
        begin = self._file.tell()
        self._file.seek(size, io.SEEK_CUR)
        return _array(wrapper, self._data, begin, size)


def load_trusted(
    data: bytes, aliases: dict[tuple[str, str], object], file: str, own: OwnCode
) -> Any:
    """Load a pickle, joblib or npy file that is trusted; this runs what it says.

    What ``own`` has goes before ``aliases``.

    Raises:
        InvalidModel: it cannot be rebuilt.
        MissingDependency: a module or name is not installed.

    """
    names: ChainMap[tuple[str, str], object] = ChainMap(own.names, aliases)
    return guarded(lambda: _load_trusted(data, names, own), file)


def _load_trusted(data: bytes, aliases: Mapping[tuple[str, str], object], own: OwnCode) -> Any:
    kind = detect(data)
    if kind in COMPRESSED:
        data = expand(data, kind)
    elif kind == "npy":
        header = read_npy_header(data)
        return (
            own.call(_Trusted(data[header.start :], aliases).load)
            if header.has_objects
            else _npy(data)
        )
    elif kind != "pickle":
        raise Malformed(f"it is of the kind {kind!r}, which is not a pickle")
    # Only joblib's own files hold the wrapper: others go the faster way.
    if b"NumpyArrayWrapper" in data:
        return own.call(_TrustedJoblib(data, io.BytesIO(data), aliases).load)
    return own.call(_Trusted(data, aliases).load)
