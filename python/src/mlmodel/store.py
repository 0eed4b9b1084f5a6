"""Saves and loads a model folder: what all flavors share, written once.

Saving happens in a hidden folder beside the target, which is renamed into place when all is
there (DIR-005): a killed save leaves no half model. Loading reads the MLmodel file, checks
it, and hands the flavor a :class:`ModelFolder`, whose ``file`` never leaves the folder and
whose ``gate`` decides what may run.
"""

from __future__ import annotations

import os
import platform
import re
import secrets
import shutil
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from mlmodel import document, environment
from mlmodel._code import put_on_path
from mlmodel.document.document import FILE_NAME
from mlmodel.errors import (
    InvalidArgument,
    InvalidModel,
    MlmodelError,
    ModelExists,
    ModelNotFound,
    UnsupportedModel,
    WriteFailed,
)
from mlmodel.model import PYTHON_FUNCTION, Model
from mlmodel.trust import Gate, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mlmodel.document import Document
    from mlmodel.flavors._base import Flavor, Predict
    from mlmodel.signature.types import ModelSignature

__all__ = [
    "Contents",
    "ModelFolder",
    "PathLike",
    "SaveOptions",
    "load_flavor",
    "open_folder",
    "save_flavor",
    "save_folder",
]

PathLike = str | os.PathLike[str]

#: Where user code is copied to, the `code` attribute of python_function (PYF-006).
CODE_FOLDER = "code"


class SaveOptions(TypedDict, total=False):
    """The keywords that every flavor's ``save_model`` takes (row 23 of the editions)."""

    #: Inputs, outputs and parameters; inferred from ``input_example`` if absent.
    signature: ModelSignature | None
    #: DataFrame, ndarray, dict or list that the model can score.
    input_example: Any
    #: A conda environment (mapping or path of a YAML file); excludes the two below.
    conda_env: Mapping[str, Any] | PathLike | None
    #: Requirement lines, or the path of a requirements file, instead of the default ones.
    pip_requirements: Sequence[str] | PathLike | None
    #: Requirement lines beside the default ones.
    extra_pip_requirements: Sequence[str] | PathLike | None
    #: Python files and packages that the model imports; copied, and on the path when loading.
    code_paths: Sequence[PathLike] | None
    #: Anything YAML can hold, kept under ``metadata``.
    metadata: Mapping[str, Any] | None
    #: The run that made the model.
    run_id: str | None
    #: Replace an existing model; the old one is moved aside only when the new one is whole.
    overwrite: bool


@dataclass(frozen=True, slots=True)
class Contents:
    """What was written into a new folder: flavors with their attributes, packages, prediction.

    ``packages`` are the distributions of the default environment (ENV-003); ``predict`` is how
    the model predicts, to infer the outputs of the signature from the example.
    """

    flavors: Mapping[str, Mapping[str, Any]]
    packages: Sequence[str] = ()
    predict: Predict | None = None


@dataclass(frozen=True)
class ModelFolder:
    """A saved model on disk, read and checked but not loaded."""

    root: Path
    document: Document
    gate: Gate

    @cached_property
    def model(self) -> Model:
        """The MLmodel file as an object."""
        return Model.from_dict(self.document.data)

    def attributes(self, flavor: str) -> dict[str, Any]:
        """Return the attributes of ``flavor``.

        Raises:
            UnsupportedModel: the model lacks it; the message lists what it has.

        """
        flavors: dict[str, Any] = self.document.data.get("flavors") or {}
        if flavor not in flavors:
            raise UnsupportedModel(
                f"{self.root}: the model has no {flavor} flavor; "
                f"it has {', '.join(flavors) or 'none'}"
            )
        return flavors[flavor] or {}

    def use_code(self, attributes: Mapping[str, Any]) -> None:
        """Make the code that ``attributes`` name importable; for trusted folders only (PYF-006)."""
        code = attributes.get("code")
        if not code:
            return
        path = self.file(code)
        self.gate.require_trust("code that the model brings along", code)
        put_on_path(path)

    def file(self, relative: str) -> Path:
        """Return the path of a file or folder that the MLmodel file names (DIR-003, DIR-004).

        Raises:
            InvalidModel: the path leads out of the folder, or there is nothing.

        """
        path = document.resolve_inside(self.root, relative)
        if not path.exists():
            raise InvalidModel(
                f"{self.root}: the MLmodel file names {relative!r}, which is not there (DIR-003)"
            )
        return path


def open_folder(
    model_uri: PathLike, *, trust: bool = False, allow: Iterable[str] = ()
) -> ModelFolder:
    """Read and check a model folder (or the path of its MLmodel file); nothing is loaded.

    Raises:
        ModelNotFound: there is no such folder, or no MLmodel file in it.
        InvalidModel: the MLmodel file breaks the format; ``details`` lists all violations.
        UnreadableModel: it is there but cannot be read.

    """
    given = _local(model_uri)
    file = document.model_file(given)
    if not file.exists():
        what = "no MLmodel file in it" if given.is_dir() else "no such folder"
        raise ModelNotFound(f"{given}: there is {what}; give the folder of a saved model")
    read = document.require_valid(file)
    root = document.folder_of(file)
    return ModelFolder(root, read, Gate.for_folder(root, trust=trust, allow=allow))


def _local(model_uri: PathLike) -> Path:
    """Return the path that a URI means; only paths and ``file:`` are read so far."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", os.fspath(model_uri))
    if scheme is None or Path(model_uri).exists():
        return Path(model_uri)
    if scheme[1].lower() != "file":
        raise UnsupportedModel(
            f"{model_uri}: URIs of the scheme {scheme[1]!r} are not read by this version; "
            "give the path of a model's folder"
        )
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    return Path(url2pathname(urlsplit(os.fspath(model_uri)).path))


def load_flavor(
    flavor: Flavor, model_uri: PathLike, *, trust: bool = False, allow: Iterable[str] = ()
) -> Any:
    """Return the native model of ``flavor``."""
    folder = open_folder(model_uri, trust=trust, allow=allow)
    attributes = folder.attributes(flavor.name)
    folder.use_code(attributes)
    return flavor.load(folder, attributes)


def save_flavor(
    flavor: Flavor,
    model: Any,
    path: PathLike,
    options: Mapping[str, Any],
    **shared: Unpack[SaveOptions],
) -> Model:
    """Save a native model with its flavor and, where it predicts, as a python_function."""

    def write(root: Path) -> Contents:
        saved = flavor.save(model, root, options)
        if saved.python_function is None:
            return Contents({flavor.name: saved.attributes}, saved.packages)
        python_function = {"loader_module": flavor.loader_module, **saved.python_function}
        return Contents(
            {flavor.name: saved.attributes, PYTHON_FUNCTION: python_function},
            saved.packages,
            flavor.predictor(model, python_function),
        )

    return save_folder(path, write, **shared)


def save_folder(
    path: PathLike, write: Callable[[Path], Contents], **shared: Unpack[SaveOptions]
) -> Model:
    """Write a model folder, whole or not at all.

    Args:
        path: the folder to make.
        write: called with the folder to fill; says what it wrote.
        **shared: see :class:`SaveOptions`.

    Raises:
        InvalidArgument: what was given does not make a valid model; nothing was written.
        ModelExists, WriteFailed: see :class:`SaveOptions` and :mod:`mlmodel.errors`.

    """
    _check_options(shared)
    target = Path(path).absolute()
    with _new_folder(target, overwrite=shared.get("overwrite", False)) as root:
        contents = write(root)
        example = shared.get("input_example")
        signature = _signature(shared.get("signature"), example, contents.predict)
        example_info = _write_example(example, root, signature)
        env = environment.resolve(
            conda_env=_as_path(shared.get("conda_env")),
            pip_requirements=_as_path(shared.get("pip_requirements")),
            extra_pip_requirements=_as_path(shared.get("extra_pip_requirements")),
            default_packages=["numpy", "pandas", *contents.packages],
        )
        environment.write(env, root)
        code = _copy_code(shared.get("code_paths"), root)
        model = Model.new(
            flavors=_with_shared(contents.flavors, code),
            signature=signature,
            saved_input_example_info=example_info,
            metadata=shared.get("metadata"),
            run_id=shared.get("run_id"),
            model_size_bytes=_size(root),
        )
        document.write(model.to_dict(), root / FILE_NAME)
        _require_valid(root)
    record(target, "saved by this user")
    return model


def _check_options(shared: Mapping[str, Any]) -> None:
    unknown = sorted(set(shared) - set(SaveOptions.__annotations__))
    if unknown:
        raise InvalidArgument(
            f"save_model takes no argument {', '.join(map(repr, unknown))}; "
            f"the shared ones are {', '.join(SaveOptions.__annotations__)}"
        )


def _as_path(given: Any) -> Any:
    return Path(given) if isinstance(given, os.PathLike) else given


def _require_valid(root: Path) -> None:
    """Nothing is put in place that ``validate`` would refuse."""
    errors = document.validate(root).errors
    if errors:
        raise InvalidArgument(
            "What was given makes no valid model, and was not saved",
            [replace(error, file=Path(error.file or "").name) for error in errors],
        )


def _signature(
    given: ModelSignature | None, example: Any, predict: Predict | None
) -> ModelSignature | None:
    """Return the signature: the given one, else what the example and its prediction show."""
    if given is not None or example is None:
        return given
    from mlmodel.signature.example import as_model_input
    from mlmodel.signature.infer import infer_signature

    model_input = as_model_input(example)
    try:
        outputs = None if predict is None else predict(model_input, None)
    except Exception as error:  # noqa: BLE001 - a model's own code may raise anything
        warnings.warn(
            f"The model could not score its input_example ({type(error).__name__}: {error}); "
            "the signature is saved without outputs",
            stacklevel=5,
        )
        outputs = None
    return infer_signature(model_input, outputs)


def _write_example(
    example: Any, root: Path, signature: ModelSignature | None
) -> dict[str, Any] | None:
    if example is None:
        return None
    from mlmodel.signature.example import write_example

    return write_example(example, root, signature)


def _with_shared(
    flavors: Mapping[str, Mapping[str, Any]], code: str | None
) -> dict[str, dict[str, Any]]:
    """Add to the flavors' attributes what is the same for all: code, and the environment."""
    made = {name: {**attributes, "code": code} for name, attributes in flavors.items()}
    if PYTHON_FUNCTION in made:
        made[PYTHON_FUNCTION] |= {
            "env": dict(environment.ENV_FILES),
            "python_version": platform.python_version(),
        }
    return made


def _copy_code(code_paths: Sequence[PathLike] | None, root: Path) -> str | None:
    if not code_paths:
        return None
    if isinstance(code_paths, str | os.PathLike):
        raise InvalidArgument("code_paths is a list of paths, not one path")
    target = root / CODE_FOLDER
    target.mkdir()
    for source in map(Path, code_paths):
        if not source.exists():
            raise InvalidArgument(f"code_paths: {source} does not exist")
        copy_into(source, target)
    return CODE_FOLDER


def copy_into(source: Path, folder: Path) -> Path:
    """Copy a file or folder into ``folder`` and return the copy.

    What links point to is copied, so that the copy stands alone; the name is the link's.
    """
    # `.` and `..` name nothing by themselves.
    target = folder / (source.name if source.name not in {"", ".."} else source.resolve().name)
    if target.exists():
        raise InvalidArgument(f"Two paths to copy have the name {target.name!r}; rename one")
    if not source.is_dir():
        shutil.copy2(source, target)
        return target
    if folder.resolve().is_relative_to(source.resolve()):
        raise InvalidArgument(
            f"{source} cannot be copied into the model, because the model is saved inside it; "
            "save the model elsewhere, or name what is needed of that folder"
        )
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    return target


def _size(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


@contextmanager
def _new_folder(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a hidden folder beside ``target`` and rename it into place at the end (DIR-005)."""
    _check_target(target, overwrite=overwrite)
    partial = target.parent / f".{target.name}.partial-{secrets.token_hex(4)}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
        yield partial
        _put_in_place(partial, target)
    except MlmodelError:
        raise
    except OSError as error:
        raise WriteFailed(
            f"The model could not be written to {target}: {_reason(error)}; nothing was left behind"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _check_target(target: Path, *, overwrite: bool) -> None:
    if not _is_taken(target):
        return
    if not overwrite:
        raise ModelExists(f"{target} exists already; choose another path or pass overwrite=True")
    if not (target / FILE_NAME).is_file():
        raise ModelExists(f"{target} exists already and is no model, so it is not overwritten")


def _reason(error: OSError) -> str:
    if isinstance(error, shutil.Error):  # holds one (source, target, reason) per file
        source, _, reason = error.args[0][0]
        return f"{source}: {reason}"
    return error.strerror or str(error)


def _is_taken(target: Path) -> bool:
    return target.is_symlink() or (
        target.exists() and not (target.is_dir() and not any(target.iterdir()))
    )


def _put_in_place(partial: Path, target: Path) -> None:
    if not _is_taken(target):
        partial.replace(target)  # an empty folder is replaced in one step
        return
    old = target.parent / f".{target.name}.old-{secrets.token_hex(4)}"
    target.rename(old)
    try:
        partial.rename(target)
    except OSError:
        old.rename(target)
        raise
    if old.is_dir() and not old.is_symlink():
        shutil.rmtree(old, ignore_errors=True)
    else:
        old.unlink()
