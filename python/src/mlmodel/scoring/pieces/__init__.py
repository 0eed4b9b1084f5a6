"""Files of data in pieces of rows, each a request's body, and the answers to them as one (RST-191).

``reading`` gives the pieces (by ``csv``, ``lines`` and ``arrow``), ``answers`` puts answers
together. What they hold at a time is a piece and its answer, however large the file is.
"""

from __future__ import annotations

__all__: list[str] = []
