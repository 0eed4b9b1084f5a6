"""``input_data``: what Azure's endpoints for MLflow models take (RST-094)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.errors import MalformedRequest
from mlmodel.scoring.codecs import inputs
from mlmodel.scoring.codecs.dataframe_split import from_split

if TYPE_CHECKING:
    from collections.abc import Collection

    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.data.columns import Columns, Tensors
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["decode", "opened"]

_KEY = "input_data"
_SPLIT = frozenset({"columns", "data", "index"})
#: Where parameters stand: beside the data, or within them under either name.
_PARAMS = "params"
_WITHIN = (_PARAMS, "parameters")


def decode(payload: Payload[Json], matching: Matching) -> Columns | Tensors:
    """Read a table in split form, or what ``inputs`` takes; see the codecs' ``Decoder``."""
    value = payload.value
    is_split = type(value) is dict and "data" in value and _SPLIT.issuperset(value)
    if is_split and "data" not in matching.names:
        return from_split(payload, matching, _KEY)
    return inputs.from_value(payload, matching, _KEY)


def opened(
    body: dict[str, Json], matching: Matching, _declared: Collection[str]
) -> tuple[Json, Json]:
    """Return the data and the parameters, which stand beside them or within.

    Raises:
        MalformedRequest: parameters stand in several places.

    """
    data, params = body[_KEY], body.get(_PARAMS)
    if type(data) is not dict:
        return data, params
    found = [
        name for name in _WITHIN if name not in matching.names and type(data.get(name)) is dict
    ]
    if not found:
        return data, params
    if params is not None or len(found) > 1:
        raise MalformedRequest(
            "Parameters stand in several places of the body; give them once, under params "
            "beside input_data (RST-094)."
        )
    return {name: held for name, held in data.items() if name != found[0]}, data[found[0]]
