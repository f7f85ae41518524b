"""A database that an older Bailee made: brought to this version whole, with all that it held, or left as it was."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
import rfc8785
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from bailee import decide
from bailee.errors import WorkspaceError
from bailee.ledger.verify import verify_inclusion
from bailee.people import choices, facts, imported_rows, keyring, migrations, progress, reports, schema
from bailee.people.cleaning import clean
from bailee.people.database import Database, open_database
from bailee.people.instants import instant, micros
from bailee.people.standing import Board
from bailee.policy import canonical
from bailee.policy.terms import terms_of
from tests.people.records import NOW, policy
from tests.people.test_database import bare, shape

ROOT = Path(__file__).parents[2]
AT = micros(NOW - timedelta(days=1))

#: A row of every table as revision 0001 had them; customer 3 was marked as erased, and nothing was taken away.
ROWS = {
    "customers": [
        (1, "c1", 4000, "DE", None, None, AT, AT, 1),
        (2, "c2", None, None, None, None, None, AT, 2),
        (3, "c3", None, None, AT, None, None, AT, 3),
    ],
    "contracts": [(1, AT, None)],
    "restrictions": [(2, AT, AT)],
    "guardians": [(2, 1, AT, None)],
    "grounds": [(1, "insight", AT, "a lawsuit of 2025"), (3, "insight", AT, "grounds of c3")],
    "holds": [(1, "insight", AT, None, "tax law")],
    "notices": [(1, "sha256:n", "offers", "en", "words", "{}", "sha256:t", AT)],
    "notices_given": [(4, 1, 1, AT)],
    "imports": [(1, "choices", "sha256:f", "old.csv", 3, 2, "root", AT, "ann")],
    "import_rows": [(1, 0, bytes(96))],
    "import_skipped": [(1, 2, b"\x07" * 32)],
    "choices": [
        (5, 1, "offers", "grant", AT, "checkbox", 1, None, "en", None, None, None, False, "form 7", None, None, AT),
        (6, 2, "*", "refuse", AT, "gpc", None, None, None, None, None, 1, True, None, 1, 0, AT),
        (7, 1, "offers", "refuse", AT, "api", None, "sha256:x", None, "insurer", "email", None, False, "", 1, 1, AT),
        (8, 3, "offers", "refuse", AT, "api", None, None, None, None, None, None, False, "by c3", None, None, AT),
    ],
    "standing": [(1, b"\x00\x01\x02", None, 7)],
    "policies": [("sha256:p", "{}", "policy: 1", "source", AT)],
    "datamaps": [("sha256:m", "{}", "map: 1", "source", AT)],
    "settings": [("announced", "p m")],
}
#: What is stored otherwise now, and is looked at by itself.
CHANGED = {"grounds": {"why"}, "holds": {"why"}, "choices": {"evidence"}, "imports": {"file_digest", "mark"}}
#: Whose these rows were is not known: they go, and so do their randoms.
DROPPED = {"import_skipped", "import_rows"}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of revision 0001 with rows in every table."""
    path = tmp_path / "state.db"
    database = bare(path)
    with database.write() as connection:
        migrations.upgrade(connection, "0001")
        for table, rows in ROWS.items():
            marks = ",".join("?" * len(rows[0]))
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({marks})", rows)
        connection.exec_driver_sql("UPDATE progress SET sequence = 8, customers = 3, derived = 7, policy = 'sha256:p'")
    database.close()
    return path


def held(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """The rows of every table that there was, without the columns that changed."""
    found = {}
    with database.read() as connection:
        for table in ROWS.keys() - DROPPED:
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").mappings()
            kept = [tuple(value for name, value in row.items() if name not in CHANGED.get(table, ())) for row in rows]
            kept = [row for row in kept if row[0] != keyring.WRAPPING]
            found[table] = sorted(kept, key=repr)
    return found


def test_every_row_is_kept(old: Path, tmp_path: Path) -> None:
    """All rows of all tables are there after the upgrade, in tables of the shape that a new database has."""
    before = held(bare(old))
    database = open_database(old)
    assert before == held(database)
    assert shape(open_database(tmp_path / "new.db", create=True)) == shape(database)
    assert [] == database.check()
    assert clean(database, anew=False).log
    assert b"sha256:f" not in old.read_bytes()  # by which a guess at what was in the file could be tested
    with database.read() as connection:
        assert reports.imported(connection, "choices", "sha256:f")
        assert reports.imported(connection, "customers", "sha256:f") is None
        assert progress.Progress(8, 3, 7, 0, "sha256:p", None) == progress.read(connection)
        assert [] == connection.exec_driver_sql("SELECT customer FROM import_skipped").scalars().all()
        places = imported_rows.Rows(connection, 1)
        ((place,),) = places.files.values()
        shown = places.show(place)
        assert isinstance(shown, imported_rows.Unshown)
        assert imported_rows.EARLIER == shown.why
        assert [(3, AT, None)] == connection.exec_driver_sql("SELECT customer, asked_at, done_at FROM erasures").all()


def test_rows_of_earlier_imports_are_proved(old: Path) -> None:
    """I2, I3: of a file that was imported before its tree was kept, the tree is made where it still leads to the root;
    the random of a row whose owner nobody noted goes."""
    randoms = [bytes([n]) * 32 for n in (1, 2, 3)]
    none = dict.fromkeys(("channel", "evidence", "guardian", "language", "notice", "recipient"))
    at = instant(AT).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    told = {"act": "refuse", "at": at, "conflict_shown": True, "customer": "c2", "guardian": "c1", "purpose": "*"}
    by_her = {"act": "refuse", "at": at, "conflict_shown": False, "customer": "c1", "purpose": "offers"}
    by_her |= {"instrument": "api", "notice": "sha256:x", "recipient": "insurer", "channel": "email"}
    records = [rfc8785.dumps({**none, **told, "instrument": "gpc"}), rfc8785.dumps({**none, **by_her})]
    hashes = [sha256(b"\x00" + random + record).digest() for random, record in zip(randoms, records, strict=False)]
    root = sha256(b"\x01" + sha256(b"\x01" + b"".join(hashes)).digest() + b"\x07" * 32).hexdigest()
    with bare(old).write() as connection:
        connection.exec_driver_sql("UPDATE import_rows SET randoms = ?", (b"".join(randoms),))
        connection.exec_driver_sql("UPDATE imports SET root = ?", (root,))
    with open_database(old).read() as connection:
        for number, position in ((2, 0), (1, 1)):
            theirs = imported_rows.Rows(connection, number)
            ((place,),) = theirs.files.values()
            found = theirs.show(place)
            assert isinstance(found, imported_rows.Shown)
            assert (position, randoms[position], records[position]) == (found.position, found.random, found.record)
            verify_inclusion(found.random + found.record, position, 3, found.path, bytes.fromhex(root))
        kept = bytes(connection.exec_driver_sql("SELECT randoms FROM import_rows").scalar_one())
        assert b"".join(randoms[:2]) + bytes(32) == kept


def test_personal_text_is_sealed(old: Path) -> None:
    """Evidence and reasons open under their customer's key, and are nowhere in the file in the clear."""
    database = open_database(old)
    with database.read() as connection:
        assert ["form 7", ""] == [each.evidence for each in choices.history(connection, 1)]
        keys = keyring.of(connection)
        for table, number, expected in (("grounds", 1, b"a lawsuit of 2025"), ("holds", 1, b"tax law")):
            sealed = connection.exec_driver_sql(f"SELECT why FROM {table} WHERE customer = ?", (number,)).scalar_one()
            assert expected == keys.open(connection, [number], sealed, f"{table}.why".encode())
        found = facts.of(connection, 1)
        assert found is not None
        assert {"insight"} == found.held_for
    with database.alone() as connection:
        connection.connection.cursor().execute("VACUUM")
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for secret in (b"form 7", b"a lawsuit", b"tax law", b"by c3", b"grounds of c3"):
        assert secret not in old.read_bytes()


def test_standing_is_derived_anew(old: Path) -> None:
    """The standing tree is made from the facts when somebody first asks."""
    database = open_database(old)
    ours = policy()
    made = decide.compile(ours, canonical.policy_digest(ours))
    with database.write() as connection:
        terms = json.dumps(canonical.to_json(terms_of(ours, ours.purposes["offers"])))
        connection.exec_driver_sql("UPDATE notices SET terms = ?", (terms,))
    standing = Board(database).fresh(made, NOW)
    assert len(standing.root) == 32
    assert 3 == len(standing)


def test_what_was_said_cannot_be_changed(old: Path) -> None:
    """The triggers are there again, and let only rows of the erased go."""
    database = open_database(old)
    for statement in ("DELETE FROM choices WHERE customer = 1", "UPDATE choices SET act = 'grant' WHERE customer = 3"):
        with pytest.raises(IntegrityError, match="choices is append-only"), database.write() as connection:
            connection.exec_driver_sql(statement)
    with database.write() as connection:
        assert 1 == connection.exec_driver_sql("DELETE FROM choices WHERE customer = 3").rowcount


def dump(path: Path) -> list[str]:
    raw = sqlite3.connect(path)
    found = list(raw.iterdump())
    raw.close()
    return found


def test_a_failed_upgrade_leaves_the_old_one(old: Path, tmp_path: Path) -> None:
    """Whichever statement fails, the database is as it was, and the next attempt brings it up to date."""
    before, count = dump(old), [0]

    def listen(database: Database, fail_at: int) -> None:
        seen = [0]

        def before_execute(*_: object) -> None:
            seen[0] += 1
            count[0] = max(count[0], seen[0])
            if seen[0] == fail_at:
                raise WorkspaceError("there is no power")

        event.listen(database._engine, "before_cursor_execute", before_execute)

    def attempt(path: Path, fail_at: int) -> None:
        database = bare(path)
        database.keyring = keyring.Keyring([bytes(32)])
        listen(database, fail_at)
        with database.connect() as connection, database.writing(connection, references=False):
            migrations.upgrade(connection)
        database.close()

    whole = tmp_path / "whole.db"
    shutil.copy(old, whole)
    attempt(whole, -1)
    total = count[0]
    assert total > 30
    for fail_at in range(1, total + 1, 3):
        with pytest.raises(WorkspaceError, match="no power"):
            attempt(old, fail_at)
        assert before == dump(old)
    attempt(old, -1)
    assert before != dump(old)


CHILD = """
import sys
sys.path[:0] = [sys.argv[2], sys.argv[2] + "/src"]
from bailee.people.cleaning import clean
from bailee.people.database import open_database
print("begin", flush=True)
open_database(sys.argv[1]).close()
"""


def test_a_killed_upgrade_leaves_the_old_one_or_the_new(old: Path, tmp_path: Path) -> None:
    """Killed at some moment, the database opens, and holds what it held."""
    before, luck = held(bare(old)), Random(5)
    for turn in range(4):
        path = tmp_path / str(turn) / "state.db"
        path.parent.mkdir()
        shutil.copy(old, path)
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(path), str(ROOT)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(luck.random() * 0.5)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        database = open_database(path)
        assert before == held(database)
        database.close()


def test_two_processes_upgrade_at_once(old: Path) -> None:
    """The second one finds it done."""
    command = [sys.executable, "-c", CHILD, str(old), str(ROOT)]
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [0, 0] == [child.wait() for child in running]
    with open_database(old).read() as connection:
        assert schema.REVISION == connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def test_a_reader_does_not_upgrade(old: Path) -> None:
    """A database that was opened to be read only is not changed, and that is said."""
    with pytest.raises(WorkspaceError, match="is from an older Bailee; open it once for writing"):
        open_database(old, read_only=True)
