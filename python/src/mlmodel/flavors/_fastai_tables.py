"""What a learner of fastai gets of the data of a python_function, and what it answers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pandas as pd

from mlmodel.flavors._arguments import warn_of_params
from mlmodel.flavors._failures import refused_by
from mlmodel.flavors._tables import FeatureNames, required_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.flavors._base import Predict

__all__ = ["predictor"]

#: What fastai raises, beside what all do, on data that it does not take.
_REFUSALS = (AssertionError, RuntimeError, AttributeError)
#: The column that a missing number is told by, beside it.
_GAP = "_na"


def predictor(learner: Any) -> Predict:
    """Return how a learner predicts a table; one prediction at a time, since it keeps its state."""
    names, turn = _columns_of(learner), threading.Lock()

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        warn_of_params(params, "A learner of fastai")
        table = required_table(model_input, "FAI-005", "A learner of fastai")
        missing = [name for name in names if name not in table.columns]
        if missing:
            raise FeatureNames(names, "FAI-006", ("column", "the learner")).lacking(missing)
        if not len(table):
            return pd.DataFrame({"predictions": []}, dtype=object)
        with turn, refused_by("fastai", "FAI-007", *_REFUSALS):
            predicted = _predicted(learner, table)
        return pd.DataFrame({"predictions": list(predicted)}, index=table.index)

    return predict


def _predicted(learner: Any, table: pd.DataFrame) -> Any:
    rows = learner.dls.test_dl(table, num_workers=0)
    with learner.no_bar():
        predicted, _ = learner.get_preds(dl=rows)
    return predicted.numpy()


def _columns_of(learner: Any) -> list[str]:
    """Return the columns that a learner of tables takes; none for another, which does not say."""
    rows = getattr(learner.dls, "train_ds", None)
    numbers = list(getattr(rows, "cont_names", ()))
    kinds = list(getattr(rows, "cat_names", ()))
    made = {f"{name}{_GAP}" for name in numbers}  # by fastai itself, of a number with gaps
    return [*(str(name) for name in kinds if name not in made), *map(str, numbers)]
