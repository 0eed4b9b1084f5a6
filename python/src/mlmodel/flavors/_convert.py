"""Adds a flavor to a saved model, or gives it its file in another form (CNV rules).

Specification: spec/conversion.md.

What is new is asked for the model's own example before anything is put in place; the folder is
replaced as a whole or not at all.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel import document
from mlmodel.document.own_records import add_conversion
from mlmodel.document.paths import FILE_NAME
from mlmodel.document.rules.checks import errors_in
from mlmodel.environment.added import add_requirements
from mlmodel.errors import InvalidArgument, UnsupportedModel
from mlmodel.flavors._registry import (
    all_flavors,
    flavor_by_loader,
    flavor_by_name,
    known_flavors,
)
from mlmodel.store.description import PYTHON_FUNCTION
from mlmodel.store.folder import open_folder
from mlmodel.store.locations.locate import path_to_write
from mlmodel.store.new_folder import new_folder
from mlmodel.store.saving import size_of
from mlmodel.trust.gate import Gate
from mlmodel.trust.records import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlmodel.document.paths import PathLike
    from mlmodel.flavors._base import Flavor
    from mlmodel.scoring.predict import Predict
    from mlmodel.store.description import Model
    from mlmodel.store.folder import ModelFolder

__all__ = ["Converted", "convert"]


@dataclass(frozen=True, slots=True)
class Converted:
    """What a conversion did, and how the answers to the example compare (CNV-005)."""

    #: The flavor of the model, and the flavor or form that it has now, too.
    source: str
    to: str
    #: What converted it, with its version.
    by: str
    #: How many rows the example has.
    rows: int
    #: By how much numbers differ at most, relatively to the largest; 0 where they are equal.
    largest_difference: float


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model to be converted, loaded natively and as a python_function."""

    folder: ModelFolder
    flavor: Flavor
    attributes: dict[str, Any]
    python_function: dict[str, Any]
    native: Any
    example: Any
    answer: Any


def convert(
    path: PathLike,
    to: str,
    *,
    output: PathLike | None = None,
    python_function: bool = False,
    trust: bool = False,
    allow: Iterable[str] = (),
) -> Converted:
    """Give a model a second flavor, or its file in another form.

    Args:
        path: the model's folder; it is loaded, by the gate's rules.
        to: a flavor that is made of models of other flavors (``onnx``), or a form of the model's
            own flavor (``skops``, ``ubj``, …).
        output: where the converted model goes; the model itself is replaced where it is None.
        python_function: python_function is loaded by the new flavor from then on, and the
            signature has its outputs (CNV-006).
        trust: run whatever the model's files contain (TRU-004).
        allow: classes, by exact qualified name, that may be loaded beside the known ones.

    Raises:
        InvalidArgument: there is no such conversion, the library cannot convert the model, it has
            no example, or the new flavor answers it otherwise; nothing was changed.
        ModelExists, WriteFailed: the new folder cannot be put in place.
        ModelNotFound, InvalidModel, UnsupportedModel, UntrustedModel, MissingDependency: the
            model cannot be loaded.

    """
    root = path_to_write(path).absolute()
    loaded = _load(root, to, trust=trust, allow=allow)
    was_trusted = Gate.for_folder(root).is_trusted()  # without what this call allows
    target = root if output is None else path_to_write(output).absolute()
    with new_folder(target, overwrite=output is None) as made:
        shutil.copytree(root, made, dirs_exist_ok=True)
        if to in loaded.flavor.forms_of(loaded.attributes):
            done = _in_another_form(loaded, to, made)
        else:
            done = _by_another_flavor(loaded, to, made, python_function=python_function)
    if was_trusted:
        record(target, f"converted to {to} by this user")
    return done


def _load(root: Path, to: str, *, trust: bool, allow: Iterable[str]) -> _Loaded:
    folder = open_folder(root, trust=trust, allow=allow)
    attributes = folder.attributes(PYTHON_FUNCTION)
    flavor = flavor_by_loader(str(attributes["loader_module"]))
    if flavor is None:
        raise UnsupportedModel(
            f"{folder.root}: a model of {attributes['loader_module']} is not converted; those of "
            f"{', '.join(all_flavors())} are (CNV-002)"
        )
    _require_possible(folder, flavor, to)
    example = folder.model.load_input_example(folder.root)
    if example is None:
        raise InvalidArgument(
            f"{folder.root} has no input example, so it cannot be seen whether what it is "
            "converted to answers the same; save the model with one (CNV-004)"
        )
    own = folder.attributes(flavor.name)
    folder.use_code(attributes)
    with folder.loading(flavor.recorded(own)):
        native = flavor.load(folder, own)
    answer = _asked(flavor.predictor(native, attributes), folder, example)
    return _Loaded(folder, flavor, own, attributes, native, example, answer)


def _asked(predict: Predict, folder: ModelFolder, example: Any) -> Any:
    """Return the answer to the example, under the signature, as python_function gives it."""
    from mlmodel.scoring.engine import Engine  # it needs pandas

    params = folder.model.load_input_example_params(folder.root)
    return Engine(predict, folder.model.signature).predict(example, params)


# -- another form of the same flavor ---------------------------------------------------------------


def _in_another_form(loaded: _Loaded, to: str, made: Path) -> Converted:
    flavor, model = loaded.flavor, loaded.folder.model
    native, own_options = flavor.in_form(loaded.native, to)
    with _apart(made) as fresh:
        saved = flavor.save(native, fresh, {**flavor.save_defaults, **own_options})
        old = [loaded.attributes.get(key) for key in saved.attributes]
        replaced = {
            str(before): str(after)
            for before, after in zip(old, saved.attributes.values(), strict=True)
            if isinstance(before, str) and (made / before).is_file()
        }
        for before in replaced:
            (made / before).unlink()
        _move_all(fresh, made)
    for key in {*flavor.form_keys, *flavor.keys_of_forms} - set(saved.attributes):
        model.flavors[flavor.name].pop(key, None)
    model.flavors[flavor.name].update(saved.attributes)
    own = model.flavors[PYTHON_FUNCTION]
    own.update(
        {key: replaced.get(value, value) for key, value in own.items() if isinstance(value, str)}
    )
    by = next(iter(flavor.recorded(saved.attributes).items()), (flavor.name, ""))
    return _finish(loaded, to, " ".join(by).strip(), saved.packages, made, flavor)


# -- another flavor --------------------------------------------------------------------------------


def _by_another_flavor(loaded: _Loaded, to: str, made: Path, *, python_function: bool) -> Converted:
    flavor, model = flavor_by_name(to), loaded.folder.model
    assert flavor is not None  # noqa: S101 - so it was found to be possible
    new, by = flavor.made_of(loaded.native, loaded.example, loaded.answer)
    with _apart(made) as fresh:
        saved = flavor.save(new, fresh, flavor.save_defaults)
        taken = [path.name for path in fresh.iterdir() if (made / path.name).exists()]
        if taken:
            raise InvalidArgument(
                f"{loaded.folder.root} has files of the names {', '.join(taken)} already; give the "
                "converted model another folder, or rename them (CNV-002)"
            )
        _move_all(fresh, made)
    model.flavors[to] = dict(saved.attributes)
    if python_function:
        kept = {"env", "python_version", "code"}
        own = {key: value for key, value in loaded.python_function.items() if key in kept}
        own |= {"loader_module": flavor.loader_module, **(saved.python_function or {})}
        model.flavors[PYTHON_FUNCTION] = own
    return _finish(loaded, to, by, saved.packages, made, flavor, anew=python_function)


def _require_possible(folder: ModelFolder, flavor: Flavor, to: str) -> None:
    """Raise InvalidArgument for a conversion that nobody knows, before anything is loaded."""
    own = folder.attributes(flavor.name)
    forms = flavor.forms_of(own)
    refused = {one.name: one.refuses(flavor) for one in known_flavors()}
    possible = [*forms, *(name for name, why in refused.items() if why is None)]
    if to not in possible:
        kind, why = flavor.kind_of(own), refused.get(to)
        raise InvalidArgument(
            f"A model of {flavor.name}{f' ({kind})' if kind else ''} is not converted to {to!r}"
            f"{f', since {why}' if why else ''}; it can be to "
            f"{', '.join(possible) or 'nothing'} (CNV-002)"
        )
    if to in forms and flavor.form_of(own) == to:
        raise InvalidArgument(
            f"{folder.root} is in the form {to} already; nothing was changed (CNV-002)"
        )
    if to not in forms and to in folder.model.flavors:
        raise InvalidArgument(f"{folder.root} has the flavor {to} already (CNV-002)")


@contextmanager
def _apart(made: Path) -> Iterator[Path]:
    """Give an empty folder for what a flavor writes, before it goes into the model's folder."""
    with tempfile.TemporaryDirectory(dir=made.parent, prefix=".converted-") as folder:
        yield Path(folder)


def _move_all(fresh: Path, made: Path) -> None:
    for path in fresh.iterdir():
        path.rename(made / path.name)


# -- what both share -------------------------------------------------------------------------------


def _finish(
    loaded: _Loaded,
    to: str,
    by: str,
    packages: Iterable[str],
    made: Path,
    flavor: Flavor,
    *,
    anew: bool = False,
) -> Converted:
    """Ask what was converted, record it, and write the MLmodel file of the new folder."""
    model = loaded.folder.model
    document.write(model.document, made / FILE_NAME)
    folder = open_folder(made, trust=True)
    attributes = folder.attributes(flavor.name)
    _, predict = flavor.open(folder, attributes, {**loaded.python_function, **attributes})
    rows, largest, answer = _compared(loaded, predict, to)
    done = Converted(loaded.flavor.name, to, by, rows, largest)
    add_conversion(model.document, _plain(done))
    if anew:
        _declare_outputs(model, answer)
    document.write(model.document, made / FILE_NAME)
    add_requirements(made, document.read(made), packages)
    model.model_size_bytes = size_of(made) - (made / FILE_NAME).stat().st_size
    document.write(model.document, made / FILE_NAME)
    wrong = errors_in(document.read(made), made)
    if wrong:
        raise InvalidArgument("What was converted is not a valid model; nothing was changed", wrong)
    return done


def _plain(done: Converted) -> dict[str, Any]:
    found = asdict(done)
    return {"from": found.pop("source"), **found}


def _compared(loaded: _Loaded, predict: Predict, to: str) -> tuple[int, float, Any]:
    """Return the example's rows, the largest difference, and the new answer (CNV-004)."""
    from mlmodel.flavors._compared import columns_of, largest_difference

    expected = columns_of(loaded.answer)
    answer = _asked(predict, loaded.folder, loaded.example)
    given = columns_of(answer)
    largest = largest_difference(expected, given)
    if largest is None:
        raise InvalidArgument(
            f"As {to}, the model answers its example otherwise than by itself; nothing was changed "
            "(CNV-004)"
        )
    return len(expected[0]) if expected else 0, largest, answer


def _declare_outputs(model: Model, answer: Any) -> None:
    """Let the signature declare the outputs that the new flavor gives (CNV-006)."""
    from mlmodel.signature.infer.from_data import infer_signature

    old = model.signature
    if old is not None:
        outputs = infer_signature(model_output=answer).outputs
        model.signature = type(old)(old.inputs, outputs, old.params, delivery=old.delivery)
