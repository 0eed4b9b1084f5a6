"""MOJOs of H2O in the JVM beside the process: no server, no H2O, no trust (HTO-009 to HTO-011)."""

from __future__ import annotations

import copy
import io
import json
import pickle
import struct
import sys
import tempfile
import zipfile

import numpy as np
import pandas as pd
import pytest

import mlmodel
from java_tools import JAVA, jars
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    MissingDependency,
    ModelNotFound,
    UnsupportedModel,
    UntrustedModel,
)
from mlmodel.flavors import _ready
from mlmodel.flavors._ready_models import ready
from mlmodel.sandbox.wall import lacking
from mlmodel.scoring.fidelity.answers import difference
from mlmodel.trust.describe import look_into

# Starting Java takes seconds.
pytestmark = [pytest.mark.libraries("py4j"), pytest.mark.slow]

MOJOS = JAVA / "src" / "test" / "resources" / "mojos"
TREE = "trees/t00_000.bin"


@pytest.fixture(scope="module", autouse=True)
def _java():
    jars()


def asked_of(name):
    """The rows that H2O answered when it wrote a MOJO, and its answers."""
    said = json.loads((MOJOS / f"{name}.json").read_text())
    return pd.DataFrame(said["data"], columns=said["columns"]), pd.DataFrame(said["answers"])


ROWS, OWN = asked_of("gbm")


@pytest.fixture(scope="module")
def mojo():
    return mlmodel.h2o.load_mojo(MOJOS / "gbm.zip")


def model_of(path, mojo=MOJOS / "gbm.zip", keys="mojo: model.mojo.zip"):
    """A model's folder whose binary form nobody could read."""
    (path / "model.h2o").mkdir(parents=True)
    (path / "model.h2o" / "h2o.yaml").write_text("model_file: m\n")
    (path / "model.h2o" / "m").write_text("no model")
    if mojo is not None:
        (path / "model.mojo.zip").write_bytes(mojo.read_bytes())
    (path / "MLmodel").write_text(
        f"flavors:\n  h2o: {{data: model.h2o, h2o_version: 3.46.0.10, {keys}}}\n"
        "  python_function: {data: model.h2o, loader_module: mlflow.h2o}\n"
    )
    return path


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """A stranger's model."""
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    return model_of(tmp_path / "m")


def changed(tmp_path, name, content, of="gbm"):
    """Write a MOJO in which one file is another, or is made of what it was."""
    with (
        zipfile.ZipFile(MOJOS / f"{of}.zip") as given,
        zipfile.ZipFile(tmp_path / "changed.zip", "w") as made,
    ):
        for one in given.namelist():
            data = given.read(one)
            if one == name:
                data = content(data) if callable(content) else content
            if data is not None:
                made.writestr(one, data)
    return tmp_path / "changed.zip"


def replaced(old, new):
    return lambda data: data.replace(old.encode(), new.encode())


def test_no_py4j(tmp_path, monkeypatch):
    """HTO-010: nothing is written for a JVM that cannot be asked."""
    monkeypatch.setitem(sys.modules, "py4j.java_gateway", None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(MissingDependency, match=r"py4j.*\[h2o\]"):
        mlmodel.h2o.load_mojo(MOJOS / "gbm.zip")
    assert list(tmp_path.iterdir()) == []


# Answers


@pytest.mark.parametrize("name", sorted(path.stem for path in MOJOS.glob("*.zip")))
def test_it_answers_as_h2o(name):
    """HTO-011: trees to the last bit, with gaps and a category that is not known."""
    asked, own = asked_of(name)
    told = mlmodel.h2o.load_mojo(MOJOS / f"{name}.zip").predict(asked)
    assert list(told.columns) == list(own.columns)
    if name == "forest":  # H2O's package has classes that are numbers as such
        own["predict"] = own["predict"].astype(int)
    if name in {"gbm", "forest", "wide", "kmeans"}:
        pd.testing.assert_frame_equal(told, own, check_exact=True, check_dtype=name != "kmeans")
    else:
        assert difference(own, told) is None


def test_classes_that_are_numbers_are_such():
    """HTO-011: as H2O's package answers them."""
    told = mlmodel.h2o.load_mojo(MOJOS / "forest.zip").predict(asked_of("forest")[0])
    assert told["predict"].dtype == "int64"
    assert list(told.columns) == ["predict", "p0", "p1", "p2"]


def test_what_it_says_of_itself(mojo):
    assert mojo.version == "3.46.0.10"
    assert mojo.inputs == {"x1": "double", "x2": "double", "k": "double", "cat": "string"}
    assert mojo.outputs == {"predict": "string", "no": "double", "yes": "double"}


def test_many_rows_go_by_memory(mojo):
    """In pieces, and with the index given."""
    many = pd.concat([ROWS] * 200).set_axis(range(5, 5 + 200 * len(ROWS)))
    told = mojo.predict(many)
    assert told.index.equals(many.index)
    assert told["yes"].tolist() == OWN["yes"].tolist() * 200
    assert mojo.predict(ROWS[:0]).shape == (0, 3)


def test_columns_are_matched_by_name(mojo):
    """HTO-006."""
    own = OWN["yes"].tolist()
    for given in (
        ROWS[["cat", "k", "x2", "x1"]].assign(more=1), ROWS.set_axis(range(4), axis=1),
        ROWS.to_dict("records"), ROWS.convert_dtypes(), ROWS.astype({"cat": "category"}),
    ):  # fmt: skip
        assert mojo.predict(given)["yes"].tolist() == own
    with pytest.raises(InvalidInput, match="HTO-006") as caught:
        mojo.predict(ROWS[["k"]])
    assert [one.column for one in caught.value.details] == ["x1", "x2", "cat"]
    with pytest.raises(InvalidInput, match="Expected 4 features, got 2.*HTO-006"):
        mojo.predict(ROWS[["x1", "k"]].set_axis(range(2), axis=1))


@pytest.mark.parametrize("given", [np.zeros((2, 4)), "text", 3, [[1, 2, 3, "a"]]])
def test_what_is_no_table(mojo, given):
    """HTO-007."""
    with pytest.raises(InvalidInput, match="HTO-007"):
        mojo.predict(given)


def test_cells_that_are_missing(mojo):
    """HTO-011: in each form that a gap has, and what is not known is one."""
    one = ROWS[:1].astype(object)
    gap = mojo.predict(one.assign(cat=None, x1=None))
    for cat, x1 in ((np.nan, np.nan), (pd.NA, pd.NA), ("never", pd.NaT), ("", None)):
        assert mojo.predict(one.assign(cat=[cat], x1=[x1])).equals(gap)
    assert mojo.predict(one.assign(cat=None, x1=[np.inf])).equals(gap)  # H2O has no such number
    assert mojo.predict(one.assign(k=10**30)).equals(mojo.predict(one.assign(k=1e30)))
    nullable = ROWS.astype({"x1": "Float64", "k": "Int64", "cat": "string"})
    assert mojo.predict(nullable)["yes"].tolist() == OWN["yes"].tolist()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("x1", "half", "'x1' is of numbers, and the data hold texts.*HTO-008"),
        ("k", pd.Timestamp("2024-01-01"), "'k' is of numbers, and the data hold datetime.*HTO-008"),
        ("x2", [1.0], "'x2' is of numbers.*HTO-008"),
        ("cat", "\ud800", "'cat' has half a pair of UTF-16 in row 0.*HTO-011"),
    ],
)
def test_values_of_another_kind(mojo, name, value, said):
    """HTO-008, HTO-011."""
    given = ROWS[:1].astype(object)
    given.at[0, name] = value
    with pytest.raises(InvalidInput, match=said) as caught:
        mojo.predict(given)
    assert [one.column for one in caught.value.details] == [name]


def test_what_is_taken_for_numbers(mojo):
    """HTO-008: as in H2O's server."""
    given, own = ROWS[:1].astype(object), mojo.predict(ROWS[:1].assign(x1=0.5, x2=1.0))
    assert mojo.predict(given.assign(x1="0.5", x2=True)).equals(own)


def test_an_unknown_category_to_a_linear_model():
    """HTO-011: H2O answers it one way or another, as coefficients were left out or not."""
    told = mlmodel.h2o.load_mojo(MOJOS / "glm.zip")
    given = asked_of("glm")[0]
    given.loc[3, "cat"] = "never"
    with pytest.raises(InvalidInput, match=r"'cat' has 'never' in row 3.*HTO-011") as caught:
        told.predict(given)
    assert [(one.column, one.row) for one in caught.value.details] == [("cat", 3)]
    with pytest.raises(InvalidInput, match=r"has 'n+… in row 3, .*HTO-011"):
        told.predict(given.assign(cat=given["cat"].replace("never", "n" * 99)))


def test_categories_by_their_texts(tmp_path):
    """HTO-011: whole numbers and truth values in columns of categories."""
    made = changed(tmp_path, "domains/d000.txt", b"1\nTrue\nc\n")
    told = mlmodel.h2o.load_mojo(made)
    given = pd.concat([ROWS[:1]] * 3).astype(object)
    texts = told.predict(given.assign(cat=["1", "True", "c"]))
    assert texts["yes"].nunique() > 1
    assert told.predict(given.assign(cat=[1, True, "c"])).equals(texts)


# In a model


def test_a_stranger_s_model_is_answered_by_it(saved, monkeypatch):
    """HTO-010: without trust, without H2O, without a server."""
    monkeypatch.setitem(sys.modules, "h2o", None)
    loaded = mlmodel.load(saved)
    pd.testing.assert_frame_equal(loaded.predict(ROWS), OWN, check_exact=True)
    for one in (pickle.loads(pickle.dumps(loaded)), copy.deepcopy(loaded)):
        assert one.predict(ROWS).equals(OWN)
    assert mlmodel.h2o.load_mojo(saved).predict(ROWS).equals(OWN)
    with pytest.warns(UserWarning, match="has no parameters"):
        loaded.predict(ROWS, params={"a": 1})


def test_one_way_can_be_asked_for(saved, tmp_path, monkeypatch):
    """HTO-010: the server's folder asks for trust."""
    monkeypatch.setenv("MLMODEL_H2O", "server")
    with pytest.raises(UntrustedModel, match="Java"):
        mlmodel.load(saved)
    monkeypatch.setenv("MLMODEL_H2O", "mojo")
    assert mlmodel.load(saved).predict(ROWS).equals(OWN)
    without = model_of(tmp_path / "without", None, "code: null")
    with pytest.raises(UnsupportedModel, match=r"no MOJO.*HTO-010"):
        mlmodel.load(without, trust=True)
    with pytest.raises(UnsupportedModel, match=r"no MOJO.*HTO-010"):
        mlmodel.h2o.load_mojo(without)
    monkeypatch.setenv("MLMODEL_H2O", "pojo")
    with pytest.raises(InvalidArgument, match=r"mojo or server, not 'pojo'.*HTO-010"):
        mlmodel.load(saved)


class Asked(Exception):
    """That a server was asked for."""


def test_a_server_answers_where_no_jvm_can(saved, tmp_path, monkeypatch):
    """HTO-010: in a trusted folder alone, and where no MOJO is asked for."""
    pytest.importorskip("h2o")
    monkeypatch.setenv("MLMODEL_JAVA_BRIDGE", str(tmp_path))
    monkeypatch.setattr("mlmodel.bridges.jvm.gateway.held", {})

    def asked(*_arguments):
        raise Asked

    monkeypatch.setattr("mlmodel.flavors._h2o_server.connect", asked)
    with pytest.raises(MissingDependency, match=r"mlmodel java setup.*MLP-010"):
        mlmodel.load(saved)
    with pytest.raises(Asked):
        mlmodel.load(saved, trust=True)
    monkeypatch.setenv("MLMODEL_H2O", "mojo")
    with pytest.raises(MissingDependency, match="MLP-010"):
        mlmodel.load(saved, trust=True)


def test_one_that_is_missing_or_broken_is_its_own_error(saved):
    """HTO-010: and no reason to take the server."""
    file = saved / "model.mojo.zip"
    file.write_bytes(file.read_bytes()[:900])
    with pytest.raises(InvalidModel, match=r"no whole zip file.*HTO-009"):
        mlmodel.load(saved, trust=True)
    file.unlink()
    with pytest.raises((ModelNotFound, InvalidModel), match=r"model\.mojo\.zip"):
        mlmodel.load(saved, trust=True)
    with pytest.raises(ModelNotFound, match="no MOJO"):
        mlmodel.h2o.load_mojo(saved / "nothing.zip")


def test_what_is_said_of_it(saved):
    """TRU-006: nothing of the folder runs without trust; without the MOJO the model does."""
    told = {look.file: look for look in look_into(saved)}
    assert not any(look.needs_trust for look in told.values())
    assert "model.mojo.zip is loaded in its place" in told["model.h2o"].what
    assert "a MOJO of H2O" in told["model.mojo.zip"].what
    with zipfile.ZipFile(saved / "model.mojo.zip", "a") as archive:
        archive.writestr("experimental/README.md", b"")  # which H2O writes
        archive.writestr("experimental/modelDetails.json", b"{}")
    assert not any(look.needs_trust for look in look_into(saved))
    with zipfile.ZipFile(saved / "model.mojo.zip", "a") as archive:
        archive.writestr("data.pkl", b".")
    told = {look.file: look for look in look_into(saved)}
    assert told["model.mojo.zip"].needs_trust
    (saved / "model.mojo.zip").unlink()
    assert [look.file for look in look_into(saved) if look.needs_trust] == ["model.h2o"]


def test_doctor_tells_of_it(saved, tmp_path, monkeypatch):
    """HTO-010: the model loads without H2O, and what it needs is told where that is not here."""
    own = _ready.version_of
    monkeypatch.setattr(_ready, "version_of", lambda name: None if name == "h2o" else own(name))
    found = ready(saved)
    assert (found.by, found.loads, found.lacks) == ("h2o", True, ())
    monkeypatch.setenv("MLMODEL_JAVA_BRIDGE", str(tmp_path))
    found = ready(saved)
    assert found.lacks == ("the jars that it runs is not installed",)
    assert "mlmodel java setup" in found.install
    assert ready(model_of(tmp_path / "n", None, "mojo: null")).lacks == ("h2o is not installed",)


@pytest.mark.skipif(bool(lacking()), reason=f"this system cannot {lacking()}")
def test_behind_the_wall(saved):
    """MLP-010: nothing is started there, and what to do is said."""
    with pytest.raises(MissingDependency, match=r"trust the folder .*--sandbox off.*MLP-010"):
        mlmodel.load(saved, sandbox=True)


# What is not read

BROKEN = {
    "columns": ("n_columns = 5", "n_columns = 500000000", "not as many columns"),
    "features": ("n_features = 4", "n_features = 6", "not as many columns"),
    "classes": ("n_classes = 2", "n_classes = 500000000", "not as many classes"),
    "fewer classes": ("n_classes = 2", "n_classes = 1", "not as many classes"),
    "categories": ("3: 3 d000.txt", "3: 500000000 d000.txt", "not as many categories"),
    "fewer categories": ("3: 3 d000.txt", "3: 4 d000.txt", "Not enough elements"),
    "no categories": ("3: 3 d000.txt", "3: 3 d007.txt", "no file domains/d007.txt"),
    "trees": ("n_trees = 5", "n_trees = 500000000", "not as many trees"),
    "trees of a class": ("per_class = 1", "per_class = 500000000", "not as many trees"),
    "a count": ("n_trees = 5", "n_trees = many", "no whole number"),
    "less than none": ("n_features = 4", "n_features = -4", "is -4"),
    "two words": ("n_trees = 5", "n_trees = 5\nn_trees = 4", "says n_trees twice"),
    "two sections": ("[columns]", "[columns]\na\n[columns]", r"says \[columns\] twice"),
    "two columns": ("x2\nk", "x1\nk", "says x1 twice"),
    "nothing": ("[info]", "[none]", "algorithm none|HTO-009"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_settings_that_count_what_is_not_there(tmp_path, what):
    """HTO-009: before an array is made of it."""
    old, new, said = BROKEN[what]
    made = changed(tmp_path, "model.ini", replaced(old, new))
    with pytest.raises((InvalidModel, UnsupportedModel), match=f"{said}.*HTO-009") as raised:
        mlmodel.h2o.load_mojo(made)
    assert str(tmp_path) not in raised.value.message


@pytest.mark.parametrize(
    ("of", "old", "new", "said"),
    [
        ("kmeans", "center_num = 3", "center_num = 500000000", "not as many center_num"),
        ("deep", "_sizes = [", "_sizes = [500000000, ", "not as many units"),
        (
            "ensemble",
            "submodel_count = ",
            "submodel_count = 50000000",
            "not as many submodel_count",
        ),
    ],
)
def test_counts_of_other_algorithms(tmp_path, of, old, new, said):
    """HTO-009."""
    made = changed(tmp_path, "model.ini", replaced(old, new), of)
    with pytest.raises(InvalidModel, match=f"{said}.*HTO-009"):
        mlmodel.h2o.load_mojo(made)


def test_clusters_whose_means_are_not_there(tmp_path):
    """HTO-009: H2O itself fills gaps by them."""
    made = changed(tmp_path, "model.ini", replaced("ize = true", "ize = false"), "kmeans")
    with pytest.raises(UnsupportedModel, match=r"clusters without standardization.*HTO-009"):
        mlmodel.h2o.load_mojo(made)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Gradient Boosting Machine", "Word2Vec", "the algorithm Word2Vec"),
        ("mojo_version = 1.40", "mojo_version = 1.10", "trees in the form before 1.2"),
        ("encoding = AUTO", "encoding = OneHotExplicit", "encoding"),
        ("supervised = true", "supervised = true\noffset_column = k", "an offset, the column k"),
    ],
)
def test_what_is_not_known(tmp_path, old, new, said):
    """HTO-009."""
    made = changed(tmp_path, "model.ini", replaced(old, new))
    with pytest.raises(UnsupportedModel, match=f"{said}.*HTO-009"):
        mlmodel.h2o.load_mojo(made)


def test_models_in_a_model(tmp_path):
    """HTO-009: each has one place; one that has itself in it would be read for ever."""
    for name in ("", "models/a/"):
        text = "[info]\nalgorithm = StackedEnsemble\nn_columns = 0\nsubmodel_count = 2\n"
        more = "submodel_dir_0 = models/a/\nsubmodel_dir_1 = models/a/\n[columns]\n[domains]\n"
        if not name:
            text += more
        with zipfile.ZipFile(tmp_path / "m.zip", "a") as made:
            made.writestr(f"{name}model.ini", text)
    with pytest.raises(InvalidModel, match=r"the model models/a/ twice.*HTO-009"):
        mlmodel.h2o.load_mojo(tmp_path / "m.zip")


def with_size(data, size):
    """A tree whose first node says that so many bytes are left of it."""
    return bytes([data[0] | 3]) + data[1:8] + struct.pack("<i", size) + data[9:]


TREES = {
    "it leads back": lambda data: with_size(data, -12),
    "it leads out": lambda data: with_size(data, 1 << 20),
    "it leads into the middle": lambda data: data[:8] + bytes([data[8] + 1]) + data[9:],
    "it is cut off": lambda data: data[:-1],
    "it goes on": lambda data: data + b"\0",
    "it is empty": lambda _: b"",
    "no such column": lambda data: data[:1] + b"\x04" + data[2:],
    "no such kind": lambda _: b"\xf4\0\0\5" + bytes(8),
    "no such leaf": lambda _: b"\xd0\0\0\1" + bytes(8),
    "a leaf to the right": lambda data: bytes([data[0] | 0x40]) + data[1:],
    "categories without an end": lambda data: bytes([data[0] | 12]) + data[1:],
}


@pytest.mark.parametrize("what", TREES)
def test_a_tree_that_is_none(tmp_path, what):
    """HTO-009: H2O's reader would go from node to node without an end."""
    made = changed(tmp_path, TREE, TREES[what])
    with pytest.raises(InvalidModel, match=f"{TREE} is no whole tree.*HTO-009"):
        mlmodel.h2o.load_mojo(made)


def test_trees_that_were_altered(tmp_path):
    """HTO-009: whatever is in them, they are refused or answer."""
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(MOJOS / "gbm.zip") as given:
        tree = given.read(TREE)
    answered = 0
    for _ in range(120):
        data = bytearray(tree)
        for _ in range(rng.integers(1, 4)):
            data[rng.integers(len(data))] = rng.integers(256)
        try:
            told = mlmodel.h2o.load_mojo(changed(tmp_path, TREE, bytes(data))).predict(ROWS)
        except InvalidModel:
            continue
        answered += len(told) == len(ROWS)
    assert 0 < answered < 120


def test_what_expands_too_far(tmp_path):
    """HTO-009, TRU-021."""
    made = changed(tmp_path, "", None)
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("domains/d009.txt", bytes(65 << 20))
    with pytest.raises(InvalidModel, match=r"more than 64 MiB \(TRU-021\).*HTO-009"):
        mlmodel.h2o.load_mojo(made)


def test_what_is_no_mojo(tmp_path):
    """HTO-009."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("other.ini", "")
    for content, said in ((b"text", "no whole zip file"), (stream.getvalue(), "no model.ini")):
        (tmp_path / "x.zip").write_bytes(content)
        with pytest.raises(InvalidModel, match=f"{said}.*HTO-009"):
            mlmodel.h2o.load_mojo(tmp_path / "x.zip")
