"""What a client is told when it is made: the server's address, and how it is asked."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import unquote, urlsplit

from mlmodel._base.version import __version__
from mlmodel.errors import InvalidArgument, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["PROTOCOLS", "Address", "Options", "Settings", "address_of", "options_of"]

PROTOCOLS = ("auto", "v2", "invocations", "grpc", "grpc-frames")
_OF_GRPC = frozenset({"grpc", "grpc-frames"})
#: How many bytes an answer has at most, unless a client is told otherwise.
_MOST_BYTES = 2**30
_SCHEMES = ("http", "https", "grpc", "grpcs")
_PORTS = {"http": 80, "https": 443, "grpc": 8001, "grpcs": 8001}


@dataclass(frozen=True)
class Address:
    """Where a server is.

    ``path`` stands before the protocols' own paths; ``socket`` is a socket of the file system that
    is connected to in the place of host and port.
    """

    scheme: str
    host: str
    port: int
    path: str = ""
    socket: str | None = None

    @property
    def is_grpc(self) -> bool:
        """Whether it is one of a server of gRPC."""
        return self.scheme in {"grpc", "grpcs"}

    @property
    def is_encrypted(self) -> bool:
        """Whether connections are encrypted."""
        return self.scheme in {"https", "grpcs"}

    @property
    def authority(self) -> str:
        """Host and port as a URL has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        if self.socket is not None:
            return f"unix://{self.socket}"
        return f"{self.scheme}://{self.authority}{self.path}"


def address_of(url: str) -> Address:
    """Return the address that a URL names.

    ``http://host:port/path``, ``https://…``, ``grpc://host:port``, ``grpcs://…`` (encrypted), or
    ``unix:///path/of/socket``; without a scheme it is HTTP.

    Raises:
        InvalidArgument: it is none of these.

    """
    text = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit("wrong://"), None
    if parts.scheme == "unix" and parts.path and not parts.netloc and url.isprintable():
        return Address("http", "localhost", 80, socket=unquote(parts.path))
    is_known = parts.scheme in _SCHEMES and parts.hostname and url.isprintable()
    if not is_known or parts.query or parts.fragment or " " in url:
        raise InvalidArgument(
            f"{shown(url)} is not the address of a server: give http://HOST:PORT, https://…, "
            "grpc://HOST:PORT, grpcs://… or unix:///PATH."
        )
    if parts.username is not None or parts.password is not None:
        raise InvalidArgument(
            "The address names a user; what a server wants to know is given as token (RST-190)."
        )
    path = parts.path.rstrip("/")
    # Who copies the address of a model from curl's line means the server.
    path = path.removesuffix("/invocations")
    return Address(parts.scheme, str(parts.hostname), port or _PORTS[parts.scheme], path)


@dataclass(frozen=True)
class Options:
    """How a server is asked; see :class:`mlmodel.client.Client`."""

    address: Address
    model: str | None
    protocol: str
    headers: tuple[tuple[str, str], ...]
    timeout: float
    connect_timeout: float
    retries: int
    max_answer: int
    connections: int
    verify: bool
    ca: str | None
    certificate: tuple[str, str | None] | None
    proxy: str | None

    def tls(self) -> ssl.SSLContext | None:
        """Return the context of encrypted connections, None where they are not.

        Raises:
            InvalidArgument: a file of certificates or the key cannot be used.

        """
        if not self.address.is_encrypted:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate is not None:
                context.load_cert_chain(*self.certificate)
        except (OSError, ssl.SSLError) as error:
            raise InvalidArgument(
                f"A file of certificates or keys cannot be used: {error.strerror or error}."
            ) from None
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


class Settings(TypedDict, total=False):
    """How a client may be made; see :class:`mlmodel.client.Client`."""

    model: str | None
    protocol: str
    token: str | None
    headers: Mapping[str, str] | None
    timeout: float
    connect_timeout: float
    retries: int
    max_answer: int
    connections: int
    verify: bool
    ca: str | Path | None
    certificate: str | Path | tuple[str | Path, str | Path] | None
    proxy: str | None


def options_of(url: str, given: Settings) -> Options:
    """Return the options that are given, checked.

    Raises:
        InvalidArgument: one is wrong.
        TypeError: there is no such setting.

    """
    unknown = next((name for name in given if name not in Settings.__annotations__), None)
    if unknown is not None:
        raise TypeError(f"A client has no setting {unknown!r}.")
    address = address_of(url)
    protocol = given.get("protocol", "auto")
    if protocol not in PROTOCOLS:
        raise InvalidArgument(f"protocol is {', '.join(PROTOCOLS)}, not {shown(protocol)}.")
    if address.is_grpc and protocol not in {"auto", *_OF_GRPC}:
        raise InvalidArgument(f"{address} is an address of gRPC, but protocol is {protocol!r}.")
    if not address.is_grpc and protocol in _OF_GRPC:
        address = _of_grpc(address)
    verify, ca = given.get("verify", True), given.get("ca")
    if address.is_grpc and not verify:
        raise InvalidArgument("Over gRPC a server's certificate is always checked: give its ca.")
    return Options(
        address=address,
        model=given.get("model"),
        protocol="grpc" if address.is_grpc and protocol == "auto" else protocol,
        headers=_headers(given),
        timeout=_seconds(given.get("timeout", 60.0)),
        connect_timeout=_seconds(given.get("connect_timeout", 10.0)),
        retries=_number("retries", given.get("retries", 2), 0),
        max_answer=_number("max_answer", given.get("max_answer", _MOST_BYTES), 1),
        connections=_number("connections", given.get("connections", 10), 1),
        verify=verify,
        ca=None if ca is None else str(ca),
        certificate=_certificate(given.get("certificate")),
        proxy=given.get("proxy"),
    )


def _of_grpc(address: Address) -> Address:
    """Return the address of gRPC that one of HTTP stands for where gRPC is asked for."""
    if address.socket is not None or address.path:
        raise InvalidArgument(
            f"gRPC has no paths and is not asked at a socket of the file system: {address} cannot "
            "be asked by it; give grpc://HOST:PORT."
        )
    scheme = "grpcs" if address.is_encrypted else "grpc"
    return Address(scheme, address.host, address.port)


def _seconds(given: float) -> float:
    if not 0 < given < float("inf"):
        raise InvalidArgument(f"A timeout is a number of seconds above 0, not {given!r}.")
    return float(given)


def _number(name: str, given: int, least: int) -> int:
    if given < least:
        raise InvalidArgument(f"{name} is {least} or more, not {given!r}.")
    return int(given)


def _headers(given: Settings) -> tuple[tuple[str, str], ...]:
    named = {"User-Agent": f"mlmodel/{__version__}", **(given.get("headers") or {})}
    token = given.get("token")
    if token is not None:
        named["Authorization"] = f"Bearer {token}"
    return tuple(_checked_header(*one) for one in named.items())


def _checked_header(name: str, value: str) -> tuple[str, str]:
    if not (name.isascii() and name.isprintable() and value.isascii() and value.isprintable()):
        raise InvalidArgument(
            f"The header {shown(name)} holds something else than printable ASCII, which no header "
            "can hold; is there a line break in the token?"
        )
    return name, value


def _certificate(given: Any) -> tuple[str, str | None] | None:
    if given is None:
        return None
    if isinstance(given, tuple):
        chain, key = given
        return str(chain), str(key)
    return str(given), None
