"""What a person at the command line can do about an error, named by the option that does it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlmodel.errors import InvalidArgument, MalformedRequest, MlmodelError, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["advice_on_forms", "advice_on_servers", "form_advice"]

#: The rules by which a server with several models refuses a request that names none.
_SEVERAL = ("RST-131", "GRP-022")
#: What is told of data that cannot be read in pieces, because they are JSON.
_ONE_VALUE = "'application/json' are one value"


@contextmanager
def advice_on_servers(*, model: str | None, has_token: bool) -> Iterator[None]:
    """Add to a server's refusal which option gives what it asks for.

    Args:
        model: the name that was given.
        has_token: a token was given.

    Raises:
        MlmodelError: as what is done raises.

    """
    try:
        yield
    except Unauthenticated as error:
        what = "holds another token that it takes" if has_token else "holds the token"
        raise _with(error, f"Name the file that {what} by --token-file FILE.") from error
    except MlmodelError as error:
        if model is not None or not any(rule in error.message for rule in _SEVERAL):
            raise
        raise _with(error, "Name the model by -m NAME.") from error


@contextmanager
def advice_on_forms(source: str, form: str | None) -> Iterator[None]:
    """Add to the refusal of a file whose form was guessed how to say it.

    Args:
        source: the file, or ``-``.
        form: what ``--content-type`` says.

    Raises:
        MlmodelError: as what is done raises.

    """
    try:
        yield
    except (MalformedRequest, InvalidArgument) as error:
        advice = form_advice(source, form)
        if not advice or not (isinstance(error, MalformedRequest) or _ONE_VALUE in error.message):
            raise
        raise _with(error, advice) from error


def form_advice(source: str, form: str | None) -> str:
    """Return what is said of a file that was read as JSON for want of a name; empty of others."""
    from mlmodel.cli._shared import says_its_form

    if form is not None or says_its_form(source):
        return ""
    if source == "-":
        return "Standard input was read as JSON; say by -t FORM what else it is, such as -t csv."
    return (
        f"{source} was read as JSON, since its name does not say its form; say it by -t FORM, such "
        "as -t csv."
    )


def _with(error: MlmodelError, advice: str) -> MlmodelError:
    changed = type(error)(f"{error.message} {advice}", error.details)
    changed.answered = error.answered
    return changed
