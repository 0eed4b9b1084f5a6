"""VizMod: charts of Vega-Lite, which show the rows that they are given.

Specification: spec/flavors/vizmod.md.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel.errors import UnsupportedModel
from mlmodel.flavors._arguments import require_one_of
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by, not_taken
from mlmodel.flavors._failures import cannot_be_read, cannot_be_saved
from mlmodel.flavors._invalid_data import invalid, invalid_each
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR",
    "FLAVOR_NAME",
    "VizmodFlavor",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "load_model",
    "save_model",
]

_FILE = "viz.json"
_STYLE = "vegalite"
_FORMATS = ("json", "html")


class VizmodFlavor(Flavor):
    """Charts of Altair."""

    name = "vizmod"
    other_names = ("mlflow_vismod",)
    loader_module = "mlmodel.vizmod"
    other_loaders = ("mlflow_vismod",)
    extra = ("altair>=5.0",)
    packages = ("altair",)
    versions = MappingProxyType({"altair_version": "altair"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "altair") and hasattr(model, "to_html")

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        altair = self.require("altair")
        require_one_of("style", options["style"], (_STYLE,), "VIZ-001")
        if not self.detects(model):
            raise not_taken(self, model, "charts of Altair")
        with cannot_be_saved("The chart is not one that Altair can write", "VIZ-003"):
            text = json.dumps(_specification(altair, model), ensure_ascii=False)
        (root / _FILE).write_text(text, encoding="utf-8")
        attributes = {"altair_version": altair.__version__, "data": _FILE, "style": _STYLE}
        return Saved(attributes, {"data": _FILE}, self.packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        altair = self.require("altair")
        style = attributes.get("style") or _STYLE
        if style != _STYLE:
            raise UnsupportedModel(
                f"{folder.root}: style is {style!r}; {_STYLE} is the one that is read (VIZ-001)"
            )
        pickled = attributes.get("pickled_model")
        if pickled and not attributes.get("data"):
            return folder.gate.load_pickle(folder.file(str(pickled)))
        file = folder.model_path(attributes, key="data", default=_FILE)
        data = folder.gate.read(folder.file(file))
        what = f"is no chart for Altair {altair.__version__}"
        with cannot_be_read(file, what, "VIZ-003"):
            return altair.Chart.from_dict(json.loads(data))

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        """Return how a chart predicts: itself, with other rows."""
        from mlmodel.flavors._tables import as_table

        altair = self.require("altair")

        def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
            form = _format(params)
            table = as_table(model_input)
            if table is None:
                what = f"A chart takes a table, not {type(model_input).__name__}."
                raise invalid("VIZ-005", what)
            chart = model.copy(deep=True)
            chart.data = table.set_axis([str(name) for name in table.columns], axis=1)
            written = _specification(altair, chart)
            return written if form == "json" else _page(altair, written)

        return predict


def _format(params: Mapping[str, Any] | None) -> str:
    given = dict(params or {})
    form = given.pop("format", _FORMATS[0])
    if given or form not in _FORMATS:
        wrong = {
            name: f"Parameter {name!r} is not one of a chart's; it has format." for name in given
        }
        if form not in _FORMATS:
            wrong["format"] = f"Parameter 'format' is {' or '.join(_FORMATS)}, not {form!r}."
        raise invalid_each("The parameters break the rules of the model.", "VIZ-004", wrong)
    return str(form)


class _InPages(json.JSONEncoder):
    """Writes texts of a model and of data so that none ends the script in which they stand."""

    def encode(self, o: Any) -> str:
        return super().encode(o).replace("<", r"\u003c")


def _page(altair: Any, written: Mapping[str, Any]) -> str:
    """Return a page with a chart; what a model says of how it is embedded has no place in it."""
    shown = {key: value for key, value in written.items() if key != "usermeta"}
    page: str = altair.Chart.from_dict(shown).to_html(json_kwds={"cls": _InPages})
    return page


def _specification(altair: Any, chart: Any) -> dict[str, Any]:
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


FLAVOR = VizmodFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the chart, an ``altair.Chart`` or what its specification asks for")


@saver(FLAVOR)
def save_model(
    model: Any,
    path: PathLike,
    *,
    style: str = _STYLE,
    **shared: Unpack[SaveOptions],
) -> None:
    """Save a chart as a model folder, atomically; the rows that it shows are saved with it.

    Args:
        model: a chart of Altair.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        style: the grammar of the chart; ``vegalite`` is the one there is.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
