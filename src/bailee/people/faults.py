"""What SQLite reports, in words that say what to do."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from bailee.errors import WorkspaceError

#: By the beginning of SQLite's own name for an error.
_WORDS = (
    ("SQLITE_BUSY", "another process is writing `{path}` and did not finish within 10 s; try again"),
    ("SQLITE_LOCKED", "another process is writing `{path}` and did not finish within 10 s; try again"),
    ("SQLITE_NOTADB", "`{path}` is not a database, or its beginning is damaged; restore a backup"),
    ("SQLITE_CORRUPT", "`{path}` is damaged; restore a backup"),
    ("SQLITE_READONLY", "`{path}` or its folder is read-only, so nothing can be recorded; make them writable"),
    ("SQLITE_PERM", "`{path}` may not be opened by this user; change its permissions"),
    ("SQLITE_CANTOPEN", "`{path}` cannot be opened; the file and its folder must be readable, and writable to record"),
    ("SQLITE_FULL", "there is no room left on the disk of `{path}`; nothing was recorded, free some and try again"),
    ("SQLITE_IOERR", "the disk of `{path}` cannot be read or written; nothing was recorded"),
)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what the driver or the system raises about the file into WorkspaceError; any other error passes."""
    try:
        yield
    except DBAPIError as error:
        raise _error(path, error.orig) or error from error
    except sqlite3.Error as error:
        raise _error(path, error) or error from error
    except PermissionError as error:
        raise WorkspaceError(
            f"`{error.filename or path}` may not be opened by this user; change its permissions"
        ) from error


def need_writable(path: Path) -> None:
    """Raise WorkspaceError where the file or its folder is read-only; SQLite writes its log beside the file."""
    if not os.access(path.parent, os.W_OK):
        raise WorkspaceError(f"the folder `{path.parent}` is read-only, so nothing can be recorded; make it writable")
    if path.exists() and not os.access(path, os.W_OK):
        raise WorkspaceError(f"the file `{path}` is read-only, so nothing can be recorded; make it writable")


def _error(path: Path, cause: BaseException | None) -> WorkspaceError | None:
    name = getattr(cause, "sqlite_errorname", "")
    return next((WorkspaceError(words.format(path=path)) for begin, words in _WORDS if name.startswith(begin)), None)
