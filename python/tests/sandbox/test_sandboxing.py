"""Models behind the wall: honest ones answer as ever, hostile ones get nowhere (TRU-080)."""

from __future__ import annotations

import builtins
import copy
import ctypes
import functools
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
import numpy as np
import pandas as pd
import pytest
import xgboost
from click.testing import CliRunner
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import mlmodel
from mlmodel.cli.predict import command
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    MlmodelError,
    ModelFailure,
    UnserializablePrediction,
    UntrustedModel,
)
from mlmodel.sandbox import landlock
from mlmodel.sandbox.process import Process
from mlmodel.sandbox.wall import Wall, lacking
from mlmodel.serving.settings import Settings
from mlmodel.store import sandboxing
from mlmodel.store.sandboxing import decide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(lacking()), reason=f"this system cannot {lacking()}"),
]

DATA = pd.DataFrame({"a": np.linspace(0, 1, 40), "b": np.linspace(1, 0, 40) ** 2})
TARGET = (DATA["a"] > 0.5).astype(int)
BODY = '{"dataframe_split": {"columns": ["a", "b"], "data": [[1.0, 0.0], [0.1, 1.0]]}}'


@pytest.fixture(scope="module")
def forest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "forest"
    model = RandomForestClassifier(20, n_jobs=2, random_state=0).fit(DATA, TARGET)
    mlmodel.save(model, path, example=DATA[:3])
    return path


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody vouches for any folder."""
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "empty"))


def pretend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this a kernel without Landlock."""
    monkeypatch.setattr(landlock, "version", lambda: 0)


# -- which models ---------------------------------------------------------------------------------


def test_what_nobody_vouches_for_is_walled(
    forest: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """TRU-080."""
    assert decide(forest, "auto") is None  # saved here: in the store
    assert decide(forest, "on") is not None
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "empty"))
    assert decide(forest, "auto") is not None
    assert decide(forest, "auto", trust=True) is None
    for wanted in (False, "off"):
        assert decide(forest, wanted) is None
    for wrong in ("yes", 1, None):
        with pytest.raises(InvalidArgument, match="sandbox is"):
            decide(forest, wrong)  # type: ignore[arg-type]


def test_the_digest_vouches_for_the_mlmodel_file_that_was_read(
    forest: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    digest_of: Callable[[Path], str],
) -> None:
    """TRU-080, TRU-065: another file is read, and put back before the digest is taken."""
    folder = shutil.copytree(forest, tmp_path / "model")
    assert decide(folder, "auto") is None
    file, opened = folder / "MLmodel", sandboxing.open_folder
    good = file.read_bytes()

    def open_folder(*arguments: Any, **keywords: Any) -> Any:
        file.write_bytes(good + b"# another\n")
        found = opened(*arguments, **keywords)
        file.write_bytes(good)
        return found

    monkeypatch.setattr(sandboxing, "open_folder", open_folder)
    found = decide(folder, "auto")
    assert found is not None
    assert found.digest == ""
    assert sandboxing.require(folder, allow=(), digest=digest_of(folder)).digest == ""


@pytest.mark.usefixtures("nobody")
def test_what_is_lacking_is_one_line_or_an_error(
    forest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRU-082."""
    pretend(monkeypatch)
    with pytest.warns(UserWarning, match=r"not wholly in a sandbox.*Landlock.*TRU-082"):
        assert decide(forest, "auto") is not None
    with pytest.raises(InvalidArgument, match=r"cannot be had.*TRU-082"):
        mlmodel.load(forest, sandbox=True)
    result = CliRunner().invoke(command, ["-m", str(forest), "--sandbox", "on"], input=BODY)
    assert isinstance(result.exception, InvalidArgument)
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.warns(UserWarning, match="takes Linux"):
        assert decide(forest, "auto") is None


def test_the_server_is_told() -> None:
    assert Settings(()).sandbox == "auto"


# -- honest models --------------------------------------------------------------------------------


@pytest.mark.usefixtures("nobody")
def test_a_forest_in_threads(forest: Path) -> None:
    """TRU-080: joblib's threads, without a file of theirs."""
    here, there = mlmodel.load(forest), mlmodel.load(forest, sandbox=True)
    np.testing.assert_array_equal(there.predict(DATA), here.predict(DATA))
    assert there.signature == here.signature
    with pytest.raises(InvalidInput, match="ENF"):
        there.predict({"a": ["x"]})
    for other in (pickle.loads(pickle.dumps(there)), copy.deepcopy(there)):
        np.testing.assert_array_equal(other.predict(DATA[:2]), here.predict(DATA[:2]))


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("kind", ["xgboost", "onnx", "text"])
def test_other_libraries(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """TRU-080."""
    path, data = tmp_path / "model", DATA
    if kind == "xgboost":
        mlmodel.save(xgboost.XGBClassifier(n_estimators=3).fit(DATA, TARGET), path)
    elif kind == "onnx":
        mlmodel.save(graph(), path)
        data = {"x": np.ones((2, 2), np.float32)}  # type: ignore[assignment]
    else:
        texts = ["good day", "bad day", "good", "bad"]
        pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression())
        mlmodel.save(pipeline.fit(texts, ["yes", "no", "yes", "no"]), path)
        data = texts  # type: ignore[assignment]
    os.environ["MLMODEL_TRUST_STORE"] += "-other"
    here, there = mlmodel.load(path), mlmodel.load(path, sandbox=True)
    answer, expected = there.predict(data), here.predict(data)
    if kind == "onnx":
        answer, expected = list(answer.values()), list(expected.values())
    np.testing.assert_array_equal(answer, expected)
    assert "Permission" not in capfd.readouterr().err


def graph() -> Any:
    from onnx import TensorProto, helper

    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 2])
    made = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "g", [x], [y])
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


class Own(mlmodel.pyfunc.PythonModel):
    """Does what the data say."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        what = model_input["what"].iloc[0]
        answer = getattr(self, model_input["do"].iloc[0])(what)
        return [os.getpid()] if answer is None else answer

    def nothing(self, _what: str) -> None: ...

    def write(self, what: str) -> None:
        Path(what).write_text("x")

    def variable(self, what: str) -> Any:
        return [os.environ.get(what)]

    def fail(self, what: str) -> None:
        raise RuntimeError(what)

    def warn(self, what: str) -> None:
        warnings.warn(what, stacklevel=1)

    def say(self, what: str) -> None:
        sys.stdout.write(what + "\n")

    def odd(self, _what: str) -> Any:
        return object()

    def hang(self, _what: str) -> None:
        time.sleep(1000)

    def eat(self, _what: str) -> Any:
        return len(bytearray(3 * 10**9))

    def crash(self, _what: str) -> None:
        ctypes.string_at(0)

    def leave(self, _what: str) -> None:
        os._exit(7)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "own"
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    mlmodel.pyfunc.save_model(path, python_model=Own())
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    with (path / "MLmodel").open("a") as file:
        file.write("env_vars: [MY_ENDPOINT]\n")
    return path


@pytest.fixture
def walled(own: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[mlmodel.pyfunc.PyFuncModel]:
    monkeypatch.setenv("MY_ENDPOINT", "here")
    monkeypatch.setenv("MY_SECRET", "secret")
    monkeypatch.setenv("MLMODEL_SANDBOX_BYTES", str(10**9))
    model = mlmodel.load(own, trust=True, sandbox=True)
    yield model
    model.get_raw_model().close()


def ask(model: mlmodel.pyfunc.PyFuncModel, do: str, what: object = "") -> Any:
    return model.predict(pd.DataFrame({"do": [do], "what": [str(what)]}))


def test_trusted_code_behind_the_wall(
    walled: mlmodel.pyfunc.PyFuncModel, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """TRU-080 to TRU-084."""
    (pid,) = ask(walled, "nothing")
    assert pid != os.getpid()
    with pytest.raises(ModelFailure, match="PermissionError"):
        ask(walled, "write", tmp_path / "marker")
    assert not (tmp_path / "marker").exists()
    assert ask(walled, "variable", "MY_ENDPOINT") == ["here"]  # its env_vars name it
    assert ask(walled, "variable", "MY_SECRET") == [None]
    with pytest.raises(ModelFailure, match="RuntimeError: no luck"):
        ask(walled, "fail", "no luck")
    with pytest.warns(UserWarning, match=r"look \\x1b\[2J"):
        ask(walled, "warn", "look \x1b[2J")
    with pytest.raises(UnserializablePrediction, match=r"builtins\.object.*TRU-084"):
        ask(walled, "odd")
    assert ask(walled, "say", "hello \x1b[2J") == [pid]
    walled.get_raw_model().close()
    end = time.monotonic() + 100
    said = ""
    while "hello" not in said and time.monotonic() < end:
        said += capfd.readouterr().err
    assert "hello \\x1b[2J" in said


def test_code_that_goes_with_a_model_runs_behind_the_wall(tmp_path: Path) -> None:
    """TRU-065: where no copy of it can be written, it is looked at as it is imported."""
    (tmp_path / "beside.py").write_text("def twice(model_input):\n    return model_input * 2\n")
    script = tmp_path / "script.py"
    script.write_text(
        "import beside, mlmodel\n"
        "class Model(mlmodel.pyfunc.PythonModel):\n"
        "    def predict(self, context, model_input):\n"
        "        return beside.twice(model_input)\n"
        "mlmodel.pyfunc.save_model('m', python_model=Model(), code_paths=['beside.py'])\n"
    )
    subprocess.run([sys.executable, script], cwd=tmp_path, check=True)
    (tmp_path / "beside.py").unlink()
    model = mlmodel.load(tmp_path / "m", trust=True, sandbox=True)
    try:
        assert model.predict(pd.DataFrame({"a": [1, 2]}))["a"].tolist() == [2, 4]
    finally:
        model.get_raw_model().close()


@pytest.mark.parametrize(
    ("do", "said"),
    [
        ("eat", "more memory than the sandbox gives"),
        ("crash", "signal 11"),
        ("leave", "ended by itself with code 7"),
        ("hang", "no answer after 1 seconds"),
    ],
)
def test_its_end_is_told_and_the_next_call_starts_another(
    walled: mlmodel.pyfunc.PyFuncModel, do: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRU-083."""
    with monkeypatch.context() as patch:
        if do == "hang":
            patch.setenv("MLMODEL_SANDBOX_SECONDS", "1")
        with pytest.raises(ModelFailure, match=f"{said}.*TRU-083"):
            ask(walled, do)
    assert ask(walled, "nothing") != [os.getpid()]


@pytest.mark.parametrize("value", ["0", "x", "-1", "1.5", "9" * 30])
@pytest.mark.parametrize("name", ["MLMODEL_SANDBOX_BYTES", "MLMODEL_SANDBOX_SECONDS"])
def test_limits_are_whole_numbers(
    name: str, value: str, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRU-083."""
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidArgument, match=name):
        mlmodel.load(own, trust=True, sandbox=True)


@pytest.mark.usefixtures("nobody")
def test_the_gate_stands_behind_the_wall_too(own: Path) -> None:
    """TRU-080: without trust nothing of it is run, not even there."""
    with pytest.raises(UntrustedModel):
        mlmodel.load(own, sandbox=True)


def test_a_stored_folder_is_trusted_by_its_digest(own: Path, tmp_path: Path) -> None:
    """TRU-047, TRU-080."""
    from mlmodel.trust import records

    records.add(own, "test")
    model = mlmodel.load(own, sandbox=True)
    assert ask(model, "nothing") != [os.getpid()]
    again = pickle.loads(pickle.dumps(model))
    assert ask(again, "nothing") != [os.getpid()]


PARENT = """
import sys, time, pandas as pd, mlmodel
model = mlmodel.load(sys.argv[1], trust=True, sandbox=True)
print(*model.predict(pd.DataFrame({"do": ["nothing"], "what": [""]})), flush=True)
model.predict(pd.DataFrame({"do": ["hang"], "what": [""]}))
"""


def test_it_ends_with_the_process_that_started_it(own: Path, wait_for: Callable[..., None]) -> None:
    """TRU-085: killed while the model computes."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(own)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    wait_for(lambda: not Path(f"/proc/{child}").exists())


# -- predict from the shell -----------------------------------------------------------------------


@pytest.mark.usefixtures("nobody")
def test_predict_from_a_table_into_a_file(forest: Path, tmp_path: Path) -> None:
    """TRU-080."""
    DATA.to_csv(tmp_path / "in.csv", index=False)
    given = ["-m", str(forest), "-i", str(tmp_path / "in.csv"), "-o"]
    answers = []
    for way in ("auto", "off"):
        done = CliRunner().invoke(command, [*given, str(tmp_path / way), "--sandbox", way])
        assert (done.exit_code, done.output) == (0, "")
        answers.append(json.loads((tmp_path / way).read_text()))
    assert answers[0] == answers[1]
    wrong = BODY.replace("1.0, 0.0", '"x", 0.0')
    with pytest.raises(InvalidInput) as raised:
        CliRunner().invoke(command, ["-m", str(forest)], input=wrong, catch_exceptions=False)
    assert raised.value.details


# -- hostile models, with the check switched off --------------------------------------------------


class Calls:
    """Pickles as a call."""

    def __init__(self, function: Any, *given: Any) -> None:
        self.call = (function, given)

    def __reduce__(self) -> Any:
        return self.call


def _run_when_loaded(marker: Path) -> Any:
    return Calls(os.system, f"touch {marker}")


def _run_when_predicting(marker: Path) -> Any:
    """Evaluate a text on the data, as a scorer does whose method is ``eval``."""
    code = f"__import__('pathlib').Path({str(marker)!r}).touch()"
    run = functools.partial(exec, code)
    return pickled(make_pipeline(FunctionTransformer(functools.partial(_second, run)), LOGISTIC))


def _write_when_predicting(marker: Path) -> Any:
    written = FunctionTransformer(np.ndarray.tofile, kw_args={"file": str(marker)})
    return pickled(make_pipeline(written, LOGISTIC))


def _eat_memory(marker: Path) -> Any:
    # Were there room for it, the marker would be made.
    code = f"bytearray(3 * 10**9); import os; os.close(os.memfd_create('x')); open({str(marker)!r})"
    return Calls(builtins.exec, code)


def _second(run: Any, data: Any) -> Any:
    run({})
    return data


def pickled(pipeline: Any) -> Any:
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    data = cloudpickle.dumps(pipeline)
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    return Calls(pickle.loads, data)


CHECKED = True
LOGISTIC = LogisticRegression().fit(DATA.to_numpy(), TARGET)


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(
    "way", [_run_when_loaded, _run_when_predicting, _write_when_predicting, _eat_memory]
)
def test_the_wall_alone_stops_them(
    way: Callable[[Path], Any], forest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRU-081, TRU-083: the static check is off, as if each were a new way past it."""
    marker, data = tmp_path / "marker", DATA.to_numpy()
    content = pickle.dumps(way(marker))
    if way is not _eat_memory:  # the control: it works where there is no wall
        here = pickle.loads(content)
        if hasattr(here, "predict"):
            with suppress(ValueError):  # what tofile returns is no table
                here.predict(data)
        assert marker.exists()
        marker.unlink()
    model = tmp_path / "model"
    model.mkdir()
    for path in forest.iterdir():
        if path.is_file():
            (model / path.name).write_bytes(path.read_bytes())
    (model / "model.pkl").write_bytes(content)
    monkeypatch.setenv("MLMODEL_SANDBOX_BYTES", str(10**9))
    options = {"trust": False, "allow": (), "digest": ""}
    process = Process(
        Wall((str(model),), 10**9),
        "sandbox_probe:unchecked",
        ("load", str(model), options, None, False),
    )
    said = ""
    try:
        process.start()
        process.ask("predict", data, None, CHECKED)
    except MlmodelError as error:
        said = str(error)
    finally:
        process.close()
    assert not marker.exists()
    assert {_eat_memory: "TRU-083", _run_when_loaded: ""}.get(way, "PermissionError") in said
