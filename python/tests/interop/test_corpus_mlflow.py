"""Folders that real users saved with MLflow 0.x to 3.x: read here as each MLflow of today reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from test_examples import PLAIN

from mlmodel.models import Model

pytestmark = pytest.mark.slow

#: What is told otherwise here, and why.
OTHERWISE = {
    ("crate-r", "time"): "what R wrote is read as the time that it means",
    ("pyfunc-own-loader-module", "time"): "none stands there, and MLflow takes the present one",
    ("sklearn-0.24-signature", "example"): "it is read as declared, without the other columns",
}

#: Run by both sides; LIBRARY is the one that reads.
READ = (
    PLAIN
    + """
import json, os, sys
import numpy as np, pandas as pd
from LIBRARY.models import Model

def read(path):
    model = Model.load(path)
    signature = model.signature.to_dict() if model.signature else {}
    told = {
        "flavors": model.flavors, "run": model.run_id, "uuid": model.model_uuid,
        "time": str(model.utc_time_created), "version": model.mlflow_version,
        "metadata": model.metadata, "example info": model.saved_input_example_info,
        "signature": {part: json.loads(text or "null") for part, text in signature.items()},
    }
    named = (told["example info"] or {}).get("artifact_path", "no example")
    if os.path.exists(os.path.join(path, named)):
        told["example"] = plain(model.load_input_example(path))
    return told
"""
)
ALL = "root = sys.argv[1]\nprint(json.dumps({name: read(os.path.join(root, name)) for name in sys.argv[2:]}))\n"


@pytest.fixture(scope="module")
def ours(corpus: Any) -> dict[str, Any]:
    """What is read here of every folder."""
    names: dict[str, Any] = {}
    exec(READ.replace("LIBRARY", "mlmodel"), names)
    assert names["Model"] is Model
    folders = sorted(file.parent for file in corpus.glob("*/MLmodel"))
    return json.loads(json.dumps({one.name: names["read"](str(one)) for one in folders}))


def test_both_read_the_same(run_each_mlflow: Any, corpus: Any, ours: dict[str, Any]) -> None:
    theirs = run_each_mlflow(READ.replace("LIBRARY", "mlflow") + ALL, corpus, *ours)
    assert len(ours) >= 25
    assert sum("example" in one for one in ours.values()) >= 1
    found = {
        (name, part)
        for name, told in ours.items()
        for part in told.keys() | theirs[name].keys()
        if told.get(part) != theirs[name].get(part)
    }
    assert found == OTHERWISE.keys(), [(ours[a].get(b), theirs[a].get(b)) for a, b in found]
