"""Every given dtype and every declared type: the vectors are complete, and Arrow's are alike."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlmodel.errors import InvalidInput
from mlmodel.signature.model_signature import ModelSignature

_SPEC = importlib.util.spec_from_file_location(
    "enforcement_matrix",
    Path(__file__).resolve().parents[2] / "tools" / "enforcement_matrix.py",
)
assert _SPEC is not None
assert _SPEC.loader is not None
matrix = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(matrix)


def test_the_files_are_what_the_tool_writes() -> None:
    for path, text in matrix.files().items():
        assert path.read_text(encoding="utf-8") == text, path.name


def test_every_dtype_of_the_table_stands_against_every_type() -> None:
    """A dtype that the table of ENF-020 names is a family of the matrix, and none lacks a type."""
    taken = matrix.table()
    assert set(taken) == set(matrix.DELIVERED)
    assert set().union(*taken.values()) <= set(matrix.FAMILIES)
    pairs = {
        (case["input"]["data"]["columns"][0]["dtype"], spec["type"])
        for case in matrix.cases()
        for spec in case["input"]["signature"]["inputs"]
    }
    given = {dtype for dtypes, _ in matrix.FAMILIES.values() for dtype in dtypes}
    assert {"any", "array", "object", "map", *matrix.DELIVERED} == set(matrix.DECLARED)
    lacking = {(d, k) for d in given for k in matrix.DECLARED} - pairs
    assert lacking == {("timedelta64[ns]", "any"), ("complex128", "any")}


def test_ids_stand_once() -> None:
    ids = Counter(case["id"] for case in (*matrix.cases(), *matrix.json_cases()))
    assert ids.most_common(1)[0][1] == 1


def test_a_phrase_that_is_not_known_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "enforcement.md"
    text = matrix.PAGE.read_text(encoding="utf-8")
    page.write_text(text.replace("float16", "float31"), encoding="utf-8")
    monkeypatch.setattr(matrix, "PAGE", page)
    with pytest.raises(ValueError, match="float31"):
        matrix.table()


def _enforced(column: Any, kind: str, *, required: bool) -> tuple[list[str], Any]:
    """Return the rules that are broken, or the delivered column."""
    spec = {**matrix.TYPES[kind], "name": "a", "required": required}
    signature = ModelSignature.from_dict({"inputs": [spec]})
    try:
        return [], signature.enforce(pd.DataFrame({"a": column}))["a"]
    except InvalidInput as error:
        return [detail.rule for detail in error.details if detail.column == "a"], None


def _values(family: str) -> list[Any]:
    values = matrix.FAMILIES[family][1]
    if family.startswith("float"):
        return [float(value) for value in values]
    if family.startswith("datetime64"):
        return [pd.Timestamp(value) for value in values]
    return [value.encode() for value in values] if family == "bytes" else values


@pytest.mark.thorough
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("kind", matrix.DECLARED)
@pytest.mark.parametrize(("family", "arrow"), matrix.ARROW.items(), ids=matrix.ARROW)
def test_arrow_counts_as_what_it_holds(family: str, arrow: str, kind: str, gaps: bool) -> None:
    pa = pytest.importorskip("pyarrow")
    name, _, unit = arrow.rstrip("]").partition("[")
    held = getattr(pa, name)(*([unit] if unit else []))
    values = [np.float16(v) for v in _values(family)] if arrow == "float16" else _values(family)
    table = pa.array([*values, None] if gaps else values, held)
    for required in (True, False):
        column = pd.Series(pd.arrays.ArrowExtensionArray(table))
        broken, got = _enforced(column, kind, required=required)
        expected = matrix.outcome(family, kind, gaps=gaps, required=required, cells=False)
        # Bytes and texts of Arrow are looked at cell by cell like those of Python.
        assert broken == expected
        if not broken and kind != "any":
            dtype = matrix.DELIVERED[kind][gaps]
            assert str(got.dtype) == ("object" if dtype == "binary" else dtype)
            assert got.isna().tolist() == [False] * len(values) + [True] * gaps
            same = got[: len(values)].tolist()
            due = _values(family)
            assert same == ([pd.Timestamp(v) for v in due] if kind == "datetime" else due)


@pytest.mark.parametrize("kind", matrix.DECLARED)
@pytest.mark.parametrize("family", ["int64", "float32", "float64", "bool"])
def test_sparse_counts_as_what_it_holds(family: str, kind: str) -> None:
    values = np.array(_values(family), family)
    column = pd.Series(pd.arrays.SparseArray(values, fill_value=values.dtype.type(0)))
    broken, got = _enforced(column, kind, required=True)
    assert broken == matrix.outcome(family, kind, gaps=False, required=True, cells=False)
    if not broken and kind != "any":
        assert got.tolist() == values.tolist()


def test_cases_hold_json_alone() -> None:
    for case in matrix.cases():
        assert json.loads(json.dumps(case)) == case
