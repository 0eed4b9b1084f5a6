"""Which given input stands for which declared one (ENF-001, ENF-004 to ENF-013, ENF-111)."""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlmodel._base.collections import remember
from mlmodel.errors import InputViolation, shown
from mlmodel.signature.types.scalars import INTEGERS, DataType
from mlmodel.signature.violations import missing_input, type_name

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

__all__ = ["Matching", "Selection", "none_declared"]

#: How many pairs of names, and how long ones, are compared to find one that may be meant: a
#: client's names decide how long that takes.
_MOST_COMPARED = 1000
_LONGEST_COMPARED = 50
_CLOSE = 0.8


@dataclass(frozen=True, slots=True)
class Selection:
    """Where each declared input stands among the given ones.

    ``positions`` has one entry per declared input, None where it is not given; ``in_order``
    says that the given inputs are the declared ones, all of them and no others, in order.
    """

    positions: tuple[int | None, ...]
    violations: tuple[InputViolation, ...]
    in_order: bool

    def may_be_kept(self, width: int) -> bool:
        """Return whether all of the ``width`` given inputs are declared ones.

        Only then may it be remembered by their names: no other names have a bound in length.
        """
        return not self.violations and len(self.positions) - self.positions.count(None) == width


class Matching:
    """Matches what is given with what a schema declares (or takes it as it is, without a schema).

    It keeps no data, may be asked from several threads, and needs no pandas: it is what decoders
    get. ``memory`` is for them: what they have made of declared names they keep there, through
    :func:`~mlmodel._base.collections.remember`. ``has_names`` says that inputs are declared and
    matched by name (ENF-001), ``has_tensors`` that they are tensors; ``names`` are the declared
    names, as texts. ``may_round_twice`` says that a double is not enough to read a decimal at what
    is declared (ENF-046, ENF-115).
    """

    __slots__ = (
        "_selections", "_unnamed", "has_names", "has_tensors", "may_round_twice", "memory", "names",
        "schema",
    )  # fmt: skip

    def __init__(self, schema: Schema | None) -> None:
        self.schema = schema
        # MLflow writes the names of a frame with numbered columns as numbers (ENF-012).
        self.names = frozenset(str(spec.name) for spec in schema or () if spec.name is not None)
        self.has_names = schema is not None and schema.has_input_names()
        self.has_tensors = schema is not None and schema.is_tensor_spec()
        self.may_round_twice = any(map(_may_round_twice, schema or ()))
        self.memory: dict[object, object] = {}
        self._selections: dict[object, Selection] = {}
        self._unnamed = schema is not None and all(spec.name is None for spec in schema)

    def are_numbers(self, names: Sequence[Hashable]) -> bool:
        """Return whether names tell inputs that have none by their numbers (ENF-111)."""
        if not self._unnamed or self.has_tensors or self.schema is None:
            return False
        times = Counter(map(str, names))
        return all(times[str(number)] == 1 for number in range(len(self.schema.inputs)))

    def told(self, names: tuple[Hashable, ...] | None) -> tuple[Hashable, ...] | None:
        """Return the names as far as they say which input is which; None if they do not.

        Where no names are declared they do so alone if they are the inputs' numbers, in another
        order than that of the inputs.
        """
        if names is None or not self._unnamed or self.schema is None:
            return names
        in_order = tuple(range(len(self.schema.inputs)))
        first = names[: len(in_order)]
        if first == in_order or tuple(map(str, first)) == tuple(map(str, in_order)):
            return None
        return names if self.are_numbers(names) else None

    def match(self, names: tuple[Hashable, ...] | None, width: int) -> Selection:
        """Return where each declared input stands among ``width`` given ones, and what is wrong.

        What is wrong is not raised, for callers that go on to find more (ENF-003): a required
        input is not there (ENF-004, ENF-009) or is there twice (ENF-007), names are needed and
        not given (ENF-011), or others are given than those declared at their positions (ENF-013).

        Args:
            names: the names of the given inputs, in their order; None if they have none.
            width: how many there are.

        """
        if self.schema is None:
            return Selection(tuple(range(width)), (), in_order=True)
        names = self.told(names)
        key = width if names is None else names
        found = self._selections.get(key)
        if found is None:
            if names is not None and self._unnamed:
                found = _by_number(len(self.schema.inputs), names)
            else:
                found = _match(self.schema.inputs, names, width)
            if found.may_be_kept(width):
                remember(self._selections, key, found)
        return found


def _may_round_twice(spec: ColSpec | TensorSpec) -> bool:
    if spec.type in (DataType.double, DataType.string, DataType.boolean):
        return False
    if spec.type in INTEGERS:
        return not spec.required
    return str(getattr(spec.type, "name", "")) != "float64"


def _match(
    specs: Sequence[ColSpec | TensorSpec], names: Sequence[Hashable] | None, width: int
) -> Selection:
    if any(spec.name is None for spec in specs):
        return _by_position(specs, names, width)
    numbers: list[str | int | None] = list(range(len(specs)))
    only = len(specs) == width == 1
    if names is None and (only or [spec.name for spec in specs] == numbers):
        # One input takes what has no name (ENF-107); and MLflow numbers the columns of a frame
        # whose columns have no names (ENF-012).
        return _by_position(specs, None, width)
    if names is None:
        return _without_names(specs, width)
    positions, violations = _by_name(specs, names)
    # The number 2020 and the text are one name, but the model gets the one that is declared.
    in_order = list(names) == [spec.name for spec in specs]
    return Selection(tuple(positions), tuple(violations), in_order and not violations)


def _by_number(count: int, names: Sequence[Hashable]) -> Selection:
    """Match inputs without names by the numbers that the given ones are called (ENF-111)."""
    places = {str(name): place for place, name in enumerate(names)}
    return Selection(tuple(places[str(number)] for number in range(count)), (), in_order=False)


def _by_name(
    specs: Sequence[ColSpec | TensorSpec], names: Sequence[Hashable]
) -> tuple[list[int | None], list[InputViolation]]:
    given = {name: index for index, name in enumerate(names)}
    counts = Counter(names) if len(given) < len(names) else None
    # MLflow writes the names of a frame with numbered columns as numbers (ENF-012).
    declared = [
        spec.name if isinstance(spec.name, str) or spec.name in given else str(spec.name)
        for spec in specs
    ]
    positions = [given.get(name) for name in declared]
    violations = []
    suggestion = None
    for spec, name, position in zip(specs, declared, positions, strict=True):
        if position is None and spec.required:
            suggestion = suggestion or _Suggestion(declared, names, positions.count(None))
            violations.append(missing_input(spec, suggestion.given(str(name))))
        if counts and counts[name] > 1:
            violations.append(_repeated(spec, counts[name]))
    if names and not violations and positions.count(None) == len(specs):
        violations.append(none_declared(specs, names))
    return positions, violations


def none_declared(
    specs: Sequence[ColSpec | TensorSpec], names: Sequence[Hashable], row: int | None = None
) -> InputViolation:
    """Return the violation of names of which none is declared, though all may be absent (ENF-112).

    ``row`` is that of a record which has no others, where other records have.
    """
    declared = [str(spec.name) for spec in specs]
    suggestion = _Suggestion(declared, names, len(declared))
    near = next((text for name in declared if "?" in (text := suggestion.given(name))), None)
    listed = ", ".join(map(repr, declared[:8])) + (", …" if len(declared) > 8 else "")  # noqa: PLR2004 - enough to see
    got = shown(names[0])
    where = "" if row is None else f"Row {row}: "
    message = (
        f"{where}None of the names that are given ({got}{', …' if len(names) > 1 else ''}) is an "
        f"input of the signature; {near or suggestion.given('')}. The model would answer to "
        f"missing values alone. Declared are {listed}."
    )
    return InputViolation("ENF-112", message, None, row, f"one of {listed}", got)


def _by_position(
    specs: Sequence[ColSpec | TensorSpec], names: Sequence[Hashable] | None, width: int
) -> Selection:
    violations = [] if names is None else _contradictions(specs, names)
    positions: list[int | None] = [i if i < width else None for i in range(len(specs))]
    if any(spec.required for spec in specs[width:]):
        message = f"The signature declares {len(specs)} inputs by position, but {width} are given."
        due, got = f"{len(specs)} inputs", f"{width} inputs"
        violations.append(InputViolation("ENF-009", message, width, None, due, got))
    in_order = width == len(specs) and not violations
    return Selection(tuple(positions), tuple(violations), in_order)


def _contradictions(
    specs: Sequence[ColSpec | TensorSpec], names: Sequence[Hashable]
) -> list[InputViolation]:
    """Return where another name is given than the declared one, of columns partly named."""
    violations = []
    for declared, (spec, name) in enumerate(zip(specs, names, strict=False)):
        # Numbers are what columns without names are called.
        if spec.name is not None and isinstance(name, str) and name != str(spec.name):
            due, got = repr(spec.name), shown(name)
            message = (
                f"Position {declared} is declared as input {due}, but has {got}; where only "
                "some columns have names, all are matched by position."
            )
            violations.append(InputViolation("ENF-013", message, spec.name, None, due, got))
    return violations


def _without_names(specs: Sequence[ColSpec | TensorSpec], width: int) -> Selection:
    violation = InputViolation(
        "ENF-011",
        "The inputs of the signature have names, but the data have none: give a data frame, a "
        "mapping of "
        "names to values or a list of records.",
        expected="inputs with names",
        got=f"{width} without names",
    )
    return Selection((None,) * len(specs), (violation,), in_order=False)


def _repeated(spec: ColSpec | TensorSpec, times: int) -> InputViolation:
    message = f"Input {spec.name!r} is given {times} times; give each declared name once."
    return InputViolation("ENF-007", message, spec.name, None, type_name(spec), f"{times} times")


class _Suggestion:
    """Says how many inputs are given, and which undeclared one a missing name may mean.

    Nothing else of the client's names is told (ERR-007).
    """

    def __init__(
        self, declared: Sequence[Hashable], names: Sequence[Hashable], missing: int
    ) -> None:
        count = len(names)
        self._count = "1 input is given" if count == 1 else f"{count or 'no'} inputs are given"
        self._others: list[str] = []
        if missing * count <= _MOST_COMPARED:
            known = frozenset(declared)
            self._others = [
                name
                for name in names
                if isinstance(name, str) and name not in known and len(name) <= _LONGEST_COMPARED
            ]

    def given(self, name: str) -> str:
        """Return the clause of an error on the missing input ``name``."""
        if not self._others or len(name) > _LONGEST_COMPARED:
            return self._count
        close = difflib.get_close_matches(name, self._others, 1, _CLOSE)
        # Case alone makes a name another one, too (ENF-001).
        close = close or [other for other in self._others if other.lower() == name.lower()]
        return f"{self._count}; is {shown(close[0])} meant?" if close else self._count
