"""Loading a model as a Python function, whatever its flavor."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Literal

from mlmodel._base.deprecated import old_arguments, old_name
from mlmodel.document.rules.named_files import last_part
from mlmodel.environment.installed import dependencies_file
from mlmodel.errors import InvalidModel, MissingDependency, UnsupportedModel
from mlmodel.flavors._base import Flavor
from mlmodel.flavors._registry import (
    all_flavors,
    answering,
    flavor_by_loader,
    flavor_by_name,
)
from mlmodel.pyfunc import config as configs
from mlmodel.pyfunc import elsewhere, from_code, hints, pickling, retrievers
from mlmodel.pyfunc import python_model as python_models
from mlmodel.pyfunc.copies import Copies, anew
from mlmodel.pyfunc.model import PyFuncModel
from mlmodel.store.description import PYTHON_FUNCTION, find_model_file
from mlmodel.store.folder import ModelFolder, open_folder
from mlmodel.store.sandboxing import decide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mlmodel.document.paths import PathLike
    from mlmodel.environment.versions import Versions
    from mlmodel.flavors._base import Predict
    from mlmodel.store.code import ModelCode
    from mlmodel.store.description import Model

__all__ = [
    "get_model_dependencies",
    "load_folder",
    "load_model",
    "load_pyfunc",
]

#: The loaders of PythonModels: MLflow's names, well-known identifiers (PYF-003).
PYTHON_MODEL_LOADER = "mlflow.pyfunc.model"
CODE_LOADER = "mlflow.pyfunc.loaders.code_model"
_OURS = frozenset({PYTHON_MODEL_LOADER, CODE_LOADER})

#: What the function of a loader module is called, and was called at first (PYF-004).
_LOADER_FUNCTIONS = ("_load_pyfunc", "load_pyfunc")


def load_model(
    model_uri: PathLike,
    suppress_warnings: bool = False,
    dst_path: PathLike | None = None,
    model_config: Mapping[str, Any] | PathLike | None = None,
    *,
    trust: bool = False,
    allow: Iterable[str] = (),
    sandbox: bool | str = False,
) -> PyFuncModel:
    """Load a saved model as a Python function; nothing is installed.

    Args:
        model_uri: the model's folder, or a URI of one.
        suppress_warnings: say nothing of packages that differ from those it was saved with.
        dst_path: an existing folder to copy the model into first, and to load it from.
        model_config: other values for keys of the configuration that the model was saved with:
            a mapping, or the path of a YAML file (PYF-012).
        trust: run whatever the model's files contain (TRU-004).
        allow: classes, by exact qualified name, that may be loaded beside the known ones.
        sandbox: load the model in another process, which can read its folder and the libraries,
            and neither write files, start programs nor open connections (TRU-080). ``"auto"``
            does so for folders that are not trusted, as far as this system can. Predictions
            come back as copies, and an exception of the model's as a ModelFailure.

    Raises:
        ModelNotFound: there is no model.
        InvalidArgument: the sandbox cannot be had on this system (TRU-082).
        ModelFailure: the process of the sandbox ended while it loaded the model (TRU-083).
        InvalidModel: it breaks rules of the format.
        UnsupportedModel: it has no python_function flavor.
        UntrustedModel: loading would run code that is not trusted; nothing was run.
        MissingDependency: a library of the model is not installed, or in another version (ENV-021).

    """
    if dst_path is not None:
        model_uri = find_model_file(model_uri, dst_path)
    found = decide(model_uri, sandbox, trust=trust, allow=allow)
    if found is not None:
        from mlmodel.pyfunc.walled import load_walled

        return load_walled(found, configs.read(model_config) if model_config else None)
    folder = open_folder(model_uri, trust=trust, allow=allow)
    return load_folder(folder, model_config, warn=not suppress_warnings)


def load_folder(
    folder: ModelFolder, model_config: Mapping[str, Any] | PathLike | None, *, warn: bool
) -> PyFuncModel:
    """Load a folder that is open, as :func:`load_model` does."""
    folder.gate.keep_watch()
    alone = _served_alone(folder)
    if alone is not None:
        return _load_natively(alone, folder, warn=warn)
    _require_python_function(folder)
    attributes = folder.attributes(PYTHON_FUNCTION)
    loader = attributes["loader_module"]
    flavor = None if loader in _OURS else flavor_by_loader(loader)
    own = {} if flavor is None else _attributes_of(folder, flavor)
    recorded = {} if flavor is None else flavor.recorded(own)
    with folder.loading(recorded, warn=warn) as versions:
        config = configs.of_folder(folder, attributes, model_config)
        code = folder.use_code(attributes)
        if loader in _OURS:
            return _python_model(folder, attributes, config, code, versions)
        if flavor is not None:
            configured = attributes if config is None else {**attributes, "config": config}
            return _of_flavor(flavor, folder, own, configured, config, code, versions)
        if loader.partition(".")[0] in ("mlflow", "mlmodel"):
            raise UnsupportedModel(
                f"{folder.root}: the loader {loader} is well known, but this version of mlmodel "
                f"has no flavor for it. {elsewhere.way(loader.partition('.')[2])}, or register a "
                "flavor of your own (mlmodel.flavors.register)"
            )
        return _load_by_module(folder, attributes, config, code, versions)


def _require_python_function(folder: ModelFolder) -> None:
    """Raise UnsupportedModel where a model has none, naming what loads the flavors that it has."""
    flavors = folder.document.data["flavors"]
    if PYTHON_FUNCTION in flavors:
        return
    own = [one for name in flavors if (one := flavor_by_name(str(name))) is not None]
    ways = [f"mlmodel.{one.name}.load_model" for one in own if one.name in all_flavors()]
    way = (
        f"Load it natively with {' or '.join(ways)}"
        if ways
        else (
            "This version of mlmodel has none of these flavors. "
            f"{elsewhere.way(*flavors)}, and save it as python_function, too"
        )
    )
    raise UnsupportedModel(
        f"{folder.root}: the model has no {PYTHON_FUNCTION} flavor; it has "
        f"{', '.join(map(str, flavors)) or 'none'}. {way}"
    )


def _reopened(
    place: str, digest: str, allow: tuple[str, ...], config: dict[str, Any] | None
) -> PyFuncModel:
    """Open a model anew of which a copy was pickled; it passes the gate again (TRU-047)."""
    return load_folder(open_folder(place, allow=allow, digest=digest), config, warn=False)


def _of_flavor(
    flavor: Flavor,
    folder: ModelFolder,
    own: Mapping[str, Any],
    attributes: Mapping[str, Any],
    config: dict[str, Any] | None,
    code: ModelCode,
    versions: Versions,
) -> PyFuncModel:
    native, predict = flavor.open(folder, own, attributes)
    is_plain = type(flavor).open is Flavor.open and not attributes.get("code")

    def made(native: Any, predict: Predict) -> PyFuncModel:
        predict = versions.noted(code.running(predict))
        copies = Copies(
            lambda copied: made(copied, flavor.predictor(copied, attributes)),
            reduced if is_plain else anew(folder, config, _reopened),
        )
        return PyFuncModel(folder.model, predict, native, model_config=config, copies=copies)

    def reduced(native: Any) -> tuple[Any, tuple[Any, ...]]:
        return _remade, (flavor.name, folder.model, dict(attributes), config, native)

    return made(native, predict)


def _remade(
    name: str,
    metadata: Model,
    attributes: dict[str, Any],
    config: dict[str, Any] | None,
    native: Any,
) -> PyFuncModel:
    """Return the loaded model around a native one that was unpickled with it."""
    flavor = flavor_by_name(name)
    if flavor is None:
        raise UnsupportedModel(f"The flavor {name!r} of the pickled model is not known here")

    def made(native: Any) -> PyFuncModel:
        copies = Copies(made, lambda one: (_remade, (name, metadata, attributes, config, one)))
        predict = flavor.predictor(native, attributes)
        return PyFuncModel(metadata, predict, native, model_config=config, copies=copies)

    return made(native)


def _attributes_of(folder: ModelFolder, flavor: Flavor) -> dict[str, Any]:
    """Return the attributes of a flavor, which a model that is loaded by it may lack."""
    if not any(name in folder.document.flavors for name in (flavor.name, *flavor.other_names)):
        return {}
    return folder.attributes(flavor.name, *flavor.other_names)


def _served_alone(folder: ModelFolder) -> Flavor | None:
    """Return the flavor that serves a model without python_function (RST-087), if it has one."""
    flavors = folder.document.data["flavors"]
    return None if PYTHON_FUNCTION in flavors else answering(flavors)


def _load_natively(flavor: Flavor, folder: ModelFolder, *, warn: bool) -> PyFuncModel:
    """Load a model by its own flavor where it has no python_function."""
    attributes = folder.attributes(flavor.name, *flavor.other_names)
    with folder.loading(flavor.recorded(attributes), warn=warn) as versions:
        code = folder.use_code(attributes)
        return _of_flavor(flavor, folder, attributes, {}, None, code, versions)


#: The name of MLflow before 1.0.
load_pyfunc = old_name("load_pyfunc", old_arguments(path="model_uri")(load_model))


def get_model_dependencies(
    model_uri: PathLike,
    format: Literal["pip", "conda"] = "pip",  # noqa: A002 - MLflow's
) -> Path:
    """Return the path of the file from which the model's environment can be made (ENV-018).

    Args:
        model_uri: the model's folder, or a URI of one.
        format: ``pip`` for requirements.txt, ``conda`` for conda.yaml.

    Raises:
        UnsupportedModel: the model has none.

    """
    folder = open_folder(model_uri)
    return dependencies_file(folder.root, folder.document, format)


def _unpickled(folder: ModelFolder, attributes: Mapping[str, Any]) -> python_models.PythonModel:
    name = attributes.get("python_model")
    if not name:
        raise InvalidModel(f"{folder.root}: python_function names no python_model file (PYF-005)")
    path = folder.file(name)
    folder.gate.require_trust("a pickled Python class", name)
    model = folder.gate.load_pickle(path, aliases=pickling.aliases())
    if not isinstance(model, python_models.PythonModel):
        raise UnsupportedModel(
            f"{path} holds a {type(model).__qualname__}, not a PythonModel (PYF-005)"
        )
    return model


def _from_code(
    folder: ModelFolder,
    attributes: Mapping[str, Any],
    config: Mapping[str, Any] | None,
    code: ModelCode,
) -> python_models.PythonModel:
    written = attributes.get("model_code_path")
    if not written:
        raise InvalidModel(
            f"{folder.root}: python_function names no file in model_code_path (PYF-009)"
        )
    name = last_part(written)
    path = folder.file(name)
    folder.gate.require_trust("the Python file that makes the model", name)
    with retrievers.kept_apart():
        return from_code.run(path, config, code, folder.gate.read_to_run(path))


def _python_model(
    folder: ModelFolder,
    attributes: Mapping[str, Any],
    config: dict[str, Any] | None,
    code: ModelCode,
    versions: Versions,
) -> PyFuncModel:
    if attributes["loader_module"] == CODE_LOADER or attributes.get("model_code_path"):
        model = _from_code(folder, attributes, config, code)
    else:
        model = _unpickled(folder, attributes)
    context = python_models.PythonModelContext(
        {
            artifact: str(folder.file(entry["path"]))
            for artifact, entry in (attributes.get("artifacts") or {}).items()
        },
        config or {},
    )
    code.running(model.load_context)(context)
    stream_fn = _stream_fn(attributes)
    reduced = anew(folder, config, _reopened)

    def made(model: python_models.PythonModel) -> PyFuncModel:
        stream = python_models.streamer(model, context, stream_fn)
        return PyFuncModel(
            folder.model,
            versions.noted(code.running(python_models.predictor(model, context))),
            model,
            stream=stream and code.running(stream),
            stream_fn=stream_fn,
            model_config=config,
            hinted=hints.delivery(
                python_models.plain_function(model),
                folder.document.data,
                None if folder.model.signature is None else folder.model.signature.inputs,
            ),
            copies=Copies(made, reduced),
        )

    return made(model)


def _load_by_module(
    folder: ModelFolder,
    attributes: Mapping[str, Any],
    config: dict[str, Any] | None,
    code: ModelCode,
    versions: Versions,
) -> PyFuncModel:
    """Load through the model's own ``loader_module``: its ``_load_pyfunc(data path)`` (PYF-004)."""
    loader = attributes["loader_module"]
    folder.gate.require_trust(f"the loader module {loader}", attributes.get("code"))
    try:
        module = code.import_module(loader)
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"{folder.root}: the model's loader module {loader} cannot be imported "
            f"({error}); install it or save the model with code_paths"
        ) from error
    load = next((f for name in _LOADER_FUNCTIONS if (f := getattr(module, name, None))), None)
    if load is None:
        raise UnsupportedModel(f"The loader module {loader} has no function _load_pyfunc (PYF-004)")
    data = attributes.get("data")
    path = str(folder.file(data) if data else folder.root)
    native = load(path, config) if len(inspect.signature(load).parameters) > 1 else load(path)
    return _by_module(folder, native, config, code, versions)


def _by_module(
    folder: ModelFolder,
    native: Any,
    config: dict[str, Any] | None,
    code: ModelCode,
    versions: Versions,
) -> PyFuncModel:
    attributes = folder.attributes(PYTHON_FUNCTION)
    # "A predict method or function", says the early edition.
    method = getattr(native, "predict", native if callable(native) else None)
    if method is None:
        raise UnsupportedModel(
            f"What {attributes['loader_module']}._load_pyfunc returned "
            f"({type(native).__qualname__}) has no predict"
        )
    stream_fn = _stream_fn(attributes)
    stream = getattr(native, stream_fn, None)
    return PyFuncModel(
        folder.model,
        versions.noted(code.running(python_models.calling(method, ()))),
        native,
        stream=stream and code.running(python_models.calling(stream, ())),
        stream_fn=stream_fn,
        model_config=config,
        copies=Copies(
            lambda copied: _by_module(folder, copied, config, code, versions),
            anew(folder, config, _reopened),
        ),
    )


def _stream_fn(attributes: Mapping[str, Any]) -> str:
    return str(attributes.get("predict_stream_fn") or "predict_stream")
