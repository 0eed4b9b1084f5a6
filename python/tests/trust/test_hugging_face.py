"""Folders of transformers' form: what asks for trust, without any library (TRF-006, SEN-006)."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from mlmodel.errors import InvalidModel
from mlmodel.trust.describe import look_into
from mlmodel.trust.hugging_face import MODEL_TYPES, refused_in
from mlmodel.trust.safetensors_file import tensors_of

CONFIG = {
    "architectures": ["BertForSequenceClassification"], "attention_probs_dropout_prob": 0.1, "dtype": "float32",
    "hidden_act": "gelu", "hidden_size": 16, "id2label": {"0": "NEG", "1": "POS"}, "label2id": {"NEG": 0, "POS": 1},
    "layer_norm_eps": 1e-12, "model_type": "bert", "pad_token_id": 0, "transformers_version": "5.24.0",
    "_name_or_path": "bert-base-uncased", "pruned_heads": {}, "_attn_implementation": "sdpa",
    "rope_scaling": {"rope_type": "llama3", "factor": 8.0}, "layer_types": ["full_attention"],
    "task_specific_params": {"text-generation": {"do_sample": True, "max_length": 50, "prefix": "a: "}},
}  # fmt: skip
GENERATION = {
    "_from_model_config": True, "eos_token_id": [1, 2], "max_length": 131072, "cache_implementation": "hybrid",
    "num_beam_groups": 1, "penalty_alpha": None, "transformers_version": "4.40.0", "bad_words_ids": [[1]],
}  # fmt: skip
TOKENIZER_CONFIG = {
    "added_tokens_decoder": {"0": {"content": "[PAD]", "special": True}}, "backend": "tokenizers", "cls_token": "[CLS]",
    "model_max_length": 1000000000000000019884624838656, "tokenizer_class": "BertTokenizer", "strip_accents": None,
    "model_input_names": ["input_ids"], "errors": "replace", "name_or_path": "/root/.cache/x", "special_tokens_map_file": "/root/.cache/y", "sp_model_kwargs": {},
    "chat_template": "{{ messages }}", "additional_special_tokens": ["<a>"], "pad_token": {"__type": "AddedToken", "content": "<p>"},
}  # fmt: skip
LLAMA = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
TOKENIZER = {
    "version": "1.0", "truncation": {"max_length": 512, "strategy": "LongestFirst", "stride": 0}, "padding": None,
    "added_tokens": [{"id": 0, "content": "[PAD]"}],
    "normalizer": {"type": "Sequence", "normalizers": [
        {"type": "NFKC"}, {"type": "Prepend", "prepend": "▁"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"},
    ]},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": LLAMA}, "behavior": "Isolated", "invert": False}, {"type": "ByteLevel"},
    ]},
    "post_processor": {"type": "TemplateProcessing", "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}},
        "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}]},
    "decoder": {"type": "WordPiece"}, "model": {"type": "WordPiece", "vocab": {"[PAD]": 0}},
}  # fmt: skip
MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.base.modules.dense.Dense"},
    {"idx": 3, "name": "3", "path": "3_Normalize", "type": "sentence_transformers.base.modules.normalize.Normalize"},
]  # fmt: skip
HONEST = {
    "config.json": CONFIG, "generation_config.json": GENERATION, "tokenizer_config.json": TOKENIZER_CONFIG,
    "tokenizer.json": TOKENIZER, "modules.json": MODULES,
    "special_tokens_map.json": {"cls_token": {"content": "[CLS]", "lstrip": False}, "additional_special_tokens": ["<a>"]},
    "sentence_bert_config.json": {"max_seq_length": 128, "do_lower_case": False, "transformer_task": "feature-extraction",
        "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}}},
    "1_Pooling/config.json": {"word_embedding_dimension": 16, "pooling_mode_mean_tokens": True, "pooling_mode": "mean"},
    "2_Dense/config.json": {"in_features": 16, "out_features": 8, "bias": True, "activation_function": "torch.nn.modules.activation.Tanh"},
    "model.safetensors.index.json": {"metadata": {"total_size": 1}, "weight_map": {"a": "model-00001-of-00002.safetensors"}},
    "added_tokens.json": {"<a>": 7},
}  # fmt: skip
NO_JSON = ("vocab.txt", "merges.txt", "README.md", "model.safetensors", "spiece.model", "tokenizer.model", "chat_template.jinja")  # fmt: skip


def written(root, held=HONEST, others=NO_JSON):
    for name, value in held.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(json.dumps(value))
    for name in others:
        (root / name).write_bytes(b"")
    return root


def test_an_honest_folder_asks_for_nothing(tmp_path):
    """TRF-006, SEN-006: keys of every age, tokenizers of every kind."""
    assert refused_in(written(tmp_path)) == []


def test_a_table_of_characters(tmp_path):
    one = TOKENIZER | {"normalizer": table(4, b"1234a\0bc\0")}
    assert refused_in(written(tmp_path, {"tokenizer.json": one}, ())) == []


@pytest.mark.parametrize("kind", ["bert", "gpt2", "llama", "t5", "xlm-roberta", "mpnet", "qwen2"])
def test_common_types_are_known(kind):
    assert kind in MODEL_TYPES


def table(size, rest):
    packed = base64.b64encode(size.to_bytes(4, "little") + rest).decode()
    return {"type": "Precompiled", "precompiled_charsmap": packed}


def with_step(part, step):
    return {**TOKENIZER, part: step}


def template(**changes):
    return with_step("post_processor", {**TOKENIZER["post_processor"], **changes})


GROWING = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 10}
#: Name of a file, what it holds, and what is said of it.
HOSTILE = {
    "code of its own": ("config.json", CONFIG | {"auto_map": {"AutoModel": "modeling.Mine"}}, "auto_map"),
    "code of a repository": ("config.json", CONFIG | {"auto_map": {"AutoModel": "a/b--modeling.Mine"}}, "auto_map"),
    "a custom pipeline": ("config.json", CONFIG | {"custom_pipelines": {"x": {"impl": "p.Mine"}}}, "custom_pipelines"),
    "a compiled kernel": ("config.json", CONFIG | {"attn_implementation": "kernels-community/x"}, "attn_implementation"),
    "an old kernel": ("config.json", CONFIG | {"_attn_implementation": "flash_attention_2"}, "_attn_implementation"),
    "quantization": ("config.json", CONFIG | {"quantization_config": {"quant_method": "gptq"}}, "quantization_config"),
    "weights elsewhere": ("config.json", CONFIG | {"transformers_weights": "other.bin"}, "transformers_weights"),
    "a name that is a path": ("config.json", CONFIG | {"tokenizer_class": "../x"}, "tokenizer_class"),
    "an architecture that is none": ("config.json", CONFIG | {"model_type": ["bert"]}, "type ['bert']"),
    "another architecture": ("config.json", CONFIG | {"model_type": "rag"}, "type rag"),
    "no architecture": ("config.json", {"hidden_size": 3}, "type None"),
    "a large number": ("config.json", CONFIG | {"hidden_size": 2**40}, "hidden_size"),
    "labels that are none": ("config.json", CONFIG | {"id2label": {"0": {"a": 1}}}, "id2label"),
    "a task's code": ("config.json", CONFIG | {"task_specific_params": {"x": {"custom_generate": "a/b"}}}, "custom_generate"),
    "a task without end": ("config.json", CONFIG | {"task_specific_params": {"x": {"max_length": 2**23}}}, "max_length"),
    "a list": ("config.json", [], "no mapping"),
    "generation's code": ("generation_config.json", {"custom_generate": "a/b"}, "custom_generate"),
    "a way that is fetched": ("generation_config.json", {"penalty_alpha": 0.6}, "fetches code"),
    "another way that is fetched": ("generation_config.json", {"num_beam_groups": 2}, "fetches code"),
    "generation without end": ("generation_config.json", {"max_new_tokens": 2**22}, "max_new_tokens"),
    "many answers": ("generation_config.json", {"num_return_sequences": 2**12}, "num_return_sequences"),
    "a tokenizer's code": ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["a.B", None]}}, "auto_map"),
    "another file": ("tokenizer_config.json", {"vocab_file": "/etc/passwd"}, "vocab_file"),
    "arguments by place": ("tokenizer_config.json", {"init_inputs": ["/etc/passwd"]}, "init_inputs"),
    "another file of pieces": ("tokenizer_config.json", {"sp_model_kwargs": {"model_file": "x"}}, "sp_model_kwargs"),
    "a token that is a file": ("special_tokens_map.json", {"vocab_file": "x"}, "vocab_file"),
    "weights out of the folder": ("model.safetensors.index.json", {"weight_map": {"a": "../x.safetensors"}}, "../x"),
    "weights that are pickles": ("model.safetensors.index.json", {"weight_map": {"a": "x.bin"}}, "x.bin"),
    "a module of its own": ("modules.json", [MODULES[0] | {"type": "mine.Module"}], "mine.Module"),
    "a module that is a function": ("modules.json", [MODULES[0] | {"type": "sentence_transformers.util.Transformer"}], "util"),
    "a folder elsewhere": ("modules.json", [MODULES[0] | {"path": "../x"}], "../x"),
    "an activation of its own": ("2_Dense/config.json", {"activation_function": "os.system"}, "activation_function"),
    "an activation that is found": ("2_Dense/config.json", {"activation_function": "torch.nn.modules.activation.os"}, "activation_function"),
    "arguments of a model": ("sentence_bert_config.json", {"model_args": {"trust_remote_code": True}}, "model_args"),
    "a method": ("sentence_bert_config.json", {"modality_config": {"text": {"method": "push_to_hub"}}}, "modality_config"),
    "filling up": ("tokenizer.json", TOKENIZER | {"padding": {"strategy": {"Fixed": 2**40}}}, "fills texts up"),
    "filling up to multiples": ("tokenizer.json", TOKENIZER | {"padding": {"strategy": "BatchLongest", "pad_to_multiple_of": 2**40}}, "fills texts up"),
    "growing": ("tokenizer.json", with_step("normalizer", {"type": "Sequence", "normalizers": [GROWING, GROWING]}), "100 times as long"),
    "a long text for a short": ("tokenizer.json", with_step("normalizer", GROWING | {"content": "a" * 99}), "in the place"),
    "a table that is cut off": ("tokenizer.json", with_step("normalizer", table(2**31, b"")), "not whole"),
    "a table that is none": ("tokenizer.json", with_step("normalizer", {"type": "Precompiled"}), "not whole"),
    "a table of long texts": ("tokenizer.json", with_step("normalizer", table(4, b"1234" + b"a" * 99)), "long texts"),
    "two tables": ("tokenizer.json", with_step("normalizer", {"type": "Sequence", "normalizers": [table(4, b"1234a\0")] * 2}), "more than one"),
    "a long text before": ("tokenizer.json", with_step("normalizer", {"type": "Prepend", "prepend": "a" * 99}), "before each"),
    "an empty pattern": ("tokenizer.json", with_step("normalizer", GROWING | {"pattern": {"String": ""}}), "for ever"),
    "a slow pattern": ("tokenizer.json", with_step("pre_tokenizer", {"type": "Split", "pattern": {"Regex": "(a+)+b"}}), "for ever"),
    "a pattern by reference": ("tokenizer.json", with_step("decoder", {"type": "Replace", "pattern": {"Regex": r"(a)\1"}, "content": ""}), "for ever"),
    "a step of another kind": ("tokenizer.json", with_step("pre_tokenizer", {"type": "Mine"}), "kind Mine"),
    "steps deep in each other": ("tokenizer.json", with_step("normalizer", json.loads('{"type":"Sequence","normalizers":[' * 20 + "]}" * 20)), "kind Sequence"),
    "many steps": ("tokenizer.json", with_step("decoder", {"type": "Sequence", "decoders": [{"type": "Fuse"}] * 99}), "more than 64"),
    "a template that repeats": ("tokenizer.json", template(single=[{"Sequence": {"id": "A"}}] * 2), "repeats a text"),
    "a long template": ("tokenizer.json", template(single=[{"SpecialToken": {"id": "[CLS]"}}] * 99), "another form"),
    "long tokens": ("tokenizer.json", template(special_tokens={"[CLS]": {"ids": [1] * 99}}), "special tokens"),
    "a model of another kind": ("tokenizer.json", TOKENIZER | {"model": {"type": "Mine", "vocab": {}}}, "kind Mine"),
    "a model of no kind": ("tokenizer.json", TOKENIZER | {"model": {"type": {}, "vocab": {}}}, "kind {}"),
    "no vocabulary": ("tokenizer.json", TOKENIZER | {"model": {"type": "BPE"}}, "no vocabulary"),
    "places out of all tables": ("tokenizer.json", TOKENIZER | {"model": {"vocab": {"a": 2**40}}}, "no places"),
    "tokens that are none": ("tokenizer.json", TOKENIZER | {"added_tokens": [{"id": 2**40}]}, "added tokens"),
    "a part of another kind": ("tokenizer.json", TOKENIZER | {"code": 1}, "a part code"),
}  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize("how", HOSTILE)
def test_what_may_not_be_said(tmp_path, how):
    """TRF-006, SEN-006: it asks for trust, and ``inspect`` says why."""
    name, held, said = HOSTILE[how]
    root = written(tmp_path / "model", {**HONEST, name: held})
    found = refused_in(root)
    assert {file for file, _ in found} == {name}
    assert any(said in reason for _, reason in found), found
    (tmp_path / "MLmodel").write_text("flavors: {transformers: {model_binary: model}}\n")
    looks = [look for look in look_into(tmp_path) if look.needs_trust]
    assert [look.file for look in looks] == [f"model/{name}"]


@pytest.mark.parametrize("name", [
    "pytorch_model.bin", "tf_model.h5", "flax_model.msgpack", "modeling.py", "adapter_config.json", "model.gguf",
    "custom_generate/generate.py", "preprocessor_config.json", ".metadata", "README.exe", "x.json", "Vocab.pkl",
])  # fmt: skip
def test_files_of_other_kinds(tmp_path, name):
    """TRF-006: whatever they hold, and whether or not the library would read them."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"")
    written(tmp_path)
    assert [file for file, _ in refused_in(tmp_path)] == [name]


def test_pieces_without_what_is_read_in_their_place(tmp_path):
    (tmp_path / "spiece.model").write_bytes(b"")
    assert [reason for _, reason in refused_in(tmp_path)] == [
        "is read by compiled code of SentencePiece, there being no tokenizer.json"
    ]


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "{", "[" * 100_000, "\udcff", '{"a": 01}'])
def test_json_that_is_read_in_two_ways(tmp_path, text):
    """TRF-006: keys that stand twice, and what is no JSON."""
    (tmp_path / "tokenizer.json").write_text(text, errors="surrogateescape")
    assert [file for file, _ in refused_in(tmp_path)] == ["tokenizer.json"]


@pytest.mark.parametrize(
    "place", ["pipeline", "components/tokenizer", "model.sentence_transformer"]
)
def test_folders_that_no_key_names_are_looked_at(tmp_path, place):
    """TRU-006."""
    (tmp_path / place).mkdir(parents=True)
    written(tmp_path / place, {"tokenizer_config.json": {"auto_map": {"AutoTokenizer": "a.B"}}}, ())
    (tmp_path / "MLmodel").write_text("flavors: {transformers: {}}\n")
    assert [look.file for look in look_into(tmp_path)] == [f"{place}/tokenizer_config.json"]


def test_folders_of_other_flavors_are_not(tmp_path):
    (tmp_path / "model").mkdir()
    written(tmp_path / "model", {"config.json": {"class_name": "Sequential"}}, ())
    (tmp_path / "MLmodel").write_text("flavors: {transformers: {model_binary: model}}\n")
    assert look_into(tmp_path) == []


def header(said, size=64):
    raw = json.dumps(said).encode() if not isinstance(said, bytes) else said
    return len(raw).to_bytes(8, "little") + raw + bytes(size)


GOOD = {"dtype": "F32", "shape": [4, 4], "data_offsets": [0, 64]}


def test_the_header_of_safetensors(tmp_path):
    """TRF-007."""
    path = Path(tmp_path / "x")
    path.write_bytes(header({"__metadata__": {"format": "pt"}, "a": GOOD}))
    found = tensors_of(path, "x", "TRF-007")
    assert {name: (one.dtype, one.shape, one.size) for name, one in found.items()} == {
        "a": ("F32", (4, 4), 16)
    }


@pytest.mark.parametrize("data", [
    b"", b"1234567", (2**60).to_bytes(8, "little"), header(b"{"), header(b"[]"), header(b"{}", 0)[:-1], header({"a": 1}),
    header({"a": GOOD}, 63), header({"a": GOOD | {"shape": [4, 5]}}), header({"a": GOOD | {"shape": [-4, -4]}}),
    header({"a": GOOD | {"data_offsets": [64, 0]}}), header({"a": GOOD | {"dtype": "X"}}), header({"a": GOOD | {"shape": [4.0, 4]}}),
    header({"a": GOOD | {"data_offsets": [-64, 0]}}), header({"a": {"dtype": "F32"}}), header({"a": GOOD | {"data_offsets": [0]}}),
    header({"a": GOOD | {"shape": [True, 16]}}), header({"a": GOOD | {"dtype": []}}),
])  # fmt: skip
def test_a_header_that_is_not_that_of_its_bytes(tmp_path, data):
    path = Path(tmp_path / "x")
    path.write_bytes(data)
    with pytest.raises(InvalidModel, match="TRF-007"):
        tensors_of(path, "x", "TRF-007")


@pytest.mark.parametrize(
    ("part", "decoy", "own"),
    [
        ("normalizer", "pretokenizers", "normalizers"),
        ("pre_tokenizer", "normalizers", "pretokenizers"),
        ("post_processor", "decoders", "processors"),
        ("decoder", "normalizers", "decoders"),
    ],
)
def test_a_list_that_the_reader_passes_over_hides_none(part, decoy, own, tmp_path):
    """TRF-006: of a sequence the reader knows the list of its part alone."""
    hidden = [{"type": "Mine"}]
    for steps in ({decoy: [], own: hidden}, {own: hidden}, {own: [], decoy: hidden}):
        held = {**TOKENIZER, part: {"type": "Sequence", **steps}}
        (tmp_path / "tokenizer.json").write_text(json.dumps(held))
        assert refused_in(tmp_path), steps


def test_a_link_is_refused(tmp_path):
    """TRF-006: whether or not what it leads to would be."""
    (tmp_path / "m").mkdir()
    (tmp_path / "t.json").write_text(json.dumps(TOKENIZER))
    (tmp_path / "m" / "tokenizer.json").symlink_to("../t.json")
    assert refused_in(tmp_path / "m") == [("tokenizer.json", "is a link, or no file")]
