"""Requirements inferred from what a model imports (ENV-003, ENV-013 to ENV-016, ENV-020)."""

from __future__ import annotations

import fcntl
import importlib
import os
import shutil
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.linear_model import LinearRegression

import mlmodel
from mlmodel.environment import observation, pins
from mlmodel.errors import InvalidArgument, UnsupportedModel, UntrustedModel
from mlmodel.models import infer_pip_requirements

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

ROWS = pd.DataFrame({"a": [1.0, 2.0]})
SWITCH = "MLMODEL_INFER_REQUIREMENTS"


@pytest.fixture(autouse=True)
def _inferring(monkeypatch):
    monkeypatch.delenv(SWITCH)


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Two distributions made for the test, of which the first requires the second."""
    site = tmp_path / "site-packages"
    for name, version, requires in [
        ("Demo_Needs", "1.2.0+cpu", "demo-base>=1; python_version >= '3'"),
        ("demo-base", "2.5", "no-such-extra; extra == 'more'"),
        ("demo.repository", "0.1", ""),
        ("demo-taken", "0.2", ""),
    ]:
        module = name.lower().replace("-", "_").replace(".", "_")
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (info / "METADATA").write_text(text + (f"Requires-Dist: {requires}\n" if requires else ""))
        (info / "top_level.txt").write_text(f"{module}\n")
        (info / "RECORD").write_text(f"{module}/__init__.py,,\n")
        (site / module).mkdir()
        (site / module / "__init__.py").write_text("NAME = __name__\n")
    (site / "demo_needs" / "__init__.py").write_text(
        "import demo_base\n"
        "try:\n    import demo_taken\nexcept ImportError:\n    pass\n"
        "def later():\n    import importlib\n    importlib.import_module('demo_taken')\n"
    )
    (site / "demo.repository-0.1.dist-info" / "direct_url.json").write_text(
        '{"url": "https://example.org/r.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}'
    )
    monkeypatch.syspath_prepend(str(site))
    return site


@pytest.fixture
def module(tmp_path):
    """Return a function that writes a loader module with this predict and saves a model of it."""

    def save(body: str, *, loading: str = "", **options) -> Path:
        code = tmp_path / "the_loader.py"
        lines = textwrap.indent(textwrap.dedent(body).strip(), " " * 8)
        code.write_text(
            f"{textwrap.dedent(loading)}\nclass Model:\n    def predict(self, data):\n{lines}\n\n"
            "def _load_pyfunc(path):\n    return Model()\n"
        )
        options = {"code_paths": [code], **options}
        mlmodel.pyfunc.save_model(tmp_path / "m", loader_module="the_loader", **options)
        return tmp_path / "m"

    yield save
    sys.modules.pop("the_loader", None)


def requirements(path: Path) -> list[str]:
    return (path / "requirements.txt").read_text().splitlines()


SIGNED = {"signature": mlmodel.infer_signature(ROWS), "input_example": ROWS}


def test_what_loading_and_predicting_import(module, packages):
    """ENV-013, ENV-014: pinned without the local part, without what another one requires."""
    path = module("import demo_needs\nreturn [0]", loading="import demo_repository", **SIGNED)
    found = requirements(path)
    assert found == sorted(found)
    assert "demo-needs==1.2.0" in found
    assert "demo-repository @ git+https://example.org/r.git@abc" in found
    assert not [line for line in found if line.startswith("demo-base")]
    conda = yaml.safe_load((path / "conda.yaml").read_text())
    assert conda["dependencies"][-1] == {"pip": found}
    assert mlmodel.validate(path).violations == ()


@pytest.mark.parametrize(
    ("body", "counts"),
    [
        ("import demo_needs\nreturn [0]", False),
        ("import demo_needs\ndemo_needs.later()\nreturn [0]", False),
        ("import demo_needs, demo_taken\nreturn [0]", True),
        ("import importlib\nimportlib.import_module('demo_taken')\nreturn [0]", True),
        ("__import__('demo_taken')\nreturn [0]", True),
        ("from demo_taken import NAME\nreturn [0]", True),
        ("import pickle\npickle.loads(b'cdemo_taken\\nNAME\\n.')\nreturn [0]", True),
        ("import cloudpickle\ncloudpickle.cloudpickle.subimport('demo_taken')\nreturn [0]", True),
    ],
)
def test_what_a_library_takes_where_it_is_there_does_not_count(module, packages, body, counts):
    """ENV-024: what the model's own code and pickles ask for does."""
    found = requirements(module(body, **SIGNED))
    assert ("demo-taken==0.2" in found) is counts


def test_what_a_pickle_names_counts(tmp_path, packages):
    """ENV-024."""
    model = LinearRegression().fit(ROWS, [1, 2])
    model.extra_ = importlib.import_module("demo_taken")
    mlmodel.save(model, tmp_path / "m", example=ROWS)
    sys.modules.pop("demo_taken")
    assert "demo-taken==0.2" in requirements(tmp_path / "m")


def test_without_an_example_loading_alone_is_observed(module, packages):
    """ENV-013."""
    found = requirements(module("import demo_base\nreturn [0]", loading="import demo_repository"))
    assert [line.split()[0] for line in found if line.startswith("demo")] == ["demo-repository"]


def test_what_this_package_imports_itself_counts_where_the_model_asks_for_it(module):
    """ENV-013: what is imported already leaves no trace but the asking."""
    assert not [line for line in requirements(module("return [0]")) if "yaml" in line.lower()]


def test_a_model_that_asks_for_what_is_there(module):
    found = requirements(module("import yaml\nreturn [0]", **SIGNED))
    assert f"pyyaml=={yaml.__version__}" in found


def test_the_flavor_always_names_its_packages(tmp_path):
    """ENV-003, ENV-014: readers of the format are not among them, nor what these require."""
    model = LinearRegression().fit(ROWS, [1, 2])
    mlmodel.sklearn.save_model(model, tmp_path / "m", input_example=ROWS)
    found = [line.partition("==")[0] for line in requirements(tmp_path / "m")]
    assert {"numpy", "pandas", "scikit-learn", "cloudpickle"} <= set(found)
    assert not {"scipy", "joblib", "mlmodel", "mlflow", "orjson", "jsonschema"} & set(found)


def test_added_requirements_stand_behind_the_found(module, packages):
    """ENV-019."""
    found = requirements(
        module(
            "return [0]", loading="import demo_needs", extra_pip_requirements=["demo-needs>1", "x"]
        )
    )
    assert found[-2:] == ["demo-needs>1", "x"]
    assert "demo-needs==1.2.0" not in found


@pytest.mark.parametrize("given", [{"pip_requirements": ["a"]}, {"conda_env": {"pip": ["a"]}}])
def test_nothing_is_observed_where_the_user_says_all(module, given, tmp_path):
    marker = tmp_path / "ran"
    module("return [0]", loading=f"open({str(marker)!r}, 'w').close()", **given)
    assert not marker.exists()


def test_it_can_be_switched_off(module, tmp_path, monkeypatch):
    """ENV-016."""
    monkeypatch.setenv(SWITCH, "False")
    marker = tmp_path / "ran"
    path = module("return [0]", loading=f"open({str(marker)!r}, 'w').close()")
    assert not marker.exists()
    assert requirements(path) == pins.pinned(["numpy", "pandas"])


def test_a_model_that_fails_is_warned_of(module):
    """ENV-015."""
    with pytest.warns(UserWarning, match=r"RuntimeError: not today.*ENV-015"):
        path = module("raise RuntimeError('not today')", **SIGNED)
    assert requirements(path) == pins.pinned(["numpy", "pandas"])


def test_a_process_that_ends_early_is_warned_of(module):
    """ENV-015."""
    ending = "import os, sys\nif 'observe' in str(sys.orig_argv):\n    os._exit(3)"
    with pytest.warns(UserWarning, match=r"ended early.*ENV-015"):
        module("return [0]", loading=ending)


def test_nothing_is_left_behind(module, tmp_path, monkeypatch, wait_for):
    """ENV-013, ENV-015: the process is ended in time, with what it has started."""
    started = tmp_path / "started"
    # The child holds the lock for as long as it lives.
    child = (
        "import fcntl, os, sys, time\n"
        f"file = open({str(started)!r} + '.new', 'w')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        f"os.rename(file.name, {str(started)!r})\n"
        "time.sleep(1000)\n"
    )
    starting = (
        "import subprocess, sys, time\n"
        "if 'observe' in str(sys.orig_argv):\n"
        f"    subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        "    time.sleep(1000)\n"
    )
    # A slow machine may need more than the first of these to start both processes.
    for seconds in (4, 16, 64):
        monkeypatch.setenv("MLMODEL_INFER_REQUIREMENTS_TIMEOUT", str(seconds))
        with pytest.warns(UserWarning, match=rf"longer than {seconds} seconds.*ENV-015"):
            path = module("return [0]", loading=starting)
        if started.exists():
            break
        shutil.rmtree(path)
    with started.open("r+") as file:
        wait_for(lambda: _lock(file))


def _lock(file) -> bool:
    """Take the lock of a file, unless somebody has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def test_it_ends_with_whoever_asked(tmp_path):
    """ENV-013: nobody waits for the answer of a process whose parent was killed."""
    (tmp_path / "the_loader.py").write_text("import time\ntime.sleep(1000)\n")
    (tmp_path / "MLmodel").write_text("flavors: {python_function: {loader_module: the_loader}}\n")
    task = observation.Task(
        str(tmp_path), str(tmp_path / "answer"), None, trust=True, path=(str(tmp_path), *sys.path)
    )
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "mlmodel.pyfunc.observe"],
        stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(observation.json.dumps(observation.asdict(task)).encode() + b"\n")
    process.stdin.flush()
    process.stdin.close()
    assert process.wait(100) != 0
    assert not (tmp_path / "answer").exists()


def test_nothing_is_written_into_the_folder(module):
    """ENV-013: neither bytecode nor the file that the model was described in for the time."""
    path = module("return [0]", **SIGNED)
    names = {file.relative_to(path).as_posix() for file in path.rglob("*")}
    assert names == {
        *["MLmodel", "code", "code/the_loader.py", "conda.yaml", "python_env.yaml"],
        *["requirements.txt", "input_example.json", "serving_input_example.json"],
    }


def test_a_module_of_no_distribution_is_warned_of(module, tmp_path, monkeypatch):
    """ENV-020: it is not in the model and cannot be installed."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "own_helpers.py").write_text("X = 1\n")
    monkeypatch.syspath_prepend(str(folder))
    with pytest.warns(UserWarning, match=r"own_helpers.*code_paths.*ENV-020"):
        path = module("return [0]", loading="import own_helpers")
    assert not [line for line in requirements(path) if "own" in line]


def test_code_of_the_model_is_not_warned_of(module, tmp_path, recwarn):
    """ENV-020: what is in code_paths goes with it."""
    (tmp_path / "own_other.py").write_text("X = 1\n")
    paths = [tmp_path / "the_loader.py", tmp_path / "own_other.py"]
    module("return [0]", loading="import own_other", code_paths=paths)
    assert not [one for one in recwarn.list if "ENV-020" in str(one.message)]


def test_what_the_model_prints_and_asks_does_no_harm(module):
    body = "print('x' * 100_000)\nassert not __import__('sys').stdin.read()\nreturn [0]"
    assert requirements(module(body, signature=SIGNED["signature"]))


@pytest.mark.parametrize("names", [{"a", "b"}, {"b", "c", "a"}])
def test_of_two_that_require_each_other_one_stays(names, monkeypatch):
    """ENV-014."""
    requires = {"a": {"b"}, "b": {"a"}, "c": {"a"}}
    monkeypatch.setattr(observation, "required_by", requires.get)
    assert len(observation.requirement_lines(names, [])) == 1
    assert "b" in observation.requirement_lines(names, ["b"])


def test_a_distribution_from_a_folder_is_pinned_and_warned_of(packages):
    """ENV-012, ENV-014."""
    (packages / "demo_base-2.5.dist-info" / "direct_url.json").write_text('{"url": "file:///x"}')
    with pytest.warns(UserWarning, match=r"file:///x: demo-base==2.5.*ENV-012"):
        assert observation.requirement_lines(["demo-base"], []) == ["demo-base==2.5"]


# -- for a saved model ---------------------------------------------------------------------------------


def test_a_saved_model(tmp_path):
    """ENV-013: what a native load imports, and without the numpy that it requires."""
    model = LinearRegression().fit(np.array([[1.0]]), [1])
    mlmodel.sklearn.save_model(model, tmp_path / "m", pip_requirements=["a"])
    found = infer_pip_requirements(tmp_path / "m", "sklearn")
    assert [line.partition("==")[0] for line in found if line.startswith("scikit")] == [
        "scikit-learn"
    ]
    assert requirements(tmp_path / "m") == ["a"]
    with pytest.raises(UnsupportedModel, match="no nothing flavor"):
        infer_pip_requirements(tmp_path / "m", "nothing")


def test_a_saved_model_runs_nothing_untrusted(module, monkeypatch, tmp_path):
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "empty"))
    marker = tmp_path / "ran"
    path = module("return [0]", loading=f"open({str(marker)!r}, 'w').close()")
    marker.unlink()
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "none"))
    with pytest.raises(UnsupportedModel, match=UntrustedModel.__name__):
        infer_pip_requirements(path, "python_function")
    assert not marker.exists()
    assert infer_pip_requirements(path, "python_function", fallback=["x"]) == ["x"]
    assert infer_pip_requirements(path, "python_function", trust=True) == []
    assert marker.exists()


def test_variables_reach_the_model(module, tmp_path):
    path = module("return [0]", loading="import os\nif 'DEMO' in os.environ:\n    import yaml")
    assert infer_pip_requirements(path, "python_function", trust=True) == []
    found = infer_pip_requirements(
        path, "python_function", trust=True, extra_env_vars={"DEMO": "1"}
    )
    assert found == [f"pyyaml=={yaml.__version__}"]
    assert "DEMO" not in os.environ


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("executable", None, "no Python interpreter"),
        ("executable", "", "no Python interpreter"),
        ("executable", "/nowhere/python", "no process could be started"),
        ("frozen", True, "no Python interpreter"),
    ],
)
def test_a_model_is_saved_where_no_process_can_be_started(tmp_path, monkeypatch, name, value, said):
    """ENV-015: a frozen program would start itself again."""
    monkeypatch.setattr(sys, name, value, raising=False)
    with pytest.warns(UserWarning, match=rf"{said}.*ENV-015"):
        mlmodel.save(LinearRegression().fit(ROWS, [1, 2]), tmp_path / "m", example=ROWS)
    assert [line.partition("==")[0] for line in requirements(tmp_path / "m")] == [
        "numpy", "pandas", "scikit-learn", "cloudpickle",
    ]  # fmt: skip


@pytest.mark.parametrize("how", ["script", "command", "input"])
def test_a_program_without_a_guard_is_not_run_again(tmp_path, how):
    """ENV-013: the process knows the model's folder, and nothing of the program that saved it."""
    program = textwrap.dedent(
        """
        import pandas as pd, mlmodel
        with open("runs", "a") as file:
            file.write("run")
        class Mine(mlmodel.pyfunc.PythonModel):
            def predict(self, model_input):
                return model_input["a"]
        mlmodel.save(Mine(), "m", example=pd.DataFrame({"a": [1.0]}))
        """
    )
    (tmp_path / "program.py").write_text(program)
    arguments = {"script": ["program.py"], "command": ["-c", program], "input": ["-"]}[how]
    done = subprocess.run(
        [sys.executable, *arguments], cwd=tmp_path, input=program, text=True, capture_output=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "runs").read_text() == "run"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["m", "program.py", "runs"]


@pytest.mark.parametrize(("value", "on"), [("", True), ("ON", True), ("1", True), (" no ", False)])
def test_the_switch(value, on, monkeypatch):
    """ENV-016."""
    monkeypatch.setenv(SWITCH, value)
    assert observation.is_on() is on


def test_a_switch_that_is_neither_on_nor_off(tmp_path, monkeypatch):
    """ENV-016."""
    monkeypatch.setenv(SWITCH, "nonsense")
    with pytest.raises(InvalidArgument, match=rf"{SWITCH} is 'nonsense'; it may be .*ENV-016"):
        mlmodel.save(lambda data: data, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_module_is_warned_of_once(tmp_path, monkeypatch):
    """PYF-016, ENV-020."""
    (tmp_path / "beside_the_script.py").write_text(
        "from mlmodel.pyfunc import PythonModel\n"
        "class Mine(PythonModel):\n    def predict(self, data): return data\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    mine = importlib.import_module("beside_the_script").Mine()
    with pytest.warns(UserWarning, match="beside_the_script") as found:
        mlmodel.save(mine, tmp_path / "m")
    assert [str(one.message).rpartition("(")[2] for one in found] == ["PYF-016)"]
    del sys.modules["beside_the_script"]


def test_a_model_that_fails_on_its_example_is_warned_of_once(tmp_path):
    """ENV-015."""

    failing = lambda data: {}[0]  # noqa: E731 - a function of no module
    failing.__module__ = "__main__"
    with pytest.warns(UserWarning, match="could not score") as found:
        mlmodel.save(failing, tmp_path / "m", example=ROWS)
    assert len(found) == 1, [str(one.message) for one in found]
    assert "KeyError" in str(found[0].message)
    assert "(ENV-015)" in str(found[0].message)
    assert any(line.startswith("cloudpickle==") for line in requirements(tmp_path / "m"))
