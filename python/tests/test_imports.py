"""What importing costs, where names are found, and what no module may do."""

from __future__ import annotations

import ast
import importlib
import itertools
import json
import pkgutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

import mlmodel
from mlmodel.cli import COMMANDS

PYTHON = Path(__file__).resolve().parents[1]
SOURCE = PYTHON / "src" / "mlmodel"
MODULES = sorted(SOURCE.rglob("*.py"))
FLAVORS = sorted(path.stem for path in (SOURCE / "flavors").glob("[!_]*.py"))

#: The import names of what the base install brings, its dependencies' dependencies included.
BASE = {"yaml", "_yaml", "click", "jsonschema", "jsonschema_specifications", "packaging"}
THEIRS = {"attr", "attrs", "referencing", "rpds", "typing_extensions"}
#: What jsonschema looks for and goes without, and what compiled modules leave behind.
BESIDE = {"idna", "rfc3987", "webcolors", "isoduration", "cython_runtime"}


def _loaded(code: str, *arguments: str) -> set[str]:
    """Return the third-party packages that a fresh interpreter has loaded after some code."""
    # The environment's own start-up files (coverage, an editable install) come first.
    script = (
        "import sys\nbefore = set(sys.modules)\n"
        f"{code}\n"
        "import json\n"
        "names = {n.partition('.')[0] for n in set(sys.modules) - before}\n"
        "print('LOADED' + json.dumps(sorted(names - sys.stdlib_module_names)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.rpartition("LOADED")[2])) - {"mlmodel"}


def _command(*arguments: str) -> str:
    return (
        "from mlmodel.cli import main\n"
        f"try:\n    main({list(arguments)!r})\n"
        "except SystemExit:\n    pass"
    )


def test_import_loads_no_third_party_module() -> None:
    assert _loaded("import mlmodel") == set()
    assert _loaded("import mlmodel.errors, mlmodel.types, mlmodel.models") == set()


def test_import_loads_nothing_that_takes_time() -> None:
    """What an interpreter has loaded anyway, and this package's own two modules."""
    code = (
        "import sys\nbefore = set(sys.modules)\nimport mlmodel\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"__future__", "mlmodel", "mlmodel._aliases"}


def test_help_loads_click_alone() -> None:
    assert _loaded(_command("--help")) == {"click"}
    assert _loaded(_command("--version")) == {"click"}


@pytest.mark.parametrize("command", ["validate", "inspect"])
def test_reading_commands_load_the_base_install_alone(command: str, tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text("flavors: {python_function: {loader_module: a}}\n")
    loaded = _loaded(_command(command, str(tmp_path)))
    assert "yaml" in loaded
    assert {name for name in loaded if not name.startswith("_cython")} <= BASE | THEIRS | BESIDE


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_is_light(command: str) -> None:
    heavy = {"numpy", "pandas", "sklearn", "flask", "httptools", "mlflow"}
    assert not _loaded(_command(command, "--help")) & heavy


@pytest.mark.parametrize("name", COMMANDS)
def test_help_lines_are_those_of_the_commands(name: str) -> None:
    module, line = COMMANDS[name]
    command = importlib.import_module(f"mlmodel.cli.{module}").command
    assert command.get_short_help_str(limit=200) == line


@pytest.mark.parametrize("name", [name for name in mlmodel.__all__ if name != "__version__"])
def test_public_names(name: str) -> None:
    assert callable(getattr(mlmodel, name))
    assert name in dir(mlmodel)


def _public_modules() -> list[str]:
    return [
        info.name
        for info in pkgutil.walk_packages([str(SOURCE)], "mlmodel.")
        if not any(part.startswith("_") for part in info.name.split("."))
    ]


def test_modules_import_and_their_names_are_there() -> None:
    modules = map(importlib.import_module, _public_modules())
    names = [(module, name) for module in modules for name in getattr(module, "__all__", ())]
    assert [
        f"{module.__name__}.{name}" for module, name in names if not hasattr(module, name)
    ] == []


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = mlmodel.nothing_of_the_kind
    with pytest.raises(ImportError):
        importlib.import_module("mlmodel.nothing_of_the_kind")


WAYS = ["import mlmodel.{0}", "import mlmodel.flavors.{0}", "import mlmodel; mlmodel.{0}"]


@pytest.mark.parametrize(("number", "order"), enumerate(itertools.permutations(WAYS)))
def test_a_flavor_is_one_module_under_two_names(number: int, order: tuple[str, ...]) -> None:
    """The first flavor is imported before anything else of the package; it is another each time."""
    code = "import sys\n"
    first = number * len(FLAVORS) // 6
    for flavor in FLAVORS[first:] + FLAVORS[:first]:
        code += "".join(f"{way.format(flavor)}\n" for way in order)
        code += (
            f"one = sys.modules['mlmodel.{flavor}']\n"
            f"assert one is sys.modules['mlmodel.flavors.{flavor}'], {flavor!r}\n"
            f"assert one is mlmodel.{flavor} is mlmodel.flavors.{flavor}, {flavor!r}\n"
            f"assert one.__name__ == one.__spec__.name == 'mlmodel.flavors.{flavor}'\n"
            f"from mlmodel.{flavor} import FLAVOR\n"
            f"assert FLAVOR is one.FLAVOR and FLAVOR.name == {flavor!r}\n"
        )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_flavor_modules_load_without_their_libraries() -> None:
    requirements = tomllib.loads((PYTHON / "pyproject.toml").read_text())["project"]
    assert set(FLAVORS) <= set(requirements["optional-dependencies"])
    loaded = _loaded("import " + ", ".join(f"mlmodel.{flavor}" for flavor in FLAVORS))
    assert not loaded & {"sklearn", "joblib", "skops", "numpy", "pandas"}


# What the source may not contain


@cache
def _trees() -> dict[str, ast.Module]:
    return {str(path.relative_to(SOURCE)): ast.parse(path.read_text()) for path in MODULES}


def _imports(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module or "")
    return names


def _imported_by_name(tree: ast.AST) -> set[str]:
    """Return the texts given to the functions that import by name."""
    functions = {"import_module", "__import__", "require"}
    return {
        argument.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _name(node.func).rpartition(".")[2] in functions
        for argument in node.args[:1]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def _name(node: ast.expr) -> str:
    """Return the dotted name that an expression is, or nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return ""


def _unsafe(tree: ast.AST) -> list[str]:
    """Return the calls that could run what is in a file."""
    forbidden = {"eval", "exec", "compile", "pickle.load", "pickle.loads", "cloudpickle.load"}
    forbidden |= {"cloudpickle.loads", "joblib.load", "pickle.Unpickler", "skops.io.load"}
    forbidden |= {"pandas.read_pickle", "pd.read_pickle", "dill.load", "dill.loads", "torch.load"}
    forbidden |= {"yaml.load", "yaml.unsafe_load", "yaml.full_load", "runpy.run_path"}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _name(node.func)
            pickles = any(
                keyword.arg == "allow_pickle"
                and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
                for keyword in node.keywords
            )
            if name in forbidden or pickles:
                found.append(f"line {node.lineno}: {name}")
        if isinstance(node, ast.ImportFrom) and node.module:
            found += [
                f"line {node.lineno}: from {node.module} import {alias.name}"
                for alias in node.names
                if f"{node.module}.{alias.name}" in forbidden
            ]
    return found


def test_no_module_imports_mlflow() -> None:
    found = {
        module: name
        for module, tree in _trees().items()
        for name in _imports(tree) | _imported_by_name(tree)
        if name.partition(".")[0].startswith("mlflow")
    }
    assert found == {}


#: A process behind the wall is asked by the one that started it; answers go the other way as JSON.
ASKED = "sandbox/child.py"


def test_only_trust_loads_what_could_run() -> None:
    others = {name for name in _trees() if not name.startswith("trust/") and name != ASKED}
    assert {name: found for name in others if (found := _unsafe(_trees()[name]))} == {}


@pytest.mark.parametrize(
    "code",
    [
        *["pickle.load(f)", "eval('1')", "exec(x)", "np.load(f, allow_pickle=True)"],
        *["np.load(f, allow_pickle=x)", "from pickle import loads", "joblib.load(f)"],
        *["yaml.load(x)", "import pickle\ndef f():\n    return pickle.loads(b'')"],
    ],
)
def test_what_could_run_is_found(code: str) -> None:
    assert _unsafe(ast.parse(code))
    assert not _unsafe(ast.parse("np.load(f, allow_pickle=False); json.loads(x); pickle.dumps(x)"))


LONGEST_MODULE = 500
LONGEST_FUNCTION = 60


def _long(module: str) -> list[str]:
    """Return what is too long in a module: itself, or functions."""
    lines = (SOURCE / module).read_text().splitlines()
    is_generated = "generated by" in "\n".join(lines[:3])
    functions = [
        f"{node.name}: {node.end_lineno - node.lineno + 1}"
        for node in ast.walk(_trees()[module])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ]
    return functions + (
        [f"{len(lines)} lines"] * (len(lines) > LONGEST_MODULE and not is_generated)
    )


def test_modules_and_functions_are_short() -> None:
    assert {module: long for module in _trees() if (long := _long(module))} == {}


def test_modules_say_what_they_are() -> None:
    assert [
        name for name, tree in _trees().items() if tree.body and not ast.get_docstring(tree)
    ] == []
