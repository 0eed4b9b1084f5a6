# ruff: noqa: RUF001 - the table is for people, with the signs that they know
"""What we aim at, as conditions on the samples of one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pairing import FLOOR, MLFLOW, OURS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pairing import Samples


@dataclass(frozen=True)
class Aim:
    """A condition with its text; ``check`` gives None where a figure is missing."""

    text: str
    check: Callable[[Samples], bool | None]


def at_most(limit: float, unit: str, key: str = "value", name: str = "") -> Aim:
    """Our figure is at most ``limit`` (in the row's unit)."""

    def check(samples: Samples) -> bool | None:
        value = samples.median(OURS, key)
        return None if value is None else value <= limit

    return Aim(f"{name} ≤ {limit:g} {unit}".strip(), check)


def none(name: str, key: str) -> Aim:
    """Our side has none of what the samples count under ``key``."""

    def check(samples: Samples) -> bool | None:
        value = samples.median(OURS, key)
        return None if value is None else value == 0

    return Aim(f"no {name}", check)


def at_least(limit: float, unit: str) -> Aim:
    """Our figure is at least ``limit``."""

    def check(samples: Samples) -> bool | None:
        value = samples.median(OURS)
        return None if value is None else value >= limit

    return Aim(f"≥ {limit:,.0f} {unit}", check)


def above_floor(limit: float, unit: str) -> Aim:
    """Our figure is at most ``limit`` above the floor's."""

    def check(samples: Samples) -> bool | None:
        ours, floor = samples.median(OURS), samples.median(FLOOR)
        return None if ours is None or floor is None else ours - floor <= limit

    return Aim(f"≤ floor + {limit:g} {unit}", check)


def times_floor(factor: float) -> Aim:
    """Our figure is at most ``factor`` times the floor's, pair by pair."""

    def check(samples: Samples) -> bool | None:
        ratio = samples.ratio(OURS, FLOOR)
        return None if ratio is None else ratio <= factor

    return Aim(f"≤ {factor:g} × floor", check)


def share_of_floor(share: float) -> Aim:
    """Our rate is at least this share of the floor's, pair by pair."""

    def check(samples: Samples) -> bool | None:
        ratio = samples.ratio(OURS, FLOOR)
        return None if ratio is None else ratio >= share

    return Aim(f"≥ {share:.0%} of floor", check)


def times_peer(factor: float, peer: str = "MLflow") -> Aim:
    """Our rate is at least ``factor`` times the peer's, pair by pair."""

    def check(samples: Samples) -> bool | None:
        ratio = samples.ratio(OURS, MLFLOW)
        return None if ratio is None else ratio >= factor

    return Aim(f"≥ {factor:g} × {peer}", check)


def faster_than_mlflow() -> Aim:
    """Our time is less than MLflow's, pair by pair."""

    def check(samples: Samples) -> bool | None:
        ratio = samples.ratio(MLFLOW, OURS)
        return None if ratio is None else ratio > 1

    return Aim("faster than MLflow", check)


def both(*aims: Aim) -> Aim:
    """All conditions hold; unknown where one is unknown and none fails."""

    def check(samples: Samples) -> bool | None:
        answers = [aim.check(samples) for aim in aims]
        if False in answers:
            return False
        return None if None in answers else True

    return Aim(", ".join(aim.text for aim in aims), check)
