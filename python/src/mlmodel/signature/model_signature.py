"""The signature of a model: inputs, outputs and parameters.

Nothing here needs numpy: a signature is read, checked and compared by the base
install. The names and their positional forms are MLflow's (``ColSpec("double", "a")``,
``TensorSpec(np.dtype("float32"), (-1, 10))``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlmodel._base.extras import named_extra
from mlmodel._base.html import table
from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument, shown
from mlmodel.signature.types.nested import NestedType, holds_empty_object
from mlmodel.signature.types.params import ParamSchema, ParamSpec
from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mlmodel.signature.enforce.plan import Plan
    from mlmodel.signature.types.delivery import Delivery

__all__ = ["ModelSignature"]


_PARTS = ("inputs", "outputs", "params")


@dataclass(repr=False)
class ModelSignature:
    """Inputs, outputs and parameters of a model; each may be absent, and may be assigned.

    ``delivery`` is what the model gets of its columns that no signature can say (ENF-091). It is
    not a part of the signature: it stands elsewhere in the file, and comparing passes over it.
    Two are equal when their parts are. Since the parts may be assigned, there is no hash, as in
    MLflow.
    """

    inputs: Schema | None = None
    outputs: Schema | None = None
    params: ParamSchema | None = None
    delivery: Delivery | None = field(default=None, compare=False)

    def __init__(
        self,
        inputs: Schema | None = None,
        outputs: Schema | None = None,
        params: Iterable[ParamSpec] | None = None,
        *,
        delivery: Delivery | None = None,
    ) -> None:
        """Take the parts.

        Raises:
            InvalidArgument: ``inputs`` or ``outputs`` is not a schema, or ``params`` not specs.

        """
        self.inputs = inputs
        self.outputs = outputs
        # The attribute holds a ParamSchema, whatever specs are assigned.
        self.params = params  # type: ignore[assignment]
        self.delivery = delivery

    def __setattr__(self, name: str, value: Any) -> None:
        if name in {"inputs", "outputs"} and not isinstance(value, Schema | None):
            raise InvalidArgument(
                f"{name} of a signature is a Schema of columns or tensors, not {shown(value)}; "
                "infer_signature(data, predictions) makes a signature of data (SIG-001)"
            )
        if name == "params" and not isinstance(value, ParamSchema | None):
            value = _params(value)
        object.__setattr__(self, name, value)
        if name in {"inputs", "delivery"}:
            vars(self).pop("plan", None)
        told = vars(self).get("_told")
        if name in {*_PARTS, "delivery"} and told is not None:
            told()

    def __reduce__(self) -> tuple[Any, ...]:
        """Let copies and pickles hold the parts: not the plan, nor the description that is told."""
        return _made, (type(self), self.inputs, self.outputs, self.params, self.delivery)

    def tell(self, told: Callable[[], None]) -> None:
        """Call a function after each assignment of a part; the description that it is of does."""
        vars(self)["_told"] = told

    def __repr__(self) -> str:
        lines = [
            f"  {part}: [{', '.join(map(_short, specs))}]"
            for part, specs in (
                ("inputs", self.inputs),
                ("outputs", self.outputs),
                ("params", self.params),
            )
            if specs is not None
        ]
        return "\n".join(["ModelSignature:", *lines])

    def _repr_html_(self) -> str:
        """Return tables of the parts, for notebooks; every text in them is escaped."""
        parts = [
            table(
                part,
                [
                    (
                        str(place) if spec.name is None else str(spec.name),
                        _short(spec, label=""),
                    )
                    for place, spec in enumerate(specs)
                ],
            )
            for part in _PARTS
            if (specs := getattr(self, part)) is not None
        ]
        return "".join(parts) or "<p>ModelSignature: nothing is declared</p>"

    @cached_property
    def plan(self) -> Plan:
        """The compiled enforcement plan of the inputs, made on first use (needs numpy)."""
        with named_extra():
            from mlmodel.signature.enforce.plan import Plan

        return Plan(self.inputs, self.delivery)

    def check_loads_in_mlflow(self) -> None:
        """Check that there is nothing in it that MLflow cannot load (SIG-068).

        Raises:
            InvalidArgument: it declares an object without properties.

        """
        for spec in (*(self.inputs or ()), *(self.outputs or ()), *(self.params or ())):
            kind = spec.dtype if isinstance(spec, ParamSpec) else spec.type
            if isinstance(kind, NestedType) and holds_empty_object(kind):
                raise InvalidArgument(
                    f"The signature declares an object without properties ({spec.name!r}), which "
                    "MLflow cannot load; declare its properties, or any (AnyType()) (SIG-068)"
                )

    def enforce(self, data: Any) -> Any:
        """Return ``data`` as the model must receive it; see :meth:`Plan.enforce`.

        Raises:
            InvalidInput: with every violation of ENF rules found.

        """
        return self.plan.enforce(data)

    def enforce_params(self, params: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Return the parameters as the model must receive them (ENF-080 to ENF-086).

        Raises:
            InvalidArgument: they are not a mapping (PYF-030).
            InvalidInput: with every violation found.

        Warns:
            UserWarning: parameters that are not declared are left out.

        """
        from mlmodel.signature.enforce.params import enforce_params
        from mlmodel.signature.enforce.undeclared import check_mapping, left_out

        check_mapping(params)
        told = left_out(params, self.params)
        if told is not None:
            warn_caller(told)
        return enforce_params(params, self.params)

    def to_dict(self) -> dict[str, str | None]:
        """Return the mapping of the MLmodel file: JSON texts (SIG-001)."""
        return {
            "inputs": self.inputs.to_json() if self.inputs else None,
            "outputs": self.outputs.to_json() if self.outputs else None,
            "params": self.params.to_json() if self.params is not None else None,
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> ModelSignature:
        """Build a signature from the MLmodel file's mapping, or one that holds lists (SIG-022).

        Raises:
            InvalidArgument: it breaks a rule of signatures.

        """
        if not isinstance(document, Mapping):
            raise InvalidArgument(
                "A signature is a mapping with inputs, outputs and params, not "
                f"{shown(document)} (SIG-022)"
            )
        try:
            inputs, outputs, params = (_listed(document, key) for key in _PARTS)
            return cls(
                None if inputs is None else Schema.from_list(inputs),
                None if outputs is None else Schema.from_list(outputs),
                None if params is None else ParamSchema.from_list(params),
            )
        except RecursionError:
            raise InvalidArgument("The signature is nested too deeply (SIG-001)") from None


def _made(
    kind: type[ModelSignature],
    inputs: Schema | None,
    outputs: Schema | None,
    params: ParamSchema | None,
    delivery: Delivery | None,
) -> ModelSignature:
    return kind(inputs, outputs, params, delivery=delivery)


def _params(given: Any) -> ParamSchema:
    try:
        specs = list(given)
    except TypeError:
        specs = [given]
    wrong = [spec for spec in specs if not isinstance(spec, ParamSpec)]
    if wrong:
        raise InvalidArgument(
            f"params of a signature is a list of ParamSpec, and {shown(wrong[0])} is none (SIG-008)"
        )
    return ParamSchema(specs)


def _listed(document: Mapping[str, Any], key: str) -> list[Any] | None:
    held = document.get(key)
    try:
        held = json.loads(held) if isinstance(held, str) and held else held
    except json.JSONDecodeError as error:
        raise InvalidArgument(f"The text of {key} is not JSON: {error} (SIG-001)") from None
    if held is None or held == "":
        return None
    if not isinstance(held, list | tuple):
        raise InvalidArgument(f"{key} holds {held!r:.60}, which is not a list (SIG-001)")
    return list(held)


def _short(spec: ColSpec | TensorSpec | ParamSpec, label: str | None = None) -> str:
    """Return a part's type in a line, behind ``label``, which is by default its name."""
    if label is None:
        label = "" if spec.name is None else f"{spec.name!r}: "
    if isinstance(spec, ParamSpec):
        return f"{label}{spec.dtype!r}{list(spec.shape or ()) or ''} = {spec.default!r}"
    if isinstance(spec, TensorSpec):
        return f"{label}{spec.dtype}{list(spec.shape)}"
    return f"{label}{spec.type!r}{'' if spec.required else ' (optional)'}"
