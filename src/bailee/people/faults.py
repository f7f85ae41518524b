"""What SQLite and PostgreSQL report, in words that say what to do."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree

from bailee.errors import WorkspaceError
from bailee.people import store

_BUSY = f"another process is writing `{{name}}` and did not finish within {store.WRITE_SECONDS:g} s; try again"
_FULL = "there is no room left on the disk of `{name}`; nothing was recorded, free some and try again"
_DAMAGED = "`{name}` is damaged; restore a backup"

#: By the beginning of SQLite's own name for an error.
_SQLITE = (
    ("SQLITE_BUSY", _BUSY),
    ("SQLITE_LOCKED", _BUSY),
    ("SQLITE_NOTADB", "`{name}` is not a database, or its beginning is damaged; restore a backup"),
    ("SQLITE_CORRUPT", _DAMAGED),
    ("SQLITE_READONLY", "`{name}` or its folder is read-only, so nothing can be recorded; make them writable"),
    ("SQLITE_PERM", "`{name}` may not be opened by this user; change its permissions"),
    ("SQLITE_CANTOPEN", "`{name}` cannot be opened; the file and its folder must be readable, and writable to record"),
    ("SQLITE_FULL", _FULL),
    ("SQLITE_IOERR", "the disk of `{name}` cannot be read or written; nothing was recorded"),
)

_CROWDED = "`{name}` has no connection left; close some, or let PostgreSQL have more (`max_connections`), and try again"
_STARTING = "`{name}` is starting or stopping; nothing was recorded, try again in a moment"
_UNKNOWN = "there is no such database as `{name}`; make it (`createdb`), or name another"
_FAR = "`{name}` cannot be reached; see that PostgreSQL runs there"
_STRANGER = "`{name}` does not let this user in; check the user, the password and `pg_hba.conf`"

#: By the beginning of the code that PostgreSQL gives an error (its manual, appendix A).
_STATES = (
    ("08", "the connection to `{name}` was lost; nothing was recorded, try again"),
    ("25006", "`{name}` is read-only, so nothing can be recorded; name the server that may be written"),
    ("28", _STRANGER),
    ("3D000", _UNKNOWN),
    ("3F000", "`{name}` has no schema `bailee`; make a workspace with `bailee init`, or restore a backup"),
    ("42P01", "`{name}` lost a table of Bailee's; restore a backup"),
    ("42501", "`{name}` does not let this user do that; it needs all rights on the schema `bailee` of its database"),
    ("40", "another writer of `{name}` came between; nothing was recorded, try again"),
    ("53100", _FULL),
    ("53300", _CROWDED),
    ("53", "`{name}` has run out of memory or connections; nothing was recorded, try again"),
    ("55P03", _BUSY),
    ("57014", "`{name}` stopped a statement that took too long (`statement_timeout`); nothing was recorded"),
    ("57P01", "`{name}` was stopped, or the connection ended, by its administrator; nothing was recorded, try again"),
    ("57P05", "the connection to `{name}` was idle for too long and ended; try again"),
    ("57P", _STARTING),
    ("58", "the disk of `{name}` cannot be read or written; nothing was recorded"),
    ("XX001", _DAMAGED),
    ("XX002", _DAMAGED),
)

#: What the system says when it is the disk's fault, or there is no room on it.
_DISK = {errno.EIO, errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG, errno.ESTALE}

#: A server that lets nobody in says why without a code, so its words are looked at; they are shown to nobody.
_WORDS = (
    (r"password|authenti|no pg_hba|role .* does not exist|not permitted to log in", _STRANGER),
    (r"database .* does not exist", _UNKNOWN),
    (r"too many (clients|connections)|remaining connection slots", _CROWDED),
    (r"starting up|shutting down|recovery mode|not yet accepting", _STARTING),
    (r"closed the connection|connection (was )?(lost|reset|is closed)|terminat|consuming input", _STATES[0][1]),
    (r"NUL \(0x00\)", "a text holds the character NUL, which PostgreSQL does not keep; nothing was recorded"),
    (r"connection|resolve host|translate host|timeout|socket", _FAR),
)


@contextmanager
def translated(where: Path | str) -> Iterator[None]:
    """Turn what the driver or the system raises about a database or file into WorkspaceError; other errors pass."""
    try:
        yield
    except DBAPIError as error:
        raise told(where, error.orig) or error from error
    except NoneFree as error:
        raise WorkspaceError(f"all connections of this process to `{where}` are in use; try again") from error
    except PermissionError as error:
        raise WorkspaceError(
            f"`{error.filename or where}` may not be opened by this user; change its permissions"
        ) from error
    except OSError as error:
        if error.errno not in _DISK:
            raise
        why = (error.strerror or "unknown error").lower()
        raise WorkspaceError(f"`{error.filename or where}` cannot be written or read: {why}") from error
    except _drivers() as error:
        raise told(where, error) or error from error


def need_writable(path: Path) -> None:
    """Raise WorkspaceError where the file or its folder is read-only; SQLite writes its log beside the file."""
    if not os.access(path.parent, os.W_OK):
        raise WorkspaceError(f"the folder `{path.parent}` is read-only, so nothing can be recorded; make it writable")
    if path.exists() and not os.access(path, os.W_OK):
        raise WorkspaceError(f"the file `{path}` is read-only, so nothing can be recorded; make it writable")


def told(where: Path | str, cause: BaseException | None) -> WorkspaceError | None:
    """The words for what a driver raised, or None for what no person brought about."""
    code = getattr(cause, "sqlite_errorname", None)
    words = _by(_SQLITE, code) if code else _by(_STATES, getattr(cause, "sqlstate", None))
    if words is None and _of_postgresql(cause) and not getattr(cause, "sqlstate", None):
        words = next((words for pattern, words in _WORDS if re.search(pattern, str(cause), re.IGNORECASE)), None)
    return None if words is None else WorkspaceError(words.format(name=where))


def _by(words: tuple[tuple[str, str], ...], code: str | None) -> str | None:
    return next((told for begin, told in words if (code or "").startswith(begin)), None)


def _drivers() -> tuple[type[Exception], ...]:
    psycopg: Any = sys.modules.get("psycopg")  # where it was not loaded, it raised nothing
    return (sqlite3.Error,) if psycopg is None else (sqlite3.Error, psycopg.Error)


def _of_postgresql(cause: BaseException | None) -> bool:
    psycopg: Any = sys.modules.get("psycopg")
    return psycopg is not None and isinstance(cause, psycopg.Error)
