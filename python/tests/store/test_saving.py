"""Saving and loading a folder: whole or not at all (DIR-005)."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import mlmodel
from mlmodel import document
from mlmodel.errors import (
    InvalidArgument,
    InvalidModel,
    ModelExists,
    ModelNotFound,
    UnsupportedModel,
    WriteFailed,
)
from mlmodel.types import ColSpec, Schema

X = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.5, 0.25, 0.125]})


@pytest.fixture
def model():
    return LinearRegression().fit(X, [1.0, 2.0, 3.0])


@pytest.fixture
def saved(model, tmp_path):
    mlmodel.save(model, tmp_path / "m", example=X.head(1))
    return tmp_path / "m"


def test_the_folder_holds_what_the_format_names(saved):
    """ENV-001: the three files of the environment are among them."""
    assert sorted(p.name for p in saved.iterdir()) == [
        "MLmodel", "conda.yaml", "input_example.json", "model.pkl", "python_env.yaml",
        "requirements.txt", "serving_input_example.json",
    ]  # fmt: skip
    report = mlmodel.validate(saved)
    assert report.valid
    assert report.violations == ()


def test_the_mlmodel_file_says_what_was_saved(saved):
    data = document.read(saved / "MLmodel").data
    assert data["flavors"]["python_function"]["loader_module"] == "mlflow.sklearn"
    assert data["flavors"]["sklearn"]["pickled_model"] == "model.pkl"
    assert data["flavors"]["python_function"]["env"] == {
        "conda": "conda.yaml",
        "virtualenv": "python_env.yaml",
    }
    assert data["mlmodel_version"] == mlmodel.__version__
    assert data["model_size_bytes"] > 0


def test_no_hidden_folder_stays(saved):
    assert os.listdir(saved.parent) == ["m"]


@pytest.mark.thorough
def test_a_model_that_would_not_be_read_is_not_saved(model, tmp_path):
    """MLM-002: a signature of more columns than a reader takes; nothing is left."""
    columns = Schema([ColSpec("double", f"column_{i}") for i in range(150_000)])
    with pytest.raises(
        InvalidModel, match=r"MLM-002.* bytes, more than the limit of 8,388,608"
    ) as raised:
        mlmodel.save(model, tmp_path / "m", signature=mlmodel.models.ModelSignature(columns))
    assert raised.value.details[0].pointer == "/signature/inputs"
    assert os.listdir(tmp_path) == []


def test_an_existing_folder_is_not_overwritten(saved, model):
    before = (saved / "MLmodel").read_bytes()
    with pytest.raises(ModelExists, match="overwrite=True"):
        mlmodel.save(model, saved)
    assert (saved / "MLmodel").read_bytes() == before


def test_overwriting_on_request_replaces_the_whole_folder(saved, model):
    (saved / "old-file").touch()
    mlmodel.save(model, saved, overwrite=True)
    assert not (saved / "old-file").exists()
    assert os.listdir(saved.parent) == ["m"]
    assert mlmodel.load(saved).predict(X).shape == (3,)


def test_an_empty_folder_may_be_the_target(model, tmp_path):
    (tmp_path / "m").mkdir()
    mlmodel.save(model, tmp_path / "m")
    assert mlmodel.validate(tmp_path / "m").valid


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_failing_save_leaves_nothing_and_keeps_the_old(tmp_path, overwrite):
    class NoPickle(LinearRegression):
        def __reduce_ex__(self, protocol):
            raise RuntimeError("cannot be pickled")

    target = tmp_path / "m"
    if overwrite:
        mlmodel.save(LinearRegression().fit(X, [1, 2, 3]), target)
    with pytest.raises(RuntimeError):
        mlmodel.sklearn.save_model(NoPickle(), target, overwrite=overwrite)
    assert os.listdir(tmp_path) == (["m"] if overwrite else [])


def test_a_full_disk_is_said_and_leaves_nothing(model, tmp_path, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(document, "write", full)
    with pytest.raises(WriteFailed, match="No space left on device"):
        mlmodel.save(model, tmp_path / "m")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_said(model, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(WriteFailed, match="Permission denied"):
        mlmodel.save(model, tmp_path / "m")


def test_a_killed_save_leaves_no_half_model(tmp_path):
    script = textwrap.dedent(
        """
        import sys, time
        from mlmodel import store
        def write(root):
            (root / "model.pkl").write_bytes(b"half")
            print("writing", flush=True)
            time.sleep(1000)
        store.save_folder(sys.argv[1], write)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "m")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "m").exists()


def test_loading_what_is_not_there(tmp_path):
    with pytest.raises(ModelNotFound, match="There is nothing at"):
        mlmodel.load(tmp_path / "nothing")
    with pytest.raises(ModelNotFound, match="no file MLmodel in"):
        mlmodel.load(tmp_path)


def test_the_path_of_the_mlmodel_file_is_taken_too(saved):
    assert mlmodel.load(saved / "MLmodel").predict(X).shape == (3,)


def test_the_copy_under_metadata_means_the_folder_above(saved):
    """DIR-007."""
    (saved / "metadata").mkdir()
    (saved / "metadata" / "MLmodel").write_bytes((saved / "MLmodel").read_bytes())
    assert mlmodel.load(saved / "metadata").predict(X).shape == (3,)


def test_all_violations_are_told_when_loading(saved):
    (saved / "MLmodel").write_text("flavors: {python_function: {}}\nmetadata: 3\n")
    with pytest.raises(InvalidModel) as caught:
        mlmodel.load(saved)
    assert len(caught.value.details) > 1
    assert all(detail.rule and detail.line for detail in caught.value.details)


def test_a_missing_flavor_lists_what_is_there(saved):
    text = (saved / "MLmodel").read_text().replace("  sklearn:", "  other:")
    (saved / "MLmodel").write_text(text)
    with pytest.raises(
        UnsupportedModel, match="it has other, python_function|python_function, other"
    ):
        mlmodel.sklearn.load_model(saved)


@pytest.mark.parametrize("path", ["../outside.pkl", "/etc/hostname", "link.pkl"])
def test_a_file_outside_the_folder_is_never_opened(saved, path):
    outside = saved.parent / "outside.pkl"
    outside.write_bytes((saved / "model.pkl").read_bytes())
    (saved / "link.pkl").symlink_to(outside)
    text = (saved / "MLmodel").read_text().replace("model.pkl", path)
    (saved / "MLmodel").write_text(text)
    with pytest.raises(InvalidModel, match="DIR-"):
        mlmodel.load(saved)


def test_code_paths_are_copied_and_importable(tmp_path, model):
    package = tmp_path / "helper_of_store_test"
    package.mkdir()
    (package / "__init__.py").write_text("VALUE = 41\n")
    mlmodel.save(model, tmp_path / "m", code_paths=[package])
    (package / "__init__.py").unlink()
    package.rmdir()
    assert mlmodel.load(tmp_path / "m").predict(X).shape == (3,)
    import helper_of_store_test

    assert helper_of_store_test.VALUE == 41


def test_unknown_arguments_are_named(model, tmp_path):
    with pytest.raises(InvalidArgument, match="'pip_requirement'"):
        mlmodel.save(model, tmp_path / "m", pip_requirement=["a"])


def test_metadata_and_run_id_are_kept(model, tmp_path):
    mlmodel.save(model, tmp_path / "m", metadata={"team": "ä", "n": 3}, run_id="0" * 32)
    loaded = mlmodel.load(tmp_path / "m").metadata
    assert loaded.metadata == {"team": "ä", "n": 3}
    assert loaded.run_id == "0" * 32


def test_the_signature_is_inferred_from_the_example(saved):
    signature = mlmodel.load(saved).signature
    assert signature.inputs.input_names() == ["a", "b"]
    assert signature.outputs.is_tensor_spec()


def test_an_example_that_the_model_cannot_score_warns(tmp_path, model):
    with pytest.warns(UserWarning, match="could not score its input_example"):
        mlmodel.save(model, tmp_path / "m", example=pd.DataFrame({"other": ["text"]}))
    assert mlmodel.load(tmp_path / "m").signature.outputs is None


def test_an_answer_of_no_type_is_warned_of(tmp_path):
    """SIG-047: the model is saved, and its inputs are declared; nothing is dropped silently."""
    example = pd.DataFrame({"a": [1.5]})
    with pytest.warns(UserWarning, match=r"model_output, which is builtins\.tuple; .*SIG-047"):
        mlmodel.save(lambda model_input: (1, 2), tmp_path / "m", example=example)
    signature = mlmodel.load(tmp_path / "m").signature
    assert signature.inputs.input_names() == ["a"]
    assert signature.outputs is None


@pytest.mark.parametrize(
    ("wrong", "rules"),
    [({}, ["SIG-016", "SIG-041"]), ({"wrong": [object()]}, ["SIG-016", "SIG-041", "SIG-047"])],
)
def test_each_thing_about_a_signature_is_said_once(tmp_path, wrong, rules):
    """SIG-016, SIG-041, SIG-047: of an answer that is not declared nothing else is said."""
    example = pd.DataFrame({"n": [1], "mixed": [[1, "a"]]})
    answer = pd.DataFrame({"out": [[1, "a"]], **wrong})
    with pytest.warns(UserWarning, match="SIG-") as warned:
        mlmodel.save(lambda model_input: answer, tmp_path / "m", example=example)
    said = [str(one.message) for one in warned if "SIG-" in str(one.message)]
    assert sorted(rule for rule in rules for text in said if rule in text) == rules
    assert len(said) == len(rules)
    assert any("'out'" in text for text in said) == (not wrong)


def test_a_trust_store_that_cannot_be_written_is_a_warning(tmp_path, model, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "file" / "store"))
    with pytest.warns(UserWarning, match="trust store"):
        mlmodel.save(model, tmp_path / "m")
    assert mlmodel.load(tmp_path / "m").predict(X).shape == (3,)


def test_saved_arrays_predict_as_before(saved, model):
    assert np.array_equal(mlmodel.load(saved).predict(X), model.predict(X))


def test_saving_to_one_place_from_two_processes_keeps_one_whole_model(tmp_path):
    script = (
        "import sys; from mlmodel import store\n"
        "store.save_folder(sys.argv[1], lambda root: store.Contents({'x': {}}))\n"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "m")], stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    for process in started:
        process.communicate(timeout=60)
    assert min(p.returncode for p in started) == 0
    assert os.listdir(tmp_path) == ["m"]
    assert document.read(tmp_path / "m" / "MLmodel").data["flavors"] == {"x": {"code": None}}


def test_a_folder_that_is_no_model_is_never_overwritten(model, tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "thesis.txt").write_text("years of work")
    with pytest.raises(ModelExists, match="is not a model"):
        mlmodel.save(model, tmp_path / "m", overwrite=True)
    assert (tmp_path / "m" / "thesis.txt").read_text() == "years of work"


def test_code_that_holds_the_target_is_refused(model, tmp_path):
    (tmp_path / "module.py").touch()
    with pytest.raises(InvalidArgument, match="saved inside it"):
        mlmodel.save(model, tmp_path / "m", code_paths=[tmp_path])
    assert [p.name for p in tmp_path.iterdir()] == ["module.py"]


def test_linked_code_keeps_the_name_of_the_link(model, tmp_path):
    (tmp_path / "implementation.py").write_text("VALUE = 3\n")
    (tmp_path / "wanted_by_store_test.py").symlink_to(tmp_path / "implementation.py")
    mlmodel.save(model, tmp_path / "m", code_paths=[tmp_path / "wanted_by_store_test.py"])
    copy = tmp_path / "m" / "code" / "wanted_by_store_test.py"
    assert copy.read_text() == "VALUE = 3\n"
    assert not copy.is_symlink()


@pytest.mark.slow
def test_native_loading_has_the_models_code_too(tmp_path):
    """SKL-003."""
    (tmp_path / "scaling_of_store_test.py").write_text(
        "def double(x):\n    return x * 2\n", encoding="utf-8"
    )
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import mlmodel, numpy\nfrom scaling_of_store_test import double\n"
        "from sklearn.preprocessing import FunctionTransformer\n"
        "mlmodel.sklearn.save_model(FunctionTransformer(double), sys.argv[1] + '/m',\n"
        "    code_paths=[sys.argv[1] + '/scaling_of_store_test.py'])\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    (tmp_path / "scaling_of_store_test.py").unlink()
    loaded = mlmodel.sklearn.load_model(tmp_path / "m")
    assert loaded.transform(np.array([[2.0]])).tolist() == [[4.0]]


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"pip_requirements": ["not a requirement !!"]}, "ENV-00"),
        ({"conda_env": {"dependencies": "numpy"}}, "ENV-002"),
        ({"metadata": ["no mapping"]}, "MLM-008"),
    ],
)
def test_what_would_not_validate_is_not_saved(model, tmp_path, given, rule):
    with pytest.raises(InvalidArgument, match=rule) as caught:
        mlmodel.save(model, tmp_path / "m", **given)
    assert ".partial" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_fails_says_why(model, tmp_path):
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "module.py").symlink_to(tmp_path / "gone.py")
    with pytest.raises(WriteFailed, match="No such file") as caught:
        mlmodel.save(model, tmp_path / "m", code_paths=[folder])
    assert len(str(caught.value)) < 600
    assert not (tmp_path / "m").exists()


def test_a_file_uri_is_its_path(saved):
    assert mlmodel.load(saved.as_uri()).predict(X).shape == (3,)


@pytest.mark.parametrize("uri", ["models:/x/1", "runs:/0/model"])
def test_other_uris_are_said_to_be_unread(uri):
    with pytest.raises(UnsupportedModel, match="give the path"):
        mlmodel.load(uri)


def test_saving_over_a_link_leaves_alone_what_it_leads_to(model, saved, tmp_path):
    """DIR-012: the link is replaced, whatever it leads to."""
    (tmp_path / "link").symlink_to("m")
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    with pytest.raises(ModelExists):
        mlmodel.save(model, tmp_path / "link")
    mlmodel.save(model, tmp_path / "link", overwrite=True)
    assert not (tmp_path / "link").is_symlink()
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before
    (tmp_path / "dangling").symlink_to("none")
    for overwrite in (True, False):
        with pytest.raises(ModelExists):
            mlmodel.save(model, tmp_path / "dangling", overwrite=overwrite)
    assert not (tmp_path / "none").exists()
