"""The statsmodels flavor (STM rules)."""

from __future__ import annotations

import pickle
import sys
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest

import mlmodel
from asking import posted, posted_forms
from mlmodel import document
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    MissingDependency,
    ModelNotFound,
    UnsupportedModel,
    UntrustedModel,
)
from mlmodel.trust.describe import look_into

pytestmark = pytest.mark.libraries("statsmodels")

RANDOM = np.random.default_rng(0)
ROWS = pd.DataFrame(
    {"a": RANDOM.normal(size=60), "b": RANDOM.normal(size=60), "g": list("xyz") * 20}
)
TARGET = 2 * ROWS["a"] - ROWS["b"] + RANDOM.normal(size=60)
MONTHS = pd.Series(
    RANDOM.normal(size=60).cumsum(), index=pd.date_range("2020-01-01", periods=60, freq="MS")
)
FUTURE = pd.DataFrame({"start": [60], "end": [63]})


def api():
    import statsmodels.api

    return statsmodels.api


def formulas():
    import statsmodels.formula.api

    return statsmodels.formula.api


def with_target(target=TARGET):
    return ROWS.assign(y=target)


def constant():
    return api().add_constant(ROWS[["a", "b"]])


MODELS = {
    "ols by formula": lambda: formulas().ols("y ~ a + np.exp(b) + C(g)", with_target()).fit(),
    "glm by formula": lambda: formulas().glm("y ~ a * b", with_target()).fit(),
    "logit by formula": lambda: formulas().logit("y ~ a", with_target(TARGET > 0) * 1).fit(disp=0),
    "ols": lambda: api().OLS(TARGET, constant()).fit(),
    "glm": lambda: api().GLM(TARGET > 0, constant(), family=api().families.Binomial()).fit(),
    "logit": lambda: api().Logit((TARGET > 0) * 1, constant()).fit(disp=0),
    "classes": lambda: api().MNLogit(np.arange(60) % 3, constant()).fit(disp=0),
}  # fmt: skip
SERIES = {
    "arima": lambda: api().tsa.ARIMA(MONTHS, order=(1, 0, 0)).fit(),
    "sarimax": lambda: api().tsa.SARIMAX(MONTHS, order=(1, 1, 0)).fit(disp=0),
    "autoregression": lambda: api().tsa.AutoReg(MONTHS, 2).fit(),
    "smoothing": lambda: api().tsa.ExponentialSmoothing(MONTHS).fit(),
    "ets": lambda: api().tsa.ETSModel(MONTHS).fit(disp=0),
}


@pytest.fixture(scope="module")
def made():
    """Return what trains each model once."""
    kept = {}

    def of(name):
        if name not in kept:
            kept[name] = (MODELS | SERIES)[name]()
        return kept[name]

    return of


def saved(model, path, **options):
    mlmodel.statsmodels.save_model(model, path, **options)
    return mlmodel.load(path)


def same(one, other):
    assert type(one) is type(other)
    assert np.array_equal(np.asarray(one), np.asarray(other), equal_nan=True)
    if hasattr(one, "index"):
        assert one.index.equals(other.index)


@pytest.mark.parametrize("name", MODELS)
def test_results_of_rows_are_saved_and_loaded(name, made, tmp_path):
    """STM-001, STM-003: answers are those before, whatever the order of the columns."""
    model = made(name)
    by_name = "formula" in name
    rows = ROWS if by_name else constant()
    expected = model.predict(rows)
    loaded = saved(model, tmp_path / "m", input_example=rows.head(2))
    native = mlmodel.statsmodels.load_model(tmp_path / "m")
    assert type(native) is type(model)
    same(native.predict(rows), expected)
    same(loaded.predict(rows), expected)
    same(loaded.predict(rows[rows.columns[::-1]].assign(more=1)), expected)


@pytest.mark.parametrize("name", SERIES)
def test_results_of_time_series_are_saved_and_loaded(name, made, tmp_path):
    """STM-007: places and dates."""
    model = made(name)
    expected = model.predict(start=60, end=63)
    mlmodel.statsmodels.save_model(model, tmp_path / "m")
    same(mlmodel.statsmodels.load_model(tmp_path / "m").predict(60, 63), expected)
    loaded = mlmodel.load(tmp_path / "m")
    dates = ["2025-01-01", "2025-04-01"]
    for start, end in ([60, 63], dates, list(map(pd.Timestamp, dates))):
        same(loaded.predict(pd.DataFrame({"start": [start], "end": [end]})), expected)
        same(loaded.predict({"end": end, "start": start, "more": 1}), expected)
    within = model.predict(start=3, end=5)
    same(loaded.predict([{"start": 3, "end": 5}]), within)


def test_attributes_are_those_of_mlflow(made, tmp_path):
    import statsmodels

    mlmodel.statsmodels.save_model(made("ols"), tmp_path / "m")
    flavors = document.read(tmp_path / "m" / "MLmodel").data["flavors"]
    assert flavors["statsmodels"] == {
        "code": None,
        "data": "model.statsmodels",
        "statsmodels_version": statsmodels.__version__,
    }
    assert flavors["python_function"]["loader_module"] == "mlflow.statsmodels"
    assert flavors["python_function"]["data"] == "model.statsmodels"
    assert mlmodel.validate(tmp_path / "m").violations == ()
    lines = (tmp_path / "m" / "requirements.txt").read_text().splitlines()
    assert f"statsmodels=={statsmodels.__version__}" in lines
    assert set(mlmodel.statsmodels.get_default_pip_requirements()) <= set(lines)


def test_its_files_ask_for_trust(made, tmp_path, monkeypatch):
    """TRU-001: its pickle is on no list, whoever wrote it; inspect says so."""
    mlmodel.statsmodels.save_model(made("ols"), tmp_path / "m")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    for load in (mlmodel.load, mlmodel.statsmodels.load_model):
        with pytest.raises(UntrustedModel, match=r"model\.statsmodels"):
            load(tmp_path / "m")
        assert load(tmp_path / "m", trust=True) is not None
    (look,) = look_into(tmp_path / "m")
    assert look.file == "model.statsmodels"
    assert look.needs_trust


def test_the_flavor_is_detected(made, tmp_path):
    mlmodel.save(made("ols"), tmp_path / "m", example=constant().head(2))
    loaded = mlmodel.load(tmp_path / "m")
    assert [str(one) for one in loaded.signature.inputs.input_types()] == ["double"] * 3
    assert set(document.read(tmp_path / "m" / "MLmodel").data["flavors"]) == {
        "statsmodels",
        "python_function",
    }
    same(loaded.predict(constant()), made("ols").predict(constant()))


@pytest.mark.parametrize("wrong", [3, "model", lambda: api().OLS(TARGET, constant())])
def test_other_objects_are_refused(wrong, tmp_path):
    """STM-003: a model that was not fitted, too."""
    with pytest.raises(InvalidArgument, match=r"STM-003|\(LOC-020\)"):
        mlmodel.statsmodels.save_model(wrong() if callable(wrong) else wrong, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_model_without_a_fit_says_so(tmp_path):
    """STM-003: and what is no model of statsmodels is not told to be fitted."""
    todo = r"not statsmodels\.\S*OLS \(STM-003\); fit it first, and save what fit returns"
    with pytest.raises(InvalidArgument, match=todo):
        mlmodel.statsmodels.save_model(api().OLS(TARGET, constant()), tmp_path / "m")
    with pytest.raises(InvalidArgument, match=r"not builtins\.int \(STM-003\)$"):
        mlmodel.statsmodels.save_model(3, tmp_path / "m")


def test_what_cannot_be_pickled_is_refused(made, tmp_path):
    """STM-003."""
    model = pickle.loads(pickle.dumps(made("ols")))
    model.model.note = lambda: 3
    with pytest.raises(InvalidArgument, match=r"cannot be pickled.*STM-003"):
        mlmodel.statsmodels.save_model(model, tmp_path / "m")


def test_functions_of_a_formula_that_are_lost_are_told_at_save(tmp_path):
    """STM-011: numpy's are found by statsmodels itself."""

    def twice(column):
        return 2 * column

    model = formulas().ols("y ~ twice(a)", with_target()).fit()
    assert twice(1) == 2
    with pytest.raises(InvalidArgument, match=r"twice.*STM-011"):
        mlmodel.statsmodels.save_model(model, tmp_path / "m")


@pytest.mark.parametrize("name", ["ols", "logit", "ols by formula", "glm by formula", "classes"])
def test_the_data_of_training_may_be_left_out(name, tmp_path):
    """STM-012, STM-006: names and answers stay, and so does the object that was given."""
    model = MODELS[name]()
    rows = ROWS if "formula" in name else constant()
    expected = model.predict(rows)
    mlmodel.statsmodels.save_model(model, tmp_path / "whole")
    loaded = saved(model, tmp_path / "m", remove_data=True, input_example=rows.head(2))
    same(loaded.predict(rows[rows.columns[::-1]]), expected)
    assert model.model.endog is not None
    sizes = [(tmp_path / one / "model.statsmodels").stat().st_size for one in ("m", "whole")]
    assert sizes[0] < sizes[1]


def test_parameters_of_other_kinds_are_no_features(tmp_path):
    """STM-006: a dispersion, or what a precision follows; also where the data were left out."""
    from statsmodels.othermod.betareg import BetaModel

    array = constant().to_numpy()
    counts, shares = RANDOM.poisson(2, size=60), RANDOM.uniform(0.1, 0.9, size=60)
    negative = api().NegativeBinomial(counts, array).fit(disp=0)
    models = {
        "dispersion": (negative, {}),
        "without data": (negative, {"remove_data": True}),
        "precision": (BetaModel(shares, array, exog_precision=array[:, :2]).fit(disp=0), {}),
    }
    for name, (model, options) in models.items():
        expected = model.predict(array)
        loaded = saved(model, tmp_path / name, **options)
        same(loaded.predict(array), expected)
        with pytest.raises(InvalidInput, match=r"Expected 3 features, got 4.*STM-006"):
            loaded.predict(np.ones((2, 4)))


def test_missing_columns_are_listed(made, tmp_path):
    """STM-006: the constant is one of them."""
    loaded = saved(made("ols"), tmp_path / "m")
    with pytest.raises(InvalidInput, match=r"missing from the data: const, b \(STM-006\)"):
        loaded.predict(ROWS[["a"]])
    with pytest.raises(InvalidInput, match=r"Expected 3 features, got 2.*STM-006"):
        loaded.predict(np.ones((2, 2)))


def test_arrays_go_by_position(made, tmp_path):
    """STM-004, STM-006."""
    loaded, rows = saved(made("ols"), tmp_path / "m"), constant()
    expected, array = made("ols").predict(rows), np.ascontiguousarray(rows)
    assert np.array_equal(loaded.predict(array), made("ols").predict(array))
    assert np.array_equal(loaded.predict(array.tolist()), made("ols").predict(array))
    same(loaded.predict(rows.set_axis(range(3), axis=1)), expected)
    model = api().OLS(TARGET.to_numpy(), array).fit()
    arrays = saved(model, tmp_path / "n")
    same(arrays.predict(rows), model.predict(rows))
    same(arrays.predict(array), model.predict(array))
    with pytest.raises(InvalidInput, match="STM-006"):
        arrays.predict(rows[["a"]])
    for wrong in (np.ones(3), "text", np.ones((2, 2, 2))):
        with pytest.raises(InvalidInput, match="STM-004"):
            loaded.predict(wrong)


def test_a_formula_takes_tables_alone(made, tmp_path):
    """STM-004, STM-009."""
    loaded = saved(made("ols by formula"), tmp_path / "m")
    with pytest.raises(InvalidInput, match="STM-004"):
        loaded.predict(ROWS[["a", "b"]].to_numpy())
    with pytest.raises(InvalidInput, match=r"'b' is not defined.*STM-009"):
        loaded.predict(ROWS[["a", "g"]])
    with pytest.raises(InvalidInput, match=r"STM-009"):
        loaded.predict(ROWS.assign(g="unknown"))


@pytest.mark.parametrize("name", ["ols", "ols by formula"])
def test_nullable_and_arrow_columns_are_the_same_numbers(name, made, tmp_path):
    """STM-008: and integers and truth values are numbers."""
    rows = ROWS if "formula" in name else constant()
    rows = rows.assign(a=np.arange(60), b=np.arange(60) % 2 == 0)
    expected = np.asarray(made(name).predict(rows.assign(b=rows["b"] * 1.0)))
    loaded = saved(made(name), tmp_path / "m")
    nullable = rows.convert_dtypes().assign(b=rows["b"].astype("Int64"))
    for given in (rows.assign(b=rows["b"] * 1), nullable, nullable.convert_dtypes(
        dtype_backend="pyarrow")):  # fmt: skip
        assert np.array_equal(np.asarray(loaded.predict(given)), expected)
    if "formula" not in name:
        assert np.array_equal(np.asarray(loaded.predict(rows)), expected)


def test_rows_with_gaps_are_answered_with_gaps(made, tmp_path):
    loaded = saved(made("ols by formula"), tmp_path / "m")
    rows = ROWS.head(3).copy()
    rows.loc[1, "a"] = np.nan
    same(loaded.predict(rows), made("ols by formula").predict(rows))
    assert np.isnan(loaded.predict(rows)).tolist() == [False, True, False]


def test_texts_for_numbers_are_refused(made, tmp_path):
    """STM-008."""
    loaded = saved(made("ols"), tmp_path / "m")
    with pytest.raises(InvalidInput, match=r"'b'.*STM-008|STM-008.*'b'"):
        loaded.predict(constant().assign(b="one"))


def test_parameters_reach_predict(made, tmp_path):
    """STM-010."""
    loaded = saved(made("logit"), tmp_path / "m")
    linear = made("logit").predict(constant(), which="linear")
    same(loaded.predict(constant(), params={"which": "linear"}), linear)
    with pytest.raises(InvalidInput, match=r"STM-010: Parameter 'way'"):
        loaded.predict(constant(), params={"way": 3})
    series = saved(made("autoregression"), tmp_path / "n")
    expected = made("autoregression").predict(start=50, end=55, dynamic=True)
    same(series.predict({"start": 50, "end": 55}, params={"dynamic": True}), expected)
    with pytest.raises(InvalidInput, match=r"STM-010: Parameter 'way'"):
        series.predict({"start": 50, "end": 55}, params={"way": 3})


@pytest.mark.parametrize(
    "given",
    [
        pd.DataFrame({"start": [1, 2], "end": [3, 4]}),
        pd.DataFrame({"start": [], "end": []}),
        pd.DataFrame({"start": [1]}),
        pd.DataFrame({"start": [1], "end": [None]}),
        {"begin": 1, "end": 2},
        np.ones((1, 2)),
        [[1, 2]],
    ],
    ids=["two rows", "no row", "no end", "end is null", "another name", "array", "rows"],
)
def test_a_time_series_is_asked_by_one_row(given, made, tmp_path):
    """STM-007, STM-004."""
    loaded = saved(made("arima"), tmp_path / "m")
    with pytest.raises(InvalidInput, match="STM-007"):
        loaded.predict(given)


@pytest.mark.parametrize(
    ("start", "end"), [("never", "2025-01-01"), (63, 60), ("2019-01-05", 3), (60.0, 63.0)]
)
def test_what_statsmodels_refuses_is_told(start, end, made, tmp_path):
    """STM-009: a float is no place, even where it is whole."""
    loaded = saved(made("arima"), tmp_path / "m")
    with pytest.raises(InvalidInput, match=r"statsmodels cannot predict.*STM-009"):
        loaded.predict({"start": start, "end": end})


def test_dates_of_a_series_without_dates(tmp_path):
    """STM-009."""
    loaded = saved(api().tsa.ARIMA(MONTHS.to_numpy(), order=(1, 0, 0)).fit(), tmp_path / "m")
    with pytest.raises(InvalidInput, match="STM-009"):
        loaded.predict({"start": "2025-01-01", "end": "2025-02-01"})
    assert loaded.predict({"start": 60, "end": 61}).shape == (2,)


@pytest.mark.parametrize("kind", ["SARIMAX", "AutoReg"])
def test_regressors_of_a_forecast(kind, tmp_path):
    """STM-007, STM-008: a column of rows, however they are given."""
    exog = pd.DataFrame({"x": RANDOM.normal(size=60)}, index=MONTHS.index)
    own = {"SARIMAX": {"order": (1, 0, 0)}, "AutoReg": {"lags": 1}}[kind]
    model = getattr(api().tsa, kind)(MONTHS, exog=exog, **own)
    model = model.fit(disp=0) if kind == "SARIMAX" else model.fit()
    future = [[0.5], [1.0]]
    name = {"SARIMAX": "exog", "AutoReg": "exog_oos"}[kind]
    expected = model.predict(start=60, end=61, **{name: np.array(future)})
    loaded = saved(model, tmp_path / "m")
    for given in (future, np.array(future), pd.DataFrame(future).to_numpy()):
        same(loaded.predict({"start": 60, "end": 61, "exog": given}), expected)
    for wrong in ([1, 2], [[1], [2, 3]], "ab", [["a"], ["b"]]):
        with pytest.raises(InvalidInput, match=r"'exog'.*STM-008"):
            loaded.predict(pd.DataFrame([{"start": 60, "end": 61, "exog": wrong}]))
    with pytest.raises(InvalidInput, match="STM-009"):
        loaded.predict({"start": 60, "end": 61})


def test_results_that_do_not_predict_are_saved_natively(tmp_path):
    """STM-005."""
    pair = pd.DataFrame({"a": MONTHS, "b": RANDOM.normal(size=60)})
    model = api().tsa.VAR(pair).fit(1)
    with pytest.warns(UserWarning, match=r"no method predict.*STM-005"):
        mlmodel.statsmodels.save_model(model, tmp_path / "m")
    assert "python_function" not in document.read(tmp_path / "m" / "MLmodel").data["flavors"]
    native = mlmodel.statsmodels.load_model(tmp_path / "m")
    assert np.array_equal(native.params, model.params)
    with pytest.raises(UnsupportedModel, match="STM-005"):
        mlmodel.statsmodels.FLAVOR.predictor(native, {})


def test_forms_of_requests_are_answered_alike(made, tmp_path):
    """Rows over REST, with a signature and without."""
    rows, model = constant().head(3), made("ols")
    expected = model.predict(rows).tolist()
    for example in (None, rows):
        loaded = saved(model, tmp_path / f"m{example is None}", input_example=example)
        for form, answer in posted_forms(loaded, rows).items():
            assert answer == [{"0": one} for one in expected], form


def test_a_time_series_is_asked_over_rest(made, tmp_path):
    expected = made("arima").predict(60, 63).to_frame().to_dict("records")
    by_place, by_date = {"start": 60, "end": 63}, {"start": "2025-01-01", "end": "2025-04-01"}
    dates = {name: pd.Timestamp(one) for name, one in by_date.items()}
    examples = [None, FUTURE, pd.DataFrame([by_date]), pd.DataFrame([dates])]
    bodies = [by_place, by_place, by_date, by_date]
    for at, (example, row) in enumerate(zip(examples, bodies, strict=True)):
        loaded = saved(made("arima"), tmp_path / f"m{at}", input_example=example)
        split = {"columns": list(row), "data": [list(row.values())]}
        assert posted(loaded, {"dataframe_split": split}) == expected
        assert posted(loaded, {"dataframe_records": [row]}) == expected
        assert posted(loaded, split) == expected  # the body of 1.x


def test_files_that_are_not_there_or_damaged(made, tmp_path):
    mlmodel.statsmodels.save_model(made("ols"), tmp_path / "m")
    file = tmp_path / "m" / "model.statsmodels"
    data = file.read_bytes()
    for damaged in (b"", data[:100], data[: len(data) // 2], b"text"):
        file.write_bytes(damaged)
        with pytest.raises(InvalidModel, match=r"model\.statsmodels"):
            mlmodel.load(tmp_path / "m", trust=True)
    file.unlink()
    with pytest.raises((InvalidModel, ModelNotFound), match=r"model\.statsmodels"):
        mlmodel.load(tmp_path / "m", trust=True)


@pytest.mark.parametrize("version", ["0.1.0", "99.1"])
def test_another_version_is_told_where_loading_fails(version, made, tmp_path):
    """ENV-021: both versions are named."""
    import statsmodels

    mlmodel.statsmodels.save_model(made("ols"), tmp_path / "m")
    text = (tmp_path / "m" / "MLmodel").read_text()
    changed = text.replace(
        f"statsmodels_version: {statsmodels.__version__}", f"statsmodels_version: '{version}'"
    )
    (tmp_path / "m" / "MLmodel").write_text(changed)
    data = pickle.dumps(made("ols")).replace(b"statsmodels.base.data", b"statsmodels.base.gone")
    (tmp_path / "m" / "model.statsmodels").write_bytes(data)
    with pytest.raises(MissingDependency) as raised:
        mlmodel.load(tmp_path / "m", trust=True)
    assert version in str(raised.value)
    assert statsmodels.__version__ in str(raised.value)
    assert "ENV-021" in str(raised.value)


def test_old_places_of_names_are_found(made, tmp_path):
    """STM-013: the classes of a module that has another name today."""
    mlmodel.statsmodels.save_model(made("ols"), tmp_path / "m")
    old = b"cstatsmodels.tools.decorators\nCachedAttribute\n."
    (tmp_path / "m" / "model.statsmodels").write_bytes(old)
    found = mlmodel.statsmodels.load_model(tmp_path / "m", trust=True)
    assert found.__qualname__ == "CachedAttribute"
    if find_spec("statsmodels.tools._decorators") is None:
        return  # this statsmodels has the old place, and all that is there
    (tmp_path / "m" / "model.statsmodels").write_bytes(old.replace(b"CachedAttribute", b"warnings"))
    with pytest.raises(MissingDependency, match=r"statsmodels\.tools\.decorators"):
        mlmodel.statsmodels.load_model(tmp_path / "m", trust=True)


def test_versions_that_have_the_old_places_are_left_alone(made, tmp_path, monkeypatch):
    """STM-013: where the new module is not there."""
    mlmodel.statsmodels.save_model(made("ols"), tmp_path / "m")
    monkeypatch.setitem(sys.modules, "statsmodels.tools._decorators", None)
    native = mlmodel.statsmodels.load_model(tmp_path / "m")
    same(native.predict(constant()), made("ols").predict(constant()))


OLD_LAYOUTS = {
    "1.x": "artifact_path: model\nflavors:\n  python_function:\n    data: model.statsmodels\n"
    "    env: conda.yaml\n    loader_module: mlflow.statsmodels\n    python_version: 3.8.10\n"
    "  statsmodels:\n    data: model.statsmodels\n    statsmodels_version: {version}\n"
    "run_id: 5a1d0c9f2c8e4c3f9b0d7a6e1f2b3c4d\nutc_time_created: '2021-06-01 10:00:00.000000'\n",
    "without the flavor": "flavors:\n  python_function:\n    data: model.statsmodels\n"
    "    loader_module: mlflow.statsmodels\n",
}


@pytest.mark.parametrize("layout", OLD_LAYOUTS)
def test_old_layouts_are_read(layout, made, tmp_path):
    """STM-002: with the keys that they have."""
    import statsmodels

    (tmp_path / "MLmodel").write_text(OLD_LAYOUTS[layout].format(version=statsmodels.__version__))
    made("glm by formula").save(str(tmp_path / "model.statsmodels"))
    loaded = mlmodel.load(tmp_path, trust=True)
    same(loaded.predict(ROWS), made("glm by formula").predict(ROWS))
