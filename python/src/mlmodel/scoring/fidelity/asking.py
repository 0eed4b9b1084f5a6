"""Asks a new model by itself and through its folder, and says what differs (FID-003 to FID-008)."""

from __future__ import annotations

import random
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mlmodel._base.settings import number_of_seconds, switch
from mlmodel.errors import MlmodelError, UnserializablePrediction
from mlmodel.scoring.examples.writing import as_model_input, parts
from mlmodel.scoring.fidelity.answers import Incomparable, difference
from mlmodel.scoring.fidelity.data import arrives_otherwise, copied
from mlmodel.scoring.invocations.bodies import read_checked
from mlmodel.scoring.media import JSON
from mlmodel.scoring.writers import WRITERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlmodel.scoring.engine import Engine
    from mlmodel.scoring.predict import Predict
    from mlmodel.signature.model_signature import ModelSignature

__all__ = ["Found", "Question", "ask", "is_on"]

_SWITCH = "MLMODEL_CHECK_FIDELITY"
_BOUND = "MLMODEL_CHECK_FIDELITY_SECONDS"
#: How long a model's own answer may take for it to be asked again (FID-007).
_SECONDS = 10.0
#: How much of what a model says when it fails is told.
_LONGEST = 300
_NAMES = {"python_function": "As a python_function", "request": "As a request"}


def is_on() -> bool:
    """Return whether saving asks: unless ``MLMODEL_CHECK_FIDELITY=false`` (FID-007).

    Raises:
        InvalidArgument: the variable has neither a value for on nor one for off.

    """
    return switch(_SWITCH, "FID-007")


class Question:
    """A model's example as a question to the model itself, asked when the answer is needed.

    Args:
        predict: how the model itself predicts.
        example: the example as the user gave it.
        takes_lists: whether the model takes lists and mappings as they are, by its type hints.

    Raises:
        InvalidArgument: it is not an example (EXA-004 to EXA-006).

    """

    def __init__(self, predict: Predict, example: Any, *, takes_lists: bool = False) -> None:
        self._predict = predict
        self._example, self._takes_lists = example, takes_lists
        #: The example as it was given, and its parameters.
        self.data, self.params = parts(example)
        #: The data in the form that was answered.
        self.given = self.data
        #: How long the answer took.
        self.seconds = 0.0
        self._answer: tuple[Any] | None = None
        self._error: Exception | None = None

    @cached_property
    def model_input(self) -> Any:
        """The data as a model gets them whose signature was inferred from them.

        Raises:
            InvalidArgument: they are not an example (EXA-001, EXA-004).

        """
        return as_model_input(self._example)[0]

    def _forms(self) -> list[Any]:
        """Return the forms in which the model is asked, until one is answered (FID-003)."""
        if self._takes_lists or self.model_input is self.data:
            return [self.data]
        first = self.data[0] if isinstance(self.data, list) and self.data else self.data
        if isinstance(first, dict):
            return [self.model_input, self.data]
        return [self.data, self.model_input]

    def answer(self) -> Any:
        """Return what the model itself answers, asked once.

        Raises:
            Exception: what the model raises; for the form that a signature tells, if for both.

        """
        if self._answer is None and self._error is None:
            self._ask()
        if self._error is not None:
            raise self._error
        assert self._answer is not None  # noqa: S101 - else there is an error
        return self._answer[0]

    def _ask(self) -> None:
        forms = self._forms()
        for form in forms:
            self.given = form
            try:
                self._answer, self._error = (self.again(),), None
            except Exception as error:  # noqa: BLE001 - a model's own code may raise anything
                if self._error is None or form is self.model_input:
                    self._error = error
            else:
                return

    def again(self) -> Any:
        """Return what the model itself answers, asked anew."""
        start = time.monotonic()
        with _generators_kept():
            answer = self._predict(copied(self.given), copied(self.params))
        self.seconds = time.monotonic() - start
        return answer


@contextmanager
def _generators_kept() -> Iterator[None]:
    """Leave the generators of random numbers as they were, whatever is drawn (FID-006)."""
    python, numbers = random.getstate(), np.random.get_state()  # noqa: NPY002 - what models use
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numbers)  # noqa: NPY002 - as above


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
            f"{_SWITCH}=false asks nothing (FID-004)"
        )


def ask(question: Question, reopen: Callable[[], Engine], request: bytes | None) -> Found | None:
    """Ask the model through its folder, and return what differs; None where nothing is known to.

    Args:
        question: the example, which the model itself is asked first.
        reopen: returns the model as it is loaded from the folder.
        request: the example as the body of a request, or None.

    """
    bound = number_of_seconds(_BOUND, _SECONDS)
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
                with _generators_kept():
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
        with _generators_kept():
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
