"""Columns with masks: what a codec hands to the engine, whatever the form on the wire.

A codec (REST, CSV) builds it from bytes, a typed caller (gRPC, Arrow, Spark) from its own
arrays. Columns of one dtype share one two-dimensional block, because a frame made of one
block costs a twentieth of one made column by column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from pandas.api.extensions import ExtensionArray

    from mlmodel.signature.types.schema import Schema

    #: True where a cell is missing; None where none is, or where the dtype itself says it.
    Mask: TypeAlias = npt.NDArray[np.bool_] | None
    #: A one-dimensional array of numpy or pandas.
    Values: TypeAlias = npt.NDArray[Any] | ExtensionArray

__all__ = ["AsGiven", "Block", "Column", "Columns", "Tensors"]

#: What holds the cells of a column: an array of numpy or pandas, or a list.
Held_co = TypeVar("Held_co", covariant=True)


@dataclass(slots=True)
class Column(Generic[Held_co]):
    """One column as it is given, to be held against what is declared for it.

    ``values`` is a one-dimensional numpy or pandas array, or a list of cells; ``mask`` is True
    where one is missing, or None; ``label`` is what errors call the column: its name, or its
    position.
    """

    values: Held_co
    mask: Mask
    label: str | int


@dataclass(slots=True)
class Block:
    """Columns of one dtype.

    ``values`` has shape (rows, columns of this block); ``positions`` says where each of them
    stands in the whole; ``mask`` (same shape, True = missing) is None where nothing is missing
    or where the dtype itself says it (NaN, NaT, None).
    """

    values: npt.NDArray[np.generic]
    positions: tuple[int, ...]
    mask: Mask = None


@dataclass(slots=True)
class Columns:
    """A table: names in order (None where the sender gave none), blocks, number of rows.

    A name is a text, or a number where the sender numbers its columns (ENF-012). ``read_at`` is
    the schema at whose types all cells have been read: the columns are then those of it that are
    given, in its order, and nothing of them is to be matched or checked again.
    """

    names: tuple[str | int, ...] | None
    blocks: list[Block]
    rows: int
    read_at: Schema | None = None


@dataclass(slots=True)
class Tensors:
    """Tensors by name; a single unnamed one stands under None.

    ``read_at`` is the schema at whose dtypes they have been read, as that of :class:`Columns`.
    """

    arrays: dict[str | None, npt.NDArray[np.generic]]
    read_at: Schema | None = None


@dataclass(slots=True)
class AsGiven:
    """What a request holds that is neither a table nor arrays: the model gets ``value`` itself.

    There is such a thing only where nothing is declared (ENF-090).
    """

    value: Any
