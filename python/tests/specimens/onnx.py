"""ONNX: small graphs made by hand, run by ONNX Runtime."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
from fidelity_kinds import WORDS
from onnx import TensorProto, helper

from specimens import Made, Specimen, mlmodel_file

if TYPE_CHECKING:
    from pathlib import Path


def _graph(nodes: list[Any], inputs: dict[str, int], output: str, kind: int) -> Any:
    """Return a graph whose inputs are columns of one value per row, and its only output."""
    graph = helper.make_graph(
        nodes,
        "matrix",
        [helper.make_tensor_value_info(name, kind_, [None, 1]) for name, kind_ in inputs.items()],
        [helper.make_tensor_value_info(output, kind, [None, 1])],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    return model


def _sum_or_number(_rows: Any) -> Any:
    """Return a graph that answers ``c + n``, and ``2 n`` where ``c`` is NaN."""
    nodes = [
        helper.make_node("IsNaN", ["c"], ["gap"]),
        helper.make_node("Where", ["gap", "n", "c"], ["filled"]),
        helper.make_node("Add", ["filled", "n"], ["y"]),
    ]
    inputs = {"c": TensorProto.FLOAT, "n": TensorProto.FLOAT}
    return _graph(nodes, inputs, "y", TensorProto.FLOAT)


def _numbers_of_texts(_rows: Any) -> Any:
    texts = [" ".join(words) for words in product(WORDS, repeat=3)]
    nodes = [
        helper.make_node(
            "LabelEncoder", ["text"], ["y"], domain="ai.onnx.ml", keys_strings=texts,
            values_floats=[float(n) for n in range(len(texts))], default_float=-1.0,
        )
    ]  # fmt: skip
    return _graph(nodes, {"text": TensorProto.STRING}, "y", TensorProto.FLOAT)


def _run(model: Any, rows: Any) -> Any:
    """Answer as ONNX Runtime does, from columns of one value per row."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    frame = rows.to_frame() if isinstance(rows, pd.Series) else rows
    given = {name: frame[[name]].to_numpy() for name in frame.columns}
    return pd.DataFrame(session.run(None, given)[0], columns=["y"])


_NO_TYPE = "a graph has tensors of numbers, truth values and texts alone"

FIDELITY: dict[str, Made | str] = {
    "numbers with gaps": Made(_sum_or_number, _run, lambda rows: rows.astype("float32")),
    "text with gaps": "a tensor of texts has no missing ones",
    "categories of texts": "a graph knows no categories",
    "categories of integers": "a graph knows no categories",
    "booleans with gaps": "a tensor of truth values has no missing ones",
    "zoned times": _NO_TYPE,
    "naive times": _NO_TYPE,
    "decimals": _NO_TYPE,
    "integer names": "the inputs of a graph are named by texts",
    "one text column": Made(_numbers_of_texts, _run),
    "nested cells": _NO_TYPE,
    "sparse": "ONNX Runtime takes dense arrays",
}


def _rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({name: rng.normal(size=24).astype("float32") for name in ("c", "n")})


def _make() -> Any:
    """Return a graph of one matrix: the weighted sum of its columns."""
    nodes = [helper.make_node("MatMul", ["X", "W"], ["y"])]
    graph = helper.make_graph(
        nodes,
        "weighted",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor("W", TensorProto.FLOAT, [2, 1], [1.5, -2.25])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def _native(model: Any, rows: pd.DataFrame) -> pd.DataFrame:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return pd.DataFrame(session.run(None, {"X": rows.to_numpy()})[0], columns=["y"])


def _layout(model: Any, root: Path, age: str) -> None:
    (root / "model.onnx").write_bytes(model.SerializeToString())
    text = f"""
        flavors:
          onnx:
            data: model.onnx
            onnx_version: {onnx.__version__}
          python_function:
            data: model.onnx
            env: conda.yaml
            loader_module: mlflow.onnx
            python_version: 3.8.2
        {age}
    """
    mlmodel_file(root, text)


def _layout_2(model: Any, root: Path) -> None:
    (root / "model.onnx").write_bytes(model.SerializeToString())
    text = f"""
        flavors:
          onnx:
            code: null
            data: model.onnx
            onnx_session_options: null
            onnx_version: {onnx.__version__}
            providers:
            - CUDAExecutionProvider
            - CPUExecutionProvider
          python_function:
            data: model.onnx
            env:
              conda: conda.yaml
              virtualenv: python_env.yaml
            loader_module: mlflow.onnx
            python_version: 3.10.9
        mlflow_version: 2.8.1
        utc_time_created: '2023-11-30 11:24:01.123456'
    """
    mlmodel_file(root, text)


SPECIMEN = Specimen(
    libraries=("onnx", "onnxruntime"),
    make=_make,
    rows=_rows,
    native=_native,
    layouts={
        "0.x": lambda model, root: _layout(model, root, "utc_time_created: '2019-04-05 11:24:01'"),
        "1.x": lambda model, root: _layout(model, root, "artifact_path: model"),
        "2.x": _layout_2,
    },
    single=True,
    mlflow_signed=lambda example: example,
    not_exchanged={"1.x writes": "cannot import name 'runtime_version' from 'google.protobuf'"},
    fidelity=FIDELITY,
)
