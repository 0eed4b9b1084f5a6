"""The cells of the table of flavors: one function each, which fails where the cell is not so.

Each is asked of the flavor's specimen (``tests/specimens``), through public names and as a user would.
"""

from __future__ import annotations

import http.client
import importlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from mlflow_side import first

import mlmodel
from asking import as_declared
from mlmodel.errors import UntrustedModel
from mlmodel.flavors._compared import columns_of, largest_difference
from mlmodel.scoring.fidelity.answers import difference
from specimens import AGES, Made, model, specimen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TESTS = Path(__file__).resolve().parents[1]
_PAGES = _TESTS.parents[1] / "spec" / "flavors"
#: However slow the machine, a server or another process is done by then.
_PATIENCE = 500


class Bench:
    """A flavor's specimen, saved once, with all that its cells need."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder, self.specimen = name, folder, specimen(name)

    @cached_property
    def model(self) -> Any:
        return model(self.name)

    @cached_property
    def rows(self) -> Any:
        return self.specimen.rows()

    @cached_property
    def expected(self) -> Any:
        """What the model itself answers."""
        return self.specimen.native(self.model, self.rows)

    @cached_property
    def saved(self) -> Path:
        """A folder of the model with its example, by the flavor's own ``save_model``."""
        path = self.folder / "saved"
        self.save(path, input_example=self.example)
        return path

    def save(self, path: Path, **more: Any) -> None:
        """Save the model into a folder, by the flavor's own ``save_model``."""
        save = self.specimen.save or importlib.import_module(f"mlmodel.{self.name}").save_model
        save(self.model, path, **more, **self.specimen.options)

    @property
    def example(self) -> Any:
        return first(self.rows, self.specimen.example)

    def require_equal(self, answer: Any, expected: Any = None) -> None:
        """Fail where an answer is not the model's own, to the rows where no other is expected."""
        expected = self.expected if expected is None else expected
        if self.specimen.tolerance:
            own, given = (np.asarray(pd.DataFrame(one)) for one in (expected, answer))
            np.testing.assert_allclose(given, own, rtol=self.specimen.tolerance)
        else:
            what = difference(expected, answer, single=self.specimen.single)
            assert what is None, what


def saves(bench: Bench) -> None:
    """``save_model`` writes a folder that has the flavor and breaks no rule."""
    assert bench.name in mlmodel.models.Model.load(bench.saved).flavors
    report = mlmodel.validate(bench.saved)
    assert report.valid, report.violations


def native(bench: Bench) -> None:
    """``load_model`` gives the object that the page says, which answers as before."""
    loaded = importlib.import_module(f"mlmodel.{bench.name}").load_model(bench.saved, trust=True)
    page = (_PAGES / f"{bench.name}.md").read_text(encoding="utf-8")
    said = set(re.findall(r"\b(\w+)`", page.partition("native form")[2]))
    kind = type(loaded)
    # What a library makes of a file may be of a class that has no public name.
    unnamed = kind.__name__.startswith("_") and kind.__module__.startswith(bench.name)
    names = {one.__name__ for one in kind.__mro__}
    assert kind is type(bench.model) or said & names or unnamed, f"{kind} is not what it says"
    bench.require_equal(bench.specimen.native(loaded, bench.rows))


def python_function(bench: Bench) -> None:
    """python_function answers as the model itself."""
    bench.require_equal(mlmodel.load(bench.saved, trust=True).predict(bench.rows))


def arrays(bench: Bench) -> None:
    """An array of the same rows is answered alike, by a model that declares nothing of its data."""
    path, rows = bench.folder / "undeclared", np.asarray(bench.rows)
    bench.save(path)
    if bench.specimen.single and rows.dtype.kind == "f":
        rows = rows.astype("float32")
    texts = rows.dtype == object and rows.ndim == 2 and rows.shape[1] == 1
    told = mlmodel.load(path, trust=True).predict(rows.ravel() if texts else rows)
    assert largest_difference(columns_of(bench.expected), columns_of(told)) == 0


def signature(bench: Bench) -> None:
    """A signature was inferred from the example, which is read back and predicted."""
    loaded = mlmodel.load(bench.saved, trust=True)
    assert loaded.signature is not None
    assert loaded.signature.inputs is not None
    assert loaded.signature.outputs is not None
    assert loaded.predict(loaded.input_example) is not None
    # What differs between the ways in is recorded when a model is saved (FID-009).
    assert "fidelity" not in (loaded.metadata.metadata or {}).get("mlmodel", {})


def fidelity(bench: Bench) -> None:
    """The fidelity matrix has a model of it, whose cells its own tests hold."""
    every = bench.specimen
    assert any(isinstance(every.model_of(kind), Made) for kind in every.fidelity)


def layout(age: str) -> Callable[[Bench], None]:
    """A folder as MLflow of an age wrote it loads here, and answers as the model."""

    def reads(bench: Bench) -> None:
        root = bench.folder / age
        root.mkdir()
        bench.specimen.layouts[age](bench.model, root)
        bench.require_equal(mlmodel.load(root, trust=True).predict(bench.rows))

    return reads


def without_mlflow(bench: Bench) -> None:
    """No MLflow is installed where all of this loads, nor any stand-in of it left behind."""
    assert mlmodel.load(bench.saved, trust=True).predict(bench.rows) is not None
    assert importlib.util.find_spec("mlflow") is None
    assert [name for name in sys.modules if name.partition(".")[0] == "mlflow"] == []


def detected(bench: Bench) -> None:
    """``mlmodel.save`` knows the flavor from the object."""
    path = bench.folder / "detected"
    mlmodel.save(bench.model, path, example=bench.example)
    assert bench.name in mlmodel.models.Model.load(path).flavors


def rest(bench: Bench) -> None:
    """A real server answers the example as the model itself does."""
    own = mlmodel.load(bench.saved, trust=True)
    body = own.metadata.get_serving_input(bench.saved)
    assert body is not None
    with _serving(bench.saved) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
        connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        told = json.loads(answer.read())
    assert answer.status == 200, told
    told = told["predictions"]
    if isinstance(told, list) and told and isinstance(told[0], dict):
        told = pd.DataFrame(told)
    told = as_declared(own, told)
    expected = own.predict(own.input_example)
    assert difference(_plain(expected), told, single=bench.specimen.single) is None


def _plain(answer: Any) -> Any:
    """Return an answer without the dtypes that JSON does not have."""
    return answer.reset_index(drop=True) if hasattr(answer, "reset_index") else answer


def trust(bench: Bench) -> None:
    """Who did not save the model loads it without trust, unless something of it would run."""
    own = os.environ["MLMODEL_TRUST_STORE"]
    os.environ["MLMODEL_TRUST_STORE"] = str(bench.folder / "nobody")
    try:
        answer = mlmodel.load(bench.saved).predict(bench.rows)
    except UntrustedModel:
        assert bench.specimen.runs, "it asks for trust"
    else:
        assert not bench.specimen.runs, "it loads without trust"
        bench.require_equal(answer)
    finally:
        os.environ["MLMODEL_TRUST_STORE"] = own


CELLS: dict[str, Callable[[Bench], None]] = {
    "saved": saves,
    "native load": native,
    "python_function": python_function,
    "arrays": arrays,
    "signature, example": signature,
    "fidelity": fidelity,
    **{f"MLflow {age}": layout(age) for age in AGES},
    "without MLflow": without_mlflow,
    "detected": detected,
    "REST": rest,
    "trust": trust,
}


@contextmanager
def _serving(model: Path) -> Iterator[int]:
    """Give the port of a server that ends by itself."""
    command = [sys.executable, "-m", "mlmodel", "serve", "-m", str(model), "-p", "0", "--trust"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith("mlmodel: ready at"):
                process.terminate()
                raise AssertionError((line, process.communicate()))
            yield int(line.rsplit(":", 1)[1])
        finally:
            process.terminate()
            process.communicate()
