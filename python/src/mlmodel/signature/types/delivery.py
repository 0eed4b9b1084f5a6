"""The record of delivery: what a model gets of its columns that no signature can say (ENF-091 ff).

A signature says ``datetime`` and ``string``; a model may have been trained on times of one zone, or
on categories. The record says so. Nothing here needs numpy, or knows where a file keeps the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from mlmodel.errors import InvalidArgument, shown
from mlmodel.signature.types.scalars import DataType

if TYPE_CHECKING:
    from mlmodel.signature.types.schema import Schema

__all__ = ["ColumnDelivery", "Delivery"]

#: What a column is delivered as, where it is not the dtype of ENF-002 (ENF-094, ENF-095).
Dtype = Literal["boolean", "category", "date", "object", "string"]
Category = str | int | float | bool

_DTYPES = ("boolean", "category", "date", "object", "string")
_FORMS = ("list", "series")


@dataclass(frozen=True, slots=True)
class ColumnDelivery:
    """What a model gets of one column beside its declared type; None says nothing.

    ``zone`` is the time zone of a datetime column: a name, or an offset such as ``+09:00``.
    ``missing`` is ``none`` where a missing value is None. ``dtype`` is what pandas calls the
    column's dtype, or ``date``: a datetime column holds days. ``categories`` and ``ordered`` belong
    to ``category``.
    """

    zone: str | None = None
    missing: Literal["none"] | None = None
    dtype: Dtype | None = None
    categories: tuple[Category, ...] | None = None
    ordered: bool = False

    def fits(self, kind: Any) -> bool:
        """Return whether this may be recorded of a column of a type."""
        if not isinstance(kind, DataType):
            return False
        if self.zone is not None:
            return kind is DataType.datetime and self.dtype is None
        if self.dtype == "date":
            return kind is DataType.datetime
        return self.dtype not in ("boolean", "string") or self.dtype == kind.value

    def to_dict(self) -> dict[str, Any]:
        """Return the mapping of the file, without what says nothing."""
        held = {one.name: getattr(self, one.name) for one in fields(self)}
        if self.categories is not None:
            held["categories"] = list(self.categories)
        return {
            key: value for key, value in held.items() if value is not None and value is not False
        }

    @classmethod
    def from_dict(cls, written: Any) -> ColumnDelivery:
        """Read the mapping of the file; keys that are not known are passed over.

        Raises:
            InvalidArgument: it is not one (ENF-091).

        """
        if not isinstance(written, Mapping):
            raise _broken(f"what is recorded of a column is a mapping, not {shown(written)}")
        dtype, zone = written.get("dtype"), written.get("zone")
        if dtype not in (None, *_DTYPES) or written.get("missing") not in (None, "none"):
            raise _broken(f"{shown(dict(written))} is not known")
        if not isinstance(zone, str | None):
            raise _broken(f"a zone is a text, not {shown(zone)}")
        categories = written.get("categories")
        if categories is not None and not _are_categories(categories):
            raise _broken(
                f"categories are a list of texts, numbers or booleans, not {shown(categories)}"
            )
        if dtype == "category" and categories is None:
            raise _broken("the dtype category needs categories")
        return cls(
            zone,
            written.get("missing"),
            dtype,
            None if categories is None else tuple(dict.fromkeys(categories)),
            bool(written.get("ordered")),
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a model gets of its columns, by their names as texts or by their positions.

    ``form`` is what the model gets in the place of a data frame of one column: that column as a
    ``series``, or its values as a ``list`` (ENF-096).
    """

    columns: Mapping[str, ColumnDelivery] = field(default_factory=lambda: MappingProxyType({}))
    form: Literal["list", "series"] | None = None

    def __bool__(self) -> bool:
        return bool(self.columns) or self.form is not None

    def __reduce__(self) -> tuple[Any, ...]:
        return Delivery.from_dict, (self.to_dict(),)

    def of(self, name: str | int | None, place: int) -> ColumnDelivery | None:
        """Return what is recorded of a declared column: by its name, else by its position."""
        return self.columns.get(str(place if name is None else name))

    def to_dict(self) -> dict[str, Any]:
        """Return the mapping of the file."""
        columns = {name: column.to_dict() for name, column in self.columns.items()}
        form = {} if self.form is None else {"form": self.form}
        return {**({"columns": columns} if columns else {}), **form}

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> Delivery:
        """Read the mapping of the file; keys that are not known are passed over.

        Raises:
            InvalidArgument: it is not one (ENF-091).

        """
        columns, form = written.get("columns"), written.get("form")
        if not isinstance(columns, Mapping | None):
            raise _broken(
                f"columns is a mapping of names to what is recorded, not {shown(columns)}"
            )
        if form not in (None, *_FORMS):
            raise _broken(f"form is list or series, not {shown(form)}")
        read = {str(name): ColumnDelivery.from_dict(one) for name, one in (columns or {}).items()}
        return cls(read, form)

    def joined(self, other: Delivery | None) -> Delivery:
        """Return this record, completed by what another one says of further columns."""
        if not other:
            return self
        return Delivery({**other.columns, **self.columns}, self.form or other.form)

    def fitting(self, schema: Schema | None) -> Delivery | None:
        """Return what of this record fits declared inputs (ENF-091), or None if nothing does."""
        if schema is None or schema.is_tensor_spec():
            return None
        kept = {}
        for place, spec in enumerate(schema):
            record = self.of(spec.name, place)
            if record is not None and record.fits(spec.type):
                kept[str(place if spec.name is None else spec.name)] = record
        return Delivery(kept, self.form if len(schema) == 1 else None) or None


def _are_categories(categories: Any) -> bool:
    return isinstance(categories, list | tuple) and all(
        isinstance(one, str | int | float) for one in categories
    )


def _broken(what: str) -> InvalidArgument:
    return InvalidArgument(
        f"The record of delivery (metadata → mlmodel) is broken: {what} (ENF-091)"
    )
