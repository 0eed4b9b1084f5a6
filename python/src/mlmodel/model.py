"""The MLmodel file as an object: ``mlmodel.models.Model``."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlmodel.signature.types import ModelSignature

__all__ = ["PYTHON_FUNCTION", "Model"]

#: The flavor through which every tool can call a model (PYF-001).
PYTHON_FUNCTION = "python_function"


@dataclass(frozen=True)
class Model:
    """What the MLmodel file says; ``document`` holds every key, known here or not."""

    document: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Model:
        """Build from the parsed file."""
        return cls(dict(document))

    @classmethod
    def new(
        cls,
        *,
        flavors: Mapping[str, Mapping[str, Any]],
        signature: ModelSignature | None = None,
        saved_input_example_info: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        run_id: str | None = None,
        model_size_bytes: int | None = None,
    ) -> Model:
        """Describe a model that is being saved now (MLM rules); absent keys are left out."""
        from mlmodel import __version__

        keys = {
            "flavors": dict(flavors),
            "mlmodel_version": __version__,
            "model_size_bytes": model_size_bytes,
            "model_uuid": uuid.uuid4().hex,
            "metadata": dict(metadata) if isinstance(metadata, Mapping) else metadata,
            "run_id": run_id,
            "saved_input_example_info": saved_input_example_info,
            "signature": None if signature is None else signature.to_dict(),
            "utc_time_created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
        }
        return cls({key: value for key, value in keys.items() if value is not None})

    def to_dict(self) -> dict[str, Any]:
        """Return the mapping of the file."""
        return dict(self.document)

    @property
    def flavors(self) -> dict[str, dict[str, Any]]:
        """Attributes by flavor."""
        return {name: attrs or {} for name, attrs in (self.document.get("flavors") or {}).items()}

    @cached_property
    def signature(self) -> ModelSignature | None:
        """Inputs, outputs and parameters, or None."""
        from mlmodel.signature.types import ModelSignature

        written = self.document.get("signature")
        return None if written is None else ModelSignature.from_dict(written)

    @property
    def metadata(self) -> Mapping[str, Any] | None:
        """What the user attached."""
        return self.document.get("metadata")

    @property
    def run_id(self) -> str | None:
        """The run that made the model."""
        return self.document.get("run_id")

    @property
    def utc_time_created(self) -> str | None:
        """When it was saved, as written (`time_created` in old files)."""
        return self.document.get("utc_time_created") or self.document.get("time_created")

    @property
    def mlflow_version(self) -> str | None:
        """The version of MLflow that saved it, if MLflow did."""
        return self.document.get("mlflow_version")

    @property
    def model_uuid(self) -> str | None:
        """The model's own id."""
        return self.document.get("model_uuid")

    @property
    def saved_input_example_info(self) -> Mapping[str, Any] | None:
        """Where the input example is and of what kind."""
        return self.document.get("saved_input_example_info")

    def get_input_schema(self) -> Any:
        """Return the schema of the inputs, or None."""
        return self.signature.inputs if self.signature else None

    def get_output_schema(self) -> Any:
        """Return the schema of the outputs, or None."""
        return self.signature.outputs if self.signature else None

    def get_params_schema(self) -> Any:
        """Return the parameters' specs, or None."""
        return self.signature.params if self.signature else None
