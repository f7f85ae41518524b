"""Every use of one customer's data as a timeline, the newest first, each line with its proof."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from bailee.collect.receipts import issuing
from bailee.errors import FactRejected, NotVerified, WorkspaceError
from bailee.gate.askers import Asker
from bailee.gate.concerns import Concern
from bailee.gate.gate import Gate
from bailee.gate.proofs import Prover
from bailee.people import customers, deals

#: Kinds of entries by which data is used; a minute of a checker is one.
USE, OPENED, CLOSED, DISCLOSURE = "use", "points_opened", "points_closed", "disclosure"
KINDS = (USE, OPENED, CLOSED, DISCLOSURE)


@dataclass(frozen=True, slots=True)
class Used:
    """One use. `said` is what came of it; `in_scope` None where nothing was used, or nobody can say; `asker` None where
    it is not on record who asked."""

    entry: int
    at: datetime
    kind: str
    purpose: str | None
    effect: str | None
    recipient: str | None
    said: str
    in_scope: bool | None
    unshown: str | None
    asker: Asker | None
    proof: bytes = field(repr=False)

    @property
    def about_them(self) -> bool:
        """Whether it may have used their data, as far as anybody can say."""
        return self.in_scope is True or (self.in_scope is None and self.said not in ("refused", "failed"))

    @property
    def disclosed(self) -> bool:
        """Whether it went to somebody outside of the company, with them in it."""
        return self.recipient is not None and self.about_them


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of uses; `next` is the entry that the next page begins after, None at the end."""

    uses: tuple[Used, ...]
    next: int | None
    size: int


def timeline(
    gate: Gate,
    customer: str,
    *,
    purpose: str | None = None,
    every: bool = False,
    before: int | None = None,
    limit: int = 20,
) -> Timeline:
    """Uses that may have included a customer, or with `every` also those that did not; FactRejected for nobody."""
    found: list[Used] = []
    with gate.proofs(customer) as prover:
        for used in _newest(gate, prover, purpose, before):
            if not (every or used.about_them):
                continue
            if len(found) == limit:
                return Timeline(tuple(found), found[-1].entry, prover.head.size)
            found.append(used)
        return Timeline(tuple(found), None, prover.head.size)


def proof(gate: Gate, customer: str, entry: int) -> bytes:
    """The proof file of one use of a customer's data; NotVerified where the entry does not concern them."""
    with gate.proofs(customer) as prover:
        for concern in prover.concerns(entry, None):
            return prover.prove(concern).proof
    raise NotVerified(f"entry `{entry}` does not concern them")


@dataclass(frozen=True, slots=True)
class Deleting:
    """By when a disclosure must be deleted by whoever received it, and whether and when that was asked and confirmed.

    None where there is no such day, or nothing was asked or confirmed yet.
    """

    delete_by: datetime | None
    asked_at: datetime | None = None
    confirmed_at: datetime | None = None


def deletions(gate: Gate, customer: str) -> dict[int, Deleting]:
    """By entry, what became of each disclosure of a customer; FactRejected for nobody."""
    with gate.database.read() as connection:
        number = customers.number_of(connection, customer)
        asked = {
            each.release: each for each in deals.deletions(connection, "customer IS NULL OR customer = ?", (number,))
        }
        found = {}
        for each in deals.releases(connection):
            mine = asked.get(each.number)
            if mine is None:
                found[each.entry] = Deleting(each.delete_by)
            else:
                found[each.entry] = Deleting(mine.due_by, mine.asked_at, mine.confirmed_at)
        return found


def receipt(gate: Gate, customer: str, sequence: int) -> tuple[str, bytes]:
    """What a customer keeps of one of their choices, and its file's name: the signed receipt, or where the company does
    not say who it is and none can be given, the proof alone. FactRejected where they made no such choice."""
    if all(each.sequence != sequence for each in gate.choices(customer)):
        raise FactRejected(f"no choice of theirs has the sequence `{sequence}`")
    try:
        return f"receipt-{sequence:08}.json", issuing.receipt(gate, customer, sequence).file
    except (WorkspaceError, FactRejected):
        with gate.proofs(customer) as prover:
            return f"choice-{sequence:08}.tlog-proof", prover.choice(sequence).proof


def _newest(gate: Gate, prover: Prover, purpose: str | None, before: int | None) -> Iterator[Used]:
    """Uses, the newest first; each is proven only once it is asked for."""
    for concern in reversed(prover.concerns(None, None)):
        if before is not None and concern.position >= before:
            continue
        leaf = gate.leaf(concern.position)
        if leaf["kind"] in KINDS and (purpose is None or leaf["purpose"] == purpose):
            yield _used(prover, concern)


def _used(prover: Prover, concern: Concern) -> Used:
    proven = prover.prove(concern)
    return Used(
        proven.position,
        datetime.fromisoformat(proven.at),
        proven.kind,
        proven.purpose,
        proven.effect,
        proven.recipient,
        proven.said,
        proven.in_scope,
        proven.unshown,
        proven.asker,
        proven.proof,
    )
