"""The environment files: what is given, and what is written (ENV-001 to ENV-012, ENV-019)."""

from __future__ import annotations

import platform

import pytest
import yaml

import mlmodel
from mlmodel.environment import resolve as environment
from mlmodel.environment.pins import merged, pinned
from mlmodel.errors import InvalidArgument


def resolve(**given):
    arguments = {
        "conda_env": None,
        "pip_requirements": None,
        "extra_pip_requirements": None,
        "default_packages": ["pyyaml"],
    }
    return environment.resolve(**{**arguments, **given})


def test_default_packages_are_pinned_to_what_is_installed():
    """ENV-003."""
    assert resolve().requirements == (f"pyyaml=={yaml.__version__}",)


def test_a_package_that_is_not_installed_is_named_without_a_version():
    assert pinned(["no-such-distribution"]) == ["no-such-distribution"]


def test_requirements_are_the_pip_part_of_the_conda_environment():
    env = resolve(pip_requirements=["a==1", "# a comment", "", " b>=2 "])
    assert env.requirements == ("a==1", "b>=2")
    assert env.conda["dependencies"][-1] == {"pip": ["a==1", "b>=2"]}


def test_a_requirements_file_is_read_as_pip_reads_it(tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text("a==1  # why\nb==2 \\\n    --hash=sha256:00\n\n# c\n")
    assert resolve(pip_requirements=file).requirements == ("a==1", "b==2 --hash=sha256:00")


def test_extra_requirements_are_added():
    assert resolve(extra_pip_requirements=["a==1"]).requirements[-1] == "a==1"


#: Lines 137 to 172 of the 1.28 edition: what is given, and the two files that it shows.
GIVEN_BY_THE_EDITION = {
    "channels": ["conda-forge"],
    "dependencies": ["python=3.8.8", "pip"],
    "pip": ["mlflow", "scikit-learn==0.23.2", "cloudpickle==1.6.0"],
    "name": "mlflow-env",
}


def test_a_top_level_pip_list_is_moved_under_dependencies(tmp_path):
    """ENV-004, ENV-006."""
    environment.write_environment(resolve(conda_env=GIVEN_BY_THE_EDITION), tmp_path)
    assert (tmp_path / "conda.yaml").read_text() == (
        "name: mlflow-env\nchannels:\n- conda-forge\ndependencies:\n- python=3.8.8\n- pip\n"
        "- pip:\n  - mlflow\n  - scikit-learn==0.23.2\n  - cloudpickle==1.6.0\n"
    )
    assert (tmp_path / "requirements.txt").read_text() == (
        "mlflow\nscikit-learn==0.23.2\ncloudpickle==1.6.0\n"
    )
    python_env = yaml.safe_load((tmp_path / "python_env.yaml").read_text())
    assert python_env["python"] == "3.8.8"
    assert python_env["dependencies"] == ["-r requirements.txt"]


def _block(lines, start, indent):
    """Return a block of the edition, which goes on to the first line that stands further left."""
    at = next(n for n, line in enumerate(lines) if start in line)
    first = next(n for n in range(at + 1, len(lines)) if lines[n].strip())
    block = []
    for line in lines[first:]:
        if line.strip() and not line.startswith(" " * indent):
            break
        block.append(line[indent:])
    return "\n".join(block).strip() + "\n"


def test_the_two_files_are_those_of_the_edition(shared, tmp_path):
    """ENV-004, ENV-006: the edition's own text."""
    edition = shared / "reference" / "mlflow-models-1.28-edition.rst"
    lines = edition.read_text(encoding="utf-8").splitlines()[136:175]
    at = next(n for n, line in enumerate(lines) if "The written ``conda.yaml``" in line)
    conda = _block(lines[at:], ".. code-block:: yaml", 4)
    at = next(n for n, line in enumerate(lines) if "The written ``requirements.txt``" in line)
    requirements = _block(lines[at:], ".. code-block:: text", 4)
    environment.write_environment(resolve(conda_env=GIVEN_BY_THE_EDITION), tmp_path)
    assert yaml.safe_load((tmp_path / "conda.yaml").read_text()) == yaml.safe_load(conda)
    assert (tmp_path / "requirements.txt").read_text() == requirements


def test_pip_at_the_top_joins_what_stands_below():
    """ENV-002, ENV-004: there is one list of pip."""
    env = resolve(conda_env={"dependencies": ["python=3.11", {"pip": ["a"]}, "x"], "pip": ["b"]})
    assert env.conda["dependencies"] == ["python=3.11", {"pip": ["a", "b"]}, "x"]
    assert env.requirements == ("a", "b")


def test_conda_env_may_be_a_file(tmp_path):
    file = tmp_path / "env.yaml"
    file.write_text("dependencies: [python=3.11, {pip: [a]}]\n")
    assert resolve(conda_env=file).requirements == ("a",)


def test_a_conda_environment_without_pip_is_kept_and_warned_of(tmp_path):
    """ENV-009."""
    given = {"channels": ["defaults"], "dependencies": ["xgboost=1.0", "cloudpickle=1.6"]}
    with (
        pytest.warns(UserWarning, match="requirements.txt stays empty"),
        pytest.warns(UserWarning, match="ENV-005"),
    ):
        env = resolve(conda_env=given)
    environment.write_environment(env, tmp_path)
    assert yaml.safe_load((tmp_path / "conda.yaml").read_text()) == given
    assert (tmp_path / "requirements.txt").read_text() == ""


def test_python_version_is_the_running_one_by_default(tmp_path):
    environment.write_environment(resolve(), tmp_path)
    python_env = yaml.safe_load((tmp_path / "python_env.yaml").read_text())
    assert python_env["python"] == platform.python_version()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"conda_env": {"dependencies": []}, "pip_requirements": []},
            "only one of conda_env, pip_requirements",
        ),
        ({"conda_env": 3}, "a mapping or the path"),
        ({"pip_requirements": [1]}, "list of requirement lines"),
    ],
)
def test_wrong_arguments_are_named(given, said):
    with pytest.raises(InvalidArgument, match=said):
        resolve(**given)


def test_a_file_that_is_no_yaml_is_named(tmp_path):
    file = tmp_path / "env.yaml"
    file.write_text("a: [")
    with pytest.raises(InvalidArgument, match=r"env\.yaml holds no conda environment"):
        resolve(conda_env=file)


# -- channels ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "channel", ["defaults", "https://repo.anaconda.com/pkgs/main", "repo.anaconda.com/pkgs/r"]
)
def test_the_channel_of_anaconda_is_kept_and_warned_of(channel, tmp_path):
    """ENV-005: file, line and what to write instead; nothing is changed."""
    file = tmp_path / "env.yaml"
    file.write_text(f"channels:\n- conda-forge\n- {channel}\ndependencies: [{{pip: [a]}}]\n")
    with pytest.warns(UserWarning, match=r"env\.yaml, line 3: .*'conda-forge'.*ENV-005"):
        env = resolve(conda_env=file)
    assert env.conda["channels"] == ["conda-forge", channel]
    with pytest.warns(UserWarning, match=r"conda_env\['channels'\]\[0\]: .*ENV-005"):
        resolve(conda_env={"channels": [channel], "dependencies": [{"pip": ["a"]}]})


def test_other_channels_are_not_warned_of(recwarn):
    given = {"channels": ["conda-forge", "nodefaults", "pytorch"], "dependencies": [{"pip": ["a"]}]}
    assert resolve(conda_env=given).conda["channels"] == given["channels"]
    assert not recwarn.list


# -- requirements that are given -----------------------------------------------------------------------


def test_markers_extras_addresses_and_options_stay_as_they_are(recwarn):
    """ENV-008, ENV-012."""
    lines = [
        "xgboost[dask]>=2,<4; python_version < '4'",
        "git+https://example.org/a.git@v1#egg=a",
        "b @ https://example.org/b-1.0-py3-none-any.whl",
        "--extra-index-url https://index.example.org/simple",
    ]
    assert resolve(pip_requirements=lines).requirements == tuple(lines)
    assert not recwarn.list


@pytest.mark.parametrize(
    "line", ["./dist/a-1.0-py3-none-any.whl", "a-1.0.tar.gz", "-e ../a", "a @ file:///a", "/a/b"]
)
def test_what_is_on_this_machine_alone_is_kept_and_warned_of(line):
    """ENV-012."""
    with pytest.warns(UserWarning, match="ENV-012"):
        assert resolve(pip_requirements=["b", line]).requirements == ("b", line)


def test_constraints_are_collected(tmp_path):
    """ENV-010."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "c.txt").write_text("numpy<3  # why\n-c sub/d.txt\n")
    (tmp_path / "sub" / "d.txt").write_text("scipy<2\nnumpy<3\n")
    (tmp_path / "r.txt").write_text("a\n--constraint=c.txt\nb\n")
    given = [f"-r{tmp_path / 'r.txt'}", f"-c {tmp_path / 'c.txt'}", "d"]
    env = resolve(pip_requirements=given)
    assert env.requirements == ("a", "b", "d", "-c constraints.txt")
    assert env.constraints == ("numpy<3", "scipy<2")
    environment.write_environment(env, tmp_path / "sub")
    written = tmp_path / "sub"
    assert (written / "constraints.txt").read_text() == "numpy<3\nscipy<2\n"
    assert (written / "requirements.txt").read_text() == "a\nb\nd\n-c constraints.txt\n"
    conda = yaml.safe_load((written / "conda.yaml").read_text())
    assert conda["dependencies"][-1] == {"pip": ["a", "b", "d", "-c constraints.txt"]}


def test_files_that_conda_names_are_relative_to_its_file(tmp_path):
    """ENV-010, ENV-011."""
    (tmp_path / "c.txt").write_text("numpy<3\n")
    (tmp_path / "r.txt").write_text("b\n")
    (tmp_path / "env.yaml").write_text(
        "dependencies: [python=3.11, {pip: [a, -c c.txt, -r r.txt, '-c https://example.org/c']}]\n"
    )
    env = resolve(conda_env=tmp_path / "env.yaml")
    lines = ["a", "b", "-c https://example.org/c", "-c constraints.txt"]
    assert env.requirements == tuple(lines)
    assert env.conda["dependencies"] == ["python=3.11", {"pip": lines}]
    assert env.constraints == ("numpy<3",)


def test_files_that_include_each_other_are_refused(tmp_path):
    """ENV-011."""
    (tmp_path / "a.txt").write_text("-r b.txt\n")
    (tmp_path / "b.txt").write_text("-r a.txt\n")
    with pytest.raises(InvalidArgument, match=r"a\.txt -> .*b\.txt -> .*a\.txt \(ENV-011\)"):
        resolve(pip_requirements=tmp_path / "a.txt")
    with pytest.raises(InvalidArgument, match="there is no such file"):
        resolve(pip_requirements=["-r no-such-file.txt"])


@pytest.mark.parametrize(
    ("lines", "more", "merged_lines"),
    [
        (["a==1", "b==2"], ["c"], ["a==1", "b==2", "c"]),
        (["a==1", "b==2"], ["A>=0"], ["b==2", "A>=0"]),
        (["a==1", "b-b==2"], ["B_b"], ["a==1", "b-b==2"]),
        (["a==1"], ["a[x]"], ["a[x]"]),
        (["a==1"], ["git+https://x/a"], ["a==1", "git+https://x/a"]),
    ],
)
def test_added_requirements_hold(lines, more, merged_lines):
    """ENV-019."""
    assert merged(lines, more) == merged_lines


@pytest.mark.parametrize(
    ("entry", "python"),
    [("python=3.8.8", "3.8.8"), ("python==3.9", "3.9"), ("python = 3.10.1=h1_0", "3.10.1")],
)
def test_the_version_of_python_is_that_of_conda(entry, python, tmp_path):
    environment.write_environment(
        resolve(conda_env={"dependencies": [entry, {"pip": ["a"]}]}), tmp_path
    )
    assert yaml.safe_load((tmp_path / "python_env.yaml").read_text())["python"] == python


def test_what_is_written_is_valid(tmp_path):
    """ENV-006 to ENV-011: a checker has nothing to say."""
    (tmp_path / "c.txt").write_text("numpy<3\n")
    env = resolve(extra_pip_requirements=["a[x]>1; python_version>'3'", f"-c {tmp_path / 'c.txt'}"])
    environment.write_environment(env, tmp_path)
    (tmp_path / "MLmodel").write_text("flavors: {python_function: {loader_module: a}}\n")
    assert mlmodel.validate(tmp_path).violations == ()
