"""Answers of other kinds than JSON has: decimals, arrays of data frames, objects of classes."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime as dt
import enum
import json
import pathlib
import sys
import uuid
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmodel.errors import UnserializablePrediction
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations import score
from mlmodel.scoring.writers.predictions import write_bare, write_enveloped
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema


class Shade(enum.Enum):
    DARK = "dark"
    LEVEL = 2


class Word(str, enum.Enum):  # noqa: UP042 - what str() says of it is not its value
    YES = "yes"


class Number(enum.IntEnum):
    THREE = 3


@dataclasses.dataclass
class Point:
    x: float
    rest: list[Any]


@dataclasses.dataclass(slots=True)
class Slotted:
    at: dt.date


class Reply(pydantic.BaseModel):
    text: str
    price: Decimal
    secret: str = pydantic.Field("s3cret", exclude=True)
    inner: Point | None = None


class Words(pydantic.RootModel[list[str]]):
    pass


class Broken(pydantic.BaseModel):
    text: str

    @pydantic.field_serializer("text")
    def _fail(self, _: str) -> str:
        raise OSError("the disk")


class Attributed:
    """What attrs makes of a class, as far as it is asked for."""

    __attrs_attrs__ = (collections.namedtuple("Attribute", "name")("x"),)  # noqa: PYI024

    def __init__(self) -> None:
        self.x = [1]
        self.cache = object()


class Pair(tuple[Any, ...]):
    __slots__ = ()


#: Beyond it a decimal may be no double.
BOUND = Decimal("1E+300")
DECIMALS: list[tuple[Any, str]] = [
    (Decimal("1.10"), "1.10"),
    ([Decimal("1E+3"), Decimal("0E-8"), Decimal("-0")], "[1E+3,0E-8,-0]"),
    ([Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity")], '[null,null,"-Infinity"]'),
    (Decimal("123456789012345678901234567890.123"), "123456789012345678901234567890.123"),
    (pd.DataFrame({"p": [Decimal("1.10"), None]}), '[{"p":1.10},{"p":null}]'),
    (np.array([Decimal("1.5"), None], object), "[1.5,null]"),
    ({"a": [2**70, Decimal("2.50"), np.array([1.5, np.nan])]}, f'{{"a":[{2**70},2.50,[1.5,null]]}}'),
    (pd.Series([Decimal("1.1"), None], dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
     '[{"0":1.10},{"0":null}]'),
    (pd.Series(pd.Categorical([Decimal("1.50")])), '[{"0":1.50}]'),
]  # fmt: skip


@pytest.mark.parametrize(("prediction", "expected"), DECIMALS)
def test_decimals_keep_their_digits(prediction: Any, expected: str) -> None:
    """RST-101."""
    assert write_bare(prediction).decode() == expected
    assert write_enveloped(prediction).decode() == f'{{"predictions":{expected}}}'


@pytest.mark.parametrize("digits", ["1E+400", "-1.5E+309"])
def test_a_decimal_beyond_doubles_is_refused(digits: str) -> None:
    """RST-101."""
    with pytest.raises(UnserializablePrediction, match="/predictions/0 is a decimal"):
        write_enveloped([Decimal(digits)])


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-BOUND, max_value=BOUND))
def test_a_decimal_reads_as_the_nearest_double(value: Decimal) -> None:
    """RST-101: as the same that is read where it is sent back (ENF-046)."""
    answer = write_bare(value)
    assert json.loads(answer, parse_float=Decimal, parse_int=Decimal) == value
    assert float(json.loads(answer)) == float(value)


def _arrow(values: list[Any], kind: Any) -> pd.Series[Any]:
    return pd.Series(values, dtype=pd.ArrowDtype(kind))


ARRAYS: list[tuple[Any, str]] = [
    (pd.cut(np.array([1, 2, 3]), 2, labels=["lo", "hi"]), '["lo","lo","hi"]'),
    (pd.cut(np.array([0, 2]), [0, 1, 2], include_lowest=False), '[null,"(1.0, 2.0]"]'),
    (pd.Series(pd.Categorical(["x", None], ordered=True)), '[{"0":"x"},{"0":null}]'),
    (pd.Categorical([2, None, 1]), "[2,null,1]"),
    (pd.CategoricalIndex(["x"]), '["x"]'),
    (pd.array([1, None], dtype="Int64"), "[1,null]"),
    (pd.array([1.5, None], dtype="Float32"), "[1.5,null]"),
    (pd.array([True, None], dtype="boolean"), "[true,null]"),
    (pd.array(["x", None], dtype="string"), '["x",null]'),
    (_arrow([[1, 2], None], pa.list_(pa.int64())), '[{"0":[1,2]},{"0":null}]'),
    (_arrow([{"a": 1}], pa.struct([("a", pa.int64())])), '[{"0":{"a":1}}]'),
    (_arrow([dt.date(2020, 1, 1)], pa.date32()), '[{"0":"2020-01-01"}]'),
    (_arrow([b"a"], pa.binary()), '[{"0":"YQ=="}]'),
    (pd.array(pd.to_datetime(["2020-01-01"])), '["2020-01-01T00:00:00"]'),
    (pd.period_range("2020", periods=2, freq="M"), '["2020-01","2020-02"]'),
    (pd.Series(pd.period_range("2020", periods=1, freq="Q")), '[{"0":"2020Q1"}]'),
    (pd.interval_range(0, 2), '["(0, 1]","(1, 2]"]'),
    ({"bins": pd.Series([pd.Interval(0, 1)], name="b")}, '{"bins":[{"b":"(0, 1]"}]}'),
    (pd.arrays.SparseArray([0, 1]), "[0,1]"),
    ([uuid.UUID(int=1)], '["00000000-0000-0000-0000-000000000001"]'),
]


@pytest.mark.parametrize(("prediction", "expected"), ARRAYS)
def test_arrays_of_data_frames_are_lists_of_their_cells(prediction: Any, expected: str) -> None:
    """RST-102."""
    assert write_bare(prediction).decode() == expected


OBJECTS: list[tuple[Any, str]] = [
    (Point(np.float64("nan"), [Slotted(dt.date(2020, 1, 1))]),
     '{"x":null,"rest":[{"at":"2020-01-01"}]}'),
    (Reply(text="x", price=Decimal("1.10"), inner=Point(1.5, [2**64])),
     '{"text":"x","price":1.10,"inner":{"x":1.5,"rest":[18446744073709551616]}}'),
    (Words(["a", "b"]), '["a","b"]'),
    (Attributed(), '{"x":[1]}'),
    ([Shade.DARK, Shade.LEVEL, Word.YES, Number.THREE], '["dark",2,"yes",3]'),
    ({Word.YES: Shade.LEVEL, Shade.DARK: 1, Number.THREE: 2}, '{"yes":2,"dark":1,"3":2}'),
    (pd.DataFrame({"s": [Word.YES, Shade.DARK]}), '[{"s":"yes"},{"s":"dark"}]'),
    (Pair([1, "x"]), '[1,"x"]'),
    (collections.deque([1, 2]), "[1,2]"),
    (range(2), "[0,1]"),
    ({"a": 1}.keys(), '["a"]'),
    ({"a": 1}.values(), "[1]"),
    ({"a": 1}.items(), '[["a",1]]'),
    (array.array("d", [1.5]), "[1.5]"),
    (collections.Counter("aab"), '{"a":2,"b":1}'),
]  # fmt: skip


@pytest.mark.parametrize(("prediction", "expected"), OBJECTS, ids=lambda one: type(one).__name__)
def test_objects_that_declare_their_fields(prediction: Any, expected: str) -> None:
    """RST-103."""
    assert write_bare(prediction).decode() == expected


@pytest.mark.filterwarnings("ignore")
def test_models_of_the_first_pydantic() -> None:
    """RST-103."""
    from pydantic import v1

    class Old(v1.BaseModel):
        a: int
        d: dt.date

    assert write_bare([Old(a=1, d="2020-01-01")]) == b'[{"a":1,"d":"2020-01-01"}]'


REFUSED: list[tuple[Any, str]] = [
    ((one for one in [1]), "generator, which JSON cannot hold; answer a list"),
    (map(str, [1]), "answer a list"),
    (frozenset([1]), "answer a sorted list"),
    (dt.timedelta(1), "total_seconds"),
    ([pathlib.Path("/home/s3cret")], "/predictions/0 is a pathlib.PosixPath"),
    (pa.table({"a": [1]}), "answer its to_pandas"),
    (Point, "builtins.type"),
    (Broken(text="x"), "Broken whose fields cannot be read"),
    ({dt.date(2020, 1, 1): 1}, "a key of type date"),
    (Point(1.0, [object()]), "/predictions/rest/0 is a builtins.object"),
    (memoryview(b"x"), "memoryview"),
]


@pytest.mark.parametrize(("prediction", "said"), REFUSED, ids=lambda one: type(one).__name__)
def test_what_has_no_form_is_told_what_to_answer(prediction: Any, said: str) -> None:
    """RST-047."""
    with pytest.raises(UnserializablePrediction) as raised:
        write_enveloped(prediction)
    assert said in str(raised.value)
    assert "RST-047" in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_nothing_is_imported_to_write_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """RST-103: a server without pydantic has no models of it."""
    for name in ("pydantic", "pydantic.v1"):
        monkeypatch.setitem(sys.modules, name, None)
    assert write_bare([Point(1.0, [])]) == b'[{"x":1.0,"rest":[]}]'


def test_a_decimal_goes_out_and_in_again() -> None:
    """RST-101, ENF-046: what is answered is taken as the double that it is nearest to."""
    signature = ModelSignature(Schema([ColSpec("double", "p")]))
    seen: list[Any] = []
    engine = Engine(lambda data, _: seen.append(data) or [Decimal("0.10")], signature)
    answer = json.loads(score("application/json", b'{"inputs": {"p": [1]}}', engine))
    body = json.dumps({"inputs": {"p": answer["predictions"]}}).encode()
    score("application/json", body, engine)
    assert seen[1]["p"].tolist() == [0.1]
