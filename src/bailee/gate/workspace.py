"""Opening and making workspaces: a folder with a policy, a data map, settings, and what Bailee keeps."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.errors import EngineUnavailable, WorkspaceError
from bailee.gate.settings import KEYS, MAP, POLICY, Settings, load_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.engines.duckdb.engine import DuckDB
    from bailee.gate.gate import Gate
    from bailee.people.database import Database

STATE = "state.db"
#: What a restore is called in a folder once it is decided.
RESTORED = ".bailee-restored"
#: How a folder is called that a restore set the old state aside in.
BEFORE = "before-restore-"

#: Where the files of a new workspace are written first.
ASIDE = ".bailee-new-"


def open(home: str | os.PathLike[str], *, clock: Callable[[], datetime] | None = None, start: bool = False) -> Gate:
    """The gate of the workspace in a folder; with `start`, its engine starts while everything else is loaded.

    Raises WorkspaceError where there is none or it cannot be used, PolicyError, MapError and SettingsError with
    every problem in its files.
    """
    folder = Path(home)
    if holds(folder, RESTORED):
        from bailee.gate.swapping import finish

        finish(folder)  # a restore was interrupted after it was decided
    if not holds(folder, STATE):
        raise WorkspaceError(
            f"there is no workspace in `{folder}`; make one with `bailee init`, or name it with `--home`"
        )
    settings = load_settings(folder)
    engine = _started(settings) if start else None
    try:
        return _gate(folder, settings, clock, engine)
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


def _started(settings: Settings) -> DuckDB | None:
    """An engine that is starting; None where it cannot, which the first question says, and records."""
    from bailee.engines.duckdb.engine import DuckDB

    engine = DuckDB(settings.database, limits=settings.limits)
    try:
        engine.start()
    except EngineUnavailable:
        return None
    return engine


def _gate(folder: Path, settings: Settings, clock: Callable[[], datetime] | None, engine: DuckDB | None) -> Gate:
    from bailee.gate.gate import Gate, now

    database = _database(folder / STATE, folder, settings)
    try:
        return Gate(folder, database, settings, clock=clock or now, engine=engine)
    except BaseException:
        database.close()
        raise


def _database(path: Path, home: Path, settings: Settings, *, create: bool = False) -> Database:
    # Loaded here, because it takes longer than everything before, and the engine starts in the meantime.
    from bailee.people.database import open_database
    from bailee.people.key_sources import Source

    keys = Source(home / KEYS, settings.keys.encryption, settings.keys.encryption_previous)
    return open_database(path, create=create, extra=[ledger_tables], keys=keys)


def ledger_tables(connection: Connection) -> None:
    """Make the ledger's tables in a workspace's database, or bring older ones to this version."""
    from bailee.ledger import log
    from bailee.people import customers, keyring

    log.create(connection, safe=keyring.of(connection), numbers=lambda keys: customers.find_many(connection, keys))


def create(
    home: str | os.PathLike[str], policy: bytes, datamap: bytes, *, clock: Callable[[], datetime] | None = None
) -> Gate:
    """Make a workspace in a folder that has none, and open it; the files are checked before anything is written.

    Where an earlier run was interrupted, this one goes on. Raises WorkspaceError for a folder that holds a workspace or
    another policy or map, or that cannot be written, PolicyError and MapError.
    """
    from bailee.policy.datamap import parse_map
    from bailee.policy.document import parse_policy

    folder = Path(home)
    if holds(folder, STATE):
        raise _taken(folder)
    parse_map(datamap, MAP, parse_policy(policy, POLICY))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(folder, {POLICY: policy, MAP: datamap})
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
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if not _link(aside, folder / name) and (folder / name).read_bytes() != content:
                raise WorkspaceError(
                    f"`{folder}` holds another `{name}` already, and no workspace; move it away, or name another folder"
                )
        _database(Path(beside) / STATE, folder, load_settings(folder), create=True).close()
        if not _link(Path(beside) / STATE, folder / STATE):
            raise _taken(folder)
    _sync(folder)
    for left in folder.glob(f"{ASIDE}*"):
        shutil.rmtree(left, ignore_errors=True)


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
