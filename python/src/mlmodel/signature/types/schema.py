"""Columns, tensors, and schemas of either (SIG-002 to SIG-007)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlmodel._base.collections import repeated
from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument, shown
from mlmodel.signature.types.nested import NestedType, data_type, read_type, type_document
from mlmodel.signature.types.scalars import DataType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

__all__ = ["ColSpec", "Schema", "TensorSpec", "need_keys", "read_json", "whole"]


#: The keys of a column that say nothing of its type.
_NOT_OF_TYPE = frozenset({"name", "required", "optional"})


@dataclass(frozen=True)
class ColSpec:
    """One column: its type, its name (or None: matched by position), whether it must be given."""

    type: DataType | NestedType
    name: str | None = None
    required: bool = True

    def __init__(
        self,
        type: DataType | NestedType | str,  # noqa: A002 - MLflow's keyword
        name: str | None = None,
        required: bool = True,
    ) -> None:
        _check_name(name, "column")
        if required not in (True, False):
            raise InvalidArgument(
                f"required of a column is True or False, not {shown(required)} (SIG-003)"
            )
        object.__setattr__(self, "type", data_type(type))
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "required", required)

    def to_dict(self) -> dict[str, Any]:
        """Return the object of the file (SIG-003), as MLflow 3 writes it."""
        spec = type_document(self.type)
        if self.name is not None:
            spec["name"] = self.name
        spec["required"] = self.required
        return spec

    @classmethod
    def from_dict(cls, spec: Mapping[str, Any]) -> ColSpec:
        """Read the object of the file (SIG-003).

        Raises:
            InvalidArgument: it is none.

        """
        need_keys(spec, ("type",), "SIG-003")
        required = spec.get("required")
        if required is None:
            # `optional` is how MLflow 2.0 to 2.5 wrote the opposite.
            required = not spec.get("optional", False)
        nested = {key: value for key, value in spec.items() if key not in _NOT_OF_TYPE}
        return cls(read_type(nested), whole(spec.get("name")), required)

    @classmethod
    def from_json_dict(cls, **spec: Any) -> ColSpec:
        """Read the keys of the file's object, given as keywords: MLflow's name of the reader."""
        return cls.from_dict(spec)


@dataclass(frozen=True)
class TensorSpec:
    """One tensor: numpy dtype name, shape with -1 for variable axes, name or None.

    ``dtype`` is the dtype's name as numpy writes it (``float32``, ``str``, ``datetime64[ns]``).
    """

    dtype: str
    shape: tuple[int, ...]
    name: str | None = None

    def __init__(
        self,
        type: np.dtype[Any] | str,  # noqa: A002 - MLflow's keyword
        shape: Sequence[int],
        name: str | None = None,
    ) -> None:
        if not isinstance(type, str) and not hasattr(type, "kind"):
            raise InvalidArgument(f"A tensor's type is a numpy dtype, not {type!r} (SIG-006)")
        _check_name(name, "tensor")
        if isinstance(shape, str) or not hasattr(shape, "__iter__"):
            raise InvalidArgument(_no_shape(shape))
        axes = tuple(shape)
        if not all(hasattr(axis, "__index__") and not isinstance(axis, bool) for axis in axes):
            raise InvalidArgument(_no_shape(shape))
        written = type if isinstance(type, str) else _dtype_name(type)
        object.__setattr__(self, "dtype", written)
        object.__setattr__(self, "shape", tuple(int(axis) for axis in axes))
        object.__setattr__(self, "name", name)

    @cached_property
    def type(self) -> np.dtype[Any]:
        """The numpy dtype."""
        import numpy as np

        try:
            return np.dtype(self.dtype)
        except TypeError:
            raise InvalidArgument(
                f"{self.dtype!r} is not the name of a numpy dtype (SIG-006)"
            ) from None

    required = True

    def to_dict(self) -> dict[str, Any]:
        """Return the object of the file (SIG-006)."""
        name = {} if self.name is None else {"name": self.name}
        tensor = {"dtype": self.dtype, "shape": list(self.shape)}
        return {**name, "type": "tensor", "tensor-spec": tensor}

    @classmethod
    def from_dict(cls, spec: Mapping[str, Any]) -> TensorSpec:
        """Read the object of the file, in either form (SIG-006).

        Raises:
            InvalidArgument: it is none.

        """
        need_keys(spec, (), "SIG-006")
        tensor = spec.get("tensor-spec", spec)
        need_keys(tensor, ("dtype", "shape"), "SIG-006")
        return cls(str(tensor["dtype"]), whole(tensor["shape"]), whole(spec.get("name")))

    @classmethod
    def from_json_dict(cls, **spec: Any) -> TensorSpec:
        """Read the keys of the file's object, given as keywords: MLflow's name of the reader."""
        return cls.from_dict(spec)


def _dtype_name(dtype: np.dtype[Any]) -> str:
    # Fixed-width strings are written by kind alone, as MLflow does: `<U5` is `str`.
    return {"U": "str", "S": "bytes"}.get(dtype.kind) or dtype.name


@dataclass(frozen=True)
class Schema:
    """The inputs or outputs of a model: columns only, or tensors only (SIG-002)."""

    inputs: tuple[ColSpec | TensorSpec, ...]

    def __init__(self, inputs: Sequence[ColSpec | TensorSpec]) -> None:
        specs = _listed_specs(inputs)
        _check_specs(specs)
        if _are_partly_named(specs):
            raise InvalidArgument("Name all inputs of a schema, or none (SIG-005)")
        object.__setattr__(self, "inputs", specs)

    @classmethod
    def as_read(cls, inputs: Sequence[ColSpec | TensorSpec]) -> Schema:
        """Return a schema that another program wrote: only some of its columns may be named.

        Raises:
            InvalidArgument: it breaks a rule of signatures.

        Warns:
            UserWarning: only some of the columns have names (SIG-020).

        """
        specs = _listed_specs(inputs)
        _check_specs(specs)
        if not _are_partly_named(specs):
            return cls(specs)
        if isinstance(specs[0], TensorSpec):
            raise InvalidArgument("Name all tensors of a schema, or none (SIG-005)")
        unnamed = [place for place, spec in enumerate(specs) if spec.name is None]
        warn_caller(
            f"SIG-020: the columns at the positions {', '.join(map(str, unnamed[:5]))} of the "
            "signature have no names, but others have: all are matched by position. Name all "
            "columns, or none."
        )
        made = object.__new__(cls)
        object.__setattr__(made, "inputs", specs)
        return made

    def __iter__(self) -> Iterator[ColSpec | TensorSpec]:
        return iter(self.inputs)

    def __len__(self) -> int:
        return len(self.inputs)

    def is_tensor_spec(self) -> bool:
        """Return whether this is a schema of tensors."""
        return isinstance(self.inputs[0], TensorSpec)

    def has_input_names(self) -> bool:
        """Return whether the inputs are matched by name (ENF-001)."""
        return all(spec.name is not None for spec in self.inputs)

    def input_names(self) -> list[str | int]:
        """Return the names, or the positions where there are none."""
        return [index if spec.name is None else spec.name for index, spec in enumerate(self.inputs)]

    def required_input_names(self) -> list[str | int]:
        """Return the names (or positions) of the inputs that must be given."""
        return [n for n, spec in zip(self.input_names(), self.inputs, strict=True) if spec.required]

    def optional_input_names(self) -> list[str | int]:
        """Return the names (or positions) of the inputs that may be left out."""
        pairs = zip(self.input_names(), self.inputs, strict=True)
        return [name for name, spec in pairs if not spec.required]

    def input_dict(self) -> dict[str, ColSpec | TensorSpec]:
        """Return the inputs by name.

        Raises:
            InvalidArgument: not all of them have names.

        """
        if not self.has_input_names():
            raise InvalidArgument(
                "Some inputs have no name, so there is no mapping of inputs by name (SIG-005)"
            )
        return {str(spec.name): spec for spec in self.inputs}

    def input_types(self) -> list[Any]:
        """Return a DataType or nested type per column, a numpy dtype per tensor."""
        return [spec.type for spec in self.inputs]

    def input_types_dict(self) -> dict[str, Any]:
        """Return the types by name.

        Raises:
            InvalidArgument: not all inputs have names.

        """
        return {name: spec.type for name, spec in self.input_dict().items()}

    def numpy_types(self) -> list[np.dtype[Any]]:
        """Return the numpy dtype of each input; columns of nested types are objects."""
        import numpy as np

        kinds = [spec.type for spec in self.inputs]
        return [
            np.dtype(object)
            if isinstance(k, NestedType)
            else (k.to_numpy() if isinstance(k, DataType) else k)
            for k in kinds
        ]

    def pandas_types(self) -> list[np.dtype[Any]]:
        """Return the dtype of each column of a delivered data frame (ENF-002).

        Raises:
            InvalidArgument: this is a schema of tensors.

        """
        if self.is_tensor_spec():
            raise InvalidArgument("Tensors are not columns of a data frame (SIG-002)")
        import numpy as np

        kinds = [spec.type for spec in self.inputs]
        return [k.to_pandas() if isinstance(k, DataType) else np.dtype(object) for k in kinds]

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the list of the file."""
        return [spec.to_dict() for spec in self.inputs]

    def to_json(self) -> str:
        """Return the JSON text that stands in the MLmodel file."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_list(cls, specs: Sequence[Mapping[str, Any]]) -> Schema:
        """Build a schema from the parsed JSON list; both tensor forms are read (SIG-006)."""
        if not isinstance(specs, list | tuple):
            raise InvalidArgument(f"A schema is a list of objects, not {shown(specs)} (SIG-001)")
        return cls.as_read([_read_spec(spec) for spec in specs])

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """Build a schema from the JSON text of the MLmodel file.

        Raises:
            InvalidArgument: it is not JSON, or breaks a rule of signatures.

        """
        return cls.from_list(read_json(text))


def read_json(text: str) -> Any:
    """Return the value of a JSON text of a signature.

    Raises:
        InvalidArgument: it is not one (SIG-001).

    """
    try:
        return json.loads(text)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"{shown(text)} is not a JSON text: {error} (SIG-001)") from None


def whole(written: Any) -> Any:
    """Return a number of JSON that is whole as the whole number that it is, also in a list.

    It is one however it is written: ``1.0`` is 1 (SIG-001).
    """
    if isinstance(written, list):
        return [whole(one) for one in written]
    is_whole = isinstance(written, float) and written.is_integer()
    return int(written) if is_whole else written


def _listed_specs(inputs: Any) -> tuple[Any, ...]:
    if isinstance(inputs, str | Mapping | ColSpec | TensorSpec) or not hasattr(inputs, "__iter__"):
        raise InvalidArgument(
            "A schema is made of a list of ColSpec or TensorSpec, such as "
            f"Schema([ColSpec('double', 'a')]), not of {shown(inputs)} (SIG-002)"
        )
    return tuple(inputs)


def _check_name(name: Any, what: str) -> None:
    # MLflow numbers the columns of a frame whose columns have no names (ENF-012).
    is_number = hasattr(name, "__index__") and not isinstance(name, bool)  # numpy's are some, too
    if name is not None and not (is_number or isinstance(name, str)):
        raise InvalidArgument(f"The name of a {what} is a text, not {shown(name)} (SIG-012)")


def _no_shape(shape: Any) -> str:
    return (
        "The shape of a tensor is a tuple of whole numbers, such as (-1, 10), not "
        f"{shown(shape)} (SIG-006)"
    )


def _check_specs(specs: Sequence[ColSpec | TensorSpec]) -> None:
    kinds = {type(spec) for spec in specs}
    if not specs:
        raise InvalidArgument("A schema has at least one column or tensor (SIG-002)")
    if kinds - {ColSpec, TensorSpec} or len(kinds) > 1:
        raise InvalidArgument(
            "A schema holds columns only or tensors only (SIG-002); this one holds "
            + ", ".join(sorted(kind.__name__ for kind in kinds))
        )
    names = [spec.name for spec in specs if spec.name is not None]
    twice = sorted(repeated(names))
    if twice:
        raise InvalidArgument(f"A name appears twice in the schema (SIG-004): {twice}")
    if len(specs) > 1 and isinstance(specs[0], TensorSpec) and not names:
        raise InvalidArgument("Several tensors need names (SIG-005)")


def _are_partly_named(specs: Sequence[ColSpec | TensorSpec]) -> bool:
    return len({spec.name is None for spec in specs}) > 1


def need_keys(spec: Mapping[str, Any], keys: Sequence[str], rule: str) -> None:
    """Check that this is an object with these keys.

    Raises:
        InvalidArgument: it is not; ``rule`` is the one that says so.

    """
    if not isinstance(spec, dict):
        raise InvalidArgument(f"{spec!r:.60} is not an object of a signature ({rule})")
    lacking = [key for key in keys if key not in spec]
    if lacking:
        raise InvalidArgument(f"{spec!r:.60} lacks the keys {lacking} ({rule})")


def _read_spec(spec: Mapping[str, Any]) -> ColSpec | TensorSpec:
    need_keys(spec, (), "SIG-003")
    if "tensor-spec" in spec or "dtype" in spec:
        return TensorSpec.from_dict(spec)
    return ColSpec.from_dict(spec)
