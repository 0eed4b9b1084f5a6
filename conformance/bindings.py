"""Reads the tables of spec/conformance.md: whom each rule binds, how it is proved, since when.

Three checks of the lint: every rule binds somebody; every MUST has a vector, or a reason why a test
alone can prove it, but for :data:`WAITING` of them; what the tables name is there.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.lint import Rule, Tree

__all__ = ["PAGE", "WAITING", "proofs", "roles", "roles_of", "since"]

#: The page of the tables.
PAGE = "conformance.md"
#: How many rules that say MUST have neither a vector nor a reason. It may only fall.
WAITING = 0
_ROLES = "Roles"
_BINDINGS = "Which rules bind which roles"
_PROOFS = "How a rule is proved"
_SINCE = "Since when"
#: All pages of flavors, which bring their own prefixes.
_FLAVORS = "flavors"
_RANGE = re.compile(r"([A-Z]{3})-(\d{3}) to \1-(\d{3})")
_PREFIX = re.compile(r"[A-Z]{3}")
_VERSION = re.compile(r"\d+\.\d+")


class _Named(NamedTuple):
    """What a cell of a table names: rules by id, prefixes, and what is neither."""

    ids: frozenset[str]
    prefixes: frozenset[str]
    unknown: tuple[str, ...]


def roles_of(tree: Tree) -> dict[str, tuple[str, ...]]:
    """Return the roles that each rule binds; those of its prefix where no row has its id."""
    whole, single = _bindings(tree)
    by_prefix = {prefix: bound for named, bound in whole for prefix in named.prefixes}
    by_id = {rule: bound for named, bound in single for rule in named.ids}
    return {
        rule.id: by_id.get(rule.id) or by_prefix.get(_prefix_of(rule, by_prefix), ())
        for rule in tree.rules
    }


def roles(tree: Tree) -> list[str]:
    """Check that every rule binds a role, by one row, and that the rows name rules and roles."""
    known = {row[0] for row in _rows(tree, _ROLES)}
    found = []
    taken: dict[str, int] = {}
    for number, (named, bound) in enumerate([*_bindings(tree)[0], *_bindings(tree)[1]]):
        found += [f"spec/{PAGE}: {one} is no rule and no prefix" for one in named.unknown]
        found += [f"spec/{PAGE}: {one!r} is no role" for one in bound if one not in known]
        for one in sorted(named.ids | named.prefixes):
            if taken.setdefault(one, number) != number:
                found.append(f"spec/{PAGE}: two rows say whom {one} binds")
    if PAGE in tree.pages:
        found += [
            f"spec/{PAGE}: no row says whom {rule} binds"
            for rule, bound in roles_of(tree).items()
            if not bound
        ]
    return found


def proofs(tree: Tree) -> list[str]:
    """Check that what says MUST is proved by a vector, or says why a test alone can prove it."""
    if PAGE not in tree.pages:
        return []
    cells = [_named(tree, row[1]) for row in _rows(tree, _PROOFS)]
    found = [
        f"spec/{PAGE}: {one} is no rule and no prefix" for cell in cells for one in cell.unknown
    ]
    ids = frozenset[str]().union(*(cell.ids for cell in cells))
    twice = Counter(rule for cell in cells for rule in cell.ids)
    found += [
        f"spec/{PAGE}: two rows say why a test proves {one}" for one in sorted(twice - Counter(ids))
    ]
    prefixes = frozenset[str]().union(*(cell.prefixes for cell in cells))
    cited = tree.cited_by_vectors()
    found += [
        f"spec/{PAGE}: vectors cite {one}, so a test is not alone in proving it"
        for one in sorted(ids & cited)
    ]
    waiting = [
        rule.id
        for rule in tree.rules
        if "MUST" in rule.text
        and rule.id not in cited | ids
        and _prefix_of(rule, prefixes) not in prefixes
    ]
    if len(waiting) > WAITING:
        found.append(
            f"{len(waiting)} rules that say MUST have no vector and no reason in spec/{PAGE}, and "
            f"{WAITING} may wait: {', '.join(waiting)}"
        )
    elif len(waiting) < WAITING:
        found.append(f"only {len(waiting)} rules wait for a vector: lower WAITING in bindings.py")
    return found


def since(tree: Tree) -> list[str]:
    """Check that the table of versions names versions, and rules each once."""
    found = []
    taken: set[str] = set()
    for version, cell, *_ in _rows(tree, _SINCE):
        named = _named(tree, cell)
        if not _VERSION.fullmatch(version):
            found.append(f"spec/{PAGE}: {version!r} is no version")
        found += [f"spec/{PAGE}: {one} is no rule" for one in (*named.unknown, *named.prefixes)]
        found += [f"spec/{PAGE}: {one} has two versions" for one in sorted(named.ids & taken)]
        taken |= named.ids
    return found


def _bindings(
    tree: Tree,
) -> tuple[list[tuple[_Named, tuple[str, ...]]], list[tuple[_Named, tuple[str, ...]]]]:
    """Return the rows that name prefixes, and those that name rules, with their roles."""
    rows = [
        (_named(tree, cell), tuple(one.strip() for one in bound.split(",")))
        for cell, bound, *_ in _rows(tree, _BINDINGS)
    ]
    whole = [row for row in rows if row[0].prefixes]
    return whole, [row for row in rows if not row[0].prefixes]


def _rows(tree: Tree, heading: str) -> Iterator[list[str]]:
    """Give the rows of the table behind a heading, without its head."""
    lines = iter(tree.pages.get(PAGE, "").splitlines())
    for line in lines:
        if line == f"## {heading}":
            break
    body = False
    for line in lines:
        if line.startswith("## "):
            return
        if body and line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]
        body = body or line.startswith("|---")


def _named(tree: Tree, cell: str) -> _Named:
    known = {rule.id for rule in tree.rules}
    all_prefixes = {rule.id[:3] for rule in tree.rules} | {_FLAVORS}
    ids: set[str] = set()
    prefixes: set[str] = set()
    unknown: list[str] = []
    for part in filter(None, map(str.strip, cell.split(","))):
        reach = _RANGE.fullmatch(part)
        if reach:
            first, last = int(reach[2]), int(reach[3])
            within = {one for one in known if one[:3] == reach[1] and first <= int(one[4:]) <= last}
            ends = {f"{reach[1]}-{reach[2]}", f"{reach[1]}-{reach[3]}"}
            unknown += [] if ends <= within else [part]
            ids |= within
        elif part in known:
            ids.add(part)
        elif part in all_prefixes and (part == _FLAVORS or _PREFIX.fullmatch(part)):
            prefixes.add(part)
        else:
            unknown.append(part)
    return _Named(frozenset(ids), frozenset(prefixes), tuple(unknown))


def _prefix_of(rule: Rule, prefixes: object) -> str:
    """Return the prefix under which a table may have a rule: its own, or that of all flavors."""
    own = rule.id[:3]
    is_own = isinstance(prefixes, dict | frozenset) and own in prefixes
    return own if is_own or not rule.page.startswith(f"{_FLAVORS}/") else _FLAVORS
