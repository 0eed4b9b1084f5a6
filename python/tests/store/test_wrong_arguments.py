"""What is no path, a model in the place of a path, data of no form: errors of ours (LOC-020)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LinearRegression

import mlmodel
import mlmodel.onnx
import mlmodel.sklearn
import mlmodel.xgboost
from mlmodel import pyfunc
from mlmodel.errors import InvalidArgument, InvalidInput, UnsupportedModel
from mlmodel.models import Model, ModelSignature, infer_signature
from mlmodel.types import ColSpec, Schema

ROWS = pd.DataFrame({"a": [1.0, 2.0]})
MODEL = LinearRegression().fit(ROWS, [1, 2])


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    monkeypatch.setenv("MLMODEL_INFER_REQUIREMENTS", "false")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "trust"))


@pytest.mark.thorough
@pytest.mark.parametrize("place", [None, 5, 5.5, [], {}, ROWS, MODEL, True, object(), "", b""])
@pytest.mark.parametrize(
    "use",
    [
        mlmodel.load,
        pyfunc.load_model,
        pyfunc.get_model_dependencies,
        mlmodel.sklearn.load_model,
        mlmodel.onnx.load_model,
        mlmodel.validate,
        Model.load,
        lambda place: mlmodel.save(MODEL, place),
        lambda place: mlmodel.sklearn.save_model(MODEL, place),
        lambda place: pyfunc.save_model(place, python_model=len),
    ],
)
def test_what_is_no_path_is_refused(use, place):
    with pytest.raises(InvalidArgument, match=r"LOC-020|LOC-001"):
        use(place)


def test_bytes_and_paths_are_paths(tmp_path):
    mlmodel.save(MODEL, bytes(tmp_path / "m"))
    for place in (bytes(tmp_path / "m"), tmp_path / "m", str(tmp_path / "m")):
        assert mlmodel.load(place).predict(ROWS).shape == (2,)
        assert mlmodel.validate(place).valid


@pytest.mark.parametrize(
    "save",
    [mlmodel.save, mlmodel.sklearn.save_model, mlmodel.xgboost.save_model, mlmodel.onnx.save_model],
)
def test_a_model_and_a_path_exchanged(tmp_path, save):
    with pytest.raises(InvalidArgument, match=r"The model comes first.*LOC-020"):
        save(str(tmp_path / "m"), MODEL)


def test_structured_arrays_are_named_as_what_they_are(tmp_path):
    array = np.array([(1.0, 2)], dtype=[("a", "f8"), ("b", "i4")])
    for data in (array, array.view(np.recarray), {"x": array}):
        with pytest.raises(InvalidArgument, match=r"pandas\.DataFrame"):
            infer_signature(data)
        with pytest.raises(InvalidArgument, match=r"pandas\.DataFrame"):
            mlmodel.save(MODEL, tmp_path / "m", example=data)
    with pytest.raises(InvalidInput, match=r"a structured array \(pandas\.DataFrame"):
        infer_signature(ROWS).enforce(array)


@pytest.mark.parametrize(
    "inner", [ROWS, sp.csr_matrix(np.ones((2, 1))), sp.coo_array(np.ones((2, 1)))]
)
@pytest.mark.parametrize("around", [list, tuple])
def test_a_table_in_a_list_is_named(inner, around):
    """ENF-010."""
    with pytest.raises(InvalidInput, match=f"a list that holds a {type(inner).__name__}"):
        infer_signature(ROWS).enforce(around([inner]))


def test_a_series_in_a_list_is_a_row():
    row = pd.Series([1.0], index=["z"])
    signature = ModelSignature(Schema([ColSpec("double")]))
    assert signature.enforce([row]).to_numpy().tolist() == [[1.0]]


def test_a_native_flavor_alone_points_to_its_loader(tmp_path):
    (tmp_path / "MLmodel").write_text("flavors: {sklearn: {pickled_model: m.pkl}}\n")
    (tmp_path / "m.pkl").write_text("N.")
    with pytest.raises(UnsupportedModel, match=r"mlmodel\.sklearn\.load_model"):
        mlmodel.load(tmp_path)
    (tmp_path / "MLmodel").write_text("flavors: {nobodys: {data: m.pkl}}\n")
    with pytest.raises(UnsupportedModel, match="Load it with MLflow"):
        mlmodel.load(tmp_path)


def test_a_key_with_an_apostrophe_is_missing():
    """The key that is missing is not read out of a sentence of jsonschema's."""
    from mlmodel.document import check, parse

    found = check(parse("flavors: {python_function: {}}\n"), None)
    assert "'loader_module' is missing" in found[0].message
    found = check(parse("flavors: {a: {}}\nsaved_input_example_info: {}\n"), None)
    said = " ".join(one.message for one in found)
    assert "'artifact_path' is missing" in said
    assert "'type' is missing" in said


def test_an_observation_that_nobody_asks_for_is_not_spoken_of(tmp_path, monkeypatch):
    def fails(data):
        raise ValueError("no")

    with pytest.warns(UserWarning, match="could not score") as caught:
        pyfunc.save_model(tmp_path / "m", python_model=fails, input_example=ROWS)
    assert "observed" not in " ".join(str(one.message) for one in caught)
    monkeypatch.delenv("MLMODEL_INFER_REQUIREMENTS")
    with pytest.warns(UserWarning, match="not observed"):
        pyfunc.save_model(tmp_path / "n", python_model=fails, input_example=ROWS)
    with pytest.warns(UserWarning, match="could not score") as caught:
        pyfunc.save_model(
            tmp_path / "o", python_model=fails, input_example=ROWS, pip_requirements=["numpy"]
        )
    assert "observed" not in " ".join(str(one.message) for one in caught)


def test_a_misspelt_argument_is_answered_with_the_one_that_was_meant(tmp_path):
    with pytest.raises(InvalidArgument, match="Did you mean 'input_example'"):
        mlmodel.sklearn.save_model(LinearRegression(), tmp_path / "m", input_exmaple=[1])
    assert not (tmp_path / "m").exists()


def test_a_part_of_a_model_leads_to_the_model(tmp_path):
    mlmodel.sklearn.save_model(LinearRegression().fit([[1.0]], [1.0]), tmp_path / "m")
    (found,) = mlmodel.validate(tmp_path / "m" / "model.pkl").errors
    assert f"give the model's folder, {tmp_path / 'm'}" in found.message


def test_predict_without_data_is_told_so(tmp_path):
    mlmodel.sklearn.save_model(LinearRegression().fit([[1.0]], [1.0]), tmp_path / "m")
    with pytest.raises(InvalidArgument, match="Give the data to predict, such as"):
        mlmodel.load(tmp_path / "m").predict()
