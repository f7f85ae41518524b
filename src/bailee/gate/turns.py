"""Whose question an engine answers now, and whose wait: one at a time, in the order in which they were asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bailee.errors import Cancelled, EngineError

#: How often a question is stopped that its engine does not hold just now.
_AGAIN = 0.02
STOPPED = "the question was cancelled; nothing of it was released"


class Turn:
    """One question's place in the line. Whoever asks makes it, and may look at it or cancel it from any thread."""

    def __init__(self) -> None:
        self._line: Line | None = None
        self._cancelled = False

    @property
    def before(self) -> int | None:
        """How many questions come first; 0 while it is answered, None before it stands in line and afterwards."""
        line = self._line
        return None if line is None else line.before(self)

    @property
    def cancelled(self) -> bool:
        """Whether somebody cancelled it."""
        return self._cancelled

    def cancel(self) -> None:
        """Stop this question and no other; whoever waits for its answer gets Cancelled."""
        self._cancelled = True
        line = self._line
        if line is not None:
            line.stop(self)

    def must_go_on(self) -> None:
        """Raise Cancelled if it is to go no further."""
        if self._cancelled:
            raise Cancelled(STOPPED, kind="cancelled")


class Line:
    """The line before one engine; `stop` ends what the engine does now, and says whether there was anything."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self._stop = stop
        self._turns: list[Turn] = []
        self._moved = threading.Condition()

    @contextmanager
    def taken(self, turn: Turn) -> Iterator[None]:
        """Wait for a question's turn, and keep it for a block; Cancelled where that came first."""
        with self._moved:
            turn._line = self
            self._turns.append(turn)
            self._moved.wait_for(lambda: turn.cancelled or self._turns[0] is turn)
        try:
            turn.must_go_on()
            yield
        except EngineError:
            turn.must_go_on()  # an engine that was stopped while it started says that it did not start
            raise
        finally:
            with self._moved:
                self._turns.remove(turn)
                turn._line = None
                self._moved.notify_all()

    def before(self, turn: Turn) -> int | None:
        """How many questions come before this one."""
        with self._moved:
            return self._turns.index(turn) if turn in self._turns else None

    def stop(self, turn: Turn) -> None:
        """Wake a question that waits; stop it where it is answered now, and never the one after it."""
        with self._moved:
            self._moved.notify_all()
            # Between two of its requests the engine holds nothing that could be stopped.
            while self._turns and self._turns[0] is turn and not self._stop():
                self._moved.wait(_AGAIN)
