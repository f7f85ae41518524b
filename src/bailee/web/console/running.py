"""Questions that run, each on a thread of its own, so that whoever asked can see it wait, and cancel it alone."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

from bailee.gate.answer import Answer
from bailee.gate.turns import Turn
from bailee.people.repeats import Busy, Different, Repeats

NUMBER = re.compile(r"[A-Za-z0-9_-]{16,64}")
#: The most questions that wait here at once; each holds a thread.
MOST = 32
_CANCEL = "cancel "


class TooMany(Exception):
    """As many questions wait as may."""


@dataclass(frozen=True, eq=False)
class Job:
    """A question that runs or waits: who asked, by the number of their form, and since when."""

    owner: str
    number: str
    turn: Turn = field(default_factory=Turn)
    answer: Future[Answer] = field(default_factory=Future)
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """For how long."""
        return time.monotonic() - self.began

    @property
    def before(self) -> int:
        """How many questions come first."""
        return self.turn.before or 0


class Running:
    """The questions of this process. Where `shared`, another process may be told to cancel one: by the database."""

    def __init__(self, repeats: Repeats, *, shared: bool) -> None:
        self._repeats, self._shared = repeats, shared
        self._jobs: list[Job] = []
        self._lock = threading.Lock()

    def begin(self, owner: str, number: str, ask: Callable[[Turn], Answer]) -> Job:
        """Ask on a thread; raises TooMany. A form that is sent twice asks twice, and both count."""
        job = Job(owner, number)
        with self._lock:
            if len(self._jobs) >= MOST:
                raise TooMany
            self._jobs.append(job)

        def run() -> None:
            try:
                job.answer.set_result(ask(job.turn))
            except BaseException as error:  # whoever waits is told
                job.answer.set_exception(error)
            finally:
                with self._lock:
                    self._jobs.remove(job)

        threading.Thread(target=run, name="bailee-question", daemon=True).start()
        return job

    def watch(self, job: Job, every: float) -> Iterator[None]:
        """Give a beat every so many seconds until the question is answered, and see whether it is to be cancelled."""
        while not job.answer.done():
            try:
                job.answer.exception(timeout=every)
            except TimeoutError:
                if self._shared and self._repeats.came(job.owner, _CANCEL + job.number):
                    job.turn.cancel()
                yield

    def find(self, owner: str, number: str) -> Job | None:
        """The last question of this process that has a number."""
        return next(iter(self._of(owner, number)[::-1]), None)

    def _of(self, owner: str, number: str) -> list[Job]:
        with self._lock:
            return [each for each in self._jobs if (each.owner, each.number) == (owner, number)]

    def cancel(self, owner: str, number: str) -> bool:
        """Cancel somebody's own questions of a number; whether there was one here, or may be one elsewhere."""
        found = self._of(owner, number)
        for job in found:
            job.turn.cancel()
        if found:
            return True
        if self._shared:
            try:
                self._repeats.first(owner, _CANCEL + number, b"")
            except (Busy, Different):
                return True
        return self._shared
