"""Deals on record: versions of their files, each step that became of them, what was released, what is to be deleted.

The caller holds the transaction, and appends the ledger's entry of each step.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from bailee.people import documents, keyring
from bailee.people.instants import instant, instant_or_none, micros, micros_or_none

_RELEASE, _REFERENCE, _SKETCH = b"releases.sealed", b"deletions.reference", b"releases.sketch"
#: The setting that keeps what later releases are held against: it is large, and seldom needed.
_KEPT = "release sketch {}"

_STEPS = "SELECT at, step, by, said, entry FROM deal_steps WHERE digest = ? ORDER BY place"
_STEP = (
    "INSERT INTO deal_steps (digest, place, at, step, by, said, entry) "
    "SELECT ?, coalesce(max(place), 0) + 1, ?, ?, ?, ?, ? FROM deal_steps WHERE digest = ?"
)
_RELEASES = (
    "SELECT r.number, d.deal, r.digest, r.purpose, r.recipient, r.form, r.name, r.manifest, r.at, r.delete_by, "
    "r.handed_at, r.sealed, r.entry FROM releases r JOIN deals d ON d.digest = r.digest"
)
_RELEASED = (
    "INSERT INTO releases (number, digest, purpose, recipient, form, name, manifest, at, delete_by, handed_at, sealed, "
    "entry) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?)"
)
_DELETIONS = (
    "SELECT number, release, customer, reference, why, message, asked_at, due_by, try_at, attempts, taken_at, told, "
    "confirmed_at, confirmed_by, entry FROM deletions"
)
_DELETION = (
    "INSERT INTO deletions (number, release, customer, reference, why, message, asked_at, due_by, try_at, attempts, "
    "entry) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)"
)
_CONFIRMED = "UPDATE deletions SET confirmed_at = ?, confirmed_by = ?, reference = NULL WHERE number = ?"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that became of a version of a deal: what, when, who did it, and what they said."""

    at: datetime
    step: str
    by: str
    said: Mapping[str, Any]
    entry: int


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a deal on record, with its steps, the oldest first."""

    digest: str
    deal: str
    text: str
    at: datetime
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """What was let out: in `name` lies its folder, `manifest` is its digest; `handed_at` None where it never got there.

    `private` is what a trace needs.
    """

    number: int
    deal: str
    digest: str
    purpose: str
    recipient: str
    form: str
    name: str
    manifest: str
    at: datetime
    delete_by: datetime | None
    handed_at: datetime | None
    entry: int
    private: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Deletion:
    """What a recipient was asked to delete of a release; `customer` None is all of it. `told` is what came last."""

    number: int
    release: int
    customer: int | None
    reference: str | None = field(repr=False)
    why: str
    message: str
    asked_at: datetime
    due_by: datetime
    try_at: datetime
    attempts: int
    taken_at: datetime | None
    told: str | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    entry: int

    def overdue(self, now: datetime) -> bool:
        """Whether it should have been confirmed by now."""
        return self.confirmed_at is None and self.due_by < now


class Counts(NamedTuple):
    """How many deletions wait for the recipient's word in time, are late, and were confirmed."""

    waiting: int
    late: int
    confirmed: int


# Versions and their steps ---------------------------------------------------------------------------------------


def keep(connection: Connection, digest: str, deal: str, text: str, at: datetime) -> bool:
    """Keep a version's file, in a write transaction; whether it was new."""
    statement = "INSERT INTO deals (digest, deal, text, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
    return connection.exec_driver_sql(statement, (digest, deal, text, micros(at))).rowcount == 1


def note(
    connection: Connection, digest: str, step: str, by: str, said: Mapping[str, object], at: datetime, entry: int
) -> None:
    """Keep one step of a version, in a write transaction."""
    row = (digest, micros(at), step, by, json.dumps(said, ensure_ascii=False), entry, digest)
    connection.exec_driver_sql(_STEP, row)


def version(connection: Connection, digest: str) -> Version | None:
    """The version with this digest, or None."""
    row = connection.exec_driver_sql("SELECT digest, deal, text, at FROM deals WHERE digest = ?", (digest,)).first()
    return None if row is None else _version(connection, row)


def versions(connection: Connection, deal: str | None = None) -> list[Version]:
    """The versions of a deal, or of all, the oldest first."""
    some, values = (" WHERE deal = ?", (deal,)) if deal is not None else ("", ())
    statement = f"SELECT digest, deal, text, at FROM deals{some} ORDER BY at, digest"
    return [_version(connection, row) for row in connection.exec_driver_sql(statement, values).all()]


def _version(connection: Connection, row: Sequence[Any]) -> Version:
    digest, deal, text, at = row
    steps = connection.exec_driver_sql(_STEPS, (digest,)).all()
    found = tuple(Step(instant(when), step, by, json.loads(said), entry) for when, step, by, said, entry in steps)
    return Version(digest, deal, text, instant(at), found)


# Releases -------------------------------------------------------------------------------------------------------


def following(connection: Connection) -> int:
    """The number of the next release."""
    found: int = connection.exec_driver_sql("SELECT coalesce(max(number), 0) + 1 FROM releases").scalar_one()
    return found


def released(
    connection: Connection,
    number: int,
    digest: str,
    purpose: str,
    recipient: str,
    form: str,
    name: str,
    manifest: str,
    at: datetime,
    delete_by: datetime | None,
    private: Mapping[str, object],
    entry: int,
) -> None:
    """Keep a release under the number that `following` gave, in a write transaction."""
    sealed = keyring.of(connection).seal(connection, (), json.dumps(private).encode(), _RELEASE)
    by = micros_or_none(delete_by)
    row = (number, digest, purpose, recipient, form, name, manifest, micros(at), by, sealed, entry)
    connection.exec_driver_sql(_RELEASED, row)


def keep_sketch(connection: Connection, number: int, data: bytes) -> None:
    """Keep, sealed, what later releases are held against, in the write transaction of the release."""
    sealed = keyring.of(connection).seal(connection, (), data, _SKETCH)
    documents.set_setting(connection, _KEPT.format(number), base64.b64encode(sealed).decode())


def sketch(connection: Connection, number: int) -> bytes | None:
    """What later releases are held against; None where there is none, as of rows and of figures with noise."""
    kept = documents.setting(connection, _KEPT.format(number))
    return None if kept is None else keyring.of(connection).open(connection, (), base64.b64decode(kept), _SKETCH)


def handed(connection: Connection, number: int, at: datetime) -> None:
    """Note that a release lies in its folder."""
    statement = "UPDATE releases SET handed_at = ? WHERE number = ? AND handed_at IS NULL"
    connection.exec_driver_sql(statement, (micros(at), number))


def releases(connection: Connection, *, opened: bool = False) -> list[Release]:
    """Every release, the oldest first; `opened` with what a trace needs."""
    rows = connection.exec_driver_sql(f"{_RELEASES} ORDER BY r.number").all()
    return [_release(connection, row, opened=opened) for row in rows]


def _release(connection: Connection, row: Sequence[Any], *, opened: bool) -> Release:
    number, deal, digest, purpose, recipient, form, name, manifest, at, by, given, sealed, entry = row
    plain = keyring.of(connection).open(connection, (), bytes(sealed), _RELEASE) if opened else None
    return Release(
        number,
        deal,
        digest,
        purpose,
        recipient,
        form,
        name,
        manifest,
        instant(at),
        instant_or_none(by),
        instant_or_none(given),
        entry,
        {} if plain is None else json.loads(plain),
    )


# Deletions ------------------------------------------------------------------------------------------------------


def next_deletion(connection: Connection) -> int:
    """The number of the next deletion."""
    found: int = connection.exec_driver_sql("SELECT coalesce(max(number), 0) + 1 FROM deletions").scalar_one()
    return found


def ask(
    connection: Connection,
    number: int,
    release: int,
    customer: int | None,
    reference: str | None,
    why: str,
    message: str,
    at: datetime,
    due_by: datetime,
    entry: int,
) -> None:
    """Keep that something is to be deleted, in a write transaction."""
    sealed = None
    if reference is not None:
        sealed = keyring.of(connection).seal(connection, (), reference.encode(), _REFERENCE)
    row = (number, release, customer, sealed, why, message, micros(at), micros(due_by), micros(at), entry)
    connection.exec_driver_sql(_DELETION, row)


def deletions(connection: Connection, where: str = "", values: tuple[object, ...] = ()) -> list[Deletion]:
    """Deletions, the oldest first; `where` is a condition over their columns."""
    statement = f"{_DELETIONS}{f' WHERE {where}' if where else ''} ORDER BY number"
    return [_deletion(connection, row) for row in connection.exec_driver_sql(statement, values).all()]


def asked(connection: Connection, release: int) -> set[int | None]:
    """Of whom, by number, a release is to be deleted already; None is of everybody."""
    statement = "SELECT customer FROM deletions WHERE release = ?"
    return set(connection.exec_driver_sql(statement, (release,)).scalars())


def tried(connection: Connection, number: int, told: str | None, at: datetime, again: datetime) -> None:
    """Note what came of an attempt to send the notice: None is that it was taken."""
    taken = micros(at) if told is None else None
    statement = (
        "UPDATE deletions SET attempts = attempts + 1, told = ?, try_at = ?, taken_at = coalesce(taken_at, ?) "
        "WHERE number = ?"
    )
    connection.exec_driver_sql(statement, (told, micros(again), taken, number))


def confirm(connection: Connection, number: int, by: str, at: datetime) -> None:
    """Note that a recipient has deleted, and forget how the release named the customer."""
    connection.exec_driver_sql(_CONFIRMED, (micros(at), by, number))


def counted(connection: Connection, now: datetime) -> tuple[int, int]:
    """How many deletions are not confirmed, and how many of those are late."""
    statement = (
        "SELECT count(*), coalesce(sum(CASE WHEN due_by < ? THEN 1 ELSE 0 END), 0) FROM deletions "
        "WHERE confirmed_at IS NULL"
    )
    waits, late = connection.exec_driver_sql(statement, (micros(now),)).one()
    return int(waits), int(late)


def counted_by_release(connection: Connection, now: datetime) -> dict[int, Counts]:
    """What is to be deleted of each release, by its number."""
    statement = (
        "SELECT release, sum(CASE WHEN confirmed_at IS NULL AND due_by >= ? THEN 1 ELSE 0 END), "
        "sum(CASE WHEN confirmed_at IS NULL AND due_by < ? THEN 1 ELSE 0 END), count(confirmed_at) "
        "FROM deletions GROUP BY release"
    )
    rows = connection.exec_driver_sql(statement, (micros(now), micros(now))).all()
    return {release: Counts(*map(int, counts)) for release, *counts in rows}


def _deletion(connection: Connection, row: Sequence[Any]) -> Deletion:
    number, release, customer, reference, why, message, asked_at, due, again, attempts, taken, told, *rest = row
    confirmed, by, entry = rest
    plain = None
    if reference is not None:
        plain = keyring.of(connection).open(connection, (), bytes(reference), _REFERENCE)
    return Deletion(
        number,
        release,
        customer,
        None if plain is None else plain.decode(),
        why,
        message,
        instant(asked_at),
        instant(due),
        instant(again),
        attempts,
        instant_or_none(taken),
        told,
        instant_or_none(confirmed),
        by,
        entry,
    )
