"""The transformers flavor: saving, loading, versions, layouts (TRF rules)."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import mlmodel
from mlmodel import document
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    MissingDependency,
    UnsupportedModel,
    UntrustedModel,
)
from mlmodel.sandbox.wall import lacking
from mlmodel.trust.describe import look_into
from specimens import model as trained
from specimens import specimen
from specimens import transformers as small

pytestmark = pytest.mark.libraries("transformers", "torch")

ROWS = pd.DataFrame({"text": ["a good film", "the book was long"]}, index=[7, 3])
WEIGHTS = "model/model.safetensors"


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """Nothing may be downloaded: a try would be an error of another kind."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def classifier():
    return trained("transformers")


@pytest.fixture(scope="module")
def once(classifier, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "m"
    mlmodel.transformers.save_model(classifier, path)
    return path


@pytest.fixture
def saved(once, tmp_path, monkeypatch):
    """A model that somebody else saved."""
    shutil.copytree(once, tmp_path / "m")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    return tmp_path / "m"


def keyed(folder, **keys):
    """Change keys of the flavor in the MLmodel file."""
    import yaml

    path = folder / "MLmodel"
    held = yaml.safe_load(path.read_text())
    held["flavors"]["transformers"].update(keys)
    path.write_text(yaml.safe_dump(held))


def changed(folder, file, **keys):
    """Change keys of a file of JSON."""
    path = folder / file
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))


def test_a_classifier_is_saved_and_loaded(classifier, saved):
    """TRF-001, TRF-002, TRF-004, TRF-006."""
    import transformers

    flavors = document.read(saved / "MLmodel").data["flavors"]
    assert flavors["transformers"] == {
        "code": None, "components": ["tokenizer"], "instance_type": "TextClassificationPipeline",
        "model_binary": "model", "pipeline_model_type": "BertForSequenceClassification",
        "source_model_name": "", "task": "text-classification", "tokenizer_type": "BertTokenizer",
        "torch_dtype": "torch.float32", "transformers_version": transformers.__version__,
    }  # fmt: skip
    assert flavors["python_function"]["loader_module"] == "mlflow.transformers"
    assert f"transformers=={transformers.__version__}" in (saved / "requirements.txt").read_text()
    assert mlmodel.validate(saved).violations == ()
    assert look_into(saved) == []
    assert type(mlmodel.transformers.load_model(saved)) is type(classifier)
    answer = mlmodel.load(saved).predict(ROWS)
    assert answer.index.tolist() == [7, 3]
    assert answer.to_dict("records") == classifier(ROWS["text"].tolist())


def test_the_place_where_a_model_was_made_is_not_told(classifier, tmp_path, monkeypatch):
    monkeypatch.setattr(classifier.model, "name_or_path", "/home/me/secret")
    mlmodel.transformers.save_model(classifier, tmp_path / "m")
    assert "secret" not in (tmp_path / "m" / "MLmodel").read_text()


def test_loading_is_quiet_and_leaves_the_library_as_it_was(saved, capfd):
    from transformers.utils import logging

    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    mlmodel.load(saved)
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before
    assert capfd.readouterr() == ("", "")


def test_another_object_is_not_saved(classifier, tmp_path):
    with pytest.raises(InvalidArgument, match=r"saves pipelines.*not builtins\.dict"):
        mlmodel.transformers.save_model({}, tmp_path / "m")
    with pytest.raises(InvalidArgument, match=r"not transformers\..*BertForSequenceClassification"):
        mlmodel.transformers.save_model(classifier.model, tmp_path / "m")
    with pytest.raises(InvalidArgument, match="give an instance"):
        mlmodel.transformers.save_model(type(classifier), tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_an_adapter_is_not_saved(tmp_path):
    """TRF-005."""
    pipeline = small.make()
    pipeline.model.peft_config = {"default": object()}
    with pytest.raises(InvalidArgument, match=r"merge_and_unload.*TRF-005"):
        mlmodel.transformers.save_model(pipeline, tmp_path / "m")


@pytest.mark.parametrize("module", ["transformers", "torch"])
def test_without_a_library_the_extra_is_named(saved, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependency, match=rf"'{module}' is not installed.*\[transformers\]"):
        mlmodel.load(saved)


@pytest.mark.parametrize("version", ["99.0.0", "2.0.0"])
def test_another_version_is_named_with_the_installed_one(saved, version):
    """ENV-021: where the files cannot be read."""
    import transformers

    keyed(saved, transformers_version=version)
    (saved / "model" / "config.json").write_text('{"model_type": "bert", "hidden_size": "x"}')
    with pytest.raises(MissingDependency) as caught:
        mlmodel.transformers.load_model(saved, trust=True)
    assert version in caught.value.message
    assert transformers.__version__ in caught.value.message


@pytest.mark.parametrize(
    "file",
    [WEIGHTS, "model/config.json", "components/tokenizer/tokenizer.json",
     "components/tokenizer/tokenizer_config.json"],
)  # fmt: skip
@pytest.mark.parametrize("share", [0, 0.6, 0.99])
def test_a_file_that_is_cut_off(saved, file, share):
    """TRF-004."""
    path = saved / file
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises((InvalidModel, UntrustedModel)):
        mlmodel.load(saved)
    with pytest.raises(InvalidModel):
        mlmodel.load(saved, trust=True)


@pytest.mark.parametrize(
    "file", [WEIGHTS, "model/config.json", "model", "components", "components/tokenizer"]
)
def test_a_file_that_is_missing(saved, file):
    path = saved / file
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(InvalidModel):
        mlmodel.load(saved)


def test_a_link_out_of_the_folder(saved):
    """DIR-004."""
    path = saved / WEIGHTS
    path.rename(saved.parent / "outside")
    path.symlink_to(saved.parent / "outside")
    with pytest.raises(InvalidModel, match="DIR-004"):
        mlmodel.load(saved, trust=True)


#: What a folder lacks, by keys; and what the error says.
ELSEWHERE = {
    "in a repository": ({"model_binary": None, "source_model_name": "a/b", "source_model_revision": "c0ffee"}, r"in a/b at revision c0ffee"),
    "on another machine": ({"local_base_model_path": "/models/b"}, "in a folder of the machine"),
    "in an adapter": ({"source_model_name": "a/b", "peft_adaptor": "model"}, "an adapter over a/b"),
    "in TensorFlow": ({"framework": "tf"}, "of the framework tf"),
    "a task of transformers 4": ({"task": "summarization"}, r"for the task summarization, which transformers \d"),
    "no task": ({"task": None}, "for the task None"),
    "a class of its own": ({"pipeline_model_type": "MyModel"}, "pipeline_model_type is MyModel, which is no class"),
    "a class that is no model": ({"pipeline_model_type": "BertConfig"}, "is BertConfig, which is no class"),
    "a tokenizer of its own": ({"tokenizer_type": "MyTokenizer"}, "tokenizer_type is MyTokenizer, which is no class"),
    "no tokenizer": ({"tokenizer_type": "set_seed"}, "tokenizer_type is set_seed, which is no class"),
}  # fmt: skip


@pytest.mark.parametrize("what", ELSEWHERE)
def test_what_is_not_in_the_folder_is_not_fetched(saved, what):
    """TRF-003, TRF-005: in a trusted folder neither."""
    keys, said = ELSEWHERE[what]
    keyed(saved, **keys)
    for trust in (False, True):
        with pytest.raises(UnsupportedModel, match=rf"{said}.*TRF-005"):
            mlmodel.load(saved, trust=trust)


@pytest.mark.parametrize(("keys", "where"), [
    ({}, "which is in model"),
    ({"model_binary": None, "source_model_revision": "c0ffee"}, "which is not in it, but at revision c0ffee"),
])  # fmt: skip
def test_an_adapter_says_what_it_needs(saved, keys, where):
    """TRF-005, TRF-015: in a trusted folder too; nothing of its base is looked for."""
    keyed(saved, peft_adaptor="peft", source_model_name="a/b", **keys)
    (saved / "peft").mkdir()
    said = {
        "peft_type": "LORA",
        "r": 8,
        "base_model_name_or_path": "c/d",
        "target_modules": ["query"],
    }
    (saved / "peft" / "adapter_config.json").write_text(json.dumps(said))
    shutil.copy(saved / WEIGHTS, saved / "peft" / "adapter_model.safetensors")
    assert [look for look in look_into(saved) if look.needs_trust] == []
    told = rf"an adapter over c/d, {where}.*in peft \(LORA of rank 8\).*package peft.*TRF-005"
    for trust in (False, True):
        with pytest.raises(UnsupportedModel, match=told):
            mlmodel.load(saved, trust=trust)


def test_a_weight_that_no_file_has_is_not_made_up(saved):
    """TRF-007."""
    from safetensors.torch import load_file, save_file

    held = load_file(saved / WEIGHTS)
    del held["classifier.weight"]
    save_file(held, saved / WEIGHTS, {"format": "pt"})
    for trust in (False, True):
        with pytest.raises(
            InvalidModel, match=r"1 weights are missing, classifier.weight.*TRF-007"
        ):
            mlmodel.load(saved, trust=trust)


@pytest.mark.parametrize("keys", [
    {"num_hidden_layers": 10**6}, {"hidden_size": 2**20}, {"intermediate_size": 2**24}, {"vocab_size": 2**24},
    {"max_position_embeddings": 2**24}, {"num_labels": 10**6, "id2label": None},
])  # fmt: skip
def test_a_configuration_is_held_against_the_weights(saved, keys):
    """TRF-007: before memory is set aside, in a trusted folder too."""
    path = saved / "model" / "config.json"
    held = {**json.loads(path.read_text()), **keys}
    path.write_text(json.dumps({key: value for key, value in held.items() if value is not None}))
    for trust in (False, True):
        with pytest.raises(InvalidModel, match=r"and the files hold [\d,]+ in 41 tensors|is_not"):
            mlmodel.load(saved, trust=trust)


@pytest.mark.parametrize("kind", ["2.x", "later 2.x"])
def test_the_layouts_of_mlflow_2(classifier, tmp_path, kind):
    """TRF-001: the model in `pipeline` without its key, or in `model`."""
    write = {**specimen("transformers").layouts, **small.LATER}[kind]
    write(classifier, tmp_path)
    assert mlmodel.validate(tmp_path).violations == ()
    answer = mlmodel.load(tmp_path).predict(ROWS)
    assert answer.to_dict("records") == classifier(ROWS["text"].tolist())


def test_weights_in_several_files(classifier, saved):
    """TRF-006: with an index of them."""
    (saved / WEIGHTS).unlink()
    classifier.model.save_pretrained(saved / "model", max_shard_size="10KB")
    assert len(list((saved / "model").glob("*.safetensors"))) > 1
    assert mlmodel.load(saved).predict(ROWS).to_dict("records") == classifier(ROWS["text"].tolist())


def test_half_precision_is_kept(tmp_path):
    import torch
    import transformers

    network = small.network("BertForSequenceClassification", **small.LABELS).to(torch.bfloat16)
    pipeline = transformers.pipeline(
        "text-classification", model=network, tokenizer=small.tokenizer()
    )
    mlmodel.transformers.save_model(pipeline, tmp_path / "m")
    assert mlmodel.transformers.load_model(tmp_path / "m").model.dtype == torch.bfloat16
    assert mlmodel.load(tmp_path / "m").predict(["a"]).to_dict("records") == pipeline(["a"])


def test_the_type_of_the_weights_in_memory_is_that_of_the_file(saved):
    import torch

    keyed(saved, torch_dtype="torch.float64")
    assert mlmodel.transformers.load_model(saved).model.dtype == torch.float64


def test_tables_that_a_model_computes_are_bounded(tmp_path):
    """TRF-007: a mask for each pair of positions."""
    import transformers

    config = transformers.GPTNeoConfig(
        vocab_size=17, hidden_size=2, num_layers=1, num_heads=1, max_position_embeddings=12_000,
        attention_types=[[["global"], 1]], bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    network = transformers.GPTNeoForCausalLM(config).eval()
    pipeline = transformers.pipeline("text-generation", model=network, tokenizer=small.tokenizer())
    mlmodel.transformers.save_model(pipeline, tmp_path / "m")
    with pytest.raises(InvalidModel, match=r"computes tables of 144,\d+,\d+ bytes.*TRF-007"):
        mlmodel.load(tmp_path / "m")


def test_a_task_without_a_python_function(tmp_path):
    """TRF-012: is saved for native loading."""
    import transformers

    class Own(transformers.FeatureExtractionPipeline):
        pass

    pipeline = Own(small.network("BertModel"), tokenizer=small.tokenizer(), task="summarization")
    with pytest.warns(UserWarning, match="TRF-012"):
        mlmodel.transformers.save_model(pipeline, tmp_path / "m")
    assert "python_function" not in document.read(tmp_path / "m").data["flavors"]
    with pytest.raises(UnsupportedModel, match=r"mlmodel\.transformers\.load_model"):
        mlmodel.load(tmp_path / "m")


def test_a_task_of_mlflow_for_chats(saved):
    """TRF-012."""
    keyed(saved, inference_task="llm/v1/chat")
    with pytest.raises(UnsupportedModel, match=r"for llm/v1/chat is no python_function.*TRF-012"):
        mlmodel.load(saved)
    assert mlmodel.transformers.load_model(saved).task == "text-classification"


def test_a_pickled_model_answers_the_same(saved):
    import pickle

    loaded = mlmodel.load(saved)
    copied = pickle.loads(pickle.dumps(loaded))
    assert copied.predict(ROWS).equals(loaded.predict(ROWS))


def test_code_that_a_model_brings_along_is_not_run(saved, capfd):
    """TRF-003, TRF-006: it asks for trust, and in a trusted folder is left alone."""
    (saved / "model" / "modeling.py").write_text("print('it ran')\nraise SystemExit\n")
    changed(
        saved,
        "model/config.json",
        auto_map={"AutoModel": "modeling.Mine", "AutoConfig": "modeling.Mine"},
    )
    with pytest.raises(UntrustedModel, match="TRF-006"):
        mlmodel.load(saved)
    looks = {look.file for look in look_into(saved) if look.needs_trust}
    assert looks == {"model/config.json", "model/modeling.py"}
    assert len(mlmodel.load(saved, trust=True).predict(ROWS)) == 2
    assert "it ran" not in capfd.readouterr().out


def test_a_way_of_generating_that_a_model_brings_along_is_not_run(tmp_path, capfd):
    """TRF-003, TRF-006."""
    pipeline = small.pipeline("text-generation", "BertLMHeadModel", is_decoder=True)
    mlmodel.transformers.save_model(pipeline, tmp_path / "m")
    (tmp_path / "m" / "model" / "custom_generate").mkdir()
    file = tmp_path / "m" / "model" / "custom_generate" / "generate.py"
    file.write_text("print('it ran')\ndef generate(*args, **keywords): raise SystemExit\n")
    with pytest.raises(UntrustedModel, match=r"custom_generate/generate.py.*TRF-006"):
        mlmodel.load(tmp_path / "m")
    with contextlib.suppress(InvalidModel):
        mlmodel.load(tmp_path / "m", trust=True).predict(["a"], params={"max_new_tokens": 2})
    assert "it ran" not in capfd.readouterr().out


def pickled(saved, state, name="pytorch_model.bin"):
    """Put weights as transformers wrote them before 4.35 in the place of those that are there."""
    import torch

    (saved / WEIGHTS).unlink(missing_ok=True)
    torch.save(state, saved / "model" / name)


def test_weights_that_torch_pickled_are_data(classifier, saved, monkeypatch):
    """TRF-014: the library reads them as safetensors, in a copy."""
    import transformers

    pickled(saved, classifier.model.state_dict())
    assert [look for look in look_into(saved) if look.needs_trust] == []
    own, seen = transformers.PreTrainedModel.from_pretrained.__func__, []

    def made(cls, place, *arguments, **options):
        seen.append(sorted(path.name for path in Path(place).iterdir()))
        return own(cls, place, *arguments, **options)

    monkeypatch.setattr(transformers.PreTrainedModel, "from_pretrained", classmethod(made))
    assert mlmodel.load(saved).predict(ROWS).to_dict("records") == classifier(ROWS["text"].tolist())
    assert seen == [["config.json", "model.safetensors"]]
    answer = mlmodel.load(saved, trust=True).predict(ROWS)
    assert answer.to_dict("records") == classifier(ROWS["text"].tolist())
    assert seen[1:] == [["config.json", "pytorch_model.bin"]]


def test_weights_that_torch_pickled_in_pieces(classifier, saved):
    """TRF-014."""
    state, places = classifier.model.state_dict(), {}
    for number, half in enumerate([list(state)[:9], list(state)[9:]], 1):
        name = f"pytorch_model-0000{number}-of-00002.bin"
        pickled(saved, {key: state[key] for key in half}, name)
        places.update(dict.fromkeys(half, name))
    index = {"metadata": {"total_size": 1}, "weight_map": places}
    (saved / "model" / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    for trust in (False, True):
        answer = mlmodel.load(saved, trust=trust).predict(ROWS)
        assert answer.to_dict("records") == classifier(ROWS["text"].tolist())


def test_weights_that_torch_pickled_behind_the_wall(classifier, saved):
    """TRF-014, TRU-090: the same, by the library's own reader."""
    if lacking():
        pytest.skip("this system has no wall")
    pickled(saved, classifier.model.state_dict())
    answer = mlmodel.load(saved, sandbox=True).predict(ROWS)
    assert answer.to_dict("records") == classifier(ROWS["text"].tolist())
    pickled(saved, {**classifier.model.state_dict(), "more": Mine()})
    with pytest.raises(UntrustedModel, match=r"pytorch_model.bin, which uses.*TRF-006"):
        mlmodel.load(saved, sandbox=True)


class Mine:
    pass


def test_a_pickle_of_more_than_weights_asks_for_trust(classifier, saved):
    """TRF-014."""
    pickled(saved, {**classifier.model.state_dict(), "more": Mine()})
    with pytest.raises(UntrustedModel, match=r"pytorch_model.bin, which uses .*Mine.*TRF-006"):
        mlmodel.load(saved)
    looks = [look.file for look in look_into(saved) if look.needs_trust]
    assert looks == ["model/pytorch_model.bin"]


def test_weights_that_torch_pickled_are_held_against_the_configuration(classifier, saved):
    """TRF-007: in a trusted folder too."""
    pickled(saved, classifier.model.state_dict())
    changed(saved, "model/config.json", num_hidden_layers=10**6)
    for trust in (False, True):
        with pytest.raises(InvalidModel, match=r"and the files hold [\d,]+ in 41 tensors"):
            mlmodel.load(saved, trust=trust)


def test_weights_that_torch_pickled_and_that_are_damaged(classifier, saved):
    """TRF-014: numbers that are not those that were written."""
    pickled(saved, classifier.model.state_dict())
    path, wanted = saved / "model" / "pytorch_model.bin", classifier.model.classifier.weight
    data, held = path.read_bytes(), wanted.detach().numpy().tobytes()
    path.write_bytes(data.replace(held, b"\xff" * len(held)))
    with pytest.raises(InvalidModel, match=r"one of its files is no whole archive.*TRF-006"):
        mlmodel.load(saved)


#: What asks for trust by a class that the MLmodel file names; the error's words.
CLASSES = {
    "a model of another type": ({"pipeline_model_type": "ViTForImageClassification"}, "a model of type vit"),
    "a tokenizer with a reader of its own": ({"tokenizer_type": "CTRLTokenizer"}, "a tokenizer of the class CTRLTokenizer"),
}  # fmt: skip


@pytest.mark.parametrize("what", CLASSES)
def test_classes_that_ask_for_trust(saved, what):
    """TRF-006."""
    keys, said = CLASSES[what]
    keyed(saved, **keys)
    with pytest.raises(UntrustedModel, match=rf"{said}.*TRF-006"):
        mlmodel.load(saved)


def test_parts_for_other_data_ask_for_trust(saved):
    """TRF-006."""
    keyed(
        saved, components=["tokenizer", "image_processor"], image_processor_type="ViTImageProcessor"
    )
    (saved / "components" / "image_processor").mkdir()
    with pytest.raises(
        UntrustedModel, match=r"the class ViTImageProcessor, for other data.*TRF-006"
    ):
        mlmodel.load(saved)


def test_a_reader_of_rust_that_gives_up(saved):
    """TRF-011: an index that leads out of a table of characters, which no check has looked for."""
    import base64

    trie = [0] * 256
    trie[0x61], trie[0x62] = 0x61 | 1 << 8 | 3 << 10, 2**30
    packed = b"".join(one.to_bytes(4, "little") for one in trie)
    table = base64.b64encode(len(packed).to_bytes(4, "little") + packed + b"x\0").decode()
    keyed(saved, tokenizer_type="PreTrainedTokenizerFast")
    changed(saved, "components/tokenizer/tokenizer.json", normalizer={"type": "Precompiled", "precompiled_charsmap": table})  # fmt: skip
    loaded = mlmodel.load(saved)
    assert len(loaded.predict(["good film"])) == 1
    with pytest.raises(InvalidInput, match=r"reader of Rust gives up.*TRF-011"):
        loaded.predict(["a good film"])


_ALTERED = """
import random, resource, sys
from pathlib import Path
import mlmodel
folder, generator = Path(sys.argv[1]), random.Random(7)
resource.setrlimit(resource.RLIMIT_AS, (8_000_000 * 1024,) * 2)
files = [path for place in ("model", "components") for path in (folder / place).rglob("*.*")]
for _ in range(60):
    path = generator.choice(sorted(files))
    whole = path.read_bytes()
    data, place = bytearray(whole), generator.randrange(min(len(whole), 3000))
    data[place] = generator.choice(b'09[{"}],nt\\x00\\xff')
    path.write_bytes(data if generator.random() < 0.8 else data[:place])
    try:
        mlmodel.load(folder).predict(["a good film"])
    except mlmodel.errors.MlmodelError:
        pass
    path.write_bytes(whole)
print("whole")
"""


@pytest.mark.slow
def test_altered_files_do_not_end_the_process(saved):
    """TRF-004, TRF-006, TRF-007: each is refused, or harmless."""
    done = subprocess.run(
        [sys.executable, "-c", _ALTERED, str(saved)],
        capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.endswith("whole\n")
