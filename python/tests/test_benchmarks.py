# ruff: noqa: RUF001 - the table is for people, with the signs that they know
"""The benchmark's own code: what it computes and prints. No test asserts a time."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlmodel.scoring.v2.protobuf import message
from mlmodel.scoring.v2.rpc import handle

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def load(monkeypatch):
    """Import a module of the benchmark, whose folder is not a package."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    before = set(sys.modules)
    yield importlib.import_module
    # Their names are everyday words: they must not stand in another test's way.
    for name in set(sys.modules) - before:
        if (BENCHMARKS / f"{name}.py").exists():
            del sys.modules[name]


def samples(load, **sides):
    return load("pairing").Samples(
        {k: [{"value": v} for v in values] for k, values in sides.items()}
    )


def test_help_imports_neither_numpy_nor_either_side():
    code = (
        "import runpy, sys; sys.argv = ['run.py', '--help']\n"
        f"sys.path.insert(0, {str(BENCHMARKS)!r})\n"
        f"try: runpy.run_path({str(BENCHMARKS / 'run.py')!r}, run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0\n"
        "assert not {'numpy', 'pandas', 'mlflow', 'mlmodel'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--only" in done.stdout
    assert "--quick" in done.stdout


def test_an_unknown_row_is_refused_with_the_list_of_rows():
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--only", "nothing-like-it"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "request-10k-mixed" in done.stderr


def test_rows_have_names_of_their_own_and_someone_measures_each(load):
    rows, run = load("rows").ROWS, load("run")
    assert len({row.id for row in rows}) == len(rows)
    assert len({row.title for row in rows}) == len(rows)
    assert {row.group for row in rows} == set(run.GROUPS)

    def of(group):
        return {row.id for row in rows if row.group == group}

    assert of("command") == set(load("commands").COMMANDS)
    assert of("rest") == set(load("rest").LOADS)
    assert of("size") == set(load("sizes").EXTRAS)
    floor = set(load("inprocess_floor").TASKS)
    assert floor < of("inprocess")
    assert of("inprocess") == set(load("inprocess_mlmodel").TASKS)


def test_the_page_has_every_row_that_is_printed(load):
    """Also those that were measured in runs of their own, which stand beside the table."""
    page = (BENCHMARKS.parents[1] / "docs" / "speed.md").read_text(encoding="utf-8")
    for row in load("rows").ROWS:
        assert f"| {row.title.format(big='1,000,000')} |" in page, row.id


def test_the_parts_of_a_call_over_grpc_are_those_of_one_answer(load):
    """Each part can be made, and the bare servicer answers what ours does."""
    parts, floor = load("grpc_parts"), load("floor_grpc")
    found = parts.inside(rounds=1, times=1)
    assert len(found) == 9
    assert all(spent < float("inf") for spent in found.values())
    request = parts.request()
    bare = message("ModelInferResponse").FromString(floor.answer(request))
    ours = message("ModelInferResponse").FromString(handle("ModelInfer", request, parts.models()))
    assert list(bare.raw_output_contents) == list(ours.raw_output_contents)


#: MLflow checks no pickle before it loads it.
OURS_ALONE = {"check-words", "check-doubles", "check-small", "request-arrow"}


def test_both_sides_have_every_task_in_process():
    sources = [(BENCHMARKS / f"inprocess_{side}.py").read_text() for side in ("mlmodel", "mlflow")]
    # MLflow's side cannot be imported here: its keys are read.
    keys = [
        {line.split('"')[1] for line in source.split("TASKS = {")[1].splitlines() if '": ' in line}
        for source in sources
    ]
    assert keys[0] - OURS_ALONE == keys[1]
    assert len(keys[1]) == 25


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("rest-1-c1", ["rest-1-c1"]),
        ("memory", ["idle-memory"]),
        ("rest-1-*", ["rest-1-c1", "rest-1-c16"]),
        ("nothing", []),
    ],
)
def test_rows_are_chosen_by_pattern_or_part(load, pattern, expected):
    assert [row.id for row in load("rows").select(pattern)] == expected


def test_sides_take_turns(load):
    order = []

    def side(name, values):
        def measure():
            order.append(name)
            return {"value": values.pop(0)}

        return measure

    taken = load("pairing").interleave(
        {"mlmodel": side("a", [1.0, 2.0]), "mlflow": side("b", [10.0, 40.0])}, 2
    )
    assert order == ["a", "b", "a", "b"]
    assert taken.ratio("mlflow", "mlmodel") == 15.0


def test_a_failing_side_drops_out_with_its_reason(load):
    pairing = load("pairing")

    def fails():
        raise pairing.CannotMeasure("no such command")

    taken = pairing.interleave({"mlmodel": lambda: {"value": 1.0}, "mlflow": fails}, 3)
    assert taken.failures == {"mlflow": "no such command"}
    assert len(taken.sides["mlmodel"]) == 3
    assert taken.median("mlflow") is None


def test_a_side_beyond_the_patience_is_not_asked_again(load):
    taken = load("pairing").interleave(
        {"mlmodel": lambda: {"value": 1.0}, "mlflow": lambda: {"value": 50.0}}, 3, patience=20
    )
    assert (len(taken.sides["mlmodel"]), len(taken.sides["mlflow"])) == (3, 1)
    assert taken.ratio("mlflow", "mlmodel") == 50.0


def test_the_ratio_is_the_median_of_pairs_not_the_ratio_of_medians(load):
    taken = samples(load, mlmodel=[1.0, 2.0, 9.0], mlflow=[10.0, 60.0, 9.0])
    assert taken.ratio("mlflow", "mlmodel") == 10.0
    assert taken.median("mlflow") / taken.median("mlmodel") == 5.0


@pytest.mark.parametrize(
    ("make", "ours", "text", "reached"),
    [
        (lambda aims: aims.at_most(2, "ms"), [2.0], "≤ 2 ms", True),
        (lambda aims: aims.at_most(1.5, "ms"), [2.0], "≤ 1.5 ms", False),
        (lambda aims: aims.at_least(6000, "req/s"), [6000.0], "≥ 6,000 req/s", True),
        (lambda aims: aims.above_floor(10, "ms"), [21.0], "≤ floor + 10 ms", False),
        (lambda aims: aims.times_floor(1.3), [13.0], "≤ 1.3 × floor", True),
        (lambda aims: aims.share_of_floor(0.7), [7.0], "≥ 70% of floor", True),
        (lambda aims: aims.times_peer(40), [39.0], "≥ 40 × MLflow", False),
        (
            lambda aims: aims.both(aims.at_most(9, "ms"), aims.times_peer(40)),
            [39.0],
            "≤ 9 ms, ≥ 40 × MLflow",
            False,
        ),
        (lambda aims: aims.at_most(9, "ms"), [], "≤ 9 ms", None),
    ],
)
def test_aims(load, make, ours, text, reached):
    aim = make(load("aims"))
    assert aim.text == text
    assert aim.check(samples(load, mlmodel=ours, mlflow=[1.0], floor=[10.0])) is reached


def test_the_table_shows_median_spread_ratio_aim_and_what_is_missing(load):
    row = next(row for row in load("rows").ROWS if row.id == "enforce-big")
    taken = samples(load, mlmodel=[0.2, 0.1, 0.4], mlflow=[2000.0, 3000.0, 4000.0])
    taken.failures["floor"] = "no floor today"
    text = load("table").markdown([(row, taken)], {"Python": "3.11.0"}, 1_000_000)
    assert (
        "| enforce 1,000,000 × 20, types match | 0.2 ms (0.1 – 0.4) | 3 s (2 – 4) | – "
        "| 10,000 × | ≤ 0.3 ms | yes |"
    ) in text
    assert "- enforce-big, floor: no floor today" in text
    assert "Python 3.11.0" in text


def test_rates_are_better_when_greater(load):
    row = next(row for row in load("rows").ROWS if row.id == "rest-1000-c1")
    taken = load("pairing").Samples(
        {"mlmodel": [{"value": 4000.0, "p50": 0.25}], "mlflow": [{"value": 400.0, "p50": 2.5}]}
    )
    line = load("table").line(row, taken, 1)
    assert "4,000 req/s, 0.25 ms p50 | 400 req/s, 2.5 ms p50 | – | 10 × | – | –" in line


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234.5, "1,234"), (0.0234, "0.023"), (12.0, "12"), (12.34, "12.3"), (1.5, "1.5"), (0, "0")],
)
def test_figures_have_the_digits_that_count(load, value, text):
    assert load("table").figure(value) == text


def test_the_table_goes_between_the_markers(load):
    put = load("table").put_between_markers
    before = "a\n<!-- bench -->\nold\n<!-- /bench -->\nb\n"
    assert put(before, "new\n") == "a\n<!-- bench -->\nnew\n<!-- /bench -->\nb\n"
    with pytest.raises(ValueError, match="once each"):
        put("no markers", "new\n")


def test_wrk_results_are_read_and_failed_requests_are_no_result(load):
    wrk = load("wrk")
    line = '{"requests": 3000, "microseconds": 1500000, "p50": 125.0, "failed": %d}'
    assert wrk.read_result("Running 1s test\n\n" + line % 0) == {"value": 2000.0, "p50": 0.125}
    with pytest.raises(load("pairing").CannotMeasure, match="7 of 3000"):
        wrk.read_result(line % 7)


def test_lua_literals_hold_any_body(load):
    lua_string = load("wrk").lua_string
    assert lua_string('{"a": 1}') == '[[\n{"a": 1}]]'
    assert lua_string("[[1]]") == "[=[\n[[1]]]=]"
    assert lua_string("[1]") == "[=[\n[1]]=]"


def test_a_worker_answers_with_figures_and_errors(load, tmp_path):
    worker = load("worker")
    given = worker.Given(tmp_path, tmp_path, 10)
    side = worker.Side("floor", given)
    assert side.sample("enforce-1", 0.0) == {"absent": True}
    assert side.sample("infer-doubles", 0.0)["value"] > 0
    with pytest.raises(FileNotFoundError):
        side.sample("read-small", 0.0)
    # A task that could not be prepared gives no figure of another one's.
    with pytest.raises(FileNotFoundError):
        side.sample("read-small", 0.0)


def test_a_process_tree_has_its_memory(load):
    servers = load("servers")
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert child.pid in servers.descendants(os.getpid())
        size, processes = servers.memory(child.pid)
        assert processes == 1
        assert 0 < size < 200
    finally:
        child.communicate(b"\n")


def test_every_request_body_is_read_by_the_floor(load):
    inputs, floor = load("inputs"), load("inprocess_floor")
    frame = inputs.doubles(3)
    answer = json.loads(floor.answerer(list(frame))(inputs.split_body(frame)))
    assert answer == {"predictions": frame["c0"].tolist()}
    iris = json.loads(load("servers").IRIS_BODY)["dataframe_split"]
    assert iris["columns"] == list(inputs.iris_model()[1])


def test_samples_of_several_figures_are_interleaved_too(load):
    samples = load("pairing").interleave({"ours": lambda: {"ready": 1.0, "memory": 2.0}}, 3)
    assert samples.sides["ours"] == [{"ready": 1.0, "memory": 2.0}] * 3


def test_an_earlier_checkout_stands_in_mlflows_place(load, tmp_path, monkeypatch):
    bench, old = load("bench"), tmp_path / "old"
    ran = []
    monkeypatch.setattr(
        bench.Bench, "run", lambda _, side, command: ran.append((side, command)) or "{}"
    )
    run = bench.Bench(tmp_path, before=bench.Bench(tmp_path, root=old))
    python = str(old / ".venv" / "bin" / "python")
    assert run.python("mlflow") == python != run.python("mlmodel")
    served = load("servers").command_line(run, "mlflow", "iris", 1)
    assert served[0] == str(old / ".venv" / "bin" / "mlmodel")
    assert served[1:4] == ["serve", "-m", str(tmp_path / "models-mlmodel-before" / "iris")]
    rows = {row.id: row for row in load("rows").ROWS}
    commands = load("commands")
    monkeypatch.setattr(commands, "interleave", lambda *_: samples(load))
    list(commands.measure(run, [rows["import"]]))
    assert ("mlflow", [python, "-c", "import mlmodel"]) in ran
    assert run.before.script("worker.py").startswith(str(old))


def test_the_table_names_what_stands_beside_ours(load):
    text = load("table").markdown([], {}, 1, "before")
    assert "better than before" in text
    assert "MLflow" not in text
