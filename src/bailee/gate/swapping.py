"""Putting a restored state in the place of what is there: an interruption leaves the old one, or the new one comes.

All is made ready in a folder aside. Giving that folder its final name decides; from then on the moves are gone through,
by whoever comes first: this process, or the next that opens the workspace.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from bailee.errors import WorkspaceError
from bailee.gate.archive import MEMBERS, STATE
from bailee.gate.workspace import RESTORED
from bailee.people import secret_files

#: Where files are made ready, and the name that decides.
ASIDE, DECIDED = ".bailee-restore-", RESTORED
#: Holds the name of the folder that the old files go to.
_OLD = "old"
#: The old log goes before the new state comes, or SQLite would take it for the new one's.
_LOGS = (f"{STATE}-wal", f"{STATE}-shm")
_FILES = (*(name for name in MEMBERS if name != STATE), "keys/encryption.key", "keys/erased", STATE)


def decide(home: Path, aside: Path, old: str) -> None:
    """Let what is ready in `aside` come; `old` names the folder that what it replaces goes to."""
    (aside / _OLD).write_text(old, encoding="utf-8")
    for folder in (aside / "keys", aside):
        if folder.is_dir():
            secret_files.sync(folder)
    aside.rename(home / DECIDED)
    secret_files.sync(home)


def decided(home: Path) -> bool:
    """Whether a restore was decided and not gone through yet."""
    return (home / DECIDED).is_dir()


def finish(home: Path) -> None:
    """Go through the moves of a restore that was decided, and wait where another process does; or do nothing."""
    if decided(home):
        with alone(home):
            go_through(home)


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Wait until no other process works in a folder, and keep others from it meanwhile."""
    held = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def go_through(home: Path) -> None:
    """Go through the moves of a restore that was decided, for who has the folder to itself; or do nothing."""
    ready = home / DECIDED
    if not ready.is_dir():
        return
    try:
        old = home / (ready / _OLD).read_text(encoding="utf-8")
    except FileNotFoundError:  # all was moved already
        shutil.rmtree(ready, ignore_errors=True)
        return
    for name in _FILES:
        if (ready / name).exists():
            if name == STATE:
                for beside in _LOGS:
                    _move(home / beside, old / beside)
            _move(home / name, old / name)
            _move(ready / name, home / name)
    for folder in (home / "keys", home):
        secret_files.sync(folder)
    shutil.rmtree(ready)
    secret_files.sync(home)


def must_be_quiet(state: Path) -> None:
    """Raise WorkspaceError where another process has the state open; one that is damaged is in nobody's way."""
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(state, isolation_level=None, timeout=1)) as alone:
        try:
            alone.execute("PRAGMA locking_mode = EXCLUSIVE")
            alone.execute("BEGIN IMMEDIATE")
            alone.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise WorkspaceError(
                    f"another process has `{state}` open, and what it recorded now would be lost; end it and try again"
                ) from None
            raise


def _move(path: Path, to: Path) -> None:
    """Give a file another name; nothing where there is none, as after an interruption."""
    if path.exists():
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.rename(to)
