"""The flavor of Keras: saving, loading, predicting (KER rules); what runs is in test_keras_trust.py."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from packaging.version import Version

import mlmodel
from mlmodel import document
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    MissingDependency,
    UntrustedModel,
)
from mlmodel.scoring.invocations.protocol import handle

pytestmark = pytest.mark.libraries("keras", "tensorflow", "h5py")

X = np.random.default_rng(0).normal(size=(5, 4))
FRAME = pd.DataFrame(X, columns=list("abcd"), index=[3, 4, 5, 6, 7])


@pytest.fixture(autouse=True)
def _another_user(tmp_path, monkeypatch):
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "store"))


@pytest.fixture(scope="module")
def model():
    import keras

    return keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(2)]
    )


@pytest.fixture(scope="module")
def several():
    """A model of two inputs and two outputs, by name."""
    import keras

    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    both = keras.layers.Concatenate()([a, b])
    return keras.Model(
        [a, b],
        [keras.layers.Dense(1, name="one")(both), keras.layers.Dense(2, name="two")(both)],
    )


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("keras") / "m"
    mlmodel.keras.save_model(model, path)
    return path


def flavors_of(path):
    return document.read(path / "MLmodel").data["flavors"]


def own(model, rows):
    return model.predict(rows, verbose=0)


@pytest.mark.parametrize(
    ("options", "file", "more"),
    [
        ({}, "model.keras", {}),
        ({"save_format": "h5"}, "model.h5", {"save_format": "h5"}),
        ({"save_exported_model": True}, "model/saved_model.pb", {}),
    ],
)
def test_a_model_is_saved_in_the_forms_that_mlflow_knows(options, file, more, model, tmp_path):
    """KER-001, KER-002, KER-003, KER-006."""
    import keras

    mlmodel.keras.save_model(model, tmp_path / "m", input_example=X, **options)
    assert flavors_of(tmp_path / "m")["keras"] == {
        "code": None, "data": "data", "keras_backend": "tensorflow",
        "keras_version": keras.__version__, **more,
        "save_exported_model": options.get("save_exported_model", False),
    }  # fmt: skip
    python_function = flavors_of(tmp_path / "m")["python_function"]
    assert python_function["loader_module"] == "mlflow.keras"
    assert "data" not in python_function
    assert (tmp_path / "m" / "data" / file).is_file()
    assert (tmp_path / "m" / "data" / "keras_module.txt").read_text() == "keras"
    assert mlmodel.validate(tmp_path / "m").valid
    loaded = mlmodel.load(tmp_path / "m")
    np.testing.assert_allclose(loaded.predict(X), own(model, X), rtol=1e-6)
    if not options.get("save_exported_model"):
        assert np.array_equal(loaded.predict(X), own(model, X))
    lines = (tmp_path / "m" / "requirements.txt").read_text()
    assert f"keras=={keras.__version__}" in lines
    assert "tensorflow" in lines
    assert "mlflow" not in lines


def test_native_loading_gives_the_model_not_compiled(saved, model):
    """KER-008."""
    import keras

    native = mlmodel.keras.load_model(saved)
    assert isinstance(native, keras.Sequential)
    assert not native.compiled
    assert np.array_equal(own(native, X), own(model, X))


def test_what_is_no_model_is_not_saved(tmp_path):
    import tensorflow as tf

    for other in (object(), 3, tf.Module()):
        with pytest.raises(InvalidArgument, match="saves models of Keras 3"):
            mlmodel.keras.save_model(other, tmp_path / "m")
    import keras

    with pytest.raises(InvalidArgument, match="is a class; give an instance"):
        mlmodel.keras.save_model(keras.Sequential, tmp_path / "m")


def test_a_form_that_is_not_written_is_refused(model, tmp_path):
    """KER-006."""
    with pytest.raises(InvalidArgument, match="save_format is keras or h5, not 'tf'.*KER-006"):
        mlmodel.keras.save_model(model, tmp_path / "m", save_format="tf")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"save_exported_model": True}, "cannot be exported.*KER-006"),
        ({}, "has no weights yet.*KER-006"),
        ({"save_format": "h5"}, "has no weights yet.*KER-006"),
    ],
)
def test_a_model_that_is_not_built_is_not_saved(options, said, tmp_path):
    """KER-006: other weights would be made up whenever it is loaded."""
    import keras

    bare = keras.Sequential([keras.layers.Dense(2)])
    with pytest.raises(InvalidArgument, match=said):
        mlmodel.keras.save_model(bare, tmp_path / "m", **options)
    assert not (tmp_path / "m").exists()


def test_an_export_without_tensorflow_names_the_extra(model, tmp_path, monkeypatch):
    """It is asked for before Keras is, whose own words for it would blame the model."""

    def export(*_given, **_named):
        raise ImportError("tensorflow is not there")

    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.setattr(type(model), "export", export)
    with pytest.raises(MissingDependency, match=r"'tensorflow' is not installed.*\[keras\]"):
        mlmodel.keras.save_model(model, tmp_path / "m", save_exported_model=True)


def test_the_flavor_is_known_from_the_object(model, several, tmp_path):
    mlmodel.save(model, tmp_path / "m")
    mlmodel.save(several, tmp_path / "n")
    assert list(flavors_of(tmp_path / "m")) == ["keras", "python_function"]
    assert list(flavors_of(tmp_path / "n")) == ["keras", "python_function"]


def test_default_requirements():
    import keras

    assert mlmodel.keras.get_default_pip_requirements() == [f"keras=={keras.__version__}"]


# Data. -------------------------------------------------------------------------------------------


def test_arrays_are_answered_with_arrays_and_frames_with_frames(saved, model):
    """KER-015 (EDITIONS row 33)."""
    loaded = mlmodel.load(saved)
    assert np.array_equal(loaded.predict(X), own(model, X))
    answer = loaded.predict(FRAME)
    assert isinstance(answer, pd.DataFrame)
    assert list(answer.columns) == [0, 1]
    assert list(answer.index) == list(FRAME.index)
    assert np.array_equal(answer.to_numpy(), own(model, X))
    assert np.array_equal(loaded.predict(X.tolist()), own(model, X))
    assert np.array_equal(loaded.predict(X[:1].tolist()), own(model, X[:1]))
    assert loaded.predict(FRAME.to_dict("records")) is not None
    arrow = loaded.predict(pa.Table.from_pandas(FRAME, preserve_index=False))
    assert np.array_equal(arrow.to_numpy(), own(model, X))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int8", "bool"])
def test_numbers_reach_the_model_as_keras_makes_them(dtype, saved, model):
    """KER-012: nothing is said of the rounding that Keras does with any double."""
    rows = (X * 10).astype(dtype)
    loaded = mlmodel.load(saved)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = loaded.predict(rows)
    assert np.array_equal(answer, own(model, rows))


def test_nothing_is_printed(saved, capfd):
    """What is on standard output may be the prediction."""
    mlmodel.load(saved).predict(X)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (np.array([[1, 2, 3, 2**24 + 1]]), "cannot be converted to it exactly.*16777217"),
        (np.array([["a", "b", "c", "d"]]), "float32.*KER-012"),
        (np.ones((2, 3)), r"has the shape \[-1, 4\].*KER-012"),
        (np.ones((2, 4, 1)), r"\[2, 4, 1\] given"),
        ([[1, 2, 3, 4], [1]], "different lengths"),
        (3.5, "KER-012"),
    ],
)
def test_data_that_would_become_other_data_are_refused(rows, said, saved):
    """KER-012."""
    with pytest.raises(InvalidInput, match=said):
        mlmodel.load(saved).predict(rows)


def test_no_rows_are_answered_with_none(saved):
    loaded = mlmodel.load(saved)
    assert loaded.predict(np.ones((0, 4))).shape == (0, 2)
    assert loaded.predict(FRAME[:0]).shape == (0, 2)


def test_an_input_of_bfloat16_is_given_float32(tmp_path):
    """KER-012: numpy has no such numbers, and Keras makes them of float32."""
    import keras

    given = keras.Input((4,), dtype="bfloat16", name="x")
    made = keras.Model(given, keras.layers.Dense(2, dtype="float32")(given))
    mlmodel.keras.save_model(made, tmp_path / "m")
    rows = np.arange(8, dtype="float32").reshape(2, 4)
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(rows), own(made, rows))


def test_how_many_rows_a_model_was_made_with_is_no_bound(tmp_path):
    """KER-012: one that was built by being called."""
    import keras

    made = keras.Sequential([keras.layers.Dense(2)])
    made(np.ones((2, 4)))
    mlmodel.keras.save_model(made, tmp_path / "m")
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(X), own(made, X))


def test_a_gap_is_nan(saved, model):
    rows = FRAME.astype(object)
    rows.iloc[0, 0] = None
    answer = mlmodel.load(saved).predict(rows)
    assert answer.iloc[0].isna().all()
    assert np.array_equal(answer.to_numpy()[1:], own(model, X)[1:])


def test_parameters(saved, model):
    """KER-013."""
    loaded = mlmodel.load(saved)
    assert np.array_equal(loaded.predict(X, params={"batch_size": 5}), own(model, X))
    with pytest.raises(InvalidInput, match="callbacks.*known are batch_size"):
        loaded.predict(X, params={"callbacks": [1]})
    with pytest.raises(InvalidInput, match="KER-014"):
        loaded.predict(X, params={"batch_size": "many"})


def test_so_many_rows_at_once_as_are_asked_for():
    """KER-013."""
    import keras

    given = keras.Input((4,))
    rows = keras.layers.Lambda(
        lambda x: x[:, 0] * 0 + keras.ops.cast(keras.ops.shape(x)[0], "float32")
    )
    predict = mlmodel.keras.FLAVOR.predictor(keras.Model(given, rows(given)), {})
    assert predict(X, {"batch_size": 2}).tolist() == [2, 2, 2, 2, 1]
    assert predict(X, None).tolist() == [5] * 5


class Own:
    """Models whose inputs their own code knows alone: of one output, and of two."""

    @staticmethod
    def of(call):
        import keras

        class Made(keras.Model):
            def call(self, given):
                return call(given)

        return mlmodel.keras.FLAVOR.predictor(Made(), {})


def test_a_model_whose_inputs_are_not_declared_is_given_what_there_is():
    """KER-015."""
    predict = Own.of(lambda x: x * 2)
    for given in (X, X.tolist(), FRAME.to_dict("records")):
        assert np.array_equal(predict(given, None), (X * 2).astype("float32"))
    assert predict(X[:0], None).shape == (0, 4)
    nullable = predict(FRAME.round().astype("Int64"), None)
    assert np.array_equal(nullable.to_numpy(), FRAME.round().to_numpy(dtype="float32") * 2)
    frame = predict(FRAME, None)
    assert np.array_equal(frame.to_numpy(), (X * 2).astype("float32"))
    assert list(frame.index) == list(FRAME.index)
    named = Own.of(lambda x: x["a"] + x["b"])
    assert np.array_equal(named({"a": X, "b": X}, None), (X * 2).astype("float32"))
    for wrong in ([[1.0], [1.0, 2.0]], FRAME.astype(str), "text"):
        with pytest.raises(InvalidInput, match="KER-014"):
            predict(wrong, None)


def test_several_arrays_go_to_a_model_whose_inputs_are_not_declared():
    """KER-015: of other shapes, and as many rows as they have."""
    two = Own.of(lambda given: given[0][:, 0] + given[1][:, 0])
    assert two((np.ones((2, 3)), np.ones((2, 5))), None).tolist() == [2.0, 2.0]
    assert two((np.ones((3, 2)), np.ones((3, 2))), None).tolist() == [2.0] * 3


def test_outputs_without_names_are_numbered():
    """KER-015."""
    answer = Own.of(lambda x: (x, x[:, 0]))(FRAME, None)
    assert list(answer.columns) == ["0", "1"]
    assert answer["1"].tolist() == X[:, 0].astype("float32").tolist()
    assert Own.of(lambda x: [x])(X, None).shape == X.shape


def test_what_has_not_a_value_for_each_row_is_answered_as_it_is():
    """KER-015."""
    import keras

    answer = Own.of(lambda x: keras.ops.sum(x, axis=0, keepdims=True))(FRAME, None)
    assert isinstance(answer, np.ndarray)
    assert answer.shape == (1, 4)


def test_several_inputs_and_outputs_have_names(several, tmp_path):
    """KER-011, KER-015."""
    mlmodel.keras.save_model(several, tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m")
    a, b = X[:, :3], X[:, 2:]
    one, two = own(several, [a, b])
    for given in ({"a": a, "b": b, "c": b}, {"b": b, "a": a}, [a, b], (a, b)):
        answer = loaded.predict(given)
        assert list(answer) == ["one", "two"]
        assert np.array_equal(answer["one"], one)
        assert np.array_equal(answer["two"], two)
    frame = pd.DataFrame({"b": list(b), "a": list(a)}, index=FRAME.index)
    answer = loaded.predict(frame)
    assert list(answer.columns) == ["one", "two"]
    assert answer["one"].tolist() == one.reshape(-1).tolist()
    assert np.array_equal(np.stack(answer["two"]), two)
    assert list(answer.index) == list(FRAME.index)
    records = [{"b": list(b[row]), "a": list(a[row])} for row in (0, 1)]
    np.testing.assert_allclose(loaded.predict(records)["one"], one[:2], rtol=1e-5)
    assert loaded.predict({"a": a[:0], "b": b[:0]})["two"].shape == (0, 2)
    with pytest.raises(InvalidInput, match="'b' is missing|missing.*b"):
        loaded.predict({"a": a})
    with pytest.raises(InvalidInput, match="KER-012"):
        loaded.predict([a])


def test_inputs_made_with_a_mapping(tmp_path):
    """KER-011: a model that was made with names is given names."""
    import keras

    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    made = keras.Model(
        {"b": b, "a": a}, {"y": keras.layers.Dense(2)(keras.layers.Concatenate()([a, b]))}
    )
    mlmodel.keras.save_model(made, tmp_path / "m")
    given = {"a": X[:, :3], "b": X[:, :2]}
    loaded = mlmodel.load(tmp_path / "m")
    answer = loaded.predict(given)
    assert np.array_equal(answer["y"], own(made, given)["y"])
    other = keras.Model({"u": b, "v": a}, made.output)  # whose inputs have names of their own, too
    predict = mlmodel.keras.FLAVOR.predictor(other, {})
    assert np.array_equal(predict(given, None)["y"], answer["y"])


def test_images(tmp_path):
    """Data of more axes: over REST as nested lists, in a frame as cells."""
    import keras

    parts = keras.layers
    made = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            parts.Conv2D(2, 3, activation="relu"),
            parts.Flatten(),
            parts.Dense(3, "softmax"),
        ]
    )
    images = np.random.default_rng(0).normal(size=(4, 8, 8, 1)).astype("float32")
    mlmodel.keras.save_model(made, tmp_path / "m", input_example=images[:2])
    loaded = mlmodel.load(tmp_path / "m")
    assert np.array_equal(loaded.predict(images), own(made, images))
    body = json.dumps({"inputs": images.tolist()}).encode()
    answer = handle("application/json", body, loaded.engine)
    assert answer.status == 200, answer.body
    told = np.array(json.loads(answer.body)["predictions"], "float32")
    assert np.array_equal(told, own(made, images))


def test_an_answer_of_more_axes_is_a_column_of_arrays(tmp_path):
    """KER-015."""
    import keras

    made = keras.Sequential([keras.Input((4,)), keras.layers.RepeatVector(3)])
    mlmodel.keras.save_model(made, tmp_path / "m")
    answer = mlmodel.load(tmp_path / "m").predict(FRAME)
    assert list(answer.columns) == [0]
    assert np.array_equal(np.stack(answer[0]), own(made, X))


@pytest.mark.parametrize("mode", ["count", "tf_idf"])
def test_texts_and_a_vocabulary_that_was_learned(mode, tmp_path, monkeypatch):
    """KER-005: the words are a text file in the archive."""
    import keras
    import tensorflow as tf

    if mode == "tf_idf" and Version(keras.__version__) < Version("3.14"):
        pytest.skip("Keras before 3.14 does not read back by itself what it wrote of these")
    words = keras.layers.TextVectorization(output_mode=mode)
    words.adapt(np.array(["good film", "bad book", "good book"]))
    made = keras.Sequential([keras.Input((1,), dtype="string"), words, keras.layers.Dense(2)])
    mlmodel.keras.save_model(made, tmp_path / "m")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    texts = pd.DataFrame({"text": ["good film", "long book", "bad"]})
    expected = own(made, tf.constant(texts.to_numpy(), dtype="string"))
    loaded = mlmodel.load(tmp_path / "m")
    assert np.array_equal(loaded.predict(texts).to_numpy(), expected)
    assert np.array_equal(loaded.predict(texts["text"].tolist()), expected)
    with pytest.raises(InvalidInput, match="text.*KER-012"):
        loaded.predict(np.ones((2, 1)))
    with pytest.raises(InvalidInput, match="KER-014"):
        loaded.predict(["half a character: \ud800"])


def test_what_keras_refuses_is_told_in_one_line(tmp_path):
    """KER-014."""
    import keras

    made = keras.Sequential([keras.Input((None, 2)), keras.layers.Reshape((3,))])
    mlmodel.keras.save_model(made, tmp_path / "m")
    with pytest.raises(
        InvalidInput, match="Keras cannot predict on these data: .*KER-014"
    ) as raised:
        mlmodel.load(tmp_path / "m").predict(np.ones((2, 4, 2)))
    assert "\n" not in str(raised.value).partition("\n  ")[0]
    assert "site-packages" not in str(raised.value)


@pytest.mark.parametrize("kind", ["MemoryError", "ResourceExhaustedError"])
def test_a_lack_of_memory_is_not_the_datas_fault(kind, model, monkeypatch):
    """KER-014: it stays what it is."""
    lack = type(kind, (Exception,), {})

    def fail(*_given, **_named):
        raise lack("out of memory")

    monkeypatch.setattr(type(model), "predict", fail)
    with pytest.raises(lack, match="^out of memory$"):
        mlmodel.keras.FLAVOR.predictor(model, {})(X, None)


def test_an_exported_model_is_meant_where_the_file_says_so(model, tmp_path):
    """KER-001: whatever else is there."""
    mlmodel.keras.save_model(model, tmp_path / "m", save_exported_model=True)
    (tmp_path / "m" / "data" / "model.keras").write_bytes(b"something else")
    native = mlmodel.keras.load_model(tmp_path / "m", trust=True)
    assert type(native) is not type(model)
    assert hasattr(native, "signatures")


# Layouts of all ages. ----------------------------------------------------------------------------


def layout(root, text):
    (root / "MLmodel").write_text(text)
    return root


def test_a_file_at_the_top_as_in_0_x(model, tmp_path):
    model.save(tmp_path / "model.h5")
    root = layout(
        tmp_path,
        "flavors:\n  keras:\n    data: model.h5\n    keras_version: 2.2.4\n"
        "  python_function:\n    data: model.h5\n    loader_module: mlflow.keras\n",
    )
    assert np.array_equal(mlmodel.load(root).predict(X), own(model, X))


@pytest.mark.parametrize("module", ["keras", "tensorflow.keras", "no_such_module_at_all"])
def test_the_module_that_a_file_names_is_not_imported(module, model, tmp_path):
    """KER-004: as in 1.x."""
    (tmp_path / "data").mkdir()
    model.save(tmp_path / "data" / "model.h5")
    (tmp_path / "data" / "keras_module.txt").write_text(module)
    (tmp_path / "data" / "save_format.txt").write_text("h5")
    root = layout(
        tmp_path,
        f"flavors:\n  keras:\n    data: data\n    keras_module: {module}\n    keras_version: 2.4.3\n"
        "    save_format: h5\n"
        "  python_function:\n    data: data\n    loader_module: mlflow.keras\n",
    )
    assert np.array_equal(mlmodel.load(root).predict(X), own(model, X))
    assert module not in sys.modules or module != "no_such_module_at_all"


@pytest.mark.parametrize(("form", "file"), [("h5", "model.h5"), ("keras", "model.keras")])
def test_the_form_says_which_of_several_files_is_meant(form, file, model, saved, tmp_path):
    """KER-001."""
    (tmp_path / "data").mkdir()
    model.save(tmp_path / "data" / file)
    other = "model.keras" if form == "h5" else "model.h5"
    (tmp_path / "data" / other).write_bytes(b"something else")
    root = layout(tmp_path, f"flavors:\n  keras: {{data: data, save_format: {form}}}\n")
    assert np.array_equal(own(mlmodel.keras.load_model(root), X), own(model, X))


def test_a_graph_of_an_earlier_keras_asks_for_trust_and_answers(model, tmp_path, monkeypatch):
    """KER-003."""
    (tmp_path / "data").mkdir()
    model.export(str(tmp_path / "data" / "model"), verbose=False)
    root = layout(
        tmp_path,
        "flavors:\n  keras: {data: data, keras_version: 2.4.3, save_format: tf}\n"
        "  python_function: {data: data, loader_module: mlflow.keras}\n",
    )
    with pytest.raises(UntrustedModel, match="a graph of TensorFlow"):
        mlmodel.load(root)
    loaded = mlmodel.load(root, trust=True)
    np.testing.assert_allclose(loaded.predict(X), own(model, X), rtol=1e-6)
    frame = loaded.predict(FRAME)
    assert list(frame.columns) == [0, 1]
    assert list(frame.index) == list(FRAME.index)


@pytest.mark.parametrize(
    ("name", "file"), [("keras-2.14.1", "model.keras"), ("keras-hdf5-early", "model.h5")]
)
def test_real_folders_say_what_is_missing(name, file, corpus, model, tmp_path):
    """Their model files were left out; with one of that form in its place they load."""
    shutil.copytree(corpus / name, tmp_path / "m")
    os.chmod(tmp_path / "m" / "data", 0o755)
    with pytest.raises(InvalidModel, match=f"data holds no model: none of .*{file}.*KER-001"):
        mlmodel.load(tmp_path / "m")
    model.save(tmp_path / "m" / "data" / file)
    with pytest.warns(UserWarning, match="ENV-017"):
        loaded = mlmodel.load(tmp_path / "m")
    assert np.array_equal(loaded.predict(X), own(model, X))


# Versions and libraries. -------------------------------------------------------------------------


def test_both_versions_are_named_where_a_model_is_of_another(saved, tmp_path):
    """ENV-021: a layer that this Keras does not have."""
    shutil.copytree(saved, tmp_path / "m")
    from zipfile import ZipFile

    file = tmp_path / "m" / "data" / "model.keras"
    with ZipFile(file) as given:
        members = {name: given.read(name) for name in given.namelist()}
    config = members["config.json"].replace(b'"use_bias": true', b'"use_bios": true')
    with ZipFile(file, "w") as made:
        for name, content in members.items():
            made.writestr(name, config if name == "config.json" else content)
    for name in ("requirements.txt", "conda.yaml", "python_env.yaml"):
        (tmp_path / "m" / name).unlink()
    text = (tmp_path / "m" / "MLmodel").read_text()
    import keras

    (tmp_path / "m" / "MLmodel").write_text(text.replace(keras.__version__, "9.9.9"))
    with pytest.raises(
        MissingDependency,
        match=rf"keras.*9\.9\.9.*{keras.__version__}|{keras.__version__}.*9\.9\.9",
    ):
        mlmodel.keras.load_model(tmp_path / "m")


@pytest.mark.slow
@pytest.mark.parametrize("absent", ["keras", "h5py", "tensorflow"])
def test_a_missing_library_names_the_extra(absent, saved, load_without):
    told = load_without(saved, absent)
    assert f"The package {absent!r} is not installed" in told
    assert "[keras]" in told


_OTHER = """
import os, sys
{before}
import mlmodel, numpy as np
model = mlmodel.load(sys.argv[1], trust=True)
import keras
print(keras.backend.backend(), os.environ.get("KERAS_BACKEND"))
np.save(sys.argv[2], model.predict(np.load(sys.argv[3])))
"""


@pytest.mark.slow
@pytest.mark.libraries("torch")
@pytest.mark.parametrize(
    ("before", "recorded", "said"),
    [
        ("os.environ['KERAS_BACKEND'] = 'torch'", "tensorflow", "torch torch"),
        ("", "torch", "torch None"),
        ("import keras", "torch", "tensorflow None"),
        ("", "no_such_backend", "tensorflow None"),
    ],
)
def test_what_keras_computes_with(before, recorded, said, saved, model, tmp_path):
    """KER-004: what the user says, else what the model was saved with."""
    shutil.copytree(saved, tmp_path / "m")
    text = (tmp_path / "m" / "MLmodel").read_text()
    (tmp_path / "m" / "MLmodel").write_text(
        text.replace("keras_backend: tensorflow", f"keras_backend: {recorded}")
    )
    np.save(tmp_path / "x.npy", X)
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    done = subprocess.run(
        [sys.executable, "-c", _OTHER.format(before=before), str(tmp_path / "m"),
         str(tmp_path / "y.npy"), str(tmp_path / "x.npy")],
        capture_output=True, text=True, check=False,
        env={**environment, "KERAS_HOME": str(tmp_path / "home")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == said
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), own(model, X), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_a_model_that_nobody_vouches_for_predicts_behind_the_wall(saved, model, tmp_path):
    """TRU-090: Keras and TensorFlow start where nothing can be written."""
    (tmp_path / "in.json").write_text(json.dumps({"inputs": X.tolist()}))
    done = subprocess.run(
        [sys.executable, "-m", "mlmodel", "predict", "-m", str(saved), "-i",
         str(tmp_path / "in.json"), "--sandbox", "on"],
        capture_output=True, text=True, check=False,
        env={**os.environ, "MLMODEL_TRUST_STORE": str(tmp_path / "nobody")},
    )  # fmt: skip
    if "TRU-082" in done.stderr:
        pytest.skip("this system has no sandbox")
    assert done.returncode == 0, done.stderr[-2000:]
    told = np.array(json.loads(done.stdout.splitlines()[-1])["predictions"], "float32")
    assert np.array_equal(told, own(model, X))
