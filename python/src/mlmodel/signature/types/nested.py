"""The types of MLflow 2 and 3 that hold others: lists, objects, maps, anything (SIG-007).

Names and positional forms are MLflow's: ``Array("long")``, ``Map("double")``, ``AnyType()``,
``Object([Property("a", DataType.string)])``. They are values: equal if they mean the same,
hashable, never changed.
"""

from __future__ import annotations

import copy
import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

from mlmodel._base.collections import repeated
from mlmodel.errors import InvalidArgument
from mlmodel.signature.types.scalars import DataType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "NESTED_TYPES",
    "AnyType",
    "Array",
    "Map",
    "NestedType",
    "Object",
    "Property",
    "SparkMLVector",
    "data_type",
    "is_opaque",
    "leaf_of",
    "read_type",
    "type_document",
]


class _Value(ABC):
    """An immutable value, equal to another if both are written alike."""

    __slots__ = ("_document",)
    #: What was read, where it holds keys that are not the format's: they are kept (SIG-007).
    _document: Mapping[str, Any] | None

    @abstractmethod
    def _written(self) -> dict[str, Any]:
        """Return the object of the file, made of what this version knows."""

    def _set(self, **values: Any) -> None:
        for name, value in {"_document": None, **values}.items():
            object.__setattr__(self, name, value)

    def to_dict(self) -> dict[str, Any]:
        """Return the object of the file (SIG-007), as MLflow 3 writes it."""
        return self._written() if self._document is None else copy.deepcopy(dict(self._document))

    def _keep(self, document: Mapping[str, Any]) -> None:
        """Keep what was read if it says more than this version knows."""
        if _is_more(document, self._written()):
            object.__setattr__(self, "_document", copy.deepcopy(dict(document)))

    @classmethod
    @abstractmethod
    def from_dict(cls, document: Mapping[str, Any]) -> _Value:
        """Read the object of the file."""

    @classmethod
    def from_json_dict(cls, **document: Any) -> Any:
        """Read the keys of the file's object, given as keywords: MLflow's name of the reader."""
        return cls.from_dict(document)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"A {type(self).__name__} cannot be changed; create another one ({name})"
        )

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Value):
            return NotImplemented
        return type(self) is type(other) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(json.dumps(self.to_dict(), sort_keys=True))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_dict, (self.to_dict(),)


def _is_more(read: Any, written: Any) -> bool:
    """Return whether an object that was read holds what is not in the one that is written."""
    if isinstance(read, dict):
        return not isinstance(written, dict) or any(
            key not in written or _is_more(value, written[key]) for key, value in read.items()
        )
    return bool(read != written)


class NestedType(_Value):
    """A type that is not a scalar: one of the classes below."""

    __slots__ = ()
    #: The word under ``type``.
    value: ClassVar[str]

    @property
    def document(self) -> dict[str, Any]:
        """The object of the file."""
        return self.to_dict()

    def _written(self) -> dict[str, Any]:
        return {"type": self.value}

    @classmethod
    def _made(cls, document: Mapping[str, Any]) -> Self:  # noqa: ARG003 - of those that hold nothing
        return cls()

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> NestedType:
        """Read the object of the file; keys that are not the format's are kept.

        Raises:
            InvalidArgument: it is not a type, or another than this class stands for (SIG-007).

        """
        _need(document, "type")
        kind = _CLASSES.get(document["type"]) if isinstance(document["type"], str) else None
        if kind is None or not issubclass(kind, cls):
            raise InvalidArgument(
                f"{document['type']!r:.60} is not a nested type{_of(cls)} (SIG-007); "
                "nested types are " + ", ".join(_CLASSES)
            )
        made = kind._made(document)  # noqa: SLF001 - a class of this very family
        made._keep(document)  # noqa: SLF001 - the same
        return made


def _of(cls: type[NestedType]) -> str:
    return "" if cls is NestedType else f" {cls.value!r}"


def _need(document: Any, key: str) -> None:
    if not isinstance(document, dict):
        raise InvalidArgument(f"{document!r:.60} is not an object that describes a type (SIG-007)")
    if key not in document:
        raise InvalidArgument(f"{document!r:.60} lacks the key {key!r} (SIG-007)")


class _Uniform(NestedType):
    """A type all of whose values are of one other type; ``_key`` is where the file has it."""

    __slots__ = ("_held",)
    _key: ClassVar[str]
    _held: DataType | NestedType

    def __init__(self, held: DataType | NestedType | str) -> None:
        self._set(_held=data_type(held))

    def _written(self) -> dict[str, Any]:
        return {"type": self.value, self._key: type_document(self._held)}

    @classmethod
    def _made(cls, document: Mapping[str, Any]) -> Self:
        _need(document, cls._key)
        return cls(read_type(document[cls._key]))


class Array(_Uniform):
    """A list of any length, all of whose items are of one type (``dtype``)."""

    __slots__ = ()
    value = "array"
    _key = "items"

    def __init__(self, dtype: DataType | NestedType | str) -> None:
        super().__init__(dtype)

    @property
    def dtype(self) -> DataType | NestedType:
        """The type of the items."""
        return self._held

    def __repr__(self) -> str:
        return f"Array({self.dtype!r})"


class Map(_Uniform):
    """An object with any keys, all of whose values are of one type (``value_type``)."""

    __slots__ = ()
    value = "map"
    _key = "values"

    def __init__(self, value_type: DataType | NestedType | str) -> None:
        super().__init__(value_type)

    @property
    def value_type(self) -> DataType | NestedType:
        """The type of the values."""
        return self._held

    def __repr__(self) -> str:
        return f"Map(str -> {self.value_type!r})"


class Property(_Value):
    """One property of an :class:`Object`: its name, its type, whether it must be there."""

    __slots__ = ("dtype", "name", "required")
    name: str
    dtype: DataType | NestedType
    required: bool

    def __init__(
        self, name: str, dtype: DataType | NestedType | str, required: bool = True
    ) -> None:
        if not isinstance(name, str):
            raise InvalidArgument(f"The name of a property is a text, not {name!r:.60} (SIG-007)")
        self._set(name=name, dtype=data_type(dtype), required=bool(required))

    def _written(self) -> dict[str, Any]:
        return {self.name: {**type_document(self.dtype), "required": self.required}}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Property:
        """Read ``{name: type}``, the type with ``required`` in it (true if absent).

        Raises:
            InvalidArgument: it is not such an object (SIG-007).

        """
        if not isinstance(document, dict) or len(document) != 1:
            raise InvalidArgument(f"{document!r:.60} is not an object with one property (SIG-007)")
        ((name, described),) = document.items()
        _need(described, "type")
        bare = {key: value for key, value in described.items() if key != "required"}
        required = described.get("required") is not False
        made = cls(name, read_type(bare), required)
        made._keep(document)
        return made

    def __repr__(self) -> str:
        return f"{self.name}: {self.dtype!r}{'' if self.required else ' (optional)'}"


class Object(NestedType):
    """An object with named properties, each of a type of its own; kept in order of their names."""

    __slots__ = ("properties",)
    value = "object"
    properties: tuple[Property, ...]

    def __init__(self, properties: Sequence[Property]) -> None:
        if isinstance(properties, str) or not all(isinstance(p, Property) for p in properties):
            raise InvalidArgument(
                f"An object's properties are a list of Property, not {properties!r:.60} (SIG-007)"
            )
        twice = sorted(repeated(one.name for one in properties))
        if twice:
            raise InvalidArgument(
                f"A property's name appears twice in an object (SIG-007): {twice}"
            )
        self._set(properties=tuple(sorted(properties, key=lambda one: one.name)))

    def _written(self) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        for one in self.properties:
            properties |= one.to_dict()
        return {"type": self.value, "properties": properties}

    @classmethod
    def _made(cls, document: Mapping[str, Any]) -> Self:
        _need(document, "properties")
        if not isinstance(document["properties"], dict):
            raise InvalidArgument(
                f"{document['properties']!r:.60} is not a mapping of names to types (SIG-007)"
            )
        described = document["properties"].items()
        return cls([Property.from_dict({name: held}) for name, held in described])

    def __repr__(self) -> str:
        return f"{{{', '.join(map(repr, self.properties))}}}"


class AnyType(NestedType):
    """Any value, of any depth, also none (ENF-031)."""

    __slots__ = ()
    value = "any"

    def __init__(self) -> None:
        self._set()

    def __repr__(self) -> str:
        return "Any"


class SparkMLVector(NestedType):
    """A vector of Spark ML; what stands for it is delivered as given (ENF-031)."""

    __slots__ = ()
    value = "sparkml_vector"

    def __init__(self) -> None:
        self._set()

    def __repr__(self) -> str:
        return "SparkML vector"


_CLASSES: dict[str, type[NestedType]] = {
    kind.value: kind for kind in (Array, Object, Map, AnyType, SparkMLVector)
}

#: The words under ``type`` for which there is a class here.
NESTED_TYPES = frozenset(_CLASSES)


def data_type(given: DataType | NestedType | str) -> DataType | NestedType:
    """Return the type that is meant by itself or by its name.

    Raises:
        InvalidArgument: there is none of that name (SIG-003).

    """
    if isinstance(given, DataType | NestedType):
        return given
    try:
        return DataType(given)
    except InvalidArgument as error:
        if not isinstance(given, str) or given not in _CLASSES:
            raise
        raise InvalidArgument(
            f"{error}; a nested type is given as an object of its class, {_CLASSES[given].__name__}"
        ) from None


def read_type(document: Mapping[str, Any]) -> DataType | NestedType:
    """Return the type that an object of the file describes, scalar or nested (SIG-007).

    Raises:
        InvalidArgument: it describes none.

    """
    _need(document, "type")
    kind = document["type"]
    if isinstance(kind, str) and kind in NESTED_TYPES:
        return NestedType.from_dict(document)
    return data_type(kind)


def type_document(kind: DataType | NestedType) -> dict[str, Any]:
    """Return the object of the file that describes a type."""
    return kind.to_dict() if isinstance(kind, NestedType) else {"type": kind.value}


def holds_empty_object(kind: DataType | NestedType) -> bool:
    """Return whether there is an object without properties in a type: MLflow cannot read it."""
    if isinstance(kind, Array | Map):
        return holds_empty_object(kind.dtype if isinstance(kind, Array) else kind.value_type)
    if not isinstance(kind, Object):
        return False
    return not kind.properties or any(holds_empty_object(one.dtype) for one in kind.properties)


def is_opaque(kind: DataType | NestedType) -> bool:
    """Return whether cells of this type are delivered as given (ENF-031)."""
    return isinstance(kind, NestedType) and not isinstance(kind, Array | Map | Object)


def leaf_of(kind: Any) -> tuple[Any, int]:
    """Return what stands within an array, an array of arrays …, and how many arrays there are."""
    depth = 0
    while isinstance(kind, Array):
        kind, depth = kind.dtype, depth + 1
    return kind, depth
