"""Metadata on each record, with seven indexes over it: the usual way, without enforcement and with."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from bench.gdpr_records import FIELDS, SHORTEST, Op, Record, objects

#: The metadata that GDPRbench's operations select by.
INDEXED = ("pur", "ttl", "usr", "obj", "dec", "acl", "shr")
#: The log of a store that keeps one is on the disk after so many operations.
SYNCED = 100
#: How many lines a regulator reads.
LINES = 1000

_FIELDS = ", ".join(FIELDS)
_BYTES = "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c JOIN pg_namespace n "


class Answer(NamedTuple):
    """What an operation gave: rows that begin with their key, and how many were refused."""

    rows: list[tuple[Any, ...]]
    refused: int = 0


NOTHING = Answer([])


class Space(NamedTuple):
    """Bytes on disk: the personal data alone, all tables and indexes that hold it, and what else is kept."""

    personal: int
    whole: int
    beside: int = 0


class Rows:
    """A table with a column for each field; every statement is its own transaction."""

    def __init__(self, url: str) -> None:
        self.connection = connect(url)
        self._do = {
            "read": self._read,
            "meta_pur": self._meta_pur,
            "meta_usr": self._meta_usr,
            "insert": self._insert,
            "delete": self._delete,
            "set_data": self._set_data,
            "set_meta": self._set_meta,
            "set_pur": self._set_pur,
            "set_usr": self._set_usr,
            "logs": self._logs,
            "verify": self._verify,
        }

    def load(self, records: Iterable[Record]) -> None:
        """Make the table, fill it, and then its indexes."""
        columns = ", ".join(f"{field} {'integer' if field == 'ttl' else 'text'} NOT NULL" for field in FIELDS)
        self.connection.execute("CREATE SCHEMA gdpr")
        self.connection.execute(f"CREATE TABLE gdpr.records (key text PRIMARY KEY, {columns}, data text NOT NULL)")
        with self.connection.cursor().copy("COPY gdpr.records FROM STDIN") as copy:
            for each in records:
                copy.write_row((each.key, *each.metadata, each.data))
        for field in INDEXED:
            self.connection.execute(f"CREATE INDEX ON gdpr.records ({field})")
        self.connection.execute("VACUUM ANALYZE gdpr.records")

    def do(self, op: Op) -> Answer:
        """Do one operation."""
        return self._do[op.kind](op)

    def sweep(self) -> int:
        """Delete what has outlived the shortest time to live, and say how many there were."""
        return self.connection.execute("DELETE FROM gdpr.records WHERE ttl <= %s", (SHORTEST,)).rowcount

    def settle(self) -> None:
        """Finish what is still to be written."""

    def close(self) -> None:
        """Let go of the database."""
        self.connection.close()

    def ledger(self) -> tuple[int, int]:
        """How many operations are on record, and the bytes that they take."""
        return 0, 0

    def state(self) -> dict[str, tuple[Any, ...]]:
        """Every record with all its fields, by key."""
        found = self.connection.execute(f"SELECT key, {_FIELDS}, data FROM gdpr.records").fetchall()
        return {row[0]: row[1:] for row in found}

    def space(self) -> Space:
        """Bytes on disk."""
        return Space(personal(self.connection), schema_bytes(self.connection, "gdpr"))

    def _rows(self, statement: str, *values: object) -> Answer:
        return Answer(self.connection.execute(statement, values).fetchall())

    def _read(self, op: Op) -> Answer:
        return self._rows(f"SELECT key, {_FIELDS}, data FROM gdpr.records WHERE key = %s", op.key)

    def _meta_pur(self, op: Op) -> Answer:
        return self._rows(f"SELECT key, {_FIELDS} FROM gdpr.records WHERE pur = %s", op.name)

    def _meta_usr(self, op: Op) -> Answer:
        return self._rows(f"SELECT key, {_FIELDS} FROM gdpr.records WHERE usr = %s", op.name)

    def _change(self, statement: str, *values: object) -> Answer:
        self.connection.execute(statement, values)
        return NOTHING

    def _insert(self, op: Op) -> Answer:
        assert op.record is not None
        marks = ", ".join(["%s"] * (len(FIELDS) + 2))
        return self._change(f"INSERT INTO gdpr.records VALUES ({marks})", op.key, *op.record.metadata, op.record.data)

    def _delete(self, op: Op) -> Answer:
        return self._change("DELETE FROM gdpr.records WHERE key = %s", op.key)

    def _set_data(self, op: Op) -> Answer:
        return self._change("UPDATE gdpr.records SET data = %s WHERE key = %s", op.value, op.key)

    def _set_meta(self, op: Op) -> Answer:
        return self._change(f"UPDATE gdpr.records SET {op.field} = %s WHERE key = %s", op.value, op.key)

    def _set_pur(self, op: Op) -> Answer:
        return self._change(f"UPDATE gdpr.records SET {op.field} = %s WHERE pur = %s", op.value, op.name)

    def _set_usr(self, op: Op) -> Answer:
        return self._change(f"UPDATE gdpr.records SET {op.field} = %s WHERE usr = %s", op.value, op.name)

    def _logs(self, op: Op) -> Answer:
        """There is no log."""
        return NOTHING

    def _verify(self, op: Op) -> Answer:
        return self._rows("SELECT key FROM gdpr.records WHERE key = %s", op.key)


class Enforcing(Rows):
    """The same, and each read minds the record's own objection, and a line of a hash chain tells each operation.

    The lines are on the disk after every hundred operations, not after each.
    """

    def __init__(self, url: str, log: Path) -> None:
        super().__init__(url)
        self._file, self._chain, self._lines = log.open("wb"), bytes(32), 0
        self._last: deque[bytes] = deque(maxlen=LINES)

    def do(self, op: Op) -> Answer:
        answer = super().do(op)
        if op.role == "processor":
            rows = [row for row in answer.rows if not objects(row[4], row[1])]
            answer = Answer(rows, len(answer.rows) - len(rows))
        self._log(op, answer)
        return answer

    def settle(self) -> None:
        self._sync()

    def close(self) -> None:
        self._file.close()
        super().close()

    def ledger(self) -> tuple[int, int]:
        self._file.flush()
        return self._lines, os.fstat(self._file.fileno()).st_size

    def _log(self, op: Op, answer: Answer) -> None:
        told = (op.role, op.kind, op.key or op.name, op.field, str(len(answer.rows)), str(answer.refused))
        line = " ".join(told).encode()
        self._chain = sha256(self._chain + line).digest()
        self._last.append(line + b" " + self._chain.hex().encode() + b"\n")
        self._file.write(self._last[-1])
        self._lines += 1
        if self._lines % SYNCED == 0:
            self._sync()

    def _sync(self) -> None:
        self._file.flush()
        os.fdatasync(self._file.fileno())

    def _logs(self, op: Op) -> Answer:
        return Answer([(line,) for line in self._last])


def connect(url: str) -> psycopg.Connection[Any]:
    """A connection that plans a statement once: every store sends few of them, and the same ones again and again."""
    connection = psycopg.connect(url, autocommit=True)
    connection.execute("SET plan_cache_mode = force_generic_plan")
    return connection


def personal(connection: psycopg.Connection[Any]) -> int:
    """Bytes of the personal data: the records' own, without their keys and metadata."""
    return _number(connection.execute("SELECT coalesce(sum(length(data)), 0) FROM gdpr.records").fetchone())


def schema_bytes(connection: psycopg.Connection[Any], schema: str, like: str = "%") -> int:
    """Bytes of the tables of a schema whose name is like this, with their indexes."""
    where = "ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r' AND c.relname LIKE %s"
    return _number(connection.execute(_BYTES + where, (schema, like)).fetchone())


def _number(row: Sequence[Any] | None) -> int:
    assert row is not None
    return int(row[0])
