"""`bailee points`: standing handed out to processes far from the store, and how a feed of it stands."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.opening import opened
from bailee.cli.running import DONE, FAILED, note, print_json, print_lines
from bailee.cli.terminal import counted, plain
from bailee.vocabulary import Actor, Effect

if TYPE_CHECKING:
    from bailee.gate.feed.exporting import Beat, Exporter


def export(
    home: Path,
    folder: Path,
    purposes: Sequence[str],
    effect: Effect | None,
    recipient: str | None,
    actor: Actor,
    lag: float,
    every: float,
    *,
    once: bool,
    as_json: bool,
) -> None:
    """Write a feed and keep it new until interrupted; with `once`, as it is now."""
    beats: list[int] = [0, 0]
    with (
        opened(home) as gate,
        gate.feed(folder, *purposes, effect=effect, recipient=recipient, actor=actor, lag=lag, every=every) as exporter,
        stoppable() as stop,
    ):

        def told(beat: Beat) -> None:
            if not beats[0] and not as_json:
                _began(exporter, folder, beat, once=once)
            beats[0], beats[1] = beats[0] + 1, beats[1] + (beat.changed if beats[0] else 0)

        if once:
            told(exporter.beat())
        else:
            exporter.run(stop, told)
        if as_json:
            print_json(_document(exporter, folder, beats))
        elif not once:
            note(
                f"ended after {counted(beats[0], 'round')} and {counted(beats[1], 'change')}; "
                f"within {lag:g} s nobody who follows permits anything"
            )


def look(where: str, key: str, *, as_json: bool) -> int:
    """Say how a feed stands; the status is that of a failure where nobody could answer from it."""
    import bailee

    with bailee.follow(where, key=key) as feed:
        stale, age, problem = feed.stale, feed.age, feed.problem
        if as_json:
            uses = [dict(zip(("purpose", "effect", "recipient"), use, strict=True)) for use in feed.uses]
            print_json({"uses": uses, "customers": len(feed), "age": age, "stale": stale, "problem": problem})
        else:
            print_lines([f"{counted(len(feed), 'customer')}, as of {age:.1f} s ago"])
            print_lines(f"  {plain(_said(*use))}" for use in feed.uses)
            print_lines([f"stale: {plain(problem or '')}"] if stale else ["fresh enough to answer from"])
    return FAILED if stale else DONE


def _began(exporter: Exporter, folder: Path, beat: Beat, *, once: bool) -> None:
    """Say what is handed out, where the key is, and how it ends."""
    count = counted(exporter.customers, "customer")
    print_lines([f"written: {plain(str(folder))}, the standing of {count}, {beat.snapshot or 0:,} bytes"])
    for use, receipt in zip(exporter.uses, exporter.receipts, strict=True):
        print_lines([plain(f"  {_said(*use.use)}, ledger entry {receipt}")])
    print_lines([plain(f"whoever is to decide from it needs the feed's key, and nobody else: {exporter.key}")])
    if once:
        print_lines([f"whoever follows it permits nothing from {exporter.lag:g} s on; without --once it is kept new"])
    else:
        note(f"kept new every {exporter.every:g} s, with a lag of at most {exporter.lag:g} s; end it with Ctrl-C")
    sys.stdout.flush()  # it goes on for long


def _said(purpose: str, effect: str | None, recipient: str | None) -> str:
    return f"{purpose}{f', {effect}' if effect else ''}{f', to {recipient}' if recipient else ''}"


def _document(exporter: Exporter, folder: Path, beats: Sequence[int]) -> dict[str, object]:
    uses = [
        {"purpose": use.purpose, "effect": use.effect, "recipient": use.recipient, "receipt": receipt}
        for use, receipt in zip(exporter.uses, exporter.receipts, strict=True)
    ]
    counts = {"customers": exporter.customers, "rounds": beats[0], "changes": beats[1]}
    return {"folder": str(folder), "uses": uses, **counts, "lag": exporter.lag, "every": exporter.every}


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """An event that an interrupt, or a supervisor's SIGTERM, sets; a second interrupt ends the command at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def asked(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop.set()

    before = {each: signal.signal(each, asked) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
