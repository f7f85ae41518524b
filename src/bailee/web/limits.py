"""How many requests an address may send: a bucket of tokens each, filled again at a steady rate."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

#: The most addresses that are remembered; the one that was quiet longest goes first.
MOST = 50_000


class Buckets:
    """Buckets by name; each holds `a_minute` tokens when full and is filled with as many a minute."""

    def __init__(self, a_minute: float, clock: Callable[[], float]) -> None:
        self._full, self._rate, self._clock = a_minute, a_minute / 60, clock
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, name: str) -> int:
        """Take a token: 0, or how many whole seconds to wait for one."""
        now = self._clock()
        tokens, at = self._held.pop(name, (self._full, now))
        tokens = min(self._full, tokens + (now - at) * self._rate)
        taken = tokens >= 1
        self._held[name] = (tokens - 1 if taken else tokens, now)
        if len(self._held) > MOST:
            self._held.popitem(last=False)
        return 0 if taken else math.ceil((1 - tokens) / self._rate)
