"""Many who write at once share a transaction, and so the one time that the disk must be waited for.

Flat combining (Hendler, Incze, Shavit and Tzafrir, 2010): whoever comes while a transaction is under way waits; then
the first of those waiting runs what all of them want and commits it for all. Where one fails, all is taken back and run
again, each behind a savepoint, which otherwise would cost more than the work.
"""

from __future__ import annotations

import copy
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar, cast

from sqlalchemy import Connection

from bailee.errors import Uncertain

T = TypeVar("T")
Work = Callable[[Connection], Any]

#: How many share a transaction at most, so that nobody waits for more than two such.
MOST = 128

_INTERRUPTED = (
    "whether it was recorded is not known yet: the program was interrupted while it was being kept; "
    "look before you repeat"
)


class _TakenBack(Exception):
    """One work ended the transaction of all."""


class _Wanted:
    """One caller's work, and what became of it; `turn` is set when it is done, or when its caller shall lead."""

    __slots__ = ("done", "error", "result", "turn", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.turn = threading.Event()
        self.done = False
        self.result: object = None
        self.error: Exception | None = None


class Combined:
    """Runs works in the write transactions that `write` gives, many in one where many wait; for threads."""

    def __init__(self, write: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._write = write
        self._guard = threading.Lock()
        self._waiting: deque[_Wanted] = deque()
        self._led = False

    def commit(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns once it is on the disk, or raise what it raised: then nothing of it was kept.

        A work runs again only where the transaction of its first run was surely taken back. It must not commit.
        """
        wanted = _Wanted(work)
        with self._guard:
            self._waiting.append(wanted)
            lead, self._led = not self._led, True
        if not lead:
            wanted.turn.wait()
        if not wanted.done:
            self._lead()
        if wanted.error is not None:
            raise wanted.error
        return cast(T, wanted.result)

    def _lead(self) -> None:
        """Run what is wanted, the caller's own first, and let the next who waits lead."""
        with self._guard:
            some = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        try:
            self._run(some)
        finally:
            # Only an interruption (Ctrl-C) leaves work undone: its own is given up, and the others' waits again.
            with self._guard:
                self._waiting.extendleft(each for each in reversed(some[1:]) if not each.done)
                following = self._waiting[0] if self._waiting else None
                self._led = following is not None
            if following is not None:
                following.turn.set()
            for each in some:
                if each.done:
                    each.turn.set()

    def _run(self, some: Sequence[_Wanted]) -> None:
        if len(some) > 1:
            for run in (_plainly, _within):
                try:
                    self._together(some, run)
                except _TakenBack:
                    continue  # with all that was run
                return
        for each in some:
            if each.error is None:
                self._alone(each)
            each.done = True

    def _together(self, some: Sequence[_Wanted], run: Callable[[Connection, _Wanted], None]) -> None:
        """Run works in one transaction; _TakenBack where one of them ended it for all."""
        keeping = False
        try:
            with self._write() as connection:
                for each in some:
                    run(connection, each)
                keeping = True
        except _TakenBack:
            raise
        except Exception as error:
            _tell(some, error)
        except BaseException:
            if keeping:
                _tell(some, Uncertain(_INTERRUPTED))
            raise
        for each in some:
            each.done = True

    def _alone(self, each: _Wanted) -> None:
        try:
            with self._write() as connection:
                each.result = each.work(connection)
        except Exception as error:
            each.error = error


def _tell(some: Sequence[_Wanted], error: Exception) -> None:
    """What befell the transaction befell all but those whose own work had failed before."""
    for each in some:
        if each.error is None:
            each.error = copy.copy(error)
        each.done = True


def _plainly(connection: Connection, each: _Wanted) -> None:
    """Run one work with nothing to take it back alone."""
    try:
        each.result = each.work(connection)
    except Exception as error:
        raise _TakenBack from error
    _must_be_whole(connection)


def _within(connection: Connection, each: _Wanted) -> None:
    """Run one work behind a savepoint."""
    savepoint = connection.begin_nested()
    try:
        each.result = each.work(connection)
        savepoint.commit()
    except Exception as error:
        each.error = error
        try:
            if savepoint.is_active:
                savepoint.rollback()
        except Exception:
            raise _TakenBack from error
    _must_be_whole(connection)


def _must_be_whole(connection: Connection) -> None:
    whole = connection.get_transaction()
    if whole is None or not whole.is_active or connection.invalidated:
        raise _TakenBack
