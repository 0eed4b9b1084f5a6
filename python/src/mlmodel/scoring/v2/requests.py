"""The body of a request for predictions: JSON, and what of it is binary (OIP-010, OIP-054)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlmodel.errors import MalformedRequest, shown
from mlmodel.scoring.json import body as json_body
from mlmodel.scoring.v2 import hints
from mlmodel.scoring.v2.binary import from_raw
from mlmodel.scoring.v2.json_tensors import read_data
from mlmodel.scoring.v2.messages import InferRequest, RequestedOutput, Tensor
from mlmodel.scoring.v2.shapes import checked_datatype, checked_shape
from mlmodel.signature.cells.reader import MOST_WRONG, InexactParse, Reader

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["SIZE", "objects_under", "parts_of", "read_request", "read_tensors"]

#: The parameter of a tensor that says how many bytes it has in binary form.
SIZE = "binary_data_size"


def read_request(body: bytes, json_length: str | None, matching: Matching) -> InferRequest:
    """Return what a body says; elements that do not fit their datatypes are among its violations.

    Args:
        body: the whole body.
        json_length: the header ``Inference-Header-Content-Length``, or None.
        matching: of what the model declares; data of other inputs are not read (OIP-026).

    Raises:
        MalformedRequest: the body is not of the form.
        UnsupportedMediaType: a hint is not known, or does not fit (OIP-035).

    """
    document, raw = parts_of(body, json_length)
    value = json_body.loads(document)
    try:
        request = _read(value, raw, Reader(most=MOST_WRONG), matching)
    except InexactParse:
        return _read_exactly(document, raw, matching)
    if request.violations and json_body.may_have_rounded(document):
        # What is told of a number that is refused is what was written.
        return _read_exactly(document, raw, matching)
    if json_body.has_repeated(document, value):
        raise json_body.repeated_key(document)
    return request


def _read_exactly(document: bytes, raw: memoryview | None, matching: Matching) -> InferRequest:
    value, literals = json_body.loads_exactly(document)
    return _read(value, raw, Reader(exact=True, literals=literals, most=MOST_WRONG), matching)


def parts_of(body: bytes, json_length: str | None) -> tuple[bytes, memoryview | None]:
    """Return the JSON of a body, and the binary data behind it (None without the header).

    Raises:
        MalformedRequest: the header is not the length of the JSON (OIP-010).

    """
    if json_length is None:
        return body, None
    # Digits beyond these lead behind the end of every body.
    digits = json_length if json_length.isascii() and json_length.isdigit() else ""
    length = int(digits) if 0 < len(digits) <= 18 else -1  # noqa: PLR2004 - of 64 bits
    if not 0 <= length <= len(body):
        raise MalformedRequest(
            "The header Inference-Header-Content-Length is how many of the "
            f"{len(body)} bytes of the body are JSON, not {shown(json_length)} (OIP-010)."
        )
    return body[:length], memoryview(body)[length:]


@dataclass(slots=True)
class _Binary:
    """The binary data of a body, of which the tensors take their parts in order."""

    data: memoryview | None
    place: int = 0

    def take(self, size: Json, name: str) -> memoryview:
        if self.data is None:
            raise MalformedRequest(
                f"The tensor {shown(name)} has {SIZE}, but the request does not have the header "
                "Inference-Header-Content-Length, which says where the binary data begin (OIP-010)."
            )
        left = len(self.data) - self.place
        if type(size) is not int or not 0 <= size <= left:
            raise MalformedRequest(
                f"The {SIZE} of the tensor {shown(name)} is how many of the {left} bytes that are "
                f"left are its own, not {shown(size)} (OIP-010)."
            )
        self.place += size
        return self.data[self.place - size : self.place]

    def end(self) -> None:
        left = 0 if self.data is None else len(self.data) - self.place
        if left:
            raise MalformedRequest(
                f"Behind the binary data of the inputs {left} bytes are left over; each input in "
                f"binary form has its {SIZE} (OIP-010)."
            )


def read_tensors(
    entries: Sequence[dict[str, Any]],
    where: str,
    raw: memoryview | None,
    reader: Reader,
    wanted: Container[str] | None = None,
) -> list[Tensor]:
    """Return the tensors that objects of JSON and the binary data behind them hold.

    Args:
        entries: the objects.
        where: the key under which they stand.
        raw: the binary data, None where there are none.
        reader: what does not fit a datatype is added to its violations.
        wanted: the names of the tensors whose elements are read (OIP-026), None for all.

    Raises:
        MalformedRequest: one is not a tensor, or the binary data are not theirs.

    """
    binary, tensors = _Binary(raw), []
    for entry in entries:
        tensor = _head(entry, where)
        tensors.append(tensor)
        is_wanted = wanted is None or tensor.name in wanted
        _fill(tensor, entry, binary, reader, wanted=is_wanted)
    binary.end()
    return tensors


def _read(value: Json, raw: memoryview | None, reader: Reader, matching: Matching) -> InferRequest:
    if type(value) is not dict:
        raise MalformedRequest(
            f"The body is an object with the key inputs, not {json_body.kind_of(value)} (OIP-054)."
        )
    entries, parameters = objects_under(value, "inputs"), _parameters(value, "The request")
    if not entries:
        raise MalformedRequest(f"The request has no inputs; {_advice(value)} (OIP-054).")
    hint = hints.of_request(parameters, len(entries))
    by_name = matching.has_names and hint not in hints.ONE_TENSOR
    inputs = read_tensors(entries, "inputs", raw, reader, matching.names if by_name else None)
    if not reader.exact and json_body.is_doubtful(parameters):
        raise InexactParse
    given = value.get("id")
    if given is not None and type(given) is not str:
        raise MalformedRequest(f"The id of a request is a text, not {shown(given)} (OIP-054).")
    return InferRequest(inputs, parameters, _outputs(value), given, reader.violations)


def _advice(value: dict[str, Any]) -> str:
    other = next((key for key in ("instances", "dataframe_split", "dataframe_records", "columns",
                                  "input_data") if key in value), None)  # fmt: skip
    if other is not None:
        return f"it has {other}, which goes to /invocations"
    return "inputs is a list of tensors, each with name, datatype, shape and data"


def objects_under(value: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the list of objects that stands under a key, empty where there is none.

    Raises:
        MalformedRequest: something else stands there (OIP-054).

    """
    listed = value.get(key)
    if listed is None:
        return []
    if type(listed) is not list or not {dict}.issuperset(map(type, listed)):
        advice = ""
        if key == "inputs":
            advice = ", each with name, datatype, shape and data (other forms go to /invocations)"
        raise MalformedRequest(f"{key} is a list of objects{advice} (OIP-054).")
    return listed


def _parameters(holder: dict[str, Any], what: str, name: str = "") -> dict[str, Any]:
    parameters = holder.get("parameters")
    if parameters is None:
        return {}
    if type(parameters) is not dict:
        raise MalformedRequest(
            f"{what}{name and ' ' + shown(name)} has parameters that are not an object, but "
            f"{json_body.kind_of(parameters)} (OIP-054)."
        )
    return parameters


def _name(entry: dict[str, Any], where: str, rule: str) -> str:
    name = entry.get("name")
    if type(name) is not str:
        what = "has none" if name is None else f"has {shown(name)}"
        raise MalformedRequest(
            f"Each object in {where} has a text as name, but one {what} ({rule})."
        )
    return name


def _head(entry: dict[str, Any], where: str) -> Tensor:
    """Return a tensor without its elements."""
    name = _name(entry, where, "OIP-001")
    datatype = checked_datatype(entry.get("datatype"), name)
    shape = checked_shape(entry.get("shape"), name)
    parameters = _parameters(entry, "The tensor", name)
    return Tensor(name, datatype, shape, None, None, parameters)


def _fill(
    tensor: Tensor, entry: dict[str, Any], binary: _Binary, reader: Reader, *, wanted: bool
) -> None:
    """Read the elements of a tensor, unless they are not ``wanted``."""
    size = tensor.parameters.get(SIZE)
    if size is None:
        if wanted:
            read_data(tensor, entry.get("data"), reader)
        return
    if entry.get("data") is not None:
        raise MalformedRequest(
            f"The tensor {shown(tensor.name)} has both data and {SIZE}; it is not clear which is "
            "meant (OIP-010)."
        )
    part = binary.take(size, tensor.name)
    if wanted:
        tensor.values = from_raw(part, tensor.datatype, tensor.shape, tensor.name)


def _outputs(value: dict[str, Any]) -> list[RequestedOutput] | None:
    if value.get("outputs") is None:
        return None
    # tritonclient leaves the list out, others leave it empty, where all are meant.
    return [
        RequestedOutput(
            _name(entry, "outputs", "OIP-054"), _parameters(entry, "An object in outputs")
        )
        for entry in objects_under(value, "outputs")
    ] or None
