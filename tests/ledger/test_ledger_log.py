"""The log on real SQLite: appended with the fact, read back, proved, and never torn."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, event, text

from bailee.errors import NotVerified, RecordError, WorkspaceError
from bailee.ledger import log, tree, verify
from bailee.ledger.values import Draft, Head, Safe
from bailee.people.postgresql import PostgreSQL

Make = Callable[[int], Draft]

#: What SQLite and PostgreSQL call a position that is taken.
TAKEN = "(SQLITE_CONSTRAINT_PRIMARYKEY|UniqueViolation)"


def append(connection: Connection, draft: Draft, safe: Safe) -> int:
    return log.append(connection, *draft[:5], safe=safe, subjects=draft.subjects)


def test_an_entry_is_appended_and_read_back(engine: Engine, draft: Make, safe: Safe) -> None:
    """L1, L10: an entry gets the next position; its leaf and record are what was recorded."""
    with engine.begin() as connection:
        assert [0, 1] == [append(connection, draft(number), safe) for number in range(2)]
        assert draft(1).private == log.record(connection, 1, safe=safe)
        entry = list(log.entries(connection))[1]
        assert (1, tree.leaf_hash(log.leaf(connection, 1)), "use") == (entry.position, entry.hash, entry.fields["kind"])
        assert Head(2, tree.root_of([log.leaf(connection, 0), log.leaf(connection, 1)])) == log.head(connection)


def test_an_empty_ledger_has_the_empty_root(engine: Engine, safe: Safe) -> None:
    """L8: a ledger without entries verifies and has the root of no leaves; appending none changes nothing."""
    with engine.begin() as connection:
        assert not log.append_many(connection, [], safe=safe)
        assert Head(0, tree.EMPTY_ROOT) == log.head(connection) == log.verify_log(connection)
        assert [] == list(log.entries(connection))


def test_an_entry_without_a_record_commits_to_nothing(engine: Engine, draft: Make, safe: Safe) -> None:
    """L5: where there is no private record the leaf has no commitment, and there is none to open."""
    with engine.begin() as connection:
        log.append_many(connection, [draft(0)._replace(private=None, random=b"")], safe=safe)
        assert log.record(connection, 0, safe=safe) is None
        assert b"commitment" not in log.leaf(connection, 0)


def test_equal_records_have_different_commitments(engine: Engine, draft: Make, safe: Safe) -> None:
    """L5: the random hides the record, so that two equal records cannot be told to be equal."""
    with engine.begin() as connection:
        log.append_many(connection, [draft(0), draft(0)._replace(random=bytes(32))], safe=safe)
        leaves = [entry.fields["commitment"] for entry in log.entries(connection)]
    assert leaves[0] != leaves[1]


@given(groups=st.lists(st.integers(1, 20), min_size=1, max_size=8), data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_entry_is_proved_in_every_later_log(
    engine: Engine, draft: Make, safe: Safe, groups: list[int], data: st.DataObject
) -> None:
    """L11, L12: proofs from the stored nodes hold for the verifier, whatever the commits were."""
    with engine.connect() as connection:
        heads = [log.head(connection)]
        for group in groups:
            log.append_many(connection, [draft(number) for number in range(group)], safe=safe)
            heads.append(log.head(connection))
        old, new = sorted(data.draw(st.tuples(st.sampled_from(heads), st.sampled_from(heads))))
        growth = log.prove_consistency(connection, old.size, new.size)
        verify.verify_consistency(old.size, old.root, new.size, new.root, growth.path)
        if new.size:
            position = data.draw(st.integers(0, new.size - 1))
            proof = log.prove_inclusion(connection, position, new.size)
            verify.verify_inclusion(log.leaf(connection, position), position, new.size, proof.path, new.root)
        assert heads[-1] == log.verify_log(connection)
        connection.rollback()


def test_entries_are_read_in_slices(engine: Engine, draft: Make, safe: Safe) -> None:
    """Entries come in order from any position to any other, over more than one reading."""
    with engine.begin() as connection:
        log.append_many(connection, [draft(number) for number in range(2100)], safe=safe)
        assert list(range(2100)) == [entry.position for entry in log.entries(connection)]
        assert list(range(1020, 2060)) == [entry.position for entry in log.entries(connection, 1020, 2060)]
        assert [] == list(log.entries(connection, 2100))


def test_a_fact_taken_back_leaves_no_entry(engine: Engine, draft: Make, safe: Safe) -> None:
    """L15: fact and leaf are one transaction: a rollback leaves neither, a commit keeps both."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE fact (number INTEGER)"))
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO fact VALUES (1)"))
        append(connection, draft(0), safe)
        connection.rollback()
    with engine.begin() as connection:
        assert (0, 0) == (connection.execute(text("SELECT count(*) FROM fact")).scalar(), log.head(connection).size)
        connection.execute(text("INSERT INTO fact VALUES (1)"))
        append(connection, draft(0), safe)
    with engine.connect() as connection:
        assert (1, 1) == (connection.execute(text("SELECT count(*) FROM fact")).scalar(), log.head(connection).size)
        log.verify_log(connection)


def test_one_bad_entry_keeps_its_whole_group_out(engine: Engine, draft: Make, safe: Safe) -> None:
    """L15: a group with an entry that cannot be recorded writes nothing, and the transaction goes on."""
    with engine.begin() as connection:
        with pytest.raises(RecordError, match="no kind `gossip`"):
            log.append_many(connection, [draft(0), draft(1)._replace(kind="gossip")], safe=safe)
        with pytest.raises(RecordError, match="needs 32 random bytes"):
            log.append_many(connection, [draft(0), draft(1)._replace(random=b"short")], safe=safe)
        append(connection, draft(0), safe)
    with engine.connect() as connection:
        assert 1 == log.verify_log(connection).size


def test_a_failed_write_takes_the_fact_back(engine: Engine, draft: Make, safe: Safe) -> None:
    """L15: where the database fails half-way, even a caller that goes on cannot keep the fact without its entry."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE fact (number INTEGER)"))
        connection.exec_driver_sql("INSERT INTO ledger_records VALUES (?, ?)", (1, b"\0"))
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO fact VALUES (1)"))
        with pytest.raises(RecordError, match=rf"could not be written \({TAKEN}\); nothing was"):
            log.append_many(connection, [draft(0), draft(1)], safe=safe)
        connection.commit()
        assert 0 == connection.execute(text("SELECT count(*) FROM fact")).scalar()
        assert (0, []) == (log.head(connection).size, list(log.entries(connection)))


def test_threads_never_share_a_position(engine: Engine, draft: Make, safe: Safe) -> None:
    """L16: two writers at once get different positions, none is left out, and the log verifies."""
    taken: list[int] = []

    def write() -> None:
        for number in range(40):
            with engine.begin() as connection:
                position = append(connection, draft(number), safe)
            taken.append(position)

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(range(80)) == sorted(taken)
    with engine.connect() as connection:
        assert 80 == log.verify_log(connection).size


def without_lock(engine: Engine) -> Engine:
    """Connections to the same store that do not wait to be the only writer."""
    if engine.dialect.name != "sqlite":
        return PostgreSQL(engine.url.render_as_string(hide_password=False)).engine(create=False, read_only=False)
    late = create_engine(engine.url, connect_args={"timeout": 0.1})
    event.listen(late, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return late


def test_a_writer_with_an_old_view_is_refused(engine: Engine, draft: Make, safe: Safe) -> None:
    """L16: even if a writer read its size before another committed, it cannot take that position."""
    late = without_lock(engine)
    with late.connect() as stale:
        assert 0 == log.head(stale).size
        with engine.begin() as connection:
            append(connection, draft(0), safe)
        with pytest.raises(RecordError, match=r"SQLITE_BUSY|SerializationFailure|UniqueViolation"):
            append(stale, draft(1), safe)
    late.dispose()
    with engine.connect() as connection:
        assert 1 == log.verify_log(connection).size


def test_what_is_not_there_is_said_so(filled: Engine) -> None:
    """Positions and sizes beyond the log are named with how many entries there are."""
    with filled.connect() as connection:
        with pytest.raises(NotVerified, match="no entry `41`; the ledger has 41"):
            log.leaf(connection, 41)
        with pytest.raises(NotVerified, match="no entry `41` in the first 41 entries"):
            log.prove_inclusion(connection, 41)
        with pytest.raises(NotVerified, match="no entry `0` in the first 42 entries; the ledger has 41"):
            log.prove_inclusion(connection, 0, 42)
        with pytest.raises(NotVerified, match="`3` to `42` entries is not a growth"):
            log.prove_consistency(connection, 3, 42)


def test_creating_again_keeps_what_is_there(filled: Engine) -> None:
    """L17: the tables are made once; a ledger of a newer version is refused."""
    with filled.begin() as connection:
        before = log.head(connection)
        log.create(connection)
        assert before == log.head(connection)
        connection.execute(text("UPDATE ledger_head SET version = 99"))
        with pytest.raises(WorkspaceError, match="has version 99 and this Bailee knows up to 2"):
            log.create(connection)


def test_a_write_that_cannot_be_taken_back_is_told_in_words(
    engine: Engine, draft: Make, safe: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that ended the connection takes all back with it, whatever the driver says to a rollback then."""

    def lost(_: object) -> None:
        raise engine.dialect.loaded_dbapi.OperationalError("not allowed in pipeline mode")

    def fail() -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE ledger_subjects")
            monkeypatch.setattr(engine.dialect, "do_rollback", lost)
            log.append_many(connection, [draft(0)._replace(subjects=(1,))], safe=safe)

    with pytest.raises(RecordError, match="nothing was recorded"):
        fail()
    monkeypatch.undo()
    with engine.begin() as connection:
        assert 0 == log.head(connection).size
        log.append_many(connection, [draft(0)], safe=safe)
