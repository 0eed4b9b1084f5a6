"""The floor of REST: a bare WSGI callable on granian; nothing is checked, one form is read.

``python floor_server.py PORT [PICKLE]``: answers the first column, or the pickled model's
predictions.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import inputs
import numpy as np
import orjson
import pandas as pd
from granian.constants import HTTPModes, Interfaces
from granian.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable

_HEADERS = [("content-type", "application/json")]


def application(predict: Callable[[pd.DataFrame], Any], names: list[str]):
    """Return the WSGI callable."""
    index = pd.Index(names)

    def answer(environ, start_response):
        body = environ["wsgi.input"].read()
        if environ["PATH_INFO"] == "/ping":
            text = b"\n"
        else:
            rows = orjson.loads(body)["dataframe_split"]["data"]
            frame = pd.DataFrame(np.array(rows, dtype=np.float64), columns=index, copy=False)
            predictions = np.ascontiguousarray(predict(frame))
            text = orjson.dumps({"predictions": predictions}, option=orjson.OPT_SERIALIZE_NUMPY)
        start_response("200 OK", [*_HEADERS, ("content-length", str(len(text)))])
        return [text]

    return answer


def load():
    """Return the callable that the command line asks for."""
    if len(sys.argv) > 2:
        model = pickle.loads(Path(sys.argv[2]).read_bytes())
        return application(model.predict, list(model.feature_names_in_))
    names = list(inputs.doubles(1, inputs.FEW))
    return application(lambda frame: frame.to_numpy()[:, 0], names)


if __name__ == "__main__":
    server = Server(
        "floor",
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        blocking_threads=4,
        log_enabled=False,
    )
    server.serve(target_loader=lambda *_: load(), wrap_loader=False)
