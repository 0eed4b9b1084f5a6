"""What a model answered -> the message ``mlmodel.v1.ScoreResponse`` (GRP-025 ff)."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import InvalidArgument, NotAcceptable
from mlmodel.scoring.given import columns_or_tensors
from mlmodel.scoring.protobuf import data_to_proto
from mlmodel.scoring.v1.tables import fill_table, fill_value, writable
from mlmodel.scoring.v2.kinds import kind_of
from mlmodel.scoring.writers import WRITERS, NotATable, as_table, names_of
from mlmodel.signature.data.arrays import object_array
from mlmodel.signature.data.frames import arrays_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlmodel.scoring.engine import Engine

__all__ = ["form_of", "write_answer"]

#: Numbers of the enum ``AnswerForm``.
TABLE, ARROW, DATA = 1, 2, 3
#: What holds the data of a request -> the form in which it is answered, unless it asks for another.
_LIKEWISE = {"table": TABLE, "arrow": ARROW, "data": DATA}
_STREAM = WRITERS["arrows"]


def form_of(request: Any) -> tuple[int, bool]:
    """Return the form of the answer to a message ``ScoreRequest``, and whether it is asked for.

    Raises:
        NotAcceptable: it cannot be written here.

    """
    asked = request.answer_form
    form = asked if asked in (TABLE, ARROW, DATA) else _LIKEWISE.get(request.WhichOneof("given"))
    if asked == ARROW and find_spec("pyarrow") is None:
        raise NotAcceptable(
            "Arrow cannot be written here: pyarrow is not installed where the model is scored; "
            "ask for another form of the answer (GRP-026)."
        )
    return form or DATA, asked == form


def write_answer(target: Any, predictions: Any, form: int, engine: Engine, *, asked: bool) -> None:
    """Write predictions into a message ``ScoreResponse``.

    Args:
        target: the message.
        predictions: what the model answered, of whatever kind.
        form: number of the enum ``AnswerForm``.
        engine: its signature names outputs without names of their own.
        asked: the client takes no other form.

    Raises:
        NotAcceptable: predictions are not a table, and nothing else is taken (GRP-026).
        UnserializablePrediction: a part of them has no form.

    """
    with writable():
        try:
            if form == TABLE:
                target.table.SetInParent()
                fill_table(target.table, _columns(predictions, engine.output_names))
                return
            if form == ARROW:
                target.arrow = _STREAM.write(as_table(predictions, engine.output_names))
                return
        except NotATable as error:
            if asked:
                raise NotAcceptable(
                    f"The model's answer {error}, and the request asks for nothing that can hold "
                    "it; the form of data can (GRP-026)."
                ) from None
        _write_data(target, predictions)


def _columns(predictions: Any, names: Sequence[str] | None) -> Iterator[tuple[str, Any]]:
    """Give the columns of a table (RST-125).

    Raises:
        NotATable: it is none.

    """
    if type(predictions) is np.ndarray and predictions.dtype.kind in "biuf":
        # The common answer, of which no data frame is made first.
        if predictions.ndim == 1:
            return iter([(names_of(1, names)[0], predictions)])
        if predictions.ndim == 2 and 0 < predictions.shape[1] == len(set(names or ())):  # noqa: PLR2004
            return zip(names or (), predictions.T, strict=True)
    table = as_table(predictions, names)
    return zip(map(str, table.columns), arrays_of(table), strict=True)


def _write_data(target: Any, predictions: Any) -> None:
    is_series = isinstance(predictions, pd.Series)
    kind = kind_of(predictions) if is_series else ""
    if is_series or isinstance(predictions, pd.DataFrame):
        predictions = _without_zones(predictions)
    try:
        data_to_proto(columns_or_tensors(predictions), target.predictions)
        target.kind = kind
    except InvalidArgument:
        target.value.SetInParent()
        fill_value(target.value, predictions)


def _without_zones(predictions: pd.DataFrame | pd.Series[Any]) -> Any:
    """Return a frame whose moments with a zone are cells, since arrays of moments have none."""
    frame = predictions if isinstance(predictions, pd.DataFrame) else predictions.to_frame()
    if not any(isinstance(dtype, pd.DatetimeTZDtype) for dtype in frame.dtypes):
        return predictions
    columns = [
        pd.Series(object_array([_moment(cell) for cell in column]), index=frame.index, dtype=object)
        if isinstance(column.dtype, pd.DatetimeTZDtype)
        else column
        for _, column in frame.items()
    ]
    return pd.concat(columns, axis=1).set_axis(frame.columns, axis=1)


def _moment(cell: Any) -> Any:
    if cell is pd.NaT:
        return None
    return cell.isoformat() if cell.nanosecond else cell.to_pydatetime()
