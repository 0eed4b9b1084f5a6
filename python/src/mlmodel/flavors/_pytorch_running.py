"""How a module of PyTorch predicts: where it is, in eval mode, without gradients."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidArgument, UnsupportedModel
from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._failures import brief, refused_by
from mlmodel.flavors._invalid_data import invalid
from mlmodel.flavors._pytorch_data import Inputs, answer, forward_of
from mlmodel.scoring.predict import Taking

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mlmodel.flavors._base import Predict

__all__ = ["evaluating", "on_device", "predictor"]


def predictor(torch: Any, model: Any) -> Predict:
    """Return how a module predicts where it is."""
    inputs = Inputs(torch, model)
    arguments = PredictArguments.of_method(
        forward_of(model), inputs.data, of="the module's forward", rule="PTH-014"
    )

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        options = dict(params or {})
        at = _device_of(torch, model)
        _require_device(torch, at, options.pop("device", None))
        given = arguments.given(options)
        places, names = inputs.of(model_input)
        inputs.require_complete(places, names, given)
        named = {name: one.to(at) for name, one in names.items()}
        told = partial(_reason, model, [*places, *names.values()])
        refused = refused_by("PyTorch", "PTH-015", of_data=_is_pytorchs, words=told)
        with refused, torch.no_grad(), evaluating(model):
            predicted = model(*(one.to(at) for one in places), **named, **given)
            return answer(torch, model_input, predicted)

    return Taking(predict, lambda name: name == "device" or arguments.takes(name))


def _is_pytorchs(error: Exception) -> bool:
    """Return whether PyTorch raises such errors; others are those of the module's own code.

    Its own modules, which are Python, say by a ValueError what they do not take.
    """
    if isinstance(error, ValueError):
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        return str(frame.f_globals.get("__name__")).startswith("torch.")
    return isinstance(error, RuntimeError | IndexError | AssertionError)


def _reason(model: Any, given: Iterable[Any], error: BaseException) -> str:
    """Return why PyTorch refuses data, and what to do where their numbers are not the module's."""
    held = _kinds(model.parameters())
    if not held or not (kinds := _kinds(given)) or held & kinds:
        return brief(error)
    array = f"give an array of {min(held)}, or " * ("bfloat16" not in held)  # which arrays have not
    return (
        f"{brief(error)}. The module computes with {' and '.join(sorted(held))}, and was given "
        f"{' and '.join(sorted(kinds))}, which tables and lists become: {array}save module.float()"
    )


def _kinds(tensors: Iterable[Any]) -> set[str]:
    """Return the dtypes of tensors of floats."""
    return {str(one.dtype).removeprefix("torch.") for one in tensors if one.is_floating_point()}


def on_device(torch: Any, model: Any, device: object, root: Path) -> Any:
    """Return a module on the device that is configured, else on a graphics card if there is one.

    An exported program stays where it was exported.
    """
    if device is None:
        if _is_traced(model) or not torch.cuda.is_available():
            return model
        device = "cuda"
    return _moved(torch, model, device, root)


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Have a module in eval mode, and put back afterwards what was not."""
    modules = () if _is_traced(model) else model.modules()
    training = [one for one in modules if getattr(one, "training", False)]
    if training:
        model.eval()
    try:
        yield
    finally:
        for one in training:
            one.training = True


def _is_traced(model: Any) -> bool:
    """Return whether a module is an exported program, which stays in its mode and on its device."""
    return defined_by(model, "torch.fx.graph_module")


def _device_of(torch: Any, model: Any) -> Any:
    for one in (*model.parameters(), *model.buffers()):
        return one.device
    return torch.device("cpu")


def _moved(torch: Any, model: Any, device: object, root: Path) -> Any:
    """Return a module on a device; an exported program stays where it was exported."""
    try:
        wanted = torch.device(device)
        if not _is_traced(model):
            return model.to(wanted)
    except (RuntimeError, AssertionError, TypeError) as error:
        raise InvalidArgument(
            f"The device {device!r} of model_config cannot be had: {brief(error)} (PTH-013)"
        ) from None
    if _device_of(torch, model).type != wanted.type:
        raise UnsupportedModel(
            f"{root}: the program was exported on {_device_of(torch, model)}, and cannot be moved "
            f"to {wanted} (PTH-013); export the module there"
        )
    return model


def _require_device(torch: Any, at: Any, device: object) -> None:
    """Hold the parameter ``device`` against where the module is (PTH-013)."""
    if device is None:
        return
    try:
        wanted = torch.device(device)
    except (RuntimeError, TypeError):
        wanted = None
    if wanted is None or wanted.type != at.type or wanted.index not in (None, at.index):
        raise invalid(
            "PTH-013",
            f"The model is on {at}, and cannot predict on {device!r}: "
            "load_model(…, model_config={'device': …}) chooses where it is.",
            "device",
        )
