"""What of a Keras file runs, and what loads without trust (KER-005, KER-009, KER-010, KER-016)."""

from __future__ import annotations

import importlib
import inspect
import io
import json
import pickle
import random
import subprocess
import sys
import zipfile
from importlib import metadata

import numpy as np
import pytest
from oldest import locked
from packaging.version import Version

import mlmodel
from mlmodel.errors import InvalidModel, UntrustedModel
from mlmodel.trust import keras_models, keras_names
from mlmodel.trust.describe import look_into

pytestmark = pytest.mark.libraries("keras", "tensorflow", "h5py")

X = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")


@pytest.fixture(autouse=True)
def _another_user(tmp_path, monkeypatch):
    """Whoever loads did not save the model."""
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "store"))


@pytest.fixture
def nobody(tmp_path, monkeypatch):
    """Return what forgets whom this user trusts."""
    return lambda: monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))


def layers():
    import keras

    return keras.layers


def sequential(*parts, shape=(4,), dtype=None):
    import keras

    return keras.Sequential([keras.Input(shape, dtype=dtype), *parts])


def honest():
    import keras

    parts = keras.layers
    ids = keras.Input((6,), dtype="int32")
    words = parts.GlobalAveragePooling1D()(parts.Embedding(50, 8, mask_zero=True)(ids))
    x = keras.Input((6, 8))
    attended = parts.LayerNormalization()(parts.MultiHeadAttention(2, 4)(x, x) + x)
    n = parts.Normalization()
    n.adapt(np.random.default_rng(0).random((20, 4)))
    y = keras.Input((4,))
    ops = keras.ops.where(keras.ops.isnan(y), keras.ops.zeros_like(y), y * 2)[:, :2]
    return {
        "activations": sequential(parts.Dense(3, "gelu"), parts.PReLU(), parts.Activation("tanh")),
        "regularized": sequential(parts.Dense(3, kernel_regularizer="l2", bias_constraint="non_neg")),
        "recurrent": sequential(parts.Bidirectional(parts.LSTM(3, return_sequences=True)), parts.GRU(2), shape=(7, 4)),
        "embedding": keras.Model(ids, words),
        "attention": keras.Model(x, attended),
        "normalized": sequential(n, parts.BatchNormalization(), parts.Dropout(0.5), parts.Dense(2)),
        "operations": keras.Model(y, ops),
        "nested": sequential(sequential(parts.Dense(5), parts.SpectralNormalization(parts.Dense(2))), parts.Dense(1)),
        "images": sequential(parts.RandomFlip(), parts.Rescaling(0.5), parts.Conv2D(2, 3), parts.Flatten(), shape=(8, 8, 3)),
        "half": sequential(parts.Dense(3, dtype="bfloat16")),
        "applications": keras.applications.MobileNetV3Small(weights=None, input_shape=(32, 32, 3), classes=5),
        "compiled": compiled(sequential(parts.Dense(2))),
        "spectral": sequential(parts.EinsumDense("ab,bc->ac", output_shape=3), parts.UnitNormalization()),
    }  # fmt: skip


def compiled(model):
    model.compile("adam", "mse", metrics=["accuracy", "mae"])
    model.fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0)
    return model


#: Models of which Keras itself does not read its HDF5 files.
NOT_IN_HDF5 = ("attention", "applications", "operations", "embedding", "half")
NAMES = (
    *("activations", "regularized", "recurrent", "embedding", "attention", "normalized"),
    *("operations", "nested", "images", "half", "applications", "compiled", "spectral"),
)


@pytest.fixture(scope="module")
def models():
    found = honest()
    assert tuple(found) == NAMES
    return found


def asked(model):
    shape = [3, *model.inputs[0].shape[1:]]
    rng = np.random.default_rng(1)
    if "int" in model.inputs[0].dtype:
        return rng.integers(0, 50, shape).astype("int32")
    return rng.normal(size=shape).astype("float32")


@pytest.mark.parametrize("form", ["keras", "h5"])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_made_of_layers_loads_without_trust(name, form, models, tmp_path, nobody):
    """KER-005, and it answers as before, to the bit."""
    model, rows = models[name], asked(models[name])
    mlmodel.keras.save_model(model, tmp_path / "m", save_format=form)
    nobody()
    if form == "h5" and name in NOT_IN_HDF5:
        with pytest.raises(InvalidModel, match="cannot be loaded by Keras .*KER-007"):
            mlmodel.keras.load_model(tmp_path / "m")
        return
    native = mlmodel.keras.load_model(tmp_path / "m")
    assert np.array_equal(native.predict(rows, verbose=0), model.predict(rows, verbose=0))
    assert np.array_equal(
        mlmodel.load(tmp_path / "m").predict(rows), model.predict(rows, verbose=0)
    )
    looks = [look for look in look_into(tmp_path / "m") if look.needs_trust]
    assert looks == []


# Attacks: configurations that have Keras build, read or run something else. ----------------------


def layer(name, config=None, **more):
    return {"module": "keras.layers", "class_name": name, "config": config or {}, **more}


def of_sequential(*layers_):
    first = layer("InputLayer", {"batch_shape": [None, 4], "dtype": "float32", "name": "i"})
    return {
        "module": "keras", "class_name": "Sequential", "registered_name": None,
        "config": {"name": "s", "layers": [first, *layers_]},
    }  # fmt: skip


def dense(**config):
    return layer("Dense", {"name": "d", "units": 2, **config})


_CODE = {"class_name": "__lambda__", "config": {"code": "", "defaults": None, "closure": None}}
ATTACKS = {
    "a lambda (CVE-2024-3660)": layer("Lambda", {"name": "l", "function": _CODE}),
    "a lambda as an activation": dense(activation=_CODE),
    "a list of code, as in HDF5": layer("Lambda", {"name": "l", "function": ["4wEAAA==", None, None]}),
    "any module (CVE-2025-1550)": {
        "module": "subprocess", "class_name": "run", "registered_name": "run", "config": {"args": "id"},
    },
    "a module below keras": {
        "module": "keras.src.utils.file_utils", "class_name": "get_file", "config": {},
    },
    "a function of Keras (CVE-2025-8747)": dense(activation={
        "module": "keras.utils", "class_name": "function", "config": "get_file",
        "registered_name": "get_file",
    }),
    "a function of another module": dense(activation={
        "module": "os", "class_name": "function", "config": "system", "registered_name": "system",
    }),
    "a registered function": dense(activation={
        "module": "builtins", "class_name": "function", "config": "my_function",
        "registered_name": "my_package>my_function",
    }),
    "a registered class": layer("Dense", {"units": 2}, registered_name="my_package>Dense"),
    "a graph at a path": layer("TFSMLayer", {"filepath": "/tmp/graph"}),
    "a module of torch": layer("TorchModuleWrapper", {"module": {"class_name": "__bytes__"}}),
    "a layer of jax": layer("JaxLayer", {"call_fn": "f"}),
    "a vocabulary at a path (CVE-2025-12058)": layer("StringLookup", {"vocabulary": "/etc/passwd"}),
    "a vocabulary of a splitter": layer("TextVectorization", {"vocabulary": "/etc/passwd"}),
    "an operation with a function": {
        "module": "keras.src.ops.core", "class_name": "Map", "config": {"name": "m"},
    },
    "a layer within a wrapper": layer("TimeDistributed", {"layer": layer("Lambda", {})}),
    "a type of TensorFlow": dense(shape={"class_name": "TypeSpec", "type_spec": "x"}),
    "a spec of a class": dense(shape={"class_name": "__typespec__", "module": "os", "config": []}),
    "objects": dense(bias={"class_name": "__numpy__", "config": {"value": [1], "dtype": "O"}}),
    "wide texts": dense(bias={"class_name": "__numpy__", "config": {"value": [1], "dtype": "S999999999"}}),
    "a number for a class": {"class_name": 3, "config": {}},
    "a spectrogram": layer("MelSpectrogram", {"fft_length": 2**20}),
    "a length beyond all": dense(units=2**40),
    "a length that is negative": layer("RepeatVector", {"n": -(2**40)}),
    "a class of the program": {
        "module": "__main__", "class_name": "Dense", "registered_name": "Dense", "config": {},
    },
}  # fmt: skip


def archive(config, weights=None, **members):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        made.writestr("metadata.json", json.dumps({"keras_version": metadata.version("keras")}))
        made.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        made.writestr("model.weights.h5", hdf5() if weights is None else weights)
        for name, content in members.items():
            made.writestr(name, content)
    return target.getvalue()


def hdf5(config=None, **arrays):
    import h5py

    target = io.BytesIO()
    with h5py.File(target, "w") as made:
        for name, values in arrays.items():
            made[name] = values
        if config is not None:
            made.attrs["model_config"] = json.dumps(config)
            made.create_group("model_weights").attrs["layer_names"] = ["d"]
    return target.getvalue()


def folder_of(root, data, name="model.keras"):
    (root / "data").mkdir(parents=True)
    (root / "data" / name).write_bytes(data)
    (root / "MLmodel").write_text(
        f"flavors:\n  keras:\n    data: data\n    keras_version: {metadata.version('keras')}\n"
        "  python_function:\n    loader_module: mlflow.keras\n"
    )
    return root


@pytest.mark.parametrize("form", ["keras", "h5"])
@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_not_on_the_list_is_refused_before_it_is_built(name, form, tmp_path, monkeypatch):
    """KER-005, TRU-002."""
    import keras

    config = of_sequential(ATTACKS[name])
    data = archive(config) if form == "keras" else hdf5(config)
    root = folder_of(tmp_path / "m", data, f"model.{form}")

    def built(*_, **__):
        raise AssertionError("it was built")

    monkeypatch.setattr(keras.layers.InputLayer, "from_config", built)
    with pytest.raises(UntrustedModel, match="holds more than data") as raised:
        mlmodel.keras.load_model(root)
    assert raised.value.details[0].file == f"data/model.{form}"
    (look,) = [one for one in look_into(root) if one.needs_trust]
    assert look.file == f"data/model.{form}"


def test_all_that_was_found_is_told(tmp_path):
    config = of_sequential(ATTACKS["a lambda (CVE-2024-3660)"], layer("TFSMLayer"), layer("Dense"))
    with pytest.raises(UntrustedModel) as raised:
        mlmodel.load(folder_of(tmp_path / "m", archive(config)))
    said = "; ".join(one.message for one in raised.value.details)
    assert "keras.layers.Lambda', which runs code of its own" in said
    assert "keras.layers.TFSMLayer', which reads files" in said
    assert "Dense" not in said


def test_how_a_model_was_trained_is_not_looked_at(tmp_path):
    """KER-008: nor are classes that only training names."""
    config = of_sequential(dense())
    config["compile_config"] = {"loss": _CODE, "optimizer": {"class_name": "Mine", "module": "os"}}
    found = keras_models.check(archive(config))
    assert (found.findings, found.damage) == ([], "")
    assert "compile_config" not in found.config


#: Files that are none, made when they are asked for: HDF5 needs its library.
BROKEN = {
    "no zip": lambda: b"PK\3\4 and so on",
    "nothing": lambda: b"",
    "a configuration that is none": lambda: archive("[1, 2]"),
    "a configuration that is cut off": lambda: archive('{"class_name": '),
    "a configuration that is too deep": lambda: archive('{"a":' * 100_000),
    "without a configuration": lambda: archive({}).replace(b"config.json", b"canfig.json"),
    "HDF5 without a model": lambda: hdf5(x=np.zeros(3, "f4")),
    "arrays that are none": lambda: archive(of_sequential(dense()), b"not HDF5"),
    "arrays that are cut off": lambda: archive(of_sequential(dense()), hdf5(x=np.zeros(3))[:900]),
    "a layer that lacks its arguments": lambda: archive(of_sequential(layer("Dense", {}))),
    "arrays that are not there": lambda: archive(of_sequential(dense())),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_damaged_file_is_refused(name, tmp_path):
    """KER-007."""
    root = folder_of(tmp_path / "m", BROKEN[name]())
    with pytest.raises(InvalidModel, match=r"model\.keras.*KER-007"):
        mlmodel.load(root)


def test_a_name_that_is_there_twice_is_refused(tmp_path):
    data = io.BytesIO(archive(of_sequential(dense())))
    with zipfile.ZipFile(data, "a") as again, pytest.warns(UserWarning, match="Duplicate"):
        again.writestr("config.json", json.dumps(of_sequential(layer("Lambda"))))
    with pytest.raises(InvalidModel, match="twice"):
        mlmodel.load(folder_of(tmp_path / "m", data.getvalue()))


def test_arrays_in_another_form_ask(tmp_path):
    """KER-016."""
    import h5py

    target = io.BytesIO()
    with h5py.File(target, "w") as made:
        made.create_dataset("x", data=np.ones(10), compression="gzip")
    with pytest.raises(UntrustedModel, match="a form of HDF5 that is not read here"):
        mlmodel.load(folder_of(tmp_path / "m", archive(of_sequential(dense()), target.getvalue())))


def test_other_files_of_an_archive_ask(tmp_path):
    data = archive(of_sequential(dense()), **{"assets/layers/x/model.pkl": b"x"})
    with pytest.raises(UntrustedModel, match="is no vocabulary"):
        mlmodel.load(folder_of(tmp_path / "m", data))


@pytest.mark.parametrize("form", ["keras", "h5"])
def test_no_more_numbers_are_made_than_the_file_warrants(form, tmp_path):
    """KER-009: 2^12 by 2^24 numbers, of which no length is beyond the bound."""
    config = of_sequential(dense(units=4096), layer("Dense", {"name": "e", "units": 2**24}))
    data = archive(config) if form == "keras" else hdf5(config)
    with pytest.raises(InvalidModel, match="many times the numbers.*KER-009"):
        mlmodel.load(folder_of(tmp_path / "m", data, f"model.{form}"))
    from keras.src.backend.common import global_state

    assert not global_state.get_global_attribute("uninitialized_variables", [])


def test_an_archive_that_expands_too_far_is_refused(tmp_path):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("metadata.json", "{}")
        made.writestr("config.json", json.dumps(of_sequential(dense())))
        made.writestr("model.weights.h5", bytes(2**27))
    with pytest.raises(InvalidModel, match="TRU-021"):
        mlmodel.load(folder_of(tmp_path / "m", target.getvalue()))


# With trust, and classes that are allowed. ------------------------------------------------------


MINE = """
import keras
@keras.saving.register_keras_serializable("mine")
class Doubled(keras.layers.Layer):
    def call(self, x):
        return x * 2
"""


@pytest.fixture
def own_layer(tmp_path, monkeypatch):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "layers_of_this_test.py").write_text(MINE)
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    yield importlib.import_module("layers_of_this_test").Doubled
    import keras

    keras.saving.get_custom_objects().clear()
    sys.modules.pop("layers_of_this_test", None)


@pytest.mark.parametrize("form", ["keras", "h5"])
def test_a_class_of_ones_own_loads_where_it_is_allowed(form, own_layer, tmp_path, nobody):
    """KER-005, TRU-005: whether or not the program registered it."""
    model = sequential(own_layer(), layers().Dense(2))
    mlmodel.keras.save_model(model, tmp_path / "m", save_format=form)
    nobody()
    with pytest.raises(UntrustedModel):
        mlmodel.load(tmp_path / "m")
    if form == "h5":
        return  # which does not say of what module a class is
    allowed = mlmodel.load(tmp_path / "m", allow=["layers_of_this_test.Doubled"])
    assert np.array_equal(allowed.predict(X), model.predict(X, verbose=0))


def test_a_lambda_loads_in_trust(tmp_path, nobody):
    model = sequential(layers().Lambda(lambda x: x * 3), layers().Dense(2))
    mlmodel.keras.save_model(model, tmp_path / "m")
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(X), model.predict(X, verbose=0))
    nobody()
    with pytest.raises(UntrustedModel, match="Lambda"):
        mlmodel.load(tmp_path / "m")
    again = mlmodel.load(tmp_path / "m", trust=True)
    assert np.array_equal(again.predict(X), model.predict(X, verbose=0))


def test_objects_of_ones_own_are_pickled_and_ask(own_layer, tmp_path, nobody):
    """KER-010."""
    model = sequential(own_layer(), layers().Dense(2))
    mlmodel.keras.save_model(model, tmp_path / "m", custom_objects={"mine>Doubled": own_layer})
    expected = model.predict(X, verbose=0)
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(X), expected)
    nobody()
    with pytest.raises(UntrustedModel, match="custom_objects.cloudpickle"):
        mlmodel.load(tmp_path / "m")


class Runs:
    def __reduce__(self):
        return exec, ("raise SystemExit('run')",)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_what_was_registered_is_read_where_it_may_be_used(activation, tmp_path, nobody):
    """KER-010: an object under the name of an activation takes the place of Keras' own."""
    mlmodel.keras.save_model(sequential(layers().Dense(2, activation)), tmp_path / "m")
    objects = tmp_path / "m" / "data" / "global_custom_objects.cloudpickle"
    objects.write_bytes(pickle.dumps({"relu": Runs()}))
    nobody()
    if activation == "relu":
        with pytest.raises(UntrustedModel, match="global_custom_objects"):
            mlmodel.load(tmp_path / "m")
    else:
        assert mlmodel.load(tmp_path / "m").predict(X).shape == (5, 2)


# The list. ---------------------------------------------------------------------------------------


def classes_of(module):
    return {name for name, one in vars(module).items() if inspect.isclass(one)}


@pytest.fixture
def _of_the_list():
    """Skip with a Keras before that of the list: it lacks classes, and has some that are gone."""
    if Version(metadata.version("keras")) < Version(locked("flavors")["keras"]):
        pytest.skip("the list is held against the Keras that it was made with")


@pytest.mark.usefixtures("_of_the_list")
@pytest.mark.parametrize("module", sorted(keras_names.CLASSES))
def test_every_class_of_the_list_is_of_keras(module):
    """KER-005: a name that is no class any more has to go."""
    found = importlib.import_module(module)
    for name in keras_names.CLASSES[module]:
        one = getattr(found, name)
        assert inspect.isclass(one), name
        assert one.__module__.startswith("keras.src."), name


@pytest.mark.usefixtures("_of_the_list")
@pytest.mark.parametrize("module", ["keras.layers", *sorted(keras_names.OPERATIONS)])
def test_every_class_of_keras_was_looked_at(module):
    """KER-005: one that a later version has is listed or refused by a person, not by its place."""
    from keras.src.ops.operation import Operation

    found = importlib.import_module(module)
    own = {
        name for name in classes_of(found)
        if issubclass(vars(found)[name], Operation)
        and (module == "keras.layers" or vars(found)[name].__module__ == module)
    }  # fmt: skip
    refused = frozenset.union(*keras_names.REFUSED.values())
    assert own - keras_names.CLASSES[module] - refused == set()
    assert keras_names.CLASSES["keras.layers"].isdisjoint(refused)


def test_what_is_refused_is_what_takes_code_or_files():
    """Every layer whose loading Keras guards by its safe mode is none of the list."""
    import keras

    guarded = {
        name for name in classes_of(keras.layers)
        if "safe_mode" in inspect.signature(getattr(vars(keras.layers)[name], "from_config", int)).parameters
        or name == "InputSpec"
    }  # fmt: skip
    assert guarded
    assert guarded.isdisjoint(keras_names.CLASSES["keras.layers"])


def test_every_activation_is_one():
    import keras

    assert all(callable(getattr(keras.activations, name)) for name in keras_names.ACTIVATIONS)
    functions = {n for n, one in vars(keras.activations).items() if inspect.isfunction(one)}
    assert functions - keras_names.ACTIVATIONS == {"get", "serialize", "deserialize"}


# Altered files. ----------------------------------------------------------------------------------

_LOAD = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (8_000_000 * 1024,) * 2)
from pathlib import Path
import mlmodel
from mlmodel.errors import MlmodelError
folder, told = Path(sys.argv[1]), {}
for data in sorted((folder / "altered").iterdir()):
    (folder / "m" / "data" / sys.argv[2]).write_bytes(data.read_bytes())
    try:
        mlmodel.keras.load_model(folder / "m")
        what = "loaded"
    except MlmodelError as error:
        what = type(error).__name__
    told[what] = told.get(what, 0) + 1
print(told)
"""


def altered_archive(data, dice):
    """An archive whose members are altered, with right checksums."""
    with zipfile.ZipFile(io.BytesIO(data)) as given:
        members = {name: bytearray(given.read(name)) for name in given.namelist()}
    chosen = members[dice.choice(["config.json", "model.weights.h5"])]
    for _ in range(dice.choice((1, 1, 3))):
        place = dice.randrange(len(chosen))
        digits = [n for n, byte in enumerate(chosen) if chr(byte).isdigit()]
        if chosen is members["config.json"] and dice.random() < 0.7:
            place = dice.choice(digits)
            chosen[place] = ord(str(dice.randrange(10)))
        else:
            chosen[place] = dice.randrange(256)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for name, content in members.items():
            made.writestr(name, bytes(content))
    return target.getvalue()


def altered_bytes(data, dice):
    altered = bytearray(data if dice.random() < 0.9 else data[: dice.randrange(len(data))])
    for _ in range(dice.choice((1, 1, 3))):
        altered[dice.randrange(len(altered))] = dice.choice((0, 255, dice.randrange(256)))
    return bytes(altered)


@pytest.mark.slow
@pytest.mark.parametrize(("form", "alter"), [("keras", altered_archive), ("h5", altered_bytes)])
def test_altered_files_end_no_process(form, alter, tmp_path, nobody):
    """KER-016: in 8 GB of memory, each loads or is refused."""
    parts = layers()
    model = sequential(parts.Conv1D(3, 2), parts.LSTM(4), parts.Dense(2, "relu"), shape=(6, 3))
    mlmodel.keras.save_model(model, tmp_path / "m", save_format=form)
    nobody()
    file = tmp_path / "m" / "data" / f"model.{form}"
    data, dice = file.read_bytes(), random.Random(0)
    (tmp_path / "altered").mkdir()
    for number in range(150):
        (tmp_path / "altered" / f"{number:03}").write_bytes(alter(data, dice))
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(tmp_path), file.name],
        capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = eval(done.stdout)
    assert sum(told.values()) == 150
    assert set(told) <= {"loaded", "InvalidModel", "UntrustedModel", "MissingDependency"}
    assert len(told) > 1
