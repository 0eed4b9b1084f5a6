"""The pmdarima flavor (PMD rules; EDITIONS rows 53 to 55)."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import mlmodel
from asking import posted
from mlmodel import document
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    MissingDependency,
    ModelNotFound,
    UntrustedModel,
)
from mlmodel.models import infer_signature
from mlmodel.trust.describe import look_into

pytestmark = pytest.mark.libraries("pmdarima")

MONTHS = pd.Series(
    np.random.default_rng(0).normal(size=60).cumsum() + 100,
    index=pd.date_range("2020-01-01", periods=60, freq="MS"),
)
REGRESSOR = np.arange(60.0).reshape(-1, 1) % 5
COLUMNS = ["yhat", "yhat_lower", "yhat_upper"]


def pmdarima():
    import pmdarima

    return pmdarima


def a_pipeline():
    from pmdarima.pipeline import Pipeline
    from pmdarima.preprocessing import BoxCoxEndogTransformer

    steps = [("boxcox", BoxCoxEndogTransformer()), ("arima", pmdarima().ARIMA(order=(1, 0, 0)))]
    return Pipeline(steps).fit(MONTHS)


MODELS = {
    "arima": lambda: pmdarima().ARIMA(order=(1, 1, 0)).fit(MONTHS.to_numpy()),
    "dates": lambda: pmdarima().ARIMA(order=(1, 1, 0)).fit(MONTHS),
    "auto": lambda: (
        pmdarima()
        .AutoARIMA(start_p=0, start_q=0, max_p=1, max_q=1, maxiter=5)
        .fit(MONTHS.to_numpy())
    ),
    "pipeline": a_pipeline,
    "regressors": lambda: pmdarima().ARIMA(order=(1, 0, 0)).fit(MONTHS.to_numpy(), X=REGRESSOR),
}


@pytest.fixture(scope="module")
def made():
    """Return what trains each model once."""
    kept = {}

    def of(name):
        if name not in kept:
            kept[name] = MODELS[name]()
        return kept[name]

    return of


@pytest.fixture(scope="module")
def loaded(made, tmp_path_factory):
    """Return what gives each model as a python_function."""
    kept = {}

    def of(name):
        if name not in kept:
            path = tmp_path_factory.mktemp("pmdarima") / "m"
            mlmodel.pmdarima.save_model(made(name), path)
            kept[name] = mlmodel.load(path)
        return kept[name]

    return of


@pytest.mark.parametrize("name", [name for name in MODELS if name != "regressors"])
def test_models_are_saved_and_loaded(name, made, tmp_path):
    """PMD-001, PMD-003, PMD-010: forecasts are those before, and so is their index."""
    model = made(name)
    mlmodel.pmdarima.save_model(
        model, tmp_path / "m", input_example=pd.DataFrame([{"n_periods": 3}])
    )
    native = mlmodel.pmdarima.load_model(tmp_path / "m")
    assert type(native) is type(model)
    expected = model.predict(n_periods=5)
    assert np.array_equal(native.predict(n_periods=5), expected)
    answer = mlmodel.load(tmp_path / "m").predict(pd.DataFrame([{"n_periods": 5}]))
    assert list(answer.columns) == ["yhat"]
    assert np.array_equal(answer["yhat"], expected)
    if hasattr(expected, "index"):
        assert answer.index.equals(expected.index)
    forecast, bounds = model.predict(n_periods=5, return_conf_int=True, alpha=0.2)
    asked = {"n_periods": 5, "alpha": 0.2, "return_conf_int": True}
    mlmodel.pmdarima.save_model(model, tmp_path / "n", input_example=pd.DataFrame([asked]))
    answer = mlmodel.load(tmp_path / "n").predict(pd.DataFrame([asked]))
    assert list(answer.columns) == COLUMNS
    assert np.array_equal(answer, np.column_stack([forecast, bounds]))


def test_attributes_are_those_of_mlflow(made, tmp_path):
    mlmodel.pmdarima.save_model(made("arima"), tmp_path / "m")
    flavors = document.read(tmp_path / "m" / "MLmodel").data["flavors"]
    version = pmdarima().__version__
    assert flavors["pmdarima"] == {
        "code": None, "data": "model.pmd", "model_type": "ARIMA", "pmdarima_version": version,
    }  # fmt: skip
    assert flavors["python_function"]["loader_module"] == "mlflow.pmdarima"
    assert flavors["python_function"]["data"] == "model.pmd"
    assert mlmodel.validate(tmp_path / "m").violations == ()
    assert f"pmdarima=={version}" in (tmp_path / "m" / "requirements.txt").read_text().splitlines()
    assert mlmodel.pmdarima.get_default_pip_requirements() == [f"pmdarima=={version}"]


def test_its_files_ask_for_trust(made, tmp_path, monkeypatch):
    """TRU-001; inspect says so."""
    mlmodel.pmdarima.save_model(made("arima"), tmp_path / "m")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    for load in (mlmodel.load, mlmodel.pmdarima.load_model):
        with pytest.raises(UntrustedModel, match=r"model\.pmd"):
            load(tmp_path / "m")
        assert load(tmp_path / "m", trust=True) is not None
    (look,) = look_into(tmp_path / "m")
    assert (look.file, look.needs_trust) == ("model.pmd", True)


@pytest.mark.parametrize("name", ["arima", "auto", "pipeline"])
def test_the_flavor_is_detected(name, made, tmp_path):
    """Though its classes are derived from scikit-learn's, and hold results of statsmodels."""
    mlmodel.save(made(name), tmp_path / "m", example=pd.DataFrame([{"n_periods": 3}]))
    flavors = document.read(tmp_path / "m" / "MLmodel").data["flavors"]
    assert set(flavors) == {"pmdarima", "python_function"}
    assert flavors["pmdarima"]["model_type"] == type(made(name)).__name__


@pytest.mark.parametrize(
    "wrong",
    [
        3, {"a": 1}, lambda: pmdarima().arima, lambda: SimpleNamespace(predict=print),
        lambda: pmdarima().preprocessing.BoxCoxEndogTransformer(lmbda=1),
    ],
)  # fmt: skip
def test_other_objects_are_refused(wrong, tmp_path):
    """PMD-003: what predicts and is another's, and what is pmdarima's and does not predict, too."""
    with pytest.raises(InvalidArgument, match=r"pmdarima flavor saves.*PMD-003"):
        mlmodel.pmdarima.save_model(wrong() if callable(wrong) else wrong, tmp_path / "m")


def test_what_cannot_be_pickled_is_refused(made, tmp_path):
    """PMD-003."""
    model = pickle.loads(pickle.dumps(made("arima")))
    model.scoring = lambda: 3
    with pytest.raises(InvalidArgument, match=r"cannot be pickled.*PMD-003"):
        mlmodel.pmdarima.save_model(model, tmp_path / "m")


@pytest.mark.parametrize(
    "row",
    [
        {"n_periods": 4},
        {"n_periods": 4, "return_conf_int": False},
        {"n_periods": 4, "return_conf_int": None, "alpha": None, "X": None},
        {"alpha": np.nan, "n_periods": np.int32(4), "X": np.nan, "more": "ignored"},
    ],
)
def test_what_is_missing_has_its_default(row, made, loaded):
    """PMD-005, PMD-006: None is False, and alone it changes nothing (rows 53, 54)."""
    answer = loaded("arima").predict(pd.DataFrame([row]))
    assert list(answer.columns) == ["yhat"]
    assert np.array_equal(answer["yhat"], made("arima").predict(n_periods=4))


def test_the_default_of_alpha(made, loaded):
    """PMD-006 (row 53)."""
    answer = loaded("arima").predict({"n_periods": 3, "return_conf_int": True})
    _, bounds = made("arima").predict(n_periods=3, return_conf_int=True, alpha=0.05)
    assert np.array_equal(answer[COLUMNS[1:]], bounds)


def test_every_form_of_a_row(made, loaded):
    """PMD-004: a table in any form."""
    expected = made("arima").predict(n_periods=3)
    frame = pd.DataFrame([{"n_periods": 3}])
    for given in (frame, frame.convert_dtypes(), {"n_periods": 3}, {"n_periods": [3]},
                  [{"n_periods": 3}], frame.convert_dtypes(dtype_backend="pyarrow"),
                  frame.set_index(pd.Index(["a"]))):  # fmt: skip
        assert np.array_equal(loaded("arima").predict(given)["yhat"], expected)


@pytest.mark.parametrize(
    "given",
    [
        pd.DataFrame({"n_periods": [3, 4]}), pd.DataFrame({"n_periods": []}), pd.DataFrame(),
        np.array([[3]]), [[3]], 3, "three",
    ],
    ids=["two", "none", "nothing", "array", "rows", "number", "text"],
)  # fmt: skip
def test_exactly_one_row(given, loaded):
    """PMD-004 (row 54)."""
    with pytest.raises(InvalidInput, match="PMD-004"):
        loaded("arima").predict(given)


@pytest.mark.parametrize("row", [{"alpha": 0.1}, {"n_periods": None}, {"n": 3, "horizon": 3}])
def test_periods_are_required(row, loaded):
    """PMD-005 (row 53): and the columns that are there are listed."""
    with pytest.raises(InvalidInput, match=rf"n_periods.*{next(iter(row))}.*PMD-005"):
        loaded("arima").predict(pd.DataFrame([row]))


def test_columns_without_names_are_listed_too(loaded):
    """PMD-005: a number by its text; and that there are none."""
    for given, listed in ((pd.DataFrame([[3, 4]]), "0, 1"), (pd.DataFrame(index=[0]), "none")):
        with pytest.raises(InvalidInput, match=rf"the columns {listed}\. \(PMD-005\)"):
            loaded("arima").predict(given)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("n_periods", [0, -3, 3.0, "3", True, [3], 1e9]),
        ("return_conf_int", ["yes", 1, 0.5, [True]]),
        ("alpha", [0, 1, 2.5, "0.1", True, -0.1]),
        ("X", [3, "ab", [1, 2], [[1], [2, 3]], [["a"]], {"x": 1}]),
    ],
)
def test_values_of_another_type_are_refused(column, values, loaded):
    """PMD-006."""
    for value in values:
        with pytest.raises(InvalidInput, match=rf"'{column}' is .*PMD-006"):
            loaded("arima").predict(pd.DataFrame([{"n_periods": 3, column: value}]))


def test_regressors(made, loaded):
    """PMD-006, PMD-008 (row 53): a row of them for each period."""
    future = [[1.0], [2.0], [3.0]]
    expected = made("regressors").predict(n_periods=3, X=np.array(future))
    for given in (future, np.array(future), tuple(map(tuple, future)), [[1], [2], [3]]):
        answer = loaded("regressors").predict(pd.DataFrame([{"n_periods": 3, "X": given}]))
        assert np.array_equal(answer["yhat"], expected)
    for wrong in ({}, {"X": [[1.0]]}, {"X": [[1.0, 2.0]] * 3}):
        with pytest.raises(InvalidInput, match=r"pmdarima cannot predict.*PMD-008"):
            loaded("regressors").predict(pd.DataFrame([{"n_periods": 3, **wrong}]))


def test_regressors_need_a_version_that_knows_them(made, monkeypatch):
    """PMD-007 (row 53)."""
    monkeypatch.setattr(pmdarima(), "__version__", "1.7.1")
    predict = mlmodel.pmdarima.FLAVOR.predictor(made("regressors"), {})
    with pytest.raises(InvalidInput, match=r"1\.8\.0 or later; installed is 1\.7\.1.*PMD-007"):
        predict({"n_periods": 1, "X": [[1.0]]}, None)
    monkeypatch.setattr(pmdarima(), "__version__", "1.8.0")  # the first that does
    predict = mlmodel.pmdarima.FLAVOR.predictor(made("regressors"), {})
    assert len(predict({"n_periods": 1, "X": [[1.0]]}, None)) == 1
    monkeypatch.setattr(pmdarima(), "__version__", "1.7.1")
    assert len(mlmodel.pmdarima.FLAVOR.predictor(made("arima"), {})({"n_periods": 2}, None)) == 2


def test_parameters_reach_predict(made, loaded):
    """PMD-009."""
    expected = made("pipeline").predict(n_periods=3, inverse_transform=False)
    answer = loaded("pipeline").predict({"n_periods": 3}, params={"inverse_transform": False})
    assert np.array_equal(answer["yhat"], expected)
    assert not np.array_equal(loaded("pipeline").predict({"n_periods": 3})["yhat"], expected)
    with pytest.raises(InvalidInput, match="PMD-009: Parameter 'way'"):
        loaded("auto").predict({"n_periods": 3}, params={"way": 3})


def test_no_signature_of_a_native_answer_with_intervals(made, loaded):
    """PMD-011 (row 55)."""
    answer = made("arima").predict(n_periods=3, return_conf_int=True)
    asked = pd.DataFrame([{"n_periods": 3, "return_conf_int": True}])
    with pytest.raises(InvalidArgument, match=r"tuple.*SIG-010.*python_function's output"):
        infer_signature(asked, answer)
    signature = infer_signature(asked, loaded("arima").predict(asked))
    assert signature.outputs.input_names() == COLUMNS


@pytest.mark.parametrize("has_signature", [True, False])
def test_it_is_asked_over_rest(has_signature, made, tmp_path):
    """The edition's row, in its bodies and today's."""
    asked = {"n_periods": 4, "return_conf_int": True, "alpha": 0.1}
    example = pd.DataFrame([asked]) if has_signature else None
    mlmodel.pmdarima.save_model(made("arima"), tmp_path / "m", input_example=example)
    model = mlmodel.load(tmp_path / "m")
    forecast, bounds = made("arima").predict(n_periods=4, return_conf_int=True, alpha=0.1)
    rows = np.column_stack([forecast, bounds]).tolist()
    expected = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    split = {"columns": list(asked), "data": [list(asked.values())]}
    for body in ({"dataframe_split": split}, {"dataframe_records": [asked]}, split, [asked],
                 {"instances": [asked]}, {"inputs": {name: [one] for name, one in asked.items()}}):  # fmt: skip
        assert posted(model, body) == expected
    assert posted(model, b"n_periods,return_conf_int,alpha\n4,true,0.1\n", "text/csv") == expected


@pytest.mark.parametrize("has_signature", [True, False])
def test_regressors_over_rest(has_signature, made, tmp_path):
    """EDITIONS row 53: lists of lists."""
    asked = {"n_periods": 2, "X": [[1.5], [2.0]]}
    example = pd.DataFrame([asked]) if has_signature else None
    mlmodel.pmdarima.save_model(made("regressors"), tmp_path / "m", input_example=example)
    model = mlmodel.load(tmp_path / "m")
    forecast = made("regressors").predict(n_periods=2, X=np.array(asked["X"]))
    expected = [{"yhat": one} for one in forecast.tolist()]
    split = {"columns": list(asked), "data": [list(asked.values())]}
    for body in ({"dataframe_split": split}, {"dataframe_records": [asked]}, split, [asked]):
        assert posted(model, body) == expected


def test_files_that_are_not_there_or_damaged(made, tmp_path):
    mlmodel.pmdarima.save_model(made("arima"), tmp_path / "m")
    file = tmp_path / "m" / "model.pmd"
    data = file.read_bytes()
    for damaged in (b"", data[:100], data[: len(data) // 2], b"text"):
        file.write_bytes(damaged)
        with pytest.raises(InvalidModel, match=r"model\.pmd"):
            mlmodel.load(tmp_path / "m", trust=True)
    file.unlink()
    with pytest.raises((InvalidModel, ModelNotFound), match=r"model\.pmd"):
        mlmodel.load(tmp_path / "m", trust=True)


@pytest.mark.parametrize("version", ["0.1.0", "99.1"])
def test_another_version_is_told_where_loading_fails(version, made, tmp_path):
    """ENV-021: both versions are named."""
    mlmodel.pmdarima.save_model(made("arima"), tmp_path / "m")
    text = (tmp_path / "m" / "MLmodel").read_text()
    own = pmdarima().__version__
    changed = text.replace(f"pmdarima_version: {own}", f"pmdarima_version: '{version}'")
    assert changed != text
    (tmp_path / "m" / "MLmodel").write_text(changed)
    data = pickle.dumps(made("arima")).replace(b"pmdarima.arima.arima", b"pmdarima.arima.gonee")
    (tmp_path / "m" / "model.pmd").write_bytes(data)
    with pytest.raises(MissingDependency, match=r"ENV-021") as raised:
        mlmodel.load(tmp_path / "m", trust=True)
    assert version in str(raised.value)
    assert own in str(raised.value)


def test_the_keys_of_the_first_versions_are_enough(made, tmp_path):
    """PMD-002: as MLflow first wrote it, without the class's name."""
    text = "flavors:\n  pmdarima:\n    data: model.pmd\n    pmdarima_version: 1.8.4\n  python_function:\n"
    text += "    data: model.pmd\n    env: conda.yaml\n    loader_module: mlflow.pmdarima\n"
    (tmp_path / "MLmodel").write_text(text)
    (tmp_path / "model.pmd").write_bytes(pickle.dumps(made("arima"), protocol=4))
    answer = mlmodel.load(tmp_path, trust=True).predict({"n_periods": 3})
    assert np.array_equal(answer["yhat"], made("arima").predict(n_periods=3))
