"""Law 18. An interrupted write is found whole or not at all.

For the ledger: a process that records facts is killed, again and again, at whatever point it has reached. Afterwards
every fact has its entry and every entry its fact and its private record, and the whole log verifies.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import Connection, create_engine

from bailee.ledger import log
from tests.ledger.safe import Safe

KILLS = 20
SAFE = Safe(b"secret of a test")

WRITER = """
import sys
from datetime import UTC, datetime
from sqlalchemy import create_engine, event
from bailee.ledger import log
from tests.ledger.safe import Safe

safe = Safe(b"secret of a test")
engine = create_engine("sqlite:///" + sys.argv[1])

@event.listens_for(engine, "connect")
def durable(connection, record):
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 20")

@event.listens_for(engine, "begin")
def one_writer(connection):
    connection.exec_driver_sql("BEGIN IMMEDIATE")

with engine.begin() as connection:
    connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS fact (position INTEGER PRIMARY KEY, said TEXT)")
    log.create(connection)
while True:
    for group in (1, 3, 40):
        with engine.begin() as connection:
            size = log.head(connection).size
            facts = [(size + i, f"fact {size + i}") for i in range(group)]
            connection.exec_driver_sql("INSERT INTO fact VALUES (?, ?)", facts)
            drafts = [
                log.Draft("choice", {"sequence": at}, {"said": said}, datetime.now(UTC), said.encode().rjust(32), (at,))
                for at, said in facts
            ]
            positions = log.append_many(connection, drafts, safe=safe)
        print(positions[-1], flush=True)
"""


def interrupted(database: Path, seconds: float) -> int:
    """Kill a writer this long after its first commit; return the last position that it said it had recorded."""
    command, here = [sys.executable, "-c", WRITER, str(database)], Path(__file__).parents[2]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=here)
    assert writer.stdout is not None
    first = writer.stdout.readline()
    time.sleep(seconds)
    writer.kill()
    rest, _ = writer.communicate()
    whole_lines = (first + rest).rpartition("\n")[0].split()
    return int(whole_lines[-1])


def check(connection: Connection, said: int) -> int:
    """Whatever was acknowledged is there, and facts, leaves and records are the same ones; return the size."""
    size = log.verify_log(connection, safe=SAFE).size
    assert size > said
    facts = connection.exec_driver_sql("SELECT position, said FROM fact ORDER BY position").all()
    assert [(at, f"fact {at}") for at in range(size)] == [tuple(fact) for fact in facts]
    records = connection.exec_driver_sql("SELECT position FROM ledger_records ORDER BY position").scalars()
    assert list(range(size)) == list(records)
    assert [size - 1] == log.of_customer(connection, size - 1)
    assert {"said": facts[-1].said} == log.record(connection, size - 1, safe=SAFE)
    return size


def test_a_killed_writer_leaves_facts_and_entries_whole(tmp_path: Path) -> None:
    """Law 18, L15: after each of twenty kills everything acknowledged is there, whole, and nothing is half there."""
    database, chance, sizes = tmp_path / "state.db", random.Random(18), [0]
    for _ in range(KILLS):
        said = interrupted(database, chance.uniform(0, 0.05))
        engine = create_engine(f"sqlite:///{database}")
        with engine.connect() as connection:
            sizes.append(check(connection, said))
        engine.dispose()
    assert sizes == sorted(set(sizes))
