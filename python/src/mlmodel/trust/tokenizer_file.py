"""Files of tokenizers (``tokenizer.json``), which are read and run by compiled code of Rust.

That code checks its indexes, but not what a file makes it build: a step that puts many characters
in the place of one, several times over, a template that repeats the text, a width to which each
text is filled up. Such numbers are held to bounds, and patterns to those that are matched quickly.
Steps of a kind that is not known here ask for trust.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from mlmodel.trust.pickles.patterns import repetitions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["refused"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MODELS = frozenset({"BPE", "Unigram", "WordLevel", "WordPiece"})
_NORMALIZERS = _words(
    "BertNormalizer ByteLevel Lowercase NFC NFD NFKC NFKD Nmt Precompiled Prepend Replace "
    "Strip StripAccents"
)
_PRE_TOKENIZERS = _words(
    "BertPreTokenizer ByteLevel CharDelimiterSplit Digits Metaspace Punctuation Split "
    "UnicodeScripts Whitespace WhitespaceSplit"
)
_PROCESSORS = frozenset({"BertProcessing", "ByteLevel", "RobertaProcessing", "TemplateProcessing"})
_DECODERS = _words("BPEDecoder ByteFallback ByteLevel CTC Fuse Metaspace Replace Strip WordPiece")
#: A part -> the key of the steps of which a sequence of it consists.
_SEQUENCES = {
    "normalizer": "normalizers", "pre_tokenizer": "pretokenizers",
    "post_processor": "processors", "decoder": "decoders",
}  # fmt: skip
_PARTS = _words(
    "version truncation padding added_tokens normalizer pre_tokenizer post_processor decoder model"
)
#: How many steps a part may have, and how deep they may stand in each other.
_MOST_STEPS = 64
_DEEPEST = 8
#: By how much all steps together may make a text longer.
_MOST_GROWTH = 64
_LONGEST = 64
_LONGEST_PATTERN = 2000
_MOST_REPETITIONS = 40
#: Up to how many tokens a text may be filled up.
_WIDEST = 2**16
#: Texts of at most so many parts that are not of the text itself.
_MOST_PIECES = 64
_MOST_IDS = 2**24
#: Classes of characters that Python's patterns do not have, and which repeat nothing.
_CLASS = re.compile(r"\\[pP]\{\^?[A-Za-z_=&]{1,40}\}")


def refused(held: Any) -> Iterator[str]:
    """Give what a tokenizer has that needs trust, each as an end of "it …"."""
    if not isinstance(held, dict):
        yield "is no mapping"
        return
    for key in held.keys() - _PARTS:
        yield f"has a part {key!s:.60}"
    yield from _filled(held.get("padding"))
    yield from _steps("normalizer", held.get("normalizer"), _NORMALIZERS)
    yield from _steps("pre_tokenizer", held.get("pre_tokenizer"), _PRE_TOKENIZERS)
    yield from _steps("post_processor", held.get("post_processor"), _PROCESSORS)
    yield from _steps("decoder", held.get("decoder"), _DECODERS)
    yield from _model(held.get("model"))
    added = held.get("added_tokens") or []
    if not isinstance(added, list) or not all(map(_is_added, added)):
        yield "has added tokens that are none"


def _is_added(token: Any) -> bool:
    return isinstance(token, dict) and _is_count(token.get("id"), _MOST_IDS)


def _is_count(value: Any, most: int) -> bool:
    return type(value) is int and 0 <= value <= most


def _filled(padding: Any) -> Iterator[str]:
    if padding is None:
        return
    strategy = padding.get("strategy") if isinstance(padding, dict) else padding
    fixed = strategy.get("Fixed") if isinstance(strategy, dict) else None
    multiple = padding.get("pad_to_multiple_of") if isinstance(padding, dict) else None
    widths = [one for one in (fixed, multiple) if one is not None]
    is_known = strategy == "BatchLongest" or fixed is not None
    if not is_known or not all(_is_count(one, _WIDEST) for one in widths):
        yield f"fills texts up by {padding!s:.80}"


def _model(model: Any) -> Iterator[str]:
    if not isinstance(model, dict):
        yield "has no model"
        return
    kind = model.get("type", "BPE")  # early files do not say it
    if not isinstance(kind, str) or kind not in _MODELS:
        yield f"has a model of the kind {kind!s:.60}"
    vocabulary = model.get("vocab")
    if isinstance(vocabulary, dict):
        if not all(_is_count(one, _MOST_IDS) for one in vocabulary.values()):
            yield "has a vocabulary with numbers that are no places"
    elif not isinstance(vocabulary, list):
        yield "has no vocabulary"


def _steps(part: str, step: Any, known: frozenset[str]) -> Iterator[str]:
    flat = list(_flat(step, _SEQUENCES[part], _DEEPEST))
    if len(flat) > _MOST_STEPS:
        yield f"has more than {_MOST_STEPS} steps in {part}"
        return
    kinds = [one.get("type") if isinstance(one, dict) else None for one in flat]
    if kinds.count("Precompiled") > 1:
        yield f"has more than one table of characters in {part}"
    growth = 1.0
    for one in flat:
        kind = one.get("type") if isinstance(one, dict) else one
        if not isinstance(kind, str) or kind not in known:
            yield f"has a step of the kind {kind!s:.60} in {part}"
            continue
        yield from _CHECKS.get(kind, _nothing)(one)
        growth *= _growth(one)
    if growth > _MOST_GROWTH:
        yield f"makes texts {growth:.0f} times as long in {part}"


def _flat(step: Any, within: str, deepest: int) -> Iterator[Any]:
    """Give the steps that a part consists of, one after the other."""
    if step is None:
        return
    if not isinstance(step, dict) or step.get("type") != "Sequence" or not deepest:
        yield step
        return
    below = step.get(within)
    # The reader knows the one list of its part, and passes over others.
    if not isinstance(below, list) or set(step) - {"type", within}:
        yield step
        return
    for one in below:
        yield from _flat(one, within, deepest - 1)


def _growth(step: dict[str, Any]) -> float:
    """Return by how much a step can make a text longer."""
    content = step.get("content")
    if step["type"] != "Replace" or not isinstance(content, str):
        return 1
    pattern = step.get("pattern")
    text = pattern.get("String") if isinstance(pattern, dict) else None
    return max(
        len(content.encode(errors="replace"))
        / (len(text) if isinstance(text, str) and text else 1),
        1,
    )


def _nothing(step: dict[str, Any]) -> Iterator[str]:  # noqa: ARG001 - as the other checks
    return iter(())


def _replace(step: dict[str, Any]) -> Iterator[str]:
    yield from _pattern(step.get("pattern"))
    content = step.get("content")
    if not isinstance(content, str) or len(content) > _LONGEST:
        yield f"puts {content!s:.80} in the place of others"


def _split(step: dict[str, Any]) -> Iterator[str]:
    yield from _pattern(step.get("pattern"))


def _prepend(step: dict[str, Any]) -> Iterator[str]:
    text = step.get("prepend")
    if not isinstance(text, str) or len(text) > _LONGEST:
        yield f"puts {text!s:.80} before each text"


def _precompiled(step: dict[str, Any]) -> Iterator[str]:
    """Give why a table of characters sets aside more than it holds, or makes texts long.

    It is the size of a trie, the trie, and what stands in the place of characters, each of them
    ended by a zero.
    """
    try:
        table = base64.b64decode(step.get("precompiled_charsmap", ""), validate=True)
    except (ValueError, TypeError):
        table = b""
    size = int.from_bytes(table[:4], "little")
    if len(table) < 4 + size or len(table) < 4:  # noqa: PLR2004
        yield "has a table of characters that is not whole"
    elif max(map(len, table[4 + size :].split(b"\0"))) > _LONGEST:
        yield "has a table of characters that puts long texts in their place"


def _pattern(pattern: Any) -> Iterator[str]:
    """Give why a pattern may take for ever, or match what has no length."""
    if isinstance(pattern, dict) and len(pattern) == 1:
        text = pattern.get("String")
        if isinstance(text, str) and 0 < len(text) <= _LONGEST:
            return
        text = pattern.get("Regex")
        if isinstance(text, str) and 0 < len(text) <= _LONGEST_PATTERN:
            found = repetitions(_CLASS.sub(r"\\w", text))
            if found is not None and found <= _MOST_REPETITIONS:
                return
    yield f"has a pattern that may take for ever to match: {pattern!s:.80}"


def _template(step: dict[str, Any]) -> Iterator[str]:
    """Give why a template may repeat a text, or add much to it."""
    special = step.get("special_tokens")
    if not isinstance(special, dict) or not all(map(_is_short, special.values())):
        yield "has a template with special tokens that are none"
    for key in ("single", "pair"):
        pieces = step.get(key)
        if not isinstance(pieces, list) or len(pieces) > _MOST_PIECES:
            yield f"has a template with {key} of another form"
            continue
        texts = [
            piece["Sequence"].get("id") if isinstance(piece["Sequence"], dict) else None
            for piece in pieces
            if isinstance(piece, dict) and "Sequence" in piece
        ]
        if len(set(map(str, texts))) != len(texts):
            yield "has a template that repeats a text"


def _is_short(token: Any) -> bool:
    ids = token.get("ids") if isinstance(token, dict) else None
    return (
        isinstance(ids, list)
        and len(ids) <= _MOST_PIECES
        and all(_is_count(one, _MOST_IDS) for one in ids)
    )


_CHECKS: dict[str, Callable[[dict[str, Any]], Iterator[str]]] = {
    "Precompiled": _precompiled,
    "Prepend": _prepend,
    "Replace": _replace,
    "Split": _split,
    "TemplateProcessing": _template,
}
