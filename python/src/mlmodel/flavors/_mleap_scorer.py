"""What a bundle of MLeap answers to tables (MLP-005 to MLP-009)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from packaging.version import InvalidVersion, Version

from mlmodel._base.collections import remember
from mlmodel.bridges.jvm.columns import NotWritten
from mlmodel.bridges.jvm.loaded import Fault
from mlmodel.errors import (
    InputViolation,
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    ModelFailure,
    UnsupportedModel,
)
from mlmodel.flavors._invalid_data import invalid
from mlmodel.flavors._jvm_model import JvmModel
from mlmodel.flavors._tables import required_table
from mlmodel.signature.data.frames import arrays_of, dtypes_of
from mlmodel.signature.enforce.plan import Plan
from mlmodel.signature.types.nested import Array
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from mlmodel.bridges.jvm.columns import Kind
    from mlmodel.errors import MlmodelError

__all__ = ["Scorer", "first_beyond"]

#: MLeap's basic types -> those of columns (MLP-007).
_TYPES: Mapping[str, DataType] = {
    "boolean": DataType.boolean, "byte": DataType.integer, "short": DataType.integer,
    "int": DataType.integer, "long": DataType.long, "float": DataType.float,
    "double": DataType.double, "string": DataType.string, "bytes": DataType.binary,
}  # fmt: skip
#: The integers up to which each float holds all.
_EXACT: Mapping[str, int] = {"float": 1 << 24, "double": 1 << 53}
#: The integers that each type takes.
_RANGES: Mapping[str, tuple[int, int]] = {
    **{name: (-most, most) for name, most in _EXACT.items()},
    **{
        name: (-(1 << bits), (1 << bits) - 1)
        for name, bits in (("byte", 7), ("short", 15), ("int", 31), ("long", 63))
    },
}


class Scorer(JvmModel):
    """A bundle of MLeap, in a process of Java.

    Args:
        py4j: the module ``py4j.java_gateway``.
        file: a zip file with the bundle, which is removed with this object.
        name: the file in the model, for messages.

    Raises:
        InvalidModel: MLeap cannot read it.
        UnsupportedModel: it has a stage, or a column, of a kind that is not known here.
        MissingDependency: there is no Java that could read it.

    """

    def __init__(self, py4j: ModuleType, file: Path, name: str) -> None:
        super().__init__(py4j, file, name, _not_read)
        self._floats = {
            kind.name
            for kind in self._loaded.inputs
            if kind.shape == "scalar" and kind.type in _EXACT
        }
        self._known = {kind.name for kind in self._loaded.inputs}
        self._plans: dict[Any, Plan] = {}
        #: How tables of the bundle's own columns are taken, by these and their dtypes.
        self._tables: dict[Any, tuple[Plan, list[int]]] = {}
        self._last = self._wanted(None)

    @property
    def answers(self) -> list[str]:
        """The columns that it answers with where none are named: those that no stage takes."""
        return [kind.name for kind in self._loaded.outputs if kind.last]

    def predict(self, data: Any, output_columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the columns that the bundle answers with, as a frame with the index given.

        Args:
            data: a table.
            output_columns: the columns of the answer; those that no stage takes if absent.

        Raises:
            InvalidInput: it is no table, or not one that the bundle takes.
            InvalidArgument: the bundle answers no such column.

        """
        table = required_table(data, "MLP-006", "A bundle of MLeap")
        plan, order = self._plan_for(table)
        frame = plan.enforce(table)
        arrays = arrays_of(frame)
        columns = [np.asarray(arrays[at]) for at in order]
        self._require_taken(columns)
        wanted = self._last if output_columns is None else self._wanted(output_columns)
        try:
            return self._answer(columns, wanted, frame.index)
        except Fault as fault:
            raise _not_scored(fault) from None
        except NotWritten as error:
            message = f"Column {error.kind.name!r} {error} in row {error.row}."
            raise invalid("MLP-007", message, error.kind.name, error.row) from None

    def _plan_for(self, table: pd.DataFrame) -> tuple[Plan, list[int]]:
        """Return the plan by which a table is taken, and where it puts the bundle's columns.

        Integers are taken where the bundle's stages take floats. The plan has the table's own
        order, since a bundle has none, and so a table that fits is not put in another one.
        """
        names = table.columns.tolist()
        kinds = [dtype.kind for dtype in dtypes_of(table)]
        key = (*names, *kinds)
        found = self._tables.get(key)
        if found is None:
            found = self._planned(dict(zip(names, kinds, strict=True)))
            if self._known.issuperset(names):
                remember(self._tables, key, found)
        return found

    def _planned(self, given: Mapping[Any, str]) -> tuple[Plan, list[int]]:
        inputs, places = self._loaded.inputs, {name: place for place, name in enumerate(given)}
        order = sorted(range(len(inputs)), key=lambda at: places.get(inputs[at].name, len(places)))
        whole = [
            inputs[at].name in self._floats and given.get(inputs[at].name) in {"i", "u"}
            for at in order
        ]
        key = (*order, *whole)
        plan = self._plans.get(key)
        if plan is None:
            columns = [_column(inputs[at], one) for at, one in zip(order, whole, strict=True)]
            plan = Plan(Schema(columns))
            remember(self._plans, key, plan)
        return plan, [order.index(at) for at in range(len(inputs))]

    def _wanted(self, names: Sequence[str] | None) -> list[int]:
        outputs = self._loaded.outputs
        if names is None:
            return [at for at, kind in enumerate(outputs) if kind.last]
        places = {kind.name: at for at, kind in enumerate(outputs)}
        absent = [str(name) for name in names if name not in places]
        if absent:
            raise InvalidArgument(
                f"The bundle answers no column {', '.join(absent)}; it answers "
                f"{', '.join(places)} (MLP-005)"
            )
        return [places[name] for name in names]

    def _require_taken(self, columns: Sequence[np.ndarray[Any, Any]]) -> None:
        """Go on where no cell is missing that a stage needs, or is too large for it."""
        wrong = []
        for kind, cells in zip(self._loaded.inputs, columns, strict=True):
            row = _first_missing(kind, cells)
            if row is not None:
                message = (
                    f"Column {kind.name!r} has no value in row {row}, and a stage that takes it "
                    "needs one (MLP-008)."
                )
                wrong.append(InputViolation("MLP-008", message, kind.name, row))
                continue
            row = first_beyond(kind, cells)
            if row is not None:
                message = (
                    f"Column {kind.name!r} has integers that a {kind.type} does not hold, the "
                    f"first in row {row} (MLP-007)."
                )
                wrong.append(InputViolation("MLP-007", message, kind.name, row))
        if wrong:
            raise InvalidInput(wrong[0].message, wrong)


def _first_missing(kind: Kind, cells: np.ndarray[Any, Any]) -> int | None:
    form = cells.dtype.kind
    if kind.takes_null or form in "biu" or (kind.takes_nan and form == "f"):
        return None
    missing = np.isnan(cells) if form == "f" else pd.isna(cells)
    return int(missing.argmax()) if missing.any() else None


def first_beyond(kind: Kind, cells: np.ndarray[Any, Any]) -> int | None:
    """Return the first row whose integer a column's type does not hold; None where all are held."""
    if cells.dtype.kind != "i" or not len(cells):
        return None
    least, most = _RANGES[kind.type]
    if least <= int(cells.min()) and int(cells.max()) <= most:
        return None
    return int(((cells < least) | (cells > most)).argmax())


def _column(kind: Kind, is_whole: bool) -> ColSpec:
    declared: Any = DataType.long if is_whole else _TYPES[kind.type]
    for _ in range(0 if kind.shape == "scalar" else max(1, len(kind.dimensions))):
        declared = Array(declared)
    return ColSpec(declared, kind.name)


def _not_read(fault: Fault, name: str) -> MlmodelError:
    written, here = str(fault.told.get("version", "")), str(fault.told.get("runtime", ""))
    newer = ""
    if _is_newer(written, here):
        newer = f". MLeap {written} wrote the bundle, and MLeap {here} reads it here"
    if fault.kind == "unsupported":
        return UnsupportedModel(
            f"{name} has what this MLeap does not know: {fault}{newer} (MLP-004)"
        )
    if fault.kind == "bundle" and newer:
        return UnsupportedModel(f"{name} cannot be read by MLeap: {fault}{newer} (MLP-004)")
    if fault.kind == "bundle":
        return InvalidModel.of_file(name, "MLP-004", f"cannot be read by MLeap: {fault}")
    return ModelFailure(f"MLeap failed to read {name}: {fault}")


def _is_newer(written: str, here: str) -> bool:
    try:
        return Version(written) > Version(here)
    except InvalidVersion:
        return False


def _not_scored(fault: Fault) -> MlmodelError:
    if fault.kind != "data":
        return ModelFailure(f"MLeap failed: {fault}")
    told = fault.told
    cells = ", ".join(f"{name} is {value!r}" for name, value in told["cells"].items())
    said = str(fault).rstrip(".")
    message = (
        f"The stage {told['stage']} ({told['model']}) does not take row {told['row']}, whose "
        f"{cells}: {said}."
    )
    return invalid("MLP-009", message, next(iter(told["cells"]), None), told["row"])
