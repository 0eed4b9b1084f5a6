"""The environment files of a model: conda.yaml, python_env.yaml, requirements.txt (ENV rules).

They say what the *model* needs. The tool that loads it adds itself, so a model saved here
can be rebuilt by any implementation of the format.
"""

from __future__ import annotations

import platform
import warnings
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel.document.document import compose_document, read_text
from mlmodel.document.environments import logical_lines, pip_part
from mlmodel.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["CONDA", "PYTHON_ENV", "REQUIREMENTS", "Environment", "pinned", "resolve", "write"]

CONDA = "conda.yaml"
PYTHON_ENV = "python_env.yaml"
REQUIREMENTS = "requirements.txt"

#: The `env` attribute of python_function: which file each environment manager reads (ENV-001).
ENV_FILES = {"conda": CONDA, "virtualenv": PYTHON_ENV}

_BUILD_PACKAGES = ("pip", "setuptools", "wheel")


@dataclass(frozen=True, slots=True)
class Environment:
    """What is written: the conda environment and, equal to its pip part, the requirements."""

    conda: dict[str, Any]
    requirements: tuple[str, ...]


def pinned(packages: Iterable[str]) -> list[str]:
    """Return ``name==version`` for each installed distribution, ``name`` for the others."""
    lines = []
    for package in packages:
        try:
            # A local version (`2.1+cpu`) is no release that an index could serve (PEP 440).
            version = metadata.version(package).partition("+")[0]
        except metadata.PackageNotFoundError:
            lines.append(package)
        else:
            lines.append(f"{package}=={version}")
    return lines


def resolve(
    *,
    conda_env: Mapping[str, Any] | str | Path | None,
    pip_requirements: Sequence[str] | str | Path | None,
    extra_pip_requirements: Sequence[str] | str | Path | None,
    default_packages: Sequence[str],
) -> Environment:
    """Decide the environment from what the caller gave, else from the flavor's packages.

    Args:
        conda_env: a conda environment or the path of one; taken as it is, a top-level ``pip``
            list is moved under ``dependencies`` (ENV-004).
        pip_requirements: requirement lines, or the path of a requirements file.
        extra_pip_requirements: lines added to the default ones.
        default_packages: distributions that the flavor needs, pinned to what is installed.

    Raises:
        InvalidArgument: more than one of the three was given, or one is of a wrong form.

    """
    given = [
        name
        for name, value in (
            ("conda_env", conda_env),
            ("pip_requirements", pip_requirements),
            ("extra_pip_requirements", extra_pip_requirements),
        )
        if value is not None
    ]
    if len(given) > 1:
        raise InvalidArgument(f"Give only one of {', '.join(given)}: each says the whole")
    if conda_env is not None:
        conda = _conda(conda_env)
        requirements = pip_part(conda)
        if not requirements:
            warnings.warn(
                "conda_env has no pip requirements: requirements.txt stays empty, and tools that "
                "build environments with pip cannot build this one (ENV-009)",
                stacklevel=6,
            )
        return Environment(conda, tuple(requirements))
    if pip_requirements is not None:
        requirements = _requirement_lines(pip_requirements, "pip_requirements")
    else:
        requirements = pinned(default_packages)
        if extra_pip_requirements is not None:
            requirements += _requirement_lines(extra_pip_requirements, "extra_pip_requirements")
    return Environment(_conda_for(requirements), tuple(requirements))


def write(environment: Environment, root: Path) -> None:
    """Write the three files into ``root``."""
    import yaml

    python_env = {
        "python": _python_of(environment.conda) or platform.python_version(),
        "build_dependencies": pinned(_BUILD_PACKAGES),
        "dependencies": [f"-r {REQUIREMENTS}"],
    }
    for name, document in ((CONDA, environment.conda), (PYTHON_ENV, python_env)):
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
        (root / name).write_text(text, encoding="utf-8")
    text = "".join(f"{line}\n" for line in environment.requirements)
    (root / REQUIREMENTS).write_text(text, encoding="utf-8")


def _conda_for(requirements: Sequence[str]) -> dict[str, Any]:
    return {
        "name": "mlmodel-env",
        "channels": ["conda-forge"],
        "dependencies": [
            f"python={platform.python_version()}",
            "pip",
            {"pip": list(requirements)},
        ],
    }


def _conda(given: Mapping[str, Any] | str | Path) -> dict[str, Any]:
    if isinstance(given, str | Path):
        given = _read_yaml(Path(given))
    if not isinstance(given, dict):
        raise InvalidArgument(
            "conda_env is a mapping or the path of a YAML file with one, "
            f"not {type(given).__name__}"
        )
    conda = dict(given)
    pip = conda.pop("pip", None)
    if pip is not None:
        conda["dependencies"] = [*conda.get("dependencies", []), {"pip": list(pip)}]
    order = ("name", "channels", "dependencies")
    return {
        **{key: conda[key] for key in order if key in conda},
        **{key: value for key, value in conda.items() if key not in order},
    }


def _read_yaml(path: Path) -> Any:
    read = compose_document(_read_text(path), str(path), schema="conda-env")
    if not read.usable:
        raise InvalidArgument(f"{path} holds no conda environment", read.problems)
    return read.data


def _read_text(path: Path) -> str:
    text = read_text(path)
    if not isinstance(text, str):
        raise InvalidArgument(f"{path}: {text.message}")
    return text


def _python_of(conda: Mapping[str, Any]) -> str | None:
    for entry in conda.get("dependencies") or []:
        if isinstance(entry, str) and entry.replace(" ", "").startswith("python="):
            return entry.replace(" ", "").removeprefix("python=").lstrip("=")
    return None


def _requirement_lines(given: Sequence[str] | str | Path, argument: str) -> list[str]:
    if isinstance(given, str | Path):
        given = _read_text(Path(given)).splitlines()
    if not all(isinstance(line, str) for line in given):
        raise InvalidArgument(f"{argument} is a list of requirement lines or a file's path")
    return [line for _, line in logical_lines("\n".join(given))]
