"""The grocer's story: real questions answered, narrowed and refused, each figure worked out there and then.

Scenes are data, so that whoever tells the story chooses how: `bailee demo` prints them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bailee.errors import EngineError, Refused
from bailee.vocabulary import Actor, Reason

if TYPE_CHECKING:
    from bailee.gate.answer import Answer
    from bailee.gate.gate import Gate

SALES = (
    "SELECT p.department, count(DISTINCT t.household_id) AS households, round(sum(t.sales_value)) AS sales "
    "FROM transactions t JOIN products p USING (product_id) GROUP BY ALL ORDER BY sales DESC LIMIT 5"
)
CONTACTS = "SELECT name, email, born FROM synthetic_contacts"
TESTS = (
    "SELECT count(*) AS lines FROM transactions t JOIN products p USING (product_id) "
    "WHERE p.product_type = 'PREGNANCY TEST KITS'"
)
SMALL = (
    "SELECT t.store_id, count(DISTINCT t.household_id) AS households, round(sum(t.sales_value)) AS sales "
    "FROM transactions t GROUP BY ALL ORDER BY households, t.store_id"
)
STORES = "SELECT count(DISTINCT store_id) AS stores FROM transactions"
#: Rows of an answer that a scene shows.
SHOWN = 5
PREMIUMS = "SELECT household_id, sum(sales_value) FROM transactions GROUP BY ALL"
ATTACKS = (
    ("read the stored table by a name in a string", "SELECT * FROM query('SELECT * FROM company.main.transactions')"),
    (
        "name the stored table past the gate",
        "WITH t AS (SELECT 1) SELECT max(born) FROM company.main.synthetic_contacts",
    ),
    (
        "hide the question behind a blank that only the engine sees",
        "SELECT max(born) x\u200bFROM\u200bsynthetic_contacts",
    ),
    (
        "make the engine quote a hidden customer in an error",
        "SELECT count(*) FROM synthetic_contacts WHERE CAST(name AS INTEGER) > 0",
    ),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """One step: what is shown, by which command, with its rows, its words, and reasons where it was refused."""

    title: str
    words: str
    command: str = ""
    names: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    lines: Sequence[str] = ()
    refused: Sequence[Reason] = field(default=())


def scenes(gate: Gate) -> Iterator[Scene]:
    """The story over an open workspace of the grocer, scene by scene; each is worked out when it is asked for."""
    yield _opening(gate)
    yield _asked(gate, "A question for a purpose", _OFFERS, SALES, "personal_offers", "marketing", why=True)
    yield _asked(
        gate, "The same question for another purpose", _IMPROVE, SALES, "service_improvement", "analyst", why=True
    )
    yield _asked(gate, "A column that the purpose does not need", _BORN, CONTACTS, "personal_offers", "marketing")
    yield from _sensitive(gate)
    yield from _groups(gate)
    yield _asked(gate, "The insurer asks to set premiums", _PREMIUM, PREMIUMS, "premium_setting", "sales")
    yield from _withdrawal(gate)
    yield from (_attacked(gate, what, sql) for what, sql in ATTACKS)
    yield _proved(gate)


_OFFERS = (
    "Marketing wants sales by department for personal offers. It sees the purchases of those who agreed, and no others."
)
_IMPROVE = (
    "An analyst asks the same to run the stores better: no consent needed, anybody may object, and only groups show."
)
_BORN = (
    "Names and e-mail addresses belong to personal offers. Dates of birth do not, so the question is refused by name."
)
_PREMIUM = "Sales drafted a purpose for it, and Harbour Mutual would pay well. Two standards refuse every use of it."


def _opening(gate: Gate) -> Scene:
    status = gate.status()
    return Scene(
        "Marigold Grocers",
        "Real: a year of loyalty-card purchases of 2,469 households, 1,469,307 lines (the Complete Journey), its "
        "calendar moved forward by whole weeks. Synthetic: names, contacts, ages, places, and what customers chose.",
        "bailee status",
        ("purpose", "customers who stand"),
        [(purpose, count) for purpose, count in status.standing.items()],
        [f"{status.customers:,} customers, {status.choices:,} choices, ledger of {status.ledger:,} entries"],
    )


def _asked(
    gate: Gate, title: str, words: str, sql: str, purpose: str, role: str, *, to: str | None = None, why: bool = False
) -> Scene:
    """One question as a scene; `why` tells what was left out of its answer, and not only of how many customers."""
    command = f'bailee ask "{sql}" --purpose {purpose} --role {role}' + (f" --to {to}" if to else "")
    command += " --explain" if why else ""
    try:
        answer = gate.ask(sql, purpose=purpose, recipient=to, actor=_actor(role))
    except Refused as error:
        return Scene(title, words, command, refused=error.reasons, lines=_recorded(error.receipt))
    names, rows = _table(answer)
    left_out = _left_out(answer) if why else _included(answer)
    return Scene(title, words, command, names, rows[:SHOWN], [*left_out, *_recorded(answer.receipt)])


def _table(answer: Answer) -> tuple[list[str], list[list[object]]]:
    table = answer.arrow()
    return table.column_names, [list(row.values()) for row in table.to_pylist()]


def _left_out(answer: Answer) -> list[str]:
    out = answer.left_out
    customers = [f"  {count:>5,}  {reason.sentence}" for reason, count in out.customers]
    return [*_included(answer), "left out:", *customers, *(f"         {kind}" for kind in out.rows)]


def _included(answer: Answer) -> list[str]:
    out = answer.left_out
    return [f"of {out.known:,} customers, {out.included:,} may be in this answer"] if out.known else []


def _recorded(position: int | None) -> list[str]:
    return [] if position is None else [f"recorded as ledger entry {position}"]


def _sensitive(gate: Gate) -> Iterator[Scene]:
    words = "Whoever packs the order must see that a pregnancy test is in it."
    yield _asked(gate, "A row that says more than it seems", words, TESTS, "fulfil_orders", "store")
    words = (
        "For offers the same line does not exist: it tells of a pregnancy, and a standard keeps that from marketing."
    )
    yield _asked(gate, "The same row for offers", words, TESTS, "personal_offers", "marketing")


def _groups(gate: Gate) -> Iterator[Scene]:
    words = (
        "Harbour Mutual may learn from groups of at least twenty customers who agreed. Smaller groups do not appear."
    )
    to = "harbour_mutual"
    scene = _asked(gate, "A small group is hidden", words, SMALL, "insurer_research", "analyst", to=to)
    stores = gate.ask(STORES, purpose="tax_records", actor=_actor("accounts")).arrow()["stores"][0].as_py()
    shown = gate.ask(SMALL, purpose="insurer_research", recipient=to, actor=_actor("analyst")).rows
    vanished = f"{shown} of the {stores} stores have so many; an answer shows no others"
    yield replace(scene, lines=[vanished, *scene.lines])
    words = "One household at a time is no group: the question is refused, with the shape that would work."
    yield _asked(gate, "A group of one", words, PREMIUMS, "insurer_research", "analyst", to=to)


def _withdrawal(gate: Gate) -> Iterator[Scene]:
    marketing = _actor("marketing")
    busiest = "SELECT household_id FROM transactions GROUP BY ALL ORDER BY count(*) DESC, household_id LIMIT 1"
    found = gate.ask(busiest, purpose="personal_offers", actor=marketing).arrow().to_pylist()
    if not found:
        yield Scene(
            "A customer changes their mind",
            "Everybody has withdrawn from personal offers already: run `bailee demo` anew.",
        )
        return
    household = found[0]["household_id"]
    sql = f"SELECT count(*) AS lines FROM transactions WHERE household_id = {household}"
    words = f"Household {household} is in personal offers and has bought more than anybody else there."
    yield _asked(gate, "A customer changes their mind", words, sql, "personal_offers", "marketing")
    receipt = gate.choose(household, "withdraw", "personal_offers")
    yield Scene(
        "They withdraw",
        "One act, recorded with its ledger entry in one transaction.",
        f"bailee choices {household} withdraw personal_offers",
        lines=_recorded(receipt.position),
    )
    words = "The next question, from anybody, no longer has them."
    yield _asked(gate, "The next answer", words, sql, "personal_offers", "marketing")
    verdict = gate.may("personal_offers", customer=household, effect="contact", actor=marketing)
    yield Scene(
        "And the shop's own code",
        "Before a coupon is sent, the shop asks about the one customer.",
        f"bailee may {household} --purpose personal_offers --effect contact --role marketing",
        refused=verdict.reasons,
    )


def _attacked(gate: Gate, what: str, sql: str) -> Scene:
    title, words = "An attack", f"A curious analyst tries to {what}."
    command = f'bailee ask "{sql}" --purpose personal_offers --role marketing'.replace("\u200b", "\\u200b")
    try:
        answer = gate.ask(sql, purpose="personal_offers", actor=_actor("marketing"))
    except Refused as error:
        return Scene(title, words, command, refused=error.reasons, lines=_recorded(error.receipt))
    except EngineError as error:
        return Scene(title, words, command, lines=[f"the engine's error leaves as its class: {error}"])
    names, rows = _table(answer)
    return Scene(title, words, command, names, rows, _recorded(answer.receipt))


def _proved(gate: Gate) -> Scene:
    head = gate.verify()
    proof = gate.prove(head.size - 1)
    agree = sum(_replayed(gate, position) for position in range(head.size))
    return Scene(
        "Anybody can check",
        "Every answer, refusal and choice above is a leaf of a Merkle tree, and every ruling can be derived again.",
        "bailee ledger verify",
        lines=[
            f"{head.size:,} entries verified from their leaves; root {head.root.hex()}",
            f"entry {proof.position} is proved to be among them by {len(proof.path)} hashes",
            f"{agree} past rulings derived again, all as they were recorded",
        ],
    )


def _replayed(gate: Gate, position: int) -> bool:
    """Whether an entry is a use; raises NotVerified where its ruling cannot be derived as it was recorded."""
    from bailee.errors import NotVerified

    if gate.leaf(position)["kind"] != "use":
        return False
    if not gate.replay(position).agrees:
        raise NotVerified(f"the ruling of entry `{position}` derives to another one than was recorded")
    return True


def _actor(role: str) -> Actor:
    return Actor("demo", frozenset({role}))
