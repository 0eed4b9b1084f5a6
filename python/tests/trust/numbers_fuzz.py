"""Honest estimators with one number changed: what loads without trust neither crashes nor hangs.

``python numbers_fuzz.py COUNT [SEED]`` changes so many numbers, in all estimators of the zoo in
turn: an integer of a state, an element, a field or the length of an array, an object put in place
of by nothing. What the gate lets through is asked for its answers, in a child process of its own
with little memory. It ends with 1 where a child dies or does not end.
"""

from __future__ import annotations

import gc
import io
import os
import pickle
import random
import resource
import signal
import sys
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from mlmodel.errors import MlmodelError
from mlmodel.trust.gate import Gate

#: What a number is changed to, beside its neighbours.
EXTREMES = (-1, -2, 0, 1, 2, 7, 255, 2**16, 2**31 - 1, -(2**31), 2**31, 2**40, 2**62, -(2**62))
METHODS = (
    "predict", "predict_proba", "decision_function", "transform", "kneighbors", "score_samples",
    "apply", "decision_path", "radius_neighbors", "staged_predict", "dbscan_clustering",
    "feature_importances_", "coef_", "get_feature_names_out", "names", "inverse_transform",
)  # fmt: skip
MEMORY = 6 * 2**30
#: Of computing: a loaded machine gives no false finds.
SECONDS = 30
#: By the clock: a child that waits for something that does not come.
PATIENCE = 900


class Changer(pickle._Pickler):
    """Pickles an object with the ``target``-th place changed; counts the places in ``count``."""

    def __init__(self, file: io.BytesIO, source: random.Random, target: int = -1) -> None:
        super().__init__(file, 4)
        self.random, self.target, self.count, self.what = source, target, 0, ""
        self.kept: list[Any] = []

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        kind = type(obj)
        if kind is int or kind is np.ndarray or hasattr(obj, "__dict__"):
            if not isinstance(obj, type) and self.count == self.target:
                changed = self._changed(obj)
                self.what = f"{obj!r:.60} -> {changed!r:.60}"
                self.kept.append(changed)
                obj = changed
            self.count += not isinstance(obj, type)
        super().save(obj, save_persistent_id)

    def _changed(self, obj: Any) -> Any:
        if type(obj) is int:
            return self._number(obj)
        if type(obj) is np.ndarray:
            return self._array(obj)
        return None

    def _number(self, value: int) -> int:
        near = (value + 1, value - 1, 2 * value + 1, -value)
        return self.random.choice(EXTREMES + near)

    def _array(self, array: np.ndarray[Any, Any]) -> Any:
        choice = self.random.random()
        if choice < 0.2 and array.ndim:
            return np.ascontiguousarray(array[: self.random.choice([0, len(array) // 2, -1])])
        if choice < 0.25 and array.ndim > 1:
            return np.ascontiguousarray(array[:, :-1])
        if choice < 0.3:
            return np.concatenate([array, array]) if array.ndim else array
        changed = array.copy()
        if not changed.size:
            return changed
        place = np.unravel_index(self.random.randrange(changed.size), changed.shape)
        if changed.dtype.fields:
            name = self.random.choice(changed.dtype.names or ("",))
            target = changed[name]
        else:
            target = changed
        with suppress(OverflowError, ValueError, TypeError), np.errstate(all="ignore"):
            value = self._number(int(target[place]))
            target[place] = np.array(value).astype(target.dtype)
        return changed


def changed(estimator: Any, source: random.Random) -> tuple[bytes, str]:
    """Return an estimator's pickle with one place changed, and what was changed."""
    first = Changer(io.BytesIO(), source)
    first.dump(estimator)
    out = io.BytesIO()
    second = Changer(out, source, source.randrange(first.count))
    second.dump(estimator)
    return out.getvalue(), second.what


def answer(model: Any, name: str, data: Any) -> Any:
    """Return what a model answers when it is asked for one thing."""
    if name == "names":
        return model.get_feature_names_out()
    if name == "inverse_transform":
        return model.inverse_transform(model.transform(data))
    found = getattr(model, name)
    if name == "dbscan_clustering":
        return found(0.5, 5)
    return found(data) if callable(found) else found


def ask(root: Path, data: Any) -> int:
    """Load the model without trust and ask for all that it answers; 0: refused, 3: let through."""
    try:
        model = Gate.for_folder(root).load_pickle(root / "model.pkl")
    except (MlmodelError, MemoryError):
        return 0
    for name in METHODS:
        with suppress(Exception):
            found = answer(model, name, data)
            array = np.asarray(list(found) if name == "staged_predict" else found)
            # To add texts takes a time that grows with the square of them: no answer does that.
            array.sum() if array.dtype.kind in "biufc" else array.size
    del model
    gc.collect()
    return 3


def in_child(root: Path, content: bytes, data: Any) -> tuple[str, bool]:
    """Ask in a child process; return how it died, if it did, and whether the model was let through."""
    (root / "model.pkl").write_bytes(content)
    child = os.fork()
    if not child:
        status = 9
        with suppress(BaseException):
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(PATIENCE)
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            status = ask(root, data)
        os._exit(status)
    _, ended = os.waitpid(child, 0)
    if os.WIFSIGNALED(ended):
        return signal.Signals(os.WTERMSIG(ended)).name, True
    code = os.WEXITSTATUS(ended)
    return ("" if code in {0, 3} else f"it ended with {code}"), code == 3


def fuzz(
    zoo: dict[str, tuple[Any, Any]], count: int, seed: int, root: Path
) -> tuple[list[str], int]:
    """Change ``count`` numbers; return what died of it, and how many changes were let through."""
    source, found, through = random.Random(seed), [], 0
    names = sorted(zoo)
    for number in range(count):
        name = names[number % len(names)]
        try:
            content, what = changed(zoo[name][0], source)
        except Exception:  # noqa: BLE001 - a changed object that cannot be pickled
            continue
        died, let = in_child(root, content, zoo[name][1])
        through += let
        if died:
            found.append(f"{number} of seed {seed}, {name}: {what}: {died}")
            sys.stdout.write(found[-1] + "\n")
            sys.stdout.flush()
            (root / f"died-{seed}-{number}.pkl").write_bytes(content)
    return found, through


def main(count: int, seed: int) -> int:
    """Fuzz, and say what was found."""
    import zoo

    warnings.simplefilter("ignore")
    root = Path(tempfile.mkdtemp(prefix="numbers-"))
    os.environ["MLMODEL_TRUST_STORE"] = str(root / "trust")
    (root / "model").mkdir()
    found, through = fuzz(zoo.fitted(), count, seed, root / "model")
    sys.stdout.write(
        f"{count:,} changes, {through:,} let through, {len(found)} died (seed {seed}, {root})\n"
    )
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
