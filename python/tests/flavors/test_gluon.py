"""The Gluon flavor (GLU rules)."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
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
from mlmodel.trust.describe import look_into
from specimens import model as trained

pytestmark = pytest.mark.libraries("mxnet")

ROWS = pd.DataFrame({"a": [0.5, -1.0], "b": [3.0, 0.25], "c": [1.5, 2.0]}, index=[9, 4])


def mxnet():
    return mlmodel.gluon.FLAVOR.mxnet()


@pytest.fixture(scope="module")
def network():
    return trained("gluon")


@pytest.fixture
def saved(network, tmp_path):
    mlmodel.gluon.save_model(network, tmp_path / "m")
    return tmp_path / "m"


def expected(network, rows):
    return network(mxnet().nd.array(np.asarray(rows, dtype="float32"))).asnumpy()


def test_a_network_is_saved_and_loaded(network, saved):
    """GLU-001 to GLU-003, GLU-002; frame in, frame out, and array in, array out (EDITIONS row 33)."""
    flavors = document.read(saved / "MLmodel").data["flavors"]
    assert flavors["gluon"] == {"code": None, "mxnet_version": "1.9.1"}
    assert flavors["python_function"]["loader_module"] == "mlflow.gluon"
    assert "data" not in flavors["python_function"]
    assert sorted(path.name for path in (saved / "data").iterdir()) == [
        "net-0000.params",
        "net-symbol.json",
    ]
    assert mlmodel.validate(saved).violations == ()
    assert "mxnet==1.9.1" in (saved / "requirements.txt").read_text()
    native = mlmodel.gluon.load_model(saved)
    assert type(native).__name__ == "SymbolBlock"
    own = expected(network, ROWS)
    assert np.array_equal(expected(native, ROWS), own)
    loaded = mlmodel.load(saved)
    pd.testing.assert_frame_equal(loaded.predict(ROWS), pd.DataFrame(own, index=ROWS.index))
    answer = loaded.predict(ROWS.to_numpy())
    assert type(answer) is np.ndarray
    assert np.array_equal(answer, own)
    assert np.array_equal(loaded.predict(ROWS.to_numpy().tolist()), own)


def test_tensors(network, tmp_path):
    """GLU-006: an array example makes a tensor signature."""
    given = ROWS.to_numpy().astype("float32")
    mlmodel.gluon.save_model(network, tmp_path / "m", input_example=given)
    loaded = mlmodel.load(tmp_path / "m")
    assert loaded.signature.inputs.is_tensor_spec()
    assert np.array_equal(loaded.predict(given), expected(network, given))


@pytest.mark.parametrize(
    "given", ["text", 3.0, [["x", "y", "z"]], np.array([[2**24 + 1, 0, 0]]), [[1.0], [1.0, 2.0]]]
)
def test_what_is_no_number_of_float32_is_refused(saved, given):
    with pytest.raises(InvalidInput, match="GLU-006"):
        mlmodel.load(saved).predict(given)


def test_a_number_is_rounded_with_a_warning(saved):
    loaded = mlmodel.load(saved)
    with pytest.warns(UserWarning, match="rounded to the nearest.*GLU-006"):
        loaded.predict(ROWS + 0.1)


def test_another_number_of_columns(saved):
    with pytest.raises(InvalidInput, match="GLU-007"):
        mlmodel.load(saved).predict(ROWS[["a", "b"]])


def test_an_answer_of_more_axes_stays_an_array(network):
    """EDITIONS row 33: a frame has room for two."""

    def axes(count):
        def call(given):
            return given.reshape((2, 3, 1)[:count] if count > 1 else (6,))

        return mlmodel.gluon.FLAVOR.predictor(call, {})(ROWS, None)

    assert type(axes(2)) is pd.DataFrame
    assert axes(2).index.tolist() == [9, 4]
    assert type(axes(3)) is np.ndarray
    assert axes(3).shape == (2, 3, 1)


def test_several_outputs(tmp_path):
    """GLU-008."""
    mx = mxnet()

    class Two(mx.gluon.HybridBlock):
        def hybrid_forward(self, F, x):  # noqa: N803 - MXNet's name
            return x * 2, x + 1

    block = Two()
    block.hybridize()
    block(mx.nd.array([[1.0, 2.0]]))
    mlmodel.gluon.save_model(block, tmp_path / "m")
    first, second = mlmodel.load(tmp_path / "m").predict(np.array([[1.0, 2.0]]))
    assert first.tolist() == [[2.0, 4.0]]
    assert second.tolist() == [[2.0, 3.0]]


def test_parameters_have_no_effect(saved):
    with pytest.warns(UserWarning, match="has no parameters"):
        mlmodel.load(saved).predict(ROWS, params={"a": 1})


def test_what_cannot_be_exported(tmp_path):
    """GLU-003."""
    mx = mxnet()
    with pytest.raises(InvalidArgument, match="hybridize.*GLU-003"):
        mlmodel.gluon.save_model(mx.gluon.nn.Dense(2), tmp_path / "m")
    exports = SimpleNamespace(export=print)
    for given in ({}, mx.nd.array([1.0]), mx.gluon.nn.Sequential(), exports):
        with pytest.raises(InvalidArgument, match="networks of Gluon"):
            mlmodel.gluon.save_model(given, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_the_flavor_is_detected(network, tmp_path):
    mlmodel.save(network, tmp_path / "m")
    assert "gluon" in document.read(tmp_path / "m").data["flavors"]


def test_it_asks_for_trust(saved, tmp_path, monkeypatch):
    """TRU-001, TRU-006."""
    looks = [look for look in look_into(saved) if look.needs_trust]
    assert [look.file for look in looks] == ["data"]
    assert "MXNet" in looks[0].what
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    for load in (mlmodel.load, mlmodel.gluon.load_model):
        with pytest.raises(UntrustedModel, match="MXNet"):
            load(saved)


@pytest.mark.parametrize("file", ["net-symbol.json", "net-0000.params"])
def test_what_is_trusted_is_what_is_read(saved, file):
    """TRU-065: a file that was changed since is another one."""
    assert mlmodel.load(saved) is not None
    with (saved / "data" / file).open("ab") as end:
        end.write(b" ")
    with pytest.raises(UntrustedModel, match="changed"):
        mlmodel.load(saved)


@pytest.mark.parametrize("file", ["net-symbol.json", "net-0000.params"])
def test_a_file_that_is_cut_off_or_missing(saved, file):
    """GLU-004."""
    path = saved / "data" / file
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InvalidModel, match="GLU-004"):
        mlmodel.load(saved, trust=True)
    path.unlink()
    with pytest.raises(InvalidModel, match="DIR-003"):
        mlmodel.load(saved, trust=True)


def test_another_version_is_named_with_the_installed_one(saved):
    """ENV-021."""
    file = saved / "MLmodel"
    file.write_text(file.read_text().replace("1.9.1", "0.12.0"))
    (saved / "data" / "net-symbol.json").write_text("{}")
    with pytest.raises(MissingDependency, match=r"(?s)0\.12\.0.*1\.9\.1"):
        mlmodel.gluon.load_model(saved, trust=True)


def test_numpy_is_left_as_it_was():
    """GLU-005: names that it has dropped are there for MXNet alone, and while it is imported."""
    assert mxnet().__version__ == "1.9.1"
    assert vars(np)["__getattr__"].__module__ == "numpy"
    # numpy 1 and the first of 2 have some of them by themselves.
    dropped = ("mirr", "PZERO", "in1d") if Version(np.__version__) >= Version("2.4") else ()
    for name in ("asscalar", "no_such_name", *dropped):
        assert not hasattr(np, name)


def test_nobody_else_sees_the_names_meanwhile(monkeypatch):
    """GLU-005: nor is anything left when the import fails."""
    from mlmodel.flavors._gluon_mxnet import imported

    def seen(module, name):
        space = {"__name__": module, "np": np}
        exec(f"found = hasattr(np, {name!r})", space)
        return space["found"]

    def looked():
        names = ("asscalar", "no_such_name", "__no_such_name__")
        told.update({who: [seen(who, name) for name in names] for who in ("mxnet.np", "mxnetwork")})
        raise ImportError("a part of it is missing")

    told = {}
    monkeypatch.delitem(sys.modules, "mxnet")
    with pytest.raises(ImportError, match="a part of it"):
        imported(looked)
    assert told == {"mxnet.np": [True, True, False], "mxnetwork": [False, False, False]}
    assert vars(np)["__getattr__"].__module__ == "numpy"
