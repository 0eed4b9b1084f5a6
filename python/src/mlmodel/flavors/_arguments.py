"""A flavor's own arguments: options of ``save_model``, parameters of a prediction."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument
from mlmodel.flavors._invalid_data import invalid_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["PredictArguments", "require_one_of", "warn_of_params"]


def require_one_of(name: str, given: object, choices: Iterable[str], rule: str = "") -> None:
    """Raise InvalidArgument where an option of ``save_model`` is none of its choices."""
    known = list(choices)
    if given not in known:
        end = f" ({rule})" if rule else ""
        raise InvalidArgument(f"{name} is one of {', '.join(known)}, not {given!r}{end}")


def warn_of_params(params: Mapping[str, Any] | None, who: str) -> None:
    """Warn of parameters given to a model that takes none."""
    if params:
        warn_caller(f"{who} has no parameters; those given have no effect")


class PredictArguments:
    """What parameters may be: the arguments of a model's own method, beside the data.

    Args:
        method: the method that predicts.
        data: its arguments that are the data.
        of: whose they are, as a message says it: "the library's predict".
        rule: the rule of the flavor's page.

    """

    def __init__(self, method: Callable[..., Any], data: Iterable[str], of: str, rule: str) -> None:
        parameters = inspect.signature(method).parameters
        self._known = set(parameters).difference(data)
        self._takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        self._of, self._rule = of, rule

    @classmethod
    def of_names(cls, names: Iterable[str], of: str, rule: str) -> PredictArguments:
        """Return those of a closed list of names, whatever more the method would take."""

        def none() -> None: ...

        made = cls(none, (), of, rule)
        made._known = set(names)
        return made

    def takes(self, name: str) -> bool:
        """Return whether the method has an argument of this name."""
        return self._takes_all or name in self._known

    def given(self, params: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the parameters as arguments.

        Raises:
            InvalidInput: the method has no such arguments; all of them are listed.

        """
        unknown = [name for name in params or () if not self.takes(name)]
        if unknown:
            known = ", ".join(sorted(self._known)) or "none"
            raise invalid_each(
                "The parameters break the rules of the model.",
                self._rule,
                {
                    name: f"Parameter {name!r} is not one of {self._of}; known are {known}."
                    for name in unknown
                },
            )
        return dict(params or {})
