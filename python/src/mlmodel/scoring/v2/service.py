"""What services over gRPC have in common: a message is answered, or an error of the table raised.

A service's own module (:mod:`mlmodel.scoring.v2.rpc`, :mod:`mlmodel.scoring.v1.rpc`) says which
methods there are and how an error stands in a message of its stream; this one calls them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlmodel._proto.parts import text_of
from mlmodel.errors import MlmodelError, NotFound, shown
from mlmodel.scoring.answers import unexpected_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from mlmodel.scoring.v2.registry import Registry

    #: Tells which parameters were left out, and returns the text that is told.
    Tell: TypeAlias = Callable[[str], str]
    _Warn: TypeAlias = Callable[[str], object]

__all__ = ["Service"]

#: What is told of parameters that were left out, where errors say names and rules only.
_LEFT_OUT = "ENF-080"


@dataclass(frozen=True)
class Service:
    """A service that answers calls by its methods.

    Attributes:
        name: its full name.
        rule: the id of the rule that says which methods it has.
        methods: name -> what answers it by a message, from the encoded message, the models and what
            tells which parameters were left out.
        request: returns the class of the messages of its stream, which have an ``id``.
        streamed: answers one of them by a message, as ``methods`` do.
        said: the message of an error in the stream: from the request's id, the error, and whether
            it says name and rules only.

    """

    name: str
    rule: str
    methods: Mapping[str, Callable[[bytes, Registry, Tell], Any]]
    request: Callable[[], Any]
    streamed: Callable[[bytes, Registry, Tell], Any]
    said: Callable[[str, MlmodelError, bool], Any]

    def handle(
        self,
        method: str,
        body: bytes,
        registry: Registry,
        *,
        warn: _Warn | None = None,
        terse: bool = False,
    ) -> bytes:
        """Answer one call with a message.

        Args:
            method: of the service; not the stream.
            body: the message, encoded.
            registry: the models.
            warn: is told which parameters were left out (ENF-080).
            terse: what is told is the rule alone (ERR-008).

        Raises:
            MlmodelError: any, and none other; a bug is logged and hidden behind InternalError.

        """
        if method not in self.methods:
            raise NotFound(f"{self.name} has no method {shown(method)} ({self.rule}).")
        tell = _telling(warn, terse=terse)
        return _encoded(self.methods[method], body, registry, tell)

    def handle_in_stream(
        self,
        body: bytes,
        registry: Registry,
        *,
        terse: bool = False,
        refuse: MlmodelError | None = None,
    ) -> bytes:
        """Answer one request of the stream; an error is said in the answer, and ends nothing.

        With the request's id, whatever the error is (GRP-007, GRP-027).

        Args:
            body: the message, encoded.
            registry: the models.
            terse: errors say name and rules only (ERR-008).
            refuse: an error that stands already, which is answered without asking the model.

        """
        try:
            if refuse is not None:
                raise refuse
            return _encoded(self.streamed, body, registry, _telling(None, terse=terse))
        except MlmodelError as error:
            made = self.said(text_of(body, self.request(), "id"), error, terse)
        answer: bytes = made.SerializeToString()
        return answer


def _encoded(
    make: Callable[[bytes, Registry, Tell], Any], body: bytes, registry: Registry, tell: Tell
) -> bytes:
    """Return what is made, encoded; raise nothing but errors of the table."""
    try:
        answer: bytes = make(body, registry, tell).SerializeToString()
    except MlmodelError:
        raise
    except Exception as error:
        raise unexpected_error(error) from error
    return answer


def _telling(warn: _Warn | None, *, terse: bool) -> Tell:
    def tell(left_out: str) -> str:
        text = _LEFT_OUT if terse else left_out
        if warn is not None:
            warn(text)
        return text

    return tell
