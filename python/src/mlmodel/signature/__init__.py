"""Signatures: types, inference, enforcement, comparison (spec/signature.md, spec/enforcement.md).

The name below has no place in ``mlmodel.models``, where MLflow's users look for the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.lazy import lazily

if TYPE_CHECKING:
    from mlmodel.signature.compare.diff import compare_signatures

__all__ = ["compare_signatures"]

__getattr__, __dir__ = lazily(__name__, {"compare_signatures": "mlmodel.signature.compare.diff"})
