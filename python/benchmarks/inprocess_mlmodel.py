"""Our side of the in-process tasks, by the public surface."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import inputs

import mlmodel
import mlmodel.sklearn
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations import bodies, protocol
from mlmodel.trust.pickles.scanner import scan

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from worker import Given

    Call = Callable[[], object]


def _validate(name: str) -> Callable[[Given], Call]:
    def prepare(given: Given) -> Call:
        path = given.shared / name
        if not mlmodel.validate(path).valid:
            raise ValueError(f"the model {name} is not valid: {mlmodel.validate(path).errors}")
        return lambda: mlmodel.validate(path)

    return prepare


def _save(*, example: bool = False) -> Callable[[Given], Call]:
    def prepare(_given: Given) -> Call:
        model, _ = inputs.iris_model()
        frame = inputs.doubles(2, inputs.WIDEST)
        signature = mlmodel.infer_signature(frame)
        folder, numbers = Path(mkdtemp(dir=".")), count()

        def call() -> None:
            # Requirements are given because finding them loads the model.
            mlmodel.sklearn.save_model(
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
        signature = mlmodel.infer_signature(frame.head(2))
        return lambda: signature.enforce(frame)

    return prepare


def _infer(make: Callable[[int], pd.DataFrame]) -> Callable[[Given], Call]:
    def prepare(given: Given) -> Call:
        frame = make(given.big)
        return lambda: mlmodel.infer_signature(frame)

    return prepare


def _request(name: str, frame: Callable[[], pd.DataFrame]) -> Callable[[Given], Call]:
    def prepare(given: Given) -> Call:
        engine = mlmodel.load(given.models / name).engine
        body, rows = inputs.split_body(frame()), len(frame())
        answer = protocol.handle(inputs.JSON, body, engine)
        inputs.check_answer(answer.status, json.loads(answer.body), rows)
        return lambda: protocol.handle(inputs.JSON, body, engine)

    return prepare


def _decode_instances(given: Given) -> Call:
    engine = mlmodel.load(given.models / "doubles").engine
    body = inputs.instances_body(inputs.doubles(inputs.REQUEST_ROWS))
    return lambda: bodies.read_body(inputs.JSON, body, engine.matching)


def _decode(name: str, kind: str, make: Callable[[], bytes]) -> Callable[[Given], Call]:
    def prepare(given: Given) -> Call:
        engine, body = mlmodel.load(given.models / name).engine, make()
        return lambda: bodies.read_body(kind, body, engine.matching)

    return prepare


def _arrow(given: Given) -> Call:
    engine = mlmodel.load(given.models / "doubles").engine
    body = inputs.arrow_body(inputs.doubles(given.big))
    answer = protocol.handle(inputs.ARROW, body, engine, accept=inputs.ARROW)
    if answer.status != 200:
        raise ValueError(f"the request was answered with status {answer.status}")
    return lambda: protocol.handle(inputs.ARROW, body, engine, accept=inputs.ARROW)


def _answer_moments(given: Given) -> Call:
    moments = inputs.moments(given.big)
    engine = Engine(lambda _data, _params: moments)
    body = inputs.split_body(inputs.doubles(1))
    inputs.check_answer(200, json.loads(protocol.handle(inputs.JSON, body, engine).body), given.big)
    return lambda: protocol.handle(inputs.JSON, body, engine)


def _check(kind: str) -> Callable[[Given], Call]:
    def prepare(given: Given) -> Call:
        data = inputs.pickled(kind, given.big)
        if not scan(data).allowed:
            raise ValueError(f"the pickle of {kind} is refused: {scan(data).reasons}")
        return lambda: scan(data)

    return prepare


TASKS = {
    "check-words": _check("words"),
    "check-doubles": _check("doubles"),
    "check-small": _check("model"),
    "read-small": _validate("iris"),
    "read-wide": _validate("wide"),
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
    "decode-instances": _decode_instances,
    "decode-csv": _decode(
        "few", inputs.CSV, lambda: inputs.csv_body(inputs.doubles(inputs.CSV_ROWS, inputs.FEW))
    ),
    "decode-csv-mixed": _decode(
        "mixed", inputs.CSV, lambda: inputs.csv_body(inputs.mixed(inputs.CSV_ROWS))
    ),
    "decode-wide": _decode(
        "widest", inputs.JSON, lambda: inputs.wide_body(inputs.doubles(1, inputs.WIDEST))
    ),
    "decode-wide-csv": _decode(
        "widest", inputs.CSV, lambda: inputs.csv_body(inputs.doubles(1, inputs.WIDEST))
    ),
    "request-arrow": _arrow,
    "answer-moments": _answer_moments,
}
