"""Bundles of MLeap: loaded, asked, refused, served (spec/flavors/mleap.md)."""

from __future__ import annotations

import copy
import gc
import io
import json
import os
import pickle
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlmodel
from java_tools import jars
from mlmodel.bridges.jvm.columns import Kind
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    MissingDependency,
    ModelNotFound,
    UnsupportedModel,
)
from mlmodel.flavors import _mleap_scorer
from mlmodel.flavors._ready import readiness_of
from mlmodel.sandbox.wall import lacking
from mlmodel.scoring.fidelity.answers import difference
from mlmodel.trust.describe import look_into
from specimens.mleap import BUNDLES, bundle, rows, spark_said

# Starting Java and reading a first bundle takes seconds.
pytestmark = [pytest.mark.libraries("py4j"), pytest.mark.slow]

ROWS = rows()
PREDICTED = ["prediction", "rawPrediction", "probability"]
MODEL_OF_LR = "root/LogisticRegression_d5c243b33cc9.node/model.json"


@pytest.fixture(scope="module")
def scorer():
    return bundle("lr")


def changed(tmp_path, change, name="lr", file="changed.zip"):
    """Write a bundle whose files are changed; None leaves one out."""
    with (
        zipfile.ZipFile(BUNDLES / f"{name}.zip") as given,
        zipfile.ZipFile(tmp_path / file, "w") as made,
    ):
        for one in given.namelist():
            content = change(one, given.read(one))
            if content is not None:
                made.writestr(one, content)
    return tmp_path / file


def replaced(old, new, of=None):
    return lambda name, content: content.replace(old, new) if of is None or name == of else content


def model_of(path, data="model.zip"):
    (path / "MLmodel").write_text(f"flavors:\n  mleap: {{model_data: {data}}}\n")
    return path


# Fidelity


@pytest.mark.parametrize("name", ["lr", "rf", "gbt", "gbtr"])
def test_it_answers_as_spark(name):
    """Predictions are Spark's own; probabilities, and regressions, within the last bits."""
    own, told = spark_said(name), bundle(name).predict(ROWS)
    tolerance = {"rtol": 0, "atol": 0} if name != "gbtr" else {"rtol": 1e-15, "atol": 1e-15}
    np.testing.assert_allclose(told["prediction"], own["prediction"], **tolerance)
    if "probability" in own:
        given = np.array(told["probability"].tolist())
        np.testing.assert_allclose(given, own["probability"], rtol=0, atol=1e-15)


def test_a_pipeline_of_scikit_learn():
    """A bundle that the package mleap 0.25.3 wrote with scikit-learn 1.9, held against that."""
    name = "forest-of-scikit-learn"
    own, loaded = spark_said(name), bundle(name)
    assert loaded.version == "0.25.3"
    told = loaded.predict(ROWS)
    for column in ("prediction", "probability"):
        assert difference(own[column], told[column].tolist()) is None


def test_many_rows_go_by_memory(scorer, monkeypatch):
    """More rows than one request has: in pieces, in their order."""
    monkeypatch.setattr("mlmodel.bridges.jvm.loaded.AT_ONCE", 700)
    many = pd.concat([ROWS] * 4, ignore_index=True)
    told = scorer.predict(many)
    assert told["prediction"].tolist() == spark_said("lr")["prediction"] * 4
    assert told.index.equals(many.index)


def test_no_file_is_left_behind(scorer):
    before = set(Path("/dev/shm").glob("mlmodel-*")) if Path("/dev/shm").is_dir() else set()
    scorer.predict(ROWS)
    with pytest.raises(InvalidInput):
        scorer.predict(ROWS.assign(cat="never"))
    if Path("/dev/shm").is_dir():
        assert set(Path("/dev/shm").glob("mlmodel-*")) == before


# What it answers with


def test_the_columns_that_no_stage_takes(scorer):
    """MLP-005."""
    assert scorer.inputs == {"x1": "double", "x2": "double", "k": "double", "cat": "string"}
    assert scorer.outputs == {
        "features": "tensor of double[4]", "cat_i": "double", "prediction": "double",
        "rawPrediction": "tensor of double[2]", "probability": "tensor of double[2]",
    }  # fmt: skip
    told = scorer.predict(ROWS[:3].set_axis([7, 5, 3]))
    assert set(told.columns) == set(PREDICTED)
    assert told.index.tolist() == [7, 5, 3]
    assert [type(cell) for cell in told["probability"]] == [list] * 3


def test_other_columns_where_they_are_named(scorer):
    """MLP-005."""
    told = scorer.predict(ROWS[:2], output_columns=["cat_i", "features"])
    assert list(told.columns) == ["cat_i", "features"]
    first = ROWS.iloc[0]
    assert told["features"][0] == [first["x1"], first["x2"], first["k"], told["cat_i"][0]]
    with pytest.raises(InvalidArgument, match=r"no column other; it answers .*cat_i.*MLP-005"):
        scorer.predict(ROWS[:2], output_columns=["other"])


# What it takes


def test_forms_of_a_table(scorer):
    """MLP-006."""
    expected = scorer.predict(ROWS[:2])["prediction"].tolist()
    for given in (
        ROWS[:2].to_dict("records"), ROWS[:2].to_dict("list"), ROWS[:2][["cat", "k", "x2", "x1"]],
        ROWS[:2][["x2", "cat", "x1", "k"]], ROWS[:2].assign(more=1)[["k", "more", "cat", "x1", "x2"]],
        ROWS[:2].assign(more=1), ROWS[:2].convert_dtypes(), ROWS[:2].astype({"k": "uint8"}),
        ROWS[:2].astype({"k": "float32", "cat": "category"}),
    ):  # fmt: skip
        assert scorer.predict(given)["prediction"].tolist() == expected
    assert scorer.predict(ROWS[:0]).shape == (0, 3)


@pytest.mark.parametrize("given", [np.zeros((2, 4)), "text", 3, [[1, 2, 3, "a"]]])
def test_what_is_no_table(scorer, given):
    """MLP-006."""
    with pytest.raises(InvalidInput, match="MLP-006"):
        scorer.predict(given)


def test_a_column_that_is_missing(scorer):
    with pytest.raises(InvalidInput, match="'x1' is missing"):
        scorer.predict(ROWS.drop(columns="x1"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"x1": "a"}, "expected double, got 'a'"),
        ({"k": 2**53 + 1}, r"'k' has integers that a double does not hold, .* row \d+ \(MLP-007\)"),
        ({"cat": 3}, "Input 'cat'"),
    ],
)
def test_values_of_another_type(scorer, changes, said):
    """MLP-007."""
    with pytest.raises(InvalidInput, match=said):
        scorer.predict(ROWS[:3].assign(**changes))


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_cells_that_are_missing(scorer, missing):
    """MLP-008: all columns are told at once, each with its first row."""
    given = ROWS[:5].astype({"x1": object, "cat": object})
    given.loc[3, "x1"] = given.loc[2, "cat"] = missing
    with pytest.raises(InvalidInput) as raised:
        scorer.predict(given)
    told = {one.column: one.message for one in raised.value.details}
    if "ENF" not in str(raised.value):
        assert "no value in row 3" in told["x1"]
        assert "no value in row 2" in told["cat"]
    assert set(told) <= {"x1", "cat"}
    assert told


def test_a_float_that_is_nan(scorer):
    """MLP-008: MLeap would go on with it, and Spark does not."""
    given = ROWS[:5].copy()
    given.loc[4, "x2"] = np.nan
    with pytest.raises(InvalidInput, match=r"'x2' has no value in row 4.*MLP-008") as raised:
        scorer.predict(given)
    assert [(one.rule, one.column, one.row) for one in raised.value.details] == [
        ("MLP-008", "x2", 4)
    ]


def test_each_column_is_told_by_its_own_rule(scorer):
    """MLP-007, MLP-008: a missing value of one, and integers beyond another."""
    given = ROWS[:2].assign(x1=[2**60, 1], x2=[0.5, np.nan])
    with pytest.raises(InvalidInput) as raised:
        scorer.predict(given)
    told = {one.column: (one.rule, one.row) for one in raised.value.details}
    assert told == {"x1": ("MLP-007", 0), "x2": ("MLP-008", 1)}


def test_one_row_without_axes(scorer):
    """SKL-010: the values of one row of a request, of which nothing is declared, are arrays."""
    row = ROWS.iloc[0].to_dict()
    due = scorer.predict(ROWS[:1])["prediction"].tolist()
    for cells in (row, {name: np.array(cell) for name, cell in row.items()}):
        assert scorer.predict(cells)["prediction"].tolist() == due


def test_columns_without_names_have_no_place(scorer):
    """MLP-007: the columns of a bundle are in no order."""
    with pytest.raises(InvalidInput, match="ENF-004"):
        scorer.predict(ROWS[:2].set_axis(range(4), axis=1))


def imputer(name, content):
    """Put an imputer in the place of the indexer: of x1, with a mean."""
    if name == "root/model.json":
        return content.replace(
            b'"StringIndexer_e58aa3d72fbb", ', b'"Imputer", "StringIndexer_e58aa3d72fbb", '
        )
    if name.startswith("root/VectorAssembler") and name.endswith("node.json"):
        return content.replace(b'"name": "x1"', b'"name": "x1_there"')
    return content


def test_a_stage_that_takes_what_is_missing(tmp_path, scorer):
    """MLP-008."""
    path = changed(tmp_path, imputer)
    with zipfile.ZipFile(path, "a") as made:
        made.writestr("root/Imputer.node/model.json", json.dumps({"op": "imputer", "attributes": {
            "surrogate_value": {"double": 0.25}, "strategy": {"string": "mean"},
        }}))  # fmt: skip
        made.writestr("root/Imputer.node/node.json", json.dumps({"name": "Imputer", "shape": {
            "inputs": [{"port": "input", "name": "x1"}],
            "outputs": [{"port": "output", "name": "x1_there"}],
        }}))  # fmt: skip
    given = ROWS[:4].copy()
    given.loc[1, "x1"] = np.nan
    told = mlmodel.mleap.load_bundle(path).predict(given)
    expected = scorer.predict(given.fillna({"x1": 0.25}))
    assert told["probability"].tolist() == expected["probability"].tolist()


def test_an_unknown_category(scorer):
    """MLP-009: the stage, the row and its cell are named, in a later piece of the rows too."""
    given = ROWS.copy()
    given.loc[3, "cat"] = "zebra"
    with pytest.raises(InvalidInput) as raised:
        scorer.predict(given)
    message = raised.value.message
    assert "StringIndexer_e58aa3d72fbb (StringIndexer) does not take row 3" in message
    assert "cat is 'zebra'" in message
    assert message.endswith("(MLP-009)")
    assert [(one.column, one.row) for one in raised.value.details] == [("cat", 3)]


def test_the_first_row_of_many_that_is_not_taken(scorer):
    """MLP-009: pieces go through the stages beside each other."""
    many = pd.concat([ROWS] * 60, ignore_index=True)
    told = scorer.predict(many)
    assert told["prediction"].tolist() == spark_said("lr")["prediction"] * 60
    many.loc[[29_990, 7003, 15_000], "cat"] = "zebra"
    with pytest.raises(InvalidInput, match="row 7003"):
        scorer.predict(many)


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_of_garbage_is_left_as_it_was(scorer, was_on):
    many = pd.concat([ROWS] * 4, ignore_index=True)
    if not was_on:
        gc.disable()
    try:
        assert len(scorer.predict(many)) == len(many)
        assert gc.isenabled() is was_on
    finally:
        gc.enable()


def test_the_row_is_that_of_all_rows(scorer, monkeypatch):
    monkeypatch.setattr("mlmodel.bridges.jvm.loaded.AT_ONCE", 100)
    given = ROWS.copy()
    for cell in ("zebra", "\ud800"):  # one that Java does not know, and one that is not handed over
        given.loc[345, "cat"] = cell
        with pytest.raises(InvalidInput, match="row 345"):
            scorer.predict(given)


def test_answers_are_apart_from_each_other(scorer):
    first = scorer.predict(ROWS[:2])
    first.columns.name = "changed"
    assert scorer.predict(ROWS[:2]).columns.name is None


@pytest.mark.parametrize(("of", "most"), [("float", 2**24), ("double", 2**53)])
def test_integers_that_a_float_holds(of, most):
    """MLP-007: all of them, up to that one."""
    for number in (most, -most):
        assert _mleap_scorer.first_beyond(Kind("a", of), np.array([0, number])) is None
        beyond = np.array([0, number + number // most])
        assert _mleap_scorer.first_beyond(Kind("a", of), beyond) == 1


TEXTS = ["a\0b", "größer", "日本", "\U0001f600", "", "x" * 5000]


def test_texts_go_over_whole(tmp_path):
    """Text with NUL and without ASCII: as labels of an indexer, each is found."""
    labels = json.dumps(TEXTS).encode()
    path = changed(tmp_path, replaced(b'["c", "a", "b"]', labels))
    told = mlmodel.mleap.load_bundle(path).predict(
        pd.concat([ROWS[:1]] * len(TEXTS), ignore_index=True).assign(cat=TEXTS),
        output_columns=["cat_i"],
    )
    assert told["cat_i"].tolist() == list(range(len(TEXTS)))


# What is not read


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda name, content: content[:50] if name == MODEL_OF_LR else content, "end-of-input"),
        (lambda name, content: None if name == MODEL_OF_LR else content, "NoSuchFile"),
        (lambda name, content: None if name == "bundle.json" else content, "no bundle.json"),
        (lambda name, content: b"" if name == "bundle.json" else content, "end-of-input"),
        (replaced(b'"num_classes"', b'"other"', MODEL_OF_LR), "num_classes"),
    ],
)
def test_a_bundle_that_is_not_whole(tmp_path, change, said):
    """MLP-004."""
    changed(tmp_path, change, file="model.zip")
    with pytest.raises(InvalidModel, match=said) as raised:
        mlmodel.mleap.load_model(model_of(tmp_path))
    assert raised.value.details[0].rule == "MLP-004"
    assert str(tmp_path) not in raised.value.message


def test_a_bundle_that_expands_too_far(tmp_path):
    """MLP-004, TRU-021: told by the JVM, before it reads it."""
    changed(tmp_path, lambda _, content: content, file="model.zip")
    with zipfile.ZipFile(
        tmp_path / "model.zip", "a", zipfile.ZIP_DEFLATED, compresslevel=1
    ) as made:
        made.writestr("root/other.node/model.json", bytes(65 << 20))
    with pytest.raises(InvalidModel, match=r"more than 64 MiB \(TRU-021\)") as raised:
        mlmodel.mleap.load_bundle(tmp_path / "model.zip")
    assert raised.value.details[0].rule == "MLP-004"


def test_half_a_zip_file(tmp_path):
    """MLP-004."""
    (tmp_path / "model.zip").write_bytes((BUNDLES / "lr.zip").read_bytes()[:900])
    with pytest.raises(InvalidModel, match=r"no whole zip file.*MLP-004"):
        mlmodel.mleap.load_model(model_of(tmp_path))


OTHER = replaced(b'"logistic_regression"', b'"xgboost.classifier"', MODEL_OF_LR)


def test_a_stage_that_is_not_known(tmp_path):
    """MLP-004."""
    with pytest.raises(UnsupportedModel, match=r"xgboost\.classifier.*MLP-004") as raised:
        mlmodel.mleap.load_bundle(changed(tmp_path, OTHER))
    assert "wrote the bundle" not in raised.value.message


@pytest.mark.parametrize("change", [OTHER, replaced(b'"num_classes"', b'"classes"', MODEL_OF_LR)])
def test_a_newer_mleap(tmp_path, change):
    """MLP-004: a newer version is told where the bundle cannot be read, and is no reason alone."""
    newer = replaced(b'"0.20.0"', b'"0.99.1"', "bundle.json")
    path = changed(tmp_path, lambda name, content: newer(name, change(name, content)))
    with pytest.raises(
        UnsupportedModel, match=r"MLeap 0\.99\.1 wrote the bundle, and MLeap 0\.20\.0"
    ):
        mlmodel.mleap.load_bundle(path)
    older = replaced(b'"0.20.0"', b'"0.9.0"', "bundle.json")  # as a version, and not as a text
    path = changed(tmp_path, lambda name, content: older(name, change(name, content)))
    with pytest.raises((UnsupportedModel, InvalidModel)) as raised:
        mlmodel.mleap.load_bundle(path)
    assert "wrote the bundle" not in raised.value.message
    loaded = mlmodel.mleap.load_bundle(changed(tmp_path, newer))
    assert loaded.version == "0.99.1"
    assert loaded.predict(ROWS[:1])["prediction"].tolist() == spark_said("lr")["prediction"][:1]


def test_a_folder_or_a_zip_file(tmp_path):
    """MLP-001."""
    (tmp_path / "model.zip").write_bytes((BUNDLES / "lr.zip").read_bytes())
    with zipfile.ZipFile(BUNDLES / "lr.zip") as given:
        given.extractall(tmp_path / "folder")
    for data in ("model.zip", "folder"):
        answer = mlmodel.load(model_of(tmp_path, data)).predict(ROWS[:3])
        assert answer["prediction"].tolist() == spark_said("lr")["prediction"][:3]


def test_a_loaded_model_is_copied_by_its_folder(scorer, tmp_path):
    """What lives in a JVM is opened anew by who unpickles it, or copies it."""
    mlmodel.mleap.save_model(scorer, tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m")
    for one in (pickle.loads(pickle.dumps(loaded)), copy.deepcopy(loaded)):
        assert one.predict(ROWS[:3]).equals(loaded.predict(ROWS[:3]))


def test_doctor_tells_of_java(monkeypatch, tmp_path):
    """MLP-010."""
    jars()
    own = readiness_of(mlmodel.mleap.FLAVOR)
    assert own.loads
    assert {"py4j", "java", "the jars that it runs"} == {one.name for one in own.libraries}
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to("/bin/true")
    monkeypatch.setenv("MLMODEL_JAVA_BRIDGE", str(tmp_path))
    own = readiness_of(mlmodel.mleap.FLAVOR)
    assert not own.loads
    assert "java is not installed" in [one.fault for one in own.libraries]
    assert "the jars that it runs is not installed" in [one.fault for one in own.libraries]
    assert "mlmodel java setup" in own.install


@pytest.mark.skipif(bool(lacking()), reason=f"this system cannot {lacking()}")
def test_behind_the_wall(tmp_path):
    """MLP-010: nothing is started there, and what to do is said."""
    jars()
    (tmp_path / "model.zip").write_bytes((BUNDLES / "lr.zip").read_bytes())
    with pytest.raises(MissingDependency, match=r"trust the folder .*--sandbox off.*MLP-010"):
        mlmodel.load(model_of(tmp_path), sandbox=True)


@pytest.mark.parametrize(("more", "may_run"), [({}, False), ({"data.pkl": b"."}, True)])
def test_a_zip_file_of_plain_files_is_no_code(tmp_path, more, may_run):
    """MLP-003: what inspect says of it; one with anything else in it is an archive like others."""
    made = changed(tmp_path, lambda _, content: content, file="model.zip")
    with zipfile.ZipFile(made, "a") as archive:
        for name, content in more.items():
            archive.writestr(name, content)
    told = [str(one) for one in look_into(model_of(tmp_path))]
    assert any("zip archive" in one for one in told) is may_run
    assert any("bundle of MLeap" in one for one in told) is not may_run


def test_no_bundle(tmp_path):
    with pytest.raises(ModelNotFound, match="no bundle"):
        mlmodel.mleap.load_bundle(tmp_path / "nothing")
    with pytest.raises(InvalidModel, match=r"bundle\.json"):
        mlmodel.mleap.load_bundle(tmp_path)


def test_no_name_leads_out_of_the_bundle(tmp_path):
    """MLP-003: a stage that is named by a path is looked for in the copy alone."""
    secret = tmp_path / "secret.node"
    secret.mkdir()
    with zipfile.ZipFile(BUNDLES / "lr.zip") as given:
        for name in ("model.json", "node.json"):
            found = given.read(f"root/LogisticRegression_d5c243b33cc9.node/{name}")
            (secret / name).write_bytes(found)
    up = "../" * len(Path(tmp_path).parts) + str(tmp_path / "secret").lstrip("/")
    change = replaced(b"LogisticRegression_d5c243b33cc9", up.encode(), "root/model.json")
    root = tmp_path / "model" / "bundle"
    root.mkdir(parents=True)
    with zipfile.ZipFile(changed(tmp_path, change)) as made:
        made.extractall(root)
    with pytest.raises(InvalidModel, match=r"NoSuchFile.*MLP-004"):
        mlmodel.mleap.load_model(model_of(tmp_path / "model", "bundle"))


def test_a_link_in_a_bundle(tmp_path):
    """MLP-003."""
    root = tmp_path / "model" / "bundle"
    root.mkdir(parents=True)
    with zipfile.ZipFile(BUNDLES / "lr.zip") as given:
        given.extractall(root)
    moved = tmp_path / "model.json"
    os.rename(root / MODEL_OF_LR, moved)
    (root / MODEL_OF_LR).symlink_to(moved)
    with pytest.raises(InvalidModel, match="DIR-004"):
        mlmodel.mleap.load_model(model_of(tmp_path / "model", "bundle"))


# Saving


def test_what_was_loaded_is_saved(scorer, tmp_path):
    """MLP-013."""
    mlmodel.mleap.save_model(scorer, tmp_path / "m", input_example=ROWS[:2])
    described = mlmodel.models.Model.load(tmp_path / "m")
    assert described.flavors == {
        "mleap": {"code": None, "mleap_version": "0.20.0", "model_data": "mleap/model"}
    }
    assert described.signature.outputs.input_names() == list(scorer.predict(ROWS[:1]).columns)
    loaded = mlmodel.mleap.load_model(tmp_path / "m")
    assert loaded.predict(ROWS).equals(scorer.predict(ROWS))
    mlmodel.mleap.save_model(loaded, tmp_path / "again")
    assert mlmodel.mleap.load_model(tmp_path / "again").predict(ROWS).equals(loaded.predict(ROWS))


def test_what_is_not_saved(tmp_path):
    """MLP-013."""
    with pytest.raises(InvalidArgument, match=r"load_bundle.*MLP-013"):
        mlmodel.mleap.save_model(object(), tmp_path / "m")


# Java


def test_no_py4j(tmp_path, monkeypatch):
    """MLP-010: nothing is written for a JVM that cannot be asked."""
    monkeypatch.setitem(sys.modules, "py4j.java_gateway", None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(MissingDependency, match=r"py4j.*\[mleap\]"):
        mlmodel.mleap.load_bundle(BUNDLES / "lr.zip")
    assert list(tmp_path.iterdir()) == []


def test_no_jars(tmp_path, monkeypatch):
    """MLP-010, in a process that has no JVM yet."""
    monkeypatch.setenv("MLMODEL_JAVA_BRIDGE", str(tmp_path))
    monkeypatch.setattr("mlmodel.bridges.jvm.gateway.held", {})
    with pytest.raises(MissingDependency, match=r"mlmodel java setup \(MLP-010\)"):
        mlmodel.mleap.load_bundle(BUNDLES / "lr.zip")


def test_a_temporary_file_goes_with_its_bundle():
    jars()
    one = bundle("lr")
    file = one.file
    assert file.exists()
    del one
    assert not file.exists()


def test_a_zip_file_that_is_read_in_memory(scorer):
    """The copy is a whole zip file whatever the model's was."""
    assert zipfile.ZipFile(io.BytesIO(scorer.file.read_bytes())).testzip() is None
