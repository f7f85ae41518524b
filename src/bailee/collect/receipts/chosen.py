"""All that a receipt says of one choice, gathered: what the ledger's entry holds, what was shown, what was promised."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bailee.errors import FactRejected, NotVerified
from bailee.ledger import proof
from bailee.ledger.leaves import read
from bailee.people import customers, facts, notices
from bailee.policy import places
from bailee.policy.model import Policy
from bailee.policy.terms import Terms, terms_of
from bailee.vocabulary import EVERY_PURPOSE, Act, Basis, Instrument

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.gate.proofs import Proven, Prover
    from bailee.people.choices import Recorded
    from bailee.people.notices import Notice

#: What the entry's private record says and a receipt repeats word by word, so that the one is held against the other.
SAID = (
    "customer",
    "purpose",
    "act",
    "at",
    "instrument",
    "notice",
    "recipient",
    "channel",
    "language",
    "conflict_shown",
)


@dataclass(frozen=True, slots=True)
class About:
    """One purpose that a choice was about: its terms as they were shown, or else as they were promised then.

    `basis` is the one where the customer lives; `recipients` those whom the choice was about, with their titles.
    """

    key: str
    title: str
    why: str | None
    terms: Terms
    basis: Basis
    recipients: Mapping[str, str]
    explicit: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice as a receipt tells it. `said` is what the ledger's entry committed to; times are RFC 3339 in UTC."""

    said: Mapping[str, Any]
    recorded_at: str
    about: tuple[About, ...]
    notice: Notice | None
    language: str | None
    by_guardian: bool
    policy: Policy
    origin: str
    position: int
    proof: bytes
    _seed: bytes

    @property
    def act(self) -> Act:
        """What the customer did."""
        return Act(self.said["act"])

    @property
    def at(self) -> datetime:
        """When they did it."""
        return datetime.fromisoformat(str(self.said["at"]))

    @property
    def expressed(self) -> bool:
        """Whether it was done by an instrument that can be explicit."""
        return Instrument(self.said["instrument"]) in (Instrument.CHECKBOX, Instrument.SIGNED, Instrument.API)

    def identifier(self, of: str) -> str:
        """The identifier of the record or of a receipt: always the same one, and random to whoever has no receipt."""
        digest = hashlib.sha256(f"bailee {of} v1".encode() + b"\0" + self._seed).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))


def find(recorded: tuple[Recorded, ...], customer: str, sequence: int | None) -> Recorded:
    """One choice of a customer by its sequence, or the last; FactRejected where there is none."""
    if not recorded:
        raise FactRejected(f"`{customer}` has no choice on record, so there is no receipt")
    if sequence is None:
        return recorded[-1]
    found = next((each for each in recorded if each.sequence == sequence), None)
    if found is None:
        raise FactRejected(f"`{customer}` made no choice with the sequence `{sequence}`; `bailee choices` lists them")
    return found


def gathered(connection: Connection, prover: Prover, recorded: Recorded, today: Policy) -> Chosen:
    """What a receipt says of a choice; NotVerified where the ledger cannot prove it."""
    proven = prover.choice(recorded.sequence)
    opened, seed = _opened(proven)
    policy = prover.policy_at(proven.position) or today
    notice = None if recorded.notice is None else notices.get(connection, recorded.notice)
    shown = notice if notice is not None and notice.terms_digest == recorded.terms else None
    person = facts.of(connection, customers.number_of(connection, prover.customer))
    return Chosen(
        said={name: opened.get(name) for name in SAID},
        recorded_at=proven.at,
        about=tuple(_about(policy, today, shown, recorded, None if person is None else person.place)),
        notice=shown,
        language=opened.get("language") or recorded.language or (None if shown is None else shown.language),
        by_guardian=recorded.guardian is not None,
        policy=policy,
        origin=prover.origin,
        position=proven.position,
        proof=proven.proof,
        _seed=seed,
    )


def _opened(proven: Proven) -> tuple[dict[str, Any], bytes]:
    """What the proof shows that was said, and bytes that only this choice has."""
    carried = proof.read(proven.proof).extra
    parts = proof.read_parts(carried or b"{}")
    found = parts.row if parts.row is not None else parts.opening
    if found is None:
        why = proven.unshown or "its record is gone"
        raise NotVerified(f"no receipt can be given of the choice in entry `{proven.position}`: {why}")
    return read(str(found["record"]).encode()), bytes.fromhex(found["random"]) + str(found["record"]).encode()


def _about(policy: Policy, today: Policy, notice: Notice | None, recorded: Recorded, place: str | None) -> list[About]:
    if recorded.purpose != EVERY_PURPOSE:
        return [_one(policy, today, recorded.purpose, notice, recorded, place)]
    asked = [
        key
        for key, purpose in policy.purposes.items()
        if _basis(terms_of(policy, purpose), place) in (Basis.CONSENT, Basis.LEGITIMATE_INTEREST)
    ]
    return [_one(policy, today, key, None, recorded, place) for key in asked]


def _one(
    policy: Policy, today: Policy, key: str, notice: Notice | None, recorded: Recorded, place: str | None
) -> About:
    there = policy if key in policy.purposes else today
    purpose = there.purposes.get(key)
    if notice is None and purpose is None:
        raise NotVerified(f"nothing on record says what `{key}` was, so no receipt can tell")
    terms = notice.terms if notice is not None else terms_of(there, purpose)  # type: ignore[arg-type]  # one is there
    named = [recorded.recipient] if recorded.recipient is not None else list(terms.recipients)
    return About(
        key,
        key if purpose is None else purpose.title,
        None if purpose is None else purpose.why,
        terms,
        _basis(terms, place),
        {each: there.recipients[each].title if each in there.recipients else each for each in named},
        purpose is not None and purpose.explicit,
    )


def _basis(terms: Terms, place: str | None) -> Basis:
    """The basis where a customer lives, by the smallest area that says one."""
    around = [area for area in terms.basis_by_place if place is not None and places.within(place, area)]
    return terms.basis_by_place[max(around, key=len)] if around else terms.basis
