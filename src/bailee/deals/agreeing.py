"""Putting a deal on record, screening, approving, agreeing to and taking it back: each step an entry of the ledger.

What is agreed is a version: the digest of what a file says. Another file is another version, with nothing of the first
one's approvals. A version is always read again from what is on record, under the policy in force.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bailee.deals import agreed
from bailee.deals.agreed import Did, Promise, State
from bailee.deals.document import parse_deal
from bailee.deals.finding import Outcome, Screen, Test
from bailee.deals.model import Deal
from bailee.deals.records import digest as deal_digest
from bailee.errors import DealError, FactRejected, Refused
from bailee.people import deals
from bailee.people.deals import Version
from bailee.vocabulary import Actor, Principle, Reason

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from bailee.gate.gate import Gate, Leaf

LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """A version as it stands: what it says under the policy in force, or None where that no longer reads it, and why.

    `against` says what keeps it from being agreed, or where it is agreed, from being released.
    """

    version: Version
    deal: Deal | None
    state: State
    against: tuple[Reason, ...]

    @property
    def digest(self) -> str:
        """The version's digest."""
        return self.version.digest


def propose(gate: Gate, text: str, *, actor: Actor, name: str = "deal.yaml") -> Standing:
    """Put a deal's file on record as drafted by somebody, who then cannot approve it; DealError for what is none."""
    deal = parse_deal(text, gate.promise.policy, name)

    def work(connection: Connection, at: datetime, leaf: Leaf) -> None:
        _proposed(gate, connection, deal, text, actor, at, leaf)

    gate.together(work)
    return standing(gate, deal_digest(deal))


def screened(gate: Gate, text: str, screen: Screen, *, actor: Actor, name: str = "deal.yaml") -> Standing:
    """Put the screen of a deal's file on record; FactRejected where it is of another deal than the file says.

    What a test asks for beside is a condition, which somebody must say to be met. Earlier approvals do not count.
    """
    deal = parse_deal(text, gate.promise.policy, name)
    digest = deal_digest(deal)
    if deal_digest(screen.deal) != digest:
        raise FactRejected("the screen is of another deal than this file says: screen this one")
    said = {
        "verdict": str(screen.verdict),
        "policy": screen.policy,
        "map": screen.map,
        "seed": screen.seed,
        "conditions": [str(each.test) for each in screen.findings if each.outcome is Outcome.CONDITION],
        "refused": [str(each.test) for each in screen.findings if each.outcome is Outcome.REFUSED],
        "missing": [str(test) for test in Test if test not in {each.test for each in screen.findings}],
        "receipts": list(screen.receipts),
    }
    if said["missing"]:  # what was not measured is refused
        said["verdict"] = "refused"

    def work(connection: Connection, at: datetime, leaf: Leaf) -> None:
        if deals.version(connection, digest) is None:
            _proposed(gate, connection, deal, text, actor, at, leaf)
        note(gate, connection, digest, Did.SCREENED, actor, said, at, leaf)

    gate.together(work)
    return standing(gate, digest)


def met(gate: Gate, digest: str, test: str, how: str, *, actor: Actor) -> Standing:
    """Say how the condition that the screen of a version makes is met; FactRejected where it makes none."""
    if not how.strip() or len(how) > LONGEST:
        raise FactRejected(f"say how the condition is met, in 1 to {LONGEST:,} characters")

    def may(now: Standing) -> None:
        waiting = agreed.open_conditions(now.version.steps)
        if test not in waiting:
            told = ", ".join(f"`{each}`" for each in waiting) or "none"
            raise FactRejected(f"the screen has no open condition on `{test}`; open are: {told}")

    return _step(gate, digest, Did.MET, actor, {"test": test, "how": how}, may)


def approve(gate: Gate, digest: str, *, actor: Actor) -> Standing:
    """Approve a version as it was screened, in the roles that one holds.

    FactRejected, which records nothing, for who drafted it, holds none of its roles, has approved it already, or where
    it waits for no approval. Refused for a version that is refused, or was screened under another promise.
    """

    def may(now: Standing) -> None:
        steps, deal = now.version.steps, _readable(now)
        _must_be_screened(gate, now)
        if agreed.person(actor.name) in agreed.drafters(steps):
            raise FactRejected(f"`{actor.name}` drafted this deal, so somebody else must approve it")
        if not actor.roles & set(deal.approvers):
            roles = ", ".join(f"`{role}`" for role in deal.approvers) or "none"
            raise FactRejected(f"`{actor.name}` holds none of the roles that approve this deal: {roles}")
        if agreed.person(actor.name) in {agreed.person(e.by) for e in agreed.since(steps, Did.APPROVED)}:
            raise FactRejected(f"`{actor.name}` has approved this version already; somebody else must, too")

    said = {"roles": sorted(actor.roles)}
    return _step(gate, digest, Did.APPROVED, actor, said, may, {State.SCREENED, State.APPROVED})


def agree(gate: Gate, digest: str, *, actor: Actor) -> Standing:
    """Agree to a version that was screened, approved and is allowed today; Refused with every reason, and recorded.

    FactRejected where another version of the deal is agreed: take that back first.
    """
    now = standing(gate, digest)
    reasons = [*now.against, *against_ruling(gate, _readable(now))] if now.state is not State.AGREED else []
    if reasons:
        raise refused(gate, digest, "agree", reasons, actor)

    def may(still: Standing) -> None:
        if still.against:
            raise Refused(still.against)

    return _step(gate, digest, Did.AGREED, actor, {}, may, {State.APPROVED})


def withdraw(gate: Gate, digest: str, why: str, *, actor: Actor) -> Standing:
    """Take an agreement, or what led to it, back: nothing is released under the version any more."""
    if not why.strip() or len(why) > LONGEST:
        raise FactRejected(f"say why, in 1 to {LONGEST:,} characters")
    return _step(gate, digest, Did.WITHDRAWN, actor, {"why": why}, lambda now: None, _LIVING)


def standing(gate: Gate, digest: str) -> Standing:
    """How a version stands now; FactRejected where there is none."""
    gate.policy_versions()  # under what is in force now
    with gate.database.read() as connection:
        found = deals.version(connection, digest)
    if found is None:
        raise FactRejected(f"there is no deal `{digest}` on record; `bailee deal list` shows them")
    return _standing(gate, found)


def listed(gate: Gate) -> list[Standing]:
    """Every version on record, the oldest first."""
    gate.policy_versions()
    with gate.database.read() as connection:
        found = deals.versions(connection)
    return [_standing(gate, each) for each in found]


def find(gate: Gate, word: str) -> Standing:
    """The version of a digest (or of its first eight characters or more), or the newest of a deal's key."""
    with gate.database.read() as connection:
        every = deals.versions(connection)
    named = [each for each in every if each.deal == word]
    digests = [each for each in every if len(word) >= 8 and each.digest.removeprefix("sha256:").startswith(word[-64:])]
    exact = [each for each in every if each.digest == word]
    if len(digests) > 1 and not exact and not named:
        raise FactRejected(f"`{word}` begins the digest of {len(digests)} deals: write more of it")
    found = exact or named or digests
    if not found:
        raise FactRejected(f"there is no deal `{word}` on record; `bailee deal list` shows them")
    return standing(gate, found[-1].digest)


def promise_of(gate: Gate) -> Promise:
    """The promise that deals are held against now."""
    return Promise(gate.promise.digest, gate.promise.map_digest, gate.clock().date())


def against_ruling(gate: Gate, deal: Deal, actor: Actor | None = None) -> list[Reason]:
    """Why the policy does not allow a deal's purpose, recipient or one of its effects; without an actor, to anybody.

    Whoever agrees decides and uses no data, so the purpose's roles and lessons are asked of whoever releases.
    """
    found = list[Reason]()
    if actor is None:
        policy = gate.promise.policy
        purpose = policy.purposes[deal.purpose]
        lessons = purpose.training.union(*(role.training for role in policy.roles.values()))
        actor = Actor("whoever releases", purpose.roles, lessons)
    for effect in sorted(deal.effects):
        ruling = gate.rule(deal.purpose, effect=effect, recipient=deal.recipient, actor=actor)
        if not ruling.permitted:
            found += [reason for reason in ruling.reasons if reason not in found]
    return found


_LIVING = frozenset({State.PROPOSED, State.SCREENED, State.REFUSED, State.APPROVED, State.AGREED})


def _standing(gate: Gate, version: Version) -> Standing:
    where = agreed.state(version.steps)
    try:
        deal = parse_deal(version.text, gate.promise.policy)
    except DealError as error:
        unread = Reason(
            "deal_unreadable",
            f"the policy in force does not know what the deal names: {error.problems[0].message}",
            Principle.TRANSPARENCY,
        )
        return Standing(version, None, where, (unread,))
    promise = promise_of(gate)
    look = agreed.against_releasing if where is State.AGREED else agreed.against_agreeing
    found = look(deal, version.steps, promise)
    if deal_digest(deal) != version.digest:
        found = [Reason("deal_changed", "the deal on record is not the one of its digest", Principle.ACCOUNTABILITY)]
    return Standing(version, deal, where, tuple(found))


def _readable(now: Standing) -> Deal:
    if now.deal is None:
        raise Refused(now.against)
    return now.deal


def _must_be_screened(gate: Gate, now: Standing) -> None:
    codes = {"deal_not_screened", "deal_refused", "deal_promise_changed", "deal_changed"}
    wrong = [reason for reason in now.against if reason.code in codes]
    if wrong:
        raise Refused(wrong)


def _step(
    gate: Gate,
    digest: str,
    did: Did,
    actor: Actor,
    said: Mapping[str, object],
    may: Callable[[Standing], None],
    states: Collection[State] = _LIVING,
) -> Standing:
    """Do one step, if it may be done as things stand in the very transaction that records it."""
    gate.policy_versions()

    def work(connection: Connection, at: datetime, leaf: Leaf) -> None:
        found = deals.version(connection, digest)
        if found is None:
            raise FactRejected(f"there is no deal `{digest}` on record; `bailee deal list` shows them")
        now = _standing(gate, found)
        may(now)
        if now.state not in states:
            raise FactRejected(f"the deal `{found.deal}` is {now.state}, so it cannot be {did} now")
        if did is Did.AGREED:
            _must_be_the_only(connection, found)
        note(gate, connection, digest, did, actor, said, at, leaf)

    gate.together(work)
    return standing(gate, digest)


def _must_be_the_only(connection: Connection, version: Version) -> None:
    for each in deals.versions(connection, version.deal):
        if each.digest != version.digest and agreed.state(each.steps) is State.AGREED:
            raise FactRejected(f"another version of `{each.deal}`, `{each.digest}`, is agreed: take that back first")


def _proposed(
    gate: Gate, connection: Connection, deal: Deal, text: str, actor: Actor, at: datetime, leaf: Leaf
) -> None:
    digest = deal_digest(deal)
    deals.keep(connection, digest, deal.key, text, at)
    note(gate, connection, digest, Did.PROPOSED, actor, {}, at, leaf)


def note(
    gate: Gate,
    connection: Connection,
    digest: str,
    did: str,
    actor: Actor,
    said: Mapping[str, object],
    at: datetime,
    leaf: Leaf,
) -> None:
    """Keep one step of a version and its entry, in the caller's transaction."""
    whole = {**said, "self_declared": actor.self_declared}
    public = {"change": did, "deal": digest, "policy": gate.promise.digest}
    entry = leaf("deal", public, {"deal": digest, "by": actor.name, **whole})
    deals.note(connection, digest, did, actor.name, whole, at, entry)


def refused(gate: Gate, digest: str, what: str, reasons: list[Reason], actor: Actor) -> Refused:
    """A refusal that is recorded; it changes nothing of how the version stands."""
    error = Refused(reasons)
    private = {"deal": digest, "asked": what, "by": actor.name, "refused": [reason.code for reason in reasons]}
    public = {"change": "refused", "deal": digest, "policy": gate.promise.digest}
    error.receipt = gate.together(lambda connection, at, leaf: leaf("deal", public, private))
    return error
