"""Erasing people: what is on record about them, in one transaction with the entry that says so; then its bytes.

The entry commits to a record that is given to the caller alone, so afterwards nobody here can say whom it was about;
whoever holds the certificate can prove it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bailee.errors import FactRejected, NotVerified, WorkspaceError
from bailee.gate.naming import Names
from bailee.gate.promise import ANNOUNCED
from bailee.gate.rows import Rows
from bailee.gate.workspace import BEFORE
from bailee.ledger import log, proof
from bailee.ledger.canonical import canonical
from bailee.ledger.leaves import time_text
from bailee.ledger.naming import erase_records, naming
from bailee.people import contacts, customers, documents, erasure, keyring, tombstones
from bailee.people.cleaning import Cleaned, clean
from bailee.people.database import Database
from bailee.people.derivation import derive
from bailee.people.erasure import Erasure, Hold

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.gate.record import Recorder
    from bailee.ledger.values import Head

#: Told how many entries of the ledger were looked through and how many there are.
Progress = Callable[[int, int], object]

ERASED, HELD = "erased", "held"
_ALL = "{company} erased all that Bailee kept about this customer, and destroyed the key that it was sealed under."
_PART = "{company} erased what Bailee kept about this customer, but for what the holds need until they end."


_AFTERWARDS = (
    "they were erased, and what follows failed: {error}; mend that and run `bailee people clean`, which notes who was "
    "erased and overwrites their bytes"
)


class By(NamedTuple):
    """Who erases: the company and the digest of its policy."""

    company: str
    policy: str


@dataclass(frozen=True, slots=True)
class Erased:
    """What went of one customer, by table, all of it if `whole`; `position` is the entry's, None in a dry run.

    `random` and `record` open the entry. Nobody else has them, and without them nobody can say whom it was about.
    """

    customer: str
    rows: Mapping[str, int]
    holds: tuple[Hold, ...]
    whole: bool
    position: int | None = None
    random: bytes = field(default=b"", repr=False)
    record: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """What an erasure did, or in a dry run would do; `cleaned` is None where nothing was overwritten yet.

    `rows` are those that were erased from the company's own tables, `remaining` those that are there still.
    """

    erased: tuple[Erased, ...]
    dry_run: bool = False
    cleaned: Cleaned | None = None
    rows: Rows | None = None
    remaining: Rows | None = None


class Named(NamedTuple):
    """The company's own records that name people, found among the first `size` entries."""

    names: Names
    positions: tuple[int, ...]
    size: int


def look_through(database: Database, keys: Sequence[str], progress: Progress | None = None) -> Named:
    """Find the company's own records that name people, without holding up who writes."""
    with database.read() as connection:
        names = Names(words(connection, keys))
        size = log.head(connection).size
        tell = None if progress is None else lambda done: progress(min(done, size), size)
        found = tuple(naming(connection, names, safe=keyring.of(connection), progress=tell))
    return Named(names, found, size)


def words(connection: Connection, keys: Iterable[str]) -> list[str]:
    """All by which a text may name people: their keys, and the addresses at which they are reached."""
    numbers = [(key, customers.find(connection, key)) for key in keys]
    return [
        word for key, number in numbers for word in (key, *(contacts.of(connection, number).values() if number else ()))
    ]


def planned(connection: Connection, keys: Iterable[str], named: Named) -> tuple[Erased, ...]:
    """What an erasure would take; FactRejected, naming all that are unknown, where one is."""
    return tuple(
        Erased(each.key, {**each.rows, **_records(connection, each, named)}, each.holds, each.whole)
        for each in _found(connection, keys)
    )


def erase(
    connection: Connection,
    keys: Iterable[str],
    named: Named,
    by: By,
    at: datetime,
    random: Callable[[int], bytes] = secrets.token_bytes,
    *,
    whole: Mapping[str, bool] | None = None,
    data: Mapping[str, Mapping[str, int]] | None = None,
) -> tuple[Erased, ...]:
    """Erase customers in the caller's write transaction; FactRejected, naming all that are unknown, where one is.

    `whole` says of some whether all goes, whatever holds there are; `data` what went of them from the company's tables.
    """
    said = whole or {}
    found = [replace(each, whole=said.get(each.key, each.whole)) for each in _found(connection, keys)]
    late = naming(connection, named.names, named.size, safe=keyring.of(connection))
    positions = [*named.positions, *late]
    counts = [{**each.rows, **_records(connection, each, named)} for each in found]
    erase_records(connection, positions)
    for each in found:
        log.erase_customer(connection, each.number)
    erasure.forget_names(connection, named.names.text)
    done = []
    drafts = [
        _draft(each, rows, by, at, random(log.RANDOM_BYTES), (data or {}).get(each.key, {}))
        for each, rows in zip(found, counts, strict=True)
    ]
    entries = log.append_many(connection, drafts, safe=keyring.of(connection))
    erasure.take(connection, found, at)
    for each, rows, draft, entry in zip(found, counts, drafts, entries, strict=True):
        erasure.note(connection, each, at, entry)
        record = canonical(draft.private or {})
        done.append(Erased(each.key, rows, each.holds, each.whole, entry, draft.random, record))
    return tuple(done)


class Erasing:
    """Erases customers of one workspace; what raises FactRejected erased nobody."""

    def __init__(self, home: Path, database: Database, recorder: Recorder, tell: Callable[[], object]) -> None:
        self._home, self._database, self._recorder, self._tell = home, database, recorder, tell
        remember(database, home)  # a crash may have come between an erasure and this

    def erase(
        self,
        keys: Sequence[str],
        at: datetime,
        *,
        dry_run: bool,
        anew: bool,
        progress: Progress | None,
        data: Mapping[str, Mapping[str, int]],
    ) -> ErasureReport:
        """Erase customers at once and overwrite their bytes; `anew` writes the database anew, which takes longest.

        `data` says how many rows of each went from the company's own tables, for the certificates.
        """
        if not keys:
            return ErasureReport((), dry_run)
        policy = self._recorder.promise
        named = look_through(self._database, keys, progress)
        if dry_run:
            with self._database.read() as connection:
                return ErasureReport(planned(connection, keys, named), dry_run=True)
        with self._database.write() as connection:
            by = By(policy.policy.company, policy.digest)
            done = erase(connection, keys, named, by, at, self._recorder.random, data=data)
            if documents.setting(connection, ANNOUNCED) == self._recorder.announcement:
                derive(connection, policy.compiled, at)  # their place in the standing tree turns random with them
        self._tell()
        try:
            remember(self._database, self._home)
            cleaned = self._cleaned(anew=anew)
        except WorkspaceError as error:  # what was done is done, and its certificates must not be lost
            cleaned = Cleaned(log=False, anew=False, beyond=(), undone=_AFTERWARDS.format(error=error))
        return ErasureReport(done, cleaned=cleaned)

    def whole(self, keys: Sequence[str]) -> list[str]:
        """Those of the customers whom no hold keeps; FactRejected, naming all that are unknown, where one is."""
        with self._database.read() as connection:
            return [each.key for each in _found(connection, keys) if each.whole]

    def must_be_gone(self, keys: Sequence[str]) -> None:
        """Raise FactRejected where one of these people is on record."""
        with self._database.read() as connection:
            there = [f"`{key}`" for key in keys if erasure.found(connection, key) is not None]
        if there:
            raise FactRejected(f"{', '.join(there)} is on record: `bailee people erase` erases them; no row was erased")

    def due(self) -> list[str]:
        """The keys of those who asked to be erased and whom no hold keeps any more."""
        with self._database.read() as connection:
            return erasure.due(connection)

    def clean(self) -> Cleaned:
        """Overwrite what earlier erasures left."""
        remember(self._database, self._home)  # whoever was told that an erasure failed half-way comes here
        return self._cleaned(anew=True)

    def _cleaned(self, *, anew: bool) -> Cleaned:
        cleaned = clean(self._database, anew=anew)
        kept = sorted(self._home.glob(f"{BEFORE}*"))
        told = (f"`{each}` is a state from before a restore, which no erasure reaches: delete it" for each in kept)
        return replace(cleaned, beyond=(*cleaned.beyond, *told))

    def certificate(self, erased: Erased, sign: Callable[[Head], bytes]) -> bytes:
        """A proof file (C2SP tlog-proof) that opens the entry of an erasure; `sign` gives the checkpoint of a head."""
        if erased.position is None:
            raise NotVerified(f"`{erased.customer}` was not erased, so there is nothing to certify")
        with self._database.read() as connection:
            head, leaf = log.head(connection), log.leaf(connection, erased.position)
            path = log.prove_inclusion(connection, erased.position, head.size).path
        opened = proof.extra(leaf, opening=(erased.random, erased.record))  # noqa: S610  (no query)
        return proof.write(erased.position, path, sign(head), opened)


def remember(database: Database, home: Path) -> None:
    """Write down beside the keys who was erased, so that no backup brings them back."""
    with database.read() as connection:
        erased = tombstones.of(connection)
    if erased:
        tombstones.add(home / "keys" / tombstones.NAME, erased)


def _found(connection: Connection, keys: Iterable[str]) -> list[Erasure]:
    found = {key: erasure.found(connection, key) for key in keys}
    unknown = [f"`{key}`" for key, each in found.items() if each is None]
    if unknown:
        raise FactRejected(f"no customer {', '.join(unknown)} is on record, or not any more; nobody was erased")
    return [each for each in found.values() if each is not None]


def _records(connection: Connection, each: Erasure, named: Named) -> dict[str, int]:
    """How many private records go: those about the customer, and the company's own that name one of these people."""
    count = len(log.of_customer(connection, each.number)) + len(named.positions)
    return {"ledger_records": count} if count else {}


def _draft(
    each: Erasure, rows: Mapping[str, int], by: By, at: datetime, random: bytes, data: Mapping[str, int]
) -> log.Draft:
    kept = [{"purpose": hold.purpose, "since": time_text(hold.since), "why": hold.why} for hold in each.holds]
    change = ERASED if each.whole else HELD
    record: dict[str, object] = {
        "customer": each.key,
        "change": change,
        "at": time_text(at),
        "policy": by.policy,
        "removed": dict(rows),
        # Names of tables may be of any letters, and a record's names of ASCII only.
        "removed_from_tables": [{"table": table, "rows": count} for table, count in data.items()],
        "kept": kept,
        "statement": (_ALL if each.whole else _PART).format(company=by.company),
    }
    return log.Draft("customer", {"change": change}, record, at, random, kept=False)
