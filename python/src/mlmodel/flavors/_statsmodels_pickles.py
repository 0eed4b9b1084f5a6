"""Pickles of results of statsmodels, with or without the data of training (STM-003, STM-011)."""

from __future__ import annotations

import pickle
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from mlmodel.errors import InvalidArgument, InvalidModel, MissingDependency
from mlmodel.flavors._failures import brief, cannot_be_saved
from mlmodel.trust.pickles import unpickle
from mlmodel.trust.pickles.own import OwnCode

__all__ = ["moved", "pickled"]


def pickled(model: Any, file: str, *, remove_data: bool) -> tuple[bytes, Any]:
    """Return a model's pickle, and the model that it holds: another one without the data.

    Raises:
        InvalidArgument: it cannot be pickled, or not loaded again from ``file``.

    """
    with cannot_be_saved("The model cannot be pickled", "STM-003"):
        data = pickle.dumps(model, protocol=5)
    if not remove_data and not hasattr(model.model, "formula"):
        return data, model
    # A formula is evaluated anew when it is loaded, where functions of one's own are not known.
    try:
        copy = unpickle.load_trusted(data, {}, file, OwnCode())
    except (InvalidModel, MissingDependency) as error:
        raise InvalidArgument(
            f"The model could not be loaded again: {brief(error.__cause__ or error)}. Use "
            "functions of numpy (np.log) in its formula, or add a column before (STM-011)"
        ) from error
    if not remove_data:
        return data, model
    copy.remove_data()
    return pickle.dumps(copy, protocol=5), copy


def moved() -> dict[tuple[str, str], object]:
    """Return what old pickles name that has another place now, by the name in the pickle."""
    old, new = "statsmodels.tools.decorators", "statsmodels.tools._decorators"
    if find_spec(new) is None:
        return {}
    classes = vars(import_module(new)).items()
    return {(old, name): one for name, one in classes if isinstance(one, type)}
