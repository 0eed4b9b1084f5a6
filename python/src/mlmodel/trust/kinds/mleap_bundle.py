"""Bundles of MLeap in zip files: parameters and numbers, which nothing runs (MLP-003)."""

from __future__ import annotations

from mlmodel.trust.kinds._archive import of_data

__all__ = ["KIND"]

KIND = of_data("a bundle of MLeap", "bundle.json", (".json", ".pb"))
