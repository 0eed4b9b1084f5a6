"""A loaded model asked over HTTP's protocol, for the tests of several areas: one body, or all forms."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from mlmodel.scoring.invocations import handle

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from mlmodel.pyfunc import PyFuncModel

JSON = "application/json"
_GOOD = 200
#: What stands for a moment in an answer, where it is not missing.
_MOMENTS = (str, int, dt.date)


def posted(model: PyFuncModel, body: Any, media: str = JSON) -> Any:
    """Return the predictions that a body is answered with; anything but 200 is a failure."""
    if not isinstance(body, bytes):
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
    answer = handle(media, body, model.engine)
    assert answer.status == _GOOD, (body[:500], answer.body.decode())
    told = json.loads(answer.body)
    return told["predictions"] if isinstance(told, dict) else told


def as_declared(model: PyFuncModel, told: Any) -> Any:
    """Return an answer with the moments and lists that it declares, or as the array that it is.

    JSON has arrays as lists and moments as texts; the messages of gRPC have moments as nanoseconds;
    tensors have lists as texts of JSON. Days are declared as moments.
    """
    import numpy as np
    import pandas as pd

    outputs = model.signature.outputs if model.signature else None
    if outputs is not None and isinstance(told, list) and outputs.is_tensor_spec():
        return np.array(told)
    if outputs is None or not isinstance(told, pd.DataFrame):
        return told
    read = {}
    for name, kind in ((str(spec.name), str(spec.type)) for spec in outputs):
        cells = told.get(name, ())
        if kind == "datetime" and all(isinstance(one, _MOMENTS) or pd.isna(one) for one in cells):
            read[name] = pd.to_datetime(cells)
        elif kind.startswith("Array") and all(isinstance(one, str) for one in cells):
            read[name] = pd.Series(list(map(json.loads, cells)), dtype=object)
    return told.assign(**read)


def together(model: PyFuncModel, bodies: Sequence[Any]) -> list[Any]:
    """Return the predictions for bodies that are asked at once, by one prediction of the model.

    The first comes while the model is free, and waits for its turn until the others are there.
    """
    import threading
    import time
    from concurrent.futures import ThreadPoolExecutor

    from mlmodel.serving.batching import Batches

    engine, alone, asked = model.engine, model.engine.call, []

    def predict(data: Any, params: Any, /) -> Any:
        asked.append(data)
        return alone(data, params)

    turns = threading.BoundedSemaphore(1)
    batches = Batches("m", predict, turns, len(bodies) + 1, wait=1000)
    engine.call = batches.call
    try:
        with ThreadPoolExecutor(len(bodies)) as pool:
            with turns:
                answers = [pool.submit(posted, model, body) for body in bodies]
                end = time.monotonic() + 100
                while batches.waiting < len(bodies) - 1 and time.monotonic() < end:
                    time.sleep(0.001)
            told = [answer.result() for answer in answers]
    finally:
        engine.call = alone
    assert len(asked) == 1, "they were not asked together"
    return told


def as_objects(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose cells are Python's objects, None where one is missing."""
    return rows.astype(object).where(rows.notna(), None)


def posted_forms(model: PyFuncModel, rows: pd.DataFrame) -> dict[str, Any]:
    """Return the predictions for a table in every form of body, by the form's name."""
    columns, cells = list(rows.columns), as_objects(rows).to_numpy().tolist()
    records = [dict(zip(columns, row, strict=True)) for row in cells]
    bodies = {
        "split": {"dataframe_split": {"columns": columns, "data": cells}},
        "records": {"dataframe_records": records},
        "instances": {"instances": records},
        "inputs": {"inputs": {name: [row[name] for row in records] for name in columns}},
    }
    answers = {name: posted(model, body) for name, body in bodies.items()}
    return answers | {"csv": posted(model, rows.to_csv(index=False), "text/csv")}
