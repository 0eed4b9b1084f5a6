"""Adapters of peft: what their folders may hold without trust (TRF-015)."""

from __future__ import annotations

import json

import pytest

from mlmodel.trust.describe import look_into
from mlmodel.trust.hugging_face import adapter_in, refused_in

#: As peft 0.17 writes it.
CONFIG = {
    "alpha_pattern": {}, "auto_mapping": None, "base_model_name_or_path": "a/b", "bias": "none", "corda_config": None,
    "eva_config": None, "exclude_modules": None, "fan_in_fan_out": False, "inference_mode": True,
    "init_lora_weights": True, "layer_replication": None, "layers_pattern": None, "layers_to_transform": None,
    "loftq_config": {}, "lora_alpha": 16, "lora_bias": False, "lora_dropout": 0.1, "megatron_config": None,
    "megatron_core": "megatron.core", "modules_to_save": ["classifier", "score"], "peft_type": "LORA",
    "qalora_group_size": 16, "r": 8, "rank_pattern": {"layer.0.query": 4}, "revision": None,
    "target_modules": ["query", "value"], "target_parameters": None, "task_type": "SEQ_CLS",
    "trainable_token_indices": None, "use_dora": False, "use_qalora": False, "use_rslora": False,
}  # fmt: skip
AN_ADAPTER = "is an adapter, which the library puts over a model that it looks for by a name"
MLMODEL = "flavors: {transformers: {peft_adaptor: peft, source_model_name: a/b}}\n"


def written(root, config=CONFIG, *others):
    (root / "peft").mkdir()
    (root / "peft" / "adapter_config.json").write_text(json.dumps(config))
    for name in ("adapter_model.safetensors", "README.md", *others):
        (root / "peft" / name).write_bytes(b"{}")
    (root / "MLmodel").write_text(MLMODEL)
    return root / "peft"


def test_an_adapter_is_data(tmp_path):
    folder = written(tmp_path)
    assert refused_in(folder, adapters=True) == []
    assert look_into(tmp_path) == []
    said = adapter_in(folder)
    assert (said.kind, said.base, said.rank, str(said)) == ("LORA", "a/b", 8, "LORA of rank 8")


HOSTILE = {
    "a class of its own": ({"auto_mapping": {"base_model_class": "M", "parent_library": "mine"}}, "auto_mapping"),
    "a module": ({"megatron_core": "mine"}, "megatron_core: mine"),
    "what lets the module in": ({"megatron_config": {"a": 1}}, "megatron_config"),
    "another kind": ({"peft_type": "MINE"}, "the kind MINE"),
    "no kind": ({"peft_type": None}, "the kind None"),
    "quantization": ({"loftq_config": {"loftq_bits": 4}}, "loftq_config"),
    "a slow pattern": ({"target_modules": "(a+)+b"}, "target_modules"),
    "a file": ({"init_lora_weights": "../x"}, "init_lora_weights"),
    "an unknown key": ({"code": "mine"}, "code: mine"),
    "a large number": ({"r": 2**40}, "r: "),
    "a pattern of more than numbers": ({"rank_pattern": {"a": "mine"}}, "rank_pattern"),
}  # fmt: skip


@pytest.mark.parametrize("how", HOSTILE)
def test_what_its_configuration_may_not_say(tmp_path, how):
    changes, said = HOSTILE[how]
    written(tmp_path, CONFIG | changes)
    [look] = look_into(tmp_path)
    assert look.file == "peft/adapter_config.json"
    assert look.needs_trust
    assert said in look.what


@pytest.mark.parametrize("name", ["adapter_model.bin", "training_args.bin", "modeling.py"])
def test_other_files_ask_for_trust(tmp_path, name):
    folder = written(tmp_path, CONFIG, name)
    assert [file for file, _ in refused_in(folder, adapters=True)] == [name]
    assert [look.file for look in look_into(tmp_path) if look.needs_trust] == [f"peft/{name}"]


def test_one_beside_a_model_asks_for_trust(tmp_path):
    """There the library puts it over a model that it looks for by itself."""
    folder = written(tmp_path)
    (folder / "config.json").write_text('{"model_type": "bert"}')
    assert refused_in(folder, adapters=True) == [("adapter_config.json", AN_ADAPTER)]


@pytest.mark.parametrize("sub", ["", "0_Transformer"])
def test_one_in_a_folder_that_a_library_is_given_asks_for_trust(tmp_path, sub):
    """It needs no configuration of a model beside it: the adapter's own leads to one."""
    folder = written(tmp_path, CONFIG | {"base_model_name_or_path": "../elsewhere"})
    (folder / sub).mkdir(exist_ok=True)
    (folder / "adapter_config.json").rename(folder / sub / "adapter_config.json")
    file = f"{sub}/adapter_config.json".lstrip("/")
    assert refused_in(folder) == [(file, AN_ADAPTER)]
    (folder / "modules.json").write_text("[]")
    assert [look.file for look in look_into(tmp_path)] == [f"peft/{file}"]


def test_one_where_the_models_of_a_flavor_are_asks_for_trust(tmp_path):
    """The library loads that folder, whether or not it has modules."""
    written(tmp_path).rename(tmp_path / "model.sentence_transformer")
    (tmp_path / "MLmodel").write_text("flavors: {sentence_transformers: {}}\n")
    [look] = look_into(tmp_path)
    assert look.file == "model.sentence_transformer/adapter_config.json"


@pytest.mark.parametrize(
    "held", ["[]", "{", '{"r": "8", "peft_type": 3, "base_model_name_or_path": 3}']
)
def test_one_that_says_nothing(tmp_path, held):
    (tmp_path / "adapter_config.json").write_text(held)
    assert str(adapter_in(tmp_path)) == "an unknown kind"
    assert refused_in(tmp_path, adapters=True) != []
