"""The prophet flavor (PPH rules)."""

from __future__ import annotations

import inspect
import json
import logging
from types import SimpleNamespace

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
)
from mlmodel.trust.describe import look_into

pytestmark = pytest.mark.libraries("prophet")
logging.getLogger("cmdstanpy").setLevel(logging.ERROR)

RANDOM = np.random.default_rng(0)
DAYS = pd.DataFrame({
    "ds": pd.date_range("2020-01-01", periods=90),
    "y": 10 + RANDOM.normal(size=90).cumsum() / 10 + np.arange(90) % 7,
    "wind": RANDOM.normal(size=90),
    "cap": 40.0,
    "floor": 1.0,
    "is_open": np.arange(90) % 2 == 0,
})  # fmt: skip
FUTURE = DAYS.drop(columns="y").assign(ds=DAYS["ds"] + pd.Timedelta(days=90)).head(20)


def unfitted(**options):
    from prophet import Prophet

    return Prophet(uncertainty_samples=0, **options)


def with_holidays():
    """A model with holidays of its own and of a country, a regressor and a season of its own."""
    from prophet import Prophet

    days = pd.to_datetime(["2020-02-01", "2020-03-01"])
    party = pd.DataFrame({"holiday": "party", "ds": days, "lower_window": -1, "upper_window": 2})
    model = Prophet(holidays=party, uncertainty_samples=30)
    model.add_regressor("wind").add_country_holidays("NO").add_seasonality("month", 30, 3)
    return model.fit(DAYS[["ds", "y", "wind"]])


def conditional():
    model = unfitted(weekly_seasonality=False)
    model.add_seasonality("open weeks", 7, 3, condition_name="is_open")
    return model.fit(DAYS[["ds", "y", "is_open"]])


MODELS = {
    "plain": lambda: unfitted().fit(DAYS[["ds", "y"]]),
    "holidays": with_holidays,
    "conditional": conditional,
    "logistic": lambda: unfitted(growth="logistic").fit(DAYS[["ds", "y", "cap", "floor"]]),
    "flat": lambda: unfitted(growth="flat", seasonality_mode="multiplicative").fit(
        DAYS[["ds", "y"]]
    ),
}
NEEDED = {
    "plain": ["ds"], "holidays": ["ds", "wind"], "conditional": ["ds", "is_open"],
    "logistic": ["ds", "cap", "floor"], "flat": ["ds"],
}  # fmt: skip


@pytest.fixture(scope="module")
def made():
    """Return what trains each model once."""
    kept = {}

    def of(name):
        if name not in kept:
            kept[name] = MODELS[name]()
        return kept[name]

    return of


@pytest.fixture(autouse=True)
def _another_user(tmp_path, monkeypatch):
    """Whoever loads did not save the model: no file of this flavor needs trust."""
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "store"))


def untrusting(monkeypatch, path):
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(path.parent / "nobody"))


def drawn(predict, rows):
    """Return a forecast whose intervals are drawn from the same chance."""
    np.random.seed(3)  # noqa: NPY002 - by which Prophet draws
    return predict(rows)


@pytest.mark.parametrize("name", MODELS)
def test_models_are_saved_and_loaded(name, made, tmp_path, monkeypatch):
    """PPH-001, PPH-003, PPH-007: to the bit, intervals too, without trust."""
    model, rows = made(name), FUTURE[NEEDED[name]]
    expected = drawn(model.predict, rows)
    mlmodel.prophet.save_model(model, tmp_path / "m", input_example=rows.head(3))
    untrusting(monkeypatch, tmp_path)
    native = mlmodel.prophet.load_model(tmp_path / "m")
    assert type(native) is type(model)
    pd.testing.assert_frame_equal(drawn(native.predict, rows), expected, check_exact=True)
    loaded = mlmodel.load(tmp_path / "m")
    assert "fidelity" not in (loaded.metadata.metadata or {}).get("mlmodel", {})
    for given in (rows, rows[rows.columns[::-1]].assign(more="text")):
        pd.testing.assert_frame_equal(drawn(loaded.predict, given), expected, check_exact=True)
    future = native.make_future_dataframe(periods=2)
    assert future["ds"].tolist()[-2:] == FUTURE["ds"].tolist()[:2]


def test_attributes_are_those_of_mlflow(made, tmp_path):
    import prophet

    mlmodel.prophet.save_model(made("plain"), tmp_path / "m")
    flavors = document.read(tmp_path / "m" / "MLmodel").data["flavors"]
    version = prophet.__version__
    assert flavors["prophet"] == {
        "code": None, "data": "model.pr", "model_type": "Prophet", "prophet_version": version,
    }  # fmt: skip
    assert flavors["python_function"]["loader_module"] == "mlflow.prophet"
    assert flavors["python_function"]["data"] == "model.pr"
    assert mlmodel.validate(tmp_path / "m").violations == ()
    assert f"prophet=={version}" in (tmp_path / "m" / "requirements.txt").read_text().splitlines()
    assert mlmodel.prophet.get_default_pip_requirements() == [f"prophet=={version}"]
    assert look_into(tmp_path / "m") == []


def test_the_flavor_is_detected(made, tmp_path):
    mlmodel.save(made("plain"), tmp_path / "m", example=FUTURE[["ds"]].head(3))
    flavors = document.read(tmp_path / "m" / "MLmodel").data["flavors"]
    assert set(flavors) == {"prophet", "python_function"}
    signature = mlmodel.load(tmp_path / "m").signature
    assert [str(one) for one in signature.inputs.input_types()] == ["datetime"]
    assert "yhat" in signature.outputs.input_names()


@pytest.mark.parametrize("wrong", [3, "plain", unfitted, pd.DataFrame()])
def test_other_objects_are_refused(wrong, tmp_path):
    """PPH-003: and a model that was not fitted."""
    model = wrong() if callable(wrong) else wrong
    with pytest.raises(InvalidArgument, match=r"PPH-003|LOC-020"):
        mlmodel.prophet.save_model(model, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_class_of_the_users_own_is_read_as_prophets(tmp_path):
    """PPH-003."""
    from prophet import Prophet

    class Derived(Prophet):
        pass

    model = Derived(uncertainty_samples=0).fit(DAYS[["ds", "y"]])
    mlmodel.prophet.save_model(model, tmp_path / "m")
    assert document.read(tmp_path / "m" / "MLmodel").data["flavors"]["prophet"]["model_type"] == (
        "Derived"
    )
    assert type(mlmodel.prophet.load_model(tmp_path / "m")) is Prophet


def test_models_of_regressors_are_told(tmp_path):
    """PPH-011, PPH-007: the saved model asks for the regressor."""
    if "regressor_predictor" not in inspect.signature(unfitted().add_regressor).parameters:
        pytest.skip("this Prophet has no models of regressors")
    model = unfitted().add_regressor("wind", regressor_predictor={"uncertainty_samples": 0})
    model.fit(DAYS[["ds", "y", "wind"]])
    assert len(model.predict(FUTURE[["ds"]])) == 20
    with pytest.warns(UserWarning, match="PPH-011"):
        mlmodel.prophet.save_model(model, tmp_path / "m")
    assert len(mlmodel.prophet.FLAVOR.predictor(model, {})(FUTURE[["ds"]], None)) == 20
    with pytest.raises(InvalidInput, match=r"'?wind'? .*PPH-007|: wind \(PPH-007\)"):
        mlmodel.load(tmp_path / "m").predict(FUTURE[["ds"]])


@pytest.mark.parametrize("name", ["holidays", "conditional", "logistic"])
def test_missing_columns_are_listed(name, made):
    """PPH-007."""
    predict = mlmodel.prophet.FLAVOR.predictor(made(name), {})
    needed = NEEDED[name]
    with pytest.raises(InvalidInput) as raised:
        predict(FUTURE[["ds"]].rename(columns={"ds": "when"}), None)
    assert [one.column for one in raised.value.details] == needed
    assert "PPH-007" in str(raised.value)
    twice = FUTURE[needed].set_axis(["ds"] * len(needed), axis=1)
    with pytest.raises(InvalidInput, match=r"given more than once.*PPH-007"):
        predict(twice, None)


def test_tables_of_every_form(made):
    """PPH-007, PPH-009: times may be texts, columns nullable or of Arrow, or without names."""
    predict = mlmodel.prophet.FLAVOR.predictor(made("holidays"), {})
    rows = FUTURE[["ds", "wind"]].reset_index(drop=True)
    texts = rows.assign(ds=rows["ds"].dt.strftime("%Y-%m-%d"))
    expected = drawn(made("holidays").predict, rows)
    for given in (
        texts, texts.convert_dtypes(), rows.convert_dtypes(dtype_backend="pyarrow"),
        texts.to_dict("records"), texts.to_dict("list"), rows.set_axis([0, 1], axis=1),
        rows.sample(frac=1, random_state=0),
    ):  # fmt: skip
        answer = drawn(lambda given: predict(given, None), given)
        pd.testing.assert_frame_equal(answer, expected, check_exact=True)


@pytest.mark.parametrize("given", [np.ones((2, 1)), [["2020-01-01"]], "2020-01-01", 3])
def test_data_that_are_no_table_are_refused(given, made):
    """PPH-008."""
    with pytest.raises(InvalidInput, match="PPH-008"):
        mlmodel.prophet.FLAVOR.predictor(made("plain"), {})(given, None)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("plain", pd.DataFrame({"ds": ["never"]})),
        ("plain", pd.DataFrame({"ds": [None]})),
        ("plain", FUTURE[["ds"]].head(0)),
        ("holidays", FUTURE[["ds"]].assign(wind=np.nan)),
        ("holidays", FUTURE[["ds"]].assign(wind="strong")),
        ("conditional", FUTURE[["ds"]].assign(is_open="sometimes")),
        ("logistic", FUTURE[["ds", "floor"]].assign(cap=0)),
    ],
)
def test_what_prophet_refuses_is_told(name, rows, made):
    """PPH-009."""
    with pytest.raises(InvalidInput, match=r"Prophet cannot predict on these data: .*PPH-009"):
        mlmodel.prophet.FLAVOR.predictor(made(name), {})(rows, None)


def zoned(rows):
    return rows.assign(ds=rows["ds"].dt.tz_localize("UTC"))


@pytest.mark.parametrize("dtype", ["datetime64[ns, UTC]", "object"])
def test_times_with_a_zone_say_which_column_has_it(dtype, made):
    """PPH-009."""
    rows = zoned(FUTURE[["ds", "wind"]]).astype({"ds": dtype})
    todo = r"column 'ds' have a zone.*tz_localize\(None\).*PPH-009"
    with pytest.raises(InvalidInput, match=todo) as caught:
        mlmodel.prophet.FLAVOR.predictor(made("holidays"), {})(rows, None)
    assert [(one.rule, one.column) for one in caught.value.details] == [("PPH-009", "ds")]


def test_times_that_get_a_zone_by_the_signature_say_so(made, tmp_path):
    """PPH-009: its example had one."""
    rows = FUTURE[["ds", "wind"]].head(3)
    with pytest.warns(UserWarning, match="could not score its input_example"):
        mlmodel.prophet.save_model(made("holidays"), tmp_path / "m", input_example=zoned(rows))
    with pytest.raises(InvalidInput, match="the example that the model was saved with had one"):
        mlmodel.load(tmp_path / "m").predict(rows)


def test_parameters_reach_predict(made):
    """PPH-010."""
    predict = mlmodel.prophet.FLAVOR.predictor(made("holidays"), {})
    rows = FUTURE[["ds", "wind"]]
    expected = drawn(lambda rows: made("holidays").predict(rows, vectorized=False), rows)
    answer = drawn(lambda rows: predict(rows, {"vectorized": False}), rows)
    pd.testing.assert_frame_equal(answer, expected, check_exact=True)
    assert not answer.equals(drawn(lambda rows: predict(rows, None), rows))
    with pytest.raises(InvalidInput, match="PPH-010: Parameter 'way'"):
        predict(rows, {"way": 3})


@pytest.mark.parametrize("has_signature", [True, False])
def test_it_is_asked_over_rest(has_signature, made, tmp_path):
    """Dates as JSON and CSV have them, in every form."""
    rows = FUTURE[["ds"]].head(3)
    texts = rows.assign(ds=rows["ds"].dt.strftime("%Y-%m-%dT%H:%M:%S"))
    example = rows if has_signature else None
    mlmodel.prophet.save_model(made("plain"), tmp_path / "m", input_example=example)
    model = mlmodel.load(tmp_path / "m")
    expected = made("plain").predict(rows)
    answers = posted_forms(model, texts)
    bare = {"columns": ["ds"], "data": texts.to_numpy().tolist()}
    answers["1.x"] = posted(model, bare)
    for form, answer in answers.items():
        told = pd.DataFrame(answer)
        assert told["yhat"].tolist() == expected["yhat"].tolist(), form
        assert pd.to_datetime(told["ds"]).tolist() == rows["ds"].tolist(), form


def written(made, path, name="plain"):
    """Save a model; return its file and what is in it."""
    mlmodel.prophet.save_model(made(name), path)
    file = path / "model.pr"
    return file, json.loads(json.loads(file.read_text()))


def test_the_file_is_json_within_json(made, tmp_path):
    """PPH-004: and the inner one alone is read, too."""
    from prophet.serialize import model_to_json

    file, held = written(made, tmp_path / "m")
    assert json.loads(file.read_text()) == model_to_json(made("plain"))
    rows = FUTURE[["ds"]]
    file.write_text(json.dumps(held))
    answer = mlmodel.load(tmp_path / "m").predict(rows)
    assert answer["yhat"].tolist() == made("plain").predict(rows)["yhat"].tolist()


def test_files_that_are_not_there_or_damaged(made, tmp_path):
    """PPH-004, PPH-005."""
    file, held = written(made, tmp_path / "m")
    data = file.read_text()
    twice = json.dumps(json.dumps(held)[:-1] + ', "growth": "flat"}')
    deep = "[" * 100_000
    for damaged in ("", data[:-1], data[: len(data) // 2], "text", twice, deep, json.dumps(deep)):
        file.write_text(damaged)
        with pytest.raises(InvalidModel, match=r"model\.pr .*PPH-004"):
            mlmodel.load(tmp_path / "m")
    for other in ("3", "[]", '"[1, 2]"', "{}", json.dumps({"growth": "linear"})):
        file.write_text(other)
        with pytest.raises(InvalidModel, match=r"model\.pr .*PPH-005"):
            mlmodel.load(tmp_path / "m")
    file.unlink()
    with pytest.raises((InvalidModel, ModelNotFound), match=r"model\.pr"):
        mlmodel.load(tmp_path / "m")


def test_attributes_that_are_missing_or_of_another_kind(made, tmp_path):
    """PPH-004 to PPH-006: each is an error of the file, whatever Prophet makes of it."""
    file, held = written(made, tmp_path / "m", "holidays")
    for key in held:
        if key in {"scaling", "y_min", "holidays_mode", "__prophet_version"}:
            continue  # which newer versions of Prophet write alone
        file.write_text(json.dumps({name: one for name, one in held.items() if name != key}))
        with pytest.raises(InvalidModel, match=r"PPH-00[456]"):
            mlmodel.load(tmp_path / "m")
    for key in ("params", "seasonalities", "extra_regressors", "history", "changepoints", "start",
                "t_scale", "holidays", "train_component_cols"):  # fmt: skip
        for wrong in (3.5, [3], {"a": 1}, "text"):
            if wrong == held[key] or (key in {"start", "t_scale"} and wrong == 3.5):
                continue
            file.write_text(json.dumps({**held, key: wrong}))
            with pytest.raises(InvalidModel, match=r"PPH-00[456]"):
                mlmodel.load(tmp_path / "m")


def windows(held, days):
    table = json.loads(held["holidays"])
    table["data"][0]["upper_window"] = days
    return {"holidays": json.dumps(table)}


def season(held, **changed):
    names, props = held["seasonalities"]
    return {"seasonalities": [names, {**props, "month": {**props["month"], **changed}}]}


def regressor(held, **changed):
    names, props = held["extra_regressors"]
    return {"extra_regressors": [names, {**props, "wind": {**props["wind"], **changed}}]}


def wide(held):
    fields = [{"name": f"c{number}", "type": "number"} for number in range(1000)]
    return {"history": json.dumps({"schema": {"fields": fields}, "data": [{}] * 100_000})}


BROKEN = {
    "a country that is a module": ("PPH-005", lambda _: {"country_holidays": "registry"}),
    "a country with a point": ("PPH-005", lambda _: {"country_holidays": "US.__class__"}),
    "no country": ("PPH-005", lambda _: {"country_holidays": ["NO"]}),
    "a growth": ("PPH-005", lambda _: {"growth": "exponential"}),
    "a model in a regressor": ("PPH-005", lambda held: regressor(held, predictor={"a": 1})),
    "an order": ("PPH-006", lambda held: season(held, fourier_order=10**9)),
    "an order below": ("PPH-006", lambda held: season(held, fourier_order=-(10**9))),
    "an order that is no integer": ("PPH-006", lambda held: season(held, fourier_order=1e9)),
    "days around a holiday": ("PPH-006", lambda held: windows(held, 10**7)),
    "days before a holiday": ("PPH-006", lambda held: windows(held, -(10**7))),
    "days of text": ("PPH-006", lambda held: windows(held, "9999999")),
    "samples": ("PPH-006", lambda _: {"uncertainty_samples": 10**12}),
    "samples that are no integer": ("PPH-006", lambda _: {"uncertainty_samples": 1e12}),
    "samples of Stan": ("PPH-006", lambda _: {"mcmc_samples": "many"}),
    "a table that is mostly left out": ("PPH-006", wide),
    "coefficients of several lengths": ("PPH-006", lambda held: {
        "params": {**held["params"], "beta": [[1.0], [1.0, 2.0]]}}),
    "names that are not listed": ("PPH-006", lambda held: {
        "seasonalities": [["month"], held["seasonalities"][1]]}),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_numbers_and_names_that_lead_astray(what, made, tmp_path):
    """PPH-005, PPH-006: in a trusted folder, too."""
    rule, change = BROKEN[what]
    file, held = written(made, tmp_path / "m", "holidays")
    file.write_text(json.dumps(json.dumps({**held, **change(held)})))
    for trust in (False, True):
        with pytest.raises(InvalidModel, match=rf"model\.pr .*\({rule}\)"):
            mlmodel.load(tmp_path / "m", trust=trust)


def test_keys_of_one_hash_are_refused(made, tmp_path):
    """TRU-097: numbers that are made to have it, as labels of a table."""
    file, held = written(made, tmp_path / "m")
    crowd = [place * (2**61 - 1) + 7 for place in range(1, 2000)]
    names = json.dumps({"name": None, "index": list(range(len(crowd))), "data": crowd})
    file.write_text(json.dumps({**held, "train_holiday_names": names}))
    with pytest.raises(InvalidModel):
        mlmodel.load(tmp_path / "m")


def test_files_of_older_versions(made, tmp_path):
    """PPH-004: before 1.1.5 some attributes were not there."""
    file, held = written(made, tmp_path / "m")
    old = {name: one for name, one in held.items()
           if name not in {"scaling", "y_min", "holidays_mode"}}  # fmt: skip
    file.write_text(json.dumps(json.dumps({**old, "__prophet_version": "1.0"})))
    answer = mlmodel.load(tmp_path / "m").predict(FUTURE[["ds"]])
    assert answer["yhat"].tolist() == made("plain").predict(FUTURE[["ds"]])["yhat"].tolist()


@pytest.mark.parametrize("version", ["0.1.0", "99.1"])
def test_another_version_is_told_where_loading_fails(version, made, tmp_path):
    """ENV-021: both versions are named."""
    import prophet

    file, held = written(made, tmp_path / "m")
    text = (tmp_path / "m" / "MLmodel").read_text()
    changed = text.replace(
        f"prophet_version: {prophet.__version__}", f"prophet_version: '{version}'"
    )
    assert changed != text
    (tmp_path / "m" / "MLmodel").write_text(changed)
    del held["changepoints_t"]
    file.write_text(json.dumps(held))
    with pytest.raises(MissingDependency, match="ENV-021") as raised:
        mlmodel.load(tmp_path / "m")
    assert version in str(raised.value)
    assert prophet.__version__ in str(raised.value)


def test_the_keys_of_the_first_versions_are_enough(made, tmp_path):
    """PPH-002: without the class's name."""
    from prophet.serialize import model_to_json

    text = "flavors:\n  prophet:\n    data: model.pr\n    prophet_version: '1.0'\n"
    text += "  python_function:\n    data: model.pr\n    loader_module: mlflow.prophet\n"
    (tmp_path / "MLmodel").write_text(text)
    (tmp_path / "model.pr").write_text(json.dumps(model_to_json(made("flat"))))
    answer = mlmodel.load(tmp_path).predict(FUTURE[["ds"]])
    assert answer["yhat"].tolist() == made("flat").predict(FUTURE[["ds"]])["yhat"].tolist()


def test_what_looks_like_prophets_is_not(made, tmp_path):
    """PPH-003: by the class, not by the names that an object has; and not all of its classes."""
    for model in (SimpleNamespace(make_future_dataframe=None), made("plain").stan_backend):
        with pytest.raises(InvalidArgument, match="PPH-003"):
            mlmodel.prophet.save_model(model, tmp_path / "m")


@pytest.mark.slow
def test_a_model_that_nobody_vouches_for_predicts_behind_the_wall(tmp_path, monkeypatch):
    """TRU-080: also where a library looks for a folder of its own that it cannot write to."""
    from mlmodel.sandbox import wall

    if wall.lacking():
        pytest.skip("this system has no sandbox")
    model = unfitted().fit(DAYS[["ds", "y"]])
    mlmodel.save(model, tmp_path / "m", example=FUTURE[["ds"]])
    expected = model.predict(FUTURE[["ds"]])["yhat"]
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    answer = mlmodel.load(tmp_path / "m", sandbox=True).predict(FUTURE[["ds"]])
    assert answer["yhat"].tolist() == expected.tolist()
