"""A word in a file that every process of a workspace maps: it moves when anybody's standing may have changed.

A checker compares it before each verdict, which costs nanoseconds, so that a withdrawal acknowledged in one process is
honoured by the next verdict in another. Processes on other machines, which share a PostgreSQL store, do not see it:
there a checker looks again after `ELSEWHERE`. Questions read the store itself each time.
"""

from __future__ import annotations

import mmap
import os
import secrets
from datetime import timedelta
from pathlib import Path

from bailee.errors import WorkspaceError

FILE = "state.changed"
#: For so long at most, a checker may miss what was acknowledged on another machine.
ELSEWHERE = timedelta(seconds=1)
_BYTES = 8


class Changes:
    """The word is `word[0]`; only that it differs means anything. WorkspaceError where its file cannot be made."""

    def __init__(self, home: Path) -> None:
        try:
            file = os.open(home / FILE, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                if os.fstat(file).st_size < _BYTES:
                    os.ftruncate(file, _BYTES)
                mapped = mmap.mmap(file, _BYTES)
            finally:
                os.close(file)
        except OSError as error:
            why = (error.strerror or "unknown error").lower()
            raise WorkspaceError(f"`{home / FILE}` cannot be written: {why}; make it writable") from None
        self.word = memoryview(mapped).cast("Q")

    def tell(self) -> None:
        """Say that something changed, once it is committed.

        A random word: two processes that counted up at once could come back to a number that was read before.
        """
        self.word[0] = secrets.randbits(64)
