"""What somebody chose as a visitor, before they signed in, where their account says otherwise and does not know better.

Nothing is taken over by itself. A yes is offered only where it would count under the notice that it was given under;
what the account was told later stands. A visitor's signal (GPC) is not among it: the browser sends that by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bailee.collect import signals
from bailee.collect.offering import Offered, State, about, offered, spoken
from bailee.gate.gate import Gate
from bailee.people.choices import Recorded, Said
from bailee.people.kinds import Kind
from bailee.vocabulary import Act, Basis, Instrument


@dataclass(frozen=True, slots=True)
class Earlier:
    """One choice of a visitor's. `offer` is how the account stands, `act` what taking it over would say.

    `notice` is the one that it cites, if that can be cited still; `stopped` says that a signal stands against a yes.
    """

    choice: Recorded
    offer: Offered
    act: Act
    notice: str | None
    stopped: bool

    def said(self, customer: str, at: datetime) -> Said:
        """The choice as the account's own: made now, by its own instrument, under the notice that was shown then."""
        before = self.choice
        kind = Kind(
            self.offer.purpose.key,
            str(self.act),
            str(Instrument.CHECKBOX),
            self.notice,
            before.language,
            before.recipient,
            before.channel,
            conflict_shown=self.stopped,
        )
        evidence = f"taken over from what was chosen before signing in, at {before.at.astimezone(UTC).isoformat()}"
        return Said(customer, kind, at, evidence=evidence)


def differing(gate: Gate, visitor: str, customer: str) -> tuple[Earlier, ...]:
    """What a visitor said last of each purpose, recipient and channel, where it is not what the account says."""
    theirs, own = _newest(spoken(gate, visitor)), spoken(gate, customer)
    if not theirs:
        return ()
    notices = {each.digest: (each.purpose, each.covers) for each in gate.notices()}
    found = []
    for offer in offered(gate, customer):
        key = offer.purpose.key
        for choice in theirs:
            if not about(choice, offer.purpose):
                continue
            purpose, covers = notices.get(choice.notice or "", (None, False))
            notice = choice.notice if purpose == key else None
            stopped = signals.heard(gate.promise.policy, offer.purpose, own, present=False).stops
            if _is_new(choice, offer, own, stopped=stopped) and _can(choice, offer, covers=bool(notice) and covers):
                yes = choice.act == Act.GRANT
                found.append(Earlier(choice, offer, _act(choice, offer), notice, stopped and yes))
    return tuple(found)


def _newest(said: Sequence[Recorded]) -> list[Recorded]:
    """The last word on each purpose, recipient and channel."""
    words = [each for each in said if each.instrument != Instrument.GPC]
    last = {_about(each): each for each in sorted(words, key=_order)}
    return sorted(last.values(), key=_order)


def _is_new(choice: Recorded, offer: Offered, own: Sequence[Recorded], *, stopped: bool) -> bool:
    """Whether the account says something else, and was not told anything since."""
    words = [each for each in own if about(each, offer.purpose) and each.instrument != Instrument.GPC]
    same = [each for each in words if _about(each)[1:] == _about(choice)[1:]]
    last = max(same, key=_order, default=None)
    since = [*same, *(each for each in own if stopped and each.instrument == Instrument.GPC)]
    if any(each.at >= choice.at for each in since):
        return False
    now = None if last is None else last.act == Act.GRANT
    if _about(choice)[1:] == (None, None):
        now = _now(offer, now)
    return now is not (choice.act == Act.GRANT)


def _now(offer: Offered, said: bool | None) -> bool | None:
    """Whether the account's word about a purpose is yes or no today; None where there is none that counts."""
    if offer.state in (State.ASKED_NEVER, State.LAPSED):
        return None
    return said if offer.state is State.BARRED else offer.on


def _can(choice: Recorded, offer: Offered, *, covers: bool) -> bool:
    """Whether it could count: a yes needs a notice of today's terms, and nothing that the person lacks."""
    if choice.act != Act.GRANT:
        return offer.state is not State.BARRED or (offer.last is not None and offer.last.act == Act.GRANT)
    return covers and offer.needs is None and offer.state is not State.BARRED


def _act(choice: Recorded, offer: Offered) -> Act:
    """A yes, or the no that fits how the account stands."""
    if choice.act == Act.GRANT:
        return Act.GRANT
    if offer.purpose.basis is not Basis.CONSENT:
        return Act.OBJECT
    return Act.WITHDRAW if offer.state is State.GRANTED else Act.REFUSE


def _about(each: Recorded) -> tuple[str, str | None, str | None]:
    return each.purpose, each.recipient, each.channel


def _order(each: Recorded) -> tuple[datetime, int]:
    return each.at, each.sequence
