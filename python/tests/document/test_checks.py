"""The rules on keys, flavors, files and signatures, one by one."""

from __future__ import annotations

import json
import os

import pytest
import yaml

from mlmodel import validate
from mlmodel.document import check, parse, resolve_inside
from mlmodel.document.document import compose_document
from mlmodel.document.schema import schemas
from mlmodel.errors import InvalidModel

FLAVORS = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"


def found(text, root=None, **options):
    return check(compose_document(text, "MLmodel"), root, **options)


def brief(text, root=None):
    return [(v.rule, v.severity[0], v.line, v.column, v.pointer) for v in found(text, root)]


def signature(inputs, part="inputs"):
    text = inputs if isinstance(inputs, str) else json.dumps(inputs)
    return [
        (v.rule, v.pointer.removeprefix(f"/signature/{part}"))
        for v in found(FLAVORS + yaml.safe_dump({"signature": {part: text}}))
    ]


def test_the_editions_examples_are_valid():
    """PYF-001, SKL-001: nothing but loader_module, version and pickled_model."""
    edition = (
        "time_created: 2018-05-25T17:28:53.35\n\nflavors:\n  sklearn:\n    sklearn_version: 0.19.1\n"
        "    pickled_model: model.pkl\n  python_function:\n    loader_module: mlflow.sklearn\n"
    )
    assert found(edition) == []


def test_the_editions_example_loads_and_predicts_as_written(tmp_path):
    """MLM-021: what the edition leaves out has a default."""
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    import mlmodel

    frame = pd.DataFrame({"a": [1.0, 2.0]})
    mlmodel.save(LinearRegression().fit(frame, [3.0, 5.0]), tmp_path / "m")
    (tmp_path / "m" / "MLmodel").write_text(
        "time_created: 2018-05-25T17:28:53.35\n\nflavors:\n  sklearn:\n    sklearn_version: 0.19.1\n"
        "    pickled_model: model.pkl\n  python_function:\n    loader_module: mlflow.sklearn\n"
    )
    assert [v.rule for v in validate(tmp_path / "m").errors] == []
    assert list(mlmodel.load(tmp_path / "m").predict(frame).round(6)) == [3.0, 5.0]


def test_all_violations_at_once_in_document_order():
    text = (
        "run_id: [1]\nmystery: 1\nflavors:\n  sklearn: {pickled_model: 5, serialization_format: joblib}\n"
        "  python_function: {env: [1], loader_module: ''}\nmodel_size_bytes: -1\n"
    )
    assert brief(text) == [
        ("MLM-008", "e", 1, 9, "/run_id"),
        ("MLM-011", "w", 2, 1, "/mystery"),
        ("MLM-005", "w", 4, 28, "/flavors/sklearn/pickled_model"),
        ("SKL-002", "e", 4, 53, "/flavors/sklearn/serialization_format"),
        ("PYF-002", "e", 5, 26, "/flavors/python_function/env"),
        ("PYF-001", "e", 5, 46, "/flavors/python_function/loader_module"),
        ("MLM-008", "e", 6, 19, "/model_size_bytes"),
    ]


def test_a_missing_key_stands_at_the_key_of_its_mapping():
    assert brief("flavors:\n  sklearn:\n    code: null\n") == [
        ("SKL-001", "e", 2, 3, "/flavors/sklearn")
    ]
    (one,) = found("flavors:\n  sklearn:\n    code: null\n")
    assert "'pickled_model' is missing in 'sklearn': the file that holds the model" in one.message


def test_the_types_of_the_keys_of_flavors():
    """PYF-002, SKL-003."""
    text = (
        "flavors:\n  sklearn: {pickled_model: m, code: [a], skops_trusted_types: all}\n"
        "  python_function: {loader_module: a, streamable: yes please, artifacts: {a: {uri: x}}}\n"
    )
    assert [(v.rule, v.pointer.rpartition("/")[2]) for v in found(text)] == [
        ("SKL-003", "code"), ("SKL-003", "skops_trusted_types"),
        ("PYF-002", "streamable"), ("PYF-002", "a"),
    ]  # fmt: skip


def test_unknown_flavors_are_one_warning_each():
    assert brief("flavors:\n  yours: {model: ../../x, version: 0.1}\n  mine: {}\n") == [
        ("MLM-012", "w", 2, 3, "/flavors/yours"),
        ("MLM-012", "w", 3, 3, "/flavors/mine"),
    ]


def test_unknown_keys_of_flavors_are_warned_of_and_kept():
    text = FLAVORS + "    frobnicate: 7\n    env: {docker: x}\n"
    assert brief(text) == [
        ("MLM-011", "w", 4, 5, "/flavors/python_function/frobnicate"),
        ("MLM-011", "w", 5, 11, "/flavors/python_function/env/docker"),
    ]
    assert parse(text).data["flavors"]["python_function"]["frobnicate"] == 7


# --- times ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["2018-05-25T17:28:53.35", "'2024-07-24 11:58:39.776546'", "19-09-25T13:56:34.34.95",
     "2020-01-01", "'2024-07-24T11:58:39Z'", "2024-07-24 11:58:39+02:00", "null"],
)  # fmt: skip
def test_known_times(text):
    assert found(f"utc_time_created: {text}\n{FLAVORS}") == []


def test_an_unknown_time_is_a_warning():
    assert brief("utc_time_created: yesterday\n" + FLAVORS) == [
        ("MLM-010", "w", 1, 19, "/utc_time_created")
    ]


@pytest.mark.parametrize(
    ("second", "differs"),
    [("'2018-05-25 17:28:53.350000'", False), ("2018-05-25T17:28:53.35Z", False),
     ("2018-05-25T17:28:54.35", True)],
)  # fmt: skip
def test_the_two_names_of_the_time(second, differs):
    """MLM-009: one field under two names."""
    text = f"time_created: 2018-05-25T17:28:53.35\nutc_time_created: {second}\n{FLAVORS}"
    assert [v.rule for v in found(text)] == (["MLM-009"] if differs else [])


# --- files ---------------------------------------------------------------------------------

OUTSIDE = ["/etc/passwd", "../model.pkl", "a/../../b", "..", "a\\..\\..\\b", "C:\\model.pkl",
           "c:model.pkl", "\\\\server\\share\\x", "//server/share", "file:///etc/passwd",
           "s3://bucket/model.pkl", "a/.."]  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE)
def test_paths_out_of_the_folder(path, tmp_path):
    """DIR-002, with the folder and without it."""
    text = yaml.safe_dump(
        {"flavors": {"python_function": {"loader_module": "x", "model_path": path}}}
    )
    assert [v.rule for v in found(text)] == ["DIR-002"]
    assert [v.rule for v in found(text, tmp_path)] == ["DIR-002"]
    with pytest.raises(InvalidModel, match="DIR-002"):
        resolve_inside(tmp_path, path)


@pytest.mark.parametrize("path", ["", "a\0b", "x" * 5_000, "a/" * 3_000])
def test_paths_that_name_nothing(path, tmp_path):
    """DIR-002: what the file system cannot hold is not a fault of ours."""
    if len(path) < 100:
        with pytest.raises(InvalidModel):
            resolve_inside(tmp_path, path)
    text = FLAVORS + f"    model_path: {json.dumps(path)}\n"
    assert {v.rule for v in found(text, tmp_path)} <= {"DIR-002", "DIR-003", "DIR-004"}
    assert found(text, tmp_path)


def test_links(tmp_path):
    """DIR-004: a link may lead about in the folder, not out of it."""
    root = tmp_path / "model"
    root.mkdir()
    (tmp_path / "outside.pkl").touch()
    (root / "real.pkl").touch()
    (root / "inside.pkl").symlink_to("real.pkl")
    (root / "out.pkl").symlink_to("../outside.pkl")
    (root / "up").symlink_to("..")
    (root / "loop").symlink_to("loop")
    assert resolve_inside(root, "inside.pkl") == (root / "real.pkl").resolve()
    for path in ("out.pkl", "up/outside.pkl", "loop"):
        with pytest.raises(InvalidModel, match="DIR-004"):
            resolve_inside(root, path)
        text = FLAVORS + f"    model_path: {path}\n"
        assert [v.rule for v in found(text, root)] == ["DIR-004"], path


def test_the_folder_itself_may_be_reached_through_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "m").touch()
    (tmp_path / "link").symlink_to("real")
    assert resolve_inside(tmp_path / "link", "m") == (tmp_path / "real" / "m").resolve()


def test_backslashes(tmp_path):
    """DIR-006: MLflow on Windows wrote them."""
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "a.txt").touch()
    assert resolve_inside(tmp_path, "artifacts\\a.txt").name == "a.txt"
    text = FLAVORS + "    artifacts: {a: {path: 'artifacts\\a.txt', uri: /tmp/a.txt}}\n"
    assert [(v.rule, v.severity) for v in found(text, tmp_path)] == [("DIR-006", "warning")]


def test_a_missing_module_of_the_models_own(tmp_path):
    """PYF-006: code of the folder that is not in the folder."""
    text = "flavors: {python_function: {loader_module: mine.loader, code: code}}\n"
    (tmp_path / "code").mkdir()
    assert [(v.rule, v.severity) for v in found(text, tmp_path)] == [("PYF-006", "warning")]
    (tmp_path / "code" / "mine").mkdir()
    (tmp_path / "code" / "mine" / "loader.py").touch()
    assert found(text, tmp_path) == []


def test_every_key_that_names_a_file_is_found_through_its_schema(tmp_path, monkeypatch):
    """Adding a flavor's schema is enough for its files to be checked."""
    load = schemas.load
    new = {
        "type": "object", "x-unknown-keys": "MLM-011",
        "properties": {"booster": {"type": "string", "description": "b", "x-file": "model"}},
    }  # fmt: skip
    monkeypatch.setattr(schemas, "names", lambda folder: ("newflavor",))
    monkeypatch.setattr(schemas, "load", lambda n: new if n == "flavors:newflavor" else load(n))
    monkeypatch.setattr(schemas, "validator", _validator(new, schemas.validator))
    text = "flavors: {newflavor: {booster: gone.ubj, other: 1}}\n"
    assert [v.rule for v in found(text, tmp_path)] == ["DIR-003", "MLM-011"]


def _validator(new, validator):
    from jsonschema import Draft202012Validator

    return lambda name, *rest: (
        Draft202012Validator(new) if name == "flavors:newflavor" else validator(name, *rest)
    )


def test_no_code_names_a_flavor():
    from pathlib import Path

    import mlmodel.document

    for file in Path(mlmodel.document.__file__).parent.glob("*.py"):
        for line in file.read_text().splitlines():
            assert "sklearn" not in line.replace("flavors:sklearn", ""), (file, line)
            assert '"python_function"' not in line, (file, line)


# --- signatures ----------------------------------------------------------------------------

LONG = {"type": "long", "name": "a"}
FLAT = {"name": "x", "dtype": "float32", "shape": [-1, 2]}
NESTED = {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}

GOOD = {
    "columns": [LONG, {"type": "string", "name": "b", "required": False}],
    "optional": [{"type": "long", "name": "a", "optional": True}],
    "unnamed": [{"type": "long"}, {"type": "double"}],
    "names of a frame without names": [{"type": "long", "name": 0}, {"type": "long", "name": 1}],
    "flat tensor": [FLAT],
    "nested tensor": [NESTED],
    "two tensors": [FLAT, {**NESTED, "name": "y"}],
    "object dtype": [{"dtype": "object", "shape": [-1]}],
    "datetime dtype": [{"dtype": "datetime64[ns]", "shape": [-1]}],
    "scalar tensor": [{"dtype": "int64", "shape": []}],
    "array": [{"type": "array", "items": {"type": "array", "items": {"type": "double"}}, "name": "a", "required": True}],
    "object": [{"type": "object", "properties": {"p": {"type": "string", "required": False}}, "name": "o"}],
    "map": [{"type": "map", "values": {"type": "any"}, "name": "m"}],
    "any": [{"type": "any"}],
    "vector": [{"type": "sparkml_vector", "name": "features"}],
}  # fmt: skip
BAD = {
    "unknown type": ([{"type": "lung", "name": "a"}], [("SIG-003", "/0/type")]),
    "no type": ([{"name": "a"}], [("SIG-003", "/0")]),
    "type is a list": ([{"type": ["long"], "name": "a"}], [("SIG-003", "/0/type")]),
    "name is a list": ([{"type": "long", "name": ["a"]}], [("SIG-003", "/0/name")]),
    "required is a text": ([{**LONG, "required": "yes"}], [("SIG-003", "/0/required")]),
    "not an object": (["long"], [("SIG-003", "/0")]),
    "not a list": ({"a": "long"}, [("SIG-002", "")]),
    "null in the text": ("null", [("SIG-002", "")]),
    "empty": ([], [("SIG-002", "")]),
    "two kinds": ([LONG, FLAT], [("SIG-002", "/1")]),
    "name twice": ([LONG, {"type": "double", "name": "a"}], [("SIG-004", "/1/name")]),
    "name three times": ([LONG, LONG, LONG], [("SIG-004", "/1/name"), ("SIG-004", "/2/name")]),
    "some named": ([LONG, {"type": "long"}], [("SIG-020", "/1")]),
    "some tensors named": ([FLAT, {"dtype": "int8", "shape": [-1]}], [("SIG-005", "/1")]),
    "unnamed tensors": ([NESTED, NESTED], [("SIG-005", "/0")]),
    "no dtype": ([{"type": "tensor", "tensor-spec": {"shape": [1]}}], [("SIG-006", "/0/tensor-spec")]),
    "no shape": ([{"dtype": "int8"}], [("SIG-006", "/0")]),
    "no tensor-spec": ([{"type": "tensor"}], [("SIG-006", "/0")]),
    "unknown dtype": ([{**FLAT, "dtype": "float31"}], [("SIG-006", "/0/dtype")]),
    "width in dtype": ([{**FLAT, "dtype": "<U5"}], [("SIG-006", "/0/dtype")]),
    "axis -2": ([{**FLAT, "shape": [-2]}], [("SIG-006", "/0/shape/0")]),
    "axis a text": ([{**FLAT, "shape": ["n"]}], [("SIG-006", "/0/shape/0")]),
    "tensor of another type": ([{**NESTED, "type": "long"}], [("SIG-006", "/0/type")]),
    "array without items": ([{"type": "array"}], [("SIG-007", "/0")]),
    "array of lungs": ([{"type": "array", "items": {"type": "lung"}}], [("SIG-003", "/0/items/type")]),
    "object without properties": ([{"type": "object"}], [("SIG-007", "/0")]),
    "map of a text": ([{"type": "map", "values": "string"}], [("SIG-007", "/0/values")]),
    "unknown key": ([{**LONG, "unit": "m"}], [("MLM-011", "/0/unit")]),
    "true is not a number": ([{**FLAT, "shape": [True]}], [("SIG-006", "/0/shape/0")]),
    "two shapes alike": ([{"type": "a", "name": "x"}, {"type": "a", "name": "y"}],
                         [("SIG-003", "/0/type"), ("SIG-003", "/1/type")]),
}  # fmt: skip


@pytest.mark.parametrize("inputs", GOOD.values(), ids=GOOD.keys())
def test_good_signatures(inputs):
    assert signature(inputs) == []
    assert signature(inputs, "outputs") == []


@pytest.mark.parametrize(("inputs", "expected"), BAD.values(), ids=BAD.keys())
def test_bad_signatures(inputs, expected):
    assert signature(inputs) == expected


PARAMS = {
    "good": ([{"name": "n", "type": "long", "default": 1, "shape": None},
              {"name": "l", "dtype": "double", "default": [1.0], "shape": [-1]},
              {"name": "o", "type": "object", "properties": {}, "default": {}}], []),
    "empty": ([], []),
    "no default": ([{"name": "n", "type": "long"}], [("SIG-008", "/0")]),
    "no type": ([{"name": "n", "default": 1}], [("SIG-008", "/0")]),
    "unknown type": ([{"name": "n", "type": "lung", "default": 1}], [("SIG-003", "/0/type")]),
    "shape": ([{"name": "n", "type": "long", "default": 1, "shape": [3]}], [("SIG-008", "/0/shape")]),
    "twice": ([{"name": "n", "type": "long", "default": 1}] * 2, [("SIG-008", "/1/name")]),
}  # fmt: skip


@pytest.mark.parametrize(("params", "expected"), PARAMS.values(), ids=PARAMS.keys())
def test_params(params, expected):
    assert signature(params, "params") == expected


def test_what_is_valid_here_is_read_by_the_types():
    from mlmodel.signature.types.schema import Schema

    for inputs in GOOD.values():
        Schema.from_list(inputs)


def test_1800_columns_are_checked_by_their_few_shapes(monkeypatch):
    asked = []
    validator = schemas.validator
    monkeypatch.setattr(schemas, "validator", lambda *name: asked.append(name) or validator(*name))
    for types, wrong in ((["double", "long"], 0), (["dubble", "lung"], 1800)):
        columns = [{"type": types[i % 2], "name": f"c{i}", "required": True} for i in range(1800)]
        text = FLAVORS + yaml.safe_dump({"signature": {"inputs": json.dumps(columns)}})
        assert sum(one.times for one in found(text)) == wrong
    assert len(asked) <= 2


def test_1800_wrong_columns_are_all_counted():
    columns = [{"type": "lung", "name": "same"} for _ in range(1800)]
    text = FLAVORS + yaml.safe_dump({"signature": {"inputs": json.dumps(columns)}})
    assert sum(one.times for one in found(text)) == 1800 + 1799


# --- environments --------------------------------------------------------------------------


def model(root, **files):
    root.mkdir(exist_ok=True)
    (root / "MLmodel").write_text(FLAVORS)
    for name, text in files.items():
        (root / name.replace("_yaml", ".yaml").replace("_txt", ".txt")).write_text(text)
    return [
        (v.rule, v.severity[0], os.path.basename(v.file), v.line, v.column)
        for v in validate(root).violations
    ]


@pytest.mark.parametrize(
    ("name", "rule"),
    [("conda.yaml", "ENV-002"), ("python_env.yaml", "ENV-007"), ("requirements.txt", "ENV-008")],
)
def test_a_file_of_the_environment_breaks_its_own_rule(tmp_path, name, rule):
    """Where a folder stands in its place; the two of YAML also where they are lists."""
    (tmp_path / name).mkdir()
    assert model(tmp_path) == [(rule, "e", name, None, None)]
    (tmp_path / name).rmdir()
    if name.endswith(".yaml"):
        (tmp_path / name).write_text("- a\n")
        assert model(tmp_path) == [(rule, "e", name, 1, 1)]


def test_an_example_may_be_named_with_a_backslash(tmp_path):
    """DIR-006: it is found where a reader finds it, and checked there."""
    (tmp_path / "MLmodel").write_text(
        "flavors: {python_function: {loader_module: mlflow.sklearn}}\n"
        'signature: {inputs: \'[{"type": "long", "name": "a"}]\'}\n'
        "saved_input_example_info: {artifact_path: 'a\\e.json', type: dataframe}\n"
    )
    (tmp_path / "a").mkdir()
    (tmp_path / "a/e.json").write_text('{"columns": ["a"], "data": [[1.5]]}')
    warned, told = validate(tmp_path).violations
    assert warned.rule == "DIR-006"
    assert (told.rule, told.file, told.column) == ("EXA-003", str(tmp_path / "a/e.json"), 30)


def test_conda_yaml(tmp_path):
    """ENV-002, ENV-004, ENV-005."""
    text = (
        "name: x\nchannels: [defaults, conda-forge]\ndependencies:\n- python=3.10\n- pip:\n"
        "  - numpy==1.0\n  - 'not a requirement'\npip: [a]\nextra: 1\n"
    )
    assert model(tmp_path, conda_yaml=text) == [
        ("ENV-005", "w", "conda.yaml", 2, 12),
        ("ENV-002", "e", "conda.yaml", 7, 5),
        ("ENV-004", "w", "conda.yaml", 8, 1),
        ("MLM-011", "w", "conda.yaml", 9, 1),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ["MLM-001"]), ("[1]", ["ENV-002"]), ("dependencies: {a: 1}", ["ENV-002"]),
     ("dependencies: [{npm: [x]}]", ["ENV-002"]), ("channels: defaults", ["ENV-002"]),
     ("dependencies: [pip: {a: b}]", ["ENV-002"]), ("a: " + "[" * 30_000, ["MLM-002"]),
     ("dependencies: [python=3.8, pip, pip: ['a', '-r x.txt', 'git+https://x/y', './w.whl']]",
     ["ENV-011", "ENV-012"])],
)  # fmt: skip
def test_bad_conda_yaml(tmp_path, text, expected):
    assert [rule for rule, *_ in model(tmp_path, conda_yaml=text)] == expected


def test_python_env_yaml(tmp_path):
    """ENV-007, ENV-011."""
    text = "python: 3.10\nbuild_dependencies: [pip==23, 'a b']\ndependencies: [-r requirements.txt]\nx: 1\n"
    assert model(tmp_path, python_env_yaml=text) == [
        ("MLM-005", "w", "python_env.yaml", 1, 9),
        ("ENV-007", "e", "python_env.yaml", 2, 31),
        ("ENV-011", "w", "python_env.yaml", 3, 16),
        ("MLM-011", "w", "python_env.yaml", 4, 1),
    ]


def test_requirements(tmp_path):
    """ENV-008, ENV-011, ENV-012: what pip reads and another machine may lack is warned of."""
    text = (
        "# a comment\nnumpy==1.0 # why\n\npandas[all]>=2,<3; python_version>'3.8'\n-r other.txt\n"
        "--extra-index-url https://index.example.com\n./local.whl\nlocal.whl\n"
        "a @ https://x.example/a.whl\ngit+https://x.example/a\nb==1 \\\n  --hash=sha256:00\n"
        "what is this\nscikit-learn = 1\n"
    )
    assert model(tmp_path, requirements_txt=text) == [
        ("ENV-011", "w", "requirements.txt", 5, 1),
        ("ENV-012", "w", "requirements.txt", 7, 1),
        ("ENV-012", "w", "requirements.txt", 8, 1),
        ("ENV-008", "e", "requirements.txt", 13, 1),
        ("ENV-008", "e", "requirements.txt", 14, 1),
    ]


def test_requirements_are_the_pip_part(tmp_path):
    """ENV-006."""
    conda = "dependencies: [pip: [b, a]]\n"
    assert model(tmp_path, conda_yaml=conda, requirements_txt="a\nb\n") == []
    assert model(tmp_path, conda_yaml=conda, requirements_txt="a\nc\n") == [
        ("ENV-006", "w", "requirements.txt", 1, 1)
    ]


def test_environment_files_out_of_the_folder_are_not_opened(tmp_path):
    root = tmp_path / "m"
    root.mkdir()
    (tmp_path / "conda.yaml").write_text("a: [")
    (root / "MLmodel").write_text(FLAVORS + "    env: ../conda.yaml\n")
    assert [v.rule for v in validate(root).violations] == ["DIR-002"]
