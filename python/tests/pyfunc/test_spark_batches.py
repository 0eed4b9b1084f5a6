"""What a model gets of batches as Spark before 4.1 hands them on, without Spark (spec/spark-udf.md)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlmodel.errors import InvalidInput
from mlmodel.models import Model, ModelSignature
from mlmodel.pyfunc import PyFuncModel
from mlmodel.pyfunc.spark_results import result_of
from mlmodel.pyfunc.spark_shipped import Scoring
from mlmodel.types import ColSpec, Object, Property, Schema, TensorSpec

NAN = float("nan")
LONG, INTEGER = (ColSpec(kind, "a", required=False) for kind in ("long", "integer"))
MOMENT = ColSpec("datetime", "t", required=False)


class Held:
    """In the place of what was shipped: a model that keeps what it gets."""

    def __init__(self, inputs: list[Any] | None, answer: Any) -> None:
        signature = None if inputs is None else ModelSignature(Schema(inputs))
        self.got: list[Any] = []
        self._model = PyFuncModel(Model(signature=signature), self._keep)
        self._answer = answer

    def _keep(self, given: Any, _params: Any) -> Any:
        self.got.append(given)
        return [1] * len(given) if self._answer is None else self._answer

    def load(self) -> PyFuncModel:
        return self._model


def got(inputs: list[Any] | None, *batches: Any, zone: str = "UTC") -> list[Any]:
    """Return what a model with these inputs gets of batches, one after the other."""
    held = Held(inputs, None)
    scoring = Scoring(held, result_of("long"), None, zone)
    answers = [
        scoring.pandas((one,) if isinstance(one, pd.Series | pd.DataFrame) else one)
        for one in batches
    ]
    assert [list(one) for one in answers] == [[1] * len(one) for one in held.got]
    return held.got


def series(*cells: Any, **options: Any) -> pd.Series[Any]:
    return pd.Series(cells, **options)


@pytest.mark.parametrize(
    ("column", "cells", "expected"),
    [
        (LONG, [3.0, NAN, -4.0], [3, None, -4]),
        (LONG, [2.0**53 - 1, NAN], [2**53 - 1, None]),
        (LONG, [NAN, NAN], [None, None]),
        (INTEGER, [3.0, NAN], [3, None]),
        (INTEGER, [2.0**31 - 1, NAN, 1 - 2.0**31], [2**31 - 1, None, 1 - 2**31]),
    ],
)
def test_integers_with_gaps_stay_integers(column, cells, expected):
    """UDF-008: which pandas made doubles."""
    [frame] = got([column], (series(*cells),))
    assert pd.api.types.is_integer_dtype(frame["a"].dtype)
    assert [None if cell is pd.NA else cell for cell in frame["a"]] == expected


def test_integers_without_gaps_are_whole():
    """UDF-008: each batch is mended by itself."""
    first, second = got([LONG], (series(2**60 + 1, 3),), (series(5.0, NAN),))
    assert first["a"].tolist() == [2**60 + 1, 3]
    assert second["a"].isna().tolist() == [False, True]


@pytest.mark.parametrize("cell", [2.0**53, -(2.0**53), 2.0**60])
@pytest.mark.parametrize("column", [LONG, INTEGER])
def test_integers_that_a_double_does_not_tell_apart(column, cell):
    """UDF-008: 2^53 may have been 2^53 + 1."""
    with pytest.raises(InvalidInput, match=r"'a' has gaps.*fill the gaps \(UDF-008\)") as error:
        got([column], (series(cell, NAN),))
    [violation] = error.value.violations
    assert (violation.rule, violation.column) == ("UDF-008", "a")


@pytest.mark.parametrize(
    ("column", "given"),
    [
        (LONG, series(1.5, NAN)),
        (LONG, series(1.0, 2.0)),  # which Spark had as doubles, since nothing is missing
        (LONG, series(2.0**60, 1.0)),
        (LONG, series(1.0, NAN, dtype="float32")),
        (INTEGER, series(2.0**31, NAN)),
    ],
)
def test_what_was_no_such_integer_is_left_to_the_signature(column, given):
    """UDF-008, ENF-020, ENF-021."""
    with pytest.raises(InvalidInput, match=r"ENF-02[01]"):
        got([column], (given,))


def test_doubles_that_are_declared_stay_doubles():
    """UDF-008."""
    [frame] = got([ColSpec("double", "a", required=False)], (series(2.0**60, NAN),))
    assert frame["a"].dtype == "float64"


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "2024-01-02 03:04:05"),
        ("Asia/Tokyo", "2024-01-01 18:04:05"),
        ("America/New_York", "2024-01-02 08:04:05"),
    ],
)
def test_times_are_those_of_the_sessions_zone(zone, expected):
    """UDF-008: pandas has no zone beside them."""
    times = pd.to_datetime(series("2024-01-02 03:04:05", None))
    [frame] = got([MOMENT], (times,), zone=zone)
    assert frame["t"].tolist() == [pd.Timestamp(expected), pd.NaT]
    held = Object([Property("t", "datetime", required=False)])
    inputs = [ColSpec(held, "o"), ColSpec("long", "a")]
    [frame] = got(inputs, (pd.DataFrame({"t": times}), series(1, 2)), zone=zone)
    assert [pd.Timestamp(one["t"]) for one in frame["o"]] == [pd.Timestamp(expected), pd.NaT]


@pytest.mark.parametrize("time", ["2024-10-27 02:30:00", "2024-03-31 02:30:00"])
@pytest.mark.parametrize("is_object", [True, False])
def test_times_that_a_zone_does_not_tell_apart(time, is_object):
    """UDF-008: the hour that is there twice, and the one that is not."""
    times = pd.to_datetime(series(time, None))
    inputs, batch = [MOMENT], (times,)
    if is_object:
        inputs = [ColSpec(Object([Property("x", "datetime")]), "t"), LONG]
        batch = (pd.DataFrame({"x": times}), series(1, 2))
    with pytest.raises(InvalidInput, match=r"'t' has times .*Europe/Oslo.*UDF-008") as error:
        got(inputs, batch, zone="Europe/Oslo")
    assert error.value.violations[0].rule == "UDF-008"
    assert len(got(inputs, batch)) == 1


def test_a_struct_alone_is_the_table():
    """UDF-005: by names, whether it comes by itself or in a tuple, and its gaps are mended."""
    struct = pd.DataFrame({"b": ["x", "y"], "a": [1.0, NAN]})
    for batch in (struct, (struct,)):
        [frame] = got([LONG, ColSpec("string", "b")], batch)
        assert frame["b"].tolist() == ["x", "y"]
        assert (frame["a"][0], frame["a"][1]) == (1, pd.NA)


def test_structs_among_others_are_objects():
    """UDF-006, UDF-008."""
    held = Object([Property("x", "long", required=False), Property("y", "string")])
    structs = [pd.DataFrame({"x": [7.0, NAN], "y": [name, name]}) for name in "ab"]
    [frame] = got([ColSpec(held, "o"), LONG, ColSpec(held, "p")], (structs[0], series(1.0, NAN), structs[1]))  # fmt: skip
    for name, text in (("o", "a"), ("p", "b")):
        assert frame[name][0] == {"x": 7, "y": text}
        assert isinstance(frame[name][0]["x"], int)
        assert frame[name][1]["x"] is None
    assert frame["a"].isna().tolist() == [False, True]


@pytest.mark.parametrize("cell", [2.0**53, 2.0**60])
def test_objects_with_integers_that_a_double_does_not_tell_apart(cell):
    """UDF-008, ENF-042."""
    held = Object([Property("x", "long", required=False)])
    with pytest.raises(InvalidInput, match="'o', row 0, at x"):
        got([ColSpec(held, "o"), LONG], (pd.DataFrame({"x": [cell, NAN]}), series(1, 2)))


def test_columns_by_position():
    """UDF-006: what is more is ignored, and without a signature they are numbered."""
    [frame] = got([LONG], (series(1, 2), series("x", "y")))
    assert frame.to_dict("list") == {"a": [1, 2]}
    [frame] = got(None, (series(1.0, NAN), series("x", "y")))
    assert list(frame) == ["0", "1"]
    assert frame["0"].dtype == "float64"


def test_tensors_are_no_columns_to_mend():
    """UDF-007."""
    [array] = got([TensorSpec(np.dtype("float64"), (-1,))], (series(2.0**60, NAN),))
    assert array[0] == 2.0**60
    assert np.isnan(array[1])


def test_answers_are_as_spark_takes_them():
    """UDF-008, UDF-017: integers with gaps are Arrow's, and a struct is a frame."""
    answer = pd.DataFrame({"n": pd.array([2**60 + 1, None], "Int64"), "s": ["x", None]})
    batch = (series(1, 2),)
    column = Scoring(Held([LONG], answer), result_of("long"), None, "UTC").pandas(batch)
    assert column[0] == 2**60 + 1
    assert column.isna().tolist() == [False, True]
    fields = [{"name": "s", "type": "string"}, {"name": "n", "type": "long"}]
    kind = result_of({"type": "struct", "fields": fields})
    frame = Scoring(Held([LONG], answer), kind, None, "UTC").pandas(batch)
    assert list(frame) == ["s", "n"]
    assert frame["n"][0] == 2**60 + 1
    assert frame["s"][0] == "x"
    assert frame.loc[1].isna().all()
