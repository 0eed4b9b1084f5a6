"""What tests may reach: what is public, so that what is private can change under them.

Private is every name of ours that begins with one underscore: of a module, in a module, of an
object. Libraries' own, and what a test defines itself, are not ours. A package of the house with a
private name (``_base``, ``_proto``, ``_aliases``, ``flavors/_*.py``) is public to its own tests,
and to no others.
"""

from __future__ import annotations

import ast
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PYTHON = Path(__file__).resolve().parents[1]
TESTS = sorted(PYTHON.glob("tests/**/*.py"))
#: Where the names stand that are ours.
OURS = [
    *(PYTHON / folder for folder in ("src", "benchmarks", "tools", "examples")),
    PYTHON.parent / "conformance",
]
#: The modules that are ours, by their first names; relative ones have none.
MODULES = {
    *("", "mlmodel"),
    *(path.stem for folder in (PYTHON / "tests", *OURS[1:]) for path in folder.rglob("*.py")),
}
#: These hold samples of what is private, as texts.
SAMPLES = ("test_tests.py", "test_conformance.py")
#: A module of the house with a private name -> the tests that are its own.
OWN_TESTS = {
    r"mlmodel\._base(\.[a-z]\w*)?": r"base/.*",
    r"mlmodel\._proto(\.[a-z]\w*)?": r"(.*/)?test_proto.*",
    r"mlmodel\._aliases": r"test_imports\.py",
    r"mlmodel\._absent": r"test_from_mlflow\.py",
    r"mlmodel\.flavors\._[a-z0-9_]+": r"flavors/.*",
}
#: (test, what it reaches) -> why.
EXCEPTIONS = {
    ("bridges/r/test_r_process.py", "process._lines"): (
        "what R prints without end, without printing it"
    ),
    ("bridges/r/test_r_values.py", "_WORKER"): ("R that writes an answer in many pieces"),
    ("bridges/r/test_r_values.py", "mlmodel.bridges.r.serialized._LARGEST_SHORT"): (
        "a long vector that is short"
    ),
    ("bridges/r/test_r_values.py", "process._WORKER"): ("R that writes an answer in many pieces"),
    ("bridges/test_gateway.py", "one._loaded"): ("the number of what nobody holds any more"),
    ("bridges/test_gateway.py", "one._loaded._loaded"): (
        "the number of what nobody holds any more"
    ),
    ("pyfunc/test_editions.py", "mlmodel._base.deprecated"): (
        "a process warns of an old name once, and each of these tests begins as a process does"
    ),
    ("cli/test_progress.py", "mlmodel._base.progress.download"): "a download, without a store",
    ("cli/test_progress.py", "mlmodel._base.progress.shown_by"): "a listener, without a terminal",
    ("reports/test_report_forms.py", "mlmodel._base.origin.specification"): (
        "a process looks the address up once, and this test changes it"
    ),
    ("conftest.py", "mlmodel._base.user_folders.may_be_written_by_others"): (
        "jars are kept where the code takes them from, on any machine"
    ),
    ("serving/test_http_loop.py", "mlmodel.serving.http.crew._PATIENCE"): (
        "a leader that no load of the machine relieves"
    ),
    ("flavors/test_named_files.py", "_why_not_read"): (
        "a file that is changed between the look at it and its opening"
    ),
}


#: Names that others ask an object for, by their protocol: notebooks, named tuples.
PROTOCOLS = frozenset({"_repr_html_", "_replace", "_asdict", "_fields"})


def is_private(name: str) -> bool:
    return re.fullmatch(r"_(?!_)\w+", name) is not None and name not in PROTOCOLS


def _defined(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Give the private names that a file defines: functions, classes, variables, attributes."""
    for node in nodes:
        name = ""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            name = node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            name = node.attr if ast.unparse(node.value) in {"self", "cls"} else ""
        if is_private(name):
            yield name


@cache
def ours() -> frozenset[str]:
    """Return every private name that is ours."""
    files = [path for folder in OURS for path in folder.rglob("*.py")]
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in files)
    return frozenset(name for tree in trees for name in _defined(ast.walk(tree)))


def _imported(node: ast.AST) -> list[str]:
    """Return the dotted names that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names]
    return []


def _is_out_of_reach(dotted: str, test: str) -> bool:
    """Return whether a test may not import what has this name."""
    if dotted.partition(".")[0] not in MODULES:
        return False
    own = [module for module, tests in OWN_TESTS.items() if re.fullmatch(tests, test)]
    public = re.match(rf"(?:{'|'.join(own) or 'mlmodel'})(?=\.|$)", dotted)
    return any(map(is_private, dotted[public.end() if public else 0 :].split(".")))


def reached(source: str, test: str) -> set[str]:
    """Return what is private and not its own in the source of a test (its path in ``tests``)."""
    nodes = list(ast.walk(ast.parse(source)))
    private = ours() - set(_defined(nodes))
    names = {name for node in nodes for name in _imported(node)}
    if test not in SAMPLES:
        names.update(name for node in nodes for name in _in_code(node))
    modules = {
        alias.asname or alias.name.partition(".")[0]
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        and _imported(node)[0].partition(".")[0] in MODULES
        for alias in node.names
    }
    found = {name for name in names if _is_out_of_reach(name, test)}
    for node in nodes:
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            # Of what is imported from us every private name is ours, whatever the test defines.
            root = ast.unparse(node).partition(".")[0]
            if node.attr in private or root in modules:
                found.add(ast.unparse(node))
        found |= {text for text in _named(node) if private.intersection(text.split("."))}
    return found


def _named(node: ast.AST) -> set[str]:
    """Return the texts that name attributes: those given to setattr, or to a loop around it."""
    given: list[ast.expr] = []
    if isinstance(node, ast.For) and any(map(_names_attributes, ast.walk(node))):
        given = [node.iter]
    elif isinstance(node, ast.Call) and _names_attributes(node):
        given = node.args
    texts = [one for part in given for one in ast.walk(part) if isinstance(one, ast.Constant)]
    return {one.value for one in texts if isinstance(one.value, str)}


def _names_attributes(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = (
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    )
    return called in {"setattr", "getattr", "hasattr", "delattr", "attrgetter", "patch", "object"}


def _in_code(node: ast.AST) -> list[str]:
    """Return the dotted names that a text imports, where it has lines of code."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return []
    found = []
    for line in re.findall(r"^\s*((?:from|import) mlmodel\b.*)$", node.value, re.MULTILINE):
        with suppress(SyntaxError):
            found += [name for statement in ast.parse(line).body for name in _imported(statement)]
    return found


def _not_its_own(path: Path) -> set[str]:
    test = path.relative_to(PYTHON / "tests").as_posix()
    found = reached(path.read_text(encoding="utf-8"), test)
    return found - {what for where, what in EXCEPTIONS if where == test}


def test_a_test_asks_what_is_public() -> None:
    assert {str(path): found for path in TESTS if (found := _not_its_own(path))} == {}


def test_every_exception_is_one() -> None:
    for test, what in EXCEPTIONS:
        assert what in reached((PYTHON / "tests" / test).read_text(encoding="utf-8"), test)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from mlmodel.cli import _warn", "mlmodel.cli._warn"),
        ("from mlmodel._base.digest import manifest_of", "mlmodel._base.digest.manifest_of"),
        ("from mlmodel._base import digest", "mlmodel._base.digest"),
        ("import mlmodel._proto.arrays", "mlmodel._proto.arrays"),
        ("def f():\n    from mlmodel.flavors import _registry", "mlmodel.flavors._registry"),
        ("from mlmodel.cli._shared import fail", "mlmodel.cli._shared.fail"),
        ("from zoo import _generic", "zoo._generic"),
        ("from .zoo import _generic", ".zoo._generic"),
        ("matching._match(1)", "matching._match"),
        (
            "from mlmodel.signature.enforce import matching as m\ndef _match(): ...\nm._match()",
            "m._match",
        ),
        ("one.matching._selections", "one.matching._selections"),
        ("plan._columns = None", "plan._columns"),
        ("self.plan._columns", "self.plan._columns"),
        ("setattr(matching, '_match', None)", "_match"),
        ("for name in ('convert', '_fitting_blocks'):\n    setattr(a, name)", "_fitting_blocks"),
        ("patch('mlmodel.cli._warn')", "mlmodel.cli._warn"),
        ("run('import sys\\nfrom mlmodel.cli import _warn\\n')", "mlmodel.cli._warn"),
        ("f'from mlmodel._base import files\\n{code}'", "mlmodel._base.files"),
    ],
)
def test_what_is_private_is_found(source: str, found: str) -> None:
    assert reached(source, "cli/test_x.py") == {found}


@pytest.mark.parametrize(
    ("source", "test"),
    [
        ("from mlmodel._base import digest", "base/test_x.py"),
        ("from mlmodel._base.digest import manifest_of", "base/test_x.py"),
        ("from mlmodel._proto import message", "document/test_protobuf_x.py"),
        ("from mlmodel.flavors import _registry", "flavors/test_x.py"),
        ("from mlmodel.flavors._shared import load_flavor", "flavors/test_x.py"),
        ("from mlmodel.cli import main\nmain.__name__", "cli/test_x.py"),
        ("from numpy import _core\nframe._mgr.blocks", "cli/test_x.py"),
        ("cloudpickle.cloudpickle._DYNAMIC_CLASS_TRACKER_BY_ID", "cli/test_x.py"),
        ("class A:\n    def _match(self): ...\nA()._match()", "cli/test_x.py"),
        ("def _load(): ...\n_load()", "cli/test_x.py"),
        ("'a text of _match and from mlmodel.cli import _warn'", "cli/test_x.py"),
    ],
)
def test_what_is_public_or_not_ours_is_not_found(source: str, test: str) -> None:
    assert reached(source, test) == set()


def test_own_tests_reach_no_further_than_the_public_names() -> None:
    assert reached("from mlmodel._base.digest import _hash", "base/test_x.py") == {
        "mlmodel._base.digest._hash"
    }
    assert reached("from mlmodel.flavors._base import Flavor", "base/test_x.py") == {
        "mlmodel.flavors._base.Flavor"
    }


def test_every_private_package_and_its_own_tests_are_there() -> None:
    modules = [
        ".".join(path.relative_to(PYTHON / "src").with_suffix("").parts)
        for path in (PYTHON / "src").rglob("*.py")
    ]
    tests = [path.relative_to(PYTHON / "tests").as_posix() for path in TESTS]
    for module, own in OWN_TESTS.items():
        assert any(re.fullmatch(module, name) for name in modules), module
        assert any(re.fullmatch(own, name) for name in tests), own
