"""Files of Keras, looked into before Keras builds anything of them: `.keras` archives and HDF5.

A file is a configuration, in JSON, and arrays in HDF5. The configuration names classes and
functions, which Keras looks up, imports and calls, and its own safe mode leaves open what the
classes do: every name is held against the list of :mod:`mlmodel.trust.keras_names`. The arrays are
read by :mod:`mlmodel.trust.hdf5`, since HDF5's compiled library believes what a file says.
"""

from __future__ import annotations

import io
import json
import lzma
import zipfile
import zlib
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from mlmodel.errors import shown
from mlmodel.trust import hdf5
from mlmodel.trust.hdf5 import AnotherForm, Group, MalformedFile
from mlmodel.trust.keras_names import ACTIVATIONS, DTYPES, PLAIN, REFUSED, is_listed
from mlmodel.trust.pickles.budget import Budget, Spent

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from types import ModuleType

__all__ = ["Checked", "check", "is_archive", "largest"]

_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_ASSETS, _VOCABULARY = "assets/", "/vocabulary.txt"
_MOST_MEMBERS = 10_000
#: Numbers beyond this are lengths of arrays that no file of a model holds; seeds are none.
_LARGEST = 2**24
_NOT_LENGTHS = ("seed", "shared_object_id", "salt")
#: Variables that are not in the file: seeds, counts, states that are made anew.
_ROOM = 2**22

#: What reading a damaged archive raises.
_UNREADABLE = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error,
    lzma.LZMAError,
)  # fmt: skip


@dataclass(slots=True)
class Checked:
    """What a file holds, and what of it needs trust.

    ``findings``: what is not on the list, or is in a form that is not read; each a sentence without
    its end. ``named``: those among them that can be allowed by name. ``allowed``: the classes that
    were, by the name that Keras registers them under. ``damage``: why it is no whole file.
    """

    archive: bool
    config: dict[str, Any] = field(default_factory=dict)
    weights: Group = field(default_factory=Group)
    vocabularies: dict[str, bytes] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    allowed: dict[str, str] = field(default_factory=dict)
    damage: str = ""

    def written(self, h5py: ModuleType) -> io.BytesIO:
        """Return a new file of what was read, which is all that a library gets to see."""
        if not self.archive:
            attributes = {"model_config": json.dumps(self.config)}
            held = {"model_weights": self.weights}
            return hdf5.written(Group(dict(held), attributes), h5py)
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr(_METADATA, "{}")
            archive.writestr(_CONFIG, json.dumps(self.config))
            archive.writestr(_WEIGHTS, hdf5.written(self.weights, h5py).getvalue())
            for name, text in self.vocabularies.items():
                archive.writestr(name, text)
        target.seek(0)
        return target

    def may_use(self, pickled: bytes) -> bool:
        """Return whether pickled objects may be what the configuration names.

        They are not looked into: that a name stands somewhere in their bytes is enough.
        """
        if self.findings or not pickled.startswith(b"\x80"):
            return True
        texts = {one for _, one in _parts(self.config) if isinstance(one, str)}
        names = {one for one in texts if one in ACTIVATIONS or is_listed(None, one)}
        return any(name.encode() in pickled for name in names)

    def has_room_for(self, shapes: Collection[tuple[int, ...]]) -> bool:
        """Return whether variables of these shapes are not many times those of the file."""
        stored = sum(prod(array.shape) for array in self.weights.datasets())
        return sum(map(prod, shapes)) <= _ROOM + 4 * stored


def is_archive(names: Collection[str]) -> bool:
    """Return whether a zip archive with these members is a `.keras` file."""
    return _CONFIG in names and _METADATA in names


def check(data: bytes, *, allow: Collection[str] = (), budget: Budget | None = None) -> Checked:
    """Look into the bytes of a file; nothing of it is built.

    Args:
        data: the whole file.
        allow: classes that the user allowed, ``package.module.Class``.
        budget: what the model may cost that the file is of; without one it is one by itself.

    """
    budget = budget if budget is not None else Budget()
    budget.store(len(data))
    found = Checked(archive=not data.startswith(hdf5.MAGIC))
    try:
        (_read_archive if found.archive else _read_hdf5)(found, data, budget)
        if not found.damage and found.config:
            _Walk(found, allow).run()
    except AnotherForm as error:
        found.findings.append(f"its arrays are in a form of HDF5 that is not read here: {error}")
    except (MalformedFile, Spent) as error:
        found.damage = str(error)
    except _UNREADABLE as error:
        found.damage = f"its zip archive cannot be read ({error})"
    except (ValueError, RecursionError) as error:
        found.damage = f"its configuration cannot be read ({type(error).__name__})"
    return found


def _read_hdf5(found: Checked, data: bytes, budget: Budget) -> None:
    root = hdf5.read(data, budget)
    text = root.attributes.get("model_config")
    weights = root.members.get("model_weights")
    if not isinstance(text, str | bytes) or not isinstance(weights, Group):
        found.damage = "it holds no model, but at most the weights of one"
        return
    found.config, found.weights = _mapping(text), weights


def _read_archive(found: Checked, data: bytes, budget: Budget) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        names = {entry.filename for entry in entries}
        if len(entries) > _MOST_MEMBERS or len(names) != len(entries):
            found.damage = "its zip archive holds too many files, or one name twice"
            return
        if not is_archive(names):
            found.damage = f"its zip archive has no {_CONFIG} and {_METADATA}"
            return
        budget.expand(sum(entry.file_size for entry in entries))
        found.config = _mapping(archive.read(_CONFIG))
        if _WEIGHTS not in names:
            found.findings.append(f"its arrays are not in {_WEIGHTS}")
            return
        others = names - {_CONFIG, _METADATA, _WEIGHTS}
        for name in sorted(name for name in others if not name.endswith("/")):
            inside = name.startswith(_ASSETS) and name.endswith(_VOCABULARY)
            if not inside or ".." in name.split("/") or "\\" in name:
                found.findings.append(f"it holds a file {shown(name)}, which is no vocabulary")
            else:
                found.vocabularies[name] = archive.read(name)
        found.weights = hdf5.read(archive.read(_WEIGHTS), budget)


def _mapping(text: str | bytes) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a mapping")  # noqa: TRY004 - said of a file
    return value


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    """Give every key and value of a configuration, at any depth; nothing of Python's stack."""
    left = [("", value)]
    while left:
        key, one = left.pop()
        yield key, one
        if isinstance(one, dict):
            left.extend(one.items())
        elif isinstance(one, list):
            left.extend((key, member) for member in one)


def largest(config: Any) -> int:
    """Return the largest number of a configuration that may be a length."""
    numbers = (
        abs(value)
        for key, value in _parts(config)
        if type(value) is int and key not in _NOT_LENGTHS
    )
    return max(numbers, default=0)


class _Walk:
    """Goes through a configuration: notes what needs trust, leaves out what training needs."""

    def __init__(self, found: Checked, allow: Collection[str]) -> None:
        self.found = found
        self.allow = allow

    def run(self) -> None:
        config = self.found.config
        for key, value in _parts(config):
            if isinstance(value, dict):
                # How a model is trained is not needed to predict, and names more of Keras.
                value.pop("compile_config", None)
                if "class_name" in value:
                    self._class(value)
            elif key == "vocabulary" and isinstance(value, str):
                self._note(f"it reads a vocabulary from a file, {shown(value)}")
        if largest(config) > _LARGEST:
            self._note(f"it asks for an array of {largest(config):,} elements")

    def _class(self, config: dict[str, Any]) -> None:
        module, name = config.get("module"), config["class_name"]
        registered = config.get("registered_name")
        if not isinstance(name, str):
            self._note("it names something else than a class")
        elif name in PLAIN:
            self._plain(config.get("config"))
        elif name == "function":
            self._function(module, config)
        elif registered not in (None, name) or not is_listed(module, name):
            self._unknown(module, name, registered)

    def _plain(self, inner: Any) -> None:
        dtype = inner.get("dtype") if isinstance(inner, dict) else None
        if not (dtype is None or dtype in DTYPES):
            self._note(f"it has an array of {shown(dtype)}")

    def _function(self, module: Any, config: dict[str, Any]) -> None:
        known = module in (None, "builtins", "keras.activations")
        if not known or config.get("config") not in ACTIVATIONS:
            self._note(f"it uses the function {shown(module)}, {shown(config.get('config'))}")

    def _unknown(self, module: Any, name: str, registered: Any) -> None:
        full = f"{module}.{name}" if module else name
        if module and full in self.allow and isinstance(registered, str | None):
            self.found.allowed[registered or name] = full
            return
        why = next((what for what, names in REFUSED.items() if name in names), "")
        own = f", which {why}" if why and str(module or "keras").startswith("keras") else ""
        self._note(f"it uses {shown(full)}{own}")
        if module and not why:
            self.found.named.append(full)

    def _note(self, what: str) -> None:
        if what not in self.found.findings:
            self.found.findings.append(what)
