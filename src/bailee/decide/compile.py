"""A policy made ready once: rulings on uses, everybody's standing, and what today's terms are covered by."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from bailee.decide.covering import Covering
from bailee.decide.law import Law
from bailee.decide.lawful import Judgement, judge
from bailee.decide.ruling import Ruling
from bailee.decide.uses import Asked, stranger
from bailee.policy.model import Policy
from bailee.policy.terms import Terms, terms_of
from bailee.vocabulary import Customer, Use

if TYPE_CHECKING:
    from bailee.decide.crowd import Crowd
    from bailee.decide.many import Standings


class Slot(NamedTuple):
    """One place in everybody's standing: a purpose, and one recipient or (None) all that it lists, if any."""

    purpose: str
    recipient: str | None


class Compiled:
    """A policy, ready; `digest` names it. Give it one policy for ever: it remembers what it works out."""

    def __init__(self, policy: Policy, digest: str) -> None:
        self.policy, self.digest = policy, digest
        # By key, not in the file's order: standing is kept under the digest, which no layout changes.
        listed = [policy.purposes[key] for key in sorted(policy.purposes)]
        self.purposes = tuple(purpose.key for purpose in listed)
        self.slots = tuple(Slot(p.key, to) for p in listed for to in (None, *p.recipients))
        self._numbers = {slot: number for number, slot in enumerate(self.slots)}
        self._asked: dict[str, Asked] = {}
        self._today: dict[str, Terms] = {p.key: terms_of(policy, p) for p in listed}
        self._covers: dict[tuple[str, str], bool] = {}

    def slot(self, purpose: str, recipient: str | None = None) -> int:
        """The place of a purpose and recipient in everybody's standing; KeyError if the policy lists no such thing."""
        return self._numbers[Slot(purpose, recipient)]

    def rule(self, use: Use) -> Ruling:
        """The policy's answer to a use; never raises."""
        if use.purpose not in self.policy.purposes:
            return stranger(self.policy, use, self.digest)
        slot = self._numbers.get(Slot(use.purpose, use.recipient))
        return self._purpose(use.purpose).rule(use, self.digest, slot)

    def law(self, purpose: str) -> Law:
        """A purpose as customers are judged by it; KeyError if the policy has no such purpose."""
        return self._purpose(purpose).law

    def named(self, slot: int) -> tuple[str | None, ...]:
        """The recipients that a slot is about, each of whom the customer must agree to; None is the company itself."""
        purpose, recipient = self.slots[slot]
        return self.law(purpose).everyone if recipient is None else (recipient,)

    def covering(self, terms: Mapping[str, Terms]) -> Covering:
        """Which of the registered terms (by digest) cover today's; make another when a notice is registered."""
        return Covering(terms, self._today, self._covers)

    def judge(self, facts: Customer, slot: int, at: datetime, covering: Covering) -> Judgement:
        """One customer's standing in one slot at an instant, and until when it is sure."""
        return judge(self.law(self.slots[slot].purpose), self.named(slot), facts, at, covering)

    def standing(self, facts: Customer, at: datetime, covering: Covering) -> tuple[bytes, datetime | None]:
        """One customer's codes, one byte a slot, and the next instant at which any may change by itself."""
        judged = [self.judge(facts, slot, at, covering) for slot in range(len(self.slots))]
        ends = [judgement.until for judgement in judged if judgement.until is not None]
        return bytes(judgement.code for judgement in judged), min(ends, default=None)

    def standings(self, crowd: Crowd, at: datetime, covering: Covering) -> Standings:
        """Everybody's standing at an instant: the same codes as `standing` gives one by one."""
        from bailee.decide.many import standings

        return standings(self, crowd, at, covering)

    def _purpose(self, key: str) -> Asked:
        found = self._asked.get(key)
        if found is None:
            found = self._asked[key] = Asked.of(self.policy, Law(self.policy, self.policy.purposes[key]))
        return found


#: The policies compiled last, by digest.
_READY: OrderedDict[str, Compiled] = OrderedDict()
_KEPT = 8


def compile(policy: Policy, digest: str) -> Compiled:
    """The policy made ready; the same digest gives the same object while it is among the last few that were used."""
    ready = _READY.pop(digest, None)
    # Lines are no part of a digest, and reasons tell them.
    if ready is None or ready.policy.lines != policy.lines:
        ready = Compiled(policy, digest)
    _READY[digest] = ready
    while len(_READY) > _KEPT:
        _READY.popitem(last=False)
    return ready
