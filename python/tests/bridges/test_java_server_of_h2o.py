"""Models of H2O in the server in Java: each request is answered as Python answers it."""

from __future__ import annotations

import json

import pytest

import mlmodel
from java_tools import JAVA, ask, started
from mlmodel.scoring.invocations import handle

pytestmark = [pytest.mark.libraries("py4j"), pytest.mark.slow]

MOJOS = JAVA / "src" / "test" / "resources" / "mojos"
JSON, CSV = "application/json", "text/csv"
NAMES = ["x1", "x2", "k", "cat"]
ROW = {"x1": 1, "x2": 2.5, "k": 3, "cat": "a"}
#: What the features of a signature are declared as, which all models take.
DECLARED = {
    "numbers": ["double", "float", "long", "string"],
    "others": ["boolean", "double", "integer", "long"],
    "texts": ["string", "string", "string", "boolean"],
    "moments": ["double", "double", "double", "datetime"],
}


def _saved(root, name, mojo, types=(), *, named=True, required=False):
    folder = root / name
    (folder / "model.h2o").mkdir(parents=True)
    (folder / "model.mojo.zip").write_bytes((MOJOS / f"{mojo}.zip").read_bytes())
    document = {
        "flavors": {
            "h2o": {"data": "model.h2o", "mojo": "model.mojo.zip"},
            "python_function": {"data": "model.h2o", "loader_module": "mlflow.h2o"},
        }
    }
    if types:
        specs = [
            {"type": kind, "required": required, **({"name": name} if named else {})}
            for name, kind in zip(NAMES, types, strict=True)
        ]
        document["signature"] = {"inputs": json.dumps(specs), "outputs": None, "params": None}
    (folder / "MLmodel").write_text(json.dumps(document))
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Return the port of a server of all models, and each of them loaded by Python."""
    root = tmp_path_factory.mktemp("models")
    folders = [_saved(root, one, one) for one in ("gbm", "forest", "glm", "kmeans", "deep", "wide")]
    folders += [_saved(root, name, "gbm", types) for name, types in DECLARED.items()]
    folders.append(_saved(root, "nameless", "gbm", DECLARED["numbers"], named=False))
    folders.append(_saved(root, "required", "gbm", DECLARED["texts"], named=False, required=True))
    process = started(*folders, "-p", "0")
    try:
        said = process.stdout.readline()
        assert "ready at" in said, process.stderr.read()
        port = int(said.split("127.0.0.1:")[1].split(",")[0])
        yield port, {folder.name: mlmodel.load(folder) for folder in folders}
    finally:
        process.kill()
        process.wait(30)


def _split(data, columns=NAMES):
    return {"dataframe_split": {"columns": columns, "data": data}}


BODIES = {
    "records": {"dataframe_records": [ROW, {**ROW, "cat": "b"}]},
    "a record among inputs": {"inputs": [ROW]},
    "one row": {"inputs": ROW},
    "columns": {"inputs": {name: [cell] for name, cell in ROW.items()}},
    "instances": {"instances": [ROW, ROW]},
    "another order, and more": _split([[3, 0, "a", 1, 2]], ["k", "more", "cat", "x1", "x2"]),
    "no names": {"dataframe_split": {"data": [[1, 2, 3, "a"]]}},
    "numbers for names": _split([[1, 2, 3, "a"]], [0, 1, 2, 3]),
    "texts of numbers for names": _split([[1, 2, 3, "a"]], ["0", "1", "2", "3"]),
    "bare split": _split([[1, 2, 3, "a"]])["dataframe_split"],
    "gaps": _split([[None, None, None, None], [1, None, 2, "b"]]),
    "not known": _split([[1, 2, 3, "never"], [1, 2, 3, ""]]),
    "truth values": _split([[True, False, True, "a"]]),
    "texts of numbers": _split([["1.5", "-2e3", " 3 ", "a"]]),
    "no number": _split([["half", 1, 1, "a"]]),
    "no numbers": _split([[1, "", [1], "a"]]),
    "infinite": '{"dataframe_split": {"columns": ["x1", "x2", "k", "cat"], "data": [[Infinity, NaN, -Infinity, "a"]]}}',
    "large": _split([[10**30, 2**63, -(2**53) - 1, "a"]]),
    "categories of numbers": _split([[1, 2, 3, 4], [1, 2, 3, 5]]),
    "categories of truth values": _split([[1, 2, 3, True]]),
    "moments": _split([[1, 2, 3, "2024-01-31T10:00:00.5"]]),
    "missing": {"dataframe_records": [{"k": 1}]},
    "twice": _split([[1, 2, 3, "a", 4]], [*NAMES, "k"]),
    "too few": {"dataframe_split": {"data": [[1, 2]]}},
    "rows": {"inputs": [[1, 2, 3, "a"]]},
    "a value": {"inputs": 5},
    "columns of two lengths": {"inputs": {"x1": [1, 2], "x2": [1], "k": [1], "cat": ["a"]}},
    "columns and values": {"inputs": {"x1": [1], "x2": 1, "k": 1, "cat": "a"}},
    "no rows": {"dataframe_split": {"columns": NAMES, "data": []}},
    "nothing": {"inputs": []},
    "an empty record": {"dataframe_records": [{}]},
    "an empty instance": {"instances": [{}]},
    "bare empty records": [{}, {}],
    "rows without columns": {"dataframe_split": {"columns": [], "data": [[], []]}},
    "empty rows": {"dataframe_split": {"data": [[], []]}},
    "a bare empty row": [[]],
    "columns without cells": {"inputs": {}},
    "csv": "x1,x2,k,cat\n1,2.5,3,a\n,,,\nNA,1,TRUE,NA\n",
    "csv of numbers": "x1,x2,k,cat\n1,2.5,3,1\n2,1,3,02\n",
}  # fmt: skip


@pytest.mark.parametrize("name", ["gbm", "forest", "glm", "kmeans", "deep", "wide", *DECLARED, "nameless", "required"])  # fmt: skip
def test_every_form_is_answered_as_python_does(models, name):
    """HTO-006 to HTO-008, HTO-011: the same predictions, or the same rules of the same columns."""
    port, loaded = models
    different = {}
    for what, body in BODIES.items():
        media = CSV if what.startswith("csv") else JSON
        sent = (body if isinstance(body, str) else json.dumps(body)).encode()
        due = handle(media, sent, loaded[name].engine)
        answer, told = ask(port, f"/models/{name}/invocations", sent, {"Content-Type": media})
        held = json.loads(due.body)
        own, other = (_said(*one) for one in ((due.status, held), (answer.status, told)))
        if own != other:
            different[what] = own, other
    assert different == {}


def _said(status, told):
    """Return what is compared: numbers as FID-002 allows, and of errors their rules and columns."""
    if status != 200:
        details = [(one["rule"], one.get("column")) for one in told["details"]]
        return status, told["error_code"], details
    rows = told["predictions"] if isinstance(told, dict) else told
    return [{name: _near(cell) for name, cell in row.items()} for row in rows]


def _near(cell):
    return pytest.approx(cell, rel=1e-9) if isinstance(cell, float) else cell
