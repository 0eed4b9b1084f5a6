"""Passwords in addresses: found, taken out, and never shown (ENV-023, LOC-015)."""

from __future__ import annotations

import re

__all__ = ["has_password", "masked", "without_password"]

# Patterns as texts: most texts have no address, and then none of them is compiled.
#: Before the host of an address; a name alone is a secret too (a token), but not for ssh. What
#: stands for a variable (`${TOKEN}`), which pip puts in, is none.
_BEFORE_HOST = r"(?i)((?:https?|ftp|s3)://)(?!\$\{)[^\s/@'\"]+(?<!\})@"
#: The same where it is two, and the second is a password whatever the scheme.
_PAIR = r"(://)(?!\$\{)[^\s/@:'\"]+:(?!\$\{)[^\s/@'\"]+@"
#: Tokens of conda's servers stand in the path, and others in the query.
_IN_PATH = r"(/t/)(?!\$\{)[^/]+(?=/|$)"
_ADDRESS = r"[^\s'\"]+"
_IN_QUERY = (
    r"(?i)([?&](?:[\w-]*(?:token|secret|password|passwd|signature|api[_-]?key)|sig|pwd)=)(?!\$\{)"
    r"[^\s&#'\"]+"
)


def has_password(text: str) -> bool:
    """Return whether an address in a text has a password or token."""
    return "://" in text and masked(text) != text


def masked(text: str) -> str:
    """Return a text in which `…` stands for each password or token of an address."""
    if "://" not in text:
        return text
    text = re.sub(_PAIR, r"\1…@", re.sub(_BEFORE_HOST, r"\1…@", text))
    if "/t/" in text:
        text = re.sub(_ADDRESS, _masked_in_path, text)
    return re.sub(_IN_QUERY, r"\1…", text)


def _masked_in_path(address: re.Match[str]) -> str:
    # Looked for behind the first scheme alone: from each one on, it would take quadratic time.
    scheme, sign, path = address[0].partition("://")
    return scheme + sign + re.sub(_IN_PATH, r"\1…", path) if sign else scheme


def without_password(text: str) -> str:
    """Return a text whose addresses are without passwords and tokens, and so can be used."""
    return (
        re.sub(r"[?&][^=?&]+=…", "", masked(text)).replace("://…@", "://").replace("/t/…/", "/")
        if has_password(text)
        else text
    )
