"""A model's example as a question to the model itself, with the care of FID-006."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel._base.settings import number_of_seconds
from mlmodel.scoring.examples.writing import as_model_input, parts
from mlmodel.scoring.fidelity.data import copied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.scoring.predict import Predict

__all__ = ["Question", "generators_kept", "seconds_at_most"]

_BOUND = "MLMODEL_CHECK_FIDELITY_SECONDS"
#: How long a model's own answer may take for it to be asked again (FID-007).
_SECONDS = 10.0


def seconds_at_most() -> float:
    """Return how long a model's own answer may take for it to be asked again (FID-007).

    Raises:
        InvalidArgument: the variable is not a number.

    """
    return number_of_seconds(_BOUND, _SECONDS)


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
        answer = self.answer_to(self.given)
        self.seconds = time.monotonic() - start
        return answer

    def answer_to(self, data: Any) -> Any:
        """Return what the model itself answers to other data, with the example's parameters.

        It gets copies, and leaves the generators of random numbers as they were (FID-006).

        Raises:
            Exception: what the model raises.

        """
        with generators_kept():
            return self._predict(copied(data), copied(self.params))


@contextmanager
def generators_kept() -> Iterator[None]:
    """Leave the generators of random numbers as they were, whatever is drawn (FID-006)."""
    python, numbers = random.getstate(), np.random.get_state()  # noqa: NPY002 - what models use
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numbers)  # noqa: NPY002 - as above
