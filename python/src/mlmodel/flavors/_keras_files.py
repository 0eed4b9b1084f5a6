"""Files of Keras models, as flavors keep them: found, written, checked and built (KER-005).

What loads without trust is a new file of what our own reader saw, so that neither Keras nor HDF5
reads a byte that nobody looked at.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidArgument, InvalidModel
from mlmodel.flavors import _tensorflow_graphs
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._failures import cannot_be_read, cannot_be_saved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import ModuleType

    from mlmodel.flavors._base import Flavor, Predict
    from mlmodel.store import ModelFolder
    from mlmodel.trust.keras_models import Checked

__all__ = [
    "DATA",
    "MODULE",
    "build",
    "distribution_of",
    "export",
    "find",
    "is_model",
    "library",
    "predictor",
    "require_form",
    "write",
]

#: What is imported: no other module is, whatever a file says.
MODULE = "keras"
#: The folder of all files, and the names in it.
DATA = "data"
_MODULE_FILE, _FORM_FILE = "keras_module.txt", "save_format.txt"
_CUSTOM, _GLOBAL = "custom_objects.cloudpickle", "global_custom_objects.cloudpickle"
#: `save_format` -> the file or folder of the model.
_FILES = {MODULE: "model.keras", "h5": "model.h5", "tf": "model"}
#: The variable by which the user names what Keras computes with.
_CHOICE = "KERAS_BACKEND"
#: What runs a model -> the distributions that bring it; the first that is installed is pinned.
_BACKENDS = {
    _tensorflow_graphs.PACKAGE: _tensorflow_graphs.DISTRIBUTIONS,
    "torch": ("torch",),
    "jax": ("jax",),
}


def is_model(model: object) -> bool:
    """Return whether an object is a model of Keras 3, without importing it."""
    return defined_by(model, "keras.src.models.model", "Model")


def export(model: Any, root: Path) -> Path:
    """Write what a model computes as a graph of TensorFlow, and return where.

    Raises:
        InvalidArgument: Keras cannot export it (KER-006).

    """
    path = root / DATA / "model"
    with cannot_be_saved("The model cannot be exported", "KER-006", path):
        model.export(str(path), verbose=False)
    (root / DATA / _MODULE_FILE).write_text(MODULE, encoding="utf-8")
    return path


def predictor(flavor: Flavor, model: Any) -> Predict:
    """Return how a model of Keras predicts, or the graph that it was exported to."""
    if not is_model(model):
        return _tensorflow_graphs.predictor(flavor, model)
    from mlmodel.flavors import _keras_predict  # it needs numpy and pandas

    return _keras_predict.predictor(library(flavor), model)


def library(flavor: Flavor, backend: object = None) -> ModuleType:
    """Return Keras, which computes with one library from its import on (KER-004).

    ``backend`` is what a model was saved with: it counts where it is installed, the user named
    none, and Keras is not imported yet.
    """
    is_chosen = MODULE in sys.modules or _CHOICE in os.environ
    if is_chosen or not isinstance(backend, str) or not _is_here(backend):
        return flavor.require(MODULE)
    os.environ[_CHOICE] = backend
    try:
        return flavor.require(MODULE)
    finally:
        del os.environ[_CHOICE]


def _is_here(backend: str) -> bool:
    try:
        return backend in _BACKENDS and find_spec(backend) is not None
    except (ImportError, ValueError):
        return False


def distribution_of(backend: str) -> list[str]:
    """Return the distribution that brings a backend here, if it is a known one."""
    from importlib import metadata

    for name in _BACKENDS.get(backend, ()):
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        return [name]
    return list(_BACKENDS.get(backend, ())[:1])


def require_form(form: object) -> None:
    """Raise InvalidArgument where models are not saved in a form."""
    if form not in (MODULE, "h5"):
        raise InvalidArgument(f"save_format is keras or h5, not {form!r} (KER-006)")


def write(
    model: Any, root: Path, form: str, said: str, custom_objects: Mapping[str, Any] | None = None
) -> None:
    """Write a model and what it needs into the folder ``data`` of a new model folder.

    ``said`` is the form as the file `save_format.txt` has it, where other readers want one.
    """
    if not model.built:
        raise InvalidArgument(
            "The model has no weights yet, since it was never built: call it once with data, or "
            "begin it with keras.Input (KER-006)"
        )
    (root / DATA).mkdir()
    (root / DATA / _MODULE_FILE).write_text(MODULE, encoding="utf-8")
    if said:
        (root / DATA / _FORM_FILE).write_text(said, encoding="utf-8")
    path = root / DATA / _FILES[form]
    with cannot_be_saved("The model cannot be saved", "KER-006", path):
        model.save(path)
    if custom_objects:
        from mlmodel.flavors._pickling import WRITERS

        pickled = WRITERS["cloudpickle"](dict(custom_objects))
        (root / DATA / _CUSTOM).write_bytes(pickled)


def find(folder: ModelFolder, attributes: Mapping[str, Any]) -> str:
    """Return the path of a model's file, or of its exported folder, relative to the model folder.

    Raises:
        InvalidModel: there is none (KER-001).

    """
    named = folder.model_path(attributes, key=DATA, default=DATA)
    base = folder.file(named)
    if base.is_file() or (base / "saved_model.pb").is_file():
        return named
    form = str(attributes.get("save_format") or "")
    first = "tf" if attributes.get("save_exported_model") else form
    order = [_FILES[one] for one in sorted(_FILES, key=lambda one: one != first)]
    there = [f"{named}/{file}" for file in order if (base / file).exists()]
    if not there:
        raise InvalidModel.of_file(named, "KER-001", f"holds no model: none of {', '.join(order)}")
    return there[0]


def build(flavor: Flavor, folder: ModelFolder, file: str, backend: object = None) -> Any:
    """Return the model in a `.keras` or HDF5 file, ``backend`` as :func:`library` has it.

    Raises:
        UntrustedModel: it holds more than layers of Keras and arrays; nothing was built (KER-005).
        InvalidModel: it is damaged, or Keras cannot build it (KER-007, KER-009).

    """
    from mlmodel.trust import keras_models  # it needs numpy

    keras = library(flavor, backend)
    flavor.require("h5py")
    gate, path = folder.gate, folder.file(file)
    data = gate.read(path, archive=True)
    found = keras_models.check(data, allow=gate.allow, budget=gate.budget)
    if found.damage:
        raise InvalidModel.of_file(file, "KER-007", f"is not a whole model: {found.damage}")
    custom = _custom_objects(folder, path, found)
    reasons = [*found.findings, *(["it comes with objects that are pickled"] if custom else [])]
    what = f"cannot be loaded by Keras {keras.__version__}"
    if reasons:
        gate.require_trust_in(file, reasons, found.named)
        whole = BytesIO(gate.read_to_run(path, archive=True))
        with cannot_be_read(file, what, "KER-007", path):
            return _loaded(flavor, whole, found, custom, safe=False)
    classes = gate.allowed_classes(found.allowed.values())
    custom = {name: classes[full] for name, full in found.allowed.items()}
    with cannot_be_read(file, what, "KER-007", path):
        _hold_to_bounds(flavor, found, file, custom)
        return _loaded(flavor, found.written(flavor.require("h5py")), found, custom, safe=True)


def _custom_objects(folder: ModelFolder, path: Path, found: Checked) -> dict[str, Any]:
    """Return the classes and functions that were pickled with a model, in trust alone (KER-010).

    What was registered when the model was saved is left where it is if the model has no use of it.
    """
    objects: dict[str, Any] = {}
    for name in (_GLOBAL, _CUSTOM):
        pickled = path.parent / name
        if not pickled.exists():
            continue
        if name == _GLOBAL and not found.may_use(folder.gate.read(pickled)):
            continue
        held = folder.gate.load_pickle(pickled)
        objects |= held if isinstance(held, dict) else {}
    return objects


def _loaded(
    flavor: Flavor, data: BytesIO, found: Checked, custom: Mapping[str, Any], *, safe: bool
) -> Any:
    """Build a model from the bytes of a file; how it was trained is left out (KER-008)."""
    if found.archive:
        saving: Any = flavor.require("keras.src.saving.saving_lib")
        return saving._load_model_from_fileobj(  # noqa: SLF001 - its public ones take paths
            data, custom_objects=dict(custom), compile=False, safe_mode=safe
        )
    legacy = flavor.require("keras.src.legacy.saving.legacy_h5_format")
    with flavor.require("h5py").File(data, "r") as opened:
        return legacy.load_model_from_hdf5(opened, dict(custom), compile=False, safe_mode=safe)


def _hold_to_bounds(flavor: Flavor, found: Checked, file: str, custom: Mapping[str, Any]) -> None:
    """Refuse a configuration that asks for far more numbers than the file has (KER-009).

    The model is built once with variables that are declared and never made.
    """
    config = json.loads(json.dumps(found.config))
    with _without_variables(flavor):
        if found.archive:
            model = flavor.require("keras.saving").deserialize_keras_object(config, dict(custom))
        else:
            options = flavor.require("keras.src.legacy.saving.saving_options")
            utils = flavor.require("keras.src.legacy.saving.saving_utils")
            with options.keras_option_scope(use_legacy_config=True):
                model = utils.model_from_config(config, custom_objects=dict(custom))
        shapes = [tuple(one.shape) for one in getattr(model, "variables", ())]
    if not found.has_room_for(shapes):
        what = "asks for many times the numbers that it holds"
        raise InvalidModel.of_file(file, "KER-009", what)


@contextmanager
def _without_variables(flavor: Flavor) -> Iterator[None]:
    state = flavor.require("keras.src.backend.common.global_state")
    key = "uninitialized_variables"
    before = list(state.get_global_attribute(key, []))
    try:
        with library(flavor).StatelessScope(initialize_variables=False):
            yield
    finally:
        state.set_global_attribute(key, before)
