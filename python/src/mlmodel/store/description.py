"""The MLmodel file as an object: ``mlmodel.models.Model``."""

from __future__ import annotations

import copy
import json
import os
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from mlmodel import document
from mlmodel._base.version import __version__
from mlmodel.document.document import with_values
from mlmodel.document.example_info import example_info
from mlmodel.document.rules.checks import errors_in
from mlmodel.document.times import EARLY_KEY, KEY, parse_time, time_text, with_todays_time
from mlmodel.errors import InvalidArgument, InvalidModel
from mlmodel.store.locations.locate import local_folder, path_to_write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlmodel.document import Document
    from mlmodel.document.paths import PathLike
    from mlmodel.signature.model_signature import ModelSignature


__all__ = [
    "PYTHON_FUNCTION",
    "Model",
    "ModelInfo",
    "find_model_file",
    "get_model_info",
    "read_description",
]

#: The flavor through which every tool can call a model (PYF-001).
PYTHON_FUNCTION = "python_function"

_HINTED = "is_signature_from_type_hint"
#: Stands for "make one": a model has an id of its own unless one is given.
_NEW: Any = object()


class _Key:
    """A key of the file as an attribute; None takes the key out."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, model: Model | None, owner: type | None = None) -> Any:
        return self if model is None else model.document.get(self.name)

    def __set__(self, model: Model, value: Any) -> None:
        if value is None:
            model.document.pop(self.name, None)
        else:
            model.document[self.name] = value.to_dict() if hasattr(value, "to_dict") else value


class _Resources(_Key):
    """``resources``: the mapping of the file, a list of resources, or the path of a YAML file."""

    def __set__(self, model: Model, value: Any) -> None:
        from mlmodel.store.resources import as_mapping

        super().__set__(model, as_mapping(value))


class Model:
    """What an MLmodel file says: made for a new model, or read from a saved one.

    ``document`` is the mapping of the file with every key, known here or not; the attributes
    below are views of it, and may be set. Two are equal when their documents are.

    Every argument is the key of its name; None leaves the key out.

    Args:
        artifact_path: where it lies among the artifacts of its run.
        run_id: the run that made the model.
        utc_time_created: when; now, if absent.
        flavors: attributes by flavor.
        signature: inputs, outputs and parameters, as object or as its mapping.
        saved_input_example_info: where the example is and of what kind.
        model_uuid: the model's own id; a new one, if absent.
        mlflow_version: the version of MLflow that saved it, if MLflow did.
        metadata: what the user attaches: anything YAML can hold.
        model_size_bytes: size of all its files.
        resources: services that the model calls: a list of :mod:`mlmodel.models.resources`, the
            mapping of the file, or the path of a YAML file with it.
        env_vars: names of environment variables that the model reads.
        auth_policy: with whose permissions the model runs: an
            :class:`~mlmodel.models.auth_policy.AuthPolicy`, or the mapping of the file.
        model_id: the id that a registry gave it.
        prompts: URIs of prompts that belong to it.
        **others: any other key.

    """

    __hash__ = None  # type: ignore[assignment]  # it may be changed

    artifact_path = _Key()
    run_id = _Key()
    saved_input_example_info = _Key()
    model_uuid = _Key()
    mlflow_version = _Key()
    metadata = _Key()
    model_size_bytes = _Key()
    resources = _Resources()
    env_vars = _Key()
    auth_policy = _Key()
    model_id = _Key()
    prompts = _Key()

    def __init__(  # noqa: PLR0913, PLR0917 - the keys of the file, in MLflow's order
        self,
        artifact_path: str | None = None,
        run_id: str | None = None,
        utc_time_created: datetime | str | None = None,
        flavors: Mapping[str, Mapping[str, Any]] | None = None,
        signature: ModelSignature | Mapping[str, Any] | None = None,
        saved_input_example_info: Mapping[str, Any] | None = None,
        model_uuid: str | None = _NEW,
        mlflow_version: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        model_size_bytes: int | None = None,
        resources: Any = None,
        env_vars: Sequence[str] | None = None,
        auth_policy: Any = None,
        model_id: str | None = None,
        prompts: Sequence[str] | None = None,
        **others: Any,
    ) -> None:
        """Describe a new model; see the class."""
        self.document: dict[str, Any] = {
            "flavors": {name: dict(attributes) for name, attributes in (flavors or {}).items()},
            "mlmodel_version": __version__,
            KEY: _time(utc_time_created),
            **_runtime(),
            **others,
        }
        self._source: Path | None = None
        self._signature: tuple[Any, ModelSignature] | None = None
        #: JSON texts of the file that were parsed already, and what they say.
        self._values: Mapping[str, Any] = {}
        new = uuid.uuid4().hex if model_uuid is _NEW else model_uuid
        for key, value in (
            ("artifact_path", artifact_path),
            ("run_id", run_id),
            ("saved_input_example_info", _plain(saved_input_example_info)),
            ("model_uuid", new),
            ("mlflow_version", mlflow_version),
            ("metadata", _plain(metadata)),
            ("model_size_bytes", model_size_bytes),
            ("resources", resources),
            ("env_vars", env_vars),
            ("auth_policy", auth_policy),
            ("model_id", model_id),
            ("prompts", prompts),
            ("signature", signature),
        ):
            setattr(self, key, value)

    @classmethod
    def from_dict(cls, model_dict: Mapping[str, Any]) -> Self:
        """Build from the mapping of an MLmodel file; unknown keys are kept, none is added."""
        model = cls.__new__(cls)
        document = copy.deepcopy(dict(model_dict))
        vars(model).update(document=document, _source=None, _signature=None, _values={})
        return model

    @classmethod
    def of_document(cls, document: Document, folder: Path) -> Self:
        """Build from the MLmodel file in ``folder``; what its check has parsed stays parsed."""
        model = cls.from_dict(document.data)
        vars(model).update(_source=folder, _values=document.json_values)
        return model

    @classmethod
    def load(cls, path: PathLike) -> Self:
        """Read the MLmodel file of a saved model; nothing of the model is loaded (DIR-008).

        Args:
            path: the model's folder, its MLmodel file, or a URI of either.

        Raises:
            ModelNotFound: there is none.
            InvalidModel: the file breaks the format; ``details`` lists all violations.
            UnreadableModel: it is there but cannot be read.

        """
        folder, document = read_description(path)
        return cls.of_document(document, folder)

    def save(self, path: PathLike) -> None:
        """Write the MLmodel file, whole or not at all (MLM-016); an existing one is replaced.

        Args:
            path: an existing folder, which gets a file ``MLmodel``, or the file's own path.

        Raises:
            InvalidArgument: the path is a URI of a store (LOC-017).
            InvalidModel: a value is nothing that YAML can hold; the key is named (MLM-014). Or
                the file would be larger than what is read again (MLM-002).
            WriteFailed: the disk is full, or writing is not permitted.

        """
        self._source = document.write(self.document, path_to_write(path)).parent

    def lies_in(self, folder: Path, document: dict[str, Any]) -> None:
        """Note that the model was saved into ``folder`` with this mapping; writers call it."""
        self.document, self._source = document, folder

    def add_flavor(self, name: str, **params: Any) -> Self:
        """Add a flavor with its attributes: any values that YAML can hold; return the model."""
        self.flavors[name] = params
        return self

    @property
    def flavors(self) -> dict[str, dict[str, Any]]:
        """Attributes by flavor."""
        flavors: dict[str, Any] = self.document.setdefault("flavors", {})
        for name, attributes in flavors.items():
            if attributes is None:
                flavors[name] = {}
        return flavors

    @property
    def signature(self) -> ModelSignature | None:
        """Inputs, outputs and parameters, or None; may be set."""
        written = self.document.get("signature")
        if written is None:
            return None
        if self._signature is None or self._signature[0] is not written:
            from mlmodel.document.own_records import delivery_in
            from mlmodel.signature.model_signature import ModelSignature

            signature = ModelSignature.from_dict(with_values(written, self._values))
            signature.delivery = delivery_in(self.document)
            signature.tell(lambda: self._follow(signature))
            self._signature = written, signature
        return self._signature[1]

    @signature.setter
    def signature(self, value: ModelSignature | Mapping[str, Any] | None) -> None:
        self._signature = None
        self.document.pop(_HINTED, None)
        if value is None:
            self.document.pop("signature", None)
            return
        to_dict = getattr(value, "to_dict", None)
        self.document["signature"] = dict(value) if to_dict is None else to_dict()  # type: ignore[arg-type]
        inputs = getattr(value, "inputs", None)
        if inputs is not None:
            from mlmodel.document.own_records import record_delivery

            record_delivery(self.document, inputs, getattr(value, "delivery", None))

    def _follow(self, signature: ModelSignature) -> None:
        """Write down a part that was assigned to the signature, unless another took its place."""
        if self._signature is not None and self._signature[1] is signature:
            written = self.document["signature"] = signature.to_dict()
            if signature.inputs is not None:
                from mlmodel.document.own_records import record_delivery

                record_delivery(self.document, signature.inputs, signature.delivery)
            self._signature = written, signature

    @property
    def is_row_wise(self) -> bool:
        """Whether it is declared that each row is answered by itself (RST-170)."""
        from mlmodel.document.own_records import is_row_wise

        return is_row_wise(self.document)

    @property
    def is_signature_from_type_hint(self) -> bool:
        """Whether the signature was told by the type hints of the model's ``predict`` (PYF-017)."""
        return bool(self.document.get(_HINTED))

    @property
    def utc_time_created(self) -> str | None:
        """When it was saved, in UTC: ``2024-07-24 11:58:39.776546``; unknown forms as written."""
        written = self.document.get(KEY) or self.document.get(EARLY_KEY)
        moment = parse_time(written)
        return time_text(moment) if moment else written

    @utc_time_created.setter
    def utc_time_created(self, value: datetime | str | None) -> None:
        self.document.pop(EARLY_KEY, None)
        self.document[KEY] = _time(value)

    def get_input_schema(self) -> Any:
        """Return the schema of the inputs, or None."""
        return self.signature.inputs if self.signature else None

    def get_output_schema(self) -> Any:
        """Return the schema of the outputs, or None."""
        return self.signature.outputs if self.signature else None

    def get_params_schema(self) -> Any:
        """Return the parameters' specs, or None."""
        return self.signature.params if self.signature else None

    def load_input_example(self, path: PathLike | None = None) -> Any:
        """Return the saved input example in the form in which the model gets it, or None.

        Args:
            path: the model's folder, or a URI of one; where the model was read from or saved to,
                if absent.

        Raises:
            InvalidArgument: the model was neither read nor saved, and no path is given.
            InvalidModel, UnreadableModel, InvalidInput: the example is broken.

        """
        from mlmodel.scoring.examples.reading import read_example

        found = self._example_at(path)
        return None if found is None else read_example(*found, self.signature)

    def load_input_example_params(self, path: PathLike | None = None) -> dict[str, Any] | None:
        """Return the parameters that the saved example has beside its data, or None (EXA-010).

        Args and errors are those of :meth:`load_input_example`.
        """
        from mlmodel.scoring.examples.reading import read_params

        found = self._example_at(path)
        return None if found is None else read_params(*found)

    def get_serving_input(self, path: PathLike | None = None) -> str | None:
        """Return the saved example as the JSON body of a request, or None (EXA-011).

        Args and errors are those of :meth:`load_input_example`.
        """
        from mlmodel.scoring.examples.reading import read_serving_input

        found = self._example_at(path)
        return None if found is None else read_serving_input(*found)

    def example_as_request(self, path: PathLike | None = None) -> Any:
        """Return the first rows of the saved example as the JSON value of a request's body.

        None where there is no example, or none that a server would take (RST-177). Args are those
        of :meth:`load_input_example`.

        Raises:
            InvalidArgument: the model was neither read nor saved, and no path is given.

        """
        from mlmodel.scoring.openapi.samples import saved

        found = self._example_at(path)
        return None if found is None else saved(*found, self.signature)

    def _example_at(self, path: PathLike | None) -> tuple[Path, Mapping[str, Any]] | None:
        """Return the model's folder, and what the file says of its example."""
        info = example_info(self.document)
        if not info:
            return None
        folder = self._source if path is None else local_folder(path)
        if folder is None:
            raise InvalidArgument("The model lies in no folder yet; give the folder as path")
        return folder, info

    def to_dict(self) -> dict[str, Any]:
        """Return the mapping of the file, with the time under its name of today."""
        return copy.deepcopy(with_todays_time(self.document))

    def to_yaml(self, stream: Any = None) -> str:
        """Return the text of the file; with ``stream``, write it there too."""
        text = document.dumps(self.document)
        if stream is not None:
            stream.write(text)
        return text

    def to_json(self) -> str:
        """Return the mapping of the file as JSON; what JSON cannot hold is its text."""
        return json.dumps(self.to_dict(), default=str)

    def get_model_info(self) -> ModelInfo:
        """Return what describes the model, for those who only read."""
        uri = f"runs:/{self.run_id}/{self.artifact_path}" if self.run_id else None
        return ModelInfo(
            artifact_path=self.artifact_path,
            flavors=copy.deepcopy(self.flavors),
            model_uri=uri if self._source is None else str(self._source),
            model_uuid=self.model_uuid,
            run_id=self.run_id,
            saved_input_example_info=self.saved_input_example_info,
            signature=self.signature,
            utc_time_created=self.utc_time_created,
            mlflow_version=self.mlflow_version,
            metadata=self.metadata,
            model_id=self.model_id,
            env_vars=self.env_vars,
            prompts=self.prompts,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and self.document == other.document

    def __repr__(self) -> str:
        return f"<mlmodel.models.Model of {', '.join(self.flavors) or 'no flavor'}>"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What describes a saved model; attributes are those of :class:`Model`.

    ``model_uri`` is where the model is: the folder that it was read from or saved to, else its
    place among the artifacts of its run.
    """

    artifact_path: str | None
    flavors: dict[str, dict[str, Any]]
    model_uri: str | None
    model_uuid: str | None
    run_id: str | None
    saved_input_example_info: Mapping[str, Any] | None
    signature: ModelSignature | None
    utc_time_created: str | None
    mlflow_version: str | None
    metadata: Mapping[str, Any] | None = None
    model_id: str | None = None
    env_vars: Sequence[str] | None = None
    prompts: Sequence[str] | None = None


def get_model_info(model_uri: PathLike) -> ModelInfo:
    """Return what describes the model at ``model_uri``; nothing of it is loaded.

    Raises:
        ModelNotFound, InvalidModel, UnreadableModel: as :meth:`Model.load`.

    """
    return Model.load(model_uri).get_model_info()


def _runtime() -> dict[str, str]:
    """Return the key that names the Databricks runtime, if the model is made in one (MLM-018)."""
    version = os.environ.get("DATABRICKS_RUNTIME_VERSION")
    return {"databricks_runtime": version} if version else {}


def _time(given: datetime | str | None) -> str:
    """Return a time as the file holds it."""
    return time_text(datetime.now(UTC) if given is None else given)


def _plain(given: Mapping[str, Any] | None) -> Any:
    # A mapping of another kind is one that YAML cannot write; what is none is refused later.
    return dict(given) if hasattr(given, "items") else given  # type: ignore[arg-type]


def read_description(model_uri: PathLike) -> tuple[Path, Document]:
    """Read and check a model's MLmodel file, whatever else of the model is there (DIR-008).

    Returns:
        The model's folder, and the file.

    Raises:
        ModelNotFound, InvalidModel, UnreadableModel: as :func:`~mlmodel.store.folder.open_folder`.

    """
    file = find_model_file(model_uri)
    read = document.read(file)
    errors = errors_in(read, None)
    if errors:
        raise InvalidModel(f"{file} breaks the rules of the format.", errors)
    return document.folder_of(file), read


def find_model_file(model_uri: PathLike, into: PathLike | None = None) -> Path:
    """Return the MLmodel file of a model, brought to this machine, into ``into`` if given.

    Raises:
        ModelNotFound: there is none.

    """
    given = local_folder(model_uri, into=into)
    file = document.model_file(given)
    if not file.exists():
        raise document.nothing_at(file)
    return file
