"""The H2O flavor (HTO rules); one server for the file, in this process."""

from __future__ import annotations

import errno
import signal
import socket
import subprocess
import sys
import warnings
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from packaging.version import Version

import mlmodel
from java_tools import JAVA, jars
from mlmodel import document
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    MissingDependency,
    UntrustedModel,
)
from mlmodel.flavors import _h2o_server
from mlmodel.trust.describe import look_into
from specimens import model as trained
from specimens import specimen

pytestmark = pytest.mark.libraries("h2o")

INIT = {"init": {"nthreads": 1, "max_mem_size": "512M"}}
ROWS = pd.DataFrame({"a": [0.5, -1.0], "b": [3, 0], "c": ["x", "z"]}, index=[9, 4])


@pytest.fixture(scope="module")
def booster():
    return trained("h2o")


@pytest.fixture
def saved(booster, tmp_path):
    mlmodel.h2o.save_model(booster, tmp_path / "m", settings=INIT)
    return tmp_path / "m"


def test_a_model_is_saved_and_loaded(booster, saved):
    """HTO-001, HTO-002, HTO-003: with what h2o.init is to get, and without paths of this machine."""
    import h2o

    flavors = document.read(saved / "MLmodel").data["flavors"]
    assert flavors["h2o"] == {"code": None, "data": "model.h2o", "h2o_version": h2o.__version__}
    assert flavors["python_function"]["loader_module"] == "mlflow.h2o"
    assert yaml.safe_load((saved / "model.h2o" / "h2o.yaml").read_text()) == {
        **INIT,
        "model_file": booster.model_id,
    }
    assert (saved / "model.h2o" / booster.model_id).is_file()
    assert mlmodel.validate(saved).violations == ()
    assert f"h2o=={h2o.__version__}" in (saved / "requirements.txt").read_text()
    native = mlmodel.h2o.load_model(saved)
    assert type(native) is type(booster)
    expected = specimen("h2o").native(booster, ROWS)
    pd.testing.assert_frame_equal(mlmodel.load(saved).predict(ROWS), expected)


def test_what_a_caller_says_does_not_name_the_model(booster, tmp_path):
    """HTO-003."""
    mlmodel.h2o.save_model(booster, tmp_path / "m", settings={**INIT, "model_file": "another"})
    written = yaml.safe_load((tmp_path / "m" / "model.h2o" / "h2o.yaml").read_text())
    assert written == {**INIT, "model_file": booster.model_id}
    assert mlmodel.load(tmp_path / "m").predict(ROWS).shape == (2, 1)


def test_the_server_is_asked_for_as_the_folder_says(saved, monkeypatch):
    """HTO-003, HTO-005."""
    asked = []
    monkeypatch.setattr(_h2o_server, "connect", lambda _, given: asked.append(given))
    mlmodel.h2o.load_model(saved)
    assert asked == [INIT["init"]]


@pytest.mark.parametrize("beside", ["weights_column", "fold_column"])
def test_columns_that_were_for_training_alone_are_no_features(beside, booster):
    """HTO-006."""
    import h2o

    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"a": rng.normal(size=60), "more": rng.integers(0, 3, 60)})
    rows["y"] = rows["a"] * 2
    model = type(booster)(ntrees=3, max_depth=2, min_rows=2, seed=1)
    model.train(x=["a"], y="y", training_frame=h2o.H2OFrame(rows), **{beside: "more"})
    told = mlmodel.h2o.FLAVOR.predictor(model, {})(rows[["a"]], None)
    own = model.predict(h2o.H2OFrame(rows)).as_data_frame()
    assert told["predict"].tolist() == own["predict"].tolist()


def test_columns_are_matched_by_name(booster, saved):
    """HTO-006."""
    loaded = mlmodel.load(saved)
    expected = specimen("h2o").native(booster, ROWS)
    pd.testing.assert_frame_equal(loaded.predict(ROWS[["c", "a", "b"]].assign(d=1)), expected)
    pd.testing.assert_frame_equal(loaded.predict(ROWS.set_axis(range(3), axis=1)), expected)
    assert (
        loaded.predict(ROWS.to_dict("records"))["predict"].tolist() == expected["predict"].tolist()
    )
    with pytest.raises(InvalidInput, match="HTO-006") as caught:
        loaded.predict(ROWS[["b"]])
    assert [one.column for one in caught.value.details] == ["a", "c"]
    with pytest.raises(InvalidInput, match="Expected 3 features, got 2.*HTO-006"):
        loaded.predict(ROWS[["a", "b"]].set_axis(range(2), axis=1))
    with pytest.raises(InvalidInput, match="more than once.*HTO-006"):
        loaded.predict(pd.concat([ROWS, ROWS[["a"]]], axis=1))


@pytest.mark.parametrize("given", [np.zeros((2, 3)), 3.0, "text", [[1.0, 2.0, "x"]]])
def test_what_is_no_table_is_refused(saved, given):
    with pytest.raises(InvalidInput, match="HTO-007"):
        mlmodel.load(saved).predict(given)


def test_kinds_are_those_of_the_model(booster, saved):
    """HTO-008: a single row whose numbers are whole, or whose categories look like numbers, is none of its own."""
    loaded = mlmodel.load(saved)
    every = loaded.predict(pd.concat([ROWS, ROWS]))["predict"].tolist()
    one = [loaded.predict(ROWS.iloc[[place]])["predict"].iloc[0] for place in (0, 1)]
    assert every == one * 2
    gaps = pd.DataFrame({"a": [None, 1.0], "b": [None, 2], "c": [None, "unseen"]})
    assert loaded.predict(gaps)["predict"].notna().all()
    assert loaded.predict(ROWS.head(0)).shape == (0, 1)


@pytest.fixture(scope="module")
def of_kinds(booster):
    """A model of a category that looks like a number, and of times; what it answers by itself."""
    import h2o

    rng = np.random.default_rng(0)
    rows = pd.DataFrame({
        "n": rng.normal(size=80), "c": rng.choice(["1", "2", "10"], 80),
        "t": pd.date_range("2024-01-01", periods=80, freq="h"),
    })  # fmt: skip
    kinds = {"n": "numeric", "c": "enum", "t": "time"}
    label = rows["n"] + 5 * (rows["c"] == "1") + rows.index
    model = type(booster)(ntrees=5, max_depth=3, min_rows=2, seed=1)
    given = h2o.H2OFrame(rows.assign(y=label), column_types={**kinds, "y": "numeric"})
    model.train(x=list(kinds), y="y", training_frame=given)

    def native(asked):
        own = h2o.H2OFrame(asked, column_types=kinds, na_strings=[""])
        return model.predict(own).as_data_frame()["predict"].tolist()

    return model, rows, native


def test_what_looks_like_another_kind_is_of_the_models(of_kinds):
    """HTO-008: also where all rows together look so."""
    model, rows, native = of_kinds
    predict = mlmodel.h2o.FLAVOR.predictor(model, {})
    own = native(rows)
    assert len(set(own)) > 3
    assert predict(rows, None)["predict"].tolist() == own
    as_categories = rows.assign(c=rows["c"].astype("category"))
    assert predict(as_categories, None)["predict"].tolist() == own
    assert predict(rows.to_dict("records"), None)["predict"].tolist() == own


def test_what_would_be_a_gap_is_refused(of_kinds):
    """HTO-008: where numbers are wanted; H2O itself takes it for a missing value."""
    model, rows, native = of_kinds
    predict = mlmodel.h2o.FLAVOR.predictor(model, {})
    for wrong in ("abc", "", 1j, pd.Timestamp(0), b"x"):
        with pytest.raises(InvalidInput, match="Feature 'n' is of numbers") as caught:
            predict(rows.assign(n=[wrong, *[1.5] * 79]), None)
        assert [one.column for one in caught.value.details] == ["n"]
    truths = rows.assign(n=rows["n"] > 0)
    own = native(rows.assign(n=truths["n"].astype(int)))
    assert predict(truths, None)["predict"].tolist() == own
    texts = rows.assign(n=rows["n"].map(repr))
    assert predict(texts, None)["predict"].tolist() == native(rows)
    assert predict(rows.assign(n=pd.Categorical(rows["n"])), None)["predict"].tolist() == native(
        rows
    )
    assert predict([], None).shape == (0, 1)


def test_gaps_are_missing_values(of_kinds):
    """HTO-008: in each kind of column, however they are written."""
    model, rows, native = of_kinds
    predict = mlmodel.h2o.FLAVOR.predictor(model, {})
    asked = rows.head(4).copy()
    asked.loc[0, "n"], asked.loc[1, "c"], asked.loc[2, "t"] = np.nan, None, pd.NaT
    own = native(asked)
    assert predict(asked, None)["predict"].tolist() == own
    nullable = asked.assign(n=asked["n"].astype("Float64"), c=asked["c"].astype("string"))
    assert predict(nullable, None)["predict"].tolist() == own
    objects = asked.astype(object).where(asked.notna(), None)
    assert predict(objects, None)["predict"].tolist() == own
    assert predict(rows.head(4), None)["predict"].tolist() != own


def test_a_missing_category_is_no_other_category(booster):
    """HTO-008: a linear model takes the most frequent one for it, and an unknown one for none."""
    import h2o
    from h2o.estimators import H2OGeneralizedLinearEstimator

    rng = np.random.default_rng(5)
    rows = pd.DataFrame({
        "x": rng.normal(size=300), "noise": rng.choice(list("abcdefghijklmnopqrst"), 300),
        "t": rng.choice(["yes", "no"], 300, p=[0.7, 0.3]),
    })  # fmt: skip
    rows["y"] = rows["x"] + (rows["t"] == "yes")
    kinds = {"x": "numeric", "noise": "enum", "t": "enum", "y": "numeric"}
    model = H2OGeneralizedLinearEstimator()
    model.train(x=["x", "noise", "t"], y="y", training_frame=h2o.H2OFrame(rows, column_types=kinds))
    predict = mlmodel.h2o.FLAVOR.predictor(model, {})
    asked = pd.DataFrame({"x": [0.0] * 3, "noise": ["a"] * 3, "t": ["yes", None, "no"]})
    most_frequent, missing, other = predict(asked, None)["predict"].tolist()
    assert missing == most_frequent
    assert other != most_frequent


def test_the_mojo_is_written_beside_it_where_h2o_exports_one(booster, tmp_path):
    """HTO-012: and else which releases do is said, and nothing is written."""
    import h2o

    jars()
    if Version(h2o.__version__) > Version("3.46.0.10"):
        said = rf"H2O {h2o.__version__} exports no MOJO: .*h2o<=3\.46\.0\.10.*HTO-012"
        with pytest.raises(MissingDependency, match=said):
            mlmodel.h2o.save_model(booster, tmp_path / "m", mojo=True, settings=INIT)
        assert not (tmp_path / "m").exists()
        return
    mlmodel.h2o.save_model(booster, tmp_path / "m", mojo=True, settings=INIT)
    told = mlmodel.load(tmp_path / "m").predict(ROWS)
    pd.testing.assert_frame_equal(told, specimen("h2o").native(booster, ROWS))


def test_a_model_with_its_mojo(booster, tmp_path, monkeypatch):
    """HTO-012: what later releases export with a license stands here for that; it is read before it is kept."""
    jars()
    export = JAVA / "src" / "test" / "resources" / "mojos" / "gbm.zip"

    def download_mojo(_self, path):
        Path(path).write_bytes(export.read_bytes())

    monkeypatch.setattr(type(booster), "download_mojo", download_mojo)
    mlmodel.h2o.save_model(booster, tmp_path / "m", mojo=True)
    assert document.read(tmp_path / "m").data["flavors"]["h2o"]["mojo"] == "model.mojo.zip"
    assert (tmp_path / "m" / "model.mojo.zip").read_bytes() == export.read_bytes()
    assert mlmodel.validate(tmp_path / "m").violations == ()
    assert "py4j==" in (tmp_path / "m" / "requirements.txt").read_text()
    assert type(mlmodel.h2o.load_model(tmp_path / "m")) is type(booster)
    monkeypatch.setattr(type(booster), "download_mojo", lambda _, path: Path(path).touch())
    with pytest.raises(InvalidModel, match="HTO-009"):
        mlmodel.h2o.save_model(booster, tmp_path / "n", mojo=True)
    assert not (tmp_path / "n").exists()


def test_a_model_that_has_no_mojo(booster, of_kinds, tmp_path, monkeypatch):
    """HTO-012."""
    with pytest.raises(InvalidArgument, match=r"kind time, which a MOJO takes as numbers.*HTO-012"):
        mlmodel.h2o.save_model(of_kinds[0], tmp_path / "m", mojo=True)
    monkeypatch.setattr(type(booster), "have_mojo", False)
    with pytest.raises(InvalidArgument, match=r"no MOJO of H2OGradientBoosting.*HTO-012"):
        mlmodel.h2o.save_model(booster, tmp_path / "m", mojo=True)
    assert not (tmp_path / "m").exists()


def listening(port):
    """The addresses at which this machine listens at a port, as Linux writes them."""
    lines = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path("/proc/net", name).read_text().splitlines()[1:]
    ]
    places = [cells[1].split(":") for cells in lines if cells[3] == "0A"]
    return [address for address, number in places if int(number, 16) == port]


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="this system has no /proc/net")
def test_nobody_elsewhere_reaches_the_server(booster):
    """HTO-005: neither of its two ports."""
    import h2o

    port = int(h2o.connection().base_url.rpartition(":")[2])
    for one in (port, port + 1):
        assert {address[-8:] for address in listening(one)} == {"0100007F"}  # 127.0.0.1


class Answering:
    """What is asked of H2O's package to have a server: one is there, runs, or has to start."""

    def __init__(self, *, is_there=True, runs=True):
        self._is_there, self._runs = is_there, runs
        self.asked = []

    def cluster(self):
        return self if self._is_there else None

    def is_running(self):
        return self._runs

    def init(self, verbose=True, **arguments):
        import h2o.backend.server as starting

        assert starting.subprocess is not subprocess
        self.asked.append({"verbose": verbose, **arguments})

    def connection(self):
        return self

    def no_progress(self):
        pass

    def close(self):
        pass


PLACES = {"url": "http://h2o", "ip": "10.0.0.9", "port": 54321, "https": True, "name": "ours"}


@pytest.mark.parametrize("place", PLACES)
def test_a_server_that_is_placed_is_the_one_that_is_meant(place):
    """HTO-005: nothing is made up beside it."""
    h2o = Answering(is_there=False)
    _h2o_server.connect(h2o, {place: PLACES[place], "bind_to_localhost": False})
    assert h2o.asked == [{"verbose": False, "bind_to_localhost": False, place: PLACES[place]}]


def test_a_server_is_started_where_none_runs():
    """HTO-005: one that has ended is none; and H2O starts other programs as ever afterwards."""
    import h2o.backend.server as starting

    names = set()
    for gone in (Answering(is_there=False), Answering(runs=False)):
        _h2o_server.connect(gone, {"nthreads": 1})
        (asked,) = gone.asked
        assert asked.pop("port") > 1023
        names.add(asked.pop("name"))
        assert asked == {"verbose": False, "bind_to_localhost": True, "nthreads": 1}
    assert len(names) == 2
    here = Answering()
    _h2o_server.connect(here, {"nthreads": 1})
    assert here.asked == []
    assert starting.subprocess is subprocess


class Sockets:
    """The module ``socket``, where ``bind`` is asked for what ``choose`` says."""

    def __init__(self, choose):
        class Socket(socket.socket):
            def bind(self, address):
                super().bind((address[0], choose(address[1])))

        self.socket = Socket


def _held_after_a_free_one(held):
    """Return a port that is taken until the end, and whose former one is not."""
    while True:
        taken = held.enter_context(socket.socket())
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with suppress(OSError), socket.socket() as former:
            former.bind(("127.0.0.1", port - 1))
            return port


def test_a_port_whose_next_one_is_taken_is_left(monkeypatch):
    """HTO-005: H2O listens at both."""
    with ExitStack() as held:
        before = _held_after_a_free_one(held) - 1
        first = [before]
        choose = lambda port: first.pop() if not port and first else port  # noqa: E731
        monkeypatch.setattr(_h2o_server, "socket", Sockets(choose))
        assert _h2o_server.free_port() != before
        assert first == []


def test_no_ports_are_told(monkeypatch):
    """HTO-005."""

    def choose(port):
        if port:
            raise OSError(errno.EADDRINUSE, "taken")
        return port

    monkeypatch.setattr(_h2o_server, "socket", Sockets(choose))
    with pytest.raises(MissingDependency, match="no two free ports.*HTO-005"):
        _h2o_server.free_port()


def test_nothing_is_printed(saved, capfd):
    """HTO-005: neither when a model is loaded nor when it predicts; and nothing is warned of."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mlmodel.load(saved).predict(ROWS)
    assert capfd.readouterr() == ("", "")


def test_parameters_have_no_effect(saved):
    with pytest.warns(UserWarning, match="has no parameters"):
        mlmodel.load(saved).predict(ROWS, params={"a": 1})


def test_it_asks_for_trust(saved, tmp_path, monkeypatch):
    """TRU-001, TRU-006: whoever wrote it."""
    looks = look_into(saved)
    assert [look.file for look in looks if look.needs_trust] == ["model.h2o"]
    assert "Java" in looks[0].what
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    for load in (mlmodel.load, mlmodel.h2o.load_model):
        with pytest.raises(UntrustedModel, match="Java"):
            load(saved)
    assert mlmodel.load(saved, trust=True).predict(ROWS).shape == (2, 1)


@pytest.mark.parametrize("given", [object(), {}, "model"])
def test_another_object_is_not_saved(given, tmp_path):
    with pytest.raises(InvalidArgument, match="trained models of H2O"):
        mlmodel.h2o.save_model(given, tmp_path / "m")


def test_a_model_that_is_not_trained(booster, tmp_path):
    with pytest.raises(InvalidArgument, match="trained models of H2O"):
        mlmodel.h2o.save_model(type(booster)(), tmp_path / "m")
    import h2o

    with pytest.raises(InvalidArgument, match="trained models of H2O"):
        mlmodel.h2o.save_model(h2o.H2OFrame(ROWS), tmp_path / "m")
    with pytest.raises(InvalidArgument, match="HTO-003"):
        mlmodel.h2o.save_model(booster, tmp_path / "m", settings={"init": 3})
    assert not (tmp_path / "m").exists()


def test_the_flavor_is_detected(booster, tmp_path):
    mlmodel.save(booster, tmp_path / "m")
    assert "h2o" in document.read(tmp_path / "m").data["flavors"]
    assert mlmodel.load(tmp_path / "m").predict(ROWS).shape == (2, 1)  # without settings


@pytest.mark.parametrize(
    "settings", ["", "a", "{}", "model_file: 3", "model_file: m\ninit: [1]", "{", "model_file: ''"]
)
def test_settings_that_name_no_model(saved, settings):
    """HTO-003; DIR-009 where it is empty."""
    (saved / "model.h2o" / "h2o.yaml").write_text(settings)
    with pytest.raises(InvalidModel, match="HTO-003|DIR-009"):
        mlmodel.load(saved, trust=True)


def test_paths_of_another_machine_are_not_followed(saved, tmp_path):
    """HTO-003; DIR-009 where it is empty."""
    (saved / "model.h2o" / "h2o.yaml").write_text(
        "model_file: ../../MLmodel\nmodel_dir: /etc\nfull_file: /etc/passwd\n"
    )
    with pytest.raises(InvalidModel):
        mlmodel.load(saved, trust=True)


@pytest.mark.parametrize("share", [0, 0.5])
def test_a_file_that_is_cut_off(booster, saved, share):
    """HTO-004."""
    file = saved / "model.h2o" / booster.model_id
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    with pytest.raises(InvalidModel, match="HTO-004"):
        mlmodel.h2o.load_model(saved, trust=True)
    file.unlink()
    with pytest.raises(InvalidModel, match="DIR-003"):
        mlmodel.h2o.load_model(saved, trust=True)


def test_another_version_is_named_with_the_installed_one(booster, saved):
    """ENV-021."""
    import h2o

    file = saved / "MLmodel"
    file.write_text(file.read_text().replace(h2o.__version__, "3.10.0.8"))
    (saved / "model.h2o" / booster.model_id).write_bytes(b"\x1c\xed\n3.10.0.8")
    with pytest.raises(MissingDependency, match=r"(?s)3\.10\.0\.8.*" + h2o.__version__):
        mlmodel.h2o.load_model(saved, trust=True)


_ALONE = """
import sys, mlmodel, pandas as pd
loaded = mlmodel.load(sys.argv[1], trust=True)
answer = loaded.predict(pd.DataFrame({"a": [0.5], "b": [3], "c": ["x"]}))
import h2o
connection = h2o.connection()
print(connection.base_url, answer.shape, flush=True)
if "stay" in sys.argv:
    import time
    time.sleep(600)
"""


@pytest.mark.slow
def test_a_server_of_its_own_ends_with_the_process(saved, processes_with):
    """HTO-005: at the loopback interface; nothing but the script's own line is printed."""
    import h2o

    process = subprocess.Popen(
        [sys.executable, "-c", _ALONE, str(saved)], stdout=subprocess.PIPE, text=True
    )
    url, *shape = process.communicate()[0].split()
    assert process.returncode == 0
    assert url.startswith("http://127.0.0.1:")
    assert url != h2o.connection().base_url
    assert " ".join(shape) == "(1, 1)"
    assert processes_with(f"mlmodel-{process.pid}-") == []


@pytest.mark.slow
@pytest.mark.parametrize("when", ["it serves", "it starts"])
def test_a_server_ends_with_a_process_that_is_killed(when, saved, processes_with, wait_for):
    """HTO-005: also with one that is killed, or interrupted before it has been told of it."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"import signal\nsignal.signal(2, signal.default_int_handler){_ALONE}",
         str(saved), "stay"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    name = f"mlmodel-{process.pid}-"
    wait_for(lambda: len(processes_with(name)) == 2)  # the server, and what watches it
    if when == "it serves":
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.kill()
    else:
        process.send_signal(signal.SIGINT)
    process.communicate()
    wait_for(lambda: not processes_with(name))


@pytest.mark.slow
def test_without_a_server_the_way_is_told(saved):
    """HTO-005."""
    code = "import sys, os, mlmodel\nos.environ['PATH'] = ''\nos.environ.pop('JAVA_HOME', None)\nmlmodel.h2o.load_model(sys.argv[1], trust=True)"
    (saved / "model.h2o" / "h2o.yaml").write_text(
        (saved / "model.h2o" / "h2o.yaml")
        .read_text()
        .replace("nthreads: 1", "ip: 127.0.0.1\n  port: 1\n  start_h2o: false")
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(saved)], capture_output=True, text=True, check=False
    )
    assert "MissingDependency" in done.stderr
    assert "HTO-005" in done.stderr
    assert done.stdout == ""
