"""Signatures inferred here are read by MLflow, and are those that MLflow infers itself."""

from __future__ import annotations

import datetime as dt
import json
import typing
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlmodel.models import infer_signature, infer_signature_from_type_hints

pytestmark = pytest.mark.slow

READ = """
import json, sys
from mlflow.models.signature import ModelSignature
texts = json.load(open(sys.argv[1]))
print(json.dumps([ModelSignature.from_dict(one).to_dict() for one in texts]))
"""

INFER = """
import json, sys
from mlflow.models import infer_signature
cases = json.load(open(sys.argv[1]))
import pandas as pd
frames = [pd.DataFrame({"a": pd.Series(cells, dtype=object)}) for cells in cases]
print(json.dumps([infer_signature(frame).to_dict()["inputs"] for frame in frames]))
"""

HINTS = """
import datetime, json, typing
from typing import Any
from mlflow.pyfunc import PythonModel
from mlflow.models.signature import _infer_signature_from_type_hints as infer
def one(hint, returned):
    def predict(self, model_input):
        return model_input
    predict.__annotations__ = {"model_input": hint, "return": returned}
    model = type("M", (PythonModel,), {"predict": predict})()
    made = infer(python_model=model, context=None, type_hints=model.predict_type_hints,
                 input_example=None)
    return made.to_dict()
print(json.dumps([one(eval(a), eval(b)) for a, b in HINTED]))
"""

CELLS: list[list[Any]] = [
    [[1, 2], [3]], [[], [3]], [[], []], [None, [3]], [["x"], ["y"]], [[[1.5]], [[2.5]]],
    [{"x": 1}, {"x": 2, "y": "s"}], [{"x": None}, {"x": 2}], [{"x": None}], [{}],
    [{"x": [{"y": 1.5, "z": "q"}], "w": {"v": True}}],
]  # fmt: skip

HINTED = [
    ("list[str]", "list[float]"), ("list[int]", "str"), ("list[bool]", "dict[str, int]"),
    ("list[bytes]", "list[Any]"), ("list[datetime.datetime]", "typing.Optional[str]"),
    ("list[dict[str, list[float]]]", "list"), ("list[int | str]", "tuple[int]"),
    ("list[Any]", "Any"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_mlflow_reads_what_is_inferred(run_each_mlflow: Any, tmp_path: Any) -> None:
    """SIG-015, SIG-017, SIG-040, SIG-041."""
    data = [
        *[pd.DataFrame({"a": pd.Series(cells, dtype=object)}) for cells in CELLS],
        pd.DataFrame([[1.5, "x"], [None, None]]),
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [dt.date(2020, 1, 1)] * 2}),
        pd.DataFrame({"a": [[1, "x"]], "b": [[1, None]]}),
        {"prompt": "x", "stop": ["a"]},
        ["x", None],
        {"a": np.ones((2, 3)), "b": np.ones(2)},
    ]
    params = {"o": {"x": 1, "y": [1, 2], "z": None}, "l": [1.5], "s": "x", "b": True}
    written = [infer_signature(one, one, params=params).to_dict() for one in data]
    (tmp_path / "texts.json").write_text(json.dumps(written))
    read = run_each_mlflow(READ, tmp_path / "texts.json")
    for mine, theirs in zip(written, read, strict=True):
        for part, text in mine.items():
            assert json.loads(theirs[part]) == json.loads(text or "null")


def test_mlflow_infers_the_same_of_nested_cells(run_each_mlflow: Any, tmp_path: Any) -> None:
    """SIG-040."""
    (tmp_path / "cells.json").write_text(json.dumps(CELLS))
    theirs = run_each_mlflow(INFER, tmp_path / "cells.json")
    for cells, text in zip(CELLS, theirs, strict=True):
        frame = pd.DataFrame({"a": pd.Series(cells, dtype=object)})
        assert json.loads(infer_signature(frame).to_dict()["inputs"]) == json.loads(text)


def test_mlflow_takes_hints_for_the_same(run_mlflow: Any) -> None:
    """SIG-044, SIG-045."""
    names = {"datetime": dt, "typing": typing, "Any": Any}
    theirs = run_mlflow(HINTS.replace("HINTED", repr(HINTED)))
    for (hint, returned), expected in zip(HINTED, theirs, strict=True):

        def predict(model_input: Any) -> Any:
            raise AssertionError(model_input)

        predict.__annotations__ = {
            "model_input": eval(hint, names),
            "return": eval(returned, names),
        }
        found = infer_signature_from_type_hints(predict)
        assert found is not None
        assert found.to_dict() == expected, hint
