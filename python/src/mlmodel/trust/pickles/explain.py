"""Where in the object a refused name stands, what kind of thing it is, and what to do (TRU-075).

Asked only when something was refused. Nothing is imported: whether a package is installed is
seen from where it would be imported from.
"""

from __future__ import annotations

import importlib.util
import sys
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlmodel.trust.pickles.findings import WRITES_FILES
from mlmodel.trust.pickles.values import Global, Items, Made, Mapping, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlmodel.trust.pickles.findings import Finding

__all__ = ["explained", "is_function", "place_of"]

#: So many values are looked at for the places of what was refused.
_MOST_VALUES = 200_000
_LONGEST_PLACE = 200
_PARTIAL = ("func", "args", "keywords")

_NOT_REVIEWED = (
    "what the objects of this library hold was not reviewed; pass this name to allow=(…), or trust "
    "the folder"
)
#: The beginning of a name -> what its user can do, in one line.
_ADVICE = {
    "category_encoders.": _NOT_REVIEWED,
    "imblearn.": _NOT_REVIEWED,
    "joblib._store_backends.": WRITES_FILES,
    "joblib.memory.": WRITES_FILES,
    "lightgbm.": "of LightGBM only its own estimators and boosters are known; save the model by "
    "mlmodel.lightgbm, or trust the folder",
    "xgboost.callback.": "callbacks are called while fitting alone; set callbacks=None before the "
    "model is saved, or trust the folder",
    "xgboost.": "of XGBoost only its own estimators and boosters are known; save the model by "
    "mlmodel.xgboost, or trust the folder",
    "__main__.": "it was defined in the script that saved the model; put it into a module of its "
    "own and save the model with code_paths=[…], which needs a trusted folder",
}


def explained(findings: Iterable[Finding], root: Value) -> list[Finding]:
    """Return the findings with what can be said of each: its place, its kind, what to do."""
    kept = list(findings)
    places = _places(root, {one.name for one in kept if one.name})
    return [
        replace(one, where=one.where or places.get(one.name, ""), reason=_reason(one))
        if one.name
        else one
        for one in kept
    ]


def is_function(name: str) -> bool:
    """Return whether a name is a function's: by what is loaded already, else by how it is written.

    Allowing by name is for classes alone (TRU-016).
    """
    found = _loaded(name)
    if found is not None:
        return callable(found) and not isinstance(found, type)
    return not name.rpartition(".")[2].lstrip("_")[:1].isupper()


def _loaded(name: str) -> Any:
    """Return what the name is in a module that is loaded already; ``None`` where it is not."""
    module, _, last = name.rpartition(".")
    return vars(sys.modules[module]).get(last) if module in sys.modules else None


def _reason(finding: Finding) -> str:
    name, reason = finding.name, finding.reason
    if not finding.unlisted:
        return reason
    todo = next((text for start, text in _ADVICE.items() if name.startswith(start)), "")
    if todo:
        return f"{reason}: {todo}"
    package = name.partition(".")[0]
    if not _is_installed(package):
        return f"{reason}, and {package!r} is not installed"
    if is_function(name):
        known = "it is a function" if _loaded(name) is not None else "by its name it is a function"
        return f"{reason}: {known}, and functions cannot be allowed by name"
    return reason


def _is_installed(package: str) -> bool:
    try:
        return package in sys.modules or importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


# The place ------------------------------------------------------------------------------------


def _places(root: Value, wanted: set[str]) -> dict[str, str]:
    """Return where each name stands first, as one would write it behind the loaded object."""
    found: dict[str, str] = {}
    for value, place in _walk(root):
        name = value.full_name if type(value) is Global else ""
        if name in wanted:
            found.setdefault(name, place or "the object itself")
            if len(found) == len(wanted):
                break
    return found


def place_of(root: Value, wanted: Made) -> str:
    """Return where one object stands, as one would write it; empty where that is not found."""
    for value, place in _walk(root):
        if value is wanted:
            return place or "the object itself"
    return ""


def _walk(root: Value) -> Iterator[tuple[Value, str]]:
    """Yield what is within an object and its place, what stands highest first."""
    pending: deque[tuple[Value, str]] = deque([(root, "")])
    seen: set[int] = set()
    while pending and len(seen) < _MOST_VALUES:
        value, place = pending.popleft()
        if id(value) in seen or type(value) not in {tuple, Items, Mapping, Made, Global}:
            continue
        seen.add(id(value))
        yield value, place
        if len(place) < _LONGEST_PLACE:
            pending.extend((inner, place + step) for inner, step in _inner(value))


def _inner(value: Value) -> Iterator[tuple[Value, str]]:
    """Yield what a value holds and how it is reached."""
    values: list[Value] = value.values if type(value) is Items else []
    if type(value) is tuple:
        values = list(value)
    yield from ((one, f"[{at}]") for at, one in enumerate(values))
    if type(value) is Mapping:
        yield from ((one, f"[{_shown(key)}]") for key, one in value.known.items())
    elif type(value) is Made:
        yield value.maker, ""
        yield from _state(value)
        yield from ((one, "") for one in value.args)


def _state(made: Made) -> Iterator[tuple[Value, str]]:
    state = made.state
    if made.maker.full_name == "functools.partial" and type(state) is tuple:
        yield from ((one, f".{name}") for one, name in zip(state, _PARTIAL, strict=False))
    elif made.maker.name == "_reconstruct" and type(state) is tuple:
        yield state[-1], ""
    elif type(state) is Mapping:
        for key, one in state.known.items():
            name = type(key) is str and key.isidentifier()
            yield one, f".{key}" if name else f"[{_shown(key)}]"
    elif state is not None:
        yield state, ""


def _shown(key: Value) -> str:
    text = repr(key)
    return text if len(text) <= 40 and text.isprintable() else "…"  # noqa: PLR2004 - a line's part
