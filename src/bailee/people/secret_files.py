"""Files of secrets: written whole or not at all, read by their owner only."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bailee.errors import WorkspaceError
from bailee.people import faults


def make(path: Path, content: bytes) -> None:
    """Write a new file whole or not at all; of two processes that make it at once, the first wins."""
    with faults.translated(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = _aside(path, content)
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
        sync(path.parent)


def replace(path: Path, content: bytes) -> None:
    """Put a file in the place of the one that is there, whole or not at all."""
    with faults.translated(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = _aside(path, content)
        try:
            aside.replace(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        sync(path.parent)


def read(path: Path) -> bytes:
    """The bytes of a file of secrets; WorkspaceError where it is missing, or not its owner's alone."""
    with faults.translated(path):
        try:
            file = path.open("rb")
        except FileNotFoundError:
            raise WorkspaceError(f"there is no `{path}`; put it back from a backup of the `keys` folder") from None
        except IsADirectoryError:
            raise WorkspaceError(f"`{path}` is a folder, expected a file of a key") from None
        with file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise WorkspaceError(
                    f"`{path}` may be opened by others than its owner (mode {mode:04o}); "
                    f"run `chmod 600 {path}`, and make a new key if somebody may have read it"
                )
            return file.read()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from changing a folder's keys meanwhile; WorkspaceError where one does so now."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise WorkspaceError(
            f"another process is changing the keys in `{folder}`; try again when it has done"
        ) from None
    try:
        yield
    finally:
        os.close(held)


def sync(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def _aside(path: Path, content: bytes) -> Path:
    """A file of the content beside the path, on the disk."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except PermissionError:
        raise WorkspaceError(
            f"the folder `{path.parent}` cannot be written to by this user, so `{path.name}` cannot be kept there; "
            "make it writable"
        ) from None
    try:
        with os.fdopen(file, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        aside.unlink()
        raise
    return aside
