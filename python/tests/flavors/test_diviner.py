"""The diviner flavor (DIV rules; EDITIONS rows 38 and 56 to 59)."""

from __future__ import annotations

import base64
import copy
import json
import logging
import pickle
import re
import warnings
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
    UnsupportedModel,
    UntrustedModel,
)
from mlmodel.models import infer_signature
from mlmodel.trust.describe import look_into

pytestmark = pytest.mark.libraries("diviner")
logging.getLogger("cmdstanpy").setLevel(logging.ERROR)

KEYS = [("CA", "Toronto"), ("US", "Boston"), ("US", "NewYork")]
COLUMNS = ["country", "city"]


def series(keys, columns, numbers=(0, 1, 2)):
    random = np.random.default_rng(0)
    days = pd.date_range("2022-03-01", periods=60)
    parts = [
        pd.DataFrame(dict(zip(columns, key, strict=True)), index=range(60)).assign(
            datetime=days, watts=100 + 10 * number + random.normal(size=60).cumsum()
        )
        for key, number in zip(keys, numbers, strict=True)
    ]
    return pd.concat(parts)


def of_prophet(keys=KEYS, columns=COLUMNS):
    from diviner import GroupedProphet

    rows = series(keys, columns).rename(columns={"datetime": "ds", "watts": "y"})
    return GroupedProphet(uncertainty_samples=0).fit(rows, columns)


def of_pmdarima(template=None):
    from diviner import GroupedPmdarima
    from pmdarima import ARIMA

    return GroupedPmdarima(template or ARIMA(order=(1, 0, 0))).fit(
        df=series(KEYS, COLUMNS), group_key_columns=COLUMNS, y_col="watts",
        datetime_col="datetime", silence_warnings=True,
    )  # fmt: skip


def a_pipeline():
    from pmdarima import ARIMA
    from pmdarima.pipeline import Pipeline
    from pmdarima.preprocessing import BoxCoxEndogTransformer

    return of_pmdarima(
        Pipeline([("boxcox", BoxCoxEndogTransformer()), ("arima", ARIMA(order=(1, 0, 0)))])
    )


MODELS = {"prophet": of_prophet, "pmdarima": of_pmdarima, "pipeline": a_pipeline}
ENVIRONMENT = {"conda.yaml", "python_env.yaml", "requirements.txt"}
ASKED = {
    "prophet": {"horizon": 3, "frequency": "D"},
    "pmdarima": {"n_periods": 3},
    "pipeline": {"n_periods": 3},
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
            path = tmp_path_factory.mktemp("diviner") / "m"
            mlmodel.diviner.save_model(made(name), path)
            kept[name] = mlmodel.load(path)
        return kept[name]

    return of


def same(one, other):
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def native(model, **asked):
    if type(model).__name__ == "GroupedProphet":
        return model.forecast(**asked)
    return copy.deepcopy(model).predict(**asked)


@pytest.mark.parametrize("name", MODELS)
def test_models_are_saved_and_loaded(name, made, tmp_path):
    """DIV-001, DIV-003, PYF-019 (row 38): the first argument by MLflow's name."""
    model, asked = made(name), ASKED[name]
    expected = native(model, **asked)
    mlmodel.diviner.save_model(
        diviner_model=model, path=tmp_path / "m", input_example=pd.DataFrame([asked])
    )
    again = mlmodel.diviner.load_model(tmp_path / "m")
    assert type(again) is type(model)
    assert list(again.model) == list(model.model)
    same(native(again, **asked), expected)
    answer = mlmodel.load(tmp_path / "m").predict(pd.DataFrame([asked]))
    same(answer, expected)
    assert answer.columns[0] == "grouping_key_columns"
    mlmodel.diviner.save_model(again, tmp_path / "again")
    same(mlmodel.load(tmp_path / "again").predict(asked), expected)


@pytest.mark.parametrize("name", ["prophet", "pmdarima"])
def test_attributes_are_those_of_mlflow(name, made, tmp_path):
    import diviner

    mlmodel.diviner.save_model(made(name), tmp_path / "m")
    flavors = document.read(tmp_path / "m" / "MLmodel").data["flavors"]
    assert flavors["diviner"] == {
        "code": None, "data": "model.div", "diviner_version": diviner.__version__,
        "fit_with_spark": False, "model_type": type(made(name)).__name__,
    }  # fmt: skip
    assert flavors["python_function"]["loader_module"] == "mlflow.diviner"
    assert mlmodel.validate(tmp_path / "m").violations == ()
    pinned = f"diviner=={diviner.__version__}"
    assert pinned in (tmp_path / "m" / "requirements.txt").read_text().splitlines()
    assert mlmodel.diviner.get_default_pip_requirements() == [pinned]


@pytest.mark.parametrize("name", ["prophet", "pmdarima"])
def test_diviner_itself_reads_the_file(name, made, tmp_path):
    """And no other is left beside it."""
    mlmodel.diviner.save_model(made(name), tmp_path / "m")
    data = {path.name for path in (tmp_path / "m").iterdir()} - ENVIRONMENT
    assert data == {"MLmodel", "model.div"}
    again = type(made(name)).load(str(tmp_path / "m" / "model.div"))
    same(native(again, **ASKED[name]), native(made(name), **ASKED[name]))


@pytest.mark.parametrize("name", ["prophet", "pmdarima"])
def test_what_diviner_wrote_is_read(name, made, tmp_path):
    """DIV-002: as MLflow 1.28 wrote it."""
    made(name).save(str(tmp_path / "model.div"))
    text = "flavors:\n  diviner:\n    data: model.div\n    diviner_version: 0.1.0\n"
    text += f"    fit_with_spark: false\n    model_type: {type(made(name)).__name__}\n"
    text += "  python_function:\n    data: model.div\n    loader_module: mlflow.diviner\n"
    (tmp_path / "MLmodel").write_text(text)
    same(mlmodel.load(tmp_path, trust=True).predict(ASKED[name]), native(made(name), **ASKED[name]))


def test_models_of_prophet_need_no_trust(made, tmp_path, monkeypatch):
    mlmodel.diviner.save_model(made("prophet"), tmp_path / "m")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    same(mlmodel.load(tmp_path / "m").predict(ASKED["prophet"]),
         native(made("prophet"), **ASKED["prophet"]))  # fmt: skip
    assert look_into(tmp_path / "m") == []


def test_models_of_pmdarima_ask_for_trust(made, tmp_path, monkeypatch):
    """TRU-001, DIV-007: whatever the MLmodel file says of them, and inspect tells."""
    mlmodel.diviner.save_model(made("pmdarima"), tmp_path / "m")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    for load in (mlmodel.load, mlmodel.diviner.load_model):
        with pytest.raises(UntrustedModel, match=r"model\.div.*pickles|pickles.*model\.div"):
            load(tmp_path / "m")
        assert load(tmp_path / "m", trust=True) is not None
    (look,) = look_into(tmp_path / "m")
    assert (look.file, look.needs_trust) == ("model.div", True)
    assert re.fullmatch(r"a JSON text with \d+ pickles in it", look.what)
    text = (tmp_path / "m" / "MLmodel").read_text()
    (tmp_path / "m" / "MLmodel").write_text(text.replace("GroupedPmdarima", "GroupedProphet"))
    with pytest.raises(InvalidModel, match="DIV-005"):
        mlmodel.load(tmp_path / "m")


def test_what_is_trusted_is_what_runs(made, tmp_path, monkeypatch):
    """TRU-065: a file that was changed since is another one."""
    mlmodel.diviner.save_model(made("pmdarima"), tmp_path / "m")
    assert mlmodel.load(tmp_path / "m") is not None
    file = tmp_path / "m" / "model.div"
    file.write_text(file.read_text().replace("watts", "volts"))
    with pytest.raises(UntrustedModel, match="changed"):
        mlmodel.load(tmp_path / "m")


@pytest.mark.parametrize("name", ["prophet", "pmdarima"])
def test_the_flavor_is_detected(name, made, tmp_path):
    mlmodel.save(made(name), tmp_path / "m", example=pd.DataFrame([ASKED[name]]))
    flavors = document.read(tmp_path / "m" / "MLmodel").data["flavors"]
    assert set(flavors) == {"diviner", "python_function"}


def unfitted():
    from diviner import GroupedProphet

    return GroupedProphet()


def unfitted_arima():
    from diviner import GroupedPmdarima
    from pmdarima import ARIMA

    return GroupedPmdarima(ARIMA(order=(1, 0, 0)))


@pytest.mark.parametrize(
    "wrong", [3, unfitted, unfitted_arima, lambda: SimpleNamespace(predict_groups=1)]
)
def test_other_objects_are_refused(wrong, tmp_path):
    """DIV-003: and models that were not fitted."""
    with pytest.raises(InvalidArgument, match="DIV-003"):
        mlmodel.diviner.save_model(wrong() if callable(wrong) else wrong, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_class_of_the_users_own_is_refused(made, tmp_path):
    """DIV-003: no reader would make one again."""

    class Derived(type(made("prophet"))):
        pass

    model = copy.copy(made("prophet"))
    model.__class__ = Derived
    with pytest.raises(InvalidArgument, match=r"saves fitted GroupedProphet.*DIV-003"):
        mlmodel.diviner.save_model(model, tmp_path / "m")


def test_models_fitted_by_spark_are_refused(made, tmp_path):
    """DIV-004."""
    model = copy.copy(made("prophet"))
    model._fit_with_spark = True
    with pytest.raises(InvalidArgument, match="DIV-004"):
        mlmodel.diviner.save_model(model, tmp_path / "m")
    mlmodel.diviner.save_model(made("prophet"), tmp_path / "m")
    text = (tmp_path / "m" / "MLmodel").read_text()
    spark = text.replace("fit_with_spark: false", "fit_with_spark: true")
    (tmp_path / "m" / "MLmodel").write_text(spark)
    (tmp_path / "m" / "model.div").unlink()
    (tmp_path / "m" / "model.div").mkdir()
    with pytest.raises(UnsupportedModel, match=r"GroupedProphet\.load.*DIV-004"):
        mlmodel.load(tmp_path / "m")


def test_another_class_is_refused(made, tmp_path):
    """DIV-003."""
    mlmodel.diviner.save_model(made("prophet"), tmp_path / "m")
    text = (tmp_path / "m" / "MLmodel").read_text()
    (tmp_path / "m" / "MLmodel").write_text(text.replace("GroupedProphet", "PmdarimaAnalyzer"))
    with pytest.raises(UnsupportedModel, match=r"PmdarimaAnalyzer.*DIV-003"):
        mlmodel.load(tmp_path / "m", trust=True)


# -- what is asked ---------------------------------------------------------------------------------


@pytest.mark.parametrize("groups", [
    KEYS[1:], [list(key) for key in KEYS[1:]], tuple(KEYS[1:]), np.array(KEYS[1:]),
    [np.array(key) for key in KEYS[1:]], KEYS[:0:-1],
])  # fmt: skip
def test_groups_are_forecast_by_themselves(groups, made, loaded):
    """DIV-015, DIV-016 (row 58): tuples, or lists as JSON has them."""
    expected = made("prophet").predict_groups(KEYS[1:], 3, "D")
    given = pd.DataFrame([{**ASKED["prophet"], "groups": groups}])
    same(loaded("prophet").predict(given), expected)
    expected = copy.deepcopy(made("pmdarima")).predict_groups(KEYS[1:], 3)
    same(loaded("pmdarima").predict(pd.DataFrame([{"n_periods": 3, "groups": groups}])), expected)


@pytest.mark.parametrize("groups", [None, [], np.nan])
def test_no_groups_are_all(groups, made, loaded):
    """DIV-015."""
    answer = loaded("prophet").predict(pd.DataFrame([{**ASKED["prophet"], "groups": groups}]))
    same(answer, native(made("prophet"), **ASKED["prophet"]))


@pytest.mark.parametrize("name", ["prophet", "pmdarima"])
def test_unknown_groups_follow_on_error(name, made, loaded, recwarn):
    """DIV-015 (row 58)."""
    asked = {**ASKED[name], "groups": [("X", "Y"), KEYS[0]]}
    expected = loaded(name).predict({**ASKED[name], "groups": [KEYS[0]]})
    assert len(expected) == 3
    for way in ({}, {"on_error": "raise"}, {"on_error": None}):
        with pytest.raises(InvalidInput, match=r"\('X', 'Y'\).*DIV-015"):
            loaded(name).predict(pd.DataFrame([{**asked, **way}]))
    recwarn.clear()
    same(loaded(name).predict({**asked, "on_error": "ignore"}), expected)
    assert not [one for one in recwarn if "DIV-015" in str(one.message)]
    with pytest.warns(UserWarning, match=r"\('X', 'Y'\).*DIV-015"):
        same(loaded(name).predict({**asked, "on_error": "warn"}), expected)
    for way in ("warn", "ignore"):
        with pytest.raises(InvalidInput, match="DIV-015"):
            loaded(name).predict({**asked, "groups": [("X", "Y")], "on_error": way})
    with pytest.raises(InvalidInput, match=r"raise, warn, ignore.*DIV-016"):
        loaded(name).predict({**asked, "on_error": "other"})


@pytest.mark.parametrize(("count", "end"), [(5, "X4', 'Y')"), (7, "X4', 'Y') and 2 more")])
def test_of_many_unknown_groups_five_are_named(count, end, loaded):
    """DIV-015."""
    groups = [(f"X{at}", "Y") for at in range(count)]
    with pytest.raises(InvalidInput, match="DIV-015") as caught:
        loaded("prophet").predict({**ASKED["prophet"], "groups": groups})
    named = ", ".join(f"('X{at}', 'Y')" for at in range(5))
    assert f"not trained on the groups {named}" in str(caught.value)
    assert f"{end}, but on " in str(caught.value)


@pytest.mark.parametrize("name", ["prophet", "pmdarima"])
@pytest.mark.parametrize("more", [{}, {"n_periods": None, "horizon": np.nan}, {"alpha": 0.1}])
def test_periods_are_required(name, more, loaded):
    """DIV-011 (row 56): neither horizon nor n_periods."""
    with pytest.raises(InvalidInput, match=r"n_periods or horizon.*frequency.*DIV-011"):
        loaded(name).predict(pd.DataFrame([{"frequency": "D", **more}]))


@pytest.mark.parametrize("name", ["prophet", "pmdarima"])
@pytest.mark.parametrize("column", ["n_periods", "horizon"])
@pytest.mark.parametrize("value", ["3", 3.0, 3.5, True, 0, -1, [3], "3 days"])
def test_periods_are_an_integer(name, column, value, loaded):
    """DIV-012 (row 56)."""
    with pytest.raises(InvalidInput, match=rf"'{column}' is .*DIV-012"):
        loaded(name).predict(pd.DataFrame([{"frequency": "D", column: value}]))


@pytest.mark.parametrize("frequency", [{}, {"frequency": None}, {"frequency": 3}])
def test_prophet_needs_a_frequency(frequency, made, loaded):
    """DIV-013 (row 56)."""
    with pytest.raises(InvalidInput, match=r"frequency.*DIV-013"):
        loaded("prophet").predict(pd.DataFrame([{"horizon": 3, **frequency}]))
    same(loaded("pmdarima").predict(pd.DataFrame([{"horizon": 3, **frequency}])),
         native(made("pmdarima"), n_periods=3))  # fmt: skip


@pytest.mark.parametrize("name", ["prophet", "pmdarima"])
def test_two_names_of_one_thing(name, loaded):
    """DIV-014 (row 56): equal ones are no matter, and numpy's integers are integers (row 57)."""
    expected = loaded(name).predict({"n_periods": 3, "frequency": "D"})
    both = {"n_periods": np.int32(3), "horizon": 3, "frequency": "D"}
    same(loaded(name).predict(pd.DataFrame([both])), expected)
    with pytest.raises(InvalidInput, match=r"n_periods is 3 and horizon 4.*DIV-014"):
        loaded(name).predict({**both, "horizon": 4})


@pytest.mark.parametrize("name", ["prophet", "pmdarima"])
@pytest.mark.parametrize("groups", [{}, {"groups": [KEYS[2]]}])
def test_the_forecast_has_the_name_that_is_asked_for(name, groups, loaded):
    """DIV-010: and columns that nobody knows are ignored."""
    asked = {**ASKED[name], **groups, "more": 1}
    expected = loaded(name).predict(asked).rename(columns={"yhat": "wattage"})
    same(loaded(name).predict({**asked, "predict_col": "wattage"}), expected)
    with pytest.raises(InvalidInput, match=r"'predict_col' is a text.*DIV-016"):
        loaded(name).predict(pd.DataFrame([{**asked, "predict_col": 3}]))


@pytest.mark.parametrize("name", ["pmdarima", "pipeline"])
@pytest.mark.parametrize("groups", [None, KEYS[:1]])
def test_intervals(name, groups, made, loaded):
    """DIV-018, DIV-016: to the bit those of the models themselves."""
    asked = {"n_periods": 4, "alpha": 0.1, "return_conf_int": True, "groups": groups}
    answer = loaded(name).predict(pd.DataFrame([asked]))
    names = ["grouping_key_columns", *COLUMNS, "yhat", "yhat_lower", "yhat_upper", "datetime"]
    assert list(answer.columns) == names
    own = {} if name == "pmdarima" else {"inverse_transform": groups is None}
    for key in groups or KEYS:
        part = answer[(answer[COLUMNS] == list(key)).all(axis=1)]
        forecast, bounds = (
            made(name).model[key].predict(n_periods=4, return_conf_int=True, alpha=0.1, **own)
        )
        values = part[["yhat", "yhat_lower", "yhat_upper"]].to_numpy()
        assert values.dtype == np.float64
        assert np.array_equal(values, np.column_stack([forecast, bounds]), equal_nan=True)
    plain = loaded(name).predict(pd.DataFrame([{**asked, "return_conf_int": None}]))
    assert "yhat_lower" not in plain
    assert plain["yhat"].tolist() == answer["yhat"].tolist()


def test_a_pipeline_is_taken_back_as_diviner_does(made, loaded):
    """DIV-010: its default differs for groups."""
    model = copy.deepcopy(made("pipeline"))
    for groups, own in ((None, model.predict), (KEYS[:1], model.predict_groups)):
        named = {} if groups is None else {"groups": groups}
        for way in ({}, {"inverse_transform": True}, {"inverse_transform": False}):
            expected = own(n_periods=3, **named, **way)
            same(loaded("pipeline").predict({"n_periods": 3, "groups": groups, **way}), expected)


@pytest.mark.parametrize(
    "groups", ["US", ["US", "CA"], [("US", ["Boston"])], 3, [3], {"US": "Boston"}, [None]]
)
def test_groups_of_another_form_are_refused(groups, loaded):
    """DIV-016: a text is no group."""
    with pytest.raises(InvalidInput, match=r"'groups' is a list of groups.*DIV-016"):
        loaded("prophet").predict(pd.DataFrame([{**ASKED["prophet"], "groups": groups}]))


def test_values_of_another_type_are_refused(loaded):
    """DIV-016."""
    for column, values in {"alpha": [0, 2, "a"], "return_conf_int": [1, "yes"],
                           "inverse_transform": ["no"], "on_error": [3]}.items():  # fmt: skip
        for value in values:
            with pytest.raises(InvalidInput, match=rf"'{column}' is .*DIV-016"):
                loaded("pmdarima").predict(pd.DataFrame([{"n_periods": 3, column: value}]))


def test_what_diviner_refuses_is_told(loaded):
    """DIV-017."""
    with pytest.raises(InvalidInput, match=r"diviner cannot predict.*DIV-017"):
        loaded("prophet").predict({"horizon": 3, "frequency": "never"})


@pytest.mark.parametrize(
    "given", [np.ones((1, 2)), [[1, 2]], 3, "D", pd.DataFrame({"horizon": []})]
)
def test_data_that_have_no_first_row_are_refused(given, loaded):
    """DIV-010."""
    with pytest.raises(InvalidInput, match="DIV-010"):
        loaded("prophet").predict(given)


def test_the_first_row_counts(loaded):
    """DIV-010 (row 58)."""
    expected = loaded("prophet").predict({"horizon": 2, "frequency": "D"})
    rows = pd.DataFrame({"horizon": [2, 5], "frequency": ["D", "h"]}, index=[7, 8])
    with pytest.warns(UserWarning, match="first of 2 rows"):
        same(loaded("prophet").predict(rows), expected)


def test_parameters_have_no_effect(made):
    predict = mlmodel.diviner.FLAVOR.predictor(made("prophet"), {})
    with pytest.warns(UserWarning, match="no parameters"):
        same(predict(ASKED["prophet"], {"way": 3}), native(made("prophet"), **ASKED["prophet"]))


def test_the_default_of_a_parameter_is_not_handed_on(made, tmp_path):
    """PYF-025: a model of diviner takes none, whatever its signature has."""
    asked = pd.DataFrame([ASKED["pmdarima"]])
    signature = infer_signature(asked, params={"way": 3})
    with pytest.warns(UserWarning, match="way"):
        mlmodel.diviner.save_model(made("pmdarima"), tmp_path / "m", signature=signature)
    loaded = mlmodel.load(tmp_path / "m")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        answer = loaded.predict(asked)
    same(answer, native(made("pmdarima"), **ASKED["pmdarima"]))
    with pytest.raises(InvalidInput, match="PYF-025"):
        loaded.predict(asked, params={"way": 4})


# -- over REST -------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_signature", [True, False])
@pytest.mark.parametrize("name", ["prophet", "pmdarima"])
def test_it_is_asked_over_rest(name, has_signature, made, loaded, tmp_path):
    """The edition's row, in its bodies and today's; groups are lists (row 58)."""
    asked = {**ASKED[name], "groups": [list(key) for key in KEYS[1:]],
             "predict_col": "wattage_forecast", "on_error": "warn"}  # fmt: skip
    if name == "pmdarima":
        asked |= {"alpha": 0.1, "return_conf_int": True}
    example = pd.DataFrame([asked]) if has_signature else None
    mlmodel.diviner.save_model(made(name), tmp_path / "m", input_example=example)
    model = mlmodel.load(tmp_path / "m")
    expected = loaded(name).predict(asked)
    split = {"columns": list(asked), "data": [list(asked.values())]}
    bodies = [{"dataframe_split": split}, {"dataframe_records": [asked]}, split, [asked]]
    for body in bodies:
        told = pd.DataFrame(posted(model, body))
        assert list(told.columns) == list(expected.columns)
        assert told["wattage_forecast"].tolist() == expected["wattage_forecast"].tolist()
        assert told["city"].tolist() == expected["city"].tolist()
        assert told["grouping_key_columns"].tolist() == [COLUMNS] * len(expected)


def test_metrics_are_tables(made, tmp_path):
    """EDITIONS row 59: parameters and metrics go into CSV files."""
    params = made("prophet").extract_model_params()
    params.to_csv(tmp_path / "params.csv", index=False, header=True)
    again = pd.read_csv(tmp_path / "params.csv")
    assert again["city"].tolist() == [city for _, city in KEYS]
    metrics = made("prophet").cross_validate_and_score(
        horizon="5 days", period="20 days", initial="30 days", rolling_window=0.1, monthly=False
    )
    assert len(metrics) == len(KEYS)


# -- files -----------------------------------------------------------------------------------------


def written(made, path, name="prophet"):
    mlmodel.diviner.save_model(made(name), path)
    file = path / "model.div"
    return file, json.loads(file.read_text())


def test_files_that_are_not_there_or_damaged(made, tmp_path):
    """DIV-005."""
    for name in ("prophet", "pmdarima"):
        file, _ = written(made, tmp_path / name, name)
        data = file.read_text()
        for damaged in ("", data[:-1], data[: len(data) // 2], "text", "[" * 100_000):
            file.write_text(damaged)
            with pytest.raises(InvalidModel, match=r"model\.div .*PPH-004"):
                mlmodel.load(tmp_path / name, trust=True)
        for other in ("3", "[]", "{}"):
            file.write_text(other)
            with pytest.raises(InvalidModel, match=r"model\.div .*DIV-005"):
                mlmodel.load(tmp_path / name, trust=True)
        file.unlink()
        with pytest.raises((InvalidModel, ModelNotFound), match=r"model\.div"):
            mlmodel.load(tmp_path / name, trust=True)


BROKEN = {
    "columns of numbers": {"_group_key_columns": [1, 2]},
    "columns as a text": {"_group_key_columns": "country"},
    "no columns": {"_group_key_columns": None},
    "a master key": {"_master_key": 3},
    "a column of times": {"_datetime_col": ["ds"]},
    "options": {"_prophet_init_kwargs": [3]},
    "no models": {"model": {}},
    "models as a list": {"model": [1]},
}


@pytest.mark.parametrize("what", BROKEN)
def test_attributes_of_another_kind(what, made, tmp_path):
    """DIV-005."""
    file, held = written(made, tmp_path / "m")
    file.write_text(json.dumps({**held, **BROKEN[what]}))
    with pytest.raises(InvalidModel, match=r"model\.div .*DIV-005"):
        mlmodel.load(tmp_path / "m")


def test_other_attributes_are_not_taken(made, tmp_path):
    """DIV-005: what diviner's own reader would put in the place of a method."""
    file, held = written(made, tmp_path / "m")
    file.write_text(json.dumps({**held, "forecast": 3, "_fit_check": 4}))
    same(mlmodel.load(tmp_path / "m").predict(ASKED["prophet"]),
         native(made("prophet"), **ASKED["prophet"]))  # fmt: skip


@pytest.mark.parametrize(
    "key",
    ["('a',)", "('a', 'b', 'c')", "['a', 'b']", "'ab'", "a, b", "(a, b)", "('a', b'b')", "", "3",
     "('a', ('b',))", "('a', None)", "(" * 1000, "-" * 1990, "('a', f'{3}')", "('a', open('b'))",
     "('a', os.system('b'))", "('a', np.f('b', 3))", "('a', '" + "b" * 5000 + "')"],
)  # fmt: skip
def test_keys_of_another_form(key, made, tmp_path):
    """DIV-006."""
    file, held = written(made, tmp_path / "m")
    (one, *_) = held["model"].values()
    file.write_text(json.dumps({**held, "model": {key: one}}))
    with pytest.raises(InvalidModel, match=r"key of a group \(DIV-005\)|DIV-00[56]"):
        mlmodel.load(tmp_path / "m")


def test_keys_that_are_numbers(made, tmp_path):
    """DIV-006: of numpy, too, which diviner itself cannot read back."""
    keys = [(np.int64(3), "a(b)"), (np.int64(-4), "it's"), (np.int64(5), "ü")]
    model = of_prophet([(int(number), text) for number, text in keys])
    model.model = dict(zip(keys, model.model.values(), strict=True))
    mlmodel.diviner.save_model(model, tmp_path / "m")
    held = json.loads((tmp_path / "m" / "model.div").read_text())
    assert list(held["model"]) == ["(3, 'a(b)')", '(-4, "it\'s")', "(5, 'ü')"]
    loaded = mlmodel.load(tmp_path / "m")
    answer = loaded.predict({"horizon": 1, "frequency": "D", "groups": [[-4, "it's"]]})
    assert answer["country"].tolist() == [-4]
    # As numpy 2 says them; numpy 1 said plain numbers.
    texts = [f"(np.int64({number}), {text!r})" for number, text in keys]
    old = dict(zip(texts, held["model"].values(), strict=True))
    assert "(np.int64(3), 'a(b)')" in old
    (tmp_path / "m" / "model.div").write_text(json.dumps({**held, "model": old}))
    native_again = mlmodel.diviner.load_model(tmp_path / "m")
    assert list(native_again.model) == [(3, "a(b)"), (-4, "it's"), (5, "ü")]
    model.model = {(pd.Timestamp("2020-01-01"), "a"): made("prophet").model[KEYS[0]]}
    with pytest.raises(InvalidArgument, match="DIV-006"):
        mlmodel.diviner.save_model(model, tmp_path / "n")


def test_models_within_are_held_to_prophets_rules(made, tmp_path):
    """PPH-005, PPH-006."""
    file, held = written(made, tmp_path / "m")
    key = next(iter(held["model"]))
    for rule, change in (("PPH-005", {"country_holidays": "registry"}),
                         ("PPH-006", {"uncertainty_samples": 10**12})):  # fmt: skip
        one = json.dumps({**json.loads(held["model"][key]), **change})
        file.write_text(json.dumps({**held, "model": {**held["model"], key: one}}))
        with pytest.raises(InvalidModel, match=rf"model\.div .*\({rule}\)"):
            mlmodel.load(tmp_path / "m")


def test_pickles_that_are_none(made, tmp_path):
    """DIV-005."""
    file, held = written(made, tmp_path / "m", "pmdarima")
    for change in ({"_model_template": 3}, {"_model_template": "ä"}, {"model": "text"},
                   {"model": {}}, {"_model_template": base64.b64encode(b"text").decode()}):  # fmt: skip
        file.write_text(json.dumps({**held, **change}))
        with pytest.raises(InvalidModel, match=r"model\.div"):
            mlmodel.load(tmp_path / "m", trust=True)


@pytest.mark.parametrize("version", ["0.0.1", "99.1"])
def test_another_version_is_told_where_loading_fails(version, made, tmp_path):
    """ENV-021: both versions are named."""
    import diviner

    file, held = written(made, tmp_path / "m", "pmdarima")
    text = (tmp_path / "m" / "MLmodel").read_text()
    changed = text.replace(
        f"diviner_version: {diviner.__version__}", f"diviner_version: '{version}'"
    )
    assert changed != text
    (tmp_path / "m" / "MLmodel").write_text(changed)
    template = pickle.dumps(made("pmdarima")._model_template)
    gone = template.replace(b"pmdarima.arima.arima", b"pmdarima.arima.gonee")
    held["_model_template"] = base64.urlsafe_b64encode(gone).decode()
    file.write_text(json.dumps(held))
    with pytest.raises(MissingDependency, match="ENV-021") as raised:
        mlmodel.load(tmp_path / "m", trust=True)
    assert version in str(raised.value)
    assert diviner.__version__ in str(raised.value)
