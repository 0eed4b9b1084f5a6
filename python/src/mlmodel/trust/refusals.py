"""What is said where a model is not loaded: what was found, and the ways on (TRU-002)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlmodel.errors import UntrustedModel, Violation
from mlmodel.trust.pickles.explain import is_function

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

__all__ = ["Refusals", "has_classes", "unused"]

#: How many findings an error lists.
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Refusals:
    """What is known of a folder that is not trusted.

    Args:
        root: the folder.
        allow: the names that the caller allows.
        seen: those that its files have, as far as they were looked into.
        why_not: why it cannot be trusted by its digest, where it cannot.
        history: what changed in it since it was trusted.

    """

    root: Path
    allow: Collection[str]
    seen: Collection[str]
    why_not: str
    history: str

    def error(
        self, what: str, details: list[Violation], *, by_name: bool, classes: bool = False
    ) -> UntrustedModel:
        """Return the error; ``by_name``: names were refused, ``classes``: one may be a class's."""
        shown = details[:_SHOWN]
        if len(details) > _SHOWN:
            last = details[-1]
            more = f"and {len(details) - _SHOWN} more"
            shown.append(Violation(last.rule, more, file=last.file))
        ways = "; ".join(self._ways(by_class=by_name and classes))
        said = [
            f"Loading this model would run code that is not trusted: {what}. Nothing was run.",
            self.history,
            *self._of_names(by_name=by_name),
            f"If you know where the model comes from, do one of these: {ways}.",
            self.why_not,
        ]
        return UntrustedModel(" ".join(filter(None, said)), shown)

    def _ways(self, *, by_class: bool) -> Iterator[str]:
        if by_class:
            yield (
                "pass allow=('package.module.Class', …) to allow installed classes by exact name"
            )
        if not self.why_not:
            yield f"run `mlmodel trust add {self.root}` to trust this folder as it is now"
        yield "pass trust=True (--trust) to trust it this once"

    def _of_names(self, *, by_name: bool) -> Iterator[str]:
        """Give what is wrong with the names that the caller allows."""
        left = sorted(set(self.allow) - set(self.seen))
        if self.allow and not by_name:
            yield (
                f"That {', '.join(sorted(self.allow))} {'is' if len(self.allow) == 1 else 'are'} "
                "allowed cannot help: names allow installed classes, and this is code that comes "
                "with the model; only trust in the folder lets it run (TRU-046)."
            )
        elif left:
            yield f"{unused(left, self.seen).rstrip('?')} (TRU-046)."


def unused(names: list[str], seen: Iterable[str]) -> str:
    """Return what is said of names that are allowed and that no file of the model has."""
    from difflib import get_close_matches

    known = sorted(seen)
    near = [one for name in names for one in get_close_matches(name, known, 1)]
    hint = f"; did you mean {' and '.join(dict.fromkeys(near))}?" if near else ""
    return f"allow names {', '.join(names)}, which no file of the model uses{hint}"


def has_classes(names: Iterable[str]) -> bool:
    """Return whether allowing by name can help: classes alone can be allowed (TRU-016)."""
    return any(not is_function(name) for name in names)
