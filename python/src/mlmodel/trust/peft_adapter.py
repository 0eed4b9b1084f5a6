"""Adapters of peft: small weights that are put over those of a model, which stands elsewhere.

A folder holds ``adapter_config.json``, the weights, and a text for people. The configuration is
passed to classes of peft as arguments: it can name modules to import, and a model to fetch. What it
may say without trust is closed, as of the configurations of models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlmodel.trust.plain_json import are_names, is_data

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CONFIG", "Adapter", "refused"]

CONFIG = "adapter_config.json"
#: Ways of adapting that consist of numbers and names of layers.
_KINDS = frozenset({
    "ADALORA", "BOFT", "FOURIERFT", "HRA", "IA3", "LN_TUNING", "LOHA", "LOKR", "LORA", "OFT",
    "VERA",
})  # fmt: skip
#: Keys with texts that are for people, or say where the base model is: nothing is fetched for them.
_TEXTS = frozenset({"base_model_name_or_path", "revision"})
#: Keys with names, or lists of names, of layers and of ways of the library's own.
_NAMES = frozenset({
    "bias", "exclude_modules", "feedforward_modules", "init_lora_weights", "init_weights",
    "layers_pattern", "modules_to_save", "peft_type", "peft_version", "target_modules",
    "target_parameters", "task_type",
})  # fmt: skip
#: A name, or several in a pattern without repetitions: it is matched with the names of layers.
_NAME = re.compile(r"[A-Za-z0-9_.\-|()]{0,200}\Z")
#: What is imported only where the other key is set, which asks for trust.
_IDLE = {"megatron_core": "megatron.core"}
_PATTERNS = frozenset({"alpha_pattern", "rank_pattern"})


@dataclass(frozen=True, slots=True)
class Adapter:
    """What an adapter says of itself."""

    kind: str
    base: str
    rank: int | None

    @classmethod
    def of(cls, held: Any) -> Adapter:
        """Return it from its configuration, whatever that is."""
        given = held if isinstance(held, dict) else {}
        kind, base, rank = (given.get(key) for key in ("peft_type", "base_model_name_or_path", "r"))
        return cls(
            kind if isinstance(kind, str) and _NAME.match(kind) else "",
            base[:200] if isinstance(base, str) else "",
            rank if type(rank) is int else None,
        )

    def __str__(self) -> str:
        rank = "" if self.rank is None else f" of rank {self.rank:,}"
        return f"{self.kind}{rank}" if self.kind else "an unknown kind"


def refused(held: Any) -> Iterator[str]:
    """Give what a configuration says that is not known to be data, each the end of "it …"."""
    if not isinstance(held, dict):
        yield "is no mapping"
        return
    if held.get("peft_type") not in _KINDS:
        yield f"is an adapter of the kind {held.get('peft_type')!s:.60}, which is not on the list"
    for key, value in held.items():
        known = (
            is_data(value)
            or (key in _TEXTS and isinstance(value, str))
            or (key in _NAMES and are_names(value, _NAME))
            or (key in _PATTERNS and _is_pattern(value))
            or _IDLE.get(key) == value
        )
        if not known:
            yield f"has {key!s:.60}: {value!s:.80}"


def _is_pattern(value: Any) -> bool:
    return isinstance(value, dict) and all(
        are_names(key, _NAME) and is_data(one) for key, one in value.items()
    )
