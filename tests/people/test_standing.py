"""Standing as it is derived and published, against the meaning of the policy."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from bailee import decide
from bailee.decide import Compiled
from bailee.people import choices, crowds, customers, derivation, facts, notices, progress
from bailee.people.choices import Said
from bailee.people.database import Database, open_database
from bailee.people.instants import EARLIEST, LATEST, micros
from bailee.people.kinds import Kind
from bailee.people.standing import Board, Standing, derive, due
from bailee.policy import canonical, meaning
from bailee.policy.model import Policy
from bailee.policy.terms import Terms
from bailee.vocabulary import Basis, Customer
from tests.people.records import NOW, policy, purpose, put, register
from tests.stores import again
from tests.strategies import worlds
from tests.worlds import World

STANDS, UNKNOWN = 0, 1


@contextmanager
def fresh_database() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        made = open_database(Path(folder) / "state.db", create=True)
        yield made
        made.close()


def compiled(of: Policy) -> Compiled:
    return decide.compile(of, canonical.policy_digest(of))


def codes_by_meaning(of: Compiled, customer: Customer, at: datetime, terms: dict[str, Terms]) -> list[str]:
    return [meaning.standing(of.policy, slot.purpose, slot.recipient, customer, at, terms) for slot in of.slots]


def stored(connection: Connection) -> dict[int, list[str]]:
    rows = connection.exec_driver_sql("SELECT customer, codes FROM standing ORDER BY customer")
    return {number: [decide.REASONS[code] for code in codes] for number, codes in rows}


@settings(max_examples=60)
@given(worlds(customers=3), st.booleans())
def test_what_is_recorded_is_read_back_and_judged_by_the_meaning(world: World, at_once: bool) -> None:
    """Facts survive the tables, and both ways to derive give the standing that the meaning gives."""
    made = compiled(world.policy)
    with fresh_database() as database, database.write() as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr(derivation, "MANY", 0 if at_once else 100)
        expected = put(connection, world)
        assert expected == [customer for _, customer in facts.of_all(connection)][1:]
        change = derive(connection, made, world.at)
        terms = dict(notices.terms(connection))
        # What is on record was said, though our clock may have gone back since.
        at = [meaning.judged_at(each, world.at) for each in expected]
        assert [1, 2, 3, 4] == change.numbers.tolist()
        meant = [codes_by_meaning(made, each, then, terms) for each, then in zip(expected, at, strict=True)]
        assert meant == list(stored(connection).values())[1:]
        assert not due(connection, made, world.at)


@settings(max_examples=40)
@given(worlds(customers=4))
def test_a_crowd_holds_the_facts_of_each(world: World) -> None:
    """Arrays straight from the tables are judged as the customers themselves, also in parts."""
    made = compiled(world.policy)
    with fresh_database() as database, database.write() as connection:
        put(connection, world)
        covering = made.covering(notices.terms(connection))
        each = [made.standing(customer, world.at, covering)[0] for _, customer in facts.of_all(connection)]
        parts = [crowds.crowd(connection, world.policy, *span) for span in ((1, 2), (3, 5))]
        found = np.concatenate([made.standings(part, world.at, covering).codes for part in parts])
        assert each == [row.tobytes() for row in found]


def people(connection: Connection, count: int) -> range:
    return customers.add_many(connection, [customers.NewCustomer(f"c{i}") for i in range(1, count + 1)], NOW)


def say(connection: Connection, of: Policy, key: str, act: str, at: datetime, about: str = "offers") -> int:
    notice = register(connection, of, about) if act == "grant" else None
    return choices.record(connection, of, Said(key, Kind(about, act, "checkbox", notice), at), at)


def test_a_change_makes_only_its_customer_due(database: Database) -> None:
    """After one choice one customer is looked at, and others keep the sequence at which theirs was last worked out."""
    ours = policy()
    made = compiled(ours)
    with database.write() as connection:
        people(connection, 3)
        assert due(connection, made, NOW)
        first = derive(connection, made, NOW)
        assert (first.whole, [1, 2, 3]) == (True, first.numbers.tolist())
        assert not due(connection, made, NOW)
    with database.write() as connection:
        say(connection, ours, "c2", "grant", NOW)
        assert due(connection, made, NOW)
        second = derive(connection, made, NOW)
        assert (False, [2]) == (second.whole, second.numbers.tolist())
        rows = connection.exec_driver_sql("SELECT customer, sequence FROM standing").all()
        assert {1: first.sequence, 2: second.sequence, 3: first.sequence} == dict(rows)
        assert "stands" == stored(connection)[2][made.slot("offers")]


def test_time_alone_makes_a_customer_due(database: Database) -> None:
    """A consent that runs out is noticed at the instant at which it does."""
    ours = policy()
    made, end = compiled(ours), NOW.replace(year=2028)
    with database.write() as connection:
        people(connection, 2)
        say(connection, ours, "c1", "grant", NOW)
        derive(connection, made, NOW)
        assert not due(connection, made, end - timedelta(microseconds=1))
        assert due(connection, made, end)
        assert [1] == derive(connection, made, end).numbers.tolist()
        assert "consent_expired" == stored(connection)[1][made.slot("offers")]
        assert not due(connection, made, end)


def test_another_policy_is_worked_out_anew(database: Database) -> None:
    """Under a policy that promises less, old consents still stand; under one that reads more, they do not."""
    wider = policy(purpose("offers", recipients=("insurer",)))
    with database.write() as connection:
        people(connection, 2)
        say(connection, policy(), "c1", "grant", NOW)
        assert derive(connection, compiled(policy()), NOW).whole
        assert derive(connection, compiled(wider), NOW).whole
        assert {1: ["terms_widened"] * 2, 2: ["never_asked"] * 2} == stored(connection)
        assert not derive(connection, compiled(wider), NOW).whole


def test_a_clock_set_back_hides_no_withdrawal(database: Database) -> None:
    """A withdrawal that was acknowledged counts although the clock went back a little since."""
    ours = policy()
    made = compiled(ours)
    with database.write() as connection:
        people(connection, 1)
        say(connection, ours, "c1", "grant", NOW)
        say(connection, ours, "c1", "withdraw", NOW + timedelta(seconds=2))
        derive(connection, made, NOW)
        assert "withdrawn" == stored(connection)[1][made.slot("offers")]


@pytest.mark.parametrize("many", [1, 2_000])
def test_a_clock_set_far_back_hides_no_withdrawal(
    database: Database, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """What was acknowledged counts however far the clock goes back, whoever is judged for whatever reason."""
    monkeypatch.setattr(derivation, "MANY", many)
    ours, made = policy(), compiled(policy())
    with database.write() as connection:
        people(connection, 2)
        for key in ("c1", "c2"):
            say(connection, ours, key, "grant", NOW - timedelta(days=1))
        say(connection, ours, "c1", "withdraw", NOW)
        derive(connection, made, NOW)
        back = NOW - timedelta(hours=5)
        customers.touch(connection, 1)
        derive(connection, made, back)
        assert ["withdrawn", "stands"] == [codes[made.slot("offers")] for codes in stored(connection).values()]
        connection.exec_driver_sql("UPDATE progress SET policy = 'another'")
        derive(connection, made, back)
        assert ["withdrawn", "stands"] == [codes[made.slot("offers")] for codes in stored(connection).values()]


@pytest.mark.parametrize("many", [1, 10_000])
def test_a_clock_set_back_lifts_no_restriction(database: Database, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    """Whoever asked for restriction stays restricted when the clock goes back to before they asked."""
    monkeypatch.setattr(derivation, "MANY", many)
    ours, made = policy(), compiled(policy())
    with database.write() as connection:
        people(connection, 2)
        for key in ("c1", "c2"):
            say(connection, ours, key, "grant", NOW - timedelta(days=1))
        customers.restrict(connection, 1, NOW)
        derive(connection, made, NOW)
        connection.exec_driver_sql("UPDATE progress SET policy = 'another'")
        derive(connection, made, NOW - timedelta(hours=5))
        assert ["restricted", "stands"] == [codes[made.slot("offers")] for codes in stored(connection).values()]


def test_many_at_once_write_only_what_differs(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judging everybody at once leaves alone those whose standing is as it was."""
    monkeypatch.setattr(derivation, "MANY", 2)
    monkeypatch.setattr(derivation, "_BATCH", 2)
    ours = policy()
    made = compiled(ours)
    with database.write() as connection:
        people(connection, 5)
        assert [1, 2, 3, 4, 5] == derive(connection, made, NOW).numbers.tolist()
        for key in ("c2", "c4", "c5"):
            say(connection, ours, key, "grant", NOW)
        customers.touch(connection, 1)
        assert [2, 4, 5] == derive(connection, made, NOW).numbers.tolist()
        assert ["never_asked", "stands", "never_asked", "stands", "stands"] == [
            codes[made.slot("offers")] for codes in stored(connection).values()
        ]


def test_the_board_publishes_snapshots(database: Database) -> None:
    """A snapshot has codes and members; the next one shares what did not change and tells the difference."""
    ours = policy()
    made, board = compiled(ours), Board(database)
    slot = made.slot("offers")
    with database.write() as connection:
        people(connection, 3)
        say(connection, ours, "c2", "grant", NOW)
    first = board.fresh(made, NOW)
    assert [UNKNOWN, decide.REASONS.index("never_asked"), STANDS, decide.REASONS.index("never_asked")] == first.codes(
        slot
    ).tolist()
    assert [2] == first.members(slot).tolist()
    assert (3, NOW.replace(year=2028)) == (len(first), first.next_change)
    assert first is board.fresh(made, NOW) is board.current
    with database.write() as connection:
        say(connection, ours, "c2", "withdraw", NOW)
        say(connection, ours, "c1", "grant", NOW)
        customers.add(connection, customers.NewCustomer("c4"), NOW)
        say(connection, ours, "c4", "grant", NOW)
    second = board.fresh(made, NOW)
    assert ([1, 4], [2]) == tuple(each.tolist() for each in second.difference(slot, first))
    assert ([], []) == tuple(each.tolist() for each in second.difference(made.slot("research"), first))
    assert second.named > first.named  # `c4` came
    assert second.version > first.version
    assert second.sequence >= second.version
    assert [STANDS] == first.codes(slot)[first.members(slot)].tolist()  # what was published stays as it was


def test_a_change_that_changes_nobody_keeps_the_version(database: Database) -> None:
    """Facts that alter no code move the sequence and not the version, so no allow table is sent again."""
    ours = policy()
    made, board = compiled(ours), Board(database)
    with database.write() as connection:
        people(connection, 1)
    first = board.fresh(made, NOW)
    with database.write() as connection:
        customers.change(connection, 1, NOW, place="US-VT")
    second = board.fresh(made, NOW)
    assert (True, True) == (second.version == first.version, second.sequence > first.sequence)


def test_two_boards_follow_one_database(database: Database) -> None:
    """What another process derives is read, not derived again."""
    ours = policy()
    made = compiled(ours)
    mine, other = Board(database), Board(again(database.where))
    with database.write() as connection:
        people(connection, 4)
    mine.fresh(made, NOW)
    other.fresh(made, NOW)
    with database.write() as connection:
        say(connection, ours, "c3", "grant", NOW)
    sequence = other.fresh(made, NOW).sequence
    assert sequence == mine.fresh(made, NOW).sequence
    assert [3] == mine.current.members(made.slot("offers")).tolist()
    assert [3] == other.current.members(made.slot("offers")).tolist()
    assert mine.current.named == other.current.named


def test_an_empty_database_has_nobody(database: Database) -> None:
    """Without customers standing is empty, and slots still answer."""
    made = compiled(policy(purpose("offers"), purpose("orders", Basis.CONTRACT)))
    found = Board(database).fresh(made, NOW)
    assert (0, []) == (len(found), found.members(made.slot("orders")).tolist())
    assert [UNKNOWN] == found.codes(made.slot("orders")).tolist()
    assert isinstance(found, Standing)
    with database.read() as connection:
        assert not due(connection, made, NOW)
        assert made.digest == progress.read(connection).policy


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(
    "at", [-(1 << 62), micros(datetime(1, 1, 1, tzinfo=UTC)) - 1, EARLIEST - 1, LATEST + 1, 1 << 62]
)
def test_a_time_that_there_is_not_gives_nobody_standing(
    database: Database, monkeypatch: pytest.MonkeyPatch, at: int, at_once: bool
) -> None:
    """A choice that an earlier Bailee kept from before 1900 or after 9999 stops no question: a grant of then grants
    nothing, a refusal of then is honoured as of the first or last instant, and nobody comes of age by it."""
    monkeypatch.setattr(derivation, "MANY", 0 if at_once else 100)
    ours = policy()
    made = compiled(ours)
    with database.write() as connection:
        people(connection, 4)
        shown = register(connection, ours, "offers")
        notice = notices.known(connection)[shown][0]
        for number, act in ((1, "grant"), (2, "refuse"), (3, "grant"), (3, "refuse")):
            row = progress.advance(connection), number, "offers", act, at, "checkbox", notice
            values = (*row, *[None] * 5, False, None, None, None, micros(NOW))
            marks = ", ".join("?" * len(values))
            connection.exec_driver_sql(f"INSERT INTO choices ({choices.COLUMNS}) VALUES ({marks})", values)
        say(connection, ours, "c4", "grant", NOW)
        derive(connection, made, NOW)
        slot = next(number for number, each in enumerate(made.slots) if each.purpose == "offers")
        stands = [codes[slot] == decide.REASONS[STANDS] for number, codes in stored(connection).items() if number]
        assert [False, False, False, True] == stands
        assert 2 == len(choices.history(connection, 3))
