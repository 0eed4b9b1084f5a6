"""A module written as an exported program (``torch.export``), traced with the example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument
from mlmodel.flavors._failures import cannot_be_saved
from mlmodel.flavors._pytorch_data import Inputs
from mlmodel.flavors._pytorch_files import is_program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["write"]


def write(torch: Any, model: Any, path: Path, options: Mapping[str, Any]) -> None:
    """Write a module that is in eval mode as a program, or what is one already.

    ``options`` have the example and the signature.

    Raises:
        InvalidArgument: there is no example, or PyTorch cannot export the module.

    """
    if not is_program(model):
        model = _exported(torch, model, options["input_example"], options["signature"])
    with cannot_be_saved("The program cannot be written", "PTH-009", path):
        torch.export.save(model, path)


def _exported(torch: Any, model: Any, example: Any, signature: Any) -> Any:
    if example is None:
        raise InvalidArgument(
            "serialization_format='pt2' traces the module with an input_example: give one, or "
            "save it with serialization_format='pickle' (PTH-009)"
        )
    if isinstance(model, torch.jit.ScriptModule):
        raise InvalidArgument(
            "A TorchScript program cannot be exported; save it with serialization_format='pickle', "
            "which writes it as it is (PTH-009)"
        )
    places, names = Inputs(torch, model).of(example[0] if isinstance(example, tuple) else example)
    free = _free_axes(signature)
    given = [_of_two_rows(torch, one) for one in (*places, *names.values())]
    axes = [{axis: torch.export.Dim.AUTO for axis in free if axis < one.ndim} for one in given]
    arguments, keywords = (
        tuple(given[: len(places)]),
        dict(zip(names, given[len(places) :], strict=True)),
    )
    shapes = (*axes[: len(places)],) if not names else dict(zip(names, axes, strict=True))
    with cannot_be_saved("The module cannot be exported", "PTH-009"):
        # As torch does by itself since 2.7: before, a ninth module of a class was one too many.
        program = torch.export.export(
            model, arguments, keywords, dynamic_shapes=shapes, strict=False
        )
    _warn_of_fixed_rows(program)
    return program


def _free_axes(signature: Any) -> set[int]:
    """Return the axes of any size: the first one, and those that a signature of tensors names."""
    inputs = getattr(signature, "inputs", None)
    shapes = [one.shape for one in inputs] if inputs and inputs.is_tensor_spec() else []
    return {0} | {axis for shape in shapes for axis, size in enumerate(shape) if size == -1}


def _of_two_rows(torch: Any, one: Any) -> Any:
    """Return an example with two rows where it has one: PyTorch takes an axis of one for fixed."""
    return torch.cat([one, one]) if one.ndim and len(one) == 1 else one


def _warn_of_fixed_rows(program: Any) -> None:
    """Warn where the program takes as many rows as the example has, and no other number."""
    names = set(program.graph_signature.user_inputs)
    values = [one.meta.get("val") for one in program.graph.nodes if one.name in names]
    # An axis of any size is called by a symbol (s31).
    sizes = {str(one.shape[0]) for one in values if getattr(one, "shape", ())}
    fixed = sorted(size for size in sizes if size.isdecimal())
    if fixed:
        warn_caller(
            f"The exported program takes exactly {', '.join(fixed)} rows, since "
            "the module computes with their number; serialization_format='pickle' keeps the module "
            "as it is (PTH-009)"
        )
