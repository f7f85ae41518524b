"""A person asks: to see, correct or erase their data, to object, or to restrict its use.

What they ask is kept at once, with an entry in the ledger and the day by which to answer. It is fulfilled with the
tools that there are (`bailee rights copy`, `bailee people erase` and `restrict`, `bailee choices`); closing it says
what came of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from bailee.errors import FactRejected
from bailee.people import customers, facts, requests
from bailee.people.requests import Request
from bailee.rights import deadlines

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.gate.gate import Gate, Leaf
    from bailee.vocabulary import Actor

RIGHTS = ("access", "correct", "erase", "object", "restrict")
MANNERS = ("portal", "email", "phone", "post", "person", "agent")
OUTCOMES = ("fulfilled", "refused")
#: Who acts where it is the customer; the log stays when they are erased, so it does not name them.
CUSTOMER = "customer"
LONGEST = 10_000
#: What is due within this time is soon due.
SOON = timedelta(days=7)
#: Why a step may not be taken today, or None.
May = Callable[[Request, date], str | None]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What the customer is told at once: the number, the day by which an answer comes, and the entry that proves it."""

    number: int
    right: str
    received: datetime
    law: str
    confirm_by: date | None
    answer_by: date
    entry: int


def open(
    gate: Gate, customer: object, right: str, *, text: str | None = None, manner: str = "portal", by: str = CUSTOMER
) -> Acknowledgement:
    """Keep what a customer asks; FactRejected, which keeps nothing, for nobody on record or what is open already."""
    key = str(customer)
    _must_be(right, RIGHTS, "right")
    _must_be(manner, MANNERS, "way to ask")
    if right == "correct" and not (text or "").strip():
        raise FactRejected("a request to correct something must say what is wrong, and what is right")
    _must_fit(text)

    def work(connection: Connection, at: datetime, leaf: Leaf) -> Acknowledgement:
        number = customers.number_of(connection, key)
        for each in requests.of_customer(connection, number):
            if each.waits and each.kind == right:
                raise FactRejected(
                    f"`{key}` asked this on {each.opened_at:%Y-%m-%d} as request {each.number}, which is still open"
                )
        person = facts.of(connection, number)
        by_when = deadlines.dates(right, None if person is None else person.place, at)
        mine = requests.following(connection)
        private = {
            "customer": key,
            "request": mine,
            "text": text,
            "manner": manner,
            "by": by,
            "law": by_when.law,
            "answer_by": by_when.answer_by.isoformat(),
        }
        entry = leaf("request", {"change": "opened", "right": right}, private, [number])
        requests.open_one(connection, mine, number, right, manner, by_when, text, at, entry)
        return Acknowledgement(mine, right, at, by_when.law, by_when.confirm_by, by_when.answer_by, entry)

    return gate.together(work)


def listed(gate: Gate, *, every: bool = False) -> list[Request]:
    """What waits for an answer, the most urgent first, or everything that was ever asked; without what was said."""
    with gate.database.read() as connection:
        return requests.waiting(connection, every=every)


def of_customer(gate: Gate, customer: object) -> list[Request]:
    """All that one customer asked, the oldest first; FactRejected where there is no such customer."""
    with gate.database.read() as connection:
        return requests.of_customer(connection, customers.number_of(connection, str(customer)))


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many requests wait for an answer, how many of them are late, and how many are due within a week."""

    waits: int
    overdue: int
    soon: int


def waiting(gate: Gate, today: date) -> Waiting:
    """Counts of what waits, which name nobody."""
    found = listed(gate)
    late = sum(each.overdue(today) for each in found)
    return Waiting(len(found), late, sum(each.due <= today + SOON for each in found) - late)


def look(gate: Gate, number: int, purpose: str, *, actor: Actor) -> tuple[Request, int | None]:
    """One request with what was said, for somebody who works for the company, and the entry that says that they looked.

    What a person asks about their data is data about them, as their choices are: Refused, recorded, where the purpose
    does not read those, the actor may not look, or the person does not stand for it. Of somebody who was erased nothing
    is left that anybody could see, and no entry is made. FactRejected where there is no such request.
    """
    found = show(gate, number)
    if found.customer is None:
        return found, None

    def read(connection: Connection, customer: int) -> Request:
        return requests.get(connection, number)[0]

    return gate.look_at(found.customer, purpose, {"question": "request", "request": number}, read, actor=actor)


def show(gate: Gate, number: int) -> Request:
    """One request with what was said and what became of it; FactRejected where there is none."""
    with gate.database.read() as connection:
        return requests.get(connection, number)[0]


def extend(gate: Gate, number: int, why: str, *, by: str) -> Request:
    """Put the answer off, once and with a reason that the customer must be told, while the first term runs."""
    if not why.strip():
        raise FactRejected("an answer is put off for a reason, which the customer must be told: say it")

    return _change(gate, number, "extended", why, by, why_not_extend)


def why_not_extend(request: Request, today: date) -> str | None:
    """Why the answer to a request may not be put off today, or None."""
    if request.state == "extended":
        return f"request {request.number} was put off already, to {request.latest_by}"
    if request.latest_by == request.answer_by:
        return f"the answer to request {request.number} may not be put off"
    if today > request.answer_by:
        return f"request {request.number} was to be answered by {request.answer_by}: it is too late to put it off"
    return None


def close(gate: Gate, number: int, outcome: str, *, why: str | None = None, by: str) -> Request:
    """Say what came of a request, `fulfilled` or `refused`; a refusal needs its reason, which the customer is told."""
    _must_be(outcome, OUTCOMES, "outcome")
    if outcome == "refused" and not (why or "").strip():
        raise FactRejected("a refusal needs its reason, which the customer must be told: say it")
    return _change(gate, number, outcome, why, by, lambda request, today: None)


def cancel(gate: Gate, number: int, customer: object) -> Request:
    """Take a request back for the customer who made it; FactRejected where it is another's, or none."""

    def may(request: Request, today: date) -> str | None:
        # The same words as where there is none: what others ask is nobody's business.
        return None if request.customer == str(customer) else f"there is no request number {number}"

    return _change(gate, number, "cancelled", None, CUSTOMER, may)


def _change(gate: Gate, number: int, state: str, why: str | None, by: str, may: May) -> Request:
    _must_fit(why)

    def work(connection: Connection, at: datetime, leaf: Leaf) -> Request:
        request, customer = requests.get(connection, number)
        wrong = may(request, at.astimezone(UTC).date())
        if wrong is not None:
            raise FactRejected(wrong)
        if not request.waits:
            raise FactRejected(f"request {number} is closed: it was {request.state} on {request.closed_at:%Y-%m-%d}")
        erased = request.customer is None
        private = {"request": number, "by": by, **({} if erased else {"customer": request.customer, "why": why})}
        public = {"change": state, "right": request.kind}
        # Of somebody who was erased nothing can be sealed any more; that it was answered is kept all the same.
        entry = leaf("request", public, private, [] if erased else [customer])
        requests.change(connection, number, customer, state, by, None if erased else why, at, entry)
        return requests.get(connection, number)[0]

    return gate.together(work)


def _must_be(word: str, words: tuple[str, ...], noun: str) -> None:
    if word not in words:
        raise FactRejected(f"there is no {noun} `{word}`, expected {', '.join(f'`{each}`' for each in words)}")


def _must_fit(text: str | None) -> None:
    if text is not None and len(text) > LONGEST:
        raise FactRejected(f"a request and its answer have at most {LONGEST:,} characters, found {len(text):,}")
