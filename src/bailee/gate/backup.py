"""Backups: the whole of what Bailee keeps, at one instant, in one sealed file that is read again before it is believed.

The key-encryption key is not in it: it is kept elsewhere, and without it a backup says nothing to anybody.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bailee.errors import WorkspaceError
from bailee.gate import archive
from bailee.gate.archive import MEMBERS, STATE
from bailee.gate.settings import FILE
from bailee.ledger import log
from bailee.ledger.values import Head
from bailee.people import keyring as keyrings
from bailee.people import secret_files, snapshot
from bailee.people.database import Database, Extra, open_database
from bailee.people.keyring import Keyring

#: What an address holds before its host: who logs in stays, their password does not.
_PASSWORD = re.compile(r"(\w+://[^:/@\s\"']*):[^@/\s\"']*@")

#: Told what is being done, how much of it is done and how much there is.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What was written: the file, its bytes, and the ledger's head in it; of no use without the key named `kek`."""

    file: Path
    size: int
    kek: str
    made_at: datetime
    ledger: Head


def back_up(
    database: Database, home: Path, file: Path, at: datetime, extra: Extra, *, force: bool, progress: Progress | None
) -> BackupReport:
    """Write a backup of a workspace and verify it; it appears whole under its name, or not at all.

    Raises WorkspaceError where the file is there (without `force`) or cannot be written, or the state is not sound.
    """
    keyring = database.keyring
    if keyring is None:
        raise WorkspaceError("the workspace was opened without its encryption key, so nothing can be sealed")
    look(home, file, force=force)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    with _told(file), tempfile.TemporaryDirectory(prefix=".bailee-backup-", dir=home) as beside:
        state = Path(beside) / STATE
        tables, tell = log.metadata.sorted_tables, about("copying", progress)
        snapshot.take(database, state, tables=tables, extra=[extra], progress=tell)
        head = sound(state, keyring, extra, about("checking the ledger", progress))
        try:
            with os.fdopen(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as out:
                digests = archive.write(out, keyring, _files(home, state), at, head)
                out.flush()
                os.fsync(out.fileno())
                out.seek(0)
                archive.verify(out, file.name, keyring, digests, about("verifying", progress))
                size = os.fstat(out.fileno()).st_size
            aside.replace(file)
        finally:
            aside.unlink(missing_ok=True)
        secret_files.sync(file.absolute().parent)
    return BackupReport(file, size, keyring.current, at, head)


def sound(state: Path, keyring: Keyring, extra: Extra, progress: snapshot.Progress | None = None) -> Head:
    """Check a state aside as far as it can be, every record of its ledger too, and return the ledger's head."""
    database = open_database(state, extra=[extra], keyring=keyring)
    try:
        wrong = database.check()
        if wrong:
            raise WorkspaceError(f"the state is damaged, so it cannot be used: {wrong[0]}; restore a backup")
        with database.read() as connection:
            return log.verify_log(connection, progress, safe=keyrings.of(connection))
    finally:
        database.close()


def look(home: Path, file: Path, *, force: bool) -> None:
    """Say what is wrong with the place of a backup before anything takes long."""
    if file.is_dir():
        raise WorkspaceError(f"`{file}` is a folder, expected the name of a file")
    if not file.name or not file.absolute().parent.is_dir():
        raise WorkspaceError(f"there is no folder `{file.absolute().parent}`; make it first")
    if file.exists() and not file.is_file():
        raise WorkspaceError(f"`{file}` is no plain file, so a backup cannot take its place; name another")
    ours = [home / name for name in (*MEMBERS, "keys/encryption.key", "keys/erased")]
    if any(each.exists() and file.exists() and each.samefile(file) for each in ours):
        raise WorkspaceError(f"`{file}` is a file of the workspace itself; name another")
    if file.exists() and not force:
        raise WorkspaceError(f"`{file}` is there already; name another, or say --force to put the backup in its place")


def about(what: str, progress: Progress | None) -> snapshot.Progress | None:
    """The progress of one part of the work."""
    if progress is None:
        return None

    def tell(done: int, total: int) -> None:
        progress(what, done, total)

    return tell


def _files(home: Path, state: Path) -> dict[str, Path | bytes]:
    """The members that there are: the settings without passwords."""
    files: dict[str, Path | bytes] = {
        name: home / name for name, must in MEMBERS.items() if must or (home / name).exists()
    }
    if FILE in files:
        files[FILE] = _PASSWORD.sub(r"\1@", (home / FILE).read_text(encoding="utf-8")).encode()
    return files | {STATE: state}


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = (error.strerror or "unknown error").lower()
        raise WorkspaceError(f"the backup `{file}` cannot be written: {why}; nothing was put there") from None
