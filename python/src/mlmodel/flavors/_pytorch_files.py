"""Files of PyTorch modules: what they hold, and how each kind is loaded.

A pickled module, a TorchScript program and an exported one run when they are loaded, and ask
(PTH-008); state dicts, which are data, are in ``_pytorch_state.py``.
"""

from __future__ import annotations

import importlib
import io
import logging
from typing import TYPE_CHECKING, Any

from mlmodel._base.extras import require
from mlmodel.errors import InvalidModel, MissingDependency, UnsupportedModel
from mlmodel.flavors._classes import class_name, defined_by
from mlmodel.flavors._failures import cannot_be_read, cannot_be_saved
from mlmodel.trust import torch_archive, torch_trusted

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from mlmodel.flavors._base import Flavor
    from mlmodel.trust.gate import Gate

__all__ = [
    "MODULE",
    "PICKLE_MODULE",
    "PICKLE_MODULE_INFO",
    "PROGRAM",
    "is_program",
    "load_module",
    "write",
]

#: The files of the folder that ``model_data`` names, by MLflow's names.
MODULE = "model.pth"
PROGRAM = "model.pt2"
PICKLE_MODULE_INFO = "pickle_module_info.txt"
#: MLflow's module of cloudpickle's pickler, a name that every reader knows (PTH-005).
PICKLE_MODULE = "mlflow.pytorch.pickle_module"
_LONGEST_NAME = 200

#: What would run, by the kind of the file.
_RUNS = {
    torch_archive.PICKLE: "a pickled module",
    torch_archive.LEGACY: "a pickled module, in the form that PyTorch wrote before 1.6",
    torch_archive.SCRIPT: "a TorchScript program, which can read and write files",
    torch_archive.EXPORTED: "an exported program, whose expressions are evaluated",
}


def is_program(model: object) -> bool:
    """Return whether an object is what ``torch.export.export`` returns."""
    return defined_by(model, "torch.export.exported_program", "ExportedProgram")


def write(torch: Any, model: Any, folder: Path, chosen: ModuleType | None) -> list[str]:
    """Write a module, TorchScript as it is, another pickled by ``chosen``, else by cloudpickle.

    Return the packages that it needs for that.

    Raises:
        InvalidArgument: it cannot be saved (PTH-004).

    """
    name = PICKLE_MODULE if chosen is None else chosen.__name__
    (folder / PICKLE_MODULE_INFO).write_text(name, encoding="utf-8")
    pickled_by = require("cloudpickle", "predict") if chosen is None else chosen
    path, is_script = folder / MODULE, isinstance(model, torch.jit.ScriptModule)
    with cannot_be_saved("The module cannot be saved", "PTH-004", path):
        if is_script:
            model.save(str(path))
        else:
            torch.save(model, path, pickle_module=pickled_by)
    return ["cloudpickle"] if chosen is None and not is_script else []


def load_module(flavor: Flavor, gate: Gate, path: Path, file: str) -> Any:
    """Return the module of a trusted file, on the CPU.

    Raises:
        InvalidModel: it is no file of PyTorch, or cannot be loaded.
        UnsupportedModel: it holds something else than a module.
        UntrustedModel: the folder is not trusted; nothing was run.

    """
    torch = flavor.require("torch")
    data = gate.read_to_run(path)
    kind = torch_archive.kind_of(data)
    if not kind:
        raise InvalidModel.of_file(file, "PTH-006", "is not a whole file of PyTorch")
    gate.require_trust(f"{_RUNS[kind]} ({file})", file)
    what = f"cannot be loaded by PyTorch {torch.__version__}"
    if kind == torch_archive.SCRIPT:
        with cannot_be_read(file, what, "PTH-006", path):
            return torch.jit.load(io.BytesIO(data), map_location="cpu").eval()
    if kind == torch_archive.EXPORTED:
        with cannot_be_read(file, what, "PTH-006", path):
            return _program(torch, data).module()
    loaded = torch_trusted.load(data, gate.own, file, _pickle_module(gate, path.parent))
    if not isinstance(loaded, torch.nn.Module):
        raise UnsupportedModel(
            f"{file} holds an object of {class_name(loaded)}, not a module of PyTorch (PTH-006); "
            "build the model in your code, and give it the state dict with load_state_dict"
        )
    return loaded.eval()


class _Told(logging.Filter):
    """Keeps the error that PyTorch logs and raises another one for, and logs nothing."""

    error: BaseException | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info:
            self.error = record.exc_info[1]
        return False


def _program(torch: Any, data: bytes) -> Any:
    """Return an exported program, or raise why PyTorch cannot load it."""
    log, told = logging.getLogger("torch.export"), _Told()
    log.addFilter(told)
    try:
        return torch.export.load(io.BytesIO(data))
    except RuntimeError as error:
        raise told.error or error from None
    finally:
        log.removeFilter(told)


def _pickle_module(gate: Gate, folder: Path) -> Any:
    """Return the module that pickled the model, imported; None for Python's and cloudpickle's."""
    path = folder / PICKLE_MODULE_INFO
    if not path.exists():
        return None
    name = gate.read_to_run(path, _LONGEST_NAME).decode("utf-8", "replace").strip()
    if name in {PICKLE_MODULE, "pickle", "cloudpickle", ""}:
        return None  # what they wrote, Python's own reader reads
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingDependency(
            f"{path.parent.name}/{path.name} says that the model was pickled by the module "
            f"{name!r}, which is not installed (PTH-005)."
        ) from error
