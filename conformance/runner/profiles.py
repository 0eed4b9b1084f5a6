"""Which profile a case belongs to: what an implementation is, that has to pass it.

One table says it. A case is asked what its operation and its input hold; the first line that fits
is its profile, so that each case has exactly one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PROFILES", "Profile", "profile_of"]

#: Media types of tables with typed columns, as they begin.
_COLUMNAR = (
    "application/vnd.apache.arrow.",
    "application/vnd.apache.parquet",
    "application/x-parquet",
)


@dataclass(frozen=True)
class Profile:
    """One line of the table.

    Attributes:
        name: what it is called.
        operations: the operations of its cases.
        says: for whom it is, in words.
        holds: whether the input of such a case makes it one of this profile.

    """

    name: str
    operations: tuple[str, ...]
    says: str
    holds: Callable[[dict[str, Any]], bool] = lambda _: True


def _has_columns(case_input: dict[str, Any]) -> bool:
    """Return whether data are given as a table whose columns have dtypes."""
    return any("columns" in (case_input.get(key) or {}) for key in ("data", "outputs"))


def _has_tensors(case_input: dict[str, Any]) -> bool:
    given = [case_input.get(key) or {} for key in ("data", "outputs")]
    return any("tensor" in one or "tensors" in one for one in given)


def _is_columnar(case_input: dict[str, Any]) -> bool:
    """Return whether a request is a table of Arrow or Parquet, or asks for one."""
    headers = case_input["request"]["headers"]
    given = [value.strip().lower() for name, value in headers.items() if _says_a_form(name)]
    return any(value.startswith(_COLUMNAR) for value in given)


def _says_a_form(header: str) -> bool:
    return header.lower() in {"content-type", "accept"}


#: The table; conformance/README.md prints it.
PROFILES = (
    Profile("checker", ("check-model",), "checks MLmodel files and model folders"),
    Profile(
        "typed-frames",
        ("infer-signature", "enforce"),
        "takes data frames, whose columns have dtypes",
        _has_columns,
    ),
    Profile(
        "tensors",
        ("infer-signature", "enforce"),
        "takes arrays with a dtype and a shape",
        _has_tensors,
    ),
    Profile(
        "signature",
        ("compare-signatures", "infer-signature"),
        "infers signatures from plain data, and compares them",
    ),
    Profile("untyped", ("enforce",), "holds JSON values against a signature"),
    Profile(
        "columnar",
        ("score",),
        "scores Arrow and Parquet over HTTP, and answers with them",
        _is_columnar,
    ),
    Profile("scoring", ("score",), "scores JSON and CSV over HTTP"),
    Profile("v2", ("score-v2",), "scores by the Open Inference Protocol over HTTP"),
    Profile("grpc", ("score-grpc",), "scores over gRPC"),
    Profile("examples", ("write-example", "read-example"), "keeps an example with a model"),
    Profile("protobuf", ("to-protobuf", "from-protobuf"), "reads and writes protocol buffers"),
    Profile("pickle", ("check-pickle",), "checks pickles without loading them"),
    Profile("locations", ("locate",), "finds models by path and URI"),
)


def profile_of(operation: str, case_input: dict[str, Any]) -> str:
    """Return the name of the profile that a case belongs to.

    Raises:
        ValueError: no profile has this operation.

    """
    for profile in PROFILES:
        if operation in profile.operations and profile.holds(case_input):
            return profile.name
    raise ValueError(f"no profile has the operation {operation!r}")
