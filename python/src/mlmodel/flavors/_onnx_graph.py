"""A graph's file and its weights: what ONNX Runtime gets is what was checked (ONX-019)."""

from __future__ import annotations

import mmap
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

from mlmodel.errors import InvalidArgument, InvalidModel, UnreadableModel, shown
from mlmodel.flavors._failures import cannot_be_read, cannot_be_saved
from mlmodel.flavors._named_files import Refused, opened_below

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlmodel.flavors._base import Flavor
    from mlmodel.trust.graphs import Checked, Outside

__all__ = ["LARGEST", "Graph", "check", "external_tensors", "read", "size", "whole", "write"]

#: What one message of protocol buffers can have.
LARGEST = 2**31 - 1
#: Types of elements that numpy has, too: ONNX Runtime takes them where they are.
_DTYPES = {
    1: "<f4", 2: "u1", 3: "i1", 4: "<u2", 5: "<i2", 6: "<i4", 7: "<i8", 9: "?", 10: "<f2",
    11: "<f8", 12: "<u4", 13: "<u8",
}  # fmt: skip


class Graph(NamedTuple):
    """What is handed to ONNX Runtime.

    ``data``: an ``onnx.ModelProto`` as bytes. ``weights``: name -> array of those that stand in
    other files. ``folds``: what is computed on loading is proven to be small (ONX-015).
    """

    data: bytes
    weights: dict[str, Any]
    folds: bool


def check(data: bytes, file: str) -> Checked:
    """Check a graph; see :func:`mlmodel.trust.graphs.check`."""
    from mlmodel.trust import graphs  # it needs numpy

    return graphs.check(data, file)


def read(flavor: Flavor, data: bytes, path: Path, file: str) -> Graph:
    """Check a graph and find its weights.

    Args:
        flavor: for the library's name in an error.
        data: the file's bytes.
        path: where it is; weights stand in its folder or below it (ONX-004).
        file: how errors call it.

    Raises:
        InvalidModel, UnsupportedModel: as :func:`mlmodel.trust.graphs.check` (ONX-013 to ONX-021);
            weights are outside of the folder, or the file has fewer (ONX-004, ONX-016).

    """
    found = check(data, file)
    weights = _Weights(path, file)
    if not found.outside and not found.deeper:
        return Graph(data, {}, found.folds)
    plain = all(one.data_type in _DTYPES for one in found.outside)
    if plain and not found.deeper:
        return Graph(data, {one.name: weights.array(one) for one in found.outside}, found.folds)
    for one in (*found.outside, *found.deeper):
        weights.of(one)
    model = whole(flavor, data, path, file)
    with cannot_be_read(file, "has weights of kinds that have to fit into one file", "ONX-004"):
        return Graph(model.SerializeToString(), {}, found.folds)


def whole(flavor: Flavor, data: bytes, path: Path, file: str) -> Any:
    """Return the ``onnx.ModelProto`` of a file that was checked, with all its weights in it."""
    from mlmodel.trust.graphs import size_in_bytes  # it needs numpy

    onnx = flavor.require("onnx")
    model, weights = onnx.ModelProto(), _Weights(path, file)
    with cannot_be_read(file, "is not an ONNX graph", "ONX-005", path):
        model.ParseFromString(data)
    for tensor in external_tensors(model):
        entries = {entry.key: entry.value for entry in tensor.external_data}
        place = entries.get("location", ""), int(entries.get("offset") or 0)
        length = size_in_bytes(tensor.dims, tensor.data_type)
        tensor.raw_data = bytes(weights.part(*place, length))
        tensor.ClearField("external_data")
        tensor.data_location = tensor.DEFAULT
    return model


def external_tensors(message: Any) -> Iterator[Any]:
    """Give every tensor of a message, at any depth, that has its numbers in another file."""
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        # A field with many values is a sequence; those of one message are its own.
        for one in [value] if hasattr(value, "ListFields") else value:
            if one.DESCRIPTOR.name == "TensorProto":
                if one.data_location == one.EXTERNAL or one.external_data:
                    yield one
            else:
                yield from external_tensors(one)


class _Weights:
    """The files that a graph names, each opened once."""

    def __init__(self, path: Path, file: str) -> None:
        self.base = path.parent
        self.file = file
        self._open: dict[str, memoryview] = {}

    def part(self, location: str, offset: int, length: int) -> memoryview | bytes:
        """Return a part of a file, without a copy where the system maps files.

        Raises:
            InvalidModel: the file leads out of the folder or is none (ONX-004), or is shorter
                (ONX-016).
            UnreadableModel: it cannot be read.

        """
        content = self._content(location)
        if offset + length > len(content):
            what = (
                f"has weights at byte {offset:,} to {offset + length:,} of {shown(location)}, "
                f"which has {len(content):,} bytes"
            )
            raise InvalidModel.of_file(self.file, "ONX-016", what)
        return content[offset : offset + length]

    def _content(self, location: str) -> memoryview:
        if location in self._open:
            return self._open[location]
        try:
            with ExitStack() as stack:
                stream = stack.enter_context(opened_below(self.base, location))
                stream.seek(0, 2)
                mapped = (
                    mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if stream.tell() else b""
                )
        except Refused as error:
            what = f"has weights in {shown(location)}, which {error}"
            raise InvalidModel.of_file(self.file, "ONX-004", what) from None
        except OSError as error:
            raise UnreadableModel(
                f"{self.file} has weights in {shown(location)}, which could not be read: "
                f"{error.strerror}."
            ) from error
        self._open[location] = memoryview(mapped)
        return self._open[location]

    def of(self, one: Outside) -> memoryview | bytes:
        """Return the bytes of a tensor."""
        return self.part(one.location, one.offset, one.length)

    def array(self, one: Outside) -> Any:
        """Return a tensor as an array, aligned as its type needs it."""
        import numpy as np

        found = np.frombuffer(self.of(one), _DTYPES[one.data_type]).reshape(one.shape)
        return np.require(found, requirements="A")


def write(flavor: Flavor, model: Any, path: Path, *, external: bool) -> None:
    """Write a graph, with ``external`` its weights into a file of their own beside it; check it.

    Raises:
        InvalidArgument: its weights are not loaded, or are too large for one file (ONX-004); it
            cannot be written, or is not valid (ONX-005).

    """
    onnx = flavor.require("onnx")
    if any(external_tensors(model)):
        raise InvalidArgument(
            "The graph's weights are not loaded; onnx.load(path) reads them with the graph, and "
            "onnx.load_external_data_for_model(model, folder) later (ONX-004)"
        )
    copy = model
    if external:
        # What is put outside is taken out of the object, which is the caller's.
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
    if not external and size(copy) > LARGEST:
        raise InvalidArgument(
            f"The graph has {size(copy):,} bytes, and one file holds at most {LARGEST:,}; "
            "save_as_external_data=True puts its weights into a file of their own (ONX-004)"
        )
    with cannot_be_saved("The graph cannot be written", "ONX-005", path):
        onnx.save_model(copy, path, save_as_external_data=external, location=f"{path.name}.data")
    what = f"The graph is not valid for the checker of onnx {onnx.__version__}"
    with cannot_be_saved(what, "ONX-005", path):
        onnx.checker.check_model(str(path))


def size(message: Any) -> int:
    """Return the bytes of a message, also of one that is too large to be written."""
    try:
        return int(message.ByteSize())
    except ValueError:  # "exceeds the maximum"
        return LARGEST + 1
