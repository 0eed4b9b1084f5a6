"""How far data grow along pipelines and unions, and how often their steps are run (TRU-096).

Each step may be within its bound, and all of them together make a table that no memory has.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from mlmodel.trust.bounds.counts import MOST_REPEATS, repeats
from mlmodel.trust.bounds.values import attributes, places_of, width_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Chains"]

_FUNCTION = "sklearn.preprocessing._function_transformer.FunctionTransformer"
#: Functions whose answer is so many times longer as they repeat.
_GROWING = frozenset({"fft", "repeat", "tile"})
_PIPELINE = "sklearn.pipeline.Pipeline"
#: Place -> the attributes that may have its members, each a tuple with its second item the member.
_MEMBERS = {
    _PIPELINE: ("steps",),
    "sklearn.pipeline.FeatureUnion": ("transformer_list",),
    "sklearn.compose._column_transformer.ColumnTransformer": ("transformers_", "transformers"),
}


class Chains:
    """Keeps of each pipeline, union and function how much larger data get, and how many run."""

    def __init__(self) -> None:
        #: The estimator is held, so that no other one gets its identity.
        self._known: dict[int, tuple[Any, int, int]] = {}

    def wrong(self, one: Any) -> Iterator[str]:
        """Say it where an object makes data grow, or runs others, more often than it may."""
        if max(self._of(one)) > MOST_REPEATS:
            yield "a pipeline makes more of its data, or runs more steps, than it may"

    def _of(self, one: Any) -> tuple[int, int]:
        """Return how many times larger its answer is than its data, and how many steps it runs."""
        if id(one) not in self._known:
            self._known[id(one)] = one, 1, 1  # for a member of itself, which never answers
            growth, runs = self._measured(one)
            # Beyond the limit the number itself is of no use, and would get very long.
            most = MOST_REPEATS + 1
            self._known[id(one)] = one, min(growth, most), min(runs, most)
        return self._known[id(one)][1:]

    def _measured(self, one: Any) -> tuple[int, int]:
        places = places_of(type(one))
        if _FUNCTION in places:
            return _growth(one), 1
        place = next((place for place in places if place in _MEMBERS), None)
        if place is None:
            return 1, 1
        state = attributes(one)
        name = next((name for name in _MEMBERS[place] if state.get(name)), "")
        growth, runs = (1, 1) if place == _PIPELINE else (0, 1)
        for member in state.get(name) or ():
            grown, run = self._of(member[1])
            if place == _PIPELINE:
                runs += min(growth, MOST_REPEATS) * run
                growth = min(growth * grown, MOST_REPEATS + 1)
            else:
                growth += grown * _share(one, member)
                runs += run
        return max(growth, 1), runs


def _share(estimator: Any, member: tuple[Any, ...]) -> int:
    """Return how many times the data's width a member gets, at least once."""
    columns = member[2] if len(member) > 2 else ()  # noqa: PLR2004 - name, estimator, columns
    count = len(columns) if hasattr(columns, "__len__") and not isinstance(columns, str) else 0
    return max(1, count // max(1, width_of(estimator)))


def _growth(estimator: Any) -> int:
    state = attributes(estimator)
    pairs = (("func", "kw_args"), ("inverse_func", "inv_kw_args"))
    return max(_of_function(state.get(func), [state.get(given)]) for func, given in pairs)


def _of_function(function: Any, given: list[Any]) -> int:
    while isinstance(function, functools.partial):
        given += [*function.args, function.keywords]
        function = function.func
    return repeats(function, given) if getattr(function, "__name__", "") in _GROWING else 1
