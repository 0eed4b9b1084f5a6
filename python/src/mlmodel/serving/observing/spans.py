"""Spans of OpenTelemetry: one for a request, and one for each of its stages (RST-157)."""

from __future__ import annotations

import os
import re
import time
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.context import attach, detach
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from mlmodel._base.version import __version__
from mlmodel.errors import InvalidArgument, MissingDependency
from mlmodel.scoring.stages import names_of
from mlmodel.serving.observing.entry import GRPC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.scoring.stages import Stages
    from mlmodel.serving.observing.entry import Entry

__all__ = ["HEADERS", "Spans", "provider"]

#: The headers of the W3C that say which trace a request belongs to.
HEADERS = ("traceparent", "tracestate")
_LONGEST = 1024
_GROUP = "opentelemetry_traces_exporter"
_NAME = re.compile(r"[A-Za-z0-9_]+")
_BILLION = 10**9
_SERVER_ERROR = 500


class Spans:
    """Begins and ends spans.

    Args:
        tracers: what gives a tracer; the process's own provider if it is not given.

    """

    def __init__(self, tracers: trace.TracerProvider | None = None) -> None:
        self._tracers = tracers
        self._tracer = trace.get_tracer("mlmodel", __version__, tracers)
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, name: str, headers: Mapping[str, str]) -> tuple[Any, Any]:
        """Begin a span as the current one; return what is kept as ``span`` of the stages."""
        carrier = {key: value for key, value in headers.items() if len(value) <= _LONGEST}
        span = self._tracer.start_span(
            name, self._propagator.extract(carrier), trace.SpanKind.SERVER
        )
        return span, attach(trace.set_span_in_context(span))

    def end(self, stages: Stages, entry: Entry, times: tuple[float, ...]) -> None:
        """End the span of a request, with the stages that it reached.

        ``times`` are the seconds of the stages; the last one ends now.
        """
        span, token = stages.span
        detach(token)
        now = time.time_ns()
        if span.is_recording():
            span.set_attributes(_attributes(stages, entry))
            if _is_fault(stages):
                span.set_status(trace.Status(trace.StatusCode.ERROR))
            context = trace.set_span_in_context(span)
            began = max(span.start_time, now - int(sum(times[2:]) * _BILLION))
            for name, seconds in zip(names_of(times)[2:], times[2:], strict=True):
                stage = self._tracer.start_span(f"mlmodel.{name}", context, start_time=began)
                began = min(now, began + int(seconds * _BILLION))
                stage.end(began)
        span.end(now)

    def drop(self, stages: Stages) -> None:
        """End a span of which nothing more is to be told."""
        span, token = stages.span
        detach(token)
        span.end()

    def close(self) -> None:
        """Send what has not been sent yet."""
        close = getattr(self._tracers, "shutdown", None)
        if close is not None:
            close()


def _is_fault(stages: Stages) -> bool:
    return stages.refusal is not None and stages.refusal[0].http_status >= _SERVER_ERROR


def _attributes(stages: Stages, entry: Entry) -> dict[str, Any]:
    told: dict[str, Any] = {
        "mlmodel.request_id": stages.request_id,
        "mlmodel.protocol": entry.protocol,
        "http.request.body.size": entry.received,
        "http.response.body.size": entry.sent,
    }
    if entry.model:
        told["mlmodel.model"] = entry.model
    if stages.batch is not None:
        told["mlmodel.batch.requests"] = stages.batch.requests
        told["mlmodel.batch.rows"] = stages.batch.rows
    if entry.protocol == GRPC:
        told |= {
            "rpc.system": "grpc",
            "rpc.method": entry.path,
            "rpc.grpc.status_code": entry.status,
        }
    else:
        told |= {
            "http.request.method": entry.method,
            "url.path": entry.path,
            "http.response.status_code": entry.status,
        }
    if stages.refusal is not None:
        error, rules = stages.refusal
        told |= {"error.type": error.code, "mlmodel.rules": rules}
    return told


def provider() -> Any:
    """Return a provider that sends spans as OpenTelemetry's variables say (``OTEL_…``).

    Raises:
        MissingDependency: the SDK, or the exporter that is asked for, is not installed.
        InvalidArgument: the exporter cannot be set up.

    """
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    named = named or bool(os.environ.get("OTEL_SERVICE_NAME"))
    made = TracerProvider(
        resource=Resource.create({} if named else {SERVICE_NAME: "mlmodel"}),
        shutdown_on_exit=False,
    )
    for name in (os.environ.get("OTEL_TRACES_EXPORTER") or "otlp").split(","):
        if name.strip() != "none":
            made.add_span_processor(BatchSpanProcessor(_exporter(name.strip())))
    return made


def _of_protocol() -> str:
    """Return the name of the exporter that speaks the protocol which the variables name."""
    told = (
        os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
        or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
        or "http/protobuf"
    )
    return {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}.get(told, told)


def _exporter(name: str) -> Any:
    if name == "console":
        import sys

        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter(out=sys.stderr)
    entry = _of_protocol() if name == "otlp" else name
    found = list(entry_points(group=_GROUP, name=entry)) if _NAME.fullmatch(entry) else []
    if not found:
        from mlmodel._base.origin import install_command

        raise MissingDependency(
            f"There is no exporter of traces {name[:60]!r}, which OTEL_TRACES_EXPORTER names; "
            f"`otlp` comes with: {install_command('otel')} (RST-157)."
        )
    try:
        return found[0].load()()
    except Exception as error:
        raise InvalidArgument(
            f"The exporter of traces {name!r} cannot be set up: {error} (RST-157)."
        ) from error
