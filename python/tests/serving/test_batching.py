"""Requests that are predicted together (RST-170 to RST-174)."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmodel.errors import DeadlineExceeded, InvalidInput
from mlmodel.models import ModelSignature
from mlmodel.scoring.engine import Engine
from mlmodel.serving.batching import Batches, has_open_rows
from mlmodel.serving.rows import cut, join, likeness
from mlmodel.types import ColSpec, DataType, ParamSpec, Schema, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATIENCE = 100
LONG = 1000.0


class Model:
    """Answers twice the number of a row, fails at 13, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[list[float]] = []

    def predict(self, data: pd.DataFrame, _params: Any) -> Any:
        rows = data["a"].tolist()
        self.asked.append(rows)
        if 13 in rows:
            raise ZeroDivisionError("unlucky")
        return data["a"].to_numpy() * 2


def frame(*rows: float) -> pd.DataFrame:
    return pd.DataFrame({"a": np.array(rows, dtype=float)})


def together(
    predict: Any, given: Sequence[tuple[Any, Any]], *, rows: int = 1000, turns: int = 1
) -> list[Any]:
    """Return answers, or what was raised, of requests that come while there is no turn."""
    free = threading.BoundedSemaphore(turns)
    batches = Batches("m", predict, free, rows, LONG)

    def ask(one: tuple[Any, Any]) -> Any:
        try:
            return batches.call(*one)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - as a model may raise anything
            return error

    with ThreadPoolExecutor(len(given)) as pool:
        for _ in range(turns):
            free.acquire()
        asked, in_there = [], 0
        for one in given:
            asked.append(pool.submit(ask, one))
            like = likeness(*one)
            in_there += like is not None and like.rows < rows
            end = time.monotonic() + PATIENCE
            while batches.running + batches.waiting < in_there and time.monotonic() < end:
                time.sleep(0.001)
        for _ in range(turns):
            free.release()
        return [one.result() for one in asked]


def told(answers: Sequence[Any]) -> list[Any]:
    return [str(one) if isinstance(one, BaseException) else one.tolist() for one in answers]


def test_requests_that_wait_are_asked_together() -> None:
    """RST-171: in the order in which they came, and each gets its rows."""
    model = Model()
    given_ = [(frame(1), None), (frame(2, 3), None), (frame(4), None)]
    assert told(together(model.predict, given_)) == [[2], [4, 6], [8]]
    assert model.asked == [[1, 2, 3, 4]]


def test_no_more_rows_than_a_batch_may_have() -> None:
    """RST-171: what does not fit in waits for the next; more than that is asked alone."""
    model = Model()
    given_ = [(frame(*range(n)), None) for n in (3, 2, 1, 2, 9)]
    answers = together(model.predict, given_, rows=4)
    assert told(answers) == [[2.0 * n for n in range(rows)] for rows in (3, 2, 1, 2, 9)]
    assert sorted(map(len, model.asked)) == [4, 4, 9]


def test_what_fills_a_prediction_by_itself_does_not_wait_for_others() -> None:
    """RST-171: where there is a turn, it is asked while another prediction goes on."""
    begun, go_on = threading.Event(), threading.Event()

    def predict(data: Any, _params: Any) -> Any:
        if len(data) == 1:
            begun.set()
            assert go_on.wait(PATIENCE)
        return data["a"].to_numpy()

    batches = Batches("m", predict, threading.BoundedSemaphore(2), 4, LONG)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(batches.call, frame(1), None)
        try:
            assert begun.wait(PATIENCE)
            full = pool.submit(batches.call, frame(1, 2, 3, 4), None)
            assert full.result(PATIENCE).tolist() == [1, 2, 3, 4]
        finally:
            go_on.set()
        assert one.result(PATIENCE).tolist() == [1]


def test_what_is_not_alike_is_not_mixed() -> None:
    """RST-171: types and order of columns, names, indexes, values and types of parameters."""
    asked = []

    def predict(data: Any, params: Any) -> Any:
        asked.append((data, params))
        return np.zeros(len(next(iter(data.values())) if isinstance(data, dict) else data))

    one = frame(1)
    categories = pd.CategoricalDtype(["x", "y"]), pd.CategoricalDtype(["y", "x"])
    array, wide = np.zeros((1, 2)), np.zeros((1, 3))
    kinds: list[tuple[Any, Any]] = [
        (one, None), (one, {}), (one, {"k": 1}), (one, {"k": 1.0}), (one, {"k": True}),
        (one, {"k": "1"}), (one, {"k": 0.0}), (one, {"k": -0.0}), (one, {"k": [1]}),
        (one, {"k": [1, 1]}), (one, {"j": 1}), (one.astype("float32"), None),
        (one.astype("Float64"), None), (one.astype(object), None), (one.set_axis(["b"], axis=1), None),
        (one.set_axis([0], axis=1), None), (one.assign(b=1.0), None), (one.assign(b=1.0)[["b", "a"]], None),
        *((pd.DataFrame({"a": pd.Series(["x"], dtype=dtype)}), None) for dtype in categories),
        (array, None), (array.astype("float32"), None), (wide, None), (array[0], None),
        ({"a": array}, None), ({"b": array}, None), ({"a": wide}, None), ({"a": array, "b": array}, None),
        (array.astype(">f8"), None),
    ]  # fmt: skip
    together(predict, kinds)
    assert len(asked) == len(kinds)
    asked.clear()
    together(predict, [one for one in kinds for _ in range(2)])
    assert len(asked) == len(kinds)


ALONE: list[tuple[Any, Any]] = [
    (frame(), None), (frame(1).set_axis([5]), None), (frame(1).rename_axis("i"), None),
    (frame(1).set_axis(["a"]), None), ([1], None), (np.float64(1), None), (np.array(1), None),
    ({"a": np.zeros(1), "b": np.zeros(2)}, None), ({"a": [1]}, None), ({}, None), (None, None),
    (frame(1), {"k": np.zeros(2000)}), (frame(1), {"k": {"a": 1}}), (frame(1), {"k": [[1]]}),
    (np.ma.masked_array([1.0]), None), (pd.Series([1.0]), None),
]  # fmt: skip


@pytest.mark.parametrize("one", ALONE, ids=range(len(ALONE)))
def test_what_is_asked_alone(one: tuple[Any, Any]) -> None:
    """RST-171."""
    assert likeness(*one) is None
    asked = []
    together(lambda data, _: asked.append(data), [one, one])
    assert [data is one[0] for data in asked] == [True, True]


def test_a_request_that_the_model_fails_at_fails_alone() -> None:
    """RST-172: all are asked once more, each alone."""
    model = Model()
    given_ = [(frame(1), None), (frame(12, 13), None), (frame(4), None), (frame(13), None)]
    assert told(together(model.predict, given_)) == [[2], "unlucky", [8], "unlucky"]
    assert model.asked[0] == [1, 12, 13, 4, 13]
    assert sorted(model.asked[1:]) == [[1], [4], [12, 13], [13]]


@pytest.mark.parametrize("error", [InvalidInput("no"), SystemExit(3), MemoryError()])
def test_whatever_a_model_raises(error: BaseException) -> None:
    """RST-172: it reaches whom it is about as it is."""

    def predict(data: pd.DataFrame, _: Any) -> Any:
        if 13 in data["a"].tolist():
            raise error
        return data["a"].to_numpy()

    answers = together(predict, [(frame(n), None) for n in (1, 13, 2)])
    assert answers[1] is error
    assert told(answers[::2]) == [[1], [2]]


@pytest.mark.parametrize(
    "answer",
    [7.0, "abc", None, [1, 2], (1, 2, 3), np.zeros(2), np.float64(1), {}, {"a": [1]}, {"a": 1},
     pd.Series([1, 2, 3], index=[1, 2, 3]), pd.DataFrame({"a": [1, 2]}), {"a": "abc"}],
    ids=range(13),
)  # fmt: skip
def test_an_answer_without_a_value_for_each_row(
    answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """RST-172: each is asked alone, and so are all from then on; the log says so, once."""
    asked = []

    def predict(data: pd.DataFrame, _: Any) -> Any:
        asked.append(len(data))
        return answer

    free = threading.BoundedSemaphore(1)
    with caplog.at_level(logging.WARNING):
        answers = together(predict, [(frame(n), None) for n in range(3)])
    assert all(one is answer for one in answers)
    assert asked == [3, 1, 1, 1]
    assert [record.message.count("RST-172") for record in caplog.records] == [1]
    assert cut(answer, [1, 2]) is None
    assert free.acquire(blocking=False)


def test_a_model_that_writes_into_what_it_gets() -> None:
    """RST-171: neither data nor parameters of one request reach another."""

    def predict(data: pd.DataFrame, params: dict[str, Any]) -> Any:
        data["a"] += 1
        params["k"] += 1
        if len(data) > 1:
            raise ValueError
        return [data["a"].iloc[0], params["k"]]

    asked = [(frame(n), {"k": 1}) for n in range(3)]
    assert together(predict, asked) == [[n + 1, 2] for n in range(3)]


def test_nobody_waits_while_the_model_is_free() -> None:
    """RST-173."""
    model = Model()
    batches = Batches("m", model.predict, threading.BoundedSemaphore(1), 10, LONG)
    for n in range(3):
        assert batches.call(frame(n), None).tolist() == [2 * n]
    assert (batches.running, batches.waiting) == (0, 0)


class Held:
    """Answers when it is let go; notes how many predictions went on at a time."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked: list[list[float]] = []
        self.most = self._now = 0
        self._lock = threading.Lock()

    def predict(self, data: pd.DataFrame, _: Any) -> Any:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self.asked.append(data["a"].tolist())
        if data["a"].iloc[0] == 0:
            assert self.let_go.wait(PATIENCE)
        time.sleep(0.01)
        with self._lock:
            self._now -= 1
        return data["a"].to_numpy()


@contextmanager
def threads(count: int, model: Held) -> Iterator[ThreadPoolExecutor]:
    """Give some threads; the model lets go of them also where a test fails meanwhile."""
    with ThreadPoolExecutor(count) as pool:
        try:
            yield pool
        finally:
            model.let_go.set()


def test_a_request_waits_no_longer_than_it_may(wait_for: Callable[..., None]) -> None:
    """RST-173: then it is asked beside the one that goes on, with what has come."""
    model = Held()
    batches = Batches("m", model.predict, threading.BoundedSemaphore(2), 10, 0.05)
    with threads(4, model) as pool:
        held = pool.submit(batches.call, frame(0), None)
        wait_for(lambda: model.asked)
        others = [pool.submit(batches.call, frame(n), None) for n in (1, 2, 3)]
        assert [one.result(PATIENCE).tolist() for one in others] == [[1], [2], [3]]
        assert not held.done()
        model.let_go.set()
        assert held.result(PATIENCE).tolist() == [0]
    assert (batches.running, batches.waiting) == (0, 0)


@pytest.mark.thorough
@pytest.mark.parametrize("wait", [0, LONG])
def test_where_there_is_no_turn_it_waits_for_one(
    wait: float, wait_for: Callable[..., None]
) -> None:
    """RST-173, RST-174: no more predictions go on than there are turns, of whatever model."""
    model, turns = Held(), threading.BoundedSemaphore(1)
    batches = Batches("m", model.predict, turns, 10, wait)
    other = Batches("other", model.predict, turns, 10, wait)
    with threads(8, model) as pool:
        held = pool.submit(batches.call, frame(0), None)
        wait_for(lambda: model.asked)
        waiting = [pool.submit(batches.call, frame(n), None) for n in (1, 2, 3)]
        waiting.append(pool.submit(other.call, frame(4), None))
        wait_for(lambda: batches.waiting == 3 and other.running)
        time.sleep(0.2)
        assert model.asked == [[0]]
        model.let_go.set()
        assert sorted(one.result(PATIENCE).tolist() for one in [held, *waiting]) == [
            [n] for n in range(5)
        ]
    assert model.most == 1
    # Where they need not wait for the end of a prediction, one may take a turn that is free for a
    # moment, before it is handed on.
    assert sorted(map(len, model.asked)) == [1, 1, 3] or wait == 0
    assert sorted(row for rows in model.asked for row in rows) == [0, 1, 2, 3, 4]


@pytest.mark.thorough
def test_one_that_waits_for_others_has_its_own_time(wait_for: Callable[..., None]) -> None:
    """RST-173: its thread does not wait for ever for a prediction that it was put into."""
    model, turns = Held(), threading.BoundedSemaphore(1)
    batches = Batches("m", model.predict, turns, 10, 0.01, 1.5)
    with threads(2, model) as pool:
        turns.acquire()
        first = pool.submit(batches.call, frame(0), None)
        wait_for(lambda: batches.running)
        second = pool.submit(batches.call, frame(1), None)
        wait_for(lambda: batches.waiting)
        turns.release()
        with pytest.raises(DeadlineExceeded, match="RST-113"):
            second.result(PATIENCE)
        assert not first.done()
        model.let_go.set()
        assert first.result(PATIENCE).tolist() == [0]


@pytest.mark.thorough
def test_many_threads_at_once() -> None:
    """RST-172, RST-173: every request gets its own answer or failure, whatever happens around it."""
    model = Model()
    batches = Batches("m", model.predict, threading.BoundedSemaphore(2), 7, 0.0005)
    failures: list[Any] = []

    def client(first: int) -> None:
        for n in range(first, first + 300):
            rows = [n, *[n + 0.5] * (n % 3)]
            rows = [13, *rows] if n % 50 == 0 else rows
            try:
                answer = batches.call(frame(*rows), {"k": n % 2} if n % 5 else None).tolist()
            except ZeroDivisionError:
                answer = "unlucky"
            expected = "unlucky" if 13 in rows else [2 * one for one in rows]
            if answer != expected:
                failures.append((rows, answer))

    clients = [threading.Thread(target=client, args=(1000 * n,)) for n in range(8)]
    for one in clients:
        one.start()
    for one in clients:
        one.join(PATIENCE)
        assert not one.is_alive()
    assert failures == []
    assert (batches.running, batches.waiting) == (0, 0)


CELLS = {
    "double": st.floats(allow_nan=True),
    "float": st.floats(width=32),
    "long": st.integers(-(2**63), 2**63 - 1),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "boolean": st.booleans(),
    "string": st.text(max_size=5) | st.none(),
    "datetime": st.datetimes(pd.Timestamp(0), pd.Timestamp("2200-01-01")).map(
        lambda when: pd.Timestamp(when).isoformat()
    ),
}


@pytest.mark.thorough
@given(st.data())
def test_any_requests_are_answered_as_alone(data: st.DataObject) -> None:
    """RST-171: tables of any columns, as the signature lets them through."""
    types = data.draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4))
    names = [f"c{n}" for n in range(len(types))]
    schema = Schema(
        [ColSpec(DataType[kind], name) for kind, name in zip(types, names, strict=True)]
    )
    engine = Engine(lambda given, _: given, ModelSignature(inputs=schema))
    row = st.tuples(*(CELLS[kind] for kind in types))
    tables = data.draw(st.lists(st.lists(row, min_size=1, max_size=3), min_size=1, max_size=5))
    made = [engine.enforce(_typed(pd.DataFrame(rows, columns=names), types)) for rows in tables]
    groups: dict[Any, list[pd.DataFrame]] = {}
    for one in made:
        like = likeness(one, None)
        assert like is not None
        assert like.rows == len(one)
        groups.setdefault(like.kind, []).append(one)
    for alike in groups.values():
        parts = cut(join(alike), [len(one) for one in alike])
        assert parts is not None
        for alone, part in zip(alike, parts, strict=True):
            pd.testing.assert_frame_equal(part, alone, check_exact=True)


def _typed(table: pd.DataFrame, types: Sequence[str]) -> pd.DataFrame:
    dtypes = {"double": "float64", "float": "float32", "long": "int64", "integer": "int32",
              "boolean": "bool", "string": object, "datetime": "datetime64[ns]"}  # fmt: skip
    columns = {
        name: pd.Series(list(table[name]), dtype=object).astype(dtypes[kind], errors="ignore")
        for name, kind in zip(table.columns, types, strict=True)
    }
    return pd.DataFrame(columns)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), st.integers(0, 3))
def test_arrays_are_cut_where_they_were_joined(sizes: list[int], axes: int) -> None:
    """RST-171."""
    shapes = [(size, *range(2, 2 + axes)) for size in sizes]
    parts: list[Any] = [np.random.default_rng(size).normal(size=shape) for size, shape in
                        zip(sizes, shapes, strict=True)]  # fmt: skip
    for ways in (parts, [{"x": one, "y": one[:, None]} for one in parts]):
        back = cut(join(ways), sizes)
        assert back is not None
        for one, other in zip(ways, back, strict=True):
            np.testing.assert_equal(one, other)


def test_objects_stay_as_they_are() -> None:
    """RST-171: times in a column of objects do not become a column of times."""
    given_ = [pd.DataFrame({"a": pd.Series([pd.Timestamp(0)], dtype=object)}) for _ in range(2)]
    assert join(given_).dtypes.tolist() == [np.dtype(object)]


def test_signatures_that_leave_the_rows_open() -> None:
    """RST-171."""

    def engine(*specs: Any, **more: Any) -> Engine:
        inputs = Schema(list(specs)) if specs else None
        return Engine(lambda data, _: data, ModelSignature(inputs=inputs, **more))

    assert has_open_rows(engine(ColSpec("double", "a")))
    assert has_open_rows(engine(TensorSpec("float32", (-1, 3))))
    assert has_open_rows(Engine(lambda data, _: data))
    assert has_open_rows(engine(params=[ParamSpec("k", "long", 1)]))
    assert not has_open_rows(engine(TensorSpec("float32", (1, 3))))
    assert not has_open_rows(
        engine(TensorSpec("float32", (-1, 3), "a"), TensorSpec("str", (1,), "b"))
    )


def test_answers_of_any_kind_are_cut() -> None:
    """RST-171: lists, mappings, tables, and arrays of any dtype."""
    for answer, first in (
        ([1, "a", None, [2]], [1]),
        ({"a": [1, 2, 3, 4], "b": np.arange(4)}, {"a": [1], "b": [0]}),
        ({"a": pd.Series(["x", "y", "z", None])}, {"a": ["x"]}),
        (np.array(["a", "bbb", "c", "d"]), ["a"]),
    ):
        parts = cut(answer, [1, 3])
        assert parts is not None
        found = parts[0]
        if isinstance(found, dict):
            assert {name: list(one) for name, one in found.items()} == first
        else:
            assert list(found) == first
