"""The configuration of a model, ``config`` in the MLmodel file: read, and overridden (PYF-012)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel._base import files
from mlmodel._base.hashes import Hashes
from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument

if TYPE_CHECKING:
    from mlmodel.document.paths import PathLike
    from mlmodel.store.folder import ModelFolder

__all__ = ["of_folder", "read"]

#: More is not a configuration.
_MOST_BYTES = 8 * 2**20


def read(given: Mapping[str, Any] | PathLike) -> dict[str, Any]:
    """Return a configuration: a mapping, or what the YAML file at a path holds.

    Raises:
        InvalidArgument: there is no such file, or it holds no mapping with texts as keys.

    """
    value: Any = given
    if isinstance(given, str | os.PathLike):
        value = _yaml(Path(given))
    return _checked(value)


def _checked(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidArgument(
            "model_config must be a mapping with texts as keys, or the path of a YAML file that "
            "holds one, "
            f"not {type(value).__name__} (PYF-012)"
        )
    return dict(value)


def of_folder(
    folder: ModelFolder,
    attributes: Mapping[str, Any],
    given: Mapping[str, Any] | PathLike | None,
) -> dict[str, Any] | None:
    """Return the configuration of a saved model, with the values that loading was given.

    Args:
        folder: the model.
        attributes: its python_function.
        given: values for keys that the model was saved with; others are left out, with a warning.

    """
    saved = attributes.get("config")
    config = _saved_in(folder, saved) if isinstance(saved, str) else saved
    if not given:
        return None if config is None else dict(config)
    wanted = read(given)
    config = dict(config or {})
    unknown = sorted(wanted.keys() - config.keys())
    if unknown:
        warn_caller(
            f"The model was saved without the key {', '.join(map(repr, unknown))} in its "
            "model_config, "
            f"so the given value is ignored; the keys are {', '.join(map(repr, config)) or 'none'}"
            " (PYF-012)"
        )
    return {key: wanted.get(key, value) for key, value in config.items()}


def _saved_in(folder: ModelFolder, name: str) -> dict[str, Any]:
    path = folder.file(name)
    return _checked(_yaml(path, folder.gate.read_to_run(path, _MOST_BYTES)))


def _value(content: bytes) -> Any:
    """Return what a text of YAML says; mappings of many keys of one hash are not built."""
    import yaml

    class Loader(yaml.SafeLoader):
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            hashes = Hashes()
            if isinstance(node, yaml.MappingNode):
                self.flatten_mapping(node)
            for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
                if key.tag.endswith((":int", ":float")) and hashes.is_one_too_many(
                    self.construct_object(key)
                ):
                    raise yaml.YAMLError("too many of its keys have the same hash (MLM-037)")
            return super().construct_mapping(node, deep=deep)

    loader = Loader(content)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _yaml(path: Path, content: bytes | None = None) -> Any:
    import yaml

    try:
        given = files.read(path, _MOST_BYTES) if content is None else content
        return _value(given)
    except OSError as error:
        raise InvalidArgument(
            f"The configuration {path} cannot be read: {error.strerror} (PYF-012)"
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidArgument(f"The configuration {path} is not YAML: {error} (PYF-012)") from error
