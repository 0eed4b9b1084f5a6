"""The CatBoost flavor (CAT rules)."""

from __future__ import annotations

import re
import struct

import mutants
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

import mlmodel
from asking import posted_forms
from mlmodel import document
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    MissingDependency,
    UnsupportedModel,
    UntrustedModel,
)
from mlmodel.trust.describe import look_into

catboost = pytest.importorskip("catboost")
pytestmark = pytest.mark.libraries("catboost")

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(120, 3)), columns=["a", "b", "c"])
TARGET = ROWS["a"] * 2 - ROWS["b"]
CLASSES = np.arange(120) % 3
FEW = {
    "iterations": 5, "depth": 3, "thread_count": 1, "verbose": 0, "allow_writing_files": False,
}  # fmt: skip
WORDS = np.array(["good film", "bad long book", "good book"])
MIXED = ROWS.assign(
    k=np.array(["x", "y", "z"])[CLASSES], n=np.arange(120) % 5, t=WORDS[CLASSES],
    e=[[float(one), 1.0] for one in CLASSES],
)  # fmt: skip
KINDS = {"cat_features": ["k", "n"], "text_features": ["t"], "embedding_features": ["e"]}


@pytest.fixture(autouse=True)
def _another_user(tmp_path, monkeypatch):
    """Each test has a store of its own; what it saves is trusted there."""
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "store"))


def untrusting(monkeypatch, path):
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(path.parent / "nobody"))


def flavors_of(path):
    return document.read(path / "MLmodel").data["flavors"]


def regressor(rows=ROWS, label=TARGET, **more):
    return catboost.CatBoostRegressor(**FEW, **more).fit(rows, label)


def classifier(label=CLASSES, **more):
    return catboost.CatBoostClassifier(**FEW, **more).fit(ROWS, label)


@pytest.fixture(scope="module")
def mixed():
    return catboost.CatBoostClassifier(**FEW, **KINDS).fit(MIXED, CLASSES)


MODELS = {
    "regressor": regressor,
    "classifier": classifier,
    "of texts": lambda: classifier(np.array(["u", "v", "w"])[CLASSES]),
    "of two": lambda: classifier(CLASSES > 1),
    "of two texts": lambda: classifier(np.where(CLASSES > 1, "p", "q")),
    "one against all": lambda: classifier(loss_function="MultiClassOneVsAll"),
    # CatBoost 1.2.0 takes no truth values for labels.
    "several labels": lambda: classifier(np.c_[CLASSES > 1, CLASSES < 1] * 1, loss_function="MultiLogloss"),
    "cross entropy": lambda: classifier(CLASSES / 2, loss_function="CrossEntropy"),
    "several targets": lambda: regressor(label=ROWS[["a", "b"]], loss_function="MultiRMSE"),
    "uncertainty": lambda: regressor(loss_function="RMSEWithUncertainty"),
    "counts": lambda: regressor(label=CLASSES, loss_function="Poisson"),
    "amounts": lambda: regressor(label=CLASSES, loss_function="Tweedie:variance_power=1.5"),
    "by leaves": lambda: regressor(grow_policy="Lossguide"),
    "by depth": lambda: regressor(grow_policy="Depthwise"),
    "ignored features": lambda: regressor(ignored_features=[1]),
    "of arrays": lambda: regressor(ROWS.to_numpy()),
    "numbers for names": lambda: regressor(ROWS.set_axis([2019, 2020, 2021], axis=1)),
    "ranker": lambda: catboost.CatBoostRanker(**FEW).fit(ROWS, CLASSES, group_id=np.arange(120) // 60),
    "base": lambda: catboost.CatBoost({**FEW, "loss_function": "RMSE"}).fit(ROWS, TARGET),
    "one hot": lambda: regressor(ROWS.assign(c=MIXED["k"]), TARGET + CLASSES, cat_features=["c"], one_hot_max_size=9),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_saved_and_loaded_without_trust(name, tmp_path, monkeypatch):
    """CAT-002, CAT-004, CAT-006, CAT-007: the class comes back, and with it every prediction."""
    model = MODELS[name]()
    mlmodel.catboost.save_model(model, tmp_path / "m")
    untrusting(monkeypatch, tmp_path)
    assert look_into(tmp_path / "m") == []
    native = mlmodel.catboost.load_model(tmp_path / "m")
    assert type(native) is type(model)
    rows = ROWS.assign(c=MIXED["k"]) if name == "one hot" else ROWS
    if name in {"of arrays", "numbers for names"}:
        rows = rows.set_axis(range(3) if name == "of arrays" else [2019, 2020, 2021], axis=1)
    expected = model.predict(rows)
    assert np.array_equal(native.predict(rows), expected)
    assert native.get_params()["iterations"] == 5
    answer = mlmodel.load(tmp_path / "m").predict(rows)
    assert np.array_equal(answer, expected)
    assert answer.dtype == expected.dtype
    if name == "classifier":
        assert native.classes_.tolist() == [0, 1, 2]
        assert np.array_equal(native.predict_proba(ROWS), model.predict_proba(ROWS))


def test_attributes_are_those_of_mlflow(tmp_path):
    """CAT-001, CAT-003."""
    mlmodel.save(regressor(), tmp_path / "m", example=ROWS.head(2))
    flavors = flavors_of(tmp_path / "m")
    assert flavors["catboost"] == {
        "catboost_version": catboost.__version__, "code": None, "data": "model.cb",
        "model_type": "CatBoostRegressor", "save_format": "cbm",
    }  # fmt: skip
    assert flavors["python_function"]["loader_module"] == "mlflow.catboost"
    assert flavors["python_function"]["data"] == "model.cb"
    assert mlmodel.validate(tmp_path / "m").violations == ()
    assert f"catboost=={catboost.__version__}" in (tmp_path / "m" / "requirements.txt").read_text()
    assert mlmodel.flavors.catboost is mlmodel.catboost


class Derived(catboost.CatBoostRegressor):
    """A user's own class, whose file would be loaded as another one."""


@pytest.mark.parametrize("given", [3, ROWS], ids=str)
def test_another_object_is_refused(given, tmp_path):
    with pytest.raises(InvalidArgument, match="catboost flavor saves"):
        mlmodel.catboost.save_model(given, tmp_path / "m")


def test_a_class_of_the_users_own_is_refused(tmp_path):
    """CAT-002."""
    model = Derived(**FEW).fit(ROWS, TARGET)
    with pytest.raises(InvalidArgument, match=r"Derived \(CAT-002\); load what its save_model"):
        mlmodel.catboost.save_model(model, tmp_path / "m")


def test_another_class_is_refused(tmp_path):
    """CAT-002."""
    mlmodel.catboost.save_model(regressor(), tmp_path / "m")
    file = tmp_path / "m" / "MLmodel"
    file.write_text(file.read_text().replace("CatBoostRegressor", "train"))
    with pytest.raises(UnsupportedModel, match="CAT-002"):
        mlmodel.load(tmp_path / "m", trust=True)


def test_without_a_class_it_is_the_base(tmp_path):
    """CAT-002."""
    mlmodel.catboost.save_model(regressor(), tmp_path / "m")
    file = tmp_path / "m" / "MLmodel"
    file.write_text(
        re.sub(r" +(model_type|save_format|code|catboost_version):.*\n", "", file.read_text())
    )
    assert type(mlmodel.catboost.load_model(tmp_path / "m")) is catboost.CatBoost


def test_json_needs_trust(tmp_path, monkeypatch):
    """CAT-005."""
    model = regressor()
    mlmodel.catboost.save_model(model, tmp_path / "m", format="json")
    assert flavors_of(tmp_path / "m")["catboost"]["save_format"] == "json"
    answer = mlmodel.load(tmp_path / "m").predict(ROWS)
    np.testing.assert_allclose(answer, model.predict(ROWS), rtol=1e-12)
    untrusting(monkeypatch, tmp_path)
    with pytest.raises(UntrustedModel, match="in the form json.*CAT-005"):
        mlmodel.load(tmp_path / "m")
    with pytest.raises(InvalidArgument, match="cbm, json, not 'onnx'.*CAT-005"):
        mlmodel.catboost.save_model(model, tmp_path / "o", format="onnx")


def test_other_parts_need_trust_or_the_wall(mixed, tmp_path, monkeypatch):
    """CAT-007, TRU-006."""
    mlmodel.catboost.save_model(mixed, tmp_path / "m")
    expected = mixed.predict(MIXED)
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(MIXED), expected)
    untrusting(monkeypatch, tmp_path)
    with pytest.raises(UntrustedModel, match=r"not checked: .*texts.*sandbox.*CAT-007"):
        mlmodel.load(tmp_path / "m")
    looks = look_into(tmp_path / "m")
    assert [(one.file, one.needs_trust) for one in looks] == [("model.cb", True)]
    assert "texts" in looks[0].what
    assert np.array_equal(mlmodel.load(tmp_path / "m", trust=True).predict(MIXED), expected)


def of_category(values, kind="CatBoostClassifier", **more):
    """A model whose label is known from a category of so many values alone."""
    given = np.arange(120) % values
    rows = pd.DataFrame({"c": given.astype(str), "a": ROWS["a"]})
    ranked = {"group_id": np.arange(120) // 60} if kind == "CatBoostRanker" else {}
    made = getattr(catboost, kind)(**FEW, cat_features=["c"], **more)
    return made.fit(rows, given % 2 if kind == "CatBoostClassifier" else given, **ranked)


def cut_down(model):
    model.shrink(1)
    return model


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: of_category(2), ""),
        (lambda: of_category(3), "statistics of categories"),
        (lambda: of_category(3, one_hot_max_size=3), ""),
        (lambda: of_category(4, one_hot_max_size=3), "statistics of categories"),
        (lambda: of_category(10, "CatBoostRanker"), ""),
        (lambda: of_category(11, "CatBoostRanker"), "statistics of categories"),
        (lambda: regressor(MIXED[["k", "a"]], cat_features=["k"], ignored_features=[0]), ""),
        (lambda: regressor(MIXED[["t", "a"]], text_features=["t"], ignored_features=[0]), "texts"),
        (lambda: regressor(MIXED[["e", "a"]], embedding_features=["e"], ignored_features=[0]),
         "embeddings"),
        (lambda: cut_down(regressor(MIXED[["k", "a"]], cat_features=["k"], one_hot_max_size=1)),
         "statistics of categories|what stands behind the trees"),
    ],
)  # fmt: skip
def test_what_asks_for_trust(make, told, tmp_path):
    """CAT-007: by how many values are compared one by one, and what is there though it is not used."""
    from mlmodel.trust.catboost_model import unchecked

    mlmodel.catboost.save_model(make(), tmp_path / "m")
    assert re.fullmatch(told, unchecked((tmp_path / "m" / "model.cb").read_bytes()))


@pytest.mark.slow
def test_behind_the_wall_no_trust_is_needed(mixed, tmp_path, monkeypatch):
    """CAT-007, TRU-080."""
    from mlmodel.sandbox.wall import lacking

    if lacking():
        pytest.skip("this system has no whole wall")
    rows = MIXED[["a", "k", "n"]]
    kinds = {"cat_features": ["k", "n"], "one_hot_max_size": 1}
    model = regressor(rows, np.exp(TARGET) + 9 * CLASSES, loss_function="Poisson", **kinds)
    mlmodel.catboost.save_model(model, tmp_path / "m")
    untrusting(monkeypatch, tmp_path)
    with pytest.raises(UntrustedModel, match="CAT-007"):
        mlmodel.load(tmp_path / "m")
    answer = mlmodel.load(tmp_path / "m", sandbox=True).predict(rows)
    assert np.array_equal(answer, model.predict(rows))


# Data -------------------------------------------------------------------------------------------


def test_every_kind_of_feature_in_every_form(mixed, tmp_path):
    """CAT-008, CAT-011."""
    mlmodel.save(mixed, tmp_path / "m", example=MIXED.head(3))
    loaded, rows = mlmodel.load(tmp_path / "m"), MIXED.iloc[[7, 3, 11]]
    expected = mixed.predict(rows)
    assert np.array_equal(loaded.predict(rows[rows.columns[::-1]].assign(more=1)), expected)
    cells = rows.drop(columns="e")
    model = catboost.CatBoostClassifier(**FEW, cat_features=["k", "n"], text_features=["t"])
    mlmodel.save(model.fit(MIXED.drop(columns="e"), CLASSES), tmp_path / "c", example=cells)
    for form, answer in posted_forms(mlmodel.load(tmp_path / "c"), cells).items():
        assert np.array_equal(np.asarray(answer), model.predict(cells)), form


def test_rows_of_values_are_matched_by_position(mixed, tmp_path):
    """CAT-008, CAT-009."""
    mlmodel.catboost.save_model(mixed, tmp_path / "m")
    mlmodel.catboost.save_model(MODELS["of arrays"](), tmp_path / "a")
    loaded, rows = mlmodel.load(tmp_path / "m"), MIXED.head(4)
    expected = mixed.predict(rows)
    assert np.array_equal(loaded.predict(rows.to_numpy()), expected)
    assert np.array_equal(
        loaded.predict([list(row) for row in rows.itertuples(index=False)]), expected
    )
    plain, native = mlmodel.load(tmp_path / "a"), mlmodel.catboost.load_model(tmp_path / "a")
    own = native.predict(ROWS.to_numpy())
    for given in (ROWS.to_numpy(), ROWS, ROWS.to_numpy().tolist(), csr_matrix(ROWS.to_numpy())):
        assert np.array_equal(plain.predict(given), own)
    for given in (ROWS.to_dict("records"), np.zeros((2, 4)), np.zeros(3), [[1.0], [1.0, 2.0]], 3):
        with pytest.raises(InvalidInput, match="CAT-00[89]"):
            plain.predict(given)


@pytest.mark.parametrize(
    ("column", "given", "shown"),
    [
        ("k", ["x", None], "texts and integers.*not a missing value"),
        ("k", pd.Categorical(["x", None]), "not a missing value"),
        ("n", [1.5, 2.0], "not 1.5"),
        ("n", [1.0, np.nan], "not a missing value"),
        ("t", ["good", None], "takes texts there, not a missing value"),
        ("t", [1, 2], "takes texts there, not 1, 2"),
        ("e", [[1.0], "x"], "takes lists of numbers there, not 'x'"),
        ("a", ["1.5", "2"], "takes numbers and truth values, not texts"),
        ("a", [pd.Timestamp("2020-01-01")] * 2, "takes numbers"),
    ],
)
def test_values_that_a_feature_cannot_take_are_refused(mixed, column, given, shown, tmp_path):
    """CAT-011."""
    mlmodel.catboost.save_model(mixed, tmp_path / "m")
    rows = MIXED.head(2).assign(**{column: pd.Series(given)})
    with pytest.raises(InvalidInput, match=shown) as caught:
        mlmodel.load(tmp_path / "m").predict(rows)
    assert [(one.rule, one.column) for one in caught.value.details] == [("CAT-011", column)]


@pytest.mark.parametrize(
    "given",
    [
        pd.array([1, None], "Int64"), pd.array([0.5, None], "Float64"), [None, 1.0],
        pd.array([True, None], "boolean"), np.array([None, True], object), [None, None],
    ],
    ids=str,
)  # fmt: skip
def test_gaps_in_numbers_are_missing_values(given, tmp_path):
    """CAT-011."""
    model = regressor(ROWS.where(ROWS > -1))
    mlmodel.catboost.save_model(model, tmp_path / "m")
    rows = ROWS.head(2).assign(a=pd.Series(given))
    native = rows.assign(a=[np.nan if pd.isna(one) else float(one) for one in given])
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(rows), model.predict(native))


def test_integers_are_categories_by_their_value(tmp_path):
    """CAT-011: as they come from columns of floats, too; a new one is one more."""
    rows = MIXED[["a", "n"]]
    model = regressor(rows, TARGET + rows["n"], cat_features=["n"])
    mlmodel.catboost.save_model(model, tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m")
    for kind in ("float64", "object", "Int64", "category", "int8"):
        assert np.array_equal(loaded.predict(rows.astype({"n": kind})), model.predict(rows)), kind
    new = rows.head(2).assign(n=99)
    assert np.array_equal(loaded.predict(new), model.predict(new))


def test_parameters_reach_predict(tmp_path):
    """CAT-010, CAT-012."""
    model = classifier()
    mlmodel.catboost.save_model(model, tmp_path / "m")
    mlmodel.catboost.save_model(MODELS["ranker"](), tmp_path / "r")
    loaded = mlmodel.load(tmp_path / "m")
    for params in (
        {"prediction_type": "Probability"},
        {"ntree_end": 2, "prediction_type": "RawFormulaVal"},
    ):
        assert np.array_equal(loaded.predict(ROWS, params), model.predict(ROWS, **params))
    with pytest.raises(InvalidInput, match="cannot predict on these data.*CAT-012") as caught:
        loaded.predict(ROWS, {"prediction_type": "Nonsense"})
    assert not re.search(r"\n|\.cpp", caught.value.message)
    for name, params in (
        ("m", {"thread_count": 9}),
        ("m", {"task_type": "GPU"}),
        ("r", {"prediction_type": "Class"}),
    ):
        with pytest.raises(InvalidInput, match="not one of CatBoost's predict"):
            mlmodel.load(tmp_path / name).predict(ROWS, params)


# Files ------------------------------------------------------------------------------------------


def folder_of(root, data):
    root.mkdir(exist_ok=True)
    (root / "model.cb").write_bytes(data)
    (root / "MLmodel").write_text(
        "flavors:\n  python_function: {data: model.cb, loader_module: mlflow.catboost}\n"
        "  catboost: {data: model.cb}\n"
    )
    return root


def bytes_of(model, root):
    model.save_model(str(root / "made.cbm"))
    return (root / "made.cbm").read_bytes()


DAMAGED = {
    "empty": lambda data: b"", "garbage": lambda data: b"garbage", "a beginning": lambda data: data[:10],
    "cut off": lambda data: data[:-20], "cut early": lambda data: data[:300],
    "no root": lambda data: data[:8] + b"\xff\xff\xff\x7f" + data[12:],
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_is_refused(what, tmp_path):
    """CAT-004, CAT-006: and CatBoost never sees it."""
    folder_of(tmp_path / "m", DAMAGED[what](bytes_of(regressor(), tmp_path)))
    with pytest.raises(InvalidModel, match="model.cb.*CAT-00[46]"):
        mlmodel.load(tmp_path / "m", trust=True)


def test_what_catboost_itself_refuses_is_told_in_a_line(tmp_path):
    """CAT-004."""
    data = bytes_of(regressor(), tmp_path).replace(b"FlabuffersModel_v1", b"FlabuffersModel_v9")
    with pytest.raises(InvalidModel, match="Unsupported model format.*CAT-004") as caught:
        mlmodel.load(folder_of(tmp_path / "m", data))
    assert not re.search(r"\n|\.cpp", caught.value.message)


def test_a_regressors_file_for_a_classifier(tmp_path):
    """CAT-004."""
    mlmodel.catboost.save_model(regressor(), tmp_path / "m")
    file = tmp_path / "m" / "MLmodel"
    file.write_text(file.read_text().replace("CatBoostRegressor", "CatBoostClassifier"))
    with pytest.raises(InvalidModel, match="has no classes.*CAT-004"):
        mlmodel.load(tmp_path / "m")


def test_another_version_is_named_where_it_does_not_load(tmp_path):
    """ENV-021."""
    mlmodel.catboost.save_model(regressor(), tmp_path / "m")
    for file in ("MLmodel", "requirements.txt"):
        path = tmp_path / "m" / file
        path.write_text(path.read_text().replace(catboost.__version__, "99.0"))
    path = tmp_path / "m" / "model.cb"
    path.write_bytes(path.read_bytes().replace(b"FlabuffersModel_v1", b"FlabuffersModel_v9"))
    with pytest.raises(MissingDependency, match=rf"99\.0.*{re.escape(catboost.__version__)}"):
        mlmodel.load(tmp_path / "m")


def replaced(data, old, new, form="i"):
    """Return the bytes with a vector's numbers changed; it must be there once."""
    packed = [struct.pack(f"<I{len(one)}{form}", len(one), *one) for one in (old, new)]
    assert data.count(packed[0]) == 1
    return data.replace(*packed)


@pytest.mark.parametrize("what", ["splits", "sizes", "offsets", "leaves", "values"])
def test_numbers_that_lead_astray_are_refused(what, tmp_path):
    """CAT-006, TRU-017: in a trusted folder too, since trust is about code."""
    import json

    model = regressor()
    data = bytes_of(model, tmp_path)
    model.save_model(str(tmp_path / "model.json"), format="json")
    told = json.loads((tmp_path / "model.json").read_text())["oblivious_trees"]
    splits = [one["split_index"] for tree in told for one in tree["splits"]]
    sizes = [len(tree["splits"]) for tree in told]
    offsets = np.cumsum([0, *sizes])[:-1].tolist()
    values = [value for tree in told for value in tree["leaf_values"]]
    changed = {
        "splits": lambda: replaced(data, splits, [10**6, *splits[1:]]),
        "sizes": lambda: replaced(data, sizes, [*sizes[:-1], 2]),
        "offsets": lambda: replaced(data, offsets, [*offsets[:-1], 10**6]),
        "leaves": lambda: replaced(data, sizes, [sizes[0] + 20, *sizes[1:]]),
        "values": lambda: data.replace(
            struct.pack("<Id", len(values), values[0]),
            struct.pack("<Id", len(values) - 1, values[0]),
        ),
    }[what]()
    assert changed != data
    folder_of(tmp_path / "m", changed)
    with pytest.raises(InvalidModel, match="model.cb would lead CatBoost astray.*CAT-006"):
        mlmodel.load(tmp_path / "m", trust=True)


def fields_of_the_trees(data):
    """Return where the table that says the places of the trees' fields begins."""
    root = 8 + struct.unpack_from("<I", data, 8)[0]
    fields = root - struct.unpack_from("<i", data, root)[0]
    place = root + struct.unpack_from("<H", data, fields + 4 + 2)[0]
    trees = place + struct.unpack_from("<I", data, place)[0]
    return trees - struct.unpack_from("<i", data, trees)[0] + 4


def test_leaves_of_nodes_without_nodes(tmp_path):
    """CAT-006: these alone make CatBoost walk through nodes, of which there are none."""
    data = bytearray(bytes_of(regressor(), tmp_path))
    fields = fields_of_the_trees(data)
    splits, leaves = fields + 2 * 1, fields + 2 * 11
    assert struct.unpack_from("<H", data, splits)[0]
    data[leaves : leaves + 2] = data[splits : splits + 2]
    folder_of(tmp_path / "m", bytes(data))
    with pytest.raises(InvalidModel, match="another number of nodes.*CAT-006"):
        mlmodel.load(tmp_path / "m", trust=True)


def test_a_file_with_a_deep_description(tmp_path):
    """CAT-006: it is JSON that compiled code reads by recursion."""
    data = bytes_of(regressor(), tmp_path)
    at = data.index(b'{"', 200)
    with pytest.raises(InvalidModel, match="nested too deep.*CAT-006"):
        mlmodel.load(folder_of(tmp_path / "m", data[:at] + b"[" * 900 + data[at + 900 :]))


@pytest.mark.slow
def test_altered_files_are_refused_or_answer():
    """CAT-006: none that loads without trust ends the process."""
    outcomes, finds = mutants.tried("catboost", 80, seed=11)
    assert finds == []
    assert outcomes["answered"]
