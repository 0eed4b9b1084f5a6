"""MLflow's tracing for a model's own code where MLflow is not installed: it does nothing (PYF-011).

A model that says ``@mlflow.trace`` or ``with mlflow.start_span("search") as span`` answers the
same with and without. Only a model's own code sees these, through
:mod:`mlmodel.store.mlflow_names`.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "SpanType",
    "get_current_active_span",
    "start_span",
    "start_span_no_context",
    "trace",
    "update_current_trace",
]


class SpanType:
    """The kinds of spans: their texts."""

    AGENT = "AGENT"
    CHAIN = "CHAIN"
    CHAT_MODEL = "CHAT_MODEL"
    EMBEDDING = "EMBEDDING"
    LLM = "LLM"
    PARSER = "PARSER"
    RERANKER = "RERANKER"
    RETRIEVER = "RETRIEVER"
    TOOL = "TOOL"
    UNKNOWN = "UNKNOWN"


class _Span:
    """A span that keeps nothing of what it is told."""

    span_id = trace_id = request_id = parent_id = None

    def _told(self, *_: Any, **__: Any) -> None:
        """Forget it."""

    add_event = add_link = end = record_exception = set_attribute = set_attributes = _told
    set_inputs = set_outputs = set_span_type = set_status = _told

    def get_attribute(self, key: str) -> None:
        """Return None: nothing is kept."""


def trace(func: Callable[..., Any] | None = None, **_: Any) -> Any:
    """Return the function as it is; with arguments alone, what returns it."""
    return (lambda function: function) if func is None else func


@contextmanager
def start_span(name: str = "span", *_: Any, **__: Any) -> Iterator[_Span]:  # noqa: ARG001 - nothing is kept
    """Give a span that keeps nothing."""
    yield _Span()


def start_span_no_context(*_: Any, **__: Any) -> _Span:
    """Return a span that keeps nothing."""
    return _Span()


def get_current_active_span() -> None:
    """Return None: there is no span."""


def update_current_trace(*_: Any, **__: Any) -> None:
    """Do nothing: there is no trace."""
