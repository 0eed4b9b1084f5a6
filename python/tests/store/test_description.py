"""The MLmodel file as an object (DIR-008)."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import warnings

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.linear_model import LinearRegression

import mlmodel
from mlmodel.errors import InvalidArgument, InvalidModel, ModelNotFound
from mlmodel.models import Model, ModelInfo, get_model_info, infer_signature
from mlmodel.models.model import Model as SameModel

FRAME = pd.DataFrame({"a": [1.0, 2.0]})


def test_the_names_are_those_of_mlflow():
    assert SameModel is Model


def test_a_new_model_has_an_id_a_time_and_our_version():
    model = Model(artifact_path="model", run_id="0" * 32)
    data = model.to_dict()
    assert data["flavors"] == {}
    assert data["mlmodel_version"] == mlmodel.__version__
    assert len(data["model_uuid"]) == 32
    assert dt.datetime.fromisoformat(data["utc_time_created"]) <= dt.datetime.now(dt.UTC).replace(
        tzinfo=None
    )
    assert "mlflow_version" not in data
    assert Model().model_uuid != Model().model_uuid


def test_positional_arguments_are_mlflows():
    model = Model("path", "run", "2020-01-02 03:04:05", {"x": {"a": 1}}, None, None, "id", "2.0")
    assert model.to_dict() == {
        "artifact_path": "path", "run_id": "run", "flavors": {"x": {"a": 1}}, "model_uuid": "id",
        "utc_time_created": "2020-01-02 03:04:05", "mlflow_version": "2.0",
        "mlmodel_version": mlmodel.__version__,
    }  # fmt: skip


def test_other_arguments_are_kept_as_keys(tmp_path):
    Model(databricks_runtime="10.3", mine={"deep": [1]}).add_flavor("x").save(tmp_path)
    assert Model.load(tmp_path).document["mine"] == {"deep": [1]}


def test_the_texts_of_a_signature_are_parsed_once(tmp_path, monkeypatch):
    """The check has parsed them; what is written in their place afterwards is what counts."""
    Model(flavors={"x": {}}, signature=infer_signature(FRAME)).save(tmp_path)
    model, again = Model.load(tmp_path), Model.load(tmp_path)
    again.document["signature"]["inputs"] = infer_signature(FRAME.astype(str)).to_dict()["inputs"]
    assert [str(spec.type) for spec in again.signature.inputs] == ["string"]
    monkeypatch.setattr(json, "loads", None)
    assert [str(spec.type) for spec in model.signature.inputs] == ["double"]


def test_flavors_are_added_and_hold_what_yaml_can(tmp_path):
    """EDITIONS row 25: any values of YAML come back as they were."""
    attributes = {
        "number": 1.5, "none": None, "list": [1, {"a": True}], "bytes": b"\x00\xff",
        "time": dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC), "day": dt.date(2020, 1, 2), "text": "no",
    }  # fmt: skip
    model = Model().add_flavor("mine", **attributes)
    assert isinstance(model, Model)
    model.save(tmp_path / "MLmodel")
    assert Model.load(tmp_path).flavors == {"mine": attributes}


def test_what_yaml_cannot_hold_is_named(tmp_path):
    """EDITIONS row 25."""
    model = Model().add_flavor("mine", deep={"array": np.zeros(2)})
    with pytest.raises(InvalidModel, match=r"/flavors/mine/deep/array.*numpy.*MLM-014|MLM-014"):
        model.save(tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_would_not_be_read_is_not_written(tmp_path):
    """MLM-002."""
    Model(flavors={"mine": {}}).save(tmp_path)
    before = (tmp_path / "MLmodel").read_bytes()
    with pytest.raises(InvalidModel, match="MLM-002"):
        Model(flavors={"mine": {}}, metadata={"a": "x" * 9_000_000}).save(tmp_path)
    assert (tmp_path / "MLmodel").read_bytes() == before
    assert os.listdir(tmp_path) == ["MLmodel"]


@pytest.mark.parametrize("place", ["folder", "file", "uri"])
def test_a_model_is_read_from_a_folder_a_file_or_a_uri(tmp_path, place):
    Model(model_uuid="x").add_flavor("mine", a=1).save(tmp_path)
    given = {"folder": tmp_path, "file": tmp_path / "MLmodel", "uri": tmp_path.as_uri()}[place]
    assert Model.load(given).model_uuid == "x"


def test_a_model_is_read_from_any_store(tmp_path):
    """EDITIONS row 24."""
    memory = pytest.importorskip("fsspec").filesystem("memory")
    Model(model_uuid="afar").add_flavor("mine", a=1).save(tmp_path)
    memory.pipe("/model_of_this_test/MLmodel", (tmp_path / "MLmodel").read_bytes())
    for uri in ("memory://model_of_this_test", "memory://model_of_this_test/MLmodel"):
        assert Model.load(uri).model_uuid == "afar"
    assert get_model_info("memory://model_of_this_test").model_uuid == "afar"
    memory.rm("/model_of_this_test", recursive=True)


def test_reading_needs_no_other_file(tmp_path):
    """DIR-008."""
    (tmp_path / "MLmodel").write_text(
        "flavors: {python_function: {loader_module: mlflow.sklearn, model_path: model.pkl}}\n"
    )
    assert Model.load(tmp_path).flavors["python_function"]["model_path"] == "model.pkl"


def test_reading_tells_all_violations(tmp_path):
    (tmp_path / "MLmodel").write_text("flavors: 3\nmetadata: 3\n")
    with pytest.raises(InvalidModel) as caught:
        Model.load(tmp_path)
    assert len(caught.value.details) == 2
    with pytest.raises(ModelNotFound):
        Model.load(tmp_path / "nothing")


def test_unknown_keys_and_flavors_survive(tmp_path):
    text = (
        "flavors:\n  vizmod: {style: vegalite}\nowner: me\ntime_created: 2018-05-25T17:28:53.35\n"
    )
    (tmp_path / "MLmodel").write_text(text)
    model = Model.load(tmp_path)
    model.add_flavor("second", b=2)
    model.save(tmp_path)
    assert yaml.safe_load((tmp_path / "MLmodel").read_text()) == {
        "flavors": {"vizmod": {"style": "vegalite"}, "second": {"b": 2}},
        "owner": "me",
        "utc_time_created": "2018-05-25T17:28:53.35",
    }


@pytest.mark.parametrize(
    ("key", "written", "said"),
    [
        ("time_created", "2018-05-25T17:28:53.35", "2018-05-25 17:28:53.350000"),
        ("utc_time_created", "'2020-07-26 04:07:25.967210'", "2020-07-26 04:07:25.967210"),
        ("utc_time_created", "19-09-25T13:56:34.34.95", "2019-09-25 13:56:34.950000"),
        ("utc_time_created", "2024-01-01T01:00:00+01:00", "2024-01-01 00:00:00.000000"),
    ],
)
def test_the_time_is_said_in_one_form(tmp_path, key, written, said):
    (tmp_path / "MLmodel").write_text(f"flavors: {{x: {{}}}}\n{key}: {written}\n")
    assert Model.load(tmp_path).utc_time_created == said


def test_keys_may_be_set():
    model = Model(metadata={"a": 1})
    model.metadata = {"b": 2}
    model.run_id = "r"
    model.utc_time_created = dt.datetime(2020, 1, 2, tzinfo=dt.UTC)
    assert model.to_dict()["metadata"] == {"b": 2}
    assert model.run_id == "r"
    assert model.utc_time_created == "2020-01-02 00:00:00.000000"
    model.metadata = None
    assert "metadata" not in model.to_dict()


def test_the_signature_may_be_set_and_taken_out():
    model = Model()
    assert model.signature is None
    assert model.get_input_schema() is None
    signature = infer_signature(FRAME, FRAME)
    model.signature = signature
    assert model.signature == signature
    assert model.get_input_schema() == signature.inputs
    assert model.get_output_schema() == signature.outputs
    assert model.get_params_schema() is None
    assert json.loads(model.to_dict()["signature"]["inputs"])[0]["name"] == "a"
    assert Model(signature=signature.to_dict()).signature == signature
    model.signature = None
    assert "signature" not in model.to_dict()


def zoned():
    """Return a signature with a delivery to record."""
    return infer_signature(pd.DataFrame({"t": pd.to_datetime(["2024-01-01"]).tz_localize("UTC")}))


@pytest.mark.parametrize("own", ["1.2", 3, ["a"], True])
def test_what_the_user_keeps_under_our_key_stays(tmp_path, own):
    """ENF-091: it is told that nothing is recorded; without anything to record, nothing is told."""
    model = Model(metadata={"team": "a", "mlmodel": own})
    with pytest.warns(UserWarning, match="ENF-091") as caught:
        model.signature = zoned()
    assert [one.filename for one in caught] == [__file__]
    assert model.metadata == {"team": "a", "mlmodel": own}
    assert not model.signature.delivery
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.signature = infer_signature(FRAME)


def test_a_model_is_saved_with_the_users_own_key(tmp_path):
    """ENF-091, FID-009."""
    example = pd.DataFrame({"t": pd.to_datetime(["2024-01-01"]).tz_localize("Asia/Tokyo")})
    with pytest.warns(UserWarning, match="ENF-091") as caught:
        mlmodel.save(
            lambda data: [str(cell) for cell in data["t"]],
            tmp_path / "m",
            example=example,
            metadata={"mlmodel": "1.2"},
        )
    said = [str(one.message) for one in caught]
    assert sum("ENF-091" in one for one in said) == 1
    assert sum("FID-004" in one for one in said) == 1
    assert Model.load(tmp_path / "m").metadata == {"mlmodel": "1.2"}


def test_records_stand_beside_each_other():
    """ENF-091, FID-009: one goes without the other, and no mapping of the user is changed."""
    others = {"fidelity": {"ways": {"request": "It fails"}}, "later": 1}
    mine = {"mlmodel": {**others, "form": "list"}, "team": "a"}
    model = Model(metadata=mine)
    model.signature = zoned()
    assert model.metadata["mlmodel"] == {**others, "columns": {"t": {"zone": "UTC"}}}
    assert list(model.metadata) == ["mlmodel", "team"]
    model.signature = infer_signature(pd.DataFrame({"n": [1.0]}))
    assert model.metadata == {"mlmodel": others, "team": "a"}
    assert mine == {"mlmodel": {**others, "form": "list"}, "team": "a"}


def test_metadata_of_nothing_but_a_record_go_with_it():
    """ENF-091."""
    model = Model(signature=zoned())
    assert model.metadata == {"mlmodel": {"columns": {"t": {"zone": "UTC"}}}}
    model.signature = infer_signature(FRAME)
    assert model.metadata is None


def test_mappings_and_texts():
    model = Model(model_uuid="x").add_flavor("mine", when=dt.date(2020, 1, 2))
    assert Model.from_dict(model.to_dict()) == model
    assert yaml.safe_load(model.to_yaml()) == model.to_dict()
    stream = io.StringIO()
    model.to_yaml(stream)
    assert stream.getvalue() == model.to_yaml()
    assert json.loads(model.to_json())["flavors"]["mine"]["when"] == "2020-01-02"


def test_the_given_mapping_is_not_changed():
    data = {"flavors": {"x": None}}
    Model.from_dict(data).add_flavor("y", a=1)
    assert data == {"flavors": {"x": None}}


def test_the_info_of_a_saved_model(tmp_path):
    model = LinearRegression().fit(FRAME, [1.0, 2.0])
    assert mlmodel.sklearn.save_model(model, tmp_path / "m", input_example=FRAME) is None
    info = get_model_info(tmp_path / "m")
    assert isinstance(info, ModelInfo)
    assert info.model_uri == str(tmp_path / "m")
    assert set(info.flavors) == {"python_function", "sklearn"}
    assert info.signature.inputs.input_names() == ["a"]
    assert info.saved_input_example_info["artifact_path"] == "input_example.json"
    # Readable again from where it says the model is.
    assert mlmodel.load(info.model_uri).predict(FRAME).shape == (2,)


def test_the_info_of_a_run():
    info = Model(artifact_path="model", run_id="abc").get_model_info()
    assert info.model_uri == "runs:/abc/model"
    assert Model().get_model_info().model_uri is None


def test_the_input_example_is_read_back(tmp_path):
    model = LinearRegression().fit(FRAME, [1.0, 2.0])
    mlmodel.sklearn.save_model(model, tmp_path / "m", input_example=FRAME)
    assert Model.load(tmp_path / "m").load_input_example().equals(FRAME)
    assert mlmodel.load(tmp_path / "m").input_example.equals(FRAME)
    assert Model().load_input_example() is None
    with pytest.raises(InvalidArgument, match="in no folder"):
        Model(saved_input_example_info={"artifact_path": "x"}).load_input_example()


def test_a_description_given_to_save_is_completed(tmp_path):
    description = Model(artifact_path="model", owner="me", model_uuid="mine").add_flavor("own", a=1)
    description.signature = infer_signature(FRAME)
    model = LinearRegression().fit(FRAME, [1.0, 2.0])
    mlmodel.sklearn.save_model(model, tmp_path / "m", mlflow_model=description)
    saved = Model.load(tmp_path / "m")
    assert list(saved.flavors) == ["own", "python_function", "sklearn"]
    assert (saved.artifact_path, saved.document["owner"], saved.model_uuid) == (
        "model", "me", "mine",
    )  # fmt: skip
    assert saved.signature.inputs.input_names() == ["a"]
    assert description == saved


def test_a_failing_save_leaves_the_description_as_it_was(tmp_path):
    description = Model(model_uuid="x")
    before = description.to_dict()
    with pytest.raises(InvalidArgument):
        mlmodel.sklearn.save_model("no estimator", tmp_path / "m", mlflow_model=description)
    assert description.to_dict() == before


def test_a_completed_description_knows_where_it_is(tmp_path):
    description, frame = Model(), pd.DataFrame({"a": [1.0]})
    estimator = LinearRegression().fit(frame, [1.0])
    mlmodel.sklearn.save_model(
        estimator, tmp_path / "m", input_example=frame, mlflow_model=description
    )
    assert description.load_input_example().equals(frame)
    assert description.get_model_info().model_uri == str(tmp_path / "m")
    # The example of the folder that the description came from does not come along.
    mlmodel.sklearn.save_model(estimator, tmp_path / "n", mlflow_model=Model.load(tmp_path / "m"))
    assert Model.load(tmp_path / "n").saved_input_example_info is None
    assert mlmodel.validate(tmp_path / "n").violations == ()


def test_nothing_is_saved_to_a_store(tmp_path, monkeypatch):
    """LOC-017."""
    monkeypatch.chdir(tmp_path)
    model = LinearRegression().fit([[1.0]], [1.0])
    for save in (Model().save, lambda path: mlmodel.save(model, path)):
        with pytest.raises(InvalidArgument, match=r"s3://…@host/m: .*LOC-017"):
            save("s3://user:secret@host/m")
    assert not list(tmp_path.iterdir())
    mlmodel.save(model, (tmp_path / "m").as_uri())
    Model.load("m").save((tmp_path / "m").as_uri())
    assert mlmodel.validate("m").valid
