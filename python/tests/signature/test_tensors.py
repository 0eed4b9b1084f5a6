"""Tensor signatures: strict dtypes and shapes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mlmodel.errors import InvalidInput
from mlmodel.signature.data.columns import Tensors
from mlmodel.signature.enforce.plan import Plan
from mlmodel.types import Schema, TensorSpec


def rules(call) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        call()
    return [detail.rule for detail in caught.value.details]


def one(dtype: str, *shape: int) -> Plan:
    return Plan(Schema([TensorSpec(dtype, shape)]))


def test_texts_and_bytes_of_every_width() -> None:
    for array in (np.array(["a", "bcd"]), np.array(["a", "bcd"], object)):
        assert one("str", -1).enforce(array) is array
    held = np.array([b"a\0"], object)
    assert one("bytes", -1).enforce(held) is held
    assert rules(lambda: one("str", -1).enforce(np.array(["a", 1], object))) == ["ENF-070"]
    assert rules(lambda: one("str", -1).enforce(np.array([b"a"]))) == ["ENF-070"]


def test_sparse_matrices() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_matrix(np.eye(3))
    assert one("float64", -1, 3).enforce(matrix) is matrix
    assert rules(lambda: one("float32", -1, 3).enforce(matrix)) == ["ENF-070"]
    assert rules(lambda: one("float64", -1, 3).enforce(sparse.coo_matrix(np.eye(3)))) == ["ENF-074"]


def test_frames() -> None:
    frame = pd.DataFrame(np.ones((2, 2)))
    assert np.shares_memory(one("float64", -1, 2).enforce(frame), frame.to_numpy())
    assert rules(lambda: one("float32", -1, 2).enforce(frame)) == ["ENF-070"]
    assert rules(lambda: one("float64", -1, 3).enforce(frame)) == ["ENF-071"]
    texts = pd.DataFrame({"a": ["x", "y"]})
    assert one("str", -1, 1).enforce(texts).tolist() == [["x"], ["y"]]


@pytest.mark.parametrize("data", [[1.0], 1.0, "x", None, {"a": np.ones(1)}])
def test_no_array(data: object) -> None:
    assert rules(lambda: one("float64", -1).enforce(data)) in (["ENF-074"], ["ENF-073"])


def test_names() -> None:
    plan = Plan(Schema([TensorSpec("float64", (-1,), "x"), TensorSpec("int64", (-1,), "y")]))
    x, y = np.ones(2), np.ones(2, "int64")
    got = plan.enforce({"y": y, "z": y, "x": x})
    assert list(got) == ["x", "y"]
    assert got["x"] is x
    assert plan.enforce(Tensors({"x": x, "y": y}))["y"] is y
    assert rules(lambda: plan.enforce({"y": x})) == ["ENF-004", "ENF-070"]
    assert rules(lambda: plan.enforce([x, y])) == ["ENF-072"]
    assert rules(lambda: plan.enforce({"x": [1.0], "y": y})) == ["ENF-074"]
    single = Plan(Schema([TensorSpec("float64", (-1,), "x")]))
    assert rules(lambda: single.enforce(x)) == ["ENF-072"]
