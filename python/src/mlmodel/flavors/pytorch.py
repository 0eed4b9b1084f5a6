"""PyTorch: modules as pickles, TorchScript or exported programs; and state dicts.

Specification: spec/flavors/pytorch.md.

State dicts are data, and load without trust. Everything else that PyTorch loads runs: a pickle by
what it names, a TorchScript program by operators that read and write files, an exported program by
expressions that are evaluated as Python (PTH-008).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Unpack, get_args

from mlmodel.flavors import _extra_files
from mlmodel.flavors import _pytorch_files as _files
from mlmodel.flavors import _pytorch_state as _state
from mlmodel.flavors._arguments import require_one_of
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by, not_taken
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "SERIALIZATION_FORMAT_PICKLE", "SERIALIZATION_FORMAT_PT2",
    "PytorchFlavor", "get_default_conda_env", "get_default_pip_requirements", "load_model",
    "load_state_dict", "save_model", "save_state_dict",
]  # fmt: skip

SerializationFormat = Literal["pickle", "pt2"]

_FOLDER = "data"


class PytorchFlavor(Flavor):
    """Modules of PyTorch, scripted and exported ones too."""

    name = "pytorch"
    loader_module = "mlflow.pytorch"
    extra = ("torch>=2.6",)
    packages = ("torch",)
    takes = "a torch.nn.Module"
    versions = MappingProxyType({"pytorch_version": "torch"})
    signature_kinds = frozenset({"columns", "tensors"})
    takes_example = True

    def recorded(self, attributes: Mapping[str, Any]) -> dict[str, str]:
        # A build's name (2.9.0+cpu) is no other version: what is installed may have none.
        found = super().recorded(attributes)
        return {name: version.partition("+")[0] for name, version in found.items()}

    def detects(self, model: object) -> bool:
        return _files.is_program(model) or defined_by(model, "torch.nn.modules.module", "Module")

    def advice(self, model: object) -> str:
        return "; a state dict is saved by save_state_dict" * isinstance(model, dict)

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        torch = self.require("torch")
        form = options["serialization_format"]
        require_one_of("serialization_format", form, get_args(SerializationFormat), "PTH-004")
        from mlmodel.flavors import _pytorch_program as programs  # it needs numpy and pandas
        from mlmodel.flavors._pytorch_running import evaluating

        folder, chosen = root / _FOLDER, options["pickle_module"]
        folder.mkdir()
        name = _files.PICKLE_MODULE if chosen is None else chosen.__name__
        packages = list(self.packages)
        module = model.module() if _files.is_program(model) else model
        with evaluating(module):
            if form == "pt2" or module is not model:
                programs.write(torch, model, folder / _files.PROGRAM, options)
            else:
                packages += _files.write(torch, model, folder, chosen)
        attributes = {
            "model_data": _FOLDER,
            "pytorch_version": str(torch.__version__),
            **_extra_files.copied(root, options["extra_files"]),
        }
        python_function = {
            "data": _FOLDER, "pickle_module_name": name, "config": {"device": None},
        }  # fmt: skip
        return Saved(attributes, python_function, packages, self.predictor(module, {}))

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        self.require("torch")
        named = folder.model_path(attributes, key="model_data", default=_FOLDER)
        path = folder.file(named)
        if path.is_dir():
            files = [one for one in (_files.MODULE, _files.PROGRAM) if (path / one).exists()]
            named = f"{named.rstrip('/')}/{files[0] if files else _files.MODULE}"
            path = folder.file(named)
        return _files.load_module(self, folder.gate, path, named)

    def open(
        self, folder: ModelFolder, attributes: Mapping[str, Any], python_function: Mapping[str, Any]
    ) -> tuple[Any, Predict]:
        """Return the module on the device that is configured, else on a graphics card (PTH-013)."""
        from mlmodel.flavors import _pytorch_running  # it needs numpy and pandas

        config = python_function.get("config")
        device = config.get("device") if isinstance(config, dict) else None
        loaded = self.load(folder, attributes)
        model = _pytorch_running.on_device(self.require("torch"), loaded, device, folder.root)
        return model, self.predictor(model, python_function)

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        from mlmodel.flavors import _pytorch_running  # it needs numpy and pandas

        return _pytorch_running.predictor(self.require("torch"), model)


FLAVOR = PytorchFlavor()
FLAVOR_NAME = FLAVOR.name

#: MLflow's names of the formats.
SERIALIZATION_FORMAT_PICKLE = "pickle"
SERIALIZATION_FORMAT_PT2 = "pt2"

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the module in eval mode, on the CPU; an exported program as a module")


@saver(FLAVOR)
def save_model(
    pytorch_model: Any,
    path: PathLike,
    *,
    pickle_module: ModuleType | None = None,
    serialization_format: SerializationFormat = "pickle",
    extra_files: Sequence[PathLike] | None = None,
    **shared: Unpack[SaveOptions],
) -> None:
    """Save a module as a model folder, atomically.

    Args:
        pytorch_model: a ``torch.nn.Module``, a scripted or traced one too, or what
            ``torch.export.export`` returns. Its mode and device are left as they are.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        pickle_module: the module that pickles it; by default cloudpickle, which can also save
            classes that no module defines.
        serialization_format: ``pickle`` (any module; TorchScript as it is), or ``pt2``: the
            program that ``torch.export`` traces with the ``input_example`` (PTH-009).
        extra_files: files or folders to keep beside the model.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """


def save_state_dict(state_dict: dict[str, Any], path: PathLike) -> None:
    """Save a state dict into a new folder as ``state_dict.pth``; it is no model (PTH-007).

    Args:
        state_dict: the parameters and buffers of a module, or a dict that holds such.
        path: where the folder goes; it must not exist, or be empty.

    Raises:
        InvalidArgument: it is no dict, or cannot be saved.
        ModelExists: ``path`` is taken.
        WriteFailed: disk full or no permission; nothing was left behind.
        MissingDependency: PyTorch is not installed.

    """
    if not isinstance(state_dict, dict):
        more = "; save_model saves a module" * FLAVOR.detects(state_dict)
        raise not_taken(FLAVOR, state_dict, "a dict as a state dict", more)
    _state.write(FLAVOR, state_dict, path)


def load_state_dict(state_dict_uri: PathLike, *, trust: bool = False) -> Any:
    """Return a state dict, with its tensors on the CPU.

    Tensors and plain values load without trust, by our own reader (PTH-007).

    Args:
        state_dict_uri: the folder that :func:`save_state_dict` wrote, or a URI of one.
        trust: run whatever the file contains (TRU-004).

    Raises:
        ModelNotFound: there is no such file.
        InvalidModel: it is damaged.
        UnreadableModel: it cannot be read.
        UntrustedModel: it holds more than tensors and plain values; nothing was run.
        MissingDependency: PyTorch is not installed.

    """
    return _state.read(FLAVOR, state_dict_uri, trust=trust)
