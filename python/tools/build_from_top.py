"""Builds the package of ``python/`` for tools that install the repository from its top.

It is the build backend of the top's ``pyproject.toml``: hatchling, called in ``python/``.
"""

from __future__ import annotations

import os
from pathlib import Path

# Backends are called in the folder of the pyproject.toml, each call in a process of its own.
os.chdir(Path(__file__).resolve().parents[1])

from hatchling.build import *  # noqa: E402, F403 - the hooks of hatchling are the hooks here
