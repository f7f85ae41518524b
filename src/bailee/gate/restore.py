"""Restoring a backup: made ready aside, checked, erased again, continued, and only then put in its place."""

from __future__ import annotations

import os
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from bailee.errors import NotVerified, WorkspaceError
from bailee.gate import archive, backup, swapping
from bailee.gate.archive import MANIFEST, STATE
from bailee.gate.backup import Progress, about
from bailee.gate.remaking import Remade, remake
from bailee.gate.settings import FILE, load_settings
from bailee.gate.workspace import BEFORE, ledger_tables
from bailee.ledger import log
from bailee.ledger.values import Head
from bailee.people import key_sources, secret_files, snapshot
from bailee.people.backup_file import read_header
from bailee.people.database import Extra, occupied, open_database, replace_shared
from bailee.people.keyring import Keyring

KEYS = "keys"
_SIGNING = ("keys/signing.key", "keys/verifiers")


@dataclass(frozen=True, slots=True)
class Asked:
    """What `restore` was asked for."""

    file: Path
    home: Path
    key: str | None = None
    erased: Path | None = None
    ledger: Path | None = None
    force: bool = False
    fork: bool = False


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was restored: a backup made at a time, with the ledger's head in it.

    `erased_again` counts people, `carried` entries of the ledger; `set_aside` is where the old state went.
    """

    home: Path
    made_at: datetime
    ledger: Head
    erased_again: int
    carried: int
    set_aside: Path | None
    notes: tuple[str, ...]


def restore(
    file: str | os.PathLike[str],
    home: str | os.PathLike[str],
    *,
    key: str | None = None,
    erased: str | os.PathLike[str] | None = None,
    ledger: str | os.PathLike[str] | None = None,
    force: bool = False,
    fork: bool = False,
    clock: Callable[[], datetime] | None = None,
    progress: Progress | None = None,
) -> RestoreReport:
    """Restore a backup into a folder without a workspace, or with `force` in the place of one, which is set aside.

    `key` is where the encryption key is, a path, `env:NAME` or `command: ...`, if not where the folder's settings say;
    `erased` a file of erasures beside the folder's own; `ledger` an exported tree that goes on after the backup. With
    `fork`, a ledger that does not belong to the backup's is given up. Raises WorkspaceError and NotVerified, and then
    nothing was changed.
    """
    stones, export = None if erased is None else Path(erased), None if ledger is None else Path(ledger)
    asked = Asked(Path(file), Path(home), key, stones, export, force, fork)
    at = datetime.now(UTC) if clock is None else clock()
    return _restored(asked, at, ledger_tables, progress)


def _restored(asked: Asked, at: datetime, extra: Extra, progress: Progress | None) -> RestoreReport:
    home, old, came = asked.home, f"{BEFORE}{at:%Y%m%dT%H%M%SZ}", False
    try:
        with _opened(asked.file) as file, _folder(home), swapping.alone(home):
            swapping.go_through(home)  # an earlier restore that was interrupted
            store = load_settings(home).store  # a backup's own settings never choose one: it may be in use
            taken = str(home) if (home / STATE).exists() else None if store is None else occupied(store)
            if taken and not asked.force:
                raise WorkspaceError(
                    f"`{taken}` holds a workspace already; name another folder, or say --force to set it aside"
                )
            keyring, keks = _keyring(asked, read_header(file, asked.file.name).kek)
            file.seek(0)
            with _aside(home) as aside:
                manifest = archive.unpack(file, asked.file.name, keyring, aside, about("decrypting", progress))
                (aside / MANIFEST).unlink()
                remade = _remade(asked, store, aside, manifest, keyring, at, extra, progress)
                _keys(home, aside, keks, remade)
                if store is not None:
                    _share(store, aside, old, keyring, extra, remade)
                swapping.decide(home, aside, old)
                came = True
            swapping.go_through(home)
    except OSError as error:
        why = (error.strerror or "unknown error").lower()
        if came or swapping.decided(home):
            raise WorkspaceError(
                f"`{home}` was restored into as far as its disk let: {why}; mend that, and whatever opens the "
                "workspace next finishes it"
            ) from None
        raise WorkspaceError(f"`{home}` cannot be restored into: {why}; nothing was changed there") from None
    made = datetime.fromisoformat(manifest["made_at"])
    aside_of = home / old if (home / old).exists() else None
    if aside_of is not None:
        remade.notes.append(
            f"what was there is in `{aside_of}`: delete it once it is not needed, because no later erasure reaches it"
        )
    return RestoreReport(home, made, remade.head, remade.erased, remade.carried, aside_of, tuple(remade.notes))


def _remade(
    asked: Asked,
    store: str | None,
    aside: Path,
    manifest: dict[str, dict[str, object]],
    keyring: Keyring,
    at: datetime,
    extra: Extra,
    progress: Progress | None,
) -> Remade:
    """Check the state that was unpacked, and bring it to what it must be before it is served."""
    head = backup.sound(aside / STATE, keyring, extra, about("checking the ledger", progress))
    if {"size": head.size, "root": head.root.hex()} != manifest["ledger"]:
        raise NotVerified(f"the ledger in the backup `{asked.file.name}` is not the one that it names; take another")
    return remake(asked.home, store, aside, keyring, head, at, extra, asked.erased, asked.ledger, fork=asked.fork)


def _keyring(asked: Asked, kek: str) -> tuple[Keyring, list[bytes]]:
    """The key that a backup was sealed under, with whatever else its source holds."""
    path, source, previous = asked.home / KEYS / key_sources.ENCRYPTION, key_sources.FILE, None
    if asked.key is None:
        settings = load_settings(asked.home).keys
        source, previous = settings.encryption, settings.encryption_previous
    elif key_sources.is_source(asked.key):
        source = asked.key
    else:
        path = Path(asked.key)
    if source == key_sources.FILE and not path.exists():
        raise WorkspaceError(
            f"`{asked.file}` was sealed under the encryption key `{kek}`, and there is no `{path}`; say where that key "
            "is with --key FILE, --key env:NAME or --key 'command: ...'"
        )
    keks = key_sources.read_keks(source, path)
    if previous is not None:
        keks += [each for each in key_sources.read_keks(previous, path) if each not in keks]
    return Keyring(keks, key_sources.spoken(source, path)), keks


def _keys(home: Path, aside: Path, keks: list[bytes], remade: Remade) -> None:
    """Leave out what stays as it is in the folder, and bring the encryption key where nothing else gives it."""
    if remade.keeps_signing:
        for name in _SIGNING:
            (aside / name).unlink(missing_ok=True)
    if (home / FILE).exists():
        (aside / FILE).unlink(missing_ok=True)  # the folder's own knows this machine
    else:
        remade.notes += _without_store(aside / FILE)
    settings = load_settings(home if (home / FILE).exists() else aside)
    path = home / KEYS / key_sources.ENCRYPTION
    if settings.keys.encryption == key_sources.FILE:
        held = key_sources.read_keks(key_sources.FILE, path) if path.exists() else []
        if not set(keks) <= set(held):
            every = [*keks, *(kek for kek in held if kek not in keks)]
            secret_files.make(aside / KEYS / key_sources.ENCRYPTION, key_sources.written(every))


def _without_store(path: Path) -> list[str]:
    """Take a shared store out of a backup's settings: it may be in use, and a backup must never reach for it."""
    if not path.exists() or "store" not in tomllib.loads(path.read_text(encoding="utf-8")):
        return []
    kept, inside = [], False
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        inside = line.strip().startswith("[store]") or (inside and not line.lstrip().startswith("["))
        kept += [] if inside else [line]
    text = "".join(kept)
    if "store" in tomllib.loads(text):  # written in another way
        path.unlink()
        return ["the backup's `bailee.toml` names a shared store and was left out: write one for this folder"]
    path.write_text(text, encoding="utf-8")
    return [
        "the backup's state was in a shared store, and is in a file now: to put it into a PostgreSQL database, restore "
        "into a folder whose `bailee.toml` names it under `[store]`"
    ]


def _share(store: str, aside: Path, old: str, keyring: Keyring, extra: Extra, remade: Remade) -> None:
    """Put the state into a shared store in one transaction; what was there stays beside, under another name."""
    name = old.replace("-", "_").lower()
    if occupied(store) is not None:
        remade.notes.append(f"what was in the store is in its schema `{name}`: drop it once it is not needed")
    state = open_database(aside / STATE, keyring=keyring)
    try:
        with state.read() as source:
            tables = log.metadata.sorted_tables
            replace_shared(store, name, [extra, lambda into: snapshot.copy(source, into, tables)], keyring)
    finally:
        state.close()
    (aside / STATE).unlink()


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except OSError as error:
        why = (error.strerror or "unknown error").lower()
        raise WorkspaceError(f"the backup `{path}` cannot be read: {why}") from None
    with file:
        yield file


@contextmanager
def _folder(home: Path) -> Iterator[None]:
    """The folder, made where there is none, and gone again where nothing came of it."""
    if home.exists() and not home.is_dir():
        raise WorkspaceError(f"`{home}` is no folder; name the folder of a workspace")
    made = not home.exists()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if made:
            shutil.rmtree(home, ignore_errors=True)
        raise


@contextmanager
def _aside(home: Path) -> Iterator[Path]:
    """A folder to make things ready in; what an interrupted restore left goes first."""
    for left in home.glob(f"{swapping.ASIDE}*"):
        shutil.rmtree(left, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(prefix=swapping.ASIDE, dir=home))
    (aside / KEYS).mkdir(mode=0o700)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)
