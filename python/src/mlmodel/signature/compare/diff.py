"""What a change of the signature means for callers (SIG-050 to SIG-062).

Compared are declarations; no data and nothing of the models is looked at. A change *breaks*
callers if data that the old signature takes may be refused under the new one, or, of outputs, if
an answer may be one that the old signature does not promise.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from mlmodel._base.texts import LONGEST_SHOWN, cut
from mlmodel.signature.compare.widening import (
    CALLERS,
    Caller,
    dtype_refusal,
    shown_type,
    type_refusal,
)
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.params import ParamSchema, json_default
from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlmodel.signature.types.params import ParamSpec

__all__ = ["Change", "Comparison", "compare_signatures"]

Part = Literal["inputs", "outputs", "params"]
Spec = ColSpec | TensorSpec


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two signatures.

    ``name`` is that of the input, output or parameter, its position where there are no names,
    None for the list as a whole. ``change`` is one of added, removed, type, required, shape,
    default, order, names, kind, declared, undeclared. ``breaks`` names the callers whom it breaks:
    ``typed`` (data frames, arrays, Arrow), ``untyped`` (JSON, CSV, plain Python).
    """

    rule: str
    part: Part
    name: str | int | None
    change: str
    message: str
    breaks: tuple[Caller, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, in the order of the class."""
        return {
            "rule": self.rule, "part": self.part, "name": self.name, "change": self.change,
            "message": self.message, "breaks": list(self.breaks),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """All changes from one signature to another, in the order of the old one, then of the new."""

    changes: tuple[Change, ...]

    def breaking(self, callers: Iterable[Caller] = CALLERS) -> list[Change]:
        """Return the changes that break any of these callers."""
        wanted = frozenset(callers)
        return [change for change in self.changes if wanted & frozenset(change.breaks)]

    @property
    def compatible(self) -> bool:
        """Whether no caller breaks."""
        return not self.breaking()

    def as_dict(self) -> dict[str, Any]:
        """Return what ``mlmodel signature diff --format json`` prints."""
        return {
            "compatible": self.compatible,
            "breaks": [c for c in CALLERS if self.breaking([c])],
            "changes": [change.as_dict() for change in self.changes],
        }


def compare_signatures(old: ModelSignature | None, new: ModelSignature | None) -> Comparison:
    """Return what changes for callers of a model whose signature ``old`` becomes ``new``."""
    before, after = old or ModelSignature(), new or ModelSignature()
    return Comparison(
        (
            *_schemas(before.inputs, after.inputs, _Inputs()),
            *_schemas(before.outputs, after.outputs, _Outputs()),
            *_params(old, new),
        )
    )


# -- the two directions ---------------------------------------------------------------------------


class _Inputs:
    """Callers give what the old signature takes; the new one must take it (SIG-050)."""

    part: Part = "inputs"

    def declared(self) -> Change:
        said = "inputs are checked from now on; before, anything was passed to the model"
        return _change("SIG-060", self.part, None, "declared", said, breaks=True)

    def undeclared(self) -> Change:
        said = "inputs are no longer declared: nothing is checked, the model gets the data as is"
        return _change("SIG-060", self.part, None, "undeclared", said)

    def added(self, spec: Spec, name: str | int) -> Change:
        if spec.required:
            said = f"{_shown(spec)} is added and required; callers that do not give it are refused"
        else:
            said = f"{_shown(spec)} is added and may be left out"
        return _change("SIG-052", self.part, name, "added", said, breaks=spec.required)

    def removed(self, spec: Spec, name: str | int) -> Change:
        said = f"{_shown(spec)} is removed; a value that callers still give for it is ignored"
        return _change("SIG-053", self.part, name, "removed", said)

    def required(self, name: str | int, *, now: bool) -> Change:
        said = (
            "it must be given from now on, in every row"
            if now
            else "it may be left out, or missing"
        )
        return _change("SIG-055", self.part, name, "required", said, breaks=now)

    def pair(self, old: Any, new: Any) -> tuple[Any, Any]:
        return old, new


class _Outputs(_Inputs):
    """Callers read what the old signature promises; the new one must promise it (SIG-058)."""

    part: Part = "outputs"

    def declared(self) -> Change:
        return _change("SIG-060", self.part, None, "declared", "outputs are declared from now on")

    def undeclared(self) -> Change:
        said = "outputs are no longer declared: answers may be anything"
        return _change("SIG-060", self.part, None, "undeclared", said, breaks=True)

    def added(self, spec: Spec, name: str | int) -> Change:
        said = f"{_shown(spec)} is added to the answer"
        if isinstance(name, int):
            said += ", whose form changes: its outputs have no names"
        return _change("SIG-058", self.part, name, "added", said, breaks=isinstance(name, int))

    def removed(self, spec: Spec, name: str | int) -> Change:
        said = f"{_shown(spec)} is no longer in the answer"
        return _change("SIG-058", self.part, name, "removed", said, breaks=True)

    def required(self, name: str | int, *, now: bool) -> Change:
        said = "it is always there from now on" if now else "it may be missing from now on"
        return _change("SIG-058", self.part, name, "required", said, breaks=not now)

    def pair(self, old: Any, new: Any) -> tuple[Any, Any]:
        return new, old


def _change(
    rule: str, part: Part, name: str | int | None, change: str, said: str, *, breaks: bool = False
) -> Change:
    return Change(rule, part, name, change, said, CALLERS if breaks else ())


# -- inputs and outputs ---------------------------------------------------------------------------


def _schemas(old: Schema | None, new: Schema | None, way: _Inputs) -> Iterator[Change]:
    if old is None or new is None:
        if old is not new:
            yield way.declared() if old is None else way.undeclared()
        return
    if old.is_tensor_spec() != new.is_tensor_spec():
        kinds = [_many(schema) for schema in (old, new)]
        yield _change(
            "SIG-057", way.part, None, "kind", f"{kinds[0]} become {kinds[1]}", breaks=True
        )
        return
    if old.has_input_names() != new.has_input_names():
        had, has = (_naming(schema) for schema in (old, new))
        said = f"the {way.part} {had}, and {has} from now on"
        yield _change("SIG-051", way.part, None, "names", said, breaks=True)
        return
    yield from _matched(old, new, way)
    yield from _order(old, new, way)


def _many(schema: Schema) -> str:
    return "tensors" if schema.is_tensor_spec() else "columns"


def _naming(schema: Schema) -> str:
    return "have names" if schema.has_input_names() else "go by position"


def _matched(old: Schema, new: Schema, way: _Inputs) -> Iterator[Change]:
    before, after = _labelled(old), _labelled(new)
    for name, spec in before.items():
        if name in after:
            yield from _specs(spec, after[name], name, way)
        else:
            yield way.removed(spec, name)
    yield from (way.added(spec, name) for name, spec in after.items() if name not in before)


def _labelled(schema: Schema) -> dict[str | int, Spec]:
    """Return the specs by what they are matched by: names, or positions if not all have names."""
    if schema.has_input_names():
        return {str(spec.name): spec for spec in schema}
    return dict(enumerate(schema))


def _order(old: Schema, new: Schema, way: _Inputs) -> Iterator[Change]:
    if not old.has_input_names():
        return
    before, after = _labelled(old), _labelled(new)
    if [name for name in before if name in after] != [name for name in after if name in before]:
        said = f"the {way.part} are in another order; callers match them by name"
        yield _change("SIG-061", way.part, None, "order", said)


def _specs(old: Spec, new: Spec, name: str | int, way: _Inputs) -> Iterator[Change]:
    yield from _types(old, new, name, way)
    if old.required != new.required:
        yield way.required(name, now=new.required)


def _types(old: Spec, new: Spec, name: str | int, way: _Inputs) -> Iterator[Change]:
    given, taken = way.pair(old, new)
    if isinstance(given, TensorSpec) and isinstance(taken, TensorSpec):
        pairs = ((given.dtype, given.shape), (taken.dtype, taken.shape))
        reasons = {caller: dtype_refusal(*pairs, caller) for caller in CALLERS}
        rule, what = "SIG-057", "type" if old.shape == new.shape else "shape"  # type: ignore[union-attr]
        same = pairs[0] == pairs[1]
    elif isinstance(given, ColSpec) and isinstance(taken, ColSpec):
        read = way.part == "outputs"
        reasons = {c: type_refusal(given.type, taken.type, c, read=read) for c in CALLERS}
        nested = type(old.type) is type(new.type) and hasattr(old.type, "document")
        rule, what = ("SIG-056" if nested else "SIG-054"), "type"
        same = given.type == taken.type
    else:
        return
    if not same:
        rule = rule if way.part == "inputs" else "SIG-058"
        said = f"{_kind(old)} becomes {_kind(new)}"
        yield _refusals(_change(rule, way.part, name, what, said), reasons)


def _refusals(change: Change, reasons: dict[Caller, str | None]) -> Change:
    """Return the change with the callers that it breaks, and why."""
    broken = tuple(caller for caller, reason in reasons.items() if reason)
    if not broken:
        return change
    if change.part == "outputs":
        return replace(
            change, breaks=broken, message=f"{change.message}, which callers may not read"
        )
    told = {
        reason: [c for c in broken if reasons[c] == reason] for reason in map(reasons.get, broken)
    }
    said = [
        f"{reason}{'' if len(who) == len(CALLERS) else f' ({who[0]} callers)'}"
        for reason, who in told.items()
    ]
    return replace(change, breaks=broken, message=f"{change.message}: {'; '.join(said)}")


def _kind(spec: Spec) -> str:
    if isinstance(spec, TensorSpec):
        axes = spec.shape[:LONGEST_SHOWN]
        return cut(f"tensor {spec.dtype}{list(axes)}")
    return cut(shown_type(spec.type))


def _shown(spec: Spec) -> str:
    return f"{_kind(spec)}{'' if spec.required else ' (optional)'}"


# -- parameters -----------------------------------------------------------------------------------


def _params(old: ModelSignature | None, new: ModelSignature | None) -> Iterator[Change]:
    """Compare parameters: undeclared ones are left out, unless there is no signature (ENF-080)."""
    before = ParamSchema() if old is None or old.params is None else old.params
    after = ParamSchema() if new is None or new.params is None else new.params
    if old is None and new is not None:
        said = "parameters are checked from now on; before, any were passed to the model"
        if not after:
            said = "parameters are left out from now on; before, any were passed to the model"
        yield _change("SIG-060", "params", None, "declared", said, breaks=bool(after))
        return
    if new is None and old is not None:
        if before:
            said = "parameters are no longer declared: none is checked and none has a default"
            yield _change("SIG-060", "params", None, "undeclared", said)
        return
    declared = {spec.name: spec for spec in after}
    for spec in before:
        if spec.name in declared:
            yield from _param(spec, declared[spec.name])
        else:
            said = f"{_param_kind(spec)} is removed; what callers give for it is left out"
            yield _change("SIG-059", "params", spec.name, "removed", said)
    known = {spec.name for spec in before}
    for spec in after:
        if spec.name not in known:
            said = f"{_param_kind(spec)} is added, {cut(_default(spec))} if not given"
            yield _change("SIG-059", "params", spec.name, "added", said)


def _param(old: ParamSpec, new: ParamSpec) -> Iterator[Change]:
    if old.shape != new.shape:
        said = f"{_param_kind(old)} becomes {_param_kind(new)}"
        yield _change("SIG-059", "params", old.name, "shape", said, breaks=True)
    elif old.dtype != new.dtype:
        # Parameters are read by the rules for untyped cells, whoever gives them (ENF-082).
        reason = type_refusal(old.dtype, new.dtype, "untyped")
        said = f"{_param_kind(old)} becomes {_param_kind(new)}{f': {reason}' if reason else ''}"
        yield _change("SIG-059", "params", old.name, "type", said, breaks=bool(reason))
    if _default(old) != _default(new):
        said = f"the default {cut(_default(old))} becomes {cut(_default(new))}"
        yield _change("SIG-062", "params", old.name, "default", said)


def _param_kind(spec: ParamSpec) -> str:
    kind = cut(shown_type(spec.dtype))
    return kind if spec.shape is None else f"list of {kind}"


def _default(spec: ParamSpec) -> str:
    return json.dumps(json_default(spec.default), ensure_ascii=False, default=str)
