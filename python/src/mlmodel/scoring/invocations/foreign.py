"""Bodies of other protocols: each is told what it is and where it goes (RST-096)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["OF_V2", "advice_for_keys", "advice_for_media", "is_tensor_of_v2"]

_TENSOR = frozenset({"name", "shape", "datatype"})
#: What is said of a request of the Open Inference Protocol.
OF_V2 = (
    "This is a request of the Open Inference Protocol (V2), which goes to "
    "/v2/models/NAME/infer of a server that speaks it. Here each input is given by its name: "
    '{"inputs": {"NAME": [VALUES]}} (RST-096).'
)
#: Advice on keys that other servers take, by the key.
_BESIDE = {
    "parameters": "parameters of the model stand under params",
    "parameter": "parameters of the model stand under params",
    "instance": "several rows stand under instances",
    "features": "rows stand under instances or dataframe_split",
    "dataframe_tight": "only the orients split and records are taken",
    "dataframe_index": "only the orients split and records are taken",
}
_LINES = (
    "it is one JSON value per line: send the values as one list under instances, as "
    "application/json"
)
_TABLES = "send application/json or text/csv"
_MEDIA = {
    **dict.fromkeys(
        (
            *("application/jsonlines", "application/x-jsonlines", "application/jsonl"),
            *("application/x-jsonl", "application/x-ndjson", "application/ndjson"),
            *("application/json-lines", "application/json-seq"),
        ),
        _LINES,
    ),
    "application/csv": "CSV is text/csv",
    "application/x-csv": "CSV is text/csv",
    "text/json": "JSON is application/json",
    "text/plain": "say what the text is: application/json or text/csv",
    "text/tab-separated-values": "separate the cells by commas and send text/csv",
    "application/x-npy": "send nested lists under inputs, as application/json",
    "application/vnd.sagemaker-triton-binary+json": "send nested lists under inputs, as "
    "application/json",
    "application/x-www-form-urlencoded": "name the type of the body: with curl it is "
    "-H 'Content-Type: application/json'",
    "multipart/form-data": "the data are the whole body, not a part of a form",
    "application/octet-stream": _TABLES,
}


def is_tensor_of_v2(value: Json, matching: Matching) -> bool:
    """Return whether ``inputs`` lists tensors as the Open Inference Protocol has them."""
    if type(value) is not list or not value or type(value[0]) is not dict:
        return False
    # Columns of these names are what the model declares, whoever else calls something so.
    return _TENSOR.issubset(value[0]) and matching.names.isdisjoint(_TENSOR)


def advice_for_keys(body: dict[str, Json]) -> str:
    """Return what is to be done about keys that other servers take, as the end of a sentence."""
    found = next((_BESIDE[key] for key in body if key in _BESIDE), None)
    return "" if found is None else f"; {found}"


def advice_for_media(name: str) -> str:
    """Return what is to be done about a content type that other servers take, or nothing."""
    found = _MEDIA.get(name)
    return "" if found is None else f"{found}. Else "
