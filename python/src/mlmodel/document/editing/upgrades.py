"""Old forms of an MLmodel file in the form of today (MLM-025): each with one right answer.

Every form here is read as the same (MLM-009, SIG-003, SIG-006, SIG-008); what is said is only
how it is written now.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlmodel.document.editing.edits import Change, Edit, remove, replace
from mlmodel.document.times import EARLY_KEY, KEY, same_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlmodel.document.document import Document
    from mlmodel.document.yaml.jsontext import JsonText

__all__ = ["upgrades"]

_RULE = "MLM-025"
#: What is renewed in a signature has one of these keys.
_OLD_KEYS = frozenset({"dtype", "optional"})
#: A member of a JSON object: its key, and the text of its value.
_Members = list[tuple[str, str]]


def upgrades(document: Document) -> Iterator[Change]:
    """Give what brings the document up to date, in its order; nothing where there is nothing."""
    yield from _time(document)
    signature: Any = document.data.get("signature")
    for key in signature if isinstance(signature, dict) else ():
        renew = _param if key == "params" else _spec
        if key in {"inputs", "outputs", "params"} and isinstance(signature[key], str):
            yield from _texts(document, f"/signature/{key}", renew)


def _time(document: Document) -> Iterator[Change]:
    data: dict[str, Any] = document.data
    if EARLY_KEY not in data:
        return
    pointer = f"/{EARLY_KEY}"
    key = document.nodes(pointer)[0]
    if KEY not in data:
        edit: Edit | None = Edit(key.start.index, key.end.index, KEY)
        message = f"{EARLY_KEY} was renamed to {KEY}."
    elif data[EARLY_KEY] is None or same_time(data[EARLY_KEY], data[KEY]):
        root = document.nodes("")[1]
        edit = remove(document, root, document.places(root, EARLY_KEY)[0])
        message = f"{EARLY_KEY} says the same as {KEY}, and was removed."
    else:
        return
    if edit is not None:
        yield Change(_RULE, message, *key.position, pointer, (edit,))


def _texts(
    document: Document, pointer: str, renew: Callable[[_Members], str | None]
) -> Iterator[Change]:
    """Give the change of one JSON text; members that stay are copied as they are written."""
    text: str = document.data["signature"][pointer.rpartition("/")[2]]
    parsed = document.json_text(pointer, text)
    if parsed.error is not None or parsed.repeated or not isinstance(parsed.value, list):
        return
    new, end, said = "", 0, list[str]()
    for index, spec in enumerate(parsed.value):
        if not isinstance(spec, dict) or spec.keys().isdisjoint(_OLD_KEYS):
            continue
        begin = parsed.offset([str(index)])
        members = _members(parsed, begin)
        message = renew(members)
        if message is not None:
            said.append(message)
            written = ", ".join(f"{json.dumps(key)}: {value}" for key, value in members)
            new += text[end:begin] + "{" + written + "}"
            end = _end(text, begin)
    if said:
        times = "" if len(said) == 1 else f" ({len(said)} times)"
        yield Change(
            _RULE, f"{said[0][:-1]}{times}.", *document.position(pointer), pointer,
            (replace(document, pointer, new + text[end:]),),
        )  # fmt: skip


def _members(parsed: JsonText, offset: int) -> _Members:
    return [
        (member.key, parsed.text[member.offset : _end(parsed.text, member.offset)])
        for member in parsed.members(offset)
    ]


_DECODER = json.JSONDecoder()


def _end(text: str, offset: int) -> int:
    return _DECODER.raw_decode(text, offset)[1]


def _spec(members: _Members) -> str | None:
    """Renew a column or tensor, in place; say what was done, or None."""
    keys = [key for key, _ in members]
    if "dtype" in keys and "shape" in keys and "tensor-spec" not in keys:
        inner = ", ".join(f'"{key}": {dict(members)[key]}' for key in ("dtype", "shape"))
        kept = [member for member in members if member[0] not in {"dtype", "shape", "type"}]
        members[:] = [("type", '"tensor"'), *kept, ("tensor-spec", "{" + inner + "}")]
        return "A tensor was rewritten with tensor-spec."
    if "optional" in keys and "required" not in keys:
        at = keys.index("optional")
        opposite: dict[str, Any] = {"true": "false", "false": "true", "null": "null"}
        value = opposite.get(members[at][1])
        if value is not None:
            members[at] = ("required", value)
            return "optional was replaced by its opposite, required."
    return None


def _param(members: _Members) -> str | None:
    """Renew a parameter, in place; say what was done, or None."""
    keys = [key for key, _ in members]
    if "dtype" in keys and "type" not in keys:
        at = keys.index("dtype")
        members[at] = ("type", members[at][1])
        return "dtype of a parameter was renamed to type."
    return None
