"""What loads a model whose flavors are not here: told in the error, by name.

``elsewhere.tsv`` is the table. It stands here, and not among the flavors, because nothing of these
flavors is: what is known of them is a sentence each, which the refusal of this room ends with.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from mlmodel._base.packaged import read_packaged

__all__ = ["Elsewhere", "table", "way"]


#: Of flavors that no model has: MLflow follows what these libraries do, and saves none of it.
_TRACED = "MLflow traces it and saves no models of it: they are PythonModels or models from code"


class Elsewhere(NamedTuple):
    """A flavor that others load: the distributions that do, and what is to be known of it."""

    packages: tuple[str, ...]
    what: str

    @property
    def is_traced_only(self) -> bool:
        """Whether MLflow knows the library, and saves no models of it."""
        return not self.packages


@cache
def table() -> dict[str, Elsewhere]:
    """Return the flavors that are not here, by their names."""
    lines = read_packaged("pyfunc/elsewhere.tsv").decode().splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return {
        name: Elsewhere((), _TRACED) if packages == "-" else Elsewhere((*packages.split(),), what)
        for name, packages, what in rows
    }


def way(*flavors: object) -> str:
    """Return what to do with a model of these flavors, as a sentence without its full stop."""
    for name in map(str, flavors):
        found = table().get(name)
        if found is not None and found.is_traced_only:
            return f"{name} is no flavor of a model: {found.what}"
        if found is not None:
            return (
                f"What loads it is {' with '.join(found.packages)}: {name} is {found.what} "
                f"(pip install {' '.join(found.packages)})"
            )
    return "Load it with MLflow (mlflow.pyfunc.load_model)"
