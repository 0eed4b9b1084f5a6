"""Scoring: codecs (bytes to columns), the engine (columns to columns), the protocols."""
