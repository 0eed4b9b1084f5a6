"""Deliberate breaks of the reference, and which of them the vectors notice."""
