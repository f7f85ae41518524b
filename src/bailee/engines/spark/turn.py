"""One request on its way: in a thread of its own, so that time and the reader can end it whatever the server does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from bailee.engines.spark.faults import Wrong
from bailee.engines.spark.session import Session

T = TypeVar("T")

_NUDGE_SECONDS = 0.25
#: A server that does not stop a question in this time after it was told to is left alone with it.
_PATIENCE = 5.0


class Turn(Generic[T]):
    """A job on a session; `run` returns what it does, or raises `Wrong` for the limit that ended it.

    `lost` says that the server did not stop in time: the session is then not to be used again.
    """

    def __init__(self, session: Session, job: Callable[[], T], seconds: float) -> None:
        self._session, self._job, self._seconds = session, job, seconds
        self._woken, self._done = threading.Event(), threading.Event()
        self._why: str | None = None
        self._result: T | None = None
        self._error: BaseException | None = None
        self.lost = False

    def run(self) -> T:
        """Do the job within its time."""
        threading.Thread(target=self._work, daemon=True).start()
        try:
            self._woken.wait(self._seconds)
        except BaseException:  # an interrupt key: the server must not go on for nobody
            self.stop("cancelled")
            self._end()
            raise
        if not self._done.is_set() or self._why is not None:
            self.stop("time")
            self._end()
            raise Wrong(self._why or "time", limit=self._seconds)
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # done without an error

    def stop(self, why: str) -> None:
        """End the job; the first reason given is the one told."""
        self._why = self._why or why
        self._woken.set()

    def _work(self) -> None:
        try:
            self._result = self._job()
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()
            self._woken.set()

    def _end(self) -> None:
        """Interrupt again and again: an interrupt between two steps of a job meets nothing."""
        left = _PATIENCE
        while left > 0 and not self._done.is_set():
            threading.Thread(target=self._nudge, daemon=True).start()
            self._done.wait(_NUDGE_SECONDS)
            left -= _NUDGE_SECONDS
        self.lost = not self._done.is_set()

    def _nudge(self) -> None:
        try:
            self._session.interrupt()
        except Exception:  # the server has gone, and the job ends by that
            return
