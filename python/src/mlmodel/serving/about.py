"""What a server says of its models to people and tools: RST-175 to RST-181."""

from __future__ import annotations

import json
from threading import Lock
from typing import TYPE_CHECKING, Any

from mlmodel._base.version import __version__
from mlmodel.scoring import openapi
from mlmodel.scoring.openapi import samples

if TYPE_CHECKING:
    from mlmodel.scoring.v2.registry import Served
    from mlmodel.serving.facts import Facts
    from mlmodel.serving.models import Hosted

__all__ = ["About"]


class About:
    """The models of a server, described; safe to ask from several threads.

    Args:
        models: of the server.
        grpc_port: where it speaks gRPC, None for nowhere.
        metrics: it has ``/metrics`` (RST-153).
        tokens: it wants a token of most requests (RST-165).

    """

    def __init__(
        self,
        models: Hosted,
        grpc_port: int | None = None,
        *,
        metrics: bool = False,
        tokens: bool = False,
    ) -> None:
        self._models, self._grpc_port = models, grpc_port
        self._also = {"metrics": metrics, "tokens": tokens}
        self._lock = Lock()
        #: What the kept document was made of; another model, loaded again, has other facts.
        self._made_of: tuple[object, ...] | None = None
        self._document = b""

    @property
    def is_made(self) -> bool:
        """Whether the document is kept as it is to be answered now: then it costs nothing."""
        return self._made_of == self._parts()

    def document(self) -> bytes:
        """Return the description of the whole server by OpenAPI (RST-175)."""
        with self._lock:
            parts = self._parts()
            if self._made_of != parts:
                described = [self._described(name) for name in self._models.names]
                self._document = openapi.document(described, **self._also)
                self._made_of = parts
            return self._document

    def server(self) -> bytes:
        """Return the short description of the server (RST-178)."""
        models = [
            {"name": name, "ready": self._found(name).engine is not None, "flavors": facts.flavors}
            for name, facts in ((name, self._models.facts(name)) for name in self._models.names)
        ]
        return _json({"name": "mlmodel", "version": __version__, "models": models})

    def model(self, name: str) -> bytes:
        """Return the description of one model (RST-179).

        Raises:
            ModelNotFound: there is no such model.

        """
        served = self._found(name)
        facts = self._models.facts(name)
        described = self._described(name)
        return _json(
            {
                "name": name,
                "ready": served.engine is not None,
                "flavors": facts.flavors,
                "created": facts.created,
                "signature": _signature(described),
                "example": described.example,
                "example_is": _which(facts, described),
                "grpc_port": self._grpc_port,
            }
        )

    def _found(self, name: str) -> Served:
        return self._models.find(name)

    def _parts(self) -> tuple[object, ...]:
        names = self._models.names
        return tuple((self._models.facts(name), self._found(name).engine is None) for name in names)

    def _described(self, name: str) -> openapi.Described:
        engine = self._found(name).engine
        if engine is None:
            return openapi.Described(name, None, None)
        inputs = engine.matching.schema
        example = self._models.facts(name).example
        if example is None:
            example = samples.made_up(inputs)
        return openapi.Described(name, inputs, engine.signature, example)


def _which(facts: Facts, described: openapi.Described) -> str | None:
    if described.example is None:
        return None
    return "made up" if facts.example is None else "saved"


def _signature(described: openapi.Described) -> dict[str, Any]:
    declared = described.signature
    outputs = None if declared is None else declared.outputs
    params = None if declared is None else declared.params
    return {
        "inputs": None if described.inputs is None else described.inputs.to_dict(),
        "outputs": None if outputs is None else outputs.to_dict(),
        "params": None if params is None else params.to_dict(),
    }


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(samples.plain(document), allow_nan=False, separators=(",", ":")).encode()
