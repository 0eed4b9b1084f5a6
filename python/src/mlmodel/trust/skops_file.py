"""skops files: a zip with a JSON tree of types, checked by our own list (TRU-040 to TRU-043).

skops asks its caller which types to trust; the answer must not come from the model. Here it
comes from the same list as for pickles, and the tree is walked by our own code before skops sees
the file: the kinds of nodes, the types they name, and what those may be given.
"""

from __future__ import annotations

import importlib
import io
import json
import lzma
import zipfile
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlmodel.trust.pickles import checks
from mlmodel.trust.pickles.budget import Budget, Spent
from mlmodel.trust.pickles.explain import explained
from mlmodel.trust.pickles.findings import MOST_FINDINGS, Finding, Malformed, Scan
from mlmodel.trust.pickles.hashing import Keys
from mlmodel.trust.pickles.names import Entry, Names
from mlmodel.trust.pickles.shapes import Watch
from mlmodel.trust.pickles.values import Global, Items, Made
from mlmodel.trust.skops_archive import Contents, Damaged, look_into, members
from mlmodel.trust.skops_numbered import Numbered
from mlmodel.trust.skops_places import places
from mlmodel.trust.skops_symbols import (
    Node,
    Symbols,
    content_of,
    json_value,
    keys_of,
    list_of,
    mapping_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["check", "load"]

#: The protocols whose nodes are known here.
PROTOCOLS = range(3)
_LARGEST_POOL = 1024

_KEY_TYPES = frozenset({"builtins.str", "builtins.int", "builtins.float", "builtins.bool"})
_PLAIN = {
    "ListNode": {"builtins.list"},
    "SetNode": {"builtins.set"},
    "BytesNode": {"builtins.bytes"},
    "BytearrayNode": {"builtins.bytearray"},
    "SliceNode": {"builtins.slice"},
    "DefaultDictNode": {"collections.defaultdict"},
    "MaskedArrayNode": {"numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"},
    "RandomStateNode": {"numpy.random.mtrand.RandomState"},
    "RandomGeneratorNode": {"numpy.random._generator.Generator"},
    "DTypeNode": {"numpy.dtype"},
    "TreeNode": {"sklearn.tree._tree.Tree"},
    "PartialNode": {"functools.partial"},
}
_LOSSES = frozenset({"sklearn._loss._loss", "sklearn.linear_model._sgd_fast"})
#: Where functions of numpy and scipy are found besides the place of the list.
_FUNCTION_PLACES = {
    "numpy._core._multiarray_umath": "numpy",
    "numpy._core.umath": "numpy",
    "numpy.core._multiarray_umath": "numpy",
    "scipy.special._special_ufuncs": "scipy.special",
    "scipy.special._ufuncs": "scipy.special",
}
#: The name of ``numpy.bool`` in files that numpy 1 wrote; numpy 2 has both.
_BOOL_OF_NUMPY_1 = ("numpy", "bool_")

#: What reading a damaged archive raises.
_UNREADABLE = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error,
    lzma.LZMAError,
)  # fmt: skip


def check(data: bytes, *, allow: Iterable[str] = (), budget: Budget | None = None) -> Scan:
    """Look at the bytes of a skops file.

    Args:
        data: the whole file.
        allow: classes that the user allowed, ``package.module.Class``.
        budget: what the model may cost that the file is of; without one it is one by itself.

    """
    budget = budget if budget is not None else Budget()
    walk = _Walk(Names(allow), len(data))
    damage, findings = "", []
    try:
        budget.store(len(data))
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            walk.members = members(archive, budget)
            walk.numbered.contents = Contents(archive, walk.members)
            schema = json.loads(archive.read("schema.json"))
            walk.run(schema)
            if not walk.findings:
                walk.sizes = look_into(archive, walk.arrays, walk.matrices, budget)
                walk.look_at_calls(budget)
            if not walk.findings:
                walk.look_at_keys(budget)
            findings = explained(walk.placed(schema), None)
    except (Damaged, Malformed, Spent) as error:
        damage = str(error)
    except _UNREADABLE as error:
        damage = f"its zip archive cannot be read ({error})"
    except (
        ValueError, KeyError, RecursionError, MemoryError, AttributeError, TypeError,
    ) as error:  # fmt: skip
        damage = f"its schema.json cannot be read ({type(error).__name__})"
    return Scan("skops", tuple(walk.seen), () if damage else tuple(findings), damage, data)


class _Walk:
    """Goes through the tree as skops would, and notes what it may not do."""

    def __init__(self, names: Names, size: int) -> None:
        self.names = names
        self.members: frozenset[str] = frozenset()
        self.numbered = Numbered(size)
        #: The files that are read as arrays, and as archives of arrays.
        self.arrays: set[str] = set()
        self.matrices: set[str] = set()
        self.seen: dict[str, None] = {}
        self.findings: list[Finding] = []
        self.watch = Watch()
        self.states: list[tuple[Node, Global]] = []
        #: The nodes that call a constructor, and those that make dicts and sets.
        self.calls: list[tuple[Node, Global]] = []
        self.keyed: list[Node] = []
        self.sizes: dict[str, int] = {}
        #: The node that is looked at, and those of the findings.
        self.at: Node = {}
        self.places: list[Node] = []
        self.symbols = Symbols(self.entry)
        self.protocol = 0

    def run(self, schema: Node) -> None:
        self.protocol = schema.get("protocol", -1) if type(schema) is dict else -1
        if type(self.protocol) is not int or self.protocol not in PROTOCOLS:
            raise Damaged(f"its protocol {self.protocol!r} is not known here")
        pending = [schema]
        while pending:
            node = pending.pop()
            if type(node) is not dict:
                raise Damaged("a node of its tree is not an object")
            self.at = node
            if not self.numbered.is_the_same(node):
                self.refuse("", "two different things have the same number in it (TRU-043)")
            pending.extend(self._visit(node))
        self._look_at_states()

    def _look_at_states(self) -> None:
        """Hold every state against the shape of its class, when all numbers are known."""
        nodes = {}
        for node, subject in self.states:
            target = self.symbols.of(node)
            if type(target) is Made:
                made = Made(subject, target.args)
                nodes[id(made)] = node
                self.watch.look_at(made, target.state)
        for target, name, reason in self.watch.wrong():
            self.at = nodes[id(target)]
            self.refuse(name, reason)

    def look_at_calls(self, budget: Budget) -> None:
        """Hold what constructors are given against what picklers write (TRU-088)."""
        for node, subject in self.calls:
            args = self.symbols.arguments(node["__reduce__"]["args"], self.sizes)
            self.at, entry = node, subject.entry
            if args is None or entry is None:
                self.refuse(
                    subject.full_name, "it is called with arguments that cannot be followed"
                )
                continue
            checked = checks.ARGUMENTS.get(entry.check)
            reason = checked(subject, args) if checked is not None else ""
            if reason:
                self.refuse(subject.full_name, reason)
            elif entry.check == "tree":
                budget.set_aside(8 * args[2])

    def look_at_keys(self, budget: Budget) -> None:
        """Count the keys of dicts and the members of sets by their hashes (TRU-086)."""
        counted = Keys(b"", budget.hash)
        for node in self.keyed:
            self.at = node
            reason = counted.wrong(Items("set", []), keys_of(node, self.symbols))
            if reason:
                self.refuse("", reason)

    def placed(self, schema: Node) -> list[Finding]:
        """Return the findings with their places."""
        found = places(schema, self.places) if self.findings else {}
        pairs = zip(self.findings, self.places, strict=True)
        return [replace(one, where=found.get(id(node), "")) for one, node in pairs]

    def refuse(self, name: str, reason: str, *, unlisted: bool = False) -> None:
        finding = Finding(name, reason, unlisted=unlisted)
        if finding not in self.findings and len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)
            self.places.append(self.at)

    def _visit(self, node: Node) -> Iterator[Node]:
        loader, module, name = (node.get(key) for key in ("__loader__", "__module__", "__class__"))
        if type(loader) is not str or type(module) is not str or type(name) is not str:
            raise Damaged("a node of its tree names no type")
        full_name = f"{module}.{name}"
        visit = _VISITS.get(loader)
        if loader != "JsonNode":
            self.seen[full_name] = None
        if visit is None:
            self.refuse(full_name, f"nodes of the kind {loader!r} are not allowed")
        elif loader in _PLAIN and full_name not in _PLAIN[loader]:
            self.refuse(full_name, f"it is not a type of a {loader}")
        else:
            yield from visit(self, node, full_name)

    def entry(self, node: Node) -> Entry | None:
        """Return the list's entry for what a node names, at exactly this place."""
        module, name = node["__module__"], node["__class__"]
        found_module, found_name, entry = self.names.find(module, name)
        if module in _FUNCTION_PLACES:
            return self.names.find(_FUNCTION_PLACES[module], name)[2]
        is_there = (module, name) in ((found_module, found_name), _BOOL_OF_NUMPY_1)
        return entry if is_there else None

    def require(self, node: Node, full_name: str, *uses: str) -> Entry | None:
        """Refuse what is not listed, or not for this use."""
        entry = self.entry(node)
        if entry is None:
            reason = "it is not on the list of types that need no trust"
            self.refuse(full_name, reason, unlisted=True)
        elif not entry.uses.issuperset(uses):
            self.refuse(full_name, "it may not be used in this way")
        return entry

    def file(self, node: Node) -> None:
        if node.get("file") not in self.members:
            raise Damaged("it refers to a file that is not in it")


def _json(walk: _Walk, node: Node, _: str) -> Iterator[Node]:  # noqa: ARG001 - the table's protocol
    if type(node.get("content")) is not str:
        raise Damaged("a value of its tree is not text")
    return iter(())


def _sequence(walk: _Walk, node: Node, _: str) -> Iterator[Node]:  # noqa: ARG001 - as above
    return iter(list_of(node))


def _set(walk: _Walk, node: Node, _: str) -> Iterator[Node]:
    walk.keyed.append(node)
    return iter(list_of(node))


def _tuple(walk: _Walk, node: Node, full_name: str) -> Iterator[Node]:
    if full_name != "builtins.tuple":
        walk.require(node, full_name, "new")
    return iter(list_of(node))


def _dict(walk: _Walk, node: Node, full_name: str) -> Iterator[Node]:
    if full_name != "builtins.dict":
        walk.require(node, full_name, "dict")
    walk.keyed.append(node)
    types = content_of(node, "key_types")
    if types.get("__loader__") != "ListNode":
        raise Damaged("the types of a dict's keys in its tree are not a list")
    for key in list_of(types):
        name = f"{key.get('__module__')}.{key.get('__class__')}" if type(key) is dict else "?"
        number = type(key) is dict and key.get("__module__") == "numpy"
        listed = name in _KEY_TYPES or (number and walk.entry(key) is not None)
        if not listed or key.get("__loader__") != "TypeNode":
            walk.refuse(name, "it is not a type of a key")
    yield types
    yield from content_of(node).values()


def _default_dict(walk: _Walk, node: Node, _: str) -> Iterator[Node]:
    content = content_of(node)
    factory = content_of(content, "default_factory")
    kind, module, name = (factory.get(key) for key in ("__loader__", "__module__", "__class__"))
    plain = kind == "TypeNode" and f"{module}.{name}" in checks.FACTORIES
    if not plain and not (kind == "JsonNode" and factory.get("content") == "null"):
        walk.refuse(f"{module}.{name}", "it is not a factory of a defaultdict")
    yield content_of(content, "main")
    yield factory


def _bytes(walk: _Walk, node: Node, _: str) -> Iterator[Node]:
    walk.file(node)
    return iter(())


def _nothing(walk: _Walk, node: Node, _: str) -> Iterator[Node]:  # noqa: ARG001 - as above
    return iter(())


def _type(walk: _Walk, node: Node, full_name: str) -> Iterator[Node]:
    entry = walk.require(node, full_name, "ref")
    if entry is not None and "function" in entry.uses:
        walk.refuse(full_name, "it is not a type")
    return iter(())


def _function(walk: _Walk, node: Node, full_name: str) -> Iterator[Node]:
    if walk.protocol == 0:
        walk.refuse(full_name, "functions of skops protocol 0 are not followed")
    else:
        walk.require(node, full_name, "ref", "function")
    return iter(())


def _partial(walk: _Walk, node: Node, full_name: str) -> Iterator[Node]:
    content = content_of(node)
    if content_of(content, "func").get("__loader__") != "FunctionNode":
        walk.refuse(full_name, "it holds something else than a function that only computes")
    own = content_of(content, "namespace")
    if own.get("content") != ("null" if own.get("__loader__") == "JsonNode" else {}):
        walk.refuse(full_name, "it has attributes, which no partial has (TRU-051)")
    walk.states.append((node, Global("functools", "partial", walk.entry(node))))
    yield from (content_of(content, key) for key in ("func", "args", "kwds", "namespace"))


def _constructor(walk: _Walk, node: Node, full_name: str) -> Iterator[Node]:
    walk.refuse(full_name, "it would be called while loading")
    yield content_of(node)


def _object(walk: _Walk, node: Node, full_name: str) -> Iterator[Node]:
    entry = walk.require(node, full_name, "new", "build")
    content = node.get("content")
    if content is None:
        return
    state = content_of(node)
    if entry is not None and entry.check in checks.STATES:
        subject = Global(node["__module__"], node["__class__"], entry)
        reason = checks.STATES[entry.check](subject, Made(subject, ()), mapping_of(state))
        if reason:
            walk.refuse(full_name, reason)
    if entry is not None:
        walk.states.append((node, Global(node["__module__"], node["__class__"], entry)))
    yield state


def _array(walk: _Walk, node: Node, full_name: str) -> Iterator[Node]:
    if full_name != "numpy.ndarray":
        entry = walk.require(node, full_name, "ref")
        if entry is not None and not (node["__module__"] == "numpy" and entry.uses == {"ref"}):
            walk.refuse(full_name, "it is not a type of an array")
    if node.get("type") == "numpy":
        walk.file(node)
        walk.arrays.add(node["file"])
        return
    yield content_of(node, "shape")
    yield from list_of(node)


def _masked(walk: _Walk, node: Node, _: str) -> Iterator[Node]:  # noqa: ARG001 - as above
    content = content_of(node)
    yield content_of(content, "data")
    yield content_of(content, "mask")


def _child(walk: _Walk, node: Node, _: str) -> Iterator[Node]:  # noqa: ARG001 - as above
    yield content_of(node)


def _generator(walk: _Walk, node: Node, full_name: str) -> Iterator[Node]:
    content = content_of(node)
    state = content_of(content, "bit_generator")
    kind = content_of(state).get("bit_generator")
    name = json_value(kind.get("content")) if type(kind) is dict else None
    if walk.protocol == 0 or name not in checks.BIT_GENERATORS:
        walk.refuse(full_name, "its bit generator is not a known one")
    pool = content_of(content_of(content, "seed_seq")).get("pool_size")
    size = json_value(pool.get("content")) if type(pool) is dict else None
    # So many numbers are mixed while the generator is made.
    if type(size) is not int or not 4 <= size <= _LARGEST_POOL:  # noqa: PLR2004 - numpy's least
        walk.refuse(full_name, "its pool of seeds is not of a size that numpy makes (TRU-059)")
    yield from content.values()


def _sparse(walk: _Walk, node: Node, full_name: str) -> Iterator[Node]:
    walk.require(node, full_name, "new")
    walk.file(node)
    walk.matrices.add(node["file"])
    return iter(())


def _reduce(walk: _Walk, node: Node, full_name: str) -> Iterator[Node]:
    if node["__loader__"] == "LossNode" and node["__module__"] not in _LOSSES:
        walk.refuse(full_name, "it is not a compiled loss")
    entry = walk.require(node, full_name, "call")
    if entry is not None and type(node.get("content")) is dict:
        walk.states.append((node, Global(node["__module__"], node["__class__"], entry)))
    if entry is not None:
        walk.calls.append((node, Global(node["__module__"], node["__class__"], entry)))
    yield content_of(content_of(node, "__reduce__"), "args")
    yield content_of(node)


_VISITS: dict[str, Callable[[_Walk, Node, str], Iterator[Node]]] = {
    "BytearrayNode": _bytes,
    "BytesNode": _bytes,
    "ConstructorFromReduceNode": _constructor,
    "DTypeNode": _child,
    "DefaultDictNode": _default_dict,
    "DictNode": _dict,
    "FunctionNode": _function,
    "JsonNode": _json,
    "ListNode": _sequence,
    "LossNode": _reduce,
    "MaskedArrayNode": _masked,
    "NdArrayNode": _array,
    "ObjectNode": _object,
    "PartialNode": _partial,
    "RandomGeneratorNode": _generator,
    "RandomStateNode": _child,
    "SetNode": _set,
    "SliceNode": _nothing,
    "SparseMatrixNode": _sparse,
    "TreeNode": _reduce,
    "TupleNode": _tuple,
    "TypeNode": _type,
}


def load(found: Scan, *, trusted: bool) -> Any:
    """Load the very bytes that were looked at.

    Args:
        found: the look; without ``trusted``, skops gets the names that passed it as its list.
        trusted: whether the whole file is trusted.

    Raises:
        ModuleNotFoundError: skops is not installed.

    """
    skops_io = importlib.import_module("skops.io")
    # ``trusted`` says that the user vouches for the file, so that skops has nothing to add.
    names = skops_io.get_untrusted_types(data=found.data) if trusted else list(found.names)
    return skops_io.loads(found.data, trusted=names)
