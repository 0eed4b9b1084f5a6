"""Read the sources of libraries: their classes, bases, and the attributes that these assign.

Nothing is imported, so any version can be read: from ``site-packages`` or an unpacked wheel.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

#: Decorators whose methods keep their value in the object's dict under their own name.
_CACHING = frozenset({"cached_property"})
#: Decorators whose names cannot be hidden by an object's own attribute.
_PROPERTIES = frozenset(
    {"property", "setter", "getter", "deleter", "cache_readonly", "lazyproperty"}
)
#: How a class of pandas names the attributes that its states have.
_STATE_NAMES = frozenset({"_metadata", "_attributes", "__slots__"})
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)

Place = tuple[str, str]


@dataclass
class Row:
    """One class: its bases in the surveyed libraries, and what its own source says.

    ``attributes``: what it assigns to its objects. ``methods`` and ``values``: what stands in the
    class itself, where an object's own attribute of that name would take its place.
    """

    bases: list[Place] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)


Rows = dict[Place, Row]


@dataclass
class Module:
    """The source of one module: its classes by name, and where its other names come from."""

    name: str
    tree: ast.Module
    is_package: bool
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    imports: dict[str, Place] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in statements(self.tree.body):
            if isinstance(node, ast.ClassDef):
                self.classes.setdefault(node.name, node)
            elif isinstance(node, ast.FunctionDef):
                self.functions.setdefault(node.name, node)
            elif isinstance(node, ast.ImportFrom):
                origin = self._origin(node)
                for one in node.names:
                    self.imports[one.asname or one.name] = (origin, one.name)
            elif isinstance(node, ast.Import):
                for one in node.names:
                    self.imports[one.asname or one.name.split(".")[0]] = (one.name, "")

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        up = node.level - 1 if self.is_package else node.level
        parts = self.name.split(".")
        base = ".".join(parts[: len(parts) - up])
        return f"{base}.{node.module}" if node.module else base


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, those under ``if`` and ``try`` among them."""
    for node in body:
        yield node
        for part in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With):
                yield from statements(getattr(node, part, []))


class Sources:
    """The sources of the libraries under one folder (``site-packages``, an unpacked wheel)."""

    def __init__(self, *roots: Path) -> None:
        self.roots = roots
        self._modules: dict[str, Module | None] = {}

    def module(self, name: str) -> Module | None:
        """Return a module's source, or ``None`` where there is none (compiled, not there)."""
        if name not in self._modules:
            self._modules[name] = self._read(name)
        return self._modules[name]

    def _read(self, name: str) -> Module | None:
        for root in self.roots:
            path = root.joinpath(*name.split("."))
            for file, is_package in (
                (path / "__init__.py", True),
                (path.with_suffix(".py"), False),
            ):
                if file.is_file():
                    return Module(name, ast.parse(file.read_bytes()), is_package)
        return None

    def find(self, module: str, name: str, depth: int = 0) -> Place | None:
        """Return where a class is defined that a module knows by this name."""
        known = self.module(module)
        if known is None or depth > 8:  # noqa: PLR2004 - re-exports of re-exports
            return None
        first, _, rest = name.partition(".")
        if rest:
            origin, inner = known.imports.get(first, ("", ""))
            within = f"{origin}.{inner}" if inner else origin
            return self.find(within, rest, depth + 1) if origin else None
        if name in known.classes:
            return module, name
        origin, inner = known.imports.get(name, ("", ""))
        return self.find(origin, inner, depth + 1) if inner else None

    def function(
        self, module: str, name: str, depth: int = 0
    ) -> tuple[Module, ast.FunctionDef] | None:
        """Return a function that a module knows by this name, with its module."""
        known = self.module(module)
        if known is None or depth > 8:  # noqa: PLR2004 - as above
            return None
        if name in known.functions:
            return known, known.functions[name]
        origin, inner = known.imports.get(name, ("", ""))
        return self.function(origin, inner, depth + 1) if inner else None

    def bases(self, place: Place) -> list[Place]:
        """Return the bases of a class that have a source."""
        module = self.module(place[0])
        if module is None:
            return []
        found = (
            self.find(place[0], ast.unparse(expression))
            for base in module.classes[place[1]].bases
            for expression in _base_expressions(base)
        )
        return [one for one in found if one is not None]


def _base_expressions(base: ast.expr) -> list[ast.expr]:
    """Return a base class; those of ``with_metaclass(Meta, Base)``, of ``Generic[…]``."""
    if isinstance(base, ast.Call):
        return list(base.args)
    return [base.value if isinstance(base, ast.Subscript) else base]


# What a class assigns ----------------------------------------------------------------------------


def survey(sources: Sources, places: Iterable[Place]) -> Rows:
    """Return a row for each of the classes that has a source, and for each of their bases."""
    rows: Rows = {}
    pending = [found for one in places if (found := sources.find(*one)) is not None]
    while pending:
        place = pending.pop()
        if place in rows:
            continue
        module = sources.module(place[0])
        if module is None:
            continue
        row = rows[place] = read_class(module.classes[place[1]])
        row.bases = sources.bases(place)
        pending.extend(row.bases)
    return rows


def read_class(node: ast.ClassDef) -> Row:
    """Return what the source of one class says about its objects."""
    row = Row()
    for part in statements(node.body):
        if isinstance(part, FUNCTION):
            _read_method(row, node.name, part)
        elif isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            if (part.value is None and "ClassVar" not in ast.unparse(part.annotation)) or any(
                last_name(one) == "dataclass" for one in node.decorator_list
            ):
                row.attributes.add(part.target.id)
        elif isinstance(part, ast.Assign):
            for target in part.targets:
                if isinstance(target, ast.Name):
                    _class_value(row, target.id, part.value)
    row.attributes = {one for one in row.attributes if not _is_python(one)}
    return row


def _read_method(row: Row, cls: str, method: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    decorators = {last_name(one) for one in method.decorator_list}
    if decorators & _CACHING:
        row.attributes.add(method.name)
    elif not decorators & _PROPERTIES:
        row.methods.add(method.name)
    row.attributes |= {_private(cls, one) for one in _assigned(method)}
    if method.name in {"__getstate__", "__reduce__", "__setstate__"}:
        row.attributes |= set(_state_keys(method))


def _is_python(name: str) -> bool:
    """Whether a name has its meaning from Python itself (``__class__``, ``__dict__``)."""
    return name.startswith("__") and name.endswith("__") and name != "__doc__"


def _private(cls: str, name: str) -> str:
    """Return the name that Python makes of a class's own ``__name``."""
    private = name.startswith("__") and not name.endswith("__")
    return f"_{cls.lstrip('_')}{name}" if private else name


def _class_value(row: Row, name: str, value: ast.expr) -> None:
    if name in _STATE_NAMES and isinstance(value, ast.List | ast.Tuple):
        row.attributes |= {one.value for one in value.elts if is_text(one)}
    row.values.add(name)
    if isinstance(value, ast.Call | ast.Lambda) and last_name(value) != "property":
        # A property, a method made by a function.
        row.methods.add(name)


def last_name(node: ast.expr) -> str:
    """Return the last part of a dotted name, of a call's too."""
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def is_text(node: ast.expr) -> bool:
    """Return whether an expression is a text that stands there."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def subject_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Return the name of a method's object (``self``)."""
    every = [*function.args.posonlyargs, *function.args.args]
    plain = {last_name(one) for one in function.decorator_list}.isdisjoint(
        {"staticmethod", "classmethod"}
    )
    return every[0].arg if every and plain else ""


def _assigned(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Yield the attributes that a method assigns to its object."""
    subject = subject_of(function)
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if is_subject(node.value, subject):
                yield node.attr
        elif isinstance(node, ast.Call):
            name, args = last_name(node.func), node.args
            if (
                name in {"setattr", "__setattr__"}
                and len(args) > 1
                and is_subject(args[0], subject)
            ):
                yield from (one.value for one in args[1:2] if is_text(one))
            elif (
                name in {"setattr", "__setattr__"}
                and name != "setattr"
                and args
                and is_text(args[0])
            ):
                yield args[0].value
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            own = ast.unparse(node.value) == f"{subject}.__dict__"
            yield from [node.slice.value] if own and is_text(node.slice) else []


def is_subject(node: ast.expr, subject: str) -> bool:
    """Return whether an expression is the method's own object."""
    return isinstance(node, ast.Name) and node.id == subject


def _state_keys(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Yield what a method puts into a state or takes out of it."""
    for node in ast.walk(function):
        if isinstance(node, ast.Dict):
            yield from (one.value for one in node.keys if one is not None and is_text(one))
        elif isinstance(node, ast.Subscript) and is_text(node.slice):
            yield node.slice.value
        elif isinstance(node, ast.Call) and last_name(node.func) in {"dict", "update"}:
            yield from (one.arg for one in node.keywords if one.arg)
        elif isinstance(node, ast.Call) and last_name(node.func) in {"pop", "get"}:
            yield from (one.value for one in node.args[:1] if is_text(one))


def closure(rows: Rows, place: Place) -> list[Place]:
    """Return a class and its bases, each once."""
    found: dict[Place, None] = {}
    pending = [place]
    while pending:
        one = pending.pop(0)
        if one not in found:
            found[one] = None
            pending.extend(rows[one].bases)
    return list(found)
