"""The code that a model brings along: importable, and each model's own (PYF-006, PYF-013).

Python knows one module per name, and two models of one process may bring two. So a model's code
imports through an ``__import__`` of its own (:class:`ModelCode`), which stands in the builtins of
its modules and of the functions in its pickles. It keeps what the model has imported, and
``sys.modules`` holds, under a name that several models have, the module of the model that runs:
what asks there (pickles, dataclasses, a library that loads something for the model) finds it, too.

Python also writes ``__pycache__`` beside what it imports. In a model folder that would change the
folder's digest, and with it take away the trust that the digest stands for (TRU-030); so what
lies below a model's code folder is imported by a loader that writes nothing.
"""

from __future__ import annotations

import builtins
import importlib
import sys
import threading
import uuid
from contextlib import contextmanager, nullcontext
from functools import wraps
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    PathFinder,
    SourceFileLoader,
)
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from weakref import WeakValueDictionary

from mlmodel._base import places_of_models
from mlmodel._base.places_of_models import is_of_a_model
from mlmodel._base.warnings import warn_caller
from mlmodel.store import mlflow_names
from mlmodel.store.code_copy import require_hashed
from mlmodel.store.module_names import absolute_name, is_below, is_everyones, is_under, modules_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType

__all__ = ["ModelCode", "of_folder"]

P = ParamSpec("P")
R = TypeVar("R")

#: The code of the models that are loaded, by folder.
_codes: WeakValueDictionary[str, ModelCode] = WeakValueDictionary()
#: Whose modules ``sys.modules`` holds, by the name at the top.
_holders: dict[str, ModelCode] = {}
#: Held while ``sys.modules`` changes hands: for moments.
_swapping = threading.Lock()
#: Held while a model's module is imported, so that its names stay in place.
_importing = threading.RLock()


class _Thread(threading.local):
    #: How many modules of models this thread is running just now.
    running = 0
    #: Whether a model's code is asking for its own module.
    asks = False


_thread = _Thread()


class ModelCode:
    """What one model's code imports, and what it has imported.

    Args:
        path: the folder of its code; None for a model that brings none: its pickled functions
            and its file still import MLflow's names (PYF-011).

    """

    def __init__(self, path: str | None = None) -> None:
        self.path = path
        #: What Python's builtins are to the model's code.
        self.builtins: dict[str, Any] = {**vars(builtins), "__import__": self._import}
        #: The names at the top that are the model's.
        self._tops: set[str] = set()
        #: Those of them that Python's library or ours has, too: nobody else sees them (PYF-044).
        self._hidden: set[str] = set()
        self._modules: dict[str, ModuleType] = {}
        self._unfinished: set[str] = set()

    def import_module(self, name: str, package: str | None = None) -> ModuleType:
        """Import a module as ``importlib.import_module`` does, but the model's own one."""
        name = importlib.util.resolve_name(name, package)
        if self.has(name):
            # A module is looked up, and no attribute of its package.
            return self._own(name, None, None, ("__name__",), 0)
        return _Importlib(self) if name == "importlib" else mlflow_names.module(name)

    def import_by_name(self, name: str, package: str | None = None) -> ModuleType:
        """Import what a model's code asks ``importlib.import_module`` for (PYF-011, PYF-013)."""
        name = importlib.util.resolve_name(name, package)
        if self.has(name):
            return self.import_module(name)
        if name == "mlflow" or name.startswith("mlflow."):
            return mlflow_names.import_(name, fromlist=("__name__",))
        return importlib.import_module(name)

    def run_file(self, file: Path, source: bytes | None = None) -> ModuleType:
        """Run a Python file as a module of a name of its own, and return the module.

        ``source`` is its content, where that was read already.
        """
        name = f"mlmodel_code_{uuid.uuid4().hex}"
        loader = _Source(name, str(file), code=self, source=source)
        spec = spec_from_file_location(name, file, loader=loader)
        if spec is None or spec.loader is None:  # never for a loader that is given
            raise ImportError(f"{file} cannot be run", path=str(file))
        module = module_from_spec(spec)
        sys.modules[name] = module  # where dataclasses and pickles look for it
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        return module

    def has(self, name: str) -> bool:
        """Return whether a module of this name is the model's own."""
        return name.partition(".")[0] in self._tops

    def running(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return ``function`` called with the model's modules in place."""
        if not self._tops:
            return function

        @wraps(function)
        def call(*args: P.args, **keywords: P.kwargs) -> R:
            self.take(self._tops)
            return function(*args, **keywords)

        return call

    def take(self, tops: Iterable[str]) -> None:
        """Let ``sys.modules`` hold this model's modules under names that others have, too."""
        for top in tops:
            if _holders.get(top) is self:
                continue
            with _swapping:
                holder = _holders.get(top)
                for name, module in holder._under(top) if holder else ():  # noqa: SLF001
                    if sys.modules.get(name) is module:
                        del sys.modules[name]
                for name, module in () if top in self._hidden else self._under(top):
                    sys.modules.setdefault(name, module)
                _holders[top] = self

    def claim(self) -> None:
        """Make the folder's modules the model's, and put them in place.

        A module of the program itself stays, because its classes are in use there; when its file
        differs from the model's, that is said.
        """
        folder = Path(str(self.path))
        for name in modules_in(folder):
            if name not in self._tops and not _is_the_programs(name, folder):
                self._tops.add(name)
                if is_everyones(name, _elsewhere):
                    self._hidden.add(name)
        self.take(self._tops)

    @contextmanager
    def noting(self, module: ModuleType) -> Iterator[None]:
        """Keep a module of the folder that is run meanwhile."""
        name = module.__name__
        top = name.partition(".")[0]
        if top not in self._tops:
            yield
            return
        self._modules[name] = module
        self._unfinished.add(name)
        try:
            yield
        except BaseException:
            self._modules.pop(name, None)
            raise
        finally:
            self._unfinished.discard(name)
        self.take((top,))  # a model that was loaded meanwhile may have it
        self._modules[name] = sys.modules.get(name, module)

    def modules(self) -> list[ModuleType]:
        """Return what it has imported of its own."""
        return list(self._modules.values())

    def _under(self, top: str) -> list[tuple[str, ModuleType]]:
        return [one for one in self._modules.items() if is_under(one[0], top)]

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - the protocol's
        locals: Mapping[str, object] | None = None,  # noqa: A002 - the protocol's
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Import as ``__import__`` does: the model's own, MLflow's names, and all others."""
        if self.has(absolute_name(name, globals, level)):
            return self._own(name, globals, locals, fromlist or (), level)
        if not level and name.partition(".")[0] == "importlib":
            found = builtins.__import__(name, globals, locals, fromlist or (), level)
            return _Importlib(self) if found is importlib else found
        return mlflow_names.import_(name, globals, locals, fromlist, level)

    def _own(
        self,
        name: str,
        globals: Mapping[str, object] | None,  # noqa: A002 - the protocol's
        locals: Mapping[str, object] | None,  # noqa: A002 - the protocol's
        fromlist: Sequence[str],
        level: int,
    ) -> ModuleType:
        absolute = absolute_name(name, globals, level)
        top = absolute.partition(".")[0]
        self.take((top,))
        found = None if level else self._finished(absolute, top, fromlist)
        if found is not None:
            return found
        # Who runs a module holds Python's lock of that module, for which the holder of ours may
        # wait: so there ours is not waited for, and the end is looked at.
        with nullcontext() if _thread.running else _importing:
            while True:
                self.take((top,))
                with self._alone(top):
                    found = builtins.__import__(name, globals, locals, fromlist, level)
                    if self._got(absolute):
                        return found

    @contextmanager
    def _alone(self, top: str) -> Iterator[None]:
        """Let ``sys.modules`` hold the model's modules alone under a name, for one import.

        Those that the program has imported since under it are back afterwards.
        """
        others = {
            name: module
            for name, module in list(sys.modules.items())
            if is_under(name, top) and not _is_of_a_model(module)
        }
        for name in others:
            del sys.modules[name]
        before, _thread.asks = _thread.asks, True
        for name, module in self._under(top):
            sys.modules.setdefault(name, module)
        try:
            yield
        finally:
            _thread.asks = before
            # What is imported within an import of the model's is needed there until its end.
            for gone in () if before else self._hidden | ({top} if others else set()):
                for name, module in self._under(gone):
                    if sys.modules.get(name) is module:
                        del sys.modules[name]
            sys.modules.update(others)

    def _finished(self, name: str, top: str, fromlist: Sequence[str]) -> ModuleType | None:
        """Return what an import gives that has nothing to do any more, or None."""
        module = self._modules.get(name)
        if module is None or self._unfinished:
            return None
        if not fromlist:
            return self._modules.get(top)
        return module if all(part != "*" and hasattr(module, part) for part in fromlist) else None

    def _got(self, name: str) -> bool:
        """Return whether an import found the model's own module; its packages are noted."""
        parts = name.split(".")
        for name_ in (".".join(parts[: n + 1]) for n in range(len(parts))):
            module = sys.modules.get(name_)
            if module is None or self._modules.get(name_) is module:
                continue
            if not self._holds(module):
                return False
            self._modules[name_] = module
        return True

    def _holds(self, module: ModuleType) -> bool:
        file = getattr(module, "__file__", None)
        places = [file] if file else list(getattr(module, "__path__", ()))
        return not places or any(is_below(str(place), str(self.path)) for place in places)


#: The code of a model that brings none.
_NOTHING = ModelCode()


def of_folder(folder: Path | None) -> ModelCode:
    """Return the code of a model, with its folder on the import path, behind all others.

    The model itself finds its own modules first, wherever the folder stands (PYF-044).

    Args:
        folder: the folder of its code, to be imported from for the rest of the process; None
            where it brings none.

    """
    if folder is None:
        return _NOTHING
    path = str(folder.resolve())
    if _Held not in sys.meta_path:
        sys.path_hooks.insert(0, _finder)
        sys.meta_path.insert(0, _Held)
    places_of_models.add(path)
    sys.path_importer_cache.pop(path, None)
    if path not in sys.path:
        sys.path.append(path)
    with _importing:
        code = _codes.get(path)
        if code is None:
            code = _codes[path] = ModelCode(path)
        code.claim()
    return code


# -- how Python gets at the files -----------------------------------------------------------------


@contextmanager
def _run_by(module: ModuleType, path: str, code: ModelCode | None = None) -> Iterator[None]:
    """Let a module of a model's folder run with what its code imports."""
    if code is None:
        code = next((one for one in _codes.values() if is_below(path, str(one.path))), _NOTHING)
    module.__dict__["__builtins__"] = code.builtins
    _thread.running += 1
    try:
        with code.noting(module):
            yield
    finally:
        _thread.running -= 1


class _Source(SourceFileLoader):
    """Loads a Python file of a model; ``code``, where the file is none of its folder of code."""

    def __init__(
        self,
        fullname: str,
        path: str,
        *,
        code: ModelCode | None = None,
        source: bytes | None = None,
    ) -> None:
        super().__init__(fullname, path)
        self._code, self._given = code, source

    def get_code(self, fullname: str) -> CodeType:
        """Compile the source: a bytecode file is neither read nor written (PYF-043)."""
        path = self.get_filename(fullname)
        given = self.get_data(path) if self._given is None else self._given
        require_hashed(path, given)
        return self.source_to_code(given, path)

    def exec_module(self, module: ModuleType) -> None:
        with _run_by(module, str(self.path), self._code):
            super().exec_module(module)


class _Extension(ExtensionFileLoader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        require_hashed(str(self.path))
        return super().create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        with _run_by(module, str(self.path)):
            super().exec_module(module)


class _Held:
    """Finds a module at the top in the folder of the model that holds its name."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        holder = None if path is not None else _holders.get(name)
        if holder is None:
            return None
        if not _thread.asks:
            # To the program a model's modules are there only where it has none of that name.
            spec = _elsewhere(name, target)
            if spec is not None and (spec.has_location or spec.loader is not None):
                return spec
        spec = PathFinder.find_spec(name, [str(holder.path)], target)
        if (
            spec is not None
            and spec.submodule_search_locations is not None
            and not spec.has_location
        ):
            # Python would look for more of it in the folders of other models.
            spec.submodule_search_locations = _Places(spec.submodule_search_locations)
        return spec


def _elsewhere(name: str, target: ModuleType | None = None) -> ModuleSpec | None:
    """Find a module at the top as Python would without the models."""
    others = [one for one in sys.path if not is_of_a_model(one)]
    for finder in list(sys.meta_path):
        if finder is _Held:
            continue
        path = others if finder is PathFinder else None
        spec = finder.find_spec(name, path, target)
        if spec is not None:
            return spec
    return None


class _Places(list[str]):
    def __repr__(self) -> str:
        return f"_NamespacePath({super().__repr__()})"  # which importlib.resources looks for


class _Importlib(ModuleType):
    """``importlib`` for a model's code: the same, but for what imports by a name."""

    def __init__(self, code: ModelCode) -> None:
        super().__init__("importlib")
        self.import_module = code.import_by_name
        self.__import__ = code.builtins["__import__"]
        self._code = code

    def reload(self, module: ModuleType) -> ModuleType:
        """Run a module again."""
        top = module.__name__.partition(".")[0]
        self._code.take({top} & self._code._tops)  # noqa: SLF001 - one thing with it
        return importlib.reload(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return importlib.import_module, ("importlib",)


def _finder(path: str) -> FileFinder:
    if not is_of_a_model(path):
        raise ImportError(f"{path} is not a model's code", path=path)
    return FileFinder(path, (_Extension, EXTENSION_SUFFIXES), (_Source, SOURCE_SUFFIXES))


def _is_of_a_model(module: ModuleType) -> bool:
    places = [getattr(module, "__file__", None) or "", *(getattr(module, "__path__", None) or ())]
    return any(module is one for code in _codes.values() for one in code.modules()) or any(
        is_of_a_model(str(place)) for place in places
    )


def _is_the_programs(name: str, folder: Path) -> bool:
    """Return whether a name stays the program's, or an installed package's; warn if it matters."""
    taken = [one for one in sys.modules if is_under(one, name)]
    # A namespace package has no file of its own; its modules have.
    files = [Path(file) for one in taken if (file := getattr(sys.modules[one], "__file__", None))]
    package = folder / name / "__init__.py"
    own = package if package.is_file() else folder / f"{name}.py"
    if all(is_of_a_model(str(file.parent)) for file in files):
        if own.is_file() or not (folder / name).is_dir():
            return False
        # A folder without __init__.py gives way to a package, or is one with others' folders.
        return _elsewhere(name) is not None
    origin = getattr(sys.modules.get(name), "__file__", None)
    if origin is None or not own.is_file():
        return True
    if Path(origin).is_file() and own.read_bytes() != Path(origin).read_bytes():
        warn_caller(
            f"The model has its own module {name!r}, but this program has already imported another "
            f"module of that name from {origin}, and the model will use that one; load the model "
            "in a separate process (PYF-013)"
        )
    return True
