"""What one person is offered to choose, what they chose, and whether they must be asked again.

Standing alone decides; here it is only put as a person's own choices (`spec/decision.md` D4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bailee.gate.gate import Gate
from bailee.people.choices import Recorded
from bailee.policy.model import Purpose
from bailee.vocabulary import EVERY_PURPOSE, Act, Basis, Instrument, Reason


class State(StrEnum):
    """Where a person's choice about a purpose stands."""

    ASKED_NEVER = "not_asked"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    OBJECTED = "objected"
    GPC = "refused_by_gpc"
    #: A grant that holds no more: the terms were widened, the time ran out, or nothing shows what was agreed to.
    LAPSED = "ask_again"
    #: What the purpose needs no choice for.
    IN_USE = "in_use"
    #: Whatever they choose, the purpose is not for them: too young, elsewhere, restricted, no contract.
    BARRED = "not_for_you"


_STATES: Mapping[str, State] = {
    "never_asked": State.ASKED_NEVER,
    "unknown_customer": State.ASKED_NEVER,
    "refused": State.REFUSED,
    "withdrawn": State.WITHDRAWN,
    "objected": State.OBJECTED,
    "gpc": State.GPC,
    "terms_widened": State.LAPSED,
    "consent_expired": State.LAPSED,
    "nothing_shown": State.LAPSED,
    "not_explicit": State.LAPSED,
}
_SAID = {Act.REFUSE: State.REFUSED, Act.WITHDRAW: State.WITHDRAWN, Act.OBJECT: State.OBJECTED}
#: What is missing where standing says so, and a person can say it.
NEEDS = {"age_unknown": "age", "place_unknown": "place", "guardian_needed": "guardian"}


@dataclass(frozen=True, slots=True)
class Offered:
    """A purpose as one person may choose about it; `last` is what they said last, `ask` whether to ask them.

    `needs` is `age`, `place` or `guardian` where a choice cannot count before that is known or there.
    """

    purpose: Purpose
    state: State
    reason: Reason
    ask: bool
    needs: str | None
    last: Recorded | None

    @property
    def on(self) -> bool:
        """Whether their data is used for it now."""
        return self.state in (State.GRANTED, State.IN_USE)


def offered(gate: Gate, customer: str | None) -> tuple[Offered, ...]:
    """Every purpose on consent or legitimate interest, as this customer, or somebody not on record, may choose it.

    Purposes that a standard refuses altogether are left out: nobody is asked for what will not happen.
    """
    policy = gate.promise.policy
    reasons = gate.own_standing("" if customer is None else customer)
    said = () if customer is None else spoken(gate, customer)
    found = []
    for key, purpose in policy.purposes.items():
        if purpose.basis in (Basis.CONSENT, Basis.LEGITIMATE_INTEREST) and possible(gate, purpose):
            found.append(offer(purpose, reasons[key], said))
    return tuple(found)


def spoken(gate: Gate, customer: str) -> tuple[Recorded, ...]:
    """All that a customer said; nothing where they are not on record."""
    from bailee.errors import FactRejected

    try:
        return gate.choices(customer)
    except FactRejected:
        return ()


def possible(gate: Gate, purpose: Purpose) -> bool:
    """Whether anybody may use data for a purpose at all, whoever they are."""
    from bailee.vocabulary import Actor

    everybody = Actor("everybody", purpose.roles, _trainings(gate, purpose))
    return gate.rule(purpose.key, actor=everybody).permitted


def _trainings(gate: Gate, purpose: Purpose) -> frozenset[str]:
    roles = gate.promise.policy.roles
    return purpose.training.union(*(roles[role].training for role in purpose.roles if role in roles))


def offer(purpose: Purpose, reason: Reason, said: Sequence[Recorded]) -> Offered:
    """A purpose as one person may choose about it, by why they stand in it or not, and what they said."""
    last = max((each for each in said if about(each, purpose)), key=_order, default=None)
    consent = purpose.basis is Basis.CONSENT
    if reason.code == "stands":
        state = State.GRANTED if consent else State.IN_USE
    elif reason.code in NEEDS:
        state = _before_it_counts(purpose, said)
    else:
        state = _STATES.get(reason.code, State.BARRED)
    ask = consent and state in (State.ASKED_NEVER, State.LAPSED)
    return Offered(purpose, state, reason, ask, NEEDS.get(reason.code), last)


def _before_it_counts(purpose: Purpose, said: Sequence[Recorded]) -> State:
    """Where the choice of somebody stands whose yes could not count yet: a no is one all the same."""
    spoken = [each for each in said if about(each, purpose) and each.instrument != Instrument.GPC]
    last = max(spoken, key=_order, default=None)
    if last is None:
        return State.ASKED_NEVER
    return State.LAPSED if last.act == Act.GRANT else _SAID[Act(last.act)]


def about(choice: Recorded, purpose: Purpose) -> bool:
    """Whether a choice is about a purpose, by its name of today or before, or by a signal about all."""
    if choice.purpose == EVERY_PURPOSE:
        return choice.instrument == Instrument.GPC
    return choice.purpose == purpose.key or choice.purpose in purpose.was


def _order(choice: Recorded) -> tuple[datetime, int]:
    return choice.at, choice.sequence
