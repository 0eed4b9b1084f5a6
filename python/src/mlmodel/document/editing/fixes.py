"""What ``mlmodel validate --fix`` mends (MLM-027): violations with exactly one right answer."""

from __future__ import annotations

import json
from bisect import bisect_left
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mlmodel.document.document import compose_document, folder_of, model_file, read_text
from mlmodel.document.editing.comments import COMMENT
from mlmodel.document.editing.edits import Change, Edit, apply, node_end, quote, remove, replace
from mlmodel.document.pointers import split
from mlmodel.document.rules.checks import check, errors_in
from mlmodel.document.schema import schemas
from mlmodel.document.schema.schemas import branch, child
from mlmodel.document.yaml.build import Builder, has_named_keys
from mlmodel.document.yaml.events import DEFAULT_LIMITS, Limits, Problem
from mlmodel.errors import MlmodelError, Violation, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mlmodel.document.document import Document
    from mlmodel.document.paths import PathLike
    from mlmodel.document.yaml.events import Node
    from mlmodel.errors import Violation


__all__ = ["FIXABLE", "Fixed", "fix", "fix_text"]

#: One change may make room for the next: how often a file is read again, and how many characters.
_FEWEST_LOOKS, _MOST_LOOKS = 20, 1_000
_MOST_READ = 2**26
_Fix = tuple[str, tuple[Edit, ...]]


class Fixed(NamedTuple):
    """A text after its mending, and what was mended."""

    text: str
    changes: tuple[Change, ...]


def fix_text(
    text: str,
    file: str,
    root: Path | None,
    *,
    limits: Limits = DEFAULT_LIMITS,
    rules: Callable[[str], bool] = bool,
) -> Fixed:
    """Return the text of an MLmodel file with everything mended that has one right answer.

    ``root`` is the model folder (None: rules about its files are not looked at); ``rules`` says
    of a rule's id whether it is looked at. What is not mended is as it was, to the character.
    """
    made: list[Change] = []
    budget = _Budget(len(text))
    while budget.takes():
        document = compose_document(text, file, limits=limits)
        found = [change for change in _changes(document, root) if rules(change.rule)]
        step = _step(document, found, root, limits, budget)
        if step is None:
            break
        text = step.text
        made += step.changes
    return Fixed(text, tuple(made))


class _Budget:
    """How often a file may be read again: often, but a large one not for minutes (MLM-036)."""

    def __init__(self, size: int) -> None:
        self.left = max(_FEWEST_LOOKS, min(_MOST_LOOKS, _MOST_READ // max(size, 1)))

    def takes(self) -> bool:
        """Return whether there is a look left, and take it."""
        self.left -= 1
        return self.left >= 0


def _step(
    document: Document, found: list[Change], root: Path | None, limits: Limits, budget: _Budget
) -> Fixed | None:
    """Make all changes at once; where that adds an error, those of a part that does not."""
    batches = [found] if found else []
    before = _errors(document, root) if found else 0
    while batches and budget.takes():
        batch = batches.pop(0)
        text, made = apply(document.text, batch)
        after = compose_document(text, document.file, limits=limits)
        if after.usable and _errors(after, root) <= before:
            return Fixed(text, tuple(made))
        batches += _parts(batch)
    return None


def _parts(batch: list[Change]) -> list[list[Change]]:
    """Return the changes of each rule apart, or those of one rule in two halves."""
    rules = dict.fromkeys(change.rule for change in batch)
    if len(rules) > 1:
        return [[change for change in batch if change.rule == rule] for rule in rules]
    half = len(batch) // 2
    return [batch[:half], batch[half:]] if half else []


def _errors(document: Document, root: Path | None) -> int:
    return sum(error.times for error in errors_in(document, root))


def _changes(document: Document, root: Path | None) -> list[Change]:
    changes = []
    for violation in check(document, root) if document.usable else ():
        fix = FIXABLE.get(violation.rule) if violation.file == document.file else None
        if violation.rule == "DIR-006" and root is None:
            fix = None  # a file may have the backslash in its name
        found = fix(document, violation) if fix else None
        if found is not None and violation.pointer is not None:
            message, edits = found
            place = violation.line or 1, violation.column or 1
            changes.append(Change(violation.rule, message, *place, violation.pointer, edits))
    return changes


def _scalar_at(document: Document, violation: Violation) -> Node | None:
    """Return the scalar that a violation is about, if it stands where it is said to stand."""
    try:
        node = document.nodes(violation.pointer or "")[1]
    except KeyError:
        return None
    here = node.kind == "scalar" and node.position == (violation.line, violation.column)
    return node if here else None


def _quoted(document: Document, violation: Violation) -> _Fix | None:
    node = _scalar_at(document, violation)
    if node is None or not node.plain:
        return None
    return f"{node.value[:60]} was put in quotes.", (quote(node),)


def _slashes(document: Document, violation: Violation) -> _Fix | None:
    node = _scalar_at(document, violation)
    if node is None:
        return None
    path = node.value.replace("\\", "/")
    edit = replace(document, violation.pointer or "", path)
    return f"Backslashes became slashes in the path: {path[:60]!r}.", (edit,)


def _once(document: Document, violation: Violation) -> _Fix | None:
    """Take out a key that repeats an earlier one with the same value."""
    pointer = violation.pointer or ""
    path = split(pointer)
    try:
        parent = document.nodes(pointer.rpartition("/")[0])[1]
    except KeyError:
        return None
    schema = _schema_at(path[:-1])
    places = document.places(parent, path[-1]) if parent.kind == "map" else []
    first, others = places[:1], places[1:]
    place = violation.line, violation.column
    # They stand in the order of the text.
    found = bisect_left(others, place, key=lambda at: parent.value[at][0].position)
    if found == len(others) or parent.value[others[found]][0].position != place:
        return None
    again = others[found]
    value = child(schema, path[-1]) if has_named_keys(schema) else None
    edit = remove(document, parent, again)
    if edit is None or not _same(parent.value[first[0]][1], parent.value[again][1], value):
        return None
    line = parent.value[first[0]][0].position[0]
    return f"The second {path[-1][:60]!r} was removed: line {line} says the same.", (edit,)


def _same(one: Node, other: Node, schema: Any) -> bool:
    """Return whether two nodes have the same value."""
    # A large first one is not built for each small one that follows it.
    return (one.kind, one.size) == (other.kind, other.size) and (
        (
            one.kind == "scalar"
            and one.value == other.value
            and one.tag == other.tag
            and one.plain == other.plain
        )
        or repr(Builder().build(one, schema)) == repr(Builder().build(other, schema))
    )


def _schema_at(path: list[str]) -> Any:
    schema = schemas.load("mlmodel")
    for key in path:
        schema = branch(child(branch(schema, "object"), key), "object")
    return schema


def _as_json(document: Document, violation: Violation) -> _Fix | None:
    """Write a list of the signature that stands there as YAML as the JSON text it has to be."""
    pointer = violation.pointer or ""
    path = split(pointer)
    if len(path) != len(("signature", "inputs")) or not document.data.get("signature"):
        return None
    value = document.data["signature"].get(path[-1])
    key, node = document.nodes(pointer)
    begin, end = key.end.index, node_end(document.text, node)
    if not isinstance(value, list) or not value or node.start.index < begin:
        return None
    try:
        text = json.dumps(value, allow_nan=False)
        if json.loads(text) != value:  # keys that JSON turns into texts
            return None
    except (TypeError, ValueError):
        return None  # what JSON cannot hold
    if not _bare(document.text, node, begin, end):
        return None
    return (
        f"{path[-1]} was rewritten as the text of a JSON list.",
        (Edit(begin, end, f": '{text.replace(chr(39), chr(39) * 2)}'"),),
    )


def _bare(text: str, node: Node, begin: int, end: int) -> bool:
    """Return whether all of a node stands between two offsets, and no comment with it."""
    between = ""
    for leaf in _leaves(node):
        if leaf.start.index < begin:
            return False  # an alias of what stands elsewhere
        between += text[begin : leaf.start.index] + "."
        begin = leaf.end.index
    return COMMENT.search(between + text[begin:end]) is None


def _leaves(node: Node) -> Iterator[Node]:
    if node.kind == "scalar":
        yield node
    for member in node.value if node.kind != "scalar" else ():
        for below in member if node.kind == "map" else (member,):
            yield from _leaves(below)


#: Rule -> what mends a violation of it, or returns None where there is no one right answer.
FIXABLE: dict[str, Callable[[Document, Violation], _Fix | None]] = {
    "MLM-003": _once,
    "MLM-005": _quoted,
    "DIR-006": _slashes,
    "SIG-001": _as_json,
}


def fix(
    path: PathLike, *, limits: Limits = DEFAULT_LIMITS, rules: Callable[[str], bool] = bool
) -> tuple[Violation, ...]:
    """Mend the MLmodel file at ``path`` where there is one right answer (MLM-027).

    ``rules`` says of a rule's id whether it is looked at; by default every rule is.

    Returns what was mended, each at the place where it stood. A file that cannot be read, or
    in which there is nothing to mend, is left alone.

    Raises:
        WriteFailed: the file could not be written; it is as it was.

    """
    from mlmodel.document.writer import rewrite

    file = model_file(path)
    try:
        text = read_text(file, limits)
    except MlmodelError:
        return ()
    if isinstance(text, Problem):
        return ()
    fixed = fix_text(text, str(file), folder_of(file), limits=limits, rules=rules)
    if fixed.changes:
        rewrite(file, fixed.text, limits)
    return tuple(listed(change.as_violation(str(file)) for change in fixed.changes))
