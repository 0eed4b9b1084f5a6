"""MOJOs of H2O in zip files: settings, texts and numbers, which nothing runs (HTO-009)."""

from __future__ import annotations

from mlmodel.trust.kinds._archive import of_data

__all__ = ["KIND"]

KIND = of_data("a MOJO of H2O", "model.ini", (".ini", ".txt", ".bin", ".json", ".md"))
