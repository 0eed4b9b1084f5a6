"""Charts of Altair as Vega-Lite's JSON, and as pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["page", "specification"]


class _InPages(json.JSONEncoder):
    """Writes texts of a model and of data so that none ends the script in which they stand."""

    def encode(self, o: Any) -> str:
        return super().encode(o).replace("<", r"\u003c")


def page(altair: Any, written: Mapping[str, Any]) -> str:
    """Return a page with a chart; what a model says of how it is embedded has no place in it."""
    shown = {key: value for key, value in written.items() if key != "usermeta"}
    page: str = altair.Chart.from_dict(shown).to_html(json_kwds={"cls": _InPages})
    return page


def specification(altair: Any, chart: Any) -> dict[str, Any]:
    """Return a chart as Vega-Lite's JSON, with the rows that it shows and no others."""
    with altair.data_transformers.enable("default", max_rows=None):
        written: dict[str, Any] = json.loads(json.dumps(chart.to_dict()))
    kept = set(_names_of_data(written))
    sets = {name: rows for name, rows in written.pop("datasets", {}).items() if name in kept}
    return {**written, "datasets": sets} if sets else written


def _names_of_data(value: Any) -> list[str]:
    """Return the names of the sets of rows to which a specification refers, outside of these."""
    if isinstance(value, list):
        return [name for one in value for name in _names_of_data(one)]
    if not isinstance(value, dict):
        return []
    own = [value["name"]] if isinstance(value.get("name"), str) else []
    return own + [
        name for key, one in value.items() if key != "datasets" for name in _names_of_data(one)
    ]
