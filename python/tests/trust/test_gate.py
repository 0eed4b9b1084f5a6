"""The gate: who may load what, and what it says (TRU-001 to TRU-005, TRU-015, TRU-016, TRU-018)."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import types
from collections import OrderedDict
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
from scipy import sparse

from mlmodel.errors import (
    InvalidArgument,
    InvalidModel,
    MissingDependency,
    ModelNotFound,
    UnreadableModel,
    UnsupportedModel,
    UntrustedModel,
)
from mlmodel.trust import records
from mlmodel.trust.gate import Gate
from mlmodel.trust.pickles.names import Names
from mlmodel.trust.pickles.scanner import scan
from mlmodel.trust.pickles.unpickle import load_restricted
from mlmodel.trust.records import record

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"


@pytest.fixture
def own(monkeypatch):
    """A module with a class, as if it were installed."""
    module = types.ModuleType("own_package.shapes")
    exec(
        "class Box:\n    def __init__(self, side):\n        self.side = side\n\nbox = Box",
        module.__dict__,
    )
    module.Box.__module__ = "own_package.shapes"
    monkeypatch.setitem(sys.modules, "own_package", types.ModuleType("own_package"))
    monkeypatch.setitem(sys.modules, "own_package.shapes", module)
    return module


def write(root, value):
    path = root / "model.pkl"
    path.write_bytes(value if isinstance(value, bytes) else pickle.dumps(value))
    return path


def test_own_class_is_refused_and_named(own, root):
    path = write(root, own.Box(3))
    with pytest.raises(UntrustedModel) as refusal:
        Gate.for_folder(root).load_pickle(path)
    message = str(refusal.value)
    assert refusal.value.details[0].rule == "TRU-010"
    assert refusal.value.details[0].file == "model.pkl"
    for part in (
        "own_package.shapes.Box",
        "allow=",
        "mlmodel trust add",
        "trust=True",
        "Nothing was run",
    ):
        assert part in message  # TRU-002


def test_class_allowed_by_name(own, root):  # TRU-005
    path = write(root, own.Box(3))
    assert Gate.for_folder(root, allow=["own_package.shapes.Box"]).load_pickle(path).side == 3
    assert Gate.for_folder(root, allow="own_package.shapes.Box").load_pickle(path).side == 3
    with pytest.raises(UntrustedModel):
        Gate.for_folder(root, allow=["own_package.shapes"]).load_pickle(path)


def test_allowed_name_must_be_a_class_defined_there(own, root):  # TRU-016
    path = write(root, b"cown_package.shapes\nbox\n)\x81.")
    with pytest.raises(UntrustedModel, match="TRU-016"):
        Gate.for_folder(root, allow=["own_package.shapes.box"]).load_pickle(path)


def test_trusted_once(own, root):  # TRU-004
    assert Gate.for_folder(root, trust=True).load_pickle(write(root, own.Box(3))).side == 3


def test_trusted_folder_until_it_changes(own, root):  # TRU-004
    path = write(root, own.Box(3))
    record(root, "saved by this user")
    assert Gate.for_folder(root).is_trusted()
    assert Gate.for_folder(root).load_pickle(path).side == 3
    Gate.for_folder(root).require_trust("code in code/")
    (root / "more.txt").write_text("x")
    with pytest.raises(UntrustedModel):
        Gate.for_folder(root).load_pickle(path)
    with pytest.raises(UntrustedModel, match="code in code/"):
        Gate.for_folder(root).require_trust("code in code/", "code/own.py")


def test_bytes_swapped_after_the_digest_are_refused(own, root, monkeypatch):  # TRU-018
    path = write(root, own.Box(3))
    record(root, "saved")
    gate = Gate.for_folder(root)
    assert gate.is_trusted()
    write(root, own.Box(4))
    with pytest.raises(UntrustedModel):
        gate.load_pickle(path)


def test_the_unpickler_believes_only_what_the_scan_saw(root):  # TRU-018
    seen = scan(pickle.dumps(range(3)))
    other = pickle.dumps(slice(1, 2))
    forged = type(seen)(seen.container, seen.names, (), "", other, seen.recording)
    forged.recording.parts[:] = [other]
    with pytest.raises(UntrustedModel, match="was not seen"):
        load_restricted(forged, Names(), "model.pkl")


def test_digest_is_not_computed_for_what_the_list_allows(root, monkeypatch):
    path = write(root, [1, 2])

    def fail(_):
        raise AssertionError("the digest was computed")

    monkeypatch.setattr("mlmodel.trust.gate.manifest_of", fail)
    assert Gate.for_folder(root).load_pickle(path) == [1, 2]


def test_the_model_cannot_trust_itself(own, root):  # TRU-003
    path = write(root, own.Box(3))
    (root / "MLmodel").write_text("trust: true\nallow: [own_package.shapes.Box]\n")
    with pytest.raises(UntrustedModel):
        Gate.for_folder(root).load_pickle(path)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", InvalidModel),
        (b"\x80\x04X\x05\x00\x00\x00ab", InvalidModel),
        (b"version https://example.invalid", InvalidModel),
        (b"x\x9c\x00\x00", InvalidModel),
        (pickle.dumps([1])[:-1], InvalidModel),
        (b"\x80\x05]\x94(K\x01K\x02e0.", InvalidModel),
        (b"PK\x03\x04aaaa", InvalidModel),
        (b"ZF0x1", UntrustedModel),
        (b"\x04\x22\x4d\x18abcd", UntrustedModel),
    ],
)  # TRU-015
def test_what_is_no_pickle(root, data, error):
    with pytest.raises(error, match=r"model\.pkl"):
        Gate.for_folder(root).load_pickle(write(root, data))


def test_trust_does_not_mend_a_damaged_file(root):
    for data in (b"", b"\x80\x04X\x05\x00\x00\x00ab", b"ZF0x1"):
        with pytest.raises((InvalidModel, UnsupportedModel), match=r"model\.pkl"):
            Gate.for_folder(root, trust=True).load_pickle(write(root, data))


def test_missing_and_unreadable(root):
    with pytest.raises(ModelNotFound):
        Gate.for_folder(root).load_pickle(root / "none.pkl")
    with pytest.raises(UnreadableModel):
        Gate.for_folder(root).load_pickle(root)


def test_missing_library_is_named(root):
    path = write(root, b"cnot_installed_at_all\nThing\n)\x81.")
    for gate in (
        Gate.for_folder(root, trust=True),
        Gate.for_folder(root, allow=["not_installed_at_all.Thing"]),
    ):
        with pytest.raises(MissingDependency, match="not_installed_at_all"):
            gate.load_pickle(path)


def test_missing_name_is_named(root):
    path = write(root, b"csklearn.pipeline\nPipe\n)\x81.")
    with pytest.raises(MissingDependency, match=r"Pipe.*sklearn\.pipeline"):
        Gate.for_folder(root, trust=True).load_pickle(path)


class Base:
    """Stands for our own base class."""


ALIASES = {("someone.elses", "Base"): Base}


def _by_value():
    """A class with a base that is not installed, as cloudpickle stores it."""
    package, module = types.ModuleType("someone"), types.ModuleType("someone.elses")
    module.Base = type("Base", (), {"__module__": "someone.elses"})
    sys.modules.update({"someone": package, "someone.elses": module})
    try:
        namespace = {"__name__": "__main__", "Base": module.Base}
        exec("class Own(Base):\n    def predict(self, x):\n        return x + 1\n", namespace)
        return cloudpickle.dumps(namespace["Own"]())
    finally:
        # As in a new process: cloudpickle remembers the classes that it has seen.
        cloudpickle.cloudpickle._DYNAMIC_CLASS_TRACKER_BY_ID.clear()
        cloudpickle.cloudpickle._DYNAMIC_CLASS_TRACKER_BY_CLASS.clear()
        del sys.modules["someone"], sys.modules["someone.elses"]


def test_aliases_with_a_class_by_value(root):
    path = write(root, _by_value())
    with pytest.raises(UntrustedModel, match="_make_skeleton_class"):
        Gate.for_folder(root).load_pickle(path, aliases=ALIASES)
    loaded = Gate.for_folder(root, trust=True).load_pickle(path, aliases=ALIASES)
    assert isinstance(loaded, Base)
    assert loaded.predict(1) == 2


def test_alias_alone_needs_no_trust(root):
    path = write(root, b"csomeone.elses\nBase\n)\x81.")
    assert type(Gate.for_folder(root).load_pickle(path, aliases=ALIASES)) is Base


def test_trusted_joblib(own, root):
    import io

    import joblib
    import numpy as np

    value = {
        "own": own.Box(2),
        "array": np.arange(4.0),
        "objects": np.array([own.Box(1)], dtype=object),
    }
    for compress in (0, 3):
        out = io.BytesIO()
        joblib.dump(value, out, compress=compress)
        path = write(root, out.getvalue())
        with pytest.raises(UntrustedModel, match=r"own_package\.shapes\.Box"):
            Gate.for_folder(root).load_pickle(path)
        loaded = Gate.for_folder(root, trust=True).load_pickle(path)
        assert loaded["array"].tolist() == [0.0, 1.0, 2.0, 3.0]
        assert loaded["objects"][0].side == 1
        again = Gate.for_folder(root, allow=["own_package.shapes.Box"]).load_pickle(path)
        assert again["own"].side == 2


def test_trusted_npy_of_objects(own, root):
    import numpy as np

    path = root / "a.npy"
    np.save(path, np.array([own.Box(5)], dtype=object), allow_pickle=True)
    with pytest.raises(UntrustedModel):
        Gate.for_folder(root).load_pickle(path)
    assert Gate.for_folder(root, trust=True).load_pickle(path)[0].side == 5


CORPUS_PICKLES = {
    "lightgbm-2.9.2/model.pkl": "",
    "pyfunc-artifacts-3.1.4/python_model.pkl": "cloudpickle.cloudpickle._make_skeleton_class",
    "pyfunc-python-model-2.16.0/python_model.pkl": "pre_processor.PreProcessor",
    "sklearn-1.28.0/model.pkl": "",
    "sklearn-3.4.0-metadata/model.pkl": "imblearn.pipeline.Pipeline",
    "xgboost-2.20.3/xgboost_model.pkl": "",
    "sklearn-0.24.2/model.pkl": "",
    "sklearn-1.25.1/model.pkl": "",
    "sklearn-2.14.2/model.pkl": "",
}


@pytest.mark.parametrize("path", CORPUS_PICKLES)
def test_real_models(path):
    if not CORPUS.is_dir():
        pytest.skip("the corpus of real models is not here")
    found = scan((CORPUS / path).read_bytes())
    assert not found.damage
    wanted = CORPUS_PICKLES[path]
    assert (wanted in found.refused) if wanted else found.allowed


@pytest.mark.parametrize(
    ("module", "base"), [("mlmodel.trust", set()), ("mlmodel.trust.describe", {"yaml"})]
)
def test_importing_the_gate_imports_nothing_else(
    module, base
):  # TRU-001: what only looks cannot run
    third = {"numpy", "pandas", "sklearn", "joblib", "skops", "cloudpickle", "yaml", "click"} - base
    code = f"import sys, {module}; found = {third} & set(sys.modules); assert not found, found"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_trusted_folder_is_not_scanned(own, root, monkeypatch):
    path = write(root, own.Box(3))
    record(root, "saved")
    gate = Gate.for_folder(root)
    gate.require_trust("a pickled Python class", "model.pkl")

    def fail(*_, **__):
        raise AssertionError("the file was scanned")

    monkeypatch.setattr("mlmodel.trust.gate.scan", fail)
    monkeypatch.setattr("mlmodel.trust.gate.manifest_of", fail)
    assert gate.load_pickle(path).side == 3
    write(root, own.Box(4))
    with pytest.raises(AssertionError, match="scanned"):  # TRU-018: other bytes are others
        gate.load_pickle(path)


def test_a_folder_without_a_digest_is_told_so(own, root):  # TRU-002
    path = write(root, own.Box(3))
    (root / "link").symlink_to("model.pkl")
    for refused in (Gate.load_pickle, lambda gate, _: gate.require_trust("its own code")):
        with pytest.raises(UntrustedModel) as refusal:
            refused(Gate.for_folder(root), path)
        assert "trust add" not in refusal.value.message
        assert "'link' is a link or a special file" in refusal.value.message
        assert "trust=True" in refusal.value.message
    assert Gate.for_folder(root, trust=True).load_pickle(path).side == 3


def test_a_pipe_is_not_waited_on(root):  # TRU-007
    os.mkfifo(root / "model.pkl")
    for trust in (False, True):
        gate = Gate.for_folder(root, trust=trust)
        for load in (gate.load_pickle, gate.load_skops):
            with pytest.raises(UnreadableModel, match="not a regular file"):
                load(root / "model.pkl")


def test_a_device_is_not_read(root):  # TRU-007
    (root / "model.pkl").symlink_to("/dev/zero")
    with pytest.raises(UnreadableModel, match="leads out of the folder"):
        Gate.for_folder(root).load_pickle(root / "model.pkl")


def test_a_file_larger_than_the_memory_is_not_read(root):  # TRU-007
    path = write(root, b"")
    try:
        os.truncate(path, 2**43)
    except OSError:
        pytest.skip("this file system has no files of 8 TiB")
    with pytest.raises(UnreadableModel, match="8,796,093,022,208 bytes"):
        Gate.for_folder(root).load_pickle(path)


def test_store_lists_what_record_added(root):
    digest = record(root, "why")
    assert [(one.digest, one.reason) for one in records.list_records()] == [(digest, "why")]


# -- what was trusted, and what names can do --------------------------------------------------------


def test_a_folder_that_changed_says_which_files(root):
    """TRU-044."""
    path = write(root, b"cposix\nsystem\n.")
    (root / "a.txt").write_text("1")
    record(root, "saved by this user")
    Gate.for_folder(root).load_pickle(path)
    path.write_bytes(b"cposix\ngetpid\n.")
    (root / "a.txt").unlink()
    (root / "b.txt").write_text("1")
    with pytest.raises(UntrustedModel, match="TRU-044") as caught:
        Gate.for_folder(root).load_pickle(path)
    said = caught.value.message
    assert "(saved by this user) and has changed since" in said
    assert "model.pkl changed; b.txt is new; a.txt is gone" in said


@pytest.mark.parametrize("trust", [["a.B"], "no", 1, None, ("a.B",)])
def test_trust_is_yes_or_no(root, trust):
    """TRU-046: a list of names is no trust in all."""
    with pytest.raises(InvalidArgument, match="TRU-046"):
        Gate.for_folder(root, trust=trust)


def test_names_that_match_nothing_are_told(root):
    """TRU-046."""
    path = write(root, pickle.dumps(OrderedDict()))
    gate = Gate.for_folder(root, allow=["collections.OrderedDikt"])
    gate.load_pickle(path)
    with pytest.warns(UserWarning, match=r"did you mean collections\.OrderedDict\?"):
        gate.warn_of_unused()
    with pytest.raises(UntrustedModel, match=r"allow names a\.B, which no file of the model uses"):
        Gate.for_folder(root, allow=["a.B"]).load_pickle(write(root, b"cposix\nsystem\n."))


def test_names_do_not_help_where_code_comes_with_the_model(root):
    """TRU-046."""
    with pytest.raises(UntrustedModel, match=r"That a\.B is allowed cannot help: .*TRU-046"):
        Gate.for_folder(root, allow=["a.B"]).require_trust("a pickled Python class", "m.pkl")


def test_a_trusted_pickle_of_old_places_does_not_warn(root, recwarn):
    """TRU-019: what moved within its library is looked up where it is today."""
    matrix = pickle.dumps(sparse.csr_matrix(np.eye(2)), 2).replace(b"._csr\n", b".csr\n")
    written = matrix.replace(b"numpy._core.", b"numpy.core.")
    assert written.count(b"numpy.core.") == 1
    assert written.count(b"scipy.sparse.csr\n") == 1
    log = b"cnumpy.core.umath\nlog1p\n."
    for data in (written, pickle.dumps(np.float64(1), 2).replace(b"._core.", b".core."), log):
        Gate.for_folder(root, trust=True).load_pickle(write(root, data))
    assert not [str(one.message) for one in recwarn if "deprecated" in str(one.message)]
