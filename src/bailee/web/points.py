"""One checker for each use that is asked about, shared by all requests of a process."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from bailee.decide.points import Checker
from bailee.gate.gate import Gate
from bailee.vocabulary import Actor, Effect, Verdict

#: Uses that are kept ready at a time.
MOST = 256


class Checkers:
    """Points over HTTP: recorded by the minute, whoever asks under the name of the server's caller."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._held: OrderedDict[tuple[object, ...], Checker] = OrderedDict()
        self._lock = Lock()

    def may(self, purpose: str, effect: Effect | None, recipient: str | None, actor: Actor, customer: str) -> Verdict:
        """One verdict; Refused for a use that the policy refuses."""
        return self._checker(purpose, effect, recipient, actor)(customer)

    def _checker(self, purpose: str, effect: Effect | None, recipient: str | None, actor: Actor) -> Checker:
        key = (purpose, effect, recipient, actor)
        with self._lock:
            found = self._held.get(key)
            if found is None:
                found = self._gate.checker(purpose, effect=effect, recipient=recipient, actor=actor)
                self._held[key] = found
            self._held.move_to_end(key)
            gone = self._held.popitem(last=False)[1] if len(self._held) > MOST else None
        if gone is not None:
            gone.close()
        return found

    def close(self) -> None:
        """Record the last minute of each."""
        with self._lock:
            for each in self._held.values():
                each.close()
            self._held.clear()
