"""Forecasting models of Prophet as JSON, held to bounds before Prophet makes a model of them.

Nothing of such a file runs: Prophet takes its texts, numbers and tables into attributes. But a
prediction sets memory aside by its numbers, calls a country's holidays by their name, and pandas
builds tables of as many cells as it says. So that is held to what the file itself has
(PPH-005, PPH-006).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidModel, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["loads", "model_of"]

#: How the holidays of a country are named, as attributes of a package: never anything else of it.
_COUNTRY = re.compile(r"[A-Z][A-Za-z]*")
_GROWTHS = ("linear", "logistic", "flat")
_TABLES = ("holidays", "history", "train_component_cols")
_MOST_SAMPLES = 1_000_000


class _Broken(ValueError):
    """What of a file is not as Prophet writes it, as the end of a sentence."""


def loads(text: str | bytes, file: str) -> Any:
    """Return the value of a JSON text in which no key stands twice.

    Raises:
        InvalidModel: it is not a whole one (PPH-004).

    """
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise InvalidModel.of_file(file, "PPH-004", f"is not a whole JSON text: {error}") from None


def model_of(written: Any, file: str) -> dict[str, Any]:
    """Return the attributes of a model, of a JSON text in which they are another JSON text.

    Args:
        written: the text of the attributes, or the attributes themselves.
        file: where they stand, for messages.

    Raises:
        InvalidModel: they are not whole (PPH-004), no model of Prophet (PPH-005), or have numbers
            that their size does not warrant (PPH-006).

    """
    held = loads(written, file) if isinstance(written, str) else written
    if not isinstance(held, dict):
        raise InvalidModel.of_file(
            file, "PPH-005", f"holds no model of Prophet, but {type(held).__name__}"
        )
    for rule, wrong in (("PPH-005", _of_another_kind), ("PPH-006", _beyond)):
        try:
            what = next(wrong(held), None)
        except _Broken as error:
            what = str(error)
        except (TypeError, KeyError, ValueError, AttributeError, IndexError, RecursionError):
            what = "attributes that have not the form in which Prophet writes them"
        if what is not None:
            raise InvalidModel.of_file(file, rule, f"has {what}")
    return held


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) != len(pairs):
        raise _Broken("a key stands twice in one object")
    return held


def _of_another_kind(held: Mapping[str, Any]) -> Iterator[str]:
    """Give what Prophet, or what it calls, would take for something else."""
    if held["growth"] not in _GROWTHS:
        yield f"the growth {shown(held['growth'])}"
    country = held["country_holidays"]
    if country is not None and not (isinstance(country, str) and _COUNTRY.fullmatch(country)):
        yield f"the holidays of {shown(country)}, which is no name of a country"
    for name, props in _named(held, "extra_regressors"):
        if props.get("predictor") is not None:
            yield f"a model within the regressor {shown(name)}, which Prophet does not write"


def _beyond(held: Mapping[str, Any]) -> Iterator[str]:
    """Give numbers by which memory is set aside, and which the file does not have itself."""
    width = _width(held["params"]["beta"])
    samples = held["uncertainty_samples"]
    if not isinstance(samples, int) or not 0 <= samples <= _MOST_SAMPLES:
        yield f"uncertainty_samples of {shown(samples)}; at most {_MOST_SAMPLES:,} are taken"
    if not isinstance(held["mcmc_samples"], int):
        yield f"mcmc_samples of {shown(held['mcmc_samples'])}"
    orders = 0
    for name, props in _named(held, "seasonalities"):
        order = props["fourier_order"]
        if not isinstance(order, int) or order < 0:
            yield f"the order {shown(order)} of the seasonality {shown(name)}"
        orders += 2 * order
    if orders > width:
        yield f"seasonalities of {orders:,} terms together, and {width:,} coefficients"
    for name in _TABLES:
        yield from _of_table(name, held[name], width)


def _named(held: Mapping[str, Any], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    keys, properties = held[name]
    if sorted(keys) != sorted(properties):
        raise _Broken(f"{name} whose names are not those that it lists")
    yield from properties.items()


def _width(rows: list[list[float]]) -> int:
    widths = set(map(len, rows))
    if len(widths) != 1:
        raise _Broken("coefficients of several lengths")
    return widths.pop()


def _of_table(name: str, text: Any, width: int) -> Iterator[str]:
    """Give what is wrong with a table, which pandas wrote as a JSON text."""
    if text is None:
        return
    table = json.loads(text, object_pairs_hook=_once)
    fields, rows = table["schema"]["fields"], table["data"]
    # Each cell is written with the name of its column; what is left out is filled.
    if len(fields) * len(rows) > len(text):
        yield f"a table {name} of {len(fields):,} columns and {len(rows):,} rows, mostly left out"
    if name != "holidays":
        return
    for row in rows:
        for key in ("lower_window", "upper_window"):
            days = row.get(key)
            if days is not None and not -width <= days <= width:
                yield f"a holiday with a {key} of {shown(days)}, and {width:,} coefficients"
