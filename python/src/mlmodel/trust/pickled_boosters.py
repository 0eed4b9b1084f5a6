"""Boosters of XGBoost that stand in pickles and skops files (XGB-017, XGB-018).

A pickled booster keeps its model and the configuration of its training in one object of UBJSON,
which XGBoost's compiled reader believes. The model is what the flavor's files hold and is
checked as they are; the configuration is not handed to XGBoost at all, since no prediction asks
for it: it names updaters, metrics and parameters that a reader would make and follow.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import zipfile
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidModel, MissingDependency, UnsupportedModel
from mlmodel.trust import boosters, ubjson
from mlmodel.trust.pickles.budget import Spent
from mlmodel.trust.pickles.names import BOOSTER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.trust.pickles.budget import Budget

__all__ = ["stand_in", "with_checked_handles"]

#: What begins as these is a form of older versions: JSON, and the binary one.
_OLDER = (b'{"', b"CONFIG-offset:", b"binf", b"bs64")


def stand_in(file: str, budget: Budget) -> type:
    """Return the class that a restricted unpickler takes for ``Booster``; ``file`` is for errors.

    The values of its models count in the ``budget`` (TRU-098).

    What it restores is a ``Booster`` and nothing else.

    Raises:
        MissingDependency: XGBoost is not installed.

    """
    base = _library().Booster

    class Restored(base):  # type: ignore[misc, valid-type]
        def __setstate__(self, state: Mapping[str, Any]) -> None:
            _restore(self, state["handle"], file, budget)
            self.__dict__.update((key, one) for key, one in state.items() if key != "handle")
            self.__class__ = base

    return Restored


def with_checked_handles(data: bytes, file: str, budget: Budget) -> bytes:
    """Return a skops file that holds boosters with their models as XGBoost itself writes them.

    skops gives a booster what the file has, so every ``bytearray`` in it counts as a model. Their
    values count in the ``budget`` (TRU-098).

    Raises:
        InvalidModel: a model would lead XGBoost astray, or it cannot be read.
        MissingDependency: XGBoost is not installed.
        UnsupportedModel: it is of a version whose pickles are not read.

    """
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(written, "w") as new:
        handles = _files_of_bytearrays(json.loads(old.read("schema.json")))
        for entry in old.infolist():
            held = old.read(entry)
            if entry.filename in handles:
                held = _checked(held, file, budget)
            new.writestr(entry.filename, held)
    return written.getvalue()


def _checked(handle: bytes, file: str, budget: Budget) -> bytes:
    """Return what XGBoost writes for a booster with the model that ``handle`` holds."""
    booster = _library().Booster()
    _restore(booster, handle, file, budget)
    return bytes(booster.__getstate__()["handle"])


def _files_of_bytearrays(schema: Any) -> set[Any]:
    found: set[Any] = set()
    pending = [schema]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            if one.get("__loader__") == "BytearrayNode":
                found.add(one.get("file"))
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)
    return found


def _library() -> Any:
    try:
        return importlib.import_module(BOOSTER[0])
    except ImportError:
        raise MissingDependency(
            "The model holds a booster of XGBoost, and 'xgboost' is not installed. Install what "
            "the model's requirements.txt names."
        ) from None


def _restore(booster: Any, handle: Any, file: str, budget: Budget) -> None:
    """Make ``booster`` a new one with the model of ``handle`` once it is checked."""
    library = _library()
    model, threads = _parts(handle, file, budget)
    boosters.check(model, file, budget)
    booster.handle = None  # so that it can be thrown away if what follows fails
    library.Booster.__init__(booster, {"nthread": threads} if threads else None)
    try:
        booster.load_model(bytearray(model))
    except library.XGBoostError as error:
        why = str(error).strip().partition("\n")[0]
        raise _refused(file, f"that XGBoost cannot load: {why}") from None


def _refused(file: str, what: str) -> InvalidModel:
    return InvalidModel.of_file(file, "XGB-018", f"holds a booster of XGBoost {what}")


def _parts(handle: Any, file: str, budget: Budget) -> tuple[bytes, int]:
    """Return the bytes of the model, and how many threads it computes with (0: not known)."""
    if not isinstance(handle, bytes | bytearray):
        raise _refused(file, "whose model is something else than bytes")
    if handle.startswith(_OLDER):
        raise UnsupportedModel(
            f"{file} holds a booster that was pickled by an XGBoost before 2.0, which later ones "
            "do not read; load it with the XGBoost that saved it, save the booster by its "
            "save_model, and make the model again with that (XGB-018)"
        )
    try:
        budget.set_aside(len(handle))  # which many boosters may share
        parts = ubjson.members(bytes(handle), budget)
        threads = _threads(parts.get("Config", b"Z"), budget)
    except (ValueError, RecursionError, Spent) as error:
        raise _refused(file, f"that is not whole: {error}") from None
    if parts.keys() != {"Config", "Model"} or parts["Model"][:1] != b"{":
        raise _refused(file, "that is not made of a model and a configuration")
    return parts["Model"], threads


def _threads(config: bytes, budget: Budget) -> int:
    """Return the number of threads in a configuration where this machine has so many, else 0."""
    for key in ("learner", "generic_param", "nthread"):
        config = ubjson.members(config, budget).get(key, b"Z") if config[:1] == b"{" else b"Z"
    threads = ubjson.loads(config, budget)
    most = os.cpu_count() or 1
    known = isinstance(threads, str) and threads in {str(one) for one in range(1, most + 1)}
    return int(threads) if known else 0
