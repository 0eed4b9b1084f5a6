"""Versions of the flavors' libraries: what the extras take, and what is told of others."""

from __future__ import annotations

import json
import re
from importlib import metadata

import pytest
from click.testing import CliRunner
from oldest import LOCKS, REQUIREMENTS, extras, lock_of, locked, of_lock
from packaging.version import Version

import mlmodel
from mlmodel import document
from mlmodel.cli.doctor import command
from mlmodel.environment.versions import Versions
from mlmodel.errors import InvalidModel, MissingDependency
from mlmodel.flavors import _registry
from specimens import model, specimen

FLAVORS = {name: one for name, one in _registry.all_flavors().items() if one.extra}
#: Every library with a lower bound, by its flavor.
BOUNDS = [
    (flavor, one.name, limit.version)
    for flavor in FLAVORS
    for one in extras()[flavor]
    for limit in one.specifier
    if limit.operator == ">="
]


def same(name, version, lock):
    found = locked(lock)
    return Version(found.get(name) or found[f"{name}-cpu"]) == Version(version)


def test_every_library_of_a_flavor_has_a_lower_bound():
    assert {(flavor, one.name) for flavor in FLAVORS for one in extras()[flavor]} - {
        (flavor, name) for flavor, name, _ in BOUNDS
    } == {("diviner", "pandas")}  # `predict` has that one


@pytest.mark.parametrize(("flavor", "name", "version"), BOUNDS)
def test_a_lower_bound_is_what_its_tests_are_run_with(flavor, name, version):
    """``make oldest`` runs them in the environment of the lock."""
    assert same(name, version, lock_of(flavor))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_the_lower_bounds_of_the_core(lock):
    for extra in set(of_lock(lock)) - set(FLAVORS) | {"predict"}:
        for one in extras()[extra]:
            (limit,) = one.specifier
            assert same(one.name, limit.version, lock), one
    assert set(of_lock(lock)) <= set(extras())


def test_every_lock_names_its_flavors_and_is_there():
    assert {flavor for own in LOCKS.values() for flavor in own} <= set(FLAVORS)
    assert {path.stem for path in REQUIREMENTS.glob("oldest*.in")} == set(LOCKS)


@pytest.fixture
def installed(monkeypatch):
    """Let one distribution be there in a version, and those that bring the same be absent."""

    def let(name, version):
        found = metadata.distribution

        class Other:
            def __init__(self):
                self.version = version

            def read_text(self, name):
                return None

        def distribution(asked):
            if asked.replace("_", "-") == name:
                return Other()
            if asked == f"{name}-cpu":
                raise metadata.PackageNotFoundError(asked)
            return found(asked)

        monkeypatch.setattr(metadata, "distribution", distribution)

    return let


@pytest.mark.thorough
@pytest.mark.parametrize(("flavor", "name", "version"), BOUNDS)
def test_the_doctor_names_what_is_too_old_with_what_is_needed(flavor, name, version, installed):
    installed(name, f"{version}.dev0")
    told = json.loads(CliRunner().invoke(command, ["--json"]).output)["flavors"]
    own = next(one for one in told if one["flavor"] == flavor)
    library = next(one for one in own["libraries"] if one["name"] == name)
    assert library["version"] == f"{version}.dev0"
    assert f">={version}" in library["versions"]
    assert not library["fits"]
    assert not (own["loads"] and library["always"])
    lines = CliRunner().invoke(command, [], color=False).output
    assert f"{name} is {version}.dev0, and {name}{library['versions']} is needed" in lines


@pytest.mark.parametrize("recorded", ["2.10.0", "2.21.0"])
def test_a_library_under_another_name_is_told_by_that(recorded, installed, tmp_path):
    """ENV-021: what is there under the name of another package is not said to be missing."""
    installed("tensorflow-cpu", "2.21.0")
    (tmp_path / "MLmodel").write_text("flavors: {tensorflow: {}}\n")
    own = FLAVORS["tensorflow"].recorded({"keras_version": recorded})
    told = list(map(str, Versions(tmp_path, document.read(tmp_path), own).differences()))
    expected = "tensorflow-cpu is installed in version 2.21.0 (required: tensorflow-cpu==2.10.0)"
    assert told == [expected] * (recorded == "2.10.0")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("recorded", ["0.0.1", "99.0.0"])
@pytest.mark.parametrize(
    "flavor",
    [
        pytest.param(name, marks=pytest.mark.libraries(*specimen(name).libraries))
        for name in FLAVORS
        if FLAVORS[name].versions
    ],
)
def test_a_model_of_another_version_is_told_with_both(flavor, recorded, tmp_path, monkeypatch):
    """ENV-021: whichever flavor, where its library cannot make the model of the file."""
    own, known, folder = specimen(flavor), FLAVORS[flavor], tmp_path / "m"
    save = own.save or getattr(mlmodel, flavor).save_model
    save(model(flavor), folder, **own.options)
    (folder / "requirements.txt").unlink()
    for name in ("python_env.yaml", "conda.yaml"):
        (folder / name).unlink(missing_ok=True)
    written = mlmodel.models.Model.load(folder).flavors[flavor]
    (key, distribution), *_ = known.versions.items()
    here, text = written.get(key), (folder / "MLmodel").read_text()
    if here is None:  # only another form of the flavor records it, as TensorFlow's of Keras does
        text = text.replace(f"  {flavor}:\n", f"  {flavor}:\n    {key}: {recorded}\n")
    same = rf"(?<={key}: )'?{re.escape(str(here))}'?(?=\n)"  # 1.2 is a text within quotes
    (folder / "MLmodel").write_text(re.sub(same, recorded, text))

    def fails(*_, **__):
        raise InvalidModel("It cannot be read") from AttributeError("no such name")

    # ONNX's model is run by another library, and opened by that.
    monkeypatch.setattr(type(known), "open" if "open" in vars(type(known)) else "load", fails)
    with pytest.raises(MissingDependency, match="ENV-021") as raised:
        mlmodel.load(folder, trust=True)
    assert f"{known.installed(distribution)} {recorded} " in str(raised.value)
    assert str(here or metadata.version(known.installed(distribution))).partition("+")[0] in str(
        raised.value
    )
