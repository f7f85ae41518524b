"""How many requests an address may send: a bucket of tokens each, filled again at a steady rate."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address

#: The most addresses that are remembered; the one that was quiet longest goes first.
MOST = 50_000
#: What one household or machine is given of IPv6 at the least (RFC 6177): whoever has one address has all of these.
NETWORK = 64


class Buckets:
    """Buckets by name; each holds `a_minute` tokens when full and is filled with as many a minute."""

    def __init__(self, a_minute: float, clock: Callable[[], float]) -> None:
        self._full, self._rate, self._clock = a_minute, a_minute / 60, clock
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, client: str) -> int:
        """Take a token for a client's address: 0, or how many whole seconds to wait for one; from any thread."""
        with self._lock:
            return self._wait(sender(client), self._clock())

    def _wait(self, name: str, now: float) -> int:
        tokens, at = self._held.pop(name, (self._full, now))
        tokens = min(self._full, tokens + (now - at) * self._rate)
        taken = tokens >= 1
        self._held[name] = (tokens - 1 if taken else tokens, now)
        if len(self._held) > MOST:
            self._held.popitem(last=False)
        return 0 if taken else math.ceil((1 - tokens) / self._rate)


def sender(client: str) -> str:
    """What counts as one sender: an IPv4 address, also where it is written as one of IPv6, or a network of IPv6."""
    try:
        address: IPv4Address | IPv6Address = ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> (128 - NETWORK) << (128 - NETWORK)))
