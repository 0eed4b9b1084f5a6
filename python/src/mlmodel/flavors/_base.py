"""What a flavor is: the few things that are its own.

Everything shared - the MLmodel file, environments, signature, example, code, the atomic
write, the trust gate - is in :mod:`mlmodel.store.saving` and written once. A flavor module defines
one subclass of :class:`Flavor`, its instance ``FLAVOR`` and the public functions
``save_model`` and ``load_model`` with MLflow's names, made by :mod:`mlmodel.flavors._shared`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from mlmodel._base.extras import require
from mlmodel.errors import InvalidArgument
from mlmodel.scoring.predict import Predict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from mlmodel.store.folder import ModelFolder

__all__ = ["Flavor", "Needs", "Predict", "Saved", "when_asked"]


@dataclass(frozen=True, slots=True)
class Saved:
    """What a flavor has written: its attributes, those of python_function, its packages.

    ``packages`` are distribution names; they are pinned to the installed versions and become
    the environment unless the caller gave one (ENV-003). ``predict`` is how the written files
    predict, where that is not :meth:`Flavor.predictor` of the model given. ``beside`` are the
    attributes of other flavors that were written beside it, by their names.
    """

    attributes: dict[str, Any]
    python_function: dict[str, Any] | None
    packages: Sequence[str] = field(default=())
    predict: Predict | None = None
    beside: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Needs:
    """What loads a model: distributions, programs with the versions that do; how to install all."""

    packages: Sequence[str]
    programs: Mapping[str, str]
    install: str


def when_asked(opened: Callable[[], Predict]) -> Predict:
    """Return how a model predicts that was just written, opened anew for each question.

    Where there is no example, nobody asks, and what would run the model need not be there. Nothing
    stays open, so that the folder can be moved to its place.
    """
    return lambda model_input, params, /: opened()(model_input, params)


class Flavor(ABC):
    """One flavor of the format."""

    #: Its key under ``flavors`` in the MLmodel file.
    name: ClassVar[str]
    #: The well-known identifier that python_function names (PYF-003), MLflow's.
    loader_module: ClassVar[str]
    #: Keys under which others have written it; its schema has them as ``x-names``.
    other_names: ClassVar[tuple[str, ...]] = ()
    #: Loader modules that others have written for it; no reader but this flavor imports them.
    other_loaders: ClassVar[tuple[str, ...]] = ()
    #: The requirements of the extra ``mlmodel[name]``, for flavors of ours: ``make generate``
    #: copies them into pyproject.toml.
    extra: ClassVar[tuple[str, ...]] = ()
    #: Whether the extra ``all`` has it; not where its library would keep the others' back.
    in_all: ClassVar[bool] = True
    #: The distributions that every model of it needs, by their names.
    packages: ClassVar[tuple[str, ...]] = ()
    #: A distribution -> others that bring the same library.
    alternatives: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
    #: Programs that every model of it needs and no distribution brings -> the versions that do.
    programs: ClassVar[Mapping[str, str]] = MappingProxyType({})
    #: How these are installed, as the end of a sentence.
    programs_install: ClassVar[str] = ""
    #: The keys of its attributes that say a library's version -> the distribution (ENV-021).
    versions: ClassVar[Mapping[str, str]] = MappingProxyType({})
    #: The kinds of input signature that it takes: ``columns``, ``tensors`` (PYF-018).
    signature_kinds: ClassVar[frozenset[str]] = frozenset({"columns"})
    #: Its rank among the flavors that serve a model without python_function, the lowest first;
    #: None if it serves none (RST-087).
    served: ClassVar[int | None] = None
    #: The forms of its own file that its models can be converted to (CNV-002) -> the arguments of
    #: ``save_model`` that write them.
    forms: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})
    #: The keys of its attributes of which the first that a model has says the form of its file: by
    #: its value, or by the suffix of the file that it names.
    form_keys: ClassVar[tuple[str, ...]] = ()
    #: Its other keys that go with one form, and not into another.
    keys_of_forms: ClassVar[tuple[str, ...]] = ()
    #: The key of its attributes that names a model's class.
    class_key: ClassVar[str] = ""
    #: The flavors whose models can be converted to it: :meth:`made_of` does it.
    converts: ClassVar[frozenset[str]] = frozenset()
    #: Whether its library makes graphs of ONNX of its models: :meth:`graph`.
    makes_graphs: ClassVar[bool] = False
    #: Why no graph is made of its models, as the end of a sentence.
    no_graph: ClassVar[str] = ""
    #: Why processes of Spark's executors cannot run its models (UDF-022), as a sentence's end.
    no_workers: ClassVar[str] = ""
    #: Whether :meth:`save` is handed ``input_example`` and ``signature`` among its options.
    takes_example: ClassVar[bool] = False
    #: What it saves, as the error for another model says it; empty where :meth:`save` tells that.
    takes: ClassVar[str] = ""
    #: The rule of its page on that.
    takes_rule: ClassVar[str] = ""
    #: Its own arguments of ``save_model`` with their defaults; ``saver`` fills them in.
    save_defaults: Mapping[str, Any] = MappingProxyType({})

    def recorded(self, attributes: Mapping[str, Any]) -> dict[str, str]:
        """Return the versions of libraries that a model's attributes say, by distribution.

        Keys that the flavor does not name in ``versions`` are somebody else's (MLM-011).
        """
        said = {self.installed(name): attributes.get(key) for key, name in self.versions.items()}
        return {name: str(version) for name, version in said.items() if version}

    def installed(self, name: str) -> str:
        """Return the name under which a distribution is installed: its own, or an alternative's."""
        from mlmodel.environment.installed import version_of

        names = (name, *self.alternatives.get(name, ()))
        return next((one for one in names if version_of(one) is not None), name)

    def instead(self, attributes: Mapping[str, Any]) -> Needs | None:  # noqa: ARG002 - of no model by default
        """Return what loads a model with these attributes as well, in the place of the others."""
        return None

    def version_of_program(self, name: str) -> str | None:  # noqa: ARG002 - of no program by default
        """Return the version of one of its ``programs`` that is here; None where none is."""
        return None

    @abstractmethod
    def detects(self, model: object) -> bool:
        """Return whether ``model`` is of this flavor, without importing its library."""

    def saves(self, model: object) -> bool:
        """Return whether ``save_model`` takes ``model``, which may be more than is detected."""
        return self.detects(model)

    def advice(self, model: object) -> str:  # noqa: ARG002 - of no model by default
        """Return what ends the sentence that says that ``model`` is not taken."""
        return ""

    def require(self, module: str, package: str | None = None) -> ModuleType:
        """Import and return a library that the flavor's extra brings.

        ``package`` is the name by which the library is installed, where it has another.

        Raises:
            MissingDependency: it is not installed; the message says how to install it.

        """
        return require(module, self.name, package)

    @abstractmethod
    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        """Write ``model``'s own files into ``root``, an empty folder that is not yet in place.

        ``options`` are the flavor's own arguments of ``save_model``, all of them.

        Raises:
            InvalidArgument: the model or an option is not what the flavor takes.

        """

    @abstractmethod
    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        """Return the native model; whatever could run code goes through ``folder.gate``."""

    def open(
        self, folder: ModelFolder, attributes: Mapping[str, Any], python_function: Mapping[str, Any]
    ) -> tuple[Any, Predict]:
        """Return the model as python_function loads it, and how it predicts.

        Both are those of :meth:`load` unless another library runs the model than the one that
        holds it. ``attributes`` are the flavor's own, empty where the file has none.
        """
        native = self.load(folder, attributes)
        return native, self.predictor(native, python_function)

    def kind_of(self, attributes: Mapping[str, Any]) -> str:
        """Return the name of a saved model's class, without its module; empty if none is said."""
        return str(attributes.get(self.class_key) or "").rpartition(".")[2]

    def form_of(self, attributes: Mapping[str, Any]) -> str:
        """Return the form that a saved model's file has, by its attributes; empty if none says."""
        said = (str(attributes[key]) for key in self.form_keys if attributes.get(key))
        return next(said, "").rpartition(".")[2]

    def forms_of(self, attributes: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002 - the contract's
        """Return the forms that a saved model's file can have: those of :attr:`forms`, or fewer."""
        return tuple(self.forms)

    def in_form(self, model: Any, form: str) -> tuple[Any, Mapping[str, Any]]:
        """Return what is saved in a form, and the arguments of ``save_model`` that write it.

        That is the model, unless the form holds a part of it that answers the same.
        """
        return model, self.forms[form]

    def graph(self, model: Any, form: str) -> tuple[bytes, str]:
        """Return the graph of ONNX that the library makes of a model, and the library's version.

        ``form`` is the name of the flavor that asks, by which libraries know the form of its file.

        Raises:
            InvalidArgument: it makes none of this one.

        """
        raise NotImplementedError

    def refuses(self, other: Flavor) -> str | None:
        """Return why no model of another flavor is converted to it; None where they are."""
        return None if other.name in self.converts else ""

    def made_of(self, model: Any, example: Any, answer: Any) -> tuple[Any, str]:
        """Return a model of this flavor made of another library's, and what made it (CNV-002).

        Args:
            model: the native model of another flavor.
            example: what it is asked, as python_function gets it.
            answer: what it answers.

        Raises:
            InvalidArgument: the model cannot be converted.

        """
        raise NotImplementedError

    @abstractmethod
    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:
        """Return how the native model predicts as a python_function.

        ``attributes`` are those of python_function.
        """


def is_a_class(model: type) -> InvalidArgument:
    """Return the error for a class where a model is expected."""
    name = model.__qualname__
    return InvalidArgument(f"{name} is a class; give an instance: {name}(…) (PYF-014)")
