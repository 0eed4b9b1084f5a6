"""Pipelines of spaCy: what their configuration may name, and numbers that compiled code believes.

``config.cfg`` names functions of spaCy's registries, with arguments, and spaCy calls them to build
the pipeline. Some load other models, import packages or unpickle, and any package can register
more. So what a pipeline may name without trust is a closed list (SPA-006): functions that only
build the layers of a text classifier. All else in the folder is data: JSON, msgpack and arrays.

Nothing of spaCy is imported here.
"""

from __future__ import annotations

import configparser
import json
import re
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["check_numbers", "layers", "refused_in", "refused_names"]

#: Components by their factories; the others have compiled readers of their own, or hold code.
_FACTORIES = frozenset({"sentencizer", "textcat", "textcat_multilabel", "tok2vec"})
#: Registered functions, by their names, that build layers and do nothing else.
_FUNCTIONS = frozenset(
    f"spacy.{name}"
    for name in (
        *("Tokenizer.v1", "Vectors.v1", "StaticVectors.v1", "StaticVectors.v2"),
        *("Tok2Vec.v1", "Tok2Vec.v2", "Tok2VecListener.v1", "HashEmbedCNN.v1", "HashEmbedCNN.v2"),
        *("MultiHashEmbed.v1", "MultiHashEmbed.v2", "CharacterEmbed.v1", "CharacterEmbed.v2"),
        *("MaxoutWindowEncoder.v1", "MaxoutWindowEncoder.v2"),
        *("MishWindowEncoder.v1", "MishWindowEncoder.v2"),
        *("TextCatBOW.v1", "TextCatBOW.v2", "TextCatBOW.v3", "TextCatCNN.v1", "TextCatCNN.v2"),
        *("TextCatEnsemble.v1", "TextCatEnsemble.v2", "TextCatLowData.v1"),
        *("TextCatParametricAttention.v1", "TextCatReduce.v1"),
        *("senter_scorer.v1", "textcat_scorer.v1", "textcat_scorer.v2"),
        *("textcat_multilabel_scorer.v1", "textcat_multilabel_scorer.v2"),
    )
)
#: Sections that nothing but training reads.
_UNREAD = frozenset({"corpora", "initialize", "paths", "pretraining", "system", "training"})
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_REFERENCE = re.compile(r"\$\{(?!(paths|system)\.[a-z_]+\})")
#: What a layer's window may be: wider ones would not fit into the int that counts its columns.
_WIDEST = 1024
_CALLBACKS = ("before_creation", "after_creation", "after_pipeline_creation")
#: Parts of the path of a key of ``[components.<name>]``.
_OF_A_COMPONENT = 3


def refused_in(data: bytes) -> list[str]:
    """Return what a ``config.cfg`` names that needs trust, each as an end of "it …" (SPA-006).

    It is read without spaCy, and what could be read in two ways counts as refused.
    """
    parser = configparser.RawConfigParser(strict=True, default_section="\0")
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    try:
        parser.read_string(data.decode())
    except (configparser.Error, UnicodeDecodeError, ValueError):
        return ["cannot be read as a configuration of spaCy"]
    found = []
    for section in parser.sections():
        if section.partition(".")[0] in _UNREAD:
            # What other sections take from these are numbers and texts.
            inline = (key for key, value in parser[section].items() if _holds_names(value))
            found += [f"names a registered function within {key} of [{section}]" for key in inline]
            continue
        for key, value in parser[section].items():
            if _REFERENCE.search(value):
                found.append(f"takes {key} of [{section}] from elsewhere")
            found += _refused((*section.split("."), key), _parsed(value))
    return list(dict.fromkeys(found))


def refused_names(config: Mapping[str, Any]) -> list[str]:
    """Return the same of a configuration that spaCy has read, its references filled in."""
    read = (name for name in config if name not in _UNREAD)
    return list(dict.fromkeys(one for name in read for one in _refused((name,), config[name])))


def _refused(path: tuple[str, ...], value: Any) -> Iterator[str]:
    """Give what a value at a path of the configuration names and may not."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _refused((*path, str(name)), below)
    elif isinstance(value, list):
        for one in value:
            yield from _refused((*path, ""), one)
    elif path[-1].startswith("@"):
        if value not in _FUNCTIONS:
            yield f"names the registered function {value!s:.80} ({path[-1]})"
    elif path[0] == "components" and len(path) == _OF_A_COMPONENT:
        yield from _refused_component(path[-1], value)
    elif path[0] == "nlp" and len(path) == _OF_A_COMPONENT - 1:
        yield from _refused_setting(path[-1], value)


def _refused_component(key: str, value: Any) -> Iterator[str]:
    if key == "factory" and value not in _FACTORIES:
        yield f"has a component of {value!s:.80}"
    elif key == "source":
        yield f"takes a component from the model {value!s:.80}"


def _refused_setting(key: str, value: Any) -> Iterator[str]:
    if key == "lang" and not (isinstance(value, str) and _LANGUAGE.fullmatch(value)):
        yield f"has the language {value!s:.80}"
    elif key in _CALLBACKS and value is not None:
        yield f"calls {value!s:.80} ({key})"


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _holds_names(value: str) -> bool:
    return "{" in value.replace("${", "") and "@" in json.dumps(_parsed(value))


def layers(models: Iterable[tuple[str, Any]]) -> list[tuple[str, str, Any]]:
    """Return component, kind and layer of each layer of new pipelines, before they are read."""
    return [(owner, node.name, node) for owner, model in models for node in model.walk()]


def check_numbers(built: Iterable[tuple[str, str, Any]]) -> None:
    """Check the numbers of loaded layers that compiled code takes for sizes and addresses.

    thinc holds the shapes against each other wherever it multiplies; not in its sparse layer, nor
    in the width of windows.

    Raises:
        InvalidModel: one leads out of its array (SPA-007).

    """
    for owner, kind, node in built:
        width = node.attrs.get("window_size", 1)
        if type(width) is not int or not 0 <= width <= _WIDEST:
            raise _wrong(owner, f"a window of {width!s:.40}")
        if kind == "sparse_linear":
            _check_sparse(owner, node)


def _check_sparse(owner: str, node: Any) -> None:
    if not node.has_param("W") or not node.has_param("b"):
        return  # not trained: it cannot predict
    outputs, length = node.get_dim("nO"), node.get_dim("length")
    weights, bias = node.get_param("W"), node.get_param("b")
    fits = (
        type(outputs) is int
        and type(length) is int
        and 0 < length < 2**31
        and 0 < outputs < 2**31
        and weights.shape == (outputs * length,)
        and bias.shape == (outputs,)
        and weights.dtype == bias.dtype == "float32"
        and type(node.attrs.get("v1_indexing")) is bool
        # Its first kind of index goes by the bits of a power of two.
        and not (node.attrs["v1_indexing"] and outputs > length)
    )
    if not fits:
        raise _wrong(owner, "sparse weights that are not as many as its outputs and length say")


def _wrong(owner: str, what: str) -> InvalidModel:
    return InvalidModel.of_file(f"{owner}/model", "SPA-007", f"has {what}")
