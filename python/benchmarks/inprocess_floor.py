"""The floor: the same work by the libraries alone, nothing checked that they do not check."""

from __future__ import annotations

import io
import json
import pickle
from typing import TYPE_CHECKING

import inputs
import numpy as np
import orjson
import pandas as pd
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker import Given

    Call = Callable[[], object]


def _read(name: str) -> Callable[[Given], Call]:
    def prepare(given: Given) -> Call:
        path = given.shared / name / "MLmodel"

        def call() -> object:
            document = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
            return document, json.loads(document["signature"]["inputs"])

        return call

    return prepare


def _missing_values(given: Given) -> Call:
    values = inputs.doubles(given.big).to_numpy()
    return lambda: np.isnan(values).any(axis=0)


def _kinds(given: Given) -> Call:
    columns = [column.to_numpy() for _, column in inputs.strings(given.big).items()]
    return lambda: [pd.api.types.infer_dtype(column, skipna=True) for column in columns]


def answerer(names: list[str], *, echo: bool = False) -> Callable[[bytes], bytes]:
    """Return a function from a split request of doubles to its answer."""
    index = pd.Index(names)

    def answer(body: bytes) -> bytes:
        rows = orjson.loads(body)["dataframe_split"]["data"]
        frame = pd.DataFrame(np.array(rows, dtype=np.float64), columns=index, copy=False)
        predictions = frame.to_numpy() if echo else frame.to_numpy()[:, 0]
        return orjson.dumps(
            {"predictions": np.ascontiguousarray(predictions)},
            option=orjson.OPT_SERIALIZE_NUMPY,
        )

    return answer


def _request(rows: int, *, echo: bool = False) -> Callable[[Given], Call]:
    def prepare(_given: Given) -> Call:
        frame = inputs.doubles(rows)
        body, answer = inputs.split_body(frame), answerer(list(frame), echo=echo)
        inputs.check_answer(200, json.loads(answer(body)), rows)
        return lambda: answer(body)

    return prepare


def _decode_instances(_given: Given) -> Call:
    body = inputs.instances_body(inputs.doubles(inputs.REQUEST_ROWS))
    return lambda: orjson.loads(body)


def _csv(make: Callable[[], pd.DataFrame]) -> Callable[[Given], Call]:
    def prepare(_given: Given) -> Call:
        body = inputs.csv_body(make())
        return lambda: pd.read_csv(io.BytesIO(body))

    return prepare


def _wide(_given: Given) -> Call:
    body = inputs.wide_body(inputs.doubles(1, inputs.WIDEST))
    return lambda: orjson.loads(body)


def _copy(given: Given) -> Call:
    values = inputs.doubles(given.big).to_numpy()
    # What the model does, on a copy of the data.
    return lambda: pd.DataFrame(values.copy(), copy=False).to_numpy()[:, 0]


def _load(kind: str) -> Callable[[Given], Call]:
    def prepare(given: Given) -> Call:
        data = inputs.pickled(kind, given.big)
        return lambda: pickle.loads(data)

    return prepare


TASKS = {
    "check-words": _load("words"),
    "check-doubles": _load("doubles"),
    "check-small": _load("model"),
    "read-small": _read("iris"),
    "read-wide": _read("wide"),
    "infer-doubles": _missing_values,
    "infer-strings": _kinds,
    "request-1": _request(1),
    "request-10k": _request(inputs.REQUEST_ROWS),
    "request-10k-echo": _request(inputs.REQUEST_ROWS, echo=True),
    "decode-instances": _decode_instances,
    "decode-csv": _csv(lambda: inputs.doubles(inputs.CSV_ROWS, inputs.FEW)),
    "decode-csv-mixed": _csv(lambda: inputs.mixed(inputs.CSV_ROWS)),
    "decode-wide": _wide,
    "request-arrow": _copy,
}
