"""Whether a model answers through its folder as it answers by itself (spec/fidelity.md).

``asking`` asks, ``answers`` compares what is answered, ``data`` what reaches the model, and
``record`` is what the MLmodel file says of it. All but ``record`` need numpy and pandas.
"""

from __future__ import annotations

__all__: list[str] = []
