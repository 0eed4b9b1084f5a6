"""The closed table of errors: one class per row of ``spec/errors.md``.

A class carries what each way out needs: the name on the wire, the HTTP status, the gRPC code and
the exit code of a command. A test compares the classes with the table of the specification.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

from mlmodel._shown import shown as shown  # noqa: PLC0414 - handed on, and not public

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "MOST_LISTED",
    "DeadlineExceeded",
    "InputViolation",
    "InternalError",
    "InvalidArgument",
    "InvalidInput",
    "InvalidModel",
    "MalformedRequest",
    "MethodNotAllowed",
    "MissingDependency",
    "MlmodelError",
    "ModelExists",
    "ModelFailure",
    "ModelNotFound",
    "NotAcceptable",
    "NotFound",
    "PayloadTooLarge",
    "RequestTimeout",
    "Unauthenticated",
    "Unavailable",
    "UnreadableModel",
    "UnserializablePrediction",
    "UnsupportedMediaType",
    "UnsupportedModel",
    "UntrustedModel",
    "Violation",
    "WriteFailed",
    "error_classes",
    "listed",
    "more_violations",
]

#: How many violations of one rule are listed in one file (MLM-034).
MOST_LISTED = 100
#: File, rule and severity of a violation.
_Kind: TypeAlias = tuple[str | None, str, str]


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule in a model folder, at its place.

    ``line`` and ``column`` count from 1; ``pointer`` is an RFC 6901 JSON pointer
    into the document (``/signature/inputs/0/type`` goes on inside the JSON string).
    ``times`` is more than 1 in the entry that stands for those that are not listed (MLM-034).
    """

    rule: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    pointer: str | None = None
    severity: str = "error"
    times: int = 1

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        pointer = f" (at {self.pointer})" if self.pointer else ""
        return (
            f"{place + ': ' if place else ''}{self.severity} {self.rule}: {self.message}{pointer}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the fields that are set, in the order of the class."""
        found = {key: value for key, value in asdict(self).items() if value is not None}
        if self.times == 1:
            del found["times"]
        return found


def listed(violations: Iterable[Violation], most: int = MOST_LISTED) -> list[Violation]:
    """Return violations in their order, of one rule in one file the first 100 (MLM-034).

    Behind the last of these an entry stands for the others, and says how many there are.
    """
    kept: list[tuple[_Kind, Violation]] = []
    listed_of: dict[_Kind, int] = defaultdict(int)
    more_of: dict[_Kind, int] = defaultdict(int)
    for one in violations:
        kind = one.file, one.rule, one.severity
        if one.times == 1 and listed_of[kind] < most:
            listed_of[kind] += 1
            kept.append((kind, one))
        else:
            more_of[kind] += one.times
    found = []
    for kind, one in kept:
        found.append(one)
        listed_of[kind] -= 1
        if not listed_of[kind] and kind in more_of:
            found.append(more_violations(*kind, more_of.pop(kind)))
    return [*found, *(more_violations(*kind, n, most=most) for kind, n in more_of.items())]


def more_violations(
    file: str | None,
    rule: str,
    severity: str,
    number: int,
    line: int | None = None,
    column: int | None = None,
    *,
    most: int = MOST_LISTED,
) -> Violation:
    """Return the entry that stands for so many violations that are not listed (MLM-034)."""
    times = "once" if number == 1 else f"{number:,} times"
    more = " more" if most else ""
    said = f"The rule is broken at least {times}{more} in this file"
    if severity == "fixed":
        said = f"Under this rule the file was changed {times}{more}"
    said += f"; {most} are listed (MLM-034)." if most else ", which is not listed (MLM-034)."
    return Violation(rule, said, file, line, column, severity=severity, times=number)


@dataclass(frozen=True, slots=True)
class InputViolation:
    """One broken rule in data given for scoring.

    ``column`` names the input (or its position where the signature has no names),
    ``row`` counts from 0, ``got`` shows the offending value, cut to 60 characters.
    """

    rule: str
    message: str
    column: str | int | None = None
    row: int | None = None
    expected: str | None = None
    got: str | None = None

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}"

    def as_dict(self) -> dict[str, Any]:
        """Return the fields of an error's detail as it goes over the wire (ERR-003)."""
        return {key: value for key, value in asdict(self).items() if value is not None}


class MlmodelError(Exception):
    """Base of all errors of the library.

    ``message`` is a full sentence for a person; ``details`` holds every violation
    found, in document or column order.
    """

    code: ClassVar[str] = ""
    http_status: ClassVar[int] = 500
    grpc_code: ClassVar[str] = "INTERNAL"
    exit_code: ClassVar[int] = 1
    #: Who can do something about it; see spec/errors.md.
    fault: ClassVar[Literal["caller", "model", "operator", "library"]] = "library"
    answered: tuple[int | str, str, str | None] | None = None  #: by a server: mlmodel.client

    def __init__(
        self,
        message: str,
        details: Iterable[Violation | InputViolation] = (),
        *,
        error_code: str | int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        given = tuple(details)
        broken = [one for one in given if isinstance(one, Violation)]
        self.details: tuple[Violation | InputViolation, ...] = (
            tuple(listed(broken)) if len(broken) == len(given) else given
        )
        self._error_code = error_code

    @property
    def error_code(self) -> str:
        """The name that MLflow gives the error, for callers who compare it; the own is ``code``.

        What is raised with an ``error_code=`` of its own, as MLflow's users do, has that one.
        """
        given = vars(self).get("_error_code")
        return _MLFLOW_CODES.get(self.code, "INTERNAL_ERROR") if given is None else str(given)

    @classmethod
    def invalid_parameter_value(cls, message: str, **_others: object) -> InvalidArgument:
        """Return the error for an argument of the caller's, as MLflow's users make it."""
        return InvalidArgument(message)

    def lines(self) -> list[str]:
        """Return the message and the details, one line each.

        What a single detail says that the message says already is not told again: its rule is.
        """
        only = self.details[0] if len(self.details) == 1 else None
        if isinstance(only, Violation) and (only.file or only.pointer):
            only = None  # the place is told by the detail alone
        if only is None or only.message.rstrip(".") not in self.message:
            return [self.message, *(f"  {detail}" for detail in self.details)]
        if only.rule in self.message:
            return [self.message]
        return [f"{self.message.removesuffix('.')} ({only.rule})."]

    def __str__(self) -> str:
        return "\n".join(self.lines())


class InvalidModel(MlmodelError, ValueError):
    """The model folder breaks rules of the format; ``details`` lists all of them."""

    code = "INVALID_MODEL"
    http_status = 500
    grpc_code = "FAILED_PRECONDITION"
    exit_code = 1
    fault = "model"

    @classmethod
    def of_file(cls, file: str, rule: str, what: str) -> Self:
        """Return the error for one file of the model: ``{file} {what}``, which breaks ``rule``."""
        return cls(f"{file} {what} ({rule}).", [Violation(rule, f"{file} {what}.", file=file)])


class UnreadableModel(MlmodelError, OSError):
    """A file of the model is there but could not be read (permission, disk, size limit)."""

    code = "UNREADABLE_MODEL"
    http_status = 500
    grpc_code = "FAILED_PRECONDITION"
    exit_code = 2
    fault = "operator"


class ModelNotFound(MlmodelError, FileNotFoundError):
    """There is no model at the given place."""

    code = "MODEL_NOT_FOUND"
    http_status = 404
    grpc_code = "NOT_FOUND"
    exit_code = 2
    fault = "caller"


class UnsupportedModel(MlmodelError):
    """The model is valid, but has no flavor or feature that the request needs."""

    code = "UNSUPPORTED_MODEL"
    http_status = 501
    grpc_code = "UNIMPLEMENTED"
    exit_code = 1
    fault = "model"


class UntrustedModel(MlmodelError, PermissionError):
    """Loading would run code that is not trusted; nothing was run."""

    code = "UNTRUSTED_MODEL"
    http_status = 500
    grpc_code = "FAILED_PRECONDITION"
    exit_code = 3
    fault = "caller"


class MissingDependency(MlmodelError, ImportError):
    """A package that this needs is not installed; the message names the extra."""

    code = "MISSING_DEPENDENCY"
    http_status = 500
    grpc_code = "FAILED_PRECONDITION"
    exit_code = 2
    fault = "operator"


class InvalidArgument(MlmodelError, ValueError):
    """The caller's own argument is wrong (not the data to score)."""

    code = "INVALID_ARGUMENT"
    http_status = 400
    grpc_code = "INVALID_ARGUMENT"
    exit_code = 2
    fault = "caller"


class ModelExists(MlmodelError, FileExistsError):
    """The place to save to exists already, and overwriting was not asked for."""

    code = "MODEL_EXISTS"
    http_status = 409
    grpc_code = "ALREADY_EXISTS"
    exit_code = 2
    fault = "caller"


class WriteFailed(MlmodelError, OSError):
    """Writing failed (disk full, permission); nothing half-written was left."""

    code = "WRITE_FAILED"
    http_status = 500
    grpc_code = "RESOURCE_EXHAUSTED"
    exit_code = 2
    fault = "operator"


class MalformedRequest(MlmodelError, ValueError):
    """The body is not of the form that its content type names."""

    code = "MALFORMED_REQUEST"
    http_status = 400
    grpc_code = "INVALID_ARGUMENT"
    exit_code = 1
    fault = "caller"


class InvalidInput(MlmodelError, ValueError):
    """The data contradict the signature; ``details`` lists what, column by column."""

    code = "INVALID_INPUT"
    http_status = 400
    grpc_code = "INVALID_ARGUMENT"
    exit_code = 1
    fault = "caller"

    @property
    def violations(self) -> list[InputViolation]:
        """The details, each of which says what is wrong with the data."""
        return [detail for detail in self.details if isinstance(detail, InputViolation)]


class UnsupportedMediaType(MlmodelError):
    """The content type is missing or names no form that is known here."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    http_status = 415
    grpc_code = "INVALID_ARGUMENT"
    exit_code = 2
    fault = "caller"


class PayloadTooLarge(MlmodelError):
    """The body is larger than the server's limit, or the answer than the client's."""

    code = "PAYLOAD_TOO_LARGE"
    http_status = 413
    grpc_code = "RESOURCE_EXHAUSTED"
    exit_code = 1
    fault = "caller"


class NotFound(MlmodelError, LookupError):
    """The server has nothing at this path."""

    code = "NOT_FOUND"
    http_status = 404
    grpc_code = "UNIMPLEMENTED"
    exit_code = 2
    fault = "caller"


class MethodNotAllowed(MlmodelError):
    """The path is known, the method is not one of its methods."""

    code = "METHOD_NOT_ALLOWED"
    http_status = 405
    grpc_code = "UNIMPLEMENTED"
    exit_code = 2
    fault = "caller"


class Unavailable(MlmodelError):
    """The server is up but cannot answer now (starting, stopping, too many requests)."""

    code = "UNAVAILABLE"
    http_status = 503
    grpc_code = "UNAVAILABLE"
    exit_code = 1
    fault = "operator"


class ModelFailure(MlmodelError):
    """The model itself raised; its exception is the cause, and stays in the server's log."""

    code = "MODEL_FAILURE"
    http_status = 500
    grpc_code = "INTERNAL"
    exit_code = 1
    fault = "model"


class UnserializablePrediction(MlmodelError, TypeError):
    """The model answered with something that the answer's form cannot hold."""

    code = "UNSERIALIZABLE_PREDICTION"
    http_status = 500
    grpc_code = "INTERNAL"
    exit_code = 1
    fault = "model"


class InternalError(MlmodelError):
    """A fault of this library; please report it."""

    code = "INTERNAL_ERROR"
    http_status = 500
    grpc_code = "INTERNAL"
    exit_code = 70
    fault = "library"


class RequestTimeout(MlmodelError, TimeoutError):
    """A request did not arrive whole within the time that the server gives it."""

    code = "REQUEST_TIMEOUT"
    http_status = 408
    grpc_code = "DEADLINE_EXCEEDED"
    exit_code = 1
    fault = "caller"


class DeadlineExceeded(MlmodelError, TimeoutError):
    """The model did not answer within the time that the server or the caller gives it."""

    code = "DEADLINE_EXCEEDED"
    http_status = 504
    grpc_code = "DEADLINE_EXCEEDED"
    exit_code = 1
    fault = "model"


class NotAcceptable(MlmodelError):
    """The answer has none of the forms that the caller takes."""

    code = "NOT_ACCEPTABLE"
    http_status = 406
    grpc_code = "INVALID_ARGUMENT"
    exit_code = 2
    fault = "caller"


class Unauthenticated(MlmodelError):
    """The server asks for a token, and the request has none that it takes."""

    code = "UNAUTHENTICATED"
    http_status = 401
    grpc_code = "UNAUTHENTICATED"
    exit_code = 2
    fault = "caller"


#: MLflow's names for what its users compare; every other error is ``INTERNAL_ERROR`` there.
_MLFLOW_CODES = {
    "INVALID_ARGUMENT": "INVALID_PARAMETER_VALUE",
    "INVALID_INPUT": "INVALID_PARAMETER_VALUE",
    "INVALID_MODEL": "INVALID_PARAMETER_VALUE",
    "MALFORMED_REQUEST": "INVALID_PARAMETER_VALUE",
    "MODEL_EXISTS": "RESOURCE_ALREADY_EXISTS",
    "MODEL_NOT_FOUND": "RESOURCE_DOES_NOT_EXIST",
    "NOT_FOUND": "RESOURCE_DOES_NOT_EXIST",
    "UNSUPPORTED_MODEL": "RESOURCE_DOES_NOT_EXIST",
    "UNTRUSTED_MODEL": "PERMISSION_DENIED",
}


def error_classes() -> dict[str, type[MlmodelError]]:
    """Return every row of the table, by its name on the wire."""
    return {cls.code: cls for cls in MlmodelError.__subclasses__()}
