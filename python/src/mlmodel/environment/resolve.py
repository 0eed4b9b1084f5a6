"""The environment files of a model: conda.yaml, python_env.yaml, requirements.txt (ENV rules).

They say what the *model* needs. The tool that loads it adds itself, so a model saved here
can be rebuilt by any implementation of the format.
"""

from __future__ import annotations

import platform
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel._base.secrets import has_password, masked, without_password
from mlmodel._base.warnings import warn_caller
from mlmodel.document.document import compose_document
from mlmodel.document.environment_files import is_defaults, python_of_conda
from mlmodel.document.paths import CONDA, FILE_NAME, PYTHON_ENV, REQUIREMENTS
from mlmodel.document.requirements import named_file, pip_part
from mlmodel.environment.given import CONSTRAINTS, Given, file_text, read_lines
from mlmodel.environment.pins import merged, pinned
from mlmodel.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

__all__ = [
    "ENV_FILES",
    "Environment",
    "conda_of_pip",
    "infer_requirements",
    "provisional_file",
    "resolve",
    "with_pip",
    "write_environment",
]

#: The `env` attribute of python_function: which file each environment manager reads (ENV-001).
ENV_FILES = {"conda": CONDA, "virtualenv": PYTHON_ENV}

_BUILD_PACKAGES = ("pip", "setuptools", "wheel")


@dataclass(frozen=True, slots=True)
class Environment:
    """What is written: the conda environment; equal to its pip part, the requirements; constraints.

    ``requirements`` end with ``-c constraints.txt`` where there are ``constraints`` (ENV-010).
    """

    conda: dict[str, Any]
    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()


def resolve(
    *,
    conda_env: Mapping[str, Any] | str | Path | None,
    pip_requirements: Sequence[str] | str | Path | None,
    extra_pip_requirements: Sequence[str] | str | Path | None,
    default_packages: Sequence[str],
    infer: Callable[[], Sequence[str] | None] | None = None,
) -> Environment:
    """Decide the environment: what the caller gave, else what the model is seen to import.

    Args:
        conda_env: a conda environment or the path of one; taken as it is, a top-level ``pip``
            list is moved under ``dependencies`` (ENV-004).
        pip_requirements: requirement lines, or the path of a requirements file.
        extra_pip_requirements: lines added to the default ones.
        default_packages: distributions that the flavor needs, pinned to what is installed.
        infer: returns the requirements that were observed (ENV-013), or None where they could
            not be; called only where nothing else says them.

    Raises:
        InvalidArgument: more than one of the three was given, or one is of a wrong form.

    """
    found = _resolved(
        conda_env=conda_env,
        pip_requirements=pip_requirements,
        extra_pip_requirements=extra_pip_requirements,
        default_packages=default_packages,
        infer=infer,
    )
    return _without_passwords(found)


def _resolved(
    *,
    conda_env: Mapping[str, Any] | str | Path | None,
    pip_requirements: Sequence[str] | str | Path | None,
    extra_pip_requirements: Sequence[str] | str | Path | None,
    default_packages: Sequence[str],
    infer: Callable[[], Sequence[str] | None] | None,
) -> Environment:
    _only_one(
        conda_env=conda_env,
        pip_requirements=pip_requirements,
        extra_pip_requirements=extra_pip_requirements,
    )
    if conda_env is not None:
        return _of_conda(conda_env)
    if pip_requirements is not None:
        given = read_lines(pip_requirements, "pip_requirements")
    else:
        given = Given()
        if extra_pip_requirements is not None:
            given = read_lines(extra_pip_requirements, "extra_pip_requirements")
        inferred = None if infer is None else infer()
        lines = pinned(default_packages) if inferred is None else inferred
        given.requirements = merged(lines, given.requirements)
    requirements = given.lines()
    return Environment(conda_of_pip(requirements), tuple(requirements), tuple(given.constraints))


def _without_passwords(environment: Environment) -> Environment:
    """Return the environment with no password in any address; warn of those that were (ENV-023)."""
    kept_out: dict[str, None] = {}

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            if has_password(value):
                kept_out[masked(value)] = None
            return without_password(value)
        if isinstance(value, dict):
            return {key: clean(member) for key, member in value.items()}
        return [clean(member) for member in value] if isinstance(value, list | tuple) else value

    conda = clean(environment.conda)
    requirements, constraints = clean(environment.requirements), clean(environment.constraints)
    if not kept_out:
        return environment
    warn_caller(
        f"The environment has passwords or tokens in addresses: {', '.join(kept_out)}. They are "
        "left out of the saved files, which whoever gets the model may read. Keep them in the "
        "configuration of pip or conda where the environment is built, or name a variable "
        "(`https://${TOKEN}@…`) (ENV-023)"
    )
    return Environment(conda, tuple(requirements), tuple(constraints))


def infer_requirements(
    root: Path, provisional: dict[str, Any], packages: Sequence[str], warned: Collection[str] = ()
) -> Sequence[str] | None:
    """Return what a model that is being saved imports; see :func:`observation.infer`.

    ``provisional`` is its MLmodel file, which is there for as long as the model is observed.
    """
    from mlmodel.environment import observation

    if not observation.is_on():
        return None
    with provisional_file(provisional, root):
        return observation.infer(root, packages, warned)


@contextmanager
def provisional_file(provisional: dict[str, Any], root: Path) -> Iterator[None]:
    """Let a folder that is being made be loaded: its MLmodel file is there for a while."""
    from mlmodel import document

    file = root / FILE_NAME
    document.write(provisional, file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _only_one(**arguments: object) -> None:
    given = [name for name, value in arguments.items() if value is not None]
    if len(given) > 1:
        raise InvalidArgument(
            f"Give only one of {', '.join(given)}: each of them describes the whole environment"
        )


def write_environment(environment: Environment, root: Path) -> None:
    """Write the files into ``root``."""
    import yaml

    python_env = {
        "python": python_of_conda(environment.conda) or platform.python_version(),
        "build_dependencies": pinned(_BUILD_PACKAGES),
        "dependencies": [f"-r {REQUIREMENTS}"],
    }
    for name, document in ((CONDA, environment.conda), (PYTHON_ENV, python_env)):
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
        (root / name).write_text(text, encoding="utf-8")
    _write_lines(root / REQUIREMENTS, environment.requirements)
    if environment.constraints:
        _write_lines(root / CONSTRAINTS, environment.constraints)


def _write_lines(path: Path, lines: Sequence[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def conda_of_pip(requirements: Sequence[str]) -> dict[str, Any]:
    """Return the conda environment that installs requirements with pip, into this Python."""
    return {
        "name": "mlmodel-env",
        "channels": ["conda-forge"],
        "dependencies": [
            f"python={platform.python_version()}",
            "pip",
            {"pip": list(requirements)},
        ],
    }


# -- an environment of conda ----------------------------------------------------------------------


def _of_conda(given: Mapping[str, Any] | str | Path) -> Environment:
    conda = _conda(given)
    _warn_of_defaults(conda, given)
    lines = pip_part(conda)
    if not lines:
        warn_caller(
            f"conda_env has no pip requirements: {REQUIREMENTS} stays empty, and tools that "
            "build environments with pip cannot build this one (ENV-009)"
        )
        return Environment(conda, ())
    with_files = read_lines(_from_file(lines, given), "conda_env")
    requirements = with_files.lines()
    if requirements != lines:
        conda["dependencies"] = with_pip(conda["dependencies"], requirements)
    return Environment(conda, tuple(requirements), tuple(with_files.constraints))


def _conda(given: Mapping[str, Any] | str | Path) -> dict[str, Any]:
    if isinstance(given, str | Path):
        given = _read_yaml(Path(given))
    if not isinstance(given, dict):
        raise InvalidArgument(
            "conda_env is a mapping or the path of a YAML file with one, "
            f"not {type(given).__name__}"
        )
    conda = dict(given)
    if isinstance(conda.get("pip"), list | tuple):
        conda["pip"] = list(conda["pip"])
        lines = pip_part(conda)
        del conda["pip"]
        conda["dependencies"] = with_pip(conda.get("dependencies") or [], lines)
    order = ("name", "channels", "dependencies")
    return {
        **{key: conda[key] for key in order if key in conda},
        **{key: value for key, value in conda.items() if key not in order},
    }


def with_pip(dependencies: Sequence[Any], lines: Sequence[str]) -> list[Any]:
    """Return conda's dependencies with these pip requirements, in the place of those they have."""
    others = [item for item in dependencies if not isinstance(item, dict)]
    at = next((n for n, item in enumerate(dependencies) if isinstance(item, dict)), len(others))
    return [*others[:at], {"pip": list(lines)}, *others[at:]]


def _warn_of_defaults(conda: Mapping[str, Any], given: object) -> None:
    channels = conda.get("channels")
    for number, channel in enumerate(channels if isinstance(channels, list | tuple) else ()):
        if isinstance(channel, str) and is_defaults(channel):
            place = f"conda_env['channels'][{number}]"
            if isinstance(given, str | Path):
                document = compose_document(file_text(Path(given)), str(given), schema="conda-env")
                line, _ = document.position(f"/channels/{number}")
                place = f"{given}, line {line}"
            warn_caller(
                f"{place}: the channel {channel!r} belongs to Anaconda, whose terms may require "
                f"a licence; use 'conda-forge' instead, unless you have a licence. It is saved "
                f"as given (ENV-005)"
            )


def _read_yaml(path: Path) -> Any:
    read = compose_document(file_text(path), str(path), schema="conda-env")
    if not read.usable:
        raise InvalidArgument(f"{path} holds no conda environment", read.problems)
    return read.data


def _from_file(lines: list[str], given: object) -> list[str]:
    """Return pip requirements whose -r and -c files are relative to the file that they stand in."""
    if not isinstance(given, str | Path):
        return lines
    named = [named_file(line) for line in lines]
    folder = Path(given).parent
    return [
        line if option is None or "://" in name else f"{option} {folder / name}"
        for line, (option, name) in zip(lines, named, strict=True)
    ]
