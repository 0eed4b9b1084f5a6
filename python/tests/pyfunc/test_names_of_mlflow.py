"""Functions and classes that MLflow's users bring along: what they do here."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.linear_model import LinearRegression

import mlmodel
from mlmodel import pyfunc
from mlmodel.errors import InvalidArgument, InvalidInput, ModelFailure, UntrustedModel
from mlmodel.models import (
    Model,
    ModelSignature,
    convert_input_example_to_serving_input,
    infer_signature,
    predict,
    set_retriever_schema,
    set_signature,
    validate_serving_input,
)
from mlmodel.models.auth_policy import AuthPolicy, SystemAuthPolicy, UserAuthPolicy
from mlmodel.models.resources import (
    DatabricksFunction,
    DatabricksServingEndpoint,
    DatabricksTable,
    ResourceType,
)
from mlmodel.types.schema import ColSpec, ParamSpec, Schema

FRAME = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 5.0]})
TARGET = [1.0, 2.0]


@pytest.fixture
def saved(tmp_path):
    model = LinearRegression().fit(FRAME, TARGET)
    mlmodel.sklearn.save_model(model, tmp_path / "m", input_example=FRAME)
    return tmp_path / "m"


class Doubles(pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [2 * value for value in model_input["a"]]


# -- signatures whose parts can be assigned


def test_a_part_is_assigned_and_the_plan_follows():
    signature = ModelSignature(Schema([ColSpec("double", "a")]))
    assert signature.enforce(FRAME[["a"]]).columns.tolist() == ["a"]
    signature.inputs = Schema([ColSpec("double", "b")])
    assert signature.enforce(FRAME).columns.tolist() == ["b"]
    signature.params = [ParamSpec("k", "long", 1)]
    assert signature.enforce_params({}) == {"k": 1}
    same = ModelSignature(Schema([ColSpec("double", "b")]), params=[ParamSpec("k", "long", 1)])
    assert signature == same
    signature.outputs = Schema([ColSpec("double")])
    assert signature != same
    with pytest.raises(TypeError):
        hash(signature)


def test_a_copy_has_a_plan_of_its_own():
    signature = ModelSignature(Schema([ColSpec("double", "a")]))
    assert signature.plan is not None
    for other in (
        copy.copy(signature),
        copy.deepcopy(signature),
        pickle.loads(pickle.dumps(signature)),
    ):
        assert other == signature
        other.inputs = Schema([ColSpec("double", "b")])
        assert other != signature
        assert signature.enforce(FRAME).columns.tolist() == ["a"]


@pytest.mark.parametrize(
    ("part", "value"), [("inputs", "x"), ("outputs", [1]), ("params", 5), ("params", ["x"])]
)
def test_what_is_no_part_is_refused(part, value):
    with pytest.raises(InvalidArgument, match=part):
        ModelSignature(**{part: value})
    signature = ModelSignature()
    with pytest.raises(InvalidArgument, match=part):
        setattr(signature, part, value)
    assert signature == ModelSignature()


def test_a_description_follows_its_signature(saved, tmp_path):
    model = Model.load(saved)
    model.signature.inputs = Schema([ColSpec("float", "a"), ColSpec("float", "b")])
    model.signature.params = [ParamSpec("k", "long", 1)]
    assert json.loads(model.to_dict()["signature"]["inputs"])[0]["type"] == "float"
    taken = model.signature
    model.signature = ModelSignature(Schema([ColSpec("long", "c")]))
    taken.inputs = Schema([ColSpec("double", "z")])  # no longer that of the description
    assert model.get_input_schema() == Schema([ColSpec("long", "c")])
    (tmp_path / "other").mkdir()
    model.save(tmp_path / "other")
    assert Model.load(tmp_path / "other").signature == model.signature


# -- tables for notebooks


def test_html_is_escaped():
    evil = "<script>alert(1)</script>"
    signature = ModelSignature(
        Schema([ColSpec("double", evil)]), params=[ParamSpec("k", "string", evil)]
    )
    shown = signature._repr_html_()
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;") == 2
    many = ModelSignature(Schema([ColSpec("double", f"c{n}") for n in range(500)]))
    assert "and 450 more" in many._repr_html_()


def test_html_of_a_loaded_model(saved):
    shown = mlmodel.load(saved)._repr_html_()
    assert "mlflow.sklearn" in shown
    assert "inputs" in shown
    document = yaml.safe_load((saved / "MLmodel").read_text())
    document["model_id"] = "<img src=x onerror=alert(1)>"
    (saved / "MLmodel").write_text(yaml.safe_dump(document))
    assert "<img" not in mlmodel.load(saved, trust=True)._repr_html_()


# -- set_signature


def test_set_signature(saved):
    before = yaml.safe_load((saved / "MLmodel").read_text())
    signature = infer_signature(FRAME, TARGET, params={"k": 1})
    signature.inputs = Schema([ColSpec("double", "a"), ColSpec("double", "b", required=False)])
    set_signature(str(saved), signature)
    after = yaml.safe_load((saved / "MLmodel").read_text())
    assert Model.load(saved).signature == signature
    assert {k: v for k, v in after.items() if k != "signature"} == {
        k: v for k, v in before.items() if k != "signature"
    }
    assert not [one for one in mlmodel.validate(saved).violations if one.severity == "error"]


def test_set_signature_keeps_trust_and_gives_none(tmp_path, monkeypatch):
    pyfunc.save_model(tmp_path / "m", python_model=Doubles(), input_example=FRAME)
    set_signature(tmp_path / "m", ModelSignature(Schema([ColSpec("double", "a")])))
    assert pyfunc.load_model(tmp_path / "m").predict(FRAME) == [2.0, 4.0]
    (tmp_path / "m" / "more.txt").write_text("changed by somebody")
    set_signature(tmp_path / "m", infer_signature(FRAME))
    with pytest.raises(UntrustedModel):
        pyfunc.load_model(tmp_path / "m")


def test_set_signature_leaves_the_model_where_it_refuses(saved):
    before = (saved / "MLmodel").read_bytes()
    for wrong in ("x", None, Schema([ColSpec("double")])):
        with pytest.raises(InvalidArgument):
            set_signature(saved, wrong)
    with pytest.raises(InvalidArgument, match="LOC-017"):
        set_signature("s3://bucket/model", ModelSignature())
    assert (saved / "MLmodel").read_bytes() == before


# -- requests


@pytest.mark.parametrize(
    ("example", "request_"),
    [
        (FRAME, {"dataframe_split": {"columns": ["a", "b"], "data": [[1.0, 3.0], [2.0, 5.0]]}}),
        (np.array([[1.0, 2.0]]), {"inputs": [[1.0, 2.0]]}),
        (({"a": 1}, {"k": 2}), {"dataframe_split": {"columns": ["a"], "data": [[1]]}, "params": {"k": 2}}),
    ],
)  # fmt: skip
def test_an_example_as_a_request(example, request_):
    assert json.loads(convert_input_example_to_serving_input(example)) == request_


def test_a_request_is_what_saving_writes(saved):
    written = (saved / "serving_input_example.json").read_text().strip()
    assert convert_input_example_to_serving_input(FRAME) == written
    assert convert_input_example_to_serving_input(None) is None


def test_validate_serving_input(saved):
    request = convert_input_example_to_serving_input(FRAME)
    native = mlmodel.sklearn.load_model(saved).predict(FRAME)
    for given in (request, json.loads(request)):
        assert validate_serving_input(saved, given) == pytest.approx(native)
    with pytest.raises(InvalidInput):
        validate_serving_input(saved, {"inputs": {"a": ["x"], "b": [1.0]}})


@pytest.mark.parametrize(
    ("given", "content_type"),
    [
        (FRAME, "json"),
        (FRAME, "csv"),
        ({"dataframe_split": FRAME.to_dict("split")} | {}, "json"),
        ("a,b\n1.0,3.0\n2.0,5.0\n", "csv"),
        ({"a": [1.0, 2.0], "b": [3.0, 5.0]}, "json"),
        ([{"a": 1.0, "b": 3.0}, {"a": 2.0, "b": 5.0}], "json"),
    ],
)
def test_predict(saved, tmp_path, capsys, given, content_type):
    if isinstance(given, dict):
        given.get("dataframe_split", {}).pop("index", None)
    native = mlmodel.sklearn.load_model(saved).predict(FRAME).tolist()
    assert predict(saved, given, content_type=content_type) is None
    assert json.loads(capsys.readouterr().out)["predictions"] == pytest.approx(native)
    predict(saved, input_data=given, content_type=content_type, output_path=tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text())["predictions"] == pytest.approx(native)


def test_predict_reads_a_file_and_says_what_it_does_not_do(saved, tmp_path, capsys):
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.warns(UserWarning, match="env_manager"):
        predict(
            str(saved), input_path=str(tmp_path / "rows.csv"), content_type="csv", env_manager="uv"
        )
    assert len(json.loads(capsys.readouterr().out)["predictions"]) == 2
    for wrong in (
        {},
        {"input_data": FRAME, "input_path": "x"},
        {"input_data": FRAME, "content_type": "xml"},
        {"input_path": tmp_path / "nothing"},
    ):
        with pytest.raises(InvalidArgument):
            predict(saved, **wrong)


def test_predict_sets_variables_for_its_time(tmp_path, monkeypatch, capsys):
    def reads(model_input):
        import os

        return [os.environ["FOR_THE_MODEL"]]

    monkeypatch.delenv("FOR_THE_MODEL", raising=False)
    mlmodel.save(reads, tmp_path / "m")
    predict(tmp_path / "m", {"a": [1]}, extra_envs={"FOR_THE_MODEL": "yes"})
    assert json.loads(capsys.readouterr().out) == {"predictions": ["yes"]}
    with pytest.raises(ModelFailure, match="KeyError"):
        predict(tmp_path / "m", {"a": [1]})


# -- resources, policies, retrievers


def test_resources_are_written_as_mlflow_does(tmp_path):
    resources = [
        DatabricksServingEndpoint(endpoint_name="llm"),
        DatabricksFunction("f", on_behalf_of_user=True),
        DatabricksServingEndpoint("other"),
    ]
    expected = {
        "api_version": "1",
        "databricks": {
            "serving_endpoint": [{"name": "llm"}, {"name": "other"}],
            "function": [{"name": "f", "on_behalf_of_user": True}],
        },
    }
    pyfunc.save_model(tmp_path / "m", python_model=Doubles(), resources=resources)
    assert Model.load(tmp_path / "m").resources == expected
    (tmp_path / "resources.yaml").write_text(yaml.safe_dump(expected))
    assert Model(resources=str(tmp_path / "resources.yaml")).resources == expected
    assert Model(resources=expected).resources == expected
    with pytest.raises(InvalidArgument, match="nothing.yaml"):
        Model(resources=tmp_path / "nothing.yaml")
    assert not [
        one for one in mlmodel.validate(tmp_path / "m").violations if one.severity == "error"
    ]


def test_a_resource_and_its_mapping():
    table = DatabricksTable(table_name="t")
    assert table.to_dict() == {"table": [{"name": "t"}]}
    assert table.type is ResourceType.TABLE
    assert DatabricksTable.from_dict({"name": "t"}) == table != DatabricksFunction("t")
    assert table.target_uri == "databricks"


def test_auth_policy(tmp_path):
    policy = AuthPolicy(
        user_auth_policy=UserAuthPolicy(api_scopes=["sql"]),
        system_auth_policy=SystemAuthPolicy(resources=[DatabricksTable("t")]),
    )
    pyfunc.save_model(tmp_path / "m", python_model=Doubles(), auth_policy=policy)
    assert Model.load(tmp_path / "m").auth_policy == {
        "system_auth_policy": {
            "resources": {"api_version": "1", "databricks": {"table": [{"name": "t"}]}}
        },
        "user_auth_policy": {"api_scopes": ["sql"]},
    }
    assert AuthPolicy().to_dict() == {"system_auth_policy": {}, "user_auth_policy": {}}


def test_a_retriever_schema_goes_into_the_next_model(tmp_path):
    set_retriever_schema(primary_key="id", text_column="text", doc_uri="uri", other_columns=["t"])
    pyfunc.save_model(tmp_path / "one", python_model=Doubles(), metadata={"mine": 1})
    retriever = {
        "name": "retriever", "primary_key": "id", "text_column": "text", "doc_uri": "uri",
        "other_columns": ["t"],
    }  # fmt: skip
    assert Model.load(tmp_path / "one").metadata == {
        "mine": 1,
        "dependencies_schemas": {"retrievers": [retriever]},
    }
    pyfunc.save_model(tmp_path / "two", python_model=Doubles())
    assert Model.load(tmp_path / "two").metadata is None


def test_a_retriever_schema_of_a_model_from_code(tmp_path):
    (tmp_path / "model.py").write_text(
        "from mlflow.models import set_model, set_retriever_schema\n"
        "set_retriever_schema(primary_key='id', text_column='text', name='docs')\n"
        "set_model(lambda model_input: [1] * len(model_input))\n"
    )
    pyfunc.save_model(tmp_path / "m", python_model=str(tmp_path / "model.py"))
    found = Model.load(tmp_path / "m").metadata["dependencies_schemas"]["retrievers"]
    assert [one["name"] for one in found] == ["docs"]
    pyfunc.load_model(tmp_path / "m")  # which says nothing of the next
    pyfunc.save_model(tmp_path / "next", python_model=Doubles())
    assert Model.load(tmp_path / "next").metadata is None


# -- tracing in a model's own code

TRACED = """
import mlflow
from mlflow.entities import SpanType
from mlflow.exceptions import MlflowException
from mlflow.models import set_model

class Traced(mlflow.pyfunc.PythonModel):
    @mlflow.trace
    def plain(self, value):
        with mlflow.start_span("double", span_type=mlflow.entities.SpanType.TOOL) as span:
            span.set_inputs({"value": value})
            answer = 2 * value
            span.set_outputs(answer)
            span.set_attributes({"a": 1})
        return answer

    @mlflow.trace(name="predict", span_type=SpanType.CHAIN)
    def predict(self, context, model_input, params=None):
        if not len(model_input):
            raise MlflowException.invalid_parameter_value("no rows")
        mlflow.update_current_trace(tags={"a": "b"})
        assert mlflow.get_current_active_span() is None
        return [self.plain(value) for value in model_input["a"]]

set_model(Traced())
"""


def test_a_traced_model_loads_without_mlflow(tmp_path):
    (tmp_path / "model.py").write_text(TRACED)
    pyfunc.save_model(tmp_path / "m", python_model=str(tmp_path / "model.py"), input_example=FRAME)
    assert pyfunc.load_model(tmp_path / "m").predict(FRAME) == [2.0, 4.0]
