"""A workspace's gate, who asks at it, and how an interrupt stops what runs behind it."""

from __future__ import annotations

import _thread
import gc
import getpass
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from bailee.cli.running import note
from bailee.errors import Cancelled, EngineError
from bailee.vocabulary import Actor

if TYPE_CHECKING:
    from bailee.gate.gate import Gate


@contextmanager
def opened(home: Path, *, start: bool = False, settled: bool = False) -> Iterator[Gate]:
    """The gate of a workspace; while it is open, an interrupt cancels the question that runs.

    With `start`, its engine starts while the rest is loaded. With `settled`, a changed `policy.yaml` is
    not put in force.
    """
    import bailee

    with _uncollected():
        gate = bailee.open(home, start=start, settled=settled)
    with gate, _interruptible(gate):
        yield gate


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage while modules are loaded: they make much and drop nothing."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def actor(name: str | None, roles: Iterable[str] | None, trained: Iterable[str] | None) -> Actor:
    """Who asks: by default whoever is logged in on this machine. Nobody has checked it, and the record says so."""
    return Actor(name or _user(), frozenset(roles or ()), frozenset(trained or ()), self_declared=True)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


@contextmanager
def _interruptible(gate: Gate) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    asked = threading.Event()

    def cancel() -> None:
        if not gate.cancel():
            _thread.interrupt_main()

    def interrupted(number: int, frame: FrameType | None) -> None:
        # The second interrupt ends the command at once. The first asks the gate, in a thread of its own: the main
        # one may hold a lock that cancelling needs.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        note("cancelling; interrupt again to leave at once")
        asked.set()
        threading.Thread(target=cancel, daemon=True).start()

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    except EngineError:
        # An engine that was stopped while it was still starting says only that it did not start.
        if asked.is_set():
            raise Cancelled("the question was cancelled; nothing was released") from None
        raise
    finally:
        signal.signal(signal.SIGINT, before)
