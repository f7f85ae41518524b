"""What the standing tree says of each customer, at every sequence at which standing was ever derived."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from random import Random

import pytest
import rfc8785
from sqlalchemy import Connection

from bailee.decide import Compiled
from bailee.ledger.positions import root_over
from bailee.people import customers, derivation, keyring, progress, standing_leaves, standing_proofs, standing_tree
from bailee.people.database import Database
from bailee.people.instants import instant
from bailee.people.standing import Board, derive
from bailee.people.standing_leaves import Held
from tests.people.records import NOW, policy, purpose
from tests.people.test_standing import compiled, people, say

#: By customer: codes, until, and the sequence of the last change.
Rows = Mapping[int, tuple[bytes, int | None, int]]


def rows(connection: Connection) -> Rows:
    """Everybody's standing as it is now."""
    found = connection.exec_driver_sql("SELECT customer, codes, until, sequence FROM standing").all()
    return {row[0]: (bytes(row[1]), row[2], row[3]) for row in found}


def value(of: Compiled, codes: bytes, until: int | None) -> bytes:
    """S3, by a general encoder of RFC 8785."""
    held = [slot for slot, code in zip(of.slots, codes, strict=True) if code == 0]
    named = sorted(slot.purpose if slot.recipient is None else f"{slot.purpose}/{slot.recipient}" for slot in held)
    when = None if until is None else instant(until).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return rfc8785.dumps({"holds": named, "until": when})


def expected(connection: Connection, of: Compiled, of_then: Rows) -> dict[int, bytes]:
    """S1, S4: the leaf of each customer who has a key."""
    found = {}
    for number, (codes, until, sequence) in of_then.items():
        key = keyring.of(connection).keys(connection, [number])[0]
        if key is not None:
            nonce = hashlib.blake2b(sequence.to_bytes(8, "big"), key=key, digest_size=32).digest()
            found[number] = hashlib.sha256(b"\x00" + nonce + value(of, codes, until)).digest()
    return found


def agree(connection: Connection, of: Compiled, sequence: int, of_then: Rows, count: int) -> None:
    """The tree of a sequence has these leaves and no others, and each is proved by what is on record."""
    leaves = expected(connection, of, of_then)
    for number in range(count + 2):
        placed = standing_tree.placed_at(connection, number, sequence)
        assert (
            leaves.get(number, bytes(32)) if number not in of_then or number in leaves else placed.leaf
        ) == placed.leaf
        if number in leaves or number not in of_then:
            proof = standing_proofs.prove(connection, number, sequence, of)
            said = None if number not in of_then else value(of, *of_then[number][:2]).decode()
            assert (number, said, placed.root) == (proof.position, proof.value, proof.root)
            assert placed.root == root_over(placed.leaf, number, proof.path)


@pytest.mark.parametrize("many", [1, 2_000])
def test_the_tree_follows_every_derivation(database: Database, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    """S3, S4, S5: few or many at once, new customers, choices, time and another policy: the tree of each sequence holds
    each customer's standing of then under the nonce of their last change, and `progress` has its root."""
    monkeypatch.setattr(derivation, "MANY", many)
    monkeypatch.setattr(derivation, "_BATCH", 100)
    monkeypatch.setattr(derivation, "_LEAVES", 7)
    ours, luck = policy(), Random(many)
    made, wider = compiled(ours), compiled(policy(*policy().purposes.values(), purpose("more")))
    past: dict[int, tuple[Compiled, Rows, int]] = {}
    count, at = 0, NOW
    with database.write() as connection:
        for step in range(12):
            of = made if step < 9 else wider
            if step in (0, 1, 5):
                names = [customers.NewCustomer(f"c{count + i}") for i in range(1, 131)]
                count = customers.add_many(connection, names, at)[-1]
            for _ in range(step % 3 * 2):
                key = f"c{luck.randrange(1, count + 1)}"
                say(connection, ours, key, luck.choice(["grant", "withdraw", "object"]), at)
            at += timedelta(days=90 if step == 8 else 1)
            derive(connection, of, at)
            now = progress.read(connection)
            assert now.root == standing_tree.root_at(connection, now.derived)
            past[now.derived] = (of, rows(connection), count)
        assert len({standing_tree.root_at(connection, sequence) for sequence in past}) > 8
    with database.read() as connection:
        for sequence, (of, then, among) in past.items():
            if sequence in (min(past), max(past)) or luck.random() < 0.4:
                agree(connection, of, sequence, then, among)
    with database.write() as connection:
        assert Board(database).current.root == b""
        derive(connection, wider, at)
    assert now.root == Board(database).fresh(wider, at).root


def test_values_at_once_are_those_one_by_one() -> None:
    """Times and purposes are written the same for three customers and for three hundred."""
    made, luck = compiled(policy()), Random(7)
    many = [
        Held(bytes(luck.choice((0, 3)) for _ in made.slots), luck.choice([None, 0, -1, luck.randrange(2**50)]))
        for _ in range(300)
    ]
    assert [value(made, *held) for held in many] == [standing_leaves.value(made, held) for held in many]
    assert standing_leaves._ends([held.until for held in many]) == [
        standing_leaves._ends([held.until])[0] for held in many
    ]


def test_an_erased_customer_leaves_what_nobody_opens(database: Database) -> None:
    """S4: once a key is destroyed the leaf is another at each change, no row says what the standing was, and nothing
    proves it; proofs that were made before still hold."""
    ours = policy()
    made = compiled(ours)
    with database.write() as connection:
        people(connection, 3)
        say(connection, ours, "c2", "grant", NOW)
        first = derive(connection, made, NOW).sequence
        before = standing_proofs.prove(connection, 2, first, made)
        connection.exec_driver_sql("INSERT INTO erasures (customer, asked_at, done_at) VALUES (2, 0, 0)")
        keyring.of(connection).destroy(connection, 2)
        customers.mark_erased(connection, 2, NOW)
        last = derive(connection, made, NOW).sequence
        then, now = (standing_tree.placed_at(connection, 2, sequence) for sequence in (first, last))
        assert (True, True) == (then.leaf != now.leaf, now.leaf not in (bytes(32), then.leaf))
        codes, until, _ = rows(connection)[2]
        unkeyed = hashlib.blake2b(last.to_bytes(8, "big"), digest_size=32).digest()
        assert hashlib.sha256(b"\x00" + unkeyed + value(made, codes, until)).digest() != now.leaf
        assert [] == connection.exec_driver_sql("SELECT * FROM standing_past WHERE customer = 2").all()
        assert [None] == keyring.of(connection).keys(connection, [2])
        for sequence in (first, last):
            with pytest.raises(Exception, match="not on record any more"):
                standing_proofs.prove(connection, 2, sequence, made)
        leaf = hashlib.sha256(b"\x00" + (before.nonce or b"") + (before.value or "").encode()).digest()
        assert before.root == root_over(leaf, 2, before.path) == standing_tree.root_at(connection, first)
        assert "offers" in json.loads(before.value or "")["holds"]


def test_a_customer_gets_a_key_with_their_first_leaf(database: Database) -> None:
    """Whoever has no key when standing is first derived has one afterwards, and their leaf opens with it."""
    made = compiled(policy())
    with database.write() as connection:
        people(connection, 2)
        connection.exec_driver_sql("DELETE FROM customer_keys")
        sequence = derive(connection, made, NOW).sequence
        assert None not in keyring.of(connection).keys(connection, [1, 2])
        agree(connection, made, sequence, rows(connection), 2)
