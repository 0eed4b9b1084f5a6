"""Find what listed classes do with their attributes: calls, names, files, formats (TRU-052)."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trust_sources import (
    FUNCTION,
    Module,
    Place,
    Rows,
    Sources,
    closure,
    is_subject,
    is_text,
    last_name,
    statements,
    subject_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What is done with an attribute ----------------------------------------------------------------

#: Functions to whose first arguments no text of a file may come, and what each use is called.
_SINKS = {
    **dict.fromkeys(("getattr", "hasattr", "setattr", "delattr"), "names"),
    **dict.fromkeys(("attrgetter", "methodcaller", "import_module", "__import__"), "names"),
    **dict.fromkeys(("eval", "exec", "compile"), "runs"),
    **dict.fromkeys(("open", "memmap", "Memory", "check_memory", "fromfile", "loadtxt"), "opens"),
    "Template": "formats",
}
#: What numbers, texts, containers, arrays and tables have: to ask for it is only to compute.
_PLAIN = frozenset(
    """
    T A all any append argmax argmin argsort astype c_contiguous clear count_nonzero
    diagonal dot clip copy data decode dtype endswith extend filled flags flatten index
    indices indptr insert issubset items itemsize keys lower max mean min nbytes ndim nnz
    pop ravel real remove repeat reshape shape size sort split startswith std strip sum take
    toarray tocsc tocsr todense tolist transpose update upper values var view with_traceback
    get union intersection difference add fill iloc loc columns nonzero replace join
    format_map item setdefault setdiag tobytes tocoo format __class__ __name__ mask start
    stop step name newbyteorder isnull duplicated unique device
    """.split()  # noqa: SIM905 - ninety words are read as text
)
_DEEPEST = 3


@dataclass(frozen=True)
class _Scope:
    """One function as it is looked through: whose it is, and which names hold an attribute."""

    module: Module
    owner: Place
    subject: str
    held: dict[str, frozenset[str]]


class Uses:
    """Finds what classes do with their attributes: calls, names, files, formats.

    A use is (class, attribute) with what is done: ``calls`` it, ``names`` an attribute by it,
    ``asks`` it by a method of estimators, ``opens``, ``formats`` or ``runs`` it.
    """

    def __init__(self, sources: Sources, rows: Rows) -> None:
        self.sources = sources
        self.rows = rows
        self.found: dict[tuple[Place, str], set[str]] = {}
        self._seen: set[object] = set()
        self._results: dict[object, frozenset[str]] = {}
        #: The attributes of all classes derived from a class, and those classes with their bases.
        self._family: dict[Place, set[str]] = {place: set() for place in rows}
        self._around: dict[Place, dict[Place, None]] = {place: {} for place in rows}
        for place in rows:
            every = closure(rows, place)
            attributes = set().union(*(rows[one].attributes for one in every))
            for one in every:
                self._family[one] |= attributes
                self._around[one].update(dict.fromkeys(every))

    def run(self) -> dict[tuple[Place, str], set[str]]:
        """Look through every method of every surveyed class."""
        for place in self.rows:
            module = self.sources.module(place[0])
            for node in self._body(place):
                if isinstance(node, FUNCTION) and module is not None:
                    self._function(node, _Scope(module, place, subject_of(node), {}), 0)
        return self.found

    def _body(self, place: Place) -> Iterator[ast.stmt]:
        """Yield the statements of a class; none where it is compiled, or known by another name."""
        module = self.sources.module(place[0])
        if module is not None and place[1] in module.classes:
            yield from statements(module.classes[place[1]].body)

    def _function(self, function: ast.AST, scope: _Scope, depth: int) -> None:
        self._bind(function, scope)
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                self._call(node, scope, depth)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                self._attribute(node, scope)

    def _bind(self, function: ast.AST, scope: _Scope) -> None:
        """Note the names that are given what an attribute holds (twice: loops go back)."""
        for _ in range(2):
            for node in ast.walk(function):
                if isinstance(node, ast.Assign):
                    self._give(node.targets, node.value, scope)
                elif isinstance(node, ast.For | ast.comprehension):
                    self._give([node.target], node.iter, scope)
                elif isinstance(node, ast.NamedExpr):
                    self._give([node.target], node.value, scope)

    def _give(self, targets: list[ast.expr], value: ast.expr, scope: _Scope) -> None:
        held = self._held(value, scope)
        for target in targets if held else []:
            for one in ast.walk(target):
                if isinstance(one, ast.Name):
                    scope.held[one.id] = scope.held.get(one.id, frozenset()) | held

    def _held(self, node: ast.expr, scope: _Scope) -> frozenset[str]:  # noqa: PLR0911 - a case of the grammar each
        """Return the attributes whose value an expression may be, or a part of which."""
        if isinstance(node, ast.Name):
            return scope.held.get(node.id, frozenset())
        if isinstance(node, ast.Attribute):
            own = is_subject(node.value, scope.subject) and self._is_data(scope.owner, node.attr)
            return frozenset({node.attr}) if own else frozenset()
        if isinstance(node, ast.Subscript):
            return self._held(node.value, scope)
        if isinstance(node, ast.IfExp):
            return self._held(node.body, scope) | self._held(node.orelse, scope)
        if isinstance(node, ast.Call):
            named = _named_by_getattr(node, scope.subject)
            if named:
                return frozenset({named} if self._is_data(scope.owner, named) else ())
            if last_name(node.func) in _PASSING:
                return frozenset().union(*(self._held(one, scope) for one in node.args))
            if isinstance(node.func, ast.Attribute) and node.func.attr in {
                "items",
                "values",
                "get",
                "ravel",
                "copy",
            }:
                return self._held(node.func.value, scope)
            return self._returned(node, scope)
        if isinstance(node, ast.Compare | ast.Constant | ast.BinOp | ast.JoinedStr):
            return frozenset()
        children = [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)]
        return frozenset().union(*(self._held(one, scope) for one in children))

    def _returned(self, call: ast.Call, scope: _Scope) -> frozenset[str]:
        """Return the attributes that a method of the object hands over."""
        func = call.func
        if not (isinstance(func, ast.Attribute) and is_subject(func.value, scope.subject)):
            return frozenset()
        key = (scope.owner, func.attr)
        if key not in self._results:
            self._results[key] = frozenset()
            found = self._method(scope.owner, func.attr)
            if found is not None:
                module, function = found
                inner = _Scope(module, scope.owner, subject_of(function), {})
                self._bind(function, inner)
                self._results[key] = frozenset().union(
                    *(
                        self._held(node.value, inner)
                        for node in ast.walk(function)
                        if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom)
                        and node.value is not None
                    )
                )
        return self._results[key]

    def _method(
        self, place: Place, name: str, *, above: bool = False
    ) -> tuple[Module, ast.FunctionDef] | None:
        every = closure(self.rows, place)[1 if above else 0 :]
        for one in [*every, *([] if above else self._around[place])]:
            module = self.sources.module(one[0])
            for node in self._body(one):
                if isinstance(node, ast.FunctionDef) and node.name == name and module is not None:
                    return module, node
        return None

    def _note(self, scope: _Scope, attributes: Iterable[str], use: str) -> None:
        for one in attributes:
            self.found.setdefault((scope.owner, one), set()).add(use)

    def _call(self, node: ast.Call, scope: _Scope, depth: int) -> None:
        func, name = node.func, last_name(node.func)
        if name in _SINKS:
            by_name = name in {"getattr", "hasattr", "setattr", "delattr"}
            # The third argument is a value, or what is taken where there is no such attribute.
            for one in node.args[1:2] if by_name else node.args:
                self._note(scope, self._held(one, scope), _SINKS[name])
        if isinstance(func, ast.Attribute):
            self._method_call(node, func, scope, depth)
        elif name == "partial" and node.args:
            rest = ast.Call(node.args[0], node.args[1:], node.keywords)
            self._call(rest, scope, depth)
        elif isinstance(func, ast.Call) and last_name(func.func) == "delayed":
            for one in func.args:
                self._follow(node, one, scope, depth)
        else:
            self._note(scope, self._held(func, scope), "calls")
            self._follow(node, func, scope, depth)

    def _method_call(self, node: ast.Call, func: ast.Attribute, scope: _Scope, depth: int) -> None:
        if is_subject(func.value, scope.subject):
            if self._is_data(scope.owner, func.attr):
                self._note(scope, [func.attr], "calls")
            self._follow_method(node, func.attr, scope, depth)
        elif isinstance(func.value, ast.Call) and last_name(func.value.func) == "super":
            self._follow_method(node, func.attr, scope, depth, above=True)
        elif func.attr in {"format", "format_map"}:
            self._note(scope, self._held(func.value, scope), "formats")

    def _attribute(self, node: ast.Attribute, scope: _Scope) -> None:
        """Note what is asked of what an attribute holds: whoever is there may be called."""
        if node.attr not in _PLAIN and not is_subject(node.value, scope.subject):
            self._note(scope, self._held(node.value, scope), "asks")

    def _is_data(self, place: Place, name: str) -> bool:
        """Whether it is an attribute of the objects, by the class or one derived from it."""
        own = [self.rows[one] for one in closure(self.rows, place)]
        return name in self._family[place] and not any(name in one.methods for one in own)

    def _follow(self, call: ast.Call, callee: ast.expr, scope: _Scope, depth: int) -> None:
        """Look into a function of the library that is given an attribute."""
        if not isinstance(callee, ast.Name) or depth == _DEEPEST:
            return
        found = self.sources.function(scope.module.name, callee.id)
        if found is not None:
            self._enter(call, *found, 0, scope, depth)

    def _follow_method(
        self, call: ast.Call, name: str, scope: _Scope, depth: int, *, above: bool = False
    ) -> None:
        found = self._method(scope.owner, name, above=above) if depth < _DEEPEST else None
        if found is not None:
            self._enter(call, *found, 1 if subject_of(found[1]) else 0, scope, depth)

    def _enter(
        self,
        call: ast.Call,
        module: Module,
        function: ast.FunctionDef,
        skip: int,
        scope: _Scope,
        depth: int,
    ) -> None:
        names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)][skip:]
        held = {
            name: self._held(value, scope) for name, value in zip(names, call.args, strict=False)
        }
        every = {*names, *(one.arg for one in function.args.kwonlyargs)}
        for one in call.keywords:
            if one.arg in every:
                held[one.arg] = self._held(one.value, scope)
        held = {name: one for name, one in held.items() if one}
        key = (
            module.name,
            function.name,
            function.lineno,
            scope.owner,
            tuple(sorted((k, tuple(sorted(v))) for k, v in held.items())),
        )
        if held and key not in self._seen:
            self._seen.add(key)
            self._function(function, _Scope(module, scope.owner, "", dict(held)), depth + 1)


_PASSING = frozenset(
    {
        "clone",
        "zip",
        "enumerate",
        "list",
        "tuple",
        "reversed",
        "sorted",
        "deepcopy",
        "copy",
        "iter",
        "next",
        "set",
        "islice",
    }
)


def _named_by_getattr(node: ast.Call, subject: str) -> str:
    """Return the attribute that ``getattr(self, "name")`` is."""
    args = node.args
    named = last_name(node.func) == "getattr" and len(args) > 1 and is_text(args[1])
    return args[1].value if named and is_subject(args[0], subject) else ""
