"""A plain yes for an example is one that the full check gives too (EXA-003, EXA-013)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmodel.models import ModelSignature
from mlmodel.reports.plain_example import fits_plainly
from mlmodel.scoring.examples.checking import faults

INFO = {"artifact_path": "input_example.json", "type": "dataframe", "pandas_orient": "split"}
TYPES = ("boolean", "integer", "long", "float", "double", "string", "datetime", "binary", "any")
CELLS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**31) - 1, 2**31)
    | st.floats()
    | st.text(max_size=3)
)


def _signature(types, *, required=True):
    specs = [{"type": t, "name": f"c{n}", "required": required} for n, t in enumerate(types)]
    return {"inputs": json.dumps(specs)}


def _write(folder, table, request=None):
    (folder / "input_example.json").write_text(json.dumps(table))
    if request is not None:
        (folder / "serving_input_example.json").write_text(request)
    return folder / "input_example.json"


@pytest.mark.thorough
@given(data=st.data())
def test_a_plain_yes_is_a_yes(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("example")
    types = data.draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=3))
    names = [f"c{n}" for n in range(len(types))] + data.draw(st.sampled_from([[], ["c0"], ["x"]]))
    rows = data.draw(
        st.lists(st.lists(CELLS, min_size=len(names), max_size=len(names)), max_size=3)
    )
    signature = _signature(types, required=data.draw(st.booleans()))
    file = _write(folder, {"columns": names, "data": rows})
    if fits_plainly(file.parent, INFO, signature):
        assert faults(folder, INFO, ModelSignature.from_dict(signature)) == []


FITTING = {"columns": ["c1", "c0", "c2"], "data": [[1, 0.5, "a"], [2, None, None]]}
KINDS = ("double", "long", "string")


def test_an_ordinary_table_is_plain(tmp_path):
    file = _write(tmp_path, FITTING, "{}")
    info = {**INFO, "serving_input_path": "serving_input_example.json"}
    assert fits_plainly(file.parent, info, _signature(KINDS))


@pytest.mark.parametrize(
    ("changed", "info", "request_text"),
    [
        ({"data": [[1.5, 0.5, "a"]]}, {}, None),
        ({"data": [[1, True, "a"]]}, {}, None),
        ({"data": [[2**63, 0.5, "a"]]}, {}, None),
        ({"data": [[1, 2**53 + 1, "a"]]}, {}, None),
        ({"data": [[1, float("inf"), "a"]]}, {}, None),
        ({"data": [[1, 0.5, 5]]}, {}, None),
        ({"data": [[1, 0.5]]}, {}, None),
        ({"data": [[None, 0.5, "a"]]}, {}, None),
        ({"data": []}, {}, None),
        ({"columns": ["c1", "x", "c2"]}, {}, None),
        ({"columns": ["c0", "c0", "c2"]}, {}, None),
        ({}, {"type": "ndarray"}, None),
        ({}, {"params": "true"}, None),
        ({}, {"serving_input_path": "serving_input_example.json"}, "[1]"),
        ({}, {"serving_input_path": "serving_input_example.json"}, None),
    ],
)
def test_what_is_not_plain_is_left_to_the_full_check(tmp_path, changed, info, request_text):
    file = _write(tmp_path, {**FITTING, **changed}, request_text)
    assert not fits_plainly(file.parent, {**INFO, **info}, _signature(KINDS))


def test_a_text_is_no_list_of_names(tmp_path):
    file = _write(tmp_path, {"columns": "a", "data": [[1]]}, None)
    signature = {"inputs": '[{"type": "long", "name": "a"}]'}
    assert not fits_plainly(file.parent, INFO, signature)


def test_a_plain_example_needs_no_numpy(tmp_path):
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    import mlmodel

    frame, target = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=500).fit(frame, target)
    mlmodel.save(model, tmp_path / "m", example=frame.head(2))
    code = (
        "import sys, mlmodel\n"
        f"report = mlmodel.validate({str(tmp_path / 'm')!r})\n"
        "assert not report.violations and not report.unchecked, report\n"
        "assert 'numpy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
