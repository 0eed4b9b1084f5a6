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
    """What parameters may be: a closed list of names, or the arguments of a model's own method.

    Args:
        names: all that there are.
        of: whose they are, as a message says it: "the library's predict".
        rule: the rule of the flavor's page.
        takes_all: whether any other name is taken, too.
        data: the names of the arguments that are the data, which are no parameters.

    """

    def __init__(
        self,
        names: Iterable[str],
        of: str,
        rule: str,
        *,
        takes_all: bool = False,
        data: Iterable[str] = (),
    ) -> None:
        self._data = set(data)
        self._known, self._takes_all = set(names) - self._data, takes_all
        self._of, self._rule = of, rule

    @classmethod
    def of_method(
        cls, method: Callable[..., Any], data: Iterable[str], of: str, rule: str
    ) -> PredictArguments:
        """Return the arguments of a method that predicts, without ``data``, which are the data."""
        parameters = inspect.signature(method).parameters
        takes_all = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
        return cls(parameters, of, rule, takes_all=takes_all, data=data)

    def takes(self, name: str) -> bool:
        """Return whether there is a parameter of this name."""
        return name in self._known or (self._takes_all and name not in self._data)

    def among(self, config: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return what of a model's configuration are parameters, for each prediction."""
        return {name: value for name, value in (config or {}).items() if self.takes(name)}

    def given(
        self, params: Mapping[str, Any] | None, wrong: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return the parameters as arguments.

        ``wrong`` has what is wrong with values of some of them, by their names.

        Raises:
            InvalidInput: there are no such parameters, or a value is wrong; all are listed.

        """
        known = ", ".join(sorted(self._known)) or "none"
        faults = {
            name: f"Parameter {name!r} is not one of {self._of}; known are {known}."
            for name in params or ()
            if not self.takes(name)
        }
        faults |= wrong or {}
        if faults:
            raise invalid_each("The parameters break the rules of the model.", self._rule, faults)
        return dict(params or {})
