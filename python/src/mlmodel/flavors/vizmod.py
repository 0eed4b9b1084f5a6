"""VizMod: charts of Vega-Lite, which show the rows that they are given.

Specification: spec/flavors/vizmod.md.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel.errors import UnsupportedModel
from mlmodel.flavors import _vizmod_charts as _charts
from mlmodel.flavors._arguments import require_one_of
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._failures import cannot_be_read, cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "VizmodFlavor", "get_default_conda_env",
    "get_default_pip_requirements", "load_model", "save_model",
]  # fmt: skip

_FILE = "viz.json"
_STYLE = "vegalite"


class VizmodFlavor(Flavor):
    """Charts of Altair."""

    name = "vizmod"
    other_names = ("mlflow_vismod",)
    loader_module = "mlmodel.vizmod"
    other_loaders = ("mlflow_vismod",)
    extra = ("altair>=5.0",)
    packages = ("altair",)
    takes = "charts of Altair"
    not_row_wise = "a chart is of all rows together"
    versions = MappingProxyType({"altair_version": "altair"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "altair") and hasattr(model, "to_html")

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        altair = self.require("altair")
        require_one_of("style", options["style"], (_STYLE,), "VIZ-001")
        with cannot_be_saved("The chart is not one that Altair can write", "VIZ-003"):
            text = json.dumps(_charts.specification(altair, model), ensure_ascii=False)
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
        from mlmodel.flavors import _vizmod_tables  # it needs pandas

        return _vizmod_tables.predictor(self.require("altair"), model)


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
