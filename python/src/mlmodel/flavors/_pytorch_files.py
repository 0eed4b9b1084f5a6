"""Files of PyTorch: what they hold, which of them are data, and how each kind is loaded.

A state dict is data, and is rebuilt here of what :mod:`mlmodel.trust.torch_pickle` read. A pickled
module, a TorchScript program and an exported one run when they are loaded, and ask (PTH-008).
"""

from __future__ import annotations

import importlib
import io
import logging
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidModel, MissingDependency, UnsupportedModel
from mlmodel.flavors._classes import class_name
from mlmodel.flavors._failures import cannot_be_read
from mlmodel.trust import torch_archive, torch_pickle, torch_trusted
from mlmodel.trust.pickles.budget import Spent
from mlmodel.trust.pickles.findings import Malformed

if TYPE_CHECKING:
    from pathlib import Path

    from mlmodel.flavors._base import Flavor
    from mlmodel.trust.gate import Gate

__all__ = [
    "MODULE",
    "PICKLE_MODULE",
    "PICKLE_MODULE_INFO",
    "PROGRAM",
    "is_program",
    "load_module",
    "load_state",
]

#: The files of the folder that ``model_data`` names, by MLflow's names.
MODULE = "model.pth"
PROGRAM = "model.pt2"
PICKLE_MODULE_INFO = "pickle_module_info.txt"
#: MLflow's module of cloudpickle's pickler, a name that every reader knows (PTH-005).
PICKLE_MODULE = "mlflow.pytorch.pickle_module"
_LONGEST_NAME = 200
_PROGRAM = ("torch.export.exported_program", "ExportedProgram")

#: What would run, by the kind of the file.
_RUNS = {
    torch_archive.PICKLE: "a pickled module",
    torch_archive.LEGACY: "a pickled module, in the form that PyTorch wrote before 1.6",
    torch_archive.SCRIPT: "a TorchScript program, which can read and write files",
    torch_archive.EXPORTED: "an exported program, whose expressions are evaluated",
}


def is_program(model: object) -> bool:
    """Return whether an object is what ``torch.export.export`` returns."""
    return any((cls.__module__, cls.__qualname__) == _PROGRAM for cls in type(model).__mro__)


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


def load_state(flavor: Flavor, gate: Gate, path: Path, file: str) -> Any:
    """Return what a state dict's file holds, with tensors on the CPU.

    Raises:
        InvalidModel: it is no file of PyTorch, or its tensors lead out of it.
        UnsupportedModel: it is a program.
        UntrustedModel: it holds more than tensors and plain values, and is not trusted.

    """
    torch = flavor.require("torch")
    data = gate.read_to_run(path)
    gate.budget.store(len(data))
    kind = torch_archive.kind_of(data)
    if kind not in (torch_archive.PICKLE, torch_archive.LEGACY):
        raise InvalidModel.of_file(file, "PTH-006", "is not a whole file that torch.save wrote")
    why = "it has the form that PyTorch wrote before 1.6"
    if kind == torch_archive.PICKLE:
        try:
            archive = torch_archive.Archive.of(data, gate.budget)
            return archive.plain(gate.budget, _Tensors(torch, archive, file).make)
        except torch_pickle.NotPlain as error:
            why = f"it uses {error}"
        except (Malformed, Spent) as error:
            raise InvalidModel.of_file(file, "PTH-007", str(error)) from None
    gate.require_trust(f"{file} is not tensors and plain values alone: {why}", file)
    return torch_trusted.load(data, gate.own, file)


class _Tensors:
    """Makes tensors of the storages of an archive; those of one storage share its memory."""

    def __init__(self, torch: Any, archive: torch_archive.Archive, file: str) -> None:
        self._torch, self._archive, self._file = torch, archive, file
        self._storages: dict[tuple[torch_pickle.Storage, str], Any] = {}

    def make(self, leaf: torch_pickle.Tensor | torch_pickle.Leaf) -> Any:
        """Return the tensor, dtype, device or size that a leaf stands for."""
        with cannot_be_read(self._file, "holds a tensor that cannot be", "PTH-007"):
            return self._made(leaf)

    def _made(self, leaf: torch_pickle.Tensor | torch_pickle.Leaf) -> Any:
        torch = self._torch
        if isinstance(leaf, torch_pickle.Leaf):
            if leaf.kind == "dtype":
                return getattr(torch, leaf.value)
            return (torch.device if leaf.kind == "device" else torch.Size)(*leaf.value)
        whole = self._whole(leaf.storage, leaf.dtype)
        tensor = whole.as_strided(leaf.size, leaf.stride, leaf.offset)
        if leaf.is_parameter:
            return torch.nn.Parameter(tensor, requires_grad=leaf.requires_grad)
        return tensor.requires_grad_(leaf.requires_grad) if leaf.requires_grad else tensor

    def _whole(self, storage: torch_pickle.Storage, dtype: str) -> Any:
        key = storage, dtype
        if key not in self._storages:
            torch, data = self._torch, bytearray(self._archive.storage(storage))
            width = torch_pickle.BY_DTYPE[dtype]
            del data[len(data) // width * width :]
            kind = getattr(torch, dtype)
            self._storages[key] = (
                torch.frombuffer(data, dtype=kind) if data else torch.empty(0, dtype=kind)
            )
        return self._storages[key]
