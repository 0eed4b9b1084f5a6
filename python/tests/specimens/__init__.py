"""One small real model of each flavor: all that the table of flavors and the matrix are made of.

A flavor's specimen is the module of its name in this folder, with a :class:`Specimen` named
``SPECIMEN``. It imports a library that is not in requirements/dev.txt within functions alone, so
that tables can be written, and tests be collected, where that is not installed.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from fidelity_kinds import Kind

#: The ages of the format whose folders are read, each by a layout of its own.
AGES = ("0.x", "1.x", "2.x")


def _predict(model: Any, rows: Any) -> Any:
    return model.predict(rows)


@dataclass(frozen=True)
class Made:
    """One model of the fidelity matrix, trained on rows of a kind, and how it answers by itself.

    ``prepare`` makes of the kind's rows those on which it is trained and asked, in the library's
    own sort of column.
    """

    train: Callable[[Any], Any]
    native: Callable[[Any, Any], Any] = _predict
    prepare: Callable[[Any], Any] = lambda rows: rows
    #: Ways in which its rows cannot be sent, beside those of the kind, with the reason.
    not_sent: Mapping[str, str] = field(default_factory=dict)
    #: The rule by which its last row is refused, where the model itself cannot be asked it; several
    #: between bars, where the type of what is given says which.
    refused: str = ""


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Specimen:
    """A model of one flavor, what it is asked, and what it answers by itself.

    What a flavor cannot do is said, never left out: a test sees that it is so.
    """

    #: The modules without which nothing of it runs; tests are skipped where one is not installed.
    libraries: tuple[str, ...]
    #: Trains the model, from data that ship with the library or are made up; always the same one.
    make: Callable[[], Any]
    #: What it is asked, as python_function takes it: a table where it takes one. A signature is
    #: inferred from the first rows, which are its example.
    rows: Callable[[], Any]
    #: What it answers by itself to these rows; the answer of python_function is held against it.
    native: Callable[[Any, Any], Any] = _predict
    #: Saves a model into a folder, with keywords that all flavors take; ``save_model`` of the
    #: flavor's module where it is None.
    save: Callable[..., None] | None = None
    #: Arguments of the flavor's own ``save_model`` that the model needs.
    options: Mapping[str, Any] = field(default_factory=_nothing)
    #: How many of the rows are the example.
    example: int = 2
    #: Age of MLflow -> writes a model into an empty folder as MLflow of that age did; or why there
    #: is none. What MLflow of today writes, it writes itself (``tests/flavors/interchange.py``).
    layouts: Mapping[str, Callable[[Any, Path], None] | str] = field(default_factory=_nothing)
    #: Whether loading asks for trust, and what would run; empty where its files are data.
    runs: str = ""
    #: Arguments with which MLflow saves the model, beside those that every model is saved with;
    #: a release that does not know one is not given it.
    mlflow_options: Mapping[str, Any] = field(default_factory=_nothing)
    #: Makes of the example what MLflow is given with a signature, where it infers none itself.
    mlflow_signed: Callable[[Any], Any] | None = None
    #: Gives the arguments without which a release of MLflow does not load the native model.
    mlflow_load: Callable[[], Mapping[str, Any]] = _nothing
    #: Saves the model with MLflow, which it is given, and with keywords that all flavors take;
    #: ``save_model`` of MLflow's module of the flavor where it is None.
    mlflow_save: Callable[..., None] | None = None
    #: Cells of the interchange that are not, with what MLflow says; the test sees that it does.
    not_exchanged: Mapping[str, str] = field(default_factory=_nothing)
    #: Cells of the table that are not, with the reason; the test sees that they fail.
    missing: Mapping[str, str] = field(default_factory=_nothing)
    #: Whether its numbers have single precision, whose doubles a client's text does not tell apart.
    single: bool = False
    #: By how much answers may differ, relatively, where the library is not exact to the bit itself.
    tolerance: float = 0.0
    #: Kind of data of the fidelity matrix -> the model for it, or why there is none.
    fidelity: Mapping[str, Made | str] = field(default_factory=_nothing)
    #: Ways of the fidelity matrix in which none of its models can be asked, with the reason.
    not_asked: Mapping[str, str] = field(default_factory=_nothing)
    #: Kinds of data that are this flavor's own (images, a horizon to forecast, …).
    kinds: Mapping[str, Kind] = field(default_factory=_nothing)
    #: Why the kinds that ``fidelity`` does not name cannot be.
    other_kinds: str = ""

    def model_of(self, kind: str) -> Made | str:
        """Return the model of the fidelity matrix for a kind, or why there is none."""
        return self.fidelity.get(kind, self.other_kinds)


def names() -> list[str]:
    """Return the flavors that have a specimen."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


@cache
def specimen(name: str) -> Specimen:
    """Return the specimen of a flavor."""
    return importlib.import_module(f"specimens.{name}").SPECIMEN


def target(count: int) -> np.ndarray[Any, Any]:
    """Return numbers to learn, which follow from nothing."""
    import numpy as np

    return np.random.default_rng(1).integers(0, 1000, count) / 8


@cache
def model(name: str) -> Any:
    """Return a flavor's trained model; each is trained once in a process."""
    return specimen(name).make()


def mlmodel_file(root: Path, text: str) -> None:
    """Write an MLmodel file of a layout, whose text is indented as the code around it."""
    from textwrap import dedent

    (root / "MLmodel").write_text(dedent(text).lstrip("\n"), encoding="utf-8")
