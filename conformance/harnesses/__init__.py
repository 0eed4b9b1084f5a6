"""One harness per implementation."""
