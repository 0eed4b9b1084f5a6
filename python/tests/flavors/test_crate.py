"""The crate flavor (CRA rules); how values and processes are handled is in tests/bridges/r."""

from __future__ import annotations

import bz2
import copy
import datetime as dt
import gzip
import http.client
import json
import logging
import lzma
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import mlmodel
from asking import posted
from mlmodel import document
from mlmodel.cli.doctor import command as doctor
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    MissingDependency,
    ModelFailure,
    UntrustedModel,
)
from mlmodel.trust.describe import look_into
from r_functions import content, crate, require_r, runner

pytestmark = pytest.mark.thorough

ROWS = pd.DataFrame({"a": [1.0, 2.5], "b": ["x", None]}, index=[9, 4])
_FUNCTION = "function(x, times = 2, ...) x$a * times"


def folder(path, data, **keys):
    path.mkdir()
    (path / "crate.bin").write_bytes(data)
    lines = "".join(
        f"    {name}: {value}\n" for name, value in {"model": "crate.bin", **keys}.items()
    )
    (path / "MLmodel").write_text(f"flavors:\n  crate:\n    version: 0.1.0\n{lines}")
    return path


@pytest.fixture(scope="module")
def of_r(tmp_path_factory):
    """A folder as R wrote it, without python_function."""
    return folder(tmp_path_factory.mktemp("crate") / "m", content(_FUNCTION))


@pytest.fixture(scope="module")
def loaded(of_r):
    return mlmodel.load(of_r, trust=True)


def test_what_r_saved_is_called(of_r):
    """CRA-001: natively, as the function is in R."""
    native = mlmodel.crate.load_model(of_r, trust=True)
    assert native.arguments == ("x", "times", "...")
    assert native(ROWS).tolist() == [2.0, 5.0]
    assert native(ROWS, 3).tolist() == native(times=3, x=ROWS).tolist() == [3.0, 7.5]
    assert "x, times, ..." in repr(native)


def test_what_r_saved_is_a_python_function(of_r, loaded):
    """RST-087: though it has none."""
    assert loaded.predict(ROWS).tolist() == [2.0, 5.0]
    assert loaded.predict(ROWS.to_dict("list")).tolist() == [2.0, 5.0]
    assert loaded.predict(ROWS.to_dict("records")).tolist() == [2.0, 5.0]
    assert loaded.metadata.flavors.keys() == {"crate"}
    assert loaded.get_raw_model().arguments[0] == "x"


_LINEAR = """local({
    data <- data.frame(a = 1:9 / 4, b = rep(c("x", "y", "z"), 3), d = as.Date("2024-01-01") + 1:9)
    data$y <- data$a + (data$b == "y") + sin(1:9) + as.numeric(data$d) / 100
    model <- lm(y ~ a + b, data)
    function(x) stats::predict(model, x) + as.numeric(format(x$d, "%d"))
})"""


def test_one_row_is_answered_as_among_others(tmp_path):
    """CRA-008: a text or a day that is missing is one where it is alone, too; R's own NA is neither."""
    rows = pd.DataFrame(
        {"a": [1.0, 2.0], "b": ["x", None], "d": [dt.date(2024, 1, 7), None]}, dtype=object
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlmodel.save(crate(_LINEAR), tmp_path / "m", example=rows)
    assert not mlmodel.models.Model.load(tmp_path / "m").metadata["mlmodel"].get("fidelity")
    model = mlmodel.load(tmp_path / "m", trust=True)
    whole = list(model.predict(rows))
    assert not np.isnan(whole[0])
    assert np.isnan(whole[1])
    for body in ({"dataframe_records": [{"a": 2.0, "b": None, "d": None}]},
                 {"dataframe_records": [{"a": 2.0}]}):  # fmt: skip
        assert posted(model, body) == [None]
    for one in (model, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert np.isnan(list(one.predict(rows[1:]))).all()


def test_arrays_and_scalars_reach_r():
    made = crate("function(x) c(length(x), is.matrix(x), is.double(x), is.list(x))")
    predict = mlmodel.flavors.crate.FLAVOR.predictor(made, {})
    assert predict(np.zeros((2, 3)), None).tolist() == [6, 1, 1, 0]
    assert predict([[1, 2], [3, 4]], None).tolist() == [4, 1, 1, 0]
    assert predict([1.5, 2.5, 3.5], None).tolist() == [3, 0, 1, 0]
    assert predict({"t": np.zeros((2, 2)), "u": np.zeros((2, 3))}, None).tolist() == [2, 0, 0, 1]
    assert predict([[1.0], [2.0, 3.0]], None).tolist() == [2, 0, 0, 1]
    assert predict(2.5, None).tolist() == [1, 0, 1, 0]
    assert predict(["a", "b"], None).tolist() == [2, 0, 0, 1]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, bytes])
@pytest.mark.parametrize("within", [True, False])
def test_each_form_of_file_is_read(compress, within, tmp_path):
    """CRA-001: as saveRDS may compress it, and without MLflow's bytes within."""
    text = "{ f <- function(x) x + 1; serialize(%s, NULL) }" % (
        "serialize(f, NULL)" if within else "f"
    )
    path = folder(tmp_path / "m", compress(runner()(text)))
    assert mlmodel.crate.load_model(path, trust=True)(1).tolist() == [2.0]


@pytest.mark.parametrize("form", ["ascii = TRUE", "xdr = FALSE"])
def test_a_serialization_in_another_form_is_read(form, tmp_path):
    """As text, and in the machine's own order of bytes."""
    path = folder(tmp_path / "m", runner()(f"serialize(function(x) x + 1, NULL, {form})"))
    assert mlmodel.crate.load_model(path, trust=True)(1).tolist() == [2.0]


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda data: data[:100], "cut off or damaged"),
        (lambda data: data[:-1], "cut off or damaged"),
        (lambda data: data[:60] + b"\xff" * 40 + data[100:], "cut off or damaged"),
        (lambda data: lzma.compress(data)[:60], "cut off or damaged"),
        (lambda data: lzma.compress(data)[:40] + b"\xff" * 99, "cut off or damaged"),
        (lambda data: gzip.compress(gzip.decompress(data)[:200]), "is no function of R: "),
        (lambda data: gzip.compress(b"X\n" + b"\0" * 50), "is no function of R: "),
        (lambda data: b"", "R did not write it"),
        (lambda data: b"PK\x03\x04" + data, "R did not write it"),
        (lambda data: runner()("serialize(1:3, NULL)"), "of the class integer, and not a function"),
        (lambda data: runner()("serialize(serialize(list(1), NULL), NULL)"), "of the class list"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_told(damage, why, tmp_path):
    """CRA-003."""
    path = folder(tmp_path / "m", damage(content(_FUNCTION)))
    with pytest.raises(InvalidModel, match=why) as caught:
        mlmodel.load(path, trust=True)
    assert (caught.value.details[0].rule, caught.value.details[0].file) == ("CRA-003", "crate.bin")


def test_what_is_not_there_is_told(of_r, tmp_path, monkeypatch):
    """CRA-004, DIR-003."""
    path = folder(tmp_path / "m", b"")
    (path / "crate.bin").unlink()
    with pytest.raises(InvalidModel, match="crate.bin"):
        mlmodel.load(path, trust=True)
    monkeypatch.setenv("MLMODEL_R_PROGRAM", "/nonexistent/R")
    with pytest.raises(MissingDependency, match="MLMODEL_R_PROGRAM.*CRA-004"):
        mlmodel.load(of_r, trust=True)


def test_it_asks_for_trust(of_r, tmp_path, monkeypatch):
    """CRA-005: nothing of R was started."""
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    monkeypatch.setattr("mlmodel.bridges.r.process.starter", lambda: pytest.fail("R was started"))
    for load in (mlmodel.load, mlmodel.crate.load_model):
        with pytest.raises(UntrustedModel, match="a function of R"):
            load(of_r)
    looks = look_into(of_r)
    assert [look.file for look in looks if look.needs_trust] == ["crate.bin"]


def test_parameters_are_named_arguments(loaded, of_r):
    """CRA-011."""
    predict = mlmodel.flavors.crate.FLAVOR.predictor(loaded.get_raw_model(), {})
    assert predict(ROWS, {"times": 3.0, "more": 1.0}).tolist() == [3.0, 7.5]
    closed = mlmodel.flavors.crate.FLAVOR.predictor(crate("function(x, times = 2) x$a * times"), {})
    assert closed(ROWS, {"times": 3.0}).tolist() == [3.0, 7.5]
    with pytest.raises(InvalidInput, match="CRA-011.*'more'.*known are times") as caught:
        closed(ROWS, {"more": 1.0})
    assert caught.value.details[0].rule == "CRA-011"
    with pytest.raises(InvalidInput, match="CRA-011.*'x'"):  # which the data are
        closed(ROWS, {"x": 1.0})


def test_a_parameter_never_takes_the_place_of_the_data():
    """CRA-011: neither by its name, nor by a beginning of it, which R takes for the name."""
    told = crate("function(newdata, times = 2, ...) c(is.data.frame(newdata), ...length(), times)")
    predict = mlmodel.flavors.crate.FLAVOR.predictor(told, {})
    assert predict(ROWS, {"new": 7.0, "self": 7.0, "times": 3.0}).tolist() == [1, 2, 3]
    with pytest.raises(InvalidInput, match="CRA-011.*'newdata'"):
        predict(ROWS, {"newdata": 7.0})
    any_of_them = crate("function(..., .x = ..1) c(is.data.frame(.x), ...length())")
    predict = mlmodel.flavors.crate.FLAVOR.predictor(any_of_them, {})
    assert predict(ROWS, {"more": 7.0}).tolist() == [1, 2]


def test_a_function_that_r_brings_along():
    """CRA-011: it has its arguments elsewhere."""
    made = crate("exp")
    assert made.arguments == ("x",)
    assert mlmodel.flavors.crate.FLAVOR.predictor(made, {})(np.zeros(2), None).tolist() == [1, 1]


@pytest.mark.parametrize("name", ["a\0b", "\ud800", ""])
def test_a_parameter_that_r_has_no_name_for_is_refused(name):
    """CRA-009: and ends no R."""
    made = crate("function(x, ...) length(list(...))")
    before = made.processes()
    with pytest.raises(InvalidInput, match=r"Argument .*CRA-009") as caught:
        mlmodel.flavors.crate.FLAVOR.predictor(made, {})(ROWS, {name: 1.0})
    assert caught.value.details[0].column == name
    assert made.processes() == before


def test_a_crate_is_saved_as_it_was(of_r, tmp_path):
    """CRA-001, CRA-002, CRA-012: with a signature, which R's own lacks."""
    native = mlmodel.crate.load_model(of_r, trust=True)
    mlmodel.crate.save_model(native, tmp_path / "m", input_example=ROWS[["a"]])
    flavors = document.read(tmp_path / "m" / "MLmodel").data["flavors"]
    assert flavors["crate"] == {"code": None, "version": "0.1.0", "model": "crate.bin"}
    assert flavors["python_function"]["loader_module"] == "mlmodel.crate"
    assert mlmodel.validate(tmp_path / "m").violations == ()
    assert (tmp_path / "m" / "crate.bin").read_bytes() == (of_r / "crate.bin").read_bytes()
    again = mlmodel.load(tmp_path / "m")
    assert [one.name for one in again.signature.inputs] == ["a"]
    assert again.predict(ROWS).tolist() == [2.0, 5.0]
    with pytest.raises(InvalidInput, match="'a'"):
        again.predict(ROWS[["b"]])


@pytest.mark.parametrize("given", [object(), print, b"bytes"])
def test_another_object_is_not_saved(given, tmp_path):
    with pytest.raises(InvalidArgument, match="functions of R"):
        mlmodel.crate.save_model(given, tmp_path / "m")


def test_copies_have_an_r_of_their_own(loaded):
    native = loaded.get_raw_model()
    for made in (copy.deepcopy(native), pickle.loads(pickle.dumps(native))):
        assert made(ROWS).tolist() == [2.0, 5.0]
        assert not set(made.processes()) & set(native.processes())
        made.close()


def test_what_r_says_goes_to_the_log(of_r, caplog):
    """CRA-007."""
    made = crate("function(x) { warning('odd'); x }")
    with caplog.at_level(logging.WARNING, "mlmodel.r"):
        made(1)
    assert [one.getMessage() for one in caplog.records] == ["odd"]


def test_a_function_that_lacks_something_fails(corpus, tmp_path):
    """CRA-001, CRA-007: a crate of a real user loads; what its author forgot to put in is said."""
    require_r()
    loaded = mlmodel.load(corpus / "crate-r", trust=True)
    assert loaded.get_raw_model().arguments == ("...", ".x", ".y", ".")
    with pytest.raises(ModelFailure, match="object 'model' not found.*CRA-007"):
        loaded.predict(ROWS)


def test_doctor_tells_of_r(monkeypatch):
    """CRA-004."""
    require_r()
    told = {
        one["flavor"]: one
        for one in json.loads(CliRunner().invoke(doctor, ["--json"]).output)["flavors"]
    }
    assert told["crate"]["loads"]
    assert told["crate"]["libraries"][0]["name"] == "R"
    monkeypatch.setenv("MLMODEL_R_PROGRAM", "/nonexistent/R")
    said = CliRunner().invoke(doctor, []).output
    assert "R is not installed" in said
    assert "r-base-core" in said


@pytest.mark.slow
def test_a_server_answers(tmp_path):
    """RST-087, CRA-006: a request that ends R is answered with an error, and the next with a prediction."""
    quits = "function(x, times = 2, ...) { if (x$a[1] %in% 99) quit(); x$a * times }"
    model = folder(tmp_path / "m", content(quits))
    command = [sys.executable, "-m", "mlmodel", "serve", "-m", str(model), "-p", "0", "--trust"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = int(process.stdout.readline().rsplit(":", 1)[1])
            body = {"dataframe_split": {"columns": ["a"], "data": [[1.0], [2.5], [None]]}}
            assert _asked(port, body) == (200, {"predictions": [2.0, 5.0, None]})
            status, told = _asked(port, {"dataframe_records": [{"a": 99}]})
            assert (status, told["error_code"]) == (500, "MODEL_FAILURE")
            assert _asked(port, {"dataframe_records": [{"a": 3}]}) == (200, {"predictions": [6.0]})
        finally:
            process.terminate()
            process.communicate()


def _asked(port, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    connection.request(
        "POST", "/invocations", json.dumps(body), {"Content-Type": "application/json"}
    )
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())
