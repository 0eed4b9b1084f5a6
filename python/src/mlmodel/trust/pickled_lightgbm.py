"""Boosters and estimators of LightGBM that stand in pickles and skops files (LGB-016, LGB-017).

A pickled booster keeps its model as text, which LightGBM's compiled reader believes: the text is
checked as that of a file is, and nothing else of the booster's state is taken but its best
iteration. An estimator holds data beside its booster, and is looked at once it is loaded.
"""

from __future__ import annotations

import importlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.errors import InvalidModel, MissingDependency
from mlmodel.trust import lightgbm_text
from mlmodel.trust.bounds.walk import objects
from mlmodel.trust.pickles.names import LIGHTGBM, LIGHTGBM_BOOSTER

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_texts", "require_data", "stand_in"]

#: As many threads as any estimator may ask for (TRU-096).
_MOST_THREADS = 1024
_THREADS = frozenset({"n_jobs", "n_thread", "nthread", "nthreads", "num_thread", "num_threads"})
_DEEPEST = 20
_ATOMS = (type(None), bool, int, float, str)
_LABELS = "sklearn.preprocessing._label.LabelEncoder"


def stand_in(file: str) -> type:
    """Return the class that a restricted unpickler takes for ``Booster``; ``file`` is for errors.

    What it restores is a ``Booster`` and nothing else.

    Raises:
        MissingDependency: LightGBM is not installed.

    """
    base = _library().Booster

    class Restored(base):  # type: ignore[misc, valid-type]
        def __setstate__(self, state: dict[str, Any]) -> None:
            _restore(self, state, base, file)

    return Restored


def check_texts(data: bytes, file: str) -> None:
    """Check the text of every booster in a skops file, before skops hands them to LightGBM.

    Raises:
        InvalidModel: a text would lead LightGBM astray, or a booster has none.

    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read("schema.json"))
    for node in _boosters(schema):
        held = node["content"]["content"] if isinstance(node.get("content"), dict) else {}
        text = held.get("_handle", held.get("handle", {}))
        _checked(json.loads(text.get("content", "null")), file)


def require_data(loaded: Any, file: str) -> None:
    """Hold every estimator of LightGBM, and every booster, to data and to threads that there are.

    Raises:
        InvalidModel: an attribute is something else, or has the name of a method.

    """
    for one in objects(loaded):
        kind = type(one)
        if (kind.__module__, kind.__qualname__) in LIGHTGBM:
            for name, value in vars(one).items():
                if name == "_handle":
                    continue
                is_booster = name == "_Booster" and type(value) is _library().Booster
                if hasattr(kind, name) or not (is_booster or _is_data(value)):
                    what = f"whose attribute {name!r} is not the data that it keeps there"
                    raise _refused(file, what)
            if any(_threads(vars(one))):
                raise _refused(file, f"that asks for more than {_MOST_THREADS:,} threads")


def _library() -> Any:
    try:
        return importlib.import_module(LIGHTGBM_BOOSTER[0].partition(".")[0])
    except ImportError:
        raise MissingDependency(
            "The model holds a booster of LightGBM, and 'lightgbm' is not installed. Install what "
            "the model's requirements.txt names."
        ) from None


def _restore(booster: Any, state: Any, base: Any, file: str) -> None:
    """Make ``booster`` a new one with the model of ``state`` once it is checked."""
    text = _checked(state.get("_handle", state.get("handle")), file)
    try:
        base.__init__(booster, model_str=text)
    except (_library().basic.LightGBMError, ValueError) as error:
        why = str(error).strip().partition("\n")[0]
        raise _refused(file, f"that LightGBM cannot load: {why}") from None
    best = state.get("best_iteration")
    if type(best) is int:
        booster.best_iteration = best
    booster.__class__ = base


def _checked(text: Any, file: str) -> str:
    if not isinstance(text, str):
        raise _refused(file, "that has no text for its model")
    return lightgbm_text.check(text.encode(errors="surrogatepass"), file)


def _refused(file: str, what: str) -> InvalidModel:
    return InvalidModel.of_file(file, "LGB-017", f"holds a model of LightGBM {what}")


def _boosters(schema: Any) -> Iterator[dict[str, Any]]:
    pending = [schema]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            if (one.get("__module__"), one.get("__class__")) == LIGHTGBM_BOOSTER:
                yield one
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)


def _is_data(value: Any, depth: int = 0) -> bool:
    """Return whether a value is numbers, texts, arrays and labels, in containers or by itself."""
    kind = type(value)
    if isinstance(value, dict) and kind.__module__ in {"builtins", "collections"}:
        return depth < _DEEPEST and all(
            _is_data(one, depth + 1) for pair in value.items() for one in pair
        )
    if kind in {list, tuple} or (kind is np.ndarray and value.dtype == object):
        return depth < _DEEPEST and all(_is_data(one, depth + 1) for one in value)
    if f"{kind.__module__}.{kind.__qualname__}" == _LABELS:
        return all(type(one) is np.ndarray and _is_data(one) for one in vars(value).values())
    is_array = kind is np.ndarray or isinstance(value, np.generic)
    return kind in _ATOMS or (is_array and value.dtype.kind in "biufUSM")


def _threads(state: dict[str, Any]) -> Iterator[bool]:
    """Give whether each number of threads of an estimator, or of its booster, is too large."""
    for one in (state, state.get("_other_params"), state.get("params")):
        for name, value in one.items() if isinstance(one, dict) else ():
            if name in _THREADS:
                yield value is not None and not (
                    isinstance(value, int | np.integer) and abs(int(value)) <= _MOST_THREADS
                )
