"""Putting a new key-encryption key in the place of the old one: every customer's key is sealed anew.

First the file holds both keys, then one transaction seals all rows by the new key and names it, then the file drops the
old. Wherever that is interrupted, every key can be read, and another run goes on from there.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from bailee.errors import WorkspaceError
from bailee.people import documents, driver, faults, key_sources, sealing, secret_files
from bailee.people.database import Database
from bailee.people.keyring import WRAPPING, Keyring

_SLICE = 50_000
_NEXT = "SELECT customer, kek, wrapped FROM customer_keys WHERE customer > ? AND kek <> ? ORDER BY customer LIMIT ?"
_CHANGE = "UPDATE customer_keys SET kek = ?, wrapped = ? WHERE customer = ?"


class Rotated(NamedTuple):
    """The key-encryption key that now seals `changed` more customers' keys, and whether an earlier run had begun it."""

    kek: str
    changed: int
    finished: bool


def wrapped_under(connection: Connection) -> dict[str, int]:
    """How many keys are sealed by each key-encryption key, the company's own among them."""
    found = connection.exec_driver_sql("SELECT kek, count(*) FROM customer_keys GROUP BY kek ORDER BY kek")
    return {kek: count for kek, count in found}  # noqa: C416  # rows are no pairs to `dict`


def sealing_now(connection: Connection) -> str | None:
    """The name of the key-encryption key that seals new keys; None before the first."""
    return documents.setting(connection, WRAPPING)


def rotate(
    database: Database, path: Path, source: str, progress: Callable[[int, int], object] | None = None
) -> Rotated:
    """Bring every customer's key under a new key-encryption key, or finish what an earlier run began.

    A file gets a new key. Another source must give the new key already, and `previous` the old one. WorkspaceError
    where it does not, or where another process rotates now.
    """
    with faults.translated(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with secret_files.locked(path.parent):
        return _rotate(database, path, source, progress)


def _rotate(database: Database, path: Path, source: str, progress: Callable[[int, int], object] | None) -> Rotated:
    begun = _begun(database, path, source)
    if source == key_sources.FILE and not begun:
        held = key_sources.read_keks(source, path)
        _write(path, [secrets.token_bytes(sealing.KEY_BYTES), *held])
    keys = _read_again(database)
    if source != key_sources.FILE and not begun:
        raise WorkspaceError(
            f"every key is sealed by `{keys.current}` already, which {keys.source} gives; let it give a new key, "
            "name where the old one is as `encryption_previous` in `bailee.toml`, and run this again"
        )
    with database.write() as connection:
        count = rewrap(connection, keys, progress)
    if source == key_sources.FILE:
        _write(path, key_sources.read_keks(source, path)[:1])
        keys.reload()
    return Rotated(keys.current, count, begun and source == key_sources.FILE)


def rewrap(connection: Connection, keys: Keyring, progress: Callable[[int, int], object] | None = None) -> int:
    """Seal every customer's key by the current key-encryption key in the caller's transaction; how many were not."""
    kek = keys.current
    seals = keys.cipher(kek)
    total = sum(count for other, count in wrapped_under(connection).items() if other != kek)
    done, last = 0, -1
    while rows := driver.rows(connection, _NEXT, (last, kek, _SLICE)):
        numbers, last = [row[0] for row in rows], rows[-1][0]
        opened = _opened(keys, rows)
        again = sealing.wrapped(seals, numbers, opened)
        driver.many(connection, _CHANGE, zip((kek,) * len(rows), again, numbers, strict=True))
        done += len(rows)
        if progress:
            progress(done, total)
    documents.set_setting(connection, WRAPPING, kek)
    return done


def _opened(keys: Keyring, rows: Sequence[tuple[int, str, bytes]]) -> list[bytes]:
    """The keys of rows, by runs of those that one key-encryption key sealed: mostly that is all."""
    opened: list[bytes] = []
    for kek, run in groupby(rows, itemgetter(1)):
        numbers, _, wrapped = zip(*run, strict=True)
        opened += sealing.unwrapped(keys.cipher(kek), numbers, wrapped)
    return opened


def _begun(database: Database, path: Path, source: str) -> bool:
    """Whether a new key is there that does not seal everything yet, or an old one that should be gone."""
    if source == key_sources.FILE and len(key_sources.read_keks(source, path)) > 1:
        return True
    keys = _read_again(database)
    with database.read() as connection:
        said = sealing_now(connection)
        return said not in (None, keys.current) or not set(wrapped_under(connection)) <= {keys.current}


def _read_again(database: Database) -> Keyring:
    """The database's keyring as its source has it now."""
    if database.keyring is None:
        raise WorkspaceError("this database was opened without its encryption key, so it cannot be rotated")
    database.keyring.reload()
    return database.keyring


def _write(path: Path, keks: list[bytes]) -> None:
    with faults.translated(path):
        secret_files.replace(path, key_sources.written(keks))
