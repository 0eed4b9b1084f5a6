"""Requests of cases as messages of gRPC, and answers over gRPC as results of cases.

The messages are those of ``proto/``. Their descriptors are the modules that ``make generate``
writes into the package; they hold data alone, and are read from where they stand, so that nothing
of the package is imported. Needs protobuf, which is imported when a message is made.
"""

from __future__ import annotations

import base64
import json
import runpy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .served import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["STREAMS", "V2", "encoded", "failure", "result", "service_of"]

V2 = "inference.GRPCInferenceService"
#: Methods of streams, and what a request of each is.
STREAMS = {"ModelStreamInfer": "ModelInferRequest", "ScoreStream": "ScoreRequest"}
#: Methods that are answered by messages of others.
_ANSWERS = {"ScoreStream": "ScoreResponse"}
_HERE = Path(__file__).resolve().parent
#: Where a model's name stands in a message; in those about a model itself it is its only name.
_NAMES = {
    "ModelReadyRequest": "name",
    "ModelMetadataRequest": "name",
    "ModelMetadataResponse": "name",
}
_MAY_NAME_NONE = ("ScoreRequest", "DescribeRequest")


def service_of(case_input: dict[str, Any]) -> str:
    """Return the full name of the service that a case asks."""
    return str(case_input.get("service", V2))


def encoded(case_input: dict[str, Any], request: dict[str, Any], called: str = NAME) -> bytes:
    """Return one of the requests of a case as the bytes that are sent.

    Args:
        case_input: the input of the case.
        request: the request.
        called: what the server calls the model.

    """
    from google.protobuf import json_format
    from google.protobuf.message import DecodeError

    name = STREAMS.get(case_input["method"], f"{case_input['method']}Request")
    if "message" in request:
        made = json_format.ParseDict(request["message"], _message(case_input, name)())
    else:
        given = base64.b64decode(request["base64"])
        if called == NAME:
            return given
        try:
            made = _message(case_input, name).FromString(given)
        except (DecodeError, KeyError):  # it names no model that could be called otherwise
            return given
    if called != NAME:
        _rename(made, NAME, called)
    return bytes(made.SerializeToString())


def result(
    case_input: dict[str, Any],
    answers: Sequence[bytes],
    *,
    warned: bool,
    called: str = NAME,
    arrow: Callable[[bytes], Any] | None = None,
) -> dict[str, Any]:
    """Return what the answers to a call that succeeded are as the result of its case.

    Args:
        case_input: the input of the case.
        answers: the messages.
        warned: whether the call's metadata say that parameters are left out.
        called: what the server calls the model.
        arrow: what reads a table of Arrow as DATA; None where nothing does.

    Raises:
        ValueError: an answer is no message, or an error says nothing.

    """
    from google.protobuf import json_format
    from google.protobuf.message import DecodeError

    method = case_input["method"]
    kind = _message(case_input, _ANSWERS.get(method, f"{method}Response"))
    read = []
    for answer in answers:
        try:
            made = kind.FromString(answer)
        except DecodeError:
            raise ValueError(f"it is no {kind.DESCRIPTOR.name}") from None
        _rename(made, called, NAME)
        read.append(json_format.MessageToDict(made))
    told = [bool(answer.pop("warnings", None)) for answer in read]
    answered = [_shown(one, arrow) for one in read]
    return {"code": "OK", "answers": answered, "warns": warned or any(told)}


def _error(metadata: str) -> dict[str, Any]:
    """Return what the key ``mlmodel-error`` says (GRP-012): ``error_code`` and ``details``.

    Raises:
        ValueError: it is not as that rule says.

    """
    told = json.loads(metadata)
    if not (metadata.isascii() and isinstance(told, dict) and "error_code" in told):
        raise ValueError(f"mlmodel-error is no object in ASCII with error_code: {metadata[:200]!r}")
    return told


def failure(code: str, message: str, metadata: str) -> dict[str, Any]:
    """Return what a call that failed is as the result of its case.

    Args:
        code: the name of its status.
        message: the words for people.
        metadata: what stands under ``mlmodel-error``.

    Raises:
        ValueError: it is not as GRP-011 and GRP-012 say.

    """
    if not message:
        raise ValueError("the error says nothing")
    return {"code": code, **_error(metadata)}


def _shown(answer: dict[str, Any], arrow: Callable[[bytes], Any] | None) -> dict[str, Any]:
    """Return an answer without the words for people, and without what no vector can foretell."""
    if "errorMessage" in answer:
        answer["errorMessage"] = answer["errorMessage"].partition(":")[0]
    if "error" in answer and not answer["error"].pop("message", ""):
        raise ValueError("the error says nothing")
    for detail in answer.get("error", {}).get("details", ()):
        detail.pop("got", None)
    if "arrow" in answer and arrow is not None:
        answer["arrow"] = arrow(base64.b64decode(answer["arrow"]))
    answer.pop("serverVersion", None)
    return answer


def _rename(message: Any, old: str, new: str) -> None:
    """Call the model otherwise in a message that names it by its old name, or names none.

    The service for data frames takes no name where a server has one model alone (GRP-022).
    """
    if message.DESCRIPTOR.name == "ModelStreamInferResponse":
        message = message.infer_response
    field = _NAMES.get(message.DESCRIPTOR.name, "model_name")
    unnamed = ("",) if message.DESCRIPTOR.name in _MAY_NAME_NONE else ()
    if getattr(message, field, None) in (old, *unnamed):
        setattr(message, field, new)


def _message(case_input: dict[str, Any], name: str) -> Any:
    """Return the class of a message of the service that a case asks."""
    from google.protobuf import message_factory

    package = service_of(case_input).rpartition(".")[0]
    found = _pool(package).FindMessageTypeByName(f"{package}.{name}")
    return message_factory.GetMessageClass(found)


@cache
def _pool(package: str) -> Any:
    from google.protobuf import descriptor_pb2, descriptor_pool

    module = _descriptors() / f"{package.replace('.', '_')}.py"
    held = runpy.run_path(str(module))["DESCRIPTORS"]
    made = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(base64.b64decode(held)).file:
        made.AddSerializedFile(file.SerializeToString())
    return made


def _descriptors() -> Path:
    """Return the folder of the descriptors: the package's, of which this is a part, or it has."""
    installed = _HERE.parent / "_proto"
    inside = _HERE.parents[1] / "python" / "src" / "mlmodel" / "_proto"
    return installed if installed.is_dir() else inside
