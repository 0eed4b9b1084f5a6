"""Which flavor of a model is served, and scored from the shell (RST-087)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.errors import UnsupportedModel
from mlmodel.flavors._registry import answering, served_flavors
from mlmodel.pyfunc.loading import load_folder
from mlmodel.store.description import PYTHON_FUNCTION, Model
from mlmodel.store.folder import open_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmodel.document.paths import PathLike
    from mlmodel.pyfunc.model import PyFuncModel

__all__ = ["load_served", "why_alone"]


def load_served(
    model_uri: PathLike, *, trust: bool = False, allow: Iterable[str] = (), digest: str = ""
) -> PyFuncModel:
    """Load a model by the flavor that is served; a folder of this ``digest`` is trusted.

    Raises:
        UnsupportedModel: it has no such flavor; the message lists what it has.
        ModelNotFound, InvalidModel, UntrustedModel, MissingDependency: see
            :func:`mlmodel.pyfunc.load_model`.

    """
    try:
        folder = open_folder(model_uri, trust=trust, allow=allow, digest=digest)
        return load_folder(folder, None, warn=True)
    except UnsupportedModel:
        flavors = Model.load(model_uri).flavors
        if PYTHON_FUNCTION in flavors:
            raise
        if any(flavor.name in flavors for flavor in served_flavors()):
            raise
        raise UnsupportedModel(_not_served(str(model_uri), list(flavors))) from None


def why_alone(metadata: Model) -> str:
    """Return why requests of a model are never predicted together; empty where they may be."""
    flavor = answering(metadata.flavors)
    return "" if flavor is None else flavor.not_row_wise


def _not_served(model: str, flavors: list[str]) -> str:
    has = f"{model}: the model has {', '.join(flavors) or 'no flavor'}"
    here = [PYTHON_FUNCTION, *(flavor.name for flavor in served_flavors())]
    return (
        f"{has}, and none of these can be served: a model is served by "
        f"{', else '.join(here)} (RST-087). Save it as {PYTHON_FUNCTION}, too"
    )
