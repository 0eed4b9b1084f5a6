"""Loaded objects whose numbers are used as addresses, looked at before anything uses them.

Compiled code of numpy, pandas, scikit-learn and scipy follows indexes, counts and lengths of a
model without checking them: wrong ones read and write memory that is not the model's, or never
end. A file that runs no code can still hold such numbers, so what was loaded without trust is
walked once, whatever its form (TRU-017, TRU-058). There is one table per library's part, ``TABLE``:
the place of a class -> its check, which returns what is wrong or an empty text. It holds for
the classes derived from it, too. ``counts`` has numbers that only cost
time and memory (TRU-096), ``answers`` members whose
answers become places (TRU-099), ``crowds`` values that cost much as keys (TRU-097).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidModel, Violation
from mlmodel.trust.bounds import (
    answers,
    clusters,
    columns,
    counts,
    frames,
    generators,
    neighbors,
    sparse,
    splines,
    svm,
    trees,
)
from mlmodel.trust.bounds.arguments import arguments_of, shared
from mlmodel.trust.bounds.chains import Chains
from mlmodel.trust.bounds.crowds import Crowd
from mlmodel.trust.bounds.values import Broken, places_of
from mlmodel.trust.bounds.walk import objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["TABLE", "check"]

TABLE: dict[str, Callable[[Any], str]] = {
    **clusters.TABLE, **columns.TABLE, **frames.TABLE, **generators.TABLE, **neighbors.TABLE,
    **sparse.TABLE, **splines.TABLE, **svm.TABLE, **trees.TABLE,
}  # fmt: skip
_RULES: dict[str, dict[str, Callable[[Any], str]]] = {
    "TRU-017": TABLE,
    "TRU-096": counts.TABLE,
    "TRU-099": answers.TABLE,
}
#: How many broken parts an error names.
_SHOWN = 20


def check(loaded: Any, file: str) -> None:
    """Check every number that is taken for an index, a count or a length.

    Raises:
        InvalidModel: a number leads out of its array (TRU-017, TRU-100, TRU-101), or an answer
            would cost more than the model shows (TRU-096), by its values as keys too (TRU-097).

    """
    if "numpy" not in sys.modules:
        return
    broken = list(dict.fromkeys(_reasons(loaded)))
    if broken:
        details = [Violation(rule, reason, file=file) for rule, reason in broken[:_SHOWN]]
        raise InvalidModel(f"{file} holds numbers that lead out of what it has.", details)


def _reasons(loaded: Any) -> Iterator[tuple[str, str]]:
    parts: dict[str, list[Any]] = {part: [] for part in trees.HELD_BY}
    held: set[int] = set()
    arguments: list[Any] = []
    crowd, chains = Crowd(), Chains()
    try:
        for one in objects(loaded, meet=crowd.meet):
            arguments += arguments_of(one)
            yield from (("TRU-096", reason) for reason in chains.wrong(one))
            for place in places_of(type(one)):
                yield from _reasons_at(place, one)
                if place in parts:
                    parts[place].append(one)
                for owner, of in trees.HELD_BY.values():
                    held.update(map(id, of(one)) if owner == place else ())
        if reason := shared(loaded, arguments):
            yield "TRU-017", reason
        if crowd.wrong:
            yield "TRU-097", crowd.wrong
    except Exception as error:  # noqa: BLE001 - objects of the file may fail in any way
        yield "TRU-017", f"an object cannot be looked into ({type(error).__name__})"
    for place, found in parts.items():
        if any(id(one) not in held for one in found):
            name = place.rpartition(".")[2]
            yield "TRU-017", f"a {name} is held by something that does not check its data"


def _reasons_at(place: str, one: Any) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with an object by the tables' lines for one of its classes."""
    for rule, table in _RULES.items():
        if place in table:
            for reason in _reason(table[place], one, place):
                yield (reason.rule if isinstance(reason, Broken) else rule), str(reason)


def _reason(run: Callable[[Any], str], one: Any, place: str) -> Iterator[str]:
    try:
        reason = run(one)
    except Exception as error:  # noqa: BLE001 - objects of the file may fail in any way
        reason = f"a {place.rpartition('.')[2]} lacks parts, or has others ({type(error).__name__})"
    if reason:
        yield reason
