"""MLflow's side of the in-process tasks; runs in MLflow's environment only."""

from __future__ import annotations

import io
import json
import logging
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import inputs
import mlflow.pyfunc
import mlflow.sklearn
from mlflow.models import Model, infer_signature
from mlflow.models.utils import _enforce_schema
from mlflow.pyfunc import scoring_server

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from worker import Given

    Call = Callable[[], object]

# It warns about integer columns at every inference; printing that is not what is measured.
logging.getLogger("mlflow").setLevel(logging.ERROR)


def _read(name: str) -> Callable[[Given], Call]:
    return lambda given: lambda: Model.load(str(given.shared / name))


def _save(*, example: bool = False) -> Callable[[Given], Call]:
    def prepare(_given: Given) -> Call:
        model, _ = inputs.iris_model()
        frame = inputs.doubles(2, inputs.WIDEST)
        signature = infer_signature(frame)
        folder, numbers = Path(mkdtemp(dir=".")), count()

        def call() -> None:
            # Requirements are given because finding them loads the model.
            mlflow.sklearn.save_model(
                model,
                folder / str(next(numbers)),
                signature=signature,
                input_example=frame if example else None,
                pip_requirements=["scikit-learn"],
            )

        return call

    return prepare


def _enforce(
    rows: int | None, make: Callable[[int], pd.DataFrame] = inputs.doubles
) -> Callable[[Given], Call]:
    def prepare(given: Given) -> Call:
        frame = make(rows or given.big)
        schema = infer_signature(frame.head(2)).inputs
        return lambda: _enforce_schema(frame, schema)

    return prepare


def _infer(make: Callable[[int], pd.DataFrame]) -> Callable[[Given], Call]:
    def prepare(given: Given) -> Call:
        frame = make(given.big)
        return lambda: infer_signature(frame)

    return prepare


def _request(name: str, frame: Callable[[], pd.DataFrame]) -> Callable[[Given], Call]:
    def prepare(given: Given) -> Call:
        model = mlflow.pyfunc.load_model(str(given.models / name))
        schema = model.metadata.get_input_schema()
        body, rows = inputs.split_body(frame()), len(frame())

        def call() -> object:
            return scoring_server.invocations(body, inputs.JSON, model, schema)

        inputs.check_answer(call().status, json.loads(call().response), rows)
        return call

    return prepare


def _decode(name: str, make: Callable[[], bytes]) -> Callable[[Given], Call]:
    def prepare(given: Given) -> Call:
        model = mlflow.pyfunc.load_model(str(given.models / name))
        schema, body = model.metadata.get_input_schema(), make()
        decode = scoring_server._parse_json_data  # noqa: SLF001 - what its server calls
        return lambda: decode(body, model.metadata, schema)

    return prepare


def _csv(name: str, make: Callable[[], pd.DataFrame]) -> Callable[[Given], Call]:
    def prepare(given: Given) -> Call:
        model = mlflow.pyfunc.load_model(str(given.models / name))
        schema, body = model.metadata.get_input_schema(), inputs.csv_body(make()).decode()
        return lambda: scoring_server.parse_csv_input(io.StringIO(body), schema)

    return prepare


def _answer_moments(given: Given) -> Call:
    moments = inputs.moments(given.big)
    return lambda: scoring_server.predictions_to_json(moments, io.StringIO())


TASKS = {
    "read-small": _read("iris"),
    "read-wide": _read("wide"),
    "save-wide": _save(),
    "save-example": _save(example=True),
    "enforce-1": _enforce(1),
    "enforce-big": _enforce(None),
    "infer-doubles": _infer(inputs.doubles),
    "infer-strings": _infer(inputs.strings),
    "infer-moments": _infer(inputs.moments),
    "enforce-moments": _enforce(None, inputs.moments),
    "infer-gaps": _infer(inputs.gaps),
    "enforce-gaps": _enforce(None, inputs.gaps),
    "infer-lists": _infer(inputs.lists),
    "enforce-lists": _enforce(None, inputs.lists),
    "request-1": _request("doubles", lambda: inputs.doubles(1)),
    "request-1-mixed": _request("mixed", lambda: inputs.mixed(1)),
    "request-10k": _request("doubles", lambda: inputs.doubles(inputs.REQUEST_ROWS)),
    "request-10k-echo": _request("echo", lambda: inputs.doubles(inputs.REQUEST_ROWS)),
    "request-10k-mixed": _request("mixed", lambda: inputs.mixed(inputs.REQUEST_ROWS)),
    "decode-instances": _decode(
        "doubles", lambda: inputs.instances_body(inputs.doubles(inputs.REQUEST_ROWS))
    ),
    "decode-csv": _csv("few", lambda: inputs.doubles(inputs.CSV_ROWS, inputs.FEW)),
    "decode-csv-mixed": _csv("mixed", lambda: inputs.mixed(inputs.CSV_ROWS)),
    "decode-wide": _decode("widest", lambda: inputs.wide_body(inputs.doubles(1, inputs.WIDEST))),
    "decode-wide-csv": _csv("widest", lambda: inputs.doubles(1, inputs.WIDEST)),
    "answer-moments": _answer_moments,
}
