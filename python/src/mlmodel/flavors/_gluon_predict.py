"""How a network of Gluon predicts: one array of float32 in, one out (GLU-006, GLU-007)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from mlmodel.flavors._arguments import warn_of_params
from mlmodel.flavors._arrays import ArrayInput, ArrayInputs
from mlmodel.flavors._failures import refused_by
from mlmodel.flavors._tables import as_frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.flavors._base import Predict

__all__ = ["predictor"]


def predictor(mxnet: Any, model: Any, name: str) -> Predict:
    """Return how a network predicts, whose input is called ``name``."""
    declared = ArrayInput.declared(name, "float32", None)
    inputs = ArrayInputs([declared], names_rule="GLU-006", cast_rule="GLU-006")

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        warn_of_params(params, "A network of Gluon")
        frame = as_frame(model_input)
        given = inputs.of(model_input if frame is None else frame)[name]
        with refused_by("MXNet", "GLU-007", mxnet.base.MXNetError):
            answers = _plain(model(mxnet.nd.array(given, dtype="float32")))
        if frame is None or getattr(answers, "ndim", 0) not in (1, 2):
            return answers
        return pd.DataFrame(answers, index=frame.index)

    return predict


def _plain(answer: Any) -> Any:
    return [one.asnumpy() for one in answer] if isinstance(answer, list) else answer.asnumpy()
