"""The file of a model of diviner: written, and read without running any of it where it is data.

diviner's own reader sets whatever attributes a file names; here these are the ones that its own
writer writes, and each of its kind (DIV-005).
"""

from __future__ import annotations

import ast
import base64
import json
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidArgument, InvalidModel, shown
from mlmodel.flavors._prophet_json import rebuilt
from mlmodel.trust import bounds, forecasts
from mlmodel.trust.pickles import unpickle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mlmodel.flavors._base import Flavor
    from mlmodel.store import ModelFolder

__all__ = ["loaded", "written"]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict)


#: The attributes of both classes, and of each, that are plain values, by what they are.
_COMMON: Mapping[str, Callable[[object], bool]] = {
    "_group_key_columns": _are_texts, "_master_key": _is_text,
    "_datetime_col": _is_text, "_y_col": _is_text,
}  # fmt: skip
_OF_PROPHET = {**_COMMON, "_prophet_init_kwargs": _is_mapping}
#: What may be null, too.
_OF_PMDARIMA = {**_COMMON, "_exog_cols": _are_texts, "_predict_col": _is_text}
#: Those of pmdarima's that are pickles: by group, and one for all.
_PICKLED_BY_GROUP = (
    "model", "_max_datetime_per_group", "_datetime_freq_per_group", "_ndiffs", "_nsdiffs",
)  # fmt: skip
_PICKLED = "_model_template"
#: Of a group's key in characters: Python's parser goes as deep as a text.
_LONGEST_KEY = 2_000


def written(flavor: Flavor, model: Any, root: Path) -> str:
    """Return what the file holds; ``root`` is an empty folder."""
    if type(model).__name__ == "GroupedPmdarima":
        file = root / "written"
        model.save(str(file))
        text = file.read_text(encoding="utf-8")
        file.unlink()
        return text
    if not model.model:
        raise InvalidArgument("The model is not fitted (DIV-003)")
    one_by_one = flavor.require("prophet.serialize").model_to_json
    held = {name: getattr(model, name) for name in _OF_PROPHET}
    groups = {str(_plain_key(key)): one_by_one(one) for key, one in model.model.items()}
    return json.dumps({**held, "model": groups})


def _plain_key(key: Any) -> tuple[Any, ...]:
    """Return a group's key with numbers of Python: texts of numpy's cannot be read back."""
    parts = tuple(part.item() if hasattr(part, "item") else part for part in key)
    if not all(isinstance(part, str | int | float) for part in parts):
        raise InvalidArgument(
            f"The key {shown(key)} of a group is not of texts and numbers, and could not be read "
            "back (DIV-006)"
        )
    return parts


def loaded(flavor: Flavor, folder: ModelFolder, file: str, named: str) -> Any:
    """Return the model of a file; the pickles of one of pmdarima's are loaded in trust alone."""
    path, gate = folder.file(file), folder.gate
    kind = getattr(flavor.require("diviner"), named)
    if named == "GroupedPmdarima":
        gate.require_trust("models of pmdarima, which are pickles", file)
        held = _object(forecasts.loads(gate.read_to_run(path), file), file)
        return _of_pmdarima(kind, held, file, lambda data: unpickle.load_trusted(
            data, {}, file, gate.own
        ))  # fmt: skip
    data = gate.read(path)
    gate.budget.store(len(data))
    held = _object(forecasts.loads(data, file), file)
    model = kind()
    _set_plain(model, held, _OF_PROPHET, file)
    groups = held.get("model")
    if not isinstance(groups, dict) or not groups:
        raise _broken(file, "has no models by group")
    width = len(held["_group_key_columns"])
    model.model = {
        _key(text, width, file): rebuilt(flavor, one, file) for text, one in groups.items()
    }
    bounds.check(model, file)
    return model


def _of_pmdarima(kind: Any, held: dict[str, Any], file: str, load: Callable[[bytes], Any]) -> Any:
    def of(text: Any) -> Any:
        try:
            data = base64.urlsafe_b64decode(text)
        except (TypeError, ValueError):
            raise _broken(file, "has a pickle that is not base64") from None
        return load(data)

    model = kind(of(held.get(_PICKLED)))
    _set_plain(model, held, _OF_PMDARIMA, file)
    for name in _PICKLED_BY_GROUP:
        groups = held.get(name)
        if groups is not None and not isinstance(groups, dict):
            raise _broken(file, f"has {name}, which is not by group")
        by_group = None if groups is None else {of(key): of(one) for key, one in groups.items()}
        setattr(model, name, by_group)
    if not model.model:
        raise _broken(file, "has no models by group")
    return model


def _object(held: Any, file: str) -> dict[str, Any]:
    if not isinstance(held, dict):
        raise _broken(file, f"holds no model of diviner, but {type(held).__name__}")
    return held


def _set_plain(
    model: Any, held: dict[str, Any], kinds: Mapping[str, Callable[[object], bool]], file: str
) -> None:
    for name, fits in kinds.items():
        value = held.get(name)
        if not fits(value) and (value is not None or name in _COMMON):
            raise _broken(file, f"has {name} {shown(value)}")
        setattr(model, name, value)


def _key(text: str, width: int, file: str) -> tuple[Any, ...]:
    """Return a group's key: a tuple of texts and numbers, as Python writes it.

    numpy from 2 on writes its numbers as calls (``np.int64(3)``), which are read and never made.
    """
    try:
        parsed = ast.parse(text[:_LONGEST_KEY], mode="eval").body
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        parsed = None
    parts = [_constant(part) for part in parsed.elts] if isinstance(parsed, ast.Tuple) else []
    if len(parts) != width or None in parts:
        raise _broken(file, f"has {shown(text)} for the key of a group")
    return tuple(parts)


def _constant(part: ast.expr) -> str | float | None:
    """Return a text or number, None for anything else."""
    match part:
        case ast.Constant(str() | int() | float() as value):
            return value
        case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as value)):
            return -value
        case ast.Call(ast.Attribute(ast.Name("np")), [only], []):
            return _constant(only)
    return None


def _broken(file: str, what: str) -> InvalidModel:
    return InvalidModel.of_file(file, "DIV-005", what)
