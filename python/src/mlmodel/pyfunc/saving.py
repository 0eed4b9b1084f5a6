"""Saving a user's own model: an object, a function or a file; or a loader module with its data."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel._base.deprecated import old_arguments
from mlmodel._base.extras import require
from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument, shown
from mlmodel.pyfunc import config as configs
from mlmodel.pyfunc import from_code, hints, pickling, retrievers
from mlmodel.pyfunc import python_model as python_models
from mlmodel.pyfunc.loading import CODE_LOADER, PYTHON_MODEL_LOADER, load_model
from mlmodel.scoring.predict import Taking
from mlmodel.store.code import of_folder
from mlmodel.store.description import PYTHON_FUNCTION, Model
from mlmodel.store.locations.locate import local_path
from mlmodel.store.locations.uris import shown_uri
from mlmodel.store.new_folder import copy_into
from mlmodel.store.saving import Contents, KeywordOptions, SaveOptions, save_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from mlmodel.document.paths import PathLike
    from mlmodel.scoring.engine import Engine
    from mlmodel.scoring.predict import Predict
    from mlmodel.signature.model_signature import ModelSignature

__all__ = ["add_to_model", "save_model"]

_ARTIFACTS = "artifacts"
_PYTHON_MODEL = "python_model.pkl"
_DATA = "data"


@old_arguments(dst_path="path", code_path="code_paths", model="mlflow_model")
def save_model(  # noqa: PLR0913 - the arguments of the editions, in their order
    path: PathLike,
    loader_module: str | None = None,
    data_path: PathLike | None = None,
    code_paths: Sequence[PathLike] | None = None,
    conda_env: Mapping[str, Any] | PathLike | None = None,
    mlflow_model: Model | None = None,
    python_model: python_models.PythonModel | Callable[..., Any] | PathLike | None = None,
    artifacts: Mapping[str, PathLike] | None = None,
    *,
    model_config: Mapping[str, Any] | PathLike | None = None,
    streamable: bool | None = None,
    resources: Any = None,
    auth_policy: Any = None,
    **others: Unpack[KeywordOptions],
) -> None:
    """Save a custom model as a python_function, atomically.

    Either ``python_model`` (with ``artifacts``) or ``loader_module`` (with ``data_path``) is given.

    Args:
        path: the folder to make.
        loader_module: a module with ``_load_pyfunc(data_path)`` that returns an object with
            ``predict``; give its code in ``code_paths`` (PYF-004).
        data_path: a file or folder, copied, that ``_load_pyfunc`` is given.
        code_paths: see :class:`mlmodel.store.saving.SaveOptions`, as for the two below.
        conda_env: see there.
        mlflow_model: see there.
        python_model: a :class:`PythonModel`, a function of the data (PYF-014), or the path of a
            Python file that calls ``set_model`` (PYF-009).
        artifacts: files and folders by name, as paths or URIs; copied, for ``context.artifacts``.
        model_config: what ``context.model_config`` holds: a mapping, or the path of a YAML file.
        streamable: whether the model predicts in parts; what its class says, if absent (PYF-015).
        resources: services that the model calls; see :class:`mlmodel.models.Model`.
        auth_policy: with whose permissions it runs; see there.
        **others: see :class:`mlmodel.store.saving.SaveOptions`.

    Raises:
        InvalidArgument: the arguments do not fit together; nothing was written.
        ModelExists, WriteFailed: as for every ``save_model``.

    """
    _require_one_kind(python_model, loader_module, data_path, artifacts)
    shared: SaveOptions = {
        **others,
        "code_paths": code_paths,
        "conda_env": conda_env,
        "mlflow_model": _described(mlflow_model, resources, auth_policy),
    }
    config = None if model_config is None else configs.read(model_config)
    if python_model is None:
        write = _loader_module(str(loader_module), data_path, config, streamable=bool(streamable))
        save_folder(path, write, **shared)
    else:
        _save(path, _Saving(python_model, artifacts or {}, config, streamable), shared)


def _require_one_kind(
    python_model: object, loader_module: object, data_path: object, artifacts: object
) -> None:
    if (python_model is None) == (loader_module is None):
        raise InvalidArgument("Give either python_model or loader_module")
    if artifacts is not None and not isinstance(artifacts, Mapping):
        raise InvalidArgument(
            "artifacts is a mapping of names to paths, such as {'words': 'words.txt'}, not "
            f"{shown(artifacts)} (PYF-005)"
        )
    if python_model is None and artifacts:
        raise InvalidArgument("artifacts go with python_model; use data_path instead")
    if python_model is not None and data_path is not None:
        raise InvalidArgument("data_path goes with loader_module; use artifacts instead")


def _save(path: PathLike, saving: _Saving, shared: SaveOptions) -> None:
    if saving.file is None:
        code = [Path(one) for one in shared.get("code_paths") or []]
        saving.warned = pickling.warn_of_modules(saving.model, code)
    function = python_models.plain_function(saving.model)
    given = shared.get("signature")
    if given is False:  # PYF-033: no signature, so nothing is made of data either
        pass
    elif hints.data_hint(function) is hints.TypeFromExample:
        saving.example = shared.get("input_example")
    else:
        saving.hinted = _hinted(function, given)
        shared["signature"] = saving.hinted or given
    if saving.hinted is not None:
        shared["input_example"] = hints.checked_example(function, shared.get("input_example"))
    metadata, described = shared.get("metadata"), shared.get("mlflow_model")
    if metadata is None and described is not None:
        metadata = described.metadata
    shared["metadata"] = retrievers.with_retrievers(metadata)
    save_folder(path, saving.write, **shared)


def add_to_model(
    model: Model,
    loader_module: str,
    data: str | None = None,
    code: str | None = None,
    conda_env: str | None = None,
    python_env: str | None = None,
    model_config: Mapping[str, Any] | None = None,
    model_code_path: str | None = None,
    **attributes: Any,
) -> Model:
    """Add the python_function flavor to a description, for those who write a flavor of their own.

    Args:
        model: the description.
        loader_module: the module with ``_load_pyfunc`` (PYF-004).
        data: path in the model folder that ``_load_pyfunc`` is given.
        code: folder in the model folder that is put on the import path.
        conda_env: path of the conda file in the model folder.
        python_env: path of the file for pip in the model folder.
        model_config: the configuration.
        model_code_path: the Python file in the model folder that makes the model.
        **attributes: any other attribute.

    """
    import platform

    env = {"conda": conda_env, "virtualenv": python_env}
    given = {
        "loader_module": loader_module,
        "python_version": platform.python_version(),
        "data": data,
        "code": code,
        "env": {key: value for key, value in env.items() if value} or None,
        "config": model_config,
        "model_code_path": model_code_path,
    }
    known = {key: value for key, value in given.items() if value is not None}
    return model.add_flavor(PYTHON_FUNCTION, **known, **attributes)


def _described(given: Model | None, resources: Any, auth_policy: Any) -> Model | None:
    if resources is None and auth_policy is None:
        return given
    model = given or Model()
    if resources is not None:
        model.resources = resources
    if auth_policy is not None:
        model.auth_policy = auth_policy
    return model


def _hinted(function: Callable[..., Any], given: ModelSignature | None) -> ModelSignature | None:
    """Return the signature that the type hints of ``predict`` tell, or None (PYF-017).

    Hints say nothing of parameters: those are of the given one.
    """
    from mlmodel.signature.infer.hints import infer_signature_from_type_hints
    from mlmodel.signature.model_signature import ModelSignature

    hinted = infer_signature_from_type_hints(function)
    if hinted is None or not isinstance(given, ModelSignature):
        return hinted  # where all options are checked, other things are refused
    if (given.inputs, given.outputs) != (hinted.inputs, hinted.outputs):
        warn_caller(
            "The type hints of the model's predict give another signature than the one passed "
            f"in; the one from the type hints is saved: {hinted} (PYF-017)"
        )
    return replace(hinted, params=given.params)


@dataclass
class _Saving:
    """One PythonModel on its way into a folder."""

    given: Any
    artifacts: Mapping[str, PathLike]
    config: Mapping[str, Any] | None
    streamable: bool | None
    #: The Python file that makes the model, if it is one from code.
    file: Path | None = field(init=False)
    model: python_models.PythonModel = field(init=False)
    #: The artifacts on this machine.
    sources: dict[str, Path] = field(init=False)
    #: The signature that its type hints tell.
    hinted: ModelSignature | None = None
    #: The example, where the hint is the type of the example.
    example: Any = None
    #: Modules of which the user was told that the model lacks them.
    warned: Collection[str] = ()

    def __post_init__(self) -> None:
        self.file = _code_file(self.given) if from_code.is_file(self.given) else None
        if self.file is None:
            self.model = python_models.as_python_model(self.given)
        else:
            self.model = from_code.run(self.file, self.config, of_folder(None))
        self.sources = {name: _local(name, given) for name, given in self.artifacts.items()}

    def write(self, root: Path) -> Contents:
        streams = type(self.model).predict_stream is not python_models.PythonModel.predict_stream
        attributes: dict[str, Any] = {
            "streamable": streams if self.streamable is None else self.streamable
        }
        if self.file is None:
            cloudpickle = require("cloudpickle", "predict")
            with hints.resolved(python_models.plain_function(self.model)):
                (root / _PYTHON_MODEL).write_bytes(pickling.dumps(self.model))
            attributes |= {
                "cloudpickle_version": cloudpickle.__version__,
                "loader_module": PYTHON_MODEL_LOADER,
                "python_model": _PYTHON_MODEL,
            }
        else:
            shutil.copyfile(self.file, root / self.file.name)
            attributes |= {"loader_module": CODE_LOADER, "model_code_path": self.file.name}
        if self.artifacts:
            attributes["artifacts"] = self._copy_artifacts(root)
        if self.config:
            attributes["config"] = dict(self.config)
        packages = ["cloudpickle"] if self.file is None else []
        keys = {} if self.hinted is None else {"is_signature_from_type_hint": True}
        if isinstance(self._example_data(), list):
            keys["type_hint_from_example"] = True
        return Contents(
            {PYTHON_FUNCTION: attributes},
            packages,
            self._predict(),
            keys=keys,
            warned=self.warned,
            reopen=_reopened,
            takes_lists=self.hinted is not None or isinstance(self._example_data(), list),
        )

    def _example_data(self) -> Any:
        """Return the data of an example that may have parameters, too."""
        return self.example[0] if isinstance(self.example, tuple) else self.example

    def _copy_artifacts(self, root: Path) -> dict[str, Any]:
        folder = root / _ARTIFACTS
        folder.mkdir()
        entries = {}
        for index, (name, source) in enumerate(self.sources.items()):
            own = folder
            if (folder / source.name).exists():
                own = folder / f"{index}"  # two files of one name, from two folders
                own.mkdir()
            copy = copy_into(source, own)
            uri = shown_uri(str(self.artifacts[name]))
            entries[name] = {"path": copy.relative_to(root).as_posix(), "uri": uri}
        return entries

    def _predict(self) -> Predict:
        context = python_models.PythonModelContext()
        asked = python_models.predictor(self.model, context)
        return Taking(self.predict, getattr(asked, "takes", lambda _name: True))

    def predict(self, model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        """Predict with the model as it was given, to infer outputs from the example."""
        if isinstance(self._example_data(), list):
            model_input = self._example_data()
        if self.hinted is not None:
            written = {"is_signature_from_type_hint": True}
            function = python_models.plain_function(self.model)
            hinted = hints.delivery(function, written, self.hinted.inputs)
            model_input = hinted.deliver(_as_is)(model_input) if hinted else model_input
        return python_models.predictor(self.model, self._context)(model_input, params)

    @cached_property
    def _context(self) -> python_models.PythonModelContext:
        """What the model is given: its artifacts here, prepared from once."""
        context = python_models.PythonModelContext(
            {name: str(source) for name, source in self.sources.items()}, self.config or {}
        )
        self.model.load_context(context)
        return context


def _as_is(data: Any) -> Any:
    return data


def _reopened(root: Path) -> Engine:
    """Return a model that was just written as it is loaded (FID-003)."""
    return load_model(root, suppress_warnings=True, trust=True).engine


def _code_file(given: str | Path) -> Path:
    file = Path(given)
    if file.suffix != ".py":
        raise InvalidArgument(
            f"python_model is the path of a Python file (.py), not {str(given)!r} (PYF-009)"
        )
    if not file.is_file():
        raise InvalidArgument(f"The Python file {file} is not there (PYF-009)")
    return file


def _local(name: str, given: PathLike) -> Path:
    source = local_path(given)
    if not source.exists():
        raise InvalidArgument(f"The artifact {name!r} is not there: {given}")
    return source


def _loader_module(
    loader_module: str,
    data_path: PathLike | None,
    config: Mapping[str, Any] | None,
    *,
    streamable: bool,
) -> Callable[[Path], Contents]:
    def write(root: Path) -> Contents:
        attributes: dict[str, Any] = {"loader_module": loader_module, "streamable": streamable}
        if data_path is not None:
            source = local_path(data_path)
            if not source.exists():
                raise InvalidArgument(f"data_path is not there: {source}")
            (root / _DATA).mkdir()
            copy = copy_into(source, root / _DATA)
            attributes["data"] = f"{_DATA}/{copy.name}"
        if config:
            attributes["config"] = dict(config)
        return Contents({PYTHON_FUNCTION: attributes})

    return write
