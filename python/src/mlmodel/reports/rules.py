"""The rules of the specification: their texts and their addresses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from mlmodel._base.origin import specification
from mlmodel._base.packaged import read_packaged
from mlmodel.errors import InvalidArgument

__all__ = ["Rule", "matching", "rule", "rules"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its id, its page of the specification (``trust``), and its text."""

    id: str
    page: str
    text: str

    @property
    def file(self) -> str:
        """The page in the repository."""
        return f"spec/{self.page}.md"

    @property
    def address(self) -> str:
        """Where the rule is read: a link where the package knows one, else a name (a URN)."""
        base = specification()
        page = f"{base}/{self.page}.md" if base else f"urn:mlmodel:spec:v1:{self.page}"
        return f"{page}#{self.id}"

    @property
    def severity(self) -> str:
        """What breaking it is, by its words: ``error``, ``warning``, ``error or warning``, none."""
        words = self.text.split()
        found = [kind for word, kind in (("MUST", "error"), ("SHOULD", "warning")) if word in words]
        return " or ".join(found) or "none"

    def as_dict(self) -> dict[str, str]:
        """Return what ``mlmodel rule --format json`` prints for it."""
        return {
            "rule": self.id,
            "severity": self.severity,
            "page": self.file,
            "address": self.address,
            "text": self.text,
        }


@cache
def rules() -> dict[str, Rule]:
    """Return all rules by their ids, sorted."""
    text = read_packaged("reports/_rules.json")
    return {name: Rule(name, one["page"], one["text"]) for name, one in json.loads(text).items()}


def rule(name: str) -> Rule:
    """Return a rule by its id; of one that is not known, that it is one."""
    return rules().get(name) or Rule(name, "README", f"The rule {name}.")


def matching(prefix: str) -> list[Rule]:
    """Return the rule of this id, or those whose ids begin so (``ENV``, ``MLM-01``).

    Raises:
        InvalidArgument: there is none; the message says which were meant, perhaps.

    """
    wanted = prefix.strip().upper()
    found = [one for name, one in rules().items() if wanted and name.startswith(wanted)]
    if found:
        return found
    from difflib import get_close_matches

    # Of one prefix, numbers that look alike come first; of none that is known, the prefixes.
    page, _, number = wanted.partition("-")
    if f"{page}-{number:0>3}" in rules():
        raise InvalidArgument(f"There is no rule {prefix!r}; did you mean {page}-{number:0>3}?")
    prefixes = sorted({name.partition("-")[0] for name in rules()})
    near = [name for name in rules() if name.startswith(f"{page}-")] if page in prefixes else []
    close = get_close_matches(wanted, near, 3) or get_close_matches(page, prefixes, 3, 0.5)
    hint = (
        f"did you mean {' or '.join(close)}?"
        if close
        else f"they begin with {', '.join(prefixes)}."
    )
    raise InvalidArgument(f"There is no rule {prefix!r}; {hint}")
