"""Where word may be sent: over HTTPS to the world, and elsewhere only where the settings say so in so many words.

A name is looked up here, every address that it has is judged, and the one that was judged is connected to: whoever
answers for a name cannot give one address to the check and another to the connection.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from bailee.errors import WorkspaceError

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PORTS = {"https": 443, "http": 80}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Target:
    """An address to connect to, with the URL that names it, and the name that TLS and HTTP are told."""

    url: str
    host: str
    authority: str


def wrong(url: str) -> str | None:
    """Why a URL cannot be that of a webhook, without repeating it, or None."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "it is no URL"
    if parts.scheme not in _PORTS or not host:
        return "it is no `https://` URL"
    if parts.username is not None or parts.password is not None:
        return "it holds a user or a password; the signature says who sends"
    if parts.fragment:
        return "it has a fragment, which is never sent"
    if parts.scheme == "http" and not _is_loopback(host):
        return "it is not encrypted: only this machine itself may be told over `http://`"
    return None


def target(url: str, *, private: bool) -> Target:
    """Where to connect to; WorkspaceError where the name has no address, or one that is not public.

    This machine itself may be told if the URL names it, and a network's own addresses if `private` says so.
    """
    reason = wrong(url)
    if reason is not None:
        raise WorkspaceError(f"the address cannot be used: {reason}")
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    found = _looked_up(host, port)
    allowed = private or _is_loopback(host)
    refused = next((each for each in found if not allowed and not _is_public(each)), None)
    if refused is not None:
        raise WorkspaceError(
            "the address is not a public one; if it is your own network's, set `private = true` for the webhook"
        )
    return Target(_pinned(parts, found[0], port), host, parts.netloc)


def _looked_up(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise WorkspaceError("the name of the address has no address") from None
    return [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]


def _is_loopback(host: str) -> bool:
    """Whether a URL names this machine itself, and not by a name that somebody else answers for."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_public(address: Address) -> bool:
    """Whether everybody has the same idea of an address; of one that carries another, both count."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        carried = [each for each in inner if each is not None]
        if carried:
            return all(_is_public(each) for each in carried)
    return address.is_global and not address.is_multicast


def _pinned(parts: SplitResult, address: Address, port: int) -> str:
    host = f"[{address}]" if isinstance(address, ipaddress.IPv6Address) else str(address)
    return parts._replace(netloc=f"{host}:{port}").geturl()
