"""Shapes of tensors against declared ones (ENF-071); without numpy, for the codecs too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.errors import InputViolation

if TYPE_CHECKING:
    from mlmodel.signature.types.schema import TensorSpec

__all__ = ["label", "wrong_shape"]


def wrong_shape(given: tuple[int, ...], spec: TensorSpec) -> InputViolation | None:
    """Return the violation of a shape that is not the declared one (ENF-071), or None."""
    if _same_shape(given, spec.shape):
        return None
    declared, shape = str(list(spec.shape)), str(list(given))
    message = f"Tensor {label(spec)}: expected shape {declared} (-1 = any), got {shape}."
    return InputViolation("ENF-071", message, spec.name, None, declared, shape)


def _same_shape(given: tuple[int, ...], declared: tuple[int, ...]) -> bool:
    return len(given) == len(declared) and all(
        d in (-1, g) for g, d in zip(given, declared, strict=True)
    )


def label(spec: TensorSpec) -> str:
    """Return what messages call a tensor."""
    return "(unnamed)" if spec.name is None else repr(spec.name)
