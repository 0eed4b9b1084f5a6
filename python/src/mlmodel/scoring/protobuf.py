"""Data for a model as protocol buffers (``proto/mlmodel/v1/scoring.proto``), both ways.

What is read is what every codec hands to the engine: :class:`Columns` or :class:`Tensors`.
Nothing is converted on the way, and nothing is lost. Needs protobuf (the extra ``grpc``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel._proto import BadMessage, arrays, message, parse, refused_as, values
from mlmodel.errors import InvalidArgument, MalformedRequest, shown
from mlmodel.scoring.given import columns_or_tensors
from mlmodel.signature.data.columns import Block, Columns, Tensors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["data_from_proto", "data_to_proto", "params_of", "read_request", "write_request"]

#: A table without columns is as long as it says, so it may not say much.
_MOST_EMPTY_ROWS = 1_000_000
_LONGEST = 2**63


def write_request(
    data: Any, params: Mapping[str, Any] | None = None, *, model_name: str = ""
) -> bytes:
    """Return the encoded message ``mlmodel.v1.ScoreRequest``, of data as a caller holds them.

    Args:
        data: a data frame or series (of pandas, Polars or Arrow; its index is not kept), an
            array, a dict of names to arrays, or what :func:`read_request` returned. Every dtype
            stays what it is, so the model's signature is enforced on the data as on those given
            to ``predict``.
        params: parameters by name, or None.
        model_name: which model is asked (GRP-022); empty for the server's only one.

    Raises:
        MissingDependency: protobuf is not installed (extra ``grpc``).
        InvalidArgument: data of another kind, a dtype, a cell, a name or a parameter without a
            form (PRO-010, PRO-040, PRO-050, PRO-051).

    """
    request = message("ScoreRequest")()
    values.set_text(request, "model_name", model_name)
    data_to_proto(columns_or_tensors(data), request.data)
    if params is not None:
        values.fill(request.params, dict(params), arrays.fill_value)
    encoded: bytes = request.SerializeToString()
    return encoded


def read_request(encoded: bytes) -> tuple[Columns | Tensors, dict[str, Any] | None]:
    """Return data and parameters of an encoded message ``mlmodel.v1.ScoreRequest``.

    Both may be given to a loaded model's ``predict``, which enforces its signature. The arrays
    are at the dtypes that the message says; a missing cell is told by a mask.

    Raises:
        MissingDependency: protobuf is not installed (extra ``grpc``).
        MalformedRequest: the bytes are not such a message, or it breaks a rule.

    """
    with refused_as(MalformedRequest):
        request = parse("ScoreRequest", encoded)
        return _read_data(request.data), params_of(request)


def data_to_proto(data: Columns | Tensors, target: Any = None) -> Any:
    """Return the message ``mlmodel.v1.Data`` of columns or tensors; ``target`` if it is given.

    Raises:
        MissingDependency: protobuf is not installed.
        InvalidArgument: a dtype, a cell or a name without a form.

    """
    target = message("Data")() if target is None else target
    if isinstance(data, Columns):
        _fill_frame(target.frame, data)
        return target
    target.tensors.SetInParent()
    for name, array in data.arrays.items():
        tensor = target.tensors.tensors.add()
        if name is not None:
            values.set_text(tensor, "name", name)
        arrays.fill(tensor.values, array)
    return target


def data_from_proto(data: Any) -> Columns | Tensors:
    """Return the columns or tensors of a message ``mlmodel.v1.Data``.

    Raises:
        MalformedRequest: the message breaks a rule.

    """
    with refused_as(MalformedRequest):
        return _read_data(data)


def _fill_frame(target: Any, data: Columns) -> None:
    target.rows = data.rows
    for name in data.names or ():
        held = target.names.add()
        if isinstance(name, str):
            values.set_text(held, "name", name)
        elif name is not None:
            if not -_LONGEST <= name < _LONGEST:
                raise InvalidArgument(f"{shown(name)} is not the number of a column (PRO-051)")
            held.number = name
    for block in data.blocks:
        made = target.blocks.add(positions=block.positions)
        mask = None if block.mask is None else block.mask.T
        arrays.fill(made.values, block.values.T, mask)


def _read_data(data: Any) -> Columns | Tensors:
    kind = data.WhichOneof("kind")
    if kind is None:
        raise BadMessage("The message holds no data: neither a frame nor tensors (PRO-050).")
    return _read_columns(data.frame) if kind == "frame" else _read_tensors(data.tensors)


def _read_columns(frame: Any) -> Columns:
    rows, blocks, positions = frame.rows, [], list[int]()
    for block in frame.blocks:
        places = tuple(block.positions)
        held, mask = arrays.read(block.values)
        if held.shape != (len(places), rows):
            raise BadMessage(
                f"A block has the shape {list(held.shape)} for {len(places)} columns of {rows} "
                "rows (PRO-052)."
            )
        positions += places
        blocks.append(Block(held.T, places, None if mask is None else mask.T))
    if sorted(positions) != list(range(len(positions))):
        raise BadMessage("The blocks do not hold each column of the table exactly once (PRO-052).")
    if rows < 0 or (rows > _MOST_EMPTY_ROWS and not positions):
        raise BadMessage(f"A table of {len(positions)} columns has {rows} rows (PRO-052).")
    return Columns(_read_names(frame.names, len(positions)), blocks, rows)


def _read_names(names: Sequence[Any], width: int) -> tuple[Any, ...] | None:
    if not names and width:
        return None
    if len(names) != width:
        raise BadMessage(f"A table of {width} columns has {len(names)} names (PRO-051).")
    read = []
    for name in names:
        which = name.WhichOneof("identity")
        read.append(None if which is None else getattr(name, which))
    return None if width and read.count(None) == width else tuple(read)


def _read_tensors(tensors: Any) -> Tensors:
    read: dict[str | None, Any] = {}
    for tensor in tensors.tensors:
        array, mask = arrays.read(tensor.values)
        if mask is not None:
            raise BadMessage("A value of a tensor is missing (PRO-043).")
        read[tensor.name if tensor.HasField("name") else None] = array
    if len(read) != len(tensors.tensors) or not read or (None in read and len(read) > 1):
        raise BadMessage(
            "Each tensor needs a name of its own; a single tensor may have none (PRO-053)."
        )
    return Tensors(read)


def params_of(request: Any) -> dict[str, Any] | None:
    """Return the parameters of a message ``ScoreRequest``, None where it has none.

    Raises:
        BadMessage: they are not a mapping from names (PRO-054).

    """
    if not request.HasField("params"):
        return None
    params = values.read(request.params, arrays.read_value)
    if not isinstance(params, dict) or not all(isinstance(name, str) for name in params):
        raise BadMessage("The parameters are not a mapping from names (PRO-054).")
    return params
