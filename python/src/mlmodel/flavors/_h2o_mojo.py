"""What a MOJO answers to tables: as its model does in H2O's server (HTO-011)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.bridges.jvm.columns import NotWritten
from mlmodel.bridges.jvm.loaded import Fault
from mlmodel.errors import InvalidModel, ModelFailure, UnsupportedModel, shown
from mlmodel.flavors._h2o_tables import as_trained, rows_of, without_gaps
from mlmodel.flavors._invalid_data import invalid
from mlmodel.flavors._jvm_model import JvmModel
from mlmodel.flavors._tables import FeatureNames
from mlmodel.signature.data.arrays import object_array

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from mlmodel.errors import MlmodelError

__all__ = ["Mojo"]


class Mojo(JvmModel):
    """A MOJO of H2O, in a process of Java.

    Args:
        py4j: the module ``py4j.java_gateway``.
        file: a zip file with the MOJO, which is removed with this object.
        name: the file in the model, for messages.

    Raises:
        InvalidModel: it cannot be read.
        UnsupportedModel: it is of an algorithm, or has a part, that is not known here.
        MissingDependency: there is no Java that could read it.

    """

    def __init__(self, py4j: ModuleType, file: Path, name: str) -> None:
        super().__init__(py4j, file, name, _not_read)
        self._names = FeatureNames((kind.name for kind in self._loaded.inputs), "HTO-006")

    def predict(self, data: Any) -> pd.DataFrame:
        """Return what the model answers, as a frame with the index given: H2O's own columns.

        Args:
            data: a table.

        Raises:
            InvalidInput: it is no table, or not one that the model takes.

        """
        rows = rows_of(data, self._names)
        outputs = self._loaded.outputs
        try:
            told = self._answer(self._columns(rows), range(len(outputs)), rows.index)
        except Fault as fault:
            raise _not_scored(fault) from None
        except NotWritten as error:
            message = f"Column {error.kind.name!r} {error} in row {error.row}."
            raise invalid("HTO-011", message, error.kind.name, error.row) from None
        first = outputs[0]
        if first.type != "double":
            told[first.name] = _as_h2o_reads(told[first.name])
        return told

    def _columns(self, rows: pd.DataFrame) -> list[np.ndarray[Any, Any]]:
        """Return the columns of the features, as numbers and as the texts of categories."""
        kinds = {kind.name: kind.type for kind in self._loaded.inputs}
        numeric = {name for name, kind in kinds.items() if kind != "string"}
        return [
            _floats(column) if name in numeric else _texts(column)
            for name, column in as_trained(rows, numeric).items()
        ]


def _floats(column: pd.Series[Any]) -> np.ndarray[Any, Any]:
    """Return numbers as H2O has them, to which an infinite one is none."""
    numbers = column.to_numpy("float64", na_value=np.nan)
    return np.where(np.isinf(numbers), np.nan, numbers)


def _texts(column: pd.Series[Any]) -> np.ndarray[Any, Any]:
    """Return the cells as H2O gets those of a column of categories: by their texts."""
    cells = without_gaps(column).tolist()
    texts = [None if one is None else str(one) for one in cells]
    return object_array([one or None for one in texts])  # an empty one is a gap on its way there


def _as_h2o_reads(column: pd.Series[Any]) -> Any:
    """Return classes and clusters as H2O's package has them: of a file of texts, read by pandas.

    So classes whose names are numbers, or truth values, are such.
    """
    places, held = pd.factorize(column)
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["told"], *([one] for one in held)])
    text.seek(0)
    read = pd.read_csv(text, low_memory=False, skip_blank_lines=False)["told"]
    return read.to_numpy()[places]


def _not_scored(fault: Fault) -> MlmodelError:
    if fault.kind != "data":
        return ModelFailure(f"The MOJO failed: {fault}")
    ((name, value),) = fault.told["cells"].items()
    message = (
        f"Column {name!r} has {shown(value)} in row {fault.told['row']}, which is not among the "
        "categories of the model; a linear model of H2O has no one answer to it."
    )
    return invalid("HTO-011", message, name, fault.told["row"])


def _not_read(fault: Fault, name: str) -> MlmodelError:
    if fault.kind == "unsupported":
        return UnsupportedModel(f"{name} is {fault}, which is not read here (HTO-009)")
    if fault.kind == "bundle":
        return InvalidModel.of_file(name, "HTO-009", f"cannot be read as a MOJO: {fault}")
    return ModelFailure(f"The MOJO {name} could not be read: {fault}")
