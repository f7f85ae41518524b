"""Requests: kept with their dates and entries, answered in steps, seen by staff, theirs alone to take back."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date

import pytest

from bailee.errors import FactRejected
from bailee.gate.gate import Gate
from bailee.ledger.verify_note import read_vkey
from bailee.ledger.verify_proof import verify_proof
from bailee.people import customers
from bailee.rights import requests
from bailee.rights.copying import copy
from tests.gate.shop import Clock


def settle(gate: Gate, customer: str, place: str) -> None:
    with gate.database.write() as connection:
        customers.change(connection, customers.number_of(connection, customer), gate.clock(), place=place)


def test_a_request_is_acknowledged(gate: Gate) -> None:
    """It has a number from 1 on, a day to answer by where the customer lives, and an entry that opens to its words."""
    settle(gate, "1", "DE")
    first = requests.open(gate, 1, "correct", text="my name is Ada")
    second = requests.open(gate, 2, "access")
    assert (1, 2, date(2026, 12, 22)) == (first.number, second.number, first.answer_by)
    assert {"change": "opened", "right": "correct"}.items() <= gate.leaf(first.entry).items()
    record = gate.record(first.entry)
    assert record is not None
    assert ("my name is Ada", "1", 1) == (record["text"], record["customer"], record["request"])
    assert "my name is Ada" == requests.show(gate, 1).said


def test_the_customer_can_prove_that_they_asked(gate: Gate) -> None:
    """The entry concerns them alone, and its proof opens to what they asked."""
    asked = requests.open(gate, 1, "erase", text="all of it")
    with gate.proofs(1) as prover:
        proven = prover.prove(prover.concerns(asked.entry, None)[0])
        proved = verify_proof(proven.proof, [read_vkey(prover.vkey)])
    assert ("request", "erase opened") == (proven.kind, proven.said)
    assert proved.record is not None
    assert "all of it" == proved.record["text"]


def test_staff_see_the_most_urgent_first(gate: Gate, clock: Clock) -> None:
    """By the day to answer, whatever the order they came in; what is late says so; what is closed is gone."""
    settle(gate, "1", "US-CA")
    requests.open(gate, 1, "access")
    requests.open(gate, 2, "access")
    requests.open(gate, 3, "restrict")
    requests.close(gate, 3, "fulfilled", by="ann")
    assert [2, 1] == [each.number for each in requests.listed(gate)]
    assert [2, 3, 1] == [each.number for each in requests.listed(gate, every=True)]
    clock.forward(days=32)
    today = clock().date()
    assert [True, False] == [each.overdue(today) for each in requests.listed(gate)]


def test_each_step_is_kept_with_its_entry(gate: Gate) -> None:
    """An extension and an answer are steps of their own, with who, when, why and the ledger's entry."""
    asked = requests.open(gate, 1, "access")
    put_off = requests.extend(gate, asked.number, "three systems to search", by="ann")
    assert ("extended", date(2027, 2, 22)) == (put_off.state, put_off.due)
    done = requests.close(gate, asked.number, "fulfilled", why="sent", by="ben")
    assert [("extended", "ann", "three systems to search"), ("fulfilled", "ben", "sent")] == [
        (each.state, each.by, each.why) for each in done.changes
    ]
    shown = [gate.leaf(each.entry) for each in done.changes]
    assert [("request", "extended"), ("request", "fulfilled")] == [(leaf["kind"], leaf["change"]) for leaf in shown]
    assert done.closed_at is not None


def test_an_extension_comes_once_and_in_time(gate: Gate, clock: Clock) -> None:
    """Not twice, not after the first term, and not for an opt-out."""
    asked = requests.open(gate, 1, "access")
    requests.extend(gate, asked.number, "many", by="ann")
    with pytest.raises(FactRejected, match="put off already"):
        requests.extend(gate, asked.number, "more", by="ann")
    late = requests.open(gate, 2, "access")
    clock.forward(days=40)
    with pytest.raises(FactRejected, match="too late to put it off"):
        requests.extend(gate, late.number, "late", by="ann")
    settle(gate, "3", "US-CA")
    opt_out = requests.open(gate, 3, "object")
    with pytest.raises(FactRejected, match="may not be put off"):
        requests.extend(gate, opt_out.number, "why", by="ann")


def test_a_customer_takes_back_their_own_alone(gate: Gate) -> None:
    """Another's request is told of as if it were not there."""
    asked = requests.open(gate, 1, "erase")
    with pytest.raises(FactRejected, match="there is no request number 1"):
        requests.cancel(gate, asked.number, 2)
    assert "cancelled" == requests.cancel(gate, asked.number, 1).state
    with pytest.raises(FactRejected, match="is closed: it was cancelled"):
        requests.cancel(gate, asked.number, 1)


@pytest.mark.parametrize(
    ("right", "text", "why"),
    [
        ("acess", None, "there is no right `acess`, expected `access`"),
        ("correct", " ", "must say what is wrong"),
        ("access", "x" * 10_001, "at most 10,000 characters"),
    ],
)
def test_what_cannot_be_asked(gate: Gate, right: str, text: str | None, why: str) -> None:
    """It is told in words, and nothing is kept."""
    before = gate.head()
    with pytest.raises(FactRejected, match=why):
        requests.open(gate, 1, right, text=text)
    assert ([], before) == (requests.listed(gate), gate.head())


def test_nobody_asks_the_same_twice_at_once(gate: Gate) -> None:
    """While one is open, the same request is refused with its number; afterwards it may come again."""
    asked = requests.open(gate, 1, "access")
    with pytest.raises(FactRejected, match="as request 1, which is still open"):
        requests.open(gate, 1, "access")
    requests.close(gate, asked.number, "fulfilled", by="ann")
    assert 2 == requests.open(gate, 1, "access").number
    with pytest.raises(FactRejected):
        requests.open(gate, "nobody", "access")


def test_a_refusal_needs_a_reason(gate: Gate) -> None:
    """Whoever is refused is told why."""
    asked = requests.open(gate, 1, "access")
    with pytest.raises(FactRejected, match="a refusal needs its reason"):
        requests.close(gate, asked.number, "refused", by="ann")


def test_an_erasure_keeps_the_log_and_no_words(gate: Gate) -> None:
    """The request stays, with its dates and answer, and says nothing of who it was; it can still be closed."""
    asked = requests.open(gate, 1, "erase", text="CANARYWORDS")
    gate.erase(1)
    found = requests.show(gate, asked.number)
    assert (None, None, "erase") == (found.customer, found.said, found.kind)
    done = requests.close(gate, asked.number, "fulfilled", why="done", by="ann")
    assert ("fulfilled", None) == (done.state, done.changes[0].why)
    for file in gate.home.glob("state.db*"):
        assert b"CANARYWORDS" not in file.read_bytes()


def test_the_copy_has_what_was_asked(gate: Gate) -> None:
    """A person's copy has their requests, with the answers."""
    asked = requests.open(gate, 1, "correct", text="my street")
    requests.close(gate, asked.number, "fulfilled", why="mended", by="ann")
    file = io.BytesIO()
    copy(gate, 1, file)
    (found,) = json.loads(zipfile.ZipFile(file).read("kept/requests.json"))
    assert ("my street", "mended") == (found["said"], found["answers"][0]["why"])
