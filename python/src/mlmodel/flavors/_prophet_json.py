"""Models of Prophet out of the texts in which Prophet writes them, alone or in groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.flavors._failures import cannot_be_read
from mlmodel.trust import forecasts

if TYPE_CHECKING:
    from mlmodel.flavors._base import Flavor

__all__ = ["rebuilt"]


def rebuilt(flavor: Flavor, written: Any, file: str) -> Any:
    """Return a model of the text of its attributes, or of these themselves.

    Raises:
        InvalidModel: they are damaged, or break what Prophet takes for granted (PPH-004 to
            PPH-006).
        MissingDependency: the library that the extra of ``flavor`` brings is not installed.

    """
    library = flavor.require("prophet.serialize")
    held = forecasts.model_of(written, file)
    # Not the module of that name, which would take the text's place in the package.
    version = flavor.require("prophet").__version__
    with cannot_be_read(file, f"cannot be loaded by Prophet {version}", "PPH-004"):
        return library.model_from_dict(held)
