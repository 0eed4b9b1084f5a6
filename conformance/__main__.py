"""``python -m conformance …`` from the top of the repository; it needs click alone."""

from __future__ import annotations

from conformance.runner.command import command

if __name__ == "__main__":
    command(prog_name="python -m conformance")
