"""Asks a new model by itself and through its folder, and says what differs (FID-003 to FID-008)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from mlmodel._base.settings import switch
from mlmodel.errors import MlmodelError, UnserializablePrediction
from mlmodel.scoring.fidelity.answers import Incomparable, difference
from mlmodel.scoring.fidelity.data import arrives_otherwise, copied
from mlmodel.scoring.fidelity.question import generators_kept, seconds_at_most
from mlmodel.scoring.invocations.bodies import read_checked
from mlmodel.scoring.media import JSON
from mlmodel.scoring.writers import WRITERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlmodel.scoring.engine import Engine
    from mlmodel.scoring.fidelity.question import Question
    from mlmodel.signature.model_signature import ModelSignature

__all__ = ["Found", "ask", "is_on"]

_SWITCH = "MLMODEL_CHECK_FIDELITY"
#: How much of what a model says when it fails is told.
_LONGEST = 300
_NAMES = {"python_function": "As a python_function", "request": "As a request"}


def is_on() -> bool:
    """Return whether saving asks: unless ``MLMODEL_CHECK_FIDELITY=false`` (FID-007).

    Raises:
        InvalidArgument: the variable has neither a value for on nor one for off.

    """
    return switch(_SWITCH, "FID-007")


class _Answered(NamedTuple):
    """What reached the model in one way, and what it answered."""

    data: Any
    answer: Any


@dataclass
class Found:
    """What differs, by the way in which the model was asked."""

    ways: dict[str, str] = field(default_factory=dict)
    #: Whether every way fails on the data that the model itself answers (FID-005).
    never: bool = False

    def record(self, *, left_out: bool) -> dict[str, Any]:
        """Return what the MLmodel file says of it (FID-009)."""
        return {"ways": dict(self.ways), **({"signature_left_out": True} if left_out else {})}

    def warning(self, *, left_out: bool) -> str:
        """Return what the user is told."""
        says: dict[str, list[str]] = {}
        for way, what in self.ways.items():
            says.setdefault(what, []).append(_NAMES[way])
        told = " ".join(
            f"{names[0]}{''.join(f' and {name[0].lower()}{name[1:]}' for name in names[1:])}: "
            f"{what}."
            for what, names in says.items()
        )
        signature = (
            " The signature that was inferred from the example is left out, since nothing could "
            "be scored under it (FID-005); give one as signature to declare another."
            if left_out
            else ""
        )
        return (
            "Through the saved folder the model does not answer its input_example as it answers "
            f"by itself. {told}{signature} Take what arrives into account where the model is "
            "trained, or prepare the data inside of the model; the model is saved, and "
            f"{_SWITCH}=false turns this check off (FID-004)"
        )


def ask(question: Question, reopen: Callable[[], Engine], request: bytes | None) -> Found | None:
    """Ask the model through its folder, and return what differs; None where nothing is known to.

    Args:
        question: the example, which the model itself is asked first.
        reopen: returns the model as it is loaded from the folder.
        request: the example as the body of a request, or None.

    """
    bound = seconds_at_most()
    try:
        own = question.answer()
        if question.seconds > bound:
            return None
        found = _Ways(question, own, request).differing(reopen)
        if not found.ways or difference(own, question.again()) is not None:
            return None
    except Exception:  # noqa: BLE001 - a model that cannot be asked, or an answer not compared
        return None
    return found


class _Ways:
    """The ways in which one question is asked through the folder."""

    def __init__(self, question: Question, own: Any, request: bytes | None) -> None:
        self._question, self._own, self._request = question, own, request
        self._before: list[_Answered] = []

    def differing(self, reopen: Callable[[], Engine]) -> Found:
        """Ask in every way there is.

        Raises:
            Incomparable: the answers cannot be held against each other.

        """
        asked = ["python_function", *(["request"] if self._request is not None else [])]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the model itself has warned already
            try:
                with generators_kept():
                    engine = reopen()
            except Exception as error:  # noqa: BLE001 - a model's own code may raise anything
                return Found(dict.fromkeys(asked, f"the folder cannot be loaded ({_said(error)})"))
            ways, failed = {}, 0
            for way in asked:
                try:
                    what = self._compared(way, engine)
                except Incomparable:
                    raise
                except Exception as error:  # noqa: BLE001 - as above
                    what, failed = f"it fails ({_said(error)})", failed + 1
                if what is not None:
                    ways[way] = what
        return Found(ways, never=failed == len(asked))

    def _compared(self, way: str, engine: Engine) -> str | None:
        data, params, write = self._delivered(way, engine)
        answer = self._answer(data, params, engine)
        single = _is_single(engine.signature)
        what = difference(self._own, answer, single=single)
        if what is None:
            return None if write is None else _unwritten(write, answer)
        otherwise = arrives_otherwise(self._question.given, data)
        return what if otherwise is None else f"{what}; {otherwise}"

    def _delivered(
        self, way: str, engine: Engine
    ) -> tuple[Any, Mapping[str, Any] | None, Callable[[object], bytes] | None]:
        """Return data and parameters as they reach the model, and what writes the answer."""
        if way == "python_function":
            given = engine.checked(copied(self._question.data), copied(self._question.params))
            return (*given, None)
        data, params, answer, _ = read_checked(JSON, self._request or b"", engine)
        return data, params, WRITERS[answer].write

    def _answer(self, data: Any, params: Mapping[str, Any] | None, engine: Engine) -> Any:
        """Return the model's answer; it is asked once for data that are the same."""
        for before in self._before:
            if arrives_otherwise(before.data, data) is None:
                return before.answer
        own = copied(data)
        with generators_kept():
            answer = engine.call(own, params)
        self._before.append(_Answered(data, answer))
        return answer


def _unwritten(write: Callable[[object], bytes], answer: Any) -> str | None:
    try:
        write(answer)
    except UnserializablePrediction as error:
        return f"the answer has no form in JSON ({_said(error)})"
    return None


def _said(error: Exception) -> str:
    said = str(error.lines()[0] if isinstance(error, MlmodelError) else error).strip()
    said = " ".join(said.split())
    return f"{type(error).__name__}: {said[:_LONGEST]}".removesuffix(": ")


def _is_single(signature: ModelSignature | None) -> bool:
    """Return whether a declared input has floats of 32 bits or less, to which data are rounded."""
    inputs = None if signature is None else signature.inputs
    dtypes = (
        getattr(spec, "dtype", None) or getattr(getattr(spec.type, "traits", None), "dtype", None)
        for spec in inputs or ()
    )
    return any(dtype in {"float32", "float16"} for dtype in dtypes)
