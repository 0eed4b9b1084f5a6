"""Options of the server about what is seen of it from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["watch_options"]

_OPTIONS = (
    click.option(
        "--metrics",
        is_flag=True,
        help="Count requests, and answer /metrics for Prometheus, for all workers together.",
    ),
    click.option(
        "--server-timing",
        is_flag=True,
        help="Say in the header Server-Timing of answers how long each stage took.",
    ),
    click.option("--access-log", is_flag=True, help="Write one line for each request to the log."),
    click.option(
        "--log-format",
        default="text",
        type=click.Choice(["text", "json"]),
        help="Lines of text, or one object of JSON a line.",
    ),
    click.option(
        "--log-level",
        default="info",
        type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
        help="What of mlmodel's own records is logged; the access log is written whatever it is.",
    ),
    click.option(
        "--otel",
        is_flag=True,
        help="Send spans of OpenTelemetry, as the variables OTEL_... say, and take on a caller's "
        "traceparent.",
    ),
)


def watch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add them to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
