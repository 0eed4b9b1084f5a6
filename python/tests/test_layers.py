"""Which room of the house may import which: the table of CONTRIBUTING.md, held by a test.

Every import statement counts, those within functions and under ``TYPE_CHECKING`` too. A room may
import the rooms that its row names; within a room a file may import what its ``INSIDE`` row lets
it; and no files import each other in a circle, whatever the rooms.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "mlmodel"

#: What every room may use, from the bottom up.
GROUND = ("_shown", "errors", "_absent", "_aliases", "_base", "_schemas", "_proto")
#: Room -> the rooms that it may import beside the ground.
ROOMS = {
    "sandbox": (),
    "signature": (),
    "document": ("signature",),
    "trust": ("document",),
    "environment": ("document",),
    "scoring": ("signature", "document"),
    "store": ("sandbox", "signature", "document", "trust", "environment", "scoring"),
    "bridges": ("sandbox", "signature", "document", "trust", "environment", "scoring", "store"),
    "flavors": ("signature", "document", "trust", "environment", "scoring", "store", "bridges"),
    "pyfunc": (
        *("sandbox", "signature", "document", "trust", "environment", "scoring", "store"),
        "flavors",
    ),
    "reports": ("signature", "document", "trust", "environment", "scoring", "store"),
    "serving": ("pyfunc", "scoring", "store", "sandbox"),
    "client": ("scoring",),
    "_conformance": (),
    "cli": (
        *("signature", "document", "trust", "environment", "scoring", "store"),
        *("bridges", "flavors", "pyfunc", "reports", "serving", "client", "_conformance"),
    ),
}
#: The parts of a room that have an order, the lowest first; its other files are above them.
INSIDE = {
    "signature": (
        *("types", "data", "violations", "cells", "enforce"),
        *("model_signature", "compare", "infer"),
    ),
    "document": (
        *("stand_ins", "pointers", "paths", "times", "requirements", "example_info"),
        *("own_records", "schema", "yaml", "document", "environment_files", "rules"),
        *("writer", "editing"),
    ),
    "trust": ("pickles", "graphs", "bounds"),
    "scoring": (
        *("stages", "media", "predict", "json", "writers", "given", "protobuf"),
        *(
            "declared",
            "engine",
            "asking",
            "codecs",
            "examples",
            "answers",
            "invocations",
            "v2",
            "v1",
            "clients",
            "pieces",
            "openapi",
            "fidelity",
        ),
    ),
    "store": ("locations",),
}
#: The package's faces: they hold no code, and nobody below imports them.
FACES = ("", "exceptions", "models", "types", "__main__")


@cache
def _modules() -> dict[str, ast.Module]:
    """Return the trees of all modules by their names below the package (the package itself: "")."""
    trees = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".")
        name = name.removesuffix("__init__").removesuffix(".")
        trees[name] = ast.parse(path.read_text(encoding="utf-8"))
    return trees


@cache
def _imports(module: str) -> tuple[str, ...]:
    """Return the modules of this package that a module imports, wherever the statement stands."""
    found: dict[str, None] = {}
    for node in ast.walk(_modules()[module]):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name == "mlmodel" or name.startswith("mlmodel."):
                found[_module_of(name.removeprefix("mlmodel").removeprefix("."))] = None
    found.pop(module, None)
    return tuple(found)


def _module_of(name: str) -> str:
    """Return the module that a dotted name is, or in which it is a name."""
    while name and name not in _modules():
        name = name.rpartition(".")[0]
    return name


def _room(module: str) -> str:
    return module.partition(".")[0]


def _sub_room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in INSIDE.get(parts[0], ()) else ""


def _is_allowed(importer: str, imported: str) -> bool:
    ours, theirs = _room(importer), _room(imported)
    if ours in FACES:
        return True
    if theirs in FACES:
        return False
    if theirs == ours:
        return _inside(ours, _sub_room(importer), _sub_room(imported))
    if ours in GROUND:
        return theirs in GROUND and GROUND.index(theirs) < GROUND.index(ours)
    return theirs in GROUND or theirs in ROOMS.get(ours, ())


def _inside(room: str, ours: str, theirs: str) -> bool:
    """Return whether a sub-room may import another of its room: those below it alone."""
    order = INSIDE.get(room, ())
    if ours == theirs or not ours:
        return True
    return theirs in order and order.index(theirs) < order.index(ours)


def test_the_table_knows_every_room() -> None:
    assert {_room(module) for module in _modules()} <= {*FACES, *GROUND, *ROOMS}


def test_a_room_imports_what_its_row_names() -> None:
    climbs = {
        module: imported
        for module in _modules()
        for imported in _imports(module)
        if not _is_allowed(module, imported)
    }
    assert climbs == {}


def test_no_files_import_each_other_in_a_circle() -> None:
    assert _circles() == []


def _circles() -> list[list[str]]:
    """Return the strongly connected components of several modules (Tarjan, 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for imported in _imports(module):
            if imported not in index:
                visit(imported)
                low[module] = min(low[module], low[imported])
            elif imported in stack:
                low[module] = min(low[module], index[imported])
        if low[module] == index[module]:
            place = stack.index(module)
            component = stack[place:]
            del stack[place:]
            if len(component) > 1:
                found.append(sorted(component))

    for module in _modules():
        if module not in index:
            visit(module)
    return found


def test_the_table_names_what_is_there() -> None:
    rooms = {_room(module) for module in _modules()} | {"_schemas"}  # which holds no module
    assert {*ROOMS, *GROUND} == rooms - set(FACES)
    for room, inside in INSIDE.items():
        assert [part for part in inside if f"{room}.{part}" not in _modules()] == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("signature.model_signature", "document.document"),
        ("reports.report", "pyfunc.loading"),
        ("signature.types.scalars", "signature.cells.reader"),
        ("signature.cells.reader", "signature.model_signature"),
        ("_base.files", "document.paths"),
        ("store.folder", "models"),
    ],
)
def test_what_climbs_is_seen(importer: str, imported: str) -> None:
    assert not _is_allowed(importer, imported)
