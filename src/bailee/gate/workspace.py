"""Opening and making workspaces: a folder with a policy, a data map, settings, and what Bailee keeps."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bailee.errors import WorkspaceError
from bailee.gate import gate as gates
from bailee.gate.gate import Gate
from bailee.gate.promise import MAP, POLICY
from bailee.gate.settings import load_settings
from bailee.ledger import log
from bailee.people.database import open_database

STATE = "state.db"


def open(home: str | os.PathLike[str], *, clock: Callable[[], datetime] = gates.now) -> Gate:
    """The gate of the workspace in a folder.

    Raises WorkspaceError where there is none or it cannot be used, PolicyError, MapError and SettingsError with
    every problem in its files.
    """
    folder = Path(home)
    if not (folder / STATE).exists():
        raise WorkspaceError(
            f"there is no workspace in `{folder}`; make one with `bailee init`, or name it with `--home`"
        )
    settings = load_settings(folder)
    database = open_database(folder / STATE, extra=[log.create])
    try:
        return Gate(folder, database, settings, clock=clock)
    except BaseException:
        database.close()
        raise


def create(
    home: str | os.PathLike[str], policy: bytes, datamap: bytes, *, clock: Callable[[], datetime] = gates.now
) -> Gate:
    """Make a workspace in a folder that has none, and open it; the files are checked before anything is written.

    Raises WorkspaceError for a folder that holds a workspace or cannot be written, PolicyError and MapError.
    """
    from bailee.policy.datamap import parse_map
    from bailee.policy.document import parse_policy

    folder = Path(home)
    for name in (STATE, POLICY, MAP):
        if (folder / name).exists():
            raise WorkspaceError(f"`{folder}` holds a workspace already (`{name}`); name another folder")
    parse_map(datamap, MAP, parse_policy(policy, POLICY))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / POLICY).write_bytes(policy)
        (folder / MAP).write_bytes(datamap)
    except OSError as error:
        raise WorkspaceError(f"`{folder}` cannot be written: {(error.strerror or 'unknown error').lower()}") from None
    # The database comes last: a folder is a workspace once it is there.
    open_database(folder / STATE, create=True, extra=[log.create]).close()
    return open(folder, clock=clock)
