"""How a PythonModel travels in a pickle: under the well-known names of MLflow (PYF-008).

The class is pickled with its base as ``mlflow.pyfunc.model.PythonModel``, so that MLflow loads
it, and that name in MLflow's pickles is mapped to ours, so that theirs load here; neither way
imports ``mlflow``.
"""

from __future__ import annotations

import sys
import sysconfig
import threading
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mlmodel._base.extras import require
from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument, UnsupportedModel
from mlmodel.pyfunc import python_model as python_models
from mlmodel.store.code_copy import place_in_the_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["aliases", "dumps", "warn_of_modules"]

_WELL_KNOWN_MODULE = "mlflow.pyfunc.model"
#: Ours that are pickled under MLflow's names.
_OURS: tuple[type, ...] = (
    python_models.PythonModel,
    python_models.PythonModelContext,
    python_models._FunctionPythonModel,  # noqa: SLF001 - its name is MLflow's
)
_dump_lock = threading.Lock()


class _MlflowName:
    """Stands in for a name of MLflow's own helpers that a pickle refers to but never needs."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None: ...

    def __setstate__(self, state: Any) -> None: ...

    def __getattr__(self, name: str) -> Any:
        raise UnsupportedModel(f"The model uses a part of MLflow that is not here ({name})")


class _Aliases(dict[tuple[str, str], object]):
    """MLflow's names in a pickle, mapped to ours; any other MLflow helper to an inert class."""

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or (
            isinstance(key, tuple) and str(key[0]).partition(".")[0] == "mlflow"
        )

    def __missing__(self, key: tuple[str, str]) -> object:
        module, name = key
        return type(name.rpartition(".")[2], (_MlflowName,), {"__module__": module})


def aliases() -> dict[tuple[str, str], object]:
    """Return what the well-known names of MLflow in a PythonModel's pickle stand for."""
    found = _Aliases({(_WELL_KNOWN_MODULE, cls.__name__): cls for cls in _OURS})
    found["mlflow.pyfunc", "PythonModel"] = python_models.PythonModel
    return found


def dumps(model: python_models.PythonModel) -> bytes:
    """Pickle ``model`` by value with its base under the well-known name (PYF-008)."""
    cloudpickle = require("cloudpickle", "predict")
    with _dump_lock, _well_known_names():
        try:
            data: bytes = cloudpickle.dumps(model, protocol=5)
        except Exception as error:
            raise InvalidArgument(
                f"The model of type {type(model).__qualname__} cannot be pickled: {error}. "
                "Load what cannot be pickled in load_context, from artifacts"
            ) from error
    return data


@contextmanager
def _well_known_names() -> Iterator[None]:
    """Let the pickler find our classes under MLflow's names, for one dump.

    A pickler writes a class by the name it can import it from, so for the time of the dump
    stand-ins of MLflow's modules hold ours; what was there before is put back.
    """
    names = ["mlflow", "mlflow.pyfunc", _WELL_KNOWN_MODULE]
    before = {name: sys.modules.get(name) for name in names}
    modules_before = [cls.__module__ for cls in _OURS]
    holder = ModuleType(_WELL_KNOWN_MODULE)
    for name in names:
        sys.modules[name] = holder if name == _WELL_KNOWN_MODULE else ModuleType(name)
    for cls in _OURS:
        setattr(holder, cls.__name__, cls)
        cls.__module__ = _WELL_KNOWN_MODULE
    try:
        yield
    finally:
        for cls, module in zip(_OURS, modules_before, strict=True):
            cls.__module__ = module
        for name, module_before in before.items():
            if module_before is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module_before


def warn_of_modules(model: python_models.PythonModel, code_paths: Iterable[Path]) -> set[str]:
    """Warn where the pickle names a module that another machine will not have (PYF-016).

    A class of an imported module is pickled by name. That is right for installed packages; a
    file beside the user's script has to be copied by ``code_paths``.

    Returns:
        The names of the top modules that it warned of.

    """
    warned = set()
    given = [path.resolve() for path in code_paths]
    function = getattr(model, "func", None)
    for defined in (*type(model).__mro__, function):
        module = sys.modules.get(getattr(defined, "__module__", None) or "")
        file = getattr(module, "__file__", None)
        if module is None or file is None or not _is_by_name(module):
            continue
        path = place_in_the_model(Path(file).resolve())
        if not any(path == one or path.is_relative_to(one) for one in [*given, *_installed()]):
            warn_caller(
                f"The model is saved with {getattr(defined, '__qualname__', defined)} by name "
                f"only, from the module {module.__name__} ({file}); give code_paths=[{file!r}] so "
                "that the file goes with the model (PYF-016)"
            )
            warned.add(module.__name__.partition(".")[0])
    return warned


def _is_by_name(module: ModuleType) -> bool:
    by_value: set[str] = require("cloudpickle", "predict").list_registry_pickle_by_value()
    parts = module.__name__.split(".")
    names = {".".join(parts[: n + 1]) for n in range(len(parts))}
    return module.__name__ != "__main__" and not names & by_value


def _installed() -> list[Path]:
    """Return the folders of installed packages, of Python, and of this library."""
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return [*(Path(one).resolve() for one in folders), Path(__file__).resolve().parents[1]]
