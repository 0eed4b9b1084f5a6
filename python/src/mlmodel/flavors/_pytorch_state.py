"""State dicts: tensors and plain values, which are rebuilt here without PyTorch's reader (PTH-007).

What a file holds is read by :mod:`mlmodel.trust.torch_pickle`; tensors are made of its bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidModel
from mlmodel.flavors._failures import cannot_be_read, cannot_be_saved
from mlmodel.store.locations.locate import local_path, path_to_write
from mlmodel.store.new_folder import new_folder
from mlmodel.trust import torch_archive, torch_pickle, torch_trusted
from mlmodel.trust.gate import Gate
from mlmodel.trust.pickles.budget import Spent
from mlmodel.trust.pickles.findings import Malformed
from mlmodel.trust.records import record

if TYPE_CHECKING:
    from pathlib import Path

    from mlmodel.flavors._base import Flavor
    from mlmodel.store import PathLike

__all__ = ["read", "write"]

_FILE = "state_dict.pth"


def write(flavor: Flavor, state: dict[str, Any], path: PathLike) -> None:
    """Write a state dict into a new folder, which is this user's from then on."""
    torch = flavor.require("torch")
    target = path_to_write(path).absolute()
    with new_folder(target, overwrite=False) as root, cannot_be_saved("The state dict", "PTH-007"):
        torch.save(state, root / _FILE)
    record(target, "saved by this user")


def read(flavor: Flavor, uri: PathLike, *, trust: bool) -> Any:
    """Return the state dict in a folder, with its tensors on the CPU."""
    root = local_path(uri)
    return _load(flavor, Gate.for_folder(root, trust=trust), root / _FILE, _FILE)


def _load(flavor: Flavor, gate: Gate, path: Path, file: str) -> Any:
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
