"""Every use of one customer's data as a timeline, the newest first, each line with its proof."""

from __future__ import annotations

from collections.abc import Iterable
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


#: How many entries one page looks at, and how many uses of them it judges.
READ, JUDGED = 50_000, 2_000


def about_them(said: str, in_scope: bool | None) -> bool:
    """Whether a use may have used their data, as far as anybody can say."""
    return in_scope is True or (in_scope is None and said not in ("refused", "failed"))


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
        return about_them(self.said, self.in_scope)

    @property
    def disclosed(self) -> bool:
        """Whether it went to somebody outside of the company, with them in it."""
        return self.recipient is not None and self.about_them


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of uses. `next` is the entry that the next page begins before, None at the end, and `later` what it has to
    be told too; a page may have few, or none, where many entries before it are not to be shown."""

    uses: tuple[Used, ...]
    next: int | None
    later: tuple[int, ...]
    size: int


def timeline(
    gate: Gate,
    customer: str,
    *,
    purpose: str | None = None,
    every: bool = False,
    before: int | None = None,
    later: Iterable[int] = (),
    limit: int = 20,
) -> Timeline:
    """Uses that may have included a customer, or with `every` also those that did not; FactRejected for nobody.

    It costs what a page costs, however long the ledger is: at most `READ` entries are looked at, and `JUDGED` of them
    in full.
    """
    found: list[Used] = []
    with gate.proofs(customer) as prover:
        back = prover.uses_back(before, later)
        ends = back.at, back.later
        for judged, concern in enumerate(back.uses(READ), 1):
            wanted = _wanted(gate, prover, concern, purpose, every=every)
            if wanted and len(found) == limit:
                return Timeline(tuple(found), *_on(ends), prover.head.size)
            if wanted:
                found.append(_used(prover, concern))
                ends = back.at, back.later
            if judged == JUDGED:
                break
        full = len(found) == limit and back.at > 0
        return Timeline(tuple(found), *_on(ends if full else (back.at, back.later)), prover.head.size)


def _on(ends: tuple[int, tuple[int, ...]]) -> tuple[int | None, tuple[int, ...]]:
    """Where the next page begins; nowhere once everything was read."""
    at, later = ends
    return at or None, later


def _wanted(gate: Gate, prover: Prover, concern: Concern, purpose: str | None, *, every: bool) -> bool:
    """Whether a use belongs on the page; this makes no proof yet."""
    if purpose is not None and gate.leaf(concern.position)["purpose"] != purpose:
        return False
    return every or about_them(*prover.scope(concern))


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
