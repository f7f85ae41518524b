"""The database: what it promises its readers and writers, and what it says when it cannot be opened."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bailee.errors import WorkspaceError
from bailee.people import migrations, progress, schema
from bailee.people.database import Database, open_database
from bailee.people.sqlite import SQLite

SHAPE = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"


def shape(database: Database) -> list[tuple[object, ...]]:
    """All that SQLite knows about the tables: columns in their order, constraints in any, whatever the layout."""
    with database.read() as connection:
        return [(*row[:3], *parts(row[3] or "")) for row in connection.exec_driver_sql(SHAPE)]


def parts(sql: str) -> tuple[str, ...]:
    words = re.sub(r"([(),])", r" \1 ", sql.replace('"', "")).split()
    columns, *constraints = re.split(r",? CONSTRAINT ", " ".join(words))
    return (columns.rstrip(" ,)"), *sorted(each.rstrip(" ,)") for each in constraints))


def bare(path: Path) -> Database:
    """A file without a table."""
    store = SQLite(path)
    return Database(store, store.engine(create=True, read_only=False), read_only=False)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(tmp_path / "state.db", create=True)


def test_the_created_and_the_migrated_schema_are_equal(tmp_path: Path, database: Database) -> None:
    """A database that grew through every migration has the shape of one made today."""
    old = bare(tmp_path / "old.db")
    with old.connect() as connection, old.writing(connection, references=False):
        migrations.upgrade(connection)
    assert shape(database) == shape(old)
    with old.read() as connection:
        assert [] == compare_metadata(MigrationContext.configure(connection), schema.metadata)
        assert progress.Progress(0, 0, 0, 0, None, None) == progress.read(connection)


def test_the_stored_revision_is_the_last_migration(database: Database) -> None:
    """The revision that opens without alembic is alembic's own head."""
    head = ScriptDirectory.from_config(migrations._config()).get_current_head()
    with database.read() as connection:
        stored = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    assert schema.REVISION == head == stored
    assert {f"{number:04}" for number in range(1, int(head) + 1)} == migrations.known()


def test_opening_does_not_import_alembic(database: Database) -> None:
    """A database that is up to date opens without the cost of alembic."""
    code = (
        "import sys; from bailee.people.database import open_database; "
        f"open_database({str(database.path)!r}).close(); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False" == done.stdout.strip()


def test_the_settings_of_a_connection(database: Database) -> None:
    """Every connection is durable, keeps references whole and waits a minute for another writer."""
    with database.read() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 60_000} == found


def test_a_reader_keeps_its_snapshot(database: Database) -> None:
    """What is committed after a read began is not in it."""
    with database.read() as reader:
        with database.write() as writer:
            progress.advance(writer, 7)
        assert 0 == progress.read(reader).sequence
    with database.read() as reader:
        assert 7 == progress.read(reader).sequence


def test_an_error_takes_all_back(database: Database) -> None:
    """A write that fails leaves nothing behind, and the next one works."""

    def fails() -> None:
        with database.write() as connection:
            progress.advance(connection)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with database.write() as connection:
        assert 1 == progress.advance(connection)


def test_threads_take_every_sequence_once(database: Database) -> None:
    """Writers come one after another: no number is given twice and none is lost."""
    taken: list[int] = []

    def work() -> None:
        for _ in range(50):
            with database.write() as connection:
                taken.append(progress.advance(connection))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(range(1, 201)) == taken


def test_extra_tables_are_made_in_the_same_transaction(tmp_path: Path) -> None:
    """Another room's tables come with ours, or neither does."""

    def fails(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE theirs (x INTEGER)")
        raise WorkspaceError("the ledger has version 9")

    with pytest.raises(WorkspaceError, match="version 9"):
        open_database(tmp_path / "state.db", create=True, extra=[fails])
    assert [] == sqlite3.connect(tmp_path / "state.db").execute("SELECT name FROM sqlite_master").fetchall()
    made = open_database(
        tmp_path / "state.db", create=True, extra=[lambda c: c.exec_driver_sql("CREATE TABLE IF NOT EXISTS t (x)")]
    )
    assert {"t", "customers"} <= {str(row[1]) for row in shape(made)}


def message(path: Path, **options: bool) -> str:
    with pytest.raises(WorkspaceError) as found:
        open_database(path, **options)
    return str(found.value).replace(str(path.parent), "DIR")


def test_a_missing_database(tmp_path: Path) -> None:
    """A workspace that is not there is not made by looking at it."""
    assert "there is no database `DIR/state.db`; make a workspace with `bailee init`" == message(tmp_path / "state.db")
    assert not (tmp_path / "state.db").exists()
    assert "there is no folder `DIR`; make a workspace with `bailee init`" == message(tmp_path / "gone" / "state.db")
    assert "is a folder, expected a database file" in message(tmp_path)


def test_files_that_are_no_database(tmp_path: Path) -> None:
    """Text, an empty file and somebody else's database are each named for what they are."""
    text = tmp_path / "text.db"
    text.write_text("customer,purpose\n" * 100)
    assert "`DIR/text.db` is not a database, or its beginning is damaged; restore a backup" == message(text)
    empty = tmp_path / "empty.db"
    empty.touch()
    assert "is not a database" in message(empty)
    other = tmp_path / "other.db"
    raw = sqlite3.connect(other)
    raw.execute("CREATE TABLE t (x)")
    raw.commit()
    raw.close()
    assert "`DIR/other.db` is a database, but not one of Bailee's; name another file" == message(other)
    assert "not one of Bailee's" in message(other, create=True)


def test_an_interrupted_creation_can_be_done_again(tmp_path: Path) -> None:
    """A file that creation left without a table is filled by the next creation."""
    raw = sqlite3.connect(tmp_path / "state.db")
    raw.execute("PRAGMA journal_mode = WAL")
    raw.close()
    assert "is empty" in message(tmp_path / "state.db")
    with open_database(tmp_path / "state.db", create=True).read() as connection:
        assert 0 == progress.read(connection).sequence


def use_every_table(path: Path) -> None:
    with open_database(path).write() as connection:
        for table in schema.metadata.sorted_tables:
            connection.exec_driver_sql(f"SELECT * FROM {table.name}").all()


def test_a_damaged_database(database: Database) -> None:
    """Overwritten pages are reported as damage, by opening, by using or by checking."""
    assert [] == database.check()
    database.close()
    with database.path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(4096 * 6))
    with pytest.raises(WorkspaceError, match="is damaged; restore a backup"):
        use_every_table(database.path)
    database.path.write_bytes(b"SQLite format 3\x00" + os.urandom(8192))
    with pytest.raises(WorkspaceError, match="damaged; restore a backup"):
        open_database(database.path)


def test_a_newer_database(database: Database) -> None:
    """A database from a newer Bailee is left alone."""
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0099'")
    database.close()
    expected = (
        "`DIR/state.db` has version `0099`, which is newer than this Bailee knows (`0006`); install a newer Bailee"
    )
    assert expected == message(database.path)


def test_reading_only(database: Database) -> None:
    """A database opened to be read gives snapshots and refuses to write."""
    reader = open_database(database.path, read_only=True)
    with reader.read() as connection:
        assert 0 == progress.read(connection).sequence
    with pytest.raises(WorkspaceError, match="was opened to be read only"), reader.write():
        pass


def as_nobody(path: Path) -> str:
    """What a user without rights is told on opening; modes do not stop root, so the child gives that up."""
    code = f"""
import os
from bailee.errors import WorkspaceError
from bailee.people.database import open_database
from bailee.people.keyring import Keyring
keyring = Keyring([bytes(32)])  # the folder of keys is its owner's only
open_database({str(path)!r}, keyring=keyring).close()  # whatever is imported on the way is under root's own folders
os.setgroups([]), os.setgid(65534), os.setuid(65534)
try: open_database({str(path)!r}, keyring=keyring)
except WorkspaceError as error: print(error)
else: print("opened")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "" == done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become a user without rights")
def test_a_read_only_folder_and_file() -> None:
    """A workspace that this user may not write is said to be so, before anything is done."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        open_database(path, create=True).close()
        path.parent.chmod(0o755)
        path.chmod(0o644)
        folder_words = f"the folder `{folder}` is read-only, so nothing can be recorded; make it writable"
        assert folder_words == as_nobody(path)
        path.parent.chmod(0o777)
        assert f"the file `{path}` is read-only, so nothing can be recorded; make it writable" == as_nobody(path)
        path.chmod(0o600)
        assert f"`{path}` may not be opened by this user; change its permissions" == as_nobody(path)
        path.chmod(0o666)
        assert "opened" == as_nobody(path)


def test_another_process_holds_the_lock(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer waits for another process and then says that it waited."""
    monkeypatch.setattr("bailee.people.store.WRITE_SECONDS", 0.2)
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = open_database(database.path)
    with pytest.raises(WorkspaceError, match="and did not finish within 60 s; try again"), waiting.write():
        pass
    with waiting.read() as connection:
        assert 0 == progress.read(connection).sequence
    other.execute("COMMIT")
    with waiting.write() as connection:
        assert 1 == progress.advance(connection)


def test_two_processes_write_at_once(database: Database) -> None:
    """Two processes that write together lose nothing."""
    code = f"""
from bailee.people import progress
from bailee.people.database import open_database
database = open_database({str(database.path)!r})
for _ in range(100):
    with database.write() as connection: progress.advance(connection)
"""
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [0, 0] == [process.wait() for process in running]
    with database.read() as connection:
        assert 200 == progress.read(connection).sequence


def fill(database: Database) -> None:
    with database.write() as connection:
        rows = [(f"setting {i}", "x" * 1000) for i in range(1000)]
        connection.exec_driver_sql("INSERT INTO settings VALUES (?, ?)", rows)


def test_a_full_disk(tmp_path: Path) -> None:
    """A disk without room is said to be full, nothing is recorded, and reading goes on."""
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", folder], check=False).returncode:
        pytest.skip("cannot mount a small disk here")
    try:
        small = open_database(folder / "state.db", create=True)
        with pytest.raises(WorkspaceError, match="no room left on the disk"):
            fill(small)
        with small.read() as connection:
            assert 0 == connection.exec_driver_sql("SELECT count(*) FROM settings").scalar()
        small.close()
    finally:
        subprocess.run(["umount", folder], check=True)


def test_what_was_said_cannot_be_changed(database: Database) -> None:
    """Choices and given notices refuse to be updated or deleted, whatever program tries."""
    with database.read() as connection:
        found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        expected = [f"{t}_no_{a}" for t in ("choices", "notices_given") for a in ("delete", "update")]
        assert expected == list(found.scalars())
