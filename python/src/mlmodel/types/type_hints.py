"""Public names where MLflow's users look for them (``mlflow.types.type_hints``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.lazy import lazily

if TYPE_CHECKING:
    from mlmodel.pyfunc.hints import TypeFromExample

__all__ = ["TypeFromExample"]

# Models are loaded beside it, which needs numpy and pandas.
__getattr__, __dir__ = lazily(__name__, {"TypeFromExample": "mlmodel.pyfunc.hints"})
