"""The flavor of TensorFlow: SavedModels, modules, models of Keras (TFL rules)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import mlmodel
from mlmodel import document
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    UnsupportedModel,
    UntrustedModel,
)
from mlmodel.trust.describe import look_into

pytestmark = pytest.mark.libraries("tensorflow", "keras", "h5py")

X = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
FRAME = pd.DataFrame(X, columns=list("abc"), index=[3, 4, 5, 6, 7])
WEIGHTS = np.array([[1.0, 0.5], [-2.0, 0.25], [0.5, 4.0]], "float32")


@pytest.fixture(autouse=True)
def _another_user(tmp_path, monkeypatch):
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "store"))


def module_of(call, signature):
    """A module that is called with what the signature says."""
    import tensorflow as tf

    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.weights = tf.Variable(WEIGHTS)

        @tf.function(input_signature=signature(tf))
        def __call__(self, x):
            return call(self, x)

    return Module()


@pytest.fixture(scope="module")
def module():
    return module_of(
        lambda self, x: x @ self.weights, lambda tf: [tf.TensorSpec((None, 3), tf.float32)]
    )


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A folder with two signatures of named inputs and outputs."""
    import tensorflow as tf

    path = tmp_path_factory.mktemp("graph") / "export"

    class Both(tf.Module):
        def __init__(self):
            super().__init__()
            self.factor = tf.Variable(3.0)

        @tf.function(
            input_signature=[tf.TensorSpec((None,), tf.float32), tf.TensorSpec((None, 2), tf.int64)]
        )
        def both(self, a, b):
            return {"sum": a * self.factor + tf.cast(b[:, 0], tf.float32), "pairs": b * 2}

        @tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])
        def shout(self, text):
            return {"text": tf.strings.upper(text)}

    made = Both()
    tf.saved_model.save(
        made, str(path), signatures={"serving_default": made.both, "shout": made.shout}
    )
    return path


def flavors_of(path):
    return document.read(path / "MLmodel").data["flavors"]


# A folder with signatures: the flavor of 0.x and 1.x. ---------------------------------------------


def test_a_folder_is_saved_with_its_signature(exported, tmp_path):
    """TFL-001, TFL-002 (EDITIONS row 31: by the folder)."""
    mlmodel.tensorflow.save_model(str(exported), tmp_path / "m")
    assert flavors_of(tmp_path / "m")["tensorflow"] == {
        "code": None, "meta_graph_tags": ["serve"], "model_type": "tf1-estimator",
        "saved_model_dir": "tfmodel", "signature_def_key": "serving_default",
    }  # fmt: skip
    assert flavors_of(tmp_path / "m")["python_function"]["loader_module"] == "mlflow.tensorflow"
    assert mlmodel.validate(tmp_path / "m").valid
    lines = (tmp_path / "m" / "requirements.txt").read_text()
    assert "tensorflow" in lines
    assert "mlflow" not in lines


def test_a_folder_is_saved_by_the_names_of_the_edition(exported, tmp_path):
    """PYF-019, TFL-001 (EDITIONS row 38): as MLflow 1.28 is called."""
    mlmodel.tensorflow.save_model(
        tf_saved_model_dir=str(exported), tf_meta_graph_tags=["serve"],
        tf_signature_def_key="shout", path=tmp_path / "m",
    )  # fmt: skip
    written = flavors_of(tmp_path / "m")["tensorflow"]
    assert (written["meta_graph_tags"], written["signature_def_key"]) == (["serve"], "shout")
    answer = mlmodel.load(tmp_path / "m", trust=True).predict({"text": ["a"]})
    assert answer["text"].tolist() == [b"A"]


def test_a_graph_may_be_a_text(exported, tmp_path):
    """TFL-005: as TensorFlow writes it on demand."""
    from google.protobuf import text_format
    from tensorflow.core.protobuf import saved_model_pb2

    mlmodel.tensorflow.save_model(exported, tmp_path / "m")
    file = tmp_path / "m" / "tfmodel" / "saved_model.pb"
    graph = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    file.with_suffix(".pbtxt").write_text(text_format.MessageToString(graph))
    file.unlink()
    answer = mlmodel.load(tmp_path / "m", trust=True).predict({"a": [1.0], "b": [[1, 2]]})
    assert answer["sum"].tolist() == [4.0]


def test_the_graph_of_other_tags_is_the_one_that_is_loaded(exported, tmp_path):
    """TFL-001, TFL-005: this folder has none."""
    mlmodel.tensorflow.save_model(exported, tmp_path / "m", tf_meta_graph_tags=["serve", "gpu"])
    assert flavors_of(tmp_path / "m")["tensorflow"]["meta_graph_tags"] == ["serve", "gpu"]
    with pytest.raises(InvalidModel, match=r"tfmodel .*gpu.*TFL-005"):
        mlmodel.tensorflow.load_model(tmp_path / "m")


def test_data_go_by_the_names_of_the_signature(exported, tmp_path):
    """TFL-007, TFL-011 (EDITIONS row 33)."""
    mlmodel.tensorflow.save_model(exported, tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m")
    a, b = np.array([1.0, 2.0]), np.array([[1, 2], [3, 4]])
    for given in ({"a": a, "b": b}, {"b": b, "x": 0, "a": a.tolist()}):
        answer = loaded.predict(given)
        assert answer["sum"].tolist() == [4.0, 9.0]
        assert answer["pairs"].tolist() == [[2, 4], [6, 8]]
    frame = pd.DataFrame({"b": list(b), "a": a}, index=[7, 9])
    answer = loaded.predict(frame)
    assert answer["sum"].tolist() == [4.0, 9.0]
    assert np.stack(answer["pairs"]).tolist() == [[2, 4], [6, 8]]
    assert list(answer.index) == [7, 9]
    with pytest.raises(InvalidInput, match="missing.*b.*TFL-007"):
        loaded.predict({"a": a})
    with pytest.raises(InvalidInput, match="cannot be converted to it exactly.*TFL-008"):
        loaded.predict({"a": a, "b": b + 0.5})
    with pytest.raises(InvalidInput, match="TensorFlow cannot run the graph.*TFL-010"):
        loaded.predict({"a": np.ones(3), "b": b})


def test_another_signature_is_chosen(exported, tmp_path):
    mlmodel.tensorflow.save_model(exported, tmp_path / "m", tf_signature_def_key="shout")
    loaded = mlmodel.load(tmp_path / "m")
    assert loaded.predict(["a", "bé"])["text"].tolist() == [b"A", "Bé".encode()]
    with pytest.raises(InvalidInput, match="TFL-008"):
        loaded.predict([1.5])


def test_the_native_form_is_the_function_and_keeps_its_variables(exported, tmp_path):
    """EDITIONS row 37."""
    import gc

    import tensorflow as tf

    mlmodel.tensorflow.save_model(exported, tmp_path / "m")
    function = mlmodel.tensorflow.load_model(tmp_path / "m")
    gc.collect()
    answer = function(a=tf.constant([1.0]), b=tf.constant([[1, 2]], tf.int64))
    assert answer["sum"].numpy().tolist() == [4.0]


def test_the_layout_of_1_x(exported, tmp_path):
    shutil.copytree(exported, tmp_path / "tfmodel")
    (tmp_path / "MLmodel").write_text(
        "flavors:\n  python_function:\n    env: conda.yaml\n    loader_module: mlflow.tensorflow\n"
        "    python_version: 3.6.10\n"
        "  tensorflow:\n    meta_graph_tags:\n    - serve\n    saved_model_dir: tfmodel\n"
        "    signature_def_key: serving_default\n"
    )
    answer = mlmodel.load(tmp_path, trust=True).predict({"a": [1.0], "b": [[1, 2]]})
    assert answer["sum"].tolist() == [4.0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("signature_def_key: serving_default", "signature_def_key: none_such",
         "no signature 'none_such'; it has 'serving_default', 'shout'.*TFL-003"),
        ("- serve", "- train", "cannot be loaded by TensorFlow .*TFL-005"),
        ("saved_model_dir: tfmodel", "saved_model_dir: tfmodel/variables", "saved_model.pb.*TFL-005"),
    ],
)  # fmt: skip
def test_what_the_folder_does_not_have_is_told(old, new, said, exported, tmp_path):
    mlmodel.tensorflow.save_model(exported, tmp_path / "m")
    text = (tmp_path / "m" / "MLmodel").read_text()
    assert old in text
    (tmp_path / "m" / "MLmodel").write_text(text.replace(old, new))
    with pytest.raises(InvalidModel, match=said):
        mlmodel.load(tmp_path / "m", trust=True)


@pytest.mark.parametrize("file", ["saved_model.pb", "variables/variables.index"])
def test_a_folder_that_is_damaged_is_refused(file, exported, tmp_path):
    """TFL-005."""
    mlmodel.tensorflow.save_model(exported, tmp_path / "m")
    path = tmp_path / "m" / "tfmodel" / file
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InvalidModel, match="tfmodel cannot be loaded by TensorFlow.*TFL-005"):
        mlmodel.load(tmp_path / "m", trust=True)


# Modules. ----------------------------------------------------------------------------------------


def test_a_module_is_saved_and_called(module, tmp_path):
    """TFL-006, TFL-011."""
    mlmodel.save(module, tmp_path / "m", example=X[:2])
    assert flavors_of(tmp_path / "m")["tensorflow"] == {
        "code": None, "model_type": "tf2-module", "saved_model_dir": "tf2model",
    }  # fmt: skip
    loaded = mlmodel.load(tmp_path / "m")
    expected = module(X).numpy()
    assert np.array_equal(loaded.predict(X), expected)
    native = mlmodel.tensorflow.load_model(tmp_path / "m")
    assert np.array_equal(native(X).numpy(), expected)


def test_a_frame_is_answered_with_a_frame(module, tmp_path):
    mlmodel.save(module, tmp_path / "m")
    answer = mlmodel.load(tmp_path / "m").predict(FRAME.astype("float64"))
    assert np.array_equal(answer.to_numpy(), module(X).numpy())
    assert list(answer.index) == list(FRAME.index)
    assert list(answer.columns) == [0, 1]


@pytest.mark.parametrize("what", ["one number", "other rows", "several without names"])
def test_what_makes_no_frame_is_answered_as_it_is(what):
    """TFL-011."""
    import tensorflow as tf

    calls = {
        "one number": lambda _, x: tf.reduce_sum(x),
        "other rows": lambda _, x: x[:2],
        "several without names": lambda _, x: (x, x[:, 0]),
    }
    made = module_of(calls[what], lambda tf: [tf.TensorSpec((None, 3), tf.float32)])
    answer = mlmodel.tensorflow.FLAVOR.predictor(made, {})(FRAME, None)
    due = calls[what](None, X)
    assert type(answer) is type(due) or isinstance(answer, np.ndarray | np.generic)
    tf.nest.map_structure(np.testing.assert_array_equal, answer, due)


def test_what_is_no_tensor_is_told(exported):
    """TFL-010: what TensorFlow cannot make a tensor of, where nothing says which it has to be."""
    import tensorflow as tf

    class Module(tf.Module):
        @tf.function
        def __call__(self, x):
            return {"a": x["a"] * 2} if isinstance(x, dict) else x * 2

    predict = mlmodel.tensorflow.FLAVOR.predictor(Module(), {})
    assert predict([[1.0, 2.0], [3.0, 4.0]], None).tolist() == [[2, 4], [6, 8]]
    assert predict([np.float32(1), np.float32(2)], None).tolist() == [2, 4]
    for given in (FRAME.to_dict("records"), FRAME.astype("Float32")):
        assert np.array_equal(predict(given, None), X * 2)
    assert predict({"a": X}, None)["a"].shape == X.shape
    for given in (FRAME.assign(a="x"), [[1.0], [1.0, 2.0]], object(), None):
        with pytest.raises(InvalidInput, match="TensorFlow cannot run the graph.*TFL-010"):
            predict(given, None)
    loaded = tf.saved_model.load(str(exported))
    predict = mlmodel.tensorflow.FLAVOR.predictor(loaded.signatures["shout"], {})
    with pytest.raises(InvalidInput, match="TensorFlow cannot run the graph.*TFL-010"):
        predict(["half a character: \ud800"], None)


def test_a_module_that_serves_several_outputs_answers_all_of_them(tmp_path):
    """TFL-006, TFL-011: by their names."""
    made = module_of(
        lambda _, x: {"one": x, "two": x * 2}, lambda tf: [tf.TensorSpec((None,), tf.float32)]
    )
    options = {"signatures": made.__call__}
    mlmodel.tensorflow.save_model(made, tmp_path / "m", saved_model_kwargs=options)
    answer = mlmodel.load(tmp_path / "m").predict(np.ones(2, "float32"))
    assert {name: one.tolist() for name, one in answer.items()} == {"one": [1, 1], "two": [2, 2]}


def test_a_module_without_a_signature_is_called_as_it_was_traced(tmp_path):
    """TFL-006, TFL-008."""
    import tensorflow as tf

    class Module(tf.Module):
        @tf.function
        def __call__(self, x):
            return x * 2

    made = Module()
    made(tf.ones((2, 3)))
    mlmodel.save(made, tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m")
    assert loaded.predict(np.ones((2, 3))).tolist() == [[2.0] * 3] * 2
    with pytest.raises(InvalidInput, match="TFL-008"):
        loaded.predict(np.ones((5, 3)))
    made(tf.ones((4,), tf.int64))
    mlmodel.save(made, tmp_path / "n")
    several = mlmodel.load(tmp_path / "n")
    assert several.predict(np.ones(4, "int64")).tolist() == [2] * 4
    with pytest.raises(InvalidInput, match="TFL-010"):
        several.predict(np.ones(5, "int64"))


def test_a_module_that_cannot_be_called_has_no_prediction(tmp_path):
    """TFL-006."""
    import tensorflow as tf

    made = tf.Module()
    made.held = tf.Variable(1.0)
    mlmodel.save(made, tmp_path / "m")
    assert mlmodel.tensorflow.load_model(tmp_path / "m").held.numpy() == 1.0
    with pytest.raises(UnsupportedModel, match="TFL-006"):
        mlmodel.load(tmp_path / "m")


@pytest.mark.parametrize("kind", ["MemoryError", "ResourceExhaustedError"])
def test_a_lack_of_memory_is_not_the_datas_fault(kind):
    """TFL-010: it stays what it is."""
    lack = type(kind, (Exception,), {})

    def fail(_given):
        raise lack("out of memory")

    with pytest.raises(lack, match="^out of memory$"):
        mlmodel.tensorflow.FLAVOR.predictor(fail, {})(np.ones(2), None)


def test_parameters_are_told_to_have_no_effect(module, tmp_path):
    mlmodel.save(module, tmp_path / "m")
    with pytest.warns(UserWarning, match="has no parameters"):
        mlmodel.load(tmp_path / "m").predict(X, params={"a": 1})


@pytest.mark.parametrize("given", [object(), 3, {"a": 1}])
def test_what_is_no_model_is_not_saved(given, tmp_path):
    with pytest.raises(InvalidArgument, match="saves modules"):
        mlmodel.tensorflow.save_model(given, tmp_path / "m")


def test_a_folder_that_is_no_graph_is_not_saved(tmp_path):
    """TFL-002."""
    with pytest.raises(InvalidArgument, match="is not the folder of a SavedModel.*TFL-002"):
        mlmodel.tensorflow.save_model(tmp_path, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_module_that_cannot_be_saved(tmp_path):
    """TFL-002."""
    import tensorflow as tf

    made = tf.Module()
    with pytest.raises(InvalidArgument, match="cannot be saved.*TFL-002"):
        mlmodel.tensorflow.save_model(made, tmp_path / "m", saved_model_kwargs={"signatures": 3})


# Models of Keras. --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sequential():
    import keras

    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "tanh")])


def test_a_model_of_keras_is_saved_as_data(sequential, tmp_path, monkeypatch):
    """TFL-009: and loads without trust."""
    import tensorflow as tf

    mlmodel.tensorflow.save_model(sequential, tmp_path / "m", input_example=X)
    assert flavors_of(tmp_path / "m")["tensorflow"] == {
        "code": None, "data": "data", "keras_version": tf.__version__,
        "model_type": "keras", "save_format": "tf",
    }  # fmt: skip
    lines = (tmp_path / "m" / "requirements.txt").read_text().splitlines()
    assert any(line.startswith("keras==") for line in lines)
    assert flavors_of(tmp_path / "m")["python_function"]["data"] == "data"
    assert (tmp_path / "m" / "data" / "save_format.txt").read_text() == "tf"
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    expected = sequential.predict(X, verbose=0)
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(X), expected)
    native = mlmodel.tensorflow.load_model(tmp_path / "m")
    assert np.array_equal(native.predict(X, verbose=0), expected)


def test_hdf5_as_1_x_wrote_it(sequential, tmp_path):
    """TFL-009."""
    (tmp_path / "data").mkdir()
    sequential.save(tmp_path / "data" / "model.h5")
    (tmp_path / "data" / "keras_module.txt").write_text("tensorflow.keras")
    (tmp_path / "data" / "save_format.txt").write_text("h5")
    (tmp_path / "MLmodel").write_text(
        "flavors:\n  python_function:\n    data: data\n    loader_module: mlflow.tensorflow\n"
        "  tensorflow:\n    code: null\n    data: data\n    keras_version: 2.9.1\n"
        "    model_type: keras\n    save_format: h5\n"
    )
    expected = sequential.predict(X, verbose=0)
    assert np.array_equal(mlmodel.load(tmp_path).predict(X), expected)


def test_a_real_folder_of_an_earlier_keras_is_run_as_a_graph(corpus, tmp_path):
    """TFL-009, TFL-004: Keras 3 does not read it, TensorFlow does."""
    root = corpus / "tensorflow-2.17.2"
    with pytest.raises(UntrustedModel, match="a graph of TensorFlow"):
        mlmodel.load(root)
    with pytest.warns(UserWarning, match="ENV-017"):
        loaded = mlmodel.load(root, trust=True)
    answer = loaded.predict(np.array([1.0, 2.0]))
    assert answer.shape == (2, 1)
    assert answer.dtype == "float32"
    one = loaded.predict(np.array([2.0]))
    np.testing.assert_allclose(one[0], answer[1], rtol=1e-6)
    assert not np.array_equal(answer[0], answer[1])


# Trust. ------------------------------------------------------------------------------------------


def test_a_graph_asks_for_trust(module, exported, sequential, tmp_path, monkeypatch):
    """TFL-004, TRU-006."""
    mlmodel.save(module, tmp_path / "m")
    mlmodel.tensorflow.save_model(exported, tmp_path / "n")
    assert mlmodel.load(tmp_path / "m").predict(X).shape == (5, 2)
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    for path, file in ((tmp_path / "m", "tf2model"), (tmp_path / "n", "tfmodel")):
        for load in (mlmodel.load, mlmodel.tensorflow.load_model):
            with pytest.raises(UntrustedModel, match="whose operations can read and write files"):
                load(path)
        looks = {look.file: look.what for look in look_into(path) if look.needs_trust}
        assert list(looks) == [f"{file}/saved_model.pb"]
        assert "a graph of TensorFlow" in looks[f"{file}/saved_model.pb"]


def test_what_a_graph_may_do_is_why_it_asks(tmp_path):
    """TFL-004: the evidence, a graph that reads a file of the machine, and writes one."""
    import tensorflow as tf

    written = tmp_path / "written"

    class Reads(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])
        def __call__(self, path):
            tf.io.write_file(str(written), "x")
            return tf.map_fn(tf.io.read_file, path)

    mlmodel.save(Reads(), tmp_path / "m")
    assert not written.exists()
    (tmp_path / "secret").write_text("secret")
    loaded = mlmodel.load(tmp_path / "m", trust=True)
    assert loaded.predict([str(tmp_path / "secret")]).tolist() == [b"secret"]
    assert written.exists()


def test_a_file_that_was_changed_after_the_digest_is_not_loaded(module, tmp_path):
    """TRU-065: what is loaded is what the digest vouches for."""
    mlmodel.save(module, tmp_path / "m")
    graph = tmp_path / "m" / "tf2model" / "saved_model.pb"
    graph.write_bytes(graph.read_bytes() + b"\0")
    with pytest.raises(UntrustedModel, match="saved_model.pb"):
        mlmodel.load(tmp_path / "m")


def test_what_is_loaded_is_a_copy_of_what_was_hashed(module, tmp_path, monkeypatch):
    """TRU-065: nobody can put another graph in its place meanwhile."""
    import tensorflow as tf

    mlmodel.save(module, tmp_path / "m")
    read, load = [], tf.saved_model.load
    monkeypatch.setattr(
        tf.saved_model, "load", lambda path, **more: read.append(path) or load(path, **more)
    )
    for trust in (False, True):
        assert mlmodel.load(tmp_path / "m", trust=trust).predict(X).shape == (5, 2)
    assert [path.startswith(str(tmp_path)) for path in read] == [False, True]


@pytest.mark.slow
def test_a_missing_library_names_the_extra(module, tmp_path, load_without):
    mlmodel.save(module, tmp_path / "m")
    told = load_without(tmp_path / "m", "tensorflow")
    assert "The package 'tensorflow' is not installed" in told
    assert "[tensorflow]" in told


@pytest.mark.slow
def test_a_trusted_graph_predicts_behind_the_wall(module, tmp_path):
    """TRU-090: and what it would do to files it cannot."""
    mlmodel.save(module, tmp_path / "m")
    (tmp_path / "in.json").write_text(json.dumps({"inputs": X.tolist()}))
    done = subprocess.run(
        [sys.executable, "-m", "mlmodel", "predict", "-m", str(tmp_path / "m"), "-i",
         str(tmp_path / "in.json"), "--sandbox", "on"],
        capture_output=True, text=True, check=False, env=os.environ,
    )  # fmt: skip
    if "TRU-082" in done.stderr:
        pytest.skip("this system has no sandbox")
    assert done.returncode == 0, done.stderr[-2000:]
    told = np.array(json.loads(done.stdout.splitlines()[-1])["predictions"], "float32")
    assert np.array_equal(told, module(X).numpy())
