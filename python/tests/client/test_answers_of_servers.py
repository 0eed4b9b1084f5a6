"""What a client answers with is what the model answers in process (RST-185, RST-186, RST-188)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from in_process import PROTOCOLS, Asking

from mlmodel.client.dialogue import Dialogue
from mlmodel.client.options import options_of
from mlmodel.client.wire import Reply, converse
from mlmodel.errors import InternalError, InvalidArgument, InvalidInput, ModelNotFound
from mlmodel.models import ModelSignature
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.fidelity.answers import difference
from mlmodel.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec

INDEX = [0, 1, 2]
TIMES = pd.to_datetime(["2024-01-01", None, "2024-02-02T03:04:05.123456789"], format="ISO8601")
#: What a model answers to three rows.
ANSWERS: dict[str, Any] = {
    "frame": pd.DataFrame({"y": [1.5, np.nan, np.inf], "n": [1, 2, 2**53 + 1]}),
    "numbered frame": pd.DataFrame([[1, 2], [3, 4], [5, 6]]),
    "frame of narrow numbers": pd.DataFrame({
        "f": np.array([0.1, 1, 2], np.float32), "i": np.array([1, 2, 3], np.int32),
        "b": [True, False, True], "u": np.array([1, 2, 2**64 - 1], np.uint64),
    }),
    "integers with gaps": pd.DataFrame({"y": pd.array([1, None, 2**53 + 1], "Int64")}),
    "texts with gaps": pd.DataFrame({"y": ["a", None, ""]}),
    "times with gaps": pd.DataFrame({"y": TIMES}),
    "series": pd.Series([1, 2, 3]),
    "series with a name": pd.Series(["x", "y", "z"], name="label"),
    "array": np.array([1.5, 2.5, -0.0]),
    "array of float32": np.array([0.1, 2.5, np.nan], np.float32),
    "array of integers": np.array([1, 2, 3], np.int16),
    "array of two columns": np.array([[1, 2], [3, 4], [5, 6]]),
    "array of three axes": np.arange(12.0).reshape(3, 2, 2),
    "texts": np.array(["a", "bc", ""]),
    "booleans": np.array([True, False, True]),
    "list": [1, 2, 3],
    "list of texts": ["a", "b", "c"],
    "list of lists": [[1, 2], [3], []],
    "list of objects": [{"a": 1, "b": [1.5]}, {"a": 2}, {}],
    "arrays by name": {"p": np.array([0.5, 0.25, 1]), "q": np.array(["a", "b", "c"])},
    "number": 3.5,
    "text": "all good",
}  # fmt: skip
#: What the form of the answer cannot hold, and gRPC's binary contents cannot either (OIP-013).
NOT_HELD = {("grpc", "integers with gaps"), ("grpc", "times with gaps")}
OUTPUTS = Schema([ColSpec("long", "p"), ColSpec("long", "q")])
FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0]})


@pytest.mark.parametrize("declared", [None, OUTPUTS], ids=["undeclared", "two columns"])
@pytest.mark.parametrize("protocol", ["auto", "grpc-frames"])
@pytest.mark.parametrize("kind", ANSWERS)
def test_the_answer_is_of_the_model_s_own_kind(
    kind: str, protocol: str, declared: Schema | None
) -> None:
    """RST-186, RST-188, GRP-026: kind, names and dtypes."""
    own = ANSWERS[kind]
    signature = ModelSignature(Schema([ColSpec("double", "a")]), declared)
    given = Asking(protocol, m=Engine(lambda *_: own, signature)).predict(FRAME)
    assert type(given) is type(own) or isinstance(own, float | str)
    if isinstance(own, pd.DataFrame):
        pd.testing.assert_frame_equal(given, own, check_dtype=True, check_column_type=False)
    elif isinstance(own, pd.Series):
        pd.testing.assert_series_equal(given, own)
    elif isinstance(own, np.ndarray):
        # The Open Inference Protocol has no lengths of texts.
        as_objects = protocol == "auto" and own.dtype.kind == "U"
        assert given.dtype == (object if as_objects else own.dtype)
        np.testing.assert_array_equal(given, own)
    elif isinstance(own, dict):
        assert {name: held.tolist() for name, held in given.items()} == {
            name: held.tolist() for name, held in own.items()
        }
    else:
        assert given == own


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ANSWERS)
def test_the_answer_is_equal_by_every_protocol(kind: str, protocol: str) -> None:
    """RST-188, FID-002."""
    if (protocol, kind) in NOT_HELD or (protocol == "invocations" and "times" in kind):
        pytest.skip("the form of the answer cannot hold it, or has it as text")
    own = ANSWERS[kind]
    given = Asking(
        protocol, m=Engine(lambda *_: own, ModelSignature(Schema([ColSpec("double", "a")])))
    ).predict(FRAME)
    assert difference(own, given) is None


def test_binary_data_hold_numbers_and_json_what_is_missing() -> None:
    """RST-186: a long answer, of which one column has gaps that no binary form has."""
    own = pd.DataFrame({"i": pd.array([1, None] * 500, "Int64"), "f": np.arange(1000.0)})
    asking = Asking(m=Engine(lambda *_: own, ModelSignature(Schema([ColSpec("double", "a")]))))
    given = asking.predict(pd.DataFrame({"a": np.arange(1000.0)}))
    pd.testing.assert_frame_equal(given, own)
    assert dict(asking.calls[-1].headers)["Content-Type"] == "application/octet-stream"


COLUMNS = ModelSignature(Schema([
    ColSpec("long", "n", required=False), ColSpec("string", "s"), ColSpec("datetime", "t"),
    ColSpec("binary", "b"), ColSpec("boolean", "o", required=False),
]))  # fmt: skip
ROWS = pd.DataFrame({
    "n": pd.array([1, None, 2**53 + 1], "Int64"),
    "s": ["a", "é\0", ""],
    "t": pd.to_datetime(["2024-01-01", "2024-01-02", "1970-01-01T00:00:00.000000001"], format="ISO8601"),
    "b": [b"\xff", b"", b"abc"],
    "o": pd.Series([True, None, False], dtype=object),
})  # fmt: skip


def _seen(engine: Engine, data: Any) -> Any:
    """Return what the model gets in process."""
    held: list[Any] = []
    Engine(lambda given, _: held.append(given), engine.signature).predict(data)
    return held[0]


TABLES = {
    "pandas": ROWS,
    "Arrow": pa.Table.from_pandas(ROWS, preserve_index=False),
    "Polars": pl.DataFrame({
        "n": [1, None, 2**53 + 1], "s": ["a", "é\0", ""], "t": ROWS["t"].to_list(),
        "b": [b"\xff", b"", b"abc"], "o": [True, None, False],
    }),
    "records": [
        {"n": 1, "s": "a", "t": pd.Timestamp("2024-01-01").to_pydatetime(), "b": b"\xff", "o": True},
        {"s": "b", "t": pd.Timestamp("2024-01-02").to_pydatetime(), "b": b"", "o": None},
    ],
    "lists by name": {"s": ["x"], "t": [pd.Timestamp("2024-01-01").to_pydatetime()], "b": [b"1"], "n": [2**60]},
}  # fmt: skip


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", TABLES)
def test_the_model_gets_what_it_gets_in_process(kind: str, protocol: str) -> None:
    """RST-188: data with types and without, and what is missing."""
    held: list[Any] = []
    engine = Engine(lambda given, _: held.append(given) or [1.0] * len(given), COLUMNS)
    Asking(protocol, m=engine).predict(TABLES[kind])
    pd.testing.assert_frame_equal(held[0], _seen(engine, TABLES[kind]))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "data",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        {"x": np.arange(6, dtype=np.float32).reshape(2, 3)},
    ],
    ids=["array", "arrays by name"],
)
def test_tensors_reach_the_model_as_they_are(data: Any, protocol: str) -> None:
    """RST-188."""
    held: list[Any] = []
    name = "x" if isinstance(data, dict) else None
    signature = ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, 3), name)]))
    engine = Engine(lambda given, _: held.append(given) or [1.0, 2.0], signature)
    Asking(protocol, m=engine).predict(data)
    seen, given = _seen(engine, data), held[0]
    seen, given = (one["x"] if name else one for one in (seen, given))
    assert (given.dtype, given.tolist()) == (seen.dtype, seen.tolist())


ONE = [TensorSpec(np.dtype("float32"), (-1, 3))]
TWO = [TensorSpec(np.dtype("float32"), (-1, 2), "a"), TensorSpec(np.dtype("int64"), (-1,), "b")]
BINARY = [ColSpec("binary", "b")]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("declared", "data", "seen"),
    [
        (ONE, [[0.5, 1, 2], [3, 4, 5]], [[0.5, 1, 2], [3, 4, 5]]),
        (TWO, {"a": [[0.5, 1], [2, 3]], "b": [1, 2]}, {"a": [[0.5, 1], [2, 3]], "b": [1, 2]}),
        ([TensorSpec(np.dtype("bytes"), (-1,))], ["AQI=", ""], [b"\1\2", b""]),
        (BINARY, [{"b": "AQI="}, {"b": "/w=="}], {"b": [b"\1\2", b"\xff"]}),
        (BINARY, {"b": ["AQI=", ""]}, {"b": [b"\1\2", b""]}),
        (
            [*BINARY, ColSpec("long", "n")],
            [{"b": "AQI=", "n": 2**60}],
            {"b": [b"\1\2"], "n": [2**60]},
        ),
    ],
    ids=["tensor", "tensors", "bytes", "records", "lists", "mixed"],
)
def test_what_json_can_say_is_said_by_every_protocol(
    declared: Any, data: Any, seen: Any, protocol: str
) -> None:
    """RST-188: base64 for bytes and lists for tensors, as the rows of `/invocations`."""
    held: list[Any] = []
    signature = ModelSignature(Schema(declared))
    engine = Engine(lambda given, _: held.append(given) or [1.0, 2.0], signature)
    Asking(protocol, m=engine).predict(data)
    (given,) = held
    if isinstance(given, pd.DataFrame):
        assert given.to_dict("list") == seen
    elif isinstance(given, dict):
        assert {name: one.tolist() for name, one in given.items()} == seen
    else:
        assert given.tolist() == seen


@pytest.mark.parametrize("protocol", [one for one in PROTOCOLS if one != "invocations"])
@pytest.mark.parametrize(
    ("declared", "data", "rule"),
    [
        (ONE, [[0.1, 1], [2]], "ENF-074"),
        (ONE, [["x", 1, 2]], "ENF-074"),
        (BINARY, [{"b": "no base64!"}], "ENF-026"),
        (BINARY, [{"c": "AQI="}], "ENF-004"),
    ],
)
def test_what_neither_takes_is_refused_without_a_request(
    declared: Any, data: Any, rule: str, protocol: str
) -> None:
    """RST-188: as the model refuses it in process."""
    asking = Asking(protocol, m=Engine(lambda given, _: given, ModelSignature(Schema(declared))))
    with pytest.raises(InvalidInput, match=rule):
        asking.predict(data)


@pytest.mark.parametrize("data", [
    scipy.sparse.csr_matrix([[0.0, 1.0]]), pd.DataFrame({(1, 2): [1.0]}), pd.DataFrame(),
    pd.DataFrame([[1.0, 2.0]], columns=["a", "a"]), {1: np.array([1.0])}, object(),
    pd.DataFrame({"a": [1 + 2j]}), np.ma.MaskedArray([1.0, 2.0], [True, False]),
])  # fmt: skip
def test_what_cannot_be_sent_is_refused(data: Any) -> None:
    """RST-188: nothing is changed to make it fit."""
    asking = Asking("v2", m=Engine(lambda *_: [1.0]))
    with pytest.raises(InvalidArgument):
        asking.predict(data)


def test_parameters_go_along() -> None:
    params = ParamSchema([ParamSpec("k", "long", 1), ParamSpec("l", "double", [0.5], (-1,))])
    held: list[Any] = []
    signature = ModelSignature(Schema([ColSpec("double", "a")]), params=params)
    engine = Engine(lambda _, given: held.append(given) or [1.0] * 3, signature)
    for protocol in ("v2", "invocations", "grpc-frames"):
        Asking(protocol, m=engine).predict(FRAME, {"k": 2**53 + 1, "l": [1.5, 2.5]})
        with pytest.warns(UserWarning, match="'z'"):
            Asking(protocol, m=engine).predict(FRAME, {"z": 1})
    Asking("grpc", m=engine).predict(FRAME, {"k": 7})
    assert [one["k"] for one in held] == [*[2**53 + 1, 1] * 3, 7]
    with pytest.raises(InvalidArgument, match="gRPC holds"):
        Asking("grpc", m=engine).predict(FRAME, {"l": [1.5]})
    with pytest.raises(InvalidArgument, match="OIP-037"):
        Asking("v2", m=engine).predict(FRAME, {"mlmodel_exact": True})


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_error_is_the_one_of_the_table(protocol: str) -> None:
    """RST-190."""
    engine = Engine(
        lambda *_: [1.0], ModelSignature(Schema([ColSpec("long", "a"), ColSpec("string", "s")]))
    )
    with pytest.raises(InvalidInput, match="fit the model's signature") as caught:
        Asking(protocol, m=engine).predict(pd.DataFrame({"a": [1.5, 2.0]}))
    found = {(one.rule, one.column) for one in caught.value.violations}
    assert ("ENF-004", "s") in found
    assert caught.value.answered is not None
    assert caught.value.answered.status == ("INVALID_ARGUMENT" if "grpc" in protocol else 400)


def test_a_single_model_needs_no_name_and_of_several_none_is_meant() -> None:
    """RST-185."""
    one, other = (
        Engine(lambda *_, n=n: [n], ModelSignature(Schema([ColSpec("double", "a")])))
        for n in (1.0, 2.0)
    )
    single = Asking(m=one)
    assert single.run(single.dialogue.server())["model"] == "m"
    several = Asking(x=one, y=other)
    assert "model" not in several.run(several.dialogue.server())
    assert several.predict(FRAME[:1], model="y") == [2.0]
    with pytest.raises(InvalidArgument, match=r"-m NAME.*RST-185"):
        several.predict(FRAME[:1])
    with pytest.raises(ModelNotFound):
        several.predict(FRAME[:1], model="z")


def test_nothing_is_said_to_who_does_not_ask() -> None:
    """RST-186."""
    asking = Asking(m=Engine(lambda *_: [1]))
    body = {"inputs": [{"name": "a", "datatype": "FP64", "shape": [1], "data": [1.0]}]}
    for exact, said in (
        (False, {"content_type": "np"}),
        (True, {"content_type": "np", "mlmodel_kind": "list"}),
    ):
        body["parameters"] = {"mlmodel_exact": exact}  # type: ignore[assignment]
        call = asking.dialogue.score("application/json", b"", None, None)
        next(call)
        from mlmodel.scoring import v2

        answer = v2.handle(
            "POST", "/v2/models/m/infer", {}, json.dumps(body).encode(), asking.models
        )
        assert json.loads(answer.body)["parameters"] == said


def test_pieces_are_one_answer_and_rows_are_those_of_all() -> None:
    """RST-191."""
    engine = Engine(
        lambda frame, _: frame["a"] * 2, ModelSignature(Schema([ColSpec("double", "a")]))
    )
    asking, data = Asking(m=engine), pd.DataFrame({"a": np.arange(10.0)})
    pd.testing.assert_series_equal(asking.predict(data, rows=3), data["a"] * 2)
    assert sum(call.path.endswith("infer") for call in asking.calls) == 4
    records = [{"a": float(n)} for n in range(10)]
    assert asking.predict(records, rows=4).tolist() == (data["a"] * 2).tolist()
    records[7] = {"a": "x"}
    with pytest.raises(InvalidInput) as caught:
        asking.predict(records, rows=3)
    assert [one.row for one in caught.value.violations] == [7]
    assert "row 7" in caught.value.message
    lists = {"a": list(range(10))}
    assert len(asking.predict(lists, rows=9)) == 10
    for wrong in (0, -1, True, 1.5):
        with pytest.raises(InvalidArgument, match="batch_rows"):
            asking.predict(data, rows=wrong)
    summing = Asking(m=Engine(lambda frame, _: [frame["a"].sum()], engine.signature))
    with pytest.raises(InvalidArgument, match="answered 1 rows"):
        summing.predict(data, rows=5)


def test_frames_need_no_name_and_know_the_signature() -> None:
    """GRP-022, GRP-029: types that hold others are read as the model itself would read them."""
    nested = Schema.from_list([
        {"type": "array", "items": {"type": "long"}, "name": "l", "required": True},
        {"type": "datetime", "name": "t", "required": False},
    ])  # fmt: skip
    held: list[Any] = []
    engine = Engine(lambda given, _: held.append(given) or [1.0], ModelSignature(nested))
    asking = Asking("grpc-frames", m=engine)
    rows = [{"l": [1, 2], "t": None}]
    for _ in range(2):
        asking.predict(rows)
        pd.testing.assert_frame_equal(held[-1], _seen(engine, rows))
    assert [call.method for call in asking.calls] == ["Describe", "Score", "Score"]
    assert asking.run(asking.dialogue.declared(None)) == nested
    assert asking.run(asking.dialogue.metadata(None))["name"] == "m"
    assert asking.run(asking.dialogue.ready(None))
    with pytest.raises(InvalidInput) as caught:
        asking.predict([{"l": ["x"]}])
    assert [call.method for call in asking.calls].count("Score") == 2  # such rows are not sent
    assert caught.value.violations[0].column == "l"


def test_of_several_models_frames_go_to_the_one_that_is_named() -> None:
    """GRP-022."""
    engines = {name: Engine(lambda *_, n=n: [n]) for n, name in enumerate(("x", "y"))}
    asking = Asking("grpc-frames", **engines)
    assert asking.predict(FRAME[:1], model="x") == [0]
    assert asking.predict(FRAME[:1], model="y") == [1]
    with pytest.raises(ModelNotFound):
        asking.predict(FRAME[:1], model="z")
    for wrong in (FRAME[:1], [{"a": 1.0}]):
        with pytest.raises(InvalidArgument, match="model_name"):
            asking.predict(wrong)


@pytest.mark.parametrize(("encoded", "says"), [
    (b"\xff", ""), (b"", "empty"), (b"\x12\x00", "is table"), (b"\x1a\x00", "is arrow"),
    (b"\x0a\x00", ""), (b"\x2a\x00", "is error"),
])  # fmt: skip
def test_an_answer_of_frames_that_is_none_is_a_fault_of_the_server(
    encoded: bytes, says: str
) -> None:
    """RST-190, GRP-026: not a message, empty, a table, Arrow, data of no kind, an error."""
    dialogue = Dialogue(options_of("grpc://h", {"protocol": "grpc-frames"}))
    with pytest.raises(InternalError, match=f"cannot be read.*{says}"):
        converse(dialogue.predict(FRAME, None, None), lambda _: Reply(200, body=encoded))


@pytest.mark.parametrize("protocol", ["v2", "grpc-frames"])
def test_who_asks_for_what_is_declared_reads_at_it_from_then_on(protocol: str) -> None:
    held: list[Any] = []
    engines = [
        Engine(lambda given, _: held.append(given) or [1.0], ModelSignature(Schema([ColSpec(of, "a")])))
        for of in ("long", "double")
    ]  # fmt: skip
    asking, other = (Asking(protocol, m=engine) for engine in engines)
    asking.predict([{"a": 1}])
    asking.models = other.models
    asking.run(asking.dialogue.declared(None))
    asking.predict([{"a": 1.5}])
    assert [one["a"].tolist() for one in held] == [[1], [1.5]]


@pytest.mark.parametrize("data", [
    scipy.sparse.csr_matrix([[0.0, 1.0]]), pd.DataFrame({(1, 2): [1.0]}), {1: np.array([1.0])}, object(),
    pd.DataFrame({"a": [Decimal("1.5")]}), np.ma.MaskedArray([1.0, 2.0], [True, False]), [[1.0], [1.0, 2.0]], {},
])  # fmt: skip
def test_what_frames_cannot_hold_is_refused(data: Any) -> None:
    """RST-188."""
    with pytest.raises(InvalidArgument):
        Asking("grpc-frames", m=Engine(lambda *_: [1.0])).predict(data)
    with pytest.raises(InvalidArgument, match="PYF-030"):
        Asking("grpc-frames", m=Engine(lambda *_: [1.0])).predict(FRAME, [1])


def test_records_that_lack_a_name_are_cut_as_a_frame_of_the_whole_would_be() -> None:
    """RST-191: a server that makes a frame of each piece, as MLflow's does, has all its columns."""
    engine = Engine(
        lambda given, _: [1.0] * len(given), ModelSignature(Schema([ColSpec("double", "a")]))
    )
    records: list[dict[str, Any]] = [{"a": 1.0}, {"a": 2.0}, {"a": 3.0, "b": 4.0}, {"a": 5.0}]
    asking = Asking("invocations", m=engine)
    asking.predict(records, rows=2)
    sent = [json.loads(call.body) for call in asking.calls if call.path.endswith("invocations")]
    assert [one["dataframe_records"] for one in sent] == [
        [{"a": 1.0, "b": None}, {"a": 2.0}], [{"a": 3.0, "b": 4.0}, {"a": 5.0}]
    ]  # fmt: skip


@pytest.mark.parametrize("protocol", ["v2", "grpc", "grpc-frames"])
def test_records_of_a_model_that_declares_nothing_are_typed_as_a_whole(protocol: str) -> None:
    """RST-191: a whole number among others that are not is one of them in its piece, too."""
    held: list[Any] = []
    engine = Engine(lambda given, _: held.append(given) or [1.0] * len(given))
    Asking(protocol, m=engine).predict([{"a": 1}, {"a": 2.5}], rows=1)
    assert [str(one["a"].dtype) for one in held] == ["float64", "float64"]


def test_a_row_is_counted_on_where_a_column_is_called_like_it() -> None:
    """RST-191."""
    engine = Engine(lambda *_: [1.0, 1.0], ModelSignature(Schema([ColSpec("double", "row 1")])))
    data = pd.DataFrame({"row 1": pd.Series([1.0, 2.0, 3.0, "x"], dtype=object)})
    with pytest.raises(InvalidInput) as caught:
        Asking("v2", m=engine).predict(data, rows=2)
    assert caught.value.violations[0].row == 3
    assert "'row 1', row 3" in caught.value.message
