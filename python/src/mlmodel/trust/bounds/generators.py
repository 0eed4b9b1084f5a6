"""Random generators: places in their own numbers (TRU-058)."""

from __future__ import annotations

from typing import Any

from mlmodel.trust.bounds.values import is_array, is_count

__all__ = ["TABLE"]


def _bits(generator: Any) -> str:
    state = generator.state
    name = state["bit_generator"]
    if name == "MT19937" and not is_count(state["state"]["pos"], 0, 624):
        return "a random generator stands outside of its own numbers"
    if name == "Philox" and not is_count(state["buffer_pos"], 0, 4):
        return "a random generator stands outside of its own numbers"
    return ""


def _seeds(sequence: Any) -> str:
    size = sequence.pool_size
    right = is_count(size, 4, 2**16) and is_array(sequence.pool, size, kinds="u")
    return "" if right else "a sequence of seeds has another pool than it says"


TABLE = {
    "numpy.random.bit_generator.BitGenerator": _bits,
    "numpy.random.bit_generator.SeedSequence": _seeds,
}
