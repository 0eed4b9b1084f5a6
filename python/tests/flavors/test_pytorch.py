"""The PyTorch flavor: saving, loading, layouts, versions and trust (PTH rules)."""

from __future__ import annotations

import io
import logging
import os
import pickle
import re
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.libraries("torch")

torch = pytest.importorskip("torch")
from peer_environment import peer_folder  # noqa: E402
from torch import nn  # noqa: E402

import mlmodel  # noqa: E402
from mlmodel import document  # noqa: E402
from mlmodel.errors import (  # noqa: E402
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    MissingDependency,
    ModelExists,
    ModelNotFound,
    UnsupportedModel,
    UntrustedModel,
)
from mlmodel.flavors._pytorch_running import on_device  # noqa: E402
from mlmodel.sandbox.wall import lacking  # noqa: E402
from mlmodel.trust.describe import look_into  # noqa: E402

ROWS = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")


@pytest.fixture
def network():
    """A network that answers otherwise while it is trained."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.BatchNorm1d(4), nn.Linear(4, 2))
    model(torch.rand(9, 3))
    return model


def answered(model, rows=ROWS):
    """What a module answers by itself."""
    training = model.training
    with torch.no_grad():
        out = model.eval()(torch.tensor(rows)).numpy()
    model.train(training)
    return out


@pytest.fixture
def nobody(tmp_path, monkeypatch):
    """Have no folder trusted that was saved before."""
    return lambda: monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))


FORMS = {
    "pickle": (lambda model: model, {}),
    "TorchScript": (torch.jit.script, {}),
    "traced": (lambda model: torch.jit.trace(model.eval(), torch.ones(2, 3)), {}),
    "exported": (lambda model: model, {"serialization_format": "pt2"}),
    "a program": (
        lambda model: torch.export.export(
            model.eval(),
            (torch.ones(2, 3),),
            dynamic_shapes=({0: torch.export.Dim.AUTO},),
            strict=False,
        ),
        {},
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_module_is_saved_and_loaded(form, network, tmp_path):
    """PTH-003, PTH-004, PTH-009: every form answers to the bit as the module does."""
    make, options = FORMS[form]
    # By as many rows: torch 2.6 rounds one row otherwise than six.
    asked = [(rows, answered(network, rows)) for rows in (ROWS, ROWS[:1])]
    model = make(network)
    mlmodel.pytorch.save_model(model, tmp_path / "m", input_example=ROWS, **options)
    assert mlmodel.validate(tmp_path / "m").violations == ()
    loaded = mlmodel.load(tmp_path / "m")
    for rows, expected in asked:
        assert np.array_equal(loaded.predict(rows), expected)
    native = mlmodel.pytorch.load_model(tmp_path / "m")
    assert isinstance(native, nn.Module)
    with torch.no_grad():
        assert np.array_equal(native(torch.tensor(ROWS)).numpy(), asked[0][1])
    lines = (tmp_path / "m" / "requirements.txt").read_text().splitlines()
    assert any(line.startswith("cloudpickle==") for line in lines) is (form == "pickle")
    files = {path.name for path in (tmp_path / "m" / "data").iterdir()}
    is_program = form in ("exported", "a program")
    assert files == ({"model.pt2"} if is_program else {"model.pth", "pickle_module_info.txt"})


@pytest.mark.parametrize("form", ["pickle", "TorchScript", "exported"])
def test_saving_leaves_the_module_as_it_is(form, network, tmp_path):
    """PTH-004, PTH-015: what is in training stays so, and its parts."""
    make, options = FORMS[form]
    model = make(network)
    model.train()
    model[2].eval()
    mlmodel.pytorch.save_model(model, tmp_path / "m", input_example=ROWS, **options)
    assert model.training
    assert [part.training for part in model] == [True, True, False, True]
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(ROWS), answered(network))


@pytest.mark.parametrize("form", ["pickle", "TorchScript"])
def test_the_native_module_is_in_eval_mode(form, network, tmp_path):
    """PTH-015: whatever its mode was when MLflow saved it."""
    out = io.BytesIO()
    if form == "pickle":
        torch.save(network.train(), out)
    else:
        torch.jit.save(torch.jit.script(network.train()), out)
    write(tmp_path / "m", FOLDER, data__model_dot_pth=out.getvalue())
    assert not mlmodel.pytorch.load_model(tmp_path / "m", trust=True).training


def test_attributes_are_those_of_mlflow(network, tmp_path):
    """PTH-001, PTH-002."""
    (tmp_path / "classes.txt").write_text("a\nb\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.txt").write_text("b")
    mlmodel.pytorch.save_model(
        network, tmp_path / "m", extra_files=[tmp_path / "classes.txt", str(tmp_path / "more")]
    )
    flavors = document.read(tmp_path / "m" / "MLmodel").data["flavors"]
    assert flavors["pytorch"] == {
        "code": None,
        "extra_files": [{"path": "extra_files/classes.txt"}, {"path": "extra_files/more"}],
        "model_data": "data",
        "pytorch_version": torch.__version__,
    }
    of_python = flavors["python_function"]
    assert of_python["loader_module"] == "mlflow.pytorch"
    assert of_python["data"] == "data"
    assert of_python["pickle_module_name"] == "mlflow.pytorch.pickle_module"
    assert of_python["config"] == {"device": None}
    assert (tmp_path / "m" / "extra_files" / "classes.txt").read_text() == "a\nb\n"
    named = (tmp_path / "m" / "data" / "pickle_module_info.txt").read_text()
    assert named == "mlflow.pytorch.pickle_module"
    lines = (tmp_path / "m" / "requirements.txt").read_text().splitlines()
    assert {line.partition("==")[0] for line in lines} >= {"torch", "cloudpickle"}
    assert all("+" not in line for line in lines)


@pytest.mark.parametrize("given", [["no_such_file"], "classes.txt"])
def test_extra_files_that_are_not_there_are_refused(given, network, tmp_path):
    with pytest.raises(InvalidArgument, match="extra_files"):
        mlmodel.pytorch.save_model(network, tmp_path / "m", extra_files=given)
    assert not (tmp_path / "m").exists()


def test_the_flavor_is_detected(network, tmp_path):
    """Programs too; a class derived from a module's, and a plain dict of tensors is none."""
    program = FORMS["a program"][0](network)
    for place, model in enumerate((network, torch.jit.script(network), program)):
        mlmodel.save(model, tmp_path / str(place))
        assert "pytorch" in document.read(tmp_path / str(place) / "MLmodel").data["flavors"]
    with pytest.raises(InvalidArgument, match="No flavor is known"):
        mlmodel.save(network.state_dict(), tmp_path / "s")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"w": torch.ones(1)}, "saves a torch.nn.Module, not builtins.dict; .*save_state_dict"),
        (torch.ones(1), "not torch.Tensor"),
        (nn.Linear, "is a class"),
        (lambda rows: rows, "not builtins.function"),
    ],
)
def test_what_is_no_module_is_refused(model, message, tmp_path):
    """PTH-004."""
    with pytest.raises(InvalidArgument, match=message):
        mlmodel.pytorch.save_model(model, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_what_cannot_be_pickled_is_refused(network, tmp_path):
    """PTH-004."""
    network.held = (number for number in [1])
    with pytest.raises(InvalidArgument, match="cannot be saved.*generator.*PTH-004"):
        mlmodel.pytorch.save_model(network, tmp_path / "m")


def test_an_unknown_format_is_refused(network, tmp_path):
    """PTH-004."""
    with pytest.raises(InvalidArgument, match="pickle, pt2, not 'safetensors'.*PTH-004"):
        mlmodel.pytorch.save_model(network, tmp_path / "m", serialization_format="safetensors")


def test_nothing_is_written_over(network, tmp_path):
    mlmodel.pytorch.save_model(network, tmp_path / "m")
    with pytest.raises(ModelExists):
        mlmodel.pytorch.save_model(network, tmp_path / "m")
    mlmodel.pytorch.save_model(
        network, tmp_path / "m", serialization_format="pt2", input_example=ROWS, overwrite=True
    )
    assert not (tmp_path / "m" / "data" / "model.pth").exists()


# Exported programs.


@pytest.mark.parametrize(
    ("example", "make", "message"),
    [
        (None, lambda model: model, "input_example.*PTH-009"),
        (ROWS, torch.jit.script, "TorchScript.*PTH-009"),
        (ROWS[:, :2], lambda model: model, "cannot be exported.*PTH-009"),
    ],
)
def test_what_cannot_be_exported_is_refused(example, make, message, network, tmp_path):
    """PTH-009."""
    with pytest.raises(InvalidArgument, match=message):
        mlmodel.pytorch.save_model(
            make(network), tmp_path / "m", serialization_format="pt2", input_example=example
        )


@pytest.mark.parametrize("example", [ROWS[:1], pd.DataFrame(ROWS, columns=list("abc"))])
def test_an_example_of_one_row_or_a_table_lets_any_number_in(example, network, tmp_path):
    """PTH-009."""
    mlmodel.pytorch.save_model(
        network, tmp_path / "m", serialization_format="pt2", input_example=example
    )
    loaded = mlmodel.load(tmp_path / "m")
    rows = ROWS if isinstance(example, np.ndarray) else example
    for count in (1, 2, 5, 6):
        assert len(loaded.predict(rows[:count])) == count


def test_data_that_a_program_was_not_exported_for_are_refused(network, tmp_path):
    """PTH-015: whichever error its guards are."""
    options = FORMS["exported"][1]
    mlmodel.pytorch.save_model(network, tmp_path / "m", input_example=ROWS, **options)
    program = mlmodel.pytorch.load_model(tmp_path / "m")
    predict = mlmodel.pytorch.FLAVOR.predictor(program, {})
    for given in (ROWS[:, :2], ROWS.astype("float64"), ROWS[0]):
        with pytest.raises(InvalidInput, match="PTH-015"):
            predict(given, None)


class FixedRows(nn.Module):
    def forward(self, rows):
        return rows.reshape(2, 9) @ torch.ones(9, 1)


def test_a_program_of_as_many_rows_as_the_example_is_told(tmp_path):
    """PTH-009."""
    with pytest.warns(UserWarning, match=r"exactly 6 rows.*PTH-009"):
        mlmodel.pytorch.save_model(
            FixedRows(), tmp_path / "m", serialization_format="pt2", input_example=ROWS
        )


class TwoInputs(nn.Module):
    def forward(self, left, right, scale: float = 1.0):
        return {"sum": (left + right) * scale, "pair": (left, right)}


def test_axes_of_a_signature_may_have_any_size(tmp_path):
    """PTH-009: of several tensors, by the names of arguments."""
    example = {"left": np.ones((2, 3), "float32"), "right": np.ones((2, 3), "float32")}
    inputs = mlmodel.types.Schema(
        [mlmodel.types.TensorSpec(np.dtype("float32"), (-1, -1), name) for name in example]
    )
    signature = mlmodel.models.ModelSignature(inputs=inputs)
    mlmodel.pytorch.save_model(
        TwoInputs(), tmp_path / "m", serialization_format="pt2", input_example=example,
        signature=signature,
    )  # fmt: skip
    given = {name: np.full((3, 5), 2, "float32") for name in example}
    assert mlmodel.load(tmp_path / "m").predict(given)["sum"].tolist() == [[4.0] * 5] * 3


def test_a_program_is_traced_with_the_data_of_an_example_with_parameters(network, tmp_path):
    """PTH-009."""

    class Scaled(nn.Module):
        def forward(self, rows, scale: float = 1.0):
            return rows * scale

    mlmodel.pytorch.save_model(
        Scaled(), tmp_path / "m", serialization_format="pt2", input_example=(ROWS, {"scale": 1.0})
    )
    native = mlmodel.pytorch.load_model(tmp_path / "m")
    assert np.array_equal(native(torch.tensor(ROWS[:3])).numpy(), ROWS[:3])


# Layouts.


def write(folder, mlmodel_text, **files):
    folder.mkdir(exist_ok=True)
    (folder / "MLmodel").write_text(mlmodel_text)
    for name, data in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return folder


FOLDER = (
    "flavors:\n  python_function: {data: data, loader_module: mlflow.pytorch}\n"
    "  pytorch: {model_data: data, pytorch_version: 2.6.0}\n"
)


def saved(model, **options):
    out = io.BytesIO()
    torch.save(model, out, **options)
    return out.getvalue()


def test_the_file_itself_of_early_versions(network, tmp_path):
    """PTH-001, PTH-003: also as PyTorch wrote it before 1.6, and under any name."""
    text = FOLDER.replace("data: data", "data: net.pkl").replace(
        "model_data: data", "model_data: net.pkl"
    )
    data = saved(network, _use_new_zipfile_serialization=False)
    write(tmp_path / "m", text, net_dot_pkl=data)
    assert mlmodel.validate(tmp_path / "m").valid
    loaded = mlmodel.load(tmp_path / "m", trust=True)
    assert np.array_equal(loaded.predict(ROWS), answered(network))


def test_the_pickle_is_taken_where_both_files_are(network, tmp_path):
    """PTH-003."""
    write(tmp_path / "m", FOLDER, data__model_dot_pth=saved(network), data__model_dot_pt2=b"x")
    assert np.array_equal(mlmodel.load(tmp_path / "m", trust=True).predict(ROWS), answered(network))


@pytest.mark.parametrize("name", ["pytorch-1.5", "pytorch-2.5.0"])
def test_folders_of_real_users(name, corpus):
    """Their weights are not there, and what is there instead is said."""
    for load in (mlmodel.load, mlmodel.pytorch.load_model):
        with pytest.raises(InvalidModel, match="Git LFS|does not exist|is missing") as caught:
            load(corpus / name, trust=True)
        assert {one.rule for one in caught.value.details} <= {"DIR-003", "DIR-009"}


def test_a_folder_without_a_module(network, tmp_path):
    write(tmp_path / "m", FOLDER, data__readme_dot_txt=b"x")
    with pytest.raises(InvalidModel, match=r"data/model.pth.*DIR-003"):
        mlmodel.load(tmp_path / "m", trust=True)


# What pickled it.


@pytest.mark.parametrize("module", [pickle, __import__("cloudpickle")])
def test_another_module_may_pickle_it(module, network, tmp_path):
    """PTH-005."""
    mlmodel.pytorch.save_model(network, tmp_path / "m", pickle_module=module)
    named = tmp_path / "m" / "data" / "pickle_module_info.txt"
    assert named.read_text() == module.__name__
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(ROWS), answered(network))
    for text in (f"{module.__name__}\n", "\n"):  # as a person would write it
        named.write_text(text)
        assert mlmodel.load(tmp_path / "m", trust=True) is not None


def test_the_module_that_pickled_it_reads_it(network, tmp_path, monkeypatch):
    """PTH-005: imported where the folder is trusted, and not before."""
    (tmp_path / "own_pickler.py").write_text(
        "import pickle\nprint('imported')\nclass Unpickler(pickle.Unpickler):\n"
        "    def find_class(self, module, name):\n"
        "        return super().find_class(module.removeprefix('own:'), name)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    write(
        tmp_path / "m", FOLDER, data__model_dot_pth=saved(network),
        data__pickle_module_info_dot_txt=b"own_pickler",
    )  # fmt: skip
    with pytest.raises(UntrustedModel):
        mlmodel.load(tmp_path / "m")
    assert "own_pickler" not in sys.modules
    assert np.array_equal(mlmodel.load(tmp_path / "m", trust=True).predict(ROWS), answered(network))
    assert "own_pickler" in sys.modules


def test_a_module_that_pickled_it_and_is_not_installed(network, tmp_path):
    """PTH-005."""
    write(
        tmp_path / "m", FOLDER, data__model_dot_pth=saved(network),
        data__pickle_module_info_dot_txt=b"no_such_pickler",
    )  # fmt: skip
    with pytest.raises(
        MissingDependency, match="'no_such_pickler', which is not installed.*PTH-005"
    ):
        mlmodel.load(tmp_path / "m", trust=True)


def test_a_class_of_the_models_own_code(tmp_path, nobody):
    """Its module comes with the model, and asks for trust."""
    (tmp_path / "own_net.py").write_text(
        "import torch\nclass Net(torch.nn.Module):\n    def forward(self, rows):\n"
        "        return rows * 2\n"
    )
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import mlmodel, own_net\n"
        "mlmodel.pytorch.save_model(own_net.Net(), sys.argv[1] + '/m',\n"
        "                           code_paths=[sys.argv[1] + '/own_net.py'])\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(ROWS), ROWS * 2)
    nobody()
    with pytest.raises(UntrustedModel, match="code that the model brings along"):
        mlmodel.load(tmp_path / "m")


# Damage, versions, what is missing.


DAMAGED = {
    "nothing": (b"", "PTH-006"),
    "garbage": (b"garbage", "PTH-006"),
    "a text": (b"Not Found", "PTH-006"),
    "half a module": (lambda data: data[: len(data) // 2], "PTH-006"),
}


@pytest.mark.parametrize("what", DAMAGED)
@pytest.mark.parametrize("file", ["model.pth", "model.pt2"])
def test_a_damaged_file_is_refused(what, file, network, tmp_path):
    """PTH-006."""
    broken, rule = DAMAGED[what]
    options = FORMS["exported" if file == "model.pt2" else "pickle"][1]
    mlmodel.pytorch.save_model(network, tmp_path / "m", input_example=ROWS, **options)
    path = tmp_path / "m" / "data" / file
    path.write_bytes(broken(path.read_bytes()) if callable(broken) else broken)
    with pytest.raises(InvalidModel, match=f"data/{file}.*{rule}"):
        mlmodel.load(tmp_path / "m", trust=True)


@pytest.mark.parametrize("form", ["pickle", "TorchScript", "exported"])
def test_an_archive_that_lacks_a_part_is_refused(form, network, tmp_path):
    """PTH-006: as PyTorch says it, in one line."""
    make, options = FORMS[form]
    mlmodel.pytorch.save_model(make(network), tmp_path / "m", input_example=ROWS, **options)
    [path] = (tmp_path / "m" / "data").glob("model.*")
    parts = ("data/0", "weight_0", "serialized_state_dict.pt")  # the last as PyTorch 2.6 calls it
    out = io.BytesIO()
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(out, "w") as made:
        kept = [one for one in given.namelist() if not one.endswith(parts)]
        assert len(kept) < len(given.namelist())
        for one in kept:
            made.writestr(one, given.read(one))
    path.write_bytes(out.getvalue())
    with pytest.raises(InvalidModel, match=r"data/model\.pt[h2]") as caught:
        mlmodel.load(tmp_path / "m", trust=True)
    assert "\n" not in caught.value.message
    # What is wrong, and not "see above"; PyTorch 2.6 says no more of a program.
    assert re.search("failed locating file|: AssertionError", caught.value.message)
    assert logging.getLogger("torch.export").filters == []  # which says nothing meanwhile


def test_a_program_that_cannot_be_written(network, tmp_path, monkeypatch):
    """PTH-009: what PyTorch says, in one line; nothing is left."""

    def fails(*_):
        raise RuntimeError("Unable to serialize an object of a kind\nand much more")

    monkeypatch.setattr(torch.export, "save", fails)
    said = r"The program cannot be written: Unable to serialize an object of a kind \(PTH-009\)"
    with pytest.raises(InvalidArgument, match=said):
        mlmodel.pytorch.save_model(
            network, tmp_path / "m", serialization_format="pt2", input_example=ROWS
        )
    assert not (tmp_path / "m").exists()


def test_something_else_than_a_module(network, tmp_path):
    """PTH-006."""
    write(tmp_path / "m", FOLDER, data__model_dot_pth=saved(network.state_dict()))
    with pytest.raises(
        UnsupportedModel, match="holds an object of collections.OrderedDict.*PTH-006"
    ):
        mlmodel.load(tmp_path / "m", trust=True)


@pytest.mark.parametrize("version", ["1.4.0", "99.0.0"])
def test_another_version_is_named_where_it_keeps_the_model_from_loading(version, network, tmp_path):
    """ENV-021: the version that saved it, and the one that is installed."""
    text = FOLDER.replace("2.6.0", version)
    write(tmp_path / "m", text, data__model_dot_pth=of_another_version(network))
    with pytest.raises(MissingDependency) as caught:
        mlmodel.load(tmp_path / "m", trust=True)
    assert version in caught.value.message
    assert torch.__version__.partition("+")[0] in caught.value.message


def of_another_version(model):
    """Return a pickle that names a module of PyTorch which this version has not."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made, zipfile.ZipFile(io.BytesIO(saved(model))) as given:
        for one in given.namelist():
            content = given.read(one).replace(
                b"torch.nn.modules.linear", b"torch.nn.modules.lineal"
            )
            made.writestr(one, content)
    return out.getvalue()


def test_the_name_of_a_build_is_no_version(network, tmp_path):
    """ENV-021: 2.9.0+cpu and 2.9.0 are one version."""
    installed = torch.__version__.partition("+")[0]
    text = FOLDER.replace("2.6.0", f"{installed}+of_another_build")
    write(tmp_path / "m", text, data__model_dot_pth=of_another_version(network))
    with pytest.raises(MissingDependency) as caught:
        mlmodel.load(tmp_path / "m", trust=True)
    assert "of_another_build" not in caught.value.message


def program_of_2_7(model):
    """Return an exported program in the form that PyTorch wrote up to 2.7."""
    from torch._export.serde.serialize import serialize

    program = torch.export.export(
        model.eval(),
        (torch.ones(2, 3),),
        dynamic_shapes=({0: torch.export.Dim.AUTO},),
        strict=False,
    )
    parts, out = serialize(program), io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("version", "8.8")
        made.writestr("serialized_exported_program.json", parts.exported_program)
        made.writestr("serialized_state_dict.pt", parts.state_dict)
        made.writestr("serialized_constants.pt", parts.constants)
        made.writestr("serialized_example_inputs.pt", parts.example_inputs)
    return out.getvalue()


def test_a_program_of_an_older_torch(network, tmp_path):
    """PTH-003: whose archive has another form."""
    write(tmp_path / "m", FOLDER, data__model_dot_pt2=program_of_2_7(network))
    with pytest.raises(UntrustedModel, match="exported program"):
        mlmodel.load(tmp_path / "m")
    assert [look.needs_trust for look in look_into(tmp_path / "m")] == [True]
    assert np.array_equal(mlmodel.load(tmp_path / "m", trust=True).predict(ROWS), answered(network))


# Trust.


@pytest.mark.parametrize("form", FORMS)
def test_every_form_asks_for_trust(form, network, tmp_path, nobody):
    """PTH-008, TRU-006: and it is told what would run."""
    make, options = FORMS[form]
    mlmodel.pytorch.save_model(make(network), tmp_path / "m", input_example=ROWS, **options)
    nobody()
    for load in (mlmodel.load, mlmodel.pytorch.load_model):
        with pytest.raises(UntrustedModel, match=r"pickled module|TorchScript|exported program"):
            load(tmp_path / "m")
        assert load(tmp_path / "m", trust=True) is not None
    looks = [look for look in look_into(tmp_path / "m") if look.needs_trust]
    assert [look.file.rpartition(".")[0] for look in looks] == ["data/model"]


class Reading(nn.Module):
    def forward(self, rows):
        torch.save(rows, "written_by_a_model.pt")
        return rows + torch.from_file("made_by_a_model.bin", shared=True, size=1)[0]


def test_a_program_of_torchscript_writes_files(tmp_path, monkeypatch, nobody):
    """PTH-008: why it asks."""
    monkeypatch.chdir(tmp_path)
    mlmodel.pytorch.save_model(torch.jit.script(Reading()), tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m")
    loaded.predict(ROWS)
    assert (tmp_path / "written_by_a_model.pt").exists()
    assert (tmp_path / "made_by_a_model.bin").exists()
    nobody()
    with pytest.raises(UntrustedModel):
        mlmodel.load(tmp_path / "m")


def test_an_expression_of_an_exported_program_runs_nothing_without_trust(
    network, tmp_path, monkeypatch, nobody
):
    """PTH-008: PyTorch evaluates the sizes in the program's JSON as Python."""
    monkeypatch.chdir(tmp_path)
    options = FORMS["exported"][1]
    mlmodel.pytorch.save_model(network, tmp_path / "m", input_example=ROWS, **options)
    path, out = tmp_path / "m" / "data" / "model.pt2", io.BytesIO()
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(out, "w") as made:
        for one in given.namelist():
            run = b"__import__('os').mkdir('ran') or Symbol('s"
            made.writestr(one, given.read(one).replace(b"Symbol('s", run))
    path.write_bytes(out.getvalue())
    nobody()
    with pytest.raises(UntrustedModel):
        mlmodel.load(tmp_path / "m")
    assert not (tmp_path / "ran").exists()


# State dicts.


def test_a_state_dict_is_saved_and_loaded(network, tmp_path, nobody):
    """PTH-007: it is data, and needs no trust."""
    mlmodel.pytorch.save_state_dict(network.state_dict(), tmp_path / "s")
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["state_dict.pth"]
    nobody()
    again = nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.BatchNorm1d(4), nn.Linear(4, 2))
    again.load_state_dict(mlmodel.pytorch.load_state_dict(tmp_path / "s"))
    assert np.array_equal(answered(again), answered(network))


def test_a_state_dict_that_holds_more_is_trusted_by_who_saved_it(tmp_path, nobody):
    """PTH-007, TRU-001."""
    held = {"weights": torch.ones(2), "part": nn.Linear(1, 1)}
    mlmodel.pytorch.save_state_dict(held, tmp_path / "s")
    assert type(mlmodel.pytorch.load_state_dict(tmp_path / "s")["part"]) is nn.Linear
    nobody()
    with pytest.raises(UntrustedModel):
        mlmodel.pytorch.load_state_dict(tmp_path / "s")


def test_a_state_dict_that_cannot_be_saved(tmp_path):
    """PTH-007."""
    with pytest.raises(InvalidArgument, match=r"state dict: .*PTH-007"):
        mlmodel.pytorch.save_state_dict({"held": (one for one in ())}, tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_what_is_no_state_dict_is_refused(network, tmp_path):
    with pytest.raises(InvalidArgument, match="not torch.nn.*save_model saves a module"):
        mlmodel.pytorch.save_state_dict(network, tmp_path / "s")
    with pytest.raises(InvalidArgument, match="not builtins.list"):
        mlmodel.pytorch.save_state_dict([1], tmp_path / "s")
    mlmodel.pytorch.save_state_dict({}, tmp_path / "s")
    with pytest.raises(ModelExists):
        mlmodel.pytorch.save_state_dict({}, tmp_path / "s")
    with pytest.raises(ModelNotFound):
        mlmodel.pytorch.load_state_dict(tmp_path / "no_such")


# Devices.


def test_a_device_that_is_configured(network, tmp_path):
    """PTH-013."""
    mlmodel.pytorch.save_model(network, tmp_path / "m")
    loaded = mlmodel.pyfunc.load_model(tmp_path / "m", model_config={"device": "cpu"})
    assert np.array_equal(loaded.predict(ROWS), answered(network))
    for device in ("no_such_device", "cuda:77", 3.5):
        with pytest.raises(InvalidArgument, match="cannot be had.*PTH-013"):
            mlmodel.pyfunc.load_model(tmp_path / "m", model_config={"device": device})
    moved = mlmodel.pyfunc.load_model(tmp_path / "m", model_config={"device": "meta"})
    with pytest.raises(InvalidInput, match="PTH-015"):  # numbers that are nowhere
        moved.predict(ROWS)


def test_a_graphics_card_is_taken_where_there_is_one(network, tmp_path, monkeypatch):
    """PTH-013: by a module, which can be moved; an exported program stays."""
    moved = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(nn.Module, "to", lambda self, at: moved.append(str(at)) or self)
    program = FORMS["a program"][0](network).module()
    assert on_device(torch, program, None, tmp_path) is program
    assert moved == []
    assert on_device(torch, network, None, tmp_path) is network
    assert moved == ["cuda"]


def test_an_exported_program_stays_on_its_device(network, tmp_path):
    """PTH-013."""
    options = FORMS["exported"][1]
    mlmodel.pytorch.save_model(network, tmp_path / "m", input_example=ROWS, **options)
    with pytest.raises(UnsupportedModel, match="exported on cpu.*PTH-013"):
        mlmodel.pyfunc.load_model(tmp_path / "m", model_config={"device": "meta"})


@pytest.mark.parametrize(
    ("device", "fits"),
    [("cpu", True), ("cpu:1", False), ("cuda", False), ("x", False), (3.5, False)],
)
def test_the_parameter_device_is_where_the_model_is(device, fits, network, tmp_path):
    """PTH-013."""
    mlmodel.pytorch.save_model(network, tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m")
    if fits:
        assert np.array_equal(loaded.predict(ROWS, {"device": device}), answered(network))
    else:
        with pytest.raises(InvalidInput, match="The model is on cpu.*PTH-013"):
            loaded.predict(ROWS, {"device": device})


# Elsewhere: behind the second wall, and with MLflow 3.


@pytest.mark.slow
@pytest.mark.parametrize("form", ["pickle", "TorchScript", "exported"])
def test_a_trusted_module_predicts_behind_the_wall(form, network, tmp_path):
    """TRU-090."""
    if lacking():
        pytest.skip("this system has no wall")
    make, options = FORMS[form]
    mlmodel.pytorch.save_model(make(network), tmp_path / "m", input_example=ROWS, **options)
    walled = mlmodel.pyfunc.load_model(tmp_path / "m", sandbox=True)
    assert np.array_equal(walled.predict(ROWS), answered(network))


_MLFLOW = """
import sys, mlflow, mlflow.pytorch, numpy as np, torch
folder, rows = sys.argv[1], np.load(sys.argv[2])
for form in ("pickle", "TorchScript", "exported"):
    loaded = mlflow.pyfunc.load_model(f"{folder}/{form}")
    np.save(f"{folder}/{form}.npy", loaded.predict(rows))
model = mlflow.pytorch.load_model(f"{folder}/pickle")
given = {"input_example": rows, "pip_requirements": ["torch"]}
mlflow.pytorch.save_model(model, f"{folder}/theirs-exported", **given)
mlflow.pytorch.save_model(model, f"{folder}/theirs-pickle", serialization_format="pickle", **given)
scripted = torch.jit.script(model)
mlflow.pytorch.save_model(
    scripted, f"{folder}/theirs-TorchScript", serialization_format="pickle", **given
)
mlflow.pytorch.save_state_dict(model.state_dict(), f"{folder}/theirs-state")
"""


@pytest.mark.slow
def test_every_form_goes_both_ways_with_mlflow(network, tmp_path):
    """PTH-003, PTH-004, PTH-007: MLflow 3 answers to the bit as we do, and what it writes is read."""
    for form in ("pickle", "TorchScript", "exported"):
        make, options = FORMS[form]
        mlmodel.pytorch.save_model(make(network), tmp_path / form, input_example=ROWS, **options)
    np.save(tmp_path / "rows.npy", ROWS)
    environment = {
        **os.environ, "PYTHONPATH": str(peer_folder("mlflow-skinny")),
        "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", _MLFLOW, str(tmp_path), str(tmp_path / "rows.npy")],
        cwd=tmp_path, capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    for form in ("pickle", "TorchScript", "exported"):
        assert np.array_equal(np.load(tmp_path / f"{form}.npy"), answered(network)), form
        theirs = mlmodel.load(tmp_path / f"theirs-{form}", trust=True)
        assert np.array_equal(theirs.predict(ROWS), answered(network)), form
    state = mlmodel.pytorch.load_state_dict(tmp_path / "theirs-state")
    assert all(map(torch.equal, state.values(), network.state_dict().values()))
