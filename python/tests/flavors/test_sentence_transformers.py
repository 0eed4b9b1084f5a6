"""The sentence_transformers flavor (SEN rules)."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import mlmodel
from mlmodel import document
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    MissingDependency,
    UntrustedModel,
)
from mlmodel.sandbox.wall import lacking
from mlmodel.trust.describe import look_into
from specimens import model as trained
from specimens import specimen
from specimens import transformers as small

pytestmark = pytest.mark.libraries("sentence_transformers", "transformers", "torch")

ROWS = pd.DataFrame({"text": ["a good film", "the book was long"]}, index=[7, 3])
TEXTS = ROWS["text"].tolist()
FOLDER = "model.sentence_transformer"


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """Nothing may be downloaded: a try would be an error of another kind."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def embedder():
    return trained("sentence_transformers")


@pytest.fixture(scope="module")
def once(embedder, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "m"
    mlmodel.sentence_transformers.save_model(embedder, path)
    return path


@pytest.fixture
def saved(once, tmp_path, monkeypatch):
    """A model that somebody else saved."""
    shutil.copytree(once, tmp_path / "m")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    return tmp_path / "m"


def test_a_model_is_saved_and_loaded(embedder, saved):
    """SEN-001, SEN-002, SEN-004, SEN-005."""
    import sentence_transformers

    version = sentence_transformers.__version__
    flavors = document.read(saved / "MLmodel").data["flavors"]
    assert flavors["sentence_transformers"] == {
        "code": None,
        "pipeline_model_type": "BertModel",
        "sentence_transformers_version": version,
    }
    assert flavors["python_function"]["loader_module"] == "mlflow.sentence_transformers"
    assert flavors["python_function"]["data"] == FOLDER
    assert f"sentence-transformers=={version}" in (saved / "requirements.txt").read_text()
    assert mlmodel.validate(saved).violations == ()
    assert look_into(saved) == []
    assert type(mlmodel.sentence_transformers.load_model(saved)) is type(embedder)
    answer = mlmodel.load(saved).predict(ROWS)
    assert answer.dtype == np.float32
    np.testing.assert_array_equal(answer, embedder.encode(TEXTS))


@pytest.mark.parametrize("given", [
    ROWS.rename(columns={"text": "anything"}), TEXTS, tuple(TEXTS), np.array(TEXTS), pd.Series(TEXTS),
    [[one] for one in TEXTS], [{"text": one} for one in TEXTS], {"text": TEXTS},
    pd.DataFrame({"t": pd.Categorical(TEXTS)}),
])  # fmt: skip
def test_one_column_of_texts_or_a_list(saved, embedder, given):
    """SEN-008."""
    np.testing.assert_array_equal(mlmodel.load(saved).predict(given), embedder.encode(TEXTS))


def test_no_rows(saved):
    for given in (ROWS.head(0), [], np.array([])):
        assert mlmodel.load(saved).predict(given).shape == (0, 16)


@pytest.mark.parametrize("given", ["one text", 3.0, ROWS.assign(b="x"), np.zeros((2, 2))])
def test_another_kind_of_data_is_refused(saved, given):
    with pytest.raises(InvalidInput, match="SEN-008"):
        mlmodel.load(saved).predict(given)


@pytest.mark.parametrize("given", [["a", None], ["a", 3], pd.DataFrame({"t": [b"a", b"b"]})])
def test_what_is_no_text_is_refused(saved, given):
    with pytest.raises(InvalidInput, match="row.*SEN-009"):
        mlmodel.load(saved).predict(given)


@pytest.mark.parametrize(
    "params",
    [{"normalize_embeddings": True}, {"precision": "ubinary"}, {"prompt": "the "}, {"batch_size": 1},
     {"truncate_dim": 4}],
)  # fmt: skip
def test_the_parameters_of_encode(saved, embedder, params):
    """SEN-010."""
    answer = mlmodel.load(saved).predict(ROWS, params=params)
    expected = embedder.encode(TEXTS, **params)
    assert answer.dtype == expected.dtype
    np.testing.assert_array_equal(answer, expected)


def test_other_parameters_are_refused(saved):
    loaded = mlmodel.load(saved)
    for name in ("convert_to_tensor", "output_value", "device", "pool"):
        with pytest.raises(InvalidInput, match=rf"SEN-010: Parameter .{name}."):
            loaded.predict(ROWS, params={name: "x"})
    for params in ({"precision": "x"}, {"prompt_name": "no such"}):
        with pytest.raises(InvalidInput, match="SEN-011"):
            loaded.predict(ROWS, params=params)


@pytest.mark.parametrize("kind", ["MemoryError", "OutOfMemoryError", "OfTheModelsOwn"])
def test_an_error_that_is_not_of_the_data_stays_what_it_is(kind):
    """SEN-011: a lack of memory (of a graphics card, which is a RuntimeError, too), or another's."""
    base = RuntimeError if kind == "OutOfMemoryError" else ArithmeticError
    lack = type(kind, (base,), {})

    class Model:
        def encode(self, _texts, **_named):
            raise lack("out of it")

    with pytest.raises(lack, match="^out of it$"):
        mlmodel.sentence_transformers.FLAVOR.predictor(Model(), {})(TEXTS, None)


def test_the_configuration_of_python_function(saved, embedder):
    """SEN-010: of MLflow's task the array is the answer; a prediction's own come first.

    What would be another sort of answer is left out.
    """
    path = saved / "MLmodel"
    held = yaml.safe_load(path.read_text())
    held["flavors"]["python_function"]["config"] = {
        "task": "llm/v1/embeddings", "truncate_dim": 4, "output_value": "token_embeddings",
    }  # fmt: skip
    path.write_text(yaml.safe_dump(held))
    answer = mlmodel.load(saved).predict(pd.DataFrame({"input": TEXTS}))
    np.testing.assert_array_equal(answer, embedder.encode(TEXTS, truncate_dim=4))
    answer = mlmodel.load(saved).predict(TEXTS, params={"truncate_dim": 2})
    np.testing.assert_array_equal(answer, embedder.encode(TEXTS, truncate_dim=2))


def test_another_object_is_not_saved(embedder, tmp_path):
    with pytest.raises(InvalidArgument, match=r"SentenceTransformer, not builtins\.dict"):
        mlmodel.sentence_transformers.save_model({}, tmp_path / "m")
    with pytest.raises(InvalidArgument, match="SentenceTransformer, not"):
        mlmodel.sentence_transformers.save_model(embedder[1], tmp_path / "m")
    called_so = type("SentenceTransformer", (), {})()
    with pytest.raises(InvalidArgument, match="SentenceTransformer, not"):
        mlmodel.sentence_transformers.save_model(called_so, tmp_path / "m")
    with pytest.raises(InvalidArgument, match="give an instance"):
        mlmodel.sentence_transformers.save_model(type(embedder), tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_without_the_library_the_extra_is_named(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    said = r"'sentence-transformers' is not installed.*\[sentence_transformers\]"
    with pytest.raises(MissingDependency, match=said):
        mlmodel.load(saved)


@pytest.mark.parametrize("version", ["99.0.0", "0.3.0"])
def test_another_version_is_named_with_the_installed_one(saved, version):
    """ENV-021: where the files cannot be read."""
    import sentence_transformers

    path = saved / "MLmodel"
    here = sentence_transformers.__version__
    key = "sentence_transformers_version: "
    path.write_text(path.read_text().replace(f"{key}{here}", f"{key}{version}"))
    (saved / FOLDER / "config.json").write_text('{"model_type": "bert", "hidden_size": "x"}')
    with pytest.raises(MissingDependency) as caught:
        mlmodel.sentence_transformers.load_model(saved, trust=True)
    assert version in caught.value.message
    assert here in caught.value.message


@pytest.mark.parametrize(
    "file", ["model.safetensors", "config.json", "modules.json", "tokenizer.json"]
)
@pytest.mark.parametrize("share", [0, 0.6])
def test_a_file_that_is_cut_off(saved, file, share):
    """SEN-004, SEN-007."""
    path = saved / FOLDER / file
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises((InvalidModel, UntrustedModel)):
        mlmodel.load(saved)
    with pytest.raises(InvalidModel):
        mlmodel.load(saved, trust=True)


@pytest.mark.parametrize("file", ["", "model.safetensors", "config.json", "1_Pooling"])
def test_a_file_that_is_missing(saved, file):
    path = saved / FOLDER / file
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(InvalidModel):
        mlmodel.load(saved)


@pytest.mark.parametrize("norm", [("gamma", "beta"), ("weight", "bias")])
def test_a_weight_that_no_file_has_is_not_made_up(norm, saved):
    """SEN-007: also beside names of old files, which some versions write."""
    from safetensors.torch import load_file, save_file

    names = dict(zip(("gamma", "beta"), norm, strict=True)) | dict(
        zip(("weight", "bias"), norm, strict=True)
    )
    path = saved / FOLDER / "model.safetensors"
    held = load_file(path)
    del held["encoder.layer.1.output.dense.weight"]
    for key in [key for key in held if "LayerNorm" in key]:
        layer, _, name = key.rpartition(".")
        held[f"{layer}.{names[name]}"] = held.pop(key)
    save_file(held, path, {"format": "pt"})
    for trust in (False, True):
        with pytest.raises(
            InvalidModel, match=r"1 weights are missing, \S*encoder.layer.1.*SEN-007"
        ):
            mlmodel.load(saved, trust=trust)


@pytest.mark.parametrize("keys", [{"num_hidden_layers": 10**6}, {"vocab_size": 2**24}])
def test_a_configuration_is_held_against_the_weights(saved, keys):
    """SEN-007: before memory is set aside, in a trusted folder too."""
    path = saved / FOLDER / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))
    for trust in (False, True):
        with pytest.raises(
            InvalidModel, match=r"and the files hold [\d,]+ in \d+ tensors.*SEN-007"
        ):
            mlmodel.load(saved, trust=trust)


@pytest.fixture
def dense(tmp_path, monkeypatch):
    """A model with a layer of its own behind the pooling, saved by somebody else."""
    from sentence_transformers import SentenceTransformer, models

    small.network("BertModel").save_pretrained(tmp_path / "b")
    small.tokenizer().save_pretrained(tmp_path / "b")
    parts = [models.Transformer(str(tmp_path / "b")), models.Pooling(16), models.Dense(16, 4)]
    made = SentenceTransformer(modules=parts)
    mlmodel.sentence_transformers.save_model(made, tmp_path / "m")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    return made, tmp_path / "m"


def test_a_layer_of_its_own(dense):
    """SEN-006."""
    made, folder = dense
    np.testing.assert_array_equal(mlmodel.load(folder).predict(TEXTS), made.encode(TEXTS))
    path = folder / FOLDER / "2_Dense" / "config.json"
    held = json.loads(path.read_text())
    path.write_text(json.dumps({**held, "out_features": 2**24, "in_features": 2**24}))
    for trust in (False, True):
        with pytest.raises(InvalidModel, match=r"a layer is of 16,777,216 times.*SEN-007"):
            mlmodel.load(folder, trust=trust)
    path.write_text(json.dumps({**held, "activation_function": "os.system"}))
    with pytest.raises(UntrustedModel, match=r"2_Dense/config.json, which has.*SEN-006"):
        mlmodel.load(folder)


def test_weights_that_torch_pickled_are_data(dense):
    """SEN-006: those of a layer too, which the library reads by itself."""
    import torch
    from safetensors.torch import load_file

    made, folder = dense
    for path in (folder / FOLDER).rglob("*.safetensors"):
        torch.save(load_file(path), path.with_name("pytorch_model.bin"))
        path.unlink()
    assert len(list((folder / FOLDER).rglob("*.bin"))) == 2
    walled = () if lacking() else ({"sandbox": True},)
    for options in ({}, {"trust": True}, *walled):
        np.testing.assert_array_equal(
            mlmodel.load(folder, **options).predict(TEXTS), made.encode(TEXTS)
        )
    torch.save({"more": Path()}, folder / FOLDER / "2_Dense" / "pytorch_model.bin")
    with pytest.raises(UntrustedModel, match=r"2_Dense/pytorch_model.bin, which uses.*SEN-006"):
        mlmodel.load(folder)


def test_a_decoy_of_safetensors_hides_no_pickle(dense):
    """SEN-006: the library passes it over, and reads the other."""
    import torch
    from safetensors.torch import load_file

    _, folder = dense
    path = folder / FOLDER / "2_Dense" / "model.safetensors"
    torch.save({**load_file(path), "more": Path()}, path.with_name("pytorch_model.bin"))
    path.rename(path.with_name("decoy.safetensors"))
    with pytest.raises(UntrustedModel, match=r"2_Dense/pytorch_model.bin, which uses.*SEN-006"):
        mlmodel.load(folder)


def test_a_module_without_a_folder(tmp_path, monkeypatch):
    """SEN-007: nothing was written of it, or what was empty was not carried along."""
    from sentence_transformers import SentenceTransformer, models

    small.network("BertModel").save_pretrained(tmp_path / "b")
    small.tokenizer().save_pretrained(tmp_path / "b")
    parts = [models.Transformer(str(tmp_path / "b")), models.Pooling(16), models.Normalize()]
    made = SentenceTransformer(modules=parts)
    mlmodel.sentence_transformers.save_model(made, tmp_path / "m")
    shutil.rmtree(tmp_path / "m" / FOLDER / "2_Normalize", ignore_errors=True)
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    for trust in (False, True):
        answer = mlmodel.load(tmp_path / "m", trust=trust).predict(TEXTS)
        np.testing.assert_array_equal(answer, made.encode(TEXTS))


def test_an_adapter_asks_for_trust(saved):
    """SEN-006: the library would look for its base model where it says."""
    (saved / FOLDER / "config.json").unlink()
    held = {"peft_type": "LORA", "base_model_name_or_path": "../elsewhere"}
    (saved / FOLDER / "adapter_config.json").write_text(json.dumps(held))
    with pytest.raises(UntrustedModel, match=r"adapter_config.json, which is an adapter.*SEN-006"):
        mlmodel.load(saved)
    looks = [look.file for look in look_into(saved) if look.needs_trust]
    assert looks == [f"{FOLDER}/adapter_config.json"]


def test_what_asks_for_trust(saved):
    """SEN-003, SEN-006."""
    path = saved / FOLDER / "modules.json"
    held = json.loads(path.read_text())
    held[1]["type"] = "mine.Pooling"
    path.write_text(json.dumps(held))
    with pytest.raises(UntrustedModel, match=r"names the module mine.Pooling.*SEN-006"):
        mlmodel.load(saved)
    assert [look.file for look in look_into(saved)] == [f"{FOLDER}/modules.json"]
    (saved / FOLDER / "mine.py").write_text("raise SystemExit('it ran')")
    with pytest.raises(InvalidModel, match="SEN-004"):
        mlmodel.load(saved, trust=True)


def test_a_tokenizer_with_a_reader_of_its_own_asks_for_trust(saved):
    """SEN-006."""
    path = saved / FOLDER / "tokenizer_config.json"
    path.write_text(
        json.dumps({**json.loads(path.read_text()), "tokenizer_class": "CTRLTokenizer"})
    )
    with pytest.raises(UntrustedModel, match=r"of the class CTRLTokenizer.*SEN-006"):
        mlmodel.load(saved)


@pytest.mark.parametrize("named", [None, {}])
def test_a_tokenizer_of_no_name_asks_for_trust(saved, named):
    """SEN-006: the library takes one by other files, or by the type of the model."""
    path = saved / FOLDER / "tokenizer_config.json"
    held = json.loads(path.read_text())
    del held["tokenizer_class"]
    path.write_text(json.dumps(held))
    if named is None:
        path.unlink()
    with pytest.raises(UntrustedModel, match=r"of an unknown class.*SEN-006"):
        mlmodel.load(saved)


def test_links_ask_for_trust(saved):
    """SEN-006: the library follows them to files that nobody has looked at."""
    path = saved / FOLDER / "modules.json"
    path.rename(saved / "m.json")
    path.symlink_to("../m.json")
    with pytest.raises(UntrustedModel, match=r"modules.json, which is a link.*SEN-006"):
        mlmodel.load(saved)
    assert f"{FOLDER}/modules.json" in [look.file for look in look_into(saved)]


@pytest.mark.parametrize("modules", ["[]", "{}", '{"path": ""}'])
def test_a_model_of_no_modules_is_refused(saved, modules):
    """SEN-004."""
    (saved / FOLDER / "modules.json").write_text(modules)
    with pytest.raises(InvalidModel, match=r"modules\.json lists no modules.*SEN-004"):
        mlmodel.load(saved, trust=True)


def test_the_library_reads_what_was_looked_at(saved, monkeypatch):
    """SEN-006: who changes the folder meanwhile changes nothing of what is loaded."""
    import sentence_transformers

    own, seen = sentence_transformers.SentenceTransformer, []

    def made(place, *arguments, **options):
        seen.append(place)
        (saved / FOLDER / "modules.json").write_text("[]")
        return own(place, *arguments, **options)

    monkeypatch.setattr(sentence_transformers, "SentenceTransformer", made)
    assert len(list(mlmodel.sentence_transformers.load_model(saved))) == 3
    assert not seen[0].startswith(str(saved))
    assert not Path(seen[0]).exists()


def test_a_folder_without_modules(embedder, saved):
    """The library makes a mean of the tokens of a model of transformers."""
    (saved / FOLDER / "modules.json").unlink()
    answer = mlmodel.load(saved).predict(TEXTS)
    answer /= np.linalg.norm(answer, axis=1, keepdims=True)
    np.testing.assert_allclose(answer, embedder.encode(TEXTS), rtol=1e-5)


def test_the_layout_of_mlflow_2(embedder, tmp_path):
    """SEN-001, SEN-002."""
    specimen("sentence_transformers").layouts["2.x"](embedder, tmp_path)
    assert mlmodel.validate(tmp_path).violations == ()
    np.testing.assert_array_equal(mlmodel.load(tmp_path).predict(TEXTS), embedder.encode(TEXTS))
