"""What may be recorded of a customer, and what is said when it may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bailee.errors import BaileeError, FactRejected
from bailee.people import choices, customers, documents, facts, notices, progress, relations
from bailee.people.choices import LONGEST_EVIDENCE, Said
from bailee.people.customers import NewCustomer
from bailee.people.database import Database
from bailee.people.kinds import Kind
from bailee.policy.terms import terms_of
from bailee.vocabulary import Act, Choice, Contract, Grounds, Instrument, NoticeGiven
from tests.people.records import NOW, policy, register

DAY = timedelta(days=1)
REFUSAL = Said("c1", Kind("offers", "refuse", "checkbox"), NOW)


def enrol(connection: Connection) -> None:
    customers.add_many(connection, [NewCustomer("c1"), NewCustomer("c2", date(2015, 1, 1), "US-VT", NOW)], NOW)


def test_a_choice_is_recorded_and_read_back(database: Database) -> None:
    """Everything that was said comes back, with the digest of the terms that were shown."""
    ours = policy()
    with database.write() as connection:
        enrol(connection)
        notice = register(connection, ours, "offers")
        kind = Kind("offers", "grant", "checkbox", notice, None, "insurer", "email", True)
        sequence = choices.record(connection, ours, Said("c1", kind, NOW - DAY, evidence="form 7"), NOW)
        choices.record(connection, ours, REFUSAL, NOW)
    with database.read() as connection:
        first, second = choices.history(connection, 1)
        promised = notices.digests(terms_of(ours, ours.purposes["offers"]), "offers", "en", "")[0]
        expected = (sequence, "offers", "grant", NOW - DAY, "checkbox", notice, promised, "en", "insurer", "email")
        assert (*expected, None, True, "form 7", None, NOW) == tuple(getattr(first, name) for name in first.__slots__)
        assert ("refuse", None, None, sequence + 1) == (second.act, second.notice, second.terms, second.sequence)
        found = facts.of(connection, 1)
        assert found is not None
        spoken = Choice("offers", Act.GRANT, NOW - DAY, sequence, Instrument.CHECKBOX, promised, "insurer", "email")
        assert replace(spoken, conflict_shown=True) == found.choices[0]
        assert facts.of(connection, 99) is None


WRONG = {
    "there is no customer `nobody`; import or add them first": replace(REFUSAL, customer="nobody"),
    "there is no purpose `ofers` in the policy: did you mean `offers`?": replace(
        REFUSAL, kind=Kind("ofers", "refuse", "checkbox")
    ),
    "`widthdraw` is no act: did you mean `withdraw`?": replace(REFUSAL, kind=Kind("offers", "widthdraw", "checkbox")),
    "`fax` is no instrument: expected one of `api`, `banner`, `checkbox`, `gpc`, `import`, `signed`": replace(
        REFUSAL, kind=Kind("offers", "refuse", "fax")
    ),
    "there is no recipient `insurers` in the policy: did you mean `insurer`?": replace(
        REFUSAL, kind=Kind("offers", "refuse", "api", recipient="insurers")
    ),
    "there is no registered notice `sha256:0`; register it first": replace(
        REFUSAL, kind=Kind("offers", "grant", "api", "sha256:0")
    ),
    "a grant of `offers` must cite the notice that was shown": replace(REFUSAL, kind=Kind("offers", "grant", "api")),
    "a grant names one purpose": replace(REFUSAL, kind=Kind("*", "grant", "api")),
    "Global Privacy Control never grants: expected `refuse` or `object`": replace(
        REFUSAL, kind=Kind("offers", "grant", "gpc")
    ),
    "the choice was made at 2026-11-22T12:06:00Z, which has not come yet; check the clock": replace(
        REFUSAL, at=NOW + timedelta(minutes=6)
    ),
    "`c2` was no verified guardian of `c1` at that time": replace(REFUSAL, guardian="c2"),
    "evidence has at most 10,000 characters, found 10,001": replace(REFUSAL, evidence="x" * (LONGEST_EVIDENCE + 1)),
    "a choice's channel has at most 128 characters, found 200": replace(
        REFUSAL, kind=Kind("offers", "refuse", "api", channel="x" * 200)
    ),
}


@pytest.mark.parametrize("expected", WRONG)
def test_a_choice_that_cannot_be_recorded(database: Database, expected: str) -> None:
    """What is unknown, impossible or unproved is refused in words, and nothing is kept."""
    with database.write() as connection:
        enrol(connection)
    with pytest.raises(FactRejected) as found, database.write() as connection:
        choices.record_many(connection, policy(), [REFUSAL, WRONG[expected]], NOW)
    assert str(found.value).startswith(expected)
    with database.read() as connection:
        assert [] == choices.history(connection, 1)


def test_a_notice_about_something_else_proves_nothing(database: Database) -> None:
    """A grant cites a notice about its own purpose; what a purpose was called before still is its name."""
    ours = policy()
    with database.write() as connection:
        enrol(connection)
        about = register(connection, ours, "insight")
        wrong = Said("c1", Kind("offers", "grant", "api", about), NOW)
        with pytest.raises(FactRejected, match="is about `insight`, not `offers`"):
            choices.record(connection, ours, wrong, NOW)
        choices.record(connection, ours, replace(REFUSAL, kind=Kind("old_offers", "refuse", "api")), NOW)
        choices.record(connection, ours, replace(REFUSAL, kind=Kind("*", "refuse", "gpc")), NOW)
        choices.record(connection, ours, replace(REFUSAL, kind=Kind("offers", "grant", "import")), NOW)


def test_a_clock_a_little_ahead_is_taken_as_now(database: Database) -> None:
    """A choice from a clock a minute ahead counts from now on, not in a minute."""
    with database.write() as connection:
        enrol(connection)
        choices.record(connection, policy(), replace(REFUSAL, at=NOW + timedelta(minutes=1)), NOW)
        assert [NOW] == [each.at for each in choices.history(connection, 1)]


def test_a_verified_guardian_speaks_for_a_child(database: Database) -> None:
    """A guardian's word counts from the day they were verified to the day that ended."""
    ours, spoken = policy(), replace(REFUSAL, customer="c2", guardian="c1")
    with database.write() as connection:
        enrol(connection)
        relations.verify_guardian(connection, 2, 1, NOW - DAY)
        choices.record(connection, ours, spoken, NOW)
        relations.end_guardian(connection, 2, 1, NOW + DAY)
        with pytest.raises(FactRejected, match="no verified guardian"):
            choices.record(connection, ours, replace(spoken, at=NOW + DAY), NOW + DAY)
        with pytest.raises(FactRejected, match="no verified guardian"):
            choices.record(connection, ours, replace(spoken, at=NOW - 2 * DAY), NOW)
        with pytest.raises(FactRejected, match="nobody is their own guardian"):
            relations.verify_guardian(connection, 1, 1, NOW)
        assert ["c1"] == [each.guardian for each in choices.history(connection, 2)]
        found = facts.of(connection, 2)
        assert [True] == [choice.guardian for choice in (found.choices if found else ())]


@pytest.mark.parametrize("statement", ["UPDATE choices SET act = 'grant'", "DELETE FROM choices"])
def test_what_was_said_stays_said(database: Database, statement: str) -> None:
    """The database itself refuses to change or delete a choice."""
    with database.write() as connection:
        enrol(connection)
        choices.record(connection, policy(), REFUSAL, NOW)
    with pytest.raises(IntegrityError, match="choices is append-only"), database.write() as connection:
        connection.exec_driver_sql(statement)
    with database.read() as connection:
        assert ["refuse"] == [each.act for each in choices.history(connection, 1)]


def test_customers_have_dense_numbers(database: Database) -> None:
    """Numbers count from 1; a key is taken once; a refused customer takes no number."""
    with database.write() as connection:
        assert 1 == customers.add(connection, NewCustomer("a"), NOW)
        assert range(2, 4) == customers.add_many(connection, [NewCustomer("b"), NewCustomer("c")], NOW)
        for wrong, expected in (
            ([NewCustomer("d"), NewCustomer("b")], "the customer `b` is on record already"),
            ([NewCustomer("d"), NewCustomer("d")], "the customer `d` is on record already"),
            ([NewCustomer(" ")], "a customer needs a key"),
            ([NewCustomer("x" * 600)], "a customer's key has at most 512 characters, found 600"),
            ([NewCustomer("d", date(2030, 1, 1))], "nobody was born on `2030-01-01`"),
            ([NewCustomer("d", place="Vermont")], "`Vermont` is no place: expected an ISO 3166 code"),
        ):
            with pytest.raises(FactRejected, match=expected):
                customers.add_many(connection, wrong, NOW)
        assert 4 == customers.add(connection, NewCustomer("d"), NOW)
        assert {"a": 1, "b": 2, "c": 3, "d": 4} == customers.numbers(connection)
        assert (3, None) == (customers.find(connection, "c"), customers.find(connection, "z"))


def test_every_fact_makes_its_customer_due(database: Database) -> None:
    """Each change takes the next sequence, marks the customer and is read back."""
    with database.write() as connection:
        enrol(connection)
        notice = register(connection, policy(), "insight")
        changes = [
            customers.change(connection, 1, NOW, born=date(2000, 2, 29), place="DE", last_activity=NOW),
            customers.restrict(connection, 1, NOW),
            relations.contract(connection, 1, NOW - DAY),
            relations.contract(connection, 1, NOW - DAY, NOW),
            relations.grounds(connection, 1, "insight", "fraud", NOW),
            relations.hold(connection, 1, "orders", "tax", NOW),
            relations.hold(connection, 1, "insight", "suit", NOW),
            relations.end_hold(connection, 1, "insight", NOW),
            notices.given(connection, notice, [(1, NOW)]),
            customers.mark_erased(connection, 1, NOW),
        ]
        assert changes == list(range(changes[0], changes[0] + 10))
        assert changes[-1] == progress.read(connection).sequence
        found = facts.of(connection, 1)
        assert found is not None
        assert (date(2000, 2, 29), "DE", NOW, NOW, True) == (
            found.born,
            found.place,
            found.last_activity,
            found.restricted,
            found.erased,
        )
        assert ((Contract(NOW - DAY, NOW),), (Grounds("insight", NOW),)) == (found.contracts, found.grounds)
        assert frozenset({"orders"}) == found.held_for
        promised = notices.get(connection, notice)
        assert promised is not None
        assert (NoticeGiven("insight", promised.terms_digest, NOW),) == found.notices
        customers.release(connection, 1, NOW + DAY)
        customers.change(connection, 1, NOW, born=None)
        released = facts.of(connection, 1)
        assert released is not None
        assert (None, None) == (released.restricted, released.born)


def test_facts_that_cannot_be(database: Database) -> None:
    """Impossible facts are refused in words."""
    with database.write() as connection:
        enrol(connection)
        for attempt, expected in (
            (lambda: customers.touch(connection, 9), "there is no customer with the number 9"),
            (lambda: customers.change(connection, 1, NOW, key="x"), "a customer's key cannot be changed"),
            (lambda: relations.contract(connection, 1, NOW, NOW - DAY), "a contract cannot end before it began"),
            (lambda: relations.grounds(connection, 1, "insight", " ", NOW), "need their reason in words"),
            (lambda: notices.given(connection, "sha256:0", [(1, NOW)]), "there is no registered notice `sha256:0`"),
            (lambda: notices.register(connection, terms(), "offers", "en", " ", NOW), "has no text"),
        ):
            with pytest.raises(FactRejected, match=expected):
                attempt()


def terms() -> object:
    return terms_of(policy(), policy().purposes["offers"])


def test_notices_are_named_by_what_they_say(database: Database) -> None:
    """The same words and terms are one notice; other words, another; terms come back as they were."""
    ours = policy()
    shown = terms_of(ours, ours.purposes["research"])
    with database.write() as connection:
        first = notices.register(connection, shown, "research", "en", "words", NOW)
        assert first == notices.register(connection, shown, "research", "en", "words", NOW + DAY)
        second = notices.register(connection, shown, "research", "de", "Worte", NOW)
        kept = notices.get(connection, first)
        assert kept is not None
        assert (1, first, "research", "en", "words", shown, NOW) == (
            *(getattr(kept, n) for n in FIELDS),
            kept.created_at,
        )
        assert {first: (1, "research", "en"), second: (2, "research", "de")} == notices.known(connection)
        assert {kept.terms_digest: shown} == notices.terms(connection)
        assert notices.get(connection, "sha256:0") is None


FIELDS = ("number", "digest", "purpose", "language", "text", "terms")


def test_documents_are_kept_once(database: Database) -> None:
    """A policy is kept by its digest with its text, and found by the file that it came from."""
    with database.write() as connection:
        keep = ("policies", "sha256:1", {"company": "M", "lines": [["purposes", 3]]}, "company: M", "aa")
        assert [True, False] == [documents.keep(connection, *keep, NOW) for _ in range(2)]  # type: ignore[arg-type]
        found = documents.of_source(connection, "policies", "aa")
        assert found == documents.get(connection, "policies", "sha256:1")
        assert found is not None
        assert ({"company": "M", "lines": [["purposes", 3]]}, "company: M", NOW) == (
            found.canonical,
            found.text,
            found.recorded_at,
        )
        assert documents.get(connection, "datamaps", "sha256:1") is None
        documents.set_setting(connection, "company", "M")
        documents.set_setting(connection, "company", "N")
        assert ("N", None) == (documents.setting(connection, "company"), documents.setting(connection, "x"))


def test_every_refusal_is_one_of_ours() -> None:
    """What cannot be recorded is told as a BaileeError."""
    assert issubclass(FactRejected, BaileeError)
