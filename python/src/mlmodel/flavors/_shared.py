"""What all flavors share: saving a native model, and loading one.

:func:`saver` and :func:`loader` make the public ``save_model`` and ``load_model`` of a flavor's
module of what is its own: the arguments, their defaults and what is said of them.
"""

from __future__ import annotations

import inspect
import os
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, Unpack

from mlmodel._absent import absent_name
from mlmodel.environment.pins import pinned
from mlmodel.environment.resolve import conda_of_pip
from mlmodel.errors import InvalidArgument
from mlmodel.flavors._autolog import autolog_of
from mlmodel.flavors._base import is_a_class
from mlmodel.flavors._classes import class_name, require_taken
from mlmodel.flavors._registry import is_of_this_program
from mlmodel.store.description import PYTHON_FUNCTION, Model
from mlmodel.store.folder import open_folder
from mlmodel.store.saving import Contents, SaveOptions, save_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from mlmodel.document.paths import PathLike
    from mlmodel.flavors._base import Flavor
    from mlmodel.scoring.engine import Engine

__all__ = [
    "absent_of",
    "defaults",
    "load_flavor",
    "loader",
    "require_order",
    "save_flavor",
    "saver",
]

P = ParamSpec("P")

_SAVE_RAISES = """
    Raises:
        InvalidArgument: the model or an argument is not accepted; nothing was written.
        ModelExists: ``path`` is taken.
        WriteFailed: disk full or no permission; nothing was left behind.
        MissingDependency: a library is not installed.

"""
_LOAD = """Return {native}; nothing is wrapped or enforced.

    Args:
        model_uri: the model's folder, or a URI of one.
        dst_path: an existing folder to copy the model into first, and to load it from.
        trust: run whatever the model's files contain (TRU-004).
        allow: classes, by exact qualified name, that may be loaded beside the known ones.

    Raises:
        ModelNotFound: there is no model.
        InvalidModel: it breaks rules of the format, or a file of it is damaged.
        UnreadableModel: it is there but cannot be read.
        UnsupportedModel: it has no such flavor, or is in a form that is not read.
        UntrustedModel: loading would run code that is not trusted; nothing was run.
        MissingDependency: a library of the model is not installed.

"""


class LoadModel(Protocol):
    """A flavor's ``load_model`` (PYF-019)."""

    def __call__(
        self,
        model_uri: PathLike,
        dst_path: PathLike | None = None,
        *,
        trust: bool = False,
        allow: Iterable[str] = (),
    ) -> Any: ...


def loader(flavor: Flavor, native: str) -> LoadModel:
    """Return the ``load_model`` of a flavor; ``native`` says what it returns, for its docstring."""

    def load_model(
        model_uri: PathLike,
        dst_path: PathLike | None = None,
        *,
        trust: bool = False,
        allow: Iterable[str] = (),
    ) -> Any:
        return load_flavor(flavor, model_uri, trust=trust, allow=allow, dst_path=dst_path)

    load_model.__module__, load_model.__qualname__ = type(flavor).__module__, "load_model"
    load_model.__doc__ = _LOAD.format(native=native)
    return load_model


def saver(flavor: Flavor) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make the ``save_model`` of a flavor of a function that has its signature and docstring alone.

    The signature is ``(<model>, path, <own arguments>, **shared: Unpack[SaveOptions])``. The own
    arguments reach :meth:`Flavor.save` as ``options``, with their defaults also where a model is
    saved by another way (``mlmodel.save``), so that the defaults stand here and nowhere else.
    """

    def made_of(declared: Callable[P, None]) -> Callable[P, None]:
        signature = inspect.signature(declared)
        _, _, *own, _ = signature.parameters.values()
        flavor.save_defaults = {parameter.name: parameter.default for parameter in own}

        @wraps(declared)
        def save_model(*args: P.args, **keywords: P.kwargs) -> None:
            declared(*args, **keywords)  # which has no body: Python says what of the call is wrong
            bound = signature.bind(*args, **keywords)
            bound.apply_defaults()
            model, path, *_, shared = bound.arguments.values()
            options = {name: bound.arguments[name] for name in flavor.save_defaults}
            save_flavor(flavor, model, path, options, **shared)

        save_model.__doc__ = f"{(declared.__doc__ or '').rstrip()}\n{_SAVE_RAISES}"
        return save_model

    return made_of


class DefaultRequirements(Protocol):
    """``get_default_pip_requirements`` of a flavor."""

    def __call__(self, include_cloudpickle: bool = False) -> list[str]: ...


class DefaultCondaEnv(Protocol):
    """``get_default_conda_env`` of a flavor."""

    def __call__(self, include_cloudpickle: bool = False) -> dict[str, Any]: ...


def defaults(module: str, packages: Sequence[str]) -> tuple[DefaultRequirements, DefaultCondaEnv]:
    """Return ``get_default_pip_requirements`` and ``get_default_conda_env`` of a module.

    ``packages`` are the distributions that every model of it needs.
    """

    def get_default_pip_requirements(include_cloudpickle: bool = False) -> list[str]:
        """Return what every model of this flavor needs, pinned to what is installed.

        ``save_model`` pins more: what loading the model and its example were seen to import.

        Args:
            include_cloudpickle: cloudpickle, too, for models that are pickled with it.

        """
        more = ("cloudpickle",) if include_cloudpickle else ()
        return pinned(dict.fromkeys((*packages, *more)))

    def get_default_conda_env(include_cloudpickle: bool = False) -> dict[str, Any]:
        """Return the same as a conda environment: a mapping as ``conda_env`` takes it."""
        return conda_of_pip(get_default_pip_requirements(include_cloudpickle))

    for function in (get_default_pip_requirements, get_default_conda_env):
        function.__module__, function.__qualname__ = module, function.__name__
    return get_default_pip_requirements, get_default_conda_env


def absent_of(flavor: Flavor) -> Callable[[str], Any]:
    """Return ``__getattr__`` of a flavor's module: MLflow's names that are not its own.

    ``autolog`` passes on to MLflow; the others say that they are not here.
    """
    autolog = autolog_of(flavor)

    def get(name: str) -> Any:
        if name == autolog.__name__:
            return autolog
        raise absent_name(f"mlmodel.{flavor.name}", name, place="*")

    return get


def load_flavor(
    flavor: Flavor,
    model_uri: PathLike,
    *,
    trust: bool = False,
    allow: Iterable[str] = (),
    dst_path: PathLike | None = None,
) -> Any:
    """Return the native model of ``flavor``."""
    folder = open_folder(model_uri, trust=trust, allow=allow, dst_path=dst_path)
    attributes = folder.attributes(flavor.name, *flavor.other_names)
    folder.use_code(attributes)
    with folder.loading(flavor.recorded(attributes)):
        return flavor.load(folder, attributes)


def require_order(model: object, path: object) -> None:
    """Raise InvalidArgument where a path was given as the model, and something else as the path."""
    paths = (str, bytes, os.PathLike)
    if isinstance(model, paths) and not isinstance(path, paths):
        raise InvalidArgument(
            f"The model comes first, and then the path; given were a path as the model and an "
            f"object of {class_name(path)} as the path (LOC-020)"
        )


def save_flavor(
    flavor: Flavor,
    model: Any,
    path: PathLike,
    options: Mapping[str, Any],
    **shared: Unpack[SaveOptions],
) -> Model:
    """Save a native model with its flavor and, where it predicts, as a python_function.

    ``options`` are arguments of the flavor's own; those left out have their defaults.
    """
    if isinstance(model, type) and not flavor.detects(model):
        raise is_a_class(model)
    require_order(model, path)
    require_taken(flavor, model)

    def write(root: Path) -> Contents:
        given = {**flavor.save_defaults, **options}
        if flavor.takes_example:
            given |= {key: shared.get(key) for key in ("input_example", "signature")}
        saved = flavor.save(model, root, given)
        flavors, predict = {flavor.name: saved.attributes, **saved.beside}, saved.predict
        if saved.python_function is not None:
            python_function = {"loader_module": flavor.loader_module, **saved.python_function}
            flavors[PYTHON_FUNCTION] = python_function
            predict = saved.predict or flavor.predictor(model, python_function)
        return Contents(
            flavors,
            saved.packages,
            predict,
            flavor.signature_kinds,
            observable=not is_of_this_program(flavor),
            reopen=partial(_reopened, flavor),
        )

    return save_folder(path, write, **shared)


def _reopened(flavor: Flavor, root: Path) -> Engine:
    """Return a model that was just written as python_function loads it (FID-003)."""
    from mlmodel.scoring.engine import Engine  # it needs pandas

    folder = open_folder(root, trust=True)
    python_function = folder.document.flavors.get(PYTHON_FUNCTION) or {}
    _, predict = flavor.open(folder, folder.attributes(flavor.name), python_function)
    return Engine(predict, folder.model.signature)
