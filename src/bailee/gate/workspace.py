"""Opening and making workspaces: a folder with a policy, a data map, settings, and what Bailee keeps."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.errors import EngineUnavailable, WorkspaceError
from bailee.gate.connections import opened
from bailee.gate.settings import FILE, KEYS, MAP, POLICY, Settings, load_settings, store_url

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.engines import Engine
    from bailee.gate.gate import Gate
    from bailee.people.database import Database

STATE = "state.db"
#: What a restore is called in a folder once it is decided.
RESTORED = ".bailee-restored"
#: How a folder is called that a restore set the old state aside in.
BEFORE = "before-restore-"

#: Where the files of a new workspace are written first.
ASIDE = ".bailee-new-"


def open(
    home: str | os.PathLike[str],
    *,
    clock: Callable[[], datetime] | None = None,
    start: bool = False,
    settled: bool = False,
) -> Gate:
    """The gate of the workspace in a folder; with `start`, its engine starts while everything else is loaded.

    With `settled`, it works under the policy and map that were recorded in force last, whatever the files say now.
    Raises WorkspaceError where there is none or it cannot be used, PolicyError, MapError and SettingsError with
    every problem in its files.
    """
    folder = Path(home)
    if holds(folder, RESTORED):
        from bailee.gate.swapping import finish

        finish(folder)  # a restore was interrupted after it was decided
    here = holds(folder, STATE)
    settings = load_settings(folder) if here or holds(folder, FILE) else None
    if settings is None or (settings.store is None and not here):
        raise WorkspaceError(
            f"there is no workspace in `{folder}`; make one with `bailee init`, or name it with `--home`"
        )
    engine = _started(settings) if start else None
    try:
        return _gate(folder, settings, clock, engine, settled=settled)
    except BaseException:
        if engine is not None:
            engine.close()
        raise


def holds(folder: Path, name: str) -> bool:
    """Whether a folder has a file; WorkspaceError where this user may not look into it."""
    try:
        return (folder / name).exists()
    except PermissionError:
        raise WorkspaceError(f"`{folder}` may not be opened by this user; change its permissions") from None


def _started(settings: Settings) -> Engine | None:
    """An engine that is starting; None where it cannot, which the first question says, and records."""
    try:
        engine = opened(settings.engine, settings.limits)
        engine.start()
    except (EngineUnavailable, WorkspaceError):
        return None
    return engine


def _gate(
    folder: Path, settings: Settings, clock: Callable[[], datetime] | None, engine: Engine | None, *, settled: bool
) -> Gate:
    from bailee.gate.gate import Gate, now

    database = _database(settings.store or folder / STATE, folder, settings)
    try:
        return Gate(folder, database, settings, clock=clock or now, engine=engine, settled=settled)
    except BaseException:
        database.close()
        raise


def _database(where: Path | str, home: Path, settings: Settings, *, create: bool = False) -> Database:
    # Loaded here, because it takes longer than everything before, and the engine starts in the meantime.
    from bailee.people.database import open_database
    from bailee.people.key_sources import Source

    keys = Source(home / KEYS, settings.keys.encryption, settings.keys.encryption_previous)
    return open_database(where, create=create, extra=[ledger_tables], keys=keys)


def ledger_tables(connection: Connection) -> None:
    """Make the ledger's tables in a workspace's database, or bring older ones to this version."""
    from bailee.ledger import log
    from bailee.people import customers, keyring

    log.create(connection, safe=keyring.of(connection), numbers=lambda keys: customers.find_many(connection, keys))


def create(
    home: str | os.PathLike[str],
    policy: bytes,
    datamap: bytes,
    *,
    clock: Callable[[], datetime] | None = None,
    store: str | None = None,
) -> Gate:
    """Make a workspace in a folder that has none, and open it; the files are checked before anything is written.

    With `store`, the URL of a PostgreSQL database or `env:NAME`, what Bailee keeps is there, and `bailee.toml` says so.
    Where an earlier run was interrupted, this one goes on. Raises WorkspaceError for a folder that holds a workspace or
    another policy or map, or that cannot be written, PolicyError and MapError.
    """
    from bailee.policy.datamap import parse_map
    from bailee.policy.document import parse_policy

    folder = Path(home)
    if holds(folder, STATE):
        raise _taken(folder)
    parse_map(datamap, MAP, parse_policy(policy, POLICY))
    files = {POLICY: policy, MAP: datamap}
    if store is not None:
        files[FILE] = shared(store)
    elif holds(folder, FILE):
        store = load_settings(folder).store
    if store is not None:
        _must_be_free(store_url(store))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(folder, files)
    except OSError as error:
        raise WorkspaceError(f"`{folder}` cannot be written: {(error.strerror or 'unknown error').lower()}") from None
    return open(folder, clock=clock)


def _make(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make the files beside and link them in, so that each is there whole or not at all.

    The database comes last: with it the folder is a workspace. What an interrupted run left is taken up as it is.
    """
    with tempfile.TemporaryDirectory(prefix=ASIDE, dir=folder) as beside:
        for name, content in files.items():
            aside = Path(beside) / name
            with aside.open("wb") as file:
                if name == FILE:
                    os.fchmod(file.fileno(), 0o600)  # its URL may hold a password
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if not _link(aside, folder / name) and (folder / name).read_bytes() != content:
                raise WorkspaceError(
                    f"`{folder}` holds another `{name}` already, and no workspace; move it away, or name another folder"
                )
        settings = load_settings(folder)
        if settings.store is not None:
            _share(settings.store, folder, settings)
        else:
            _database(Path(beside) / STATE, folder, settings, create=True).close()
            if not _link(Path(beside) / STATE, folder / STATE):
                raise _taken(folder)
    _sync(folder)
    for left in folder.glob(f"{ASIDE}*"):
        shutil.rmtree(left, ignore_errors=True)


def shared(store: str) -> bytes:
    """The settings of a workspace in a PostgreSQL database; WorkspaceError where it is none."""
    store_url(store)
    return f"[store]\nurl = {json.dumps(store)}\n".encode()


def _share(store: str, folder: Path, settings: Settings) -> None:
    """Make the tables in a PostgreSQL database that has none of Bailee's."""
    database = _database(store, folder, settings, create=True)
    database.close()
    if not database.made:  # another process was faster
        raise _shared_already(database.name)


def _must_be_free(store: str) -> None:
    from bailee.people.database import occupied

    holder = occupied(store)
    if holder is not None:
        raise _shared_already(holder)


def _shared_already(name: str) -> WorkspaceError:
    return WorkspaceError(
        f"`{name}` holds a workspace already; name another database, or copy that workspace's folder to this machine, "
        "with its keys, and open it"
    )


def _link(aside: Path, path: Path) -> bool:
    """Give a file its name; False if there is one of that name."""
    try:
        os.link(aside, path)
    except FileExistsError:
        return False
    return True


def _sync(folder: Path) -> None:
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def _taken(folder: Path) -> WorkspaceError:
    return WorkspaceError(f"`{folder}` holds a workspace already (`{STATE}`); name another folder")
