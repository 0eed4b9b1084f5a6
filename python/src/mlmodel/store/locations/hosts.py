"""Which hosts of the web are asked: those that the URI asked for, and public ones (LOC-028)."""

from __future__ import annotations

import ipaddress
import os
import socket

__all__ = ["Hosts", "RefusedHost"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: How near an address is: one of the world, of a private network, of this machine, or none
#: that a model comes from (link-local ones, where clouds hand out credentials, among them).
_PUBLIC, _PRIVATE, _LOOPBACK, _NEVER = range(4)
#: Ends of names that no public name has.
_LOCAL_NAMES = (
    *(".local", ".internal", ".intranet", ".lan", ".home", ".corp", ".private", ".home.arpa"),
    *(".test", ".localdomain"),
)
_VARIABLE = "MLMODEL_PRIVATE_HOSTS"


class RefusedHost(Exception):
    """A host is not asked; the message is what an error says of it."""


class Hosts:
    """The hosts that one URI may lead to, by redirects too.

    A host at an address that is not public is asked only where the URI names it as such (by
    the address, or a name like ``localhost`` or ``store.internal``), where the user listed it in
    ``MLMODEL_PRIVATE_HOSTS``, or where the URI itself is of this machine or of a private network,
    and the address no nearer than that.

    Args:
        host: the host in the URI.

    """

    def __init__(self, host: str) -> None:
        self._asked = host.lower().rstrip(".")
        self._level = _level_of_name(self._asked)
        listed = os.environ.get(_VARIABLE, "").lower().split(",")
        self._listed = {name.strip() for name in listed} - {""}
        self.visited: set[str] = set()

    def visit(self, host: str) -> None:
        """Check a host that is about to be asked, as far as its name says where it is.

        Raises:
            RefusedHost: its name is an address that is not asked.

        """
        host = host.lower().rstrip(".")
        self.visited.add(host)
        address = _address(host)
        if address is not None and not self.allows(host, str(address)):
            raise self.refusal(host, str(address))

    def allows(self, host: str, address: str) -> bool:
        """Return whether a host may be asked at an address."""
        host = host.lower().rstrip(".")
        level = _level(ipaddress.ip_address(address.partition("%")[0]))
        if level == _PUBLIC or host in self._listed:
            return True
        if host == self._asked and self._level != _PUBLIC:
            return True
        return level <= self._level and level != _NEVER

    @staticmethod
    def refusal(host: str, address: str) -> RefusedHost:
        """Return the error for a host at an address."""
        at = "" if host.strip("[]") == address else f", at {address},"
        return RefusedHost(
            f"it leads to the host {host!r}{at} which is not a public address, and the URI did not "
            f"ask for one; if this host is the right one, name it in {_VARIABLE} (LOC-028)"
        )


def _address(host: str) -> Address | None:
    """Return the address that a host's name is, in whatever form systems take; else None."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))  # 127.1, 0x7f000001, 2130706433
    except (OSError, UnicodeError):
        return None


def _level_of_name(host: str) -> int:
    address = _address(host)
    if address is not None:
        return _level(address)
    if host == "localhost" or host.endswith(".localhost"):
        return _LOOPBACK
    return _PRIVATE if "." not in host or host.endswith(_LOCAL_NAMES) else _PUBLIC


def _level(address: Address) -> int:
    if isinstance(address, ipaddress.IPv6Address):
        address = _within(address)
    if address.is_loopback:
        return _LOOPBACK
    if address.is_link_local or address.is_unspecified or address.is_multicast:
        return _NEVER
    if address.is_global:
        return _PUBLIC
    return _PRIVATE if address.is_private or address in _SHARED else _NEVER


#: Addresses of providers' own networks (RFC 6598).
_SHARED = ipaddress.ip_network("100.64.0.0/10")
#: Addresses that stand for one of version 4 in their last 32 bits (RFC 6052, 4291).
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))


def _within(address: ipaddress.IPv6Address) -> Address:
    """Return the address of version 4 that one of version 6 stands for; else itself."""
    if address.is_loopback or address.is_unspecified:
        return address
    if any(address in network for network in _TRANSLATED):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address
