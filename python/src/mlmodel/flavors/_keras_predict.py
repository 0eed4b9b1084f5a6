"""How a model of Keras predicts as a python_function (KER-011 to KER-014)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._arrays import ArrayInput, ArrayInputs, framed
from mlmodel.flavors._failures import refused_by
from mlmodel.flavors._tables import as_frame, undeclared
from mlmodel.scoring.predict import Taking

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from mlmodel.flavors._base import Predict

__all__ = ["predictor"]


def predictor(keras: ModuleType, model: Any) -> Predict:
    """Return how a model predicts: by its own ``predict``."""
    inputs = _Inputs(keras, model)
    arguments = PredictArguments(("batch_size",), "Keras' predict", "KER-013")

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        given = arguments.given(params)
        frame = as_frame(model_input)
        with refused_by("Keras", "KER-014", Exception):
            feed, rows = inputs.of(model_input if frame is None else frame)
            call = model.predict_on_batch if rows == 0 else model.predict
            told = {} if rows == 0 else {"verbose": 0, **given}
            answers = call(feed, **told)
        return framed(_named(model, answers), frame)

    return Taking(predict, arguments.takes)


class _Inputs:
    """What a model takes: arrays by the names of its inputs, or what it is given."""

    def __init__(self, keras: ModuleType, model: Any) -> None:
        self._keras = keras
        declared = _inputs_of(model)
        self._names = [one.name for one in declared]
        self._texts = {one.name for one in declared if one.dtype == object}
        self._arrays = ArrayInputs(
            declared, names_rule="KER-011", cast_rule="KER-012", rounds=True,
            takes_truths=True,
        )  # fmt: skip
        #: The model's own names of its inputs, where it was made with a mapping of them.
        structure = getattr(model, "input", None) if declared else None
        keyed = structure if isinstance(structure, dict) else {}
        self._keys = {key: one.name for key, one in keyed.items()}

    def of(self, given: Any) -> tuple[Any, int]:
        """Return what the model's ``predict`` is given, and how many rows that has."""
        if not self._names:  # a model whose inputs are known to its own code alone
            array = undeclared(given)
            array = np.asarray(array) if isinstance(array, list) else array
            return array, len(array) if getattr(array, "ndim", 0) else -1
        is_one_each = isinstance(given, list | tuple) and len(given) == len(self._names) > 1
        if is_one_each and not any(isinstance(one, dict) for one in given):
            given = dict(zip(self._names, given, strict=True))
        arrays = self._arrays.of(given)
        rows = min((len(one) for one in arrays.values() if np.ndim(one)), default=-1)
        for name in self._texts.intersection(arrays):
            arrays[name] = self._keras.ops.convert_to_tensor(arrays[name], dtype="string")
        if self._keys:
            return {key: arrays[name] for key, name in self._keys.items()}, rows
        feed = [arrays[name] for name in self._names]
        return (feed if len(feed) > 1 else feed[0]), rows


def _inputs_of(model: Any) -> list[ArrayInput]:
    try:
        tensors = model.inputs
    except AttributeError:  # one that is not built yet
        return []
    found = []
    for one in tensors or ():
        name = str(one.dtype)
        # numpy has no such numbers; Keras makes them of the next that it has.
        dtype = {"string": "object", "bfloat16": "float32"}.get(name, name)
        # How many rows a model was made with is no bound of how many it takes.
        sizes = [None, *one.shape[1:]] if one.shape else one.shape
        found.append(ArrayInput.declared(one.name, dtype, sizes))
    return found


def _named(model: Any, answers: Any) -> Any:
    """Return several answers by the names of the model's outputs, a single one as it is."""
    if isinstance(answers, list | tuple) and len(answers) > 1:
        names = getattr(model, "output_names", None) or range(len(answers))
        return {str(name): one for name, one in zip(names, answers, strict=True)}
    return answers[0] if isinstance(answers, list | tuple) and answers else answers
