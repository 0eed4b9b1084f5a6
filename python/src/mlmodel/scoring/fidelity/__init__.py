"""Whether a model answers through its folder as it answers by itself (spec/fidelity.md).

``question`` asks the model itself, ``asking`` asks it through its folder, ``answers`` compares what
is answered, ``data`` what reaches the model; ``form`` finds the form in which a model takes texts.
All of them need numpy and pandas. How the MLmodel file records what was found is in
:mod:`mlmodel.document.own_records`.
"""

from __future__ import annotations

__all__: list[str] = []
