"""Every object that a loaded model reaches, each once, without recursion and without its help."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from mlmodel.trust.bounds.values import places_of

if TYPE_CHECKING:
    import functools
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["arrays", "objects"]

_ATOMS = frozenset(
    {type(None), bool, int, float, complex, str, bytes, bytearray, type, range, slice}
)
_SEQUENCES = (list, tuple, set, frozenset)


def arrays(loaded: Any, without: Iterable[Any] = ()) -> set[int]:
    """Return the ids of what keeps the numbers of every array that is reachable.

    What can only be reached through ``without`` does not count.
    """
    found: dict[int, Any] = {}
    for _ in objects(loaded, found, without):
        pass
    return set(found)


def _keeper(array: Any) -> Any:
    """Return what keeps an array's numbers: itself, or what it is a view of."""
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


def objects(
    loaded: Any,
    arrays: dict[int, Any] | None = None,
    without: Iterable[Any] = (),
    meet: Callable[[Any], None] | None = None,
) -> Iterator[Any]:
    """Yield every object that is reachable but plain values and containers.

    ``arrays`` takes in what keeps the numbers of arrays; ``without`` is passed over;
    ``meet`` is called with everything, plain values and containers too, as often as it is held.
    """
    numpy = sys.modules.get("numpy")
    array: Any = numpy.ndarray if numpy is not None else ()
    scalar: Any = numpy.generic if numpy is not None else ()
    pending: list[Any] = [loaded]
    # The objects are held, so that none is made anew at the place of one that is gone.
    seen: dict[int, Any] = {id(one): one for one in without}
    while pending:
        one = pending.pop()
        kind = type(one)
        if meet is not None:
            meet(one)
        if kind in _ATOMS or id(one) in seen:
            continue
        seen[id(one)] = one
        if isinstance(one, array):
            pending.extend(_in_array(one))
            if arrays is not None:
                keeper = _keeper(one)
                arrays[id(keeper)] = keeper
        elif isinstance(one, scalar):
            pending.extend(one.item() if one.dtype.fields else ())
        if kind is dict or kind in _SEQUENCES or kind is array:
            pending.extend(_in_container(one))
            continue
        if not isinstance(one, scalar):
            yield one
            pending.extend(_parts(one))


def _in_container(one: Any) -> Iterable[Any]:
    if isinstance(one, dict):
        return [*one.keys(), *one.values()]
    return one if isinstance(one, _SEQUENCES) else ()


def _in_array(array: Any) -> Iterator[Any]:
    """Yield the objects in an array: its items, or what its fields hold."""
    if not array.dtype.hasobject:
        return
    if array.dtype.fields:
        for name in array.dtype.names:
            yield from _in_array(array[name])
    else:
        yield from array.ravel().tolist()


def _parts(one: Any) -> Iterator[Any]:
    """Yield what an object holds: attributes, slots, items, and the state of compiled ones."""
    yield from _in_container(one)
    yield from (vars(one).values() if hasattr(one, "__dict__") else ())
    kind = type(one)
    for cls in kind.__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if not name.startswith("__"):
                yield getattr(one, name, None)
    for place in places_of(kind):
        if place in _PARTS:
            yield from _PARTS[place](one)


def _partial(one: functools.partial[Any]) -> Iterable[Any]:
    return one.func, one.args, one.keywords


def _attributes(*names: str) -> Callable[[Any], Iterable[Any]]:
    return lambda one: [getattr(one, name, None) for name in names]


def _state(one: Any) -> Iterable[Any]:
    return (one.__getstate__(),)


#: Compiled class -> what it holds; Python does not show it by ``vars``.
_PARTS: dict[str, Callable[[Any], Iterable[Any]]] = {
    "functools.partial": _partial,
    "collections.defaultdict": _attributes("default_factory"),
    "numpy.random.mtrand.RandomState": _attributes("_bit_generator"),
    "numpy.random._generator.Generator": _attributes("bit_generator"),
    "pandas._libs.arrays.NDArrayBacked": _attributes("_ndarray", "_dtype"),
    "pandas._libs.internals.BlockManager": _attributes("blocks", "axes"),
    "pandas.core.internals.managers.SingleBlockManager": _attributes("blocks", "axes"),
    "pandas.core.internals.blocks.Block": _attributes("values"),
    "sklearn.neighbors._ball_tree.BinaryTree": _state,
    "sklearn.neighbors._kd_tree.BinaryTree": _state,
    "sklearn.neighbors._ball_tree.BinaryTree64": _state,
    "sklearn.neighbors._ball_tree.BinaryTree32": _state,
    "sklearn.neighbors._kd_tree.BinaryTree64": _state,
    "sklearn.neighbors._kd_tree.BinaryTree32": _state,
}
