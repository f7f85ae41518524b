"""Private records: whose key opens them, whom they are about, and what is left when a customer is erased."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Engine

from bailee.errors import NotVerified, RecordError
from bailee.ledger import log
from bailee.ledger.values import Draft
from tests.ledger.safe import Safe

Make = Callable[[int], Draft]


def count(connection: Connection, table: str) -> int:
    found: int = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
    return found


def test_a_record_is_not_in_the_clear(filled: Engine) -> None:
    """L19: what is on the disk of a record says nothing without its key."""
    with filled.connect() as connection:
        sealed = connection.exec_driver_sql("SELECT sealed FROM ledger_records").scalars().all()
    assert 41 == len(sealed)
    assert not any(b"SELECT" in each or b"ana" in each for each in sealed)


def test_entries_about_a_customer_are_found(filled: Engine) -> None:
    """L19: the positions of all records about a customer are known by the customer's number, in order."""
    with filled.connect() as connection:
        assert [9, 19, 29, 39] == log.of_customer(connection, 7)
        assert [19] == log.of_customer(connection, 19)
        assert [] == log.of_customer(connection, 8)


def test_a_destroyed_key_closes_all_records_about_its_customer(filled: Engine, safe: Safe) -> None:
    """L19: where one of the customers' keys is gone a record opens for nobody, which is no fault of the ledger."""
    safe.gone.add(19)
    with filled.connect() as connection:
        opened = [position for position in range(41) if log.record(connection, position, safe=safe) is not None]
        assert [position for position in range(41) if position != 19] == opened
        assert 41 == log.verify_log(connection, safe=safe).size
    safe.gone.add(7)
    with filled.connect() as connection:
        assert log.opening(connection, 9, safe=safe) is None
        assert log.opening(connection, 8, safe=safe) is not None
        assert 41 == log.verify_log(connection, safe=safe).size


def test_an_erased_customer_leaves_leaves_only(filled: Engine, safe: Safe) -> None:
    """L10, L19: erasing takes the records about a customer and who else they are about; head and proofs stay."""
    with filled.begin() as connection:
        head, leaf = log.head(connection), log.leaf(connection, 19)
        assert 4 == log.erase_customer(connection, 7)
        assert (37, 0) == (count(connection, "ledger_records"), count(connection, "ledger_subjects"))
        assert ([], []) == (log.of_customer(connection, 7), log.of_customer(connection, 19))
        assert (head, leaf) == (log.verify_log(connection, safe=safe), log.leaf(connection, 19))
        assert log.record(connection, 19, safe=safe) is None
        assert 0 == log.erase_customer(connection, 7)


def test_erasing_one_customer_keeps_everybody_elses_records(engine: Engine, draft: Make, safe: Safe) -> None:
    """L19: records that are about others alone stay, byte for byte."""
    with engine.begin() as connection:
        log.append_many(connection, [draft(n)._replace(subjects=(n,)) for n in range(1, 6)], safe=safe)
        everything = "SELECT position, sealed FROM ledger_records WHERE position <> 2 ORDER BY position"
        before = connection.exec_driver_sql(everything).all()
        assert 1 == log.erase_customer(connection, 3)
        assert (
            before == connection.exec_driver_sql("SELECT position, sealed FROM ledger_records ORDER BY position").all()
        )
        assert [0, 1, 3, 4] == [at for number in (1, 2, 4, 5) for at in log.of_customer(connection, number)]


def test_records_of_a_batch_stay_with_their_entries(engine: Engine, draft: Make, safe: Safe) -> None:
    """L17, L19: where only some entries of a batch have a record that is kept, each record is at its own position."""
    about = {2: (4,), 4: (9, 4), 7: (4,)}
    drafts = [draft(n)._replace(kept=n != 3, subjects=about.get(n, ())) for n in range(8)]
    bare = (0, 5)
    with engine.begin() as connection:
        log.append_many(connection, [draft(8)], safe=safe)
        some = [each._replace(private=None) if n in bare else each for n, each in enumerate(drafts)]
        assert range(1, 9) == log.append_many(connection, some, safe=safe)
        expected = [None if n in (*bare, 3) else draft(n).private for n in range(8)]
        assert expected == [log.record(connection, 1 + n, safe=safe) for n in range(8)]
        assert {1 + n: sorted(numbers) for n, numbers in about.items()} == log.subjects(connection, 0, 9)
        assert 9 == log.verify_log(connection, safe=safe).size


def test_a_customer_named_twice_is_one_subject(engine: Engine, draft: Make, safe: Safe) -> None:
    """L19: subjects are a set, kept in order of number, so that a record opens whatever order they came in."""
    with engine.begin() as connection:
        log.append_many(connection, [draft(0)._replace(subjects=(9, 4, 9))], safe=safe)
        assert draft(0).private == log.record(connection, 0, safe=safe)
        assert [(4, 0), (9, 0)] == [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM ledger_subjects")]


def test_subjects_need_a_record(engine: Engine, draft: Make, safe: Safe) -> None:
    """L19: an entry without a record is about nobody, so that whom it names is never kept in the clear alone."""
    with engine.begin() as connection:
        with pytest.raises(RecordError, match="about customers needs a private record"):
            log.append_many(connection, [draft(0)._replace(private=None, subjects=(4,))], safe=safe)
        assert 0 == log.head(connection).size


def test_leaves_and_nodes_are_read_by_place(filled: Engine) -> None:
    """L17: leaves in a row, and complete nodes from the row of the last leaf under each; what is not there is said."""
    with filled.connect() as connection:
        all_leaves = [entry.leaf for entry in log.entries(connection)]
        assert all_leaves[3:9] == log.leaves_at(connection, 3, 9)
        assert [] == log.leaves_at(connection, 9, 9)
        found = log.nodes(connection, [(0, 4), (1, 2), (5, 0)])
        assert log.tree.root_of(all_leaves[4:6]) == found[1, 2]
        assert log.tree.root_of(all_leaves[:32]) == found[5, 0]
        with pytest.raises(NotVerified, match="does not have all the entries from `40` to `41`"):
            log.leaves_at(connection, 40, 42)
        with pytest.raises(NotVerified, match="lost its node over the entries from `32`"):
            log.nodes(connection, [(5, 1)])


def test_a_failed_entry_in_a_savepoint_takes_only_that_back(engine: Engine, draft: Make, safe: Safe) -> None:
    """L15: where several callers share a transaction, each in a savepoint, one whose write fails loses only its own."""
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE fact (number INTEGER)")
        connection.exec_driver_sql("INSERT INTO ledger_records VALUES (?, ?)", (1, b"\0"))
    with engine.connect() as connection, connection.begin():
        with connection.begin_nested():
            connection.exec_driver_sql("INSERT INTO fact VALUES (1)")
            log.append_many(connection, [draft(0)], safe=safe)

        def second() -> None:
            with connection.begin_nested():
                connection.exec_driver_sql("INSERT INTO fact VALUES (2)")
                log.append_many(connection, [draft(1)], safe=safe)

        with pytest.raises(RecordError, match=r"SQLITE_CONSTRAINT_PRIMARYKEY|UniqueViolation"):
            second()
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM ledger_records WHERE position = 1")
        assert [1] == connection.exec_driver_sql("SELECT number FROM fact").scalars().all()
        assert 1 == log.verify_log(connection, safe=safe).size


ASIDE = {"by": "ana", "actor": {"name": "zoë"}}


def test_what_is_held_back_is_read_here_and_opened_to_nobody(engine: Engine, draft: Make, safe: Safe) -> None:
    """L5a: the record as it is opened names none of them and commits to them; the company reads it whole."""
    one = draft(1)._replace(private={"actor": {"roles": ["x"]}, "rows": 1}, subjects=(7,), aside=ASIDE)
    with engine.begin() as connection:
        log.append_many(connection, [one], safe=safe)
        opening, leaf = log.opening(connection, 0, safe=safe), json.loads(log.leaf(connection, 0))
        whole = {"actor": {"roles": ["x"], "name": "zoë"}, "rows": 1, "by": "ana"}
        assert whole == log.record(connection, 0, safe=safe)
        assert 1 == log.verify_log(connection, safe=safe).size
    assert opening is not None
    assert b"ana" not in opening.record
    assert "zoë".encode() not in opening.record
    assert hmac.digest(opening.random, opening.record, "sha256").hex() == leaf["commitment"]
    said = json.loads(opening.record)
    assert {"actor", "rows", "aside"} == set(said)
    back = json.dumps(ASIDE, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
    keys = {use: hmac.digest(one.random, b"bailee record v2\0" + use, "sha256") for use in (b"opening", b"aside")}
    assert opening.random == keys[b"opening"]
    assert hmac.digest(keys[b"aside"], back, "sha256").hex() == said["aside"]
    # Whoever has the opening alone cannot hold a guess against it.
    guesses = (opening.random, hmac.digest(opening.random, b"bailee record v2\0aside", "sha256"))
    assert all(hmac.digest(key, back, "sha256").hex() != said["aside"] for key in guesses)


@pytest.mark.parametrize("change", [(b"ana", b"eve"), (b'"rows":1', b'"rows":2'), (b"\0", b""), (b"\0", b"\0\0")])
def test_what_is_held_back_cannot_be_changed(engine: Engine, draft: Make, change: tuple[bytes, bytes]) -> None:
    """L5a: whoever holds all keys and seals another name, or record, or parts it elsewhere, is noticed twice."""
    safe = Safe()
    with engine.begin() as connection:
        log.append_many(connection, [draft(1)._replace(subjects=(7,), aside=ASIDE)], safe=safe)
        (sealed,) = connection.exec_driver_sql("SELECT sealed FROM ledger_records").scalars()
        committed = bytes.fromhex(json.loads(log.leaf(connection, 0))["commitment"])
        plain = safe.open(connection, [7], bytes(sealed), committed)
        assert plain is not None
        assert plain.count(change[0]) >= 1
        other = safe.seal(connection, [7], plain[:32] + plain[32:].replace(*change), committed)
        connection.exec_driver_sql("UPDATE ledger_records SET sealed = ?", (other,))
        for look in (lambda: log.record(connection, 0, safe=safe), lambda: log.verify_log(connection, safe=safe)):
            with pytest.raises(NotVerified, match="not the one its leaf committed to"):
                look()
