"""Which bytes a DuckDB file holds, as far as its file system tells: enough to know that nobody wrote it since.

The time of the last change of the inode is part of it, which nobody can set: a copy from before that is put back, over
the file or in its place, has another, whatever its own times were made to say.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

#: Logs that DuckDB keeps beside a file; with one of them, the file alone does not say what a reader sees.
_LOGS = (".wal", ".wal.checkpoint", ".wal.recovery")
#: Longer than a file system's clock stands still: later writes have later times.
_TICK = 20_000_000
_PATIENCE = 100


class Identity(NamedTuple):
    """A file's device, inode and bytes, and when its content and its inode changed last, in nanoseconds."""

    device: int
    inode: int
    size: int
    written: int
    changed: int


def identify(path: Path) -> Identity | None:
    """The identity of a file that is alone; None where there is none, or a log beside it."""
    try:
        found = path.stat()
        if any(path.with_name(path.name + log).exists() for log in _LOGS):
            return None
    except OSError:
        return None
    return Identity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def settled(path: Path) -> Identity | None:
    """The identity once the clock has moved past it, so that whatever is written from now on changes it.

    For the one who holds the file's lock. None where it does not settle, as when the clock is set back meanwhile.
    """
    for _ in range(_PATIENCE):
        found = identify(path)
        if found is not None and time.time_ns() - found.changed > _TICK:
            return found
        time.sleep(_TICK / 2e9)
    return None
