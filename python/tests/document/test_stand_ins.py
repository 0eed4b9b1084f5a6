"""What stands in the place of a file is called by its name, by whoever opens it (DIR-009)."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import tarfile
import zipfile

import pytest

import mlmodel
from mlmodel.document import read
from mlmodel.errors import InvalidModel
from mlmodel.reports.inspection import inspect_model
from mlmodel.trust import Gate

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"
SKLEARN = "flavors: {sklearn: {pickled_model: model.pkl}}\n"


def tar():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("MLmodel"))
    return buffer.getvalue()


def zipped(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


INSTEAD = {
    "pointer": (POINTER, "git lfs pull"),
    "page": (b"<!-- 1 -->\n<HTML>\n<title>Sign in</title>", "web page"),
    "xml": (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "AccessDenied"),
    "soap": (b'<m:Error xmlns:m="x"><m:Code/></m:Error>', "answer of a server"),
    "json": (b'{"error": {"code": 404, "message": "x"}}', "404"),
    "plain json": (b'{"error": "Repository not found"}', "Repository not found"),
    "github": (b'{"message": "Not Found", "documentation_url": "u"}', "answer of a server"),
    "zip": (zipped("model.pkl"), "zip archive"),
    "tar": (tar(), "tar archive"),
    "zstd": (b"\x28\xb5\x2f\xfd0000", "zstd archive"),
    "nothing": (b"", "is empty"),
}


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "trust"))


@pytest.mark.parametrize("what", INSTEAD)
@pytest.mark.parametrize(
    ("file", "flavors"),
    [
        ("model.pkl", "{sklearn: {pickled_model: model.pkl}}"),
        ("model.onnx", "{onnx: {data: model.onnx}}"),
        ("model.ubj", "{xgboost: {data: model.ubj}}"),
        ("python_model.pkl",
         "{python_function: {loader_module: mlflow.pyfunc.model, python_model: python_model.pkl}}"),
    ],
)  # fmt: skip
def test_in_the_place_of_a_model(tmp_path, what, file, flavors):
    content, said = INSTEAD[what]
    (tmp_path / "MLmodel").write_text(f"flavors: {flavors}\n")
    (tmp_path / file).write_bytes(content)
    (found,) = mlmodel.validate(tmp_path).errors
    assert found.rule == "DIR-009"
    assert said in found.message
    with pytest.raises(InvalidModel, match="DIR-009") as caught:
        mlmodel.load(tmp_path, trust=True)
    assert said in str(caught.value)
    with pytest.raises(InvalidModel, match="DIR-009"):
        Gate.for_folder(tmp_path, trust=True).load_pickle(tmp_path / file)


def test_inspect_names_a_pointer(tmp_path):
    (tmp_path / "MLmodel").write_text(SKLEARN)
    (tmp_path / "model.pkl").write_bytes(POINTER)
    (look,) = inspect_model(tmp_path)["loading"]["files"]
    assert "Git LFS" in look["what"]
    assert look["needs_trust"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.pkl", gzip.compress(pickle.dumps(1))),
        ("model.pkl", zipped("a", "schema.json")),
        ("model.skops", zipped("schema.json")),
        ("model.pkl", b"<htmlx"),
        ("model.json", b'{"learner": {}, "message": "x"}'),
        ("model.json", b'{"error": 0.25, "version": [2, 0, 0]}'),
    ],
    ids=["compressed", "skops as pkl", "skops", "a text", "JSON", "JSON with error"],
)
def test_what_is_what_its_name_says(tmp_path, name, content):
    (tmp_path / "MLmodel").write_text(f"flavors: {{sklearn: {{pickled_model: {name}}}}}\n")
    (tmp_path / name).write_bytes(content)
    assert mlmodel.validate(tmp_path).valid


@pytest.mark.parametrize("what", [*INSTEAD, "pickle"])
def test_in_the_place_of_the_mlmodel_file(tmp_path, what):
    content, said = INSTEAD.get(what, (pickle.dumps({"a": 1}), "is a pickle"))
    (tmp_path / "MLmodel").write_bytes(content)
    (found,) = mlmodel.validate(tmp_path).errors
    if what == "nothing":
        assert found.rule == "MLM-001"
        return
    assert found.rule == "DIR-009"
    assert said in found.message
    assert "UTF-8" not in found.message
    with pytest.raises(InvalidModel, match="DIR-009"):
        mlmodel.load(tmp_path)


def test_binary_data_are_not_to_be_saved_as_utf_8(tmp_path):
    (tmp_path / "MLmodel").write_bytes(b"\x93NUMPY\x01\x00v\x00{'descr'")
    (found,) = mlmodel.validate(tmp_path).errors
    assert "binary data" in found.message
    (tmp_path / "MLmodel").write_text("flavors: {}\n", encoding="utf-16")
    (found,) = mlmodel.validate(tmp_path).errors
    assert "Save it as UTF-8" in found.message


@pytest.mark.parametrize(("name", "make"), [("m.zip", lambda: zipped("MLmodel")), ("m.tar", tar)])
def test_an_archive_given_as_a_model(tmp_path, name, make):
    """LOC-019, however large it is."""
    for padding in (0, 9 * 2**20):
        (tmp_path / name).write_bytes(make() + bytes(padding))
        (found,) = mlmodel.validate(tmp_path / name).errors
        assert found.rule == "LOC-019"
        assert f"{name[2:]}://::{tmp_path / name}" in found.message
        with pytest.raises(InvalidModel, match="LOC-019"):
            mlmodel.load(tmp_path / name)


def test_the_way_that_is_named_for_an_archive_works(tmp_path, monkeypatch):
    """LOC-019."""
    pytest.importorskip("fsspec")
    monkeypatch.setenv("MLMODEL_CACHE", str(tmp_path / "cache"))
    from mlmodel.store import local_folder

    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("MLmodel", SKLEARN)
        archive.writestr("deep/MLmodel", SKLEARN)
    for uri in (f"zip://::{tmp_path / 'm.zip'}", f"zip://deep::{tmp_path / 'm.zip'}"):
        assert read(local_folder(uri)).data["flavors"]


def test_an_example_that_stands_in_is_told_once(tmp_path):
    (tmp_path / "MLmodel").write_text(
        SKLEARN + "saved_input_example_info: {artifact_path: e.json, type: dataframe}\n"
    )
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(1))
    (tmp_path / "e.json").write_text(json.dumps({"error_code": "X", "message": "y"}))
    assert [one.rule for one in mlmodel.validate(tmp_path).violations] == ["DIR-009"]


@pytest.mark.parametrize("name", ["conda.yaml", "python_env.yaml", "requirements.txt"])
@pytest.mark.parametrize("content", [zipped("a"), tar(), b"<html>"], ids=["zip", "tar", "page"])
def test_what_stands_for_a_file_of_the_environment_is_no_model_that_was_given(
    tmp_path, name, content
):
    (tmp_path / "MLmodel").write_text("flavors: {python_function: {loader_module: mlflow.sklearn}}")
    (tmp_path / name).write_bytes(content)
    (found,) = mlmodel.validate(tmp_path).violations
    assert (found.rule, found.file) == ("DIR-009", str(tmp_path / name))
    assert "model" not in found.message.removeprefix(str(tmp_path))


@pytest.mark.parametrize("cut", [1, 40])
def test_a_pickle_that_is_not_whole_is_named(tmp_path, cut):
    whole = pickle.dumps({"a": list(range(100))}, protocol=4)
    (tmp_path / "MLmodel").write_text(SKLEARN)
    (tmp_path / "model.pkl").write_bytes(whole)
    assert "DIR-009" not in rules_of(tmp_path)
    (tmp_path / "model.pkl").write_bytes(whole[:-cut])
    assert "DIR-009" in rules_of(tmp_path)


def rules_of(folder):
    return {one.rule for one in mlmodel.validate(folder).violations}
