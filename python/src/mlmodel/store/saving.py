"""Saves a model folder: what all flavors share, written once.

Saving happens in a hidden folder beside the target, which is renamed into place when all is
there (DIR-005): a killed save leaves no half model.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from mlmodel import document
from mlmodel._base.warnings import warn_caller
from mlmodel.document.own_records import record_fidelity
from mlmodel.document.paths import FILE_NAME
from mlmodel.document.rules.checks import errors_in
from mlmodel.environment.observation import is_on
from mlmodel.environment.resolve import (
    ENV_FILES,
    infer_requirements,
    provisional_file,
    resolve,
    write_environment,
)
from mlmodel.errors import InvalidArgument, shown
from mlmodel.scoring.examples import SERVING_FILE_NAME
from mlmodel.scoring.predict import not_taken
from mlmodel.store.description import PYTHON_FUNCTION, Model
from mlmodel.store.locations.locate import path_to_write
from mlmodel.store.new_folder import copy_into, new_folder
from mlmodel.trust.records import record

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from mlmodel.document.paths import PathLike
    from mlmodel.scoring.engine import Engine
    from mlmodel.scoring.fidelity.form import Form
    from mlmodel.scoring.fidelity.question import Question
    from mlmodel.scoring.predict import Predict
    from mlmodel.signature.model_signature import ModelSignature
    from mlmodel.signature.types.delivery import Delivery

__all__ = ["Contents", "KeywordOptions", "SaveOptions", "save_folder", "size_of"]

#: Where user code is copied to, the `code` attribute of python_function (PYF-006).
CODE_FOLDER = "code"


class KeywordOptions(TypedDict, total=False):
    """The keywords of every ``save_model`` that none takes by position."""

    #: Inputs, outputs and parameters; inferred from ``input_example`` if absent, and none if False.
    signature: ModelSignature | Literal[False] | None
    #: DataFrame, ndarray, dict or list that the model can score.
    input_example: Any
    #: Requirement lines, or the path of a requirements file, instead of the default ones.
    pip_requirements: Sequence[str] | PathLike | None
    #: Requirement lines beside the default ones.
    extra_pip_requirements: Sequence[str] | PathLike | None
    #: Anything YAML can hold, kept under ``metadata``.
    metadata: Mapping[str, Any] | None
    #: The run that made the model.
    run_id: str | None
    #: Replace an existing model; the old one is moved aside only when the new one is whole.
    overwrite: bool


class SaveOptions(KeywordOptions, total=False):
    """The keywords that every flavor's ``save_model`` takes, from one place (PYF-019)."""

    #: A conda environment (mapping or path of a YAML file); excludes the two below.
    conda_env: Mapping[str, Any] | PathLike | None
    #: Python files and packages that the model imports; copied, and on the path when loading.
    code_paths: Sequence[PathLike] | None
    #: A description to complete: flavors and keys are added to it, its own keys are kept.
    mlflow_model: Model | None


@dataclass(frozen=True, slots=True)
class Contents:
    """What was written into a new folder: flavors with their attributes, packages, prediction.

    ``packages`` are the distributions of the default environment (ENV-003); ``predict`` is how
    the model predicts: it is asked about the example for the outputs of the signature,
    the form of texts (ENF-097) and what differs through the folder (FID-003);
    ``signature_kinds`` are those of the flavor that comes first (PYF-018); ``keys`` are others of
    the file; ``observable`` says whether another process can load the model (ENV-013);
    ``warned`` are modules of which the user knows that the model lacks them (ENV-020); ``reopen``
    loads a folder as a python_function, to be asked what the model itself is asked (FID-003);
    ``takes_lists`` says that the model takes lists and mappings as they are, by its type hints.
    """

    flavors: Mapping[str, Mapping[str, Any]]
    packages: Sequence[str] = ()
    predict: Predict | None = None
    signature_kinds: frozenset[str] = frozenset({"columns", "tensors"})
    keys: Mapping[str, Any] = field(default_factory=dict)
    observable: bool = True
    warned: Collection[str] = ()
    reopen: Callable[[Path], Engine] | None = None
    takes_lists: bool = False


def save_folder(
    path: PathLike, write: Callable[[Path], Contents], **shared: Unpack[SaveOptions]
) -> Model:
    """Write a model folder, whole or not at all.

    Args:
        path: the folder to make.
        write: called with the folder to fill; says what it wrote.
        **shared: see :class:`SaveOptions`.

    Raises:
        InvalidArgument: what was given does not make a valid model; nothing was written.
        ModelExists, WriteFailed: see :class:`SaveOptions` and :mod:`mlmodel.errors`.

    """
    _check_options(shared)
    target = path_to_write(path).absolute()
    with new_folder(target, overwrite=shared.get("overwrite", False)) as root:
        contents = write(root)
        example = shared.get("input_example")
        given = _given_signature(shared)
        question = _question(example, contents)
        observed = _is_to_be_observed(shared, contents)
        signature, scored = _signature(given, example, question, observed=observed)
        if signature is not None:
            signature.check_loads_in_mlflow()
        _warn_of_kind(signature, contents)
        _warn_of_params(signature, contents)
        example_info = _write_example(example, root, signature)
        code = _copy_code(shared.get("code_paths"), root)
        packages = ["numpy", "pandas", *contents.packages]
        model = _described(contents, shared, code, signature, example_info)
        if signature is not None and signature.delivery is not None:
            _warn_of_delivery(model.signature)  # those that were recorded
        inferred = given is None
        scored &= _is_scored(root, model, question, contents, inferred=inferred)
        env = resolve(
            conda_env=_as_path(shared.get("conda_env")),
            pip_requirements=_as_path(shared.get("pip_requirements")),
            extra_pip_requirements=_as_path(shared.get("extra_pip_requirements")),
            default_packages=packages,
            infer=lambda: (
                infer_requirements(root, model.document, packages, contents.warned)
                if observed and scored
                else None
            ),
        )
        write_environment(env, root)
        model.model_size_bytes = size_of(root)
        document.write(model.document, root / FILE_NAME)
        _require_valid(root)
    record(target, "saved by this user")
    completed = shared.get("mlflow_model")
    saved = model if completed is None else completed
    saved.lies_in(target, model.document)
    return saved


def _described(
    contents: Contents,
    shared: Mapping[str, Any],
    code: str | None,
    signature: ModelSignature | None,
    example_info: Mapping[str, Any] | None,
) -> Model:
    """Return what the MLmodel file will say: the given description, completed."""
    given = shared.get("mlflow_model")
    model = Model() if given is None else Model.from_dict(given.document)
    model.flavors.update(_with_shared(contents.flavors, code))
    # Of another folder: what is not written anew is not here.
    for key in ("saved_input_example_info", "type_hint_from_example"):
        model.document.pop(key, None)
    if shared.get("signature") is False:
        model.document.pop("signature", None)
    for key, value in (
        ("metadata", shared.get("metadata")),
        ("signature", signature),  # after metadata, where its record of delivery goes
        ("saved_input_example_info", example_info),
        ("run_id", shared.get("run_id")),
    ):
        if value is not None:
            setattr(model, key, value)
    record_fidelity(model.document, None)
    model.document.update(contents.keys)
    return model


def _check_options(shared: Mapping[str, Any]) -> None:
    unknown = sorted(set(shared) - set(SaveOptions.__annotations__))
    if unknown:
        known = list(SaveOptions.__annotations__)
        near = get_close_matches(unknown[0], known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InvalidArgument(
            f"save_model has no argument {', '.join(map(repr, unknown))}.{hint} The shared "
            f"arguments are {', '.join(known)}"
        )
    _check_signature(shared.get("signature"))


def _check_signature(given: Any) -> None:
    from mlmodel.signature.model_signature import ModelSignature

    if given is not None and given is not False and not isinstance(given, ModelSignature):
        raise InvalidArgument(
            "signature is a ModelSignature, None to infer it from the example, or False for none, "
            f"not {shown(given)}; infer_signature(data, predictions) makes one (PYF-033)"
        )


def _as_path(given: Any) -> Any:
    return Path(given) if isinstance(given, os.PathLike) else given


def _require_valid(root: Path) -> None:
    """Nothing is put in place that ``validate`` would refuse."""
    errors = errors_in(document.read(root), root)
    if errors:
        raise InvalidArgument(
            "The arguments do not make a valid model; nothing was saved",
            [replace(error, file=Path(error.file or "").name) for error in errors],
        )


def _given_signature(shared: Mapping[str, Any]) -> ModelSignature | Literal[False] | None:
    model = shared.get("mlflow_model")
    signature = shared.get("signature")
    return model.signature if signature is None and model is not None else signature


def _warn_of_kind(signature: ModelSignature | None, contents: Contents) -> None:
    """Warn of inputs that the flavor's tools are not made for (PYF-018)."""
    if signature is None or signature.inputs is None:
        return
    kind = "tensors" if signature.inputs.is_tensor_spec() else "columns"
    if kind not in contents.signature_kinds:
        flavor = next(iter(contents.flavors))
        warn_caller(
            f"The signature declares {kind}, but the {flavor} flavor takes "
            f"{' or '.join(sorted(contents.signature_kinds))}; the model is saved, and tools that "
            f"serve {flavor} models may not take its inputs (PYF-018)"
        )


def _warn_of_params(signature: ModelSignature | None, contents: Contents) -> None:
    """Warn of declared parameters that the model cannot be given (PYF-025)."""
    left_out = not_taken(contents.predict, None if signature is None else signature.params)
    if left_out:
        warn_caller(
            f"The signature declares parameters that the model's predict does not take: "
            f"{', '.join(map(repr, left_out))}; their defaults are left out, and other values are "
            "refused (PYF-025)"
        )


def _warn_of_delivery(signature: ModelSignature | None) -> None:
    """Warn of times that other readers hand over without their zone, and of days (ENF-097)."""
    columns = signature.delivery.columns if signature and signature.delivery else {}
    zones = {name: one.zone for name, one in columns.items() if one.zone not in (None, "UTC")}
    if zones:
        named = ", ".join(f"{name!r} ({zone})" for name, zone in list(zones.items())[:5])
        warn_caller(
            f"The model gets times of a zone in {named}. That is recorded, and mlmodel hands them "
            "over so; other readers of the format (MLflow) hand over UTC without a zone, and the "
            "model's answers may then differ (ENF-097)"
        )
    days = [name for name, one in columns.items() if one.dtype == "date"]
    if days:
        warn_caller(
            f"The model gets days in {', '.join(map(repr, days[:5]))}. That is recorded, and "
            "mlmodel hands them over so; other readers of the format (MLflow) hand over times, and "
            "the model's answers may then differ (ENF-097)"
        )


def _question(example: Any, contents: Contents) -> Question | None:
    if example is None or contents.predict is None:
        return None
    from mlmodel.scoring.fidelity.question import Question

    return Question(contents.predict, example, takes_lists=contents.takes_lists)


def _is_to_be_observed(shared: Mapping[str, Any], contents: Contents) -> bool:
    """Return whether the requirements are those that the model is seen to import (ENV-013)."""
    given = any(shared.get(key) is not None for key in ("conda_env", "pip_requirements"))
    return contents.observable and not given and is_on()


def _signature(
    given: ModelSignature | Literal[False] | None,
    example: Any,
    question: Question | None,
    *,
    observed: bool,
) -> tuple[ModelSignature | None, bool]:
    """Return the signature: the given one, else what the example and its prediction show.

    The second value is False where the model failed on its example.
    """
    if given is False:  # PYF-033
        return None, True
    if given is not None:
        return _with_delivery(given, example, question), True
    if example is None:
        return None, True
    from mlmodel.scoring.examples.writing import as_model_input
    from mlmodel.scoring.fidelity.form import form_of
    from mlmodel.signature.infer.from_data import infer_declarable

    if question is None:
        model_input, params = as_model_input(example)
    else:
        model_input, params = question.model_input, question.params
    form = form_of(question)
    scored, outputs = True, None
    try:
        outputs = None if question is None else question.answer()
    except Exception as error:  # noqa: BLE001 - a model's own code may raise anything
        warn_caller(
            f"The model could not score its input_example ({type(error).__name__}: {error}); "
            "the signature is saved without outputs"
            + (", and the imports of the model are not observed (ENV-015)" if observed else "")
        )
        scored = False
    signature, refused = infer_declarable(model_input, outputs, params)
    signature.delivery = _in_form(signature.delivery, form)
    if refused is not None:
        warn_caller(f"{refused.message} The signature is saved without outputs (SIG-047)")
    return signature, scored


def _with_delivery(
    given: ModelSignature, example: Any, question: Question | None
) -> ModelSignature:
    """Return a signature with the delivery that the example shows, unless it has its own."""
    if given.inputs is None or given.inputs.is_tensor_spec() or example is None:
        return given
    from mlmodel.scoring.fidelity.form import form_of
    from mlmodel.signature.infer.delivery import delivery_of

    delivery = given.delivery
    if delivery is None:
        data = example[0] if isinstance(example, tuple) else example
        delivery = delivery_of(data, given.inputs)
    if len(given.inputs) == 1:
        delivery = _in_form(delivery, form_of(question))
    return type(given)(given.inputs, given.outputs, given.params, delivery=delivery)


def _in_form(delivery: Delivery | None, form: Form | None) -> Delivery | None:
    from mlmodel.signature.types.delivery import Delivery

    if form is None:
        return delivery
    return Delivery({} if delivery is None else delivery.columns, form)


def _is_scored(
    root: Path, model: Model, question: Question | None, contents: Contents, *, inferred: bool
) -> bool:
    """Ask the model through its folder, and warn of what differs (FID-004).

    An inferred signature under which nothing can be scored is taken out of the description
    (FID-005). Returns False where the model fails on its example in every way.
    """
    has_code = any(keys.get("code") for keys in model.flavors.values())
    if question is None or (has_code and contents.takes_lists):
        return True  # what hands over lists is known to the loaded model alone
    from mlmodel.scoring.fidelity import asking

    if not asking.is_on():
        return True
    reopen = contents.reopen
    if reopen is None or has_code:
        reopen = partial(_at_hand, contents, model)
    signature, request = model.signature, root / SERVING_FILE_NAME
    with provisional_file(model.document, root):
        found = asking.ask(
            question, partial(reopen, root), request.read_bytes() if request.exists() else None
        )
    if found is None:
        return True
    left_out = inferred and signature is not None and found.never
    warn_caller(found.warning(left_out=left_out))
    record_fidelity(model.document, found.record(left_out=left_out))
    if left_out:
        model.signature = None
    return not found.never


def _at_hand(contents: Contents, model: Model, _root: Path) -> Engine:
    """Return the model at hand behind its signature, in place of a loaded one (FID-008)."""
    from mlmodel.scoring.engine import Engine

    assert contents.predict is not None  # noqa: S101 - else there is no question
    return Engine(contents.predict, model.signature)


def _write_example(
    example: Any, root: Path, signature: ModelSignature | None
) -> dict[str, Any] | None:
    if example is None:
        return None
    from mlmodel.scoring.examples.writing import write_example

    return write_example(example, root, signature)


def _with_shared(
    flavors: Mapping[str, Mapping[str, Any]], code: str | None
) -> dict[str, dict[str, Any]]:
    """Add to the flavors' attributes what is the same for all: code, and the environment."""
    made = {name: {**attributes, "code": code} for name, attributes in flavors.items()}
    if PYTHON_FUNCTION in made:
        made[PYTHON_FUNCTION] |= {
            "env": dict(ENV_FILES),
            "python_version": platform.python_version(),
        }
    return made


def _copy_code(code_paths: Sequence[PathLike] | None, root: Path) -> str | None:
    if not code_paths:
        return None
    if isinstance(code_paths, str | os.PathLike):
        raise InvalidArgument("code_paths is a list of paths, not one path")
    target = root / CODE_FOLDER
    target.mkdir()
    for source in map(Path, code_paths):
        if not source.exists():
            raise InvalidArgument(f"code_paths: {source} does not exist")
        copy_into(source, target)
    return CODE_FOLDER


def size_of(root: Path) -> int:
    """Return the bytes of the files in a folder and below."""
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
