"""Folders as transformers and sentence-transformers write them: what in them may name code.

A folder holds a configuration from which a model is built, its weights, and a tokenizer. Weights
of safetensors and vocabularies are data. The JSON beside them can name Python files to import,
compiled kernels, adapters with a base model of their own, other files of the machine; it is passed
on as arguments to whatever the library builds. So what it may say without trust is closed: numbers
and booleans, texts and mappings under the keys for which it is known what they mean, and kinds of
models that are built from such alone. What is not known asks for trust (:func:`refused_in`).

Nothing of the libraries is imported here, and nothing is built.
"""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from mlmodel._base import files
from mlmodel.errors import MlmodelError
from mlmodel.trust import peft_adapter, tokenizer_file, torch_weights
from mlmodel.trust.plain_json import are_names, is_data, is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

__all__ = [
    "A_LINK",
    "LARGEST",
    "MODEL_TYPES",
    "adapter_in",
    "links_in",
    "refused_below",
    "refused_in",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Architectures of text that the library builds from numbers alone, by ``model_type``.
MODEL_TYPES = _words(
    "albert bart bert bert-generation biogpt blenderbot blenderbot-small bloom camembert "
    "codegen ctrl data2vec-text deberta deberta-v2 distilbert electra ernie falcon gemma "
    "gemma2 gemma3_text glm gpt2 gpt_bigcode gpt_neo gpt_neox gptj granite llama m2m_100 "
    "marian mbart megatron-bert mistral mobilebert modernbert mpnet mt5 olmo olmo2 openai-gpt "
    "opt pegasus phi phi3 plbart qwen2 qwen3 rembert roberta roberta-prelayernorm roformer "
    "smollm3 squeezebert stablelm starcoder2 t5 umt5 xglm xlm xlm-roberta xlm-roberta-xl "
    "xlnet"
)
#: How large a file of JSON may be.
LARGEST = 2**28
_MOST_TOKENS = 2**20
_MOST_ANSWERS = 2**10
#: Names, as of functions that a library knows by them; never of modules, files or repositories.
_NAME = re.compile(r"[A-Za-z0-9_.\-]{0,64}\Z")
_WEIGHTS = re.compile(r"[A-Za-z0-9_.\-]+\.safetensors\Z")
_HARMLESS = re.compile(
    r"(vocab\.txt|merges\.txt|vocab\.json|added_tokens\.json|\.gitattributes|"
    r"(README|LICENSE|NOTICE|USE_POLICY)(\.(md|txt))?|config_sentence_transformers\.json|"
    r"chat_template\.jinja)\Z",
    re.IGNORECASE,
)
_PIECES = re.compile(r"(spiece|sentencepiece\.bpe|tokenizer|spm|source|target)\.(model|spm)\Z")

#: Keys of ``config.json`` whose values are names, or lists of names.
_CONFIG_NAMES = _words(
    "activation activation_function afn architectures attention_layers attention_types "
    "attn_type classifier_activation classifier_pooling dense_act_fn dtype feed_forward_proj "
    "ff_activation finetuning_task hidden_act hidden_activation layer_types model_type "
    "normalization_type pooler_hidden_act pos_att_type position_embedding_type problem_type "
    "summary_activation summary_type task tokenizer_class torch_dtype transformers_version"
)
#: Its keys whose values are texts that are for people, or for nothing.
_CONFIG_TEXTS = frozenset({"_name_or_path", "name_or_path"})
_ATTENTION = frozenset({"attn_implementation", "_attn_implementation"})
_PLAIN_ATTENTION = (None, "eager", "sdpa")
#: Its mappings: of labels, and of numbers and names.
_LABELS = frozenset({"id2label", "label2id"})
_ROPE = frozenset({"rope_parameters", "rope_scaling"})
_GENERATION_NAMES = frozenset(
    {
        "cache_implementation",
        "early_stopping",
        "num_assistant_tokens_schedule",
        "transformers_version",
    }
)
#: Ways of generating whose code the library has in repositories of its own.
_FETCHING = frozenset(
    {"constraints", "dola_layers", "force_words_ids", "num_beam_groups", "penalty_alpha"}
)
_LENGTHS = frozenset({"max_length", "max_new_tokens", "min_length", "min_new_tokens"})
_ANSWERS = frozenset({"num_beams", "num_beam_groups", "num_return_sequences"})
#: Keys of ``tokenizer_config.json``.
_TOKENIZER_NAMES = _words(
    "backend errors language model_input_names padding_side src_lang tgt_lang tokenizer_class "
    "tokenizer_type transformers_version truncation_side truncation_strategy"
)
_TOKENIZER_TEXTS = frozenset({"chat_template", "name_or_path", "special_tokens_map_file"})
_TOKENS = frozenset({"added_tokens_decoder", "additional_special_tokens", "extra_special_tokens"})

#: The modules of sentence-transformers that load without trust, by the end of their names.
_MODULES = re.compile(
    r"sentence_transformers\.(models|base\.modules|sentence_transformer\.modules|"
    r"models\.(Transformer|Pooling|Normalize|Dense)|"
    r"(base|sentence_transformer)\.modules\.(transformer|pooling|normalize|dense))"
    r"\.(Transformer|Pooling|Normalize|Dense)\Z"
)
_ACTIVATION = re.compile(
    r"torch\.nn\.modules\.(activation\.(Tanh|ReLU|GELU|SiLU|Sigmoid|LeakyReLU|ELU)|linear\.Identity)\Z"
)
_FOLDER = re.compile(r"([A-Za-z0-9_\-]{1,64})?\Z")

#: What is said of what leads elsewhere, which the library would follow.
A_LINK = "is a link, or no file"
_AN_ADAPTER = "is an adapter, which the library puts over a model that it looks for by a name"
#: Files by which a folder is known, and folders of a model that may be one without being named.
_MARKS = (
    *("config.json", "modules.json", "tokenizer.json", "tokenizer_config.json"),
    peft_adapter.CONFIG,
)
_USUAL = ("pipeline", "components", "model.sentence_transformer")


def refused_below(root: Path, named: Collection[str]) -> dict[str, str]:
    """Return what :func:`refused_in` says of the folders of a model that are such ones, by file.

    ``named`` are the folders that the MLmodel file names as the model.
    """
    found: dict[str, str] = {}
    usual = [place.parent for mark in _MARKS for place in root.glob(f"components/*/{mark}")]
    for place in {*(root / name for name in (*named, *_USUAL)), *usual}:
        if place.is_dir() and not place.is_symlink() and _is_one(place):
            relative = place.relative_to(root).as_posix()
            # What has modules, or is where models of a flavor are, is loaded whole by a library.
            adapters = relative not in _USUAL and not (place / "modules.json").is_file()
            for file, reason in refused_in(place, adapters=adapters):
                found.setdefault(f"{relative}/{file}", reason)
    return found


def _is_one(place: Path) -> bool:
    if any((place / mark).is_file() for mark in _MARKS[1:]):
        return True
    return (place / _MARKS[0]).is_file() and _has_model_type(place / _MARKS[0])


def refused_in(root: Path, *, adapters: bool = False) -> list[tuple[str, str]]:
    """Return what in a folder needs trust: each file, relative to it, and an end of "it …".

    Every file that is below ``root`` counts, whether or not the library would read it. With
    ``adapters`` it is a folder that no library is given, in which the configuration of an adapter
    may be data.
    """
    found = [(relative, A_LINK) for relative in links_in(root)]
    names = [relative for relative, _ in files.regular_files(root)]
    for relative in names:
        path = PurePosixPath(relative)
        if path.name == peft_adapter.CONFIG and not (adapters and _is_apart(path, names)):
            found.append((relative, _AN_ADAPTER))
        else:
            found += [(relative, reason) for reason in _refused(root, path, set(names))]
    return list(dict.fromkeys(found))


def _is_apart(adapter: PurePosixPath, names: Collection[str]) -> bool:
    """Whether no model is in the folder of an adapter, over which the library would put it."""
    return str(adapter.with_name("config.json")) not in names


def adapter_in(root: Path) -> peft_adapter.Adapter:
    """Return what the adapter in a folder says of itself, as far as that can be read."""
    read = _read(root / peft_adapter.CONFIG)
    return peft_adapter.Adapter.of(None if isinstance(read, str) else read[0])


def links_in(root: Path) -> list[str]:
    """Return what is neither a file of the folder itself nor a folder: links, and the like."""
    return [
        path.relative_to(root).as_posix()
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or not (path.is_file() or path.is_dir())
    ]


def _refused(root: Path, path: PurePosixPath, names: set[str]) -> Iterator[str]:
    check = _CHECKS.get(path.name)
    if path.name == "config.json" and str(path) != "config.json":
        check = _config if _has_model_type(root / path) else _module_config
    if check is None and path.name.startswith("sentence_") and path.name.endswith("_config.json"):
        check = _sentence_config
    if check is not None:
        read = _read(root / path)
        yield from (read,) if isinstance(read, str) else check(read[0])
    elif _WEIGHTS.match(path.name) or _HARMLESS.match(path.name):
        return
    elif torch_weights.NAMES.match(path.name):
        yield from _pickled(root / path)
    elif _PIECES.match(path.name):
        if str(path.with_name("tokenizer.json")) not in names:
            yield "is read by compiled code of SentencePiece, there being no tokenizer.json"
    else:
        yield "is no file that is known to hold data alone"


def _pickled(path: Path) -> Iterator[str]:
    """Give why weights that torch pickled are not known to be data."""
    try:
        reason = torch_weights.refused_in(path)
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
    if reason is not None:
        yield reason


def _read(path: Path) -> tuple[Any] | str:
    """Return what a file of JSON holds, or why that cannot be told."""
    try:
        return (json.loads(files.read(path, LARGEST), object_pairs_hook=_once),)
    except _Twice as error:
        return f"has the key {error.args[0]!s:.40} twice"
    except (ValueError, RecursionError, OSError, MlmodelError, files.TooLarge):
        return "cannot be read as JSON"


class _Twice(Exception):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        keys = [key for key, _ in pairs]
        raise _Twice(next(key for key in keys if keys.count(key) > 1))
    return made


def _has_model_type(path: Path) -> bool:
    read = _read(path)
    return not isinstance(read, str) and isinstance(read[0], dict) and "model_type" in read[0]


def _are_names(value: Any) -> bool:
    return are_names(value, _NAME)


def _is_rope(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_rope, value.values()))
    return is_data(value) or _are_names(value)


def _are_labels(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(one, str) or is_number(one) for one in value.values()
    )


def _says(key: str, value: Any) -> str:
    return f"has {key!s:.60}: {json.dumps(value)[:80]}"


def _config(held: Any) -> Iterator[str]:
    """Give what a model's configuration says that is not known to be data (``config.json``)."""
    if not isinstance(held, dict):
        yield "is no mapping"
        return
    kind = held.get("model_type")
    if not isinstance(kind, str) or kind not in MODEL_TYPES:
        yield f"is of a model of type {kind!s:.60}, which is not on the list"
    for key, value in held.items():
        known = (
            is_data(value)
            or (key in _CONFIG_NAMES and _are_names(value))
            or (key in _CONFIG_TEXTS and isinstance(value, str))
            or (key in _LABELS and _are_labels(value))
            or (key in _ROPE and _is_rope(value))
            or (key in _ATTENTION and value in _PLAIN_ATTENTION)
        )
        if key == "task_specific_params" and isinstance(value, dict):
            for one in value.values():
                yield from _generation(one)
        elif not known:
            yield _says(key, value)
    yield from _counts(held)


def _generation(held: Any) -> Iterator[str]:
    """Give the same of ``generation_config.json``, and counts of what an answer may take."""
    if not isinstance(held, dict):
        yield "is no mapping"
        return
    for key, value in held.items():
        is_text = key in {"prefix", "stop_strings"} and _are_texts(value)
        if key in _FETCHING and value not in (None, False, 0, 1):
            yield f"{_says(key, value)}, for which the library fetches code"
        if not (is_data(value) or is_text or (key in _GENERATION_NAMES and _are_names(value))):
            yield _says(key, value)
    yield from _counts(held)


def _counts(held: dict[str, Any]) -> Iterator[str]:
    for key, value in held.items():
        most = _MOST_TOKENS if key in _LENGTHS else _MOST_ANSWERS if key in _ANSWERS else None
        if most is not None and isinstance(value, int) and value > most:
            yield _says(key, value)


def _are_texts(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(one, str) for one in value)
    )


def _is_token(value: Any) -> bool:
    if isinstance(value, dict):  # one token with its flags, or several by their numbers
        return all(_is_token(one) for one in value.values())
    if isinstance(value, list):
        return all(map(_is_token, value))
    return isinstance(value, str) or is_number(value)


def _tokenizer_config(held: Any) -> Iterator[str]:
    """Give the same of ``tokenizer_config.json``, which is the tokenizer's arguments."""
    if not isinstance(held, dict):
        yield "is no mapping"
        return
    for key, value in held.items():
        known = (
            is_data(value)
            or (key == "model_max_length" and isinstance(value, int | float))
            or (key in _TOKENIZER_NAMES and _are_names(value))
            or (key in _TOKENIZER_TEXTS and _are_templates(value))
            or ((key in _TOKENS or key.endswith("_token")) and _is_token(value))
            or (key == "model_specific_special_tokens" and _is_token(value))
            or (key in {"sp_model_kwargs", "init_inputs"} and value in ({}, []))
        )
        if not known:
            yield _says(key, value)


def _are_templates(value: Any) -> bool:
    if isinstance(value, list):  # several, each with a name
        return all(
            isinstance(one, dict) and all(isinstance(text, str) for text in one.values())
            for one in value
        )
    return isinstance(value, str)


def _special_tokens(held: Any) -> Iterator[str]:
    if not isinstance(held, dict) or not _is_token(held):
        yield "holds something else than tokens"
        return
    for key in held:
        if key not in _TOKENS and not key.endswith("_token"):
            yield f"has a token {key!s:.60}"


def _index(held: Any, names: re.Pattern[str] = _WEIGHTS) -> Iterator[str]:
    """Give files that an index of weights names and that do not lie beside it."""
    weights = held.get("weight_map") if isinstance(held, dict) else None
    if not isinstance(weights, dict):
        yield "has no weight_map"
        return
    for file in dict.fromkeys(map(str, weights.values())):
        if not names.match(file):
            yield f"names the file {file!s:.80}"


def _modules(held: Any) -> Iterator[str]:
    """Give what ``modules.json`` names that is not on the list."""
    if not isinstance(held, list):
        yield "is no list"
        return
    for one in held:
        if not isinstance(one, dict):
            yield "has a module that is no mapping"
            continue
        if not isinstance(one.get("type"), str) or not _MODULES.match(one["type"]):
            yield f"names the module {one.get('type')!s:.80}"
        if not isinstance(one.get("path"), str) or not _FOLDER.match(one["path"]):
            yield f"names the folder {one.get('path')!s:.80}"
        if not _are_names(one.get("kwargs", [])):
            yield _says("kwargs", one["kwargs"])


def _module_config(held: Any) -> Iterator[str]:
    """Give the same of a module's own ``config.json``: what Pooling, Dense and Normalize take."""
    if not isinstance(held, dict):
        yield "is no mapping"
        return
    for key, value in held.items():
        is_activation = isinstance(value, str) and _ACTIVATION.match(value)
        if key == "activation_function" and is_activation:
            continue
        if not is_data(value) and not (key in _POOLING_NAMES and _are_names(value)):
            yield _says(key, value)


_POOLING_NAMES = frozenset(
    {
        "pooling_mode",
        "module_input_name",
        "module_output_name",
        "transformers_version",
        "__version__",
    }
)


def _sentence_config(held: Any) -> Iterator[str]:
    """Give the same of a Transformer module's configuration (``sentence_bert_config.json``)."""
    if not isinstance(held, dict):
        yield "is no mapping"
        return
    for key, value in held.items():
        known = is_data(value) or (
            key in {"transformer_task", "module_output_name"} and _are_names(value)
        )
        if key == "modality_config":
            known = _is_plain_modality(value)
        if not known:
            yield _says(key, value)


def _is_plain_modality(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(one, dict)
        and all(map(_are_names, one.values()))
        and one.get("method", "forward") in ("forward", "get_text_features")
        for one in value.values()
    )


_CHECKS: dict[str, Callable[[Any], Iterator[str]]] = {
    "config.json": _config,
    "generation_config.json": _generation,
    "tokenizer_config.json": _tokenizer_config,
    "special_tokens_map.json": _special_tokens,
    "tokenizer.json": tokenizer_file.refused,
    "model.safetensors.index.json": _index,
    torch_weights.INDEX: lambda held: _index(held, torch_weights.NAMES),
    "modules.json": _modules,
    peft_adapter.CONFIG: peft_adapter.refused,
}
