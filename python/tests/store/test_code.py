"""The code that models bring along: two of them in one process (PYF-006, PYF-013)."""

from __future__ import annotations

import gc
import io
import os
import sys
import tempfile
import textwrap
import threading
import types
import warnings
import weakref
from pathlib import Path

import cloudpickle
import pandas as pd
import pytest

import mlmodel
from mlmodel import pyfunc
from mlmodel.errors import UntrustedModel
from mlmodel.store import code_copy, mlflow_names
from mlmodel.store.folder import open_folder

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
    assert first.predict(FRAME) == [1, 1]
    assert pyfunc.load_model(one).predict(FRAME) == [1, 1]
    assert second.predict(FRAME) == [2, 2]


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
    assert first.predict(FRAME) == [1, 1]
    assert pyfunc.load_model(tmp_path / "1").predict(FRAME) == [1, 1]
    for name in [name for name in sys.modules if "spaced_package" in name]:
        del sys.modules[name]


# -- two models, and what each imports late -------------------------------------------------------

#: What a model with ``late_module``, ``late_package`` and ``late_folder`` imports in predict.
WAYS = {
    "import": "import late_module; return late_module.VALUE",
    "from": "from late_module import VALUE; return VALUE",
    "star": "space = {'__builtins__': __builtins__}; exec('from late_module import *', space); "
    "return space['VALUE']",
    "submodule": "import late_package.deep.part; return late_package.deep.part.VALUE",
    "from a submodule": "from late_package.deep.part import VALUE; return VALUE",
    "a submodule from": "from late_package.deep import part; return part.VALUE",
    "relative": "from late_package import relative; return relative.value()",
    "folder": "from late_folder.part import VALUE; return VALUE",
    "function": "return __import__('late_module').VALUE",
    "importlib": "import importlib; return importlib.import_module('late_module').VALUE",
    "importlib by name": "from importlib import import_module as late; "
    "return late('late_package.deep.part').VALUE",
    "importlib, relative": "import importlib; "
    "return importlib.import_module('.part', 'late_package.deep').VALUE",
    "importlib's parts": "import importlib.util as u; return u.find_spec('late_module').loader"
    ".get_filename('late_module') and __import__('late_module').VALUE",
    "reload": "import importlib, late_module; return importlib.reload(late_module).VALUE",
    "sys.modules": "import sys, late_module; return sys.modules['late_module'].VALUE",
    "pickle": "import pickle, late_module; "
    "return pickle.loads(pickle.dumps(late_module.Held())).value()",
    "a library that unpickles": "import io, joblib, late_module; file = io.BytesIO(); "
    "joblib.dump(late_module.Held(), file); file.seek(0); return joblib.load(file).value()",
    "thread": "import threading; found = []; thread = threading.Thread(target=lambda: "
    "found.append(__import__('late_module').VALUE)); thread.start(); thread.join(); "
    "return found[0]",
    "dataclass": "import late_module; return late_module.Data().number",
    "eval": "return eval(\"__import__('late_module').VALUE\")",
}


def write_late(folder, value):
    files = {
        "late_module.py": f"""
            from __future__ import annotations
            from dataclasses import dataclass
            from typing import ClassVar
            VALUE = {value}
            class Held:
                def value(self): return VALUE
            @dataclass
            class Data:
                number: int = VALUE
                other: ClassVar[int] = 3
            """,
        "late_package/__init__.py": "",
        "late_package/relative.py": "def value():\n    from .deep import part; return part.VALUE\n",
        "late_package/deep/__init__.py": "",
        "late_package/deep/part.py": f"from late_module import VALUE\nassert VALUE == {value}\n",
        "late_folder/part.py": f"VALUE = {value}\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text))
    return [folder / name for name in ("late_module.py", "late_package", "late_folder")]


@pytest.fixture
def late(tmp_path):
    """Save two models whose code differs, and whose predict imports by one of the ways."""

    def save(form, body):
        for value in (1, 2):
            source = tmp_path / f"late_{value}"
            code = write_late(source, value)
            lines = textwrap.indent("\n".join(part.strip() for part in body.split(";")), " " * 8)
            text = (
                "from mlflow.pyfunc import PythonModel\nclass M(PythonModel):\n"
                f"    def predict(self, context, model_input, params=None):\n{lines}\n"
            )
            path = tmp_path / f"model_{value}"
            if form == "code":
                (source / "model.py").write_text(
                    f"{text}import mlflow\nmlflow.models.set_model(M())\n"
                )
                pyfunc.save_model(path, python_model=str(source / "model.py"), code_paths=code)
            else:
                space = {"__name__": "__main__"}
                text = text.replace("mlflow", "mlmodel")
                exec(compile(text, "script", "exec"), space)
                pyfunc.save_model(path, python_model=space["M"](), code_paths=code)
        return [pyfunc.load_model(tmp_path / f"model_{value}") for value in (1, 2)]

    yield save
    for name in [name for name in sys.modules if name.startswith("late_")]:
        del sys.modules[name]


@pytest.mark.thorough
@pytest.mark.parametrize("form", ["pickle", "code"])
@pytest.mark.parametrize("way", WAYS)
def test_each_model_imports_its_own_late(late, way, form):
    """PYF-013: inside of predict, whoever was loaded last."""
    one, two = late(form, WAYS[way])
    assert [one.predict(FRAME), two.predict(FRAME), one.predict(FRAME)] == [1, 2, 1]


def test_models_import_their_own_at_the_same_time(late):
    """PYF-013: in threads, from the first import on."""
    body = (
        "from late_package.deep.part import VALUE; import late_module as m; return VALUE, m.VALUE"
    )
    models = late("pickle", body)
    wrong, start = [], threading.Barrier(8)

    def ask(number):
        start.wait()
        answers = {models[number].predict(FRAME) for _ in range(200)}
        wrong.extend(answers - {(number + 1, number + 1)})

    threads = [threading.Thread(target=ask, args=(n % 2,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_pickle_names_modules_of_its_models_code(tmp_path):
    """PYF-013: a class by name, of the model that is loaded."""
    for value in (1, 2):
        code = write_late(tmp_path / f"s{value}", value)
        with (tmp_path / f"s{value}" / "late_package" / "deep" / "part.py").open("a") as file:
            file.write("from mlmodel.pyfunc import PythonModel\nclass M(PythonModel):\n")
            file.write("    def predict(self, model_input): return VALUE\n")
        sys.path.insert(0, str(tmp_path / f"s{value}"))
        try:
            from late_package.deep.part import M

            pyfunc.save_model(tmp_path / f"m{value}", python_model=M(), code_paths=code)
        finally:
            sys.path.pop(0)
            for name in [name for name in sys.modules if name.startswith("late_")]:
                del sys.modules[name]
    one, two = (pyfunc.load_model(tmp_path / f"m{value}") for value in (1, 2))
    assert [one.predict(FRAME), two.predict(FRAME)] == [1, 2]
    for name in [name for name in sys.modules if name.startswith("late_")]:
        del sys.modules[name]


def test_a_model_loaded_by_a_models_code_leaves_it_its_own(late, tmp_path):
    """PYF-013: one model is loaded while another one's module runs."""
    late("pickle", "from late_module import VALUE; return VALUE")
    for name in [name for name in sys.modules if name.startswith("late_")]:
        del sys.modules[name]
    outer = tmp_path / "outer"
    write_late(outer, 7)
    with (outer / "late_module.py").open("a") as file:
        file.write("import mlflow, late_package.deep.part as before\n")
        file.write(f"inner = mlflow.pyfunc.load_model({str(tmp_path / 'model_1')!r})\n")
        file.write("got = inner.predict(3)\nimport late_folder.part as after\n")
        file.write("def _load_pyfunc(path):\n    return lambda data: (got, VALUE, after.VALUE, ")
        file.write("before.VALUE, inner.predict(3))\n")
    (outer / "late_package" / "deep" / "part.py").write_text("VALUE = 7\n")
    pyfunc.save_model(
        tmp_path / "m", "late_module",
        code_paths=[outer / name for name in ("late_module.py", "late_package", "late_folder")],
    )  # fmt: skip
    assert pyfunc.load_model(tmp_path / "m").predict(FRAME) == (1, 7, 7, 7, 1)


def test_a_module_that_fails_is_not_kept(late):
    body = "import os; import late_module; return late_module.VALUE"
    one, two = late("pickle", body)
    code = one.unwrap_python_model().predict.__func__.__builtins__["__import__"].__self__
    file = f"{code.path}/late_module.py"
    with open(file) as source:
        text = source.read()
    with open(file, "w") as broken:
        broken.write("1 / 0\n")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            one.predict(FRAME)
    with open(file, "w") as mended:
        mended.write(text)
    assert [one.predict(FRAME), two.predict(FRAME)] == [1, 2]


@pytest.mark.thorough
def test_what_a_model_has_imported_goes_with_it(late):
    one, two = late("pickle", "import late_module; return late_module.VALUE")
    assert [one.predict(FRAME), two.predict(FRAME)] == [1, 2]
    module = one.unwrap_python_model().predict.__func__.__builtins__["__import__"]("late_module")
    gone = weakref.ref(module)
    two.predict(FRAME)  # the names are the second's now
    del one, module
    gc.collect()
    assert gone() is None


def test_a_name_that_no_module_has_is_pythons_error(late):
    one, _ = late("pickle", "from late_module import NOTHING; return NOTHING")
    with pytest.raises(ImportError, match="NOTHING"):
        one.predict(FRAME)


class SavedTwice(pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return self.helper()

    def helper(self):
        import late_module

        return late_module.VALUE


def test_one_class_in_two_models(tmp_path):
    """PYF-013: its methods are each model's own, too."""
    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)
    for value in (1, 2):
        code = write_late(tmp_path / f"s{value}", value)
        pyfunc.save_model(tmp_path / f"m{value}", python_model=SavedTwice(), code_paths=code)
    cloudpickle.unregister_pickle_by_value(module)
    one, two = (pyfunc.load_model(tmp_path / f"m{value}") for value in (1, 2))
    assert [one.predict(FRAME), two.predict(FRAME)] == [1, 2]
    for name in [name for name in sys.modules if name.startswith("late_")]:
        del sys.modules[name]


def test_what_the_program_imports_later_is_its_own(late, tmp_path, monkeypatch):
    """PYF-013: a program that puts a folder ahead gets its module, and the models theirs."""
    one, two = late("pickle", "import late_module; return late_module.VALUE")
    assert one.predict(FRAME) == 1
    for name in [name for name in sys.modules if name.startswith("late_")]:
        del sys.modules[name]
    write_late(tmp_path / "program", 7)
    monkeypatch.syspath_prepend(tmp_path / "program")
    import late_module

    assert late_module.VALUE == 7
    assert [one.predict(FRAME), two.predict(FRAME), one.predict(FRAME)] == [1, 2, 1]
    assert sys.modules["late_module"] is late_module


def test_an_estimator_with_code_imports_its_own_late(tmp_path):
    """PYF-013, PYF-011: functions by value in the pickle of a flavor."""
    pytest.importorskip("sklearn")
    from sklearn.preprocessing import FunctionTransformer

    def late(frame):
        import late_module
        import mlflow.pyfunc

        assert mlflow.pyfunc.load_model
        return frame * late_module.VALUE

    models = []
    for value in (2, 3):
        code = write_late(tmp_path / f"s{value}", value)
        mlmodel.sklearn.save_model(
            FunctionTransformer(late), tmp_path / f"m{value}", code_paths=code,
            pyfunc_predict_fn="transform",
        )  # fmt: skip
        models.append(pyfunc.load_model(tmp_path / f"m{value}"))
    assert [float(model.predict(FRAME).iat[0, 0]) for model in models] == [2.0, 3.0]
    for name in [name for name in sys.modules if name.startswith("late_")]:
        del sys.modules[name]


# -- mlflow in what is pickled by value (PYF-011) -------------------------------------------------


class _Old(cloudpickle.Pickler):
    """Writes functions as cloudpickle did before version 3: by their type, without builtins."""

    def reducer_override(self, obj):
        if type(obj) is types.FunctionType and obj.__module__ == "__main__":
            code, known, name, defaults, closure = self._function_getnewargs(obj)
            state = cloudpickle.cloudpickle._function_getstate(obj)
            arguments = (code, known, name, defaults, closure)
            setstate = cloudpickle.cloudpickle._function_setstate
            return types.FunctionType, arguments, state, None, None, setstate
        return super().reducer_override(obj)


SCRIPT = """
import os.path
from mlmodel.pyfunc import PythonModel

def helper():
    from mlflow.models import infer_signature
    return infer_signature

class M(PythonModel):
    def load_context(self, context):
        import mlflow.pyfunc
        self.loaded = mlflow.pyfunc.PythonModel

    @property
    def later(self):
        import mlflow
        return mlflow.pyfunc

    def predict(self, context, model_input, params=None):
        def inner():
            import mlflow.sklearn as it
            return it.load_model
        made = [__import__("mlflow").models for _ in range(1)]
        return self.loaded, self.later.PythonModel, helper(), inner(), made[0].infer_signature
"""


@pytest.mark.parametrize("pickler", [cloudpickle.Pickler, _Old])
def test_what_is_pickled_by_value_imports_mlflow(tmp_path, monkeypatch, pickler):
    """PYF-011: methods, properties, functions around them and within them."""
    space = {"__name__": "__main__"}
    exec(compile(SCRIPT, "script", "exec"), space)
    monkeypatch.setattr(cloudpickle, "dumps", _dumps_by(pickler))
    mlmodel.save(space["M"](), tmp_path / "m")
    got = mlmodel.load(tmp_path / "m").predict(1)
    base, infer = pyfunc.PythonModel, mlmodel.models.infer_signature
    assert got == (base, base, infer, mlmodel.sklearn.load_model, infer)
    assert not [name for name in sys.modules if name.partition(".")[0] == "mlflow"]


def _dumps_by(pickler):
    def dumps(value, protocol=None):
        with io.BytesIO() as file:
            pickler(file, protocol=protocol).dump(value)
            return file.getvalue()

    return dumps


def test_a_loaded_model_is_saved_again_with_its_modules_of_mlflow(tmp_path):
    """PYF-011: a module of MLflow that a function means, in a model that is saved again."""
    space = {"__name__": "__main__", "mlflow": mlflow_names.stand_in("mlflow")}
    script = SCRIPT.replace("import mlflow\n        return", "return")
    exec(compile(script, "script", "exec"), space)
    mlmodel.save(space["M"](), tmp_path / "one")
    again = mlmodel.load(tmp_path / "one").unwrap_python_model()
    mlmodel.save(again, tmp_path / "two")
    assert mlmodel.load(tmp_path / "two").predict(1)[1] is pyfunc.PythonModel


def test_pickles_that_nobody_trusts_get_no_functions(tmp_path):
    """TRU-010: what stands for cloudpickle's names is for trusted pickles alone."""
    (tmp_path / "MLmodel").write_text(
        "flavors: {python_function: {loader_module: mlflow.sklearn}}\n"
    )
    (tmp_path / "model.pkl").write_bytes(cloudpickle.dumps(lambda: 1))
    folder = open_folder(tmp_path)
    folder.use_code({})
    with pytest.raises(UntrustedModel):
        folder.gate.load_pickle(tmp_path / "model.pkl")
    assert open_folder(tmp_path, trust=True).gate.load_pickle(tmp_path / "model.pkl")() == 1


def test_a_program_beside_the_code_can_be_started(tmp_path):
    """What its owner may run, the copy's owner may, and nobody else."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "tool").write_text("#!/bin/sh\necho 7\n")
    (code / "tool").chmod(0o755)
    (code / "runs_a_tool.py").write_text(
        "import os, subprocess\n"
        "tool = os.path.join(os.path.dirname(__file__), 'tool')\n"
        "class Model:\n"
        "    def predict(self, model_input):\n"
        "        said = subprocess.run([tool], capture_output=True, check=True).stdout\n"
        "        return [int(said), os.stat(tool).st_mode & 0o777]\n"
        "def _load_pyfunc(path): return Model()\n"
    )
    pyfunc.save_model(
        tmp_path / "m", "runs_a_tool", code_paths=[code / "tool", code / "runs_a_tool.py"]
    )
    assert pyfunc.load_model(tmp_path / "m").predict(FRAME) == [7, 0o700]


def test_where_no_copy_can_be_made_none_is_begun(save, tmp_path, monkeypatch):
    """PYF-013, TRU-065: the code is imported from where it is."""
    path, _ = save("one", 1)
    around = tmp_path / "temporary"
    around.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(around))
    own = Path.mkdir

    def mkdir(self, *more, **options):
        if around in self.parents:
            raise OSError(28, "No space left on device")
        own(self, *more, **options)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    assert pyfunc.load_model(path).predict(FRAME) == [1, 1]
    assert not list(around.iterdir())


def test_a_folder_for_copies_need_not_be_readable(save, tmp_path, monkeypatch):
    path, _ = save("one", 1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    own = os.scandir

    def scandir(folder):
        if Path(folder) == tmp_path:
            raise PermissionError(13, "Permission denied", str(folder))
        return own(folder)

    monkeypatch.setattr(code_copy.os, "scandir", scandir)
    assert pyfunc.load_model(path).predict(FRAME) == [1, 1]
