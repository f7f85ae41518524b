"""The policies and data maps that were ever in force, kept as they were read, by digest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection

from bailee.people.instants import instant, micros

Table = Literal["policies", "datamaps"]


@dataclass(frozen=True, slots=True)
class Document:
    """A policy or map: `canonical` as `policy.canonical.to_json` gave it, `source` the SHA-256 of its file."""

    digest: str
    canonical: Mapping[str, Any]
    text: str
    source: str
    recorded_at: datetime


def keep(
    connection: Connection,
    table: Table,
    digest: str,
    canonical: Mapping[str, Any],
    text: str,
    source: str,
    now: datetime,
) -> bool:
    """Keep a document in the caller's write transaction; says whether it was new."""
    row = (digest, json.dumps(canonical, ensure_ascii=False), text, source, micros(now))
    done = connection.exec_driver_sql(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row)
    return done.rowcount == 1


def get(connection: Connection, table: Table, digest: str) -> Document | None:
    """Return the document with this digest, or None."""
    return _one(connection, f"SELECT * FROM {table} WHERE digest = ?", digest)


def every(connection: Connection, table: Table) -> Iterator[Document]:
    """Every document, the oldest first."""
    for row in connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY recorded_at, digest").all():
        yield _document(row)


def of_source(connection: Connection, table: Table, source: str) -> Document | None:
    """Return the document that was read last from a file with this SHA-256, or None: it need not be read again."""
    return _one(connection, f"SELECT * FROM {table} WHERE source = ? ORDER BY recorded_at DESC LIMIT 1", source)


def setting(connection: Connection, name: str) -> str | None:
    """Return a setting of the workspace, or None."""
    found: str | None = connection.exec_driver_sql("SELECT value FROM settings WHERE name = ?", (name,)).scalar()
    return found


def settings(connection: Connection, prefix: str) -> dict[str, str]:
    """Return the settings of the workspace whose names begin so, by name."""
    rows = connection.exec_driver_sql(
        "SELECT name, value FROM settings WHERE substr(name, 1, ?) = ? ORDER BY name", (len(prefix), prefix)
    )
    return dict(map(tuple, rows))


def set_setting(connection: Connection, name: str, value: str) -> None:
    """Change a setting of the workspace in the caller's write transaction."""
    connection.exec_driver_sql(
        "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
    )


def _one(connection: Connection, statement: str, value: str) -> Document | None:
    row = connection.exec_driver_sql(statement, (value,)).first()
    return None if row is None else _document(row)


def _document(row: Sequence[Any]) -> Document:
    digest, canonical, text, source, recorded_at = row
    return Document(digest, json.loads(canonical), text, source, instant(recorded_at))
