"""What a restored state must be before anybody is served: its ledger goes on, and the erased are erased again."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.errors import BaileeError, NotVerified, WorkspaceError
from bailee.gate import swapping
from bailee.gate.archive import STATE
from bailee.gate.budgets import spend_again
from bailee.gate.erasing import By, Named, erase, words
from bailee.gate.naming import Names
from bailee.gate.settings import POLICY
from bailee.ledger import carrying, log
from bailee.ledger.carrying import Other
from bailee.ledger.naming import naming
from bailee.ledger.values import Head
from bailee.ledger.verify_note import Verifier, read_vkeys
from bailee.people import documents, progress, tombstones
from bailee.people import keyring as keyrings
from bailee.people.cleaning import clean
from bailee.people.database import Database, Extra, occupied, open_database
from bailee.people.keyring import Keyring
from bailee.people.tombstones import Tombstone

if TYPE_CHECKING:
    from sqlalchemy import Connection

_ERASED = Path("keys") / tombstones.NAME
#: What the store says of the key that the ledger signs by.
_SIGNING = ("signing_keys", "handover ")


@dataclass(slots=True)
class Remade:
    """What became of a state: `head` is that of its ledger in the backup; `keeps_signing` where the old keys stay."""

    head: Head
    erased: int = 0
    carried: int = 0
    keeps_signing: bool = False
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Old:
    """What is known of the state in a folder, as far as it can be read."""

    ledger: Other | None = None
    erased: list[Tombstone] = field(default_factory=list)
    signing: dict[str, str] = field(default_factory=dict)


def remake(
    home: Path,
    store: str | None,
    aside: Path,
    keyring: Keyring,
    head: Head,
    at: datetime,
    extra: Extra,
    erased: Path | None,
    export: Path | None,
    *,
    fork: bool,
) -> Remade:
    """Bring the state in `aside` to where it can be served, in one transaction; all that is raised left nothing done.

    NotVerified where the ledger in the folder, or the exported one, does not belong to the backup's, unless `fork`.
    """
    remade = Remade(head)
    if erased is not None and not erased.is_file():
        raise WorkspaceError(f"there is no file of erasures `{erased}`")
    stones = [*tombstones.read(home / _ERASED), *(tombstones.read(erased) if erased is not None else [])]
    database = open_database(aside / STATE, extra=[extra], keyring=keyring)
    try:
        with ExitStack() as held:
            old = held.enter_context(_old(store or home / STATE, keyring, remade.notes))
            stones += old.erased
            others = [old.ledger] if old.ledger is not None else []
            if export is not None:
                others.append(carrying.of_export(export, _verifiers(aside)))
            with database.write() as connection:
                _go_on(connection, others, old, remade, fork=fork)
                public = {"size": head.size, "root": head.root.hex()}
                random = secrets.token_bytes(log.RANDOM_BYTES)
                log.append(connection, "restored", public, None, at, random, safe=keyrings.of(connection))
                remade.erased = _erase_again(connection, stones, aside, at)
        if not stones:
            remade.notes.append(
                "nobody is known to have been erased since: where somebody was, restore again with --erased FILE"
            )
        clean(database, anew=remade.erased > 0)
        with database.read() as connection:
            tombstones.add(aside / _ERASED, [*stones, *tombstones.of(connection)])
    finally:
        database.close()
    return remade


def _go_on(connection: Connection, others: list[Other], old: _Old, remade: Remade, *, fork: bool) -> None:
    """Carry the longest of the other states' entries forward."""
    beyond: dict[int, Other] = {}
    for other in others:
        try:
            beyond.setdefault(carrying.continues(connection, other), other)
        except NotVerified as error:
            if not fork:
                raise NotVerified(
                    f"{error}; a restore would break with what others keep of that ledger, so nothing was done: take "
                    "the backup that belongs to it, or say --fork to begin another"
                ) from None
            remade.notes.append(
                f"the ledger is another from here on than that of `{other.name}`: checkpoints that others keep of that "
                "one do not hold for this one"
            )
            if other is old.ledger:
                old.ledger = None
    remade.carried = max(beyond, default=0)
    if remade.carried:
        progress.pass_by(connection, carrying.carry(connection, beyond[remade.carried]))
        spend_again(connection, remade.head.size)
        remade.notes.append(
            f"{remade.carried:,} entries recorded since the backup were carried forward; the private records and facts "
            "that they stand for are lost"
        )
    if old.ledger is not None and old.ledger.size >= remade.head.size and old.signing:
        remade.keeps_signing = True  # a rotation since then was recorded, and stays
        for name, value in old.signing.items():
            documents.set_setting(connection, name, value)


def _erase_again(connection: Connection, stones: list[Tombstone], aside: Path, at: datetime) -> int:
    from bailee.policy.canonical import policy_digest
    from bailee.policy.document import parse_policy

    whole = tombstones.still_there(connection, stones)
    if not whole:
        return 0
    policy, names = parse_policy((aside / POLICY).read_bytes(), POLICY), Names(words(connection, whole))
    size = log.head(connection).size
    positions = tuple(naming(connection, names, safe=keyrings.of(connection)))
    by = By(policy.company, policy_digest(policy))
    return len(erase(connection, whole, Named(names, positions, size), by, at, whole=whole))


@contextmanager
def _old(state: Path | str, keyring: Keyring, notes: list[str]) -> Iterator[_Old]:
    """What the state that is there says, as far as it can be read."""
    old = _Old()
    if isinstance(state, Path):
        if state.exists():
            swapping.must_be_quiet(state)
        else:
            yield old
            return
    elif occupied(state) is None:
        yield old
        return
    with ExitStack() as held:
        try:
            _read(held, state, keyring, old)
        except BaileeError as error:
            notes.append(
                f"the ledger that is there cannot be read ({error}), so nothing recorded since the backup was carried "
                "forward; where it was exported, restore again with --ledger FOLDER"
            )
        yield old


def _read(held: ExitStack, state: Path | str, keyring: Keyring, old: _Old) -> None:
    database: Database = open_database(state, read_only=True, keyring=keyring)
    held.callback(database.close)
    connection = held.enter_context(database.read())
    old.erased = tombstones.of(connection)
    rows = connection.exec_driver_sql("SELECT name, value FROM settings").all()
    old.signing = {name: value for name, value in rows if name.startswith(_SIGNING)}
    old.ledger = carrying.of_database(connection, database.name)


def _verifiers(aside: Path) -> Sequence[Verifier]:
    path = aside / "keys" / "verifiers"
    return read_vkeys(path.read_bytes()) if path.exists() else ()
