"""The code that models bring along: two of them in one process (PYF-006, PYF-013)."""

from __future__ import annotations

import sys
import warnings

import pandas as pd
import pytest

from mlmodel import pyfunc

LOADER = """
import {helper}
class Model:
    def predict(self, model_input):
        from {helper} import VALUE
        return [VALUE, {helper}.VALUE]
def _load_pyfunc(path): return Model()
"""
FRAME = pd.DataFrame({"a": [1.0]})


@pytest.fixture
def save(tmp_path, request):
    """Save a model whose code has a helper of a given name that holds a value."""
    helper = f"helper_of_{request.node.name.partition('[')[0]}"

    def save(name, value, *, package=False):
        folder = tmp_path / f"source_{name}"
        folder.mkdir()
        (folder / f"loader_{helper}.py").write_text(LOADER.format(helper=helper))
        code = folder / f"{helper}.py"
        if package:
            (folder / helper / "deep").mkdir(parents=True)
            (folder / helper / "__init__.py").write_text("from .deep import VALUE\n")
            (folder / helper / "deep" / "__init__.py").write_text(f"VALUE = {value!r}\n")
            code = folder / helper
        else:
            code.write_text(f"VALUE = {value!r}\n")
        pyfunc.save_model(
            tmp_path / name,
            f"loader_{helper}",
            code_paths=[folder / f"loader_{helper}.py", code],
        )
        return tmp_path / name, code

    yield save
    for name in [name for name in sys.modules if helper in name]:
        del sys.modules[name]


@pytest.mark.parametrize("package", [False, True])
def test_each_of_two_models_gets_its_own_module(save, package):
    """PYF-013."""
    one, _ = save("one", 1, package=package)
    two, _ = save("two", 2, package=package)
    first = pyfunc.load_model(one)
    assert first.predict(FRAME) == [1, 1]
    second = pyfunc.load_model(two)
    assert second.predict(FRAME) == [2, 2]
    # What the first has imported it keeps; loaded again, it gets its own again.
    assert first.predict(FRAME)[1] == 1
    assert pyfunc.load_model(one).predict(FRAME) == [1, 1]
    assert second.predict(FRAME)[1] == 2


def test_a_module_of_the_program_stays_and_is_warned_of(save, monkeypatch):
    """PYF-013."""
    path, code = save("one", 1)
    code.write_text("VALUE = 'of the program'\n")
    monkeypatch.syspath_prepend(code.parent)
    module = __import__(code.stem)
    with pytest.warns(UserWarning, match=rf"{code.stem}.*already imported.*PYF-013"):
        model = pyfunc.load_model(path)
    assert model.predict(FRAME)[1] == "of the program"
    assert sys.modules[code.stem] is module


def test_the_same_module_of_the_program_is_not_warned_of(save, monkeypatch):
    path, code = save("one", 1)
    monkeypatch.syspath_prepend(code.parent)
    __import__(code.stem)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pyfunc.load_model(path).predict(FRAME) == [1, 1]


def test_each_of_two_models_gets_its_own_folder_of_modules(tmp_path):
    """PYF-013: a package without ``__init__.py`` has no file by which it is known."""
    for value in (1, 2):
        package = tmp_path / f"source_{value}" / "spaced_package"
        package.mkdir(parents=True)
        (package / "part.py").write_text(f"VALUE = {value}\n")
        # Named *_test.py, pytest would take it for a test, and write bytecode into the model.
        loader = package.parent / "loader_spaced.py"
        loader.write_text(
            LOADER.replace("import {helper}", "import {helper}.part", 1)
            .replace("from {helper} ", "from {helper}.part ")
            .replace("{helper}.VALUE", "{helper}.part.VALUE")
            .format(helper="spaced_package")
        )
        pyfunc.save_model(tmp_path / f"{value}", loader.stem, code_paths=[loader, package])
    first, second = (pyfunc.load_model(tmp_path / name) for name in "12")
    assert second.predict(FRAME) == [2, 2]
    assert first.predict(FRAME)[1] == 1
    assert pyfunc.load_model(tmp_path / "1").predict(FRAME) == [1, 1]
    for name in [name for name in sys.modules if "spaced_package" in name]:
        del sys.modules[name]
