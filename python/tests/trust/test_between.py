"""Between check and use: what runs is what was hashed (TRU-065 to TRU-068, PYF-043, PYF-044)."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
import tempfile
import textwrap
import warnings
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import mlmodel
from mlmodel import pyfunc
from mlmodel.cli.trust import command
from mlmodel.errors import MissingDependency, MlmodelError, UntrustedModel
from mlmodel.models import infer_signature, set_signature
from mlmodel.trust import describe, gate, records

pytestmark = pytest.mark.slow

FRAME = pd.DataFrame({"a": [1.0]})
LOADER = """
class Model:
    def predict(self, model_input):
        import {late}
        return [{late}.VALUE]
def _load_pyfunc(path, config=None):
    import {now}
    return Model()
"""
FROM_CODE = "import mlmodel\nmlmodel.models.set_model(lambda model_input: [1])\n"


@pytest.fixture
def evil(tmp_path):
    """Source that leaves a marker where it runs, and the marker."""
    marker = tmp_path / "marker"
    return f"open({str(marker)!r}, 'w').close()\nVALUE = 'evil'\n", marker


@pytest.fixture
def names(request):
    """Names of modules that no other test has; nothing of them is left."""
    key = f"{abs(hash(request.node.name)):x}"
    yield (f"loader_{key}", f"now_{key}", f"late_{key}")
    for name in [name for name in sys.modules if key in name]:
        del sys.modules[name]


@pytest.fixture
def saved(tmp_path, names):
    """A model with three modules: the loader, one imported while loading, one in predict."""
    loader, now, late = names
    source = tmp_path / "source"
    source.mkdir()
    (source / f"{loader}.py").write_text(LOADER.format(now=now, late=late))
    (source / f"{now}.py").write_text("VALUE = 'good'\n")
    (source / f"{late}.py").write_text("VALUE = 'good'\n")
    pyfunc.save_model(tmp_path / "m", loader, code_paths=sorted(source.iterdir()))
    return tmp_path / "m"


@pytest.fixture
def from_code(tmp_path):
    (tmp_path / "model.py").write_text(FROM_CODE)
    pyfunc.save_model(tmp_path / "m", python_model=tmp_path / "model.py", model_config={"a": 1})
    return tmp_path / "m"


def after_the_digest(monkeypatch, act):
    """Let something happen when the digest was taken and the store is asked for it."""
    asked = records.contains

    def contains(digest):
        found = asked(digest)
        act()
        return found

    monkeypatch.setattr(records, "contains", contains)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_code_replaced_after_the_digest_is_refused(saved, names, evil, which, monkeypatch):
    """TRU-065: the loader, what it imports, and what it would import later."""
    file = saved / "code" / f"{names[which]}.py"
    after_the_digest(monkeypatch, lambda: file.write_text(evil[0]))
    with pytest.raises(UntrustedModel, match=rf"code/{file.name} is not what it was.*TRU-065"):
        pyfunc.load_model(saved)
    assert not evil[1].exists()


def test_code_that_is_gone_or_new_after_the_digest(saved, names, evil, monkeypatch):
    """TRU-065: a file that the digest does not know is no module, one that is gone is named."""
    after_the_digest(
        monkeypatch, lambda: (saved / "code" / f"{names[1]}.so").write_bytes(b"\x7fELF")
    )
    assert pyfunc.load_model(saved).predict(FRAME) == ["good"]
    (saved / "code" / f"{names[1]}.so").unlink()
    after_the_digest(monkeypatch, (saved / "code" / f"{names[2]}.py").unlink)
    with pytest.raises(UntrustedModel, match="TRU-065"):
        pyfunc.load_model(saved)


def test_a_later_import_gets_what_was_hashed(saved, names, evil):
    """TRU-065."""
    model = pyfunc.load_model(saved)
    (saved / "code" / f"{names[2]}.py").write_text(evil[0])
    assert model.predict(FRAME) == ["good"]
    assert not evil[1].exists()


def test_where_nothing_can_be_written_modules_are_looked_at(saved, names, evil, monkeypatch):
    """TRU-065: as behind the wall, there is no copy; a late import is held against the digest."""

    def full(*_arguments, **_keywords):
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    model = pyfunc.load_model(saved)
    file = saved / "code" / f"{names[2]}.py"
    good = file.read_text()
    file.write_text(evil[0])
    with pytest.raises(UntrustedModel, match=rf"code/{names[2]}\.py is not what it was.*TRU-065"):
        model.predict(FRAME)
    assert not evil[1].exists()
    file.write_text(good)
    assert model.predict(FRAME) == ["good"]


def test_a_models_file_replaced_after_the_digest_is_refused(from_code, evil, monkeypatch):
    """TRU-065, PYF-009."""
    after_the_digest(monkeypatch, lambda: (from_code / "model.py").write_text(evil[0]))
    with pytest.raises(UntrustedModel, match=r"model\.py is not what it was"):
        pyfunc.load_model(from_code)
    assert not evil[1].exists()


def put_back_before_the_digest(monkeypatch, file, content):
    """Let a file be what is trusted while the digest is taken, and something else before."""
    original, made = file.read_bytes(), gate.manifest_of
    file.write_bytes(content)

    def manifest_of(root):
        file.write_bytes(original)
        return made(root)

    monkeypatch.setattr(gate, "manifest_of", manifest_of)


def test_the_digest_vouches_for_the_mlmodel_file_that_was_read(saved, names, evil, monkeypatch):
    """TRU-065: another loader than the folder's own, in a file that is put back meanwhile."""
    other = (saved / "MLmodel").read_bytes().replace(names[0].encode(), b"this")
    put_back_before_the_digest(monkeypatch, saved / "MLmodel", other)
    with pytest.raises(UntrustedModel, match="changed while it was being read.*TRU-065"):
        pyfunc.load_model(saved)


def test_the_digest_vouches_for_the_configuration_that_was_read(from_code, monkeypatch):
    """TRU-065, PYF-012."""
    (from_code / "config.yaml").write_text("a: 1\n")
    text = (from_code / "MLmodel").read_text()
    assert "    config:\n      a: 1\n" in text
    (from_code / "MLmodel").write_text(
        text.replace("    config:\n      a: 1\n", "    config: config.yaml\n")
    )
    records.add(from_code, "test")
    assert pyfunc.load_model(from_code).predict(FRAME) == [1]
    put_back_before_the_digest(monkeypatch, from_code / "config.yaml", b"a: 2\n")
    with pytest.raises(UntrustedModel, match="TRU-065"):
        pyfunc.load_model(from_code)


# -- bytecode -------------------------------------------------------------------------------------


def compiled(source, target, text):
    """Compile other source than a module's, so that Python never looks at that."""
    target.parent.mkdir(exist_ok=True)
    other = source.parent / "other.py"
    other.write_text(text)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(other), str(target), invalidation_mode=mode, doraise=True)
    other.unlink()


def cached(source):
    return source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"


@pytest.mark.parametrize("trust", [True, False])
def test_bytecode_beside_source_is_not_imported(saved, names, evil, trust):
    """PYF-043: with the caller's trust, and with the folder's, which then has it."""
    for name in names:
        source = saved / "code" / f"{name}.py"
        compiled(source, cached(source), evil[0])
        compiled(source, source.with_suffix(".pyc"), evil[0])
    records.add(saved, "test")
    assert pyfunc.load_model(saved, trust=trust).predict(FRAME) == ["good"]
    assert not evil[1].exists()


def test_bytecode_of_a_models_file_is_not_run(from_code, evil):
    """PYF-043."""
    compiled(from_code / "model.py", cached(from_code / "model.py"), evil[0])
    assert pyfunc.load_model(from_code, trust=True).predict(FRAME) == [1]
    assert not evil[1].exists()


def test_bytecode_without_source_is_no_module(saved, names, evil):
    """PYF-043."""
    source = saved / "code" / f"{names[0]}.py"
    compiled(source, source.with_suffix(".pyc"), evil[0])
    source.unlink()
    with pytest.raises(MissingDependency, match=names[0]):
        pyfunc.load_model(saved, trust=True)
    assert not evil[1].exists()


def test_what_could_run_is_told_with_bytecode_and_libraries(root):
    """TRU-070."""
    (root / "MLmodel").write_text("flavors: {python_function: {loader_module: x, code: code}}\n")
    (root / "code" / "__pycache__").mkdir(parents=True)
    held = ("code/__pycache__/x.pyc", "code/y.pyc", "code/z.so", "lib.so.1", "code/a.pth", "b.PYD")
    for name in held:
        (root / name).write_bytes(b"import x\n")
    (root / "code" / "c.zip").write_bytes(b"PK\x03\x04")
    told = {look.file for look in describe.look_into(root)}
    assert {*held, "code/c.zip"} <= told


# -- other processes, and files of its own --------------------------------------------------------


def test_processes_that_are_started_import_the_copy(tmp_path, evil):
    """TRU-065, PYF-043: Python there looks into the folder by itself, at what is there then."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "loader_of_workers.py").write_text(
        "import worker_of_between, multiprocessing\n"
        "class Model:\n"
        "    def predict(self, model_input):\n"
        "        with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "            return pool.map(worker_of_between.answer, [1])\n"
        "def _load_pyfunc(path): return Model()\n"
    )
    (source / "worker_of_between.py").write_text("def answer(number): return number + 1\n")
    pyfunc.save_model(tmp_path / "m", "loader_of_workers", code_paths=sorted(source.iterdir()))
    worker = tmp_path / "m" / "code" / "worker_of_between.py"
    for place in (cached(worker), worker.with_suffix(".pyc")):
        compiled(worker, place, f"{evil[0]}\ndef answer(number): return 'evil'\n")
    records.add(tmp_path / "m", "with bytecode that Python would take for the source")
    held = sorted((tmp_path / "m").rglob("*"))
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, pandas\n"
        "from mlmodel import pyfunc\n"
        "if __name__ == '__main__':\n"
        "    model = pyfunc.load_model(sys.argv[1])\n"
        "    open(sys.argv[2], 'a').write(sys.argv[3])\n"
        "    print(model.predict(pandas.DataFrame({'a': [1.0]})))\n"
    )
    done = subprocess.run(
        [sys.executable, script, tmp_path / "m", worker, f"\n{evil[0]}"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "[2]", done.stderr
    assert not evil[1].exists()
    assert sorted((tmp_path / "m").rglob("*")) == held


def test_code_finds_the_models_files_by_its_own_place(tmp_path, names):
    """TRU-065: beside the copy stands what stands beside the code."""
    loader = tmp_path / f"{names[0]}.py"
    loader.write_text(
        "from pathlib import Path\n"
        "HERE = Path(__file__).resolve().parent\n"
        "class Model:\n"
        "    def predict(self, model_input):\n"
        "        return [(HERE.parent / 'data' / 'held' / 'x').read_text(), (HERE / 'y').read_text()]\n"
        "def _load_pyfunc(path): return Model()\n"
    )
    (tmp_path / "y").write_text("why")
    (tmp_path / "held").mkdir()
    (tmp_path / "held" / "x").write_text("ex")
    pyfunc.save_model(
        tmp_path / "m",
        loader.stem,
        data_path=tmp_path / "held",
        code_paths=[loader, tmp_path / "y"],
    )
    assert pyfunc.load_model(tmp_path / "m").predict(FRAME) == ["ex", "why"]


def test_a_link_in_code_that_leads_out_is_refused(saved, names, evil, tmp_path):
    """DIR-011: also where the caller trusts the folder."""
    (tmp_path / "outside.py").write_text(evil[0])
    file = saved / "code" / f"{names[1]}.py"
    file.unlink()
    file.symlink_to(tmp_path / "outside.py")
    with pytest.raises(MlmodelError, match="leads out of the model.*DIR-011"):
        pyfunc.load_model(saved, trust=True)
    assert not evil[1].exists()


# -- modules that shadow others -------------------------------------------------------------------

SHADOWS = """
import sys, warnings
import pandas
from mlmodel import pyfunc
warnings.simplefilter("ignore")
for name in {names!r}:
    assert name not in sys.modules, name
model = pyfunc.load_model(sys.argv[1], trust=True)
assert model.predict(pandas.DataFrame({{"a": [1.0]}})) == ["model's"] * {count}
import {imported}
for name in {names!r}:
    assert not hasattr(sys.modules[name], "VALUE"), name
import mlmodel, json
assert not hasattr(json, "VALUE") and not hasattr(mlmodel, "VALUE")
assert model.predict(pandas.DataFrame({{"a": [1.0]}})) == ["model's"] * {count}
for name in {names!r}:
    assert not hasattr(sys.modules[name], "VALUE"), name
print("done")
"""


def test_modules_that_shadow_others_are_the_models_alone(tmp_path):
    """PYF-044: modules of Python, of libraries of ours, a package, and those that are in use."""
    names = ("colorsys", "sndhdr", "filelock", "flask")
    source = tmp_path / "source"
    source.mkdir()
    for name in (*names[:-1], "json"):
        (source / f"{name}.py").write_text('VALUE = "model\'s"\n')
    for name in ("flask", "mlmodel"):
        (source / name).mkdir()
        (source / name / "__init__.py").write_text("from .part import VALUE\n")
        (source / name / "part.py").write_text('VALUE = "model\'s"\n')
    (source / "loader_of_shadows.py").write_text(
        "import colorsys\n"
        "class Model:\n"
        "    def predict(self, model_input):\n"
        "        import sndhdr, filelock, flask.part\n"
        "        return [colorsys.VALUE, sndhdr.VALUE, filelock.VALUE, flask.part.VALUE]\n"
        "def _load_pyfunc(path): return Model()\n"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyfunc.save_model(
            tmp_path / "m", "loader_of_shadows", code_paths=sorted(source.iterdir()),
            pip_requirements=[],
        )  # fmt: skip
    script = SHADOWS.format(names=names, count=len(names), imported=", ".join(names))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, tmp_path / "m"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "done", done.stderr


# -- others who may write -------------------------------------------------------------------------


@pytest.mark.parametrize("what", [".", "code", "code/{}.py", ".."])
def test_others_who_may_write_are_told(saved, names, what):
    """TRU-066."""
    place = saved / what.format(names[0])
    before = place.stat().st_mode & 0o7777
    place.chmod(before | 0o002)
    try:
        with pytest.warns(UserWarning, match="may be written by other users.*TRU-066"):
            assert pyfunc.load_model(saved).predict(FRAME) == ["good"]
        if what == "..":
            place.chmod(0o1777)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                pyfunc.load_model(saved)
    finally:
        place.chmod(before)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pyfunc.load_model(saved)


# -- what becomes trusted -------------------------------------------------------------------------


def test_what_comes_in_while_a_signature_is_set_is_not_trusted(saved, names, evil, monkeypatch):
    """TRU-067."""
    file = saved / "code" / f"{names[1]}.py"
    good = file.read_text()
    signature = infer_signature(FRAME)
    set_signature(saved, signature)
    assert pyfunc.load_model(saved).predict(FRAME) == ["good"]
    asked = mlmodel.models.Model.save

    def save(self, path):
        asked(self, path)
        file.write_text(evil[0])

    monkeypatch.setattr(mlmodel.models.Model, "save", save)
    set_signature(saved, signature)
    monkeypatch.undo()
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(saved.parent / "trust-store"))
    with pytest.raises(UntrustedModel):
        pyfunc.load_model(saved)
    assert not evil[1].exists()
    assert good


def test_what_comes_in_after_the_look_is_not_trusted(saved, names, evil, monkeypatch):
    """TRU-067: `mlmodel trust add` shows what could run, and trusts no more than that."""
    file = saved / "code" / f"{names[1]}.py"
    looked = describe.look_into

    def look_into(*arguments, **keywords):
        found = looked(*arguments, **keywords)
        file.write_text(evil[0])
        return found

    monkeypatch.setattr(describe, "look_into", look_into)
    found = CliRunner().invoke(command, ["add", str(saved)])
    assert found.exit_code
    assert "TRU-067" in str(found.exception) + found.output
    with pytest.raises(UntrustedModel):
        pyfunc.load_model(saved)


def test_a_record_is_read_as_it_was_looked_at(root, store_folder, tmp_path, monkeypatch):
    """TRU-068: a link in the place of a record, put there when it is opened."""
    (root / "MLmodel").write_text("flavors: {}\n")
    record = records.add(root, "x")
    file = store_folder / f"{record.digest}.json"
    (tmp_path / "elsewhere").write_bytes(file.read_bytes())
    (tmp_path / "elsewhere").chmod(0o600)
    opened = os.open

    def swapped(path, *arguments, **keywords):
        if Path(path).name == file.name and not file.is_symlink():
            file.unlink()
            file.symlink_to(tmp_path / "elsewhere")
        return opened(path, *arguments, **keywords)

    monkeypatch.setattr(os, "open", swapped)
    assert not records.contains(record.digest)
    monkeypatch.undo()


@pytest.mark.parametrize("store", ["link", "file"])
def test_a_store_that_is_a_link_is_not_used(root, store_folder, store):
    """TRU-033."""
    (root / "MLmodel").write_text("flavors: {}\n")
    digest = records.add(root, "x").digest
    moved = store_folder.rename(store_folder.with_name("moved"))
    if store == "link":
        store_folder.symlink_to(moved)
    else:
        store_folder.write_text("")
    with pytest.warns(UserWarning, match="is not used"):
        assert not records.contains(digest)
    with pytest.raises(MlmodelError, match="could not be written"):
        records.add(root, "x")


# -- names that are allowed -----------------------------------------------------------------------

ALLOWED = """
import os, pickle, sys
from mlmodel.errors import UntrustedModel
from mlmodel.trust.gate import Gate
from pathlib import Path
root = Path(sys.argv[1])
sys.path.insert(0, {entry})
{before}
try:
    loaded = Gate.for_folder(root, allow=["{module}.Box"]).load_pickle(root / "model.pkl")
    print("loaded")
except UntrustedModel as error:
    print(error)
"""


def try_to_allow(root, cwd, entry, *, module="shapes", before=""):
    (root / "model.pkl").write_bytes(f"c{module}\nBox\n)\x81.".encode("latin-1"))
    script = ALLOWED.format(entry=entry, module=module, before=before)
    done = subprocess.run(
        [sys.executable, "-P", "-c", textwrap.dedent(script), root],
        capture_output=True, text=True, timeout=300, check=False, cwd=cwd,
    )  # fmt: skip
    assert not done.returncode, done.stderr
    return done.stdout


def test_what_is_allowed_by_name_is_installed(root, evil, tmp_path):
    """TRU-069: refused are the model's folder, its code, and the working directory."""
    text = f"{evil[0]}\nclass Box: pass\n"
    for folder in (root, root / "code", tmp_path / "here", tmp_path / "package"):
        folder.mkdir(exist_ok=True)
        (folder / "shapes.py").write_text(text)
    (tmp_path / "package" / "shapes").mkdir()
    (tmp_path / "package" / "shapes.py").rename(tmp_path / "package" / "shapes" / "__init__.py")
    here = tmp_path / "here"
    assert "model's own folder" in try_to_allow(root, here, "str(root)")
    assert "model's own folder" in try_to_allow(root, here, "str(root / 'code')")
    assert "model's own folder" in try_to_allow(root, root, "''")
    assert "working directory" in try_to_allow(root, here, "''")
    assert "working directory" in try_to_allow(root, here, "'.'")
    assert "working directory" in try_to_allow(root, tmp_path / "package", "''")
    assert "working directory" in try_to_allow(root, tmp_path / "package", "''", module="shapes.no")
    assert not evil[1].exists()


def test_what_the_program_has_is_allowed(root, tmp_path):
    """TRU-069: a folder of its own on the path, and what it has imported."""
    (tmp_path / "shapes.py").write_text("class Box: pass\n")
    assert try_to_allow(root, root, repr(str(tmp_path))) == "loaded\n"
    assert try_to_allow(root, tmp_path, "''", before="import shapes") == "loaded\n"


def test_another_models_module_cannot_be_allowed(saved, names, root):
    """TRU-069."""
    assert pyfunc.load_model(saved).predict(FRAME)
    (root / "model.pkl").write_bytes(f"c{names[0]}\nModel\n)\x81.".encode("latin-1"))
    with pytest.raises(UntrustedModel, match="code of another model"):
        gate.Gate.for_folder(root, allow=[f"{names[0]}.Model"]).load_pickle(root / "model.pkl")


LOADED = """
import os, sys
from mlmodel import pyfunc
model = pyfunc.load_model(sys.argv[1])
{then}
"""
FORKED = """
import multiprocessing, shutil
def work():
    shutil.copytree(sys.argv[1], sys.argv[1] + "-again")
    pyfunc.load_model(sys.argv[1] + "-again", trust=True)
    print(len(os.listdir(os.environ["TMPDIR"])))
child = multiprocessing.get_context("fork").Process(target=work)
child.start(), child.join()
print(len(os.listdir(os.environ["TMPDIR"])))
"""
#: The child lives on, and says that its copy is still there.
KILLED = """
if os.fork():
    os.kill(os.getpid(), 9)
sys.stdin.read()
print(len(os.listdir(os.environ["TMPDIR"])))
"""


def load_in(folder, saved, then):
    """Run a program that loads a model, with a folder of its own for what is temporary."""
    return subprocess.Popen(
        [sys.executable, "-c", LOADED.format(then=then), saved],
        env={**os.environ, "TMPDIR": str(folder)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize(("then", "told"), [("", ""), (FORKED, "2 1")], ids=["plain", "forked"])
def test_copies_of_code_are_removed_at_the_end(saved, tmp_path, then, told):
    """Of processes that multiprocessing starts, too, as workers of a server are."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    out, err = load_in(folder, saved, then).communicate(timeout=300)
    assert out.split() == told.split(), err
    assert not list(folder.iterdir())
    assert Path(saved).is_dir()


def test_copies_of_killed_processes_go_with_the_next(saved, tmp_path):
    """And not while a process that was forked from one of them may need it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    killed = load_in(folder, saved, KILLED)
    killed.wait(timeout=300)
    (left,) = folder.iterdir()
    assert load_in(folder, saved, "").wait(timeout=300) == 0
    assert list(folder.iterdir()) == [left]
    out, err = killed.communicate("", timeout=300)
    assert out.split() == ["1"], err
    assert load_in(folder, saved, "").wait(timeout=300) == 0
    assert not list(folder.iterdir())


#: Stops before a copy is locked, and says so; goes on when it is told to, and uses the code.
STOPS = """
import fcntl, os, sys
import pandas as pd
from mlmodel import pyfunc
lock = fcntl.flock
def stopping(file, how):
    if ".mlmodel-lock" in os.readlink(f"/proc/self/fd/{file}"):
        fcntl.flock = lock
        print("stops", flush=True)
        sys.stdin.readline()
    lock(file, how)
fcntl.flock = stopping
model = pyfunc.load_model(sys.argv[1])
print(*model.predict(pd.DataFrame({"a": [1.0]})))
"""


def test_a_copy_that_is_not_locked_yet_is_not_taken_for_abandoned(saved, tmp_path):
    """TRU-065: another process that makes a copy just then removes those of killed processes."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", STOPS, saved], env={**os.environ, "TMPDIR": str(folder)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as stopped:  # fmt: skip
        assert stopped.stdout.readline() == "stops\n"
        (made,) = folder.iterdir()
        assert load_in(folder, saved, "").wait(timeout=300) == 0
        assert list(folder.iterdir()) == [made]
        out, err = stopped.communicate("\n", timeout=300)
    assert out.split() == ["good"], err
    assert not list(folder.iterdir())
