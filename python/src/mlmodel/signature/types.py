"""The types of a signature: columns, tensors, parameters, schemas.

Nothing here needs numpy: a signature is read, checked and compared by the base
install. The names and their positional forms are MLflow's (``ColSpec("double", "a")``,
``TensorSpec(np.dtype("float32"), (-1, 10))``).
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from mlmodel._extras import named_extra
from mlmodel.errors import InvalidArgument, InvalidModel
from mlmodel.signature.names import repeated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy as np

    from mlmodel.signature.plan import Plan

__all__ = [
    "ColSpec",
    "DataType",
    "ModelSignature",
    "NestedType",
    "ParamSchema",
    "ParamSpec",
    "Schema",
    "TensorSpec",
]


class DataType(Enum):
    """The column types of the format (SIG-003); the value is the name in the file."""

    boolean = "boolean"
    integer = "integer"
    long = "long"
    float = "float"
    double = "double"
    string = "string"
    binary = "binary"
    datetime = "datetime"

    def __repr__(self) -> str:
        return self.value

    def __str__(self) -> str:
        return self.value

    def to_numpy(self) -> np.dtype[Any]:
        """Return the numpy dtype in which a column of this type is delivered (ENF-002)."""
        import numpy as np

        return np.dtype(DELIVERED_DTYPE[self])


#: The dtype in which each column type reaches the model (ENF-002).
DELIVERED_DTYPE: dict[DataType, str] = {
    DataType.boolean: "bool",
    DataType.integer: "int32",
    DataType.long: "int64",
    DataType.float: "float32",
    DataType.double: "float64",
    DataType.string: "object",
    DataType.binary: "object",
    DataType.datetime: "datetime64[ns]",
}


#: What a parameter's default may be, by its type; a JSON file holds texts for the last two.
_DEFAULTS: dict[DataType, tuple[type, ...]] = {
    DataType.boolean: (bool,),
    DataType.integer: (int,),
    DataType.long: (int,),
    DataType.float: (int, float),
    DataType.double: (int, float),
    DataType.string: (str,),
    DataType.binary: (bytes, str),
    DataType.datetime: (dt.date, str),
}

#: The types of MLflow 2 and 3 that hold others (SIG-007).
NESTED_TYPES = frozenset({"array", "object", "map", "any", "sparkml_vector"})


@dataclass(frozen=True, slots=True)
class NestedType:
    """A type of MLflow 2 and 3 that holds others (``array``, ``object``, ``map``, ``any``).

    It is kept as it was read, so that it survives a round trip.
    """

    document: Mapping[str, Any]

    def __hash__(self) -> int:
        return hash(json.dumps(self.document, sort_keys=True))

    @property
    def value(self) -> str:
        """Name of the outermost type."""
        return str(self.document["type"])


def _data_type(given: DataType | NestedType | str) -> DataType | NestedType:
    if isinstance(given, DataType | NestedType):
        return given
    try:
        return DataType(given)
    except ValueError:
        names = ", ".join(t.value for t in DataType)
        raise InvalidArgument(
            f"{given!r} is no column type (SIG-003); the types are {names}"
        ) from None


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
        object.__setattr__(self, "type", _data_type(type))
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "required", required)

    def to_dict(self) -> dict[str, Any]:
        """Return the object of the file (SIG-003), as MLflow 3 writes it."""
        spec: dict[str, Any] = {"type": self.type.value}
        if isinstance(self.type, NestedType):
            spec = dict(self.type.document)
        if self.name is not None:
            spec["name"] = self.name
        spec["required"] = self.required
        return spec


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
        written = type if isinstance(type, str) else _dtype_name(type)
        object.__setattr__(self, "dtype", written)
        object.__setattr__(self, "shape", tuple(int(axis) for axis in shape))
        object.__setattr__(self, "name", name)

    @cached_property
    def type(self) -> np.dtype[Any]:
        """The numpy dtype."""
        import numpy as np

        return np.dtype(self.dtype)

    required = True

    def to_dict(self) -> dict[str, Any]:
        """Return the object of the file (SIG-006)."""
        name = {} if self.name is None else {"name": self.name}
        tensor = {"dtype": self.dtype, "shape": list(self.shape)}
        return {**name, "type": "tensor", "tensor-spec": tensor}


def _dtype_name(dtype: np.dtype[Any]) -> str:
    # Fixed-width strings are written by kind alone, as MLflow does: `<U5` is `str`.
    return {"U": "str", "S": "bytes"}.get(dtype.kind) or dtype.name


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
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "dtype", _data_type(dtype))
        object.__setattr__(self, "default", default)
        object.__setattr__(self, "shape", None if shape is None else tuple(shape))

    def check_default(self) -> None:
        """Check that the default is of the type and shape declared (SIG-009).

        Done before a default is used, not when a file is read: a model with an odd default of
        a parameter that nobody leaves out still works.

        Raises:
            InvalidModel: it is not.

        """
        if self.default is None or isinstance(self.dtype, NestedType):
            return
        is_list = isinstance(self.default, list | tuple)
        takes = _DEFAULTS[self.dtype]
        values = self.default if is_list else [self.default]
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
        kind = self.dtype
        return {
            "name": self.name,
            "default": json_default(self.default),
            "shape": None if self.shape is None else list(self.shape),
            **(kind.document if isinstance(kind, NestedType) else {"type": kind.value}),
        }


class ParamSchema(tuple[ParamSpec, ...]):
    """The parameters of a model, in order, each name once (SIG-008)."""

    __slots__ = ()

    def __new__(cls, params: Iterable[ParamSpec] = ()) -> Self:
        made = super().__new__(cls, params)
        names = [spec.name for spec in made]
        twice = sorted(repeated(names))
        if twice:
            raise InvalidArgument(f"A name stands twice among the parameters (SIG-008): {twice}")
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
    def from_json(cls, text: str) -> Self:
        """Build the parameters from the JSON text of the MLmodel file."""
        return cls(_param(spec) for spec in json.loads(text))


def _param(spec: Mapping[str, Any]) -> ParamSpec:
    # MLflow 2.6 wrote the type under `dtype`.
    key = "type" if "type" in spec else "dtype"
    _need(spec, ("name", key), "SIG-008")
    kind = spec[key]
    if kind in NESTED_TYPES:
        nested = {
            k: v for k, v in spec.items() if k not in {"name", "default", "shape", "dtype"}
        } | {"type": kind}
        kind = NestedType(nested)
    return ParamSpec(spec["name"], kind, spec.get("default"), spec.get("shape"))


def json_default(value: Any) -> Any:
    """Return a parameter's default as JSON holds it: bytes as base64, moments as ISO 8601."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, list | tuple):
        return [json_default(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value


@dataclass(frozen=True)
class Schema:
    """The inputs or outputs of a model: columns only, or tensors only (SIG-002)."""

    inputs: tuple[ColSpec | TensorSpec, ...]

    def __init__(self, inputs: Sequence[ColSpec | TensorSpec]) -> None:
        specs = tuple(inputs)
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
            raise InvalidArgument(f"A name stands twice in the schema (SIG-004): {twice}")
        if names and len(names) < len(specs):
            raise InvalidArgument("Either all inputs of a schema are named or none (SIG-005)")
        if len(specs) > 1 and isinstance(specs[0], TensorSpec) and not names:
            raise InvalidArgument("Several tensors need names (SIG-005)")
        object.__setattr__(self, "inputs", specs)

    def __iter__(self) -> Iterator[ColSpec | TensorSpec]:
        return iter(self.inputs)

    def __len__(self) -> int:
        return len(self.inputs)

    def is_tensor_spec(self) -> bool:
        """Return whether this is a schema of tensors."""
        return isinstance(self.inputs[0], TensorSpec)

    def has_input_names(self) -> bool:
        """Return whether the inputs are matched by name (ENF-001)."""
        return self.inputs[0].name is not None

    def input_names(self) -> list[str | int]:
        """Return the names, or the positions where there are none."""
        return [index if spec.name is None else spec.name for index, spec in enumerate(self.inputs)]

    def input_types(self) -> list[Any]:
        """Return a DataType per column, a numpy dtype per tensor."""
        return [spec.type for spec in self.inputs]

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the list of the file."""
        return [spec.to_dict() for spec in self.inputs]

    def to_json(self) -> str:
        """Return the JSON text that stands in the MLmodel file."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_list(cls, specs: Sequence[Mapping[str, Any]]) -> Schema:
        """Build a schema from the parsed JSON list; both tensor forms are read (SIG-006)."""
        return cls([_spec(spec) for spec in specs])

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """Build a schema from the JSON text of the MLmodel file."""
        return cls.from_list(json.loads(text))


def _need(spec: Mapping[str, Any], keys: Sequence[str], rule: str) -> None:
    if not isinstance(spec, dict):
        raise InvalidArgument(f"{spec!r:.60} is no object of a signature ({rule})")
    lacking = [key for key in keys if key not in spec]
    if lacking:
        raise InvalidArgument(f"{spec!r:.60} lacks the keys {lacking} ({rule})")


def _spec(spec: Mapping[str, Any]) -> ColSpec | TensorSpec:
    _need(spec, (), "SIG-003")
    name = spec.get("name")
    if "tensor-spec" in spec or "dtype" in spec:
        tensor = spec.get("tensor-spec", spec)
        _need(tensor, ("dtype", "shape"), "SIG-006")
        return TensorSpec(str(tensor["dtype"]), tensor["shape"], name)
    _need(spec, ("type",), "SIG-003")
    kind = spec["type"]
    if kind in NESTED_TYPES:
        nested = {k: v for k, v in spec.items() if k not in {"name", "required"}}
        return ColSpec(NestedType(nested), name, spec.get("required", True))
    # `optional` is how MLflow 2.0 to 2.5 wrote the opposite of `required`.
    return ColSpec(kind, name, spec.get("required", not spec.get("optional", False)))


@dataclass(frozen=True, repr=False)
class ModelSignature:
    """Inputs, outputs and parameters of a model; each may be absent."""

    inputs: Schema | None = None
    outputs: Schema | None = None
    params: ParamSchema | None = None

    def __init__(
        self,
        inputs: Schema | None = None,
        outputs: Schema | None = None,
        params: Iterable[ParamSpec] | None = None,
    ) -> None:
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "outputs", outputs)
        object.__setattr__(self, "params", None if params is None else ParamSchema(params))

    def __repr__(self) -> str:
        lines = [
            f"  {part}: [{', '.join(map(_short, specs))}]"
            for part, specs in (
                ("inputs", self.inputs),
                ("outputs", self.outputs),
                ("params", self.params),
            )
            if specs is not None
        ]
        return "\n".join(["ModelSignature:", *lines])

    @cached_property
    def plan(self) -> Plan:
        """The compiled enforcement plan of the inputs, made on first use (needs numpy)."""
        with named_extra():
            from mlmodel.signature.plan import Plan

        return Plan(self.inputs)

    def enforce(self, data: Any) -> Any:
        """Return ``data`` as the model must receive it; see :meth:`Plan.enforce`.

        Raises:
            InvalidInput: with every violation of ENF rules found.

        """
        return self.plan.enforce(data)

    def enforce_params(self, params: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Return the parameters as the model must receive them (ENF-080 to ENF-083).

        Raises:
            InvalidInput: with every violation found.

        """
        from mlmodel.signature.params import enforce_params

        return enforce_params(params, self.params)

    def to_dict(self) -> dict[str, str | None]:
        """Return the mapping of the MLmodel file: JSON texts (SIG-001)."""
        return {
            "inputs": self.inputs.to_json() if self.inputs else None,
            "outputs": self.outputs.to_json() if self.outputs else None,
            "params": self.params.to_json() if self.params is not None else None,
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> ModelSignature:
        """Build a signature from the MLmodel file's mapping."""
        inputs, outputs, params = (document.get(k) for k in ("inputs", "outputs", "params"))
        return cls(
            Schema.from_json(inputs) if inputs else None,
            Schema.from_json(outputs) if outputs else None,
            ParamSchema.from_json(params) if params else None,
        )


def _short(spec: ColSpec | TensorSpec | ParamSpec) -> str:
    if isinstance(spec, ParamSpec):
        return f"{spec.name!r}: {spec.dtype.value}{list(spec.shape or ()) or ''} = {spec.default!r}"
    label = "" if spec.name is None else f"{spec.name!r}: "
    if isinstance(spec, TensorSpec):
        return f"{label}{spec.dtype}{list(spec.shape)}"
    return f"{label}{spec.type.value}{'' if spec.required else ' (optional)'}"
