"""Parameters of prediction as a signature declares them (SIG-008, SIG-009)."""

from __future__ import annotations

import base64
import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from mlmodel._base.collections import repeated
from mlmodel.errors import InvalidArgument, InvalidModel, shown
from mlmodel.signature.types.nested import NestedType, data_type, read_type, type_document
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import need_keys, read_json, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["ParamSchema", "ParamSpec", "json_default"]

#: Other types that a default may have besides Python's own, because JSON writes them.
_WRITTEN: dict[str, type] = {"number": int, "base64": str, "date and time": str}

#: The keys of a parameter that say nothing of its type.
_NOT_OF_TYPE = frozenset({"name", "default", "shape", "dtype"})


@dataclass(frozen=True)
class ParamSpec:
    """One parameter of prediction: name, type, default, and shape (None scalar, ``(-1,)`` list)."""

    name: str
    dtype: DataType | NestedType
    default: Any
    shape: tuple[int, ...] | None = None

    def __init__(
        self,
        name: str,
        dtype: DataType | NestedType | str,
        default: Any,
        shape: Sequence[int] | None = None,
    ) -> None:
        if not isinstance(name, str):
            raise InvalidArgument(f"The name of a parameter is a text, not {shown(name)} (SIG-008)")
        if shape is not None and not (
            isinstance(shape, list | tuple) and all(type(axis) is int for axis in shape)
        ):
            raise InvalidArgument(
                f"The shape of the parameter {name!r} is None for a single value or (-1,) for a "
                f"list, not {shown(shape)} (SIG-008)"
            )
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "dtype", data_type(dtype))
        object.__setattr__(self, "default", default)
        object.__setattr__(self, "shape", None if shape is None else tuple(shape))

    def __hash__(self) -> int:
        # A default may be a list or an object, which have no hash.
        return hash((self.name, self.dtype, self.shape))

    def check_default(self) -> None:
        """Check that the default is of the type and shape declared (SIG-009).

        Done before a default is used, not when a file is read: a model with an odd default of
        a parameter that nobody leaves out still works.

        Raises:
            InvalidModel: it is not.

        """
        default = json_default(self.default)
        if default is None or isinstance(self.dtype, NestedType):
            return
        is_list = isinstance(default, list)
        traits = self.dtype.traits
        takes = (traits.python, _WRITTEN.get(traits.literals.form, traits.python))
        values = default if is_list else [default]
        fits = all(isinstance(v, takes) for v in values) and (
            self.dtype is DataType.boolean or not any(isinstance(v, bool) for v in values)
        )
        if not fits or is_list != (self.shape is not None):
            raise InvalidModel(
                f"The default {self.default!r:.60} of parameter {self.name!r} is not of its type "
                f"{self.dtype} and shape {self.shape} (SIG-009)"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the object of the file (SIG-008)."""
        return {
            "name": self.name,
            "default": json_default(self.default),
            "shape": None if self.shape is None else list(self.shape),
            **type_document(self.dtype),
        }

    @classmethod
    def from_dict(cls, spec: Mapping[str, Any]) -> ParamSpec:
        """Read the object of the file (SIG-008).

        Raises:
            InvalidArgument: it is none.

        """
        # MLflow 2.6 wrote the type under `dtype`.
        key = "type" if isinstance(spec, dict) and "type" in spec else "dtype"
        need_keys(spec, ("name", key), "SIG-008")
        held = {k: v for k, v in spec.items() if k not in _NOT_OF_TYPE} | {"type": spec[key]}
        return cls(spec["name"], read_type(held), spec.get("default"), whole(spec.get("shape")))

    @classmethod
    def from_json_dict(cls, **spec: Any) -> ParamSpec:
        """Read the keys of the file's object, given as keywords: MLflow's name of the reader."""
        return cls.from_dict(spec)


class ParamSchema(tuple[ParamSpec, ...]):
    """The parameters of a model, in order, each name once (SIG-008)."""

    __slots__ = ()

    def __new__(cls, params: Iterable[ParamSpec] = ()) -> Self:
        is_list = hasattr(params, "__iter__") and not isinstance(params, str)
        listed = list(params) if is_list else []
        wrong = [spec for spec in listed if not isinstance(spec, ParamSpec)]
        if wrong or not is_list:
            raise InvalidArgument(
                "Parameters are a list of ParamSpec, such as [ParamSpec('top', 'long', 3)], not "
                f"{shown(wrong[0] if wrong else params)} (SIG-008)"
            )
        made = super().__new__(cls, listed)
        names = [spec.name for spec in made]
        twice = sorted(repeated(names))
        if twice:
            raise InvalidArgument(f"A name appears twice among the parameters (SIG-008): {twice}")
        return made

    @property
    def params(self) -> list[ParamSpec]:
        """The parameters as a list."""
        return list(self)

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the list of the file."""
        return [spec.to_dict() for spec in self]

    def to_json(self) -> str:
        """Return the JSON text that stands in the MLmodel file."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_list(cls, specs: Sequence[Mapping[str, Any]]) -> Self:
        """Build the parameters from the parsed JSON list."""
        if not isinstance(specs, list | tuple):
            raise InvalidArgument(f"Parameters are a list of objects, not {shown(specs)} (SIG-001)")
        return cls([ParamSpec.from_dict(spec) for spec in specs])

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Build the parameters from the JSON text of the MLmodel file."""
        return cls.from_list(read_json(text))


def json_default(value: Any) -> Any:
    """Return a parameter's default as JSON holds it: bytes as base64, moments as ISO 8601."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, list | tuple):
        return [json_default(item) for item in value]
    if isinstance(value, dict):
        return {key: json_default(item) for key, item in value.items()}
    if isinstance(value, dt.date):
        return value.isoformat()
    if type(value).__module__ == "numpy":
        # A numpy scalar or array; item() makes a number of a moment in nanoseconds.
        return str(value) if value.dtype.kind == "M" else json_default(value.tolist())
    return value
